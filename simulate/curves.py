"""Empirical curves as `xarray.Dataset`: what networks measure against n and t, over many data sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulate import checks, path
from simulate.autoencoder import ACTIVATIONS
from simulate.execute import execute
from simulate.flow import METHODS, stage_times
from simulate.mixture import Mixture
from simulate.path import Schedule, Table, tabulate
from simulate.provenance import describe
from simulate.recipes import AdamRecipe, GradientDescent, Recipe
from simulate.runs import DenoiserTask, GenerationTask, Measured, Setting, Task
from simulate.seeds import child


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What both kinds of curve share, checked; see `denoiser_curves` for the meaning."""

    mixture: Mixture
    n: tuple[int, ...]
    ridge: float
    draws: int
    seeds: int
    seed: int
    skip: bool
    recipe: Recipe | None
    activation: str
    keep_runs: bool

    def __post_init__(self) -> None:
        if not isinstance(self.mixture, Mixture):
            raise TypeError(f"mixture must be a Mixture, not {type(self.mixture).__name__}")
        object.__setattr__(self, "draws", checks.integer("draws", self.draws, least=1))
        object.__setattr__(self, "n", _sizes(self.n, self.draws))
        object.__setattr__(self, "ridge", checks.real("ridge", self.ridge, least=0.0))
        object.__setattr__(self, "seed", checks.integer("seed", self.seed, least=0))
        if checks.integer("seeds", self.seeds, least=1) < 2:
            raise ValueError("seeds = 1 must be >= 2: one data set has no standard error")
        checks.flag("skip", self.skip)
        checks.flag("keep_runs", self.keep_runs)
        checks.choice("activation", self.activation, ACTIVATIONS)
        if self.recipe is None and self.activation != "sign":
            raise ValueError(
                f"activation = {self.activation!r} needs a recipe: the exact solve is for sign"
            )
        if self.recipe is not None and not isinstance(self.recipe, AdamRecipe | GradientDescent):
            raise TypeError("recipe must be None (exact solve), an AdamRecipe or a GradientDescent")

    def settings(self, table: Table) -> list[Setting]:
        """One for each n and data set. The seed is that of the grid point, whatever else is run."""
        return [
            Setting(
                mixture=self.mixture, n=n, draws=self.draws, ridge=self.ridge, schedule=table,
                seed=child(self.seed, self.mixture.d, n, self.draws, k), skip=self.skip,
                recipe=self.recipe, activation=self.activation,
            )
            for n in self.n for k in range(self.seeds)
        ]

    def described(self) -> dict[str, Any]:
        """Plain values for the provenance."""
        trainer = None if self.recipe is None else {
            "kind": type(self.recipe).__name__, **asdict(self.recipe)
        }
        return {
            **asdict(self.mixture), "n": list(self.n), "ridge": self.ridge, "draws": self.draws,
            "seeds": self.seeds, "seed": self.seed, "skip": self.skip, "recipe": trainer,
            "activation": self.activation,
            "seed_rule": "SeedSequence(seed, spawn_key=(d, n, draws, run))",
        }


def denoiser_curves(
    mixture: Mixture, *, n: Sequence[int], ridge: float, schedule: Schedule, times: Sequence[float],
    seeds: int, seed: int, draws: int = 1, skip: bool = True, recipe: Recipe | None = None,
    activation: str = "sign", fresh: int = 64, keep_runs: bool = False,
    executor: Executor | None = None, progress: bool = True,
) -> xr.Dataset:
    """Learned denoisers over dims (n, t), averaged over ``seeds`` >= 2 data sets.

    Variables: skip, overlap_mean, overlap_noise, overlap_sample (projections), training_loss,
    test_error (over ``fresh`` new pairs), label_flips (share of data sets with a pair on the wrong
    side), each with a ``_stderr`` over data sets; with ``keep_runs`` also ``_runs`` over dims (n,
    seed, t). ``recipe`` trains the networks; None solves exactly, with the true labels. The same
    numbers for any ``executor``.
    """
    plan = _plan(mixture, n, ridge, draws, seeds, seed, skip, recipe, activation, keep_runs)
    moments = path.times("times", times, schedule)
    unseen = checks.integer("fresh", fresh, least=2)
    table = tabulate(schedule, mixes=moments)
    tasks: list[Task] = [
        DenoiserTask(setting=setting, times=tuple(moments.tolist()), fresh=unseen)
        for setting in plan.settings(table)
    ]
    results = execute(
        tasks, name=f"denoiser, d = {mixture.d}", executor=executor, progress=progress
    )
    formulas = {
        name: f"limited_samples.{name}" for name in results[0] if skip and name != "label_flips"
    }
    extra = {
        "kind": "denoiser", "schedule": schedule.name, "times": moments.tolist(), "fresh": unseen,
    }
    return _assemble(plan, schedule, moments, results, formulas, extra)


def generation_curves(
    mixture: Mixture, *, n: Sequence[int], ridge: float, schedule: Schedule, seeds: int, seed: int,
    steps: int = 32, method: str = "ralston", draws: int = 1, skip: bool = True,
    recipe: Recipe | None = None, activation: str = "sign", keep_runs: bool = False,
    executor: Executor | None = None, progress: bool = True,
) -> xr.Dataset:
    """Generated laws over dim n, averaged over ``seeds`` >= 2 data sets, and how they arise over
    (n, t).

    Over n: mean_error, generated_variance, mean_cosine (of the centre given the data, no sample
    average), label_flips (share of stage times with a pair on the wrong side). Over (n, t):
    flow_mean, flow_noise, flow_sample (projections), flow_variance. The flow takes ``steps`` equal
    steps of ``method`` over the schedule's interval; formulas are for continuous time, so take
    enough steps.
    """
    plan = _plan(mixture, n, ridge, draws, seeds, seed, skip, recipe, activation, keep_runs)
    count = checks.integer("steps", steps, least=1)
    checks.choice("method", method, METHODS)
    if activation != "sign":
        raise ValueError(
            f"activation = {activation!r} must be sign: tanh networks have no affine clusters"
        )
    if not np.isfinite([float(schedule.start), float(schedule.end)]).all():
        raise ValueError(f"schedule {schedule.name!r} has no finite interval to step over")
    grid = np.linspace(float(schedule.start), float(schedule.end), count + 1)
    stages = stage_times(grid, method)
    table = tabulate(schedule, mixes=np.concatenate([grid, stages.ravel()]), motions=stages)
    tasks: list[Task] = [
        GenerationTask(setting=setting, grid=tuple(grid.tolist()), method=method)
        for setting in plan.settings(table)
    ]
    results = execute(
        tasks, name=f"generation, d = {mixture.d}", executor=executor, progress=progress
    )
    if skip:
        formulas = {name: f"limited_samples.{name}" for name in results[0] if name != "label_flips"}
    else:
        formulas = {"mean_error": "limited_samples.no_skip_error"}
    extra = {"kind": "generation", "schedule": schedule.name, "steps": count, "method": method}
    return _assemble(plan, schedule, grid, results, formulas, extra)


def _plan(
    mixture: Mixture, n: Sequence[int], ridge: float, draws: int, seeds: int, seed: int, skip: bool,
    recipe: Recipe | None, activation: str, keep_runs: bool,
) -> Plan:
    return Plan(
        mixture=mixture, n=tuple(n), ridge=ridge, draws=draws, seeds=seeds, seed=seed, skip=skip,
        recipe=recipe, activation=activation, keep_runs=keep_runs,
    )


def _sizes(given: tuple[int, ...], draws: int) -> tuple[int, ...]:
    sizes = tuple(checks.integer("n", each, least=1) for each in given)
    if not sizes:
        raise ValueError("n is empty; give at least one number of samples")
    if len(set(sizes)) < len(sizes):
        raise ValueError(f"n = {list(sizes)} holds a number twice")
    if draws == 1 and 1 in sizes:
        raise ValueError("n = 1 with draws = 1: the risk's infimum is not attained; use n >= 2")
    return sizes


def _assemble(
    plan: Plan, schedule: Schedule, moments: NDArray[np.float64], results: list[Measured],
    formulas: dict[str, str], extra: dict[str, Any],
) -> xr.Dataset:
    variables: dict[str, Any] = {}
    flips = 0.0
    for name in results[0]:
        runs = np.stack([result[name] for result in results])
        runs = runs.reshape(len(plan.n), plan.seeds, *runs.shape[1:])
        dims = ("n", "t")[: runs.ndim - 1]
        attrs = {"formula": formulas[name]} if name in formulas else {}
        variables[name] = (dims, runs.mean(axis=1), attrs)
        variables[f"{name}_stderr"] = (dims, runs.std(axis=1, ddof=1) / plan.seeds**0.5)
        if plan.keep_runs:
            variables[f"{name}_runs"] = (("n", "seed", "t")[: runs.ndim], runs)
        if name == "label_flips":
            flips = float(runs.mean())
    attributes = {"provenance": describe({**plan.described(), **extra}, label_flips=flips)}
    return xr.Dataset(variables, _coordinates(plan, schedule, moments), attributes)


def _coordinates(plan: Plan, schedule: Schedule, moments: NDArray[np.float64]) -> dict[str, Any]:
    """Every argument of a formula by name: along n, along t, or one number for the whole data set.
    """
    alpha, beta = schedule.mix(moments)
    along: dict[str, Any] = {"alpha": alpha, "beta": beta}
    try:
        values = schedule.at(moments)
        along |= {"dalpha": values.dalpha, "dbeta": values.dbeta}
    except ValueError:
        # They diverge at one of the times; only formulas of velocities would ask for them.
        pass
    mixture = plan.mixture
    return {
        "n": np.array(plan.n), "t": moments,
        **{name: ("t", np.asarray(value, dtype=np.float64)) for name, value in along.items()},
        "d": mixture.d, "sigma": mixture.sigma, "radius": mixture.radius, "p": mixture.p,
        "ridge": plan.ridge, "draws": plan.draws, "seeds": plan.seeds,
    }
