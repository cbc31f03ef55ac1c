"""The experiment on the balance of modes: its measurements against what is known, its bits, every target, bad input."""

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from simulate import balance, energy
from simulate.__main__ import main
from simulate.balance import BalancePlan, digit_target, image_target, worst_on_the_way
from simulate.balance.tasks import ModelEvaluator
from simulate.energy import (
    NEGATIVES,
    Checkerboard,
    EnergyModel,
    EnergyRecipe,
    Moons,
    Negatives,
    Rings,
    many_modes,
    ring_of_modes,
    two_modes,
)
from simulate.images import digits
from simulate.runs import Store, load, save, workers
from simulate.sampler import WAYS, GaussianMixtureLaw
from simulate.seeds import child
from simulate.training import FitRecipe

RECIPE = EnergyRecipe(iterations=20, chains=16, batch=16, prefit=5, record_every=10)
PLAN = BalancePlan(
    recipe=RECIPE, n=400, widths=(16,), transforms=2, hidden=(8,), count=500, watched=500, chains=8, moves=16, warm=2,
    fitted=FitRecipe(updates=5, batch=64),
)
LIMIT = 6.0
"""Standard errors allowed."""


def _same(one: xr.Dataset, two: xr.Dataset) -> None:
    assert one.drop_attrs().identical(two.drop_attrs())


@pytest.fixture(scope="module")
def small() -> xr.Dataset:
    return balance.run_study(two_modes(2), plan=PLAN, seeds=2, seed=3, progress=False)


def test_what_comes_out(small: xr.Dataset, tmp_path: Path) -> None:
    assert small["weight"].dims == ("training", "seed", "mode") and small["path"].sizes["iteration"] == 3
    np.testing.assert_allclose(small["weight"].sum("mode"), 1.0)
    np.testing.assert_allclose(small["path"].sum("mode"), 1.0)
    np.testing.assert_allclose(small["sampled_weight"].sum("mode"), 1.0)
    np.testing.assert_allclose(small["target_weight"], [[0.8, 0.2]] * 2, rtol=1e-6)
    off = abs(small["weight"] - small["data_weight"]).max("mode")
    np.testing.assert_array_equal(small["error"], off.transpose("training", "seed"))
    assert small["gradients"].values.tolist() == [6, 6] and small["iteration"].values.tolist() == [0, 10, 20]
    assert np.isnan(small["acceptance"].sel(training="pcd")).all()
    assert (small["acceptance"].sel(training="flow") > 0).all()
    assert (worst_on_the_way(small) >= abs(small["path"] - small["data_weight"]).isel(iteration=-1).max("mode")).all()
    _same(load(save(small, tmp_path / "study.nc")), small)


def test_methods_of_a_seed_begin_alike_and_seeds_differ(small: xr.Dataset) -> None:
    first = small["path"].isel(iteration=0)
    np.testing.assert_array_equal(first.sel(training="flow"), first.sel(training="pcd"))
    assert (small["path"].isel(iteration=-1).sel(training="flow") != small["path"].isel(iteration=-1, training=1)).any()
    assert float(abs(first.diff("seed")).min()) > 0 and float(abs(small["data_weight"].diff("seed")).min()) > 0


def test_the_same_bits_on_workers_in_stores_and_alone(small: xr.Dataset, tmp_path: Path) -> None:
    with workers(2) as executor:
        kept = balance.run_study(
            two_modes(2), plan=PLAN, seeds=2, seed=3, progress=False, executor=executor, store=Store(tmp_path / "kept"),
        )
    _same(kept, small)
    again = Store(tmp_path / "kept", resume=True)
    _same(balance.run_study(two_modes(2), plan=PLAN, seeds=2, seed=3, progress=False, store=again), small)
    alone = balance.run_study(two_modes(2), plan=replace(PLAN, methods=("pcd",)), seeds=1, seed=3, progress=False)
    _same(alone, small.sel(training=["pcd"], seed=[0]))


# -- what is measured -----------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [2, 5])
def test_a_model_that_is_right_measures_as_right(d: int) -> None:
    """The target itself as the base, and no energy."""
    target = two_modes(d, p=0.7)
    model = EnergyModel(energy.network(d, widths=(4,)), target)
    evaluator = ModelEvaluator(target, PLAN, target.sample(100, seed=0), model.base, child(1))
    found = evaluator.evaluate(model, 20_000, None)
    np.testing.assert_allclose(found["weight"], target.weights, atol=1e-5 if d == 2 else LIMIT * 0.003)
    # That of the target is of 100 000 points.
    np.testing.assert_allclose(found["variance"], 1.0, atol=LIMIT * (2 / (0.3 * 1e5 * d)) ** 0.5 + 0.01)
    assert abs(float(found["divergence"])) < 1e-3


def test_weights_divergence_and_variance_of_a_model_that_is_wrong() -> None:
    """Known wrong weights and widths, in the plane by quadrature and above by importance: KL of two mixtures whose
    modes do not touch is sum_k w_k (ln w_k/v_k + KL of the modes)."""
    for d in (2, 6):
        target = two_modes(d, p=0.7)
        centre = target.means if d == 2 else target.means * 3
        law = GaussianMixtureLaw.isotropic(centre, 0.7, [0.7, 0.3])
        wrong = GaussianMixtureLaw.isotropic(centre, 0.77, [0.4, 0.6])
        model = EnergyModel(energy.network(d, widths=(4,)), wrong)
        evaluator = ModelEvaluator(law, PLAN, law.sample(100, seed=0), wrong, child(1))
        found = evaluator.evaluate(model, 20_000, None)
        ratio = (0.7 / 0.77) ** 2
        wanted = 0.7 * np.log(0.7 / 0.4) + 0.3 * np.log(0.3 / 0.6) + d / 2 * (ratio - 1 - np.log(ratio))
        np.testing.assert_allclose(found["weight"], [0.4, 0.6], atol=1e-6 if d == 2 else LIMIT * 0.006)
        np.testing.assert_allclose(found["variance"], 1 / ratio, rtol=0.05)
        assert abs(float(found["divergence"]) - wanted) < LIMIT * float(found["divergence_stderr"])
        assert float(found["divergence_stderr"]) < 0.05 * wanted


def test_starts_are_as_many_in_each_mode() -> None:
    target = two_modes(2, p=0.95)
    data = target.sample(400, seed=1)
    evaluator = ModelEvaluator(target, PLAN, data, GaussianMixtureLaw.fit(data), child(1))
    counts = np.bincount(target.mode(evaluator.spread(64, child(2))).numpy())
    assert counts.tolist() == [32, 32]
    np.testing.assert_allclose(evaluator.data_weight, np.bincount(target.mode(data).numpy()) / 400)


def test_what_cannot_be_told_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer effective points than weights need, populations that disagree: NaN in the data set, "unknown" in the table.
    """
    monkeypatch.setattr("simulate.sampler.mode_weights.FEWEST", 1e9)
    monkeypatch.setattr("simulate.sampler.annealing._GUESS", 0.0)
    with pytest.warns(UserWarning, match="weights of a model are missing: populations disagree"):
        found = balance.run_study(two_modes(3), plan=replace(PLAN, methods=("pcd",)), progress=False)
    assert np.isnan(found["weight"]).all() and np.isnan(found["path"]).all() and np.isnan(found["error"]).all()
    assert any("unknown" in cell for row in balance.table(found)[1] for cell in row)


def test_where_importance_is_lost_points_follow_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """An energy that is linear tilts a target's modes by exp(-+2 a), less what it pushes over their border."""
    law = GaussianMixtureLaw.isotropic(torch.tensor([[4.0, 0.0, 0.0], [-4.0, 0.0, 0.0]]), 1.0, [0.7, 0.3])
    linear = torch.nn.Linear(3, 1, bias=False)
    torch.nn.init.zeros_(linear.weight)
    linear.weight.data[0, 0] = 0.5
    evaluator, model = ModelEvaluator(law, PLAN, law.sample(100, seed=0), law, child(1)), EnergyModel(linear, law)
    odds = 0.7 / 0.3 * np.exp(-0.5 * 8.0)
    exact = odds / (1 + odds)
    for follow in (False, True):
        monkeypatch.setattr("simulate.sampler.mode_weights.FEWEST", 1e9 if follow else 1.0)
        found = evaluator.evaluate(model, 20_000, None)
        # The tilted modes are at 3.5 and -4.5: 2e-4 of the first is beyond. Eight populations: 16 errors are 1e-6.
        assert abs(found["weight"][0] - exact) < 16 * found["weight_stderr"][0] + 3e-4
        assert 0 < found["weight_stderr"][0] < 0.01 and (found["effective"] < 2000) == follow
        assert WAYS[int(found["measured_by"])] == ("annealing" if follow else "importance")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert np.isnan(evaluator.watch(model)["weight_0"])
    assert not told


def test_modes_too_narrow_for_a_grid_are_weighed_by_importance() -> None:
    """Forty widths of the data apart and a hundredth wide: no grid sees them; the weights are right all the same."""
    law = GaussianMixtureLaw.isotropic(torch.tensor([[100.0, 0.0], [-100.0, 0.0]]), 0.05, [0.7, 0.3])
    model = EnergyModel(energy.network(2, widths=(4,)), law)
    evaluator = ModelEvaluator(law, PLAN, law.sample(100, seed=0), law, child(1))
    found = evaluator.evaluate(model, 20_000, None)
    assert found["effective"] < 1e5 and abs(float(found["divergence"])) < 1e-3
    np.testing.assert_allclose(found["weight"], [0.7, 0.3], atol=LIMIT * 0.004)


def test_a_mode_without_data_is_no_end() -> None:
    """The learning rate of two modes is missing for that seed; the study is not."""
    plan = replace(PLAN, n=12, methods=("pcd",))
    found = balance.run_study(two_modes(2, p=0.95), plan=plan, seeds=4, progress=False)
    lacking = found["data_weight"].min("mode") == 0
    assert lacking.any() and not lacking.all()
    np.testing.assert_array_equal(np.isnan(found["learning_rate"].sel(training="pcd")), lacking)


def test_the_target_is_in_the_provenance() -> None:
    plan = replace(PLAN, methods=("pcd",))
    said = [
        json.loads(balance.run_study(each, plan=plan, progress=False).attrs["provenance"])["settings"]["targets"][0]
        for each in (two_modes(2), ring_of_modes([0.8, 0.2]), two_modes(3))
    ]
    assert [each["points"] for each in said] == [[2], [2], [3]] and len({each["is"] for each in said}) == 3


# -- every target, base and method ----------------------------------------------------------------------

TARGETS: dict[str, Any] = {
    "ring": ring_of_modes([3.0, 2.0, 1.0]), "many": many_modes([3.0, 2.0, 1.0], 4), "rings": Rings(),
    "checkerboard": Checkerboard(), "moons": Moons(), "two-modes in 3": two_modes(3),
}


@pytest.mark.parametrize("name", TARGETS)
def test_every_target(name: str) -> None:
    found = balance.run_study(TARGETS[name], plan=PLAN, progress=False)
    np.testing.assert_allclose(found["weight"].sum("mode"), 1.0)
    assert found.sizes["mode"] == len(TARGETS[name].weights) and np.isfinite(found["divergence"]).all()
    assert np.isfinite(found["path_divergence"]).all() and len(balance.table(found)[1]) == 4


@pytest.mark.parametrize("base", ["mixture", "flow"])
def test_other_bases(base: str) -> None:
    found = balance.run_study(two_modes(2), plan=replace(PLAN, base=base), progress=False)
    plain = balance.run_study(two_modes(2), plan=PLAN, progress=False)
    assert float(abs(found["path"] - plain["path"]).isel(iteration=0).max()) > 1e-3
    if base == "mixture":  # Of Gaussian modes, so right before it is trained.
        assert float(found["path_divergence"].isel(iteration=0).max()) < 0.05


def test_every_method_and_ones_own() -> None:
    own = {"resampling": Negatives(jumps=3, jump="resampling")}
    plan = replace(PLAN, methods=(*NEGATIVES, "resampling"), own=own)
    found = balance.run_study(two_modes(2), plan=plan, progress=False)
    assert found["training"].values.tolist() == [*NEGATIVES, "resampling"]
    assert found["gradients"].sel(training=["pcd-ula", "short-run"]).values.tolist() == [5, 20]


# -- real images ----------------------------------------------------------------------------------------

DIGITS = partial(digit_target, weights={0: 3.0, 1: 1.0})


def test_images_have_weights_by_a_classifier() -> None:
    target: Any = DIGITS(child(0))
    assert target.weights == pytest.approx((0.75, 0.25), abs=0.01) and target.accuracy > 0.95
    x = target.sample(1000, seed=1)
    assert x.shape == (1000, 64) and torch.equal(x[:10], target.sample(1000, seed=1)[:10])
    share = float((target.mode(x) == 0).double().mean())
    # What sampling leaves, and what the classifier confuses.
    assert abs(share - target.weights[0]) < LIMIT * (0.75 * 0.25 / 1000) ** 0.5 + (1 - target.accuracy) + 0.02
    clean = replace(target, blur=replace(target.blur, augment=None)).sample(4000, seed=2) - 0.0
    assert float(clean.var(0).min()) == pytest.approx(target.blur.noise**2, rel=0.2)


def test_images_are_a_target() -> None:
    found = balance.run_study(DIGITS, plan=PLAN, seeds=2, progress=False)
    assert "weight" not in found and "path" not in found and found.sizes["mode"] == 2
    np.testing.assert_allclose(found["sampled_weight"].sum("mode"), 1.0)
    off = abs(found["sampled_weight"] - found["data_weight"]).max("mode").transpose("training", "seed")
    np.testing.assert_array_equal(found["error"], off)
    # Persistent chains without a flow are sampled with one that is fitted to the data, of which nothing is said.
    assert np.isfinite(found["acceptance"].sel(training="flow")).all() and (found["accuracy"] > 0.9).all()
    assert np.isnan(found["acceptance"].sel(training="pcd")).all() and found["rhat"].notnull().all()
    assert float(abs(found["data_weight"].diff("seed")).max()) > 0
    header, rows = balance.table(found)
    assert "KL" not in header and [row[0] for row in rows] == ["data", "flow", "pcd"]


# -- the command, and bad input -------------------------------------------------------------------------


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["balance", "--data", "moons", "--iterations", "10", "--n", "300", "--chains", "16", "--methods", "pcd,cd",
             "--seeds", "2", "--moves", "10", "--quiet", "--workers", "1", "--out", str(tmp_path / "moons.nc")]
    assert main(given) == 0
    said = capsys.readouterr().out
    assert "pcd" in said and "R-hat" in said and load(tmp_path / "moons.nc").sizes["seed"] == 2


WRONG = [
    (["--data", "nothing"], "data = 'nothing'"),
    (["--data", "moons", "--d", "4"], "--d does not go with --data moons"),
    (["--classes", "1,2"], "--classes does not go with --data two-modes"),
    (["--weights", "1,2,3"], "two modes have two"),
    (["--data", "digits", "--weights", "1,2"], "give as many --classes as --weights"),
    (["--data", "digits", "--classes", "0,0,1", "--weights", "1,2,3"], "--classes 0,0,1 names a digit twice"),
    (["--weights", "0,0"], "--weights [0.0, 0.0] must be positive numbers"),
    (["--weights=1,-1"], "must be positive numbers"),
    (["--methods", "pcd", "--history", "3"], "--history does not go with --methods pcd"),
    (["--methods", "pcd", "--flow", "spline"], "--flow spline does not go with --methods pcd"),
    (["--methods", "magic"], "methods = 'magic'"),
    (["--base", "none"], "base = 'none'"),
    (["--flow", "none"], "kind = 'none'"),
    (["--history", "0"], "history = 0"),
    (["--seeds", "0"], "seeds = 0"),
    (["--resume"], "--resume goes with --store"),
]


@pytest.mark.parametrize(("given", "words"), WRONG)
def test_wrong_commands_are_one_line(
    given: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["balance", *given, "--quiet", "--out", str(tmp_path / "x.nc")]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1


class _Weighted:
    """A target with weights that are wrong."""

    def __init__(self, *weights: float, label: Any = None) -> None:
        self.weights, self.label = weights, label

    def sample(self, count: int, *, seed: Any) -> torch.Tensor:
        return torch.zeros(count, 2)

    def mode(self, x: torch.Tensor) -> Any:
        return torch.zeros(len(x), dtype=torch.int64) if self.label is None else self.label


def _by_seed(seed: Any) -> GaussianMixtureLaw:
    return ring_of_modes([1.0] * (2 + seed.spawn_key[0]))


class _Modeless(nn.Module):
    def sample(self, count: int, *, seed: int) -> torch.Tensor:
        return torch.zeros(count, 2)


BAD: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: balance.run_study(_Modeless()), TypeError, "has no mode"),  # type: ignore[arg-type]
    (lambda: balance.run_study(3), TypeError, "target int has no sample"),  # type: ignore[arg-type]
    (lambda: balance.run_study(GaussianMixtureLaw), TypeError, "target GaussianMixtureLaw has no sample"),  # type: ignore[arg-type]
    (lambda: balance.run_study(_Weighted(5.0, float("nan"))), ValueError, "numbers >= 0 that sum to 1"),
    (lambda: balance.run_study(_Weighted(0.5, 0.4)), ValueError, "numbers >= 0 that sum to 1"),
    (lambda: balance.run_study(_Weighted(0.5, 0.5, label=3)), TypeError, "int64 labels"),
    (lambda: balance.run_study(_by_seed, seeds=2, plan=PLAN), ValueError, r"have \[2, 3\] modes"),
    (lambda: balance.run_study(two_modes(2), plan={}), TypeError, "plan must be a BalancePlan, not dict"),  # type: ignore[arg-type]
    (lambda: balance.run_study(ring_of_modes([1.0] * 9), plan=PLAN), ValueError, "chains = 8 of the run"),
    (lambda: BalancePlan(recipe=3), TypeError, "recipe must be a EnergyRecipe"),  # type: ignore[arg-type]
    (lambda: BalancePlan(methods="flow"), TypeError, "methods must be a tuple"),  # type: ignore[arg-type]
    (lambda: BalancePlan(widths=(0,)), ValueError, "widths = 0 must be >= 1"),
    (lambda: image_target(digits(), weights=[1.0], seed=0), TypeError, "weights must map classes"),  # type: ignore[arg-type]
    (lambda: replace(DIGITS(0), classify=replace(DIGITS(0).classify, classes=(1, 0))), ValueError, "or more, rising"),
    (lambda: replace(DIGITS(0), classify=replace(DIGITS(0).classify, classes=(0, 3))), ValueError, "does not know"),
    (lambda: balance.run_study(GaussianMixtureLaw.fit(torch.randn(9, 2))), ValueError, "nothing to balance"),
    (lambda: BalancePlan(methods=()), ValueError, "one or more"),
    (lambda: BalancePlan(methods=("pcd", "pcd")), ValueError, "none twice"),
    (lambda: BalancePlan(own={"pcd": Negatives()}), ValueError, "must map new names"),
    (lambda: BalancePlan(moves=2), ValueError, "moves = 2"),
    (lambda: BalancePlan(own={"a-b": Negatives(), "a_b": Negatives()}), ValueError, "differ in - and _ alone"),
]


def test_fewer_chains_than_modes_warn() -> None:
    plan = replace(PLAN, recipe=replace(RECIPE, chains=2), methods=("pcd",))
    with pytest.warns(UserWarning, match="chains = 2 of the training are fewer than the 3 modes"):
        balance.run_study(ring_of_modes([1.0, 1.0, 1.0]), plan=plan, progress=False)


@pytest.mark.parametrize(("call", "kind", "words"), BAD)
def test_bad_input(call: Callable[[], Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()
