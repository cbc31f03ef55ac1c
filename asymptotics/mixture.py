"""The exact field of the mixture by Bayes' rule: posterior of the mode, denoiser, velocity; at any dimension.

Target p N(mu, sigma^2 I) + (1-p) N(-mu, sigma^2 I), x_t = alpha x0 + beta x1.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics.derivation import Derivation, Step
from asymptotics.limited_samples.velocity import gain
from asymptotics.symbols import alpha, beta, dalpha, dbeta, half_odds, noised, p, sigma

z = sp.Symbol("z", real=True)
"""A standard normal variable."""
overlap, length = sp.symbols("mu_x mu_mu", real=True)
"""mu.x and |mu|^2."""
_x, _mu, _mode = sp.symbols("x mu S", real=True)
"""One coordinate of x_t and mu; the mode, +-1."""
MEANING = (noised, alpha**2 + sigma**2 * beta**2)
ODDS = (half_odds, sp.log(p / (1 - p)) / 2)


@cache
def noise() -> Derivation:
    """The law of x_t given the mode."""
    return Derivation((
        Step("The target is a mixture of two Gaussians with the weights $p$, $1-p$", p,
             "arXiv:2412.07972; the dimension is arbitrary", "assumption"),
        Step(
            "Given the mode $S=\\pm1$, $x_t\\sim\\mathcal{N}(S\\beta\\mu,V I)$ with this variance",
            noised, "a sum of independent Gaussians: variances $\\alpha^2$ and $\\beta^2\\sigma^2$ add", "exact",
            lambda previous, current: [
                dict([MEANING])[noised] - _variance_of_sum(), current - noised, previous - p,
            ],
        ),
    ), (MEANING,))


def _variance_of_sum() -> sp.Expr:
    """E (alpha a + beta sigma b)^2 for independent standard a, b, from its moment generating function."""
    t = sp.Symbol("t", real=True)
    generating = sp.exp((alpha * t) ** 2 / 2) * sp.exp((beta * sigma * t) ** 2 / 2)
    return sp.diff(generating, t, 2).subs(t, 0)


def log_ratio() -> sp.Expr:
    """Half the logarithm of the likelihood ratio of the modes: beta mu.x / V."""
    return beta * overlap / noised


def _exponent(sign: int, variance: sp.Expr) -> sp.Expr:
    """Of one coordinate of a Gaussian."""
    return -((_x - sign * beta * _mu) ** 2) / (2 * variance)


def _log_ratio_by_densities(variance: sp.Expr) -> sp.Expr:
    """The same from one coordinate of the two Gaussians."""
    return sp.expand((_exponent(1, variance) - _exponent(-1, variance)) / 2).subs(_x * _mu, overlap)


@cache
def posterior() -> Derivation:
    """E[S|x_t] = tanh(h + beta mu.x/V)."""
    value = sp.tanh(half_odds + log_ratio())
    return noise().then(
        Step(
            "Half the log odds of the modes given $x_t$, with $h=\\frac12\\ln\\frac{p}{1-p}$",
            half_odds + log_ratio(),
            "Bayes' rule; the Gaussians differ in the cross term alone, which adds up to $\\mu\\cdot x_t$",
            "exact",
            lambda previous, current: [
                current - half_odds - _log_ratio_by_densities(previous),
            ],
        ),
        Step(
            "The posterior mean of the mode",
            value, "the probability of the + mode is $e^{y}/(e^{y}+e^{-y})$ for half the log odds $y$", "exact",
            lambda previous, current: [_is_posterior_mean(previous, current)],
        ),
        where=[ODDS],
    )


def _is_posterior_mean(odds: sp.Expr, mean: sp.Expr) -> sp.Expr:
    up, down = sp.exp(odds), sp.exp(-odds)
    return (up - down) / (up + down) - mean


@cache
def denoiser() -> Derivation:
    """E[x1|x_t]: its coefficients on x_t and on mu E[S|x_t]."""
    linear, along = sigma**2 * beta / noised, alpha**2 / noised
    return posterior().then(
        Step(
            "$E[x_1|x_t]$ has these coefficients on $x_t$ and on $\\mu\\,E[S|x_t]$",
            sp.Tuple(linear, along),
            "given the mode, $x_1$ and $x_t$ are jointly Gaussian: $E[x_1|x_t,S]=S\\mu+\\frac{\\beta\\sigma^2}{V}"
            "(x_t-S\\beta\\mu)$; then the mean over $S$",
            "exact",
            lambda previous, current: [*_regression(current), _by_score(previous, current)],
        )
    )


def _regression(coefficients: sp.Tuple) -> list[sp.Expr]:
    """The estimate is S mu at x_t = S beta mu, and its error does not correlate with x_t."""
    linear, along = (part.xreplace(dict([MEANING])) for part in coefficients)
    covariance = beta * sigma**2 - linear * (alpha**2 + sigma**2 * beta**2)
    return [linear * beta + along - 1, covariance]


def _by_score(mode: sp.Expr, coefficients: sp.Tuple) -> sp.Expr:
    """Along mu, beta E[x1|x_t] = x_t + alpha^2 (ln density)', since x_t - beta x1 is alpha times a normal number."""
    density = p * sp.exp(_exponent(1, noised)) + (1 - p) * sp.exp(_exponent(-1, noised))
    linear, along = coefficients
    estimate = linear * _x + along * _mu * mode.subs(overlap, _x * _mu)
    return beta * estimate - _x - alpha**2 * sp.diff(density, _x) / density


@cache
def skip() -> Derivation:
    return _part(denoiser(), 0, "The denoiser's coefficient on $x_t$")


@cache
def along_mean() -> Derivation:
    return _part(denoiser(), 1, "The denoiser's coefficient on $\\mu\\,E[S|x_t]$")


@cache
def velocity() -> Derivation:
    """The velocity's coefficients, regular at alpha = 0."""
    linear = (alpha * dalpha + sigma**2 * beta * dbeta) / noised
    along = alpha * (alpha * dbeta - beta * dalpha) / noised
    return denoiser().then(
        Step(
            "The velocity $(\\dot\\beta-\\beta\\dot\\alpha/\\alpha)E[x_1|x_t]+(\\dot\\alpha/\\alpha)x_t$ has these "
            "coefficients on $x_t$ and on $\\mu\\,E[S|x_t]$",
            sp.Tuple(linear, along), "no pole is left at $\\alpha=0$", "exact",
            lambda previous, current: [
                (gain * previous[0] + dalpha / alpha - current[0]).xreplace(dict([MEANING])),
                (gain * previous[1] - current[1]).xreplace(dict([MEANING])),
            ],
        )
    )


@cache
def velocity_linear() -> Derivation:
    return _part(velocity(), 0, "The velocity's coefficient on $x_t$")


@cache
def velocity_mean() -> Derivation:
    return _part(velocity(), 1, "The velocity's coefficient on $\\mu\\,E[S|x_t]$")


def _part(before: Derivation, index: int, claim: str) -> Derivation:
    return before.then(Step(
        claim, before.result[index], "read off", "exact", lambda previous, current: [previous[index] - current],
    ))
