"""What every data set of curves shares: its checked settings, its coordinates, its provenance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, TypedDict

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulate import checks
from simulate.autoencoder import ACTIVATIONS
from simulate.mixture import Mixture
from simulate.path import Schedule
from simulate.runs import Run, RunOptions, describe
from simulate.training import Recipe, checked

# More of these than anybody waits for; each is an object or a loop of its own.
MOST_SEEDS = MOST_TIMES = 1_000_000
FLIPPED = "exact minimisers there are for the given labels and not self-consistent"
# What is measured of a run rather than of the theory: no formula belongs to it.
DIAGNOSTICS = ("label_flips", "unconverged", "excess_loss")


class CurveOptions(TypedDict, total=False):
    """The fields of `CurveSettings` with a default, which functions accept as plain keywords."""

    draws: int
    skip: bool
    keep_runs: bool


class LearnerOptions(CurveOptions, RunOptions, total=False):
    """The fields of `LearnerSettings` with a default, but for ``recipe``."""

    activation: str


@dataclass(frozen=True, kw_only=True)
class CurveSettings:
    """Holds what all curves depend on, checked: the data sets and the loss of exact minimisers.

    Functions that make curves name what is required here one by one, so that type checkers see it in their calls, and
    take the rest as plain keywords.

    Parameters
    ----------
    mixture
        Law of the samples.
    n
        Numbers of samples, none twice.
    ridge
        Weight of the penalty.
    schedule
        How noise and data are mixed at each time.
    seeds
        Number of data sets, two or more.
    seed
        Seed of all data sets.
    draws
        Noises for each sample.
    skip
        Whether the networks have a skip connection.
    keep_runs
        Whether a data set of curves also holds the value of every single run.
    """

    mixture: Mixture
    n: Sequence[int]
    ridge: float
    schedule: Schedule
    seeds: int
    seed: int
    draws: int = 1
    skip: bool = True
    keep_runs: bool = False

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

    def described(self) -> dict[str, Any]:
        """Return plain values for the provenance."""
        return {
            **asdict(self.mixture), "n": list(self.n), "ridge": self.ridge, "draws": self.draws,
            "seeds": self.seeds, "seed": self.seed, "skip": self.skip, "recipe": None,
            "activation": "sign", "schedule": self.schedule.name,
        }


@dataclass(frozen=True, kw_only=True)
class LearnerSettings(CurveSettings, Run):
    """Adds how networks learn to `CurveSettings`, and how the tasks are run, `simulate.runs.Run`.

    Parameters
    ----------
    recipe
        How networks are trained; None solves exactly.
    activation
        "sign" or, of trained denoisers, "tanh": networks with tanh generate no affine clusters.
    """

    recipe: Recipe | None = None
    activation: str = "sign"

    def __post_init__(self) -> None:
        super().__post_init__()
        Run.__post_init__(self)
        checks.choice("activation", self.activation, ACTIVATIONS)
        if self.recipe is None and self.activation != "sign":
            raise ValueError(
                f"activation = {self.activation!r} needs a recipe: the exact solve is for sign"
            )
        if self.recipe is not None:
            checked(self.recipe, instead="None (exact solve), ")

    def described(self) -> dict[str, Any]:
        trainer = None
        if self.recipe is not None:
            trainer = {"kind": type(self.recipe).__name__, **asdict(self.recipe)}
        return {**super().described(), "recipe": trainer, "activation": self.activation}


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


def formula_of(name: str, *, skip: bool) -> dict[str, str]:
    """Return the attribute that names the formula of a variable, empty where there is none."""
    if skip and name not in DIAGNOSTICS:
        return {"formula": f"limited_samples.{name}"}
    return {"formula": "limited_samples.no_skip_error"} if name == "mean_error" else {}


def assemble(
    plan: CurveSettings, times: NDArray[np.float64], runs: Mapping[str, NDArray[np.float64]],
    settings: Mapping[str, Any], *, iterations: Sequence[int] = (),
    found: Mapping[str, Any] = MappingProxyType({}),
) -> xr.Dataset:
    """Average over data sets and describe the result.

    Parameters
    ----------
    plan
        Settings of the curves.
    times
        Values of the coordinate t.
    runs
        Values by name, (n, seeds), (n, seeds, times) or (n, seeds, times, iterations).
    settings
        What the provenance says beyond the settings of the curves.
    iterations
        Values of the coordinate iteration; no formula is of training time.
    found
        What the provenance says of the results.

    Returns
    -------
    xr.Dataset
        Means and standard errors.
    """
    variables: dict[str, Any] = {}
    for name, values in runs.items():
        dims = ("n", "t", "iteration")[: values.ndim - 1]
        attrs = {} if iterations else formula_of(name, skip=plan.skip)
        variables[name] = (dims, values.mean(axis=1), attrs)
        variables[f"{name}_stderr"] = (dims, values.std(axis=1, ddof=1) / plan.seeds**0.5)
        if plan.keep_runs:
            variables[f"{name}_runs"] = (("n", "seed", "t", "iteration")[: values.ndim], values)
    attributes = {"provenance": describe({**plan.described(), **settings}, **found)}
    coordinates = _coordinates(plan, times)
    if iterations:
        coordinates["iteration"] = np.array(iterations)
    dataset = xr.Dataset(variables, coordinates, attributes)
    if "label_flips" in dataset and not iterations:
        dataset["label_flips"].attrs["note"] = FLIPPED
    return dataset


def _coordinates(plan: CurveSettings, times: NDArray[np.float64]) -> dict[str, Any]:
    """Every argument of a formula by name: along n, along t, or one number for the whole data set.
    """
    alpha, beta = plan.schedule.mix(times)
    along: dict[str, Any] = {"alpha": alpha, "beta": beta}
    try:
        values = plan.schedule.at(times)
        along |= {"dalpha": values.dalpha, "dbeta": values.dbeta}
    except ValueError:
        # They diverge at one of the times; only formulas of velocities would ask for them.
        pass
    mixture = plan.mixture
    return {
        "n": np.array(plan.n), "t": times,
        **{name: ("t", np.asarray(value, dtype=np.float64)) for name, value in along.items()},
        "d": mixture.d, "sigma": mixture.sigma, "radius": mixture.radius, "p": mixture.p,
        "ridge": plan.ridge, "draws": plan.draws, "seeds": plan.seeds,
    }
