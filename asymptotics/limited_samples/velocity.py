"""The learned velocity b(x, t) = k f(x) + (dalpha/alpha) x, k = dbeta - beta dalpha/alpha, regular at t -> 1.

k and dalpha/alpha both diverge where alpha vanishes; their combinations with the learned coefficients do
not, and the regular form is what the derivation returns.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics.derivation import Derivation, Step
from asymptotics.limited_samples import denoiser
from asymptotics.symbols import A, B, Delta, N, alpha, beta, dalpha, dbeta

gain = dbeta - beta * dalpha / alpha
"""k, the factor of the denoiser in the velocity."""


def _regular(expression: sp.Expr) -> sp.Expr:
    """Cancel alpha in the denominator, with Delta put in and taken out again."""
    delta = denoiser.delta()
    plain = sp.cancel(sp.together(expression.xreplace({Delta: delta})) * delta * N)
    top, bottom = sp.fraction(sp.cancel(plain / N))
    if bottom.has(alpha):
        raise ValueError(f"{expression} is not regular where alpha vanishes")
    return sp.collect(sp.factor(top / bottom), [A, B]) / Delta


def _has_no_pole(expression: sp.Expr) -> bool:
    """Whether the denominator stays away from 0 at alpha = 0, shorthands being positive."""
    return bool(sp.expand(sp.fraction(sp.together(expression))[1].subs(alpha, 0)) != 0)


@cache
def linear() -> Derivation:
    """The coefficient of x."""
    before = denoiser.skip()
    value = _regular(gain * before.result + dalpha / alpha)

    def definition(previous: sp.Expr, current: sp.Expr) -> list[object]:
        return [current - (dbeta * previous + dalpha / alpha * (1 - beta * previous))]

    return before.then(
        Step(
            "The velocity is $b=k f+(\\dot\\alpha/\\alpha)x$ with $k=\\dot\\beta-\\beta\\dot\\alpha/\\alpha$; "
            "its coefficient of $x$ is $\\Gamma = kc+\\dot\\alpha/\\alpha$",
            gain * before.result + dalpha / alpha,
            "$\\dot x_t=\\dot\\alpha x_0+\\dot\\beta x_1$, with $x_0=(x_t-\\beta x_1)/\\alpha$ and the "
            "denoiser in the place of $x_1$",
            "exact", definition,
        ),
        Step("The same without a pole at $\\alpha=0$", value, "cancel $\\alpha$", "exact",
             lambda previous, current: [previous - current, _has_no_pole(current)]),
    )


def _of(overlap: Derivation, letter: str) -> Derivation:
    value = _regular(gain * overlap.result)
    return overlap.then(
        Step(
            f"The velocity's coefficient, $k\\,{letter}$, without a pole at $\\alpha=0$",
            value,
            "multiply by $k=\\dot\\beta-\\beta\\dot\\alpha/\\alpha$ and cancel $\\alpha$",
            "exact",
            lambda previous, current: [gain * previous - current, _has_no_pole(current)],
        )
    )


@cache
def mean() -> Derivation:
    return _of(denoiser.overlap_mean(), "m")


@cache
def noise() -> Derivation:
    return _of(denoiser.overlap_noise(), "q_\\xi")


@cache
def sample() -> Derivation:
    return _of(denoiser.overlap_sample(), "q_\\eta")
