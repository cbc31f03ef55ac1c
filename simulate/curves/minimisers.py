"""Empirical curves as `xarray.Dataset`: what networks measure against n and t, over many data sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulate import checks, path
from simulate.curves.settings import MOST_TIMES, LearnerOptions, LearnerSettings, assemble
from simulate.curves.tasks import DenoiserTask, GenerationTask, Setting, whole_path
from simulate.flow import METHODS
from simulate.mixture import Mixture
from simulate.path import Schedule, Table, tabulate
from simulate.runs import Task, execute
from simulate.seeds import child
from simulate.training import CONVERGED, Recipe


def denoiser(
    mixture: Mixture, *, n: Sequence[int], ridge: float, schedule: Schedule, times: Sequence[float],
    seeds: int, seed: int, recipe: Recipe | None = None, fresh: int = 64, **options: Unpack[LearnerOptions],
) -> xr.Dataset:
    """Learned denoisers over dims (n, t), averaged over ``seeds`` >= 2 data sets.

    Variables: skip, overlap_mean, overlap_noise, overlap_sample (projections), training_loss,
    test_error (over ``fresh`` new pairs), label_flips (share of data sets with a pair on the wrong
    side), each with a ``_stderr`` over data sets; with ``keep_runs`` also ``_runs`` over dims (n,
    seed, t). ``recipe`` trains the networks; None solves exactly, with the true labels. Trained ones
    also have excess_loss, the share of the loss that the exact minimiser with the network's own labels
    would save, and unconverged, the share of data sets where that is more than `CONVERGED`.

    Other Parameters
    ----------------
    **options
        Fields of `simulate.curves.LearnerSettings`: draws, skip, activation, keep_runs, executor, store, progress.
    """
    checks.keywords("denoiser", options, LearnerOptions)
    plan = LearnerSettings(
        mixture=mixture, n=n, ridge=ridge, schedule=schedule, seeds=seeds, seed=seed, recipe=recipe, **options
    )
    grid = path.times("times", times, schedule)
    unseen = checks.integer("fresh", fresh, least=2)
    tasks = [
        DenoiserTask(setting=setting, times=tuple(grid.tolist()), fresh=unseen)
        for setting in _settings(plan, tabulate(schedule, mixes=grid))
    ]
    return _measured(plan, grid, tasks, {"kind": "denoiser", "times": grid.tolist(), "fresh": unseen})


def generation(
    mixture: Mixture, *, n: Sequence[int], ridge: float, schedule: Schedule, seeds: int, seed: int,
    steps: int = 32, method: str = "ralston", recipe: Recipe | None = None, **options: Unpack[LearnerOptions],
) -> xr.Dataset:
    """Generated laws over dim n, averaged over ``seeds`` >= 2 data sets, and how they arise over
    (n, t).

    Over n: mean_error, generated_variance, mean_cosine (of the centre given the data, no sample
    average), label_flips (share of stage times with a pair on the wrong side), and for trained networks
    unconverged (share of the trainings) and excess_loss (the largest). Over (n, t):
    flow_mean, flow_noise, flow_sample (projections), flow_variance. The flow takes ``steps`` equal
    steps of ``method`` over the schedule's interval; formulas are for continuous time, so take
    enough steps.

    Other Parameters
    ----------------
    **options
        Fields of `simulate.curves.LearnerSettings`: draws, skip, activation, keep_runs, executor, store, progress.
    """
    checks.keywords("generation", options, LearnerOptions)
    plan = LearnerSettings(
        mixture=mixture, n=n, ridge=ridge, schedule=schedule, seeds=seeds, seed=seed, recipe=recipe, **options
    )
    count = checks.integer("steps", steps, least=1, most=MOST_TIMES)
    checks.choice("method", method, METHODS)
    if plan.activation != "sign":
        raise ValueError(
            f"activation = {plan.activation!r} must be sign: tanh networks have no affine clusters"
        )
    grid, table = whole_path(schedule, count, method)
    tasks = [
        GenerationTask(setting=setting, grid=tuple(grid.tolist()), method=method)
        for setting in _settings(plan, table)
    ]
    return _measured(plan, grid, tasks, {"kind": "generation", "steps": count, "method": method})


def _settings(plan: LearnerSettings, table: Table) -> list[Setting]:
    """One for each n and data set. The seed is that of the grid point, whatever else is run."""
    found = [
        Setting(
            mixture=plan.mixture, n=n, draws=plan.draws, ridge=plan.ridge, schedule=table,
            seed=child(plan.seed, plan.mixture.d, n, plan.draws, k), skip=plan.skip, recipe=plan.recipe,
            activation=plan.activation,
        )
        for n in plan.n for k in range(plan.seeds)
    ]
    max(found, key=lambda setting: setting.n).require_memory()
    return found


def _measured(
    plan: LearnerSettings, times: NDArray[np.float64], tasks: Sequence[Task], settings: dict[str, Any]
) -> xr.Dataset:
    """Run the tasks and make a data set of them; what they say about themselves goes to the provenance too."""
    results = execute(tasks, plan, name=f"{settings['kind']}, d = {plan.mixture.d}")
    runs = {}
    for name in results[0]:
        values = np.stack([result[name] for result in results])
        runs[name] = values.reshape(len(plan.n), plan.seeds, *values.shape[1:])
    found = {"label_flips": float(runs["label_flips"].mean())}
    if plan.recipe is not None:
        found |= {"unconverged": float(runs["unconverged"].mean()), "converged_excess": CONVERGED}
    rule = {"seed_rule": "SeedSequence(seed, spawn_key=(d, n, draws, run))"}
    dataset = assemble(plan, times, runs, {**settings, **rule}, found=found)
    if plan.recipe is not None:
        dataset["label_flips"].attrs["note"] = "trained networks there put a pair on the wrong side"
        dataset["unconverged"].attrs["note"] = (
            f"more than {CONVERGED:g} of the loss could still be gained there: the networks are not minimisers"
        )
    return dataset
