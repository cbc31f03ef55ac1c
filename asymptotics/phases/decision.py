"""Which mode a generated point ends in.

The first phase brings nu to p N(kappa,1) + (1-p) N(-kappa,1), the second decides.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics import mixture
from asymptotics.derivation import Derivation, Step
from asymptotics.functions import Root, normal_below
from asymptotics.mixture import ODDS
from asymptotics.phases import posterior
from asymptotics.symbols import alpha, beta, dalpha, dbeta, half_odds, kappa, noised, p, s

_q = sp.Symbol("q", real=True)
_edge = sp.Symbol("nu", real=True)


def _is_distribution(function: sp.Expr, x: sp.Symbol) -> list[object]:
    """Its slope is the standard normal density, and it vanishes at -oo."""
    return [
        sp.diff(function, x) - sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi), sp.limit(function, x, -sp.oo) == 0,
    ]


@cache
def above() -> Derivation:
    """P(nu > edge) after the first phase."""
    chance = p * normal_below(kappa - _edge) + (1 - p) * normal_below(-kappa - _edge)
    return posterior.measure().then(
        Step(
            "The exact flow carries $\\nu$ along its marginal laws; at $\\beta=\\kappa/\\sqrt d$ the clock is "
            "$s=\\kappa$ as $d\\to\\infty$",
            kappa, "$\\alpha\\to1$ there, and $|\\mu|=\\sqrt d$", "asymptotic", lambda previous, current: [
                sp.limit(_clock_at_node(), _large, sp.oo) - current,
            ],
        ),
        Step(
            "The probability of $\\nu$ above an edge",
            chance, "$\\Phi$ of the distance to each mean", "exact",
            lambda previous, current: [
                current - p * normal_below(previous - _edge) - (1 - p) * normal_below(-previous - _edge),
                *_is_distribution(normal_below(_q), _q),
            ],
        ),
    )


_large = sp.Symbol("d", positive=True)


def _clock_at_node() -> sp.Expr:
    from asymptotics.phases import clocks
    from asymptotics.symbols import alpha, beta, d, radius

    clock = clocks.speciation().expand(clocks.speciation().result)
    node = kappa / sp.sqrt(_large)
    return clock.subs({radius: 1, d: _large}).subs({alpha: 1 - node, beta: node})


@cache
def by_sign() -> Derivation:
    return above().then(
        Step(
            "If the second phase reads the sign of $\\nu$",
            above().result.subs(_edge, 0), "a pure sign$(w\\cdot x)$ network: the edge is 0", "exact",
            lambda previous, current: [previous.subs(_edge, 0) - current],
        )
    )


@cache
def by_field() -> Derivation:
    return above().then(
        Step(
            "If the second phase reads the sign of $h+\\kappa\\nu$",
            above().result.subs(_edge, -half_odds / kappa),
            "the first Euler step of the second phase uses the field at $\\beta=\\kappa/\\sqrt d$, whose posterior "
            "changes sign at $\\nu=-h/\\kappa$", "exact",
            lambda previous, current: [
                previous.subs(_edge, -half_odds / kappa) - current,
                (half_odds + kappa * _edge).subs(_edge, -half_odds / kappa),
            ],
        ),
        where=[ODDS],
    )


def _quantile() -> Root:
    """The (1-p)-quantile of p N(s,1) + (1-p) N(-s,1): as p Phi(q-s) = (1-p) Phi(-q-s), where nothing cancels.

    |q| <= |h|/max(s, sqrt(2/pi)): the logarithm of the ratio of both sides is 2 h at q = 0, and its slope in q is that
    of ln Phi at q - s and at -q - s, more than twice that at -s (it is convex), which is above s and sqrt(2/pi).
    """
    equation = p * normal_below(_q - s) - (1 - p) * normal_below(-_q - s)
    reach = (sp.Abs(sp.log(p / (1 - p))) / 2 + 1) / sp.Max(s, sp.Rational(3, 4))
    return Root(equation, _q, -reach, reach)


_along = sp.Symbol("y", real=True)
_size = sp.Symbol("mu_size", positive=True)
"""y = mu.x/|mu|, and |mu|."""


def _mass_below() -> sp.Expr:
    """The distribution function of y at x_t."""
    up, down = ((_along - sign * beta * _size) / sp.sqrt(noised) for sign in (1, -1))
    return p * normal_below(up) + (1 - p) * normal_below(down)


def _is_mass_below(density: sp.Expr, mass: sp.Expr) -> list[sp.Expr]:
    """The slope of the mass is the density of y, from that of nu over the standard normal one; it begins at 0."""
    nu = _along / sp.sqrt(noised)
    normal = sp.diff(normal_below(nu), _along)
    at = {mixture.z: nu, s: beta * _size / sp.sqrt(noised)}
    return [sp.diff(mass, _along) - density.subs(at, simultaneous=True) * normal, mass.subs(_along, -sp.oo)]


def _is_carried(mass: sp.Expr) -> sp.Expr:
    """The total derivative of the mass along dy/dt = b(y), with the exact velocity; a number where that is not 0."""
    linear, along = mixture.velocity().result
    mean = sp.tanh(half_odds + mixture.log_ratio().subs(mixture.overlap, _size * _along))
    full = dict([mixture.MEANING])
    explicit = mass.xreplace(full)
    drift = explicit.diff(alpha) * dalpha + explicit.diff(beta) * dbeta
    flow = explicit.diff(_along) * (linear * _along + along * _size * mean).xreplace(full)
    return drift + flow


@cache
def quantile() -> Derivation:
    """Where the flow separates the modes."""
    return posterior.measure().then(
        Step(
            "Along the probability-flow ODE the distribution function of $y=\\mu\\cdot x_t/|\\mu|$ keeps its value: "
            "the flow is the increasing map between quantiles",
            _mass_below(),
            "its slope is the density of $y=\\sqrt V\\nu$, and its total derivative along $\\dot y=b(y)$ with the "
            "exact velocity vanishes, on any schedule", "exact",
            lambda previous, current: [*_is_mass_below(previous, current), _is_carried(current)],
        ),
        Step(
            "so that the upper $p$ of the mass ends in +: the edge is the $(1-p)$-quantile, in units of $\\sqrt V$",
            _quantile(),
            "with the modes far apart at the data end, $|\\mu|\\gg\\sigma$, the + mode is the upper $p$; the "
            "distribution function at $q$ less $1-p$", "asymptotic",
            lambda previous, current: [
                previous.subs({_along: current.variable * sp.sqrt(noised), _size: s * sp.sqrt(noised) / beta})
                - p * normal_below(current.variable - s) - (1 - p) * normal_below(current.variable + s),
                _by_distribution(current),
                sp.diff(current.equation, current.variable)
                - p * sp.exp(-((current.variable - s) ** 2) / 2) / sp.sqrt(2 * sp.pi)
                - (1 - p) * sp.exp(-((current.variable + s) ** 2) / 2) / sp.sqrt(2 * sp.pi),
            ],
        )
    )


def _by_distribution(root: Root) -> sp.Expr:
    q = root.variable
    stated = p * normal_below(q - s) + (1 - p) * normal_below(q + s) - (1 - p)
    upper = normal_below(-q - s)
    return (stated - root.equation).subs(normal_below(q + s), 1 - upper).rewrite(sp.erf)


@cache
def uturn_ode_plus() -> Derivation:
    return quantile().then(_returns(1, "+"))


@cache
def uturn_ode_minus() -> Derivation:
    return quantile().then(_returns(-1, "$-$"))


def _returns(sign: int, start: str) -> Step:
    return Step(
        f"A {start} sample noised afresh and brought back by the probability-flow ODE ends in + with this probability",
        normal_below(sign * s - _quantile()), "$\\nu\\sim\\mathcal{N}(\\pm s,1)$ lies above the edge", "exact",
        lambda previous, current: [current - normal_below(sign * s - previous)],
    )
