"""A data set beside the theory: difference, z-score, and what the data could have seen."""

from __future__ import annotations

import html
from typing import Any, Protocol

import numpy as np
import xarray as xr

from asymptotics import calibration


class Formula(Protocol):
    """What is asked of a formula: its name, its arguments, and its value by keyword."""

    @property
    def name(self) -> str: ...

    @property
    def arguments(self) -> tuple[str, ...]: ...

    def __call__(self, **arguments: Any) -> Any: ...


SPREADS = ("fluctuation", "sample")


def compare(
    dataset: xr.Dataset, formula: Formula, *, spread: str | None = None,
    false_failure: float = calibration.FALSE_FAILURE, comparisons: int = 1, power: float = calibration.POWER,
) -> Comparison:
    """Hold the variable whose attribute ``formula`` names this formula against its values.

    Arguments are taken from the coordinates of the same names. Variables of the result, over the
    dims of the measured one: measured, stderr, theory, difference, zscore, detectable (smallest
    discrepancy seen with probability ``power``), detectable_relative, passed. The false-failure
    rate is split over all points and over ``comparisons`` such calls. The theory is for d ->
    infinity: a difference of order 1/d, and that of a coarse integration, is a true one.

    ``spread`` says what the tolerance comes from, see `standard_error`. With "fluctuation" the spread is known,
    which sees smaller discrepancies than one estimated from few data sets.

    Attributes: ``verdict``, which notebooks show: the Verdict's text and what the data set says against itself
    (labels flipped, trainings that did not converge, labels not looked at); ``detectable_relative_max``, the largest
    detectable_relative of the points where the theory is not 0 (0.0 where it is 0 everywhere).
    """
    if not isinstance(dataset, xr.Dataset):
        raise TypeError(f"dataset must be an xarray.Dataset, not {type(dataset).__name__}")
    if not hasattr(formula, "arguments"):
        raise TypeError(f"formula must be a Formula, such as asymptotics.limited_samples.skip, not {formula!r}")
    measured = _variable(dataset, formula.name)
    theory = _values(dataset, formula, measured)
    _refuse_discontinuity(dataset, formula)
    stderr = standard_error(dataset, formula, spread=spread)
    known = stderr.attrs["spread"] == "fluctuation"
    verdict = calibration.judge(
        measured.values, theory.values, stderr.values, dof=float("inf") if known else int(dataset["seeds"]) - 1,
        false_failure=false_failure, comparisons=comparisons, power=power,
    )
    found = {
        "measured": measured.values, "stderr": stderr.values, "theory": theory.values,
        "difference": verdict.difference, "zscore": verdict.z, "detectable": verdict.detectable,
        "detectable_relative": verdict.relative, "passed": verdict.passed_each,
    }
    visible = verdict.relative[theory.values != 0.0]
    attributes = {
        "formula": formula.name, "spread": stderr.attrs["spread"],
        "verdict": "\n".join([str(verdict), f"  {_SAYS[stderr.attrs['spread']]}", *_reservations(dataset)]),
        "false_failure": false_failure, "power": power,
        "detectable_relative_max": float(visible.max()) if visible.size else 0.0,
        **{name: value for name, value in dataset.attrs.items() if name == "provenance"},
    }
    variables = {name: (measured.dims, values) for name, values in found.items()}
    return Comparison(variables, measured.coords, attributes)


class Comparison(xr.Dataset):  # type: ignore[no-untyped-call]
    """What `compare` found: a data set that notebooks show with the verdict above it."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.attrs.get('verdict', ''))}</pre>{super()._repr_html_()}"


def _refuse_discontinuity(dataset: xr.Dataset, formula: Formula) -> None:
    """The error on fresh data jumps at beta = 0, where no sign can be predicted; the formula is the limit beta -> 0."""
    if formula.name.endswith(("test_error", "oracle_error")) and "beta" in dataset.coords:
        blank = np.atleast_1d(dataset["beta"].values == 0.0)
        if blank.any() and "t" in dataset["beta"].dims:
            time = float(dataset["t"].values[int(np.argmax(blank))])
            raise ValueError(
                f"{formula.name} at t = {time:g}, beta = 0, is the limit beta -> 0 after d -> infinity, which no "
                f"experiment at beta = 0 shows: a fresh sign cannot be predicted there; leave that time out "
                f"(dataset.sel(t=dataset.t[dataset.beta > 0]))"
            )


_SAYS = {
    "fluctuation": "standard errors from the fluctuation formula",
    "sample": "standard errors from the spread of the data sets",
}


def standard_error(dataset: xr.Dataset, formula: Formula, *, spread: str | None = None) -> xr.DataArray:
    """The standard error of the mean over data sets of what ``formula`` is measured by.

    ``spread`` "fluctuation": the formula's fluctuation / sqrt(d seeds), leading order as d -> infinity; "sample": that
    of the runs; None: the first where the formula has one, else the second. The attribute ``spread`` says which.
    """
    measured = _variable(dataset, formula.name)
    fluctuation: Formula | None = getattr(formula, "fluctuation", None)
    if spread is not None and spread not in SPREADS:
        raise ValueError(f"spread = {spread!r} must be None or one of {', '.join(SPREADS)}")
    if spread == "fluctuation" and fluctuation is None:
        raise ValueError(f"{formula.name} has no fluctuation formula; use spread='sample'")
    if spread == "sample" or fluctuation is None:
        return dataset[f"{measured.name}_stderr"].assign_attrs(spread="sample")
    errors: xr.DataArray = _values(dataset, fluctuation, measured) / float(dataset["d"] * dataset["seeds"]) ** 0.5
    return errors.assign_attrs(spread="fluctuation")


def _reservations(dataset: xr.Dataset) -> list[str]:
    """What a reader of the verdict must know of these data: shares that are not 0, and what was not checked."""
    lines = [
        f"  {name} {100 * float(dataset[name].mean()):.3g} % (largest {100 * float(dataset[name].max()):.3g} %): "
        f"{dataset[name].attrs.get('note', '')}"
        for name in ("label_flips", "unconverged") if name in dataset and bool((dataset[name] > 0).any())
    ]
    return lines + ([f"  {dataset.attrs['method']}"] if "method" in dataset.attrs else [])


def _variable(dataset: xr.Dataset, name: str) -> xr.DataArray:
    known = {
        str(array.attrs["formula"]): array for array in dataset.data_vars.values()
        if "formula" in array.attrs
    }
    if name not in known:
        raise LookupError(
            f"no variable of this data set measures {name!r}; those measured are: "
            f"{', '.join(sorted(known)) or 'none'}"
        )
    array = known[name]
    if f"{array.name}_stderr" not in dataset or "seeds" not in dataset.coords:
        raise ValueError(f"{array.name} comes without {array.name}_stderr or the coordinate seeds")
    return array


def _values(dataset: xr.Dataset, formula: Formula, measured: xr.DataArray) -> xr.DataArray:
    """The formula at the coordinates of ``measured``."""
    missing = [name for name in formula.arguments if name not in dataset.coords]
    if missing:
        raise ValueError(
            f"{formula.name} needs {', '.join(missing)}, which this data set does not have among "
            f"its coordinates: {', '.join(str(name) for name in dataset.coords)}"
        )
    given = {name: dataset[name].reset_coords(drop=True) for name in formula.arguments}
    dims = {str(dim) for each in given.values() for dim in each.dims}
    foreign = sorted(dims - {str(dim) for dim in measured.dims})
    if foreign:
        raise ValueError(
            f"{formula.name} varies along {', '.join(foreign)}, but {measured.name} was measured "
            f"over ({', '.join(str(dim) for dim in measured.dims)})"
        )
    broadcast = {name: each.broadcast_like(measured).values for name, each in given.items()}
    return xr.DataArray(formula(**broadcast), dims=measured.dims, coords=measured.coords)
