"""The exact minimiser against brute force, and the labels it is consistent with."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from scipy import optimize

from simulate import Mixture, Point, Samples
from simulate.autoencoder import Autoencoder, labels_match, overlaps, risk, solve, solve_self_consistent

Orthogonal = Callable[..., Samples]
VALUES = Point(0.55, 0.4)


def labelled_risk(
    unknowns: torch.Tensor, samples: Samples, values: Point, labels: torch.Tensor, ridge: float,
    skip: bool,
) -> torch.Tensor:
    """The risk with given labels, term by term, as a function of (c, w)."""
    c, w = (unknowns[0] if skip else 0.0), unknowns[1:]
    total = 0.5 * ridge * (w @ w)
    for m, k in itertools.product(range(samples.n), range(samples.draws)):
        x = values.alpha * samples.noise[m, k] + values.beta * samples.data[m]
        total = total + 0.5 * (c * x + labels[m, k] * w - samples.data[m]).square().sum()
    return total


def brute_force(
    samples: Samples, values: Point, labels: torch.Tensor, ridge: float, skip: bool
) -> tuple[float, np.ndarray]:
    """Minimum and minimiser by Newton's conjugate gradients on autograd's derivatives."""

    def both(point: np.ndarray) -> tuple[float, np.ndarray]:
        unknowns = torch.tensor(point, requires_grad=True)
        value = labelled_risk(unknowns, samples, values, labels, ridge, skip)
        value.backward()
        assert unknowns.grad is not None
        return float(value.detach()), unknowns.grad.numpy()

    start = np.concatenate([[0.5 if skip else 0.0], np.ones(samples.d)])
    found = optimize.minimize(both, start, jac=True, method="BFGS", options={"gtol": 1e-9})
    return float(found.fun), np.asarray(found.x)


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(2, 4), draws=st.integers(1, 3), ridge=st.floats(0.0, 5.0),
    alpha=st.floats(0.05, 2.0), beta=st.floats(0.05, 2.0), sigma=st.floats(0.3, 3.0),
    radius=st.floats(0.3, 3.0), skip=st.booleans(), seed=st.integers(0, 10**6),
    flips=st.integers(0, 2**12 - 1),
)
def test_brute_force_finds_the_same_minimum(
    n: int, draws: int, ridge: float, alpha: float, beta: float, sigma: float, radius: float,
    skip: bool, seed: int, flips: int,
) -> None:
    samples = Mixture(d=8, sigma=sigma, radius=radius).sample(n=n, draws=draws, seed=seed)
    labels = torch.tensor([1.0 - 2.0 * (flips >> i & 1) for i in range(n * draws)]).double()
    labels = labels.reshape(n, draws)
    values = Point(alpha, beta)
    solution = solve(samples, values, ridge=ridge, labels=labels, skip=skip)
    minimum, where = brute_force(samples, values, labels, ridge, skip)
    assert solution.objective * n * draws * 8 == pytest.approx(minimum, rel=1e-9, abs=1e-9)
    size = 1.0 + np.abs(where).max()
    assert float(solution.network.skip) == pytest.approx(where[0], abs=1e-5 * size)
    assert np.allclose(solution.network.weight.numpy(), where[1:], atol=1e-5 * size)


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize(("draws", "ridge"), [(1, 0.1), (3, 0.0), (2, 50.0)])
def test_the_gradient_of_the_labelled_risk_vanishes(draws: int, ridge: float, skip: bool) -> None:
    samples = Mixture(d=50, sigma=0.8, radius=1.4).sample(n=4, draws=draws, seed=3)
    solution = solve(samples, VALUES, ridge=ridge, skip=skip)
    parts = torch.cat([torch.as_tensor(solution.network.skip).reshape(1), solution.network.weight])
    parts = parts.clone().requires_grad_(True)
    labelled_risk(parts, samples, VALUES, solution.labels, ridge, skip).backward()
    assert parts.grad is not None
    assert float(parts.grad.abs().max()) < 1e-11 * samples.pairs * samples.d


def test_with_consistent_labels_the_objective_is_the_networks_own_risk() -> None:
    samples = Mixture(d=300, sigma=0.8, radius=1.4).sample(n=4, draws=2, seed=3)
    solution = solve(samples, VALUES, ridge=0.1)
    assert solution.consistent and labels_match(solution.network, samples, VALUES)
    own = float(risk(solution.network, samples, VALUES, ridge=0.1)) / (8 * 300)
    assert solution.objective == pytest.approx(own, rel=1e-13)
    margins = samples.pair_labels * (samples.mixed(VALUES) @ solution.network.weight) / 300
    assert torch.allclose(solution.margins, margins, atol=1e-14) and bool((margins > 0).all())


def all_labellings(samples: Samples) -> list[torch.Tensor]:
    """Every labelling up to a global sign, the true one first."""
    return [
        torch.tensor((1.0, *rest)).double().reshape(samples.n, samples.draws) * samples.pair_labels
        for rest in itertools.product((1.0, -1.0), repeat=samples.pairs - 1)
    ]


@pytest.mark.parametrize(
    ("n", "draws", "sigma", "consistent"), [(4, 1, 1.5, 1), (4, 2, 1.5, 4), (3, 2, 0.5, 1)]
)
def test_true_labels_are_the_global_minimum_and_others_may_hold_themselves(
    orthogonal: Orthogonal, n: int, draws: int, sigma: float, consistent: int
) -> None:
    """With one draw only the true labels reproduce themselves; (4, 2, 1.5) has 3 more to stick in."""
    samples = orthogonal(n=n, draws=draws, sigma=sigma)
    found = [
        solve(samples, Point(0.5, 0.5), ridge=0.1, labels=labels) for labels in all_labellings(samples)
    ]
    assert sum(each.consistent for each in found) == consistent and found[0].consistent
    assert min(each.objective for each in found[1:]) > found[0].objective * (1 + 1e-9)


def test_iterating_labels_reports_how_it_ended(orthogonal: Orthogonal) -> None:
    samples = orthogonal(n=4, draws=2)
    values = Point(0.5, 0.5)
    assert solve_self_consistent(samples, values, ridge=0.1).iterations == 1
    stuck = samples.pair_labels.clone()
    stuck[:2] *= -1
    held = solve_self_consistent(samples, values, ridge=0.1, labels=stuck)
    assert (held.outcome, held.iterations, held.consistent) == ("fixed", 1, True)
    one_wrong = samples.pair_labels.clone()
    one_wrong[0, 0] *= -1
    mended = solve_self_consistent(samples, values, ridge=0.1, labels=one_wrong)
    assert mended.outcome == "fixed" and mended.consistent and mended.iterations > 1
    short = solve_self_consistent(samples, values, ridge=0.1, labels=one_wrong, limit=1)
    assert (short.outcome, short.consistent, short.iterations) == ("limit", False, 1)


def test_every_outcome_of_the_iteration_is_what_it_claims() -> None:
    """At d = 5 nothing is typical: labels wander, and some runs end in a cycle."""
    seen = set()
    for seed in range(60):
        samples = Mixture(d=5, sigma=2.0).sample(n=6, seed=seed)
        solution = solve_self_consistent(samples, Point(0.9, 0.1), ridge=0.1)
        seen.add(solution.outcome)
        assert (solution.outcome == "fixed") == solution.consistent
    assert seen >= {"fixed", "cycle"}


def test_near_the_noise_end_labels_flip_and_the_solution_says_so() -> None:
    samples = Mixture(d=400, sigma=0.9).sample(n=4, seed=0)
    assert not solve(samples, Point(1.0, 0.0), ridge=0.1).consistent
    assert solve(samples, Point(0.5, 0.5), ridge=0.1).consistent


def test_at_the_data_end_the_minimiser_copies() -> None:
    samples = Mixture(d=40, sigma=0.9).sample(n=4, draws=2, seed=0)
    for alpha in (0.0, 6e-17):
        solution = solve(samples, Point(alpha, 0.8), ridge=0.1)
        assert float(solution.network.skip) == pytest.approx(1 / 0.8, rel=1e-13)
        assert not solution.network.weight.any() and solution.consistent
        assert solution.objective < 1e-25
    assert overlaps(solution.network, samples, Point(0.0, 0.8))[1:] == (0.0, 0.0, 0.0)


def test_without_skip_the_weight_is_the_ridge_mean() -> None:
    samples = Mixture(d=40, sigma=0.9).sample(n=4, draws=2, seed=0)
    network = solve(samples, VALUES, ridge=0.3, skip=False).network
    assert float(network.skip) == 0.0
    total = (samples.pair_labels[..., None] * samples.targets).sum(dim=(0, 1))
    assert torch.allclose(network.weight, total / (8 + 0.3), atol=1e-13)


def test_float32_agrees_with_float64() -> None:
    mixture = Mixture(d=300, sigma=0.9)
    networks = [
        solve(mixture.sample(n=4, seed=0, dtype=dtype), VALUES, ridge=0.1).network
        for dtype in (torch.float32, torch.float64)
    ]
    assert networks[0].weight.dtype == torch.float32
    assert torch.allclose(networks[0].weight.double(), networks[1].weight, atol=1e-5)


def test_one_pair_is_refused_and_one_sample_with_two_draws_is_not() -> None:
    mixture = Mixture(d=10, sigma=1.0)
    with pytest.raises(ValueError, match=r"n \* draws = 1.*not attained"):
        solve(mixture.sample(n=1, seed=0), VALUES, ridge=0.1)
    assert isinstance(
        solve(mixture.sample(n=1, draws=2, seed=0), VALUES, ridge=0.1).network, Autoencoder
    )


def test_an_undetermined_skip_is_refused() -> None:
    samples = Mixture(d=10, sigma=1.0).sample(n=1, draws=2, seed=0)
    with pytest.raises(ValueError, match="skip c is not determined"):
        solve(samples, Point(0.0, 1.0), ridge=0.0)


def test_numbers_whose_squares_overflow_are_named_as_such() -> None:
    """Not as a skip that is not determined: with ridge > 0 it always is."""
    small = Mixture(d=10, sigma=1.0).sample(n=2, seed=0)
    large = Samples.from_arrays(
        mean=small.mean, labels=small.labels, data=1e200 * small.data, noise=small.noise, sigma=1.0
    )
    for skip in (True, False):
        with pytest.raises(ValueError, match=r"squares of x_t or x1 overflow torch.float64.*e\+200"):
            solve(large, VALUES, ridge=0.1, skip=skip)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"ridge": -0.1}, ValueError, "ridge = -0.1 must be >= 0"),
        ({"ridge": float("nan")}, ValueError, "ridge = nan"),
        ({"ridge": "0.1"}, TypeError, "ridge = '0.1'"),
        ({"labels": torch.ones(3, 1).double()}, ValueError, "labels has shape"),
        ({"labels": torch.zeros(2, 1).double()}, ValueError, "labels must be"),
        ({"labels": torch.ones(2, 1)}, TypeError, "labels is torch.float32"),
        ({"labels": [[1.0], [1.0]]}, TypeError, "labels must be a floating"),
        ({"skip": 1}, TypeError, "skip = 1 must be True or False"),
        ({"limit": 0}, ValueError, "limit = 0 must be >= 1"),
    ],
)
def test_bad_arguments(change: dict[str, object], error: type[Exception], words: str) -> None:
    samples = Mixture(d=10, sigma=1.0).sample(n=2, seed=0)
    with pytest.raises(error, match=words):
        solve_self_consistent(samples, VALUES, **{"ridge": 0.1, **change})  # type: ignore[arg-type]
