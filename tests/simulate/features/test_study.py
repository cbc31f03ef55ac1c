"""The experiment on real images: its pieces against brute force, the whole of it on a truth that is known, its bits."""

import copy
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given, strategies as st
from torch import nn

from asymptotics.schedule import linear, ornstein_uhlenbeck, variance_preserving
from simulate import Mixture, features
from simulate.features import StudyPlan, compare_trainings, expected_gain
from simulate.features.plan import away
from simulate.flow import MixtureField
from simulate.images import Images, UNet, digits
from simulate.runs import PointsFailed, Store, load, save, workers
from simulate.training import FitRecipe, PiecewiseTimes, uniform_times

TWO = digits().only(0, 1)
PLAN = StudyPlan(
    network=partial(UNet, width=8), recipe=FitRecipe(updates=8, batch=8), budgets=(3, 8), turns=4, clones=2,
    turn_steps=4, count=60, steps=6, classifier=FitRecipe(updates=60, rate=3e-3, average=0.9),
    weights={0: 0.8, 1: 0.2}, trainings=("uniform", "interval", "wrong", "weighted"),
)


def _same(one: xr.Dataset, two: xr.Dataset) -> None:
    assert one.drop_attrs().identical(two.drop_attrs())


@pytest.fixture(scope="module")
def small() -> xr.Dataset:
    return features.run_study(TWO, plan=PLAN, seeds=2, seed=3, progress=False)


def test_what_comes_out(small: xr.Dataset, tmp_path: Path) -> None:
    assert small["share"].dims == ("seed", "training", "budget", "label")
    assert small["fraction"].dims == ("seed", "t", "start", "label")
    np.testing.assert_allclose(small["share"].sum("label"), 1.0)
    np.testing.assert_allclose(small["fraction"].sum("label"), 1.0)
    np.testing.assert_allclose(small["target"], [[0.8, 0.2]] * 2, atol=0.01)
    gap = 0.5 * abs(small["share"] - small["target"]).sum("label")
    np.testing.assert_allclose(small["share_error"], gap)
    assert (small["begin"].sel(training="uniform") == 0).all() and (small["end"].sel(training="uniform") == 1).all()
    length = small["end"] - small["begin"]
    inside = small["inside"]
    np.testing.assert_allclose(inside.sel(training="uniform"), length.sel(training="interval"))
    np.testing.assert_allclose(inside.sel(training=["interval", "weighted"]), 0.5)
    assert (inside.sel(training="wrong") < 0.5).all()
    np.testing.assert_allclose(length.sel(training="wrong"), length.sel(training="interval"))
    # Distances of the images trained on: those of a class from held out ones of it are about 0.
    assert (abs(small["distance_floor"]) < 0.3).all()
    _same(load(save(small, tmp_path / "study.nc")), small)


def test_the_martingale_by_hand(small: xr.Dataset) -> None:
    one = small.isel(seed=1)
    model = one["share"].sel(training="uniform").isel(budget=-1)
    mean = sum(
        float(model[a]) * one["fraction"].sel(start=str(label)) for a, label in enumerate(small["label"].values)
    )
    gap = one["martingale"] - mean
    assert float(abs(gap - gap.isel(t=0)).max()) < 1e-12  # What is left is the share seen, the same at every time.


def test_workers_and_interruptions_leave_the_bits(small: xr.Dataset, tmp_path: Path) -> None:
    """Stages of a store are taken up again, whatever of them is lost."""
    store = tmp_path / "store"
    with workers(2) as executor:
        again = features.run_study(
            TWO, plan=PLAN, seeds=2, seed=3, progress=False, executor=executor, store=store
        )
        _same(again, small)
    stages = {each.name for each in store.iterdir()}
    assert stages == {
        "checkpoints", "classifiers", "training_uniform", "U-turns_0", "U-turns_1",
        "training_interval_wrong_weighted", "generation",
    }
    with pytest.raises(FileExistsError, match="resume"):
        features.run_study(TWO, plan=PLAN, seeds=2, seed=3, progress=False, store=store)
    for lost in (*(store / "training_uniform").glob("*.npz"), *(store / "generation").glob("*")):
        if lost.name != "manifest.json":
            lost.unlink()
    again = features.run_study(TWO, plan=PLAN, seeds=2, seed=3, progress=False, store=Store(store, resume=True))
    _same(again, small)


def test_other_settings_are_refused(tmp_path: Path) -> None:
    plan = copy.copy(PLAN)
    features.run_study(TWO, plan=plan, seed=3, progress=False, store=tmp_path)
    other = StudyPlan(**{**vars(PLAN), "clones": 3})
    with pytest.raises(ValueError, match="other"):
        features.run_study(TWO, plan=other, seed=3, progress=False, store=Store(tmp_path, resume=True))


class _Exact(nn.Module):
    """The noise that the exact field of a mixture predicts; a parameter that does nothing, so that it can be fitted."""

    def __init__(self, mixture: Mixture) -> None:
        super().__init__()
        self.mixture = mixture
        self.idle = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        field, flat = MixtureField(self.mixture, variance_preserving), x.flatten(1)
        found = torch.empty_like(flat)
        for moment in t.unique().tolist():
            rows = t == moment
            alpha, beta = (float(each) for each in variance_preserving.mix(moment))
            found[rows] = (flat[rows] - beta * field.denoiser(flat[rows], moment)) / alpha
        return found.reshape(x.shape) + 0.0 * self.idle


def _ahead(points: torch.Tensor) -> torch.Tensor:
    """Label 1 where the mean of the pixels is positive."""
    return (points.flatten(1).sum(dim=1) > 0).long()


def test_a_truth_that_is_known() -> None:
    """A mixture as images, and a network that is exact: interval, shares and martingale are the theory's.

    Tolerances: 6 standard errors (2e-9 each, 23 comparisons: below 1e-6 in all) and .02, what the steps leave.
    """
    from scipy.optimize import brentq

    from asymptotics import phases

    law = Mixture(d=36, sigma=0.15, radius=0.25, p=0.7)
    generator = np.random.default_rng(5)
    labels = generator.integers(0, 2, 3000)
    points = (2 * labels - 1)[:, None] * law.mean().numpy() + law.sigma * generator.standard_normal((3000, law.d))
    assert np.abs(points).max() < 1, "the mixture does not fit into [-1, 1]: make it narrower"
    images = Images(pixels=torch.from_numpy(points.reshape(-1, 1, 6, 6)), labels=torch.from_numpy(labels))
    plan = StudyPlan(
        network=partial(_Exact, law), recipe=FitRecipe(updates=1, batch=2), budgets=(1,), turns=10, turn_steps=60,
        clones=2, count=4000, steps=100, augment=None, weights={0: 0.3, 1: 0.7}, trainings=("uniform",),
    )
    found = features.run_study(images, plan=plan, classify=_ahead, seed=6, progress=False).isel(seed=0)
    share = found["share"].sel(label=1, training="uniform", budget=1)
    assert float(abs(share - 0.7)) < 6 * float(found["share_stderr"].sel(label=1).squeeze()) + 0.02
    assert (abs(found["martingale"]) < 6 * found["martingale_stderr"] + 0.02).all()

    def excess(t: float, level: float) -> float:
        alpha, beta = (float(each) for each in variance_preserving.mix(t))
        s = phases.speciation(alpha=alpha, beta=beta, sigma=law.sigma, d=law.d, radius=law.radius)
        return float(phases.uturn_sde_plus(p=0.7, s=s) - phases.uturn_sde_minus(p=0.7, s=s)) - level

    assert bool(found["determined"])
    for end, level in (("part", 0.1), ("saturate", 0.9)):
        exact = brentq(excess, 1e-3, 0.999, args=(level,))
        assert abs(float(found[end]) - exact) < 6 * float(found[f"{end}_stderr"]) + 0.02


def test_a_density_of_one_s_own() -> None:
    """Beside the others, and the same as uniform times where it is."""
    plan = StudyPlan(**{**vars(PLAN), "trainings": ("uniform",), "starts": 5, "own": {
        "mine": uniform_times(), "late": PiecewiseTimes((0.0, 0.2, 1.0), (0.9, 0.1)),
    }})
    found = features.run_study(TWO, plan=plan, seed=1, progress=False)
    assert found["training"].values.tolist() == ["uniform", "mine", "late"]
    uniform, mine, late = (found["picture"].sel(training=each).values for each in found["training"].values)
    assert np.array_equal(uniform, mine) and not np.array_equal(uniform, late)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no accelerator")
def test_on_an_accelerator() -> None:
    """An MNIST-size network without another line of code; the same digits as on the processor, up to float32."""
    images = Images(pixels=torch.rand(40, 1, 28, 28) * 2 - 1, labels=torch.arange(40) % 2)
    plan = StudyPlan(**{**vars(PLAN), "network": None, "weights": None})
    found = features.run_study(images.to(device="cuda"), plan=plan, seed=1, progress=False)
    assert found["picture"].shape[-2:] == (28, 28)
    here, there = (
        features.run_study(TWO.to(device=each), plan=PLAN, seed=1, progress=False)["picture"].isel(budget=0)
        for each in ("cpu", "cuda")
    )
    np.testing.assert_allclose(here.sel(training="uniform"), there.sel(training="uniform"), atol=0.05)


def test_ten_classes() -> None:
    plan = StudyPlan(**{**vars(PLAN), "weights": None, "trainings": ("uniform", "interval")})
    found = features.run_study(digits(), plan=plan, seed=1, progress=False)
    assert found.sizes["label"] == found.sizes["start"] == 10
    np.testing.assert_allclose(found["target"].sum("label"), 1.0)
    assert found["confusion"].sum() == found["confusion"].sum("said").sum() > 300


class _Bad(nn.Module):
    """A network, or a classifier, that does one thing wrong."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor, t: torch.Tensor | None = None) -> torch.Tensor:
        if self.what == "nan":
            return x * self.weight * float("nan")
        return {"shape": (x * self.weight)[:, :, :2], "scores": torch.zeros(len(x), 5)}.get(self.what, x[:, 0, 0, 0])


def _zeros(points: torch.Tensor) -> torch.Tensor:
    return torch.zeros(len(points), dtype=torch.int64)


def _seven(points: torch.Tensor) -> torch.Tensor:
    return torch.full((len(points),), 7)


@pytest.mark.parametrize(("change", "error", "words"), [
    ({"plan": {"network": partial(_Bad, "nan")}}, FloatingPointError, "look at what _Bad gives"),
    ({"plan": {"network": partial(_Bad, "shape")}}, ValueError, "_Bad maps .* both must agree"),
    ({"classify": _Bad("scores")}, TypeError, r"classify must give an int64 tensor \(\d+,\)"),
    ({"classify": _seven}, ValueError, r"classify gives the label 7, none of labels = \(0, 1\)"),
    ({"images": digits().only(3)}, ValueError, "images are all of class 3"),
    ({"images": TWO.take([0, 1])}, ValueError, "class 0 has 1 image"),
    ({"plan": {"weights": {0: 1.0, 5: 1.0}}}, ValueError, r"must name the classes \(0, 1\), all of them"),
    ({"seeds": 0}, ValueError, "seeds = 0"),
    ({"plan": {"budgets": (8, 3)}}, ValueError, "increasing"),
    ({"plan": {"budgets": (3, 9)}}, ValueError, "the recipe after 8 updates"),
    ({"plan": {"trainings": ("interval",)}}, ValueError, "must begin with 'uniform'"),
    ({"plan": {"trainings": ("uniform", "intervall")}}, ValueError, "did you mean 'interval'"),
    ({"plan": {"share": 0.0}}, ValueError, "share = 0"),
    ({"plan": {"turns": 1}}, ValueError, "turns = 1"),
    ({"plan": {"share": 1.0}}, ValueError, "share = 1 leaves no times outside the interval"),
    ({"plan": {"weights": {0: 1.0}}}, ValueError, r"weights = .0: 1.0. must name the classes \(0, 1\), all of them"),
    ({"images": TWO.take([*range(8)]), "plan": {"weights": None}}, ValueError, "class [01] leaves [01] image.s. to"),
    ({"plan": {"method": "heun"}}, ValueError, "clones = 2 with method = 'heun'"),
    ({"plan": {"schedule": ornstein_uhlenbeck}}, ValueError, "noise_end = 1: there beta/alpha = 0.4 of the data is"),
    ({"plan": {"schedule": linear, "predicts": "velocity", "method": "euler_maruyama"}}, ValueError, "diverges at t"),
    ({"plan": {"network": UNet(width=8)}}, TypeError, "network must make a network each time .*, not be a UNet"),
    ({"plan": {"network": partial(int, 3)}}, TypeError, "network makes a int; it must make a torch.nn.Module"),
    ({"plan": {"own": [3]}}, TypeError, "own must map names to densities of times, not be a list"),
    ({"plan": {"own": {"mine": uniform_times(-1, 1)}}}, ValueError, "outside of the schedule's"),
    ({"images": TWO.pixels}, TypeError, "images must be simulate.images.Images, not Tensor"),
    ({"classify": _zeros}, ValueError, r"classifier _zeros \(seed 0\) does not tell the classes apart on held out"),
    ({"classify": nn.Dropout()}, ValueError, "classifier Dropout is in training mode"),
    ({"classify": lambda x: x, "store": "nowhere"}, TypeError, "classify cannot be known again by a store"),
    ({"plan": {"own": {"wrong": uniform_times()}}}, ValueError, "own = .'wrong': .* has a name that is taken"),
    ({"plan": {"own": {"a/b": uniform_times()}}}, ValueError, "no plain word"),
    ({"plan": {"own": {"mine": 3}}}, TypeError, "must be a density of times"),
    ({"plan": {"schedule": linear}}, ValueError, "leaves the velocity open at the noise end t = 0, where beta = 0"),
    ({"plan": {"noise_end": 0}}, ValueError, "noise_end = 0 must lie in .* away from the data at 0"),
    ({"plan": {"noise_end": -1}}, ValueError, "noise_end = -1 must lie in"),
])
def test_bad_input(change: dict[str, Any], error: type[Exception], words: str) -> None:
    given = {"images": TWO, "seed": 1, "progress": False, **change}
    with pytest.raises(error, match=words):
        features.run_study(**{**given, "plan": StudyPlan(**{**vars(PLAN), **given.get("plan", {})})})


def test_what_workers_cannot_get_is_said_at_once() -> None:
    with workers(2) as executor, pytest.raises(TypeError, match="plan cannot be sent to worker processes"):
        features.run_study(
            TWO, plan=StudyPlan(**{**vars(PLAN), "network": lambda: UNet(width=8)}), seed=1, progress=False,
            executor=executor,
        )


def test_functions_made_in_a_call_will_do_here() -> None:
    """Without workers and without a store nothing needs a name."""
    plan = StudyPlan(**{**vars(PLAN), "network": lambda: UNet(width=8), "trainings": ("uniform",)})
    assert "lambda" in features.run_study(TWO, plan=plan, seed=1, progress=False).attrs["provenance"]


def test_failures_are_named(tmp_path: Path) -> None:
    plan = StudyPlan(**{**vars(PLAN), "network": partial(_Bad, "nan")})
    with pytest.raises(PointsFailed, match="training uniform, seed 1: FloatingPointError") as found:
        features.run_study(TWO, plan=plan, seeds=2, seed=1, progress=False, store=tmp_path)
    assert len(str(found.value)) < 1000


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(-3.0, 3.0), st.floats(0.1, 10.0))
def test_the_wrong_interval_is_as_far_away_as_can_be(one: float, two: float, low: float, length: float) -> None:
    high = low + length
    begin, end = sorted((low + one * length, low + two * length))
    found = away((begin, end), (low, high))
    assert found[1] - found[0] == pytest.approx(end - begin, abs=1e-9)
    assert low - 1e-9 <= found[0] <= found[1] <= high + 1e-9

    def overlap(first: float) -> float:
        return max(0.0, min(first + end - begin, end) - max(first, begin))

    others = np.linspace(low, high - (end - begin), 101)
    assert overlap(found[0]) <= min(overlap(each) for each in others) + 1e-9 * length


def test_what_more_updates_should_bring(small: xr.Dataset) -> None:
    """Errors that fall as updates^-0.7, by hand."""
    error = xr.zeros_like(small["share_error"]) + 3.0 * small["budget"] ** -0.7
    study = small.assign(share_error=error, determined=("seed", [True, True]))
    exponent, gain = expected_gain(study)
    ratio = study["inside"].mean("seed") / study["inside"].mean("seed").sel(training="uniform")
    assert exponent == pytest.approx(0.7)
    np.testing.assert_allclose(gain, ratio**0.7)
    with pytest.raises(ValueError, match="two budgets or more"):
        expected_gain(study.isel(budget=[0]))


def test_comparisons_by_hand(small: xr.Dataset) -> None:
    from scipy.stats import ttest_rel

    whole = small.assign(determined=("seed", [True, True]))
    found = compare_trainings(whole)
    assert found.attrs == {"seeds": 2, "confidence": 0.95}
    cell = {"training": "wrong", "budget": 8}
    one, base = (whole["share_error"].sel({**cell, "training": each}).values for each in ("wrong", "uniform"))
    test = ttest_rel(one, base).confidence_interval(0.95)
    assert float(found["share_error_change_low"].sel(cell)) == pytest.approx(test.low)
    assert float(found["share_error_change_high"].sel(cell)) == pytest.approx(test.high)
    header, rows = features.table(whole)
    assert len(rows) == 2 * 4 and all(len(row) == len(header) for row in rows)
    single = compare_trainings(whole.isel(seed=[1]))
    assert single.attrs["seeds"] == 1 and set(single) == {"share_error", "distance"}
    assert features.table(whole.isel(seed=[1]))[0][:3] == ("updates", "training", "class error")
    with pytest.raises(ValueError, match="no seed has a determined interval"):
        compare_trainings(small.assign(determined=("seed", [False, False])))
    lacking = whole["distance"].where(~((whole["label"] == 1) & (whole["budget"] == 3)))
    assert "too few" in {cell for row in features.table(whole.assign(distance=lacking))[1] for cell in row}
