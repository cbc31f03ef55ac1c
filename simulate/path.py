"""Ask a schedule for the path x_t = alpha x0 + beta x1 as numbers.

A `Schedule` gives alpha and beta (`Schedule.mix`), or both with their time derivatives (`Schedule.at`);
`asymptotics.schedule.Interpolant` is one, and anything with the same few members serves. Functions that need the first
two accept whatever is `Mixing`, those that need all four whatever is `Moving`, such as `asymptotics.schedule.Values`.
`Point` and `Motion` are what this package makes itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, SupportsFloat, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulate import checks

_T = TypeVar("_T")


class Mixing(Protocol):
    """Anything that has the schedule's two values at one time."""

    @property
    def alpha(self) -> Any: ...

    @property
    def beta(self) -> Any: ...


class Moving(Mixing, Protocol):
    """The two values and their time derivatives."""

    @property
    def dalpha(self) -> Any: ...

    @property
    def dbeta(self) -> Any: ...


class Schedule(Protocol):
    """A schedule on [start, end]; `at` raises ValueError where a derivative diverges, `mix` does
    not.
    """

    @property
    def name(self) -> str: ...

    @property
    def start(self) -> SupportsFloat: ...

    @property
    def end(self) -> SupportsFloat: ...

    @property
    def noise_at_start(self) -> bool: ...

    def mix(self, time: Any) -> tuple[Any, Any]: ...

    def at(self, time: Any) -> Moving: ...


class Point(NamedTuple):
    """alpha and beta of one time, for those who have no schedule at hand."""

    alpha: float
    beta: float


class Motion(NamedTuple, Generic[_T]):
    """Hold alpha, beta and their derivatives: plain floats at one time, or arrays (times,).

    `asymptotics.schedule.Values` has the same fields; importing it would make all named schedules, which takes longer
    than what the sweep of a user's own function needs.
    """

    alpha: _T
    beta: _T
    dalpha: _T
    dbeta: _T


@dataclass(frozen=True)
class Table:
    """A schedule known at finitely many times: small, and it can be sent to another process."""

    name: str
    start: float
    end: float
    noise_at_start: bool
    points: Mapping[float, Point] = field(default_factory=dict)
    motions: Mapping[float, Motion[float]] = field(default_factory=dict)

    def mix(self, time: float) -> tuple[float, float]:
        return self._find(self.points, time)

    def at(self, time: float) -> Motion[float]:
        return self._find(self.motions, time)

    def _find(self, known: Mapping[float, _T], time: float) -> _T:
        if float(time) not in known:
            raise ValueError(f"t = {time} is not among the {len(known)} times of {self.name!r}")
        return known[float(time)]


def tabulate(schedule: Schedule, *, mixes: ArrayLike = (), motions: ArrayLike = ()) -> Table:
    """Tabulate alpha and beta at the times ``mixes``, and both with their derivatives at the times ``motions``."""
    points = {float(t): point(schedule, float(t)) for t in np.ravel(np.asarray(mixes, np.float64))}
    moving = {}
    for t in np.ravel(np.asarray(motions, np.float64)):
        values = schedule.at(float(t))
        moving[float(t)] = Motion(*(
            float(each) for each in (values.alpha, values.beta, values.dalpha, values.dbeta)
        ))
    return Table(
        schedule.name, float(schedule.start), float(schedule.end), bool(schedule.noise_at_start),
        points, moving,
    )


def motions(schedule: Schedule, moments: NDArray[np.float64]) -> Motion[NDArray[np.float64]]:
    """Return the schedule's values at many times (times,) at once."""
    if isinstance(schedule, Table):
        return Motion(*np.array([schedule.at(float(t)) for t in moments]).T)
    values = schedule.at(moments)
    return Motion(*(
        np.broadcast_to(np.asarray(each, dtype=np.float64), moments.shape)
        for each in (values.alpha, values.beta, values.dalpha, values.dbeta)
    ))


def part(values: Motion[NDArray[np.float64]], k: int) -> Motion[float]:
    """Return the values at the k-th of the times."""
    return Motion(*(float(each[k]) for each in values))


def point(schedule: Schedule, time: float) -> Point:
    alpha, beta = schedule.mix(time)
    return Point(float(alpha), float(beta))


def weights(values: Mixing) -> Point:
    """alpha and beta, checked: real, finite, >= 0, not both 0."""
    for name in ("alpha", "beta"):
        if not hasattr(values, name):
            raise TypeError(f"values = {values!r} has no {name}; give Point(alpha, beta)")
    alpha = checks.real("alpha", _scalar("alpha", values.alpha), least=0.0)
    beta = checks.real("beta", _scalar("beta", values.beta), least=0.0)
    if alpha == 0.0 and beta == 0.0:
        raise ValueError("alpha = beta = 0: x_t carries nothing")
    return Point(alpha, beta)


def checked(schedule: Schedule) -> Schedule:
    """``schedule``, or a TypeError that says what one is."""
    if not all(hasattr(schedule, name) for name in ("mix", "at", "start", "end", "name")):
        raise TypeError(f"schedule = {schedule!r} must be an Interpolant, such as asymptotics.schedule.linear")
    return schedule


def times(
    name: str, given: Sequence[float] | NDArray[np.float64], schedule: Schedule, *, least: int = 1
) -> NDArray[np.float64]:
    """``given`` as a strictly increasing float64 vector inside the schedule's interval."""
    checked(schedule)
    try:
        grid = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a sequence of real numbers") from None
    if grid.ndim != 1 or grid.size < least:
        raise ValueError(f"{name} has shape {grid.shape}; it must be 1-d, {least} time(s) or more")
    low, high = float(schedule.start), float(schedule.end)
    outside = ~((grid >= low) & (grid <= high))
    if outside.any():
        raise ValueError(
            f"{name} holds t = {grid[outside][0]}, outside [{low:g}, {high:g}] of {schedule.name!r}"
        )
    if not (np.diff(grid) > 0).all():
        where = int(np.argmax(np.diff(grid) <= 0))
        raise ValueError(
            f"{name} must increase strictly; entries {where} and {where + 1} are {grid[where]:g}, "
            f"{grid[where + 1]:g}"
        )
    return grid


def _scalar(name: str, value: Any) -> Any:
    array = np.asarray(value)
    if array.ndim != 0:
        raise TypeError(f"{name} must be a single number here, not an array of shape {array.shape}")
    return array.item() if array.dtype != object else value
