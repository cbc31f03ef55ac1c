"""The two clocks of the noised mixture, and the time at which one of them strikes.

Given the mode, x_t is N(+-beta mu, V I) with V = alpha^2 + sigma^2 beta^2. Which mode: decided by the distance of the
two means in units of the noise, the speciation clock s. How wide: decided by the ratio rho of data to base.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics import mixture
from asymptotics.derivation import Claim, Derivation, Step
from asymptotics.symbols import alpha, beta, d, half_odds, kappa, noised, radius, s, sigma

SIZE = radius * sp.sqrt(d)
"""|mu|."""


@cache
def speciation() -> Derivation:
    """s = beta |mu| / sqrt(V)."""
    z = mixture.z
    along = beta * SIZE * (beta * SIZE + sp.sqrt(noised) * z) / noised
    clock = beta * SIZE / sp.sqrt(noised)
    return mixture.posterior().then(
        Step(
            "In the + mode $\\mu\\cdot x_t=\\beta|\\mu|^2+\\sqrt V|\\mu|z$ with $z\\sim\\mathcal{N}(0,1)$, so that the "
            "posterior is $\\tanh(h+\\cdot)$ of this",
            along, "put $x_t$ into the posterior; $|\\mu|=r\\sqrt d$", "exact",
            lambda previous, current: [
                previous.subs(mixture.overlap, (beta * SIZE + sp.sqrt(noised) * z) * SIZE)
                - sp.tanh(half_odds + current),
            ],
        ),
        Step(
            "It depends on one number, $s(s+z)$ with this clock",
            clock, "complete the product", "exact",
            lambda previous, current: [previous - current * (current + z)],
        ),
    )


@cache
def variance_ratio() -> Derivation:
    """rho = sigma beta / alpha."""
    value = sigma * beta / alpha
    return mixture.noise().then(
        Step(
            "Data over base in the width of a mode: $V=\\alpha^2(1+\\rho^2)$",
            value, "divide by $\\alpha^2$; both weights are $\\ge0$", "exact",
            lambda previous, current: [
                previous - alpha**2 * (1 + current**2), Claim(current, ">= 0"),
            ],
        )
    )


@cache
def boundary() -> Derivation:
    """beta on the linear schedule at which the clock s strikes."""
    reach = sp.sqrt(radius**2 * d - s**2 * sigma**2)
    ratio = sp.Symbol("ratio", positive=True)

    def strikes(previous: sp.Expr, current: sp.Expr) -> list[object]:
        clock = previous.xreplace(dict([mixture.MEANING])).subs(beta, ratio * alpha)
        return [clock.subs(ratio, current) ** 2 - s**2, Claim(sp.diff(clock, ratio), "> 0"), Claim(current, ">= 0")]

    return speciation().then(
        Step(
            "The clock strikes $s$ at this $\\beta/\\alpha$, on every schedule",
            s / reach, "solve $s^2V=\\beta^2|\\mu|^2$; the clock increases with $\\beta/\\alpha$ and stays below "
            "$s_{\\max}=|\\mu|/\\sigma$", "exact", strikes,
        ),
        Step(
            "On the linear schedule $\\alpha=1-\\beta$",
            s / (s + reach), "$\\beta/(1-\\beta)$ is that ratio", "exact",
            lambda previous, current: [current / (1 - current) - previous],
        ),
    )


@cache
def dilated_time() -> Derivation:
    """t at which the dilated linear schedule has this beta."""
    node = kappa / sp.sqrt(d)
    t = sp.Symbol("t", real=True)
    forward = (2 * t * node, node + (1 - node) * (2 * t - 1))
    backward = (beta / (2 * node), sp.Rational(1, 2) + (beta - node) / (2 * (1 - node)))
    return Derivation((
        Step(
            "The dilation spends half of the time on $\\beta\\le\\kappa/\\sqrt d$ and half on the rest, at constant "
            "speed in each",
            sp.Tuple(*forward), "its definition: it runs from 0 over $(1/2,\\kappa/\\sqrt d)$ to 1", "assumption",
            lambda previous, current: [
                current[0].subs(t, 0), current[0].subs(t, sp.Rational(1, 2)) - node,
                current[1].subs(t, sp.Rational(1, 2)) - node, current[1].subs(t, 1) - 1,
                *(sp.diff(part, t, 2) for part in current),
            ],
        ),
        Step(
            "Its inverse",
            sp.Piecewise((backward[0], beta <= node), (backward[1], True)),
            "piece by piece; the pieces meet at the node", "exact",
            lambda previous, current: [
                part.subs(t, piece.expr) - beta for part, piece in zip(previous, current.args, strict=True)
            ] + [current.args[0].expr.subs(beta, node) - sp.Rational(1, 2), current.args[0].cond == (beta <= node)],
        ),
    ))
