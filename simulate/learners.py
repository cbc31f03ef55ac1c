"""Learners: what gives the network of time t. Any callable t -> Autoencoder serves; these are two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulate.autoencoder import Autoencoder
from simulate.exact import solve
from simulate.mixture import Samples
from simulate.path import Schedule, point
from simulate.recipes import Recipe
from simulate.seeds import Seed, child
from simulate.training import Training, train


@dataclass(frozen=True, eq=False, kw_only=True)
class ExactLearner:
    """The minimiser of the risk given the true labels, see `simulate.exact.solve`."""

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
    record of every training, so that one that did not converge does not pass for one that did.
    """

    samples: Samples
    schedule: Schedule
    ridge: float
    recipe: Recipe
    seed: Seed
    activation: str = "sign"
    skip: bool = True
    observe: Callable[[Training], None] | None = None

    def __call__(self, time: float) -> Autoencoder:
        bits = int(np.float64(time).view(np.uint64))
        training = train(
            self.samples, point(self.schedule, time), recipe=self.recipe, ridge=self.ridge,
            seed=child(self.seed, bits), activation=self.activation, skip=self.skip,
        )
        if self.observe is not None:
            self.observe(training)
        return training.network.oriented(self.samples, point(self.schedule, time))
