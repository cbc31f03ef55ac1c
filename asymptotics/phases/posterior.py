"""What is known of the mode at clock s: moments of the posterior, information, and returns of U-turns.

The noised coordinate nu has the law p N(s,1) + (1-p) N(-s,1) and the posterior mean of the mode is tanh(h + s nu), at
any dimension. Everything is a mean over a standard normal z by one change of measure: the density of nu is that of z
times exp(-s^2/2) cosh(h + s z)/cosh(h).
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics import mixture
from asymptotics.derivation import Derivation, Step
from asymptotics.functions import GaussianMean, divergence, entropy, weighted_entropy
from asymptotics.mixture import z
from asymptotics.phases import clocks
from asymptotics.symbols import half_odds, noised, p, s

y = half_odds + s * z
"""Half the log odds where nu = z."""
# Where the integrands live: functions of y that fall like exp(-|y|); at small s, of a y that hardly moves.
HINTS = (s, half_odds, 1)
SMALL = sp.Min(s, 1)
GAP = 2 * sp.sqrt(p * (1 - p)) * sp.exp(-(s**2) / 2)
"""exp(-s^2/2)/cosh(h)."""


def same(value: sp.Expr, integrand: sp.Expr) -> sp.Expr:
    """What vanishes if a combination of means is the mean of this expression in z."""
    return value - GaussianMean(integrand, z)


def mean(integrand: sp.Expr) -> GaussianMean:
    """E over z of something that decays with |y|."""
    return GaussianMean(integrand, z, *HINTS)


@cache
def measure() -> Derivation:
    """The law of nu as a density against that of z."""
    up, down = p * sp.exp(s * z - s**2 / 2), (1 - p) * sp.exp(-s * z - s**2 / 2)
    unit = clocks.SIZE * sp.sqrt(noised)
    return clocks.speciation().then(
        Step(
            "The coordinate $\\nu=\\mu\\cdot x_t/(|\\mu|\\sqrt V)$ has the law "
            "$p\\mathcal{N}(s,1)+(1-p)\\mathcal{N}(-s,1)$, and this is the posterior mean of the mode at $\\nu=z$",
            sp.tanh(y), "half the log odds are $h+s\\nu$", "exact",
            lambda previous, current: [
                mixture.log_ratio().subs(mixture.overlap, unit * z) - previous * z,
                current - sp.tanh(half_odds + s * z),
            ],
        ),
        Step(
            "The density of $\\nu$ over that of a standard normal $z$",
            GAP * sp.cosh(y), "$\\mathcal{N}(\\pm s,1)$ has $e^{\\pm sz-s^2/2}$; $p=e^h/(2\\cosh h)$, and "
            "times the posterior mean it is the + mode's part less the other's", "exact",
            lambda previous, current: [current - up - down, current * previous - up + down],
        ),
    )


@cache
def mmse() -> Derivation:
    """E[1 - E[S|x_t]^2]."""
    return measure().then(
        Step(
            "The mean squared error of the best guess of the mode",
            GAP * mean(sp.sech(y)), "the mean over $\\nu$ of $1-\\tanh^2$, under the density", "exact",
            lambda previous, current: [same(current, previous * (1 - sp.tanh(y) ** 2))],
        )
    )


@cache
def second_moment() -> Derivation:
    """E[E[S|x_t]^2], without cancellation at small s."""
    small = GAP * GaussianMean(sp.sinh(y) * sp.tanh(y), z, SMALL)
    value = sp.Piecewise((small, s < 1), (1 - mmse().result, True))
    return mmse().then(
        Step(
            "The second moment of the posterior mean of the mode",
            value, "it is what the error leaves of $E[S^2]=1$; at small $s$ by its own mean, which does not cancel",
            "exact",
            lambda previous, current: [
                same(current.args[0].expr, GAP * sp.cosh(y) * sp.tanh(y) ** 2),
                1 - previous - current.args[1].expr,
            ],
        )
    )


@cache
def clone_probability() -> Derivation:
    """Two copies that come back from x_t end in the same mode."""
    return mmse().then(
        Step(
            "Two points that return from the same $x_t$ by the reverse process end in one mode with this probability",
            1 - mmse().result / 2,
            "given $x_t$ the modes of both are drawn from the posterior: $(1+E[S|x_t]^2)/2$, and its mean", "exact",
            lambda previous, current: [(1 + (1 - previous)) / 2 - current],
        )
    )


def _divergence(nu: sp.Expr) -> sp.Expr:
    """KL(posterior at nu || prior)."""
    return divergence(half_odds, s * nu)


@cache
def information() -> Derivation:
    """The mutual information of mode and x_t, in nats."""
    small = p * GaussianMean(_divergence(s + z), z, SMALL) + (1 - p) * GaussianMean(_divergence(z - s), z, SMALL)
    large = entropy(p) - GAP * mean(weighted_entropy(y))
    return measure().then(
        Step(
            "The entropy of the mode less its mean entropy given $x_t$",
            large, "$I=H(S)-H(S|x_t)$ under the density of $\\nu$; the posterior's entropy at half log odds $y$ is "
            "$\\ln(2\\cosh y)-y\\tanh y$", "exact",
            lambda previous, current: _is_information(previous, current),
        ),
        Step(
            "The same at small $s$ as the mean divergence of posterior from prior, which does not cancel",
            sp.Piecewise((small, s < 1), (large, True)),
            "the mean of the posterior is the prior", "exact",
            lambda previous, current: [
                current.args[1].expr - previous, *_is_divergence(_divergence(z)),
            ],
        ),
    )


def _is_information(density: sp.Expr, stated: sp.Expr) -> list[sp.Expr]:
    """For y > 0 and, the entropy being even, for y < 0; H(p) by its definition."""
    size = sp.Symbol("size", positive=True)
    height = size + sp.log(1 + sp.exp(-2 * size))
    entropy = height - size * sp.tanh(size)
    shown = weighted_entropy(size).definition
    plain = -p * sp.log(p) - (1 - p) * sp.log(1 - p)
    return [
        # The height is ln(2 cosh y): same slope, same value at 0.
        sp.diff(height - sp.log(2 * sp.cosh(size)), size), height.subs(size, 0) - sp.log(2),
        shown - sp.cosh(size) * entropy, same(plain - stated, density * weighted_entropy(y) / sp.cosh(y)),
        weighted_entropy(-y).definition - weighted_entropy(y).definition,
    ]


def _is_divergence(stated: sp.Expr) -> list[sp.Expr]:
    """w ln(w/p) + (1-w) ln((1-w)/(1-p)) with w the posterior and p the prior, both in half log odds."""
    up, prior = ((1 + sp.tanh(x)) / 2 for x in (y, half_odds))
    direct = up * sp.log(up / prior) + (1 - up) * sp.log((1 - up) / (1 - prior))
    return [stated - direct]


@cache
def uturn_sde_plus() -> Derivation:
    """From + to +."""
    lost = mmse().result / (4 * p)
    ahead = y + 2 * s**2
    moved = GaussianMean(sp.sech(ahead), z, s, half_odds + 2 * s**2, 1)
    rare = sp.sqrt(p) / sp.sqrt(1 - p) * sp.exp(3 * s**2 / 2) / 2 * moved
    return mmse().then(
        Step(
            "A + sample noised to $x_t$ and brought back by the reverse process ends in $-$ with this probability",
            lost, "the posterior probability of $-$ at $x_t$, averaged over the law of $x_t$ given +", "exact",
            lambda previous, current: [
                same(current, sp.exp(s * z - s**2 / 2) * (1 - sp.tanh(y)) / 2), previous - 4 * p * current,
            ],
        ),
        Step(
            "and in + else; where that is rare, by its own mean, which does not cancel",
            sp.Piecewise((rare, half_odds + s**2 < 0), (1 - lost, True)),
            "there are two modes; the posterior probability of + at $\\nu=s+z$ is $e^{y}\\,\\mathrm{sech}(y)/2$ with "
            "$y=h+s(s+z)$, and $e^{sz}$ moves $z$ by $s$", "exact",
            lambda previous, current: [
                1 - previous - current.args[1].expr,
                # Moved back by s, the mean has the weight e^(sz - s^2/2) of z.
                same(current.args[0].expr.replace(
                    lambda e: isinstance(e, GaussianMean),
                    lambda e: GaussianMean(e.integrand.subs(z, z - s) * sp.exp(s * z - s**2 / 2), z),
                ), (1 + sp.tanh(y + s**2)) / 2),
            ],
        ),
    )


@cache
def uturn_sde_minus() -> Derivation:
    """From - to +."""
    return mmse().then(
        Step(
            "A $-$ sample noised to $x_t$ and brought back by the reverse process ends in + with this probability",
            mmse().result / (4 * (1 - p)),
            "the posterior probability of + at $x_t$, averaged over the law of $x_t$ given $-$", "exact",
            lambda previous, current: [
                same(current, sp.exp(-s * z - s**2 / 2) * (1 + sp.tanh(y)) / 2), previous - 4 * (1 - p) * current,
            ],
        ),
        Step(
            "The posterior is a martingale of the reverse SDE: whatever $s$, $p$ of all samples return to +",
            mmse().result / (4 * (1 - p)), "$p\\,P(+|+)+(1-p)\\,P(+|-)=p$", "exact",
            lambda previous, current: [
                current - previous,
                *(p * branch.expr + (1 - p) * previous - p for branch in uturn_sde_plus().result.args[1:]),
            ],
        ),
    )
