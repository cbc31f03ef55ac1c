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
from asymptotics.limited_samples.denoiser import delta
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


def _ansatz(forcing: sp.Expr) -> sp.Expr:
    """Solve y' = Gamma y + forcing, y(start) = 0, by y = a alpha + b beta + e sqrt(Delta)."""
    plain = delta()
    growth = velocity.linear().result
    rest = sp.fraction(sp.together(rate(a * alpha + b * beta) - growth * (a * alpha + b * beta) - forcing))
    residual = sp.Poly(sp.expand(rest[0].xreplace({Delta: plain})), alpha, beta, dalpha, dbeta)
    (particular,) = sp.solve(residual.coeffs(), [a, b], dict=True)
    body = particular[a] * alpha + particular[b] * beta
    scale = sp.solve((body + e * sp.sqrt(plain)).subs(START), e)[0]
    return body + scale * sp.sqrt(plain)


def _with_sign(before: Derivation) -> Derivation:
    """The step that makes the flow affine in each cluster."""
    return before.then(Step(
        "Along the flow $\\mathrm{sign}(w_t\\cdot X_t)$ keeps its first value $\\varsigma$, so that "
        "$X_t=\\varsigma[M\\mu+Q_\\xi\\xi+Q_\\eta\\eta]+\\sqrt F X_0$ obeys linear equations with these "
        "coefficients",
        before.result,
        "as $d\\to\\infty$, $w_t\\cdot X_t/d$ is dominated by $\\varsigma$ times a positive number as soon as it is of "
        "order 1",
        "asymptotic", lambda previous, current: [previous - current],
    ))


def _flow(forcing: Derivation, letter: str, forced: str, tidy: Callable[[sp.Expr], sp.Expr]) -> Derivation:
    growth = velocity.linear().result
    raw = _ansatz(forcing.result)
    where = [(variance, A / B)]
    tidied = tidy(raw)
    with_sign = _with_sign(forcing)

    def solves(previous: sp.Expr, current: sp.Expr) -> list[object]:
        plain = current.xreplace({Delta: delta()})
        return [
            expand_where(rate(plain) - growth * plain - previous, [(Delta, delta())]),
            plain.subs(START),
        ]

    solved = Step(
        f"${letter}$, for arbitrary $\\alpha(t)$, $\\beta(t)$: $\\dot {letter}=\\Gamma {letter}+k\\,{forced}$ with "
        f"${letter}=0$ at $\\alpha=1$, $\\beta=0$",
        raw, "ansatz $a\\alpha+b\\beta+e\\sqrt\\Delta$; the residual is identically zero", "exact", solves,
    )
    if tidied == raw:
        return with_sign.then(solved)
    return with_sign.then(
        solved,
        Step("In the variance factor's terms, without cancellation", tidied,
             "$\\hat\\sigma^2=A/B$, and the difference of roots is multiplied by its conjugate",
             "exact", lambda previous, current: [previous - current]),
        where=where,
    )


def _spread() -> sp.Expr:
    """sqrt(Delta/B) written with the variance: sqrt(alpha^2 + beta^2 variance)."""
    return sp.sqrt(sp.expand(delta() / B).subs(A / B, variance))


def _conjugate(raw: sp.Expr) -> sp.Expr:
    """(alpha - sqrt(Delta/B))/N as -beta^2 variance/(N (alpha + sqrt(alpha^2 + beta^2 variance)))."""
    prefactor = raw.coeff(alpha)
    difference = sp.expand(alpha**2 - _spread() ** 2)
    return prefactor * difference / (alpha + _spread())


@cache
def mean() -> Derivation:
    return _flow(velocity.mean(), "M", "m", sp.factor)


@cache
def noise() -> Derivation:
    return _flow(velocity.noise(), "Q_\\xi", "q_\\xi", _conjugate)


@cache
def sample() -> Derivation:
    return _flow(velocity.sample(), "Q_\\eta", "q_\\eta", sp.factor)


@cache
def factor() -> Derivation:
    """F, the variance that remains of X_0 in every direction off w."""
    before = _with_sign(velocity.linear())
    raw = delta() / delta().subs(START)
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
            lambda previous, current: [previous - current],
        ),
        where=[(variance, A / B)],
    )


