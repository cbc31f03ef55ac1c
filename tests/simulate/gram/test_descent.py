"""Gradient descent in the span against gradient descent in d dimensions, which shares none of its gradients."""

from typing import Any

import numpy as np
import pytest
import torch

from asymptotics.calibration import assert_agrees, compare_mean, compare_two_samples
from asymptotics.schedule import linear
from simulate import Mixture, Point, Samples, autoencoder
from simulate.autoencoder import Autoencoder, labels_match, overlaps
from simulate.gram import GramStatistics, Span, descend, draw_span, networks
from simulate.seeds import batches, child, normal
from simulate.training import AdamRecipe, GradientDescent, StochasticGradientDescent, train

MIXTURE = Mixture(d=60, sigma=1.2, radius=0.8)
VALUES = Point(0.6, 0.4)
NAMES = ("skip", "overlap_mean", "overlap_noise", "overlap_sample")


def _sets(draws: int, count: int = 3) -> tuple[list[Samples], Span]:
    """Data sets and the weights that `train` starts from with seed child(9, k)."""
    sets = [MIXTURE.sample(n=5, draws=draws, seed=child(3, k)) for k in range(count)]
    return sets, Span.of(sets, [normal(child(9, k), (60,)) for k in range(count)])


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("activation", ["sign", "tanh"])
@pytest.mark.parametrize(("draws", "batch"), [(1, None), (2, 3), (2, 1), (1, 5)])
def test_the_same_vectors_give_the_same_curves(draws: int, batch: int | None, activation: str, skip: bool) -> None:
    """To rounding, all the way: overlaps, risk and labels, with batches that do not divide the pairs too."""
    sets, span = _sets(draws)
    for iterations in (1, 2, 17, 60):
        recipe = StochasticGradientDescent(batch=batch, step=0.7, iterations=iterations, record_every=1000)
        found = descend(span, VALUES, recipe=recipe, ridge=0.3, seed=9, activation=activation, skip=skip)
        assert found.recorded == (0, iterations)
        for k, samples in enumerate(sets):
            training = train(
                samples, VALUES, recipe=recipe, ridge=0.3, seed=child(9, k), activation=activation, skip=skip
            )
            expected = overlaps(training.network, samples, VALUES)
            for name in NAMES:
                assert abs(getattr(found, name)[k, -1] - getattr(expected, name)) < 1e-11, (name, iterations)
            assert found.training_loss[k] == pytest.approx(training.losses, rel=1e-11)
            assert found.label_flips[k, -1] == (not labels_match(training.network, samples, VALUES))


@pytest.mark.parametrize("batch", [None, 2])
def test_in_d_dimensions_it_is_what_torch_does(batch: int | None) -> None:
    """torch.optim.SGD with one learning rate for c and one for w."""
    samples, pairs = MIXTURE.sample(n=5, seed=1), 5
    recipe = StochasticGradientDescent(batch=batch, step=0.4, iterations=25)
    network = train(samples, VALUES, recipe=recipe, ridge=0.3, seed=7, activation="tanh").network
    x, y = samples.mixed(VALUES).flatten(0, 1), samples.targets.flatten(0, 1)
    squares = x.square().sum(dim=1)
    largest = float(squares.sum()) if batch is None else pairs * float(squares.max())
    rate = 0.4 / (largest / 60 + pairs + 0.3)
    c = torch.ones((), dtype=torch.float64, requires_grad=True)
    w = normal(7, (60,)).requires_grad_()
    optimiser = torch.optim.SGD([{"params": [w], "weight_decay": 0.3}, {"params": [c], "lr": rate / 60}], lr=rate)
    order = batches(child(7, 0), pairs, batch or pairs)
    for _ in range(25):
        rows = slice(None) if batch is None else torch.as_tensor(next(order))
        optimiser.zero_grad()
        error = c * x[rows] + torch.tanh(x[rows] @ w / 60**0.5)[:, None] * w - y[rows]
        (0.5 * pairs / len(error) * error.square().sum()).backward()
        optimiser.step()
    assert float(network.skip) == pytest.approx(float(c.detach()), abs=1e-12)
    torch.testing.assert_close(network.weight, w.detach(), rtol=0, atol=1e-12)


def test_an_epoch_visits_every_pair_once() -> None:
    order = batches(1, 7, 3)
    epochs = [np.concatenate([next(order) for _ in range(3)]) for _ in range(4)]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1


@pytest.mark.parametrize("draws", [1, 2])
def test_all_pairs_lead_to_the_minimiser(draws: int) -> None:
    """Where no label is wrong at the end it is the exact one. (With two draws other labellings hold themselves too.)"""
    sets, span = _sets(draws, count=8)
    recipe = StochasticGradientDescent(step=0.2, iterations=4000, record_every=4000)
    found = descend(span, VALUES, recipe=recipe, ridge=0.3, seed=0)
    exact = networks.denoisers(GramStatistics.of(sets), alpha=0.6, beta=0.4, ridge=0.3)
    right = found.label_flips[:, -1] == 0
    assert right.sum() >= 4
    for name in (*NAMES, "training_loss", "test_error"):
        assert np.allclose(getattr(found, name)[right, -1], getattr(exact, name)[right, 0], rtol=1e-9, atol=1e-10), name


@pytest.mark.parametrize("activation", ["sign", "tanh"])
def test_the_test_error_is_that_of_fresh_pairs(activation: str) -> None:
    """Against 40 000 of them in d dimensions, at the start and on the way."""
    (samples,), span = _sets(1, count=1)
    for iterations, comparisons in ((1, 4), (6, 4)):
        recipe = StochasticGradientDescent(step=0.7, iterations=iterations)
        found = descend(span, VALUES, recipe=recipe, ridge=0.3, seed=9, activation=activation)
        network = train(samples, VALUES, recipe=recipe, ridge=0.3, seed=child(9, 0), activation=activation).network
        fresh = samples.fresh(n=40_000, seed=11)
        errors = (network(fresh.mixed(VALUES)) - fresh.targets).square().sum(dim=-1).flatten() / 60
        assert_agrees(compare_mean(errors.numpy(), found.test_error[0, -1], comparisons=comparisons), within=0.03)
        assert float(errors.mean()) == pytest.approx(autoencoder.test_error(network, fresh, VALUES).value)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["sign", "tanh"])
@pytest.mark.parametrize("d", [20, 200, 2000])
def test_drawn_curves_have_the_law_of_those_in_d_dimensions(d: int, activation: str) -> None:
    """Means and squares after 8 mini-batches, each side its own data sets and starts."""
    runs, mixture = 2500, Mixture(d=d, sigma=1.2, radius=0.8)
    recipe = StochasticGradientDescent(batch=2, step=0.6, iterations=8, record_every=8)
    span = draw_span(n=4, d=d, sigma=1.2, radius=0.8, seeds=runs, seed=21)
    drawn = descend(span, VALUES, recipe=recipe, ridge=0.3, seed=22, activation=activation)
    rows = []
    for k in range(runs):
        samples = mixture.sample(n=4, seed=child(23, k))
        training = train(samples, VALUES, recipe=recipe, ridge=0.3, seed=child(24, k), activation=activation)
        network: Autoencoder = training.network
        wrong = float(not labels_match(network, samples, VALUES))
        rows.append([*overlaps(network, samples, VALUES), training.losses[-1], wrong])
    names = (*NAMES, "training_loss", "label_flips")
    ours, direct = np.stack([getattr(drawn, name)[:, -1] for name in names], axis=1), np.array(rows)
    tables = [np.concatenate([each, each**2], axis=1) for each in (ours, direct)]
    # Overlaps hover about 0 while labels are wrong: held against their root mean square.
    scale = np.sqrt((tables[1] ** 2).mean(axis=0))
    assert_agrees(compare_two_samples(*tables, scale=scale, comparisons=6), within=0.25)


def test_mini_batches_break_a_tie_that_all_pairs_do_not() -> None:
    """With as many wrong as right labels at the start the gradient has no component along mu, w shrinks to 0."""
    span = draw_span(n=4, d=10**8, sigma=1.5, seeds=300, seed=1)
    whole, batch = (
        descend(
            span, linear.at(0.5), ridge=0.1, seed=2,
            recipe=StochasticGradientDescent(batch=size, step=0.5, iterations=3000, record_every=3000),
        )
        for size in (None, 1)
    )
    start = draw_span(n=4, d=10**8, sigma=1.5, seeds=300, seed=1)
    sides = torch.sign((0.5 * (start.noise[:, :, 0] + start.data) @ start.weight[..., None])[..., 0]).sum(dim=1)
    tied = (sides == 0).numpy()
    assert 0.2 < tied.mean() < 0.55
    assert np.abs(whole.overlap_mean[tied, -1]).max() < 0.05
    assert whole.label_flips[~tied, -1].sum() == 0
    assert batch.label_flips[:, -1].sum() == 0


def test_float32_follows_float64() -> None:
    dtypes = (torch.float32, torch.float64)
    ours = [draw_span(n=4, d=10**5, sigma=1.2, seeds=6, seed=1, dtype=dtype) for dtype in dtypes]
    recipe = StochasticGradientDescent(step=0.5, iterations=6)
    low, high = (descend(each, VALUES, recipe=recipe, ridge=0.1, seed=0, activation="tanh") for each in ours)
    for name in (*NAMES, "training_loss", "test_error"):
        assert np.allclose(getattr(low, name), getattr(high, name), rtol=2e-4, atol=2e-4), name


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"recipe": AdamRecipe()}, TypeError, "no rotation preserves"),
        ({"recipe": GradientDescent()}, TypeError, "must be a StochasticGradientDescent, not GradientDescent"),
        ({"recipe": StochasticGradientDescent(gradient_tolerance=1e-3)}, ValueError, "leave tolerances at None"),
        ({"recipe": StochasticGradientDescent(batch=6)}, ValueError, "batch = 6 must be <= n \\* draws = 5"),
        ({"recipe": StochasticGradientDescent(skip_start=1e200)}, FloatingPointError, "diverged after 0 iterations"),
        ({"activation": "relu"}, ValueError, "activation = 'relu' must be one of"),
        ({"ridge": -1.0}, ValueError, "ridge = -1.0 must be >= 0"),
    ],
)
def test_bad_input(change: dict[str, Any], error: type[Exception], words: str) -> None:
    _, span = _sets(1)
    with pytest.raises(error, match=words):
        descend(span, VALUES, **{"recipe": StochasticGradientDescent(), "ridge": 0.1, "seed": 0, **change})


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"batch": 0}, "batch = 0 must be >= 1"), ({"step": 0.0}, "step = 0.0 must be > 0"),
     ({"step": 1.5}, "step = 1.5 must be <= 1"), ({"iterations": 0}, "iterations = 0 must be >= 1")],
)
def test_bad_recipes(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        StochasticGradientDescent(**settings)
