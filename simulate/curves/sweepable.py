"""Experiments to sweep: functions of settings and a seed that measure one data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asymptotics.schedule import by_name
from simulate import checks
from simulate.curves.tasks import DenoiserTask, GenerationTask, Setting, whole_path
from simulate.flow import METHODS
from simulate.mixture import Mixture
from simulate.path import Schedule, Table, tabulate
from simulate.runs import Measured
from simulate.training import RECIPES

# Of a grid point, with their defaults; n has none.
SETTINGS: Mapping[str, Any] = {"d": 5000, "n": None, "sigma": 1.5, "ridge": 0.1, "draws": 1, "radius": 1.0, "p": 0.5}


def inside(schedule: Schedule, count: int) -> NDArray[np.float64]:
    """``count`` equally spaced times strictly inside the schedule's interval."""
    low, high = float(schedule.start), float(schedule.end)
    if not np.isfinite([low, high]).all():
        raise ValueError(f"schedule {schedule.name!r} has no finite interval to space times over")
    return np.linspace(low, high, count + 2)[1:-1]


@lru_cache
def _inner(name: str, count: int) -> tuple[tuple[float, ...], Table]:
    schedule = by_name(name)
    times = inside(schedule, count)
    return tuple(times.tolist()), tabulate(schedule, mixes=times)


@lru_cache
def _stages(name: str, steps: int, method: str) -> tuple[tuple[float, ...], Table]:
    grid, table = whole_path(by_name(name), steps, method)
    return tuple(grid.tolist()), table


def _setting(
    table: Table, seed: np.random.SeedSequence, *, n: int, ridge: float, draws: int, trainer: str,
    activation: str, skip: bool, **law: Any,
) -> Setting:
    kind = RECIPES[checks.choice("trainer", trainer, RECIPES)]
    setting = Setting(
        mixture=Mixture(**law), n=checks.integer("n", n, least=1),
        draws=checks.integer("draws", draws, least=1), ridge=checks.penalty(ridge), schedule=table, seed=seed,
        skip=skip, recipe=None if kind is None else kind(), activation=activation,
    )
    setting.require_memory()
    return setting


def denoiser(
    seed: np.random.SeedSequence, *, schedule: str = "linear", times: int = 9, fresh: int = 64, trainer: str = "exact",
    activation: str = "sign", skip: bool = True, **point: Any,
) -> Measured:
    """The networks of one data set at ``times`` times inside the schedule; variables of
    `simulate.curves.denoiser`.
    """
    moments, table = _inner(schedule, times)
    setting = _setting(table, seed, trainer=trainer, activation=activation, skip=skip, **{**SETTINGS, **point})
    return DenoiserTask(setting=setting, times=moments, fresh=fresh).run()


def generation(
    seed: np.random.SeedSequence, *, schedule: str = "linear", steps: int = 32, method: str = "ralston",
    trainer: str = "exact", skip: bool = True, **point: Any,
) -> Measured:
    """The law that one data set generates; variables of `simulate.curves.generation`."""
    checks.choice("method", method, METHODS)
    grid, table = _stages(schedule, steps, method)
    setting = _setting(table, seed, trainer=trainer, activation="sign", skip=skip, **{**SETTINGS, **point})
    return GenerationTask(setting=setting, grid=grid, method=method).run()


@dataclass(frozen=True)
class Experiment:
    """A function to sweep, its options, and its variables ``along`` t: of exact minimisers, of trained networks."""

    measure: Callable[..., Measured]
    options: tuple[str, ...]
    along: tuple[tuple[str, ...], tuple[str, ...]]

    def times(self, fixed: Mapping[str, Any]) -> tuple[float, ...]:
        if self.measure is denoiser:
            return _inner(fixed["schedule"], fixed["times"])[0]
        return _stages(fixed["schedule"], fixed["steps"], fixed["method"])[0]


_MEASURED = (
    "skip", "overlap_mean", "overlap_noise", "overlap_sample", "training_loss", "test_error", "label_flips",
)
_FLOW = ("flow_mean", "flow_noise", "flow_sample", "flow_variance")
EXPERIMENTS: Mapping[str, Experiment] = {
    "denoiser": Experiment(
        denoiser, ("schedule", "times", "trainer", "activation", "skip"),
        (_MEASURED, (*_MEASURED, "unconverged", "excess_loss")),
    ),
    "generation": Experiment(generation, ("schedule", "steps", "method", "trainer", "skip"), (_FLOW, _FLOW)),
}
