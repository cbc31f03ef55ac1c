"""Data sets on disk: netCDF files that are either whole or not there."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import xarray as xr


def save(dataset: xr.Dataset, path: str | Path) -> Path:
    """Write ``dataset`` to ``path``, making its folder; returns the path.

    Written beside it first, flushed to disk and renamed: a reader or a crash never sees half a
    file.
    """
    if not isinstance(dataset, xr.Dataset):
        raise TypeError(f"dataset must be an xarray.Dataset, not {type(dataset).__name__}")
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{uuid4().hex}.part")
    try:
        dataset.to_netcdf(part, engine="h5netcdf")
        _flush(part)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    _flush(target.parent)
    return target


def load(path: str | Path) -> xr.Dataset:
    """Read a data set into memory and close the file. FileNotFoundError if there is none."""
    source = Path(path)
    if not source.is_file():
        raise FileNotFoundError(f"no data set at {source}")
    return xr.load_dataset(source, engine="h5netcdf")


def _flush(place: Path) -> None:
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
