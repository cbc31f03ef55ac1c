"""Fluctuations over data sets by the delta method: lim sqrt(d) x standard deviation.

Everything that an experiment measures is a smooth function of nine scalars: products of mu, of the mean
deviation zbar = eta/n and of the mean base draw xbar0 = xi/(nK), and sums of squares about those means. They are
independent to leading order, with known means and variances of order 1/d. So the variance of f is the sum of
(df/ds)^2 var(s).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import sympy as sp

from asymptotics.algebra import expand_where, is_positive_somewhere
from asymptotics.derivation import Derivation, Step
from asymptotics.limited_samples import denoiser, finite, generated
from asymptotics.limited_samples.denoiser import SIZE
from asymptotics.limited_samples.finite import M00, M10, M11, T00, T10, T11
from asymptotics.symbols import (
    A,
    B,
    Delta,
    N,
    alpha,
    beta,
    draws,
    finite_delta,
    n,
    radius,
    ridge,
    scatter,
    sigma,
    spread_cross,
    spread_data,
    spread_noise,
)


@dataclass(frozen=True)
class Scalar:
    """One of the nine: its symbol, its mean, and d times its variance, as d -> infinity."""

    symbol: sp.Symbol
    mean: sp.Expr
    variance: sp.Expr


def _scalar(name: str, mean: sp.Expr | int, variance: sp.Expr) -> Scalar:
    return Scalar(sp.Symbol(name, real=True), sp.sympify(mean), variance)


_PAIRS = n * draws
MU_DATA = _scalar("mu_z", 0, radius**2 * sigma**2 / n)
MU_NOISE = _scalar("mu_x", 0, radius**2 / _PAIRS)
MEAN_DATA = _scalar("z_z", sigma**2 / n, 2 * sigma**4 / n**2)
MEAN_NOISE = _scalar("x_x", 1 / _PAIRS, 2 / _PAIRS**2)
MEAN_CROSS = _scalar("z_x", 0, sigma**2 / (n * _PAIRS))
WITHIN_DATA = _scalar("w_zz", (n - 1) * sigma**2 / n, 2 * (n - 1) * sigma**4 / n**2)
WITHIN_NOISE = _scalar("w_xx", (n - 1) / _PAIRS, 2 * (n - 1) / _PAIRS**2)
WITHIN_CROSS = _scalar("w_zx", 0, (n - 1) * sigma**2 / (n**2 * draws))
DRAWS_NOISE = _scalar("k_xx", (draws - 1) / draws, 2 * n * (draws - 1) / _PAIRS**2)
SCALARS = (MU_DATA, MU_NOISE, MEAN_DATA, MEAN_NOISE, MEAN_CROSS, WITHIN_DATA, WITHIN_NOISE, WITHIN_CROSS, DRAWS_NOISE)

SUMS: dict[sp.Symbol, sp.Expr] = {
    T11: radius**2 + 2 * MU_DATA.symbol + MEAN_DATA.symbol + WITHIN_DATA.symbol,
    T10: MU_NOISE.symbol + MEAN_CROSS.symbol + WITHIN_CROSS.symbol,
    T00: MEAN_NOISE.symbol + WITHIN_NOISE.symbol + DRAWS_NOISE.symbol,
    M11: radius**2 + 2 * MU_DATA.symbol + MEAN_DATA.symbol,
    M10: MU_NOISE.symbol + MEAN_CROSS.symbol,
    M00: MEAN_NOISE.symbol,
}
"""The sums of the exact solution in the nine scalars."""


@cache
def _spreads() -> dict[sp.Symbol, sp.Expr]:
    return {s: expand_where(v.subs(SUMS), [SIZE]) for s, v in finite.spreads().items()}


def _products(on_data: sp.Expr, on_noise: sp.Expr) -> dict[str, sp.Expr]:
    """Measured projections of on_data S1 + on_noise S0: on mu, xi and eta, normalised as the overlaps."""
    with_mean = _PAIRS * (on_data * (radius**2 + MU_DATA.symbol) + on_noise * MU_NOISE.symbol)
    with_noise = _PAIRS * (on_data * (MU_NOISE.symbol + MEAN_CROSS.symbol) + on_noise * MEAN_NOISE.symbol)
    with_data = _PAIRS * (on_data * (MU_DATA.symbol + MEAN_DATA.symbol) + on_noise * MEAN_CROSS.symbol)
    return {"mean": with_mean / radius**2, "noise": with_noise, "sample": with_data / sigma**2}


_AT_LIMIT = {spread_data: A / N, spread_noise: B / N, spread_cross: sp.S.Zero}
_AT_MEAN = {scalar.symbol: scalar.mean for scalar in SCALARS}


def _at_limit(expression: sp.Expr) -> sp.Expr:
    """By the law of large numbers, in the shorthands of the limit."""
    limit = expand_where(expression.subs(_AT_LIMIT).subs(_AT_MEAN), [SIZE])
    # Factored with N and Delta written out, so that what cancels in them is gone; then named again.
    named = sp.factor(sp.cancel(sp.together(limit)))
    mixed = [factor for factor in named.atoms(sp.Add) if _negative(factor)]
    return named.xreplace({f: _without_cancellation(f) for f in mixed}).subs({SIZE[1]: N, denoiser.delta(): Delta})


def _negative(expression: sp.Expr) -> bool:
    return any(term.could_extract_minus_sign() for term in sp.Add.make_args(expression))


_within, _pairs_left, _samples_left = sp.symbols("within pairs_left samples_left", positive=True)
_PARTS: tuple[tuple[sp.Symbol, sp.Expr, dict[sp.Expr, sp.Expr]], ...] = (
    (A, _within + ridge * radius**2 + ridge * sigma**2, {n: 1 + _samples_left}),
    (B, _pairs_left + ridge, {n: (1 + _pairs_left) / draws}),
)
"""A and B in positive parts, and n by what is left of the samples or pairs after the first."""
_BACK = {_within: draws * sigma**2 * (n - 1), _pairs_left: n * draws - 1, _samples_left: n - 1}


def _regrouped(opened: sp.Expr) -> sp.Expr:
    """Monomials in all but the counts, each with its factored count, in n and nK again."""
    letters = sorted(opened.free_symbols - {_pairs_left, _samples_left}, key=lambda s: s.name)
    terms = sp.Poly(opened, *letters).terms()
    return sp.Add(*(
        (sp.factor(count) * sp.prod([s**k for s, k in zip(letters, powers, strict=True)])).subs(_BACK)
        for powers, count in terms
    ))


def _without_cancellation(factor: sp.Expr) -> sp.Expr:
    """A difference written as a sum of positive terms, where the parts of A or B allow it; else as it is."""
    if not _negative(factor):
        return factor
    for symbol, _, _ in _PARTS:
        rest = factor.subs(symbol, 0)
        inner = sp.expand(sp.cancel((factor - rest) / symbol))
        better = _without_cancellation(inner) if inner.has(symbol) and not _negative(sp.expand(rest)) else factor
        if not _negative(better):
            return symbol * better + rest
    for symbol, parts, left in _PARTS:
        opened = sp.expand(sp.expand(factor.subs(symbol, parts)).subs(left))
        if not _negative(opened):
            return _regrouped(opened)
    return factor


def _variance(measured: sp.Expr) -> sp.Expr:
    """d times the variance of a function of the spreads and the scalars, in the limit's shorthands."""
    total = sp.S.Zero
    for scalar in SCALARS:
        slope = sp.diff(measured, scalar.symbol) + sum(
            (sp.diff(measured, s) * sp.diff(meaning, scalar.symbol) for s, meaning in _spreads().items()), sp.S.Zero
        )
        total += _at_limit(slope) ** 2 * scalar.variance
    return total


Measure = Callable[[sp.Expr], sp.Expr]


def _overlap(direction: str) -> Measure:
    """The measured overlap as a function of the skip c: w = [(1 - c beta) S1 - c alpha S0]/N."""
    return lambda c: _products((1 - c * beta) / N, -c * alpha / N)[direction]


def _error(size: sp.Expr) -> sp.Expr:
    """|mu_hat - mu|^2/d as a function of the generated variance: mu_hat = (S1 - sqrt(variance) S0)/N."""
    root, share = sp.sqrt(size), _PAIRS / N
    square = SUMS[M11] - 2 * root * SUMS[M10] + size * SUMS[M00]
    along = radius**2 + MU_DATA.symbol - root * MU_NOISE.symbol
    return share**2 * square - 2 * share * along + radius**2


def _moments_agree() -> list[sp.Expr]:
    """The nine scalars add up to sums whose exact means and leading variances are plain Gaussian moments."""
    known = {
        T11: (radius**2 + sigma**2, (4 * radius**2 * sigma**2 + 2 * sigma**4) / n),
        T10: (sp.S.Zero, (radius**2 + sigma**2) / _PAIRS),
        T00: (sp.S.One, 2 / _PAIRS),
        M11: (radius**2 + sigma**2 / n, 4 * radius**2 * sigma**2 / n + 2 * sigma**4 / n**2),
        M10: (sp.S.Zero, (radius**2 + sigma**2 / n) / _PAIRS),
        M00: (1 / _PAIRS, 2 / _PAIRS**2),
    }
    residuals = []
    for total, (mean, spread) in known.items():
        parts = SUMS[total]
        residuals.append(parts.subs(_AT_MEAN) - mean)
        residuals.append(sum((sp.diff(parts, s.symbol) ** 2 * s.variance for s in SCALARS), sp.S.Zero) - spread)
    return residuals


def _fluctuation(before: Derivation, measure: Measure, limit: Derivation) -> Derivation:
    """``before`` ends in the exact skip or generated variance, of which ``measure`` makes what is measured."""
    measured = expand_where(measure(before.result), [d for d in before.where if d[0] == finite_delta])
    variances = sp.Tuple(*(scalar.variance for scalar in SCALARS))
    value = _variance(measured)
    fresh = [d for d in limit.where if d not in before.where]
    return before.then(
        Step(
            "What is measured, in the spreads $a$, $b$, $g$ and in products of $\\mu$, $\\bar z=\\eta/n$ and "
            "$\\bar x_0=\\xi/(nK)$ per $d$",
            measured, "put the exact minimiser into the measurement; at the means it is the known limit", "exact",
            lambda previous, current: [
                expand_where(measure(previous) - current, before.where), _at_limit(current) - limit.result,
            ],
        ),
        Step(
            "The scalars it is made of are independent to leading order, with these variances, times $1/d$",
            variances,
            "products and squares of Gaussian vectors: about $\\mu$, of the means, within samples, within draws",
            "asymptotic", lambda previous, current: [
                *_moments_agree(), *(a - b.variance for a, b in zip(current, SCALARS, strict=True)),
            ],
        ),
        Step(
            "The variance over data sets times $d$",
            value, "the delta method: the sum of squared slopes times variances", "asymptotic",
            lambda previous, current: _is_delta_method(measured, previous, expand_where(current, limit.where)),
        ),
        Step(
            "The fluctuation over data sets, $\\lim\\sqrt d\\times$ standard deviation",
            sp.sqrt(scatter), "a standard deviation is the root of a variance, which is $V$", "exact",
            lambda previous, current: [
                previous - scatter, current**2 - previous,
                is_positive_somewhere(expand_where(current, [*limit.where, (scatter, value)])),
            ],
        ),
        where=[*fresh, (scatter, value)],
    )


def _is_delta_method(measured: sp.Expr, variances: sp.Tuple, stated: sp.Expr) -> list[bool]:
    """The stated fluctuation against the slopes of the whole expression, in 50 digits at three points."""
    held = []
    for k in range(3):
        point = {s: sp.Rational(7 + 3 * i + k, 5) for i, s in enumerate((n, draws, sigma, ridge, radius, alpha, beta))}
        squares = [
            slope.xreplace(point).evalf(50) ** 2 * v.xreplace(point).evalf(50)
            for slope, v in zip(_slopes(measured), variances, strict=True)
        ]
        total = sum(squares, sp.S.Zero)
        held.append(bool(abs(stated.xreplace(point).evalf(50) - total) < sp.Float("1e-40") * total))
    return held


def _slopes(measured: sp.Expr) -> list[sp.Expr]:
    """The derivatives in the nine scalars at their means, the spreads put in before differentiating."""
    whole = expand_where(measured.subs(_spreads()), [SIZE])
    return [sp.diff(whole, scalar.symbol).subs(_AT_MEAN) for scalar in SCALARS]


@cache
def skip() -> Derivation:
    return _fluctuation(finite.skip(), lambda c: c, denoiser.skip())


@cache
def overlap_mean() -> Derivation:
    return _fluctuation(finite.skip(), _overlap("mean"), denoiser.overlap_mean())


@cache
def overlap_noise() -> Derivation:
    return _fluctuation(finite.skip(), _overlap("noise"), denoiser.overlap_noise())


@cache
def overlap_sample() -> Derivation:
    return _fluctuation(finite.skip(), _overlap("sample"), denoiser.overlap_sample())


@cache
def generated_variance() -> Derivation:
    return _fluctuation(finite.generated_variance(), lambda size: size, generated.generated_variance())


@cache
def mean_error() -> Derivation:
    return _fluctuation(finite.generated_variance(), _error, generated.mean_error())
