"""The second phase, beta of order one: tanh saturates, and what is left is learning from n samples with fresh noise.

Every result is the limit of infinitely many draws of `asymptotics.limited_samples`, with the ridge counted per sample
(ridge -> draws * ridge), proved as a limit and not derived a second time.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics.algebra import expand_where
from asymptotics.derivation import Derivation, Step
from asymptotics.limited_samples import denoiser, flow, generated
from asymptotics.symbols import alpha, beta, draws, fresh_variance, n, radius, ridge, sigma

SPREAD = ((n - 1) * sigma**2 + ridge * (radius**2 + sigma**2)) / (n + ridge)
"""The generated variance, which is what the network takes for sigma^2."""
_NOISED = alpha**2 + beta**2 * fresh_variance
_WHERE = ((fresh_variance, SPREAD),)


def fresh_noise(before: Derivation, what: str, value: sp.Expr) -> Derivation:
    """``before`` with infinitely many draws for each sample; ``value`` is the limit, without cancellation."""
    return before.then(
        Step(
            f"{what} with fresh noise at every step: infinitely many draws, the ridge counted per sample",
            value, "replace $\\lambda$ by $K\\lambda$ and let $K\\to\\infty$", "exact",
            lambda previous, current: [_limit(before.expand(previous)) - expand_where(current, _WHERE)],
        ),
        where=_WHERE if value.has(fresh_variance) else (),
    )


def _limit(expression: sp.Expr) -> sp.Expr:
    return sp.limit(sp.together(expression.subs(ridge, draws * ridge)), draws, sp.oo)


@cache
def generated_variance() -> Derivation:
    return fresh_noise(generated.generated_variance(), "The generated variance", SPREAD)


@cache
def skip() -> Derivation:
    return fresh_noise(denoiser.skip(), "The skip", beta * fresh_variance / _NOISED)


@cache
def overlap_mean() -> Derivation:
    value = n * alpha**2 / ((n + ridge) * _NOISED)
    return fresh_noise(denoiser.overlap_mean(), "The overlap of $w$ with $\\mu$", value)


@cache
def overlap_sample() -> Derivation:
    value = alpha**2 / ((n + ridge) * _NOISED)
    return fresh_noise(denoiser.overlap_sample(), "The overlap of $w$ with the deviations of the samples", value)


@cache
def flow_mean() -> Derivation:
    return fresh_noise(flow.mean(), "The flow's coefficient on $\\mu$", n * beta / (n + ridge))


@cache
def flow_variance() -> Derivation:
    return fresh_noise(flow.factor(), "The variance factor of the flow", _NOISED)


@cache
def mean_error() -> Derivation:
    value = (radius**2 * ridge**2 + n * sigma**2) / (n + ridge) ** 2
    return fresh_noise(generated.mean_error(), "The error of the generated mean", value)
