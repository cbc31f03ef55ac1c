"""Where a phase ends: the value of the clock at which something about the mode is decided."""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics.derivation import Claim, Derivation, Step
from asymptotics.functions import Root, normal_below
from asymptotics.mixture import ODDS, z
from asymptotics.phases import posterior
from asymptotics.symbols import half_odds, p, s

_x = sp.Symbol("x", real=True)


@cache
def spinodal() -> Derivation:
    """The clock at which the density along mu gets its second maximum."""
    height = s * sp.sqrt(s**2 - 1) - sp.acosh(s)
    return posterior.measure().then(
        Step(
            "The slope of the log density of $\\nu$ along $\\mu$, at $\\nu=z$",
            -z + s * sp.tanh(half_odds + s * z), "the density is $e^{-z^2/2}$ times $\\cosh(h+sz)$", "exact",
            lambda previous, current: [sp.diff(sp.log(previous), z) - z - current],
        ),
        Step(
            "A second maximum appears where slope and curvature vanish together; then $|h|$ is this",
            height, "the curvature vanishes at $\\cosh(h+sz)=s$, for $h>0$ at $h+sz=-\\mathrm{arccosh}\\,s$; there the "
            "slope vanishes at $z=-\\sqrt{s^2-1}$", "exact",
            lambda previous, current: _is_double_zero(previous, current),
        ),
        Step(
            "The spinodal clock is where this equals $|h|$",
            Root(height.subs(s, _x) - sp.Abs(half_odds), _x, sp.Integer(1), 1 + sp.sqrt(sp.Abs(half_odds))),
            "it increases from 0 at $s=1$ with slope $2\\sqrt{s^2-1}\\ge2(s-1)$", "exact",
            lambda previous, current: [
                current.equation - previous.subs(s, current.variable) + sp.Abs(half_odds),
                Claim(sp.diff(previous, s) - 2 * sp.sqrt(s**2 - 1), "= 0", (s > 1,)), previous.subs(s, 1),
            ],
        ),
    )


def _is_double_zero(slope: sp.Expr, height: sp.Expr) -> list[sp.Expr]:
    """At z = -sqrt(s^2-1) and h = height, with s = cosh(u): slope and curvature."""
    u = sp.Symbol("u", positive=True)
    at = {z: -sp.sinh(u), half_odds: height.subs(s, sp.cosh(u)).subs(sp.sqrt(sp.cosh(u) ** 2 - 1), sp.sinh(u)).subs(
        sp.acosh(sp.cosh(u)), u), s: sp.cosh(u)}
    return [part.subs(at, simultaneous=True) for part in (slope, sp.diff(slope, z))]


@cache
def total_variation() -> Derivation:
    """The distance of the two noised modes."""
    return posterior.measure().then(
        Step(
            "The density of the noised mode $\\mathcal{N}(s,1)$ less that of $\\mathcal{N}(-s,1)$, over that of $z$",
            2 * sp.exp(-(s**2) / 2) * sp.sinh(s * z), "the derivative in $p$ of $pf_++(1-p)f_-$", "exact",
            lambda previous, current: [sp.diff(previous.xreplace(dict([ODDS])), p) - current],
        ),
        Step(
            "The total variation between the noised modes: they cross at 0",
            sp.erf(s / sp.sqrt(2)), "half the integral of the size of the difference, which is odd and positive for "
            "$z>0$: its integral over $z>0$ is $2\\Phi(s)-1$", "exact", _is_half_difference,
        ),
    )


def _is_half_difference(difference: sp.Expr, stated: sp.Expr) -> list[sp.Expr | Claim]:
    """The integral over z > 0 by Phi(z - s) - Phi(z + s), of which the difference is the slope over that of Phi(z)."""
    integral = normal_below(z - s) - normal_below(z + s)
    return [
        sp.diff(integral, z) - difference * sp.diff(normal_below(z), z), difference + difference.subs(z, -z),
        Claim(difference, ">= 0", (z > 0,)), integral.subs(z, sp.oo) - integral.subs(z, 0) - stated,
    ]
