"""What every data set of curves shares: its checked settings, its coordinates, its provenance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulate import checks
from simulate.autoencoder import ACTIVATIONS
from simulate.mixture import Mixture
from simulate.path import Schedule
from simulate.runs import describe
from simulate.training import Recipe, checked

# More of these than anybody waits for; each is an object or a loop of its own.
MOST_SEEDS = MOST_TIMES = 1_000_000
FLIPPED = "exact minimisers there are for the given labels and not self-consistent"
# What is measured of a run rather than of the theory: no formula belongs to it.
DIAGNOSTICS = ("label_flips", "unconverged", "excess_loss")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What both kinds of curve share, checked; see `curves.denoiser` for the meaning."""

    mixture: Mixture
    n: Sequence[int]
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
        object.__setattr__(self, "ridge", checks.penalty(self.ridge))
        object.__setattr__(self, "seed", checks.integer("seed", self.seed, least=0))
        if checks.integer("seeds", self.seeds, least=1, most=MOST_SEEDS) < 2:
            raise ValueError("seeds = 1 must be >= 2: one data set has no standard error")
        checks.flag("skip", self.skip)
        checks.flag("keep_runs", self.keep_runs)
        checks.choice("activation", self.activation, ACTIVATIONS)
        if self.recipe is None and self.activation != "sign":
            raise ValueError(
                f"activation = {self.activation!r} needs a recipe: the exact solve is for sign"
            )
        if self.recipe is not None:
            checked(self.recipe, instead="None (exact solve), ")

    def described(self) -> dict[str, Any]:
        """Plain values for the provenance."""
        trainer = None if self.recipe is None else {"kind": type(self.recipe).__name__, **asdict(self.recipe)}
        return {
            **asdict(self.mixture), "n": list(self.n), "ridge": self.ridge, "draws": self.draws,
            "seeds": self.seeds, "seed": self.seed, "skip": self.skip, "recipe": trainer,
            "activation": self.activation,
        }


def _sizes(given: object, draws: int) -> tuple[int, ...]:
    if not isinstance(given, Iterable):
        raise TypeError(f"n = {given!r} must be a sequence of integers, e.g. [2, 4, 8]")
    sizes = tuple(checks.integer("n", each, least=1) for each in given)
    if not sizes:
        raise ValueError("n is empty; give at least one number of samples")
    if len(set(sizes)) < len(sizes):
        raise ValueError(f"n = {list(sizes)} holds a number twice")
    if draws == 1 and 1 in sizes:
        raise ValueError("n = 1 with draws = 1: the risk's infimum is not attained; use n >= 2")
    return sizes


def assemble(
    plan: Plan, schedule: Schedule, moments: NDArray[np.float64], runs: Mapping[str, NDArray[np.float64]],
    formulas: Mapping[str, str], settings: Mapping[str, Any], *,
    iterations: Sequence[int] = (), found: Mapping[str, Any] = MappingProxyType({}),
) -> xr.Dataset:
    """Means and standard errors over data sets of ``runs`` (n, seeds), (n, seeds, times) or (n, seeds, times,
    iterations).

    ``formulas`` names the formula that a variable measures; ``settings`` (beyond the plan's) and ``found``
    go to the provenance.
    """
    variables: dict[str, Any] = {}
    for name, values in runs.items():
        dims = ("n", "t", "iteration")[: values.ndim - 1]
        attrs = {"formula": formulas[name]} if name in formulas else {}
        variables[name] = (dims, values.mean(axis=1), attrs)
        variables[f"{name}_stderr"] = (dims, values.std(axis=1, ddof=1) / plan.seeds**0.5)
        if plan.keep_runs:
            variables[f"{name}_runs"] = (("n", "seed", "t", "iteration")[: values.ndim], values)
    attributes = {"provenance": describe({**plan.described(), **settings}, **found)}
    coordinates = _coordinates(plan, schedule, moments)
    if iterations:
        coordinates["iteration"] = np.array(iterations)
    return xr.Dataset(variables, coordinates, attributes)


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
