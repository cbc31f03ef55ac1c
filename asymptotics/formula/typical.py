"""Where to look at a formula first: along which argument, and with which values of the others."""

from __future__ import annotations

import random
from collections.abc import Mapping

import numpy as np

from asymptotics.formula.statement import Valued

# What curves run over if they can, the first of them that a formula has.
_AXES = ("s", "n", "learning_rate", "sigma", "p", "tau", "kappa")


def main_axis(formula: Valued) -> str:
    """The argument over which a curve of the formula tells most."""
    return next((name for name in _AXES if name in formula.arguments), formula.arguments[0])


def typical_point(formula: Valued) -> dict[str, float]:
    """Arguments of which the formula has a value: the typical ones, or the first found at random in the usual ranges.

    ValueError if a thousand of those have none.
    """
    point = {entry.name: entry.typical for entry in formula.domain.entries}
    draw = random.Random(1)
    for _ in range(1000):
        try:
            formula(**point)
            return point
        except ValueError:
            point = {
                entry.name: float(entry.default or f"{draw.uniform(*entry.usual):.2g}")
                for entry in formula.domain.entries
            }
    raise ValueError(f"{formula.name}: no point of 1000 in the usual ranges is in the domain; widen them")


def usual_values(formula: Valued, over: str, others: Mapping[str, float], count: int = 200) -> np.ndarray:
    """Values of the argument ``over`` in its usual range at which the formula holds, the others given.

    Evenly spaced, in the logarithm where the range wants it. ValueError if fewer than two are in the domain.
    """
    entry = formula.domain.entry(over)
    values = (np.geomspace if entry.logarithmic else np.linspace)(*entry.usual, count)
    point = {**formula.domain.defaults, **others, over: values}
    kept = values[np.all([np.broadcast_to(each.holds(point), values.shape) for each in formula.domain.relations],
                         axis=0)] if formula.domain.relations else values
    if kept.size < 2:
        given = ", ".join(f"{name} = {value:g}" for name, value in others.items())
        raise ValueError(f"{formula.name} at {given} holds nowhere in the usual range of {over}; give {over}=[...]")
    return kept
