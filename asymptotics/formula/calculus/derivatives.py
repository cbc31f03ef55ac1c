"""The derivative of a formula, away from kinks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import sympy as sp

from asymptotics.arguments import letter
from asymptotics.derivation import Derivation, Step
from asymptotics.expansion import Conditions
from asymptotics.formula.calculus.narrowed import narrowed
from asymptotics.formula.calculus.operation import F, Operation, argument, explicit
from asymptotics.formula.statement import Statement
from asymptotics.functions import BoundVariable


def derivative(formula: F, name: str) -> F:
    """Return the derivative with respect to one argument, on the domain without the kinks."""
    symbol = argument(formula, name)
    explicit(formula, "derivative")
    conditions = Conditions(formula.domain.region)
    for gap in _kinks(formula.expression, symbol):
        conditions.require_nonzero(gap)
    reason = f"{formula.name} may have a kink or a jump there"
    return replace(
        formula,
        name=f"{formula.name}.diff({name})",
        letter=rf"\partial_{{{letter(symbol)}}} {formula.letter}",
        statement=f"The derivative with respect to {name} of {formula.name}.",
        domain=narrowed(formula.domain, conditions.needed, reason),
        left_out=tuple(each.differentiated(symbol) for each in formula.left_out),
        derive=Operation(derivative, _derivative, formula, (name,)),
    )


def _kinks(node: sp.Basic, symbol: sp.Symbol, bound: frozenset[sp.Symbol] = frozenset()) -> Iterator[sp.Expr]:
    """What vanishes where an expression may have a kink or a jump; ``bound`` are variables that are averaged over.

    A name smooths what stands in its definition. A mean over z smooths the kinks of Abs, Min and Max that move with its
    variable; ValueError for jumps that do, whose mean has another derivative than the mean of the derivative.
    """
    if symbol not in node.free_symbols:
        return
    if isinstance(node, BoundVariable):
        bound = bound | frozenset(node.bound)
    smoothed = isinstance(node, sp.Abs | sp.Min | sp.Max)
    for gap in _gaps(node):
        moved = gap.free_symbols & bound
        if not moved:
            yield gap
            continue
        (z,) = moved if len(moved) == 1 else (None,)
        slope = None if z is None or not smoothed else sp.diff(gap, z)
        if slope is None or slope.free_symbols & bound:
            raise ValueError(f"no derivative is known of a mean or a root of {node.func.__name__}")
        yield slope
    for part in node.args:
        yield from _kinks(part, symbol, bound)


def _gaps(node: sp.Basic) -> list[sp.Expr]:
    if isinstance(node, sp.Abs | sp.sign | sp.Heaviside):
        return [node.args[0]]
    if isinstance(node, sp.Min | sp.Max):
        return [one - other for one, other in combinations(node.args, 2)]
    if isinstance(node, sp.Piecewise):
        return [each.lhs - each.rhs for each in node.atoms(sp.core.relational.Relational)]
    return []


def _derivative(formula: Statement, name: str) -> Derivation:
    symbol, before = formula.domain.entry(name).symbol, formula.derivation
    return before.then(Step(
        f"Differentiate with respect to ${letter(symbol)}$",
        _slope(before.expand(formula.short), symbol), "the shorthands put in", "exact",
        lambda previous, current: [_slope(before.expand(previous), symbol) - current],
    ))


def _slope(expression: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """The derivative, without what sympy puts at jumps, which lie outside the domain."""
    return sp.diff(expression, symbol).replace(sp.DiracDelta, lambda *_: sp.S.Zero)
