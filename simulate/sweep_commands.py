"""``python -m simulate sweep``: an experiment, or a function of one's own, on a grid of settings."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from asymptotics.axes import grid as axes_of
from simulate import long_runs
from simulate.experiments import EXPERIMENTS, SETTINGS, Experiment, schedule_named
from simulate.flow import METHODS
from simulate.plan import DIAGNOSTICS
from simulate.recipes import RECIPES
from simulate.sweep import average, sweep

KINDS = ("sweep",)


def add(kinds: Any, parser: type[argparse.ArgumentParser]) -> None:
    """The command."""
    own: argparse.ArgumentParser = kinds.add_parser("sweep", help="an experiment on a grid of settings")
    own.add_argument("experiment", help=f"{', '.join(EXPERIMENTS)}, or module:function of your own")
    own.add_argument("settings", nargs="*", metavar="NAME=VALUES", help="n=2,4,8 ridge=0.01:10:log7 sigma=1.5")
    own.add_argument("--seeds", type=int, default=8, help="of each point")
    own.add_argument("--seed", type=int, default=0)
    own.add_argument("--schedule", default="linear")
    own.add_argument("--times", type=int, default=9, help="denoiser: how many, equally spaced inside")
    own.add_argument("--steps", type=int, default=32, help="generation: of the integration")
    own.add_argument("--method", default="ralston", help=f"generation: {', '.join(METHODS)}")
    own.add_argument("--trainer", default="exact", help=", ".join(RECIPES))
    own.add_argument("--activation", default="sign", help="denoiser: sign or tanh")
    own.add_argument("--no-skip", dest="skip", action="store_false", help="networks without skip connection")
    own.add_argument("--runs", action="store_true", help="keep the values of every seed")
    own.add_argument("--quiet", action="store_true", help="no progress bar")
    own.add_argument("--out", type=Path, required=True, help="netCDF file to write")
    long_runs.add(own)


def run(given: argparse.Namespace) -> xr.Dataset:
    """The data set asked for: means over seeds and their standard errors (with one seed, its values)."""
    experiment = EXPERIMENTS.get(given.experiment)
    points = {name: [_value(text) for text in texts] for name, texts in axes_of(given.settings)[0].items()}
    fixed: dict[str, Any] = {}
    dims: dict[str, tuple[str, ...]] = {}
    if experiment is not None:
        points, fixed, dims = _prepared(experiment, points, given)
    measure = experiment.measure if experiment is not None else _function(given.experiment)
    with long_runs.executor(given) as executor:
        found = sweep(
            measure, points, seeds=given.seeds, seed=given.seed, fixed=fixed, dims=dims, executor=executor,
            store=long_runs.store(given), name=f"sweep, {given.experiment}", progress=not given.quiet,
        )
    if experiment is not None:
        found = _described(found, experiment, fixed, skip=given.skip)
    return found if given.seeds == 1 else average(found, keep_runs=given.runs)


def _prepared(
    experiment: Experiment, points: dict[str, list[Any]], given: argparse.Namespace
) -> tuple[dict[str, list[Any]], dict[str, Any], dict[str, tuple[str, ...]]]:
    """The grid, what is fixed (single values too), and the dimension of what is measured along t."""
    for name in points:
        if name not in SETTINGS:
            raise ValueError(f"{given.experiment} has no setting {name!r}; it has {', '.join(SETTINGS)}")
    if "n" not in points:
        raise ValueError(f"{given.experiment} needs n, e.g. n=2,4,8")
    settings = {**{k: v for k, v in SETTINGS.items() if v is not None}, **{k: v[0] for k, v in points.items()}}
    grid = {name: values for name, values in points.items() if len(values) > 1 or name == "n"}
    fixed = {name: value for name, value in settings.items() if name not in grid}
    fixed |= {name: getattr(given, name) for name in experiment.options}
    return grid, fixed, dict.fromkeys(experiment.along, ("t",))


def _described(found: xr.Dataset, experiment: Experiment, fixed: dict[str, Any], *, skip: bool) -> xr.Dataset:
    """Coordinates that formulas ask for, and which formula a variable measures."""
    times = np.array(experiment.times(fixed))
    schedule = schedule_named(fixed["schedule"])
    alpha, beta = schedule.mix(times)
    for name, values in found.data_vars.items():
        if skip and name not in DIAGNOSTICS:
            values.attrs["formula"] = f"limited_samples.{name}"
        elif name == "mean_error":
            values.attrs["formula"] = "limited_samples.no_skip_error"
    own = {name: value for name, value in fixed.items() if name in SETTINGS}
    return found.assign_coords(t=times, alpha=("t", alpha), beta=("t", beta), **own)


def _function(place: str) -> Callable[..., Any]:
    """A user's function; the folder that the command runs in is looked into first, as for python itself."""
    module, colon, name = place.partition(":")
    if not (module and colon and name):
        raise ValueError(f"experiment = {place!r} must be {', '.join(EXPERIMENTS)} or module:function")
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as problem:
        raise ValueError(f"experiment = {place!r} cannot be imported: {problem}") from None
    return found


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text
