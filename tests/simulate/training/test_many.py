"""Many networks in one tensor program against the same networks trained one by one by autograd."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from simulate import Mixture, Point
from simulate.training import AdamRecipe, GradientDescent, Job, Recipe, StochasticGradientDescent, train, train_many
from simulate.training.single import STUCK

MIXTURE = Mixture(d=40, sigma=1.3, radius=0.8, p=0.6)


def _jobs(
    draws: int = 1, dtype: torch.dtype = torch.float64, count: int = 7, device: str = "cpu"
) -> list[Job]:
    """Other data, times, ridges and seeds for every network."""
    return [
        Job(
            samples=MIXTURE.sample(n=4, draws=draws, seed=k % 3, dtype=dtype, device=device), values=Point(1 - t, t),
            ridge=ridge, seed=np.random.SeedSequence(9, spawn_key=(k,)),
        )
        for k, t, ridge in zip(range(count), np.linspace(0.2, 0.8, count), np.geomspace(0.05, 3, count), strict=True)
    ]


RECIPES: list[Recipe] = [
    AdamRecipe(iterations=150, record_every=40),
    GradientDescent(iterations=10, record_every=4, gradient_tolerance=None),  # Later, rounding decides where it ends.
    StochasticGradientDescent(iterations=80, batch=3, record_every=30), StochasticGradientDescent(iterations=80),
]


def _named(recipe: Recipe) -> str:
    return f"{type(recipe).__name__}{getattr(recipe, 'batch', '') or ''}"


def _one_by_one(jobs: list[Job], recipe: Recipe, **options: Any) -> list[Any]:
    return [train(j.samples, j.values, recipe=recipe, ridge=j.ridge, seed=j.seed, **options) for j in jobs]


@pytest.mark.parametrize("recipe", RECIPES, ids=_named)
@pytest.mark.parametrize(("activation", "skip", "draws"), [("sign", True, 1), ("tanh", True, 2), ("sign", False, 2)])
def test_each_network_is_the_one_trained_alone(recipe: Recipe, activation: str, skip: bool, draws: int) -> None:
    jobs = _jobs(draws)
    for ours, alone in zip(
        train_many(jobs, recipe=recipe, activation=activation, skip=skip),
        _one_by_one(jobs, recipe, activation=activation, skip=skip), strict=True,
    ):
        torch.testing.assert_close(ours.network.weight, alone.network.weight, rtol=0, atol=1e-10)
        torch.testing.assert_close(ours.network.skip, alone.network.skip, rtol=0, atol=1e-10)
        assert ours.recorded == alone.recorded and (ours.reason, ours.iterations) == (alone.reason, alone.iterations)
        np.testing.assert_allclose(ours.losses, alone.losses, rtol=1e-10)
        np.testing.assert_allclose(ours.slopes, alone.slopes, rtol=1e-8, atol=1e-8)
        assert abs(ours.excess - alone.excess) < 1e-9 and ours.stopped_early == alone.stopped_early


@pytest.mark.parametrize("recipe", [
    AdamRecipe(iterations=3000, record_every=20, loss_tolerance=1e-4),
    GradientDescent(iterations=400, record_every=1, gradient_tolerance=3e-2),
    StochasticGradientDescent(iterations=2000, gradient_tolerance=1e-3, batch=2, step=0.2),
], ids=_named)
def test_networks_that_are_done_leave_the_batch(recipe: Recipe) -> None:
    """Each at its own record, for its own reason."""
    jobs = _jobs()
    found, alone = train_many(jobs, recipe=recipe), _one_by_one(jobs, recipe)
    for ours, theirs in zip(found, alone, strict=True):  # Whether only a flip would lower the risk, rounding decides.
        assert abs(ours.iterations - theirs.iterations) <= (theirs.reason == STUCK)
    assert [t.reason for t in found] == [t.reason for t in alone]
    assert len({t.iterations for t in found}) > 1
    for ours, theirs in zip(found, alone, strict=True):
        torch.testing.assert_close(ours.network.weight, theirs.network.weight, rtol=0, atol=1e-7)


@pytest.mark.parametrize("recipe", RECIPES, ids=_named)
def test_together_or_apart(recipe: Recipe) -> None:
    """Up to rounding for any size of the batch, bit for bit for the same; the order of jobs does not matter."""
    jobs = _jobs()
    seen: list[int] = []
    whole = train_many(jobs, recipe=recipe)
    parts = train_many(jobs, recipe=recipe, together=3, progress=seen.append)
    again = train_many(jobs, recipe=recipe, together=3)
    turned = train_many(jobs[::-1], recipe=recipe)[::-1]
    for k, one in enumerate(whole):
        for other in (parts[k], turned[k]):
            torch.testing.assert_close(one.network.weight, other.network.weight, rtol=0, atol=1e-10)
        assert torch.equal(parts[k].network.weight, again[k].network.weight) and parts[k].losses == again[k].losses
    assert seen == [3, 6, 7]


def test_float32_follows_float64() -> None:
    recipe = AdamRecipe(iterations=60)
    for ours, exact in zip(
        train_many(_jobs(dtype=torch.float32), recipe=recipe), train_many(_jobs(), recipe=recipe), strict=True
    ):
        assert ours.network.weight.dtype == torch.float32
        torch.testing.assert_close(ours.network.weight.double(), exact.network.weight, rtol=0, atol=2e-4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no accelerator")
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_on_an_accelerator(dtype: torch.dtype) -> None:
    jobs = _jobs(dtype=dtype)
    there = _jobs(dtype=dtype, device="cuda")
    recipe = AdamRecipe(iterations=60)
    for ours, here in zip(train_many(there, recipe=recipe), train_many(jobs, recipe=recipe), strict=True):
        exact = 1e-10 if dtype == torch.float64 else 2e-4
        torch.testing.assert_close(ours.network.weight.cpu(), here.network.weight, rtol=0, atol=exact)


def test_the_memory_decides_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs, seen = _jobs(), []
    monkeypatch.setattr("simulate.training.many.free", lambda device: 2 * 2 * 8 * 40 * (4 * 4 + 12))
    train_many(jobs, recipe=AdamRecipe(iterations=2), progress=seen.append)
    assert seen == [2, 4, 6, 7]


@pytest.mark.parametrize(("change", "error", "words"), [
    ({"jobs": []}, TypeError, "at least one Job"), ({"jobs": [3]}, TypeError, "at least one Job"),
    ({"recipe": None}, TypeError, "recipe must be"), ({"together": 0}, ValueError, "together = 0"),
    ({"activation": "relu"}, ValueError, "activation"), ({"skip": 1}, TypeError, "skip"),
    ({"jobs": [*_jobs(), replace(_jobs()[0], samples=Mixture(d=50, sigma=1.0).sample(n=4, seed=1))]}, ValueError,
     r"jobs\[7\] has \(pairs, d\) = \(4, 50\), jobs\[0\] \(4, 40\)"),
    ({"jobs": [replace(_jobs()[0], ridge=-1.0)]}, ValueError, "ridge = -1"),
    ({"jobs": [*_jobs(), *_jobs(dtype=torch.float32)]}, (TypeError, ValueError), r"jobs\[7\]"),
    ({"recipe": StochasticGradientDescent(batch=9)}, ValueError, "batch = 9"),
])
def test_bad_input(change: dict[str, Any], error: type[Exception], words: str) -> None:
    given: dict[str, Any] = {"jobs": _jobs(), "recipe": AdamRecipe(iterations=3), **change}
    with pytest.raises(error, match=words):
        train_many(given.pop("jobs"), **given)


def test_divergence_is_an_error() -> None:
    with pytest.raises(FloatingPointError, match="training diverged"):
        train_many(_jobs(), recipe=AdamRecipe(learning_rate=1e200, iterations=500))
