"""Numbers of a mutant, and whether a mutant is the formula after all."""

from __future__ import annotations

import random
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from asymptotics.formula import Formula
from asymptotics.functions import ArgMin, GaussianMean
from asymptotics.numeric import compile_expressions
from asymptotics.testing import Mutant

DIGITS = 40
EXACT_POINTS = 4


def numbers(mutant: Mutant, formula: Formula, backend: str = "mpmath") -> Any:
    """The mutant as a callable of the formula's keywords."""
    compiled = compile_expressions({"value": mutant.expression}, formula.arguments, mutant.where, backend)
    return lambda **point: compiled(**point)["value"]


def survives(mutant: Mutant, formula: Formula, laws: list[tuple[Mapping[str, Any], float]],
             tolerance: float) -> bool:
    """Whether the mutant gives the law's value, to the law's accuracy, at every point."""
    # Means over z are quick in float64, which resolves the laws' accuracy; a rare survivor is looked at in digits.
    backend = "numpy" if mutant.expression.has(GaussianMean) else "mpmath"
    try:
        function = numbers(mutant, formula, backend)
        for point, expected in laws:
            with mpmath.workdps(20), np.errstate(all="ignore"):
                found = function(**point)
            if not mpmath.isfinite(found) or abs(found - expected) > tolerance * max(1.0, abs(expected)):
                return False
    except (ArithmeticError, TypeError, ValueError, mpmath.libmp.libhyper.NoConvergence):
        return False  # no real value at all
    return True


def equivalent(mutant: Mutant, formula: Formula) -> bool:
    """Whether the mutant equals the formula in its domain: at random exact points, to 40 digits.

    A minimiser is the same only if the slope is, and the objective up to a positive factor: proved by sympy.
    """
    if isinstance(formula.short, ArgMin):
        same_slope = mutant.expression.coefficients == formula.short.coefficients
        ratio = sp.simplify(mutant.expression.objective / formula.short.objective)
        return bool(same_slope and ratio.is_number and ratio > 0)
    function, original = numbers(mutant, formula), formula.compile("mpmath")
    for point in _exact_points(formula):
        with mpmath.workdps(DIGITS + 20):
            values = {k: mpmath.mpf(v.numerator) / v.denominator for k, v in point.items()}
            a, b = function(**values), original(**values)
            if abs(a - b) > mpmath.mpf(10) ** -DIGITS * (1 + abs(b)):
                return False
    return True


def _exact_points(formula: Formula) -> list[dict[str, Fraction]]:
    source, points = random.Random(formula.name), []
    while len(points) < EXACT_POINTS:
        point = {}
        for entry in formula.domain.entries:
            low, high = (Fraction(str(x)) for x in entry.usual)
            point[entry.name] = low + (high - low) * Fraction(source.randint(1, 10**6), 10**6 + 3)
        if all(relation.holds(point) for relation in formula.domain.relations):
            points.append(point)
    return points


def expanded(mutant: Mutant) -> sp.Expr:
    """The mutant in the arguments alone."""
    expression = mutant.expression
    for symbol, meaning in reversed(mutant.where):
        expression = expression.xreplace({symbol: meaning})
    return expression
