"""The velocity of learned denoisers, one for each time, as a function of (x, t)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar, runtime_checkable

import torch

from simulate.flow.methods import drift
from simulate.path import Moving, Schedule

_Network = TypeVar("_Network")


@runtime_checkable
class Denoiser(Protocol):
    """A network of one time: x (S, ...) -> its estimate of x1, shaped like x."""

    def denoise(self, x: torch.Tensor, /) -> torch.Tensor: ...


@dataclass(eq=False)
class Latest(Generic[_Network]):
    """Remember the network and the schedule's values of the latest time, so that no time in a row is learned twice."""

    learner: Callable[[float], _Network]
    schedule: Schedule
    _latest: tuple[float, _Network, Moving] | None = field(default=None, init=False, repr=False)

    def at(self, t: float) -> tuple[_Network, Moving]:
        """Return the network and the schedule's values at time t."""
        if self._latest is None or self._latest[0] != t:
            values = self.schedule.at(t)
            self._latest = (t, self.learner(t), values)
        return self._latest[1:]


class LearnedVelocity(Latest[Denoiser | Callable[[torch.Tensor], torch.Tensor]]):
    """(dbeta - beta dalpha/alpha) f(x) + (dalpha/alpha) x with the network f of time t.

    ``learner(t)`` gives the network: something with a method ``denoise``, or a callable x -> f(x), for instance
    c x + u tanh(w.x/sqrt(d) + b). It is asked once for each time in a row: keep the networks yourself if the same
    grid is carried over in batches. ValueError at alpha = 0, where this velocity has a pole.
    """

    def __call__(self, x: torch.Tensor, t: float, /) -> torch.Tensor:
        network, values = self.at(t)
        denoise = network.denoise if isinstance(network, Denoiser) else network
        if not callable(denoise):
            raise TypeError(f"learner({t}) is a {type(network).__name__}: neither callable nor with a denoise")
        found = denoise(x)
        if found.shape != x.shape:
            raise ValueError(f"the network of t = {t} maps {tuple(x.shape)} to {tuple(found.shape)}; both must agree")
        return drift(values, found, x)
