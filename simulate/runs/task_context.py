"""What a task needs while it runs and what its result does not depend on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path

from simulate.runs.checkpoint import Checkpoint
from simulate.runs.progress import bar
from simulate.runs.store import Store


@dataclass(frozen=True)
class TaskContext:
    """Say where a task writes its checkpoint, and under which title it shows its progress (None: it does not).

    A store may be moved, so a task declares its context with the metadata `NOT_IDENTIFYING`.
    """

    checkpoint: Checkpoint | None
    title: str | None

    @classmethod
    def of(cls, store: Store | None, name: str, *, title: str | None) -> TaskContext:
        """Make the context of a task that writes the checkpoint ``name`` in the folder of a ``store``, if any."""
        if store is None:
            return cls(None, title)
        return cls(Checkpoint(Path(store.folder) / "checkpoints" / name, any_commit=store.any_commit), title)

    @contextmanager
    def progress(self, total: int, unit: str) -> Iterator[Callable[..., None]]:
        """Yield a function that shows how much of ``total`` is done, and beside it texts that it takes by name.

        A worker shows lines, because several bars cannot be drawn over one another.
        """
        show, lines = self.title is not None, parent_process() is not None
        with bar(total, self.title or "", show=show, unit=unit, lines=lines) as shown:
            def update(done: int, **texts: str) -> None:
                shown.set_postfix(texts, refresh=False)
                shown.update(done - shown.n)

            yield update
