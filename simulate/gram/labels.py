"""Do the exact minimisers reproduce their labels? The margins s w.x_t of every pair, in law: O(n draws) a data set.

A margin needs of a pair only its products with x1bar and x0bar. These are drawn together with the statistics:
the deviations of all pairs from their means along an orthonormal basis of span{x1bar, x0bar}, and then what is
left of the within-sample block, in d - 2 directions. (The whole block and independent margins would be wrong.)
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulate import checks
from simulate.gram import networks
from simulate.gram.sufficient import GramStatistics, Kind, checked_array, draw_means, draw_within
from simulate.gram.wishart import Array
from simulate.memory import require
from simulate.mixture import Samples
from simulate.seeds import Seed, child, normal

# A stream below the key of `simulate.gram.sufficient.Kind`, beside those of `simulate.gram.draw`.
_DEVIATIONS = 4


@dataclass(frozen=True, eq=False, kw_only=True)
class Pairs:
    """Products over d: s x1 with x1bar and x0bar, (seeds, n); s x0 with both, (seeds, n, draws)."""

    d: int
    sample_centre: Array
    sample_noise: Array
    noise_centre: Array
    noise_noise: Array
    mark: str = ""
    """Of the statistics they belong to (`GramStatistics.mark`); empty if not known."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "d", checks.integer("d", self.d, least=1))
        for field in fields(self)[1:-1]:
            ndim = 2 if field.name.startswith("sample") else 3
            value, shape = getattr(self, field.name), np.shape(self.noise_centre)[:ndim]
            array = checked_array(field.name, value, shape, ndim, "(seeds, n) or (seeds, n, draws)")
            object.__setattr__(self, field.name, array)

    @classmethod
    def of(cls, samples: Samples) -> Pairs:
        """Measured from one data set."""
        signed = samples.labels[:, None, None] * samples.noise
        data = samples.labels[:, None] * samples.data
        centre, noise, d = samples.sample_mean, samples.xi / samples.pairs, samples.d
        found = (data @ centre, data @ noise, signed @ centre, signed @ noise)
        return cls(d=d, mark=GramStatistics.of(samples).mark, **{
            field.name: (each / d).double().numpy()[None] for field, each in zip(fields(cls)[1:-1], found, strict=True)
        })


def draw_with_pairs(
    *, n: int, d: int, sigma: float, radius: float = 1.0, draws: int = 1, seeds: int, seed: Seed
) -> tuple[GramStatistics, Pairs]:
    """The statistics of `simulate.gram.draw` and the products of every pair, from their joint law; d >= 2.

    The same law as `draw`, other numbers. The same data set whatever ``seeds`` is.
    """
    kind = Kind.checked(n=n, d=d, sigma=sigma, radius=radius, draws=draws)
    if kind.d < 2:
        raise ValueError("d = 1 must be >= 2: x1bar and x0bar need a plane")
    many, key, pairs = checks.integer("seeds", seeds, least=1), kind.key(seed), kind.n * kind.draws
    require(
        32 * many * kind.n * (1 + kind.draws), f"seeds = {many} with n = {kind.n} and draws = {kind.draws}",
        "take fewer of them (simulate.gram.draw, which looks at no labels, needs no memory for n or draws)",
    )
    spreads = (kind.sigma, 1.0)
    x1, x0 = (
        spread * normal(child(key, _DEVIATIONS, k), (many, kind.n, count, 2)).numpy()
        for k, (spread, count) in enumerate(zip(spreads, (1, kind.draws), strict=True))
    )
    x1, x0 = (each - each.mean(axis=(1, 2), keepdims=True) for each in (x1, x0))
    means, within = draw_means(kind, key, many), draw_within(kind, key, many, directions=kind.d - 2)
    size = pairs * kind.d
    for name, product in (("sample", kind.draws * x1 * x1), ("cross", x1 * x0), ("noise", x0 * x0)):
        within[f"within_{name}"] = within[f"within_{name}"] + product.sum(axis=(1, 2, 3)) / size
    statistics = GramStatistics(**vars(kind), **means, **within)
    return statistics, _products(statistics, x1, x0)


def label_flips(
    statistics: GramStatistics, pairs: Pairs, *, alpha: ArrayLike, beta: ArrayLike, ridge: float, skip: bool = True
) -> NDArray[np.bool_]:
    """Is a pair of the data set on the wrong side of its own minimiser, (seeds, times)? As label_flips of curves.

    One with w = 0 uses no labels.
    """
    given = (pairs.d, *pairs.noise_centre.shape)
    wanted = (statistics.d, statistics.seeds, statistics.n, statistics.draws)
    if given != wanted:
        raise ValueError(f"pairs are of (d, seeds, n, draws) = {given}, the statistics of {wanted}")
    statistics.require_mark("pairs", pairs.mark)
    network = networks.minimisers(statistics, alpha=alpha, beta=beta, ridge=ridge, skip=skip)
    x, y = (np.broadcast_to(np.asarray(each, dtype=np.float64), network.u.shape[1:]) for each in (alpha, beta))
    found = np.zeros(network.u.shape, dtype=bool)
    for k in range(len(x)):
        u, v = network.u[:, k, None, None], network.v[:, k, None, None]
        margins = u * (x[k] * pairs.noise_centre + y[k] * pairs.sample_centre[..., None]) + v * (
            x[k] * pairs.noise_noise + y[k] * pairs.sample_noise[..., None]
        )
        used = (u[:, 0, 0] != 0) | (v[:, 0, 0] != 0)
        found[:, k] = used & (margins.min(axis=(1, 2)) <= 0)
    return found


def _products(statistics: GramStatistics, x1: Array, x0: Array) -> Pairs:
    """From the deviations (seeds, n, 1 or draws, 2) along e1 = x1bar / |x1bar| and e2, x0bar off e1."""
    s = statistics
    length = s.centre_centre**0.5
    near = s.centre_noise / length
    far = np.maximum(s.noise_noise - near**2, 0.0) ** 0.5
    root = float(s.d) ** 0.5
    found = []
    for each, centre, noise in ((x1, s.centre_centre, s.centre_noise), (x0, s.centre_noise, s.noise_noise)):
        along, across = each[..., 0] / root, each[..., 1] / root
        found.append(_column(centre) + along * _column(length))
        found.append(_column(noise) + along * _column(near) + across * _column(far))
    return Pairs(
        d=s.d, sample_centre=found[0][..., 0], sample_noise=found[1][..., 0], noise_centre=found[2],
        noise_noise=found[3], mark=s.mark,
    )


def _column(values: Array) -> Array:
    return values[:, None, None]
