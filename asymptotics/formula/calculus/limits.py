"""The limit of a formula in one argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import sympy as sp

from asymptotics.algebra import SECONDS, time_limit
from asymptotics.arguments import letter
from asymptotics.coerce import shorten
from asymptotics.derivation import Derivation, Step
from asymptotics.domain import Domain
from asymptotics.expansion import Conditions, has_root
from asymptotics.formula.calculus.approach import Approach, Diverges, sides_of
from asymptotics.formula.calculus.commuting import require_same, rest_in_limit
from asymptotics.formula.calculus.expansions import expand
from asymptotics.formula.calculus.narrowed import narrowed, without
from asymptotics.formula.calculus.near import gaps_near
from asymptotics.formula.calculus.operation import F, Operation, argument, end_of, explicit
from asymptotics.formula.statement import Statement
from asymptotics.proof import Refuted, Undecided, decide

SIMPLIFYING = 5.0
"""Seconds in which sympy may find a shorter form of a limit."""
_FAILURES = (TimeoutError, NotImplementedError, TypeError, AttributeError, RecursionError, ArithmeticError, LookupError)
"""What sympy raises where its algorithm does not get through."""
_Way = Callable[[Derivation, sp.Expr, int, Conditions], sp.Expr]


@dataclass(frozen=True)
class _Reached:
    """A limit: its value, how it was reached, and where it holds."""

    value: sp.Expr
    how: Literal["expansion", "continuity", "sympy"]
    domain: Domain
    approach: Approach
    needed: tuple[sp.Basic, ...] = ()


def limit(formula: F, name: str, value: Any) -> F:
    """Return the limit in which an argument tends to ``value``, where it holds for the other arguments.

    Raises ValueError where there is none or none is known, and where ``formula`` is an expansion whose limit is not the
    expansion of the limit.
    """
    argument(formula, name)
    explicit(formula, "limit")
    target = end_of(formula, name, value, "value")
    found = _made(formula, name, target)
    return require_same(found, expand) if formula.left_out else found


def _made(formula: F, name: str, target: sp.Expr) -> F:
    """The limit, without asking whether it commutes with an expansion."""
    symbol = argument(formula, name)
    left_out = rest_in_limit(formula, symbol, target)
    reached = _reached(formula, name, target)
    return replace(
        formula,
        name=f"{formula.name}.limit({name}={target})",
        letter=rf"\lim_{{{letter(symbol)}\to {sp.latex(target)}}} {formula.letter}",
        statement=f"The limit of {formula.name} as {name} tends to {target}.",
        domain=reached.domain,
        left_out=left_out,
        derive=Operation(_made, _limit, formula, (name, target)),
    )


@lru_cache(256)
def _reached(formula: Statement, name: str, target: sp.Expr) -> _Reached:
    symbol, sides = formula.domain.entry(name).symbol, sides_of(formula, name, target)
    domain = without(formula.domain, name, target, sides)
    what = f"the limit of {formula.name} as {name} tends to {target}"
    approach = Approach(formula.name, symbol, target, sides, domain.region, what)
    found = []
    ways: list[tuple[Any, _Way]] = [("expansion", approach.constant), ("continuity", approach.by_continuity)]
    for how, way in reversed(ways) if has_root(formula.expression) else ways:
        conditions = Conditions(domain.region)
        try:
            value = _from_sides(approach, way, formula.derivation, formula.short, conditions)
        except Diverges:
            raise
        except (ValueError, TimeoutError):
            continue
        found.append((value, how, conditions.least()))
        if not found[-1][2]:
            break
    if found:
        value, how, needed = min(found, key=lambda each: sum(map(sp.count_ops, each[2])))
        narrower = narrowed(domain, needed, f"elsewhere {what} is another")
        return _Reached(_shortest(value, domain), how, narrower, approach, needed)
    value = approach.agreed([_by_sympy(formula, approach, side) for side in sides])
    for gap in gaps_near(formula.expression, value, symbol, target, sides, domain.region, "numeric"):
        if not gap.vanish():
            raise ValueError(f"{what} is not known: sympy's is {shorten(value)}, which is not approached at {gap}")
    return _Reached(value, "sympy", domain, approach)


def _from_sides(approach: Approach, way: _Way, derivation: Derivation, expression: sp.Expr,
                conditions: Conditions) -> sp.Expr:
    return approach.agreed([way(derivation, expression, side, conditions) for side in approach.sides])


def _shortest(value: sp.Expr, domain: Domain) -> sp.Expr:
    """The value, or what sympy makes of it in exponentials if that is shorter and decided to be the same.

    sympy knows of 0 < p < 1 only that p is positive, and takes logarithms of p/(1 - p) apart only where it knows both;
    1/(1 + u) with u > 0 takes the place of p.
    """
    if not value.has(sp.Function):
        return value
    shares = [entry.symbol for entry in domain.entries if entry.low == 0 and entry.high == 1]
    odds = {symbol: sp.Dummy("u", positive=True) for symbol in shares}
    try:
        with time_limit(SIMPLIFYING, "simplifying the limit"):
            inside = value.xreplace({p: 1 / (1 + u) for p, u in odds.items()})
            inside = sp.simplify(sp.expand_log(sp.simplify(inside.rewrite(sp.exp))))
            shorter = sp.factor(sp.simplify(inside.xreplace({u: (1 - p) / p for p, u in odds.items()})))
            if shorter.count_ops() >= value.count_ops():
                return value
            decide(value - shorter, "= 0", domain.region)
    except (TimeoutError, Refuted, Undecided):
        return value
    return shorter


def _limit(formula: Statement, name: str, target: sp.Expr) -> Derivation:
    before, reached = formula.derivation, _reached(formula, name, target)
    approach = replace(reached.approach, region=reached.domain.region)
    claim = f"Let ${letter(approach.symbol)}\\to {sp.latex(target)}$"

    def near(previous: sp.Expr, current: sp.Expr, kind: str) -> list[Any]:
        return gaps_near(before.expand(previous), before.expand(current), approach.symbol, target, approach.sides,
                         approach.region, kind)

    if reached.how == "sympy":
        return before.then(Step(
            claim, reached.value, "sympy's limit; at points of the domain the distance to it vanishes or falls by half "
            "from $10^{-30}$ to $10^{-300}$", "numeric",
            lambda previous, current: [
                not current.has(approach.symbol), *(each.vanish() for each in near(previous, current, "numeric"))],
        ))
    way = approach.constant if reached.how == "expansion" else approach.by_continuity

    def check(previous: sp.Expr, current: sp.Expr) -> list[Any]:
        conditions = Conditions(approach.region, reached.needed)
        value = _from_sides(approach, way, before, previous, conditions)
        return [value - current, not conditions.needed, not current.has(approach.symbol),
                *(each.fall() for each in near(previous, current, "exact"))]

    why = ("the constant term of the exact expansion there; what is left vanishes" if reached.how == "expansion"
           else "its parts have limits, and it is continuous in them")
    return before.then(Step(claim, reached.value, why, "exact", check, approach.region))


def _by_sympy(formula: Statement, approach: Approach, side: int) -> sp.Expr:
    expression, direction = formula.expression, "-" if approach.at == sp.oo or side < 0 else "+"
    if expression.has(sp.Piecewise, sp.Min, sp.Max, sp.sign, sp.Heaviside):  # sympy takes one branch for all arguments
        raise ValueError(f"{approach.what} is not known: its branches differ with the other arguments")
    try:
        with time_limit(SECONDS, approach.what):
            found = sp.limit(expression, approach.symbol, approach.at, direction)
    except _FAILURES as error:
        raise ValueError(f"sympy does not know {approach.what}") from error
    if found.has(sp.oo, -sp.oo, sp.zoo, sp.nan, sp.Limit, sp.AccumBounds, sp.I):
        raise ValueError(f"sympy knows no finite value of {approach.what}")
    return found
