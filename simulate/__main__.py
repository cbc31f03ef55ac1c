"""``python -m simulate denoiser|generation ... --out FILE.nc``: write a data set, print where it
lies.

Exit code 0, with a line on stderr if trainings did not converge; 2 and one line on bad input or where
memory does not suffice; 130 when interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import NoReturn

import numpy as np
import xarray as xr

from asymptotics.schedule import NAMED
from simulate import checks
from simulate.curves import denoiser_curves, generation_curves
from simulate.execute import workers
from simulate.flow import METHODS
from simulate.mixture import Mixture
from simulate.path import Schedule
from simulate.plan import MOST_TIMES
from simulate.recipes import AdamRecipe, GradientDescent, Recipe
from simulate.store import save

_OUT_OF_MEMORY = "out of memory (or a worker was ended): take a smaller d, n or draws, or fewer workers"
RECIPES: dict[str, type[Recipe] | None] = {
    "exact": None, "adam": AdamRecipe, "gradient_descent": GradientDescent,
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    try:
        dataset = _curves(given)
        print(save(dataset, given.out))
    except (TypeError, ValueError, OSError, FloatingPointError) as problem:
        print(f"simulate: {problem}", file=sys.stderr)
        return 2
    except MemoryError as problem:
        print(f"simulate: {str(problem) or _OUT_OF_MEMORY}", file=sys.stderr)
        return 2
    except RuntimeError as problem:
        # What torch raises when an allocation fails, and the pool when the system ended a worker for its memory.
        if not isinstance(problem, BrokenExecutor) and "can't allocate memory" not in str(problem):
            raise
        print(f"simulate: {_OUT_OF_MEMORY}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("simulate: interrupted, nothing written", file=sys.stderr)
        return 130
    if "unconverged" in dataset and bool((dataset.unconverged > 0).any()):
        share = json.loads(dataset.attrs["provenance"])["unconverged"]
        note = dataset.unconverged.attrs["note"]
        print(f"simulate: {share:.2g} of the trainings did not converge: {note}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="simulate", description="Measure networks of finite dimension.")
    kinds = parser.add_subparsers(dest="kind", required=True)
    shared = _Parser(add_help=False)
    shared.add_argument("--d", type=int, default=5000, help="dimension")
    shared.add_argument("--n", type=_numbers, default=[2, 4, 8], help="samples, e.g. 2,4,8")
    shared.add_argument("--sigma", type=float, default=1.5)
    shared.add_argument("--ridge", type=float, default=0.1)
    shared.add_argument("--draws", type=int, default=1, help="base draws a sample")
    shared.add_argument("--radius", type=float, default=1.0, help="|mu| / sqrt(d)")
    shared.add_argument("--p", type=float, default=0.5, help="weight of the + mode")
    shared.add_argument("--schedule", default="linear", help=", ".join(NAMED))
    shared.add_argument("--seeds", type=int, default=8, help="data sets to average over")
    shared.add_argument("--seed", type=int, default=0)
    shared.add_argument("--no-skip", action="store_true", help="networks without skip connection")
    shared.add_argument("--trainer", default="exact", help=", ".join(RECIPES))
    shared.add_argument("--workers", type=int, default=1, help="processes")
    shared.add_argument("--runs", action="store_true", help="keep the values of every data set")
    shared.add_argument("--quiet", action="store_true", help="no progress bar")
    shared.add_argument("--out", type=Path, required=True, help="netCDF file to write")
    denoiser = kinds.add_parser("denoiser", parents=[shared], help="networks against n and t")
    denoiser.add_argument("--times", type=int, default=20, help="how many, equally spaced inside")
    denoiser.add_argument("--activation", default="sign", help="sign or tanh")
    generation = kinds.add_parser("generation", parents=[shared], help="generated law against n")
    generation.add_argument("--steps", type=int, default=32)
    generation.add_argument("--method", default="ralston", help=", ".join(METHODS))
    return parser


def _curves(given: argparse.Namespace) -> xr.Dataset:
    schedule: Schedule = NAMED[checks.choice("schedule", given.schedule, NAMED)]
    kind = RECIPES[checks.choice("trainer", given.trainer, RECIPES)]
    recipe = None if kind is None else kind()
    mixture = Mixture(d=given.d, sigma=given.sigma, radius=given.radius, p=given.p)
    with workers(given.workers) as executor:
        if given.kind == "denoiser":
            return denoiser_curves(
                mixture, n=given.n, ridge=given.ridge, draws=given.draws, schedule=schedule,
                times=_inside(schedule, given.times), seeds=given.seeds, seed=given.seed,
                skip=not given.no_skip, recipe=recipe, activation=given.activation,
                keep_runs=given.runs, executor=executor, progress=not given.quiet,
            )
        return generation_curves(
            mixture, n=given.n, ridge=given.ridge, draws=given.draws, schedule=schedule,
            steps=given.steps, method=given.method, seeds=given.seeds, seed=given.seed,
            skip=not given.no_skip, recipe=recipe, keep_runs=given.runs, executor=executor,
            progress=not given.quiet,
        )


def _inside(schedule: Schedule, count: int) -> list[float]:
    """``count`` equally spaced times strictly inside the schedule's interval."""
    steps = checks.integer("times", count, least=1, most=MOST_TIMES) + 1
    low, high = float(schedule.start), float(schedule.end)
    if not np.isfinite([low, high]).all():
        raise ValueError(f"schedule {schedule.name!r} has no finite interval to space times over")
    return [float(t) for t in np.linspace(low, high, steps + 1)[1:-1]]


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"n = {text!r} must be integers, e.g. 2,4,8") from None


if __name__ == "__main__":
    sys.exit(main())
