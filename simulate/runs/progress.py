"""The one place that shows progress: a bar on a terminal or in a notebook, lines in a log."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from tqdm.auto import tqdm

# Seconds between two lines of a log.
_QUIET = 10.0


class _Lines:
    """What a bar draws over itself, as lines of its own."""

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, text: str) -> None:
        line = text.replace("\r", "").replace("\x1b[A", "").strip()
        if line:
            self.file.write(f"{line}\n")

    def flush(self) -> None:
        self.file.flush()


def bar(total: int, name: str, *, show: bool, unit: str = "data set", lines: bool = False) -> Any:
    """Says what runs, how far it is, its rate and the time left; a context manager with .update(). ``lines``: as in a
    log, on a terminal too."""
    notebook = any(each.__module__ == "tqdm.notebook" for each in tqdm.__mro__)
    if show and (lines or (not notebook and not sys.stderr.isatty())):
        return tqdm(
            total=total, desc=name, unit=unit, file=_Lines(sys.stderr), mininterval=_QUIET, maxinterval=_QUIET, ncols=0
        )
    return tqdm(total=total, desc=name, disable=not show, unit=unit)
