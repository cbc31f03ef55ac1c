"""The scalars of a data set that its minimisers and flows depend on, measured or drawn from their laws.

Given the labels, everything an experiment measures is a function of the Gram matrix of mu, zbar (mean of s z)
and x0bar (mean of s x0) over all n draws pairs, and of the sums of squares of s x1 and s x0 about their means.
Their laws are exact at any n and d, so that a data set costs the same at d = 1e7 as at d = 10 (this project's
result; `simulate.gram.networks` makes networks and flows of them).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np

from simulate import checks
from simulate.gram.wishart import Array, chi_squared, wishart
from simulate.memory import require
from simulate.mixture import Mixture, Samples
from simulate.runs import digest
from simulate.seeds import Seed, child, normal

# Counts up to here are exact in float64, and so is nearly the product of two as a number of degrees of freedom.
LARGEST_COUNT = 2**53

# Streams below the key (d, n, draws) of a seed; each gives one number for every data set.
_ALONG, _OFF, _WITHIN, _DRAWS = range(4)


class Spreads(NamedTuple):
    """What ridge regression on the labels leaves of the data, per n draws d: a of x1, b of x0, g of both."""

    a: Array
    b: Array
    g: Array


@dataclass(frozen=True, eq=False, kw_only=True)
class GramStatistics:
    """The scalars of many data sets of one kind; arrays (seeds,), all per dimension (divided by d).

    About the means over pairs: sample_mean = zbar.mu, noise_mean = x0bar.mu, sample_sample = |zbar|^2,
    noise_sample = zbar.x0bar, noise_noise = |x0bar|^2. Inside the data, also divided by n draws:
    within_sample = sum |s x1 - mean|^2, within_cross = sum (s x1 - mean).(s x0 - mean), within_noise =
    sum |s x0 - mean|^2. Centred like this no later formula cancels, however large n is.
    """

    d: int
    n: int
    draws: int
    sigma: float
    radius: float
    sample_mean: Array
    noise_mean: Array
    sample_sample: Array
    noise_sample: Array
    noise_noise: Array
    within_sample: Array
    within_cross: Array
    within_noise: Array

    def __post_init__(self) -> None:
        for name in ("d", "n", "draws"):
            object.__setattr__(self, name, checks.integer(name, getattr(self, name), least=1, most=LARGEST_COUNT))
        for name in ("sigma", "radius"):
            object.__setattr__(self, name, checks.length(name, getattr(self, name)))
        if self.pairs == 1:
            raise ValueError("n * draws = 1: the infimum of the risk is not attained; use n >= 2 or draws >= 2")
        for name in ARRAYS:
            shape = np.shape(self.sample_mean)
            array = checked_array(name, getattr(self, name), shape, 1, "(seeds,), the same for all")
            if name in SQUARES and (array < 0).any():
                raise ValueError(f"{name} holds {array.min()}; a sum of squares is >= 0")
            object.__setattr__(self, name, array)

    @property
    def pairs(self) -> int:
        """n draws, the number of terms of the risk."""
        return self.n * self.draws

    @property
    def seeds(self) -> int:
        """How many data sets."""
        return len(self.sample_mean)

    @property
    def mark(self) -> str:
        """A digest of all scalars and settings: what belongs to these data sets carries it."""
        return digest(self)

    def require_mark(self, name: str, mark: str) -> None:
        """ValueError unless ``mark`` is empty or that of these statistics."""
        if mark not in ("", self.mark):
            raise ValueError(f"{name} belong to other data sets than the statistics (mark {mark}); draw them for these")

    @property
    def centre_centre(self) -> Array:
        """|x1bar|^2 / d, x1bar = mu + zbar."""
        return np.asarray(self.radius**2 + 2.0 * self.sample_mean + self.sample_sample)

    @property
    def centre_noise(self) -> Array:
        """x1bar.x0bar / d."""
        return np.asarray(self.noise_mean + self.noise_sample)

    def spreads(self, ridge: float) -> Spreads:
        """a = (sum |x1|^2 - |S1|^2/N) / (n draws d), b the same of x0, g = (sum x0.x1 - S0.S1/N) / (n draws d).

        S1 = n draws x1bar, S0 = n draws x0bar, N = n draws + ridge.
        """
        penalty = checks.penalty(ridge)
        left = penalty / (self.pairs + penalty)
        return Spreads(
            self.within_sample + left * self.centre_centre,
            self.within_noise + left * self.noise_noise,
            self.within_cross + left * self.centre_noise,
        )

    @classmethod
    def of(cls, samples: Samples | Sequence[Samples]) -> GramStatistics:
        """The same scalars measured from d-dimensional data sets, all of one mixture, n and draws."""
        if not isinstance(samples, Samples | Sequence):
            raise TypeError(f"samples must be Samples or a sequence of them, not {type(samples).__name__}")
        every = [samples] if isinstance(samples, Samples) else list(samples)
        if not every:
            raise ValueError("samples is empty; give at least one data set")
        for each in every:
            if not isinstance(each, Samples):
                raise TypeError(f"samples must be Samples, not {type(each).__name__}")
        kinds = {(each.mixture, each.n, each.draws) for each in every}
        if len(kinds) > 1:
            raise ValueError("samples are of different mixtures, n or draws; measure each kind by itself")
        first = every[0]
        rows = np.array([_measure(each) for each in every])
        return cls(
            d=first.d, n=first.n, draws=first.draws, sigma=first.mixture.sigma, radius=first.mixture.radius,
            **dict(zip(ARRAYS, rows.T, strict=True)),
        )


ARRAYS = tuple(field.name for field in fields(GramStatistics) if field.type == "Array")
SQUARES = ("sample_sample", "noise_noise", "within_sample", "within_noise")


def checked_array(name: str, value: object, shape: tuple[int, ...], ndim: int, words: str) -> Array:
    """Return ``value`` as float64; ValueError unless it is finite, not empty and of the shape that ``words`` describe.
    """
    array = np.asarray(value, dtype=np.float64)
    if array.ndim != ndim or array.shape != shape or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}; it must be {words}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds values that are not finite")
    return array


def draw(
    *, n: int, d: int, sigma: float, radius: float = 1.0, draws: int = 1, seeds: int, seed: Seed
) -> GramStatistics:
    """The statistics of ``seeds`` independent data sets, from their laws: O(1) for each, whatever n and d.

    zbar.mu and x0bar.mu are normal; off mu, (zbar, x0bar) is Wishart with d - 1 degrees of freedom and scale
    diag(sigma^2/n, 1/(n draws)); within, with (n - 1) d and diag(sigma^2, 1/draws) for the means over the
    draws of a sample, and chi-squared with n (draws - 1) d for the spread of x0 about those. Exact at every
    d >= 1, where the Wishart blocks are singular too. The same data set whatever ``seeds`` is.
    """
    kind = Kind.checked(n=n, d=d, sigma=sigma, radius=radius, draws=draws)
    many, key = checks.integer("seeds", seeds, least=1), kind.key(seed)
    require(200 * many, f"seeds = {many}", "draw fewer data sets at a time, each part from a seed of its own")
    return GramStatistics(**vars(kind), **draw_means(kind, key, many), **draw_within(kind, key, many))


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What data sets are drawn of, checked."""

    d: int
    n: int
    draws: int
    sigma: float
    radius: float

    @classmethod
    def checked(cls, *, n: int, d: int, sigma: float, radius: float, draws: int) -> Kind:
        mixture = Mixture(d=checks.integer("d", d, least=1, most=LARGEST_COUNT), sigma=sigma, radius=radius)
        count = checks.integer("n", n, least=1, most=LARGEST_COUNT)
        each = checks.integer("draws", draws, least=1, most=LARGEST_COUNT)
        if count * each == 1:
            raise ValueError("n * draws = 1: the infimum of the risk is not attained; use n >= 2 or draws >= 2")
        return cls(d=mixture.d, n=count, draws=each, sigma=mixture.sigma, radius=mixture.radius)

    def key(self, seed: Seed) -> np.random.SeedSequence:
        return child(seed, self.d, self.n, self.draws)


def draw_means(kind: Kind, key: np.random.SeedSequence, many: int) -> dict[str, Any]:
    """The Gram block of (mu, zbar, x0bar), by name."""
    size, pairs = float(kind.d), kind.n * kind.draws
    z_spread, x_spread = kind.sigma / kind.n**0.5, 1.0 / pairs**0.5
    z, x = (spread * normal(child(key, _ALONG, k), (many,)).numpy() for k, spread in enumerate((z_spread, x_spread)))
    off = wishart(child(key, _OFF), many, kind.d - 1, z_spread, x_spread)
    return {
        "sample_mean": kind.radius * z / size**0.5, "noise_mean": kind.radius * x / size**0.5,
        "sample_sample": (z**2 + off[0]) / size, "noise_sample": (z * x + off[1]) / size,
        "noise_noise": (x**2 + off[2]) / size,
    }


def draw_within(
    kind: Kind, key: np.random.SeedSequence, many: int, *, directions: int | None = None
) -> dict[str, Any]:
    """The sums of squares about the means, by name, of ``directions`` (all d by default) of the d directions."""
    open_to = kind.d if directions is None else directions
    within = wishart(child(key, _WITHIN), many, (kind.n - 1) * open_to, kind.sigma, 1.0 / kind.draws**0.5)
    rest = chi_squared(child(key, _DRAWS), many, kind.n * (kind.draws - 1) * open_to)
    # Each mean over the draws of a sample counts once for every draw.
    size = float(kind.n) * kind.d
    return {
        "within_sample": within[0] / size, "within_cross": within[1] / size,
        "within_noise": (within[2] + rest / kind.draws) / size,
    }


def _measure(samples: Samples) -> list[float]:
    """One data set's row in the order of ARRAYS."""
    signed = samples.pair_labels[..., None]
    x1, x0 = (signed * samples.targets).flatten(0, 1), (signed * samples.noise).flatten(0, 1)
    zbar, x0bar = (x1 - samples.mean).mean(dim=0), x0.mean(dim=0)
    x1_left, x0_left = x1 - samples.mean - zbar, x0 - x0bar
    mean, d = samples.mean, samples.d
    means = [zbar @ mean, x0bar @ mean, zbar @ zbar, zbar @ x0bar, x0bar @ x0bar]
    within = [(x1_left * x1_left).sum(), (x1_left * x0_left).sum(), (x0_left * x0_left).sum()]
    size = samples.pairs * d
    return [float(each) / d for each in means] + [float(each) / size for each in within]
