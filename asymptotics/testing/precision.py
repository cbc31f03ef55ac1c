"""How well conditioned a formula is at a point, and how accurate its float64 value is there."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from asymptotics.formula import Formula

DIGITS = 50
_STEP = 15
"""Relative step 10^-15 of the differences: at 50 digits they are good to 30 in the step and 35 in rounding."""


SMALLEST = float(np.finfo(np.float64).tiny)


def sensitivity(formula: Formula, point: Mapping[str, Any]) -> float:
    """sum_i |x_i df/dx_i| at ``point`` (one number an argument): how relative errors of the input move f.

    By central differences in 50 digits, one-sided at the end of an argument's range or of a relation.
    """
    exact = formula.domain.exact(point, formula.name)
    function = formula.compile("mpmath")
    with mpmath.workdps(DIGITS):
        values = {name: _mpf(value) for name, value in exact.items()}
        return float(sum(
            (abs(_log_slope(formula, function, values, name)) for name, x in values.items() if x != 0),
            mpmath.mpf(0),
        ))


def condition(formula: Formula, point: Mapping[str, Any]) -> float:
    """The condition number sum_i |x_i (df/dx_i) / f| at ``point``.

    Where f itself is 0 it is 0 if f does not vary there, else infinite.
    """
    total = sensitivity(formula, point)
    value = abs(float(formula.evaluate(dps=20, **point)))
    if total == 0:
        return 0.0
    return total / value if value > 0 else float("inf")


def _mpf(value: Fraction) -> Any:
    return mpmath.mpf(value.numerator) / value.denominator


def _log_slope(formula: Formula, function: Any, values: dict[str, Any], name: str) -> Any:
    """x df/dx from inside the domain; 0 where the argument cannot move alone."""
    h = mpmath.mpf(10) ** -_STEP
    inside = [scale for scale in (1 + h, mpmath.mpf(1), 1 - h)
              if scale == 1 or _is_inside(formula, {**values, name: values[name] * scale}, name)]
    first, last = inside[0], inside[-1]
    if first == last:
        return mpmath.mpf(0)
    above, below = (function(**{**values, name: values[name] * scale}) for scale in (first, last))
    return (above - below) / (first - last)


def _is_inside(formula: Formula, values: dict[str, Any], name: str) -> bool:
    """Whether the argument is in its range, ends included, and the relations hold."""
    entry, moved = formula.domain.entry(name), values[name]
    in_range = (entry.low is None or moved >= _mpf(entry.low)) and (entry.high is None or moved <= _mpf(entry.high))
    return in_range and all(bool(each.holds(values)) for each in formula.domain.relations)


def accuracy(formula: Formula, point: Mapping[str, float]) -> float:
    """|float64 - 50 digits at the same floats| / (|f| max(1, condition)): what hypothesis.target maximises.

    Where f is 0 the denominator is its `sensitivity`; below float64's smallest normal number, where digits run
    out, only that bound itself is asked for. Example::

        @given(arguments(formula, wide=True))
        def test_accuracy(point):
            error = accuracy(formula, point)
            target(error)
            assert error <= 1e-14
    """
    if not isinstance(point, Mapping):
        raise TypeError(f"point = {point!r} must be a dictionary, argument -> number")
    exact = formula.evaluate(dps=50, **point)
    rounded = float(np.float64(formula(**point)))
    with mpmath.workdps(50):
        gap = abs(mpmath.mpf(rounded) - exact)
        if gap == 0 or max(gap, abs(exact)) <= SMALLEST:
            return 0.0
        scale = max(abs(exact), mpmath.mpf(sensitivity(formula, point)))
        return float(gap / scale) if scale > 0 else float("inf")
