"""Acceptance of independent Metropolis-Hastings: twice the chance that a proposal weighs more than the state."""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics.derivation import Claim, Derivation, Step
from asymptotics.functions import beta_below
from asymptotics.symbols import d, scale, tau

_here, _there = sp.symbols("p_x p_y", positive=True)
"""Target over proposal density, at the state x and at the proposal y."""
_share, _sum, _a, _b = sp.symbols("z r a b", positive=True)
_gap, _level = sp.Symbol("gap", positive=True), sp.Symbol("ell", real=True)


@cache
def twice() -> Derivation:
    """The mean of min(1, w(y)/w(x)) over x of the target and y of the proposals, w = target/proposal density."""
    ratio = sp.Min(1, _there / _here)
    return Derivation((
        Step(
            "A proposal $y$ is accepted with $\\min(1,w(y)/w(x))$, $w$ the density of the target over the proposals'",
            ratio, "Metropolis-Hastings with proposals that do not depend on the state", "assumption",
        ),
        Step(
            "In the mean over $x$ of the target and $y$ of the proposals this is twice the probability of $w(y)>w(x)$: "
            "per pair of proposals the integrand is", sp.Min(_here, _there),
            "the pair has the density $w(x)$ times that of two proposals; $w(x)\\min(1,w(y)/w(x))=\\min(w(x),w(y))$ "
            "does not change if $x$ and $y$ are exchanged, and where $w(y)>w(x)$ it is the density $w(x)$ of the pair "
            "itself", "exact",
            lambda previous, current: [
                _here * previous - current,
                current.subs({_here: _there, _there: _here}, simultaneous=True) - current,
                Claim(current - _here, "= 0", (_there > _here,)),
            ],
        ),
    ))


@cache
def gaussian() -> Derivation:
    """Target N(0, I), proposals N(0, scale^2 I), in d dimensions."""
    least = sp.Min(scale**2, 1)
    weights = {at: _normal(size, sp.S.One) / _normal(size, scale) for at, size in ((_here, _a), (_there, _b))}
    gain = (1 / scale**2 - 1) * (_b - _a) / 2
    return twice().then(
        Step(
            "For $\\mathcal{N}(0,I)$ and proposals $\\mathcal{N}(0,\\varsigma^2I)$ it is this, with $|x|^2=a$ and "
            "$|y|^2=b$",
            sp.Min(*(scale**d * sp.exp((1 / scale**2 - 1) * size / 2) for size in (_a, _b))),
            "$w$ is the density $(2\\pi)^{-d/2}e^{-a/2}$ over $(2\\pi\\varsigma^2)^{-d/2}e^{-a/(2\\varsigma^2)}$",
            "exact", lambda previous, current: [previous.subs(weights, simultaneous=True) - current],
        ),
        Step(
            "The logarithm of $w$ falls or rises with $|x|^2$: $\\ln w(y)-\\ln w(x)$ is", gain,
            "at $|y|=|x|$ the smaller weight is that of either", "exact",
            lambda previous, current: [sp.log(previous.subs(_a, _b)) - sp.log(previous.subs(_b, _a)) - current],
        ),
        Step(
            "$|x|^2=A$ and $|y|^2=\\varsigma^2B$ with $A,B\\sim\\chi^2_d$: the share $z=A/(A+B)$ has the law "
            "$\\mathrm{B}(d/2,d/2)$, and at $|y|^2=|x|^2$ it is", scale**2 / (1 + scale**2),
            "$A=zr$, $B=(1-z)r$ with the Jacobian $r$: the density splits into $(z(1-z))^{d/2-1}$ and a function of "
            "$r$; $z=\\varsigma^2(1-z)$. For $\\varsigma<1$ the proposal weighs more for smaller $z$, for "
            "$\\varsigma>1$ for larger", "exact", _is_edge,
        ),
        Step(
            "Narrow proposals ($\\varsigma<1$) weigh more further out, wide ones further in; both tails are this one",
            2 * beta_below(d / 2, least / (1 + scale**2)),
            "$\\varsigma<1$: $|y|>|x|$, $z$ below; $\\varsigma>1$: $|y|<|x|$, $z$ above, and $z$ and $1-z$ have one "
            "law", "exact",
            lambda previous, current: _tails(previous, current),
        ),
    )


def _is_edge(gain: sp.Expr, edge: sp.Expr) -> list[sp.Expr | Claim]:
    """The law of the share, where the gain changes its sign along the share, and how."""
    a, b = _share * _sum, (1 - _share) * _sum
    density = (a * b) ** (d / 2 - 1) * sp.exp(-(a + b) / 2) * _sum
    law = sp.diff(density, _share) / density - (d / 2 - 1) * (1 / _share - 1 / (1 - _share))
    along = gain.subs({_a: a, _b: scale**2 * b}, simultaneous=True)
    slope = sp.diff(along, _share)
    return [
        Claim(law, "= 0", (_share < 1,)), along.subs(_share, edge),
        Claim(slope, "< 0", (scale < 1,)), Claim(slope, "> 0", (scale > 1,)),
    ]


def _normal(square: sp.Expr, width: sp.Expr) -> sp.Expr:
    """The density of N(0, width^2 I) in d dimensions at a point of this squared length."""
    return sp.exp(-square / (2 * width**2)) / (2 * sp.pi * width**2) ** (d / 2)


def _tails(edge: sp.Expr, value: sp.Expr) -> list[Claim]:
    """Where w rises with |x|^2 the share must lie below the edge, else above, which is below 1 - edge."""
    return [Claim(value - 2 * beta_below(d / 2, edge), "= 0", (scale < 1,)),
            Claim(value - 2 * beta_below(d / 2, 1 - edge), "= 0", (scale >= 1,))]


@cache
def lognormal() -> Derivation:
    """Weights whose logarithm is normal: what many weak coordinates make."""
    def normal(mean: sp.Expr) -> sp.Expr:
        return sp.exp(-((_level - mean) ** 2) / (2 * tau**2)) / (tau * sp.sqrt(2 * sp.pi))

    mean = sp.Symbol("m", real=True)
    return twice().then(
        Step(
            "Under the proposals $\\ln w$ is normal with variance $\\tau^2$", -(tau**2) / 2,
            "a sum over many coordinates, $d\\to\\infty$; for $\\mathcal{N}(0,\\varsigma^2I)$ with "
            "$\\varsigma=1+\\tau/\\sqrt{2d}$. Its mean is this, since $w$ has the mean 1", "asymptotic",
            lambda previous, current: [
                sp.expand(current + tau**2 / 2),
            ],
        ),
        Step(
            "Under the target its mean is the opposite", tau**2 / 2,
            "the density is $w=e^{\\ell}$ times that under the proposals", "exact",
            lambda previous, current: [
                sp.exp(_level) * normal(previous) - normal(current), previous + current,
            ],
        ),
        Step(
            "Twice the chance that the difference of both, of variance $2\\tau^2$, is positive", sp.erfc(tau / 2),
            "$2\\Phi(-m/\\sqrt{2\\tau^2})$ with $m=\\tau^2$, the distance of the means", "exact",
            lambda previous, current: [
                current - sp.erfc(mean / (2 * tau)).subs(mean, 2 * previous), current.subs(tau, 0) - 1,
            ],
        ),
    )
