"""The random numbers of an untied network's training: streams of each data set, anew from record to record."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulate.seeds import Seed, child

Array = NDArray[np.float64]

# Streams below the seed of a training.
START, NOISE, ORDER = 0, 1, 2


def orders(generator: np.random.Generator, seeds: int, n: int, size: int) -> Iterator[NDArray[np.intp] | None]:
    """Endless mini-batches (seeds, size), each data set in its own order, n // size before a new order; None: all."""
    while size == n:
        yield None
    while True:
        order = generator.permuted(np.tile(np.arange(n), (seeds, 1)), axis=1)
        for k in range(n // size):
            yield order[:, k * size : (k + 1) * size]


class Noises(Protocol):
    """Where noises come from."""

    def normals(self, rows: slice, shape: tuple[int, ...]) -> Array:
        """The next ones of some data sets: ``shape`` (of rows, ...)."""


class Fresh:
    """Numbers for the updates from one record to the next, which a run can be taken up at: streams of each data set."""

    def __init__(self, seed: Seed, record: int, seeds: int, n: int, size: int) -> None:
        self.seed, self.record, self.seeds = seed, record, seeds
        many = seeds if size < n else 1  # The whole data set is in no order.
        self.orders = [orders(self._stream(ORDER, k), 1, n, size) for k in range(many)]

    def _stream(self, kind: int, k: int) -> np.random.Generator:
        return np.random.default_rng(child(self.seed, kind, self.record, k))

    @cached_property
    def _noises(self) -> list[np.random.Generator]:
        return [self._stream(NOISE, k) for k in range(self.seeds)]

    def normals(self, rows: slice, shape: tuple[int, ...]) -> Array:
        drawn = np.empty(shape)
        for generator, own in zip(self._noises[rows], drawn, strict=True):
            generator.standard_normal(out=own)
        return drawn

    def chosen(self) -> NDArray[np.intp] | None:
        """The next mini-batch of every data set; None: all of it."""
        drawn = [each for each in map(next, self.orders) if each is not None]
        return np.concatenate(drawn) if drawn else None
