"""Learning curves as data sets."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from asymptotics.schedule import linear
from simulate import Mixture, curves
from simulate.gram import descend, draw_span
from simulate.runs import load, save
from simulate.seeds import child
from simulate.training import AdamRecipe, StochasticGradientDescent

RECIPE = StochasticGradientDescent(batch=2, iterations=25, record_every=10)


def _curves(**change: Any) -> xr.Dataset:
    settings: dict[str, Any] = {
        "n": [2, 4], "ridge": 0.2, "schedule": linear, "times": [0.3, 0.6], "recipe": RECIPE, "seeds": 3, "seed": 5,
        "progress": False, **change,
    }
    return curves.learning(settings.pop("mixture", Mixture(d=10**6, sigma=1.1)), **settings)


def test_what_is_in_it(tmp_path: Path) -> None:
    data = _curves(keep_runs=True)
    assert data.overlap_mean.dims == ("n", "t", "iteration")
    assert data.overlap_mean_runs.dims == ("n", "seed", "t", "iteration")
    assert data.iteration.values.tolist() == [0, 10, 20, 25]
    span = draw_span(n=4, d=10**6, sigma=1.1, seeds=3, seed=5)
    one = descend(span, linear.at(0.6), recipe=RECIPE, ridge=0.2, seed=child(5, 10**6, 4, 1, 7))
    assert np.array_equal(data.overlap_mean_runs.sel(n=4, t=0.6), one.overlap_mean)
    assert np.allclose(data.test_error.sel(n=4, t=0.6), one.test_error.mean(axis=0))
    provenance = json.loads(data.attrs["provenance"])["settings"]
    assert provenance["recipe"]["kind"] == "StochasticGradientDescent" and provenance["kind"] == "learning"
    xr.testing.assert_identical(load(save(data, tmp_path / "x.nc")), data)


def test_any_executor_gives_the_same() -> None:
    with ThreadPoolExecutor(2) as executor:
        xr.testing.assert_identical(_curves(executor=executor), _curves())


def test_curves_in_d_dimensions_know_the_recipe() -> None:
    """The same recipe in d dimensions, a fresh network for every time."""
    data = curves.denoiser(
        Mixture(d=50, sigma=1.0), n=[4], ridge=0.2, schedule=linear, times=[0.5], seeds=2, seed=1, progress=False,
        recipe=StochasticGradientDescent(iterations=2000, step=0.2),
    )
    assert float(data.excess_loss.max()) < 1.0 and "StochasticGradientDescent" in data.attrs["provenance"]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"recipe": AdamRecipe()}, TypeError, "train it in d dimensions"),
        ({"recipe": None}, TypeError, "must be a StochasticGradientDescent, not NoneType"),
        ({"recipe": StochasticGradientDescent(batch=3)}, ValueError, r"batch = 3 must be <= n \* draws = 2"),
        ({"times": [0.6, 0.3]}, ValueError, "times"),
        ({"seeds": 1}, ValueError, "one data set has no standard error"),
        ({"activation": "relu"}, ValueError, "activation"),
        ({"n": [1]}, ValueError, "not attained"),
        ({"fresh": 64}, TypeError, "unexpected keyword argument 'fresh'"),
    ],
)
def test_bad_input(change: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        _curves(**change)
