"""Formulas on labelled data: pandas Series and xarray DataArrays in, data sets and tables out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from asymptotics.coerce import as_float64
from asymptotics.extras import require_installed
from asymptotics.sentences import short_name

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from asymptotics.formula.statement import Valued

_KINDS = ("Series", "DataArray", "DataFrame", "Dataset", "Index", "Variable")


def labels_of(values: Mapping[str, Any]) -> str:
    """"xarray" or "pandas" where an argument carries labels, else "". Neither library is imported for it."""
    found = {
        type(value).__module__.split(".")[0]: name for name, value in values.items() if type(value).__name__ in _KINDS
    }
    kinds = {library for library in found if library in ("pandas", "xarray")}
    if len(kinds) > 1:
        raise TypeError(f"{found['pandas']} is of pandas and {found['xarray']} of xarray; convert one of them, say by "
                        f"{found['pandas']}.to_xarray()")
    return kinds.pop() if kinds else ""


def call(formula: Valued, values: Mapping[str, Any], compute: Callable[[dict[str, Any]], Any]) -> Any:
    """The value with the labels of the arguments; ``compute`` is given plain arrays of one shape.

    pandas: a Series with the index that all of them must share (a DataFrame where a result has several values);
    xarray: a DataArray over the dims of all, whose coordinates must agree (a Dataset likewise).
    """
    for name, value in values.items():
        if type(value).__name__ in ("DataFrame", "Dataset"):
            raise TypeError(f"{name} is a {type(value).__name__}, which has many columns; take one, or all of a "
                            f"formula's at once: f(**table[[{name!r}, ...]])")
    if labels_of(values) == "pandas":
        return _on_series(formula, values, compute)
    return _on_arrays(formula, values, compute)


def _on_series(formula: Valued, values: Mapping[str, Any], compute: Callable[[dict[str, Any]], Any]) -> Any:
    import pandas as pd

    series = {name: value for name, value in values.items() if isinstance(value, pd.Series)}
    if odd := next((name for name, value in values.items() if isinstance(value, pd.Index)), None):
        raise TypeError(f"{odd} is a pandas Index; give {odd}.to_series()")
    first, index = next((name, value.index) for name, value in series.items())
    for name, value in series.items():
        if not value.index.equals(index):
            raise ValueError(f"the indices of {first} and {name} differ; align them, say in one DataFrame")
    plain = {name: value.to_numpy() if name in series else value for name, value in values.items()}
    for name, value in plain.items():
        if name not in series and np.shape(value) not in ((), (len(index),)):
            raise ValueError(f"{name} has the shape {np.shape(value)} beside a Series of {len(index)} rows")
    found = _parts(formula, compute(plain))
    columns = {name: np.broadcast_to(part, (len(index),)) for name, part in found.items()}
    frame = pd.DataFrame(columns, index=index)
    return frame if len(found) > 1 else frame[next(iter(found))]


def _on_arrays(formula: Valued, values: Mapping[str, Any], compute: Callable[[dict[str, Any]], Any]) -> Any:
    import xarray as xr

    given = {}
    for name, value in values.items():
        if isinstance(value, xr.DataArray):
            given[name] = value
        elif np.ndim(value) == 0:
            given[name] = xr.DataArray(as_float64(name, value))
        else:
            raise TypeError(f"{name} is an array without dims beside DataArrays; give it as a DataArray with dims")
    names = list(given)
    try:
        aligned = xr.broadcast(*xr.align(*given.values(), join="exact"))
    except ValueError as error:
        raise ValueError(f"the coordinates of {', '.join(names)} do not agree: {error}") from None
    found = _parts(formula, compute({name: each.values for name, each in zip(names, aligned, strict=True)}))
    shape, coordinates = aligned[0], _coordinates(given)
    arrays = {
        name: xr.DataArray(np.broadcast_to(part, shape.shape).copy(), dims=shape.dims, coords=coordinates,
                           name=name, attrs=attributes(formula))
        for name, part in found.items()
    }
    return xr.Dataset(arrays, attrs=attributes(formula)) if len(found) > 1 else next(iter(arrays.values()))


def _coordinates(given: Mapping[str, xr.DataArray]) -> dict[Any, Any]:
    """Those of all arguments. Indices of dims agree; of the others, what has one name and two contents (a scalar that
    was selected) is left out. One that is named as an argument says what the argument was."""
    indices = {dim for array in given.values() for dim in array.dims}
    every: dict[Any, Any] = {}
    clash = set()
    for array in given.values():
        for name, coordinate in array.coords.items():
            if name in every and name not in indices and not every[name].equals(coordinate.variable):
                clash.add(name)
            every[name] = coordinate.variable
    kept = {name: coordinate for name, coordinate in every.items() if name not in clash}
    for name, array in given.items():
        if name in kept and name not in indices and not kept[name].equals(array.variable):
            kept[name] = array.variable
    return kept


def _parts(formula: Valued, value: Any) -> dict[str, Any]:
    """The value by its name, or the fields of a result that has several."""
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return {short_name(formula.name): value}


def attributes(formula: Valued) -> dict[str, str]:
    """What a variable says of its origin, as the data sets of `simulate` do."""
    return {"formula": formula.name, "long_name": formula.statement, "latex": formula.letter}


def dataset(formula: Valued, values: Mapping[str, Any]) -> xr.Dataset:
    """The formula on the grid of its arguments: each one given as a sequence becomes a dim of its name.

    Others are scalar coordinates. ModuleNotFoundError without xarray.
    """
    require_installed("data sets need", "xarray", extra="notebook")
    import xarray as xr

    complete = formula.domain.complete(values, formula.name)
    axes = {}
    for name, value in complete.items():
        array = as_float64(name, value)
        if array.ndim > 1:
            raise ValueError(f"{name} has {array.ndim} dimensions; an axis of the grid is a sequence of numbers")
        entry = formula.domain.entry(name)
        axes[name] = xr.DataArray(array, dims=[name] if array.ndim else [], attrs={"long_name": entry.meaning})
    result: Any = formula(**axes)
    named = result if isinstance(result, xr.Dataset) else result.to_dataset()
    return named.assign_coords(axes).assign_attrs(attributes(formula))


def table(formula: Valued, values: Mapping[str, Any]) -> pd.DataFrame:
    """`dataset` as rows: a column for each argument, and one for each value of the formula."""
    grid = dataset(formula, values)
    swept = [name for name in formula.arguments if name in grid.dims]
    if not swept:
        grid = grid.expand_dims(formula.arguments[0])
        swept = [formula.arguments[0]]
    frame = grid.to_dataframe(dim_order=swept).reset_index()
    return frame[[*formula.arguments, *(str(name) for name in grid.data_vars)]]
