"""How the network with separate weights is trained: settings only, checked when made.

Pitfall: a fresh noise moves each coordinate of w by about sqrt(d) times what it should. It averages out only over many
more noises than dimensions, so that iterations * batch * repeats >> d, and the last steps must be small. The mean over
all noises (repeats None) has no such need.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from simulate import checks
from simulate.path import Mixing, weights

# The step of w grows with the clock up to here: beyond it tanh saturates.
LATEST = 3.0


class Steps(NamedTuple):
    """The step of each parameter."""

    skip: float
    b: float
    u: float
    w: float


@dataclass(frozen=True, kw_only=True)
class _Common:
    """``batch`` samples an update (None: all), ``repeats`` fresh noises for each of them (None: all; their mean).

    The rate is full for the share ``hold`` of the updates and then falls like 1/time, to ``final`` times it at the
    last. Start: u ~ N(0, start_u^2 I), w ~ N(0, start_w^2 I), c = skip_start, b = b_start. Records every
    ``record_every`` updates, where also a new order of the samples begins, and a run can be taken up again.
    """

    rate: float = 0.1
    iterations: int = 5000
    batch: int | None = None
    repeats: int | None = 20
    hold: float = 0.3
    final: float = 0.05
    start_u: float = 0.1
    start_w: float = 0.1
    skip_start: float = 0.0
    b_start: float = 0.0
    record_every: int = 100

    def __post_init__(self) -> None:
        checks.real("rate", self.rate, above=0.0)
        for name in ("iterations", "record_every"):
            checks.integer(name, getattr(self, name), least=1)
        for name in ("batch", "repeats"):
            if getattr(self, name) is not None:
                checks.integer(name, getattr(self, name), least=1)
        checks.real("hold", self.hold, least=0.0, most=1.0)
        checks.real("final", self.final, above=0.0, most=1.0)
        for name in ("start_u", "start_w"):
            checks.real(name, getattr(self, name), least=0.0)
        for name in ("skip_start", "b_start"):
            checks.real(name, getattr(self, name))

    def size(self, n: int) -> int:
        """How many of ``n`` samples a batch holds; ValueError where it would hold more."""
        if self.batch is not None and self.batch > n:
            raise ValueError(f"batch = {self.batch} must be <= n = {n} (None: all of them)")
        return n if self.batch is None else self.batch

    def noises(self, n: int) -> float:
        """How many an update meets at ``n`` samples; infinity for their mean."""
        return math.inf if self.repeats is None else self.size(n) * self.repeats

    def at(self, iteration: int) -> float:
        """The rate of update ``iteration`` = 0, 1, ..."""
        held = self.hold * self.iterations
        if iteration <= held or self.final == 1.0:
            return self.rate
        elapsed = (iteration - held) / (self.iterations - held)
        return self.rate / (1.0 + elapsed * (1.0 / self.final - 1.0))


@dataclass(frozen=True, kw_only=True)
class UntiedSGD(_Common):
    """Plain gradient steps, ``rate`` in (0, 1] times natural ones: the inverse of each parameter's curvature."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.real("rate", self.rate, above=0.0, most=1.0)

    def steps(
        self, values: Mixing, *, n: int, d: int, sigma: float, radius: float, ridge_u: float, ridge_w: float
    ) -> Steps:
        """At rate 1: u, w O(1/n), b, c O(1/(n d)).

        w is slowed down by 1 + d/(noises an update): fewer noises than dimensions span only a part of the space, with
        so much more curvature each. What noise is left in |w|^2/d is then of the order of the rate, and must be
        small beside |w|^2/d itself, while the curvature falls as tanh saturates: hence the clock beta |mu|, which w at
        its minimum grows with, as a factor. At late times u, and with it the curvature of w, is small.
        """
        alpha, beta = weights(values)
        square = alpha**2 + beta**2 * (radius**2 + sigma**2)
        scale = radius**2 + sigma**2 / n
        clock = min((beta**2 * d * scale) ** 0.5, LATEST)
        small = max((alpha**2 / (alpha**2 + sigma**2 * beta**2)) ** 2, 0.02)
        across = alpha**2 * (1.0 + d / self.noises(n))
        # The ridge's own curvature is known: the clock speeds up nothing there, or w would overshoot.
        curvature = n * scale * across * small + clock * ridge_w
        if curvature == 0.0:
            raise ValueError(f"alpha = {alpha} with ridge_w = {ridge_w} bounds no step of w: give a ridge_w > 0")
        return Steps(
            skip=1.0 / (n * d * square), b=1.0 / (n * d * scale), u=1.0 / (n + ridge_u),
            w=clock / curvature,
        )


@dataclass(frozen=True, kw_only=True)
class UntiedAdam(_Common):
    """Adam (0.9, 0.999) on the whole risk, ridges included; ``rate`` is the step of u, w, b, and that of c is
    ``rate`` max(1/sqrt(d), beta), the size of c."""

    rate: float = 0.01


UntiedRecipe: TypeAlias = UntiedSGD | UntiedAdam


def checked(recipe: object) -> UntiedRecipe:
    if not isinstance(recipe, UntiedSGD | UntiedAdam):
        raise TypeError(f"recipe must be an UntiedSGD or an UntiedAdam, not {type(recipe).__name__}")
    return recipe


def reducible(recipe: UntiedRecipe) -> UntiedSGD:
    """``recipe`` if it is one of gradient steps; else an error that says why not."""
    if isinstance(recipe, UntiedAdam):
        raise TypeError("recipe = UntiedAdam divides each coordinate by its own scale, which no rotation preserves: it "
                        "has no reduction; train it in d dimensions (simulate.untied.train) or use an UntiedSGD")
    found = checked(recipe)
    assert isinstance(found, UntiedSGD)
    return found
