"""``python -m simulate sweep``: an experiment, or a function of one's own, on a grid of settings."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from asymptotics.command_line import grid as axes_of, import_users_module
from asymptotics.schedule import by_name
from simulate import checks
from simulate.autoencoder import ACTIVATIONS
from simulate.commands.execution import add_execution_options, chosen_executor, chosen_store
from simulate.curves import EXPERIMENTS, MOST_TIMES, SETTINGS, Experiment, formula_of
from simulate.flow import METHODS
from simulate.runs import average, cores, sweep
from simulate.training import RECIPES

IDLE = {
    "schedule": "linear", "times": 9, "steps": 32, "method": "ralston", "trainer": "exact", "activation": "sign",
    "skip": True,
}
"""Options of some experiments, with their defaults."""
REAL = ("sigma", "ridge", "radius", "p")
"""Settings that are real numbers however they are written."""


def add(kinds: Any) -> None:
    """Add the command."""
    own: argparse.ArgumentParser = kinds.add_parser("sweep", help="an experiment on a grid of settings")
    own.add_argument("experiment", help=f"{', '.join(EXPERIMENTS)}, or module:function of your own")
    own.add_argument("settings", nargs="*", metavar="NAME=VALUES", help="n=2,4,8 ridge=0.01:10:log7 sigma=1.5")
    own.add_argument("--seeds", type=int, default=8, help="of each point")
    own.add_argument("--schedule", default=IDLE["schedule"])
    own.add_argument("--times", type=int, default=IDLE["times"], help="denoiser: how many, equally spaced inside")
    own.add_argument("--steps", type=int, default=IDLE["steps"], help="generation: of the integration")
    own.add_argument("--method", default=IDLE["method"], help=f"generation: {', '.join(METHODS)}")
    own.add_argument("--trainer", default=IDLE["trainer"], help=", ".join(RECIPES))
    own.add_argument("--activation", default=IDLE["activation"], help="denoiser: sign or tanh")
    own.add_argument("--no-skip", dest="skip", action="store_false", help="networks without skip connection")
    own.add_argument("--runs", action="store_true", help="keep the values of every seed")
    add_execution_options(own, processes=cores())
    own.set_defaults(run=run)


def run(given: argparse.Namespace) -> xr.Dataset:
    """The data set asked for: means over seeds and their standard errors (with one seed, its values)."""
    experiment = EXPERIMENTS.get(given.experiment)
    _refuse_idle(given, experiment)
    points = {name: [_value(text) for text in texts] for name, texts in axes_of(given.settings)[0].items()}
    fixed: dict[str, Any] = {}
    dims: dict[str, tuple[str, ...]] = {}
    single: list[str] = []
    if experiment is not None:
        points, fixed, dims = _prepared(experiment, points, given)
        single = [name for name, values in points.items() if len(values) == 1 and name != "n"]
    measure = experiment.measure if experiment is not None else _function(given.experiment)
    with chosen_executor(given) as executor:
        found = sweep(
            measure, points, seeds=given.seeds, seed=given.seed, fixed=fixed, dims=dims, executor=executor,
            store=chosen_store(given), name=f"sweep, {given.experiment}", progress=not given.quiet,
        )
    if experiment is not None:
        found = _described(found.squeeze(single), experiment, fixed, skip=given.skip)
    return found if given.seeds == 1 else average(found, keep_runs=given.runs)


def _prepared(
    experiment: Experiment, points: dict[str, list[Any]], given: argparse.Namespace
) -> tuple[dict[str, list[Any]], dict[str, Any], dict[str, tuple[str, ...]]]:
    """The grid (all settings: a point is the same whatever else is swept), what is fixed, and dims along t."""
    for name in points:
        if name not in SETTINGS:
            raise ValueError(f"{given.experiment} has no setting {name!r}; it has {', '.join(SETTINGS)}")
    if "n" not in points:
        raise ValueError(f"{given.experiment} needs n, e.g. n=2,4,8")
    for name, least in (("times", 1), ("steps", 1)):
        checks.integer(name, getattr(given, name), least=least, most=MOST_TIMES)
    checks.choice("trainer", given.trainer, RECIPES)
    checks.choice("method", given.method, METHODS)
    checks.choice("activation", given.activation, ACTIVATIONS)
    by_name(given.schedule)
    defaults = {name: [value] for name, value in SETTINGS.items() if name not in points}
    grid = {
        name: [float(v) if name in REAL and isinstance(v, int) else v for v in values]
        for name, values in {**points, **defaults}.items()
    }
    fixed = {name: getattr(given, name) for name in experiment.options}
    return grid, fixed, dict.fromkeys(experiment.along[given.trainer != "exact"], ("t",))


def _described(found: xr.Dataset, experiment: Experiment, fixed: dict[str, Any], *, skip: bool) -> xr.Dataset:
    """Coordinates that formulas ask for, and which formula a variable measures."""
    times = np.array(experiment.times(fixed))
    schedule = by_name(fixed["schedule"])
    alpha, beta = schedule.mix(times)
    for name, values in found.data_vars.items():
        values.attrs |= formula_of(str(name), skip=skip)
    return found.assign_coords(t=times, alpha=("t", alpha), beta=("t", beta))


def _refuse_idle(given: argparse.Namespace, experiment: Experiment | None) -> None:
    """ValueError for an option that would do nothing."""
    known = () if experiment is None else experiment.options
    for name, default in IDLE.items():
        if name not in known and getattr(given, name) != default:
            option = "--no-skip" if name == "skip" else f"--{name}"
            raise ValueError(f"{option} does not go with {given.experiment}: nothing there depends on it")
    if given.runs and given.seeds == 1:
        raise ValueError("--runs does not go with --seeds 1: its values are all there is")


def _function(place: str) -> Callable[..., Any]:
    """A user's function; the folder that the command runs in is looked into first, as for python itself."""
    module, colon, name = place.partition(":")
    if not (module and colon and name) or module.startswith("."):
        near = difflib.get_close_matches(place, EXPERIMENTS, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"experiment = {place!r} must be {', '.join(EXPERIMENTS)} or module:function{hint}")
    try:
        found: Callable[..., Any] = getattr(import_users_module(module), name)
    except (Exception, SystemExit) as problem:
        kind = "" if isinstance(problem, ImportError | AttributeError) else f"{type(problem).__name__}: "
        raise ValueError(f"experiment = {place!r} cannot be imported: {kind}{problem}") from None
    return found


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text
