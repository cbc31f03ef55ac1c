"""What the first phase leads to: its jump, its skip, the fraction that is generated, and the risk at finite d."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracles.first_phase import WEIGHT, Z, lowest, objective
from scipy.optimize import minimize
from scipy.stats import norm

from asymptotics.phases import first_phase
from asymptotics.phases.first import (
    first_phase_mp,
    first_phase_skip,
    generated_fraction,
    jump,
    minimise,
    outcome,
    problem,
)

LIGHT = {"ridge_u": 0.1, "ridge_w": 0.5}
HEAVY = {"ridge_u": 2, "ridge_w": 2}
STANDARD = {"n_plus": 13, "n_minus": 3, "sigma": 1} | LIGHT


def counts(n_plus: float, n_minus: float) -> dict[str, float]:
    return {"n_plus": n_plus, "n_minus": n_minus, "sigma": 1}


# Measured by the note to two digits, 12/4 (.35) a little above.
JUMPS = {(13, 3): 0.41, (12, 4): 0.35, (8, 8): 0.37, (14, 2): 0.55}


@pytest.mark.parametrize("classes", JUMPS)
def test_jump(classes: tuple[int, int]) -> None:
    where = jump(**counts(*classes), **HEAVY)
    assert isinstance(where, float) and where == pytest.approx(JUMPS[classes], abs=0.011)
    below, above = (first_phase(**counts(*classes), **HEAVY, s=where + d) for d in (-1e-9, 1e-9))
    assert below.trivial and not above.trivial
    assert above.omega > 0.1, "the switch is not continuous"
    for d, wins in ((-1e-4, False), (1e-4, True)):
        point = counts(*classes) | HEAVY | {"s": where + d}
        gap = lowest(point, 10, 7) - below.objective
        assert gap < -1e-6 if wins else gap > -1e-9


def test_jump_to_its_digits() -> None:
    where = jump(**counts(13, 3), **HEAVY)
    below, above = (first_phase_mp(**counts(13, 3), **HEAVY, s=where + d, dps=20) for d in (-1e-10, 1e-10))
    assert below.trivial and not above.trivial


def test_jump_on_arrays_happens_once() -> None:
    n_plus = np.array([13.0, 100.0, 5.5])
    where = jump(n_plus=n_plus, n_minus=3, sigma=0.7, ridge_u=np.array([[0.3], [5.0]]), ridge_w=1.5)
    assert where.shape == (2, 3)
    for i, ridge_u in enumerate((0.3, 5.0)):
        for j, n in enumerate(n_plus):
            s = np.geomspace(where[i, j] / 30, where[i, j] * 30, 60)
            path = first_phase(n_plus=n, n_minus=3, sigma=0.7, ridge_u=ridge_u, ridge_w=1.5, s=s)
            np.testing.assert_array_equal(path.trivial, s < where[i, j])


@pytest.mark.parametrize(("omega", "b"), [(0.7, 0.5), (1.3, -0.4), (0.3, 1.0)])
def test_objective_is_the_risk_at_finite_d(omega: float, b: float) -> None:
    """Regress u and c on sampled noise at d = 1e6, and compare the risk, the overlaps and sqrt(d) c.

    Noise enters only through its overlaps with the data and its norm: both are drawn from their exact laws.
    mu and the eta_i are orthogonal here; what is left is O(1/sqrt(d)) = 1e-3 and the sampling error.
    """
    d, draws = 10**6, 200_000
    given = {"n_plus": 5, "n_minus": 3, "sigma": 1.3, "ridge_u": 0.7, "ridge_w": 0.9, "s": 1.1}
    rng = np.random.default_rng(np.random.SeedSequence(8))
    label = np.array([1.0] * 5 + [-1.0] * 3)
    data = np.hstack([label[:, None], 1.3 * np.eye(8)])  # coordinates in (mu, eta_1 ...), times 1/sqrt(d)
    w = omega * (data[:5].mean(axis=0) - data[5:].mean(axis=0)) / 2
    beta = 1.1 / np.sqrt(d)
    hx, hh, hxt, xtxt, x1xt = np.zeros(9), 0.0, np.zeros(9), 0.0, 0.0
    for x1 in data:
        xt = (1 - beta) * rng.standard_normal((draws, 9)) + beta * np.sqrt(d) * x1
        h = np.tanh(xt @ w + b)
        rest = (1 - beta) ** 2 * rng.chisquare(d - 9, draws)
        hx, hh, hxt = hx + x1 * h.mean(), hh + (h**2).mean(), hxt + h @ xt / draws
        xtxt, x1xt = xtxt + ((xt**2).sum(axis=1) + rest).mean() / d, x1xt + (xt @ x1).mean() / np.sqrt(d)
    cross = hxt[:, None] / np.sqrt(d)
    system = np.block([[np.eye(9) * (0.7 + hh), cross], [cross.T, np.array([[xtxt]])]])
    target = np.append(hx, x1xt)
    solution = np.linalg.solve(system, target)
    u, c = solution[:9], solution[9]
    risk = -solution @ target / 2 + 0.9 / 2 * (w @ w)

    p, _ = problem.checked(**given)
    at = np.array([omega]), np.array([b])
    state = minimise.read_off(p, *at)
    assert risk == pytest.approx(objective(omega, b, **given), rel=5e-3)
    assert u[0] == pytest.approx(state.m[0], rel=5e-3)
    assert u @ u == pytest.approx(state.q[0], rel=5e-3)
    assert np.sqrt(d) * c == pytest.approx(outcome._skip(p, *at)[0], rel=1e-2)


def test_no_other_direction_of_w_is_better() -> None:
    """The objective with w anywhere: a coefficient for each sample, and a part orthogonal to all data."""
    rng = np.random.default_rng(np.random.SeedSequence(9))
    given = {"n_plus": 4, "n_minus": 2, "sigma": 1.3, "ridge_u": 0.5, "ridge_w": 0.3, "s": 1.5}
    label = np.array([1.0] * 4 + [-1.0] * 2)
    data = np.hstack([label[:, None], 1.3 * np.eye(6)])

    def risk(x: np.ndarray[Any, Any]) -> float:
        w = data.T @ x[:6]
        r = w @ w + x[7] ** 2
        tanh = np.tanh(x[6] + 1.5 * (data @ w)[:, None] + np.sqrt(r) * Z[::5])
        weight = 5 * WEIGHT[::5]
        return float(0.3 * r - ((data.T @ (tanh @ weight)) ** 2).sum() / (0.5 + (tanh**2 @ weight).sum())) / 2

    best = first_phase(**given)
    lows = [float(minimize(risk, rng.normal(size=8) * 0.5, method="BFGS").fun) for _ in range(8)]
    assert min(lows) >= best.objective - 1e-10
    assert min(lows) == pytest.approx(best.objective, rel=1e-8)


def test_skip_of_the_note() -> None:
    assert first_phase_skip(**STANDARD, s=1) == pytest.approx(0.94091, abs=5e-6)
    table = first_phase_skip(**counts(12, 4), **HEAVY, s=np.array([0.0, 0.2]))
    # trivial branch: s (1 + sigma^2) less what u explains
    np.testing.assert_allclose(table, [0, 0.2 * (2 - (64 / 18 + 16 / 18) / 16)], rtol=1e-14)


@pytest.mark.parametrize(
    ("classes", "ridges", "expected", "digits"),
    [((13, 3), LIGHT, 0.821, 3), ((13, 3), HEAVY, 0.833, 3), ((824, 200), HEAVY, 0.8022, 4)],
)
def test_generated_fraction_of_the_note(
    classes: tuple[int, int], ridges: dict[str, float], expected: float, digits: int
) -> None:
    found = generated_fraction(**counts(*classes), **ridges, kappa=3)
    assert found == pytest.approx(expected, abs=10**-digits)


def test_generated_fraction_separates_forward_paths() -> None:
    """Runge-Kutta forwards from just below and just above the separating start."""
    given, kappa, steps = counts(13, 3) | HEAVY, 1.5, 600
    edge = jump(**given)
    s = np.linspace(edge + 1e-9, kappa, 2 * steps + 1)
    p, _ = problem.checked(**given, s=s)
    path = first_phase(**given, s=s)
    pull = outcome._pull(p, minimise.read_off(p, path.omega, path.b))
    spread = np.sqrt(path.r[-1]) / path.omega[-1]
    start = -spread * norm.ppf(generated_fraction(**given, kappa=kappa))
    h = (kappa - edge) / steps
    g = start + np.array([-1e-6, 0, 1e-6]) + edge * 10 / 18

    def field(k: int, g: Any) -> Any:
        return pull[k] * np.tanh(path.omega[k] * g + path.b[k])

    for k in range(0, 2 * steps, 2):
        one = field(k, g)
        two = field(k + 1, g + h / 2 * one)
        three = field(k + 1, g + h / 2 * two)
        g = g + h / 6 * (one + 2 * two + 2 * three + field(k + 2, g + h * three))
    assert g[0] < -1e-7 < g[1] < 1e-7 < g[2]


def test_generated_fraction_before_the_jump_and_with_equal_classes() -> None:
    before = generated_fraction(**counts(13, 3), **LIGHT, kappa=0.05)
    spread = np.sqrt(1 + (1 / 13 + 1 / 3) / 4)
    assert before == pytest.approx(norm.cdf(0.05 * 10 / 16.1 / spread), rel=1e-12)
    assert generated_fraction(**counts(8, 8), **HEAVY, kappa=[1.0]) == pytest.approx(0.5, abs=1e-10)
