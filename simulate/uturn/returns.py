"""U-turns: noise points to time t, come back with a model, ask which class they are in.

Nothing here knows where the points or the model come from: give points of each class, a velocity and a classifier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, Unpack

import numpy as np
import torch
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from simulate import checks, flow
from simulate.estimate import Estimate
from simulate.flow import STOCHASTIC, TRANSPORT_METHODS, Array, Velocity, time_grid
from simulate.path import Schedule, point
from simulate.runs import Measured, Run, RunOptions, describe, execute
from simulate.seeds import Seed, child, normal

if TYPE_CHECKING:
    from asymptotics.schedule import Dilation

Classifier: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
"""Points (S, ...) -> bool (S,): whether each is in the + class. Or, where labels are told, int64 (S,): one of them."""

SEED_RULE = "SeedSequence(seed, spawn_key=(bits of t, index of start, index of batch, stream)); stream 0 noises"


@dataclass(frozen=True, kw_only=True)
class Uturn:
    """How to come back: over ``steps`` steps of ``method`` (`simulate.flow.TRANSPORT_METHODS`) to the data end.

    The steps are equal in the time of ``dilation`` (None: in t), which refines them where it is slow. Of each noised
    point ``clones`` return, independently; more than one needs an SDE. ``closed``: the velocity is regular at the data
    end, see `simulate.flow.transport`.
    """

    schedule: Schedule
    method: str
    steps: int
    dilation: Dilation | None = None
    clones: int = 1
    closed: bool = False

    def __post_init__(self) -> None:
        checks.choice("method", self.method, TRANSPORT_METHODS)
        object.__setattr__(self, "steps", checks.integer("steps", self.steps, least=1))
        object.__setattr__(self, "clones", checks.integer("clones", self.clones, least=1))
        checks.flag("closed", self.closed)
        if self.clones > 1 and self.method not in STOCHASTIC:
            raise ValueError(
                f"clones = {self.clones} with method = {self.method!r}: an ODE brings all of them to one point; "
                f"use {' or '.join(STOCHASTIC)}"
            )

    def grid(self, t: float) -> Array:
        """The times of the return from t, (steps + 1,)."""
        return time_grid(self.schedule, self.steps, first=t, dilation=self.dilation)

    def run(self, velocity: Velocity, points: torch.Tensor, t: float, *, seed: Seed) -> torch.Tensor:
        """``points`` (S, ...) noised to t with fresh noise and brought back, (clones, S, ...)."""
        alpha, beta = point(self.schedule, t)
        fresh = normal(child(seed, 0), tuple(points.shape), dtype=points.dtype, device=points.device)
        noised = alpha * fresh + beta * points
        with torch.no_grad():
            return torch.stack([
                flow.transport(
                    velocity, self.schedule, self.grid(t), noised, method=self.method, seed=child(seed, 1 + k),
                    closed=self.closed,
                ) for k in range(self.clones)
            ])

    def described(self) -> dict[str, Any]:
        """Plain values for the provenance."""
        return {
            "schedule": self.schedule.name, "method": self.method, "steps": self.steps, "clones": self.clones,
            "dilation": None if self.dilation is None else self.dilation.name, "closed": self.closed,
        }


def fraction(scores: ArrayLike) -> Estimate:
    """The mean of independent ``scores`` in [0, 1], and a standard error that is never 0.

    It counts one score of 0 and one of 1 on top of those seen: that none of S points returned does not mean that none
    ever would.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"scores has shape {values.shape}; it must be 1-d and not empty")
    more = values.size + 2
    centre = (values.sum() + 1.0) / more
    variance = (np.square(values).sum() + 1.0) / more - centre**2
    return Estimate(float(values.mean()), float((variance / values.size) ** 0.5))


def agreement(classes: NDArray[Any]) -> Array:
    """The share of pairs of clones in one class, (S,), of classes (clones >= 2, S)."""
    clones = len(classes)
    same = np.zeros(classes.shape[1], dtype=np.int64)
    for each in np.unique(classes):
        found = (classes == each).sum(axis=0)
        same += found * (found - 1)
    return np.asarray(same / (clones * (clones - 1)))


def classes(classify: Classifier, points: torch.Tensor, labels: Sequence[int] | None = None) -> NDArray[Any]:
    """The classifier's answers (S,), checked: bool, or one of ``labels``."""
    found = classify(points)
    wanted = torch.bool if labels is None else torch.int64
    if not isinstance(found, torch.Tensor) or found.dtype != wanted or found.shape != points.shape[:1]:
        kind = f"{found.dtype}, {tuple(found.shape)}" if isinstance(found, torch.Tensor) else type(found).__name__
        name = "a bool" if labels is None else "an int64"
        raise TypeError(f"classify must give {name} tensor ({len(points)},) for that many points, not {kind}")
    answers = found.numpy(force=True)
    if labels is not None and (other := np.setdiff1d(answers, labels)).size:
        raise ValueError(f"classify gives the label {other[0]}, none of labels = {tuple(labels)}")
    return np.asarray(answers)


def pieces(count: int, batch: int | None) -> Iterator[slice]:
    """``count`` points in slices of ``batch`` (None: all at once)."""
    size = count if batch is None else checks.integer("batch", batch, least=1)
    return (slice(k, min(k + size, count)) for k in range(0, count, size))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Turn:
    """U-turns of some points of one class: a task."""

    uturn: Uturn
    velocity: Velocity
    classify: Classifier
    labels: tuple[int, ...] | None
    points: torch.Tensor
    t: float
    seed: np.random.SeedSequence

    def run(self) -> Measured:
        back = self.uturn.run(self.velocity, self.points, self.t, seed=self.seed)
        return {"classes": np.stack([classes(self.classify, each, self.labels) for each in back])}


def _bits(t: float) -> int:
    return int(np.float64(t).view(np.uint64))


def return_curves(
    uturn: Uturn, velocity: Velocity, starts: Mapping[str, torch.Tensor], classify: Classifier, *,
    times: Sequence[float] | Array, seed: int, labels: Sequence[int] | None = None, batch: int | None = None,
    **run: Unpack[RunOptions],
) -> xr.Dataset:
    """Where points of each class end after a U-turn at each of ``times``, over dims (t, start).

    ``starts`` holds points (S, ...) of each class by name. Variables: returned (how many of count * clones end in +),
    fraction and fraction_stderr; with clones also agreement, the share of pairs in one class, and agreement_stderr.
    With ``labels`` the classifier gives one of them for each point, and the first three are over (t, start, label).
    Standard errors count starts, not clones, as independent (`fraction`). ``batch`` points are carried at once; the
    random numbers depend on it and on the order of ``starts``, not on the other times. Batches are shared out over
    an ``executor`` (velocity and classifier must pickle then; for a ``store``: functions of a module or dataclasses).

    Other Parameters
    ----------------
    executor, store, progress
        How the tasks are run, see `simulate.runs.Run`.
    """
    checks.keywords("return_curves", run, RunOptions)
    how, times = Run(**run), _checked_times(uturn, times)
    whole = checks.integer("seed", seed, least=0)
    _check_starts(starts)
    known = None if labels is None else tuple(checks.integer("labels", each, least=-(2**62)) for each in labels)
    if known is not None and len(set(known)) < max(2, len(known)):
        raise ValueError(f"labels = {known} must be two or more, none twice")
    tasks = [
        _Turn(
            uturn=uturn, velocity=velocity, classify=classify, labels=known, points=points[piece], t=t,
            seed=child(whole, _bits(t), j, k),
        )
        for t in times.tolist() for j, points in enumerate(starts.values())
        for k, piece in enumerate(pieces(len(points), batch))
    ]
    turned = iter(execute(tasks, how, name=f"U-turns, {uturn.method}", unit="batch"))
    ends: list[list[Ends]] = []
    for _ in times:
        found = [[next(turned)["classes"] for _ in pieces(len(each), batch)] for each in starts.values()]
        ends.append([_ends(np.concatenate(each, axis=1), known) for each in found])
    settings = {
        "kind": "uturn", **uturn.described(), "times": times.tolist(), "seed": whole, "batch": batch,
        "count": [len(each) for each in starts.values()], "labels": known, "seed_rule": SEED_RULE,
    }
    return _dataset(uturn, times, starts, ends, known).assign_attrs(provenance=describe(settings))


Ends: TypeAlias = dict[str, Any]


def _ends(found: NDArray[Any], labels: tuple[int, ...] | None) -> Ends:
    """Of classes (clones, S): how many in + (or in each label), their share and its error; with clones the agreement
    and its error."""
    asked = [found] if labels is None else [found == each for each in labels]
    shares = [fraction(each.mean(axis=0)) for each in asked]
    counted: dict[str, list[Any]] = {
        "returned": [int(each.sum()) for each in asked], "fraction": [each.value for each in shares],
        "fraction_stderr": [each.stderr for each in shares],
    }
    ends: Ends = {name: each[0] if labels is None else each for name, each in counted.items()}
    if len(found) > 1:
        ends["agreement"], ends["agreement_stderr"] = fraction(agreement(found))
    return ends


def _dataset(
    uturn: Uturn, times: Array, starts: Mapping[str, torch.Tensor], ends: list[list[Ends]],
    labels: tuple[int, ...] | None,
) -> xr.Dataset:
    alpha, beta = np.array([point(uturn.schedule, float(t)) for t in times]).T
    variables = {}
    for name in ends[0][0]:
        values = np.array([[each[name] for each in row] for row in ends])
        variables[name] = (("t", "start", "label")[: values.ndim], values)
    coordinates: dict[str, Any] = {
        "t": times, "start": list(starts), "alpha": ("t", alpha), "beta": ("t", beta),
        "count": ("start", [len(each) for each in starts.values()]),
    }
    if labels is not None:
        coordinates["label"] = list(labels)
    return xr.Dataset(variables, coordinates)


def _checked_times(uturn: Uturn, times: Sequence[float] | Array) -> Array:
    """``times`` as they are, checked: distinct, inside the schedule, each with a way back."""
    found = np.asarray(times, dtype=np.float64)
    if found.ndim != 1 or found.size == 0 or len(np.unique(found)) < found.size:
        raise ValueError(f"times of shape {found.shape} must be a list of one or more, none twice")
    for t in found:
        uturn.grid(float(t))
    return found


def _check_starts(starts: Mapping[str, torch.Tensor]) -> None:
    if not isinstance(starts, Mapping) or not starts:
        raise TypeError("starts must map the name of each class to its points (S, ...)")
    for name, each in starts.items():
        if not isinstance(each, torch.Tensor) or not each.is_floating_point() or each.dim() < 1 or len(each) == 0:
            raise TypeError(f"starts[{name!r}] must be a floating-point tensor (S, ...) of one point or more")
