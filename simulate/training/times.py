"""At which times a network is trained: densities on an interval of times, drawn from and evaluated.

Uniform; more in an interval (the second paper's, arXiv:2412.07972: half of the times in it); those of a dilation; one's
own. Drawn from another density than uniform, the loss is another one. Its mean is that of uniform times again if every
draw is weighted by uniform/density: unbiased, at the price of more spread. The paper does not; both are offered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulate import checks

if TYPE_CHECKING:
    from asymptotics.schedule import Dilation

Array = NDArray[np.float64]


@runtime_checkable
class Times(Protocol):
    """A density on [low, high]."""

    @property
    def low(self) -> float: ...

    @property
    def high(self) -> float: ...

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        """``count`` independent times."""

    def density(self, times: Array) -> Array:
        """At times inside [low, high]."""


@dataclass(frozen=True)
class PiecewiseTimes:
    """Constant between ``edges`` (k + 1, increasing), with a share ``masses`` (k, >= 0) of the times in each piece.

    Masses are brought to sum 1.
    """

    edges: tuple[float, ...]
    masses: tuple[float, ...]

    def __post_init__(self) -> None:
        edges, masses = np.asarray(self.edges, np.float64), np.asarray(self.masses, np.float64)
        if edges.ndim != 1 or edges.size < 2 or masses.shape != (edges.size - 1,):
            raise ValueError(f"edges and masses have shapes {edges.shape}, {masses.shape}; give k + 1 edges, k masses")
        if not (np.isfinite(edges).all() and (np.diff(edges) > 0).all()):
            raise ValueError(f"edges = {self.edges} must be finite and increase")
        if not (np.isfinite(masses).all() and (masses >= 0).all() and masses.sum() > 0):
            raise ValueError(f"masses = {self.masses} must be finite and >= 0, one of them > 0")
        object.__setattr__(self, "edges", tuple(edges.tolist()))
        object.__setattr__(self, "masses", tuple((masses / masses.sum()).tolist()))

    @property
    def low(self) -> float:
        return self.edges[0]

    @property
    def high(self) -> float:
        return self.edges[-1]

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        levels = np.concatenate([[0.0], np.cumsum(self.masses)])
        levels[-1] = 1.0
        uniform = generator.random(count)
        piece = np.searchsorted(levels, uniform, side="right") - 1
        edges = np.asarray(self.edges)
        inside = (uniform - levels[piece]) / (levels[piece + 1] - levels[piece])
        return np.asarray(edges[piece] + inside * (edges[piece + 1] - edges[piece]))

    def density(self, times: ArrayLike) -> Array:
        given = _inside(self, times)
        piece = np.clip(np.searchsorted(self.edges, given, side="right") - 1, 0, len(self.masses) - 1)
        return np.asarray((np.asarray(self.masses) / np.diff(self.edges))[piece])


@dataclass(frozen=True)
class DilatedTimes:
    """Those at which a dilated schedule is trained uniformly: dilation(u), u uniform on its interval.

    `asymptotics.phases.training_times` gives dilations that serve the parameters of all phases.
    """

    dilation: Dilation

    @property
    def low(self) -> float:
        return float(self.dilation.start)

    @property
    def high(self) -> float:
        return float(self.dilation.end)

    def draw(self, generator: np.random.Generator, count: int) -> Array:
        return np.asarray(self.dilation(self.low + (self.high - self.low) * generator.random(count)))

    def density(self, times: ArrayLike) -> Array:
        """1/slope of the dilation, over the length of the interval; from differences over 1e-5 of it."""
        given, length = _inside(self, times), self.high - self.low
        step = 1e-5 * length
        before, after = np.maximum(given - step, self.low), np.minimum(given + step, self.high)
        gone = self.dilation.inverse(after) - self.dilation.inverse(before)
        return np.asarray(gone / (after - before) / length)


def uniform_times(low: float = 0.0, high: float = 1.0) -> PiecewiseTimes:
    """Times uniform in [low, high]."""
    return PiecewiseTimes((low, high), (1.0,))


def interval_times(
    begin: float, end: float, *, share: float = 0.5, low: float = 0.0, high: float = 1.0
) -> PiecewiseTimes:
    """A ``share`` of the times uniform in [begin, end], the others uniform in the rest of [low, high]."""
    ends = {name: checks.real(name, each) for name, each in (
        ("low", low), ("begin", begin), ("end", end), ("high", high)
    )}
    if not ends["low"] <= ends["begin"] < ends["end"] <= ends["high"]:
        raise ValueError(f"[begin, end] = [{begin}, {end}] must be an interval inside [low, high] = [{low}, {high}]")
    inside = checks.real("share", share, above=0.0, most=1.0)
    lengths = np.diff(list(ends.values()))
    outside = lengths[0] + lengths[2]
    if outside == 0.0 and inside < 1.0:
        raise ValueError(f"share = {share} leaves times for what lies outside [{begin}, {end}], but nothing does")
    rest = (1.0 - inside) / outside if outside > 0.0 else 0.0
    masses = [lengths[0] * rest, inside, lengths[2] * rest]
    kept = [k for k in range(3) if lengths[k] > 0.0]
    edges = [ends["low"], *(ends[name] for name in ("begin", "end", "high"))]
    return PiecewiseTimes(
        (edges[kept[0]], *(edges[k + 1] for k in kept)), tuple(masses[k] for k in kept)
    )


def importance(times: Times, drawn: Array) -> Array:
    """uniform/density at ``drawn`` times: with these weights the mean of a loss is that of uniform times."""
    density = times.density(drawn)
    if not (density > 0).all():
        raise ValueError("the density vanishes at a time that was drawn from it")
    return np.asarray(1.0 / ((times.high - times.low) * density))


def checked_times(times: object) -> Times:
    """``times``, or a TypeError that says what they are."""
    if not isinstance(times, Times):
        raise TypeError(
            f"times = {times!r} must be a density of times, such as uniform_times() or interval_times(.2, .6), with "
            "low, high, draw and density"
        )
    return times


def _inside(times: Times, given: ArrayLike) -> Array:
    found = np.asarray(given, dtype=np.float64)
    if not ((found >= times.low) & (found <= times.high)).all():
        raise ValueError(f"times must lie inside [{times.low:g}, {times.high:g}]")
    return found
