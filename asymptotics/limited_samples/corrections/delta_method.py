"""The delta method: lim sqrt(d) x standard deviation over data sets of a smooth function of nine scalars.

Everything that an experiment measures is one: of products of mu, of the mean deviation zbar = eta/n and of the mean
base draw xbar0 = xi/(nK), and of sums of squares about those means. They are independent to leading order, with
known means and variances of order 1/d. So the variance of f is the sum of (df/ds)^2 var(s).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import sympy as sp

from asymptotics.algebra import expand_where
from asymptotics.derivation import Definition, Derivation, Step
from asymptotics.limited_samples import denoiser, finite, flow
from asymptotics.limited_samples.corrections.cancellation import ROOT, mixed, without_cancellation
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
    factor,
    finite_delta,
    lag,
    n,
    radius,
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


PAIRS = n * draws
MU_DATA = _scalar("mu_z", 0, radius**2 * sigma**2 / n)
MU_NOISE = _scalar("mu_x", 0, radius**2 / PAIRS)
MEAN_DATA = _scalar("z_z", sigma**2 / n, 2 * sigma**4 / n**2)
MEAN_NOISE = _scalar("x_x", 1 / PAIRS, 2 / PAIRS**2)
MEAN_CROSS = _scalar("z_x", 0, sigma**2 / (n * PAIRS))
WITHIN_DATA = _scalar("w_zz", (n - 1) * sigma**2 / n, 2 * sigma**4 * (n - 1) / n**2)
WITHIN_NOISE = _scalar("w_xx", (n - 1) / PAIRS, 2 / PAIRS**2 * (n - 1))
WITHIN_CROSS = _scalar("w_zx", 0, (n - 1) * sigma**2 / (n**2 * draws))
DRAWS_NOISE = _scalar("k_xx", (draws - 1) / draws, 2 * n * (draws - 1) / PAIRS**2)
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

_AT_LIMIT = {spread_data: A / N, spread_noise: B / N, spread_cross: sp.S.Zero}
_AT_MEAN = {scalar.symbol: scalar.mean for scalar in SCALARS}


@cache
def _spreads() -> dict[sp.Symbol, sp.Expr]:
    return {s: expand_where(v.subs(SUMS), [SIZE]) for s, v in finite.spreads().items()}


@cache
def _roots() -> tuple[Definition, ...]:
    """F, and what sqrt(F) is above alpha, per beta: both without cancellation, after what they need."""
    before = flow.factor()
    size = before.result
    return *before.where, (factor, size), (lag, sp.cancel((size - alpha**2) / beta) / (alpha + sp.sqrt(factor)))


def _at_limit(expression: sp.Expr) -> sp.Expr:
    """By the law of large numbers, in the shorthands of the limit."""
    limit = expand_where(expression.subs(_AT_LIMIT).subs(_AT_MEAN), [SIZE])
    # Factored with N and Delta written out, so that what cancels in them is gone; then named again.
    roots = {sp.sqrt(denoiser.delta()) ** sign: (sp.sqrt(B) * ROOT) ** sign for sign in (1, -1)}
    named = without_cancellation(sp.factor(_factored(limit).xreplace(roots)))
    if any(each.has(ROOT) for each in mixed(named)):
        # What cancels against the root is seen once A is written with it: beta^2 A = B (F - alpha^2).
        named = without_cancellation(_factored(named.subs(A, B * (ROOT**2 - alpha**2) / beta**2)))
    return named.subs({SIZE[1]: N, denoiser.delta(): Delta}).xreplace({ROOT: sp.sqrt(factor)})


def _factored(expression: sp.Expr) -> sp.Expr:
    return sp.factor(sp.cancel(sp.together(expression)))


def _slopes(measured: sp.Expr) -> list[sp.Expr]:
    """The derivatives in the nine scalars, by the chain rule through the spreads, in the limit's shorthands."""
    return [
        _at_limit(sp.diff(measured, scalar.symbol) + sum(
            (sp.diff(measured, s) * sp.diff(meaning, scalar.symbol) for s, meaning in _spreads().items()), sp.S.Zero
        ))
        for scalar in SCALARS
    ]


def _variance(slopes: Iterable[sp.Expr], variances: Iterable[sp.Expr]) -> sp.Expr:
    """d times the variance of what has these slopes in the nine scalars."""
    return sum((slope**2 * spread for slope, spread in zip(slopes, variances, strict=True)), sp.S.Zero)


def _common(total: sp.Expr) -> sp.Expr:
    """The powers that all terms share, in numerators or in denominators."""
    first, *others = (term.as_powers_dict() for term in sp.Add.make_args(total))
    shared = []
    for base in sorted((b for b in first if not b.is_number), key=sp.default_sort_key):
        powers = [each.get(base, 0) for each in (first, *others)]
        shared.append(base ** (min(powers) if min(powers) > 0 else min(max(powers), 0)))
    return sp.Mul(*shared)


def _moments_agree() -> list[sp.Expr]:
    """The nine scalars add up to sums whose exact means and leading variances are plain Gaussian moments."""
    known = {
        T11: (radius**2 + sigma**2, (4 * radius**2 * sigma**2 + 2 * sigma**4) / n),
        T10: (sp.S.Zero, (radius**2 + sigma**2) / PAIRS),
        T00: (sp.S.One, 2 / PAIRS),
        M11: (radius**2 + sigma**2 / n, 4 * radius**2 * sigma**2 / n + 2 * sigma**4 / n**2),
        M10: (sp.S.Zero, (radius**2 + sigma**2 / n) / PAIRS),
        M00: (1 / PAIRS, 2 / PAIRS**2),
    }
    residuals = []
    for total, (mean, spread) in known.items():
        parts = SUMS[total]
        residuals.append(parts.subs(_AT_MEAN) - mean)
        residuals.append(sum((sp.diff(parts, s.symbol) ** 2 * s.variance for s in SCALARS), sp.S.Zero) - spread)
    return residuals


Measure = Callable[[sp.Expr], sp.Expr]


def fluctuation(before: Derivation, measure: Measure, limit: Derivation) -> Derivation:
    """``before`` ends in something exact at any dimension, of which ``measure`` makes what is measured.

    ``limit`` ends in what that tends to.
    """
    measured = expand_where(measure(before.result), [d for d in before.where if d[0] == finite_delta])
    variances = sp.Tuple(*(scalar.variance for scalar in SCALARS))
    slopes = _slopes(measured)
    value = _variance(slopes, variances)
    common = _common(value)
    rest = sp.Add(*(term / common for term in sp.Add.make_args(value)))
    known = list(dict.fromkeys([*limit.where, *(_roots() if value.has(factor, lag) else ())]))
    where = [*(d for d in known if d not in before.where), (scatter, rest)]
    return before.then(
        Step(
            "What is measured, in the spreads $a$, $b$, $g$ and in products of $\\mu$, $\\bar z=\\eta/n$ and "
            "$\\bar x_0=\\xi/(nK)$ per $d$",
            measured, "put what is exact into the measurement; at the means it is the known limit", "exact",
            lambda previous, current: _is_measured(
                expand_where(measure(previous) - current, before.where), current, limit.result),
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
            lambda previous, current: [
                _variance(slopes, previous) - current,
                *(expand_where(a - b, known) for a, b in zip(_plain_slopes(measured), slopes, strict=True)),
            ],
        ),
        Step(
            "The fluctuation over data sets, $\\lim\\sqrt d\\times$ standard deviation",
            sp.sqrt(common) * sp.sqrt(scatter),
            "a standard deviation is the root of a variance; $V$ is what is left of it without common factors", "exact",
            lambda previous, current: [
                previous - sp.Add(*(common * term for term in sp.Add.make_args(rest))),
                current - sp.sqrt(common) * sp.sqrt(scatter),
            ],
        ),
        where=where,
    )


def _is_measured(residual: sp.Expr, measured: sp.Expr, limit: sp.Expr) -> Iterator[sp.Expr]:
    """One after the other: the limit of what is not measured need not be simple."""
    yield residual
    yield expand_where(_at_limit(measured), _roots()) - limit


def _plain_slopes(measured: sp.Expr) -> list[sp.Expr]:
    """The derivatives in the nine scalars at their means, the spreads put in before differentiating."""
    whole = expand_where(measured.subs(_spreads()), [SIZE])
    return [sp.diff(whole, scalar.symbol).subs(_AT_MEAN) for scalar in SCALARS]
