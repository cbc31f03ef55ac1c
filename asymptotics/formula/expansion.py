"""Expansions about a point, from the sides on which a domain lies, and what stands against them: values near it."""

from __future__ import annotations

from math import floor

import sympy as sp

from asymptotics.algebra import time_limit
from asymptotics.algebra.laurent import Truncated, expand, tidy
from asymptotics.coerce import shorten
from asymptotics.derivation import Derivation
from asymptotics.formula.statement import Statement
from asymptotics.proof import Refuted, Undecided, decide

SECONDS = 20.0


class Diverges(ValueError):
    """The limit is not finite."""


def expansion(derivation: Derivation, expression: sp.Expr, symbol: sp.Symbol, at: sp.Expr,
               order: int, side: int) -> dict[int, sp.Expr]:
    """Coefficients of y^k for every power below ``order``; more terms are kept until that is certain."""
    with time_limit(SECONDS, "the expansion"):
        for spare in range(9):
            try:
                found = expand(expression, derivation.where, symbol, at, order + spare, side)
                powers = range(min(floor(found.valuation), 0), order)
                return {k: tidy(found.coefficient(k), sp.factor) for k in powers}
            except Truncated:
                continue
    raise ValueError(f"the expansion in {symbol} cancels beyond {order + 8} terms")


def sides_of(formula: Statement, name: str, at: sp.Expr) -> tuple[int, ...]:
    """From where the argument comes inside its range: 1 from above (or to infinity), -1 from below, or both."""
    entry = formula.domain.entry(name)
    ends = (None if end is None else sp.Rational(end.numerator, end.denominator) for end in (entry.low, entry.high))
    low, high = ends
    return (1,) if at in (sp.oo, low) else (-1,) if at == high else (1, -1)


def agreed(formula: Statement, found: list[sp.Expr], what: str) -> sp.Expr:
    """What was found from one side, or from both if it is the same."""
    for other in found[1:]:
        try:
            decide(found[0] - other, "= 0", formula.domain.region)
        except (Refuted, Undecided) as error:
            raise Diverges(f"{what} differs on both sides of it: {shorten(found[0])} from above, {shorten(other)} "
                           f"from below ({error})") from None
    return found[0]


def gaps_near(derivation: Derivation, previous: sp.Expr, current: sp.Expr, symbol: sp.Symbol, at: sp.Expr,
               sides: tuple[int, ...]) -> list[list[sp.Expr]]:
    """|previous - current| at distances 10^-20 and 10^-30 from ``at`` (1/y at infinity), for each side; other
    arguments generic, in 200 digits. This does not use the expansion: it evaluates both near the point."""
    gap = derivation.expand(previous) - derivation.expand(current)
    others = sorted(gap.free_symbols - {symbol}, key=lambda s: s.name)
    fixed = {s: sp.Rational(13 + 4 * i, 11) for i, s in enumerate(others)}
    near = [sp.Rational(1, 10**digits) for digits in (20, 30)]
    return [[
        abs(sp.N(gap.xreplace({**fixed, symbol: 1 / y if at == sp.oo else at + side * y}), 200, maxn=2000))
        for y in near
    ] for side in sides]


def is_of_order(gaps: list[sp.Expr], order: int) -> bool:
    """Whether gaps at distances 10^-20 and 10^-30 shrink as the power ``order`` of the distance."""
    far, close = gaps[0] * sp.Integer(10) ** (20 * order), gaps[1] * sp.Integer(10) ** (30 * order)
    return bool(close <= far * 2 + sp.Rational(1, 10**9))
