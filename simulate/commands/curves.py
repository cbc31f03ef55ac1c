"""``python -m simulate denoiser|generation|learning``: what networks measure against n, t or training time."""

from __future__ import annotations

import argparse
from typing import Any

import xarray as xr

from asymptotics.command_line import Parser, numbers
from asymptotics.schedule import NAMED, by_name
from simulate import checks, curves
from simulate.commands.execution import add_execution_options, chosen_executor, chosen_store
from simulate.curves import MOST_TIMES, inside
from simulate.flow import METHODS
from simulate.mixture import Mixture
from simulate.path import Schedule
from simulate.training import RECIPES, StochasticGradientDescent


def add(kinds: Any) -> None:
    """Add the three commands."""
    shared = Parser(add_help=False)
    shared.add_argument("--d", type=int, default=5000, help="dimension")
    shared.add_argument("--n", type=numbers("n", int), default=[2, 4, 8], help="samples, e.g. 2,4,8")
    shared.add_argument("--sigma", type=float, default=1.5)
    shared.add_argument("--ridge", type=float, default=0.1)
    shared.add_argument("--draws", type=int, default=1, help="base draws a sample")
    shared.add_argument("--radius", type=float, default=1.0, help="|mu| / sqrt(d)")
    shared.add_argument("--p", type=float, default=0.5, help="weight of the + mode")
    shared.add_argument("--schedule", default="linear", help=", ".join(NAMED))
    shared.add_argument("--seeds", type=int, default=8, help="data sets to average over")
    shared.add_argument("--no-skip", action="store_true", help="networks without skip connection")
    add_execution_options(shared)
    shared.set_defaults(run=run)
    shared.add_argument("--runs", action="store_true", help="keep the values of every data set")
    minimised = Parser(add_help=False)
    minimised.add_argument("--trainer", default="exact", help=", ".join(RECIPES))
    minimised.add_argument("--reduced", action="store_true", help="from the exact law: any d, microseconds a data set")
    moments = Parser(add_help=False)
    moments.add_argument("--times", type=int, default=20, help="how many, equally spaced inside")
    moments.add_argument("--activation", default="sign", help="sign or tanh")
    kinds.add_parser("denoiser", parents=[shared, minimised, moments], help="networks against n and t").add_argument(
        "--labels", action="store_true", help="with --reduced: check the labels too, O(n draws) a data set"
    )
    generation = kinds.add_parser("generation", parents=[shared, minimised], help="generated law against n")
    generation.add_argument("--steps", type=int, help="of the integration (32)")
    generation.add_argument("--method", help=f"{', '.join(METHODS)} (ralston)")
    learning = kinds.add_parser(
        "learning", parents=[shared, moments], help="networks against training time, at any d"
    )
    learning.add_argument("--batch", type=int, help="pairs a step (all of them)")
    learning.add_argument("--step", type=float, default=0.5, help="in (0, 1], of the largest that is stable")
    learning.add_argument("--iterations", type=int, default=1000)
    learning.add_argument("--record-every", type=int, default=10)


def run(given: argparse.Namespace) -> xr.Dataset:
    """The data set asked for. What it shares with others is said once, what does not go together refused."""
    schedule = by_name(given.schedule)
    mixture = Mixture(d=given.d, sigma=given.sigma, radius=given.radius, p=given.p)
    shared: dict[str, Any] = {
        "n": given.n, "ridge": given.ridge, "draws": given.draws, "schedule": schedule, "seeds": given.seeds,
        "seed": given.seed, "skip": not given.no_skip, "keep_runs": given.runs,
    }
    kept = chosen_store(given)
    if given.kind != "learning" and given.reduced:
        return _reduced(given, mixture, shared)
    with chosen_executor(given) as executor:
        shared |= {"executor": executor, "progress": not given.quiet, "store": kept}
        if given.kind == "learning":
            return curves.learning(
                mixture, times=_times(schedule, given.times), activation=given.activation, **shared,
                recipe=StochasticGradientDescent(
                    batch=given.batch, step=given.step, iterations=given.iterations, record_every=given.record_every
                ),
            )
        kind = RECIPES[checks.choice("trainer", given.trainer, RECIPES)]
        shared["recipe"] = None if kind is None else kind()
        if given.kind == "denoiser":
            if given.labels:
                raise ValueError("--labels goes with --reduced; networks in d dimensions always check theirs")
            return curves.denoiser(
                mixture, times=_times(schedule, given.times), activation=given.activation, **shared
            )
        return curves.generation(
            mixture, steps=32 if given.steps is None else given.steps, method=given.method or "ralston", **shared
        )


def _reduced(given: argparse.Namespace, mixture: Mixture, shared: dict[str, Any]) -> xr.Dataset:
    """From the exact law: minimisers and their flow in continuous time, on one process, at once."""
    fixed = {"trainer": "exact", "workers": None, "activation": "sign", "steps": None, "method": None,
             "scheduler": None, "store": None}
    for name, value in fixed.items():
        if getattr(given, name, value) != value:
            raise ValueError(
                f"--{name} {getattr(given, name)} does not go with --reduced: these are exact minimisers, drawn at "
                "once on one process, and their flow in continuous time"
            )
    schedule = shared["schedule"]
    if given.kind == "denoiser":
        return curves.reduced_denoiser(
            mixture, times=_times(schedule, given.times), labels=given.labels, **shared
        )
    return curves.reduced_generation(mixture, times=_times(schedule, 19), **shared)


def _times(schedule: Schedule, count: int) -> list[float]:
    return [float(t) for t in inside(schedule, checks.integer("times", count, least=1, most=MOST_TIMES))]
