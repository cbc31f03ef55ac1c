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
from functools import cache
from numbers import Rational
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from asymptotics.coerce import as_fraction, as_number, as_positive, as_probability
from asymptotics.formula import constant
from asymptotics.functions import Root
from asymptotics.numeric import bisect, compile_expressions, geometric_middle, middle
from asymptotics.phases import formulas
from asymptotics.symbols import t

if TYPE_CHECKING:
    from asymptotics.schedule import Dilation, Interpolant

Array = NDArray[np.float64]

_CLEAR = 1e-9
"""What rounding may leave of beta - ratio alpha, relative to its terms: a sign below that is none."""
_NEARBY, _TOLD = 1e-6, 1e-13
"""A level is told where the function changes by the second number over this part of the clock, either way."""


@dataclass(frozen=True)
class Event:
    """``clock`` "s" (speciation) or "rho" (variance) reaches ``value``; ``name`` says what that means.

    Values that are asked for by what they mean hold to about 1e-6 or better; what floats cannot tell is a ValueError.
    """

    name: str
    clock: str
    value: float

    def __post_init__(self) -> None:
        if self.clock not in ("s", "rho"):
            raise ValueError(f"clock = {self.clock!r} must be 's' or 'rho'")
        given: Any = self.value
        value = as_positive("value", given)
        object.__setattr__(self, "value", given if isinstance(given, Rational) else value)

    @classmethod
    def bimodality(cls) -> Event:
        """The density of two equal modes turns bimodal along mu."""
        return cls("bimodality", "s", 1.0)

    @classmethod
    def spinodal(cls, p: float) -> Event:
        """The density of modes of weights p, 1 - p gets its second maximum."""
        weight = as_probability("p", p)
        return cls(f"spinodal, p = {weight:g}", "s", float(formulas.spinodal(p=weight)))

    @classmethod
    def clone(cls, p: float, probability: float) -> Event:
        """Two points that return from one x_t agree with this ``probability``, above p^2 + (1-p)^2, that at s = 0."""
        weight, agree = as_probability("p", p), as_number("probability", probability)
        least = weight**2 + (1 - weight) ** 2
        given = f"probability = {probability}"
        if not least < agree < 1:
            name = formulas.clone_probability.name
            raise ValueError(f"{given} is not allowed: {name} runs from {least} to 1; it never reaches {agree}")

        def excess(s: float) -> float:
            # 1/2 + E tanh^2/2 = 1 - mmse/2: the one that does not cancel.
            if agree < 0.75:
                return float(formulas.posterior_second_moment(p=weight, s=s)) / (2 * agree - 1) - 1
            return 1 - float(formulas.mmse(p=weight, s=s)) / (2 * (1 - agree))

        return cls(f"clones agree, {agree:g}", "s", _root(given, excess))

    @classmethod
    def total_variation(cls, level: float) -> Event:
        """The noised modes are at this total variation distance."""
        from scipy.special import erfcinv, erfinv

        distance = as_probability("level", level)
        value = erfinv(distance) if distance < 0.5 else erfcinv(1 - distance)
        return cls(f"total variation, {distance:g}", "s", math.sqrt(2) * float(value))

    @classmethod
    def information(cls, p: float, fraction: float) -> Event:
        """x_t carries this ``fraction`` of the entropy of the mode."""
        weight, part = as_probability("p", p), as_probability("fraction", fraction)
        given = f"fraction = {fraction}"
        return cls(f"information, {part:g}", "s", _root(given, lambda s: float(information_excess(weight, s, part))))

    @classmethod
    def variance(cls, ratio: float = 1.0) -> Event:
        """Data and base have this ratio of widths in x_t; the variance is learned about 1."""
        value = as_number("ratio", ratio)
        return cls(f"variance, {value:g}", "rho", value)

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


@cache
def _remaining() -> Callable[..., dict[str, Any]]:
    """The mean entropy of the mode given x_t, of (p, s): near the whole entropy, information has lost its digits."""
    from asymptotics.functions import weighted_entropy
    from asymptotics.phases import posterior

    left = posterior.GAP * posterior.mean(weighted_entropy(posterior.y))
    return compile_expressions({"left": left}, ("p", "s"), formulas.information.where)


def information_excess(p: Any, s: Any, fraction: float) -> Any:
    """What increases in s, elementwise, and vanishes where x_t carries this fraction of the entropy of the mode."""
    entropy = -p * np.log(p) - (1 - p) * np.log1p(-p)
    with np.errstate(all="ignore"):  # of what is told from nothing at all
        if fraction < 0.5:
            return formulas.information(p=p, s=s) / (fraction * entropy) - 1
        return 1 - _remaining()(p=p, s=s)["left"] / ((1 - fraction) * entropy)


def _root(given: str, excess: Callable[[float], float]) -> float:
    """The clock s at which an increasing function vanishes, to about 1e-6 or better, else ValueError."""
    high = 1.0
    while excess(high) < 0:
        high *= 2
    low = high / 2
    while low > 0 and excess(low) >= 0:
        low, high = low**2, low
    s = float(middle(*bisect(lambda s: excess(s) < 0, low, high, mean=geometric_middle)))
    before, here, after = (excess(s * factor) for factor in (1 - _NEARBY, 1, 1 + _NEARBY))
    if not (after - here > _TOLD and here - before > _TOLD):
        raise ValueError(f"{given} is reached near s = {s:.3g}, but where is not told by floating point")
    return s


@dataclass(frozen=True)
class Boundary:
    """The time at which the clock has the event's value: ``time``, and the interval [low, high] it lies in.

    ``certified``: that the clock passes the event's value, as it is, inside the interval was proved by ball arithmetic
    on the schedule's expressions; else the interval is a bracket in floating point. That it passes it only once was
    looked for, not proved: at 8000 times, in equal steps, scattered, and ever nearer to both ends.
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
    """When the event strikes on a schedule, dilated or not; ValueError where the clock passes the value repeatedly.

    A `Dilation` keeps the certificate; any other increasing function of t maps a float bracket, labelled uncertified.
    Whether such a function increases is looked for at 3000 times.
    """
    from asymptotics.schedule import Dilation

    if not isinstance(event, Event):
        raise TypeError(f"event = {event!r} must be an Event, such as Event.bimodality()")
    require_path(schedule, dilation)
    ratio = event.ratio(sigma=sigma, d=d, radius=radius)
    if dilation is None or isinstance(dilation, Dilation):
        path = schedule if dilation is None else schedule.dilated(dilation)
        low, high = _certified(event, path, ratio)
        return Boundary(event, (low + high) / 2, low, high, certified=True)
    inside = boundary_time(event, schedule, sigma=sigma, d=d, radius=radius)
    low, high = _inverse(dilation, inside.time, float(schedule.start), float(schedule.end))
    return Boundary(event, (low + high) / 2, low, high, certified=False)


def require_path(schedule: object, dilation: object) -> None:
    """TypeError unless these are a schedule and what may dilate one; ValueError unless the schedule may be dilated."""
    from asymptotics.schedule import Dilation, Interpolant

    if not isinstance(schedule, Interpolant):
        raise TypeError(f"schedule = {schedule!r} must be an Interpolant, such as asymptotics.schedule.linear")
    if not (dilation is None or isinstance(dilation, Dilation) or callable(dilation)):
        raise TypeError(f"dilation = {dilation!r} must be a Dilation or an increasing function of t")
    if dilation is not None and not schedule.end.is_finite:
        raise ValueError(
            f"schedule {schedule.name!r} runs to t = {schedule.end}; a dilation maps a finite interval onto itself"
        )


def _certified(event: Event, path: Interpolant, ratio: sp.Expr) -> tuple[float, float]:
    """An interval about the time where beta - ratio alpha changes sign, both signs proved."""
    sign = 1 if path.noise_at_start else -1
    gap = sign * (path.beta - ratio * path.alpha)
    start, end = _finite_ends(path, gap)
    times = _crossings(path, float(ratio), float(start), float(end))
    if len(times) > 1:
        shown = ", ".join(f"{time:.6g}" for time in times[:10]) + (", ..." if len(times) > 10 else "")
        raise ValueError(
            f"the clock passes {event.clock} = {float(event.value):g} ({event.name}) more than once on schedule "
            f"{path.name!r}, at t = {shown}; use one on which beta/alpha grows towards the data"
        )
    ball = constant(Root(gap, t, start, end), 128)
    # Rounded outwards: the nearest float may lie inside the ball.
    return math.nextafter(float(ball.lower()), -math.inf), math.nextafter(float(ball.upper()), math.inf)


def _crossings(path: Interpolant, ratio: float, start: float, end: float) -> list[float]:
    """The times between which beta - ratio alpha was seen to change sign.

    The first phase may fill a part 1/sqrt(d) of the interval, hence also times in equal ratios from both ends.
    """
    from asymptotics.schedule import scattered

    mix = compile_expressions({"alpha": path.alpha, "beta": path.beta}, ("t",))
    near = (end - start) * np.geomspace(1e-12, 1, 1500)[:-1]
    times = np.concatenate([np.linspace(start, end, 1001), scattered(start, end), start + near, end - near])
    times = np.unique(times)
    times = times[(times > start) & (times < end)]

    def signs(at: Array) -> Array:
        with np.errstate(all="ignore"):
            alpha, beta = mix(t=at).values()
            gap = np.asarray(beta - ratio * alpha)
            return np.where(abs(gap) > _CLEAR * (abs(beta) + ratio * abs(alpha)), np.sign(gap), 0.0)

    seen = signs(times)
    times, seen = times[seen != 0], seen[seen != 0]
    turns = np.flatnonzero(np.diff(seen))
    halvings = 60 if len(turns) > 1 else 0
    _, after = bisect(lambda at: signs(at) == seen[turns], times[turns], times[turns + 1], halvings=halvings)
    return [float(time) for time in after]


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
    from asymptotics.schedule import first_fall

    def value(time: float) -> float:
        found = dilation(time)
        try:
            return float(found)
        except (TypeError, ValueError):
            raise TypeError(f"dilation gives {found!r} at t = {time}; it must give a number") from None

    ends = value(low), value(high)
    fall = first_fall(lambda times: np.array([value(float(time)) for time in times]), low, high, count=1000)
    if fall is not None:
        raise ValueError(f"dilation does not increase after t = {fall:.6g}")
    if abs(ends[0] - low) > 1e-12 or abs(ends[1] - high) > 1e-12:
        raise ValueError(f"dilation maps [{low}, {high}] to [{ends[0]}, {ends[1]}]; it must map it onto itself")
    before, after = bisect(lambda time: value(float(time)) < moment, low, high)
    return float(before), float(after)


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
