"""Training of many networks in d dimensions as one tensor program: what `simulate.training.train` does to each of them.

Every network has its own data, time, ridge and seed, and all numbers drawn for it (start, order of mini-batches) are
those of `simulate.training.train` with its seed, so that nothing depends on which networks are trained together; sums
over a batch of another size may round differently. Networks that are done early leave the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from simulate import checks
from simulate.autoencoder import ACTIVATIONS, Autoencoder, require_attained
from simulate.memory import free
from simulate.mixture import Samples
from simulate.path import Mixing, weights
from simulate.runs import (
    Arrays,
    Checkpoint,
    CheckpointWriter,
    Damaged,
    Given,
    at_path,
    below,
    digest,
    open_checkpoint,
    read_arrays,
    under,
)
from simulate.seeds import Seed, batches, child, normal, sequence
from simulate.training.adam import adam_move
from simulate.training.many_risk import Networks, Pairs, Risk
from simulate.training.recipes import AdamRecipe, GradientDescent, Recipe, StochasticGradientDescent, checked
from simulate.training.single import BATCHES, STUCK, Record, Training, stopping

Progress = Callable[[int], None]

# Vectors of d numbers that a network needs beside its pairs, at most: weight, gradient, moments, temporaries.
_VECTORS = 12
# The share of the free memory that a batch may take.
_SHARE = 0.5
# Numbers of data that a batch has on a processor: what stays in its cache (measured: half or twice as many cost 1.3 x).
BATCH = 2**19


@dataclass(frozen=True, eq=False, kw_only=True)
class Job:
    """A network to train: see `simulate.training.train`."""

    samples: Samples
    values: Mixing
    ridge: float
    seed: Seed


def train_many(
    jobs: Sequence[Job], *, recipe: Recipe, activation: str = "sign", skip: bool = True, together: int | None = None,
    progress: Progress | None = None, checkpoint: Given = None,
) -> list[Training]:
    """``[train(job.samples, job.values, recipe=recipe, ...) for job in jobs]``, ``together`` networks at once.

    All data of one shape, dtype and device (an accelerator's too). ``together`` None: as many as half of the free
    memory holds, and on a processor no more than its cache; or as a checkpoint was begun with.
    Equal to the networks trained one by one up to rounding: 1e-15 for hundreds of Adam's updates. Training can enlarge
    it: Adam at a minimum divides rounding by rounding, mini-batches at a large step do not contract, and where only a
    label that flips could lower the risk, rounding decides when that is found. Bit for bit the same for equal
    ``together``. ``progress(count)`` is called with how many networks are done.
    ``checkpoint`` (a path, or a `Checkpoint`) keeps the size of the batches there, the state of each in a file beside
    it, and goes on from these.
    """
    with_skip = checks.flag("skip", skip)
    checks.choice("activation", activation, ACTIVATIONS)
    checked(recipe)
    first = _checked(jobs)
    given = None if together is None else checks.integer("together", together, least=1)
    kept = at_path(Checkpoint, checkpoint)
    fingerprint = partial(digest, "many", _identity(jobs), recipe, activation, with_skip)
    count = _size(given, _fitting(first, len(jobs)), kept, fingerprint)
    done: list[Training] = []
    for start in range(0, len(jobs), count):
        part = None if kept is None else kept.part(start // count)
        done += _train(jobs[start : start + count], recipe, activation, with_skip, part)
        if progress is not None:
            progress(len(done))
    return done


def _checked(jobs: Sequence[Job]) -> Samples:
    """Of which shape all are; TypeError or ValueError if they are not."""
    if not isinstance(jobs, Sequence) or not jobs or not all(isinstance(job, Job) for job in jobs):
        raise TypeError("jobs must be a sequence of at least one Job")
    first = jobs[0].samples
    for k, job in enumerate(jobs):
        checks.penalty(job.ridge)
        require_attained(job.samples)
        shape = job.samples.pairs, job.samples.d
        if shape != (first.pairs, first.d):
            raise ValueError(f"jobs[{k}] has (pairs, d) = {shape}, jobs[0] {(first.pairs, first.d)}: train them apart")
        checks.same_kind(first.data, **{f"jobs[{k}]": job.samples.data})
    return first


def _size(
    given: int | None, fitting: int, checkpoint: Checkpoint | None, fingerprint: Callable[[], str]
) -> int:
    """Networks to a batch: as the checkpoint was begun with; ValueError if another number is given."""
    writer = open_checkpoint(checkpoint, fingerprint)
    if writer.saved is None:
        count = _begun(checkpoint) or (fitting if given is None else given)
        writer.write(lambda: {"together": np.array(count)}, last=True)
        return count
    count = int(writer.saved["together"])
    if given not in (None, count) and checkpoint is not None:
        raise ValueError(
            f"together = {given}, but checkpoint {checkpoint.path} was begun with {count}, and a batch of another size "
            "may round differently: give that, or none, or take another path"
        )
    return count


def _begun(checkpoint: Checkpoint | None) -> int:
    """The size of the first batch that lies there though the file with it is lost; 0 if none does."""
    try:
        arrays, _ = ({}, {}) if checkpoint is None else read_arrays(Path(checkpoint.part(0).path))
    except (FileNotFoundError, Damaged):
        return 0
    return sum(name.endswith("/recorded") for name in arrays)


def _identity(jobs: Sequence[Job]) -> list[Any]:
    return [(job.samples, weights(job.values), float(job.ridge), sequence(job.seed)) for job in jobs]


def _fitting(samples: Samples, jobs: int) -> int:
    """How many networks half of the free memory holds, and on a processor its cache; at least one."""
    device = samples.data.device
    there = free(device)
    each = samples.data.element_size() * samples.d * (4 * samples.pairs + _VECTORS)
    most = jobs if there is None else int(_SHARE * there / each)
    if device.type == "cpu":
        most = min(most, BATCH // (2 * samples.pairs * samples.d))
    return max(1, most)


@dataclass(eq=False)
class _Member:
    """One network of a batch: its record, and its skip and weight once it is done."""

    record: Record = field(default_factory=Record)
    network: tuple[torch.Tensor, ...] = ()


def _train(
    jobs: Sequence[Job], recipe: Recipe, activation: str, with_skip: bool, checkpoint: Checkpoint | None
) -> list[Training]:
    writer = open_checkpoint(checkpoint, lambda: digest("batch", _identity(jobs), recipe, activation, with_skip))
    first = jobs[0].samples
    x = torch.stack([job.samples.mixed(job.values).flatten(0, 1) for job in jobs])
    y = torch.stack([job.samples.targets.flatten(0, 1) for job in jobs])
    risk = Risk(Pairs.of(x, y), first.d, x.new_tensor([job.ridge for job in jobs]), activation, with_skip)
    weight = torch.stack([normal(job.seed, (first.d,), dtype=x.dtype, device=x.device) for job in jobs])
    state = Networks(x.new_full((len(jobs),), recipe.skip_start if with_skip else 0.0), weight)
    members = [_Member() for _ in jobs]
    _run(risk, state, recipe, [job.seed for job in jobs], members, first.pairs * first.d, writer)
    done = []
    for job, member in zip(jobs, members, strict=True):
        skip, own = (each.to(x) for each in member.network)  # Those of a checkpoint lie on the processor.
        network = Autoencoder(skip, own, activation)
        done.append(member.record.training(network, job.samples, job.values, job.ridge, with_skip))
    return done


def _run(
    risk: Risk, state: Networks, recipe: Recipe, seeds: Sequence[Seed], members: list[_Member], size: int,
    writer: CheckpointWriter,
) -> None:
    """Train all of a batch, filling ``members``."""
    steps, live, first = _steps(risk, recipe, seeds), np.arange(len(members)), 0
    if writer.saved is not None:
        live, first = _restore(writer.saved, members), int(writer.saved["iteration"])
        rows = _rows(state, live)
        risk, state = risk.take(rows), Networks(*(_like(state.skip, writer.saved[f"state/{k}"]) for k in range(2)))
        steps.take(rows)
        steps.restore(below("steps", writer.saved), first)

    def retire(reasons: Sequence[str], state: Networks) -> bool:
        """Those that have one leave with their network in ``state``; whether some did."""
        nonlocal live
        for row, reason in enumerate(reasons):
            if reason:
                member = members[live[row]]
                member.record.reason = reason
                member.network = (state.skip[row].clone(), state.weight[row].clone())
        live = live[[not reason for reason in reasons]]
        return any(reasons)

    for iteration in range(first, recipe.iterations + 1):
        last = iteration == recipe.iterations
        if (last or iteration % recipe.record_every == 0) and not (writer.saved is not None and iteration == first):
            reasons = _note(risk, state, recipe, [members[k].record for k in live], iteration, size)
            if retire(reasons, state):
                risk, state = _without(risk, state, steps, reasons)
            writer.write(partial(_arrays, iteration, live, state, steps, members), last=not len(live))
        if not len(live):
            return
        before, (state, stuck) = state, steps.step(risk, state)
        if stuck.any():  # Those did not move.
            for row in np.flatnonzero(stuck).tolist():
                alone = risk.take(_rows(state, [row]))
                _note(alone, _only(before, [row]), recipe, [members[live[row]].record], iteration, size)
            reasons = [STUCK if each else "" for each in stuck]
            retire(reasons, before)
            risk, state = _without(risk, state, steps, reasons)
            if not len(live):
                writer.write(partial(_arrays, iteration, live, state, steps, members), last=True)
                return


def _without(risk: Risk, state: Networks, steps: _Steps, reasons: Sequence[str]) -> tuple[Risk, Networks]:
    """Go on without those that have a reason to end."""
    rows = _rows(state, np.flatnonzero([not reason for reason in reasons]))
    steps.take(rows)
    return risk.take(rows), Networks(state.skip[rows], state.weight[rows])


def _arrays(
    iteration: int, live: NDArray[np.intp], state: Networks, steps: _Steps, members: Sequence[_Member]
) -> Arrays:
    found: Arrays = {"iteration": np.array(iteration), "live": live}
    found |= under("state", _numbered(state))
    found |= under("steps", {name: each.numpy(force=True) for name, each in steps.state().items()})
    for k, member in enumerate(members):
        found |= under(str(k), member.record.arrays()) | under(f"{k}/network", _numbered(member.network))
    return found


def _numbered(tensors: Sequence[torch.Tensor]) -> Arrays:
    return {str(k): each.numpy(force=True) for k, each in enumerate(tensors)}


def _restore(found: Arrays, members: Sequence[_Member]) -> NDArray[np.intp]:
    """Fill ``members`` from a checkpoint; which networks go on."""
    for k, member in enumerate(members):
        member.record = Record.restored(below(str(k), found))
        member.network = tuple(map(torch.from_numpy, below(f"{k}/network", found).values()))
    return found["live"].astype(np.intp)


def _like(tensor: torch.Tensor, array: NDArray[np.generic]) -> torch.Tensor:
    return torch.from_numpy(array).to(tensor)


def _rows(state: Networks, chosen: Sequence[int] | NDArray[np.intp]) -> torch.Tensor:
    return torch.as_tensor(np.asarray(chosen), device=state.weight.device)


def _only(state: Networks, chosen: Sequence[int] | NDArray[np.intp]) -> Networks:
    rows = _rows(state, chosen)
    return Networks(state.skip[rows], state.weight[rows])


def _note(
    risk: Risk, state: Networks, recipe: Recipe, records: Sequence[Record], iteration: int, size: int
) -> list[str]:
    """Record every network; why those that are done are ("" for the others)."""
    losses = (risk.exact(state) / size).tolist()
    slopes = risk.slope(risk.gradient(risk.pairs, state)).sqrt().tolist()
    reasons = []
    for record, loss, slope in zip(records, losses, slopes, strict=True):
        record.add(iteration, loss, slope)
        reasons.append(stopping(recipe, record))
    return reasons


class _Steps(Protocol):
    """One update of all networks; which of them found none (False for all, mostly)."""

    def step(self, risk: Risk, state: Networks) -> tuple[Networks, NDArray[np.bool_]]: ...

    def take(self, rows: torch.Tensor) -> None:
        """Go on with some of the networks."""

    def state(self) -> dict[str, torch.Tensor]:
        """What a checkpoint must hold, and `restore` gets back after ``count`` updates."""

    def restore(self, found: Arrays, count: int) -> None: ...


def _steps(risk: Risk, recipe: Recipe, seeds: Sequence[Seed]) -> _Steps:
    if isinstance(recipe, AdamRecipe):
        return _Adam(recipe, risk)
    if isinstance(recipe, StochasticGradientDescent):
        return _Stochastic(recipe, risk, seeds)
    return _Descending(recipe, risk)


class _Adam:
    def __init__(self, recipe: AdamRecipe, risk: Risk) -> None:
        networks, _, d = risk.pairs.x.shape
        self.rate, self.count, self.with_skip = recipe.learning_rate, 0, risk.with_skip
        shapes = ((networks,), (networks,), (networks, d), (networks, d))
        self.moments = [risk.pairs.x.new_zeros(shape) for shape in shapes]

    def step(self, risk: Risk, state: Networks) -> tuple[Networks, NDArray[np.bool_]]:
        self.count += 1
        slope = risk.gradient(risk.pairs, state)
        skip = state.skip
        if self.with_skip:
            skip = skip - self.rate * adam_move(self.moments[0], self.moments[1], slope.skip, self.count)
        weight = state.weight - self.rate * adam_move(self.moments[2], self.moments[3], slope.weight, self.count)
        return Networks(skip, weight), np.zeros(len(skip), dtype=bool)

    def take(self, rows: torch.Tensor) -> None:
        self.moments = [each[rows] for each in self.moments]

    def state(self) -> dict[str, torch.Tensor]:
        return {str(k): each for k, each in enumerate(self.moments)}

    def restore(self, found: Arrays, count: int) -> None:
        self.count, self.moments = count, [_like(each, found[str(k)]) for k, each in enumerate(self.moments)]


class _Stochastic:
    def __init__(self, recipe: StochasticGradientDescent, risk: Risk, seeds: Sequence[Seed]) -> None:
        pairs, d = risk.pairs.x.shape[1:]
        size = recipe.size(pairs)
        largest = risk.pairs.xx.sum(dim=1) if size == pairs else pairs * risk.pairs.xx.amax(dim=1)
        self.size = recipe.step / (largest / d + pairs + risk.ridge)
        whole = size == pairs
        self.orders: list[Iterator[NDArray[np.intp]]] = [] if whole else [
            batches(child(seed, BATCHES), pairs, size) for seed in seeds
        ]

    def step(self, risk: Risk, state: Networks) -> tuple[Networks, NDArray[np.bool_]]:
        pairs = risk.pairs
        if self.orders:
            pairs = pairs.part(_rows(state, np.stack([next(order) for order in self.orders])))
        slope = risk.gradient(pairs, state)
        moved = Networks(state.skip - self.size / risk.d * slope.skip, state.weight - self.size[:, None] * slope.weight)
        return moved, np.zeros(len(self.size), dtype=bool)

    def take(self, rows: torch.Tensor) -> None:
        self.size = self.size[rows]
        if self.orders:
            self.orders = [self.orders[k] for k in rows.tolist()]

    def state(self) -> dict[str, torch.Tensor]:
        return {}

    def restore(self, found: Arrays, count: int) -> None:
        self.orders = [islice(order, count, None) for order in self.orders]


class _Descending:
    """Steps halved until they lower the risk, for each network on its own."""

    def __init__(self, recipe: GradientDescent, risk: Risk) -> None:
        pairs, d = risk.pairs.x.shape[1:]
        self.largest = recipe.step / (risk.pairs.xx.sum(dim=1) / d + pairs + risk.ridge)
        self.size = self.largest.clone()

    def step(self, risk: Risk, state: Networks) -> tuple[Networks, NDArray[np.bool_]]:
        slope, value = risk.gradient(risk.pairs, state), risk.exact(state)
        square = risk.slope(slope)
        rounding = 8.0 * torch.finfo(value.dtype).eps * value
        self.size = torch.minimum(2.0 * self.size, self.largest)
        while True:
            moved = Networks(
                state.skip - self.size / risk.d * slope.skip, state.weight - self.size[:, None] * slope.weight
            )
            low = risk.exact(moved) <= value - 0.25 * self.size * square + rounding
            stuck = ~low & (self.size < 1e-12 * self.largest)
            if bool((low | stuck).all()):
                break
            self.size = torch.where(low | stuck, self.size, 0.5 * self.size)
        skip = torch.where(stuck, state.skip, moved.skip)
        weight = torch.where(stuck[:, None], state.weight, moved.weight)
        return Networks(skip, weight), stuck.numpy(force=True)

    def take(self, rows: torch.Tensor) -> None:
        self.largest, self.size = self.largest[rows], self.size[rows]

    def state(self) -> dict[str, torch.Tensor]:
        return {"size": self.size}

    def restore(self, found: Arrays, count: int) -> None:
        self.size = _like(self.size, found["size"])
