"""Learning curves: what networks measure against training time, over many data sets, at any dimension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

import numpy as np
import xarray as xr

from simulate import checks, path
from simulate.curves.settings import LearnerOptions, LearnerSettings, assemble
from simulate.gram import descend, draw_span, equivariant
from simulate.mixture import Mixture
from simulate.path import Point, Schedule
from simulate.runs import Measured, execute
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
    recipe: StochasticGradientDescent, seeds: int, seed: int, **options: Unpack[LearnerOptions],
) -> xr.Dataset:
    """Networks on their way, over dims (n, t, iteration), averaged over ``seeds`` >= 2 data sets.

    Variables: the fields of `simulate.gram.Descent`, each with a ``_stderr`` over data sets and, with ``keep_runs``,
    ``_runs`` over dims (n, seed, t, iteration). A data set starts from the same weight at all times. Runs in the
    span of the data (`simulate.gram.span`), so that the cost does not depend on d; for what does not reduce (Adam) see
    `simulate.curves.denoiser`.

    Other Parameters
    ----------------
    **options
        Fields of `simulate.curves.LearnerSettings`: draws, skip, activation, keep_runs, executor, store, progress.
    """
    checks.keywords("learning", options, LearnerOptions)
    chosen = equivariant(recipe)
    plan = LearnerSettings(
        mixture=mixture, n=n, ridge=ridge, schedule=schedule, seeds=seeds, seed=seed, recipe=chosen, **options
    )
    for size in plan.n:
        chosen.size(size * plan.draws)
    grid = path.times("times", times, schedule)
    tasks = [
        LearningTask(
            mixture=mixture, n=size, draws=plan.draws, ridge=plan.ridge, values=path.point(schedule, float(t)),
            recipe=chosen, activation=plan.activation, skip=plan.skip, seeds=plan.seeds, seed=plan.seed,
        )
        for size in plan.n for t in grid
    ]
    results = execute(tasks, plan, name=f"learning, d = {mixture.d}", unit="network")
    recorded = [int(each) for each in results[0].pop("recorded")]
    runs = {
        name: np.stack([result[name] for result in results]).reshape(len(plan.n), len(grid), plan.seeds, -1)
        .swapaxes(1, 2)
        for name in results[0]
    }
    settings = {
        "kind": "learning", "times": grid.tolist(), "method": METHOD,
        "seed_rule": "SeedSequence(seed, spawn_key=(d, n, draws, stream)), see simulate.gram.draw_span",
    }
    dataset = assemble(plan, grid, runs, settings, iterations=recorded)
    batch = "all pairs" if chosen.batch is None else f"{chosen.batch} pairs"
    dataset["iteration"].attrs["note"] = f"updates done, each on {batch}"
    return dataset.assign_attrs(method=METHOD)
