"""The network f(x) = c x + u tanh(w.x/sqrt(d) + b) of arXiv 2412.07972, trained in d dimensions with fresh noise.

One network for every time and data set; x_t = alpha x0 + beta x1, and the risk is
1/2 sum over samples E |x1 - f(x_t)|^2 + ridge_u/2 |u|^2 + ridge_w/2 |w|^2 with the mean over x0 ~ N(0, I): every update
meets noises never seen before, or their mean. What is slow here at large d runs in `train_span` at any d.

(u, w, b) -> -(u, w, b) changes nothing: measured overlaps are those of the sign with omega >= 0. On the trivial branch
(omega = 0, |b| large, tanh = 1 or -1 everywhere) omega is noise about 0 and the sign arbitrary: there only products
such as m tanh(b) mean something. omega = 0 exactly counts as +.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import torch

from simulate import checks
from simulate.path import Mixing
from simulate.runs import Arrays, Given, Measurements, below, digest, open_checkpoint, under
from simulate.seeds import Seed, sequence
from simulate.untied.data import ClassData
from simulate.untied.network import Array, Parameters, Progress, Ridges, Untied, UntiedOverlaps
from simulate.untied.problem import DirectProblem, Problem, require_finite
from simulate.untied.recipes import UntiedRecipe, UntiedSGD, checked, reducible
from simulate.untied.span import UntiedSpan
from simulate.untied.span_update import SpanProblem


@dataclass(frozen=True, eq=False)
class _Training:
    """Overlaps (seeds, times, R) after ``recorded`` (R,) updates; at the end ``u_data`` = u.x1/d and ``w_data`` =
    w.x1/d, (seeds, times, n), with the same sign. ``last`` is the state to go on from, with the settings and data that
    ``mark`` stands for."""

    recorded: tuple[int, ...]
    overlaps: UntiedOverlaps
    u_data: Array
    w_data: Array
    last: Any
    mark: str

    @property
    def final(self) -> UntiedOverlaps:
        return UntiedOverlaps(*(each[..., -1] for each in self.overlaps))


class UntiedTraining(_Training):
    """Record a training in d dimensions; ``last`` holds the parameters, and the moments of Adam."""

    last: tuple[torch.Tensor, ...]

    @property
    def networks(self) -> Untied:
        return Untied(*self.last[:4])


class SpanTraining(_Training):
    """Record a training in the coordinates of the span."""

    last: Parameters[Array]


_T = TypeVar("_T", bound=_Training)


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
    if not isinstance(data, ClassData):
        raise TypeError(f"data must be a ClassData, not {type(data).__name__}")
    problem = DirectProblem.of(data, points, chosen, ridge_u, ridge_w)
    return _run(UntiedTraining, problem, seed, start, until, progress, checkpoint)


def train_span(
    span: UntiedSpan, points: Sequence[Mixing], *, recipe: UntiedSGD, ridge_u: Ridges, ridge_w: Ridges, seed: Seed,
    start: SpanTraining | None = None, until: int | None = None, progress: Progress | None = None,
    checkpoint: Given = None,
) -> SpanTraining:
    """`simulate.untied.train` in law, for every data set at each of ``points``, at a cost that d does not enter.

    An update is made from a few coordinates (`simulate.untied.span_update`). TypeError for Adam, ValueError for
    fewer than 3 noises an update; the rest as there.
    """
    chosen = reducible(recipe)
    if not isinstance(span, UntiedSpan):
        raise TypeError(f"span must be an UntiedSpan, not {type(span).__name__}")
    problem = SpanProblem.of(span, points, chosen, ridge_u, ridge_w)
    return _run(SpanTraining, problem, seed, start, until, progress, checkpoint)


def _run(
    kind: type[_T], problem: Problem[Any], seed: Seed, start: _T | None, until: int | None, progress: Progress | None,
    checkpoint: Given,
) -> _T:
    """Train the networks of ``problem`` from its start, from ``start`` or from the checkpoint; arguments as in `train`.
    """
    recipe, data = problem.recipe, problem.data
    mark = digest(
        kind.__name__, sequence(seed), recipe, problem.points, problem.ridge_u, problem.ridge_w, data.mixture,
        data.labels, data.data,
    )
    _require_start(start, kind, mark)
    writer = open_checkpoint(checkpoint, lambda: mark)
    if writer.saved is not None:
        problem, state = problem.restored(below("state", writer.saved))
        measured = Measurements.restored(writer.saved)
    elif start is not None:
        state, measured = deepcopy(start.last), Measurements.of(start.recorded, start.overlaps._asdict())
    else:
        state, measured = problem.start(seed), Measurements()
    begin = 0
    if measured.recorded:  # The last is measured again.
        begin, _ = measured.recorded.pop(), measured.rows.pop()
    end = _stop(recipe, begin, until)
    for iteration in range(begin, end + 1):
        if iteration in (begin, end) or iteration % recipe.record_every == 0:
            noises = problem.noises(seed, iteration)
            require_finite(iteration, *state[:4])
            measured.add(iteration, problem.measure(Parameters(*state[:4]))._asdict())
            writer.write(partial(_arrays, problem, state, measured), last=iteration == end)
            if progress is not None:
                progress(iteration)
        if iteration < end:
            state = problem.updated(state, noises, iteration)
    u_data, w_data = problem.along_data(Parameters(*state[:4]))
    return kind(tuple(measured.recorded), UntiedOverlaps(**measured.stacked()), u_data, w_data, state, mark)


def _arrays(problem: Problem[Any], state: tuple[Any, ...], measured: Measurements) -> Arrays:
    return {**under("state", problem.arrays(state)), **measured.arrays()}


def _require_start(start: Any, kind: type[Any], mark: str) -> None:
    """TypeError or ValueError unless ``start`` is None or a training of that kind with these settings."""
    if start is None:
        return
    if not isinstance(start, kind):
        raise TypeError(f"start must be a {kind.__name__}, not {type(start).__name__}")
    if start.mark != mark:
        raise ValueError("start was trained with other data, points, recipe, ridges or seed: go on with those it began "
                         "with (the recipe's iterations too; until says where to stop)")


def _stop(recipe: UntiedRecipe, begin: int, until: int | None) -> int:
    """Where to stop; ValueError unless a record later than ``begin``."""
    if until is None:
        return recipe.iterations
    end = checks.integer("until", until, least=begin, most=recipe.iterations)
    if end % recipe.record_every and end != recipe.iterations:
        raise ValueError(f"until = {end} must be a multiple of record_every = {recipe.record_every}")
    return end
