"""Networks that know the time: training them on points of any shape, and the velocity of what they predict.

x_t = alpha x0 + beta x1 with noise x0 and a data point x1. A network (x, t) -> shaped like x, with t (S,), predicts the
noise x0 (as in arXiv 2412.07972), the velocity dalpha x0 + dbeta x1, or the data point x1, each in the mean over what
x_t may have come from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypedDict, Unpack

import numpy as np
import torch
from torch import nn

from simulate import checks
from simulate.flow import drift
from simulate.path import Schedule, checked, motions, part
from simulate.runs import Given
from simulate.seeds import Seed
from simulate.training.fitting import FitRecipe, Fitted, Progress, fit
from simulate.training.times import Times, checked_times, importance, uniform_times

# Times at which a density is looked at before weights are trusted to it.
_PROBES = 2001
PREDICTIONS = ("velocity", "noise", "data")
Predictor: TypeAlias = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Points (S, ...) and times (S,) -> a prediction for each, shaped like the points."""
Augment: TypeAlias = Callable[[torch.Tensor, np.random.Generator], torch.Tensor]


@dataclass(frozen=True, eq=False)
class ModelVelocity:
    """The velocity of a ``model`` that predicts velocity, noise or data on a schedule: a `simulate.flow.Velocity`.

    ValueError where a prediction leaves the velocity open: noise at beta = 0, data at alpha = 0.
    """

    model: Predictor
    schedule: Schedule
    predicts: str = "velocity"

    def __post_init__(self) -> None:
        checks.choice("predicts", self.predicts, PREDICTIONS)
        checked(self.schedule)
        if not callable(self.model):
            raise TypeError(f"model must be a callable of x and t, not {type(self.model).__name__}")
        require_evaluation("model", self.model)

    def __call__(self, x: torch.Tensor, t: float, /) -> torch.Tensor:
        found = predicted(self.model, x, torch.full((len(x),), t, dtype=x.dtype, device=x.device))
        if not bool(torch.isfinite(found).all()):
            raise FloatingPointError(f"{_name(self.model)} gives values that are not finite at t = {t}")
        if self.predicts == "velocity":
            return found
        now = part(motions(self.schedule, np.array([t])), 0)
        if self.predicts == "data":
            return drift(now, found, x)
        if now.beta == 0.0:
            raise ValueError(f"beta = 0 at t = {t}: predicted noise leaves the velocity open there; start later")
        return now.dalpha * found + now.dbeta / now.beta * (x - now.alpha * found)


def predicted(model: Predictor, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """The model's answer, checked."""
    found = model(x, t)
    if not isinstance(found, torch.Tensor):
        raise TypeError(f"{_name(model)} gives a {type(found).__name__}; it must map x (S, ...) and t (S,) to a tensor")
    if found.shape != x.shape:
        raise ValueError(f"{_name(model)} maps {tuple(x.shape)} to {tuple(found.shape)}; both must agree")
    if found.dtype != x.dtype or found.device != x.device:
        raise TypeError(
            f"{_name(model)} maps {x.dtype} on {x.device} to {found.dtype} on {found.device}; both must agree"
        )
    return found


def require_evaluation(name: str, model: Any) -> None:
    """ValueError for a network with dropout or batch statistics that is in training mode: its answers would be random,
    and change it."""
    kinds = (torch.nn.modules.dropout._DropoutNd, torch.nn.modules.batchnorm._NormBase)
    if isinstance(model, nn.Module) and any(each.training and isinstance(each, kinds) for each in model.modules()):
        raise ValueError(
            f"{name} {type(model).__name__} is in training mode, with dropout or batch statistics: call .eval()"
        )


def _name(model: Any) -> str:
    return getattr(model, "__qualname__", type(model).__name__)


@dataclass(frozen=True, eq=False)
class _Loss:
    """Squared error of what is predicted, a mean over a batch and over the numbers of a point."""

    points: torch.Tensor
    schedule: Schedule
    predicts: str
    times: Times
    augment: Augment | None
    weighted: bool

    def __call__(self, network: nn.Module, generator: np.random.Generator, batch: int) -> torch.Tensor:
        x1 = self.points[torch.from_numpy(generator.integers(0, len(self.points), batch)).to(self.points.device)]
        if self.augment is not None:
            x1 = self.augment(x1, generator)
        moments = self.times.draw(generator, batch)
        x0 = torch.from_numpy(generator.standard_normal(tuple(x1.shape))).to(x1)
        alpha, beta = (self._wide(each, x1) for each in self.schedule.mix(moments))
        found = predicted(network, alpha * x0 + beta * x1, torch.from_numpy(moments).to(x1))
        error = (found - self._wanted(moments, x0, x1)).square().flatten(1).mean(dim=1)
        if self.weighted:
            error = error * torch.from_numpy(importance(self.times, moments)).to(error)
        return error.mean()

    def _wanted(self, moments: np.ndarray[Any, Any], x0: torch.Tensor, x1: torch.Tensor) -> torch.Tensor:
        if self.predicts == "noise":
            return x0
        if self.predicts == "data":
            return x1
        values = motions(self.schedule, moments)
        return self._wide(values.dalpha, x1) * x0 + self._wide(values.dbeta, x1) * x1

    @staticmethod
    def _wide(values: Any, like: torch.Tensor) -> torch.Tensor:
        found = torch.from_numpy(np.array(np.broadcast_to(values, len(like)), dtype=np.float64)).to(like)
        return found.reshape(-1, *[1] * (like.dim() - 1))


class FitOptions(TypedDict, total=False):
    """Keywords that `train_model` passes on to `simulate.training.fit`."""

    keep: Sequence[int]
    checkpoint: Given
    progress: Progress | None


def train_model(
    network: nn.Module, points: torch.Tensor, schedule: Schedule, *, seed: Seed, recipe: FitRecipe | None = None,
    predicts: str = "velocity", times: Times | None = None, weighted: bool = False, augment: Augment | None = None,
    **options: Unpack[FitOptions],
) -> Fitted:
    """Train a network on ``points`` (N, ...) at ``times`` (None: uniform over the schedule), with fresh noise.

    ``predicts``: "velocity", "noise" or "data". ``weighted``: each draw counts uniform/density, so that the mean loss
    is that of uniform times on the interval of ``times``. ``augment(points, generator)`` changes a batch. The rest as
    in `simulate.training.fit`.

    Other Parameters
    ----------------
    keep : Sequence[int] = ()
        Updates after which the result holds the averaged network too.
    checkpoint : Checkpoint, str or Path
        Where the state of the training is written, so that an interrupted one can go on.
    progress : Callable[[int, float], None]
        Called with the number of updates and the loss, at every record.
    """
    checks.keywords("train_model", options, FitOptions)
    if not isinstance(points, torch.Tensor) or not points.is_floating_point() or points.dim() < 2 or not len(points):
        raise TypeError("points must be a floating-point tensor (N, ...), one point or more")
    if not bool(torch.isfinite(points).all()):
        raise ValueError("points must be finite")
    checks.choice("predicts", predicts, PREDICTIONS)
    where = _times(checked(schedule), times)
    loss = _Loss(points, schedule, predicts, where, augment, checks.flag("weighted", weighted))
    if weighted and not (where.density(np.linspace(where.low, where.high, _PROBES)) > 0).all():
        raise ValueError("weighted = True: the density of times vanishes somewhere, and no weight makes up for that")
    return fit(network, loss, recipe=recipe or FitRecipe(), seed=seed, mark=("model", loss), **options)


def _times(schedule: Schedule, times: Times | None) -> Times:
    """Inside the schedule's interval."""
    low, high = float(schedule.start), float(schedule.end)
    if times is None:
        if not np.isfinite([low, high]).all():
            raise ValueError(
                f"schedule {schedule.name!r} has no finite interval: give times, such as uniform_times(0.001, 1)"
            )
        return uniform_times(low, high)
    found = checked_times(times)
    if not low <= found.low < found.high <= high:
        raise ValueError(f"times on [{found.low:g}, {found.high:g}] leave [{low:g}, {high:g}] of {schedule.name!r}")
    return found
