"""The expansion of a formula in one argument."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import sympy as sp

from asymptotics.arguments import letter
from asymptotics.derivation import Derivation, Step
from asymptotics.domain import Domain
from asymptotics.expansion import Conditions
from asymptotics.formula.calculus.approach import Approach, sides_of
from asymptotics.formula.calculus.commuting import require_same, rest_in_series
from asymptotics.formula.calculus.narrowed import narrowed
from asymptotics.formula.calculus.near import gaps_near
from asymptotics.formula.calculus.operation import F, Operation, argument, end_of, explicit
from asymptotics.formula.remainder import Remainder
from asymptotics.formula.statement import Statement


@dataclass(frozen=True)
class _Expanded:
    value: sp.Expr
    domain: Domain
    approach: Approach
    needed: tuple[sp.Basic, ...]


def series(formula: F, name: str, at: Any, order: int) -> F:
    """Return the expansion in an argument at ``at``, up to and without the power ``order``.

    Raises ValueError where there is none in whole powers, and where ``formula`` is an expansion in another argument and
    the order of the two makes a difference.
    """
    argument(formula, name)
    explicit(formula, "series")
    if isinstance(order, bool) or not isinstance(order, int):
        raise TypeError(f"order = {order!r} must be an integer")
    if not 1 <= order <= 12:
        raise ValueError(f"order = {order} is not allowed: 1 <= order <= 12")
    point = end_of(formula, name, at, "at")
    found = _made(formula, name, point, order)
    return require_same(found, expand) if formula.left_out else found


def expand(formula: Statement, rest: Remainder) -> Statement:
    """Return the expansion that leaves out ``rest``, without asking whether it commutes with another."""
    name = next(each for each, symbol in formula.domain.symbols.items() if symbol == rest.symbol)
    return _made(formula, name, rest.at, rest.order)


def _made(formula: F, name: str, point: sp.Expr, order: int) -> F:
    """The expansion, without asking whether it commutes with another."""
    rest = Remainder(argument(formula, name), point, order)
    others = rest_in_series(formula, rest)
    return replace(
        formula,
        name=f"{formula.name}.series({name}={point},{order})",
        left_out=(*others, rest),
        statement=f"The expansion of {formula.name} in {name} at {point}, without its terms from order {order} on.",
        domain=_expanded(formula, name, point, order).domain,
        derive=Operation(_made, _series, formula, (name, point, order), expands=True),
    )


@lru_cache(256)
def _expanded(formula: Statement, name: str, point: sp.Expr, order: int) -> _Expanded:
    what = f"the expansion of {formula.name} in {name} at {point}"
    symbol, sides = formula.domain.entry(name).symbol, sides_of(formula, name, point)
    approach = Approach(formula.name, symbol, point, sides, formula.domain.region, what)
    conditions = Conditions(approach.region)
    value = _from_sides(approach, formula.derivation, formula.short, order, conditions)
    needed = conditions.least()
    narrower = narrowed(formula.domain, needed, f"elsewhere {what} is another")
    return _Expanded(value, narrower, approach, needed)


def _from_sides(approach: Approach, derivation: Derivation, expression: sp.Expr, order: int,
                conditions: Conditions) -> sp.Expr:
    small = 1 / approach.symbol if approach.at == sp.oo else approach.symbol - approach.at
    found = []
    for side in approach.sides:
        terms = approach.coefficients(derivation, expression, order, side, conditions)
        found.append(sum((c * (side * small) ** power for power, c in terms.items()), sp.S.Zero))
    return approach.agreed(found)


def _series(formula: Statement, name: str, point: sp.Expr, order: int) -> Derivation:
    before, expanded = formula.derivation, _expanded(formula, name, point, order)
    approach = replace(expanded.approach, region=expanded.domain.region)

    def check(previous: sp.Expr, current: sp.Expr) -> list[Any]:
        conditions = Conditions(approach.region, expanded.needed)
        value = _from_sides(approach, before, previous, order, conditions)
        gaps = gaps_near(before.expand(previous), before.expand(current), approach.symbol, point, approach.sides,
                         approach.region, "exact", order)
        return [value - current, not conditions.needed, *(each.shrink_as(order) for each in gaps)]

    return before.then(Step(
        f"Expand at ${letter(approach.symbol)}\\to {sp.latex(point)}$ up to order {order - 1}",
        expanded.value, "exact arithmetic on truncated power series", "exact", check, approach.region,
    ))
