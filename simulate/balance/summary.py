"""The experiment on the balance of modes as a table: for each method what all of its seeds hold."""

from __future__ import annotations

import numpy as np
import xarray as xr


def off_on_the_way(study: xr.Dataset) -> xr.DataArray:
    """Differences of modes' weights from the data's at the records of the last half of training."""
    last = study["path"].sel(iteration=slice(study["iteration"].values[-1] / 2, None))
    found: xr.DataArray = abs(last - study["data_weight"])
    return found


def worst_on_the_way(study: xr.Dataset) -> xr.DataArray:
    """The largest of `off_on_the_way`, (training, seed); NaN where a record has none."""
    return off_on_the_way(study).max(("iteration", "mode"), skipna=False)


def table(study: xr.Dataset) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """A header and rows of text: ranges over seeds, of the first mode's weight, and the worst of what has a bar.

    The first row is the model at first; weights are those of the model where they are measured, else of its chains with
    everything frozen.
    """
    known = "weight" in study
    weight = study["weight" if known else "sampled_weight"]
    header = ("method", *(f"weight {k}" for k in study["mode"].values), "off by", "at worst, 2nd half", "KL",
              "acceptance", "R-hat", "jump rate", "local acceptance")
    if not known:
        header = tuple(each for each in header if each not in ("KL", "at worst, 2nd half"))
    rows = [("data", *(_range(study["data_weight"].sel(mode=k)) for k in study["mode"].values))]
    if known:
        start = study.isel(training=0, iteration=0)
        shares = [start["path"].sel(mode=k) for k in study["mode"].values]
        off = abs(start["path"] - study["data_weight"]).max("mode")
        rows.append(("at first", *map(_range, shares), _worst(off), "", _worst(start["path_divergence"], 3)))
    for method in study["training"].values:
        own = study.sel(training=method)
        row = [str(method), *(_range(weight.sel(training=method, mode=k)) for k in study["mode"].values)]
        row.append(_worst(own["error"]))
        if known:
            row += [_worst(worst_on_the_way(study).sel(training=method)), _worst(own["divergence"], 3)]
        row += [
            _least(own["acceptance"]), _worst(own["rhat"], 3), f"{float(own['jump_rate'].mean()):.2g}",
            _least(own["stepped"].isel(iteration=-1)),
        ]
        rows.append(tuple(row))
    return header, [(*row, *[""] * (len(header) - len(row))) for row in rows]


def _range(values: xr.DataArray) -> str:
    found = values.values
    if np.isnan(found).any():
        return "unknown"
    low, high = f"{found.min():.3f}", f"{found.max():.3f}"
    return low if low == high else f"{low} .. {high}"


def _worst(values: xr.DataArray, digits: int = 4) -> str:
    found = values.values
    return "unknown" if np.isnan(found).any() else f"{found.max():.{digits}f}"


def _least(values: xr.DataArray) -> str:
    found = values.values
    return "" if np.isnan(found).any() else f"{found.min():.2f}"
