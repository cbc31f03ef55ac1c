"""Generation with trained networks c x + u tanh(w.x/sqrt(d) + b), exact in law in a few coordinates, at any d.

Let T networks be trained on one data set of n samples. Their u and w, the mean and the samples span at most n + 1 + 2 T
dimensions; a step of a one-step method leaves what a point has beyond them a multiple of itself, and no class depends
on it. So points are carried in those coordinates: they start from N(0, alpha^2 I) there as in all d.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
import torch
import xarray as xr
from numpy.typing import ArrayLike

from simulate import checks, untied
from simulate.curves.weights_exact import generated_fraction
from simulate.curves.weights_settings import WeightOptions, WeightSettings
from simulate.flow import Array
from simulate.mixture import Mixture
from simulate.path import Schedule, point
from simulate.runs import Measured, execute
from simulate.seeds import child, normal
from simulate.untied import UntiedSGD, UntiedSpan, in_common, learned_velocity, reducible

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
    recipe: UntiedSGD, ridge_u: float, ridge_w: float, methods: Sequence[str] = ("euler",), seeds: int,
    plus: int | None = None, **options: Unpack[WeightOptions],
) -> xr.Dataset:
    """The weight of + that trained networks generate, over dims (d, grid, scheme, seed).

    ``grids`` as in `simulate.curves.weights`. For every data set (``n`` samples, of which ``plus`` in + if given)
    a network is trained at each time of a grid but the data end, and ``count`` points are carried over it; Heun's last
    step is one of Euler. Variables: generated_weight, its _stderr over points (the data set and its networks fixed),
    and steps (d, grid). All grids have the same data sets. Exact in law at any d >= n + 5. ValueError where ``recipe``
    holds fewer than `ENOUGH` d noises for each network: w would be noise still, and one mode the outcome at any grid.

    Other Parameters
    ----------------
    **options
        Fields of `simulate.curves.WeightSettings`: schedule, count and seed (required), executor, store, progress.
    """
    checks.keywords("trained_weights", options, WeightOptions)
    settings = WeightSettings(mixture=mixture, d=d, grids=grids, methods=methods, **options)
    own: dict[str, Any] = {
        "n": _samples(n, settings.laws), "plus": plus, "recipe": reducible(recipe),
        "ridge_u": checks.penalty(ridge_u, "ridge_u"), "ridge_w": checks.penalty(ridge_w, "ridge_w"),
        "seeds": checks.integer("seeds", seeds, least=1),
    }
    tasks = [
        TrainedWeightTask(
            mixture=law, schedule=settings.schedule, times=grid, methods=settings.methods, count=settings.count,
            seed=settings.seed, index=k, **own,
        )
        for law, times in zip(settings.laws, settings.times, strict=True) for k, grid in enumerate(times.values())
    ]
    _require_noise(recipe, own["n"], max(law.d for law in settings.laws))
    results = execute(tasks, settings, name="training and generation", unit="grid")
    share = np.array([each["share"] for each in results])
    share = share.reshape(len(settings.laws), len(grids), *share.shape[1:])
    own |= {
        "recipe": repr(recipe), "kind": "trained_weight",
        "seed_rule": "SeedSequence(seed, spawn_key=(d, 0)) for data sets, (d, 1, index of grid, ...) for the rest",
    }
    return settings.dataset(share, own, {"seed": range(own["seeds"]), "n": own["n"]})
