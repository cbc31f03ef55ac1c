"""Data sets of curves: shape, seeds, provenance, storage, and comparison with a theory."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr

import simulate
from asymptotics import limited_samples
from asymptotics.schedule import linear, ornstein_uhlenbeck, square_root, trigonometric
from simulate import Mixture, Point, compare
from simulate.autoencoder import overlaps, solve, training_loss
from simulate.runs import durable, load, save
from simulate.seeds import child
from simulate.training import AdamRecipe, ExactLearner, GradientDescent

MIXTURE = Mixture(d=150, sigma=0.9, radius=1.2)
COMMON: dict[str, Any] = {"ridge": 0.2, "seeds": 3, "seed": 7, "draws": 2, "progress": False}
NAMES = ("skip", "overlap_mean", "overlap_noise", "overlap_sample", "training_loss", "test_error")


def denoiser(**change: Any) -> xr.Dataset:
    arguments = {"n": [2, 4], "schedule": linear, "times": [0.3, 0.6], **COMMON, **change}
    return simulate.curves.denoiser(arguments.pop("mixture", MIXTURE), **arguments)


def generation(**change: Any) -> xr.Dataset:
    arguments = {"n": [2, 4], "schedule": linear, "steps": 4, **COMMON, **change}
    return simulate.curves.generation(arguments.pop("mixture", MIXTURE), **arguments)


def test_a_point_of_the_curves_is_what_one_network_measures() -> None:
    runs = denoiser(keep_runs=True)
    for n in (2, 4):
        for k in range(3):
            samples = MIXTURE.sample(n=n, draws=2, seed=child(child(7, 150, n, 2, k), 0))
            network = solve(samples, Point(0.4, 0.6), ridge=0.2).network
            at = {"n": n, "seed": k, "t": 0.6}
            found = [float(runs[f"{name}_runs"].sel(n=n, t=0.6).isel(seed=k)) for name in NAMES[:5]]
            loss = training_loss(network, samples, Point(0.4, 0.6), ridge=0.2)
            assert found == pytest.approx([*overlaps(network, samples, Point(0.4, 0.6)), loss], rel=1e-12), at


def test_means_and_standard_errors_are_over_data_sets() -> None:
    for dataset in (denoiser(keep_runs=True), generation(keep_runs=True)):
        for name in [str(name) for name in dataset.data_vars if f"{name}_runs" in dataset]:
            runs = dataset[f"{name}_runs"]
            assert np.allclose(dataset[name], runs.mean("seed"), atol=1e-14)
            spread = runs.std("seed", ddof=1) / 3**0.5
            assert np.allclose(dataset[f"{name}_stderr"], spread, atol=1e-14)
            assert dataset[name].dims in (("n",), ("n", "t"))


def test_every_variable_names_its_formula_and_every_argument_is_a_coordinate() -> None:
    for dataset, names in (
        (denoiser(), NAMES),
        (generation(), ("mean_error", "generated_variance", "mean_cosine", "flow_mean", "flow_noise",
                        "flow_sample", "flow_variance")),
    ):
        found = {array.attrs["formula"] for array in dataset.data_vars.values() if "formula" in array.attrs}
        assert found == {f"limited_samples.{name}" for name in names}
        assert {"alpha", "beta", "dalpha", "dbeta", "n", "sigma", "ridge", "draws", "radius", "d", "t"} <= (
            set(dataset.coords)
        )
        assert np.allclose(dataset.alpha, 1 - dataset.t) and np.all(dataset.dbeta == 1.0)


def test_numbers_depend_on_the_grid_point_only() -> None:
    whole = denoiser()
    turned = denoiser(n=[4, 2], times=[0.6])
    xr.testing.assert_identical(
        whole.drop_attrs().sel(t=[0.6]), turned.drop_attrs().sel(n=[2, 4])
    )
    with ThreadPoolExecutor(2) as executor:
        xr.testing.assert_identical(whole, denoiser(executor=executor))
        xr.testing.assert_identical(generation(), generation(executor=executor))
    assert not np.allclose(whole.skip, denoiser(seed=8).skip)
    assert not np.allclose(whole.skip, denoiser(mixture=Mixture(d=151, sigma=0.9, radius=1.2)).skip)


def test_trained_curves_are_reproducible_and_near_the_exact_ones() -> None:
    recipe = AdamRecipe(iterations=1500)
    first, second = (denoiser(recipe=recipe, n=[4], seeds=2) for _ in range(2))
    xr.testing.assert_identical(first, second)
    exact = denoiser(n=[4], seeds=2)
    assert np.allclose(first.overlap_mean, exact.overlap_mean, atol=2e-2)
    assert json.loads(first.attrs["provenance"])["settings"]["recipe"]["kind"] == "AdamRecipe"


def test_generation_is_the_cluster_law_of_its_data() -> None:
    from simulate.autoencoder import cluster_law

    dataset = generation(keep_runs=True)
    samples = MIXTURE.sample(n=4, draws=2, seed=child(child(7, 150, 4, 2, 1), 0))
    law = cluster_law(
        ExactLearner(samples=samples, schedule=linear, ridge=0.2), samples, linear, np.linspace(0, 1, 5)
    )
    run = dataset.sel(n=4).isel(seed=1)
    assert float(run.mean_error_runs) == pytest.approx(law.centre_error, rel=1e-12)
    assert float(run.mean_cosine_runs) == pytest.approx(law.centre_cosine, rel=1e-12)
    assert np.allclose(run.flow_variance_runs, law.factor**2, rtol=1e-12)
    assert np.allclose(run.flow_noise_runs, law.overlaps[:, 1], atol=1e-13)


def test_without_skip_only_the_generated_error_has_a_formula() -> None:
    dataset = generation(skip=False)
    found = {
        name: array.attrs["formula"] for name, array in dataset.data_vars.items() if "formula" in array.attrs
    }
    assert found == {"mean_error": "limited_samples.no_skip_error"}
    assert not any("formula" in array.attrs for array in denoiser(skip=False).data_vars.values())


def test_derivatives_that_diverge_are_left_out() -> None:
    dataset = denoiser(schedule=square_root, times=[0.0, 0.5])
    assert "alpha" in dataset.coords and "dalpha" not in dataset.coords


def test_provenance_tells_how_to_do_it_again() -> None:
    record = json.loads(generation().attrs["provenance"])
    assert record["settings"] == {
        "d": 150, "sigma": 0.9, "radius": 1.2, "p": 0.5, "n": [2, 4], "ridge": 0.2, "draws": 2,
        "seeds": 3, "seed": 7, "skip": True, "recipe": None, "activation": "sign", "kind": "generation",
        "schedule": "linear", "steps": 4, "method": "ralston",
        "seed_rule": "SeedSequence(seed, spawn_key=(d, n, draws, run))",
    }
    assert record["versions"]["torch"] == torch.__version__
    assert record["versions"]["numpy"] == np.__version__
    assert {"commit", "modified", "label_flips"} <= set(record)
    assert 0.0 <= record["label_flips"] <= 1.0


def test_saved_and_loaded_is_the_same(tmp_path: Path) -> None:
    dataset = denoiser(keep_runs=True)
    place = save(dataset, tmp_path / "new" / "folder" / "curves.nc")
    xr.testing.assert_identical(load(place), dataset)
    save(generation(), place)
    assert "mean_error" in load(place)
    assert [each.name for each in place.parent.iterdir()] == ["curves.nc"]


def test_a_save_that_dies_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = denoiser()
    place = save(dataset, tmp_path / "curves.nc")

    def die(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(durable, "_flush", die)
    with pytest.raises(KeyboardInterrupt):
        save(generation(), place)
    xr.testing.assert_identical(load(place), dataset)
    assert [each.name for each in tmp_path.iterdir()] == ["curves.nc"]


def test_bad_storage(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no data set at"):
        load(tmp_path / "none.nc")
    with pytest.raises(TypeError, match="dataset must be"):
        save({"a": 1}, tmp_path / "a.nc")  # type: ignore[arg-type]


class Theory:
    """A stand-in for a formula: what `compare` asks of one."""

    def __init__(self, name: str, arguments: tuple[str, ...], value: Any) -> None:
        self.name, self.arguments, self._value = name, arguments, value

    def __call__(self, **arguments: Any) -> Any:
        assert set(arguments) == set(self.arguments)
        return self._value(**arguments)


def test_compare_gives_each_argument_its_place() -> None:
    dataset = denoiser()
    theory = Theory(
        "limited_samples.skip", ("n", "alpha", "ridge"), lambda n, alpha, ridge: n + 10 * alpha + ridge
    )
    found = compare(dataset, theory, false_failure=0.01)
    expected = dataset.n + 10 * dataset.alpha + 0.2
    assert found.theory.dims == ("n", "t") and np.allclose(found.theory, expected)
    assert np.allclose(found.difference, dataset.skip - expected)
    assert np.allclose(found.zscore, found.difference / dataset.skip_stderr)
    assert not found.passed.any() and "FAILED" in found.attrs["verdict"]
    assert found.attrs["provenance"] == dataset.attrs["provenance"]


def test_compare_passes_the_truth_and_fails_beyond_what_it_says_it_sees() -> None:
    dataset = denoiser(n=[4], seeds=40)
    truth = dataset.skip.values

    def shifted(by: np.ndarray) -> xr.Dataset:
        return compare(dataset, Theory("limited_samples.skip", ("alpha",), lambda alpha: truth + by))

    at_truth = shifted(0 * truth)
    assert bool(at_truth.passed.all())
    detectable = at_truth.detectable.values
    assert bool(shifted(0.5 * detectable).passed.all())
    assert not bool(shifted(-1.001 * detectable).passed.any())


def test_compare_where_nothing_varies() -> None:
    """At the start of the flow every run is exactly 0 and 1: no z-score is undefined."""
    dataset = generation()
    theory = Theory("limited_samples.flow_variance", ("t",), lambda t: np.where(t == 0, 1.0, 9.0))
    start = compare(dataset, theory)
    assert np.all(start.zscore.isel(t=0) == 0.0) and bool(start.passed.isel(t=0).all())
    wrong = compare(dataset, Theory("limited_samples.flow_variance", ("t",), lambda t: 1.1 + t))
    assert np.all(np.isneginf(wrong.zscore.isel(t=0))) and not bool(wrong.passed.isel(t=0).any())


def flat(name: str, value: float) -> Theory:
    return Theory(f"limited_samples.{name}", (), lambda: value)


def test_the_verdict_tells_of_flipped_labels() -> None:
    """Near the noise end the minimiser for the true labels does not reproduce them."""
    found = compare(denoiser(times=[0.001, 0.6], draws=1), flat("skip", 0.0)).attrs["verdict"]
    assert "label_flips" in found and "for the given labels and not self-consistent" in found
    plain = compare(denoiser(mixture=Mixture(d=2000, sigma=0.9), draws=1), flat("skip", 0.0))
    assert "label_flips" not in plain.attrs["verdict"]


def test_trainings_that_stopped_short_are_told_in_data_provenance_and_verdict() -> None:
    short = AdamRecipe(iterations=3)
    for dataset, dims, name in (
        (denoiser(recipe=short), ("n", "t"), "skip"), (generation(recipe=short), ("n",), "mean_error"),
    ):
        assert dataset.unconverged.dims == dataset.excess_loss.dims == dims
        assert bool((dataset.unconverged == 1.0).all()) and bool((dataset.excess_loss > 0.001).all())
        record = json.loads(dataset.attrs["provenance"])
        assert (record["unconverged"], record["converged_excess"]) == (1.0, 0.001)
        verdict = compare(dataset, flat(name, 0.0)).attrs["verdict"]
        assert "unconverged 100 %" in verdict and "not minimisers" in verdict
    done = denoiser(recipe=GradientDescent(), n=[4], mixture=Mixture(d=2000, sigma=0.9), times=[0.5], seeds=2)
    assert not done.unconverged.any() and bool((abs(done.excess_loss) < 1e-8).all())
    assert "unconverged" not in compare(done, flat("skip", 0.0)).attrs["verdict"]
    assert "unconverged" not in denoiser()


def test_compare_states_the_largest_relative_discrepancy_that_could_hide() -> None:
    dataset = denoiser()
    found = compare(dataset, Theory("limited_samples.skip", ("alpha",), lambda alpha: 1.0 + alpha))
    assert found.attrs["detectable_relative_max"] == pytest.approx(float(found.detectable_relative.max()), rel=0)
    start = compare(generation(), Theory("limited_samples.flow_mean", ("t",), lambda t: t))
    assert 0 < start.attrs["detectable_relative_max"] < np.inf
    assert compare(dataset, flat("skip", 0.0)).attrs["detectable_relative_max"] == 0.0


def test_the_tolerance_comes_from_the_fluctuation_formula_where_there_is_one() -> None:
    dataset = denoiser(n=[4], seeds=40, mixture=Mixture(d=2000, sigma=0.9))
    known, sampled = (compare(dataset, limited_samples.skip, spread=each) for each in (None, "sample"))
    assert (known.attrs["spread"], sampled.attrs["spread"]) == ("fluctuation", "sample")
    assert "from the fluctuation formula" in known.attrs["verdict"] and bool(known.passed.all())
    arguments = {name: dataset[name].values for name in limited_samples.skip.arguments}
    expected = limited_samples.skip.fluctuation(**{**arguments, "n": 4}) / (2000 * 40) ** 0.5
    assert np.allclose(known.stderr.squeeze(), expected, rtol=1e-12)
    assert np.allclose(sampled.stderr, dataset.skip_stderr) and np.allclose(sampled.stderr, known.stderr, rtol=0.6)
    assert bool((known.detectable < sampled.detectable * known.stderr / sampled.stderr).all())
    with pytest.raises(ValueError, match="spread = 'samples' must be None or one of fluctuation, sample"):
        compare(dataset, limited_samples.skip, spread="samples")
    with pytest.raises(ValueError, match="test_error has no fluctuation formula; use spread='sample'"):
        compare(dataset, limited_samples.test_error, spread="fluctuation")


def test_bad_comparisons() -> None:
    dataset = denoiser()
    with pytest.raises(LookupError, match=r"no variable of this data set measures 'x.y'"):
        compare(dataset, Theory("x.y", (), lambda: 0.0))
    with pytest.raises(ValueError, match="needs kappa"):
        compare(dataset, Theory("limited_samples.skip", ("kappa",), lambda kappa: kappa))
    with pytest.raises(ValueError, match="varies along t, but mean_error"):
        compare(generation(), Theory("limited_samples.mean_error", ("t",), lambda t: t))
    with pytest.raises(ValueError, match="without skip_stderr"):
        compare(dataset.drop_vars("skip_stderr"), Theory("limited_samples.skip", (), lambda: 0.0))
    with pytest.raises(TypeError, match=r"must be an xarray.Dataset"):
        compare({}, Theory("limited_samples.skip", (), lambda: 0.0))  # type: ignore[arg-type]


@pytest.mark.parametrize("curves", [denoiser, generation])
@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"mixture": 5}, TypeError, "mixture must be a Mixture"),
        ({"n": []}, ValueError, "n is empty"),
        ({"n": 4}, TypeError, "n = 4 must be a sequence"),
        ({"n": "24"}, TypeError, "n = .2. must be an integer"),
        ({"mixture": Mixture(d=10**11, sigma=1.0)}, MemoryError, "d = 100000000000 with n = 4 and draws = 2"),
        ({"ridge": 1e13}, ValueError, r"ridge = 10000000000000.0 must be <= 1e\+12"),
        ({"seeds": 10**7}, ValueError, "seeds = 10000000 must be <= 1000000"),
        ({"n": [2, 2]}, ValueError, "holds a number twice"),
        ({"n": [2.5]}, TypeError, "n = 2.5 must be an integer"),
        ({"n": [1], "draws": 1}, ValueError, "not attained"),
        ({"ridge": -1.0}, ValueError, "ridge = -1.0"),
        ({"draws": 0}, ValueError, "draws = 0"),
        ({"seeds": 1}, ValueError, "no standard error"),
        ({"seed": -1}, ValueError, "seed = -1"),
        ({"activation": "tanh"}, ValueError, "activation = 'tanh'"),
        ({"recipe": "adam"}, TypeError, "recipe must be None"),
        ({"executor": 2}, TypeError, "executor must be"),
        ({"stroe": 2}, TypeError, "unexpected keyword argument 'stroe'"),
        ({"schedule": ornstein_uhlenbeck, "times": [99.0, 1.0]}, ValueError, "ornstein|increase"),
    ],
)
def test_bad_settings(
    curves: Any, change: dict[str, Any], error: type[Exception], words: str
) -> None:
    if curves is generation:
        change = {name: value for name, value in change.items() if name != "times"}
    with pytest.raises(error, match=words):
        curves(**change)


def test_bad_settings_of_one_kind() -> None:
    with pytest.raises(ValueError, match=r"t = 1.2, outside"):
        denoiser(times=[1.2])
    with pytest.raises(ValueError, match="fresh = 1 must be >= 2"):
        denoiser(fresh=1)
    with pytest.raises(ValueError, match="steps = 0"):
        generation(steps=0)
    with pytest.raises(ValueError, match="did you mean 'midpoint'"):
        generation(method="middlepoint")
    with pytest.raises(ValueError, match="diverges at t = 0"):
        generation(schedule=square_root)
    assert generation(schedule=trigonometric).sizes == {"n": 2, "t": 5}
