"""Run independent tasks, here or on any executor, and give the results back in order."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, nullcontext
from multiprocessing import get_context

from simulate import checks
from simulate.progress import bar
from simulate.runs import Measured, Task, run


def workers(count: int) -> AbstractContextManager[Executor | None]:
    """A pool of ``count`` processes for a ``with`` statement; None, that is here, for one.

    Processes are spawned (forking one in which torch has started threads can hang), so a script
    needs ``if __name__ == "__main__":``. They leave Ctrl-C to the parent, which cancels what has
    not started.
    """
    if checks.integer("workers", count, least=1) == 1:
        return nullcontext()
    return ProcessPoolExecutor(
        max_workers=count, mp_context=get_context("spawn"), initializer=_leave_interrupts
    )


def _leave_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def execute(
    tasks: Sequence[Task], *, name: str, executor: Executor | None, progress: bool, unit: str = "data set"
) -> list[Measured]:
    """Results in the order of ``tasks``: the same for any executor and any number of workers.

    If a task fails or the run is interrupted, those that have not started are cancelled.
    """
    if executor is not None and not isinstance(executor, Executor):
        raise TypeError(
            f"executor must be a concurrent.futures.Executor, not {type(executor).__name__}"
        )
    with bar(len(tasks), name, show=progress, unit=unit) as shown:
        if executor is None:
            results = []
            for task in tasks:
                results.append(run(task))
                shown.update()
            return results
        futures = [executor.submit(run, task) for task in tasks]
        try:
            for future in as_completed(futures):
                future.result()
                shown.update()
        except BaseException:
            for future in futures:
                future.cancel()
            raise
        return [future.result() for future in futures]
