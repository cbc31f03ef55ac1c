"""The setting: vectors as d -> infinity, and the risk written once in the overlaps.

Data x1 = s mu + z, base x0, x_t = alpha x0 + beta x1, network f(x) = c x + w phi(w.x) with phi -> sign and
w = m mu + q_xi xi + q_eta eta, where xi = sum s x0 runs over all n K pairs and eta = sum s z over the n
samples. Multiply everything about one sample by its sign s, and every vector becomes a combination of five
directions that are orthogonal as d -> infinity: mu, this pair's s x0, this sample's s z, and what the other
pairs and samples add to xi and eta.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import sympy as sp

from asymptotics.derivation import Derivation, Step
from asymptotics.limited_samples.pairs import draw, over_draws, sample
from asymptotics.symbols import alpha, beta, draws, n, radius, ridge, sigma

# The unknowns of the minimisation; they are not arguments of any formula.
skip = sp.Symbol("c", real=True)
m, q_noise, q_sample = sp.symbols("m q_xi q_eta", real=True)
OVERLAPS = (m, q_noise, q_sample)

# What the skip leaves of the two ingredients of x_t: x1 - c x_t = data*x1 - noise*x0.
data, noise = sp.symbols("u v", real=True)
LEFT = {data: 1 - skip * beta, noise: skip * alpha}

# Orthogonal directions and their squared lengths per d.
MU, OWN_NOISE, OWN_SAMPLE, OTHER_NOISE, OTHER_SAMPLE = sp.symbols("e_mu e_0 e_z e_xi e_eta")
LENGTHS: dict[sp.Symbol, sp.Expr] = {
    MU: radius**2,
    OWN_NOISE: sp.Integer(1),
    OWN_SAMPLE: sigma**2,
    OTHER_NOISE: n * draws - 1,
    OTHER_SAMPLE: (n - 1) * sigma**2,
}


def square(vector: sp.Expr, lengths: Mapping[sp.Symbol, sp.Expr] = LENGTHS) -> sp.Expr:
    """|vector|^2 / d as d -> infinity, for a combination of orthogonal directions."""
    return sum((sp.diff(vector, e) ** 2 * size for e, size in lengths.items()), sp.S.Zero)


def inner(left: sp.Expr, right: sp.Expr) -> sp.Expr:
    """left . right / d as d -> infinity."""
    return sum((sp.diff(left, e) * sp.diff(right, e) * size for e, size in LENGTHS.items()), sp.S.Zero)


noise_sum = OWN_NOISE + OTHER_NOISE
sample_sum = OWN_SAMPLE + OTHER_SAMPLE
target = MU + OWN_SAMPLE
point = alpha * OWN_NOISE + beta * target
weight = m * MU + q_noise * noise_sum + q_sample * sample_sum
"""x1, x_t and w on a training pair, times its sign."""

FRESH = {MU: radius**2, OWN_NOISE: sp.Integer(1), OWN_SAMPLE: sigma**2,
         OTHER_NOISE: n * draws, OTHER_SAMPLE: n * sigma**2}
"""Squared lengths when the pair is fresh: all of xi and eta then belongs to the others."""
fresh_weight = m * MU + q_noise * OTHER_NOISE + q_sample * OTHER_SAMPLE


def residual(w: sp.Expr) -> sp.Expr:
    """f(x_t) - x1 for one pair, times its sign, with u = 1 - c beta and v = c alpha."""
    return w - data * target + noise * OWN_NOISE


def is_residual(w: sp.Expr) -> sp.Expr:
    """What vanishes if `residual` is c x_t + w - x1, the network that reads the sign less its target."""
    return sp.expand(residual(w).subs(LEFT) - (skip * point + w - target))


def weight_square() -> sp.Expr:
    """|w|^2 / d in the overlaps."""
    return square(fresh_weight, FRESH)


def risk() -> sp.Expr:
    """The training risk per n*draws*d: half the squared residual, plus the ridge on w."""
    return square(residual(weight)) / 2 + ridge / (2 * n * draws) * weight_square()


def fresh_error() -> sp.Expr:
    """The squared error on a fresh pair, per d."""
    return square(residual(fresh_weight), FRESH)


def _span() -> sp.Expr:
    """N w at the stationary point: the sum of s (x1 - c x_t) over all pairs, in mu, xi and eta."""
    return data * (n * draws * MU + draws * sample_sum) - noise * noise_sum


_w = sp.Symbol("w", real=True)


def _is_stationary(left: sp.Expr, span: sp.Expr) -> list[sp.Expr]:
    """The gradient of the risk in w, of which ``left`` is the residual of a pair, is N w less the span.

    In one coordinate, for all n and K. The pair's own directions are those of the sample i and its draw k, summed over.
    """
    x0, z = sp.IndexedBase("x0")[sample, draw], sp.IndexedBase("z")[sample]
    total = over_draws(left.subs({OWN_NOISE: x0, OWN_SAMPLE: z}) ** 2) + ridge * _w**2
    eta = sp.Sum(z, (sample, 1, n))
    gradient = (sp.diff(total, _w) / 2).subs({over_draws(x0): noise_sum, eta: sample_sum})
    return [gradient - ((n * draws + ridge) * _w - span)]


@cache
def setting() -> Derivation:
    """From the definition of the risk to its limit in the overlaps."""
    return Derivation((
        Step(
            "The labels are the true signs, $\\mathrm{sign}(w\\cdot x_t)=s$, and the network is saturated: "
            "on each pair $s\\,(f(x_t)-x_1)=c\\,s x_t+w-s x_1$, here with $u=1-c\\beta$, $v=c\\alpha$ on the "
            "directions $e_\\mu,e_0,e_z,e_\\xi,e_\\eta$ of $\\mu$, $s x_0$, $s z$ and of the rest of $\\xi$ and "
            "$\\eta$",
            residual(_w),
            "the margin is positive for $\\alpha,\\beta>0$ (proved with the formula of that name), so the labels "
            "reproduce themselves; that no other labelling has a lower risk is taken from the theory",
            "assumption",
            lambda previous, current: [is_residual(_w), current - residual(_w)],
        ),
        Step(
            "Given the labels and $c$, the best $w$ lies in the span of $\\mu$, $\\xi$ and $\\eta$: $Nw$ is this sum, "
            "$N=nK+\\lambda$, so that $w=m\\mu+q_\\xi\\xi+q_\\eta\\eta$",
            _span(),
            "the risk is a convex quadratic in $w$ with gradient $Nw-\\sum s(x_1-c\\,x_t)$",
            "exact", _is_stationary,
        ),
        Step(
            "Per $nKd$ the risk $\\frac12\\sum|f(x_t)-x_1|^2+\\frac{\\lambda}{2}|w|^2$ tends to this quadratic in "
            "the overlaps",
            risk(),
            "inner products of independent Gaussian vectors concentrate as $d\\to\\infty$: "
            "$\\mu$, $s x_0$, $s z$ and the rest of $\\xi$ and $\\eta$ become orthogonal",
            "asymptotic",
            lambda previous, current: [
                is_residual(weight), square(noise_sum) - n * draws, square(sample_sum) - n * sigma**2,
                current - square(residual(weight)) / 2 - ridge / (2 * n * draws) * square(weight),
            ],
        ),
    ))
