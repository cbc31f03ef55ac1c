"""Trained networks against the exact minimiser, and what trainers promise."""

import pytest
import torch

from simulate import Mixture, Point
from simulate.autoencoder import labels_match, overlaps, solve, training_loss
from simulate.training import AdamRecipe, GradientDescent, train

MIXTURE = Mixture(d=1000, sigma=1.5, radius=1.2)
SMALL = Mixture(d=60, sigma=0.8).sample(n=3, draws=2, seed=0)
QUICK = AdamRecipe(iterations=50, record_every=10)


@pytest.mark.parametrize("t", [0.2, 0.5])
def test_the_authors_recipe_finds_the_minimiser(t: float) -> None:
    """For t <= 1/2, after 6000 full-batch iterations of Adam, which go on moving about the minimum as rounding decides:
    over 24 seeds by a root mean square of 1.6e-4 in any overlap at most, 4.6e-4 the largest. Six of it are allowed."""
    samples, values = MIXTURE.sample(n=8, seed=1), Point(1 - t, t)
    training = train(samples, values, recipe=AdamRecipe(), ridge=0.1, seed=3)
    exact = solve(samples, values, ridge=0.1)
    assert (training.iterations, training.stopped_early) == (6000, False)
    assert overlaps(training.network, samples, values) == pytest.approx(
        overlaps(exact.network, samples, values), abs=1e-3
    )
    assert training.losses[-1] == pytest.approx(exact.objective, rel=1e-6)


@pytest.mark.slow
def test_nearer_the_data_end_the_authors_recipe_is_less_exact() -> None:
    samples, values = MIXTURE.sample(n=8, seed=1), Point(0.2, 0.8)
    training = train(samples, values, recipe=AdamRecipe(), ridge=0.1, seed=3)
    exact = solve(samples, values, ridge=0.1)
    assert overlaps(training.network, samples, values) == pytest.approx(
        overlaps(exact.network, samples, values), abs=1.5e-3
    )


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("t", [0.2, 0.5, 0.8])
def test_gradient_descent_finds_the_minimiser(t: float, skip: bool) -> None:
    samples, values = MIXTURE.sample(n=8, draws=1, seed=1), Point(1 - t, t)
    training = train(samples, values, recipe=GradientDescent(), ridge=0.1, seed=3, skip=skip)
    exact = solve(samples, values, ridge=0.1, skip=skip)
    assert training.reason == "gradient below tolerance"
    assert float((training.network.oriented(samples, values).weight - exact.network.weight).norm()) < (
        1e-7 * float(exact.network.weight.norm())
    )
    assert float(training.network.skip) == pytest.approx(float(exact.network.skip), abs=1e-7)


def test_at_the_noise_end_sign_freezes_wrong_labels_and_tanh_finds_them() -> None:
    """The gradient of sign is dead, so labels drawn at random by the initial weight stay."""
    samples, values = Mixture(d=2000, sigma=1.5).sample(n=8, seed=0), Point(1.0, 0.0)
    found = {
        activation: train(
            samples, values, recipe=GradientDescent(iterations=500), ridge=0.1, seed=0,
            activation=activation,
        )
        for activation in ("sign", "tanh")
    }
    target = solve(samples, values, ridge=0.1).objective
    assert found["sign"].losses[-1] > 1.1 * target
    assert found["tanh"].losses[-1] < found["sign"].losses[-1]
    assert overlaps(found["tanh"].network, samples, values).overlap_mean > 0.9
    assert abs(overlaps(found["sign"].network, samples, values).overlap_mean) < 0.9


@pytest.mark.parametrize("recipe", [QUICK, GradientDescent(iterations=40, record_every=7)])
@pytest.mark.parametrize("activation", ["sign", "tanh"])
def test_recorded_losses_are_risks_of_the_network(
    recipe: AdamRecipe | GradientDescent, activation: str
) -> None:
    seen: list[tuple[int, float]] = []
    training = train(
        SMALL, Point(0.5, 0.5), recipe=recipe, ridge=0.7, seed=1, activation=activation,
        progress=lambda iteration, loss: seen.append((iteration, loss)),
    )
    own = training_loss(training.network, SMALL, Point(0.5, 0.5), ridge=0.7)
    assert training.losses[-1] == pytest.approx(own, rel=1e-13)
    assert seen == list(zip(training.recorded, training.losses, strict=True))
    assert training.recorded[:2] == (0, recipe.record_every)
    assert training.recorded[-1] == training.iterations


def test_the_recipe_is_torchs_adam_with_the_ridge_as_its_decay_on_w_only() -> None:
    """The same 50 steps from autograd of the whole risk, ridge included, and no decay at all."""
    from simulate.autoencoder import reconstruct
    from simulate.seeds import normal

    training = train(SMALL, Point(0.5, 0.5), recipe=QUICK, ridge=0.7, seed=1)
    weight = normal(1, (60,)).requires_grad_(True)
    skip = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([skip, weight], lr=0.04)
    for _ in range(50):
        optimiser.zero_grad()
        misfit = reconstruct(skip, weight, SMALL.mixed(Point(0.5, 0.5)), "sign") - SMALL.targets
        (0.5 * misfit.square().sum() + 0.35 * weight.square().sum()).backward()
        optimiser.step()
    assert torch.allclose(training.network.weight, weight.detach(), atol=1e-12)
    assert float(training.network.skip) == pytest.approx(float(skip.detach()), abs=1e-12)


def test_gradient_descent_never_raises_the_risk() -> None:
    for activation in ("sign", "tanh"):
        training = train(
            SMALL, Point(0.9, 0.1), recipe=GradientDescent(iterations=100, record_every=1), ridge=0.1,
            seed=2, activation=activation,
        )
        losses = torch.tensor(training.losses)
        assert bool((losses.diff() <= 1e-12 * losses[0]).all())


def test_the_same_seed_trains_the_same_network() -> None:
    first, second, other = (
        train(SMALL, Point(0.5, 0.5), recipe=QUICK, ridge=0.1, seed=seed) for seed in (1, 1, 2)
    )
    assert torch.equal(first.network.weight, second.network.weight) and first.losses == second.losses
    assert not torch.equal(first.network.weight, other.network.weight)


def test_early_stops_say_why() -> None:
    gradient = train(
        SMALL, Point(0.5, 0.5), recipe=AdamRecipe(gradient_tolerance=1e-3), ridge=0.1, seed=1
    )
    loss = train(SMALL, Point(0.5, 0.5), recipe=AdamRecipe(loss_tolerance=1e-3), ridge=0.1, seed=1)
    for training, reason in ((gradient, "gradient below"), (loss, "loss change below")):
        assert training.stopped_early and reason in training.reason and training.iterations < 6000
    whole = train(SMALL, Point(0.5, 0.5), recipe=QUICK, ridge=0.1, seed=1)
    assert (whole.stopped_early, whole.reason) == (False, "all iterations done")


@pytest.mark.parametrize("recipe", [AdamRecipe(), GradientDescent(), QUICK])
def test_a_training_says_how_far_from_a_minimum_it_ended(recipe: AdamRecipe | GradientDescent) -> None:
    training = train(SMALL, Point(0.5, 0.5), recipe=recipe, ridge=0.7, seed=1)
    assert len(training.slopes) == len(training.losses)
    network = training.network
    parts = torch.cat([torch.as_tensor(network.skip).reshape(1), network.weight]).requires_grad_(True)
    misfit = parts[0] * SMALL.mixed(Point(0.5, 0.5)) - SMALL.targets
    misfit = misfit + SMALL.pair_labels[..., None] * parts[1:] * (1 if network.weight.sum() > 0 else -1)
    (0.5 * misfit.square().sum() + 0.35 * parts[1:].square().sum()).backward()
    assert parts.grad is not None
    parts.grad[0] /= SMALL.d**0.5
    assert training.slopes[-1] == pytest.approx(float(parts.grad.norm()), rel=1e-6, abs=1e-9)
    least = solve(SMALL, Point(0.5, 0.5), ridge=0.7).objective
    assert training.excess == pytest.approx(1 - least / training.losses[-1], rel=1e-9, abs=1e-14)
    assert training.converged == (training.excess <= 1e-3) == (recipe is not QUICK)


def test_far_from_the_data_nothing_passes_for_converged() -> None:
    """240 = 6000 steps of 0.04 is as far as Adam carries a weight. The gradient falls far even so."""
    samples = Mixture(d=60, sigma=1e5).sample(n=3, seed=0)
    training = train(samples, Point(0.5, 0.5), recipe=AdamRecipe(), ridge=0.1, seed=1)
    assert not training.converged and training.slopes[-1] < 1e-2 * training.slopes[0]


def test_a_copying_network_and_an_undetermined_skip_have_no_excess() -> None:
    one = Mixture(d=20, sigma=1.0).sample(n=1, draws=2, seed=0)
    training = train(one, Point(0.0, 1.0), recipe=GradientDescent(), ridge=0.0, seed=1)
    assert training.excess == 0.0 or training.losses[-1] < 1e-20


def test_divergence_is_an_error() -> None:
    recipe = AdamRecipe(learning_rate=1e200, iterations=30, record_every=1)
    with pytest.raises(FloatingPointError, match="diverged: loss"):
        train(SMALL, Point(0.5, 0.5), recipe=recipe, ridge=0.1, seed=1)


def test_without_skip_the_skip_stays_zero() -> None:
    training = train(SMALL, Point(0.5, 0.5), recipe=QUICK, ridge=0.1, seed=1, skip=False)
    assert float(training.network.skip) == 0.0


def test_float32_trains_in_float32() -> None:
    samples = Mixture(d=60, sigma=0.8).sample(n=3, seed=0, dtype=torch.float32)
    network = train(samples, Point(0.5, 0.5), recipe=QUICK, ridge=0.1, seed=1).network
    assert network.weight.dtype == torch.float32
    assert isinstance(labels_match(network, samples, Point(0.5, 0.5)), bool)


@pytest.mark.parametrize(
    ("recipe", "change", "error", "words"),
    [
        (AdamRecipe, {"learning_rate": 0.0}, ValueError, "learning_rate = 0.0 must be > 0"),
        (AdamRecipe, {"iterations": 0}, ValueError, "iterations = 0"),
        (AdamRecipe, {"iterations": 10.0}, TypeError, "iterations = 10.0"),
        (AdamRecipe, {"record_every": 0}, ValueError, "record_every = 0"),
        (AdamRecipe, {"skip_start": float("nan")}, ValueError, "skip_start = nan"),
        (AdamRecipe, {"loss_tolerance": 0.0}, ValueError, "loss_tolerance = 0.0"),
        (GradientDescent, {"step": 1.5}, ValueError, "step = 1.5 must be <= 1"),
        (GradientDescent, {"gradient_tolerance": -1.0}, ValueError, "gradient_tolerance = -1.0"),
    ],
)
def test_bad_recipes(
    recipe: type[AdamRecipe] | type[GradientDescent], change: dict[str, object],
    error: type[Exception], words: str,
) -> None:
    with pytest.raises(error, match=words):
        recipe(**change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"recipe": "adam"}, TypeError, "recipe must be an AdamRecipe"),
        ({"ridge": -1.0}, ValueError, "ridge = -1.0"),
        ({"activation": "tan"}, ValueError, "did you mean 'tanh'"),
        ({"seed": None}, TypeError, "seed = None"),
        ({"skip": None}, TypeError, "skip = None"),
        ({"samples": Mixture(d=5, sigma=1.0).sample(n=1, seed=0)}, ValueError, "not attained"),
    ],
)
def test_bad_training(change: dict[str, object], error: type[Exception], words: str) -> None:
    arguments: dict[str, object] = {"samples": SMALL, "recipe": QUICK, "ridge": 0.1, "seed": 0, **change}
    with pytest.raises(error, match=words):
        train(values=Point(0.5, 0.5), **arguments)  # type: ignore[arg-type]
