"""Generation with one denoiser for each time, in d dimensions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from simulate import checks, path
from simulate.autoencoder.network import Autoencoder
from simulate.flow import METHODS, Latest, drift, integrate
from simulate.path import Schedule

Learner: TypeAlias = Callable[[float], Autoencoder]
Observer: TypeAlias = Callable[[float, torch.Tensor], None]


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Generated points: ``final`` (S, d) at the last time, ``states`` (times, S, d) if they were
    kept.

    ``cluster`` (S,) is the sign of w.x at the first time with the network as the learner gave it
    (orient networks: w and -w are the same function). ``crossed`` (S,) says which points were seen
    on the other side of w.x = 0 at the start of a later step.
    """

    times: NDArray[np.float64]
    final: torch.Tensor
    cluster: torch.Tensor
    crossed: torch.Tensor
    states: torch.Tensor | None


class LearnedField(Latest[Autoencoder]):
    """Give the networks and the schedule's values at the times of a grid.

    Raises ValueError unless the schedule runs from noise to data and the grid (times, strictly
    increasing, inside the schedule's interval) has at least two times.
    """

    def __init__(
        self, learner: Learner, schedule: Schedule, grid: Sequence[float] | NDArray[np.float64]
    ) -> None:
        if not schedule.noise_at_start:
            raise ValueError(
                f"schedule {schedule.name!r} starts at its data end; generation starts from noise"
            )
        super().__init__(learner, schedule)
        self.grid = path.times("grid", grid, schedule, least=2)


def generate(
    learner: Learner, schedule: Schedule, grid: Sequence[float] | NDArray[np.float64],
    starts: torch.Tensor, *, method: str = "ralston", keep: bool = False,
    observe: Observer | None = None,
) -> Trajectory:
    """Carry ``starts`` (S, d) along the learned flow from grid[0] to grid[-1].

    ``learner(t)`` gives the network of time t and is called once for each distinct stage time.
    ``starts`` are states at grid[0]: base noise only if that is the noise end of the schedule.
    Where the velocity diverges there (square_root at t = 0) generate on another parametrisation of
    the same path (trigonometric): the flow map does not depend on it. ``keep`` stores the states of
    all times, ``observe(time, states)`` sees them without storing.
    """
    checks.choice("method", method, METHODS)
    field = LearnedField(learner, schedule, grid)
    first, _ = field.at(float(field.grid[0]))
    checks.tensor("starts", starts, (None, first.d))
    checks.same_kind(first.weight, starts=starts)
    cluster = torch.sign(first.preactivation(starts))
    kept: list[torch.Tensor] = []
    crossed = torch.zeros_like(cluster, dtype=torch.bool)
    opening = set(field.grid[:-1].tolist())

    def follow(time: float, x: torch.Tensor) -> torch.Tensor:
        network, values = field.at(time)
        if time in opening:
            crossed.logical_or_(torch.sign(network.preactivation(x)) != cluster)
        return drift(values, network(x), x)

    def watch(time: float, x: torch.Tensor) -> None:
        if keep:
            kept.append(x)
        if observe is not None:
            observe(time, x)

    final = integrate(follow, field.grid, starts, method=method, observe=watch)
    return Trajectory(field.grid, final, cluster, crossed, torch.stack(kept) if keep else None)
