"""Learners: what gives the network of time t. Any callable t -> Autoencoder serves; these are two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from simulate.autoencoder import Autoencoder, solve
from simulate.mixture import Samples
from simulate.path import Schedule, point
from simulate.seeds import Seed, child
from simulate.training.many import Job, train_many
from simulate.training.recipes import Recipe
from simulate.training.single import Training


@dataclass(frozen=True, eq=False, kw_only=True)
class ExactLearner:
    """The minimiser of the risk given the true labels, see `simulate.autoencoder.solve`."""

    samples: Samples
    schedule: Schedule
    ridge: float
    skip: bool = True

    def __call__(self, time: float) -> Autoencoder:
        values = point(self.schedule, time)
        return solve(self.samples, values, ridge=self.ridge, skip=self.skip).network


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainedLearner:
    """A fresh network trained for every time, see `simulate.training.train`; oriented by the
    samples.

    The initial weight is drawn from a stream of its own for each time, derived from ``seed`` and
    the bits of t: the same network whatever the order of the calls. ``observe(training)`` sees the
    record of every training, so that one that did not converge does not pass for one that did. Times in ``together``
    are trained at once when the first of them is asked for (`simulate.training.train_many`), at a fraction of the cost.
    """

    samples: Samples
    schedule: Schedule
    ridge: float
    recipe: Recipe
    seed: Seed
    activation: str = "sign"
    skip: bool = True
    observe: Callable[[Training], None] | None = None
    together: tuple[float, ...] = ()
    known: dict[float, Training] = field(default_factory=dict, init=False, repr=False)

    def __call__(self, time: float) -> Autoencoder:
        if time in self.together and not self.known:
            times = list(dict.fromkeys(self.together))
            self.known.update(zip(times, self._trained(times), strict=True))
        training = self.known[time] if time in self.known else self._trained([time])[0]
        if self.observe is not None:
            self.observe(training)
        return training.network.oriented(self.samples, point(self.schedule, time))

    def _trained(self, times: list[float]) -> list[Training]:
        jobs = [
            Job(
                samples=self.samples, values=point(self.schedule, time), ridge=self.ridge,
                seed=child(self.seed, int(np.float64(time).view(np.uint64))),
            ) for time in times
        ]
        return train_many(jobs, recipe=self.recipe, activation=self.activation, skip=self.skip)
