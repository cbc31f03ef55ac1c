"""The half-normal bias: a cluster of generated points leans along the network that chose it.

The cluster of a point is the sign of w0.X0, w0 the learned w at the noise end. So inside a cluster X0 is half-normal
along w0, and the mean of cluster * X_t over generated points exceeds the flow's offset by a vector of length of
order 1 along w0: by order d^(-1/2) in the overlaps with mu and eta, and by less in that with xi.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics.algebra import expand_where
from asymptotics.derivation import Derivation, Step
from asymptotics.limited_samples import denoiser, flow, setting
from asymptotics.limited_samples.setting import LEFT, OVERLAPS, m, q_sample
from asymptotics.limited_samples.velocity import gain
from asymptotics.symbols import Delta, alpha, dalpha, factor


def _at_start() -> sp.Tuple:
    """The learned overlaps (m, q_xi, q_eta) at alpha = 1, beta = 0."""
    learned = (denoiser.overlap_mean(), denoiser.overlap_noise(), denoiser.overlap_sample())
    return sp.Tuple(*(each.result.xreplace({Delta: denoiser.delta()}).subs(flow.START) for each in learned))


def _is_best(variance: sp.Expr, overlaps: sp.Tuple) -> list[sp.Expr]:
    """Against the best overlaps for a given skip, at the skip of the flow with this variance factor at the start."""
    skip = ((flow.rate(variance) / (2 * variance) - dalpha / alpha) / gain).subs(flow.START)
    left = {symbol: meaning.subs(setting.skip, skip).subs(flow.START) for symbol, meaning in LEFT.items()}
    return [a.subs(left) - b for a, b in zip(denoiser.given_skip().result, overlaps, strict=True)]


def _square(overlaps: sp.Tuple) -> sp.Expr:
    """|w|^2/d."""
    return setting.weight_square().subs(dict(zip(OVERLAPS, overlaps, strict=True)))


def _half_normal_mean() -> sp.Expr:
    """E|g| of a standard normal g."""
    g = sp.Symbol("g", positive=True)
    return sp.integrate(2 * g * sp.exp(-(g**2) / 2) / sp.sqrt(2 * sp.pi), (g, 0, sp.oo))


def _bias(overlap: sp.Symbol, direction: str) -> Derivation:
    place = OVERLAPS.index(overlap)
    start = _at_start()
    share = 1 / sp.sqrt(sp.expand(sp.cancel(expand_where(_square(start) / start[place] ** 2, [denoiser.SIZE]))))
    lean = sp.sqrt(2 / sp.pi) * share
    before = flow.factor()
    return before.then(
        Step(
            "The first value is $\\varsigma=\\mathrm{sign}(w_0\\cdot X_0)$, the cluster of a generated point; "
            "$w_0=m\\mu+q_\\xi\\xi+q_\\eta\\eta$ is learned at $\\alpha=1$, $\\beta=0$, with these overlaps",
            start, "the best overlaps at the skip of that time, which is $(\\dot F/(2F)-\\dot\\alpha/\\alpha)/k$ since "
            "$\\dot F=2\\Gamma F$ and $\\Gamma=kc+\\dot\\alpha/\\alpha$: it is 0, and so is the overlap with $\\xi$",
            "exact", _is_best,
        ),
        Step(
            f"The overlap of the vector $w_0/|w_0|$ with ${direction}$, times $\\sqrt d$",
            share, "$\\mu$, $\\xi$ and $\\eta$ are orthogonal as $d\\to\\infty$, with lengths $r^2$, $nK$ and "
            "$n\\sigma^2$ per $d$", "asymptotic",
            lambda previous, current: [previous[place] / sp.sqrt(_square(previous)) - current],
        ),
        Step(
            f"The mean of $\\varsigma X_0$ has this overlap with ${direction}$, times $\\sqrt d$",
            lean,
            "$X_0$ is $g\\,w_0/|w_0|$ and a rest of mean 0 that is independent of $\\varsigma=\\mathrm{sign}\\,g$; "
            "the mean of $|g|$ is $\\sqrt2/\\sqrt\\pi$, for $g$ is standard normal", "exact",
            lambda previous, current: [previous * _half_normal_mean() - current],
        ),
        Step(
            f"What the mean of $\\varsigma X_t$ has beyond the flow's coefficient of ${direction}$, times $\\sqrt d$",
            sp.sqrt(factor) * lean,
            "$\\varsigma X_t$ is the offset of the flow and $\\sqrt F\\,\\varsigma X_0$", "exact",
            lambda previous, current: [previous * sp.sqrt(before.result) - current],
        ),
        where=[(factor, before.result)],
    )


@cache
def flow_mean() -> Derivation:
    return _bias(m, "\\mu")


@cache
def flow_sample() -> Derivation:
    return _bias(q_sample, "\\eta")
