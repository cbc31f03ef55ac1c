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

from asymptotics.algebra import is_zero
from asymptotics.derivation import Derivation, Step
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
weight = m * MU + q_noise * noise_sum + q_sample * sample_sum
point = alpha * OWN_NOISE + beta * (MU + OWN_SAMPLE)
residual = weight - data * (MU + OWN_SAMPLE) + noise * OWN_NOISE
"""f(x_t) - x1 for one pair, times its sign."""

FRESH = {MU: radius**2, OWN_NOISE: sp.Integer(1), OWN_SAMPLE: sigma**2,
         OTHER_NOISE: n * draws, OTHER_SAMPLE: n * sigma**2}
"""Squared lengths when the pair is fresh: all of xi and eta then belongs to the others."""
fresh_weight = m * MU + q_noise * OTHER_NOISE + q_sample * OTHER_SAMPLE
fresh_residual = fresh_weight - data * (MU + OWN_SAMPLE) + noise * OWN_NOISE


def weight_square() -> sp.Expr:
    """|w|^2 / d in the overlaps."""
    return square(fresh_weight, FRESH)


def risk() -> sp.Expr:
    """The training risk per n*draws*d: half the squared residual, plus the ridge on w."""
    return square(residual) / 2 + ridge / (2 * n * draws) * weight_square()


@cache
def setting() -> Derivation:
    """From the definition of the risk to its limit in the overlaps."""
    total = sp.Symbol("risk")
    return Derivation((
        Step(
            "The labels are the true signs: $\\varphi(w\\cdot x_t) = s$ for every pair",
            sp.Eq(sp.Function("phi")(sp.Symbol("w") * sp.Symbol("x_t")), sp.Symbol("s")),
            "the margin computed below is positive, so that the labels reproduce themselves; that "
            "no other labelling has a lower risk is taken from the theory, not proved here",
            "assumption",
        ),
        Step(
            "Per $nKd$ the risk "
            "$\\frac12\\sum|f(x_t)-x_1|^2+\\frac{\\lambda}{2}|w|^2$ tends to a quadratic in the overlaps, "
            "with $u=1-c\\beta$ and $v=c\\alpha$",
            risk(),
            "inner products of independent Gaussian vectors concentrate as $d\\to\\infty$: "
            "$\\mu$, $s x_0$, $s z$ and the rest of $\\xi$ and $\\eta$ become orthogonal",
            "asymptotic",
            lambda previous, current: _sum_check(current, total),
        ),
    ))


def _sum_check(current: sp.Expr, total: sp.Symbol) -> list[object]:
    """The lengths of the parts of xi and eta add up to those of the whole."""
    parts = square(noise_sum), square(sample_sum)
    whole = n * draws, n * sigma**2
    return [
        *(is_zero(a - b) for a, b in zip(parts, whole, strict=True)),
        current - square(residual) / 2 - ridge / (2 * n * draws) * square(weight),
    ]
