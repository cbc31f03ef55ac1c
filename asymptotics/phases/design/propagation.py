"""The weights of many modes that a one-step method generates with the exact field, without sampling noise.

The exact field moves x in the span of the means and does not mix it with the rest. Means on a line: a step maps the
line increasingly (Euler's by proof: 1 + h dv/dx > 0 while h <= 1 - t), so that one starting point separates each pair
of neighbours, and weights are normal masses. Means in general position: the cells of starting points have no closed
form; a fixed low-discrepancy set of normal starts is carried along, and counted against where the exact flow takes the
same starts, which is known to have the right weights. What is left is an integration error, estimated from independent
scrambles, and a bias of the reference flow, 2e-5 where it was measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from asymptotics.coerce import as_integer, choice
from asymptotics.numeric import bisect, middle
from asymptotics.phases.design.two_modes import METHODS, one_step

if TYPE_CHECKING:
    from asymptotics.phases.design.modes import Modes
    from asymptotics.schedule import Interpolant, Values

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

_FAR = 10.0
_HALVINGS = 50
_SCRAMBLES = 8
_SEED = 20241207
_REFERENCE = (600, 120)
"""Heun steps of the exact flow, in equal ratios of beta up to 1/2, and equal beyond."""


def responsibilities(modes: Modes, alpha: Any, beta: Any, x: Array) -> Array:
    """(..., k): the probability of each mode given x_t = x (..., r), in the coordinates of ``modes``."""
    noised = alpha**2 + (modes.sigma * beta) ** 2
    means = modes.coordinates
    scale = np.asarray(beta / noised)[..., None]
    energy = x @ means.T - 0.5 * np.asarray(beta)[..., None] * np.sum(means**2, axis=1)
    odds = np.log(modes.weights) + scale * energy
    odds -= odds.max(axis=-1, keepdims=True)
    np.exp(odds, out=odds)
    odds /= odds.sum(axis=-1, keepdims=True)
    return np.asarray(odds)


def velocity(modes: Modes, values: Values, x: Array) -> Array:
    """dx/dt of the exact field at x (..., r); ``values`` (alpha, beta and their slopes) broadcast against x[..., 0]."""
    alpha, beta, dalpha, dbeta = (np.asarray(each) for each in values)
    noised = alpha**2 + (modes.sigma * beta) ** 2
    linear_part = (alpha * dalpha + modes.sigma**2 * beta * dbeta) / noised
    along = alpha * (alpha * dbeta - beta * dalpha) / noised
    mean = responsibilities(modes, alpha, beta, x) @ modes.coordinates
    return np.asarray(linear_part[..., None] * x + along[..., None] * mean)


class Path:
    """Time grids (..., steps + 1) of a schedule, and its weights and their slopes at every point."""

    def __init__(self, schedule: Interpolant, grid: Array) -> None:
        self.grid = grid
        self.values = schedule.at(grid)

    def __getitem__(self, k: int) -> Values:
        """At the k-th point of each grid."""
        return type(self.values)(*(each[..., k] for each in self.values))


def carried(modes: Modes, path: Path, x: Array, method: str) -> Array:
    """Where ``method`` takes starts x (..., r) along a path: its grids (..., steps + 1) broadcast against x[..., 0]."""
    for k in range(path.grid.shape[-1] - 1):
        step = (path.grid[..., k + 1] - path.grid[..., k])[..., None]
        x = one_step(method, step, partial(velocity, modes, path[k]), partial(velocity, modes, path[k + 1]), x)
    return x


def nearest(modes: Modes, x: Array) -> Labels:
    """The index of the mean nearest to x (..., r)."""
    means = modes.coordinates
    return np.asarray(np.argmax(x @ means.T - 0.5 * np.sum(means**2, axis=1), axis=-1))


@dataclass(frozen=True)
class OnLine:
    """Means on a line: the generated weights to rounding."""

    modes: Modes
    method: str
    schedule: Interpolant

    def weights(self, grids: Array) -> tuple[Array, Array]:
        """Weights (..., k) on time grids (..., steps + 1), and their integration errors: 0."""
        from scipy.special import ndtr

        place = self.modes.coordinates[:, 0]
        order = np.argsort(place)
        edges = 0.5 * (place[order][1:] + place[order][:-1])
        path = Path(self.schedule, grids[..., None, :])
        separators = middle(*bisect(
            lambda x: carried(self.modes, path, x[..., None], self.method)[..., 0] < edges, -_FAR, _FAR,
            halvings=_HALVINGS,
        ))
        outside = np.ones((*grids.shape[:-1], 1))
        # Masses between separators as differences of tails on the side where these are small.
        below = np.concatenate([0 * outside, ndtr(separators), outside], axis=-1)
        above = np.concatenate([outside, ndtr(-separators), 0 * outside], axis=-1)
        upper = below[..., :-1] > 0.5
        mass = np.where(upper, above[..., :-1] - above[..., 1:], below[..., 1:] - below[..., :-1])
        found = np.empty((*grids.shape[:-1], self.modes.count))
        found[..., order] = mass
        return found, np.zeros_like(found)


@dataclass(frozen=True)
class InSpan:
    """Means in general position: a fixed set of about ``starts`` starts, the exact flow's labels with them."""

    modes: Modes
    method: str
    schedule: Interpolant
    points: Array
    """(scrambles, starts per scramble, r) normal starts."""
    labels: Labels
    """Where the exact flow takes them."""

    @classmethod
    def prepared(cls, modes: Modes, method: str, schedule: Interpolant, starts: int) -> InSpan:
        """The starts, and the exact flow of each."""
        from scipy.special import ndtri
        from scipy.stats import qmc

        power = max(4, round(np.log2(starts / _SCRAMBLES)))
        seeds = np.random.SeedSequence(_SEED).generate_state(_SCRAMBLES)
        cubes = [
            qmc.Sobol(modes.rank, scramble=True, seed=np.random.default_rng(int(seed))).random_base2(power)
            for seed in seeds
        ]
        points = ndtri(np.clip(np.stack(cubes), 1e-16, 1 - 1e-16))
        first, last = _REFERENCE
        rise = np.geomspace(1e-3 / modes.separations.max(), 0.5, first)
        grid = np.concatenate([[0.0], rise, np.linspace(0.5, 1.0, last + 1)[1:]])
        end = carried(modes, Path(schedule, grid), points, "heun")
        return cls(modes, method, schedule, points, nearest(modes, end))

    def weights(self, grids: Array) -> tuple[Array, Array]:
        """Weights (..., k) on time grids (..., steps + 1), and their standard errors of integration."""
        flat = grids.reshape(-1, grids.shape[-1])
        found = [self._shifts(grid) for grid in flat]
        shape = (*grids.shape[:-1], self.modes.count)
        mean = np.stack([self.modes.weights + each.mean(axis=0) for each in found])
        spread = np.stack([each.std(axis=0, ddof=1) / _SCRAMBLES**0.5 for each in found])
        return mean.reshape(shape), spread.reshape(shape)

    def _shifts(self, grid: Array) -> Array:
        """(scrambles, k): the share of starts that a mode gains over the exact flow."""
        ends = nearest(self.modes, carried(self.modes, Path(self.schedule, grid), self.points, self.method))
        count = self.points.shape[1]
        return np.stack([
            ((ends == mode).sum(axis=1) - (self.labels == mode).sum(axis=1)) / count for mode in range(self.modes.count)
        ], axis=1)


def generator(modes: Modes, *, method: str = "euler", starts: int = 4096) -> OnLine | InSpan:
    """What computes the generated weights of ``modes`` on the linear schedule: exactly on a line, else with ``starts``.

    ``starts`` is rounded to eight scrambles of a power of two.
    """
    from asymptotics.schedule import linear

    choice("method", method, METHODS)
    as_integer("starts", starts, 128)
    if modes.rank == 1:
        return OnLine(modes, method, linear)
    return InSpan.prepared(modes, method, linear, int(starts))
