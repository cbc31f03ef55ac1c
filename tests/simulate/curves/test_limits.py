"""Finite-d experiments against the limit d -> infinity of `asymptotics.limited_samples`.

First where the limit is exact (orthogonal vectors, no randomness), then where it is a limit, with
calibrated comparisons. draws and radius are generic throughout.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings, strategies as st

from asymptotics import limited_samples
from asymptotics.calibration import assert_agrees, compare_mean, judge, slope
from asymptotics.schedule import linear, trigonometric
from simulate import Mixture, Point, Samples, compare, curves
from simulate.autoencoder import cluster_law, overlaps, solve
from simulate.seeds import child
from simulate.training import ExactLearner, GradientDescent, train

Orthogonal = Callable[..., Samples]
OVERLAPS = ("skip", "overlap_mean", "overlap_noise", "overlap_sample")
FLOW = ("flow_mean", "flow_noise", "flow_sample")


def formula(name: str) -> Any:
    return getattr(limited_samples, name)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(2, 5), draws=st.integers(1, 4), sigma=st.floats(0.2, 4.0), ridge=st.floats(0.0, 10.0),
    radius=st.floats(0.3, 3.0), alpha=st.floats(0.05, 2.0), beta=st.floats(0.05, 2.0),
)
def test_on_orthogonal_vectors_the_denoiser_is_the_formula(
    orthogonal: Orthogonal, n: int, draws: int, sigma: float, ridge: float, radius: float, alpha: float,
    beta: float,
) -> None:
    samples = orthogonal(n=n, draws=draws, sigma=sigma, radius=radius)
    solution = solve(samples, Point(alpha, beta), ridge=ridge)
    arguments = {
        "alpha": alpha, "beta": beta, "n": n, "sigma": sigma, "ridge": ridge, "draws": draws,
        "radius": radius,
    }
    assert solution.consistent
    expected = [float(formula(name)(**arguments)) for name in OVERLAPS]
    assert overlaps(solution.network, samples, Point(alpha, beta)) == pytest.approx(expected, rel=1e-9, abs=1e-11)
    assert expected[2] < 0 < min(expected[0], expected[1], expected[3])
    loss = float(limited_samples.training_loss(**arguments))
    assert solution.objective == pytest.approx(loss, rel=1e-9)


@pytest.mark.parametrize("schedule", [linear, trigonometric])
@pytest.mark.parametrize(("n", "draws", "ridge", "radius"), [(3, 2, 0.4, 1.3), (4, 1, 2.0, 0.7)])
def test_on_orthogonal_vectors_the_flow_is_the_formula(
    orthogonal: Orthogonal, schedule: Any, n: int, draws: int, ridge: float, radius: float
) -> None:
    samples = orthogonal(n=n, draws=draws, sigma=1.1, radius=radius)
    learner = ExactLearner(samples=samples, schedule=schedule, ridge=ridge)
    law = cluster_law(learner, samples, schedule, np.linspace(0, 1, 301))
    given_law = {"n": n, "sigma": 1.1, "ridge": ridge, "draws": draws, "radius": radius}
    alpha, beta = schedule.mix(law.times)
    for k, name in enumerate(FLOW):
        expected = formula(name)(alpha=alpha, beta=beta, **given_law)
        assert np.allclose(law.overlaps[:, k], expected, atol=1e-6), name
    variance = limited_samples.flow_variance(alpha=alpha, beta=beta, **given_law)
    assert np.allclose(law.factor**2, variance, atol=1e-6)
    assert law.overlaps[-1, 1] < 0
    for name, found in (
        ("mean_error", law.centre_error), ("generated_variance", law.generated_variance),
        ("mean_cosine", law.centre_cosine),
    ):
        assert found == pytest.approx(float(formula(name)(**given_law)), abs=1e-6), name


def test_on_orthogonal_vectors_a_trained_network_is_the_formula(orthogonal: Orthogonal) -> None:
    samples = orthogonal(n=5, draws=1, sigma=1.1, radius=1.3)
    network = train(samples, Point(0.5, 0.5), recipe=GradientDescent(), ridge=0.4, seed=0).network
    arguments = {
        "alpha": 0.5, "beta": 0.5, "n": 5, "sigma": 1.1, "ridge": 0.4, "draws": 1, "radius": 1.3,
    }
    expected = [float(formula(name)(**arguments)) for name in OVERLAPS]
    assert overlaps(network, samples, Point(0.5, 0.5)) == pytest.approx(expected, abs=1e-7)


def agrees(dataset: xr.Dataset, name: str, comparisons: int, within: float = 0.10) -> None:
    """`compare` passes everywhere and could have seen ``within`` of the largest value over the grid.

    (Relative to each value it would ask for the impossible where a flow starts at 0.)
    """
    found = compare(dataset, formula(name), comparisons=comparisons)
    seen = float(found.detectable.max() / np.abs(found.theory).max())
    print(f"{name}: largest MDD is {100 * seen:.2g} % of the largest value\n{found.attrs['verdict']}")
    assert bool(found.passed.all()), found.attrs["verdict"]
    assert seen <= within, found.attrs["verdict"]


def test_learned_denoisers_agree_with_the_limit() -> None:
    dataset = curves.denoiser(
        Mixture(d=10_000, sigma=0.9, radius=1.3), n=[2, 4], ridge=0.4, schedule=linear,
        times=[0.25, 0.5, 0.75], draws=2, seeds=64, seed=20231005, fresh=16, progress=False,
    )
    assert not dataset.label_flips.any()
    for name in (*OVERLAPS, "training_loss", "test_error"):
        agrees(dataset, name, comparisons=6)


def test_generated_laws_agree_with_the_limit() -> None:
    dataset = curves.generation(
        Mixture(d=5_000, sigma=0.9, radius=1.3), n=[2, 4], ridge=0.4, schedule=trigonometric, steps=16,
        draws=2, seeds=64, seed=20231005, progress=False,
    )
    for name in ("mean_error", "generated_variance", "mean_cosine", *FLOW, "flow_variance"):
        agrees(dataset, name, comparisons=7)


def test_without_skip_the_generated_centre_agrees_with_its_formula() -> None:
    dataset = curves.generation(
        Mixture(d=5_000, sigma=0.9, radius=1.3), n=[2, 4], ridge=0.4, schedule=linear, steps=8, draws=2,
        seeds=64, seed=7, skip=False, progress=False,
    )
    agrees(dataset, "no_skip_error", comparisons=1)


def test_a_wrong_sign_or_a_missing_factor_would_be_seen() -> None:
    """The same comparison refuses the formula with its sign changed, or at the wrong draws or radius."""
    dataset = curves.denoiser(
        Mixture(d=5_000, sigma=0.9, radius=1.3), n=[3], ridge=0.4, schedule=linear, times=[0.5], draws=2,
        seeds=32, seed=5, progress=False,
    )
    assert all(bool(compare(dataset, formula(name)).passed.all()) for name in OVERLAPS)
    for change in ({"draws": 1}, {"radius": 1.0}, {"sigma": 1.1}, {"ridge": 1.4}):
        wrong = dataset.assign_coords(**change)
        refused = [name for name in OVERLAPS if not compare(wrong, formula(name)).passed.any()]
        print(change, "refused by", refused)
        assert len(refused) >= 2, change
    for name in OVERLAPS:
        theory = float(compare(dataset, formula(name)).theory.squeeze())
        measured, stderr = (float(dataset[each].squeeze()) for each in (name, f"{name}_stderr"))
        assert not judge(measured, -theory, stderr, dof=31).passed


def errors(d: int, runs: int) -> np.ndarray:
    """|measured - limit| of the four overlaps on independent data sets, (runs, 4)."""
    mixture, values = Mixture(d=d, sigma=0.9, radius=1.3), Point(0.5, 0.5)
    arguments = {
        "alpha": 0.5, "beta": 0.5, "n": 3, "sigma": 0.9, "ridge": 0.4, "draws": 2, "radius": 1.3,
    }
    limit = np.array([float(formula(name)(**arguments)) for name in OVERLAPS])
    measured = []
    for k in range(runs):
        samples = mixture.sample(n=3, draws=2, seed=child(31, d, k))
        measured.append(overlaps(solve(samples, values, ridge=0.4).network, samples, values))
    return np.abs(np.array(measured) - limit)


def check_slopes(sizes: tuple[int, ...], runs: int, within: float) -> None:
    found = [errors(d, runs) for d in sizes]
    for k, name in enumerate(OVERLAPS):
        means = [float(each[:, k].mean()) for each in found]
        spread = [float(each[:, k].std(ddof=1)) / runs**0.5 for each in found]
        line = slope(sizes, means, stderr=spread, confidence=1 - 1e-6 / 4)
        verdict = line.compare(-0.5, comparisons=4)
        print(f"{name}: slope in [{line.low:.3f}, {line.high:.3f}]\n{verdict}")
        assert line.low <= -0.5 <= line.high
        assert_agrees(verdict, within=within)


def test_the_error_shrinks_like_the_root_of_d() -> None:
    """The slope is -1/2 within its own interval, over a factor 64 in d."""
    check_slopes((250, 4_000, 16_000), runs=400, within=0.25)


@pytest.mark.slow
def test_the_error_shrinks_like_the_root_of_d_sharply() -> None:
    check_slopes((250, 2_500, 25_000), runs=1_600, within=0.10)


def test_the_limit_is_approached_from_the_mean_too() -> None:
    """The mean over data sets of each overlap is the limit, with nothing left at d = 40 000."""
    mixture, values = Mixture(d=40_000, sigma=0.9, radius=1.3), Point(0.5, 0.5)
    arguments = {
        "alpha": 0.5, "beta": 0.5, "n": 3, "sigma": 0.9, "ridge": 0.4, "draws": 2, "radius": 1.3,
    }
    measured = []
    for k in range(64):
        samples = mixture.sample(n=3, draws=2, seed=child(32, k))
        measured.append(overlaps(solve(samples, values, ridge=0.4).network, samples, values))
    verdict = compare_mean(measured, [float(formula(name)(**arguments)) for name in OVERLAPS])
    print(verdict)
    assert_agrees(verdict)
