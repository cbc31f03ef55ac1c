"""The network f(x) = c x + u tanh(w.x/sqrt(d) + b) of arXiv 2412.07972, trained in d dimensions with fresh noise.

One network for every time and data set; x_t = alpha x0 + beta x1, and the risk is
1/2 sum over samples E |x1 - f(x_t)|^2 + ridge_u/2 |u|^2 + ridge_w/2 |w|^2 with the mean over x0 ~ N(0, I): every update
meets noises never seen before, or their mean. What is slow here at large d runs in `simulate.untied.span_training` at
any d.

(u, w, b) -> -(u, w, b) changes nothing: measured overlaps are those of the sign with omega >= 0. On the trivial branch
(omega = 0, |b| large, tanh = 1 or -1 everywhere) omega is noise about 0 and the sign arbitrary: there only products
such as m tanh(b) mean something. omega = 0 exactly counts as +.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from simulate import checks
from simulate.path import Mixing
from simulate.runs import Arrays, Given, digest, open_checkpoint
from simulate.seeds import Seed, sequence
from simulate.training import adam_move
from simulate.untied.data import ClassData
from simulate.untied.network import Array, Parameters, Progress, Ridges, Untied, UntiedOverlaps
from simulate.untied.noise import Fresh
from simulate.untied.problem import Problem
from simulate.untied.recipes import UntiedAdam, UntiedRecipe, checked


@dataclass(frozen=True, eq=False)
class UntiedTraining:
    """Overlaps (seeds, times, R) after ``recorded`` (R,) updates; at the end ``u_data`` = u.x1/d and ``w_data`` =
    w.x1/d, (seeds, times, n), in the same gauge. ``last`` is the state to go on from (networks; moments of Adam), with
    the settings and data that ``mark`` stands for."""

    recorded: tuple[int, ...]
    overlaps: UntiedOverlaps
    u_data: Array
    w_data: Array
    last: tuple[torch.Tensor, ...]
    mark: str

    @property
    def networks(self) -> Untied:
        return Untied(*self.last[:4])

    @property
    def final(self) -> UntiedOverlaps:
        return UntiedOverlaps(*(each[..., -1] for each in self.overlaps))


def train(
    data: ClassData, points: Sequence[Mixing], *, recipe: UntiedRecipe, ridge_u: Ridges, ridge_w: Ridges, seed: Seed,
    start: UntiedTraining | None = None, until: int | None = None, progress: Progress | None = None,
    checkpoint: Given = None,
) -> UntiedTraining:
    """A network for every data set at each of ``points`` (alpha, beta), by `UntiedSGD` or `UntiedAdam`.

    ``ridge_u`` and ``ridge_w`` are numbers, or one for each of ``points`` (which may hold a point again, with another).
    Each data set has noises of its own, so that its networks are the same whichever data sets are trained beside it
    (not whichever points: these share them out).

    ``until`` stops early, at a multiple of record_every, and ``start`` takes such a run up again: the result is that of
    an uninterrupted one. So does ``checkpoint`` (a path, or a `Checkpoint`) with a run that was killed.
    ``progress(iteration)`` is called at each record. FloatingPointError if it diverges.
    """
    chosen = checked(recipe)
    problem = Problem.of(data, points, ridge_u, ridge_w)
    mark = digest(
        "untied", sequence(seed), chosen, problem.points, problem.ridge_u, problem.ridge_w, data.mixture, data.labels,
        data.data,
    )
    require_start(start, UntiedTraining, mark)
    writer = open_checkpoint(checkpoint, lambda: mark)
    state = problem.start(chosen, seed) if start is None else [each.clone() for each in start.last]
    if writer.saved is not None:
        state = [torch.from_numpy(writer.saved[f"state/{k}"]).to(each) for k, each in enumerate(state)]
        problem = replace(problem, pieces=int(writer.saved["pieces"]))
    pieces = {"pieces": np.array(problem.piece)}
    begin, recorded, rows = so_far(start, writer.saved)
    end = stop(chosen, begin, until)
    for iteration in updates(problem, state, chosen, seed, begin, end):
        require_finite(iteration, *(each.numpy(force=True) for each in state[:4]))
        recorded.append(iteration)
        rows.append(problem.measure(Parameters(*state[:4])))
        writer.write(
            lambda: to_keep(recorded, rows, [each.numpy(force=True) for each in state]) | pieces, last=iteration == end
        )
        if progress is not None:
            progress(iteration)
    u_data, w_data = problem.along_data(Parameters(*state[:4]))
    return UntiedTraining(tuple(recorded), stacked(rows), u_data, w_data, tuple(state), mark)


def stacked(rows: Sequence[UntiedOverlaps]) -> UntiedOverlaps:
    return UntiedOverlaps(*(np.stack(column, axis=-1) for column in zip(*rows, strict=True)))


def to_keep(recorded: Sequence[int], rows: Sequence[UntiedOverlaps], state: Sequence[Array]) -> Arrays:
    """What a checkpoint holds."""
    return {
        "recorded": np.array(recorded), **{f"state/{k}": each for k, each in enumerate(state)},
        **{f"overlaps/{name}": each for name, each in stacked(rows)._asdict().items()},
    }


def so_far(start: Any, found: Arrays | None) -> tuple[int, list[int], list[UntiedOverlaps]]:
    """Updates behind the state to go on from, and the records before it: of a checkpoint, or of ``start``."""
    if found is not None:
        recorded = found["recorded"].tolist()
        overlaps = UntiedOverlaps(*(found[f"overlaps/{name}"] for name in UntiedOverlaps._fields))
    elif start is not None:
        recorded, overlaps = list(start.recorded), start.overlaps
    else:
        return 0, [], []
    rows = [UntiedOverlaps(*(each[..., i] for each in overlaps)) for i in range(len(recorded) - 1)]
    return recorded[-1], recorded[:-1], rows


def require_start(start: Any, kind: type[Any], mark: str) -> None:
    """TypeError or ValueError unless ``start`` is None or a training of that kind with these settings."""
    if start is None:
        return
    if not isinstance(start, kind):
        raise TypeError(f"start must be a {kind.__name__}, not {type(start).__name__}")
    if start.mark != mark:
        raise ValueError("start was trained with other data, points, recipe, ridges or seed: go on with those it began "
                         "with (the recipe's iterations too; until says where to stop)")


def stop(recipe: UntiedRecipe, begin: int, until: int | None) -> int:
    """Where to stop; ValueError unless a record later than ``begin``."""
    if until is None:
        return recipe.iterations
    end = checks.integer("until", until, least=begin, most=recipe.iterations)
    if end % recipe.record_every and end != recipe.iterations:
        raise ValueError(f"until = {end} must be a multiple of record_every = {recipe.record_every}")
    return end


def require_finite(iteration: int, *arrays: Array) -> None:
    if not all(np.isfinite(each).all() for each in arrays):
        raise FloatingPointError(f"training diverged within {iteration} updates; use a smaller rate")


def updates(
    problem: Problem, state: list[torch.Tensor], recipe: UntiedRecipe, seed: Seed, begin: int, end: int
) -> Iterator[int]:
    """Updates ``state`` in place and yields at the records, ``begin`` and ``end`` included."""
    seeds, n = problem.data.labels.shape
    size = recipe.size(n)
    steps = problem.steps(recipe)
    for iteration in range(begin, end):
        if iteration % recipe.record_every == 0:
            yield iteration
        if iteration == begin or iteration % recipe.record_every == 0:
            fresh = Fresh(seed, iteration, seeds, n, size)
        slope = problem.gradient(Parameters(*state[:4]), fresh, fresh.chosen(), recipe.repeats)
        rate = recipe.at(iteration)
        if isinstance(recipe, UntiedAdam):
            _adam(state, slope, steps, rate, iteration + 1)
        else:
            for value, step, each in zip(state, steps, slope, strict=True):
                value -= rate * (step if value.dim() == 2 else step[..., None]) * each
        require_finite(iteration + 1, state[0].numpy(force=True), state[1].numpy(force=True))
    yield end


def _adam(
    state: list[torch.Tensor], slope: list[torch.Tensor], steps: list[torch.Tensor], rate: float, count: int
) -> None:
    """state: four parameters, four first and four second moments."""
    for k, each in enumerate(slope):
        value, move = state[k], adam_move(state[4 + k], state[8 + k], each, count)
        value -= rate * (steps[k] if value.dim() == 2 else steps[k][..., None]) * move
