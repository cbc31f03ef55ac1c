"""The identities of single functions that proofs may use. All are true for every real argument that they name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from asymptotics.proof.field import Fraction
from asymptotics.proof.region import Undecided, as_condition

Rule = Callable[..., Fraction]
"""Of a `translate.Translator` and the arguments of the node."""


def _by(rewrite: Callable[..., sp.Expr]) -> Rule:
    """A rule that puts another expression for a function."""
    return lambda to, *arguments: to.value(rewrite(*arguments))


def _error_function(to: Any, argument: sp.Expr) -> Fraction:
    """erf is odd, 0 at 0, and between -1 and 1."""
    value = to.value(argument)
    if value.top == 0:
        return value
    side = to.field.number(sp.Integer(1 if value.top.leading_coefficient() > 0 else -1))
    return to.field.product(side, to.named(sp.erf, [to.field.product(side, value)], (-1, 1)))


def _larger(to: Any, *arguments: sp.Expr) -> Fraction:
    """max(a, b) = (a + b + |a - b|)/2."""
    half, best = to.field.number(sp.Rational(1, 2)), to.value(arguments[0])
    for argument in arguments[1:]:
        other = to.value(argument)
        gap = to.absolute(to.field.sum(best, Fraction(-other.top, other.bottom)))
        best = to.field.product(half, to.field.sum(gap, to.field.sum(best, other)))
    return best


def _smaller(to: Any, *arguments: sp.Expr) -> Fraction:
    """-max(-a, -b)."""
    return to.field.product(to.field.number(sp.Integer(-1)), _larger(to, *(-argument for argument in arguments)))


def _sign(to: Any, argument: sp.Expr) -> Fraction:
    """-1, 0 or 1."""
    return to.field.number(sp.Integer(_three_signs(to, argument)))


def _step(to: Any, argument: sp.Expr, at_zero: sp.Expr) -> Fraction:
    """Heaviside's function: 0, ``at_zero`` or 1."""
    return to.value((sp.Integer(0), at_zero, sp.Integer(1))[_three_signs(to, argument) + 1])


def _three_signs(to: Any, argument: sp.Expr) -> int:
    value = to.value(argument)
    if to.sign(value, closed=False) == "< 0":
        return -1
    return 1 if to.sign(Fraction(-value.top, value.bottom), closed=False) == "< 0" else 0


def _branch(to: Any, *pairs: sp.Tuple) -> Fraction:
    """The first branch whose condition holds on the whole region; conditions before it hold nowhere."""
    for value, condition in pairs:
        if _holds(to, condition):
            return to.value(value)
    raise Undecided("the branches do not cover the region")


def _holds(to: Any, condition: sp.Basic) -> bool:
    """Whether a condition holds on the whole region, or nowhere; Split where it is neither."""
    relations = condition.atoms(sp.core.relational.Relational)
    truth = condition.xreplace({relation: sp.S(_relation_holds(to, relation)) for relation in relations})
    if truth not in (sp.true, sp.false):
        raise Undecided(f"a condition that is not made of inequalities: {condition}")
    return bool(truth)


def _relation_holds(to: Any, relation: sp.Basic) -> bool:
    known = as_condition(relation)
    if known is None or known.sign == "= 0":
        raise Undecided(f"a condition that is no inequality: {relation}")
    value = to.value(known.expression)
    if known.sign in ("<= 0", "> 0"):
        positive = to.sign(Fraction(-value.top, value.bottom), closed=False) == "< 0"
        return positive == (known.sign == "> 0")
    return (to.sign(value, closed=False) == "< 0") == (known.sign == "< 0")


RULES: dict[type, Rule] = {
    sp.log: lambda to, argument: to.logarithm(to.value(argument)),
    sp.Abs: lambda to, argument: to.absolute(to.value(argument)),
    sp.Max: _larger,
    sp.Min: _smaller,
    sp.sign: _sign,
    sp.Heaviside: _step,
    sp.Piecewise: _branch,
    sp.erf: _error_function,
    sp.erfc: _by(lambda x: 1 - sp.erf(x)),
    sp.sinh: _by(lambda x: (sp.exp(x) - sp.exp(-x)) / 2),
    sp.cosh: _by(lambda x: (sp.exp(x) + sp.exp(-x)) / 2),
    sp.tanh: _by(lambda x: 1 - 2 / (sp.exp(2 * x) + 1)),
    sp.coth: _by(lambda x: 1 + 2 / (sp.exp(2 * x) - 1)),
    sp.sech: _by(lambda x: 2 / (sp.exp(x) + sp.exp(-x))),
    sp.csch: _by(lambda x: 2 / (sp.exp(x) - sp.exp(-x))),
    sp.asinh: _by(lambda x: sp.log(x + sp.sqrt(x**2 + 1))),
    sp.acosh: _by(lambda x: sp.log(x + sp.sqrt(x**2 - 1))),
    sp.atanh: _by(lambda x: sp.log((1 + x) / (1 - x)) / 2),
}
