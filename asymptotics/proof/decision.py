"""Decisions: whether an expression has a sign, or is 0, at every point of a region.

A decision is made for the points at which the expression has a real value, every part of it included. It is sound
because each rule of `translate` is an identity on the region, because `Order` calls impossible only what is impossible
on a larger set, and because the parts of a region that are decided one by one cover it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import sympy as sp

from asymptotics.proof.nodes import Mean, Opaque
from asymptotics.proof.points import computable, has_sign, points_of, value_at
from asymptotics.proof.region import Condition, Region, Sign, Undecided
from asymptotics.proof.signs import Finer, Roots, Split
from asymptotics.proof.translate import Translator

T = TypeVar("T")
DEEPEST = 6
"""How many signs are split one inside the other."""
POINTS = 64
LONGEST = 20_000
"""Operations of an expression that is looked at."""
_Z3_TERMS = 60


@dataclass(frozen=True)
class Decision:
    """A claim that was decided to hold; only `decide` makes one."""

    expression: sp.Expr
    sign: Sign
    region: Region


class Refuted(ValueError):
    """A claim is false at a point of its region, which the message gives."""


def decide(expression: sp.Expr, sign: Sign, region: Region, *, refute: bool = True) -> Decision:
    """Decide that ``expression`` has the ``sign`` wherever it has a value on the region.

    Raises Refuted where balls show another sign at one of `POINTS` points, Undecided where neither is shown, and where
    the expression has no value at any of these points although all of its functions can be computed. ``refute`` as
    False leaves out the first, for tests: the rest must be sound by itself.
    """
    if expression.count_ops() > LONGEST:
        raise Undecided(f"it has more than {LONGEST} operations")
    _look_at_points(expression, sign, region, refute)
    _decide(expression, sign, region, DEEPEST)
    return Decision(expression, sign, region)


def _look_at_points(expression: sp.Expr, sign: Sign, region: Region, refute: bool) -> None:
    contrary = {"> 0": "<= 0", ">= 0": "< 0", "< 0": ">= 0", "<= 0": "> 0"}
    computed = not expression.has(Mean, Opaque) and computable(expression)
    seen = 0
    for point in points_of(region, frozenset(expression.free_symbols), POINTS) if computed else ():
        ball = value_at(expression, point)
        if ball is None:
            continue
        seen += 1
        false = not ball.contains(0) if sign == "= 0" else has_sign(ball, contrary[sign])
        if false and refute:
            at = ", ".join(f"{symbol} = {value}" for symbol, value in point.items())
            raise Refuted(f"it is {ball.str(8, radius=False)} at {at}" if at else f"it is {ball.str(8, radius=False)}")
    equal = any(each.sign == "= 0" for alternatives in region.conditions for each in alternatives)
    if computed and not seen and not equal:
        raise Undecided(f"it has no value at any of {POINTS} points of the region")


def _decide(expression: sp.Expr, sign: Sign, region: Region, depth: int) -> None:
    if depth < DEEPEST and _translated(region, lambda to: to.order.is_empty()):
        return
    try:
        _translated(region, lambda to: _once(to, expression, sign, region, depth))
    except Split as split:
        if not depth:
            raise Undecided("signs are split too often") from None
        sides: tuple[Sign, Sign] = ("<= 0" if split.closed else "< 0", ">= 0")
        for side in sides:
            part = Region((*region.conditions, (Condition(split.expression, side),)))
            _decide(expression, sign, part, depth - 1)


def _translated(region: Region, use: Callable[[Translator], T]) -> T:
    """What ``use`` makes of a translator, begun again until its generators are fine enough."""
    roots: Roots = {}
    for _ in range(20):
        try:
            return use(Translator(region, roots))
        except Finer:
            continue
    raise Undecided("its roots do not come to an end")


def _once(to: Translator, expression: sp.Expr, sign: Sign, region: Region, depth: int) -> None:
    value = to.value(expression)
    if sign != "= 0":
        known = to.order.sign(value.top * value.bottom)
        written = {1: ">= 0", -1: "<= 0", 0: ""}[to.side(expression)]
        if sign not in (known, known.replace(" 0", "= 0"), written):
            raise Undecided(f"not decided that it is {sign}")
        return
    if value.top == 0:
        return
    integrand = _under_one_mean(to, value)
    if integrand is not None:
        _decide(integrand, sign, region, depth)
        return
    if len(value.top.to_dict()) > _Z3_TERMS or not to.order.holds(value.top, "= 0"):
        raise Undecided(f"not decided that it vanishes: {to.field.text(value.top)}")


def _under_one_mean(to: Translator, value: object) -> sp.Expr | None:
    """For f = sum c_k E[f_k(z)] with c_k free of means, return the even part of sum c_k f_k(z), whose mean f is.

    None where f is no such sum.
    """
    top, bottom = value.top, value.bottom  # type: ignore[attr-defined]
    generators = to.field.generators
    means = {k for k, each in enumerate(generators) if each.kind == "mean"}
    used = {k for polynomial in (top, bottom) for k, degree in enumerate(polynomial.degrees()) if degree > 0}
    inside = {generators[k].key[1] for k in used & means}
    others = any(generators[k].depends & means for k in used - means)
    if len(inside) != 1 or others or any(bottom.degrees()[k] > 0 for k in means):
        return None
    total = to.field.fraction(top, to.field.one)
    for k in used & means:
        parts = to.field.coefficients(total.top, k)
        if max(parts) > 1:
            return None
        rest = to.field.fraction(parts.get(0, to.field.context.constant(0)), total.bottom)
        term = to.field.fraction(parts.get(1, to.field.context.constant(0)), total.bottom)
        total = to.field.sum(rest, to.field.product(term, generators[k].key[0]))
    # A letter of its own: the kernel's would be captured by means inside.
    z, letter = generators[inside.pop()].expression, sp.Dummy("z", real=True)
    integrand = (to.field.expression(total.top) / to.field.expression(total.bottom)).xreplace({z: letter})
    return (integrand + integrand.xreplace({letter: -letter})) / 2
