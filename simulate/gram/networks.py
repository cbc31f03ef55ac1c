"""Networks and flows of many data sets at once, from their `GramStatistics` alone: O(1) for each, at any n and d.

Exact at finite d for the minimiser given the true labels. Whether those labels are self-consistent, and on which
side a generated point starts, is not looked at: near the ends of the schedule (beta or alpha of order d^(-1/2))
a network of true dimension may answer otherwise, see label_flips of `simulate.curves.denoiser`.

Notation as in `GramStatistics.spreads`: Delta = alpha^2 b + 2 alpha beta g + beta^2 a. All vectors are m mu +
u zbar + v x0bar, or mu + zbar with one coefficient.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erf

from simulate import checks
from simulate.gram.sufficient import GramStatistics
from simulate.gram.wishart import Array


class Denoisers(NamedTuple):
    """What is measured of the minimisers, arrays (seeds, times); names and meanings of `curves.denoiser`.

    ``test_error`` is the expectation over a fresh pair, the sign it may get wrong included.
    """

    skip: Array
    overlap_mean: Array
    overlap_noise: Array
    overlap_sample: Array
    training_loss: Array
    test_error: Array


class Minimisers(NamedTuple):
    """c, 1 - c beta, and w = u x1bar + v x0bar for the labels as given, (seeds, times)."""

    skip: Array
    rest: Array
    u: Array
    v: Array


class Flows(NamedTuple):
    """X_t = s offset + factor X_0 from noise at alpha = 1, (seeds, times): projections of offset, factor^2."""

    flow_mean: Array
    flow_noise: Array
    flow_sample: Array
    flow_variance: Array


class Generated(NamedTuple):
    """The generated law at alpha = 0, beta = 1, arrays (seeds,): that of the centre given the data."""

    mean_error: Array
    generated_variance: Array
    mean_cosine: Array


def denoisers(
    statistics: GramStatistics, *, alpha: ArrayLike, beta: ArrayLike, ridge: float, skip: bool = True
) -> Denoisers:
    """c = (beta a + alpha g) / Delta and w = [(1 - c beta) S1 - c alpha S0] / N, measured, at times (alpha, beta).

    w has the sign that `simulate.autoencoder.Autoencoder.oriented` picks; ``skip=False`` has c = 0. ValueError where
    x_t is the labels' direction alone and leaves c undetermined.
    """
    x, y = _times(alpha, beta)
    c, rest, u, v = minimisers(statistics, alpha=alpha, beta=beta, ridge=ridge, skip=skip)
    a, b, g = (each[:, None] for each in statistics.spreads(ridge))
    loss = 0.5 * (x**2 * (a * b - g**2) / _delta(statistics, ridge, x, y) if skip else a + np.zeros_like(x))
    error = _test_error(statistics, x, y, c, rest, u, v)
    return Denoisers(c, *project(statistics, u, v), loss, error)


def minimisers(
    statistics: GramStatistics, *, alpha: ArrayLike, beta: ArrayLike, ridge: float, skip: bool = True
) -> Minimisers:
    """The networks themselves, see `denoisers`."""
    x, y = _times(alpha, beta)
    a, b, g = (each[:, None] for each in statistics.spreads(ridge))
    share = statistics.pairs / (statistics.pairs + ridge)
    if checks.flag("skip", skip):
        delta = _delta(statistics, ridge, x, y)
        if not (delta > 0).all():
            raise ValueError(
                "x_t of all pairs is the same up to its label, so the skip c is not determined; use ridge > 0, "
                "another time, or skip=False"
            )
        c, rest = (y * a + x * g) / delta, x * (x * b + y * g) / delta
    else:
        c, rest = np.zeros_like(a + x), np.ones_like(a + x)
    return Minimisers(c, rest, share * rest, -share * c * x)


def flows(
    statistics: GramStatistics, *, alpha: ArrayLike, beta: ArrayLike, ridge: float, skip: bool = True
) -> Flows:
    """offset = [beta S1 + (alpha - factor) S0] / N, factor = sqrt(Delta / b); without skip factor = alpha."""
    x, y = _times(alpha, beta)
    a, b, g = (each[:, None] for each in statistics.spreads(ridge))
    share = statistics.pairs / (statistics.pairs + ridge)
    if checks.flag("skip", skip):
        variance = _delta(statistics, ridge, x, y) / b
        total = x + variance**0.5
        # alpha - factor, without cancellation; both are 0 only where nothing is left of the data.
        fall = -y * (2.0 * x * g + y * a) / b / np.where(total > 0, total, 1.0)
    else:
        variance, fall = x**2 + np.zeros_like(a), np.zeros_like(a + x)
    return Flows(*project(statistics, share * y + np.zeros_like(a), share * fall), variance)


def generated(statistics: GramStatistics, *, ridge: float, skip: bool = True) -> Generated:
    """centre = [S1 - sqrt(a/b) S0] / N and variance a/b; without skip S1 / N and 0."""
    a, b, _ = statistics.spreads(ridge)
    share, left = (each / (statistics.pairs + ridge) for each in (statistics.pairs, ridge))
    variance = a / b if checks.flag("skip", skip) else np.zeros_like(a)
    u, v = share + np.zeros_like(a), -share * variance**0.5
    size = _square(statistics, u, u, v) ** 0.5
    along = project(statistics, u[:, None], v[:, None])[0][:, 0] * statistics.radius
    return Generated(_square(statistics, -left + np.zeros_like(a), u, v), variance, along / size)


def project(statistics: GramStatistics, u: Array, v: Array) -> tuple[Array, Array, Array]:
    """w.mu / (r^2 d), w.xi / (n draws d), w.eta / (n sigma^2 d) of w = u x1bar + v x0bar; u, v (seeds, times)."""
    s = statistics
    z, x, zz, zx, xx = (
        each[:, None] for each in
        (s.sample_mean, s.noise_mean, s.sample_sample, s.noise_sample, s.noise_noise)
    )
    return (
        np.asarray(u + (u * z + v * x) / s.radius**2),
        np.asarray(u * (x + zx) + v * xx),
        np.asarray((u * (z + zz) + v * zx) / s.sigma**2),
    )


def _square(statistics: GramStatistics, m: Array, u: Array, v: Array) -> Array:
    """|m mu + u zbar + v x0bar|^2 / d; (seeds,) or (seeds, times)."""
    s = statistics
    z, x, zz, zx, xx = (
        each.reshape(-1, *[1] * (m.ndim - 1)) for each in
        (s.sample_mean, s.noise_mean, s.sample_sample, s.noise_sample, s.noise_noise)
    )
    square = (m * s.radius) ** 2 + u**2 * zz + v**2 * xx + 2.0 * (m * u * z + m * v * x + u * v * zx)
    # A sum of squares: below 0 only by rounding.
    return np.asarray(np.maximum(square, 0.0))


def _test_error(
    statistics: GramStatistics, x: Array, y: Array, c: Array, rest: Array, u: Array, v: Array
) -> Array:
    """E |c x_t + w sign(w.x_t) - x1|^2 / d over a fresh pair, rest = 1 - c beta.

    Given s, w.x_t and w.(x1 - c x_t) are jointly normal: E sign(A) B = E B erf(E A / sqrt(2 V)) +
    sqrt(2 / (pi V)) cov(A, B) exp(-(E A)^2 / (2 V)), V the variance of A.
    """
    sigma2, root = statistics.sigma**2, float(statistics.d) ** 0.5
    along = project(statistics, u, v)[0] * statistics.radius**2
    length = _square(statistics, u, u, v) ** 0.5
    noisy = (x**2 + y**2 * sigma2) ** 0.5
    # w = 0 uses no sign: any angle will do.
    angle = root * y * along / np.where(length > 0, length, 1.0) / noisy
    gain = rest * along * erf(angle / 2.0**0.5) + (2.0 / np.pi) ** 0.5 * np.exp(-0.5 * angle**2) * (
        length * (rest * y * sigma2 - c * x**2) / noisy / root
    )
    plain = rest**2 * (statistics.radius**2 + sigma2) + (c * x) ** 2
    return np.asarray(plain - 2.0 * gain + length**2)


def _delta(statistics: GramStatistics, ridge: float, x: Array, y: Array) -> Array:
    a, b, g = (each[:, None] for each in statistics.spreads(ridge))
    return np.asarray(np.maximum(x**2 * b + 2.0 * x * y * g + y**2 * a, 0.0))


def _times(alpha: ArrayLike, beta: ArrayLike) -> tuple[Array, Array]:
    """alpha and beta as rows (1, times): finite, >= 0, not both 0."""
    found = []
    for name, given in (("alpha", alpha), ("beta", beta)):
        values = np.atleast_1d(np.asarray(given, dtype=np.float64))
        if values.ndim != 1:
            raise ValueError(f"{name} has shape {values.shape}; it must be one number or (times,)")
        if not (np.isfinite(values) & (values >= 0)).all():
            raise ValueError(f"{name} = {values[~(np.isfinite(values) & (values >= 0))][0]} must be finite and >= 0")
        found.append(values)
    try:
        x, y = np.broadcast_arrays(*found)
    except ValueError:
        raise ValueError(f"alpha has {found[0].size} times and beta {found[1].size}; give as many") from None
    if ((x == 0) & (y == 0)).any():
        raise ValueError("alpha = beta = 0: x_t carries nothing")
    return x[None], y[None]
