"""The generated law in d dimensions against the drawn one: the same vectors, and in law at d = 20, 200, 2000.

Down to the data end, where the weight of the minimiser turns from x1bar to -x0bar and w.x1bar has either sign.
"""

from typing import Any

import numpy as np
import pytest

from asymptotics import limited_samples
from asymptotics.calibration import assert_agrees, compare_two_samples
from asymptotics.schedule import linear
from simulate import Mixture, Point, compare, curves, gram
from simulate.autoencoder import cluster_law, overlaps, solve
from simulate.gram import GramStatistics, Pairs, Starts, draw_starts, draw_with_pairs, label_flips, networks, sufficient
from simulate.seeds import normal
from simulate.training import ExactLearner

GRID = np.linspace(0.0, 1.0, 65)


@pytest.mark.parametrize(("d", "n"), [(20, 2), (200, 2), (200, 8)])
def test_the_carried_cluster_is_the_closed_form_in_every_data_set(d: int, n: int) -> None:
    """On one path to the end; the branch that is followed does not change sides where w.x1bar does."""
    turned = 0
    for k in range(25):
        samples = Mixture(d=d, sigma=1.5).sample(n=n, seed=k)
        law = cluster_law(ExactLearner(samples=samples, schedule=linear, ridge=0.1), samples, linear, GRID)
        expected = networks.generated(GramStatistics.of(samples), ridge=0.1)
        assert law.centre_error == pytest.approx(float(expected.mean_error[0]), rel=1e-5)
        assert law.centre_cosine == pytest.approx(float(expected.mean_cosine[0]), abs=1e-5)
        weight = solve(samples, Point(0.005, 0.995), ridge=0.1).network.weight
        turned += bool(weight @ samples.sample_mean < 0)
    assert turned >= 2, "no data set here has w.x1bar < 0 near the data end"


@pytest.mark.parametrize("steps", [4, 64])
def test_without_skip_the_flow_ends_at_the_weight_whatever_the_steps(steps: int) -> None:
    """c = 0 gives one weight at all times, and a last Euler step that lands on it."""
    mixture = Mixture(d=200, sigma=1.5)
    for k in range(20):
        samples = mixture.sample(n=4, seed=k)
        learner = ExactLearner(samples=samples, schedule=linear, ridge=0.1, skip=False)
        law = cluster_law(learner, samples, linear, np.linspace(0.0, 1.0, steps + 1), method="euler")
        expected = networks.generated(GramStatistics.of(samples), ridge=0.1, skip=False)
        assert law.centre_error == pytest.approx(float(expected.mean_error[0]), rel=1e-9)


def test_overlaps_keep_their_signs_near_the_data_end() -> None:
    statistics = sufficient.draw(n=2, d=100_000, sigma=1.5, seeds=2000, seed=1)
    found = networks.denoisers(statistics, alpha=[0.5, 0.01, 1e-3, 1e-5], beta=[0.5, 0.99, 0.999, 0.99999], ridge=0.1)
    assert (found.overlap_noise < 0).all()
    samples = Mixture(d=50, sigma=1.5).sample(n=2, seed=3)
    for t in (0.9, 0.99, 0.999):
        assert overlaps(solve(samples, Point(1 - t, t), ridge=0.1).network, samples, Point(1 - t, t)).overlap_noise < 0


LAWS: dict[str, Any] = {"n": [2, 8], "ridge": 0.1, "seed": 5, "keep_runs": True}


@pytest.mark.parametrize(
    ("d", "seeds", "steps"),
    [(20, 60, 16), (200, 60, 16), *(pytest.param(d, 300, 32, marks=pytest.mark.slow) for d in (20, 200, 2000))],
)
def test_errors_and_trajectories_in_d_dimensions_have_the_drawn_law(d: int, seeds: int, steps: int) -> None:
    """Seven laws in one false-failure rate of 1e-6; what an integration of third order leaves is allowed for."""
    mixture = Mixture(d=d, sigma=1.5)
    measured = curves.generation(mixture, schedule=linear, steps=steps, seeds=seeds, progress=False, **LAWS)
    drawn = curves.reduced_generation(
        mixture, schedule=linear, times=measured.t.values, seeds=20_000, **{**LAWS, "seed": 6}
    )
    for name in (*networks.Generated._fields, *networks.Flows._fields):
        arrays = [each[f"{name}_runs"] for each in (measured, drawn)]
        if "t" in arrays[0].dims:
            arrays = [each.isel(t=[steps // 4, steps * 3 // 4, steps]).transpose("seed", "n", "t") for each in arrays]
        else:
            arrays = [each.transpose("seed", "n") for each in arrays]
        ours, theirs = (each.values for each in arrays)
        scale = np.full(ours.shape[1:], np.abs(theirs).mean(axis=0).max())
        verdict = compare_two_samples(ours, theirs, comparisons=7, bias=10 / steps**3, scale=scale)
        print(d, name, verdict)
        assert_agrees(verdict, within=0.35 if seeds > 100 else 0.8)


def test_the_error_on_fresh_data_jumps_at_the_noise_end() -> None:
    """At beta = 0 no experiment shows the formula, the limit beta -> 0: comparing there is refused."""
    settings: Any = {"schedule": linear, "seeds": 200, "seed": 0, "ridge": 0.1, "n": [4]}
    data = curves.reduced_denoiser(Mixture(d=10**5, sigma=1.5), times=[0.0, 0.5], **settings)
    with pytest.raises(ValueError, match="test_error at t = 0, beta = 0, is the limit"):
        compare(data, limited_samples.test_error)
    assert bool(compare(data, limited_samples.skip).passed.all())
    assert bool(compare(data.sel(t=data.t[data.beta > 0]), limited_samples.test_error).passed.all())


def test_starts_and_pairs_of_other_data_sets_are_refused() -> None:
    one, pairs = draw_with_pairs(n=3, d=100, sigma=1.0, seeds=3, seed=0)
    other, others = draw_with_pairs(n=3, d=100, sigma=1.0, seeds=3, seed=1)
    starts = draw_starts(other, count=4, seed=2)
    with pytest.raises(ValueError, match="starts belong to other data sets"):
        gram.generate(one, starts, linear, GRID, ridge=0.1)
    with pytest.raises(ValueError, match="pairs belong to other data sets"):
        label_flips(one, others, alpha=0.5, beta=0.5, ridge=0.1)
    assert label_flips(one, pairs, alpha=0.5, beta=0.5, ridge=0.1).shape == (3, 1)
    samples = Mixture(d=100, sigma=1.0).sample(n=3, seed=0)
    measured = GramStatistics.of(samples)
    assert Starts.of(samples, normal(1, (4, 100))).mark == Pairs.of(samples).mark == measured.mark
