"""Fluctuations over data sets of what an experiment measures: each exact solution, its measurement and its limit."""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics.derivation import Derivation
from asymptotics.limited_samples import denoiser, finite, flow, generated, no_skip
from asymptotics.limited_samples.corrections.delta_method import (
    MEAN_CROSS,
    MEAN_DATA,
    MEAN_NOISE,
    MU_DATA,
    MU_NOISE,
    PAIRS,
    SUMS,
    Measure,
    fluctuation,
)
from asymptotics.limited_samples.finite import M00, M10, M11
from asymptotics.symbols import N, alpha, beta, radius, sigma


def _products(on_data: sp.Expr, on_noise: sp.Expr) -> dict[str, sp.Expr]:
    """Measured projections of on_data S1 + on_noise S0: on mu, xi and eta, normalised as the overlaps."""
    with_noise = PAIRS * (on_data * (MU_NOISE.symbol + MEAN_CROSS.symbol) + on_noise * MEAN_NOISE.symbol)
    with_data = PAIRS * (on_data * (MU_DATA.symbol + MEAN_DATA.symbol) + on_noise * MEAN_CROSS.symbol)
    return {"mean": PAIRS * _along(on_data, on_noise) / radius**2, "noise": with_noise, "sample": with_data / sigma**2}


def _overlap(direction: str) -> Measure:
    """The measured overlap as a function of the skip c: w = [(1 - c beta) S1 - c alpha S0]/N."""
    return lambda c: _products((1 - c * beta) / N, -c * alpha / N)[direction]


def _offset(direction: str) -> Measure:
    """The measured offset of the flow as a function of its coefficient on S0; that on S1 is beta/N."""
    return lambda on_noise: _products(beta / N, on_noise)[direction]


def _along(on_data: sp.Expr, on_noise: sp.Expr) -> sp.Expr:
    """nK (on_data S1 + on_noise S0) . mu / d, the sums over nK."""
    return on_data * (radius**2 + MU_DATA.symbol) + on_noise * MU_NOISE.symbol


def _square(on_data: sp.Expr, on_noise: sp.Expr) -> sp.Expr:
    """|on_data S1 + on_noise S0|^2/d, the sums over nK."""
    return on_data**2 * SUMS[M11] + 2 * on_data * on_noise * SUMS[M10] + on_noise**2 * SUMS[M00]


def _error(on_data: sp.Expr, on_noise: sp.Expr) -> sp.Expr:
    """|mu_hat - mu|^2/d, mu_hat = on_data S1 + on_noise S0, the sums over nK."""
    return _square(on_data, on_noise) - 2 * _along(on_data, on_noise) + radius**2


def _cosine(on_data: sp.Expr, on_noise: sp.Expr) -> sp.Expr:
    return _along(on_data, on_noise) / (radius * sp.sqrt(_square(on_data, on_noise)))


@cache
def skip() -> Derivation:
    return fluctuation(finite.skip(), lambda c: c, denoiser.skip())


@cache
def overlap_mean() -> Derivation:
    return fluctuation(finite.skip(), _overlap("mean"), denoiser.overlap_mean())


@cache
def overlap_noise() -> Derivation:
    return fluctuation(finite.skip(), _overlap("noise"), denoiser.overlap_noise())


@cache
def overlap_sample() -> Derivation:
    return fluctuation(finite.skip(), _overlap("sample"), denoiser.overlap_sample())


@cache
def training_loss() -> Derivation:
    return fluctuation(finite.training_loss(), lambda loss: loss, denoiser.training_loss())


@cache
def flow_mean() -> Derivation:
    return fluctuation(finite.flow_noise(), _offset("mean"), flow.mean())


@cache
def flow_noise() -> Derivation:
    return fluctuation(finite.flow_noise(), _offset("noise"), flow.noise())


@cache
def flow_sample() -> Derivation:
    return fluctuation(finite.flow_noise(), _offset("sample"), flow.sample())


@cache
def flow_variance() -> Derivation:
    return fluctuation(finite.flow_variance(), lambda size: size, flow.factor())


@cache
def generated_variance() -> Derivation:
    return fluctuation(finite.generated_variance(), lambda size: size, generated.generated_variance())


@cache
def mean_error() -> Derivation:
    """mu_hat = (S1 - sqrt(variance) S0)/N."""
    return fluctuation(
        finite.generated_variance(), lambda size: _error(PAIRS / N, -sp.sqrt(size) * PAIRS / N), generated.mean_error()
    )


@cache
def mean_cosine() -> Derivation:
    """Of the same centre, whose length does not matter."""
    return fluctuation(
        finite.generated_variance(), lambda size: _cosine(sp.S.One, -sp.sqrt(size)), generated.mean_cosine()
    )


@cache
def no_skip_error() -> Derivation:
    """mu_hat = S1/N."""
    return fluctuation(
        no_skip.at_any_dimension(), lambda on_data: _error(PAIRS * on_data, sp.S.Zero), no_skip.error()
    )
