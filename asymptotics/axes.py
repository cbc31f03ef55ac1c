"""Axes written as text, for command lines: NAME=VALUE, NAME=A,B,C, NAME=LOW:HIGH:log11 or NAME=LOW:HIGH:11."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from math import inf

# Points of a sweep.
LONGEST = 100_000


def axis(name: str, text: str) -> list[str]:
    """The values that the text of one argument stands for, as text so that they stay exact."""
    swept = re.fullmatch(r"([^:]+):([^:]+):(log|lin)?(\d+)", text)
    if not swept:
        values = text.split(",")
        if not all(values):
            raise ValueError(f"{name}={text}: an empty value")
        return values
    import numpy as np

    try:
        low, high, count = float(swept[1]), float(swept[2]), int(swept[4])
    except ValueError:
        raise ValueError(f"{name}={text}: a sweep is LOW:HIGH:log11 or LOW:HIGH:11") from None
    if count < 2 or not -inf < low < high < inf:
        raise ValueError(f"{name}={text}: a sweep needs LOW < HIGH and at least 2 points")
    if count > LONGEST:
        raise ValueError(f"{name}={text}: a sweep has at most {LONGEST} points")
    if swept[3] == "log":
        if low <= 0:
            raise ValueError(f"{name}={text}: a logarithmic sweep needs LOW > 0")
        return [f"{v:.12g}" for v in np.geomspace(low, high, count)]
    return [f"{v:.12g}" for v in np.linspace(low, high, count)]


def grid(pairs: Sequence[str]) -> tuple[dict[str, list[str]], list[dict[str, str]]]:
    """The axes, and every point of their grid in order."""
    axes: dict[str, list[str]] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not (name and equals and text):
            raise ValueError(f"{pair!r}: write arguments as NAME=VALUE")
        if name in axes:
            raise ValueError(f"{name} is given twice")
        axes[name] = axis(name, text)
    points = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    return axes, points
