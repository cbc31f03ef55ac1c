"""When something about the data is decided: events on the clocks, and the times at which they strike on any schedule.

An event is a value of one of the two clocks. On a schedule it strikes where beta/alpha has the ratio that the clock
asks for; under a dilation at tau^-1 of that time; drawn uniformly, training times fall into the phase between two
events in proportion to the difference of their times.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import sympy as sp

from asymptotics import balls
from asymptotics.domain import as_fraction
from asymptotics.phases import formulas
from asymptotics.roots import Root
from asymptotics.symbols import t

if TYPE_CHECKING:
    from asymptotics.schedule import Dilation, Interpolant

_HALVINGS = 200


@dataclass(frozen=True)
class Event:
    """``clock`` "s" (speciation) or "rho" (variance) reaches ``value``; ``name`` says what that means."""

    name: str
    clock: str
    value: float

    def __post_init__(self) -> None:
        if self.clock not in ("s", "rho"):
            raise ValueError(f"clock = {self.clock!r} must be 's' or 'rho'")
        if not 0 < self.value < float("inf"):
            raise ValueError(f"value = {self.value} must be finite and > 0")

    @classmethod
    def bimodality(cls) -> Event:
        """The density of two equal modes turns bimodal along mu."""
        return cls("bimodality", "s", 1.0)

    @classmethod
    def spinodal(cls, p: float) -> Event:
        """The density of modes of weights p, 1 - p gets its second maximum."""
        return cls(f"spinodal, p = {p:g}", "s", float(formulas.spinodal(p=p)))

    @classmethod
    def clone(cls, p: float, probability: float) -> Event:
        """Two points that return from one x_t agree with this ``probability``."""
        return cls(f"clones agree, {probability:g}", "s", _level(formulas.clone_probability, probability, p=p))

    @classmethod
    def total_variation(cls, level: float) -> Event:
        """The noised modes are at this total variation distance."""
        return cls(f"total variation, {level:g}", "s", _level(formulas.total_variation, level))

    @classmethod
    def information(cls, p: float, fraction: float) -> Event:
        """x_t carries this ``fraction`` of the entropy of the mode."""
        import numpy as np

        entropy = float(-p * np.log(p) - (1 - p) * np.log1p(-p))
        if not 0 < fraction < 1:
            raise ValueError(f"fraction = {fraction} must lie inside (0, 1)")
        return cls(f"information, {fraction:g}", "s", _level(formulas.information, fraction * entropy, p=p))

    @classmethod
    def variance(cls, ratio: float = 1.0) -> Event:
        """Data and base have this ratio of widths in x_t; the variance is learned about 1."""
        return cls(f"variance, {ratio:g}", "rho", float(ratio))

    def ratio(self, *, sigma: Any, d: Any, radius: Any = 1) -> sp.Expr:
        """beta/alpha at the event, exact; ValueError, with s_max, where the clock never gets there."""
        exact = {name: sp.sympify(as_fraction(name, value)) for name, value in (
            ("sigma", sigma), ("d", d), ("radius", radius),
        )}
        for name, value in exact.items():
            if not value > 0:
                raise ValueError(f"{name} = {value} is not allowed: {name} > 0")
        value = sp.Rational(Fraction(self.value))
        if self.clock == "rho":
            return value / exact["sigma"]
        left = exact["radius"] ** 2 * exact["d"] - value**2 * exact["sigma"] ** 2
        if not left > 0:
            most = float(exact["radius"]) * float(exact["d"]) ** 0.5 / float(exact["sigma"])
            raise ValueError(
                f"the clock never reaches s = {self.value:g} ({self.name}): it stays below "
                f"s_max = radius*sqrt(d)/sigma = {most:g}"
            )
        return value / sp.sqrt(left)


def _level(formula: Any, level: float, **arguments: float) -> float:
    """The clock s at which an increasing formula reaches a level; bisection to the last digit."""
    low, high = 0.0, 1.0
    least, most = float(formula(s=0.0, **arguments)), float(formula(s=30.0, **arguments))
    if not least < level < most:
        raise ValueError(f"{formula.name} runs from {least:g} to {most:g}; it never reaches {level:g}")
    while float(formula(s=high, **arguments)) < level:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if float(formula(s=middle, **arguments)) < level else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True)
class Boundary:
    """The time at which the clock has the event's value: ``time``, and the interval [low, high] it lies in.

    ``certified``: the interval was proved by ball arithmetic on the schedule's expressions (the ratio beta/alpha being
    monotone), for that value as it is; else it is a bracket in floating point.
    """

    event: Event
    time: float
    low: float
    high: float
    certified: bool


def boundary_time(
    event: Event, schedule: Interpolant, *, sigma: Any, d: Any, radius: Any = 1,
    dilation: Dilation | Callable[[float], float] | None = None,
) -> Boundary:
    """When the event strikes on a schedule, dilated or not.

    A `Dilation` keeps the certificate; any other increasing function of t maps a float bracket, labelled uncertified.
    """
    from asymptotics.schedule import Dilation

    ratio = event.ratio(sigma=sigma, d=d, radius=radius)
    if dilation is None or isinstance(dilation, Dilation):
        path = schedule if dilation is None else schedule.dilated(dilation)
        low, high = _certified(path, ratio)
        return Boundary(event, (low + high) / 2, low, high, certified=True)
    inside = boundary_time(event, schedule, sigma=sigma, d=d, radius=radius)
    low, high = _inverse(dilation, inside.time, float(schedule.start), float(schedule.end))
    return Boundary(event, (low + high) / 2, low, high, certified=False)


def _certified(path: Interpolant, ratio: sp.Expr) -> tuple[float, float]:
    """An interval about the time where beta - ratio alpha changes sign, both signs proved."""
    sign = 1 if path.noise_at_start else -1
    gap = sign * (path.beta - ratio * path.alpha)
    start, end = _finite_ends(path, gap)
    ball = balls.constant(Root(gap, t, start, end), 128)
    # Rounded outwards: the nearest float may lie inside the ball.
    return math.nextafter(float(ball.lower()), -math.inf), math.nextafter(float(ball.upper()), math.inf)


def _finite_ends(path: Interpolant, gap: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """The interval, an infinite end replaced by a time at which the sign is known."""
    if path.end.is_finite:
        return path.start, path.end
    end = path.start + 1
    for _ in range(60):
        if gap.subs(t, end).evalf() > 0:
            return path.start, end
        end = 2 * end
    raise ValueError(f"schedule {path.name!r} does not get there before t = {end}")


def _inverse(dilation: Callable[[float], float], moment: float, low: float, high: float) -> tuple[float, float]:
    """A bracket of the time at which a user's increasing function takes the value ``moment``."""
    values = [float(dilation(low + (high - low) * k / 1000)) for k in range(1001)]
    if any(not a < b for a, b in pairwise(values)):
        raise ValueError("dilation does not increase on the interval of the schedule")
    if abs(values[0] - low) > 1e-12 or abs(values[-1] - high) > 1e-12:
        raise ValueError(f"dilation maps [{low}, {high}] to [{values[0]}, {values[-1]}]; it must map it onto itself")
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if float(dilation(middle)) < moment else (low, middle)
    return low, high


def share(
    first: Event, last: Event, schedule: Interpolant, *, sigma: Any, d: Any, radius: Any = 1,
    dilation: Dilation | Callable[[float], float] | None = None,
) -> float:
    """The share of uniformly drawn training times between two events; undilated it falls as 1/sqrt(d) for clock s."""
    times = [
        boundary_time(each, schedule, sigma=sigma, d=d, radius=radius, dilation=dilation).time for each in (first, last)
    ]
    length = float(schedule.end) - float(schedule.start)
    if not length < float("inf"):
        raise ValueError(f"schedule {schedule.name!r} has no finite interval to take a share of")
    return abs(times[1] - times[0]) / length
