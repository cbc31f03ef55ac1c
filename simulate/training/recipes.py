"""How a network is trained: settings only, checked when made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from simulate import checks


@dataclass(frozen=True, kw_only=True)
class AdamRecipe:
    """The authors' recipe: Adam on all pairs at once, skip from 1, weight from N(0, I).

    The loss is exactly 1/2 sum |f - x1|^2, so that Adam's coupled weight decay, set to the ridge
    for w and to 0 for c, is the gradient of ridge/2 |w|^2. Early stopping is off by default:
    ``gradient_tolerance`` stops when the gradient of the risk has fallen to this fraction of the
    first one, ``loss_tolerance`` when the risk changed relatively by less between two records. Both
    are looked at every ``record_every`` iterations.
    """

    learning_rate: float = 0.04
    iterations: int = 6000
    skip_start: float = 1.0
    record_every: int = 100
    gradient_tolerance: float | None = None
    loss_tolerance: float | None = None

    def __post_init__(self) -> None:
        checks.real("learning_rate", self.learning_rate, above=0.0)
        _check_common(self.iterations, self.skip_start, self.record_every)
        _check_tolerances(self.gradient_tolerance, self.loss_tolerance)


@dataclass(frozen=True, kw_only=True)
class GradientDescent:
    """Plain gradient descent in (sqrt(d) c, w), which have curvatures of the same order.

    In c itself the risk is about d times as curved as in w, and a step small enough for c would
    need O(d) iterations for w. In (sqrt(d) c, w), given the labels, the largest curvature is at
    most the trace sum |x_t|^2 / d + n draws + ridge of the 2 x 2 block that is not diagonal
    already, whatever the labels: the step is ``step`` (in (0, 1], default 1) over that bound, at
    which every step lowers the risk. A step that would not (labels change on the way, or tanh is
    far from saturation and more curved) is halved until it does.
    """

    step: float = 1.0
    iterations: int = 20_000
    skip_start: float = 1.0
    record_every: int = 100
    gradient_tolerance: float | None = 1e-9
    loss_tolerance: float | None = None

    def __post_init__(self) -> None:
        checks.real("step", self.step, above=0.0, most=1.0)
        _check_common(self.iterations, self.skip_start, self.record_every)
        _check_tolerances(self.gradient_tolerance, self.loss_tolerance)


@dataclass(frozen=True, kw_only=True)
class StochasticGradientDescent:
    """Gradient descent with a fixed step on mini-batches of ``batch`` pairs, on all of them where that is None.

    An epoch visits every pair once in a new order. The misfit of a batch is scaled up by how many
    batches there are, so that its gradient is right in the mean; the weight decay is the ridge's, at
    every step. Coordinates and ``step`` as in `GradientDescent`, but nothing is searched: with
    mini-batches the largest |x_t|^2 stands for their mean in the bound, which then holds for every
    batch. A fixed step on mini-batches ends in a cloud about the minimiser, the narrower the smaller
    the step.
    """

    batch: int | None = None
    step: float = 0.5
    iterations: int = 5000
    skip_start: float = 1.0
    record_every: int = 100
    gradient_tolerance: float | None = None
    loss_tolerance: float | None = None

    def __post_init__(self) -> None:
        if self.batch is not None:
            checks.integer("batch", self.batch, least=1)
        checks.real("step", self.step, above=0.0, most=1.0)
        _check_common(self.iterations, self.skip_start, self.record_every)
        _check_tolerances(self.gradient_tolerance, self.loss_tolerance)

    def size(self, pairs: int) -> int:
        """How many of ``pairs`` a batch holds; ValueError where it would hold more."""
        if self.batch is not None and self.batch > pairs:
            raise ValueError(f"batch = {self.batch} must be <= n * draws = {pairs} (None: all of them)")
        return pairs if self.batch is None else self.batch


Recipe: TypeAlias = AdamRecipe | GradientDescent | StochasticGradientDescent

RECIPES: Mapping[str, type[Recipe] | None] = MappingProxyType({
    "exact": None, "adam": AdamRecipe, "gradient_descent": GradientDescent,
    "stochastic_gradient_descent": StochasticGradientDescent,
})
"""How networks come about, by the name that commands use; exact: the minimiser."""


def checked(recipe: object, *, instead: str = "") -> Recipe:
    """``recipe`` if it is one; else TypeError, which names what may stand ``instead`` of one."""
    if not isinstance(recipe, AdamRecipe | GradientDescent | StochasticGradientDescent):
        raise TypeError(
            f"recipe must be {instead}an AdamRecipe, a GradientDescent or a StochasticGradientDescent, not "
            f"{type(recipe).__name__}"
        )
    return recipe


def _check_common(iterations: int, skip_start: float, record_every: int) -> None:
    checks.integer("iterations", iterations, least=1)
    checks.real("skip_start", skip_start)
    checks.integer("record_every", record_every, least=1)


def _check_tolerances(gradient: float | None, loss: float | None) -> None:
    for name, value in (("gradient_tolerance", gradient), ("loss_tolerance", loss)):
        if value is not None:
            checks.real(name, value, above=0.0)
