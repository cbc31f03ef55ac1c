"""What command lines share: a parser, exit codes, tables, users' modules, and axes written as text.

An axis is NAME=VALUE, NAME=A,B,C, NAME=LOW:HIGH:log11 or NAME=LOW:HIGH:11.
"""

from __future__ import annotations

import importlib
import itertools
import os
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Sequence
from math import inf
from types import ModuleType
from typing import NoReturn, TypeVar

N = TypeVar("N", int, float)
Kinds = type[BaseException] | tuple[type[BaseException], ...]
Failures = Sequence[tuple[Kinds, int, Callable[[BaseException], str | None]]]

# Points of a sweep.
LONGEST = 100_000


class Parser(ArgumentParser):
    """A parser that reports bad input in one line on stderr, without the usage, and exits with 2."""

    complaint = "{prog}: {message}"

    def error(self, message: str) -> NoReturn:
        self.exit(2, self.complaint.format(prog=self.prog, message=message) + "\n")


def exit_code(command: Callable[[], int], failures: Failures) -> int:
    """Run a command and return its exit code; an expected exception becomes a line on stderr.

    The first of ``failures`` (exceptions, code, message) that fits counts. Its message is a function
    of the exception; where this returns None, the failure does not fit.
    """
    try:
        return command()
    except BaseException as problem:
        for kinds, code, message in failures:
            if isinstance(problem, kinds) and (line := message(problem)) is not None:
                print(line, file=sys.stderr)
                return code
        raise


def import_users_module(name: str) -> ModuleType:
    """Import a module from the working folder, which is searched first as for scripts, or an installed one."""
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    return importlib.import_module(name)


def table_lines(
    header: Sequence[str], rows: Sequence[Sequence[str]], justify: Callable[[str, int], str] = str.rjust
) -> list[str]:
    """Lay out a table as lines of text, with its columns two spaces apart."""
    table = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(map(justify, row, widths)).rstrip() for row in table]


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
        return [_written(v) for v in np.geomspace(low, high, count)]
    return [_written(v) for v in np.linspace(low, high, count)]


def _written(value: float) -> str:
    """Whole numbers as such: 1000000, not 1e+06."""
    text = f"{value:.12g}"
    return str(int(float(text))) if abs(value) < 1e15 and float(text).is_integer() else text


def numbers(name: str, kind: type[N]) -> Callable[[str], list[N]]:
    """What reads an option's text, A,B,C or LOW:HIGH:log11, for argparse."""

    def read(text: str) -> list[N]:
        try:
            return [kind(value) for value in axis(name, text)]
        except ValueError as problem:
            whole = "whole numbers" if kind is int else "numbers"
            said = problem if str(problem).startswith(f"{name}=") else f"{name} = {text!r} must be {whole}, e.g. 1,2,4"
            raise ArgumentTypeError(f"{said}") from None

    return read


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
