"""One independent task: what it is, what it gives back, and how one thread runs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

Measured: TypeAlias = dict[str, NDArray[np.float64]]


class Task(Protocol):
    """Something to run; picklable."""

    def run(self) -> Measured: ...


def run(task: Task) -> Measured:
    """Run one task on one thread.

    Parallelism is over tasks, and sums split over a number of threads would differ in the last
    digit.
    """
    with one_thread():
        return task.run()


@contextmanager
def one_thread() -> Iterator[None]:
    """torch on one thread inside, as before outside."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
