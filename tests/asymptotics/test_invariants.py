"""What must hold between formulas, whatever their closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from asymptotics import limited_samples as theory
from asymptotics.testing import arguments, assert_close, sensitivity

denoiser = arguments(theory.skip)
law = arguments(theory.mean_error)
wide_law = arguments(theory.kl_divergence, wide=True)
EPSILON = 2.0**-52


@given(law)
def test_the_flow_at_its_end_is_the_generated_law(point: dict[str, float]) -> None:
    end = {"alpha": 0.0, "beta": 1.0, **point}
    assert_close(theory.flow_variance(**end), theory.generated_variance(**point), rtol=1e-14)
    parts = [theory.flow_mean(**end) * point["radius"],
             theory.flow_noise(**end) * np.sqrt(point["n"] * point["draws"]),
             theory.flow_sample(**end) * point["sigma"] * np.sqrt(point["n"])]
    assert_close(parts[0] / np.linalg.norm(parts), theory.mean_cosine(**point), rtol=1e-13)


@given(law)
def test_the_flow_starts_at_the_base(point: dict[str, float]) -> None:
    start = {"alpha": 1.0, "beta": 0.0, **point}
    for name in ("flow_mean", "flow_noise", "flow_sample"):
        assert getattr(theory, name)(**start) == 0
    assert theory.flow_variance(**start) == 1


FLOW = (theory.flow_mean, theory.flow_noise, theory.flow_sample, theory.flow_variance)


@given(law)
def test_the_flow_does_not_fluctuate_at_its_start(point: dict[str, float]) -> None:
    """0, and with the slope in beta that it has a little later, from numpy and from torch."""
    start, later = ({"alpha": 1.0, "beta": beta, **point} for beta in (0.0, 1e-9))
    for formula in FLOW:
        assert formula.fluctuation(**start) == 0
        tensors = {k: torch.tensor(v, dtype=torch.float64) for k, v in start.items()}
        tensors["beta"].requires_grad_()
        formula.fluctuation.compile("torch")(**tensors).backward()
        slope = formula.fluctuation(**later) / 1e-9
        assert_close(tensors["beta"].grad.item(), slope, rtol=1e-6)  # type: ignore[union-attr]


@given(law)
def test_the_flow_at_its_end_fluctuates_as_the_generated_law(point: dict[str, float]) -> None:
    end = {"alpha": 0.0, "beta": 1.0, **point}
    assert_close(theory.flow_variance.fluctuation(**end), theory.generated_variance.fluctuation(**point), rtol=1e-13)


def test_nothing_fluctuates_where_one_sample_and_no_ridge_leave_no_width() -> None:
    """n = 1, ridge = 0: every x1 is the centre of the data, so that the spreads a and g are 0."""
    single = {"n": 1.0, "sigma": 1.3, "ridge": 0.0, "draws": 3.0, "radius": 0.8}
    at = {"alpha": 0.6, "beta": 0.5, **single}
    for formula in (theory.skip, theory.training_loss, theory.flow_variance):
        assert formula.fluctuation(**at) == 0
    assert theory.generated_variance.fluctuation(**single) == 0


@given(denoiser)
def test_the_bias_is_the_leaning_of_a_half_normal_along_the_first_network(point: dict[str, float]) -> None:
    """sqrt(2/pi) sqrt(F) cos(w0, mu)/radius, and w0 is parallel to n mu + eta, whatever draws and ridge are."""
    lean = np.sqrt(2 * theory.flow_variance(**point) / np.pi)
    cosine = (1 + point["sigma"] ** 2 / (point["n"] * point["radius"] ** 2)) ** -0.5
    bias = theory.flow_mean.bias(**point)
    assert_close(bias, lean * cosine / point["radius"], rtol=1e-13)
    assert_close(theory.flow_sample.bias(**point), bias / point["n"], rtol=1e-13)


@given(arguments(theory.velocity_mean))
def test_velocities_are_the_denoiser_times_k(point: dict[str, float]) -> None:
    """k m : k q_xi : k q_eta is m : q_xi : q_eta, and Gamma is k c + dalpha/alpha, with one k for all."""
    alpha, beta = point["alpha"], point["beta"]
    k = point["dbeta"] - beta * point["dalpha"] / alpha
    static = {name: point[name] for name in theory.skip.arguments}
    size = abs(point["dbeta"]) + abs(beta * point["dalpha"] / alpha)
    for name in ("mean", "noise", "sample"):
        learned = getattr(theory, f"overlap_{name}")(**static)
        assert_close(getattr(theory, f"velocity_{name}")(**point), k * learned, rtol=0,
                     atol=1e-13 * abs(learned) * size)
    c = theory.skip(**static)
    growth = point["dalpha"] / alpha
    assert_close(theory.velocity_linear(**point), k * c + growth, rtol=0,
                 atol=1e-13 * (size * c + abs(growth)))


@given(denoiser)
def test_nothing_beats_the_oracle(point: dict[str, float]) -> None:
    learned = theory.test_error(**point)
    oracle = theory.oracle_error(**{name: point[name] for name in theory.oracle_error.arguments})
    assert learned >= oracle * (1 - 1e-13)


@given(denoiser)
def test_the_training_loss_is_below_any_other_network_s(point: dict[str, float]) -> None:
    """The network f = 0 has the risk (r^2 + sigma^2)/2."""
    assert 0 < theory.training_loss(**point) <= (point["radius"] ** 2 + point["sigma"] ** 2) / 2
    assert theory.margin(**point) > 0


@given(law)
def test_bayes_is_a_lower_bound_where_it_is_fair(point: dict[str, float]) -> None:
    """bayes_error averages over the prior; the generated mean's error does not depend on the direction of mu."""
    bayes = theory.bayes_error(n=point["n"], sigma=point["sigma"], radius=point["radius"])
    for error in (theory.mean_error(**point), theory.no_skip_error(**point)):
        assert bayes <= error * (1 + 1e-13)
    cosine = theory.bayes_cosine(n=point["n"], sigma=point["sigma"], radius=point["radius"])
    assert theory.mean_cosine(**point) <= cosine * (1 + 1e-14) <= 1 + 2e-14


@given(arguments(theory.best_ridge))
def test_no_skip_at_its_best_ridge_is_bayes(point: dict[str, float]) -> None:
    ridge = point["draws"] * point["sigma"] ** 2 / point["radius"] ** 2
    assert_close(
        theory.no_skip_error(ridge=ridge, **point),
        theory.bayes_error(n=point["n"], sigma=point["sigma"], radius=point["radius"]), rtol=1e-13,
    )


@given(arguments(theory.best_ridge), st.floats(-4, 4))
def test_no_ridge_beats_the_best(point: dict[str, float], decade: float) -> None:
    best = theory.best_ridge(**point)
    least = theory.mean_error(ridge=best, **point)
    for other in (0.0, best * 1.01, best * 0.99, 10.0**decade):
        assert least <= theory.mean_error(ridge=other, **point) * (1 + 4 * EPSILON)


@given(wide_law)
def test_distances_are_not_negative_and_vanish_together(point: dict[str, float]) -> None:
    error, distance = theory.mean_error(**point), theory.wasserstein(**point)
    assert error >= 0 and theory.kl_divergence(**point) >= 0 and theory.generated_variance(**point) >= 0
    assert distance >= error * (1 - 4 * EPSILON)


@given(law, st.floats(0.1, 10))
def test_only_the_ratio_of_lengths_matters(point: dict[str, float], factor: float) -> None:
    """Errors scale with the square of all lengths where the base does not set one: a scaled target."""
    scaled = {**point, "sigma": point["sigma"] * factor, "radius": point["radius"] * factor}
    for formula in (theory.mean_error, theory.wasserstein, theory.generated_variance):
        scale = max(abs(formula(**point)), sensitivity(formula, point)) * factor**2
        assert_close(formula(**scaled), formula(**point) * factor**2, rtol=0, atol=1e-13 * scale)
    scale = max(1.0, sensitivity(theory.mean_cosine, point))
    assert_close(theory.mean_cosine(**scaled), theory.mean_cosine(**point), rtol=0, atol=1e-14 * scale)


def test_the_error_falls_with_n_at_the_best_ridge_but_not_at_every_ridge() -> None:
    """A large ridge shrinks the centre to 0, which beats few noisy samples: there more samples first hurt."""
    n = np.linspace(1.001, 40, 4000)
    for sigma, draws, radius in ((1.5, 1.0, 1.0), (0.4, 3.0, 0.85), (3.0, 2.0, 1.45)):
        best = theory.best_ridge(n=n, sigma=sigma, draws=draws, radius=radius)
        least = theory.mean_error(n=n, sigma=sigma, ridge=best, draws=draws, radius=radius)
        assert (np.diff(least) < 1e-12 * least[1:]).all()
        plain = theory.mean_error(n=n, sigma=sigma, ridge=0.0, draws=1.0, radius=radius)
        assert (np.diff(plain) < 0).all()
    few, more, many = theory.mean_error(n=[2, 12, 4000], sigma=3.0, ridge=30.0, radius=0.3)
    assert few < more > many


@pytest.mark.parametrize("name", ["bayes_error", "bayes_cosine"])
def test_bayes_improves_with_n(name: str) -> None:
    values = getattr(theory, name)(n=np.linspace(1, 100, 500), sigma=1.3, radius=0.7)
    assert (np.diff(values) * (1 if name == "bayes_cosine" else -1) > 0).all()
