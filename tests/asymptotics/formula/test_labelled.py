"""Formulas on pandas and xarray: the labels of what goes in are on what comes out, the numbers those of arrays."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings, strategies as st

from asymptotics import limited_samples, phases
from asymptotics.testing import arguments

FIRST = {"n_plus": 13, "n_minus": 3, "sigma": 1, "ridge_u": 0.1, "ridge_w": 0.5}
error = limited_samples.mean_error
SERIES = pd.Series([2.0, 4.0, 8.0], index=["a", "b", "c"])


@settings(max_examples=30)
@given(st.lists(arguments(error), min_size=1, max_size=5), st.booleans())
def test_rows_of_a_table(points: list[dict[str, float]], shuffled: bool) -> None:
    table = pd.DataFrame(points, index=[f"row {len(points) - i}" for i in range(len(points))])
    found = error(**(table.iloc[::-1] if shuffled else table))
    assert found.name == "mean_error"
    for label, row in table.iterrows():
        assert found[label] == error(**row)


@settings(max_examples=30)
@given(arguments(error), st.integers(1, 4), st.integers(1, 3))
def test_arrays_broadcast_by_dims(point: dict[str, float], rows: int, columns: int) -> None:
    n = xr.DataArray(point["n"] + np.arange(rows), dims="n", coords={"n": np.arange(rows)})
    sigma = xr.DataArray(point["sigma"] * np.arange(1.0, columns + 1), dims="noise")
    found = error(**{**point, "sigma": sigma, "n": n})
    assert set(found.dims) == {"n", "noise"} and found.attrs["formula"] == error.name
    wanted = error(**{**point, "n": n.values[:, None], "sigma": sigma.values[None, :]})
    np.testing.assert_array_equal(found.transpose("n", "noise").values, wanted)
    np.testing.assert_array_equal(found["n"].values, np.arange(rows))


def test_several_values_are_columns_or_variables() -> None:
    s = pd.Series([0.5, 1.0, 2.0], index=[3, 1, 2])
    frame = phases.first_phase(**FIRST, s=s)
    assert list(frame.index) == [3, 1, 2] and {"omega", "b", "r", "m", "q", "objective"} <= set(frame)
    plain = phases.first_phase(**FIRST, s=s.to_numpy())
    np.testing.assert_array_equal(frame["m"], plain.m)
    found = phases.first_phase(**FIRST, s=xr.DataArray(s.to_numpy(), dims="clock"))
    assert isinstance(found, xr.Dataset) and found["omega"].dims == ("clock",)
    np.testing.assert_array_equal(found["omega"], plain.omega)


def test_the_grid_of_arguments_is_a_data_set_and_a_table() -> None:
    grid = error.dataset(n=[2, 4, 8], sigma=[1.0, 2.0], ridge=0.1)
    assert grid["mean_error"].dims == ("n", "sigma") and float(grid["ridge"]) == 0.1 and float(grid["draws"]) == 1
    assert grid.attrs["formula"] == error.name and grid["n"].attrs["long_name"].startswith("number of data")
    assert float(grid["mean_error"].sel(n=4, sigma=2.0)) == error(n=4, sigma=2, ridge=0.1)
    table = error.table(n=[2, 4, 8], sigma=[1.0, 2.0], ridge=0.1)
    assert list(table) == ["n", "sigma", "ridge", "draws", "radius", "mean_error"] and len(table) == 6
    for _, row in table.iterrows():
        assert row["mean_error"] == error(**row[list(error.arguments)])
    assert len(error.table(n=2, sigma=1, ridge=0.1)) == 1
    several = phases.first_phase.table(**FIRST, s=[1.0, 2.0])
    assert len(several) == 2 and several["objective"].is_monotonic_decreasing


def test_a_data_set_of_a_formula_goes_through_another() -> None:
    grid = error.dataset(n=[2, 4, 8], sigma=[1.0, 2.0], ridge=0.1)
    ratio = grid["mean_error"] / limited_samples.bayes_error(n=grid["n"], sigma=grid["sigma"])
    assert ratio.dims == ("n", "sigma") and (ratio > 1).all()


def test_coordinates_are_kept_and_say_what_was_computed() -> None:
    """Scalar coordinates, which anything selected or simulated carries, neither cost an index nor outlive a change."""
    grid = error.dataset(n=[2.0, 8.0], sigma=[0.5, 1.5], ridge=0.1)
    found = error(n=grid["n"], sigma=1.5, ridge=99.0)
    assert list(found["n"].values) == [2.0, 8.0] and float(found["ridge"]) == 99.0 and found.dims == ("n",)
    assert float(found.sel(n=8.0)) == error(n=8.0, sigma=1.5, ridge=99.0)
    turned = error(n=grid["n"][::-1], sigma=1.5, ridge=0.1)
    gap = grid["mean_error"].sel(sigma=1.5) - turned
    np.testing.assert_array_equal(gap, [0.0, 0.0])
    run = error(n=grid["n"].assign_coords(run=7), sigma=grid["sigma"].assign_coords(run=8), ridge=0.1)
    assert "run" not in run.coords and set(run.coords) >= {"n", "sigma", "ridge"} and run.dims == ("n", "sigma")
    one = error(n=grid["n"].sel(n=8.0), sigma=grid["sigma"], ridge=0.1)
    assert float(one["n"]) == 8.0 and one.dims == ("sigma",)


REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: error(n=SERIES, sigma=pd.Series([1.0, 2.0, 3.0]), ridge=0.1), ValueError, "indices of n and sigma differ"),
    (lambda: error(n=SERIES, sigma=[1.0, 2.0], ridge=0.1), ValueError, "sigma has the shape (2,) beside a Series of 3"),
    (lambda: error(n=SERIES, sigma=SERIES.to_xarray(), ridge=0.1), TypeError, "n is of pandas and sigma of xarray"),
    (lambda: error(n=SERIES.to_frame(), sigma=1, ridge=0.1), TypeError, "n is a DataFrame, which has many columns"),
    (lambda: error(n=SERIES.index, sigma=1, ridge=0.1), TypeError, "n"),
    (lambda: error(n=xr.DataArray([1.0, 2.0], dims="n"), sigma=[1.0, 2.0], ridge=0.1), TypeError,
     "sigma is an array without dims"),
    (lambda: error(n=xr.DataArray([1.0, 2.0], dims="n"), sigma=xr.DataArray([1.0], dims="n"), ridge=0.1), ValueError,
     "the coordinates of n, sigma, ridge do not agree"),
    (lambda: error(n=-SERIES, sigma=1, ridge=0.1), ValueError, "n[0] = -2.0 is not allowed"),
    (lambda: error(n=SERIES.replace(4.0, np.nan), sigma=1, ridge=0.1), ValueError, "n[1] = nan is not allowed"),
    (lambda: error(n=SERIES, sigma=1), TypeError, "needs ridge"),
    (lambda: error(n=SERIES.astype(str), sigma=1, ridge=0.1), TypeError, "n = "),
    (lambda: error(n=SERIES, sigma=1, ridge=0.1, lambda_=1), TypeError, "no argument 'lambda_'"),
    (lambda: error.dataset(n=[[1.0, 2.0]], sigma=1, ridge=0.1), ValueError, "n has 2 dimensions"),
    (lambda: error.table(n=[1.0, 2.0], sigma=1), TypeError, "needs ridge"),
]


@pytest.mark.parametrize(("make", "error_type", "told"), REFUSED, ids=[told for _, _, told in REFUSED])
def test_what_is_refused(make: Callable[[], Any], error_type: type[Exception], told: str) -> None:
    with pytest.raises(error_type, match=re.escape(told)):
        make()


def test_a_plain_call_imports_neither_library() -> None:
    code = (
        "import sys; from asymptotics import limited_samples as t; t.mean_error(n=[2, 4], sigma=1, ridge=.1); "
        "sys.exit(any(name in sys.modules for name in ('pandas', 'xarray', 'matplotlib')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
