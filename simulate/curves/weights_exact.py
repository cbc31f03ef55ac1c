"""The weight of the + mode that is generated from noise: by the exact field on any time grid, or by any model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
import torch
import xarray as xr
from numpy.typing import ArrayLike

from simulate import checks, flow
from simulate.curves.weights_settings import WeightOptions, WeightSettings
from simulate.estimate import Estimate
from simulate.flow import Array, MixtureField, Velocity, along_mean
from simulate.mixture import Mixture
from simulate.path import Schedule
from simulate.runs import Measured, execute
from simulate.seeds import Seed, child, normal
from simulate.uturn import COPIES, Classifier, classes, fraction, pieces, require_points

# Streams below (seed, d, batch).
_NOISE, _STEPS = range(2)


def generated_fraction(
    velocity: Velocity, schedule: Schedule, grid: ArrayLike, starts: torch.Tensor, classify: Classifier, *,
    method: str, seed: Seed | None = None, closed: bool = False,
) -> Estimate:
    """The share of ``starts`` (S, ...) at grid[0] that a model carries into the + class, and its standard error.

    The velocity may be a `simulate.flow.LearnedVelocity`; ``method``, ``seed`` and ``closed`` as in
    `simulate.flow.transport`.
    """
    with torch.no_grad():
        final = flow.transport(velocity, schedule, grid, starts, method=method, seed=seed, closed=closed)
    return fraction(classes(classify, final))


@dataclass(frozen=True, kw_only=True)
class _Batch:
    """Some points, which the exact field at one d takes over every grid by every method: a task."""

    law: Mixture
    carried: Mixture
    schedule: Schedule
    grids: Mapping[str, Array]
    methods: Sequence[str]
    seed: int
    kind: Mapping[str, Any]
    index: int
    points: int

    def run(self) -> Measured:
        """Return which of the points end in +, (grids, methods, points)."""
        field = MixtureField(self.carried, self.schedule)
        key = child(self.seed, self.law.d, self.index)
        noise = normal(child(key, _NOISE), (self.points, self.carried.d), **self.kind)
        ended = []
        for grid in self.grids.values():
            alpha, _ = self.schedule.mix(grid[0])
            ended.append([
                classes(field.side, flow.transport(
                    field, self.schedule, grid, float(alpha) * noise, method=method, seed=child(key, _STEPS),
                    closed=True,
                )) for method in self.methods
            ])
        return {"ended": np.array(ended)}


def weights(
    mixture: Mixture, *, d: Sequence[int], grids: Mapping[str, Callable[[Mixture], ArrayLike]],
    methods: Sequence[str], reduced: bool = True, batch: int | None = None, dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu", **options: Unpack[WeightOptions],
) -> xr.Dataset:
    """The weight of + that the exact field generates, over dims (d, grid, scheme: its method).

    ``grids`` makes times, by name, for the mixture at each d: for instance with half of the steps below kappa/|mu|,
    which is then one of the times. Points start from N(0, alpha^2 I) at the first, where beta should be 0. Variables:
    generated_weight, its _stderr over ``count`` points, and steps (d, grid). All grids and methods carry the same
    noise. ``reduced`` runs along mu alone, the same in law at any d; else all d coordinates.

    Other Parameters
    ----------------
    **options
        Fields of `simulate.curves.WeightSettings`: schedule, count and seed (required), executor, store, progress.
    """
    checks.keywords("weights", options, WeightOptions)
    settings = WeightSettings(mixture=mixture, d=d, grids=grids, methods=methods, **options)
    checks.flag("reduced", reduced)
    parts = list(pieces(settings.count, batch))
    tasks = []
    for law, times in zip(settings.laws, settings.times, strict=True):
        carried = along_mean(law) if reduced else law
        require_points(carried.d, COPIES * (parts[0].stop - parts[0].start))
        tasks += [
            _Batch(
                law=law, carried=carried, schedule=settings.schedule, grids=times, methods=settings.methods,
                seed=settings.seed, kind={"dtype": dtype, "device": device}, index=k, points=part.stop - part.start,
            ) for k, part in enumerate(parts)
        ]
    found = execute(tasks, settings, name="generation, exact field", unit="batch")
    shares = []
    for k in range(0, len(tasks), len(parts)):
        ended = np.concatenate([each["ended"] for each in found[k : k + len(parts)]], axis=-1)
        shares.append([[fraction(each) for each in row] for row in ended])
    own = {
        "kind": "generated_weight", "batch": batch, "reduced": reduced, "dtype": str(dtype),
        "seed_rule": "SeedSequence(seed, spawn_key=(d, index of batch, 0))",
    }
    return settings.dataset(np.array(shares), own, {"seeds": settings.count})
