"""Data sets on disk, and stores: folders in which a long run keeps what is finished, chunk by chunk.

A store holds ``manifest.json`` (the canonical settings of every point, their digest, versions, commit) and a file for
each chunk of consecutive points. It belongs to one set of points and one version of the code: others are refused.
"""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulate import checks
from simulate.runs.durable import Damaged, read_arrays, remove_left_over, write_arrays, write_whole
from simulate.runs.fingerprint import canonical, digest
from simulate.runs.provenance import checkout, code, versions

Results = dict[int, dict[str, NDArray[Any]]]
"""By the number of the point."""

FORMAT = 1
# Without a size of one's own, a store has about this many chunks at most.
CHUNKS = 500


def save(dataset: xr.Dataset, path: str | Path) -> Path:
    """Write ``dataset`` to ``path``, making its folder; returns the path. A reader or a crash never sees half a file.
    """
    if not isinstance(dataset, xr.Dataset):
        raise TypeError(f"dataset must be an xarray.Dataset, not {type(dataset).__name__}")
    # By way of the memory: where a disk is full, HDF5 ends the process instead of raising.
    content = io.BytesIO()
    dataset.to_netcdf(content, engine="h5netcdf")
    written = write_whole(Path(path), lambda part: part.write_bytes(content.getvalue()))
    remove_left_over(written.parent, written.name)
    return written


def load(path: str | Path) -> xr.Dataset:
    """Read a data set into memory and close the file. FileNotFoundError if there is none."""
    source = Path(path)
    if not source.is_file():
        raise FileNotFoundError(f"no data set at {source}")
    return xr.load_dataset(source, engine="h5netcdf")


@dataclass(frozen=True)
class Store:
    """Where finished chunks of a run are kept: a folder, made if missing.

    ``resume``: go on with what it holds, which must be of the same points and versions (without it, a store that is
    there is refused; another grid or number of seeds is another store). ``chunk``: points to a file (None: so that
    there are at most 500 files); a store goes on with the size it began with. ``any_commit``: also go on with what
    another commit of this project, a changed checkout, or another text of the file of a swept function computed.
    """

    folder: str | Path
    resume: bool = False
    chunk: int | None = None
    any_commit: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.folder, str | Path):
            raise TypeError(f"folder must be a path, not {type(self.folder).__name__}")
        checks.flag("resume", self.resume)
        checks.flag("any_commit", self.any_commit)
        if self.chunk is not None:
            checks.integer("chunk", self.chunk, least=1)

    def open(self, points: Sequence[Any], source: str | None = None) -> Chunks:
        """The chunks of ``points``; ValueError where the store is of others, FileExistsError without ``resume``.

        ``source``: a digest of code that they depend on, beside this project's.
        """
        folder = Path(self.folder)
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(f"{folder} is a file: a store is a folder")
        ours = {**_manifest(points, self.chunk or -(-len(points) // CHUNKS)), "source": source}
        if not (folder / "manifest.json").exists() and any(folder.glob("chunk-*.bin")):
            raise ValueError(f"{folder} holds chunks without a manifest, nobody knows of what: take another folder")
        try:
            write_whole(folder / "manifest.json", lambda part: part.write_text(_written(ours)), new=True)
        except FileExistsError:
            ours = self._agreed(folder, ours)
        remove_left_over(folder)
        return Chunks(folder, len(points), ours["chunk"], ours["identity"])

    def _agreed(self, folder: Path, ours: dict[str, Any]) -> dict[str, Any]:
        """The manifest that is there, if it is of the same run."""
        try:
            theirs: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
            known = theirs["format"], theirs["identity"], dict(theirs["versions"]), code(theirs)
            checks.integer("chunk", theirs["chunk"], least=1)
        except (ValueError, KeyError, TypeError, IsADirectoryError):
            raise ValueError(f"{folder}/manifest.json is not one of this project: take another folder") from None
        if known[0] != FORMAT:
            raise ValueError(f"{folder} is a store of format {known[0]}, this is {FORMAT}: take another folder")
        if known[1] != ours["identity"]:
            raise ValueError(f"{folder} is a store of other points ({_difference(theirs, ours)}): take another folder")
        if known[2] != ours["versions"]:
            changed = [k for k in ours["versions"] if known[2].get(k) != ours["versions"][k]]
            raise ValueError(
                f"{folder} was computed with other versions ({', '.join(f'{k} {known[2].get(k)}' for k in changed)}): "
                "take another folder, or those versions"
            )
        if known[3] != code(ours) and not self.any_commit:
            raise ValueError(
                f"{folder} was computed at commit {known[3]}, this is {code(ours)}: take another folder, or go on "
                "with any_commit=True (--any-commit) if nothing that matters here has changed"
            )
        if theirs.get("source") != ours["source"] and not self.any_commit:
            raise ValueError(
                f"{folder} was computed with another text of the file that defines the swept function: take another "
                "folder, or go on with any_commit=True (--any-commit) if what it holds is right still"
            )
        if not self.resume:
            raise FileExistsError(
                f"{folder} holds a run of these points: go on with resume=True (--resume), or take another folder"
            )
        return theirs


@dataclass(frozen=True)
class Chunks:
    """An open store: chunk k holds the points k size ... (k + 1) size - 1."""

    folder: Path
    points: int
    size: int
    identity: str

    @property
    def count(self) -> int:
        return -(-self.points // self.size)

    def members(self, chunk: int) -> range:
        return range(chunk * self.size, min((chunk + 1) * self.size, self.points))

    def file(self, chunk: int) -> Path:
        return self.folder / f"chunk-{chunk:06d}.bin"

    def read(self, chunk: int) -> Results:
        """What is kept of a chunk; nothing, with a warning, if its file is damaged."""
        try:
            arrays, about = read_arrays(self.file(chunk))
        except FileNotFoundError:
            return {}
        except Damaged as problem:
            warnings.warn(f"{problem}: its points are computed again", stacklevel=2)
            return {}
        if about.get("identity") != self.identity:
            raise ValueError(f"{self.file(chunk)} is of another store: take it away")
        found: Results = {}
        for name, value in arrays.items():
            point, _, variable = name.partition("|")
            found.setdefault(int(point), {})[variable] = value
        return found

    def write(self, chunk: int, results: Mapping[int, Mapping[str, NDArray[Any]]]) -> None:
        """Keep points of a chunk, beside those that another process has kept meanwhile."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of a damaged file, which is written anew: said when it was read first.
            whole = {**self.read(chunk), **results}
        arrays = {f"{k}|{name}": np.asarray(v) for k, result in whole.items() for name, v in result.items()}
        about = {"chunk": chunk, "points": sorted(whole), "identity": self.identity}
        write_arrays(self.file(chunk), arrays, about)


def _manifest(points: Sequence[Any], chunk: int) -> dict[str, Any]:
    common, own = split_settings(points)
    return {
        "format": FORMAT, "identity": digest(*points), "points": len(points), "chunk": chunk, "common": common,
        "settings": own, "versions": versions(), **checkout(),
    }


def _written(manifest: Mapping[str, Any]) -> str:
    """JSON that people can read: a line for each point."""
    lines = ",\n".join(f"  {json.dumps(each)}" for each in manifest["settings"])
    rest = json.dumps({k: v for k, v in manifest.items() if k != "settings"}, indent=1)
    return f'{rest[:-2]},\n "settings": [\n{lines}\n ]\n}}\n'


def split_settings(points: Sequence[Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Canonical settings: what all points have in common, and what each has of its own, by dotted name."""
    flat = [_flat(canonical(point)) for point in points]
    names = dict.fromkeys(name for each in flat for name in each)
    shared = {name for name in names if all(name in each and each[name] == flat[0].get(name) for each in flat)}
    common = {name: flat[0][name] for name in names if name in shared}
    return common, [{name: value for name, value in each.items() if name not in shared} for each in flat]


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {name or "value": value}
    found: dict[str, Any] = {}
    for key, each in value.items():
        found |= _flat(each, name if key in ("map", "fields") else f"{name}.{key}" if name else key)
    return found


def _difference(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    """In a few words, what differs first."""
    if theirs.get("points") != ours["points"]:
        return f"{theirs.get('points')} of them, here {ours['points']}"
    for name, value in ours["common"].items():
        if theirs.get("common", {}).get(name) != value:
            return f"{name} = {_short(theirs.get('common', {}).get(name))}, here {_short(value)}"
    for k, (one, two) in enumerate(zip(theirs.get("settings", []), ours["settings"], strict=False)):
        for name in two:
            if one.get(name) != two[name]:
                return f"point {k} has {name} = {_short(one.get(name))}, here {_short(two[name])}"
    return "their own settings differ"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
