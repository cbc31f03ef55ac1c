"""How a run computes: the options on which none of its numbers depend."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

from simulate.runs.store import Store


class RunOptions(TypedDict, total=False):
    """The fields of `Run`, which functions accept as plain keywords: ``**run: Unpack[RunOptions]``."""

    executor: Executor | None
    store: Store | str | Path | None
    progress: bool


@dataclass(frozen=True, kw_only=True)
class Run:
    """Says how independent tasks are run; the results are the same for all of these options.

    Parameters
    ----------
    executor
        Shares the tasks out over its workers (see `workers` and `cluster`); None runs them here.
    store
        Keeps finished tasks, in a folder or a `Store`, so that an interrupted run can go on.
    progress
        Shows a progress bar.
    """

    executor: Executor | None = None
    store: Store | str | Path | None = None
    progress: bool = True

    def __post_init__(self) -> None:
        if self.executor is not None and not isinstance(self.executor, Executor):
            raise TypeError(
                f"executor must be a concurrent.futures.Executor, not {type(self.executor).__name__}"
            )

    def for_count(self, count: int) -> Run:
        """Return the options for ``count`` tasks: one alone runs here if its progress is to be seen."""
        return replace(self, executor=None) if count == 1 and self.progress else self
