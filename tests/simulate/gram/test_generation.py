"""Generated points through the Gram matrix against points carried in d dimensions."""

from typing import Any

import numpy as np
import pytest
import torch

from asymptotics import limited_samples
from asymptotics.calibration import assert_agrees, compare_laws, compare_mean, compare_two_samples
from asymptotics.schedule import linear, trigonometric
from simulate import Mixture, gram
from simulate.autoencoder import generate
from simulate.gram import GramStatistics, Starts, draw, draw_starts, networks
from simulate.seeds import normal
from simulate.training import ExactLearner

MIXTURE = Mixture(d=40, sigma=1.1, radius=0.7)
SAMPLES = MIXTURE.sample(n=3, draws=2, seed=4)
GRID = np.linspace(0.0, 1.0, 12)


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("method", ["euler", "midpoint", "ralston"])
@pytest.mark.parametrize("schedule", [linear, trigonometric])
def test_the_same_starts_give_the_same_points(schedule: Any, method: str, skip: bool) -> None:
    """To rounding, in clusters and out of them: every sign at every stage is the same."""
    starts = normal(5, (300, 40))
    learner = ExactLearner(samples=SAMPLES, schedule=schedule, ridge=0.4, skip=skip)
    whole = generate(learner, schedule, GRID, starts, method=method)
    found = gram.generate(
        GramStatistics.of(SAMPLES), Starts.of(SAMPLES, starts), schedule, GRID, ridge=0.4, skip=skip, method=method
    )
    assert np.array_equal(found.cluster[0], whole.cluster) and np.array_equal(found.crossed[0], whole.crossed)
    final, d = whole.final, 40
    for name, expected in (
        ("mean", final @ SAMPLES.mean / (0.49 * d)), ("noise", final @ SAMPLES.xi / (6 * d)),
        ("sample", final @ SAMPLES.eta / (3 * 1.1**2 * d)), ("square", final.square().sum(dim=1) / d),
    ):
        assert np.allclose(getattr(found, name)[0], expected, rtol=1e-11, atol=1e-12), name
    assert np.array_equal(found.ended[0], torch.sign(final @ SAMPLES.mean))
    assert skip is False or found.crossed.any()


@pytest.mark.parametrize("d", [3, 4, 40])
def test_starts_have_the_law_of_base_noise(d: int) -> None:
    """In few dimensions mu, zbar and x0bar are far from orthogonal: products tell a wrong covariance."""
    samples = Mixture(d=d, sigma=1.1, radius=0.7).sample(n=3, draws=2, seed=4)
    statistics, runs = GramStatistics.of(samples), 50_000
    tables = []
    for each in (draw_starts(statistics, count=runs, seed=1), Starts.of(samples, normal(2, (runs, d)))):
        scalars = np.array([each.mean[0], each.sample[0], each.noise[0], each.square[0] - 1.0])
        i, j = np.triu_indices(4)
        tables.append(np.concatenate([scalars, scalars[i] * scalars[j], scalars[i] * scalars[j] * scalars[3]]).T)
    spread = tables[1].std(axis=0)
    verdict = compare_two_samples(*(each / spread for each in tables), comparisons=2, scale=np.ones(len(spread)))
    print(verdict)
    assert_agrees(verdict, within=0.07)
    for first, second in zip(*(each.T[:4] for each in tables), strict=True):
        assert_agrees(compare_laws(first, second, comparisons=8), within=0.05)


def test_more_points_continue_fewer() -> None:
    statistics = draw(n=3, d=50, sigma=1.0, seeds=4, seed=0)
    few, many = (draw_starts(statistics, count=count, seed=1) for count in (2, 9))
    for name in ("mean", "sample", "noise", "square"):
        assert np.array_equal(getattr(few, name), getattr(many, name)[:, :2]), name


def test_inside_a_cluster_points_are_the_closed_form_and_their_norms_the_limit() -> None:
    """At d = 1e12 what is left is the method's error. (At 1e7 the norm is seen to be 1e-3 larger: a cluster is
    chosen by the sign of w.X_0, so that s X_0 leans towards its centre by a length of order 1.)"""
    law = {"n": 8, "sigma": 1.5, "ridge": 0.1, "draws": 2, "radius": 1.3}
    statistics = draw(n=8, d=10**12, sigma=1.5, draws=2, radius=1.3, seeds=64, seed=3)
    starts = draw_starts(statistics, count=200, seed=1)
    found = gram.generate(statistics, starts, trigonometric, np.linspace(0, 1, 65), ridge=0.1)
    assert not found.crossed.any() and np.array_equal(found.ended, found.cluster)
    flow = networks.flows(statistics, alpha=0.0, beta=1.0, ridge=0.1)
    assert np.allclose(found.factor**2, flow.flow_variance[:, 0], atol=1e-5)
    own = found.factor[:, None] * starts.mean / 1.3**2
    assert np.allclose(found.cluster * (found.mean - own), flow.flow_mean, atol=1e-5)
    at = {**law, "alpha": 0.0, "beta": 1.0}
    square = sum(
        float(getattr(limited_samples, name)(**at)) ** 2 * weight
        for name, weight in (("flow_mean", 1.3**2), ("flow_noise", 16), ("flow_sample", 8 * 1.5**2))
    ) + float(limited_samples.flow_variance(**at))
    assert_agrees(compare_mean(found.square.mean(axis=1), square, bias=1e-4), within=0.001)


def test_the_cluster_sign_pulls_the_mean_as_the_notes_say() -> None:
    """+ sqrt(2/pi) factor cos(w0, mu) / (r sqrt(d)) in the mean of s X along mu: n = 64, d = 1e4."""
    d = 10_000
    statistics = draw(n=64, d=d, sigma=1.5, seeds=200, seed=3)
    starts = draw_starts(statistics, count=500, seed=1)
    found = gram.generate(statistics, starts, trigonometric, np.linspace(0, 1, 33), ridge=0.1)
    turned = (found.cluster * found.mean).mean(axis=1)
    flow = networks.flows(statistics, alpha=0.0, beta=1.0, ridge=0.1)
    cosine = (1 + 1.5**2 / 64) ** -0.5
    pull = (2 / np.pi) ** 0.5 * found.factor.mean() * cosine / d**0.5
    verdict = compare_mean(turned - flow.flow_mean[:, 0], pull, bias=2e-4)
    print(verdict)
    assert_agrees(verdict, within=0.15)


def test_bad_input() -> None:
    statistics = draw(n=3, d=50, sigma=1.0, seeds=4, seed=0)
    starts = draw_starts(statistics, count=2, seed=1)
    with pytest.raises(ValueError, match="d = 2 must be >= 3"):
        draw_starts(draw(n=3, d=2, sigma=1.0, seeds=4, seed=0), count=2, seed=1)
    with pytest.raises(ValueError, match="count = 0"):
        draw_starts(statistics, count=0, seed=1)
    with pytest.raises(ValueError, match="starts are for 4 data sets at d = 50, the statistics of 1 at d = 40"):
        gram.generate(GramStatistics.of(SAMPLES), starts, linear, GRID, ridge=0.1)
    with pytest.raises(ValueError, match="did you mean 'euler'"):
        gram.generate(statistics, starts, linear, GRID, ridge=0.1, method="eular")
    with pytest.raises(ValueError, match=r"t = 1\.5, outside"):
        gram.generate(statistics, starts, linear, [0.0, 1.5], ridge=0.1)
    with pytest.raises(ValueError, match=r"ridge = -1\.0"):
        gram.generate(statistics, starts, linear, GRID, ridge=-1.0)
    with pytest.raises(ValueError, match=r"noise has shape \(4, 1\)"):
        Starts(d=50, mean=starts.mean, sample=starts.sample, noise=starts.noise[:, :1], square=starts.square)
    with pytest.raises(ValueError, match="starts has shape"):
        Starts.of(SAMPLES, normal(0, (3, 41)))
