"""Files that are either whole or not there: temporary file, flush to the disk, rename; and arrays with a digest.

What is written survives a crash of the process and of the machine; a file that was cut or changed since is found out
when it is read.
"""

from __future__ import annotations

import glob
import hashlib
import io
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]

# Seconds after which a temporary file is what a killed writer left: no file takes so long to write.
STALE = 3600.0

_HEAD = b"flow-asymptotics arrays 2\n"
_ABOUT = "about"


_T = TypeVar("_T")


def at_path(kind: type[_T], given: _T | str | Path | None) -> _T | None:
    """Make a `Store` or a `Checkpoint` of a path; one that is there, or None, is returned as it is."""
    return given if given is None or isinstance(given, kind) else kind(given)  # type: ignore[call-arg]


def under(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Return the arrays with ``prefix/`` before their names."""
    return {f"{prefix}/{name}": value for name, value in arrays.items()}


def below(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Return those of ``arrays`` whose names `under` made, by the names that it was given."""
    return {
        name.removeprefix(f"{prefix}/"): value for name, value in arrays.items() if name.startswith(f"{prefix}/")
    }


class Damaged(ValueError):
    """A file of arrays that is not what was written."""


class Foreign(Damaged):
    """A file of something else."""


def write_whole(path: Path, write: Callable[[Path], object], *, new: bool = False) -> Path:
    """``write`` fills a temporary file beside ``path``, which then takes its place at once; makes the folder.

    ``new``: FileExistsError if there is one already, also where two processes try at the same time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        write(part)
        _flush(part)
        if new:
            _link(part, path)
        else:
            os.replace(part, path)
    except FileExistsError:
        raise
    except OSError as problem:
        if problem.errno is None:
            raise
        raise OSError(problem.errno, f"{os.strerror(problem.errno)}: nothing was written to", str(path)) from problem
    finally:
        part.unlink(missing_ok=True)
    _flush(path.parent)
    return path


def remove_left_over(folder: Path, name: str = "*") -> None:
    """Remove what writers of ``folder/name`` left that were killed, once it is old enough to be nobody's at work."""
    for part in folder.glob(f".{name if name == '*' else glob.escape(name)}.*.part"):
        with suppress(FileNotFoundError):  # Another process was faster.
            if time.time() - part.stat().st_mtime > STALE:
                part.unlink()


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> Path:
    """Arrays by name and a JSON object ``about`` them."""
    content = io.BytesIO()
    text = json.dumps({"about": dict(about), "names": list(arrays)}, sort_keys=True)
    # By number: in such a file the names a and a.npy would be one.
    numbered = {str(k): each for k, each in enumerate(arrays.values())}
    np.savez(content, allow_pickle=False, **{_ABOUT: np.frombuffer(text.encode(), dtype=np.uint8), **numbered})
    payload = content.getvalue()
    head = _HEAD + hashlib.sha256(payload).hexdigest().encode() + b"\n"
    return write_whole(path, lambda part: part.write_bytes(head + payload))


def read_arrays(path: Path) -> tuple[Arrays, dict[str, Any]]:
    """What `write_arrays` wrote. FileNotFoundError if there is none, Damaged if it is not that."""
    content = path.read_bytes()
    head, start = content[: len(_HEAD)], len(_HEAD) + 65
    if head != _HEAD[: len(head)]:
        raise Foreign(f"{path} is not a file of arrays of this project")
    if len(content) < start:
        raise Damaged(f"{path} is not whole")
    payload = content[start:]
    if hashlib.sha256(payload).hexdigest().encode() != content[len(_HEAD) : start - 1]:
        raise Damaged(f"{path} was cut or changed since it was written")
    with np.load(io.BytesIO(payload), allow_pickle=False) as found:
        text = json.loads(found[_ABOUT].tobytes())
        arrays = {name: found[str(k)] for k, name in enumerate(text["names"])}
    return arrays, text["about"]


def _link(part: Path, path: Path) -> None:
    """``path`` becomes ``part`` unless it is there."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # A file system without links: two processes at the same instant are not told apart.
        if path.exists():
            raise FileExistsError(f"{path} exists") from None
        os.replace(part, path)


def _flush(place: Path) -> None:
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
