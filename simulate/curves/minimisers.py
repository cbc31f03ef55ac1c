"""Empirical curves as `xarray.Dataset`: what networks measure against n and t, over many data sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulate import checks, path
from simulate.curves.settings import DIAGNOSTICS, FLIPPED, MOST_TIMES, Plan, assemble
from simulate.curves.tasks import DenoiserTask, GenerationTask, Setting, whole_path
from simulate.flow import METHODS
from simulate.mixture import Mixture
from simulate.path import Schedule, Table, tabulate
from simulate.runs import Measured, Run, Store, Task, execute
from simulate.seeds import child
from simulate.training import CONVERGED, Recipe


def denoiser(
    mixture: Mixture, *, n: Sequence[int], ridge: float, schedule: Schedule, times: Sequence[float],
    seeds: int, seed: int, draws: int = 1, skip: bool = True, recipe: Recipe | None = None,
    activation: str = "sign", fresh: int = 64, keep_runs: bool = False,
    executor: Executor | None = None, store: Store | str | Path | None = None, progress: bool = True,
) -> xr.Dataset:
    """Learned denoisers over dims (n, t), averaged over ``seeds`` >= 2 data sets.

    Variables: skip, overlap_mean, overlap_noise, overlap_sample (projections), training_loss,
    test_error (over ``fresh`` new pairs), label_flips (share of data sets with a pair on the wrong
    side), each with a ``_stderr`` over data sets; with ``keep_runs`` also ``_runs`` over dims (n,
    seed, t). ``recipe`` trains the networks; None solves exactly, with the true labels. Trained ones
    also have excess_loss, the share of the loss that the exact minimiser with the network's own labels
    would save, and unconverged, the share of data sets where that is more than `CONVERGED`. The same
    numbers for any ``executor``; ``store`` (path or `Store`) keeps what is finished on the way.
    """
    plan = Plan(
        mixture=mixture, n=n, ridge=ridge, draws=draws, seeds=seeds, seed=seed, skip=skip, recipe=recipe,
        activation=activation, keep_runs=keep_runs,
    )
    moments = path.times("times", times, schedule)
    unseen = checks.integer("fresh", fresh, least=2)
    table = tabulate(schedule, mixes=moments)
    tasks: list[Task] = [
        DenoiserTask(setting=setting, times=tuple(moments.tolist()), fresh=unseen)
        for setting in _settings(plan, table)
    ]
    how = Run(executor=executor, store=store, progress=progress)
    results = execute(tasks, how, name=f"denoiser, d = {mixture.d}")
    formulas = {
        name: f"limited_samples.{name}" for name in results[0] if skip and name not in DIAGNOSTICS
    }
    settings = {
        "kind": "denoiser", "schedule": schedule.name, "times": moments.tolist(), "fresh": unseen,
    }
    return _measured(plan, schedule, moments, results, formulas, settings)


def generation(
    mixture: Mixture, *, n: Sequence[int], ridge: float, schedule: Schedule, seeds: int, seed: int,
    steps: int = 32, method: str = "ralston", draws: int = 1, skip: bool = True,
    recipe: Recipe | None = None, activation: str = "sign", keep_runs: bool = False,
    executor: Executor | None = None, store: Store | str | Path | None = None, progress: bool = True,
) -> xr.Dataset:
    """Generated laws over dim n, averaged over ``seeds`` >= 2 data sets, and how they arise over
    (n, t).

    Over n: mean_error, generated_variance, mean_cosine (of the centre given the data, no sample
    average), label_flips (share of stage times with a pair on the wrong side), and for trained networks
    unconverged (share of the trainings) and excess_loss (the largest). Over (n, t):
    flow_mean, flow_noise, flow_sample (projections), flow_variance. The flow takes ``steps`` equal
    steps of ``method`` over the schedule's interval; formulas are for continuous time, so take
    enough steps.
    """
    plan = Plan(
        mixture=mixture, n=n, ridge=ridge, draws=draws, seeds=seeds, seed=seed, skip=skip, recipe=recipe,
        activation=activation, keep_runs=keep_runs,
    )
    count = checks.integer("steps", steps, least=1, most=MOST_TIMES)
    checks.choice("method", method, METHODS)
    if activation != "sign":
        raise ValueError(
            f"activation = {activation!r} must be sign: tanh networks have no affine clusters"
        )
    grid, table = whole_path(schedule, count, method)
    tasks: list[Task] = [
        GenerationTask(setting=setting, grid=tuple(grid.tolist()), method=method)
        for setting in _settings(plan, table)
    ]
    how = Run(executor=executor, store=store, progress=progress)
    results = execute(tasks, how, name=f"generation, d = {mixture.d}")
    if skip:
        formulas = {name: f"limited_samples.{name}" for name in results[0] if name not in DIAGNOSTICS}
    else:
        formulas = {"mean_error": "limited_samples.no_skip_error"}
    settings = {"kind": "generation", "schedule": schedule.name, "steps": count, "method": method}
    return _measured(plan, schedule, grid, results, formulas, settings)


def _settings(plan: Plan, table: Table) -> list[Setting]:
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
    plan: Plan, schedule: Schedule, moments: NDArray[np.float64], results: list[Measured],
    formulas: dict[str, str], settings: dict[str, Any],
) -> xr.Dataset:
    """The data set of all runs; what they say about themselves goes to the provenance too."""
    runs = {}
    for name in results[0]:
        values = np.stack([result[name] for result in results])
        runs[name] = values.reshape(len(plan.n), plan.seeds, *values.shape[1:])
    found = {"label_flips": float(runs["label_flips"].mean())}
    note = FLIPPED
    if plan.recipe is not None:
        found |= {"unconverged": float(runs["unconverged"].mean()), "converged_excess": CONVERGED}
        note = "trained networks there put a pair on the wrong side"
    rule = {"seed_rule": "SeedSequence(seed, spawn_key=(d, n, draws, run))"}
    dataset = assemble(plan, schedule, moments, runs, formulas, {**settings, **rule}, found=found)
    dataset["label_flips"].attrs["note"] = note
    if plan.recipe is not None:
        dataset["unconverged"].attrs["note"] = (
            f"more than {CONVERGED:g} of the loss could still be gained there: the networks are not minimisers"
        )
    return dataset
