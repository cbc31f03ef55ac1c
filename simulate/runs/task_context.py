"""Where a training that is part of a larger run keeps its state, and how it shows its progress."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

from simulate.runs.checkpoint import Checkpoint
from simulate.runs.fingerprint import Identified
from simulate.runs.progress import bar
from simulate.runs.store import Store


@dataclass(frozen=True)
class Keeping:
    """What a training's result does not depend on: where it is kept, and whether its progress is shown, as what."""

    checkpoint: Checkpoint | None = None
    shown: str | None = None

    @property
    def hidden(self) -> Identified:
        """Not part of a task's identity: a store may be moved."""
        return Identified(self, None)

    @contextmanager
    def bar(self, total: int, unit: str) -> Iterator[Any]:
        """A progress bar, in a worker as lines: several cannot draw over one."""
        shown = self.shown is not None
        with bar(total, self.shown or "", show=shown, unit=unit, lines=parent_process() is not None) as found:
            yield found


def keeping(store: Store | None, name: str, *, shown: str | None) -> Identified:
    """For the training ``name`` (of a file) of a run: checkpoints are kept in its store, if there is one."""
    place = None
    if store is not None:
        place = Checkpoint(Path(store.folder) / "checkpoints" / name, any_commit=store.any_commit)
    return Keeping(place, shown).hidden
