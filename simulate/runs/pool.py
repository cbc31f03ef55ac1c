"""Worker processes that end with their driver, and of which new ones can be had when one was killed."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from typing import Any


class WorkerPool(Executor):
    """``count`` processes, spawned (forking one in which torch has started threads can hang).

    They leave Ctrl-C to the parent, which cancels what has not started, and end when it is killed. ``generation``
    counts how often there were new ones.
    """

    def __init__(self, count: int) -> None:
        self.count, self.generation = count, 0
        self._came_up, self._lock = False, threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._pool = ProcessPoolExecutor(self.count, mp_context=get_context("spawn"), initializer=_as_worker)
        self._first: Future[int] | None = None

    @property
    def started(self) -> bool:
        """Whether a worker ever came up."""
        first = self._first
        self._came_up = self._came_up or (first is not None and first.done() and first.exception() is None)
        return self._came_up

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        with self._lock, _interrupts_wait():  # Submitting starts processes, which import before they can look away.
            if self._first is None:
                self._first = self._pool.submit(os.getpid)
            return self._pool.submit(fn, *args, **kwargs)

    def renew(self, generation: int) -> None:
        """Other processes than those of ``generation``: a pool of which one was killed runs nothing any more."""
        with self._lock:
            if generation == self.generation and self.started:
                self._pool.shutdown(wait=False, cancel_futures=True)
                self.generation += 1
                self._begin()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait=wait, cancel_futures=cancel_futures)


def require_sendable(executor: Executor | None, **values: Any) -> None:
    """Raise TypeError, with its name, for a value that the processes of an ``executor`` cannot receive."""
    if not isinstance(executor, WorkerPool):
        return
    for name, value in values.items():
        try:
            pickle.dumps(value)
        except Exception as problem:
            raise TypeError(
                f"{name} cannot be sent to worker processes ({problem}): use functions and classes "
                "of a module, functools.partial, or no executor"
            ) from None


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Ctrl-C reaches this process afterwards, and those that it starts meanwhile never."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _as_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_driver, daemon=True).start()


def _end_with_the_driver() -> None:
    driver = parent_process()
    assert driver is not None
    wait([driver.sentinel])
    os._exit(1)
