"""The weight of the + mode that is generated from noise: by the exact field on any time grid, or by any model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from numpy.typing import ArrayLike

from simulate import checks, flow
from simulate.estimate import Estimate
from simulate.flow import TRANSPORT_METHODS, Array, MixtureField, Velocity, along_mean, toward_data
from simulate.mixture import Mixture
from simulate.path import Schedule
from simulate.runs import Measured, Run, Store, describe, execute
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
class _Run:
    """The exact field at one d, over grids by name and methods."""

    law: Mixture
    schedule: Schedule
    grids: Mapping[str, Array]
    methods: Sequence[str]
    seed: int
    kind: Mapping[str, Any]

    def ended(self, carried: Mixture, batch: int, points: int) -> Array:
        """Which of the points of one batch end in +, (grids, methods, points)."""
        field = MixtureField(carried, self.schedule)
        key = child(self.seed, self.law.d, batch)
        noise = normal(child(key, _NOISE), (points, carried.d), **self.kind)
        found = []
        for grid in self.grids.values():
            alpha, _ = self.schedule.mix(grid[0])
            found.append([
                classes(field.side, flow.transport(
                    field, self.schedule, grid, float(alpha) * noise, method=method, seed=child(key, _STEPS),
                    closed=True,
                )) for method in self.methods
            ])
        return np.array(found)


@dataclass(frozen=True, kw_only=True)
class _Batch:
    """Some of the points of a run: a task."""

    of: _Run
    carried: Mixture
    index: int
    points: int

    def run(self) -> Measured:
        return {"ended": self.of.ended(self.carried, self.index, self.points)}


def weights(
    mixture: Mixture, *, d: Sequence[int], grids: Mapping[str, Callable[[Mixture], ArrayLike]], schedule: Schedule,
    methods: Sequence[str], count: int, seed: int, reduced: bool = True, batch: int | None = None,
    dtype: torch.dtype = torch.float64, device: torch.device | str = "cpu", executor: Executor | None = None,
    store: Store | str | Path | None = None, progress: bool = True,
) -> xr.Dataset:
    """The weight of + that the exact field generates, over dims (d, grid, scheme: its method).

    ``grids`` makes times, by name, for the mixture at each d: for instance with half of the steps below kappa/|mu|,
    which is then one of the times. Points start from N(0, alpha^2 I) at the first, where beta should be 0. Variables:
    generated_weight, its _stderr over ``count`` points, and steps (d, grid). All grids and methods carry the same
    noise. ``reduced`` runs along mu alone, the same in law at any d; else all d coordinates.
    """
    if not isinstance(mixture, Mixture):
        raise TypeError(f"mixture must be a Mixture, not {type(mixture).__name__}")
    many, whole = checks.integer("count", count, least=1), checks.integer("seed", seed, least=0)
    checks.flag("reduced", reduced)
    rules = [checks.choice("method", each, TRANSPORT_METHODS) for each in methods]
    runs = [
        _Run(
            law=law, schedule=schedule, methods=rules, seed=whole, kind={"dtype": dtype, "device": device},
            grids={name: toward_data(make(law), schedule) for name, make in grids.items()},
        ) for law in (replace(mixture, d=each) for each in d)
    ]
    if not runs or not grids or not rules:
        raise ValueError("d, grids and methods must hold one entry or more each")
    parts = list(pieces(many, batch))
    tasks = []
    for run in runs:
        carried = along_mean(run.law) if reduced else run.law
        require_points(carried.d, COPIES * (parts[0].stop - parts[0].start))
        tasks += [
            _Batch(of=run, carried=carried, index=k, points=part.stop - part.start) for k, part in enumerate(parts)
        ]
    how = Run(executor=executor, store=store, progress=progress)
    found = execute(tasks, how, name="generation, exact field", unit="batch")
    shares = []
    for k in range(0, len(tasks), len(parts)):
        ended = np.concatenate([each["ended"] for each in found[k : k + len(parts)]], axis=-1)
        shares.append([[fraction(each) for each in row] for row in ended])
    settings = {
        **vars(mixture), "kind": "generated_weight", "d": [run.law.d for run in runs], "schedule": schedule.name,
        "methods": rules,
        "grids": {name: {run.law.d: run.grids[name].tolist() for run in runs} for name in grids},
        "count": many, "seed": whole, "batch": batch, "reduced": reduced,
        "dtype": str(dtype), "seed_rule": "SeedSequence(seed, spawn_key=(d, index of batch, 0))",
    }
    return _dataset(mixture, runs, np.array(shares), many, settings)


def _dataset(
    mixture: Mixture, runs: Sequence[_Run], shares: Array, count: int, settings: Mapping[str, Any]
) -> xr.Dataset:
    """``shares`` (d, grid, method, 2) hold value and standard error."""
    # Not "method": Dataset.sel has an argument of that name.
    dims = ("d", "grid", "scheme")
    variables = {
        "generated_weight": (dims, shares[..., 0]), "generated_weight_stderr": (dims, shares[..., 1]),
        "steps": (dims[:2], [[len(grid) - 1 for grid in run.grids.values()] for run in runs]),
    }
    coordinates = {
        "d": [run.law.d for run in runs], "grid": list(runs[0].grids), "scheme": list(runs[0].methods),
        "p": mixture.p, "sigma": mixture.sigma, "radius": mixture.radius, "seeds": count,
    }
    return xr.Dataset(variables, coordinates, {"provenance": describe(settings)})
