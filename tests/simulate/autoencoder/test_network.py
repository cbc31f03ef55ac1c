"""The network, its orientation, what is measured of it, and the losses written out."""

from collections.abc import Callable
from math import tanh

import pytest
import torch

import simulate
from simulate import Mixture, Point
from simulate.autoencoder import Autoencoder, overlaps
from simulate.seeds import normal

Orthogonal = Callable[..., simulate.Samples]
VALUES = Point(0.6, 0.8)


def test_the_function_is_the_one_written() -> None:
    weight, x = normal(0, (5,)), normal(1, (3, 2, 5))
    for activation in ("sign", "tanh"):
        output = Autoencoder(0.4, weight, activation)(x)
        for i in range(3):
            for j in range(2):
                inner = sum(float(weight[a] * x[i, j, a]) for a in range(5))
                code = tanh(inner / 5**0.5) if activation == "tanh" else (1.0 if inner > 0 else -1.0)
                assert torch.allclose(output[i, j], 0.4 * x[i, j] + code * weight, atol=1e-14)


def test_w_and_minus_w_are_one_network_and_orienting_picks_one() -> None:
    samples = Mixture(d=20, sigma=1.0).sample(n=3, seed=0)
    up = Autoencoder(0.4, samples.mean)
    down = Autoencoder(0.4, -samples.mean)
    x = normal(3, (4, 20))
    assert torch.equal(up(x), down(x))
    assert torch.equal(down.oriented(samples, VALUES).weight, up.weight) and up.oriented(samples, VALUES) is up
    assert overlaps(up, samples, VALUES) == overlaps(down, samples, VALUES)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_overlaps_are_the_coefficients_where_vectors_are_orthogonal(
    orthogonal: Orthogonal, sign: float
) -> None:
    samples = orthogonal(n=3, draws=2, sigma=0.7, radius=1.3)
    weight = sign * (0.8 * samples.mean - 0.05 * samples.xi + 0.2 * samples.eta)
    measured = overlaps(Autoencoder(0.3, weight), samples, VALUES)
    assert measured == pytest.approx((0.3, 0.8, -0.05, 0.2), abs=1e-13)


def test_a_branch_is_the_network_on_its_side_and_only_sign_has_one() -> None:
    weight, x = normal(0, (5,)), normal(1, (7, 5))
    network = Autoencoder(0.4, weight)
    assert torch.allclose(network.branch(x, torch.sign(x @ weight)), network(x), atol=1e-15)
    with pytest.raises(ValueError, match="not affine"):
        Autoencoder(0.4, weight, "tanh").branch(x, 1.0)


def test_the_losses_are_the_sums_they_stand_for() -> None:
    samples = Mixture(d=6, sigma=1.0).sample(n=3, draws=2, seed=0)
    network = Autoencoder(0.4, normal(5, (6,)))
    total = 0.0
    for m in range(3):
        for k in range(2):
            x = 0.6 * samples.noise[m, k] + 0.8 * samples.data[m]
            total += 0.5 * float((network(x) - samples.data[m]).square().sum())
    total += 0.5 * 0.3 * float(network.weight.square().sum())
    assert float(simulate.autoencoder.risk(network, samples, VALUES, ridge=0.3)) == pytest.approx(total, rel=1e-13)
    loss = simulate.autoencoder.training_loss(network, samples, VALUES, ridge=0.3)
    assert loss == pytest.approx(total / (3 * 2 * 6), rel=1e-13)


def test_test_error_of_a_network_without_weight_is_known() -> None:
    """f = c x misses by (c beta - 1) x1 + c alpha x0, whose mean square per d is elementary."""
    from asymptotics.calibration import POWER, assert_agrees, judge

    samples = Mixture(d=400, sigma=0.7, radius=1.3).sample(n=2, seed=0)
    fresh = samples.fresh(n=2000, seed=1)
    estimate = simulate.autoencoder.test_error(Autoencoder(0.3, torch.zeros(400).double()), fresh, VALUES)
    exact = (0.3 * 0.8 - 1) ** 2 * (0.7**2 + 1.3**2) + (0.3 * 0.6) ** 2
    assert_agrees(judge(estimate.value, exact, estimate.stderr, dof=1999, power=POWER), within=0.02)


def test_no_label_is_wrong_where_there_is_no_weight() -> None:
    samples = Mixture(d=6, sigma=1.0).sample(n=3, seed=0)
    assert simulate.autoencoder.labels_match(Autoencoder(1.0, torch.zeros(6).double()), samples, VALUES)
    assert simulate.autoencoder.labels_match(Autoencoder(1.0, samples.mean * 100), samples, Point(0.0, 1.0)) == bool(
        (samples.labels * (samples.data @ samples.mean) > 0).all()
    )


@pytest.mark.parametrize(
    ("skip", "weight", "activation", "error", "words"),
    [
        (float("nan"), torch.ones(3), "sign", ValueError, "skip = nan"),
        ("1", torch.ones(3), "sign", TypeError, "skip = '1'"),
        (torch.ones(2), torch.ones(3), "sign", ValueError, "skip has shape"),
        (torch.tensor(1.0).double(), torch.ones(3), "sign", TypeError, "skip is torch.float64"),
        (1.0, torch.ones(3, 1), "sign", ValueError, "weight has shape"),
        (1.0, torch.ones(3, dtype=torch.int64), "sign", TypeError, "weight must be a floating"),
        (1.0, [1.0], "sign", TypeError, "weight must be a floating"),
        (1.0, torch.tensor([1.0, float("inf")]), "sign", ValueError, "weight holds"),
        (1.0, torch.ones(3), "tan", ValueError, "did you mean 'tanh'"),
        (1.0, torch.ones(3), None, TypeError, "activation = None"),
    ],
)
def test_bad_networks(
    skip: object, weight: object, activation: object, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        Autoencoder(skip, weight, activation)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("x", "error", "words"),
    [
        (torch.ones(4), ValueError, "it must end with d = 3"),
        (torch.tensor(1.0), ValueError, "it must end with d = 3"),
        (torch.ones(3).double(), TypeError, "x is torch.float64"),
        ([1.0, 2.0, 3.0], TypeError, "x must be a torch tensor"),
    ],
)
def test_bad_inputs_of_a_network(x: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Autoencoder(1.0, torch.ones(3))(x)  # type: ignore[arg-type]


def test_bad_losses() -> None:
    samples = Mixture(d=6, sigma=1.0).sample(n=1, seed=0)
    network = Autoencoder(1.0, torch.zeros(6).double())
    with pytest.raises(ValueError, match=r"ridge = -1.0 must be >= 0"):
        simulate.autoencoder.risk(network, samples, VALUES, ridge=-1.0)
    with pytest.raises(ValueError, match="at least 2"):
        simulate.autoencoder.test_error(network, samples, VALUES)
