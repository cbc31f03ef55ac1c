"""The generated law given the data, its measured centre, and sample averages of it."""

import numpy as np
import pytest
import torch

from asymptotics.calibration import assert_agrees, compare_mean
from asymptotics.schedule import linear, trigonometric
from simulate import Mixture, Samples
from simulate.autoencoder import average_error, cluster_law, generate
from simulate.seeds import child, normal
from simulate.training import AdamRecipe, ExactLearner, GradientDescent, TrainedLearner

SAMPLES = Mixture(d=40, sigma=1.5, radius=1.3).sample(n=6, draws=2, seed=4)


def test_inside_a_cluster_points_are_the_affine_image_of_their_start() -> None:
    learner, grid = ExactLearner(samples=SAMPLES, schedule=linear, ridge=0.1), np.linspace(0, 1, 9)
    law = cluster_law(learner, SAMPLES, linear, grid)
    starts = normal(1, (200, 40))
    made = generate(learner, linear, grid, starts, keep=True)
    stayed = ~made.crossed
    assert made.states is not None and int(stayed.sum()) > 100
    for k, states in enumerate(made.states):
        image = made.cluster[:, None] * law.offset[k] + law.factor[k] * starts
        assert torch.allclose(states[stayed], image[stayed], atol=1e-12)


@pytest.mark.parametrize("schedule", [linear, trigonometric])
def test_the_centre_and_variance_are_those_of_the_residual_sums(schedule: object) -> None:
    """At any d, given the labels: centre (S1 - sqrt(a/b) S0)/N and variance a/b, where S0, S1 are the
    signed sums of x0, x1 over pairs and a, b what ridge regression on the labels leaves of them."""
    ridge = 0.4
    law = cluster_law(
        ExactLearner(samples=SAMPLES, schedule=schedule, ridge=ridge),  # type: ignore[arg-type]
        SAMPLES, schedule, np.linspace(0, 1, 401),  # type: ignore[arg-type]
    )
    size = SAMPLES.pairs + ridge
    signed = SAMPLES.pair_labels[..., None]
    sums = [(signed * each).sum(dim=(0, 1)) for each in (SAMPLES.noise, SAMPLES.targets)]
    b, a = (
        float(each.square().sum() - total.square().sum() / size)
        for each, total in zip((SAMPLES.noise, SAMPLES.targets), sums, strict=True)
    )
    centre = (sums[1] - (a / b) ** 0.5 * sums[0]) / size
    assert law.generated_variance == pytest.approx(a / b, rel=1e-7)
    assert torch.allclose(law.centre, centre, atol=1e-7)
    error = float((centre - SAMPLES.mean).square().sum()) / 40
    assert law.centre_error == pytest.approx(error, rel=1e-6)
    cosine = float(torch.cosine_similarity(centre, SAMPLES.mean, dim=0))
    assert law.centre_cosine == pytest.approx(cosine, abs=1e-7)
    assert law.overlaps.shape == (401, 3) and np.all(law.overlaps[0] == 0.0) and law.factor[0] == 1.0


def test_a_sample_average_with_its_inflation_subtracted_is_unbiased() -> None:
    count, repeats, d = 5, 4000, 30
    mean, centre = torch.ones(d).double(), 1.1 * torch.ones(d).double()
    values, variances = [], []
    for k in range(repeats):
        noise = normal(child(8, k), (count, d))
        cluster = torch.tensor([1.0, -1.0, 1.0, 1.0, -1.0]).double()
        found = average_error(cluster[:, None] * centre + 0.7 * noise, cluster, mean)
        values.append(found.value)
        variances.append(found.stderr**2)
    # What is tested is the subtraction of 0.49 / 5, ten times the answer.
    verdict = compare_mean(values, 0.01, scale=0.49 / count)
    print(verdict)
    assert_agrees(verdict)
    # The stated error is an upper estimate.
    assert 1.0 <= np.mean(variances) / np.var(values) < 3.0


def test_a_trained_learner_gives_one_network_for_a_time_whatever_the_order() -> None:
    samples = Mixture(d=200, sigma=1.5).sample(n=4, seed=0)
    learner = TrainedLearner(
        samples=samples, schedule=linear, ridge=0.1, recipe=AdamRecipe(iterations=20), seed=5
    )
    first = learner(0.5)
    learner(0.25)
    assert torch.equal(learner(0.5).weight, first.weight)
    assert not torch.equal(learner(0.25).weight, first.weight)
    assert float(first.weight @ samples.sample_mean) > 0


def test_a_trained_learner_generates_what_the_exact_one_does() -> None:
    samples = Mixture(d=2000, sigma=0.9).sample(n=4, seed=0)
    grid = np.linspace(0.2, 0.8, 4)
    laws = [
        cluster_law(learner, samples, linear, grid, method="midpoint")
        for learner in (
            ExactLearner(samples=samples, schedule=linear, ridge=0.1),
            TrainedLearner(
                samples=samples, schedule=linear, ridge=0.1, recipe=GradientDescent(), seed=5
            ),
        )
    ]
    assert torch.allclose(laws[0].centre, laws[1].centre, atol=1e-6)
    assert laws[0].generated_variance == pytest.approx(laws[1].generated_variance, abs=1e-6)


def test_bad_arguments() -> None:
    tanh = TrainedLearner(
        samples=SAMPLES, schedule=linear, ridge=0.1, recipe=AdamRecipe(iterations=1), seed=0,
        activation="tanh",
    )
    with pytest.raises(ValueError, match="not affine"):
        cluster_law(tanh, SAMPLES, linear, [0.0, 1.0])
    with pytest.raises(ValueError, match="method = 'rk4'"):
        cluster_law(tanh, SAMPLES, linear, [0.0, 1.0], method="rk4")
    points, mean = torch.ones(3, 4).double(), torch.ones(4).double()
    with pytest.raises(ValueError, match="cluster must be"):
        average_error(points, torch.zeros(3).double(), mean)
    with pytest.raises(ValueError, match=r"1 point\(s\)"):
        average_error(points[:1], torch.ones(1).double(), mean)
    with pytest.raises(ValueError, match="mean has shape"):
        average_error(points, torch.ones(3).double(), mean[:3])
    assert isinstance(SAMPLES, Samples)
