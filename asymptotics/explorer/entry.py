"""What the explorer's page knows of a formula, of an argument, of an experiment: plain data, ready for JSON."""

from __future__ import annotations

import html
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import log10
from typing import Any

from asymptotics.explorer.javascript import prints
from asymptotics.formula import Formula
from asymptotics.latex import title
from asymptotics.markup import conditions, formula_block, mathml, steps
from asymptotics.symbols import Argument

TIME = "time"
"""The axis on which the weights of the schedule, and the clock, follow from t."""
# What curves run over if they can, the first of them that a formula has.
_AXES = ("s", "n", "learning_rate", "sigma", "p", "tau", "kappa")


@dataclass(frozen=True)
class Experiment:
    """Measured values of the formula ``name`` over its argument ``x``: rows (x, value, standard error); the other
    arguments are ``settings``. ``d`` is the dimension they were measured in, if it is no argument."""

    name: str
    title: str
    x: str
    settings: Mapping[str, float]
    rows: Sequence[tuple[float, float, float]]
    d: float | None = None


def argument_data(argument: Argument) -> dict[str, Any]:
    """An argument with its letter, its ranges, and where its slider starts."""
    return {
        "name": argument.name, "letter": mathml(argument.letter), "meaning": argument.meaning, "range": argument.range,
        "low": _number(argument.low), "lowOpen": argument.low_open, "high": _number(argument.high),
        "highOpen": argument.high_open, "default": argument.default, "usual": list(argument.usual),
        "log": _logarithmic(argument), "start": _start(argument),
    }


def _number(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def _logarithmic(argument: Argument) -> bool:
    low, high = argument.usual
    return low > 0 and high / low > 15


def _start(argument: Argument) -> float:
    """The default, or a round number inside the usual range: an edge or the middle may be special."""
    if argument.default is not None:
        return float(argument.default)
    low, high = argument.usual
    middle = (low * high) ** 0.5 if _logarithmic(argument) else low + 0.6 * (high - low)
    return float(f"{middle:.2g}")


def formula_data(formula: Formula, names: Sequence[str], derivation: Any) -> dict[str, Any]:
    """All of a formula but its function; ``names`` are those of the page, among which it looks for its fluctuation."""
    arguments = [argument_data(entry) for entry in formula.domain.entries]
    computed, companion = prints(formula), f"{formula.name}.fluctuation"
    axes = list(formula.arguments)
    if {"alpha", "beta"} <= set(axes) or "s" in axes:
        axes.insert(0, TIME)
    return {
        "name": formula.name, "title": title(formula), "topic": formula.name.split(".")[0],
        "inner": formula.name.count(".") > 1, "statement": formula.statement, "formula": formula_block(formula),
        "about": _about(formula), "latex": formula.latex(), "arguments": arguments, "computed": computed,
        "derivation": steps(derivation), "summary": derivation.summary, "axes": axes,
        "axis": TIME if "alpha" in axes else next((name for name in _AXES if name in axes), axes[0]),
        "start": _inside(formula, {each["name"]: each["start"] for each in arguments}),
        "fluctuation": companion if companion in names and computed else None,
    }


def _about(formula: Formula) -> str:
    return (
        f"<p>Holds for {conditions(formula)}. {html.escape(formula.regime)}.</p>"
        f"<p>{html.escape(str(formula.source))}.</p>"
    )


def _inside(formula: Formula, start: dict[str, float]) -> dict[str, float]:
    """Arguments of which the formula has a value: the usual start, or the first found at random."""
    draw = random.Random(1)
    for _ in range(1000):
        try:
            formula(**start)
            return start
        except ValueError:
            start = {
                entry.name: float(entry.default or f"{draw.uniform(*entry.usual):.2g}")
                for entry in formula.domain.entries
            }
    raise ValueError(f"{formula.name}: no point of 1000 in the usual ranges is in the domain; widen them")


def rounded(value: float) -> float:
    """To nine digits: measured values need no more."""
    return value if value == 0.0 else round(value, 8 - int(log10(abs(value))))
