"""How rarely local steps cross from mode to mode: the mean first-passage time of Langevin dynamics in one dimension.

Textbook Eyring-Kramers is too large by sqrt(pi/2) even at an infinitely high barrier: at its top the logarithm of the
density is ln cosh, which curves over a width sigma^2/a and is not quadratic.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics.derivation import Claim, Derivation, Step
from asymptotics.mixture import ODDS
from asymptotics.symbols import half_odds, p, separation, sigma, step

half = sp.Symbol("a", positive=True)
"""Half the separation."""
HALF = (half, separation / 2)
_x, _y = sp.symbols("x y", real=True)
_k, _c = sp.symbols("k c", positive=True)
_above = sp.Symbol("R", positive=True)
"""The chance to be above x."""


def density() -> sp.Expr:
    """The mixture of N(+-a, sigma^2) with the weights p and 1-p, at x."""
    height = 2 * sp.sqrt(p * (1 - p)) / (sigma * sp.sqrt(2 * sp.pi))
    return height * sp.exp(-(_x**2 + half**2) / (2 * sigma**2)) * sp.cosh(half * _x / sigma**2 + half_odds)


def _normal(mean: sp.Expr) -> sp.Expr:
    return sp.exp(-((_x - mean) ** 2) / (2 * sigma**2)) / (sigma * sp.sqrt(2 * sp.pi))


def _is_passage(density: sp.Expr, slope: sp.Expr) -> list[sp.Expr]:
    """The equation of the mean number of steps, from its slope: the chance to be above falls by the density."""
    bend = sp.diff(slope, _x) - density * sp.diff(slope, _above)
    return [step * (bend + sp.diff(density, _x) / density * slope) + 1, slope.subs(_above, 0)]


@cache
def crossing() -> Derivation:
    """What the mean time from + to - adds up along x."""
    mixed = p * _normal(half) + (1 - p) * _normal(-half)
    return Derivation((
        Step(
            "The density of two modes at $\\pm a$, with $h$ half the log odds", density(),
            "$pe^{ax/\\sigma^2}+(1-p)e^{-ax/\\sigma^2}=2\\sqrt{p(1-p)}\\cosh(ax/\\sigma^2+h)$", "exact",
            lambda previous, current: [current - mixed],
        ),
        Step(
            "The mean number of steps to reach $-a$ from $x$ grows with $x$ by this, where $R$ is the chance to be "
            "above $x$",
            _above / (step * density()),
            "it solves $\\epsilon(T''+(\\ln\\rho)'T')=-1$, and $\\rho T'\\to0$ far above; small steps are "
            "diffusion", "exact", _is_passage,
        ),
        Step(
            "At a high barrier all of + is above every $x$ that counts: $R\\to p$", p / (step * density()),
            "the integral over $[-a,a]$ comes from about 0; its inverse is the sharper form of the rate", "asymptotic",
            lambda previous, current: [previous.subs(_above, p) - current],
        ),
    ), (ODDS, HALF))


@cache
def sech_law() -> Derivation:
    """The mean of exp(c(y-h)^2) over the law sech(y)/pi, to first order in c."""
    z, shape = sp.symbols("z", positive=True), sp.Symbol("s", real=True)
    odds = sp.log(z / (1 - z)) / 2
    beta = z ** ((shape - 1) / 2) * (1 - z) ** (-(shape + 1) / 2)
    law = sp.exp(shape * odds) * 2 * sp.sqrt(z * (1 - z)) * sp.diff(odds, z) / beta
    return Derivation((
        Step(
            "The Laplace transform of $1/\\cosh y$", sp.pi / sp.cos(sp.pi * shape / 2),
            "with $z=1/(1+e^{-2y})$ it is $\\mathrm{B}((1+s)/2,(1-s)/2)$, and $\\Gamma(u)\\Gamma(1-u)=\\pi/\\sin\\pi "
            "u$",
            "exact",
            lambda previous, current: [
                Claim(sp.diff(sp.log(law), z), "= 0", (z < 1,)), law.subs(z, sp.Rational(1, 2)) - 1,
                sp.gammasimp(sp.gamma((1 + shape) / 2) * sp.gamma((1 - shape) / 2)) - current,
            ], lemma=True,
        ),
        Step(
            "The integrals of $\\mathrm{sech}\\,y$ and of $(y-h)^2\\,\\mathrm{sech}\\,y$",
            sp.Tuple(sp.pi, sp.pi * (sp.pi**2 / 4 + half_odds**2)), "at $s=0$, and the second derivative of $e^{-sh}$ "
            "times it",
            "exact",
            lambda previous, current: [
                (sp.diff(previous * sp.exp(-shape * half_odds), shape, order) - wanted).subs(shape, 0)
                for order, wanted in ((0, current[0]), (2, current[1]))
            ],
        ),
    ))


def _integrand() -> sp.Expr:
    """What the mean time adds up along y = a x/sigma^2 + h, without exp(c(y-h)^2) sech(y)."""
    height = sp.exp(half**2 / (2 * sigma**2)) / (2 * sp.sqrt(p * (1 - p)))
    return p * sigma**3 * sp.sqrt(2 * sp.pi) * height / (step * half)


def _mean_of_curvature() -> sp.Expr:
    """The integral of exp(c(y-h)^2) sech(y), as far as it is kept."""
    return sp.pi * sp.exp(_c * half_odds**2) * (1 + sp.pi**2 * _c / 4)


@cache
def mean_time() -> Derivation:
    """The mean number of steps from + to -."""
    curvature = sigma**2 / (2 * half**2)
    back = sigma**2 * (_y - half_odds) / half
    kernel = sp.exp(curvature * (_y - half_odds) ** 2) * sp.sech(_y)
    adds = _integrand() * kernel
    return crossing().then(
        Step(
            "In $y=ax/\\sigma^2+h$", adds, "$x=\\sigma^2(y-h)/a$", "exact",
            lambda previous, current: [previous.subs(_x, back) * sp.diff(back, _y) - current],
        ),
        *sech_law().steps,
        Step(
            "The integral of $e^{c(y-h)^2}\\mathrm{sech}\\,y$ over the barrier, with $c=\\sigma^2/(2a^2)$",
            _mean_of_curvature(),
            "to first order in $c$, the exponential of $ch^2$ kept whole; the limits $\\pm a$ are far "
            "out", "asymptotic",
            lambda previous, current: [
                current.subs(_c, 0) - previous[0], sp.diff(current, _c).subs(_c, 0) - previous[1],
            ],
        ),
        Step(
            "The mean number of steps", _integrand() * _mean_of_curvature().subs(_c, curvature),
            "what it adds up along $y$ is a constant times $e^{c(y-h)^2}\\mathrm{sech}\\,y$", "exact",
            lambda previous, current: [current * kernel - adds * previous.subs(_c, curvature)],
        ),
    )


@cache
def jump_rate_kramers() -> Derivation:
    """Crossings from + to - per step."""
    curvature = sigma**2 / (2 * half**2)
    rate = (
        step * sp.sqrt((1 - p) / p) * sp.sqrt(2 / sp.pi**3) * half / sigma**3
        * sp.exp(-(half**2) / (2 * sigma**2) - half_odds**2 * curvature) / (1 + sp.pi**2 * curvature / 4)
    )
    return mean_time().then(Step(
        "The rate is the inverse of the mean time", rate, "one crossing in as many steps", "exact",
        lambda previous, current: [current * previous - 1],
    ))
