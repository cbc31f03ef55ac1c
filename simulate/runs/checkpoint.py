"""Checkpoints: where a long training keeps its state, and goes on from it exactly.

One mechanism for every training loop: the loop gives its state as arrays at its records, a whole file takes the place
of the one before, and a loop that begins with a file of the same settings goes on from there. What comes out is what
the uninterrupted run would have given, bit for bit.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulate import checks
from simulate.runs.durable import (
    Arrays,
    Damaged,
    Foreign,
    at_path,
    below,
    read_arrays,
    remove_left_over,
    under,
    write_arrays,
)
from simulate.runs.fingerprint import digest
from simulate.runs.provenance import code, versions


@dataclass(frozen=True)
class Checkpoint:
    """A file, written at most every ``seconds`` (0: at every record), and when training ends.

    A file of another training (other data, settings, seed), or of another commit of this project unless
    ``any_commit``, is refused; a damaged one is not used, with a warning.
    """

    path: str | Path
    seconds: float = 60.0
    any_commit: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.path, str | Path):
            raise TypeError(f"path must be a path, not {type(self.path).__name__}")
        checks.real("seconds", self.seconds, least=0.0)
        checks.flag("any_commit", self.any_commit)

    def part(self, number: int) -> Checkpoint:
        """The checkpoint of one of several trainings, in a file beside this one's."""
        path = Path(self.path)
        return replace(self, path=path.with_name(f"{path.name}.{number:04d}"))


Given: TypeAlias = Checkpoint | str | Path | None


@dataclass(eq=False)
class CheckpointWriter:
    """Writes the checkpoint of one training; ``saved`` is the state to continue from, None at a start."""

    checkpoint: Checkpoint | None
    about: Mapping[str, str]
    saved: Arrays | None = None
    written: float = field(default_factory=time.monotonic)
    seen: tuple[int, int] | None = None

    def write(self, state: Callable[[], Mapping[str, NDArray[Any]]], *, last: bool = False) -> None:
        """Write the state, if it is time."""
        if self.checkpoint is None or not (last or time.monotonic() - self.written >= self.checkpoint.seconds):
            return
        path = Path(self.checkpoint.path)
        if _stamp(path) not in (None, self.seen):
            raise ValueError(f"checkpoint {path} is written by another training beside this: give each its own path")
        write_arrays(path, state(), self.about)
        self.seen, self.written = _stamp(path), time.monotonic()


@dataclass(eq=False)
class Measurements:
    """What is measured of a training at its records: a row of arrays by name after each of ``recorded`` updates."""

    recorded: list[int] = field(default_factory=list)
    rows: list[Mapping[str, NDArray[Any]]] = field(default_factory=list)

    @classmethod
    def of(cls, recorded: Sequence[int], stacked: Mapping[str, NDArray[Any]]) -> Measurements:
        """Make the measurements that `stacked` returned."""
        found = cls()
        for k, iteration in enumerate(recorded):
            found.add(iteration, {name: values[..., k] for name, values in stacked.items()})
        return found

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]]) -> Measurements:
        """Make the measurements that `arrays` returned."""
        return cls.of(arrays["recorded"].tolist(), below("measured", arrays))

    def add(self, iteration: int, row: Mapping[str, NDArray[Any]]) -> None:
        """Append one record."""
        self.recorded.append(iteration)
        self.rows.append(row)

    def stacked(self) -> Arrays:
        """Return one array (..., R) for each name."""
        return {name: np.stack([row[name] for row in self.rows], axis=-1) for name in self.rows[0]}

    def arrays(self) -> Arrays:
        """Return everything as arrays, for a checkpoint."""
        return {"recorded": np.array(self.recorded), **under("measured", self.stacked())}


def open_checkpoint(checkpoint: Given, fingerprint: Callable[[], str]) -> CheckpointWriter:
    """Open the checkpoint of a training whose settings have this fingerprint.

    ValueError if the file belongs to another training, other versions, or another commit.
    """
    place = at_path(Checkpoint, checkpoint)
    if place is None:
        return CheckpointWriter(None, {})
    if Path(place.path).is_dir():
        raise IsADirectoryError(f"checkpoint {place.path} is a folder: name a file in it")
    remove_left_over(Path(place.path).parent, Path(place.path).name)
    own = {"fingerprint": digest(fingerprint(), versions()), "code": code()}
    seen = _stamp(Path(place.path))
    try:
        arrays, about = read_arrays(Path(place.path))
    except FileNotFoundError:
        return CheckpointWriter(place, own)
    except Foreign as problem:
        raise ValueError(f"checkpoint: {problem}: take another path") from None
    except Damaged as problem:
        warnings.warn(f"{problem}: training begins anew", stacklevel=3)
        return CheckpointWriter(place, own, seen=seen)
    if about.get("fingerprint") != own["fingerprint"]:
        raise ValueError(
            f"checkpoint {place.path} is of a training with other data, settings or seed (or other versions of python, "
            "numpy, torch, this project): take another path"
        )
    if about.get("code") != own["code"] and not place.any_commit:
        raise ValueError(
            f"checkpoint {place.path} was written at commit {about.get('code')}, this is {own['code']}: take another "
            "path, or go on with Checkpoint(path, any_commit=True) if nothing that matters here has changed"
        )
    return CheckpointWriter(place, own, arrays, seen=seen)


def _stamp(path: Path) -> tuple[int, int] | None:
    """Which file lies there."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns
