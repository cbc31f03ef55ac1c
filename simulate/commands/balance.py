"""``python -m simulate balance``: do energy-based models get the weights of modes right, trained in several ways?"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from math import isfinite
from typing import Any

import xarray as xr

from asymptotics.command_line import numbers, table_lines
from simulate import balance, checks
from simulate.balance import BASES, DIGITS, IMAGES, PLANE, BalancePlan, Make, digit_target
from simulate.commands.execution import add_execution_options, chosen_executor, chosen_store
from simulate.energy import NEGATIVES, Checkerboard, Moons, Rings, Target, many_modes, ring_of_modes, two_modes
from simulate.runs import cores
from simulate.sampler import KINDS as FLOWS

_PLAN = BalancePlan()
WEIGHTS: Mapping[str, tuple[float, ...]] = {
    "two-modes": (0.8, 0.2), "ring": (0.4, 0.25, 0.15, 0.1, 0.06, 0.04), "many": (0.4, 0.25, 0.15, 0.1, 0.06, 0.04),
    "rings": Rings().weights, "checkerboard": (0.25, 0.2, 0.15, 0.12, 0.1, 0.08, 0.06, 0.04),
    "moons": Moons().weights, "digits": tuple(DIGITS.values()),
}
DATA = tuple(WEIGHTS)


def add(kinds: Any) -> None:
    """Add the command."""
    own = kinds.add_parser(
        "balance", help="train energy-based models, with and without a flow that proposes; weights of their modes"
    )
    own.add_argument("--data", default="two-modes", help=f"{', '.join(DATA)} (two-modes)")
    own.add_argument("--d", type=int, help="dimension of two-modes and many (2)")
    own.add_argument("--weights", type=numbers("weights", float), help="of the modes, e.g. .8,.2")
    own.add_argument("--classes", type=numbers("classes", int), help="digits: which (0,1,2)")
    own.add_argument("--methods", default=",".join(_PLAN.methods), help=f"of {', '.join(NEGATIVES)} (flow,pcd)")
    own.add_argument("--base", default=_PLAN.base, help=f"{', '.join(BASES)} ({_PLAN.base})")
    own.add_argument("--flow", default=_PLAN.kind, help=f"that proposes: {', '.join(FLOWS)} ({_PLAN.kind})")
    own.add_argument("--n", type=int, help=f"points to train on ({_PLAN.n}; digits: {IMAGES.n})")
    own.add_argument("--iterations", type=int, help=f"({_PLAN.recipe.iterations}; digits: {IMAGES.recipe.iterations})")
    own.add_argument("--chains", type=int, help=f"({_PLAN.recipe.chains})")
    rates = f"{_PLAN.recipe.rate}; in the plane {PLANE.recipe.rate}"
    own.add_argument("--rate", type=float, help=f"of Adam ({rates})")
    own.add_argument("--history", type=int, help="iterations whose chains the flow is fitted to (1)")
    own.add_argument("--moves", type=int, help=f"with all frozen, at the end ({_PLAN.moves}; digits: {IMAGES.moves})")
    own.add_argument("--seeds", type=int, default=1, help="how often, with other data and networks (1)")
    add_execution_options(own, processes=cores())
    own.set_defaults(run=run, tell=tell)


def run(given: argparse.Namespace) -> xr.Dataset:
    """The data set asked for."""
    target, plan = _target(given), _plan(given)
    with chosen_executor(given) as executor:
        return balance.run_study(
            target, plan=plan, seeds=given.seeds, seed=given.seed, executor=executor, store=chosen_store(given),
            progress=not given.quiet,
        )


def _target(given: argparse.Namespace) -> Target | Make:
    data = checks.choice("data", given.data, DATA)
    if given.d is not None and data not in ("two-modes", "many"):
        raise ValueError(f"--d does not go with --data {data}")
    if given.classes is not None and data != "digits":
        raise ValueError(f"--classes does not go with --data {data}")
    d, weights = 2 if given.d is None else given.d, tuple(given.weights or WEIGHTS[data])
    if not all(isfinite(each) and each > 0 for each in weights):
        raise ValueError(f"--weights {given.weights} must be positive numbers")
    match data:
        case "two-modes":
            if len(weights) != 2:
                raise ValueError(f"--weights {weights}: two modes have two")
            return two_modes(d, p=weights[0] / sum(weights))
        case "ring":
            return ring_of_modes(weights)
        case "many":
            return many_modes(weights, d)
        case "rings":
            return Rings(weights)
        case "checkerboard":
            return Checkerboard(weights)
        case "moons":
            return Moons(weights)
    classes = tuple(given.classes or DIGITS)
    if len(classes) != len(weights):
        raise ValueError(f"digits {classes} and weights {weights}: give as many --classes as --weights")
    if len(set(classes)) < len(classes):
        raise ValueError(f"--classes {','.join(map(str, classes))} names a digit twice; give it once")
    return partial(digit_target, weights=dict(zip(classes, weights, strict=True)))


def _plan(given: argparse.Namespace) -> BalancePlan:
    space = given.data in ("two-modes", "many") and given.d not in (None, 2)
    own = IMAGES if given.data == "digits" else _PLAN if space else PLANE

    def said(*names: str) -> dict[str, Any]:
        return {name: value for name in names if (value := getattr(given, name)) is not None}

    recipe = replace(own.recipe, **said("iterations", "chains", "rate", "history"))
    methods = tuple(given.methods.split(","))
    plan = replace(own, methods=methods, base=given.base, kind=given.flow, recipe=recipe, **said("n", "moves"))
    flows = [name for name in methods if plan.negatives(name).needs_flow]
    if not flows and plan.base != "flow" and given.flow != _PLAN.kind:
        raise ValueError(f"--flow {given.flow} does not go with --methods {given.methods}, which have none")
    if not flows and given.history is not None:
        raise ValueError(f"--history does not go with --methods {given.methods}, which have no flow")
    return plan


def tell(study: xr.Dataset) -> None:
    """What was found, on the terminal."""
    print("\n".join(table_lines(*balance.table(study), str.ljust)))
