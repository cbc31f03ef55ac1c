"""`simulate.untied.train` by gradient steps, exact in law at any d at the same cost: the training loop.

How an update is made from a few coordinates: `simulate.untied.span_update`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from simulate.path import Mixing
from simulate.runs import Given, digest, open_checkpoint
from simulate.seeds import Seed, child, sequence
from simulate.untied.network import Progress, Ridges, UntiedOverlaps
from simulate.untied.noise import NOISE, ORDER, orders
from simulate.untied.recipes import UntiedAdam, UntiedRecipe, UntiedSGD, checked
from simulate.untied.span import UntiedSpan
from simulate.untied.span_update import Array, Drawn, Part, Reduced, Source, State
from simulate.untied.training import require_finite, require_start, so_far, stacked, stop, to_keep


@dataclass(frozen=True, eq=False)
class SpanTraining:
    """As `UntiedTraining`: overlaps (seeds, times, R) after ``recorded`` (R,) updates; ``u_data`` = u.x1/d and
    ``w_data`` = w.x1/d at the end, (seeds, times, n); ``last``, the state to go on from, and its ``mark``."""

    recorded: tuple[int, ...]
    overlaps: UntiedOverlaps
    u_data: Array
    w_data: Array
    last: State
    mark: str

    @property
    def final(self) -> UntiedOverlaps:
        return UntiedOverlaps(*(each[..., -1] for each in self.overlaps))


def train_span(
    span: UntiedSpan, points: Sequence[Mixing], *, recipe: UntiedSGD, ridge_u: Ridges, ridge_w: Ridges, seed: Seed,
    start: SpanTraining | None = None, until: int | None = None, progress: Progress | None = None,
    checkpoint: Given = None,
) -> SpanTraining:
    """`simulate.untied.train` in law, for every data set at each of ``points``, at a cost that d does not enter.

    TypeError for Adam, ValueError for fewer than 3 noises an update; the rest as there.
    """
    chosen = reducible(recipe)
    problem = Reduced.of(span, points, chosen, ridge_u, ridge_w)
    mark = digest(
        "untied span", sequence(seed), chosen, problem.points, problem.ridge_u, problem.ridge_w, span.mixture,
        span.labels, span.data,
    )
    require_start(start, SpanTraining, mark)
    writer = open_checkpoint(checkpoint, lambda: mark)
    state = problem.start(seed) if start is None else start.last
    if writer.saved is not None:
        state = State(*(writer.saved[f"state/{k}"] for k in range(len(state))))
    begin, recorded, rows = so_far(start, writer.saved)
    end = stop(chosen, begin, until)
    size = chosen.size(span.n)
    blocks = list(problem.blocks())
    for iteration in range(begin, end + 1):
        if iteration in (begin, end) or iteration % chosen.record_every == 0:
            recorded.append(iteration)
            rows.append(problem.measure(state))
            writer.write(partial(to_keep, recorded, rows, state), last=iteration == end)
            if progress is not None:
                progress(iteration)
            source = Drawn(np.random.default_rng(child(seed, NOISE, iteration)), span.mixture.d, size)
            order = orders(np.random.default_rng(child(seed, ORDER, iteration)), span.seeds, span.n, size)
        if iteration < end:
            with np.errstate(over="ignore", invalid="ignore"):
                state = _updated(blocks, state, source, next(order), chosen.at(iteration))
            require_finite(iteration + 1, state.skip, state.b, state.u, state.w)
    u_data, w_data = problem.along_data(state)
    return SpanTraining(tuple(recorded), stacked(rows), u_data, w_data, state, mark)


def reducible(recipe: UntiedRecipe) -> UntiedSGD:
    """``recipe`` if it is one of gradient steps; else an error that says why not."""
    if isinstance(recipe, UntiedAdam):
        raise TypeError("recipe = UntiedAdam divides each coordinate by its own scale, which no rotation preserves: it "
                        "has no reduction; train it in d dimensions (simulate.untied.train) or use an UntiedSGD")
    found = checked(recipe)
    assert isinstance(found, UntiedSGD)
    return found


def _updated(
    blocks: Sequence[tuple[Part, Reduced]], state: State, source: Source, chosen: NDArray[np.intp] | None, rate: float
) -> State:
    """One gradient step of every network."""
    if len(blocks) == 1:
        return blocks[0][1].update(state, source, chosen, rate)
    new = State(*(np.empty_like(each) for each in state))
    for part, problem in blocks:
        some = State(*(each[part] for each in state))
        found = problem.update(some, source, None if chosen is None else chosen[part[0]], rate)
        for whole, each in zip(new, found, strict=True):
            whole[part] = each
    return new
