"""The hierarchy of phases of many modes: which groups are told apart when.

At a given time, join every pair of modes that is not told apart yet: the groups are the connected pieces, that is the
clusters of single linkage at the distance that the clock has reached. Pairs far apart are decided first, so that the
tree is read from the top as time runs from noise to data. Merges whose distances differ by less than a factor are one
phase: most of what decides them happens at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from asymptotics.coerce import as_float64
from asymptotics.numeric import bisect, middle
from asymptotics.phases.design.modes import Modes, require_modes, strike

if TYPE_CHECKING:
    from asymptotics.phases.design.events import Event
    from asymptotics.schedule import Dilation, Interpolant

Array = NDArray[np.float64]
Groups = tuple[tuple[int, ...], ...]

EDGES = (0.05, 0.95)
"""The phase of two groups runs between these shares of what there is to know about which of them it is."""
APART = 2.0
"""Half distances that differ by less than this factor belong to one phase."""


@dataclass(frozen=True)
class Split:
    """One group of modes comes apart into ``groups`` (indices of modes), of ``weights`` in the whole data.

    ``nearest`` and ``farthest``: the least and the greatest half distance of modes in different groups.
    """

    groups: Groups
    weights: tuple[float, ...]
    nearest: float
    farthest: float

    def __str__(self) -> str:
        parts = (f"{named(group)} ({weight:.4g})" for group, weight in zip(self.groups, self.weights, strict=True))
        return " | ".join(parts)


@dataclass(frozen=True)
class Phase:
    """What is decided together, and when.

    ``opens``, ``closes``: times of the schedule (dilated, if it was) at which x_t carries the shares ``edges`` of the
    entropy of a pair of groups: the first pair, by its farthest modes, opens; the last, by its nearest, closes.
    ``resolved`` is False where that never happens before the data end, which is then where the phase closes.
    """

    splits: tuple[Split, ...]
    opens: float
    closes: float
    resolved: bool

    @property
    def nearest(self) -> float:
        """The least half distance decided here: the phase is over some clocks after beta = 1/nearest."""
        return min(split.nearest for split in self.splits)

    @property
    def farthest(self) -> float:
        return max(split.farthest for split in self.splits)


@dataclass(frozen=True)
class Hierarchy:
    """The phases in the order in which they close, on one schedule; later phases may open before earlier ones close."""

    phases: tuple[Phase, ...]
    schedule: str
    edges: tuple[float, float]
    length: float
    """Of the schedule's interval, infinite where it has no end."""

    def shares(self) -> tuple[float, ...]:
        """The share of uniformly drawn times in each phase; ValueError on an infinite interval."""
        if not self.length < np.inf:
            raise ValueError(f"schedule {self.schedule!r} has no finite interval to take a share of")
        return tuple(abs(phase.closes - phase.opens) / self.length for phase in self.phases)

    def __str__(self) -> str:
        low, high = self.edges
        what = f"from {low:.0%} to {high:.0%} of what tells groups apart"
        lines = [f"{len(self.phases)} phase(s) on {self.schedule}, {what}"]
        for number, phase in enumerate(self.phases, 1):
            end = "" if phase.resolved else " (the data end: never resolved)"
            span = f"t = {phase.opens:.4g} ... {phase.closes:.4g}{end}"
            apart = f"half distances {phase.nearest:.4g} ... {phase.farthest:.4g}"
            lines += [f"  phase {number}: {span}, {apart}", *(f"    {split}" for split in phase.splits)]
        return "\n".join(lines)


def phase_hierarchy(
    modes: Modes, *, schedule: Interpolant | None = None,
    dilation: Dilation | Callable[[float], float] | None = None, apart: float = APART,
    edges: tuple[float, float] = EDGES,
) -> Hierarchy:
    """The phases of ``modes`` on a schedule (linear) and dilation (none), as in `boundary_time`.

    ``apart`` >= 1: groups whose half distances differ by less than this factor are decided in one phase. ``edges``:
    the shares of the entropy, inside (0, 1) and increasing, between which a phase runs.
    """
    from asymptotics.phases.design.events import require_path
    from asymptotics.schedule import linear

    given = as_float64("edges", edges)
    if given.shape != (2,) or not 0 < given[0] < given[1] < 1:
        raise ValueError(f"edges = {edges} must be two numbers that increase inside (0, 1)")
    low, high = map(float, given)
    path = linear if schedule is None else schedule
    require_path(path, dilation)
    phases = [_timed(modes, splits, path, dilation, (low, high)) for splits in split_levels(modes, apart)]
    pace = getattr(dilation, "name", getattr(dilation, "__name__", "a function"))
    name = path.name if dilation is None else f"{path.name}, dilated by {pace}"
    return Hierarchy(tuple(phases), name, (low, high), float(path.end) - float(path.start))


def split_levels(modes: Modes, apart: float = APART) -> list[tuple[Split, ...]]:
    """The splits of each phase, from the farthest groups to the nearest; ValueError unless ``apart`` >= 1."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    require_modes(modes)
    factor = as_float64("apart", apart)
    if factor.ndim or not 1 <= factor < np.inf:
        raise ValueError(f"apart = {apart} must be a finite number >= 1: a ratio of distances")
    far = modes.separations
    tree = linkage(squareform(far, checks=False), "single")
    heights = tree[::-1, 2]
    levels: list[list[float]] = []
    for height in heights:
        if levels and levels[-1][0] < factor * height * (1 + 1e-9):
            levels[-1].append(float(height))
        else:
            levels.append([float(height)])
    before = np.zeros(modes.count, dtype=np.int64)
    found = []
    for level, following in zip(levels, [*levels[1:], [0.0]], strict=True):
        after = fcluster(tree, 0.5 * (level[-1] + following[0]), "distance")
        members = [np.flatnonzero(before == label) for label in np.unique(before)]
        broken = [group for group in members if len(np.unique(after[group])) > 1]
        found.append(tuple(sorted((_split(modes, group, after) for group in broken), key=lambda each: each.groups)))
        before = after
    return found


def _split(modes: Modes, group: NDArray[np.int64], after: NDArray[np.int64]) -> Split:
    parts = [group[after[group] == label] for label in np.unique(after[group])]
    groups = tuple(sorted(tuple(int(i) for i in part) for part in parts))
    across = after[group][:, None] != after[group][None, :]
    far = modes.separations[np.ix_(group, group)][across]
    weights = tuple(float(modes.weights[list(part)].sum()) for part in groups)
    return Split(groups, weights, float(far.min()), float(far.max()))


def _timed(
    modes: Modes, splits: tuple[Split, ...], schedule: Interpolant,
    dilation: Dilation | Callable[[float], float] | None, edges: tuple[float, float],
) -> Phase:
    """The interval of a phase: over all pairs of groups, the first opening and the last closing."""
    from asymptotics.phases.design.events import Event

    pairs = np.array([
        (a / (a + b), *_range(modes, left, right))
        for split in splits
        for i, (left, a) in enumerate(zip(split.groups, split.weights, strict=True))
        for right, b in zip(split.groups[i + 1 :], split.weights[i + 1 :], strict=True)
    ])
    p, near, far = pairs.T
    first = int(np.argmin(_reached(p, edges[0]) / far))
    last = int(np.argmax(_reached(p, edges[1]) / near))
    opening, closing = Event.information(float(p[first]), edges[0]), Event.information(float(p[last]), edges[1])
    opens, _ = _first(opening, float(far[first]), modes.sigma, schedule, dilation)
    closes, resolved = _first(closing, float(near[last]), modes.sigma, schedule, dilation)
    return Phase(splits, opens, closes, resolved)


def _reached(p: Array, fraction: float) -> Array:
    """About where the clock has this share of the entropy of the mode, for each p: enough to tell which is first."""
    from asymptotics.phases.design.events import information_excess

    return middle(*bisect(lambda s: information_excess(p, s, fraction) < 0, 0, 30, halvings=30))


def _first(
    event: Event, length: float, sigma: float, schedule: Interpolant,
    dilation: Dilation | Callable[[float], float] | None,
) -> tuple[float, bool]:
    """The time of an event and True; the data end and False where it never strikes."""
    if event.value * sigma >= length:
        return float(schedule.data_end[0]), False
    return strike(event, length, sigma, schedule, dilation).time, True


def _range(modes: Modes, left: tuple[int, ...], right: tuple[int, ...]) -> tuple[float, float]:
    across = modes.separations[np.ix_(left, right)]
    return float(across.min()), float(across.max())


def named(group: Sequence[int]) -> str:
    """A group of modes in braces."""
    return "{" + ", ".join(map(str, group)) + "}"
