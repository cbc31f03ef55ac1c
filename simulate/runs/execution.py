"""Run independent tasks, here or on any executor, and give the results back in order; keep them on the way in a store.
"""

from __future__ import annotations

import os
import traceback
import warnings
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from multiprocessing import parent_process
from typing import Any

from asymptotics.extras import require_installed
from simulate import checks
from simulate.runs.durable import at_path
from simulate.runs.options import Run
from simulate.runs.pool import WorkerPool
from simulate.runs.progress import bar
from simulate.runs.store import Chunks, Results, Store, split_settings
from simulate.runs.task import Measured, Task, run

# Chunks submitted at once: workers never wait for the next one, and an interruption has little to cancel.
WINDOW = 128


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers(count: int) -> AbstractContextManager[Executor | None]:
    """A pool of ``count`` processes for a ``with`` statement; None, that is here, for one.

    Processes are spawned, so a script needs ``if __name__ == "__main__":``. They end with this one. Where one of them
    is killed, others take its work.
    """
    if checks.integer("workers", count, least=1) == 1:
        return nullcontext()
    return WorkerPool(count)


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """The workers of a running Dask cluster, for a ``with`` statement; ModuleNotFoundError without `distributed`."""
    if not isinstance(address, str) or "://" not in address:
        raise ValueError(f"address = {address!r} must be that of a Dask scheduler, e.g. tcp://localhost:8786")
    require_installed("a Dask cluster needs", "distributed", extra="cluster")
    from distributed import Client

    try:
        client = Client(address, timeout=10)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as problem:
        raise OSError(f"no Dask scheduler at {address}: {problem}") from problem
    with client:
        yield client.get_executor(pure=False)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Failure:
    """A task that raised: its error, and where."""

    error: str
    trace: str


class PointsFailed(RuntimeError):
    """Some points raised; all others were computed. ``failures`` by number of the point, ``results`` of the others."""

    def __init__(self, message: str, failures: dict[int, Failure], results: Results) -> None:
        super().__init__(message)
        self.failures, self.results = failures, results


class WorkerEnded(BrokenExecutor):
    """Worker processes were ended from outside, again and again, or could not start."""


def execute(
    tasks: Sequence[Task], how: Run, *, name: str, unit: str = "data set", finish: bool = False,
    source: str | None = None,
) -> list[Measured]:
    """Results in the order of ``tasks``: the same for any executor, any number of workers and any interruption.

    With a ``store`` finished chunks are kept, and those that it holds already are not computed again (``source``: a
    digest of code that they depend on). If a task raises, the others are cancelled and the error is raised; with a
    ``store``, or if ``finish``, the others are finished first, and `PointsFailed` names the settings of those that
    raised. Where a worker of a `workers` pool is killed, its task is tried again, in the end alone: one that ends its
    worker even then counts as one that raised WorkerEnded. Other executors raise that at once. What an interruption or
    an error leaves undone is cancelled.
    """
    kept = at_path(Store, how.store)
    chunks = None if kept is None else kept.open(tasks, source)
    found: Results = {}
    failures: dict[int, Failure] = {}
    collect = finish or chunks is not None
    with bar(len(tasks), name, show=how.progress, unit=unit) as shown:
        todo = _left(tasks, chunks, found)
        if found:
            shown.update(len(found))
        with closing(_finished(tasks, todo, how.executor, collect, chunks)) as arriving:
            try:
                for members, results in arriving:
                    good = {k: r for k, r in zip(members, results, strict=True) if not isinstance(r, Failure)}
                    failures |= {k: r for k, r in zip(members, results, strict=True) if isinstance(r, Failure)}
                    found |= good
                    if chunks is not None and good:
                        _keep(chunks, members[0] // chunks.size, found)
                    shown.update(len(members))
            except WorkerEnded as problem:
                raise WorkerEnded(_ended(len(found), len(tasks), chunks, str(problem))) from problem
            except Exception as problem:
                # What Dask raises where a worker ended again and again.
                if not isinstance(problem, BrokenExecutor) and type(problem).__name__ != "KilledWorker":
                    raise
                raise WorkerEnded(_ended(len(found), len(tasks), chunks)) from problem
    if failures:
        raise PointsFailed(_failed(tasks, failures, chunks), failures, found)
    return [found[k] for k in range(len(tasks))]


def _left(tasks: Sequence[Task], chunks: Chunks | None, found: Results) -> list[list[int]]:
    """The points to compute, chunk by chunk; those that are kept are put into ``found``."""
    if chunks is None:
        return [[k] for k in range(len(tasks))]
    for chunk in range(chunks.count):
        found |= chunks.read(chunk)
    left = [[k for k in chunks.members(chunk) if k not in found] for chunk in range(chunks.count)]
    return [members for members in left if members]


def _keep(chunks: Chunks, chunk: int, found: Results) -> None:
    chunks.write(chunk, {k: found[k] for k in chunks.members(chunk) if k in found})


Finished = tuple[list[int], list[Any]]


def _finished(
    tasks: Sequence[Task], todo: list[list[int]], executor: Executor | None, collect: bool, chunks: Chunks | None
) -> Generator[Finished]:
    """Chunks as they are finished; what has not started is cancelled at the end, however it comes."""
    if executor is None:
        for members in todo:
            kept = _by_another(members, chunks)
            yield members, run_all([tasks[k] for k in members], collect) if kept is None else kept
        return
    pool = executor if isinstance(executor, WorkerPool) else None
    generation = 0 if pool is None else pool.generation
    waiting: dict[Future[list[Any]], list[int]] = {}
    queue, lost, broken = _Queue(deque(todo)), list[list[int]](), False
    try:
        while True:
            while not broken and (ahead := queue.next(len(waiting))) is not None:
                members = ahead
                kept = _by_another(members, chunks)
                if kept is not None:
                    yield members, kept
                    continue
                try:
                    waiting[executor.submit(run_all, [tasks[k] for k in members], collect)] = members
                except BrokenExecutor:
                    if pool is None:
                        raise
                    queue.back(members)
                    broken = True
            if not waiting and not broken:
                return
            done, _ = wait(waiting, return_when=ALL_COMPLETED if broken else FIRST_COMPLETED)
            # Those that have a result first: it is kept before an error ends everything.
            for future in sorted(done, key=_raised):
                members = waiting.pop(future)
                if pool is not None and isinstance(future.exception(), BrokenExecutor):
                    lost.append(members)
                    broken = True
                else:
                    yield members, future.result()
            if pool is not None and broken and not waiting:
                if not pool.started:
                    raise WorkerEnded(_NOT_STARTED)
                pool.renew(generation)
                generation = pool.generation
                guilty = queue.lose(lost, pool.count) if lost else None
                lost, broken = [], False
                if guilty is not None:
                    if not collect:
                        raise WorkerEnded(_GUILTY)
                    yield guilty, [Failure(f"WorkerEnded: {_GUILTY}", "")]
    finally:
        for future in waiting:
            future.cancel()


_GUILTY = "its worker process was ended (killed, or for its memory), also when nothing else ran"
_NOT_STARTED = (
    "worker processes cannot start: a script needs `if __name__ == '__main__':` about what it runs (or workers=1, to "
    "run here); what they printed says more"
)


@dataclass
class _Queue:
    """What is to be handed out: many chunks at once; after a worker was killed as many as there are workers; and those
    that were under way when one was killed again, one by one, in the end point by point."""

    ahead: deque[list[int]]
    window: int = WINDOW
    suspects: deque[list[int]] = field(default_factory=deque)
    alone: bool = False

    def next(self, waiting: int) -> list[int] | None:
        """The next chunk, if it may go beside those ``waiting``."""
        if waiting and (self.suspects or self.alone):
            return None
        self.alone = bool(self.suspects)
        if self.suspects:
            return self.suspects.popleft()
        return self.ahead.popleft() if self.ahead and waiting < self.window else None

    def back(self, members: list[int]) -> None:
        """What could not be handed out."""
        (self.suspects if self.alone else self.ahead).appendleft(members)

    def lose(self, chunks: list[list[int]], count: int) -> list[int] | None:
        """Take back what was under way; the point, if there was no other."""
        if self.alone:
            (members,) = chunks
            if len(members) == 1:
                return members
            self.suspects.extendleft([k] for k in reversed(members))
        elif self.window > count:
            self.window = count
            self.ahead.extendleft(reversed(chunks))
        else:
            self.suspects.extendleft(reversed(chunks))
        return None


def _by_another(members: list[int], chunks: Chunks | None) -> list[Measured] | None:
    """What another process on the same store has finished meanwhile, if it is all of a chunk."""
    if chunks is None or not chunks.file(members[0] // chunks.size).exists():
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of a damaged file: said when it was read first.
        found = chunks.read(members[0] // chunks.size)
    return [found[k] for k in members] if all(k in found for k in members) else None


def _raised(future: Future[list[Any]]) -> bool:
    return future.exception() is not None


def run_all(tasks: Sequence[Task], collect: bool) -> list[Any]:
    """What a worker does with a chunk; ``collect``: failures are results too."""
    return [_attempt(task) if collect else run(task) for task in tasks]


def _attempt(task: Task) -> Measured | Failure:
    try:
        return run(task)
    except BaseException as problem:
        if isinstance(problem, KeyboardInterrupt) and parent_process() is None:
            raise  # The user's; a worker's is the task's own.
        return Failure("".join(traceback.format_exception_only(problem)).strip(), traceback.format_exc())


def _ended(
    done: int, points: int, chunks: Chunks | None, what: str = "a worker process was ended (killed, or for its memory)"
) -> str:
    kept = "" if chunks is None else f"; {done} of {points} points are kept in {chunks.folder}: run again with resume"
    return f"{what}{kept}"


def _failed(tasks: Sequence[Task], failures: dict[int, Failure], chunks: Chunks | None) -> str:
    common, own = split_settings(tasks)
    if len(own) == 1:
        own = [{name: value for name, value in common.items() if name.startswith(("point.", "seed.seed"))}]
    shown = sorted(failures)[:10]
    names = {k: getattr(tasks[k], "label", "") or _written(own[k]) or f"point {k}" for k in shown}
    lines = [f"  {name}: {failures[k].error}" for k, name in names.items()]
    more = [f"  and {len(failures) - len(shown)} more"] if len(failures) > len(shown) else []
    kept = "" if chunks is None else f"; the others are kept in {chunks.folder}, run again with resume once mended"
    return "\n".join([f"{len(failures)} of {len(tasks)} points failed{kept}:", *lines, *more])


def _written(settings: dict[str, Any]) -> str:
    return ", ".join(
        f"{name.removeprefix('point.')} = {value[-1] if name == 'seed.seed' else value}".replace("seed.seed", "run")
        for name, value in settings.items()
    )


