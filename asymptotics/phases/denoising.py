"""The least denoising error of the mixture at finite dimension: it jumps at beta = 0+ as d -> infinity."""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics import mixture
from asymptotics.derivation import Derivation, Step
from asymptotics.phases import clocks, posterior
from asymptotics.symbols import alpha, beta, noised, radius, s, sigma


@cache
def error() -> Derivation:
    """E|x1 - E[x1|x_t]|^2/d."""
    linear, along = mixture.denoiser().result
    given_mode = sigma**2 * alpha**2 / noised
    unknown = posterior.mmse()
    clock = clocks.speciation().result
    value = given_mode + radius**2 * along**2 * unknown.result.subs(s, clock)
    return unknown.then(
        Step(
            "The error given the mode, and what not knowing the mode adds, per $d$, at the clock of this time",
            value,
            "the variance of $x_1$ given $x_t$ and the mode, and the squared coefficient of $\\mu E[S|x_t]$ times "
            "$|\\mu|^2$ times the error of $E[S|x_t]$ at this clock", "exact",
            lambda previous, current: [
                _variance_given_mode(linear) + radius**2 * along**2 * previous.subs(s, clock) - current,
            ],
        ),
    )


def _variance_given_mode(linear: sp.Expr) -> sp.Expr:
    """Var(x1) - Cov(x1, x_t)^2 / Var(x_t) for one coordinate, the regression being ``linear``."""
    left = sigma**2 - linear * (beta * sigma**2)
    return sp.factor(left.xreplace(dict([mixture.MEANING]))).subs(alpha**2 + sigma**2 * beta**2, noised)
