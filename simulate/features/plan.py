"""Settings of the experiment on real images (`simulate.features.run_study`), checked when made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import numpy as np
from torch import nn

from asymptotics.schedule import Interpolant, variance_preserving
from simulate import checks
from simulate.flow import TRANSPORT_METHODS, Array
from simulate.images import RandomAffine, UNet
from simulate.training import PREDICTIONS, Augment, FitRecipe, Times, checked_times, interval_times, uniform_times
from simulate.uturn import Uturn

TRAININGS = ("uniform", "interval", "wrong", "weighted")
"""uniform: all times alike; interval: more of them where the feature is decided; wrong: as many in an interval of equal
length, as far away as the axis allows (see `away`); weighted: as interval, with importance weights, which leave the
mean loss that of uniform times."""

Make: TypeAlias = Callable[[], nn.Module]
Range: TypeAlias = tuple[float, float]

# Of the data at the noise end, beta/alpha, beside which it may be left out.
_LEFT = 0.05
# Of every class: for the classifier, for the generator, and held out: U-turns start there, and the confusion of the
# classifier and the quality of what is generated are measured with it.
PARTS: Mapping[str, float] = {"classifier": 0.25, "generator": 0.45, "held": 0.3}


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """What is trained, for how long, where, and how it is measured.

    ``noise_end``: the time where paths begin (None: that of the schedule, 1 where it has none). ``network`` makes a
    generator (x, t) -> shaped like x (None: a `UNet` for the size of the images). ``budgets``: updates after which
    generated points are looked at; the last is where training ends. ``share`` of the times inside the interval.
    ``turns`` times of U-turns, equally spaced inside, each with ``clones`` returns over ``turn_steps``; ``count``
    points are generated over ``steps``. U-turns start from ``starts`` held out images of each class at most. ``own``
    densities of training times, by names of their own, are compared with the others.
    """

    schedule: Interpolant = variance_preserving
    predicts: str = "noise"
    noise_end: float | None = None
    network: Make | None = None
    recipe: FitRecipe = field(default_factory=FitRecipe)
    budgets: tuple[int, ...] = (100, 200, 400, 800, 1600)
    augment: Augment | None = field(default_factory=RandomAffine)
    trainings: tuple[str, ...] = ("uniform", "interval", "wrong")
    own: Mapping[str, Times] = field(default_factory=dict)
    share: float = 0.5
    turns: int = 12
    starts: int = 100
    clones: int = 16
    turn_steps: int = 50
    count: int = 2000
    steps: int = 100
    method: str = "ancestral"
    classifier: FitRecipe = field(default_factory=lambda: FitRecipe(updates=300, rate=3e-3, average=0.98))
    weights: Mapping[int, float] | None = None

    def __post_init__(self) -> None:
        checks.choice("predicts", self.predicts, PREDICTIONS)
        checks.choice("method", self.method, TRANSPORT_METHODS)
        for name, least in (("turns", 2), ("starts", 1), ("clones", 1), ("turn_steps", 1), ("count", 2), ("steps", 1)):
            checks.integer(name, getattr(self, name), least=least)
        checks.real("share", self.share, above=0.0, most=1.0)
        if not self.budgets or list(self.budgets) != sorted(set(self.budgets)):
            raise ValueError(f"budgets = {self.budgets} must be numbers of updates, increasing")
        for each in self.budgets:
            checks.integer("budgets", each, least=1)
        if self.budgets[-1] != self.recipe.updates:
            raise ValueError(
                f"budgets end with {self.budgets[-1]}, the recipe after {self.recipe.updates} updates: make them agree"
            )
        for name in self.trainings:
            checks.choice("trainings", name, TRAININGS)
        if not self.trainings or self.trainings[0] != "uniform" or len(set(self.trainings)) < len(self.trainings):
            raise ValueError(
                f"trainings = {self.trainings} must begin with 'uniform', which finds the interval, and hold none twice"
            )
        if not np.isfinite(self.ends).all():
            raise ValueError(f"schedule {self.schedule.name!r} has an infinite end at the data: take another")
        self._check_ends()
        self._check_trainings()
        # Whether there is such a way back.
        Uturn(schedule=self.schedule, method=self.method, steps=self.turn_steps, clones=self.clones)
        if self.network is not None and (isinstance(self.network, nn.Module) or not callable(self.network)):
            raise TypeError(
                "network must make a network each time it is called (a class, or functools.partial of it and its "
                f"arguments), not be a {type(self.network).__name__}"
            )

    def _check_ends(self) -> None:
        noise, data = self.ends
        low, high = float(self.schedule.start), float(self.schedule.end)
        if not (low <= noise <= high) or noise == data:
            raise ValueError(f"noise_end = {noise:g} must lie in [{low:g}, {high:g}], away from the data at {data:g}")
        alpha, beta = (float(each) for each in self.schedule.mix(noise))
        if beta > _LEFT * alpha:
            raise ValueError(
                f"noise_end = {noise:g}: there beta/alpha = {beta / alpha:.2g} of the data is left, but paths begin "
                f"with noise alone; give a noise_end where it is below {_LEFT:g}"
            )
        if self.method == "euler_maruyama" and beta == 0.0:
            raise ValueError(f"method = 'euler_maruyama' diverges at t = {noise:g}, where beta = 0: use 'ancestral'")
        if self.predicts == "noise" and beta == 0.0:
            raise ValueError(
                f"predicts = 'noise' leaves the velocity open at the noise end t = {noise:g}, where beta = 0: give a "
                "noise_end beside it, or predict the velocity"
            )

    def _check_trainings(self) -> None:
        if "weighted" in self.trainings and self.share == 1.0:
            raise ValueError("share = 1 leaves no times outside the interval, so that weights cannot make up for them")
        if not isinstance(self.own, Mapping):
            raise TypeError(f"own must map names to densities of times, not be a {type(self.own).__name__}")
        low, high = float(self.schedule.start), float(self.schedule.end)
        for name, density in self.own.items():
            if name in TRAININGS or not name.isidentifier():
                raise ValueError(f"own = {{{name!r}: ...}} has a name that is taken or no plain word: choose another")
            checked_times(density)
            if not low <= density.low < density.high <= high:
                raise ValueError(
                    f"own[{name!r}] is on [{density.low:g}, {density.high:g}], outside of the schedule's "
                    f"[{low:g}, {high:g}]"
                )

    @property
    def all_trainings(self) -> tuple[str, ...]:
        """Names of all, uniform first."""
        return (*self.trainings, *self.own)

    @property
    def ends(self) -> Range:
        """The times of the noise end and of the data end."""
        start, end = float(self.schedule.start), float(self.schedule.end)
        noise, data = (start, end) if self.schedule.noise_at_start else (end, start)
        if self.noise_end is not None:
            noise = checks.real("noise_end", self.noise_end)
        elif not np.isfinite(noise):
            noise = 1.0
        return noise, data

    @property
    def axis(self) -> Range:
        """The ends, the smaller first."""
        low, high = sorted(self.ends)
        return low, high

    @property
    def moments(self) -> Array:
        """The times of U-turns."""
        return np.linspace(*self.ends, self.turns + 2)[1:-1]

    def times(self, training: str, interval: Range) -> Times:
        """Where a training takes its times, for a feature decided in ``interval``."""
        if training in self.own:
            return self.own[training]
        low, high = self.axis
        if training == "uniform":
            return uniform_times(low, high)
        return interval_times(*self.preferred(training, interval), share=self.share, low=low, high=high)

    def preferred(self, training: str, interval: Range) -> Range:
        """The times that a training prefers: for uniform ones and one's own all."""
        if training in self.own:
            return self.own[training].low, self.own[training].high
        if training == "uniform":
            return self.axis
        return away(interval, self.axis) if training == "wrong" else interval

    def maker(self, size: tuple[int, int, int]) -> Make:
        """What makes a generator for images of a size (channels, height, width)."""
        if self.network is not None:
            return self.network
        small = min(size[1:]) < 16
        return partial(UNet, size[0], width=16 if small else 32, levels=2 if small else 3)


def away(interval: Range, axis: Range) -> Range:
    """The interval of equal length at that end of the ``axis`` where it overlaps least with ``interval``."""
    (begin, end), (low, high) = interval, axis
    length = end - begin
    return (low, low + length) if begin - low > high - end else (high - length, high)
