"""Empirical curves drawn from exact laws: the data sets of `simulate.curves` at any n and d, in O(1) a data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulate import checks, path
from simulate.curves.settings import DIAGNOSTICS, FLIPPED, Plan, assemble
from simulate.gram import GramStatistics, denoisers, draw, draw_with_pairs, flows, generated, label_flips
from simulate.mixture import Mixture
from simulate.path import Schedule

METHOD = "exact law given the labels; label checks off"
METHOD_WITH_LABELS = "exact law given the labels; labels checked against margins drawn with it"

# How far the ends of a schedule may be from (1, 0) and (0, 1): cos(pi / 2) is not 0 in floating point.
_ROUNDING = 1e-12


def reduced_denoiser(
    mixture: Mixture, *, n: Sequence[int], ridge: float, schedule: Schedule, times: Sequence[float], seeds: int,
    seed: int, draws: int = 1, skip: bool = True, labels: bool = False, keep_runs: bool = False,
) -> xr.Dataset:
    """As `simulate.curves.denoiser` with the exact solve, from the laws of `simulate.gram.draw`.

    Differences: no label_flips, for labels are taken as given (attribute ``method``), unless ``labels`` draws the
    margins of all pairs too, at O(n draws) a data set; test_error is the expectation over fresh pairs, not a
    sample mean; training_loss is with the given labels. The weight p of the + mode does not matter.
    """
    plan = _plan(mixture, n, ridge, draws, seeds, seed, skip, keep_runs)
    moments = path.times("times", times, schedule)
    alpha, beta = _mix(schedule, moments)
    at: dict[str, Any] = {"alpha": alpha, "beta": beta, "ridge": plan.ridge, "skip": skip}
    if not checks.flag("labels", labels):
        runs = _stack([denoisers(each, **at)._asdict() for each in _drawn(plan)])
        return _dataset(plan, schedule, moments, runs, _formulas(runs, skip), "denoiser", METHOD)
    rows = []
    for size in plan.n:
        statistics, pairs = draw_with_pairs(**_kind(plan, size))
        flips = label_flips(statistics, pairs, **at).astype(np.float64)
        rows.append({**denoisers(statistics, **at)._asdict(), "label_flips": flips})
    runs = _stack(rows)
    dataset = _dataset(plan, schedule, moments, runs, _formulas(runs, skip), "denoiser", METHOD_WITH_LABELS)
    dataset["label_flips"].attrs["note"] = FLIPPED
    return dataset


def reduced_generation(
    mixture: Mixture, *, n: Sequence[int], ridge: float, schedule: Schedule, times: Sequence[float], seeds: int,
    seed: int, draws: int = 1, skip: bool = True, keep_runs: bool = False,
) -> xr.Dataset:
    """As `simulate.curves.generation` with the exact solve, but in continuous time, seen at ``times``.

    mean_error, generated_variance and mean_cosine are those of the data end, whichever ``times`` are asked for.
    The schedule must run from (alpha, beta) = (1, 0) to (0, 1).
    """
    plan = _plan(mixture, n, ridge, draws, seeds, seed, skip, keep_runs)
    moments = path.times("times", times, schedule)
    _require_ends(schedule)
    alpha, beta = _mix(schedule, moments)
    runs = _stack([
        {
            **generated(each, ridge=plan.ridge, skip=skip)._asdict(),
            **flows(each, alpha=alpha, beta=beta, ridge=plan.ridge, skip=skip)._asdict(),
        }
        for each in _drawn(plan)
    ])
    formulas = _formulas(runs, skip) if skip else {"mean_error": "limited_samples.no_skip_error"}
    return _dataset(plan, schedule, moments, runs, formulas, "generation", METHOD)


def _formulas(runs: dict[str, NDArray[np.float64]], skip: bool) -> dict[str, str]:
    return {name: f"limited_samples.{name}" for name in runs if skip and name not in DIAGNOSTICS}


def _plan(
    mixture: Mixture, n: Sequence[int], ridge: float, draws: int, seeds: int, seed: int, skip: bool,
    keep_runs: bool,
) -> Plan:
    """With what the exact solve fixes: no recipe, sign networks."""
    return Plan(
        mixture=mixture, n=n, ridge=ridge, draws=draws, seeds=seeds, seed=seed, skip=skip, recipe=None,
        activation="sign", keep_runs=keep_runs,
    )


def _drawn(plan: Plan) -> list[GramStatistics]:
    """One for each n. Seeds as in `simulate.gram.draw`: the numbers depend on the grid point only."""
    return [draw(**_kind(plan, n)) for n in plan.n]


def _kind(plan: Plan, n: int) -> dict[str, Any]:
    mixture = plan.mixture
    return {
        "n": n, "d": mixture.d, "sigma": mixture.sigma, "radius": mixture.radius, "draws": plan.draws,
        "seeds": plan.seeds, "seed": plan.seed,
    }


def _stack(rows: list[dict[str, NDArray[np.float64]]]) -> dict[str, NDArray[np.float64]]:
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _dataset(
    plan: Plan, schedule: Schedule, moments: NDArray[np.float64], runs: dict[str, NDArray[np.float64]],
    formulas: dict[str, str], kind: str, method: str,
) -> xr.Dataset:
    settings: dict[str, Any] = {
        "kind": kind, "schedule": schedule.name, "times": moments.tolist(), "method": method,
        "seed_rule": "SeedSequence(seed, spawn_key=(d, n, draws, stream)), see simulate.gram.draw",
    }
    return assemble(plan, schedule, moments, runs, formulas, settings).assign_attrs(method=method)


def _mix(schedule: Schedule, moments: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = np.array([path.point(schedule, float(t)) for t in moments])
    return points[:, 0], points[:, 1]


def _require_ends(schedule: Schedule) -> None:
    low, high = float(schedule.start), float(schedule.end)
    if not schedule.noise_at_start or not np.isfinite([low, high]).all():
        raise ValueError(f"schedule {schedule.name!r} must run from noise to data over a finite interval")
    ends = np.array([path.point(schedule, low), path.point(schedule, high)])
    if not np.abs(ends - np.eye(2)).max() <= _ROUNDING:
        raise ValueError(
            f"schedule {schedule.name!r} runs from {tuple(ends[0])} to {tuple(ends[1])}; the flow is known in "
            "closed form from (alpha, beta) = (1, 0) to (0, 1)"
        )
