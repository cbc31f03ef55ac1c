"""Validated numbers from a formula: float64 on arrays, any number of digits, rigorous balls."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from asymptotics.numeric import compile_expressions

if TYPE_CHECKING:
    from asymptotics.formula.statement import Statement

SAFE = (1e-25, 1e25)
"""Magnitudes between which products of a dozen arguments neither overflow nor underflow in float64."""


@cache
def _compiled(formula: Statement, backend: str) -> Any:
    return compile_expressions(
        {"value": formula.short}, formula.arguments, formula.where, backend, formula.domain.defaults
    )


def float64(formula: Statement, values: Mapping[str, Any]) -> Any:
    """Float64 values, broadcast.

    Entries with an argument of extreme magnitude, or where float64 gives no finite number, are computed
    with mpmath instead; what is not finite then is an error that names the arguments.
    """
    arrays = formula.domain.arrays(values, formula.name)
    with np.errstate(all="ignore"):
        result = _compiled(formula, "numpy")(**arrays)["value"]
    shape = np.shape(result)
    unsafe = ~np.isfinite(result)
    for array in arrays.values():
        size = np.abs(array)
        unsafe = unsafe | ((size != 0) & ((size < SAFE[0]) | (size > SAFE[1])))
    if not np.any(unsafe):
        return result
    result = np.array(result, dtype=np.float64)
    full = {name: np.broadcast_to(array, shape) for name, array in arrays.items()}
    for index in zip(*np.nonzero(np.broadcast_to(unsafe, shape)), strict=True) if shape else [()]:
        point = {name: float(array[index]) for name, array in full.items()}
        result[index] = _rounded(formula, point)
    return result if shape else np.float64(result)


def _rounded(formula: Statement, point: dict[str, float]) -> float:
    value = digits(formula, point, 20)
    try:
        rounded = float(value)
    except OverflowError:
        rounded = float("inf")
    if not np.isfinite(rounded):
        given = ", ".join(f"{name} = {v:g}" for name, v in point.items())
        raise ValueError(
            f"{formula.name} at {given} is {value}, beyond float64; use evaluate(..., dps=...)"
        )
    return rounded


_PATIENCE = 640
"""Guard digits after which a missing value is no rounding: the smallest float has 308 zeros, its square 616."""


def digits(formula: Statement, values: Mapping[str, Any], dps: int) -> Any:
    """``dps`` significant digits, confirmed by a second computation with twice the guard digits."""
    import mpmath

    check_dps(dps)
    exact = formula.domain.exact(values, formula.name)
    guard, previous = 10, None
    while guard < 10_000:
        with mpmath.workdps(dps + guard):
            try:
                current = _value(formula, exact)
            except ValueError:
                if guard >= _PATIENCE:
                    raise
                current = mpmath.nan
        if not mpmath.isfinite(current) and guard < _PATIENCE:
            # 1 - (what is almost 1): no logarithm, no root, until there are digits enough to tell.
            previous, guard = None, 2 * guard
            continue
        with mpmath.workdps(dps + 5):
            if previous is not None and _agree(previous, current, dps):
                with mpmath.workdps(dps):
                    return +current
        if guard == 20 and _vanishes(formula, exact):
            return mpmath.mpf(0)
        previous, guard = current, 2 * guard
    raise ArithmeticError(f"{formula.name}: {dps} digits did not settle with {guard} guard digits")


def check_dps(dps: int) -> None:
    if isinstance(dps, bool) or not isinstance(dps, int):
        raise TypeError(f"dps = {dps!r} must be an integer")
    if not 1 <= dps <= 10_000:
        raise ValueError(f"dps = {dps} is not allowed: 1 <= dps <= 10000")


def _agree(a: Any, b: Any, dps: int) -> bool:
    import mpmath

    return a == b or abs(a - b) <= mpmath.mpf(10) ** (-dps - 1) * abs(b)


def _vanishes(formula: Statement, exact: Mapping[str, Fraction]) -> bool:
    """Whether the exact value is 0 (cos(pi t/2) at t = 1, say), which no number of digits would settle."""
    import sympy as sp

    point = {e.symbol: sp.Rational(exact[e.name].numerator, exact[e.name].denominator)
             for e in formula.domain.entries}
    return formula.expression.xreplace(point).is_zero is True


def _value(formula: Statement, exact: Mapping[str, Fraction]) -> Any:
    import mpmath

    point = {name: mpmath.mpf(v.numerator) / v.denominator for name, v in exact.items()}
    function = _compiled(formula, "mpmath")
    try:
        value = function(**point)["value"]
    except TypeError as error:  # a root of a negative number is complex, which mpf refuses
        raise ValueError(f"{formula.name} has no real value at {_shown(exact)}") from error
    except ZeroDivisionError:
        limit = _limit(formula, exact)
        if limit is not None:
            return limit
        raise ValueError(f"{formula.name} diverges, or has no value, at {_shown(exact)}") from None
    return value


def _shown(exact: Mapping[str, Fraction]) -> str:
    """The arguments for a message, long fractions as decimals."""
    return ", ".join(f"{k} = {v if v.denominator < 1000 else float(v)}" for k, v in exact.items())


def _limit(formula: Statement, exact: Mapping[str, Fraction]) -> Any:
    """The limit in t where the expression itself is 0/0, or None."""
    import mpmath

    from asymptotics.formula import calculus

    if "t" not in exact:
        return None
    value = calculus.limit_in_time(formula, dict(exact))
    return mpmath.mpf(value.evalf(mpmath.mp.dps)) if value.is_finite else None


def ball(formula: Statement, values: Mapping[str, Any], dps: int) -> Any:
    """A rigorous ball through python-flint, where every operation of the formula has one."""
    from asymptotics.formula import balls

    check_dps(dps)
    return balls.enclose(formula, formula.domain.exact(values, formula.name), dps)
