"""Rigorous enclosures with python-flint's balls, for exact arguments."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sympy as sp

from asymptotics.special import log_defect

if TYPE_CHECKING:
    from asymptotics.formula import Formula


def enclose(formula: Formula, exact: Mapping[str, Fraction], dps: int) -> Any:
    """A flint.arb that contains the value, its radius below 10^-dps of it (more bits until it is)."""
    try:
        import flint
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "enclose needs python-flint; install flow-asymptotics[rigorous]"
        ) from None
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


def _value(formula: Formula, exact: Mapping[str, Fraction], flint: Any) -> Any:
    known: dict[sp.Basic, Any] = {
        entry.symbol: flint.arb(flint.fmpq(exact[entry.name].numerator, exact[entry.name].denominator))
        for entry in formula.domain.entries
    }
    for symbol, meaning in formula.where:
        known[symbol] = _ball(meaning, known, flint)
    return _ball(formula.short, known, flint)


def _ball(node: sp.Basic, known: Mapping[sp.Basic, Any], flint: Any) -> Any:
    if node in known:
        return known[node]
    if isinstance(node, sp.Rational):
        return flint.arb(flint.fmpq(int(node.p), int(node.q)))
    if node is sp.pi:
        return flint.arb.pi()
    if isinstance(node, log_defect):
        x = _ball(node.args[0], known, flint)
        return x - x.log1p()
    if node.is_Pow and isinstance(node.exp, sp.Rational) and node.exp.q in (1, 2):
        base = _ball(node.base, known, flint)
        return (base if node.exp.q == 1 else base.sqrt()) ** int(node.exp.p)
    functions = {sp.exp: "exp", sp.log: "log", sp.sin: "sin", sp.cos: "cos", sp.tanh: "tanh"}
    if node.func in functions:
        return getattr(_ball(node.args[0], known, flint), functions[node.func])()
    if node.is_Add or node.is_Mul:
        total = _ball(node.args[0], known, flint)
        for part in node.args[1:]:
            value = _ball(part, known, flint)
            total = total + value if node.is_Add else total * value
        return total
    raise TypeError(f"no rigorous enclosure for {node.func.__name__}; evaluate() gives digits without one")
