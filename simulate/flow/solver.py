"""Carry points along a velocity from one time to the data end: by the probability-flow ODE or the reverse SDE.

The velocity is any function of (x, t), exact or learned. The law of x_t = alpha x0 + beta x1 fixes the rest:
E[x1|x] and the score follow from the velocity and the schedule, and with them the time reversal of noising,
dx = (2 b - (dbeta/beta) x) dt + sqrt(2 alpha (alpha dbeta - beta dalpha)/beta) dW, regular at the data end.
A dilation of the schedule only moves the grid: steps are taken in the schedule's own time, in which an exact field is
smooth, so that no side has to be chosen at a node where the pace jumps.

`asymptotics.phases.design` has steps of Euler and Heun of its own, on purpose: tests compare the two, which would prove
nothing if they shared code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from simulate import checks, path
from simulate.flow import methods
from simulate.path import Moving, Point, Schedule
from simulate.seeds import Seed, child, normal

if TYPE_CHECKING:
    from asymptotics.schedule import Dilation

Array = NDArray[np.float64]

STOCHASTIC = ("euler_maruyama", "ancestral")
TRANSPORT_METHODS = (*methods.METHODS, "heun", *STOCHASTIC)


class Velocity(Protocol):
    """dx/dt of points x (S, ...) at time t, shaped like x: an exact field, a trained network, a user's model."""

    def __call__(self, x: torch.Tensor, t: float, /) -> torch.Tensor: ...


def denoised(values: Moving, velocity: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """E[x1|x] from the velocity at x; ValueError at alpha = 0, where it has left the velocity."""
    gain, rate = methods.rates(values)
    return (velocity - float(rate) * x) / float(gain)


def score(values: Moving, velocity: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """The gradient of the log density at x from the velocity there; ValueError at alpha = 0."""
    gain, _ = methods.rates(values)
    return (float(values.beta) * velocity - float(values.dbeta) * x) / float(values.alpha**2 * gain)


def time_grid(
    schedule: Schedule, steps: int, *, first: float | None = None, dilation: Dilation | None = None
) -> Array:
    """``steps`` + 1 times from ``first`` (the noise end) to the data end, decreasing where noise lies at the end.

    Equal steps in the dilated time, so that more of them lie where the dilation is slow (None: equal steps in t); the
    dilation's nodes in between are among the times. ValueError where an end is infinite.
    """
    noise, data = _ends(schedule)
    ends = min(noise, data), max(noise, data)
    begin = noise if first is None else checks.real("first", first)
    if not np.isfinite([begin, data]).all():
        raise ValueError(f"from t = {begin} to {data} of schedule {schedule.name!r} is no finite time; give a first")
    if not ends[0] <= begin <= ends[1] or begin == data:
        raise ValueError(f"first = {begin} must lie in [{ends[0]:g}, {ends[1]:g}], before the data end t = {data:g}")
    if dilation is None:
        return np.linspace(begin, data, checks.integer("steps", steps, least=1) + 1)
    if (float(dilation.start), float(dilation.end)) != ends:
        raise ValueError(f"dilation {dilation.name!r} lives on [{dilation.start}, {dilation.end}], not on {list(ends)}")
    opening = float(dilation.inverse(begin))
    inside = [node for node in dilation.nodes if min(opening, data) < node < max(opening, data)]
    stops = np.array([opening, *sorted(inside, reverse=opening > data), data])
    count = checks.integer("steps", steps, least=len(stops) - 1)
    grid = dilation(np.interp(np.arange(count + 1), _places(stops, count), stops))
    grid[[0, -1]] = begin, data
    return np.asarray(grid)


def _ends(schedule: Schedule) -> tuple[float, float]:
    """The times of the noise end and of the data end."""
    ends = float(schedule.start), float(schedule.end)
    return ends if schedule.noise_at_start else ends[::-1]


def _places(stops: Array, count: int) -> Array:
    """The step at which each stop is reached: in proportion, rounded, at least one step apart."""
    places = np.round(count * (stops - stops[0]) / (stops[-1] - stops[0]))
    order = np.arange(len(stops))
    places = np.maximum.accumulate(places - order) + order
    return np.asarray(np.minimum(places, count - order[::-1]))


def toward_data(grid: ArrayLike, schedule: Schedule) -> Array:
    """``grid`` as float64, checked: two times or more inside the schedule, strictly towards its data end."""
    times = np.asarray(grid)
    if times.ndim != 1 or schedule.noise_at_start:
        return path.times("grid", times, schedule, least=2)
    backwards = path.times("grid, read backwards (noise lies at the end),", times[::-1], schedule, least=2)
    return np.asarray(backwards[::-1])


def transport(
    velocity: Velocity, schedule: Schedule, grid: ArrayLike, x: torch.Tensor, *, method: str,
    seed: Seed | None = None, closed: bool = False,
) -> torch.Tensor:
    """Carry ``x`` (S, ...) over the grid, towards the data end, by a one-step ``method`` of `TRANSPORT_METHODS`.

    ODE: those of `simulate.flow.METHODS` and "heun". SDE, from ``seed``: "euler_maruyama", which needs beta > 0 at the
    first time, and "ancestral" (E[x1|x] held over a step, the rest exact), which does not. Steps use the velocity at
    their beginning; Heun also that at their end, except on a last step to the data end, where a learned velocity has a
    pole: that is an Euler step unless ``closed`` says that the velocity is regular there.
    """
    checks.choice("method", method, TRANSPORT_METHODS)
    checks.flag("closed", closed)
    if not isinstance(x, torch.Tensor) or not x.is_floating_point() or x.dim() < 1:
        raise TypeError("x must be a floating-point torch tensor (S, ...)")
    times = toward_data(grid, schedule)
    if method in methods.METHODS:
        return methods.integrate(lambda t, state: velocity(state, t), times, x, method=method)
    if method == "heun":
        return _heun(velocity, times, x, closed=closed or times[-1] != _ends(schedule)[1])
    if seed is None:
        raise ValueError(f"seed = None: method = {method!r} is random, give it a seed")
    return _reversed(velocity, schedule, times, x, method, seed)


def _heun(velocity: Velocity, times: Array, x: torch.Tensor, *, closed: bool) -> torch.Tensor:
    for k, step in enumerate(np.diff(times).tolist()):
        slope = velocity(x, float(times[k]))
        if closed or k < len(times) - 2:
            slope = 0.5 * (slope + velocity(x + step * slope, float(times[k + 1])))
        x = x + step * slope
    return x


def _reversed(
    velocity: Velocity, schedule: Schedule, times: Array, x: torch.Tensor, method: str, seed: Seed
) -> torch.Tensor:
    """Noise of step k from the stream k below the seed."""
    values, (alpha, beta) = path.motions(schedule, times[:-1]), schedule.mix(times)
    if method == "euler_maruyama" and beta[0] == 0:
        raise ValueError(
            f"beta = 0 at t = {times[0]:g}: the noise of the reverse SDE diverges; start later, or use 'ancestral'"
        )
    for k, step in enumerate(np.diff(times).tolist()):
        now, slope = path.part(values, k), velocity(x, float(times[k]))
        noise = normal(child(seed, k), tuple(x.shape), dtype=x.dtype, device=x.device)
        if method == "ancestral":
            reached = Point(float(alpha[k + 1]), float(beta[k + 1]))
            law = _ancestral(now, reached)
            x = law.keep * x + law.pull * denoised(now, slope, x) + law.spread * noise
        else:
            x = x + step * (2.0 * slope - (now.dbeta / now.beta) * x) + _spread(now, step) * noise
    return x


def _spread(now: Moving, step: float) -> float:
    """The standard deviation of an Euler-Maruyama step's noise."""
    growth = now.alpha * (now.alpha * now.dbeta - now.beta * now.dalpha) / now.beta
    return float((2.0 * growth * step) ** 0.5)


@dataclass(frozen=True)
class _Step:
    """The law of x_t' given x_t and x1, t' nearer to the data: keep x_t + pull x1 + spread z."""

    keep: float
    pull: float
    spread: float


def _ancestral(now: Moving, then: Point) -> _Step:
    """By Bayes' rule: x_t = shrink x_t' + noise, where shrink = beta/beta'."""
    shrink = now.beta / then.beta
    fresh = max(now.alpha**2 - (shrink * then.alpha) ** 2, 0.0)
    share = fresh / now.alpha**2
    return _Step(shrink * then.alpha**2 / now.alpha**2, share * then.beta, then.alpha * share**0.5)
