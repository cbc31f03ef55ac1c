"""The flow with the learned velocity, in closed form for every schedule.

X_t = s (M mu + Q_xi xi + Q_eta eta) + sqrt(F) X_0 with M' = Gamma M + k m (likewise Q_xi, Q_eta),
F' = 2 Gamma F, from M = Q = 0, F = 1 at alpha = 1, beta = 0. One ansatz serves all three:
a alpha + b beta + e sqrt(Delta), its coefficients found by machine.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import sympy as sp

from asymptotics.algebra import expand_where
from asymptotics.derivation import Derivation, Step
from asymptotics.limited_samples import velocity
from asymptotics.symbols import A, B, Delta, alpha, beta, dalpha, dbeta, t, variance

_ALPHA, _BETA = (sp.Function(name)(t) for name in ("alpha", "beta"))
START = {alpha: 1, beta: 0}
a, b, e = sp.symbols("a b e", real=True)


def rate(expression: sp.Expr) -> sp.Expr:
    """d/dt of a function of alpha(t), beta(t) for arbitrary functions alpha and beta."""
    in_time = expression.xreplace({alpha: _ALPHA, beta: _BETA})
    slope = sp.diff(in_time, t)
    return slope.xreplace({sp.diff(_ALPHA, t): dalpha, sp.diff(_BETA, t): dbeta}).xreplace(
        {_ALPHA: alpha, _BETA: beta}
    )


def _delta() -> sp.Expr:
    return dict(velocity.linear().where)[Delta]


def _ansatz(forcing: sp.Expr) -> sp.Expr:
    """Solve y' = Gamma y + forcing, y(start) = 0, by y = a alpha + b beta + e sqrt(Delta)."""
    delta = _delta()
    growth = velocity.linear().result
    rest = sp.fraction(sp.together(rate(a * alpha + b * beta) - growth * (a * alpha + b * beta) - forcing))
    residual = sp.Poly(sp.expand(rest[0].xreplace({Delta: delta})), alpha, beta, dalpha, dbeta)
    (particular,) = sp.solve(residual.coeffs(), [a, b], dict=True)
    body = particular[a] * alpha + particular[b] * beta
    scale = sp.solve((body + e * sp.sqrt(delta)).subs(START), e)[0]
    return body + scale * sp.sqrt(delta)


def _flow(forcing: Derivation, claim: str, tidy: Callable[[sp.Expr], sp.Expr]) -> Derivation:
    growth = velocity.linear().result
    raw = _ansatz(forcing.result)
    where = [(variance, A / B)]
    tidied = tidy(raw)

    def solves(previous: sp.Expr, current: sp.Expr) -> list[object]:
        plain = current.xreplace({Delta: _delta()})
        return [
            expand_where(rate(plain) - growth * plain - previous, [(Delta, _delta())]),
            plain.subs(START),
        ]

    def rewrites(previous: sp.Expr, current: sp.Expr) -> list[object]:
        return [expand_where(previous - current, [*forcing.where, *where])]

    solved = Step(
        claim + " solves its equation for arbitrary $\\alpha(t)$, $\\beta(t)$, and vanishes at the start",
        raw, "ansatz $a\\alpha+b\\beta+e\\sqrt\\Delta$; the residual is identically zero", "exact", solves,
    )
    if tidied == raw:
        return forcing.then(solved)
    return forcing.then(
        solved,
        Step("In the variance factor's terms, without cancellation", tidied,
             "$\\hat\\sigma^2=A/B$, and the difference of roots is multiplied by its conjugate",
             "exact", rewrites),
        where=where,
    )


def _spread() -> sp.Expr:
    """sqrt(Delta/B) written with the variance: sqrt(alpha^2 + beta^2 variance)."""
    return sp.sqrt(sp.expand(_delta() / B).subs(A / B, variance))


def _conjugate(raw: sp.Expr) -> sp.Expr:
    """(alpha - sqrt(Delta/B))/N as -beta^2 variance/(N (alpha + sqrt(alpha^2 + beta^2 variance)))."""
    prefactor = raw.coeff(alpha)
    difference = sp.expand(alpha**2 - _spread() ** 2)
    return prefactor * difference / (alpha + _spread())


@cache
def mean() -> Derivation:
    return _flow(velocity.mean(), "$M$", sp.factor)


@cache
def noise() -> Derivation:
    return _flow(velocity.noise(), "$Q_\\xi$", _conjugate)


@cache
def sample() -> Derivation:
    return _flow(velocity.sample(), "$Q_\\eta$", sp.factor)


@cache
def factor() -> Derivation:
    """F, the variance that remains of X_0 in every direction off w."""
    before = velocity.linear()
    raw = _delta() / _delta().subs(START)
    return before.then(
        Step(
            "The variance factor $F$, $\\dot F=2\\Gamma F$, $F=1$ at the start, is $\\Delta/B$",
            raw,
            "$\\Gamma=\\frac12\\frac{d}{dt}\\ln\\Delta$ for arbitrary $\\alpha(t)$, $\\beta(t)$",
            "exact",
            lambda previous, current: [rate(current) - 2 * previous * current, current.subs(START) - 1],
        ),
        Step(
            "In terms of the generated variance",
            _spread() ** 2,
            "$\\hat\\sigma^2=A/B$",
            "exact",
            lambda previous, current: [expand_where(previous - current, [(variance, A / B)])],
        ),
        where=[(variance, A / B)],
    )


