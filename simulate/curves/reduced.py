"""Empirical curves drawn from exact laws: the data sets of `simulate.curves` at any n and d, in O(1) a data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Unpack

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulate import checks, path
from simulate.curves.settings import CurveOptions, CurveSettings, assemble
from simulate.gram import denoisers, draw, draw_with_pairs, flows, generated, label_flips
from simulate.mixture import Mixture
from simulate.path import Schedule

METHOD = "exact law given the labels; label checks off"
METHOD_WITH_LABELS = "exact law given the labels; labels checked against margins drawn with it"

# How far the ends of a schedule may be from (1, 0) and (0, 1): cos(pi / 2) is not 0 in floating point.
_ROUNDING = 1e-12


def reduced_denoiser(
    mixture: Mixture, *, n: Sequence[int], ridge: float, schedule: Schedule, times: Sequence[float], seeds: int,
    seed: int, labels: bool = False, **options: Unpack[CurveOptions],
) -> xr.Dataset:
    """As `simulate.curves.denoiser` with the exact solve, from the laws of `simulate.gram.draw`.

    Differences: no label_flips, for labels are taken as given (attribute ``method``), unless ``labels`` draws the
    margins of all pairs too, at O(n draws) a data set; test_error is the expectation over fresh pairs, not a
    sample mean; training_loss is with the given labels. The weight p of the + mode does not matter.

    Other Parameters
    ----------------
    **options
        Fields of `simulate.curves.CurveSettings`: draws, skip, keep_runs.
    """
    checks.keywords("reduced_denoiser", options, CurveOptions)
    plan = CurveSettings(
        mixture=mixture, n=n, ridge=ridge, schedule=schedule, seeds=seeds, seed=seed, **options
    )
    grid = path.times("times", times, schedule)
    at = _at(plan, grid)

    def measured(kind: dict[str, Any]) -> dict[str, NDArray[np.float64]]:
        if not labels:
            return denoisers(draw(**kind), **at)._asdict()
        statistics, pairs = draw_with_pairs(**kind)
        flips = label_flips(statistics, pairs, **at).astype(np.float64)
        return {**denoisers(statistics, **at)._asdict(), "label_flips": flips}

    method = METHOD_WITH_LABELS if checks.flag("labels", labels) else METHOD
    return _dataset(plan, grid, measured, {"kind": "denoiser", "method": method})


def reduced_generation(
    mixture: Mixture, *, n: Sequence[int], ridge: float, schedule: Schedule, times: Sequence[float], seeds: int,
    seed: int, **options: Unpack[CurveOptions],
) -> xr.Dataset:
    """As `simulate.curves.generation` with the exact solve, but in continuous time, seen at ``times``.

    mean_error, generated_variance and mean_cosine are those of the data end, whichever ``times`` are asked for.
    The schedule must run from (alpha, beta) = (1, 0) to (0, 1).

    Other Parameters
    ----------------
    **options
        Fields of `simulate.curves.CurveSettings`: draws, skip, keep_runs.
    """
    checks.keywords("reduced_generation", options, CurveOptions)
    plan = CurveSettings(
        mixture=mixture, n=n, ridge=ridge, schedule=schedule, seeds=seeds, seed=seed, **options
    )
    grid = path.times("times", times, schedule)
    _require_ends(schedule)
    at = _at(plan, grid)

    def measured(kind: dict[str, Any]) -> dict[str, NDArray[np.float64]]:
        drawn = draw(**kind)
        final = generated(drawn, ridge=plan.ridge, skip=plan.skip)
        return {**final._asdict(), **flows(drawn, **at)._asdict()}

    return _dataset(plan, grid, measured, {"kind": "generation", "method": METHOD})


def _at(plan: CurveSettings, times: NDArray[np.float64]) -> dict[str, Any]:
    """What networks and flows depend on beside the data, at all times."""
    alpha, beta = np.array([path.point(plan.schedule, float(t)) for t in times]).T
    return {"alpha": alpha, "beta": beta, "ridge": plan.ridge, "skip": plan.skip}


def _dataset(
    plan: CurveSettings, times: NDArray[np.float64],
    measured: Callable[[dict[str, Any]], dict[str, NDArray[np.float64]]], settings: dict[str, Any],
) -> xr.Dataset:
    """Measure at every n. Seeds as in `simulate.gram.draw`: the numbers depend on the grid point only."""
    mixture = plan.mixture
    rows = [
        measured({
            "n": n, "d": mixture.d, "sigma": mixture.sigma, "radius": mixture.radius, "draws": plan.draws,
            "seeds": plan.seeds, "seed": plan.seed,
        }) for n in plan.n
    ]
    runs = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    settings |= {
        "times": times.tolist(),
        "seed_rule": "SeedSequence(seed, spawn_key=(d, n, draws, stream)), see simulate.gram.draw",
    }
    return assemble(plan, times, runs, settings).assign_attrs(method=settings["method"])


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
