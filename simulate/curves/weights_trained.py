"""Generation with trained networks c x + u tanh(w.x/sqrt(d) + b), exact in law in a few coordinates, at any d.

Let T networks be trained on one data set of n samples. Their u and w, the mean and the samples span at most n + 1 + 2 T
dimensions; a step of a one-step method leaves what a point has beyond them a multiple of itself, and no class depends
on it. So points are carried in those coordinates: they start from N(0, alpha^2 I) there as in all d.
"""

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

from simulate import checks, untied
from simulate.curves.weights_exact import generated_fraction
from simulate.flow import TRANSPORT_METHODS, Array, toward_data
from simulate.mixture import Mixture
from simulate.path import Schedule, point
from simulate.runs import Measured, Run, Store, describe, execute
from simulate.seeds import child, normal
from simulate.untied import UntiedSGD, UntiedSpan, in_common, learned_velocity, penalty, reducible

# Streams below (seed, d): data sets; then, below the index of a grid, of training, planes and generation.
_DATA, _GRID, _NOISE = range(3)
_TRAINING, _PLANES, _STEPS = range(3)


@dataclass(frozen=True, kw_only=True)
class TrainedWeightTask:
    """At one d: train at all ``times`` but the last, then generate over them by each method."""

    mixture: Mixture
    schedule: Schedule
    times: Array
    n: int
    plus: int | None
    recipe: UntiedSGD
    ridge_u: float
    ridge_w: float
    methods: Sequence[str]
    seeds: int
    count: int
    seed: int
    index: int

    def run(self) -> Measured:
        """``share`` (methods, seeds, 2): generated weight and its standard error."""
        d, before = self.mixture.d, self.times[:-1]
        key = child(self.seed, d, _GRID, self.index)
        span = UntiedSpan.draw(
            self.mixture, n=self.n, seeds=self.seeds, seed=child(self.seed, d, _DATA), plus=self.plus
        )
        points = [point(self.schedule, float(t)) for t in before]
        training = untied.train_span(
            span, points, recipe=self.recipe, ridge_u=self.ridge_u, ridge_w=self.ridge_w, seed=child(key, _TRAINING),
        )
        networks = in_common(training, d, seed=child(key, _PLANES))
        shape = self.count, networks.u.shape[2]
        share = [
            [generated_fraction(
                learned_velocity(networks, before, self.schedule, data_set=k), self.schedule, self.times,
                points[0].alpha * normal(child(self.seed, d, _NOISE, k), shape), _ahead, method=method,
                seed=child(key, _STEPS, k),
            ) for k in range(self.seeds)] for method in self.methods
        ]
        return {"share": np.array(share)}


ENOUGH = 50
"""Noises for each dimension below which w has not begun to be learned in the first phase; thousands make it precise."""


def _samples(n: int, laws: Sequence[Mixture]) -> int:
    size, least = checks.integer("n", n, least=1), min(law.d for law in laws)
    if least < size + 5:
        raise ValueError(f"d = {least} must be >= n + 5 = {size + 5}: smaller ones are trained in d dimensions "
                         "(simulate.untied.train)")
    return size


def _require_noise(recipe: UntiedSGD, n: int, d: int) -> None:
    noises = recipe.iterations * recipe.noises(n)
    if noises < ENOUGH * d:
        raise ValueError(
            f"iterations * batch * repeats = {noises} noises cannot train w at d = {d}: give {ENOUGH} d = {ENOUGH * d} "
            "or more (repeats cost least), their mean (repeats=None), or a smaller d"
        )


def _ahead(x: torch.Tensor) -> torch.Tensor:
    """mu.x > 0, in coordinates of which the first is along mu."""
    return x[:, 0] > 0


def trained_weights(
    mixture: Mixture, *, d: Sequence[int], n: int, grids: Mapping[str, Callable[[Mixture], ArrayLike]],
    schedule: Schedule, recipe: UntiedSGD, ridge_u: float, ridge_w: float, methods: Sequence[str] = ("euler",),
    seeds: int, count: int, seed: int, plus: int | None = None, executor: Executor | None = None,
    store: Store | str | Path | None = None, progress: bool = True,
) -> xr.Dataset:
    """The weight of + that trained networks generate, over dims (d, grid, scheme, seed).

    ``grids`` as in `simulate.curves.weights`. For every data set (``n`` samples, of which ``plus`` in + if given)
    a network is trained at each time of a grid but the data end, and ``count`` points are carried over it; Heun's last
    step is one of Euler. Variables: generated_weight, its _stderr over points (the data set and its networks fixed),
    and steps (d, grid). All grids have the same data sets. Exact in law at any d >= n + 5. ValueError where ``recipe``
    holds fewer than `ENOUGH` d noises for each network: w would be noise still, and one mode the outcome at any grid.
    """
    if not isinstance(mixture, Mixture):
        raise TypeError(f"mixture must be a Mixture, not {type(mixture).__name__}")
    laws = [replace(mixture, d=each) for each in d]
    rules = [checks.choice("method", each, TRANSPORT_METHODS) for each in methods]
    if not laws or not grids or not rules:
        raise ValueError("d, grids and methods must hold one entry or more each")
    common: dict[str, Any] = {
        "n": _samples(n, laws), "plus": plus, "recipe": reducible(recipe),
        "ridge_u": penalty("ridge_u", ridge_u), "ridge_w": penalty("ridge_w", ridge_w), "methods": rules,
        "seeds": checks.integer("seeds", seeds, least=1), "count": checks.integer("count", count, least=1),
        "seed": checks.integer("seed", seed, least=0),
    }
    tasks = [
        TrainedWeightTask(
            mixture=law, schedule=schedule, times=toward_data(make(law), schedule), index=k, **common,
        ) for law in laws for k, make in enumerate(grids.values())
    ]
    _require_noise(recipe, common["n"], max(law.d for law in laws))
    how = Run(executor=executor, store=store, progress=progress)
    results = execute(tasks, how, name="training and generation", unit="grid")
    shape = len(laws), len(grids)
    share = np.array([each["share"] for each in results]).reshape(*shape, len(rules), common["seeds"], 2)
    steps = np.array([len(task.times) - 1 for task in tasks]).reshape(shape)
    dims = ("d", "grid", "scheme", "seed")
    variables = {
        "generated_weight": (dims, share[..., 0]), "generated_weight_stderr": (dims, share[..., 1]),
        "steps": (dims[:2], steps),
    }
    coordinates: dict[str, Any] = {
        "d": [law.d for law in laws], "grid": list(grids), "scheme": rules, "seed": range(common["seeds"]),
        "n": common["n"], "p": mixture.p, "sigma": mixture.sigma, "radius": mixture.radius,
    }
    settings = {
        **vars(mixture), **common, "recipe": repr(recipe), "kind": "trained_weight", "d": coordinates["d"],
        "schedule": schedule.name, "grids": {
            name: {law.d: task.times.tolist() for law, task in zip(laws, tasks[k :: len(grids)], strict=True)}
            for k, name in enumerate(grids)
        },
        "seed_rule": "SeedSequence(seed, spawn_key=(d, 0)) for data sets, (d, 1, index of grid, ...) for the rest",
    }
    return xr.Dataset(variables, coordinates, {"provenance": describe(settings)})
