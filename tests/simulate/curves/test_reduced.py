"""Curves drawn from exact laws: against curves of networks, what they store, and bad settings."""

import json
from typing import Any

import numpy as np
import pytest

from asymptotics import limited_samples
from asymptotics.calibration import assert_agrees, compare_two_samples
from asymptotics.schedule import linear, ornstein_uhlenbeck, square_root, trigonometric
from simulate import Mixture, compare
from simulate.curves import (
    denoiser as denoiser_curves,
    generation as generation_curves,
    reduced_denoiser as reduced_denoiser_curves,
    reduced_generation as reduced_generation_curves,
)
from simulate.gram import networks
from simulate.runs import load, save

MIXTURE = Mixture(d=2000, sigma=0.9, radius=1.3)
SETTINGS: dict[str, Any] = {"n": [2, 4], "ridge": 0.4, "draws": 2, "seed": 7, "keep_runs": True}


def test_curves_drawn_from_laws_agree_with_curves_of_networks() -> None:
    """Where no label flips: every variable at every n and t, means of 160 data sets against 20 000."""
    times = [0.25, 0.5, 0.75]
    measured = denoiser_curves(
        MIXTURE, schedule=linear, times=times, seeds=160, fresh=64, progress=False, **SETTINGS
    )
    drawn = reduced_denoiser_curves(MIXTURE, schedule=linear, times=times, seeds=20_000, **SETTINGS)
    assert not measured.label_flips.any()
    assert set(drawn.data_vars) == {name for name in measured.data_vars if "label_flips" not in str(name)}
    assert set(drawn.coords) == set(measured.coords)
    for name in networks.Denoisers._fields:
        assert drawn[name].attrs == measured[name].attrs and drawn[name].dims == measured[name].dims
        runs = [each[f"{name}_runs"].transpose("seed", "n", "t").values for each in (measured, drawn)]
        verdict = compare_two_samples(
            *runs, comparisons=6, scale=np.abs(drawn[name].values).max() + np.zeros((2, 3))
        )
        print(name, verdict)
        assert_agrees(verdict, within=0.10)


def test_flows_drawn_from_laws_agree_with_flows_of_networks() -> None:
    """Up to alpha = 0.19; nearer the data end networks of this size have flipped labels at times."""
    measured = generation_curves(MIXTURE, schedule=trigonometric, steps=16, seeds=100, progress=False, **SETTINGS)
    drawn = reduced_generation_curves(
        MIXTURE, schedule=trigonometric, times=measured.t.values, seeds=20_000, **SETTINGS
    )
    assert set(drawn.data_vars) == {name for name in measured.data_vars if "label_flips" not in str(name)}
    assert all(drawn[name].attrs == measured[name].attrs for name in drawn.data_vars)
    assert all(drawn[name].dims == measured[name].dims for name in drawn.data_vars)
    for name in networks.Flows._fields:
        values = [
            each[f"{name}_runs"].isel(t=[5, 10, 14]).transpose("seed", "n", "t").values for each in (measured, drawn)
        ]
        verdict = compare_two_samples(
            *values, comparisons=4, bias=1e-4, scale=np.full((2, 3), np.abs(values[1]).mean(axis=0).max())
        )
        print(name, verdict)
        assert_agrees(verdict, within=0.10)


def test_compare_reads_them_and_says_what_was_not_checked() -> None:
    """At d = 1e7 with 4000 data sets: the limit itself, far sharper than networks could show it."""
    large = Mixture(d=10**7, sigma=0.9, radius=1.3)
    changed = {**SETTINGS, "n": [2, 8, 10**6], "keep_runs": False, "seeds": 4000, "times": [0.1, 0.5, 0.9]}
    denoisers = reduced_denoiser_curves(large, schedule=linear, **changed)
    law = reduced_generation_curves(large, schedule=linear, **changed)
    names = (*networks.Denoisers._fields, *networks.Generated._fields, *networks.Flows._fields)
    for name in names:
        dataset = denoisers if name in denoisers else law
        found = compare(dataset, getattr(limited_samples, name), comparisons=len(names))
        assert bool(found.passed.all()), found.attrs["verdict"]
        assert "exact law given the labels; label checks off" in found.attrs["verdict"]
        seen = float(found.detectable.max() / np.abs(found.theory).max())
        print(f"{name}: largest MDD {100 * seen:.2g} % of the largest value")
        assert seen < 1e-3, name


def test_provenance_and_storage(tmp_path: Any) -> None:
    dataset = reduced_generation_curves(MIXTURE, schedule=linear, times=[0.5, 1.0], seeds=3, **SETTINGS)
    record = json.loads(dataset.attrs["provenance"])["settings"]
    assert record["method"] == dataset.attrs["method"] == "exact law given the labels; label checks off"
    assert (record["kind"], record["times"], record["draws"]) == ("generation", [0.5, 1.0], 2)
    assert load(save(dataset, tmp_path / "a.nc")).identical(dataset)
    again = reduced_generation_curves(
        MIXTURE, schedule=linear, times=[1.0], seeds=3, **{**SETTINGS, "n": [4]}
    )
    assert np.array_equal(again.flow_noise_runs.values[0, :, 0], dataset.flow_noise_runs.sel(n=4, t=1.0).values)
    plain = reduced_generation_curves(MIXTURE, schedule=linear, times=[0.5], seeds=3, skip=False, **SETTINGS)
    assert [n for n in plain.data_vars if "formula" in plain[n].attrs] == ["mean_error"]
    wrong = reduced_denoiser_curves(MIXTURE, schedule=linear, times=[0.5], seeds=3, skip=False, **SETTINGS)
    assert not any("formula" in wrong[name].attrs for name in wrong.data_vars)


def test_without_skip_the_law_is_its_formula() -> None:
    dataset = reduced_generation_curves(
        Mixture(d=10**6, sigma=0.9, radius=1.3), schedule=linear, times=[1.0], seeds=4000, skip=False, **SETTINGS
    )
    found = compare(dataset, limited_samples.no_skip_error)
    assert bool(found.passed.all()) and found.attrs["detectable_relative_max"] < 1e-3


@pytest.mark.parametrize("curves", [reduced_denoiser_curves, reduced_generation_curves])
@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"mixture": 5}, TypeError, "mixture must be a Mixture"), ({"n": []}, ValueError, "n is empty"),
        ({"n": [1], "draws": 1}, ValueError, "not attained"), ({"seeds": 1}, ValueError, "no standard error"),
        ({"times": [1.5]}, ValueError, "t = 1.5, outside"), ({"skip": None}, TypeError, "skip = None"),
        ({"mixture": Mixture(d=10**20, sigma=1.0)}, ValueError, "d = 1" + "0" * 20),
        ({"executor": None}, TypeError, "unexpected keyword argument 'executor'"),
    ],
)
def test_bad_settings(curves: Any, change: dict[str, Any], error: type[Exception], words: str) -> None:
    arguments = {**SETTINGS, "mixture": MIXTURE, "schedule": linear, "times": [0.5], "seeds": 3, **change}
    with pytest.raises(error, match=words):
        curves(arguments.pop("mixture"), **arguments)


def test_schedules_without_a_noise_and_a_data_end_are_refused() -> None:
    with pytest.raises(ValueError, match="must run from noise to data"):
        reduced_generation_curves(MIXTURE, schedule=ornstein_uhlenbeck, times=[0.5], seeds=3, **SETTINGS)
    drawn = reduced_generation_curves(MIXTURE, schedule=square_root, times=[0.0, 1.0], seeds=3, **SETTINGS)
    straight = reduced_generation_curves(MIXTURE, schedule=linear, times=[0.0, 1.0], seeds=3, **SETTINGS)
    assert np.allclose(drawn.flow_noise, straight.flow_noise, atol=1e-15)
