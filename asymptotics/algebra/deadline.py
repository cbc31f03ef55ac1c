"""Time limits for sympy, which can think for minutes."""

from __future__ import annotations

import gc
import signal
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SECONDS = 20.0
"""How long sympy may take for one operation, such as a limit."""
AGAIN = 0.01  # Seconds until a limit that struck where its exception would be lost tries again.


def _would_be_lost(frame: FrameType | None) -> bool:
    """Whether Python would print and forget an exception raised here.

    It does in finalisers, in callbacks of the collector and in those of weak references.
    """
    callbacks = {getattr(callback, "__code__", None) for callback in gc.callbacks}
    while frame is not None:
        of_weak = frame.f_code.co_filename == weakref.__file__ and frame.f_code.co_name == "remove"
        if frame.f_code in callbacks or frame.f_code.co_name == "__del__" or of_weak:
            return True
        frame = frame.f_back
    return False


@contextmanager
def time_limit(seconds: float, what: str) -> Iterator[None]:
    """Raise TimeoutError after ``seconds`` (on the main thread; elsewhere there is no limit to set)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_: int, frame: FrameType | None) -> None:
        if _would_be_lost(frame):
            signal.setitimer(signal.ITIMER_REAL, AGAIN)
            return
        raise TimeoutError(f"sympy did not finish {what} within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    outer, _ = signal.getitimer(signal.ITIMER_REAL)
    started = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, min(seconds, outer) if outer else seconds)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)
        left = max(outer - (time.monotonic() - started), 1e-3) if outer else 0.0
        signal.setitimer(signal.ITIMER_REAL, left)
