"""Learning curves: what networks measure against training time, over many data sets, at any dimension."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from simulate import path
from simulate.curves.settings import Plan, assemble
from simulate.gram import descend, draw_span, equivariant
from simulate.mixture import Mixture
from simulate.path import Point, Schedule
from simulate.runs import Measured, Run, Store, Task, execute
from simulate.seeds import child
from simulate.training import StochasticGradientDescent

METHOD = "gradient descent in the span of the data, exact in law at this d; labels are the network's own"

# A stream below the seed of a grid point (d, n, draws), beside those of `simulate.gram.sufficient.Kind`.
_BATCHES = 7


@dataclass(frozen=True, kw_only=True)
class LearningTask:
    """Networks of one n at one time, on all data sets at once."""

    mixture: Mixture
    n: int
    draws: int
    ridge: float
    values: Point
    recipe: StochasticGradientDescent
    activation: str
    skip: bool
    seeds: int
    seed: int

    def run(self) -> Measured:
        mixture = self.mixture
        span = draw_span(
            n=self.n, d=mixture.d, sigma=mixture.sigma, radius=mixture.radius, draws=self.draws, seeds=self.seeds,
            seed=self.seed,
        )
        found = descend(
            span, self.values, recipe=self.recipe, ridge=self.ridge, activation=self.activation, skip=self.skip,
            seed=child(self.seed, mixture.d, self.n, self.draws, _BATCHES),
        )
        return {name: np.asarray(value) for name, value in vars(found).items()}


def learning(
    mixture: Mixture, *, n: Sequence[int], ridge: float, schedule: Schedule, times: Sequence[float],
    recipe: StochasticGradientDescent, seeds: int, seed: int, draws: int = 1, skip: bool = True,
    activation: str = "sign", keep_runs: bool = False, executor: Executor | None = None,
    store: Store | str | Path | None = None, progress: bool = True,
) -> xr.Dataset:
    """Networks on their way, over dims (n, t, iteration), averaged over ``seeds`` >= 2 data sets.

    Variables: the fields of `simulate.gram.Descent`, each with a ``_stderr`` over data sets and, with ``keep_runs``,
    ``_runs`` over dims (n, seed, t, iteration). A data set starts from the same weight at all times. Runs in the
    span of the data (`simulate.gram.span`), so that the cost does not depend on d; for what does not reduce (Adam) see
    `simulate.curves.denoiser`. The same numbers for any ``executor``.
    """
    chosen = equivariant(recipe)
    plan = Plan(
        mixture=mixture, n=n, ridge=ridge, draws=draws, seeds=seeds, seed=seed, skip=skip, recipe=chosen,
        activation=activation, keep_runs=keep_runs,
    )
    for size in plan.n:
        chosen.size(size * plan.draws)
    moments = path.times("times", times, schedule)
    tasks: list[Task] = [
        LearningTask(
            mixture=mixture, n=size, draws=plan.draws, ridge=plan.ridge, values=path.point(schedule, float(t)),
            recipe=chosen, activation=activation, skip=skip, seeds=plan.seeds, seed=plan.seed,
        )
        for size in plan.n for t in moments
    ]
    how = Run(executor=executor, store=store, progress=progress)
    results = execute(tasks, how, name=f"learning, d = {mixture.d}", unit="network")
    recorded = [int(each) for each in results[0].pop("recorded")]
    runs = {
        name: np.stack([result[name] for result in results]).reshape(len(plan.n), len(moments), plan.seeds, -1)
        .swapaxes(1, 2)
        for name in results[0]
    }
    settings: dict[str, Any] = {
        "kind": "learning", "schedule": schedule.name, "times": moments.tolist(), "method": METHOD,
        "seed_rule": "SeedSequence(seed, spawn_key=(d, n, draws, stream)), see simulate.gram.draw_span",
    }
    dataset = assemble(plan, schedule, moments, runs, {}, settings, iterations=recorded)
    batch = "all pairs" if chosen.batch is None else f"{chosen.batch} pairs"
    dataset["iteration"].attrs["note"] = f"updates done, each on {batch}"
    return dataset.assign_attrs(method=METHOD)
