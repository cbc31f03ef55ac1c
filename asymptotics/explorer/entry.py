"""What the explorer's page knows of a formula, of an argument, of an experiment: plain data, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import log10
from typing import Any

from asymptotics.arguments import Argument
from asymptotics.collection import catalogue
from asymptotics.explorer.javascript import prints, values
from asymptotics.formula import Formula, main_axis, typical_point
from asymptotics.pages import about, formula_block, mathml, steps
from asymptotics.sentences import title, unicode_text

TIME = "time"
"""The axis on which the weights of the schedule, and the clock, follow from t."""


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
        "name": argument.name, "letter": mathml(argument.letter), "meaning": unicode_text(argument.meaning),
        "range": argument.range, "low": _number(argument.low), "lowOpen": argument.low_open,
        "high": _number(argument.high), "highOpen": argument.high_open, "default": argument.default,
        "usual": list(argument.usual), "log": argument.logarithmic, "start": argument.typical,
    }


def _number(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def formula_data(formula: Formula, names: Sequence[str], derivation: Any) -> dict[str, Any]:
    """All of a formula but its function; ``names`` are those of the page, among which it looks for its fluctuation."""
    arguments = [argument_data(entry) for entry in formula.domain.entries]
    computed, companion = prints(formula), f"{formula.name}.fluctuation"
    axes = list(formula.arguments)
    if {"alpha", "beta"} <= set(axes) or "s" in axes:
        axes.insert(0, TIME)
    return {
        "name": formula.name, "title": title(formula.name), "topic": formula.name.split(".")[0],
        "inner": formula.name.count(".") > 1, "statement": unicode_text(formula.statement),
        "source": unicode_text(str(formula.source)), "call": formula.name if _is_ours(formula) else "",
        "letter": mathml(formula.letter), "formula": formula_block(formula), "about": about(formula),
        "latex": formula.latex(), "arguments": arguments, "computed": computed,
        "values": [{"name": name, "letter": mathml(letter)} for name, letter in values(formula)],
        "derivation": steps(derivation), "summary": derivation.summary, "axes": axes,
        "axis": TIME if "alpha" in axes else main_axis(formula), "start": typical_point(formula),
        "fluctuation": companion if companion in names and computed else None,
    }


def _is_ours(formula: Formula) -> bool:
    """Whether `asymptotics` has it under its name, so that this can be typed."""
    return catalogue().get(formula.name) == formula


def rounded(value: float) -> float:
    """To nine digits: measured values need no more."""
    return value if value == 0.0 else round(value, 8 - int(log10(abs(value))))
