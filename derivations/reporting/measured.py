"""What the stories measured, as the explorer draws it: over one argument, the others set."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import xarray as xr

from asymptotics.explorer import TIME, Experiment
from asymptotics.formula import Formula

_SCHEDULE = {"t", "alpha", "beta", "dalpha", "dbeta"}


def experiments(result: xr.Dataset, formula: Formula, title: str) -> Iterator[Experiment]:
    """The comparison of a data set with a formula, a curve for each combination of the other arguments.

    Curves over time are for the linear schedule: of another the explorer has no axis, and they are left out, as is what
    was measured at one point alone.
    """
    dims = [str(dim) for dim in result["measured"].dims]
    x = "t" if "t" in dims else max(dims, key=lambda dim: result.sizes[dim], default="")
    if not x or result.sizes[x] < 2 or x not in {"t", *formula.arguments}:
        return
    if "t" in result.coords and not _linear(result):
        return
    others = [dim for dim in dims if dim != x]
    for place in product(*(range(result.sizes[dim]) for dim in others)):
        yield _experiment(result.isel(dict(zip(others, place, strict=True))), formula, x, others, title)


def _linear(result: xr.Dataset) -> bool:
    return "beta" in result.coords and bool(np.allclose(result["beta"], result["t"], rtol=0.0, atol=1e-12))


def _experiment(part: xr.Dataset, formula: Formula, x: str, others: list[str], title: str) -> Experiment:
    settings = {
        name: float(part[name]) for name in formula.arguments
        if name in part.coords and not part[name].dims and name != x and not (x == "t" and name in _SCHEDULE)
    }
    label = ", ".join(f"{name} = {float(part[name]):g}" for name in others if name in part.coords)
    rows = [(float(a), float(b), float(c)) for a, b, c in zip(
        part[x].values, part["measured"].values, part["stderr"].values, strict=True,
    ) if np.isfinite([a, b, c]).all()]
    full = f"{title}: {label}" if label else title
    return Experiment(formula.name, full, TIME if x == "t" else x, settings, rows, d=_dimension(part))


def _dimension(part: xr.Dataset) -> Any:
    return float(part["d"]) if "d" in part.coords and not part["d"].dims else None
