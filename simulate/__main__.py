"""``python -m simulate denoiser|generation|learning|weights|uturn|balance|sweep ... --out FILE.nc``: write a data set.

``--reduced`` draws it from its exact law instead of in d dimensions, at any d; weights and uturn always do.

Exit code 0, with a line on stderr if trainings did not converge; 1 when points of a sweep failed, which are listed; 2
and one line on bad input, a full disk, a worker that was ended or where memory does not suffice; 130 when interrupted.
``--store DIR`` keeps what is finished on the way, and ``--resume`` goes on with it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr

from asymptotics.command_line import Failures, Parser, exit_code, numbers
from asymptotics.extras import version_line
from asymptotics.schedule import NAMED
from simulate import checks, curves
from simulate.commands import balance, execution, sweep, uturn, weights
from simulate.curves import MOST_TIMES, inside
from simulate.flow import METHODS
from simulate.mixture import Mixture
from simulate.path import Schedule
from simulate.runs import PointsFailed, WorkerEnded, save
from simulate.training import RECIPES, StochasticGradientDescent

_LESS = "take a smaller d, n or draws, or fewer workers"
_OUT_OF_MEMORY = f"out of memory (or a worker was ended): {_LESS}"

# Commands with rooms of their own.
_ROOMS = (weights, uturn, balance, sweep)
# Of those, which tell on the terminal what they found.
_TELLING = (uturn, balance)


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    kept = "" if given.store is None else f"; what is finished is kept in {given.store}: --resume"
    failures: Failures = (
        ((TypeError, ValueError, OSError, FloatingPointError, ImportError), 2, "simulate: {}".format),
        (PointsFailed, 1, "simulate: {}".format),
        (WorkerEnded, 2, lambda problem: f"simulate: {problem}; where memory ran out, {_LESS}"),
        ((MemoryError, RuntimeError), 2, _out_of_memory),
        (KeyboardInterrupt, 130, lambda _: f"simulate: interrupted, nothing written{kept}"),
    )
    return exit_code(partial(_measure_and_save, given), failures)


def _out_of_memory(problem: BaseException) -> str | None:
    """Say that memory ran out; None for a RuntimeError that means something else."""
    if isinstance(problem, MemoryError) and str(problem):
        return f"simulate: {problem}"
    # The pool breaks where the system ended a worker for its memory; torch writes where it cannot allocate.
    if isinstance(problem, MemoryError | BrokenExecutor) or "can't allocate memory" in str(problem):
        return f"simulate: {_OUT_OF_MEMORY}"
    return None


def _measure_and_save(given: argparse.Namespace) -> int:
    _require_place(given.out)
    dataset = _run(given)
    written = save(dataset, given.out)
    for each in _TELLING:
        if given.kind in each.KINDS:
            each.tell(dataset)
    print(written)
    if "unconverged" in dataset and bool((dataset.unconverged > 0).any()):
        share = float(dataset.unconverged.mean())
        note = dataset.unconverged.attrs.get("note", "the networks are not minimisers")
        print(f"simulate: {share:.2g} of the trainings did not converge: {note}", file=sys.stderr)
    return 0


def _require_place(out: Path) -> None:
    """OSError now, and not when everything is computed, where no file can be written."""
    if out.is_dir():
        raise IsADirectoryError(f"--out {out} is a folder: name a file in it")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OSError(f"--out {out}: its folder cannot be made ({problem}): take another place") from None
    if not os.access(out.parent, os.W_OK):
        raise PermissionError(f"--out {out}: nothing can be written to {out.parent}: take another place")


def _run(given: argparse.Namespace) -> xr.Dataset:
    for each in _ROOMS:
        if given.kind in each.KINDS:
            found: xr.Dataset = each.run(given)
            return found
    return _curves(given)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="simulate", description="Measure networks of finite dimension.")
    parser.add_argument("--version", action="version", version=version_line())
    kinds = parser.add_subparsers(dest="kind", required=True)
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
    shared.add_argument("--seed", type=int, default=0)
    shared.add_argument("--no-skip", action="store_true", help="networks without skip connection")
    execution.add(shared)
    shared.add_argument("--runs", action="store_true", help="keep the values of every data set")
    shared.add_argument("--quiet", action="store_true", help="no progress bar")
    shared.add_argument("--out", type=Path, required=True, help="netCDF file to write")
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
    for each in _ROOMS:
        each.add(kinds)
    return parser


def _curves(given: argparse.Namespace) -> xr.Dataset:
    """The data set asked for. What it shares with others is said once, what does not go together refused."""
    schedule: Schedule = NAMED[checks.choice("schedule", given.schedule, NAMED)]
    mixture = Mixture(d=given.d, sigma=given.sigma, radius=given.radius, p=given.p)
    shared: dict[str, Any] = {
        "n": given.n, "ridge": given.ridge, "draws": given.draws, "schedule": schedule, "seeds": given.seeds,
        "seed": given.seed, "skip": not given.no_skip, "keep_runs": given.runs,
    }
    kept = execution.store(given)
    if given.kind != "learning" and given.reduced:
        return _reduced(given, mixture, shared)
    with execution.executor(given) as executor:
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


if __name__ == "__main__":
    sys.exit(main())
