"""``python -m simulate weights``: which modes are generated (linear paths)."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from asymptotics.coerce import as_probability
from asymptotics.command_line import numbers
from asymptotics.phases.design import Target, half_grid
from asymptotics.schedule import linear
from simulate import checks, curves
from simulate.commands.execution import add_execution_options, chosen_executor, chosen_store
from simulate.flow import TRANSPORT_METHODS
from simulate.mixture import Mixture
from simulate.untied import UntiedSGD


def add(kinds: Any) -> None:
    """Add the command."""
    weights = kinds.add_parser("weights", help="generated weight of +, dilated and not, against d")
    weights.add_argument("--sigma", type=float, default=1.0)
    weights.add_argument("--radius", type=float, default=1.0, help="|mu| / sqrt(d)")
    weights.add_argument("--p", type=float, default=0.8, help="weight of the + mode")
    weights.add_argument("--kappa", type=float, default=3.0, help="the first phase ends at beta = kappa/|mu|")
    weights.add_argument("--share", type=float, default=0.5, help="of the steps, before that")
    weights.add_argument("--batch", type=int, help="points carried at once (all; the random numbers depend on it)")
    add_execution_options(weights)
    weights.set_defaults(run=run)
    weights.add_argument(
        "--d", type=numbers("d", int), help="dimensions (100,10000,1000000; trained: 500,5000,1000000)"
    )
    weights.add_argument("--steps", type=int, default=50)
    weights.add_argument("--methods", default="euler", help=f"of {', '.join(TRANSPORT_METHODS)}, e.g. euler,heun")
    weights.add_argument("--count", type=int, default=20_000, help="points")
    weights.add_argument("--n", type=int, help="train networks on n samples (else the exact field)")
    weights.add_argument("--seeds", type=int, default=2, help="with --n: data sets")
    weights.add_argument("--ridge", type=float, default=0.1, help="with --n: on u and on w")
    weights.add_argument("--iterations", type=int, default=500, help="with --n: of SGD")
    weights.add_argument(
        "--repeats", type=int, help="with --n: fresh noises a sample and update (their mean, as of infinitely many)"
    )


def run(given: argparse.Namespace) -> xr.Dataset:
    """The data set asked for."""
    if given.d is None:
        given.d = [100, 10_000, 1_000_000] if given.n is None else [500, 5000, 1_000_000]
    mixture = Mixture(d=given.d[0], sigma=given.sigma, radius=given.radius, p=as_probability("p", given.p))
    steps = checks.integer("steps", given.steps, least=2)

    def dilated(law: Mixture) -> ArrayLike:
        target = Target(p=law.p, sigma=law.sigma, d=law.d, radius=law.radius)
        return half_grid(target, given.kappa, given.share, steps)

    grids: Mapping[str, Callable[[Mixture], ArrayLike]] = {
        "dilated": dilated, "undilated": lambda law: np.linspace(0.0, 1.0, steps + 1),
    }
    common: dict[str, Any] = {
        "d": given.d, "grids": grids, "schedule": linear, "methods": given.methods.split(","), "count": given.count,
        "seed": given.seed, "progress": not given.quiet, "store": chosen_store(given),
    }
    if given.n is None:
        if given.repeats is not None:
            raise ValueError("--repeats goes with --n: the exact field is not trained")
        with chosen_executor(given) as executor:
            return curves.weights(mixture, **common, executor=executor, batch=given.batch)
    recipe = UntiedSGD(iterations=given.iterations, repeats=given.repeats)
    if given.repeats is None:  # Without noise the steps can be natural ones.
        recipe = replace(recipe, rate=1.0, hold=0.6)
    with chosen_executor(given) as executor:
        return curves.trained_weights(
            mixture, **common, n=given.n, recipe=recipe, ridge_u=given.ridge, ridge_w=given.ridge, seeds=given.seeds,
            executor=executor,
        )
