"""Any number of modes of equal width: where they lie, how they weigh, and the clock of each pair.

Given the mode, x_t is N(beta mu_i, V I): mode i is told from mode j by the clock s_ij = beta |mu_i - mu_j|/(2 sqrt V).
Everything about the modes depends on their distances alone (a common shift of the data moves the exact flow and a
one-step method on the linear schedule by the same shift), so that k modes in a million dimensions are k points in
k - 1 dimensions. Two modes at distance 2|mu| are those of `Target`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from asymptotics.coerce import as_float64, as_positive

if TYPE_CHECKING:
    from collections.abc import Callable

    from asymptotics.phases.design.events import Boundary, Event
    from asymptotics.phases.design.two_modes import Target
    from asymptotics.schedule import Dilation, Interpolant

Array = NDArray[np.float64]

# Relative to the largest distance: what is lost to rounding when coordinates are taken from means, from distances.
_FLAT, _FLAT_FROM_SQUARES = 1e-11, 1e-6
_SUM = 1e-9


@dataclass(frozen=True, eq=False)
class Modes:
    """Modes N(means[i], sigma^2 I) with ``weights`` (k,), sum 1; ``means`` (k, m), k >= 2, all different.

    ``d``, the dimension of the data, is m unless the means are given by fewer coordinates than that. ValueError says
    which argument is wrong and what to do.
    """

    means: Array = field(repr=False)
    weights: Array
    sigma: float
    d: float | None = None
    coordinates: Array = field(init=False, repr=False)
    """(k, r): the means in the r <= k - 1 dimensions that they span, relative to their centre."""
    separations: Array = field(init=False, repr=False)
    """(k, k): half distances |mu_i - mu_j|/2, what |mu| is for two modes."""

    def __post_init__(self) -> None:
        means, weights = as_float64("means", self.means), as_float64("weights", self.weights)
        if means.ndim != 2 or means.shape[0] < 2 or means.shape[1] < 1:
            raise ValueError(f"means has shape {means.shape}; it must be (k, m): one row for each of two modes or more")
        if not np.isfinite(means).all():
            raise ValueError("means must be finite")
        _check_weights(weights, len(means))
        sigma = as_positive("sigma", self.sigma)
        coordinates = _spanned(means)
        if self.d is not None and not coordinates.shape[1] <= float(as_float64("d", self.d)) < np.inf:
            raise ValueError(f"d = {self.d} is not allowed: the means span {coordinates.shape[1]} dimensions")
        separations = _half_distances(coordinates)
        _check_apart(separations)
        for name, value in (
            ("means", means), ("weights", weights), ("coordinates", coordinates), ("separations", separations),
        ):
            frozen = value.copy()
            frozen.flags.writeable = False
            object.__setattr__(self, name, frozen)
        object.__setattr__(self, "sigma", sigma)

    @classmethod
    def from_distances(cls, distances: ArrayLike, weights: ArrayLike, sigma: float, *, d: float) -> Modes:
        """From pairwise distances (k, k) of the means in d dimensions, by classical scaling.

        Squares keep half the digits: a direction below 1e-6 of the largest distance is refused; give means instead.
        """
        far = as_float64("distances", distances)
        if far.ndim != 2 or far.shape[0] != far.shape[1] or far.shape[0] < 2:
            raise ValueError(f"distances has shape {far.shape}; it must be (k, k), k >= 2")
        if not (np.isfinite(far).all() and (far >= 0).all() and np.allclose(far, far.T) and not np.diag(far).any()):
            raise ValueError("distances must be finite, >= 0, symmetric and 0 on the diagonal")
        coordinates = _scaled(far)
        found = 2 * _half_distances(coordinates)
        if not np.allclose(found, far, rtol=1e-5, atol=1e-7 * far.max()):
            i, j = np.unravel_index(int(np.argmax(abs(found - far))), far.shape)
            raise ValueError(
                "distances are not those of points in a Euclidean space: the nearest configuration has "
                f"{found[i, j]:g} between modes {i} and {j}, not {far[i, j]:g}; give distances that are, or means"
            )
        return cls(coordinates, as_float64("weights", weights), sigma, d)

    @classmethod
    def from_gram(cls, gram: ArrayLike, weights: ArrayLike, sigma: float, *, d: float) -> Modes:
        """From the products mu_i.mu_j (k, k) of the means in d dimensions; a common shift does not matter."""
        products = as_float64("gram", gram)
        if products.ndim != 2 or products.shape[0] != products.shape[1]:
            raise ValueError(f"gram has shape {products.shape}; it must be (k, k)")
        own = np.diag(products)
        squares = own[:, None] + own[None, :] - products - products.T
        if not (squares >= -1e-9 * abs(own).max(initial=0.0)).all() or not np.allclose(products, products.T):
            raise ValueError("gram is not a matrix of products: it must be symmetric and positive semidefinite")
        return cls.from_distances(np.sqrt(np.maximum(squares, 0.0)), weights, sigma, d=d)

    @classmethod
    def from_target(cls, target: Target) -> Modes:
        """The two modes +mu (first, weight p) and -mu (second) of a `Target`."""
        length = target.length
        return cls(np.array([[length], [-length]]), np.array([target.p, 1 - target.p]), target.sigma, target.d)

    @property
    def count(self) -> int:
        """k."""
        return len(self.weights)

    @property
    def dimension(self) -> float:
        """d, also where it was left to the means."""
        return float(self.means.shape[1] if self.d is None else self.d)

    @property
    def rank(self) -> int:
        """The number of dimensions that the means span: 1 on a line, at most k - 1."""
        return int(self.coordinates.shape[1])

    @property
    def overlap(self) -> float:
        """A bound on the probability that a point of the data lies nearer to another mean than to its own."""
        from scipy.special import ndtr

        missed = ndtr(-self.separations / self.sigma)
        np.fill_diagonal(missed, 0.0)
        return float(min(1.0, self.weights @ missed.sum(axis=1)))

    def clocks(self, alpha: ArrayLike, beta: ArrayLike) -> Array:
        """s_ij = beta |mu_i - mu_j|/(2 sqrt V), shape (..., k, k); alpha, beta >= 0 of any shape, not both 0."""
        a, b = as_float64("alpha", alpha), as_float64("beta", beta)
        noised = a**2 + (self.sigma * b) ** 2
        if not ((a >= 0) & (b >= 0) & (noised > 0)).all():
            raise ValueError("alpha and beta must be >= 0 and not vanish together")
        return np.asarray((b / np.sqrt(noised))[..., None, None] * self.separations)

    def pair(self, first: int, second: int) -> tuple[float, float]:
        """(p, |mu|) of two of the modes taken alone: the share of the first among them, and half their distance."""
        for name, index in (("first", first), ("second", second)):
            whole = isinstance(index, int | np.integer) and not isinstance(index, bool)
            if not (whole and 0 <= index < self.count):
                raise ValueError(f"{name} = {index} is not a mode: 0 ... {self.count - 1}")
        if first == second:
            raise ValueError(f"first = second = {first}: a pair has two different modes")
        own, other = self.weights[first], self.weights[second]
        return float(own / (own + other)), float(self.separations[first, second])

    def boundary(
        self, first: int, second: int, criterion: Event | Callable[[float], Event] | None = None, *,
        schedule: Interpolant | None = None, dilation: Dilation | Callable[[float], float] | None = None,
    ) -> Boundary:
        """When a pair of modes is told apart, on any schedule (linear) and dilation (none), as in `boundary_time`.

        ``criterion``: an event on the clock s_ij (s_ij = 1), or a function of the first mode's share among the two,
        such as ``Event.spinodal``. ValueError, with the largest clock, where the pair never gets there.
        """
        from asymptotics.phases.design.events import Event

        p, length = self.pair(first, second)
        event = Event.bimodality() if criterion is None else criterion
        if not isinstance(event, Event):
            if not callable(event):
                raise TypeError(f"criterion = {criterion!r} must be an Event, or a function of p that gives one")
            event = event(p)
        return strike(event, length, self.sigma, schedule, dilation)

    def boundaries(
        self, criterion: Event | Callable[[float], Event] | None = None, *,
        schedule: Interpolant | None = None, dilation: Dilation | Callable[[float], float] | None = None,
    ) -> dict[tuple[int, int], Boundary]:
        """`boundary` of every pair i < j."""
        return {
            (i, j): self.boundary(i, j, criterion, schedule=schedule, dilation=dilation)
            for i in range(self.count) for j in range(i + 1, self.count)
        }


def require_modes(modes: object) -> None:
    """TypeError for anything else."""
    if not isinstance(modes, Modes):
        raise TypeError(f"modes = {modes!r} must be a Modes(means, weights, sigma, d)")


def strike(
    event: Event, length: float, sigma: float, schedule: Interpolant | None,
    dilation: Dilation | Callable[[float], float] | None,
) -> Boundary:
    """The time of an event for two modes at half distance ``length``."""
    from asymptotics.phases.design.events import boundary_time
    from asymptotics.schedule import linear

    path = linear if schedule is None else schedule
    return boundary_time(event, path, sigma=sigma, d=Fraction(length) ** 2, radius=1, dilation=dilation)


def _check_weights(weights: Any, count: int) -> None:
    if weights.shape != (count,):
        raise ValueError(f"weights has shape {weights.shape}; it must be ({count},): one for each mode")
    if not ((weights > 0) & (weights < 1)).all():
        bad = int(np.argmin((weights > 0) & (weights < 1)))
        raise ValueError(f"weights[{bad}] = {weights[bad]} must lie inside (0, 1); leave out a mode of weight 0")
    if abs(weights.sum() - 1) > _SUM:
        raise ValueError(f"weights sum to {weights.sum():.12g}, not 1; divide them by their sum")


def _check_apart(separations: Array) -> None:
    near = np.argwhere(np.triu(separations <= _FLAT * separations.max(), 1))
    if near.size:
        i, j = near[0]
        raise ValueError(f"means {i} and {j} coincide; make them one mode that has both weights")


def _spanned(means: Array) -> Array:
    """The centred means in as few coordinates as they need."""
    centred = means - means.mean(axis=0)
    wide = means.shape[1] > means.shape[0]
    small = np.asarray(np.linalg.qr(centred.T, mode="r")).T if wide else centred
    left, sizes, _ = np.linalg.svd(small, full_matrices=False)
    kept = max(1, int((sizes > _FLAT * sizes[0]).sum()))
    return np.asarray(left[:, :kept] * sizes[:kept])


def _scaled(distances: Array) -> Array:
    """Points with these distances, as near as can be."""
    squares = (0.5 * (distances + distances.T)) ** 2
    rows = squares.mean(axis=1)
    values, vectors = np.linalg.eigh(-0.5 * (squares - rows[:, None] - rows[None, :] + squares.mean()))
    kept = values > _FLAT_FROM_SQUARES**2 * max(values[-1], 0.0)
    if not kept.any():
        raise ValueError("distances are all 0: the means coincide; make them one mode")
    return np.asarray(vectors[:, kept] * np.sqrt(values[kept]))


def _half_distances(points: Array) -> Array:
    return np.asarray(0.5 * np.linalg.norm(points[:, None, :] - points[None, :, :], axis=-1))
