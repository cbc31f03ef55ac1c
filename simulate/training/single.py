"""Training a network by gradients, as an experiment does it.

Pitfalls. A gradient method finds a stationary point, not the minimum. With "sign" no gradient
passes through the pre-activation, so labels only change when w drifts across; for t -> 0, where x_t
is noise, wrong initial labels freeze. tanh(w.x / sqrt(d)) does find them. For draws >= 2 other
self-consistent labellings exist and a trainer can stick in one. Near the data end Adam leaves
residue of the initial w outside the span of the data. Compare with `simulate.autoencoder.exact`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from simulate import checks
from simulate.autoencoder import ACTIVATIONS, Autoencoder, reconstruct, require_attained, solve
from simulate.mixture import Samples
from simulate.path import Mixing, weights
from simulate.runs import Arrays, CheckpointWriter, Given, digest, open_checkpoint
from simulate.seeds import Seed, batches, child, normal, sequence
from simulate.training.recipes import AdamRecipe, GradientDescent, Recipe, StochasticGradientDescent, checked

Progress: TypeAlias = Callable[[int, float], None]

# A training counts as converged if at most this share of its loss could still be gained with its own labels.
# (Not judged by how far the gradient fell: the first one is mostly that of c, and says little about w.)
CONVERGED = 1e-3

# Why a training ends.
DONE, STUCK = "all iterations done", "no step lowers the risk (labels would flip)"

# The stream of mini-batches below the seed of a training.
BATCHES = 0


@dataclass(frozen=True, eq=False)
class Training:
    """A trained network and its record.

    ``recorded`` (iterations done), ``losses`` (the risk per n draws d then, ridge included) and
    ``slopes`` (the norm of the risk's gradient in (sqrt(d) c, w)) start at 0 and end with the network
    returned. ``excess`` is the share of the last loss that the exact minimiser for the labels sign(w.x_t)
    of the network would save; for tanh that minimiser is a sign network, so that the excess also counts what
    a lack of saturation costs.
    """

    network: Autoencoder
    recorded: tuple[int, ...]
    losses: tuple[float, ...]
    slopes: tuple[float, ...]
    iterations: int
    stopped_early: bool
    reason: str
    excess: float

    @property
    def converged(self) -> bool:
        """excess <= CONVERGED. Says nothing of whether the labels are the right ones."""
        return self.excess <= CONVERGED


@dataclass(frozen=True, eq=False)
class _Problem:
    """The risk as a differentiable function of (c, w) on all pairs: x, y (pairs, d)."""

    x: torch.Tensor
    y: torch.Tensor
    ridge: float
    activation: str
    scale: float = 1.0

    def part(self, chosen: NDArray[np.intp]) -> _Problem:
        """The risk estimated from some of the pairs."""
        rows = torch.as_tensor(chosen, device=self.x.device)
        return replace(self, x=self.x[rows], y=self.y[rows], scale=len(self.x) / len(rows))

    def misfit(self, skip: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        error = reconstruct(skip, weight, self.x, self.activation) - self.y
        return 0.5 * self.scale * error.square().sum()

    def risk(self, skip: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return self.misfit(skip, weight) + 0.5 * self.ridge * weight.square().sum()


@dataclass(frozen=True, eq=False)
class _State:
    """After ``iteration`` updates: the risk and the norm of its gradient; ``stuck`` says why to
    stop.
    """

    iteration: int
    risk: float
    slope: float
    optimiser: Callable[[], Arrays]
    stuck: str = ""


def train(
    samples: Samples, values: Mixing, *, recipe: Recipe, ridge: float, seed: Seed,
    activation: str = "sign", skip: bool = True, progress: Progress | None = None,
    checkpoint: Given = None,
) -> Training:
    """Minimise 1/2 sum |f(x_t) - x1|^2 + ridge/2 |w|^2 from c = skip_start (0 without skip), w ~
    N(0, I).

    ``progress(iteration, loss)`` is called at each record. ``checkpoint`` (a path, or a `Checkpoint`) keeps the state
    there and goes on from it. Raises FloatingPointError if the risk stops being finite, ValueError for n * draws = 1
    (the infimum is not attained).
    """
    penalty = checks.penalty(ridge)
    with_skip = checks.flag("skip", skip)
    checks.choice("activation", activation, ACTIVATIONS)
    checked(recipe)
    require_attained(samples)
    problem = _Problem(
        samples.mixed(values).flatten(0, 1), samples.targets.flatten(0, 1), penalty, activation
    )
    weight = normal(seed, (samples.d,), dtype=samples.data.dtype, device=samples.data.device)
    start = weight.new_tensor(recipe.skip_start if with_skip else 0.0)
    settings = (samples, weights(values), recipe, penalty, activation, with_skip, sequence(seed))
    writer = open_checkpoint(checkpoint, lambda: digest("train", *settings))
    found = writer.saved or {}
    if found:
        start.copy_(torch.from_numpy(found["skip"]))
        weight.copy_(torch.from_numpy(found["weight"]))
    if isinstance(recipe, AdamRecipe):
        states = _adam(problem, start, weight, recipe, with_skip, found)
    elif isinstance(recipe, StochasticGradientDescent):
        states = _stochastic(problem, start, weight, recipe, with_skip, child(seed, BATCHES), found)
    else:
        states = _descend(problem, start, weight, recipe, with_skip, found)
    size = samples.pairs * samples.d
    record = _follow(states, recipe, size, progress, writer, (start, weight))
    network = Autoencoder(start.detach().clone(), weight.detach().clone(), activation)
    return record.training(network, samples, values, penalty, with_skip)


@dataclass(eq=False)
class Record:
    """What is recorded of a network while it trains, and the reason why that ended ("" if it did not)."""

    recorded: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    slopes: list[float] = field(default_factory=list)
    reason: str = ""

    def add(self, iteration: int, loss: float, slope: float) -> None:
        """Append one record."""
        self.recorded.append(iteration)
        self.losses.append(loss)
        self.slopes.append(slope)

    def arrays(self) -> Arrays:
        """Return everything as arrays, for a checkpoint."""
        return {name: np.array(value) for name, value in vars(self).items()}

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]]) -> Record:
        """Make the record that `arrays` returned."""
        return cls(**{each.name: arrays[each.name].tolist() for each in fields(cls)})

    def training(
        self, network: Autoencoder, samples: Samples, values: Mixing, ridge: float, skip: bool
    ) -> Training:
        """Make what a training returns."""
        return Training(
            network, tuple(self.recorded), tuple(self.losses), tuple(self.slopes), self.recorded[-1],
            self.reason != DONE, self.reason,
            _excess_loss(network, samples, values, ridge, skip, self.losses[-1]),
        )


def _excess_loss(
    network: Autoencoder, samples: Samples, values: Mixing, ridge: float, skip: bool, loss: float
) -> float:
    """(loss - the least loss with the network's labels) / loss; 0 where the loss is 0."""
    if loss == 0.0:
        return 0.0
    labels = torch.where(network.preactivation(samples.mixed(values)) < 0, -1.0, 1.0).to(samples.data.dtype)
    try:
        least = solve(samples, values, ridge=ridge, labels=labels, skip=skip).objective
    except ValueError:
        # x_t is the labels' own direction: c is not determined and adds nothing.
        least = solve(samples, values, ridge=ridge, labels=labels, skip=False).objective
    return (loss - least) / loss


def _follow(
    states: Iterator[_State], recipe: Recipe, size: int, progress: Progress | None, writer: CheckpointWriter,
    network: tuple[torch.Tensor, torch.Tensor],
) -> Record:
    """Run the optimiser, record, write checkpoints, and decide when it has done enough."""
    record = Record() if writer.saved is None else Record.restored(writer.saved)
    while not record.reason:
        state = next(states)
        record.add(state.iteration, state.risk / size, state.slope)
        record.reason = state.stuck or stopping(recipe, record)
        writer.write(partial(_arrays, state, network, record), last=bool(record.reason))
        if progress is not None:
            progress(state.iteration, record.losses[-1])
    return record


def _arrays(state: _State, network: tuple[torch.Tensor, torch.Tensor], record: Record) -> Arrays:
    skip, weight = (each.detach().numpy(force=True) for each in network)
    return {"skip": skip, "weight": weight, **record.arrays(), **state.optimiser()}


def _begun(found: Arrays) -> int:
    """How many updates a checkpoint has behind it."""
    return int(found["recorded"][-1]) if found else 0


def stopping(recipe: Recipe, record: Record) -> str:
    """Why training ends after this record, "" if it goes on; FloatingPointError if it diverged."""
    recorded, losses, slopes = record.recorded, record.losses, record.slopes
    if not (losses[-1] < float("inf") and slopes[-1] < float("inf")):
        raise FloatingPointError(
            f"training diverged: loss {losses[-1]} after {recorded[-1]} iterations; use a smaller step"
        )
    if recorded[-1] == recipe.iterations:
        return DONE
    if recorded[-1] > 0:
        if recipe.gradient_tolerance and slopes[-1] <= recipe.gradient_tolerance * slopes[0]:
            return "gradient below tolerance"
        if recipe.loss_tolerance and abs(losses[-1] - losses[-2]) <= recipe.loss_tolerance * abs(losses[-1]):
            return "loss change below tolerance"
    return ""


def _adam(
    problem: _Problem, skip: torch.Tensor, weight: torch.Tensor, recipe: AdamRecipe, with_skip: bool, found: Arrays
) -> Iterator[_State]:
    """torch's Adam, in place; yields before the first, after every ``record_every``-th and the
    last.
    """
    trained = {"weight": weight, "skip": skip} if with_skip else {"weight": weight}
    for each in trained.values():
        each.requires_grad_(True)
    optimiser = torch.optim.Adam(
        [{"params": [each], "weight_decay": problem.ridge if each is weight else 0.0} for each in trained.values()],
        lr=recipe.learning_rate,
    )
    first = _begun(found)
    for name, each in trained.items() if found else ():
        moments = {key: torch.from_numpy(found[f"{name}.{key}"]).to(each) for key in ("exp_avg", "exp_avg_sq")}
        if first:
            optimiser.state[each] = {"step": torch.tensor(float(first)), **moments}

    def moved() -> Arrays:
        return {
            f"{name}.{key}": optimiser.state[each].get(key, torch.zeros_like(each)).detach().numpy(force=True)
            for name, each in trained.items() for key in ("exp_avg", "exp_avg_sq")
        }

    for iteration in range(first, recipe.iterations + 1):
        last = iteration == recipe.iterations
        optimiser.zero_grad()
        loss = problem.misfit(skip, weight)
        loss.backward()  # type: ignore[no-untyped-call]
        if (last or iteration % recipe.record_every == 0) and not (found and iteration == first):
            yield _adam_state(problem, skip, weight, iteration, float(loss.detach()), moved)
        if not last:
            optimiser.step()


def _adam_state(
    problem: _Problem, skip: torch.Tensor, weight: torch.Tensor, iteration: int, misfit: float,
    optimiser: Callable[[], Arrays],
) -> _State:
    w = weight.detach()
    assert weight.grad is not None
    square = float((weight.grad + problem.ridge * w).square().sum())
    if skip.grad is not None:
        square += float(skip.grad.square()) / w.shape[0]
    return _State(iteration, misfit + 0.5 * problem.ridge * float(w.square().sum()), square**0.5, optimiser)


def _descend(
    problem: _Problem, skip: torch.Tensor, weight: torch.Tensor, recipe: GradientDescent,
    with_skip: bool, found: Arrays,
) -> Iterator[_State]:
    """Gradient descent in (sqrt(d) c, w) with halving, in place; yields like `_adam`."""
    pairs, d = problem.x.shape
    largest = recipe.step / (float(problem.x.square().sum()) / d + pairs + problem.ridge)
    step, first = float(found.get("step", largest)), _begun(found)
    risk, c_slope, w_slope, square = _gradient(problem, skip, weight, with_skip)
    for iteration in range(first, recipe.iterations + 1):
        last = iteration == recipe.iterations
        kept = partial(_numbers, step=step)
        if (last or iteration % recipe.record_every == 0) and not (found and iteration == first):
            yield _State(iteration, risk, square**0.5, kept)
        if last:
            return
        step = min(2.0 * step, largest)
        # Rounding of a sum of this size: without it the search would fail at the minimum itself.
        rounding = 8.0 * torch.finfo(weight.dtype).eps * risk
        while True:
            new_skip, new_weight = skip - step / d * c_slope, weight - step * w_slope
            lower = float(problem.risk(new_skip, new_weight))
            if lower <= risk - 0.25 * step * square + rounding:
                break
            step *= 0.5
            if step < 1e-12 * largest:
                yield _State(iteration, risk, square**0.5, kept, STUCK)
                return
        skip.copy_(new_skip)
        weight.copy_(new_weight)
        risk, c_slope, w_slope, square = _gradient(problem, skip, weight, with_skip)


def _stochastic(
    problem: _Problem, skip: torch.Tensor, weight: torch.Tensor, recipe: StochasticGradientDescent,
    with_skip: bool, seed: Seed, found: Arrays,
) -> Iterator[_State]:
    """Gradient descent in (sqrt(d) c, w) on mini-batches, in place; yields like `_adam`."""
    pairs, d = problem.x.shape
    size = recipe.size(pairs)
    squares = problem.x.square().sum(dim=1)
    largest = float(squares.sum()) if size == pairs else pairs * float(squares.max())
    step = recipe.step / (largest / d + pairs + problem.ridge)
    first = _begun(found)
    order = islice(batches(seed, pairs, size), first, None)
    for iteration in range(first, recipe.iterations + 1):
        last = iteration == recipe.iterations
        if (last or iteration % recipe.record_every == 0) and not (found and iteration == first):
            risk, _, _, square = _gradient(problem, skip, weight, with_skip)
            yield _State(iteration, risk, square**0.5, _numbers)
        if last:
            return
        batch = problem if size == pairs else problem.part(next(order))
        _, c_slope, w_slope, _ = _gradient(batch, skip, weight, with_skip)
        skip -= step / d * c_slope
        weight -= step * w_slope


def _numbers(**numbers: float) -> Arrays:
    return {name: np.array(value) for name, value in numbers.items()}


def _gradient(
    problem: _Problem, skip: torch.Tensor, weight: torch.Tensor, with_skip: bool
) -> tuple[float, torch.Tensor, torch.Tensor, float]:
    """Risk, its gradients in c (0 without skip) and w, and the squared norm in (sqrt(d) c, w)."""
    c, w = (each.detach().clone().requires_grad_(True) for each in (skip, weight))
    risk = problem.risk(c, w)
    c_slope, w_slope = torch.autograd.grad(risk, (c, w))
    if not with_skip:
        c_slope = torch.zeros_like(c_slope)
    square = float(w_slope.square().sum()) + float(c_slope.square()) / w.shape[0]
    return float(risk.detach()), c_slope, w_slope, square
