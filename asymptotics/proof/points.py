"""Values at points of a region in ball arithmetic: two balls that do not meet refute an equality rigorously."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, reduce
from random import Random
from typing import Any

import sympy as sp

from asymptotics.proof.nodes import Defined
from asymptotics.proof.region import Condition, Region, as_condition, own_conditions

BITS = 160
TRIES = 40
"""How many points are drawn for each that is wanted."""
Point = dict[sp.Symbol, sp.Rational]
Ball = Any
"""A flint.arb; None where there is no value, or none that is computed here."""


@lru_cache(512)
def points_of(region: Region, symbols: frozenset[sp.Symbol], count: int) -> tuple[Point, ...]:
    """Return up to ``count`` points of the region, always the same: on both sides of 1, near 0 and far away.

    They hold values of the ``symbols`` and of those that conditions tie to them.
    """
    random, ordered = Random(20_231), sorted(region.tied(symbols), key=lambda symbol: symbol.name)
    known = [alternatives for alternatives in
             (*region.conditions, *((each,) for symbol in ordered for each in own_conditions(symbol)))
             if set().union(*(each.expression.free_symbols for each in alternatives)) <= set(ordered)]
    found: list[Point] = []
    for _ in range(TRIES * count):
        point: Point = {}
        for symbol in ordered:
            point[symbol] = _drawn(random, symbol, list(point.values()))
        if all(any(_holds(each, point) for each in alternatives) for alternatives in known):
            found.append(point)
        if len(found) == count:
            break
    return tuple(found)


def _drawn(random: Random, symbol: sp.Symbol, others: list[sp.Rational]) -> sp.Rational:
    """A fraction of few digits: around 0, in (0, 1), around 1, of any size; 0, or what another symbol is."""
    if random.random() < 0.1:
        return random.choice([sp.Integer(0), *others])
    size = sp.Rational(random.randint(1, 999), random.randint(1, 999))
    kind = random.randrange(5)
    value = (size, size / (1 + size), 1 + size / random.choice((1, 100)), size * 10 ** random.randint(-4, 3),
             sp.Integer(random.randint(1, 9)))[kind]
    signed = symbol.is_nonnegative or random.random() < 0.5
    return value if signed else -value


def _holds(condition: Condition, point: Point) -> bool:
    ball = value_at(condition.expression, point)
    return ball is not None and has_sign(ball, condition.sign)


def has_sign(ball: Ball, sign: str) -> bool:
    """Whether every number of a ball has the sign."""
    return bool({"> 0": ball > 0, ">= 0": ball >= 0, "< 0": ball < 0, "<= 0": ball <= 0, "= 0": ball == 0}[sign])


def computable(expression: sp.Expr) -> bool:
    """Whether every node of the expression is of a class that has balls here."""
    known = (sp.Rational, sp.Symbol, sp.Piecewise, sp.logic.boolalg.Boolean, sp.Tuple)
    return all(computable(node.definition) if isinstance(node, Defined) else
               isinstance(node, known) or type(node) in _BALLS or node in (sp.pi, sp.E)
               for node in sp.preorder_traversal(expression))


def value_at(expression: sp.Expr, point: Point) -> Ball:
    """Return a ball that holds the value at a point, None where it has none or is no number of these functions."""
    import flint

    before, flint.ctx.prec = flint.ctx.prec, BITS
    try:
        ball = _ball(expression, point, flint.arb, {})
    finally:
        flint.ctx.prec = before
    return ball if ball is not None and ball.is_finite() else None


def _ball(node: sp.Basic, point: Point, arb: Any, done: dict[sp.Basic, Ball]) -> Ball:
    """The ball of a node; ``done`` holds those of nodes that were met before."""
    if node not in done:
        done[node] = _fresh_ball(node, point, arb, done)
    return done[node]


def _fresh_ball(node: sp.Basic, point: Point, arb: Any, done: dict[sp.Basic, Ball]) -> Ball:
    if isinstance(node, sp.Rational):
        return arb(int(node.p)) / int(node.q)
    if isinstance(node, sp.Symbol):
        return _ball(point[node], point, arb, done) if node in point else None
    if isinstance(node, Defined):
        return _ball(node.definition, point, arb, done)
    if isinstance(node, sp.Piecewise):
        return _branch(node, point, arb, done)
    if node in (sp.pi, sp.E):
        return arb.pi() if node is sp.pi else arb(1).exp()
    make = _BALLS.get(type(node))
    if make is None:
        return None
    balls = []
    for argument in node.args:
        ball = _ball(argument, point, arb, done)
        if ball is None or not ball.is_finite():
            return None
        balls.append(ball)
    return make(*balls)


def _branch(node: sp.Piecewise, point: Point, arb: Any, done: dict[sp.Basic, Ball]) -> Ball:
    for value, condition in node.args:
        truth = _truth(condition, point, arb, done)
        if truth is not False:
            return _ball(value, point, arb, done) if truth else None
    return None


def _truth(condition: sp.Basic, point: Point, arb: Any, done: dict[sp.Basic, Ball]) -> bool | None:
    """Whether a condition holds at a point; None where balls do not tell."""
    told = {}
    for relation in condition.atoms(sp.core.relational.Relational):
        known = as_condition(relation)
        ball = None if known is None else _ball(known.expression, point, arb, done)
        if known is not None and ball is not None and ball.is_finite():
            holds = has_sign(ball, known.sign)
            if holds or not ball.contains(0) or ball == 0:
                told[relation] = sp.S(holds)
    truth = condition.xreplace(told)
    return bool(truth) if truth in (sp.true, sp.false) else None


def _power(base: Ball, exponent: Ball) -> Ball:
    """Of a base that is positive, or a whole power; an exact 0 is 0 to a positive power."""
    if exponent.is_integer() or base > 0:
        return base**exponent
    return base if base == 0 and exponent > 0 else None


def _folded(operation: Callable[[Ball, Ball], Ball]) -> Callable[..., Ball]:
    return lambda *balls: reduce(operation, balls)


def _step(ball: Ball, at_zero: Ball) -> Ball:
    return ball * 0 + 1 if ball > 0 else ball * 0 if ball < 0 else at_zero if ball == 0 else None


_BALLS: dict[type, Callable[..., Ball]] = {
    sp.Add: _folded(lambda a, b: a + b), sp.Mul: _folded(lambda a, b: a * b), sp.Pow: _power,
    sp.Min: _folded(lambda a, b: a.min(b)), sp.Max: _folded(lambda a, b: a.max(b)),
    sp.exp: lambda x: x.exp(), sp.log: lambda x: x.log(), sp.Abs: lambda x: abs(x), sp.sign: lambda x: x.sgn(),
    sp.Heaviside: _step, sp.erf: lambda x: x.erf(), sp.erfc: lambda x: x.erfc(), sp.sin: lambda x: x.sin(),
    sp.cos: lambda x: x.cos(), sp.tan: lambda x: x.tan(), sp.sinh: lambda x: x.sinh(), sp.cosh: lambda x: x.cosh(),
    sp.tanh: lambda x: x.tanh(), sp.coth: lambda x: x.coth(), sp.sech: lambda x: x.sech(), sp.csch: lambda x: x.csch(),
    sp.asin: lambda x: x.asin(), sp.acos: lambda x: x.acos(), sp.atan: lambda x: x.atan(),
    sp.asinh: lambda x: x.asinh(), sp.acosh: lambda x: x.acosh(), sp.atanh: lambda x: x.atanh(),
    sp.gamma: lambda x: x.gamma(),
}
