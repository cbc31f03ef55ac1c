"""Thousands of generated points for each of many data sets, through the Gram matrix: O(steps) for a point.

A point stays in the span of x1bar, x0bar and its own start: X = p x1bar + q x0bar + f X_0. With the exact
minimisers (labels as given) only three scalars of a start decide its path, those of X_0 along mu, zbar and x0bar,
so that d = 1e7 costs what d = 10 does, and sign(w.X) is looked at at every stage as in `simulate.autoencoder.generate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from simulate import checks, path
from simulate.flow import METHODS, integrate, rates, stage_times
from simulate.gram import networks
from simulate.gram.sufficient import GramStatistics, checked_array
from simulate.gram.wishart import Array, chi_squared
from simulate.memory import require
from simulate.mixture import Samples
from simulate.path import Schedule
from simulate.seeds import Seed, child, normal

# Streams below a seed.
_ALONG, _OFF = range(2)


@dataclass(frozen=True, eq=False, kw_only=True)
class Starts:
    """Of base noise X_0 in d dimensions, over d: products with mu, zbar, x0bar, and |X_0|^2; arrays (seeds, S)."""

    d: int
    mean: Array
    sample: Array
    noise: Array
    square: Array
    mark: str = ""
    """Of the statistics they belong to (`GramStatistics.mark`); empty if not known."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "d", checks.integer("d", self.d, least=1))
        for field in fields(self)[1:-1]:
            value, words = getattr(self, field.name), "(seeds, S), the same for all"
            object.__setattr__(self, field.name, checked_array(field.name, value, np.shape(self.mean), 2, words))

    @classmethod
    def of(cls, samples: Samples, starts: torch.Tensor) -> Starts:
        """Measured from ``starts`` (S, d) and one data set."""
        checks.tensor("starts", starts, (None, samples.d))
        checks.same_kind(samples.data, starts=starts)
        directions = (samples.mean, samples.eta / samples.n, samples.xi / samples.pairs)
        mean, sample, noise = ((starts @ each).double().numpy()[None] / samples.d for each in directions)
        square = starts.square().sum(dim=1).double().numpy()[None] / samples.d
        return cls(
            d=samples.d, mean=mean, sample=sample, noise=noise, square=square, mark=GramStatistics.of(samples).mark
        )


@dataclass(frozen=True, eq=False)
class Points:
    """Where the points are at the last time; arrays (seeds, S) but ``factor`` (seeds,).

    ``mean``, ``noise``, ``sample``: X.mu / (r^2 d), X.xi / (n draws d), X.eta / (n sigma^2 d); ``square``:
    |X|^2 / d. ``cluster``: sign(w.X) at the first time; ``crossed``: seen on the other side at the start of a
    later step (both as in `simulate.autoencoder.generate`). ``ended``: the sign of X.mu at the last time.
    """

    cluster: Array
    crossed: NDArray[np.bool_]
    mean: Array
    noise: Array
    sample: Array
    square: Array
    factor: Array

    @property
    def ended(self) -> Array:
        return np.asarray(np.sign(self.mean))


def draw_starts(statistics: GramStatistics, *, count: int, seed: Seed) -> Starts:
    """``count`` starts from N(0, I) for each data set, from their law; needs d >= 3.

    The three products are normal with the Gram matrix of (mu, zbar, x0bar) / d as covariance; what is left of
    |X_0|^2 is chi-squared with d - 3 degrees of freedom. More points continue fewer.
    """
    many = checks.integer("count", count, least=1)
    s = statistics
    if s.d < 3:
        raise ValueError(f"d = {s.d} must be >= 3: mu, zbar and x0bar need room; use "
                         "simulate.autoencoder.generate below")
    require(64 * many * s.seeds, f"count = {many} for {s.seeds} data sets", "draw fewer starts at a time")
    unit = normal(child(seed, _ALONG), (many, 3, s.seeds)).numpy().transpose(2, 0, 1)
    gram = np.empty((s.seeds, 3, 3))
    gram[:, 0, 0], gram[:, 1, 1], gram[:, 2, 2] = s.radius**2, s.sample_sample, s.noise_noise
    for i, j, entry in ((0, 1, s.sample_mean), (0, 2, s.noise_mean), (1, 2, s.noise_sample)):
        gram[:, i, j] = gram[:, j, i] = entry
    products = unit @ np.linalg.cholesky(gram).transpose(0, 2, 1) / s.d**0.5
    rest = chi_squared(child(seed, _OFF), (many, s.seeds), s.d - 3)
    return Starts(
        d=s.d, mean=products[..., 0], sample=products[..., 1], noise=products[..., 2],
        square=((unit**2).sum(axis=-1) + rest.T) / s.d, mark=s.mark,
    )


def generate(
    statistics: GramStatistics, starts: Starts, schedule: Schedule, grid: Sequence[float] | NDArray[np.float64], *,
    ridge: float, skip: bool = True, method: str = "ralston",
) -> Points:
    """Carry ``starts`` over the grid with the exact minimisers, by a one-step method of `simulate.flow.METHODS`."""
    checks.choice("method", method, METHODS)
    if (starts.d, len(starts.mean)) != (statistics.d, statistics.seeds):
        raise ValueError(
            f"starts are for {len(starts.mean)} data sets at d = {starts.d}, the statistics of {statistics.seeds} at "
            f"d = {statistics.d}; draw starts for these"
        )
    statistics.require_mark("starts", starts.mark)
    if not schedule.noise_at_start:
        raise ValueError(f"schedule {schedule.name!r} starts at its data end; generation starts from noise")
    times = path.times("grid", grid, schedule, least=2)
    moments = stage_times(times, method).ravel()
    fields = dict(zip(moments.tolist(), _fields(statistics, schedule, moments, ridge, skip), strict=True))
    s = statistics
    along, aside = starts.mean + starts.sample, starts.noise
    opening = set(times[:-1].tolist())
    crossed = np.zeros(along.shape, dtype=bool)
    cluster = fields[float(times[0])].side(1.0, 0.0, 0.0, along, aside)

    def velocity(time: float, state: Array) -> Array:
        """``state`` (3, seeds, S) holds f, p, q of every point."""
        field = fields[time]
        side = field.side(state[0], state[1], state[2], along, aside)
        if time in opening:
            np.logical_or(crossed, side != cluster, out=crossed)
        slope: Array = field.growth * state
        slope[1] += field.push_centre * side
        slope[2] += field.push_noise * side
        return slope

    first = np.zeros((3, *along.shape))
    first[0] = 1.0
    f, p, q = integrate(velocity, times, first, method=method)
    spans = networks.project(s, p, q)
    own = (starts.mean / s.radius**2, starts.noise, starts.sample / s.sigma**2)
    mean, beside, inside = (span + f * each for span, each in zip(spans, own, strict=True))
    inner = p**2 * s.centre_centre[:, None] + 2 * p * q * s.centre_noise[:, None] + q**2 * s.noise_noise[:, None]
    mixed = 2 * f * (p * along + q * aside)
    return Points(cluster, crossed, mean, beside, inside, inner + mixed + f**2 * starts.square, f[:, 0])


class _Field(NamedTuple):
    """The learned velocity at one time, columns (seeds, 1): growth X + side (push_centre x1bar + push_noise x0bar).

    side = sign(w.X) for X = f X_0 + p x1bar + q x0bar; on_... are the products of w with x1bar, x0bar over d, and u, v
    the weights of X_0's own products with the two.
    """

    growth: Array
    push_centre: Array
    push_noise: Array
    on_centre: Array
    on_noise: Array
    u: Array
    v: Array

    def side(self, f: Array | float, p: Array | float, q: Array | float, along: Array, aside: Array) -> Array:
        return np.asarray(
            np.sign(self.on_centre * p + self.on_noise * q + f * (self.u * along + self.v * aside))
        )


def _fields(
    statistics: GramStatistics, schedule: Schedule, moments: Array, ridge: float, skip: bool
) -> list[_Field]:
    """The velocity of the exact minimisers at all times at once."""
    values = path.motions(schedule, moments)
    gain, rate = rates(values)
    network = networks.minimisers(statistics, alpha=values.alpha, beta=values.beta, ridge=ridge, skip=skip)
    s = statistics
    centre, across, noise = (each[:, None] for each in (s.centre_centre, s.centre_noise, s.noise_noise))
    every = _Field(
        gain * network.skip + rate, gain * network.u, gain * network.v,
        network.u * centre + network.v * across, network.u * across + network.v * noise, network.u, network.v,
    )
    return [_Field(*(each[:, k, None] for each in every)) for k in range(len(moments))]
