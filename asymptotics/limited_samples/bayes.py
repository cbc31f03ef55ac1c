"""The Bayes estimator of mu from n samples (sigma known, prior N(0, r^2 I)), up to the global sign."""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics.derivation import Claim, Derivation, Step
from asymptotics.symbols import n, radius, sigma

_mu, _xbar = sp.symbols("mu xbar", real=True)


def _is_log_posterior(energy: sp.Expr) -> list[sp.Expr]:
    """Up to a constant, minus the logarithm of prior times likelihood."""

    def density(x: sp.Expr, variance: sp.Expr) -> sp.Expr:
        return sp.exp(-(x**2) / (2 * variance)) / sp.sqrt(2 * sp.pi * variance)

    joint = density(_mu, radius**2) * density(_xbar - _mu, sigma**2 / n)
    return [sp.diff(energy, x) + sp.diff(joint, x) / joint for x in (_mu, _xbar)]


@cache
def posterior() -> Derivation:
    """Minus the log posterior of one coordinate, given the mean xbar of the s x1; and its minimum."""
    energy = _mu**2 / (2 * radius**2) + n * (_xbar - _mu) ** 2 / (2 * sigma**2)
    (mean,) = sp.solve(sp.diff(energy, _mu), _mu)
    return Derivation((
        Step(
            "The signs are known up to a global one, so that the $s x_1$ are $n$ draws of "
            "$\\mathcal{N}(\\mu,\\sigma^2 I)$, and $\\bar x$ is sufficient",
            _xbar,
            "as $d\\to\\infty$ two samples share their sign or not without doubt",
            "assumption",
        ),
        Step(
            "Minus the log posterior of a coordinate, with the prior $\\mathcal{N}(0,r^2)$",
            energy,
            "$\\bar x\\sim\\mathcal{N}(\\mu,\\sigma^2/n)$; each coordinate by itself; $|\\mu|^2=r^2d$ "
            "fixes the prior",
            "assumption",
            lambda previous, current: _is_log_posterior(current),
        ),
        Step(
            "The posterior mean",
            sp.factor(mean),
            "the log posterior is quadratic, so its mode is its mean",
            "exact",
            lambda previous, current: [
                sp.diff(previous, _mu).subs(_mu, current), Claim(sp.diff(previous, _mu, 2), "> 0"),
            ],
        ),
    ))


@cache
def error() -> Derivation:
    energy = posterior().steps[-2].expression
    return posterior().then(
        Step(
            "The mean squared error per $d$ is the posterior variance",
            sp.factor(1 / sp.diff(energy, _mu, 2)),
            "the inverse curvature of a quadratic log posterior; it does not depend on the data",
            "exact",
            lambda previous, current: [
                current * sp.diff(energy, _mu, 2) - 1,
                _mean_square(previous) - current,
            ],
        )
    )


def _mean_square(estimate: sp.Expr) -> sp.Expr:
    """E (estimate - mu)^2 over mu ~ N(0, r^2) and xbar ~ N(mu, sigma^2/n)."""
    noise = sp.Symbol("noise", real=True)
    gap = sp.expand(sp.expand((estimate.subs(_xbar, _mu + noise) - _mu) ** 2))
    poly = sp.Poly(gap, _mu, noise)
    return poly.coeff_monomial(_mu**2) * radius**2 + poly.coeff_monomial(noise**2) * sigma**2 / n


@cache
def cosine() -> Derivation:
    gain = sp.diff(posterior().result, _xbar)
    length = sp.factor(gain**2 * (radius**2 + sigma**2 / n))
    squared = sp.factor(sp.cancel((gain * radius**2) ** 2 / (radius**2 * length)))
    top, bottom = sp.fraction(squared)
    return posterior().then(
        Step(
            "The cosine of the angle between the posterior mean and $\\mu$",
            sp.sqrt(top / bottom),
            "$\\bar x=\\mu+\\sigma g/\\sqrt n$ with $g$ orthogonal to $\\mu$ as $d\\to\\infty$",
            "asymptotic",
            lambda previous, current: [
                current**2 * (radius**2 + sigma**2 / n) - radius**2,
                Claim(sp.diff(previous, _xbar), "> 0"),
                Claim(current, "> 0"),
            ],
        )
    )
