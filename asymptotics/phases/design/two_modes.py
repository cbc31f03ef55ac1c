"""Schedule design: where to spend the steps, so that the generated weights of the modes are right.

With the exact field the coordinate y = mu.x/|mu| obeys a scalar equation, and the rest of x does not matter for the
mode. A one-step method maps y increasingly, so that one starting point separates the modes: the weight of + is the
normal mass above it, with no sampling noise. A dilation that is linear between nodes only moves the grid.

Its steps of Euler and Heun repeat those of `simulate.flow` on purpose: tests compare the two as independent programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from asymptotics.coerce import as_float64, as_integer, as_positive, as_probability, choice
from asymptotics.numeric import bisect, middle

if TYPE_CHECKING:
    from asymptotics.schedule import Dilation, Interpolant, Values

Array = NDArray[np.float64]

METHODS = ("euler", "heun")
# Beyond this a standard normal start does not occur (1e-23); a separating start out there is a weight of 0 or 1.
_FAR = 10.0
_HALVINGS = 60
_TIE = 1e-13
REST = 0.2
"""Of the steps, what a search of the share leaves for the second phase: that is where the width is made."""


@dataclass(frozen=True)
class Target:
    """Two modes: weight ``p`` of +, width ``sigma``, dimension ``d``, ``radius`` = |mu|/sqrt(d)."""

    p: float
    sigma: float
    d: float
    radius: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", as_probability("p", self.p))
        for name in ("sigma", "d", "radius"):
            object.__setattr__(self, name, as_positive(name, getattr(self, name)))

    @property
    def length(self) -> float:
        """|mu|."""
        return self.radius * self.d**0.5

    @property
    def half_odds(self) -> float:
        return 0.5 * (np.log(self.p) - np.log1p(-self.p))


def velocity(target: Target, values: Values, y: Array) -> Array:
    """dy/dt of the exact field; ``values`` (alpha, beta and their slopes) broadcast against y."""
    alpha, beta, dalpha, dbeta = (np.asarray(each) for each in values)
    noised = alpha**2 + (target.sigma * beta) ** 2
    along = alpha * (alpha * dbeta - beta * dalpha) / noised * target.length
    return np.asarray(
        _pull(target, values) * y + along * np.tanh(target.half_odds + beta * target.length * y / noised)
    )


def _pull(target: Target, values: Values) -> Array:
    """The field's slope across mu, (alpha dalpha + sigma^2 beta dbeta)/V."""
    square = target.sigma**2
    return np.asarray(
        (values.alpha * values.dalpha + square * values.beta * values.dbeta)
        / (values.alpha**2 + square * values.beta**2)
    )


def one_step(method: str, step: Array, before: Any, after: Any, x: Any) -> Array:
    """Take a step of a method from x; the fields are those at the beginning and at the end of the step."""
    slope = before(x)
    if method == "heun":
        slope = 0.5 * (slope + after(x + step * slope))
    return np.asarray(x + step * slope)


def generated_weight(
    target: Target, grid: ArrayLike, *, schedule: Interpolant | None = None, method: str = "euler"
) -> Array:
    """The weight of the + mode that a one-step ``method`` generates on time grids (..., steps + 1), exactly.

    ``grid`` increases from the noise end to the data end of ``schedule`` (linear). With the exact field at the
    beginning of each step (Heun: at both ends); at a node where the pace of a dilation jumps, that is the field of the
    step's own side. A point counts for + where mu.x > 0 at the end: with modes that overlap (|mu| not many sigma) exact
    samples would give p Phi(|mu|/sigma) + (1-p) Phi(-|mu|/sigma), not p.
    """
    from scipy.special import ndtr

    _require_target(target)
    steps, before, after = _ends_of_steps(grid, schedule, method)

    def final(y: Array) -> Array:
        for step, first, last in zip(steps, before, after, strict=True):
            y = one_step(method, step, partial(velocity, target, first), partial(velocity, target, last), y)
        return y

    return np.asarray(ndtr(-middle(*bisect(lambda y: final(y) < 0, -_FAR, _FAR, halvings=_HALVINGS))))


def variance_across(
    target: Target, grid: ArrayLike, *, schedule: Interpolant | None = None, method: str = "euler"
) -> Array:
    """The variance that ``method`` generates across mu, over sigma^2 (exact samples: 1), on grids as above.

    There the field is linear in x, the same in all directions, so that the starts are only scaled.
    """
    _require_target(target)
    steps, before, after = _ends_of_steps(grid, schedule, method)
    factor = np.ones(steps.shape[1:])
    for step, first, last in zip(steps, before, after, strict=True):
        start, end = (partial(np.multiply, _pull(target, values)) for values in (first, last))
        factor = factor * one_step(method, step, start, end, 1.0)
    return np.asarray(factor**2 / target.sigma**2)


def _require_target(target: Target) -> None:
    if not isinstance(target, Target):
        raise TypeError(f"target = {target!r} must be a Target(p, sigma, d)")


def _ends_of_steps(
    grid: ArrayLike, schedule: Interpolant | None, method: str
) -> tuple[Array, list[Values], list[Values]]:
    """Steps (steps, ...), and what the schedule is at the beginning and at the end of each.

    At a time inside, slopes are taken one float towards the step: at a node they jump.
    """
    from asymptotics.schedule import linear

    schedule = linear if schedule is None else schedule
    choice("method", method, METHODS)
    times = as_float64("grid", grid)
    if times.ndim < 1 or times.shape[-1] < 2 or not (np.diff(times, axis=-1) > 0).all():
        raise ValueError(f"grid of shape {times.shape} must hold two times or more, increasing along the last axis")
    edges = np.stack([times[..., 0] - float(schedule.noise_end[0]), times[..., -1] - float(schedule.data_end[0])])
    if not schedule.noise_at_start or not (edges == 0).all():
        raise ValueError(f"grid must run from the noise end to the data end of schedule {schedule.name!r}")
    count = times.shape[-1] - 1
    steps = np.moveaxis(np.diff(times, axis=-1), -1, 0)
    before = [_toward(schedule, times[..., k], np.inf if k else None) for k in range(count)]
    if method == "euler":
        return steps, before, before
    after = [_toward(schedule, times[..., k], -np.inf if k < count else None) for k in range(1, count + 1)]
    return steps, before, after


def _toward(schedule: Interpolant, times: Array, side: float | None) -> Values:
    """alpha, beta at the times, slopes on that side of them."""
    values = schedule.at(times)
    if side is None:
        return values
    near = schedule.at(np.nextafter(times, side))
    return values._replace(dalpha=near.dalpha, dbeta=near.dbeta)


def half_grid(target: Target, kappa: ArrayLike, share: ArrayLike, steps: int) -> Array:
    """Time grids (..., steps + 1) of the linear schedule: ``share`` of the steps on [0, kappa/|mu|].

    Equal steps in each part. The number of steps in the first part is rounded, at least one on either side. ValueError
    unless 0 < kappa < |mu|, 0 < share < 1 and steps >= 2.
    """
    _require_target(target)
    require_steps(steps)
    for name, given, most in (("kappa", kappa, target.length), ("share", share, 1.0)):
        values = as_float64(name, given)
        if not ((values > 0) & (values < most)).all():
            bad = values[~((values > 0) & (values < most))].flat[0] if values.ndim else values
            limit = f"|mu| = {most:g}" if name == "kappa" else "1"
            raise ValueError(f"{name} = {bad} is not allowed: 0 < {name} < {limit}")
    node = np.asarray(kappa, dtype=np.float64) / target.length
    node, part = np.broadcast_arrays(node, np.asarray(share, dtype=np.float64))
    first = np.clip(np.round(part * steps), 1, steps - 1)[..., None]
    k = np.arange(steps + 1)
    node = node[..., None]
    rest = (k - first) / (steps - first)
    return np.asarray(np.where(k <= first, node * k / first, node * (1 - rest) + rest))


@dataclass(frozen=True)
class Design:
    """A recommended dilation of the linear schedule: what it is, and the error |generated - p| that is left.

    ``kappa`` is in units of 1/|mu|: the first phase ends at beta = kappa/|mu|, where the clock s is about kappa.
    ``variance``: what is generated across mu, over sigma^2; the steps of the second phase bring it to 1.
    """

    dilation: Dilation
    kappa: float
    share: float
    steps: int
    method: str
    error: float
    undilated: float
    variance: float


def require_steps(steps: object) -> None:
    as_integer("steps", steps, 2, ": one in each phase")


def best_dilation(
    target: Target, steps: int, *, share: float | None = 0.5, method: str = "euler"
) -> Design:
    """The dilation with the least error of the generated weight for ``steps`` steps.

    ``share`` of the steps in the first phase: 1/2 is the paper's; None searches it too, over every whole number of
    steps that leaves a fifth (`REST`) for the second phase: the weight alone would take all but one or two, and the
    samples would have no width (`Design.variance` says how much they have). kappa is searched on a logarithmic grid
    and refined about its best points.
    """
    from asymptotics.schedule import Dilation

    _require_target(target)
    require_steps(steps)
    if target.length <= 1:
        raise ValueError(f"|mu| = {target.length:g} must be > 1: there is no first phase to dilate")
    shares = free_shares(steps) if share is None else np.array([as_probability("share", share)])
    kappas = np.geomspace(0.05, 0.95 * min(target.length, 40.0), 60)
    best = _search(target, kappas[:, None], shares[None, :], steps, method)
    for _ in range(6):
        kappa, part, _ = best
        ratio = (kappas[1] / kappas[0]) if len(kappas) > 1 else 1.0
        kappas = np.clip(kappa * np.geomspace(1 / ratio, ratio, 21), 1e-3, 0.999 * target.length)
        best = min(best, _search(target, kappas[:, None], np.array([[part]]), steps, method), key=lambda each: each[2])
    kappa, part, error = best
    plain = generated_weight(target, np.linspace(0.0, 1.0, steps + 1), method=method)
    whole = min(max(round(part * steps), 1), steps - 1) / steps
    node = kappa / target.length
    width = float(variance_across(target, half_grid(target, kappa, whole, steps), method=method))
    dilation = Dilation.through(
        (0, 0), (_exact(whole), _exact(node)), (1, 1), name=f"kappa = {kappa:.6g}, share = {whole:g}"
    )
    return Design(dilation, kappa, whole, int(steps), method, error, float(abs(plain - target.p)), width)


def free_shares(steps: int) -> Array:
    """The shares of the first phase that a search looks at."""
    return np.asarray(np.arange(1, max(1, int((1 - REST) * steps + 1e-9)) + 1) / steps)


def _search(target: Target, kappas: Array, shares: Array, steps: int, method: str) -> tuple[float, float, float]:
    """(kappa, share, error) of the best of a grid of designs."""
    grids = half_grid(target, kappas, shares, steps)
    errors = np.abs(generated_weight(target, grids, method=method) - target.p)
    kappa, share = np.broadcast_arrays(kappas, shares)
    # At p = 1/2 every design is right; of equals, that nearest to kappa = 3 is robust.
    equal = errors <= errors.min() + _TIE
    index = np.unravel_index(int(np.argmin(np.where(equal, np.abs(np.log(kappa / 3)), np.inf))), errors.shape)
    return float(kappa[index]), float(share[index]), float(errors[index])


def _exact(value: float) -> Any:
    import sympy as sp

    return sp.Rational(value)
