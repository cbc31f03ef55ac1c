"""Rigorous enclosures with python-flint's balls, for exact arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, Any

import sympy as sp

from asymptotics.functions import Named, Root, beta_below, log_defect, normal_below

if TYPE_CHECKING:
    from asymptotics.formula.statement import Statement


def _flint() -> Any:
    import flint

    return flint


def enclose(formula: Statement, exact: Mapping[str, Fraction], dps: int) -> Any:
    """A flint.arb that contains the value, its radius below 10^-dps of it (more bits until it is)."""
    flint = _flint()
    before = flint.ctx.prec
    try:
        for extra in (32, 256, 2048, 16384):
            flint.ctx.prec = int(dps * 3.33) + extra
            ball = _value(formula, exact, flint)
            if ball.is_finite() and (ball.is_exact() or ball.rel_accuracy_bits() > dps * 3.33):
                return ball
    finally:
        flint.ctx.prec = before
    given = ", ".join(f"{name} = {value}" for name, value in exact.items())
    raise ValueError(f"{formula.name} has no finite enclosure at {given}")


def _value(formula: Statement, exact: Mapping[str, Fraction], flint: Any) -> Any:
    known: dict[sp.Basic, Any] = {
        entry.symbol: flint.arb(flint.fmpq(exact[entry.name].numerator, exact[entry.name].denominator))
        for entry in formula.domain.entries
    }
    for symbol, meaning in formula.where:
        known[symbol] = _ball(meaning, known, flint)
    return _ball(formula.short, known, flint)


FUNCTIONS = {
    sp.exp: "exp", sp.log: "log", sp.sin: "sin", sp.cos: "cos", sp.tanh: "tanh", sp.sinh: "sinh", sp.cosh: "cosh",
    sp.sech: "sech", sp.atanh: "atanh", sp.acosh: "acosh", sp.asinh: "asinh", sp.erf: "erf", sp.erfc: "erfc",
    sp.Abs: "__abs__",
}
PAIRS: dict[Any, Callable[[Any, Any], Any]] = {
    sp.Add: lambda a, b: a + b, sp.Mul: lambda a, b: a * b, sp.Min: lambda a, b: a.min(b),
    sp.Max: lambda a, b: a.max(b),
}


def _ball(node: sp.Basic, known: Mapping[sp.Basic, Any], flint: Any) -> Any:
    if node in known:
        return known[node]
    if isinstance(node, sp.Rational):
        return flint.arb(flint.fmpq(int(node.p), int(node.q)))
    if node is sp.pi:
        return flint.arb.pi()
    if isinstance(node, Named):
        return _ball(node.definition, known, flint)
    if isinstance(node, log_defect):
        x = _ball(node.args[0], known, flint)
        return x - x.log1p()
    if isinstance(node, normal_below):
        return (-_ball(node.args[0], known, flint) / flint.arb(2).sqrt()).erfc() / 2
    if isinstance(node, beta_below):
        a, x = (_ball(part, known, flint) for part in node.args)
        return x.beta_lower(a, a, True)
    if isinstance(node, sp.Heaviside):
        x, at_zero = (_ball(part, known, flint) for part in node.args)
        if x < 0 or x > 0:
            return flint.arb(1 if x > 0 else 0)
        return at_zero if x == 0 else flint.arb(0).union(flint.arb(1)).union(at_zero)
    if isinstance(node, Root):
        return _root(node, known, flint)
    if isinstance(node, sp.Piecewise):
        return _piecewise(list(node.args), known, flint)
    if node is sp.E:
        return flint.arb(1).exp()
    if node.is_Pow:
        return _power(_ball(node.base, known, flint), node.exp, known, flint)
    if node.func in FUNCTIONS:
        return getattr(_ball(node.args[0], known, flint), FUNCTIONS[node.func])()
    if node.func in PAIRS:
        return reduce(PAIRS[node.func], (_ball(part, known, flint) for part in node.args))
    raise TypeError(f"no rigorous enclosure for {node.func.__name__}; evaluate() gives digits without one")


def _power(base: Any, exponent: sp.Expr, known: Mapping[sp.Basic, Any], flint: Any) -> Any:
    """base^exponent; a root is of a number >= 0, so that of a ball about 0 only that part counts."""
    if isinstance(exponent, sp.Integer):
        return base ** int(exponent)
    if base.overlaps(flint.arb(0)):
        base = base.max(flint.arb(0))
    if isinstance(exponent, sp.Rational) and exponent.q == 2:
        return base.sqrt() ** int(exponent.p)
    power = _ball(exponent, known, flint)
    if not (power > 0 and base.overlaps(flint.arb(0))):
        return base**power
    top: Any = base.upper() ** power if base.upper() > 0 else flint.arb(0)
    return flint.arb(0).union(top)


def _piecewise(branches: list[Any], known: Mapping[sp.Basic, Any], flint: Any) -> Any:
    """The branch whose condition is certain; the hull of two where the balls leave it open."""
    (value, condition), *others = branches
    holds = True if condition == sp.true or not others else _certain(condition, known, flint)
    if holds is False:
        return _piecewise(others, known, flint)
    here = _ball(value, known, flint)
    return here if holds else here.union(_piecewise(others, known, flint))


def _certain(condition: Any, known: Mapping[sp.Basic, Any], flint: Any) -> bool | None:
    """Whether an inequality holds for all numbers in the balls, for none, or (None) for some."""
    if not isinstance(condition, sp.StrictLessThan | sp.LessThan | sp.StrictGreaterThan | sp.GreaterThan):
        raise TypeError(f"no rigorous enclosure where {condition} decides; evaluate() gives digits without one")
    more, less = (_ball(side, known, flint) for side in (condition.gts, condition.lts))
    strict = isinstance(condition, sp.StrictLessThan | sp.StrictGreaterThan)
    if more > less or (not strict and more >= less):
        return True
    return False if more < less or (strict and more <= less) else None


def _root(node: Root, known: Mapping[sp.Basic, Any], flint: Any) -> Any:
    """A ball around the root: the equation is certainly negative at its lower end and positive at its upper.

    That makes it contain a zero; that this is the root follows from the formula's promise that the equation
    increases from a value <= 0 at low to one >= 0 at high, which also stands in for the sign at these ends.
    Where no ball is certain the bracket itself is returned, and more bits are asked for outside.
    """
    low, high = (_ball(end, known, flint) for end in (node.low, node.high))
    first, last = low.lower(), high.upper()

    def sign(x: Any) -> int:
        """-1 or 1 where that is certain, else 0."""
        value = _ball(node.equation, {**known, node.variable: x}, flint)
        return -1 if value < 0 else 1 if value > 0 else 0

    if not low <= high or sign(low) > 0 or sign(high) < 0:
        raise ValueError(f"[{low}, {high}] does not bracket a root in {node.variable} of {node.equation}")
    below, above = first, last
    for _ in range(2 * flint.ctx.prec):
        middle = ((below + above) / 2).mid()
        if not below < middle < above or (side := sign(middle)) == 0:
            break
        below, above = (middle, above) if side < 0 else (below, middle)
    for _ in range(2 * flint.ctx.prec):  # the sign at the middle is open: come closer from both sides
        reach = (above - below).upper() / 4
        before, after = (middle - reach).lower(), (middle + reach).upper()
        closer = below < before and sign(before) < 0, after < above and sign(after) > 0
        below, above = before if closer[0] else below, after if closer[1] else above
        if not any(closer):
            break
    return below.union(above)


def constant(expression: sp.Expr, bits: int) -> Any:
    """A flint.arb that contains the value of an expression without free symbols, computed with that many bits."""
    flint = _flint()
    before = flint.ctx.prec
    try:
        flint.ctx.prec = bits
        return _ball(expression, {}, flint)
    finally:
        flint.ctx.prec = before
