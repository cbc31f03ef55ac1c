"""The curve that a book shows of a formula, and small figures as files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from asymptotics.figures import STYLE, mathtext
from asymptotics.formula import Formula, main_axis, typical_point
from asymptotics.formula.plots import Curve, Curves, curves, draw, equals, half_band

BAND_DIMENSION = 1000
"""The dimension of the bands in curves that are drawn without being asked for one."""


def typical_curves(formula: Formula) -> Curves:
    """The formula from its typical point, which is the title, with its band if it has one.

    Along the first argument on which it depends, the main one before others; what has weights of the schedule, in time
    on the linear one. Of a result that has several values, the first.
    """
    band = BAND_DIMENSION if hasattr(formula, "fluctuation") else None
    in_time = {"alpha", "beta"} <= set(formula.arguments)
    found, rest = (_in_time if in_time else _along_main_axis)(formula, typical_point(formula), band)
    told = [equals(formula, name, value) for name, value in rest.items()]
    told += ["linear"] * in_time + [f"band at $d = {band}$"] * (band is not None)
    return replace(found, title=", ".join(told))


def _two_lines(title: str) -> str:
    """Broken after a comma near the middle, where one line would be too long."""
    parts = title.split(", ")
    if len(re.sub(r"\\[A-Za-z]+", "x", title)) <= 60:
        return title
    first = min(range(1, len(parts)), key=lambda k: abs(len(", ".join(parts[:k])) - len(", ".join(parts[k:]))))
    return ", ".join(parts[:first]) + ",\n" + ", ".join(parts[first:])


def _along_main_axis(
    formula: Formula, point: dict[str, Any], band: float | None
) -> tuple[Curves, Mapping[str, Any]]:
    """The curves, and what was held fixed."""
    value: Any = formula(**point)
    field = fields(value)[0].name if is_dataclass(value) else None
    for over in dict.fromkeys([main_axis(formula), *formula.arguments]):
        rest = {name: each for name, each in point.items() if name != over}
        found = curves(formula, over, band=band, field=field, **rest)
        if np.ptp(found.drawn[0].y) > 0:
            break
    return found, rest


def _in_time(formula: Formula, point: dict[str, Any], band: float | None) -> tuple[Curves, Mapping[str, Any]]:
    """The curves over t on the linear schedule, inside its ends, and what was held fixed."""
    t = np.linspace(0.005, 0.995, 199)
    weights = {"alpha": 1 - t, "beta": t, "dalpha": -np.ones_like(t), "dbeta": np.ones_like(t)}
    rest = {name: each for name, each in point.items() if name not in weights}
    given = {name: weights[name] if name in weights else rest[name] for name in formula.arguments}
    width = None if band is None else half_band(formula, band, given)
    drawn = Curve(t, np.asarray(formula(**given)), width, "")
    return Curves((drawn,), "$t$", mathtext(formula.letter), log=""), rest


def save_curves(found: Curves, path: Path) -> None:
    """A small figure in the style, as a file that is the same in every run."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # To search for a layout takes as long as all the rest.
    with rc_context({"figure.constrained_layout.use": False}, fname=STYLE):
        figure = Figure(figsize=(3.4, 2.1))
        title = _two_lines(found.title)
        figure.subplots_adjust(left=0.21, right=0.97, bottom=0.2, top=0.89 - 0.07 * title.count("\n"))
        ax = figure.subplots()
        draw(found, ax, found.log)
        ax.set_title(title, fontsize=8, y=1.0)  # a place that is looked for would take a third of all the time
        figure.savefig(path, metadata={"CreationDate": None})
