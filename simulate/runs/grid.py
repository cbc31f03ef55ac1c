"""Sweeps: a function of settings and a seed, on a grid of settings, with many seeds for each point."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Unpack

import numpy as np
import xarray as xr

from simulate import checks
from simulate.runs.execution import Failure, PointsFailed, cores, execute, workers as pool
from simulate.runs.fingerprint import NOT_IDENTIFYING, canonical, digest, source_digest
from simulate.runs.options import Run, RunOptions
from simulate.runs.provenance import describe
from simulate.runs.task import Measured
from simulate.seeds import child

Measure = Callable[..., Mapping[str, Any]]
_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class PointTask:
    """One call of ``measure(seed=..., **settings, **point)``; ``fixed`` is the canonical form of the settings, so that
    tasks that share them compute it once."""

    measure: Measure
    point: Mapping[str, Any]
    settings: Mapping[str, Any] = field(metadata=NOT_IDENTIFYING)
    fixed: Any
    seed: np.random.SeedSequence

    def run(self) -> Measured:
        # Its own copy: what a call does to its settings must not reach the next one.
        found = self.measure(seed=self.seed, **copy.deepcopy(self.settings), **self.point)
        if not isinstance(found, Mapping) or not found or not all(isinstance(name, str) for name in found):
            raise TypeError(f"measure returned {type(found).__name__}; it must return a mapping of names to numbers")
        for name in found:
            if name in self.point or name == "seed" or "/" in name or not name:
                raise ValueError(f"measure returned the name {name!r}, which is taken or cannot be one: use another")
        return {name: _numbers(name, value) for name, value in found.items()}


def _numbers(name: str, value: Any) -> np.ndarray[Any, Any]:
    """A copy: measure may use its array again."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"measure returned {name} as a masked array; it must be numbers")
    array = np.array(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"measure returned {name} of type {array.dtype}; it must be numbers")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise FloatingPointError(f"measure returned {name} with values that are not finite")
    return array


def sweep(
    measure: Measure, grid: Mapping[str, Sequence[Any]], *, seeds: int = 1, seed: int = 0,
    fixed: Mapping[str, Any] = _NONE, dims: Mapping[str, Sequence[str]] = _NONE,
    coordinates: Mapping[str, Any] = _NONE, workers: int | None = None, name: str = "sweep",
    **run: Unpack[RunOptions],
) -> xr.Dataset:
    """``measure`` at every point of ``grid`` (values by name; all combinations) with ``seeds`` seeds each.

    ``measure(seed=SeedSequence, **fixed, **point)`` returns numbers or arrays by name, the same shapes at every point.
    Dims of the result: those of the grid, seed, and of arrays those that ``dims`` gives by variable (else NAME_0, ...),
    whose ``coordinates`` may be given. It is a function of a module, so that worker processes find it; each call has a
    seed of its own, SeedSequence(seed, spawn_key=(words of the digest of the point, k)), whatever else is on the grid:
    results are the same for any executor, any order and any interruption. Without ``executor`` runs on ``workers``
    processes (None: one a core; 1: here). All points are tried; PointsFailed, with what was found, if some raised.

    Other Parameters
    ----------------
    executor, store, progress
        How the tasks are run, see `simulate.runs.Run`.
    """
    checks.keywords("sweep", run, RunOptions)
    how, axes = Run(**run), _axes(grid, fixed)
    if not callable(measure):
        raise TypeError(f"measure must be a function, not {type(measure).__name__}")
    count = checks.integer("seeds", seeds, least=1)
    root = checks.integer("seed", seed, least=0)
    points = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    common = dict(fixed)
    form = canonical(common)
    settings = {
        "kind": "sweep", "measure": canonical(measure), "fixed": form, "grid": canonical(axes),
        "seeds": count, "seed": root,
        "seed_rule": "SeedSequence(seed, spawn_key=(words of the digest of the point, k))",
    }
    source = source_digest(measure)
    tasks = [
        PointTask(
            measure=measure, point=point, settings=common, fixed=form, seed=child(root, *point_key(point), k)
        ) for point in points for k in range(count)
    ]
    with _place(how.executor, workers) as there:
        results = execute(
            tasks, replace(how, executor=there), name=name, unit="point", finish=True, source=source
        )
    _same_kind(results)
    return _dataset(axes, count, results, dims, coordinates).assign_attrs(provenance=describe(settings))


def _place(executor: Executor | None, count: int | None) -> AbstractContextManager[Executor | None]:
    """Where to run; a given executor is not ended."""
    if executor is None:
        return pool(cores() if count is None else count)
    if count is not None:
        raise ValueError(f"workers = {count} does not go with an executor: it has its own")
    return nullcontext(executor)


def point_key(point: Mapping[str, Any]) -> tuple[int, ...]:
    """Four words of 32 bits that stand for a point."""
    # 1 and 1.0 are one value of an axis, whatever else is on it.
    text = digest({k: float(v) if type(v) is int and abs(v) <= 2**53 else v for k, v in point.items()})
    return tuple(int(text[8 * k : 8 * k + 8], 16) for k in range(4))


def average(dataset: xr.Dataset, *, keep_runs: bool = False) -> xr.Dataset:
    """Means over dim seed, each with its standard error NAME_stderr; with ``keep_runs`` the values too, NAME_runs."""
    if not isinstance(dataset, xr.Dataset):
        raise TypeError(f"dataset must be an xarray.Dataset, not {type(dataset).__name__}")
    for name in dataset.data_vars:
        taken = [each for each in (f"{name}_stderr", f"{name}_runs" if keep_runs else "") if each in dataset]
        if taken or name == "seeds":
            clash = taken[0] if taken else name
            raise ValueError(f"dataset holds {clash!r}, a name that the averages need: rename the variable")
    if dataset.sizes.get("seed", 0) < 2:
        raise ValueError("seeds must be >= 2: one run has no standard error")
    count, variables = dataset.sizes["seed"], {}
    for name, values in dataset.data_vars.items():
        variables[name] = values.mean("seed").assign_attrs(values.attrs)
        variables[f"{name}_stderr"] = (values.std("seed", ddof=1) / count**0.5).drop_attrs()
        if keep_runs:
            variables[f"{name}_runs"] = values.drop_attrs()
    found = xr.Dataset(variables, {k: v for k, v in dataset.coords.items() if keep_runs or "seed" not in v.dims})
    return found.assign_coords(seeds=count).assign_attrs(dataset.attrs)


def _axes(grid: Mapping[str, Sequence[Any]], fixed: Mapping[str, Any]) -> dict[str, list[Any]]:
    if not isinstance(grid, Mapping) or not isinstance(fixed, Mapping):
        raise TypeError("grid and fixed must be mappings of names")
    axes = {}
    for name in (*grid, *fixed):
        if not isinstance(name, str) or not name.isidentifier() or name in ("seed", "seeds"):
            raise ValueError(f"grid and fixed hold the name {name!r}; it must be an argument's, and not seed or seeds")
    for name, given in grid.items():
        if name in fixed:
            raise ValueError(f"grid holds {name!r}, which is fixed")
        if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray) or np.ndim(given) == 0:
            raise TypeError(f"grid[{name!r}] = {given!r} must be a sequence of values")
        values = [each.item() if isinstance(each, np.generic) else each for each in given]
        if not values:
            raise ValueError(f"grid[{name!r}] is empty")
        axes[name] = _of_one_type(name, values)
        if len(set(axes[name])) < len(values):
            raise ValueError(f"grid[{name!r}] = {values!r} holds a value twice")
    return axes


def _of_one_type(name: str, values: list[Any]) -> list[Any]:
    """Integers among floats are floats, as on the coordinate: the value 1.0 of an axis has one seed."""
    kinds = {type(each) for each in values}
    for each in values:
        if isinstance(each, float) and each != each:
            raise ValueError(f"grid[{name!r}] = {values!r} holds NaN, which is no setting")
        if type(each) is int and abs(each) >= 2**63:
            raise ValueError(f"grid[{name!r}] = {values!r} must stay below 2**63")
    if kinds == {int, float}:
        values, kinds = [float(each) for each in values], {float}
    if len(kinds) > 1 or not kinds <= {int, float, str, bool}:
        raise TypeError(f"grid[{name!r}] = {values!r} must hold numbers or text, of one type (other settings: fixed)")
    return values


def _same_kind(results: list[Measured]) -> None:
    """PointsFailed, with what was found, unless all have the names, shapes and kinds of the first."""
    first = {name: (value.shape, value.dtype.kind == "b") for name, value in results[0].items()}
    other = {}
    for k, each in enumerate(results):
        own = {name: (value.shape, value.dtype.kind == "b") for name, value in each.items()}
        if own != first:
            other[k] = Failure(f"{_shapes(each)} at point {k}", "")
    if other:
        raise PointsFailed(
            f"measure must return the same names, shapes and kinds at every point: {len(other)} of {len(results)} "
            f"differ from the first, {_shapes(results[0])}: {next(iter(other.values())).error}",
            other, {k: each for k, each in enumerate(results) if k not in other},
        )


def _shapes(result: Measured) -> str:
    return ", ".join(f"{name}{list(value.shape) or ''} {value.dtype}" for name, value in result.items())


def _dataset(
    axes: Mapping[str, list[Any]], seeds: int, results: list[Measured], dims: Mapping[str, Sequence[str]],
    coordinates: Mapping[str, Any],
) -> xr.Dataset:
    shape = (*map(len, axes.values()), seeds)
    variables = {}
    for name in dims:
        if name not in results[0]:
            raise ValueError(f"dims[{name!r}]: measure returns no such variable, but {', '.join(results[0])}")
    for name in coordinates:
        if name in axes or name == "seed":
            raise ValueError(f"coordinates[{name!r}] is an axis of the grid")
    for name, first in results[0].items():
        own = tuple(dims.get(name, [f"{name}_{k}" for k in range(first.ndim)]))
        if isinstance(dims.get(name), str) or len(own) != first.ndim:
            raise ValueError(f"dims[{name!r}] = {list(own)} must name {first.ndim} dimensions")
        values = np.stack([each[name] for each in results]).reshape(*shape, *first.shape)
        variables[name] = ((*axes, "seed", *own), values)
    return xr.Dataset(variables, {**axes, "seed": np.arange(seeds), **coordinates})
