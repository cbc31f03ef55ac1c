"""Gradient descent of many networks at once in the coordinates of `simulate.gram.span`: exact, at any dimension.

The same updates as `simulate.training.train` with a `StochasticGradientDescent`, from handwritten gradients in inner
products: a step costs O((n draws)^2) a network and no d. Labels are not given: they are what sign(w.x_t) says on the
way, so that the plateaus of wrong labels are there too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from simulate import checks
from simulate.autoencoder import ACTIVATIONS
from simulate.gram.span import Span
from simulate.path import Mixing, weights
from simulate.runs import Arrays, Given, Measurements, below, digest, open_checkpoint, under
from simulate.seeds import Seed, batches, child, sequence
from simulate.training import BATCHES, AdamRecipe, Networks, Pairs, Recipe, Risk, StochasticGradientDescent, along

Array = NDArray[np.float64]
Progress = Callable[[int], None]

# Nodes of the average over the pre-activation of a fresh pair: the integrand is smooth, so that equally spaced
# ones converge exponentially; the normal law has less than 1e-16 beyond the last.
_NODES = np.linspace(-8.5, 8.5, 341)


@dataclass(frozen=True, eq=False)
class Descent:
    """What is measured of the networks after ``recorded`` (R,) updates; arrays (seeds, R).

    Overlaps are projections after orienting w by the data, as `simulate.autoencoder.overlaps`. ``training_loss`` is the
    risk per n draws d; ``test_error`` the expectation over a fresh pair; ``label_flips``: is a pair on the wrong side.
    """

    recorded: tuple[int, ...]
    skip: Array
    overlap_mean: Array
    overlap_noise: Array
    overlap_sample: Array
    training_loss: Array
    test_error: Array
    label_flips: Array


def _pairs(span: Span, values: Mixing) -> Pairs:
    alpha, beta = weights(values)
    y = span.data[:, :, None].expand_as(span.noise).flatten(1, 2)
    return Pairs.of(alpha * span.noise.flatten(1, 2) + beta * y, y)


def descend(
    span: Span, values: Mixing, *, recipe: StochasticGradientDescent, ridge: float, seed: Seed,
    activation: str = "sign", skip: bool = True, progress: Progress | None = None,
    checkpoint: Given = None,
) -> Descent:
    """Train a network on every data set of ``span`` from its weight and c = skip_start (0 without skip).

    Data set k meets the mini-batches of ``simulate.training.train(..., seed=child(seed, k))``. ``progress(iteration)``
    is called at each record; ``checkpoint`` (a path, or a `Checkpoint`) keeps the state and goes on from it. TypeError
    for other recipes; FloatingPointError if a risk stops being finite.
    """
    penalty, chosen = checks.penalty(ridge), equivariant(recipe)
    checks.choice("activation", activation, ACTIVATIONS)
    problem = Risk(_pairs(span, values), span.d, span.weight.new_tensor(penalty), activation, checks.flag("skip", skip))
    settings = (span, weights(values), chosen, penalty, sequence(seed), activation, skip)
    writer = open_checkpoint(checkpoint, lambda: digest("descent", *settings))
    measured = Measurements() if writer.saved is None else Measurements.restored(writer.saved)
    for iteration, state in _updates(problem, span, chosen, seed, writer.saved):
        if measured.recorded and iteration == measured.recorded[-1]:
            continue
        measured.add(iteration, _measure(problem, span, state, values))
        if not np.isfinite(measured.rows[-1]["training_loss"]).all():
            raise FloatingPointError(f"training diverged after {iteration} iterations; use a smaller step")
        writer.write(partial(_arrays, state, measured), last=iteration == chosen.iterations)
        if progress is not None:
            progress(iteration)
    return Descent(tuple(measured.recorded), **measured.stacked())


def _arrays(state: Networks, measured: Measurements) -> Arrays:
    own = {name: value.numpy(force=True) for name, value in state._asdict().items()}
    return {**under("state", own), **measured.arrays()}


def equivariant(recipe: Recipe) -> StochasticGradientDescent:
    """``recipe`` if it runs in the span, for a curve of one length; else an error that says why not."""
    if isinstance(recipe, AdamRecipe):
        raise TypeError(
            "recipe = AdamRecipe divides each coordinate by its own scale, which no rotation preserves: it has no "
            "reduction to the span; train it in d dimensions (simulate.curves.denoiser) or use a "
            "StochasticGradientDescent"
        )
    if not isinstance(recipe, StochasticGradientDescent):
        raise TypeError(f"recipe must be a StochasticGradientDescent, not {type(recipe).__name__}")
    if recipe.gradient_tolerance or recipe.loss_tolerance:
        raise ValueError("recipe has a tolerance: learning curves have one length, so leave tolerances at None")
    return recipe


def _updates(
    problem: Risk, span: Span, recipe: StochasticGradientDescent, seed: Seed, found: Arrays | None
) -> Iterator[tuple[int, Networks]]:
    """The states to record: before the first, after every ``record_every``-th and the last update."""
    pairs, d = problem.pairs, float(span.d)
    size = recipe.size(span.pairs)
    whole = size == span.pairs
    largest = pairs.xx.sum(dim=1) if whole else span.pairs * pairs.xx.amax(dim=1)
    step = recipe.step / (largest / d + span.pairs + problem.ridge)
    first = 0 if found is None else int(found["recorded"][-1])
    orders = [] if whole else [
        islice(batches(child(seed, k, BATCHES), span.pairs, size), first, None) for k in range(span.seeds)
    ]
    start = torch.full_like(step, recipe.skip_start if problem.with_skip else 0.0)
    state = Networks(start, span.weight)
    if found is not None:
        state = Networks(**{name: torch.from_numpy(value).to(start) for name, value in below("state", found).items()})
    for iteration in range(first, recipe.iterations + 1):
        last = iteration == recipe.iterations
        if last or iteration % recipe.record_every == 0:
            yield iteration, state
        if last:
            return
        batch = pairs if whole else pairs.part(_chosen(orders, pairs.x.device))
        slope = problem.gradient(batch, state)
        state = Networks(state.skip - step / d * slope.skip, state.weight - step[:, None] * slope.weight)


def _chosen(orders: Sequence[Iterator[NDArray[np.intp]]], device: torch.device) -> torch.Tensor:
    return torch.as_tensor(np.stack([next(order) for order in orders]), device=device)


def _measure(problem: Risk, span: Span, state: Networks, values: Mixing) -> dict[str, Array]:
    """The fields of `Descent` after one update, (seeds,) each."""
    noise_mean, centre = span.noise.mean(dim=(1, 2)), span.data.mean(dim=1)
    alpha, beta = weights(values)
    reference = (1.0 - beta * state.skip)[:, None] * centre - (alpha * state.skip)[:, None] * noise_mean
    side = torch.where((state.weight * reference).sum(dim=1) < 0, -1.0, 1.0).to(centre.dtype)
    w = side[:, None] * state.weight
    deviation = centre - span.mean
    margins = along(problem.pairs.x, w)
    found = {
        "skip": state.skip,
        "overlap_mean": w @ span.mean / (span.radius**2 * span.d),
        "overlap_noise": (w * noise_mean).sum(dim=1) / span.d,
        "overlap_sample": (w * deviation).sum(dim=1) / (span.sigma**2 * span.d),
        "training_loss": problem.per_size(state),
        "test_error": _test_error(problem, span, state, values),
        "label_flips": ((margins <= 0).any(dim=1) & (w != 0).any(dim=1)).to(centre.dtype),
    }
    return {name: value.double().cpu().numpy() for name, value in found.items()}


def _test_error(problem: Risk, span: Span, state: Networks, values: Mixing) -> torch.Tensor:
    """E |c x_t + w phi(w.x_t) - x1|^2 / d over a fresh pair, by its pre-activation A = mean + spread g, g ~ N(0, 1).

    Given s = 1, E[w.x1 | g] = w.mu + beta sigma^2 |w| g / sqrt(V), V = alpha^2 + sigma^2 beta^2.
    """
    alpha, beta = weights(values)
    d, r2, s2 = float(span.d), span.radius**2, span.sigma**2
    noisy = (alpha**2 + s2 * beta**2) ** 0.5
    along, length = state.weight @ span.mean, state.weight.norm(dim=1)
    code, inner, target = _averages(problem, beta * along, noisy * length, along, beta * s2 * length / noisy)
    c = state.skip
    plain = c**2 * (alpha**2 + beta**2 * (r2 + s2)) + (r2 + s2) * (1.0 - 2.0 * c * beta)
    error: torch.Tensor = plain + (code * length**2 + 2.0 * c * inner - 2.0 * target) / d
    return error


def _averages(
    problem: Risk, mean: torch.Tensor, spread: torch.Tensor, along: torch.Tensor, slope: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """E phi(A)^2, E phi(A) A and E phi(A) (along + slope g) of A = mean + spread g; (seeds,) each."""
    if problem.activation == "sign":
        # spread = 0 only for w = 0, where everything is multiplied by 0.
        angle = mean / torch.where(spread > 0, spread, torch.ones_like(spread))
        up = torch.special.erf(angle / 2.0**0.5)
        bump = (2.0 / np.pi) ** 0.5 * torch.exp(-0.5 * angle**2)
        return torch.where(spread > 0, 1.0, 0.0).to(up.dtype), mean * up + spread * bump, along * up + slope * bump
    node = torch.as_tensor(_NODES, dtype=mean.dtype, device=mean.device)
    weight = torch.exp(-0.5 * node**2)
    weight = weight / weight.sum()
    value = mean[:, None] + spread[:, None] * node
    code, _ = problem.codes(value)
    target = along[:, None] + slope[:, None] * node
    return code.square() @ weight, (code * value) @ weight, (code * target) @ weight
