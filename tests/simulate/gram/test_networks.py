"""Minimisers, their errors and their flows from the scalars of a data set, against the vectors themselves."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from asymptotics import limited_samples
from asymptotics.calibration import assert_agrees, compare_mean
from asymptotics.schedule import linear, trigonometric
from simulate import Mixture, Point, Samples, autoencoder, path
from simulate.autoencoder import overlaps, solve
from simulate.flow import drift, integrate
from simulate.gram import GramStatistics, draw, networks

Orthogonal = Callable[..., Samples]


@settings(max_examples=60)
@given(
    n=st.integers(1, 5), draws=st.integers(1, 4), d=st.integers(1, 60), ridge=st.floats(0.0, 10.0),
    sigma=st.floats(0.2, 4.0), radius=st.floats(0.3, 3.0), alpha=st.floats(0.05, 2.0), beta=st.floats(0.05, 2.0),
    skip=st.booleans(), seed=st.integers(0, 10**6),
)
def test_minimisers_are_those_of_least_squares_on_the_vectors(
    n: int, draws: int, d: int, ridge: float, sigma: float, radius: float, alpha: float, beta: float, skip: bool,
    seed: int,
) -> None:
    """To rounding, at any d >= 1: c, the measured projections and the objective."""
    draws += n == draws == 1
    samples = Mixture(d=d, sigma=sigma, radius=radius).sample(n=n, draws=draws, seed=seed)
    solution = solve(samples, Point(alpha, beta), ridge=ridge, skip=skip)
    found = networks.denoisers(GramStatistics.of(samples), alpha=alpha, beta=beta, ridge=ridge, skip=skip)
    # 100 times the rounding of a sum of squares over what is left of it.
    a, b, _ = GramStatistics.of(samples).spreads(ridge)
    size = (1.0 + radius + sigma) ** 2
    worst = 1e-13 * size * (1 + size / float(alpha**2 * b[0] + beta**2 * a[0])) * (1 + 1 / sigma + 1 / radius) ** 2
    expected = overlaps(solution.network, samples, Point(alpha, beta))
    assert [float(each[0, 0]) for each in found[:4]] == pytest.approx(expected, rel=1e-9, abs=worst)
    assert float(found.training_loss[0, 0]) == pytest.approx(solution.objective, rel=1e-9, abs=worst)


@pytest.mark.parametrize("skip", [True, False])
def test_the_test_error_is_the_expectation_over_fresh_pairs(skip: bool) -> None:
    """At d = 6, where fresh signs are often wrong; the mean over fresh pairs knows nothing of the formula."""
    samples = Mixture(d=6, sigma=1.1, radius=0.8).sample(n=3, draws=2, seed=3)
    network = solve(samples, Point(0.6, 0.4), ridge=0.2, skip=skip).network
    fresh = samples.fresh(n=400_000, seed=8)
    wrong = float((torch.sign(network.preactivation(fresh.data)) != fresh.labels).double().mean())
    assert 0.02 < wrong < 0.5
    errors = (network(fresh.mixed(Point(0.6, 0.4))) - fresh.targets).square().sum(dim=-1).flatten() / 6
    found = networks.denoisers(GramStatistics.of(samples), alpha=0.6, beta=0.4, ridge=0.2, skip=skip)
    verdict = compare_mean(errors.numpy(), float(found.test_error[0, 0]), comparisons=2)
    print(verdict)
    assert_agrees(verdict, within=0.02)
    assert float(errors.mean()) == pytest.approx(autoencoder.test_error(network, fresh, Point(0.6, 0.4)).value)


@pytest.mark.parametrize("schedule", [linear, trigonometric])
@pytest.mark.parametrize(("draws", "ridge", "seed"), [(2, 0.4, 1), (1, 0.0, 2), (3, 5.0, 3)])
def test_flows_are_those_of_the_integrated_velocity(schedule: Any, draws: int, ridge: float, seed: int) -> None:
    """Least squares at every stage time and a generic integrator, in d = 40 dimensions, labels as given."""
    samples = Mixture(d=40, sigma=1.1, radius=1.3).sample(n=3, draws=draws, seed=seed)
    grid = np.linspace(0.0, 1.0, 301)

    def velocity(time: float, x: torch.Tensor) -> torch.Tensor:
        network = solve(samples, path.point(schedule, time), ridge=ridge).network
        return drift(schedule.at(time), network.branch(x, 1.0), x)

    offsets: list[torch.Tensor] = []
    factors: list[float] = []
    starts = torch.stack([torch.zeros(40).double(), samples.mean])

    def observe(time: float, x: torch.Tensor) -> None:
        offsets.append(x[0])
        factors.append(float((x[1] - x[0]) @ samples.mean / (samples.mean @ samples.mean)))

    integrate(velocity, grid, starts, method="ralston", observe=observe)
    statistics = GramStatistics.of(samples)
    alpha, beta = np.array([path.point(schedule, t) for t in grid]).T
    found = networks.flows(statistics, alpha=alpha, beta=beta, ridge=ridge)
    from simulate.autoencoder.network import project

    measured = np.array([project(each, samples) for each in offsets])
    assert np.allclose(np.array(found[:3])[:, 0].T, measured, atol=2e-7)
    assert np.allclose(found.flow_variance[0], np.square(factors), atol=2e-7)
    end = networks.generated(statistics, ridge=ridge)
    centre = offsets[-1]
    error = float((centre - samples.mean).square().sum()) / 40
    cosine = float(torch.cosine_similarity(centre, samples.mean, dim=0))
    assert [float(each[0]) for each in end] == pytest.approx([error, factors[-1] ** 2, cosine], abs=2e-7)

KIND: dict[str, Any] = {"n": 3, "draws": 2, "sigma": 0.9, "radius": 1.3}


def test_without_skip_the_flow_is_the_ridge_mean() -> None:
    samples = Mixture(d=40, sigma=1.1, radius=1.3).sample(n=3, draws=2, seed=1)
    statistics = GramStatistics.of(samples)
    centre = 6 * samples.sample_mean / 6.4
    end = networks.generated(statistics, ridge=0.4, skip=False)
    assert float(end.mean_error[0]) == pytest.approx(float((centre - samples.mean).square().sum()) / 40, rel=1e-12)
    assert float(end.generated_variance[0]) == 0.0
    assert float(end.mean_cosine[0]) == pytest.approx(
        float(torch.cosine_similarity(centre, samples.mean, dim=0)), rel=1e-12
    )
    flow = networks.flows(statistics, alpha=[1.0, 0.3], beta=[0.0, 0.7], ridge=0.4, skip=False)
    assert np.allclose(flow.flow_variance, [[1.0, 0.09]]) and flow.flow_mean[0, 0] == 0.0


def test_on_orthogonal_vectors_everything_is_the_formula(orthogonal: Orthogonal) -> None:
    statistics = GramStatistics.of(orthogonal(n=4, draws=2, sigma=1.1, radius=1.3))
    law = {"n": 4, "sigma": 1.1, "ridge": 0.4, "draws": 2, "radius": 1.3}
    alpha, beta = np.array([0.9, 0.5, 0.1]), np.array([0.1, 0.6, 0.9])
    found = {
        **networks.denoisers(statistics, alpha=alpha, beta=beta, ridge=0.4)._asdict(),
        **networks.flows(statistics, alpha=alpha, beta=beta, ridge=0.4)._asdict(),
    }
    # Overlaps of test pairs with w are 0 only in the limit: that formula is compared in law below.
    del found["test_error"]
    for name, value in found.items():
        formula = getattr(limited_samples, name)
        assert np.allclose(value[0], formula(alpha=alpha, beta=beta, **law), rtol=1e-11, atol=1e-13), name
    for name, value in networks.generated(statistics, ridge=0.4)._asdict().items():
        assert float(value[0]) == pytest.approx(float(getattr(limited_samples, name)(**law)), rel=1e-11), name


def test_at_the_ends_nothing_is_undefined() -> None:
    statistics = draw(n=4, d=500, sigma=1.5, seeds=3, seed=0)
    noise, data = (networks.denoisers(statistics, alpha=x, beta=1 - x, ridge=0.1) for x in (1.0, 0.0))
    assert np.allclose(data.skip, 1.0, rtol=1e-14) and not data.training_loss.any()
    assert not data.overlap_mean.any() and np.abs(noise.skip).max() < 0.2
    flow = networks.flows(statistics, alpha=[1.0, 0.0], beta=[0.0, 1.0], ridge=0.1)
    assert np.array_equal(flow.flow_variance[:, 0], np.ones(3)) and not flow.flow_noise[:, 0].any()
    end = networks.generated(statistics, ridge=0.1)
    assert np.allclose(flow.flow_variance[:, 1], end.generated_variance, rtol=1e-14)
    one = draw(n=1, d=500, sigma=1.5, draws=2, seeds=3, seed=0)
    point = networks.flows(one, alpha=0.0, beta=1.0, ridge=0.0)
    assert np.allclose(point.flow_mean[:, 0], 1 + one.sample_mean) and not point.flow_variance.any()


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"ridge": -1.0}, ValueError, "ridge = -1.0"), ({"ridge": "1"}, TypeError, "ridge = '1'"),
        ({"alpha": -0.1}, ValueError, "alpha = -0.1"), ({"beta": np.nan}, ValueError, "beta = nan"),
        ({"alpha": [[0.1]]}, ValueError, "alpha has shape"),
        ({"alpha": 0.0, "beta": 0.0}, ValueError, "carries nothing"),
        ({"alpha": [1, 2, 3], "beta": [1, 2]}, ValueError, "alpha has 3 times and beta 2"),
        ({"skip": 1}, TypeError, "skip = 1"),
    ],
)
@pytest.mark.parametrize("ask", [networks.denoisers, networks.flows])
def test_bad_questions(ask: Any, change: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        ask(draw(seeds=2, seed=0, d=5, **KIND), **{"alpha": 0.5, "beta": 0.5, "ridge": 0.1, **change})


def test_an_undetermined_skip_is_refused() -> None:
    one = draw(n=1, d=5, sigma=1.0, draws=2, seeds=2, seed=0)
    with pytest.raises(ValueError, match="skip c is not determined"):
        networks.denoisers(one, alpha=0.0, beta=1.0, ridge=0.0)
