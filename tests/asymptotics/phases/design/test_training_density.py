"""The information about each parameter at each time, and the training times that balance it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from asymptotics.phases import mmse
from asymptotics.phases.design import Modes, Target, training_efficiency, training_times
from asymptotics.phases.design.profiles import contrasts, information_profiles
from asymptotics.phases.design.training_density import time_mesh
from asymptotics.schedule import Dilation

Z = np.arange(-8.5, 8.51, 0.1)
MASS = np.exp(-Z * Z / 2) * 0.1 / np.sqrt(2 * np.pi)


def posterior(log_weights: np.ndarray, means: np.ndarray, sigma2: float, beta: float, x: np.ndarray) -> np.ndarray:
    """(n, k) by Bayes' rule from Gaussian densities."""
    noised = (1 - beta) ** 2 + sigma2 * beta**2
    odds = log_weights - ((x[:, None, :] - beta * means) ** 2).sum(axis=-1) / (2 * noised)
    odds = np.exp(odds - odds.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def information(
    modes: Modes, beta: float, moves: list[Callable[[float], tuple[np.ndarray, np.ndarray, float]]], across: np.ndarray
) -> np.ndarray:
    """The matrix of J for parameters given as moved (log weights, means, sigma^2), by differences of the denoiser.

    Means over a grid of normal nodes in the span; ``across`` is the width of each parameter's diagonal outside it.
    """
    r, alpha, sigma2 = modes.rank, 1 - beta, modes.sigma**2
    noised = alpha**2 + sigma2 * beta**2
    nodes = np.array(list(product(Z, repeat=r)))
    mass = np.prod(np.array(list(product(MASS, repeat=r))), axis=1)
    total = np.zeros((len(moves), len(moves)))
    for weight, mean in zip(modes.weights, modes.coordinates, strict=True):
        x = beta * mean + np.sqrt(noised) * nodes

        def denoised(log_weights: np.ndarray, means: np.ndarray, var: float, x: np.ndarray = x) -> np.ndarray:
            v = alpha**2 + var * beta**2
            return var * beta / v * x + alpha**2 / v * posterior(log_weights, means, var, beta, x) @ means

        known = posterior(np.log(modes.weights), modes.coordinates, sigma2, beta, x)
        off = modes.coordinates[None] - (known @ modes.coordinates)[:, None, :]
        spread = np.einsum("nk,nka,nkb->nab", known, off, off)
        residual = sigma2 * alpha**2 / noised * np.eye(r) + (alpha**2 / noised) ** 2 * spread
        slopes = np.stack([(denoised(*move(1e-5)) - denoised(*move(-1e-5))) / 2e-5 for move in moves])
        solved = np.linalg.solve(residual[None], slopes[..., None])[..., 0]
        total += weight * np.einsum("n,ina,jna->ij", mass, slopes, solved)
    return total + np.diag(across)


def moves_of(modes: Modes) -> list[Callable[[float], tuple[np.ndarray, np.ndarray, float]]]:
    """The odds of each split, sigma^2, and every coordinate of every mean."""
    logs, means, var = np.log(modes.weights), modes.coordinates, modes.sigma**2
    found: list[Any] = [lambda e, v=slope: (logs + e * v, means, var) for slope in contrasts(modes).values()]
    found.append(lambda e: (logs, means, var + e * var))
    for i, j in product(range(modes.count), range(modes.rank)):
        unit = np.zeros(means.shape)
        unit[i, j] = 1
        found.append(lambda e, u=unit: (logs, means + e * u, var))
    return found


def across_of(modes: Modes, beta: float) -> float:
    """J of log sigma^2 outside the span: a scalar denoiser c x, x ~ N(0, V), residual sigma^2 alpha^2/V each."""
    def skip(var: float) -> float:
        return var * beta / ((1 - beta) ** 2 + var * beta**2)

    var = modes.sigma**2
    noised = (1 - beta) ** 2 + var * beta**2
    slope = (skip(var * (1 + 1e-5)) - skip(var * (1 - 1e-5))) / 2e-5
    return (modes.dimension - modes.rank) * slope**2 * noised**2 / (var * (1 - beta) ** 2)


@given(p=st.floats(0.05, 0.95), sigma=st.floats(0.2, 2), length=st.floats(3, 1e3), s=st.floats(0.02, 8))
@settings(max_examples=15)
def test_profiles_of_two_modes_are_the_differences_of_the_denoiser(p: float, sigma: float, length: float, s: float
                                                                   ) -> None:
    modes = Modes.from_target(Target(p, sigma, length**2))
    s = min(s, 0.9 * length / sigma)
    beta = s / (s + np.sqrt(length**2 - (s * sigma) ** 2))
    odds, width, _ = information_profiles(modes, [beta]).values[:, 0]
    found = information(modes, beta, moves_of(modes)[:2], np.array([0.0, across_of(modes, beta)]))
    assert odds == pytest.approx(found[0, 0], rel=1e-5, abs=1e-9)
    assert width * sigma**4 == pytest.approx(found[1, 1], rel=1e-5)


def test_profiles_in_general_position() -> None:
    modes = Modes(np.array([[40.0, 0.0], [-40.0, 5.0], [-38.0, -5.0]]), np.array([0.5, 0.2, 0.3]), 0.8, 50)
    times = [0.01, 0.03, 0.15, 0.5]
    ours = information_profiles(modes, times, starts=4096)
    assert ours.parameters == ("odds {0} : {1, 2}", "odds {1} : {2}", "sigma^2", "mean")
    for column, beta in enumerate(times):
        found = information(modes, beta, moves_of(modes)[:3], np.array([0.0, 0.0, across_of(modes, beta)]))
        expected = np.diag(found) / np.array([1, 1, modes.sigma**4])
        np.testing.assert_allclose(ours.values[:3, column], expected, rtol=5e-3, atol=2e-4)


def test_the_mean_by_a_coordinate_that_the_span_does_not_have() -> None:
    modes = Modes.from_target(Target(0.7, 0.8, 100.0))
    beta, shift = 0.13, 1e-4
    noised = 0.87**2 + 0.64 * beta**2
    expected = []
    for mode in range(2):
        # The mean moves along y, where x has N(0, V) and the residual sigma^2 alpha^2/V; along x as in the span.
        total = 0.0
        for weight, mean in zip(modes.weights, modes.coordinates, strict=True):
            x = np.array(list(product(Z, Z))) * np.sqrt(noised) + [beta * mean[0], 0]
            mass = np.outer(MASS, MASS).ravel()
            sides = []
            for sign in (1, -1):
                flat = np.hstack([modes.coordinates, np.zeros((2, 1))])
                flat[mode, 1] = sign * shift
                sides.append(0.87**2 / noised * posterior(np.log(modes.weights), flat, 0.64, beta, x) @ flat)
            slope = (sides[0] - sides[1]) / (2 * shift)
            known = posterior(np.log(modes.weights), modes.coordinates, 0.64, beta, x[:, :1])
            centre = known @ modes.coordinates
            spread = (known * (modes.coordinates[:, 0] - centre) ** 2).sum(axis=1)
            single = 0.64 * 0.87**2 / noised
            total += weight * mass @ (slope[:, 0] ** 2 / (single + (0.87**2 / noised) ** 2 * spread)
                                      + slope[:, 1] ** 2 / single)
        expected.append(total / modes.weights[mode])
    ours = information_profiles(modes, [beta]).values[2, 0]
    assert ours == pytest.approx(np.mean(expected), rel=1e-5)


@given(p=st.floats(0.05, 0.95), s=st.floats(0.0, 5))
@settings(max_examples=10)
def test_in_high_dimension_the_odds_have_the_error_of_the_mode(p: float, s: float) -> None:
    found = information_profiles(Modes.from_target(Target(p, 1.0, 1e12)), [s / (s + 1e6)]).values[0, 0]
    assert found == pytest.approx(float(mmse(p=p, s=s)) / 4, rel=1e-4)


def test_parameters_take_little_from_each_other() -> None:
    for d, most in ((1e2, 3e-2), (1e4, 1e-3)):
        modes = Modes.from_target(Target(0.8, 1.0, d))
        times = training_times(modes)
        inside = times.mesh[(times.mesh > 0) & (times.mesh < 0.999)][::2]
        moves = moves_of(modes)
        width = np.arange(len(moves)) == 1
        total = np.array([information(modes, b, moves, across_of(modes, b) * width) for b in inside])
        drawn = np.trapezoid(total * times.density(inside)[:, None, None], inside, axis=0)
        kept = 1 / np.diag(np.linalg.inv(drawn)) / np.diag(drawn)
        assert 1 - kept.min() < most


@given(p=st.floats(0.05, 0.95), sigma=st.floats(0.1, 3), digits=st.floats(2, 8))
@settings(max_examples=8)
def test_balanced_times_beat_uniform_and_half(p: float, sigma: float, digits: float) -> None:
    target = Target(p, sigma, 10**digits)
    found = training_times(target, pieces=32)
    assert sum(found.shares) == pytest.approx(1) and min(found.shares) >= 0
    assert np.trapezoid(found.values, found.mesh) == pytest.approx(1)
    assert max(min(found.uniform), min(found.half)) * 0.97 <= min(found.balanced) <= found.ceiling * 1.001
    taken = found.dilation(np.linspace(0, 1, 2001))
    assert (np.diff(taken) > 0).all()
    # The first phase is resolved: many of the pieces lie inside it, down to a small fraction of a clock.
    clock = taken * target.length
    assert clock[1] < 0.1 and (clock[:-1] < 3).mean() > 0.2
    assert (np.array(found.dilation.nodes).size, found.dilation.nodes[0]) == (31, pytest.approx(1 / 32))


def test_uniform_times_lose_the_odds_as_one_over_root_d() -> None:
    at = [training_times(Target(0.8, 1.0, d), pieces=8).uniform[0] for d in (1e4, 1e6, 1e8)]
    assert at[0] / at[1] == pytest.approx(10, rel=0.02) and at[1] / at[2] == pytest.approx(10, rel=0.005)


def test_the_dilation_realises_the_efficiencies() -> None:
    target = Target(0.8, 1.0, 1e6)
    found = training_times(target)
    again = training_efficiency(target, found.dilation)
    np.testing.assert_allclose(list(again.values()), found.balanced, rtol=2e-3)
    half = training_efficiency(target, Dilation.half(3, 10**6))
    np.testing.assert_allclose(list(half.values()), found.half, rtol=5e-3)
    assert tuple(half) == found.parameters
    # Pieces of constant density lose little.
    ideal = information_profiles(Modes.from_target(target), found.mesh).values
    gains = np.trapezoid(ideal / ideal.max(axis=1, keepdims=True) * found.values, found.mesh, axis=1)
    np.testing.assert_allclose(found.balanced, gains, rtol=0.02)
    assert "balanced" in str(found) and "odds {0} : {1}" in str(found)


def test_no_other_mixture_of_the_profiles_has_a_larger_least_efficiency() -> None:
    modes = Modes.from_target(Target(0.3, 0.7, 1e4))
    found = training_times(modes)
    values = information_profiles(modes, found.mesh).values
    relative = values / values.max(axis=1, keepdims=True)
    densities = relative / np.trapezoid(relative, found.mesh, axis=1)[:, None]
    gains = np.trapezoid(relative[:, None] * densities[None], found.mesh, axis=2)
    best = max((gains @ [a, b, 1 - a - b]).min() for a, b in product(np.linspace(0, 1, 101), repeat=2) if a + b <= 1)
    assert (gains @ found.shares).min() >= best * (1 - 1e-9)
    assert best <= 1.05 * min(found.balanced)


def test_the_mesh_resolves_every_clock() -> None:
    target = Target(0.2, 0.4, 1e6)
    mesh = time_mesh(Modes.from_target(target))
    fine = np.unique(np.concatenate([mesh, 0.5 * (mesh[1:] + mesh[:-1])]))
    for times in (mesh, fine):
        values = information_profiles(Modes.from_target(target), times).values
        shares = np.trapezoid(values, times, axis=1) / values.max(axis=1)
        if times is mesh:
            coarse = shares
    np.testing.assert_allclose(coarse, shares, rtol=3e-3)


def test_many_modes_have_the_odds_of_every_split() -> None:
    means = [[1000.0, 50.0], [1000.0, -50.0], [-1000.0, 50.0], [-1000.0, -47.0]]
    found = training_times(Modes(means, [0.1, 0.2, 0.3, 0.4], 1.0, 1e6), starts=128, pieces=16)
    assert found.parameters == ("odds {0, 1} : {2, 3}", "odds {0} : {1}", "odds {2} : {3}", "sigma^2", "mean")
    assert min(found.balanced) > 1.2 * min(found.half) > 100 * min(found.uniform)


@pytest.mark.parametrize(("options", "text"), [
    ({"kappa": 2000.0}, "kappa = 2000.0 must lie inside"), ({"kappa": 0.0}, "kappa = 0"),
    ({"pieces": 4}, "pieces = 4"), ({"pieces": 32.0}, "pieces = 32.0"), ({"starts": 1}, "starts = 1"),
    ({"starts": 1e4}, "starts = 10000.0"), ({"starts": True}, "starts = True"),
    ({"kappa": float("nan")}, "kappa = nan"), ({"apart": 0.5}, "apart = 0.5 must be"),
    ({"apart": float("nan")}, "apart = nan must be"),
])
def test_bad_training_times(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        training_times(Target(0.8, 1.0, 1e6), **options)


def test_training_questions_of_wrong_types() -> None:
    target = Target(0.8, 1.0, 1e4)
    with pytest.raises(TypeError, match=r"dilation = <function .* must be a Dilation: an expression in t"):
        training_efficiency(target, lambda t: t)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"apart = 0\.5 must be"):
        training_efficiency(target, Dilation.half(3, 10**4), apart=0.5)
    for ask in (
        lambda: training_times("two"),  # type: ignore[arg-type]
        lambda: training_efficiency("two", Dilation("t")),  # type: ignore[arg-type]
        lambda: information_profiles("two", [0.5]),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError, match="modes = 'two' must be a Modes"):
            ask()
    for options in ({"apart": "a"}, {"kappa": "a"}):
        with pytest.raises(TypeError, match="'a' must be a real number"):
            training_times(target, **options)  # type: ignore[arg-type]


def test_bad_questions() -> None:
    modes = Modes.from_target(Target(0.8, 1.0, 100.0))
    with pytest.raises(ValueError, match="times of shape"):
        information_profiles(modes, [0.5, 1.5])
    with pytest.raises(ValueError, match="d = 1 must be above 1"):
        information_profiles(Modes([[10.0], [-10.0]], [0.5, 0.5], 1.0), [0.5])
    with pytest.raises(ValueError, match="it must be"):
        training_efficiency(modes, Dilation("t + 1 - 1", 0, 2))
    with pytest.raises(ValueError, match="inside"):
        training_times(modes, pieces=8).density(1.5)
    with pytest.raises(ValueError, match=r"p = 1\.5"):
        training_times(Target(1.5, 1.0, 100.0))
