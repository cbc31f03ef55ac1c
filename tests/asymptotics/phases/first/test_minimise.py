"""First phase of time dilation at finite n: the minimiser, its jump, and what follows from it.

The oracle here is a second implementation of the objective (a dense trapezoid, one point at a time) under a
general-purpose minimiser, and the risk itself at finite d with sampled noise.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import norm

from asymptotics.phases import first_phase
from asymptotics.phases.first import (
    averages,
    first_phase_mp,
    first_phase_skip,
    generated_fraction,
    jump,
    minimise,
    outcome,
    problem,
)

REFERENCE = json.loads((Path(__file__).parents[3] / "reference" / "values.json").read_text(encoding="utf-8"))
GOLDEN: list[dict[str, Any]] = REFERENCE["first_phase"]
FIELDS = ("omega", "b", "r", "m", "q", "objective")
LIGHT = {"ridge_u": 0.1, "ridge_w": 0.5}
HEAVY = {"ridge_u": 2, "ridge_w": 2}
STANDARD = {"n_plus": 13, "n_minus": 3, "sigma": 1} | LIGHT


def counts(n_plus: float, n_minus: float) -> dict[str, float]:
    return {"n_plus": n_plus, "n_minus": n_minus, "sigma": 1}


def random_points(seed: int, count: int) -> Iterator[dict[str, float]]:
    """Points over five decades of the ridges and three of the counts; every tenth has equal counts."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    low = np.array([0.0, 0.0, -1.0, -3.0, -3.0, -1.5])
    high = np.array([3.0, 3.0, 0.6, 1.5, 1.5, 1.0])
    for index in range(count):
        values = 10 ** rng.uniform(low, high)
        if index % 10 == 9:
            values[1] = values[0]
        yield dict(zip(("n_plus", "n_minus", "sigma", "ridge_u", "ridge_w", "s"), map(float, values), strict=True))


Z = np.arange(-500, 501) * 0.02
WEIGHT = np.exp(-(Z**2) / 2) / np.exp(-(Z**2) / 2).sum()


def objective(
    omega: float, b: float, *, n_plus: float, n_minus: float, sigma: float, ridge_u: float, ridge_w: float, s: float
) -> float:
    """F of the note, written as it stands there."""
    v_plus, v_minus = 1 + sigma**2 / (2 * n_plus), 1 + sigma**2 / (2 * n_minus)
    r = omega**2 * (v_plus + v_minus) / 2
    plus = np.tanh(b + s * omega * v_plus + np.sqrt(r) * Z)
    minus = np.tanh(b - s * omega * v_minus + np.sqrt(r) * Z)
    f_plus, f_minus = WEIGHT @ plus, WEIGHT @ minus
    denominator = ridge_u + n_plus * (WEIGHT @ plus**2) + n_minus * (WEIGHT @ minus**2)
    gain = (n_plus * f_plus - n_minus * f_minus) ** 2 + sigma**2 * (n_plus * f_plus**2 + n_minus * f_minus**2)
    return float(ridge_w * r - gain / denominator) / 2


def lowest(point: dict[str, float], starts: int, seed: int) -> float:
    """The lowest objective that a general minimiser finds from random starts."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    best = np.inf
    for _ in range(starts):
        omega = 10 ** rng.uniform(-2, 1.2)
        start = np.array([omega, rng.normal() * 2 * max(1, omega * point["s"] / 2)])
        result = minimize(lambda x: objective(x[0], x[1], **point), start, method="BFGS", options={"gtol": 1e-6})
        best = min(best, float(result.fun))
    return best


@pytest.mark.parametrize("entry", GOLDEN, ids=lambda e: "{n_plus}/{n_minus}".format(**e["arguments"]))
def test_reference_digits(entry: dict[str, Any]) -> None:
    for result in (first_phase(**entry["arguments"]), first_phase_mp(**entry["arguments"], dps=20)):
        for name, value in entry["value"].items():
            assert float(getattr(result, name)) == pytest.approx(value, rel=1e-9)


def test_averages_against_mpmath() -> None:
    import mpmath

    a = np.array([0.0, 1.3, -7.0, 30.0, 0.4, -2.0, 90.0, 1e-6])
    r = np.array([0.249, 0.251, 2.0, 400.0, 1e-8, 30.0, 1.0, 1e-10])
    found = averages.averages(a, r)
    for lane in range(a.size):
        with mpmath.workdps(25):
            exact = averages.averages_mp(mpmath.mpf(a[lane]), mpmath.mpf(r[lane]))
        # the last derivatives enter the curvature only
        for k, tolerance in enumerate([1e-15, 1e-15, 1e-14, 1e-13, 1e-12, 1e-11, 1e-15]):
            assert found[k, lane] == pytest.approx(float(exact[k]), rel=2e-14, abs=tolerance)


def test_averages_in_mpmath_are_gaussian_integrals() -> None:
    import mpmath

    with mpmath.workdps(25):
        a, r = mpmath.mpf("0.7"), mpmath.mpf("2.3")
        found = averages.averages_mp(a, r)
        for k, f in {0: mpmath.tanh, 1: lambda x: mpmath.sech(x) ** 2, 6: lambda x: mpmath.tanh(x) ** 2}.items():
            exact = mpmath.quad(
                lambda z, f=f: f(a + mpmath.sqrt(r) * z) * mpmath.npdf(z), list(range(-12, 13))
            )
            assert abs(found[k] - exact) < mpmath.mpf(10) ** -22


def test_gradient_and_curvature_against_finite_differences() -> None:
    for point in random_points(2, 12):
        p, _ = problem.checked(**point)
        step = 1e-4
        for omega, b in ((0.3, 0.8), (1.1, -0.4)):
            jet = minimise._jets(p, np.array([omega]), np.array([b]))[0][:, 0]
            around = np.array([
                [objective(omega + i * step, b + j * step, **point) for j in (-1, 0, 1)] for i in (-1, 0, 1)
            ])
            first = [(around[2, 1] - around[0, 1]) / (2 * step), (around[1, 2] - around[1, 0]) / (2 * step)]
            second = [
                (around[2, 1] - 2 * around[1, 1] + around[0, 1]) / step**2,
                (around[2, 2] - around[2, 0] - around[0, 2] + around[0, 0]) / (4 * step**2),
                (around[1, 2] - 2 * around[1, 1] + around[1, 0]) / step**2,
            ]
            size = 1 + abs(jet).max()
            assert jet[0] == pytest.approx(around[1, 1], rel=1e-13)
            np.testing.assert_allclose(jet[1:3], first, atol=1e-6 * size)
            np.testing.assert_allclose(jet[3:], second, atol=1e-5 * size)


def test_no_other_minimiser_finds_less() -> None:
    _search(seed=3, points=30, starts=20)


@pytest.mark.slow
def test_no_other_minimiser_finds_less_from_many_starts() -> None:
    _search(seed=4, points=300, starts=20)


def _search(seed: int, points: int, starts: int) -> None:
    kinds = set()
    for index, point in enumerate(random_points(seed, points)):
        found = first_phase(**point)
        kinds.add(bool(found.trivial))
        other = lowest(point, starts, seed + index)
        assert found.objective <= other + 1e-10 * max(1, abs(other)), point
        if not found.trivial:
            assert found.objective == pytest.approx(objective(found.omega, found.b, **point), rel=1e-12)
    assert kinds == {True, False}


def test_float64_against_mpmath() -> None:
    for point in random_points(5, 12):
        floats, exact = first_phase(**point), first_phase_mp(**point, dps=25)
        assert bool(floats.trivial) == exact.trivial
        for name in FIELDS:
            a, b = getattr(floats, name), float(getattr(exact, name))
            assert a == pytest.approx(b, rel=1e-12, abs=1e-13), (name, point)


def test_mpmath_takes_decimals_exactly_and_keeps_its_digits() -> None:
    given = {"n_plus": 13, "n_minus": 3, "sigma": 1, "ridge_u": "0.1", "ridge_w": "1/2", "s": 1}
    short, long = first_phase_mp(**given, dps=30), first_phase_mp(**given, dps=45)
    for name in FIELDS:
        assert abs(getattr(short, name) / getattr(long, name) - 1) < 1e-28
    # 0.1 as a float is another number
    binary = first_phase_mp(**(given | {"ridge_u": 0.1}), dps=30)
    assert 1e-20 < abs(binary.omega - short.omega) < 1e-16


def test_arrays_broadcast_and_agree_with_scalars() -> None:
    s = np.array([0.0, 0.2, 0.5, 1.0, 3.0])
    n_minus = np.array([[3.0], [200.0]])
    table = first_phase(**(STANDARD | {"n_minus": n_minus}), s=s)
    assert table.omega.shape == table.trivial.shape == (2, 5)
    for i in range(2):
        for j in range(5):
            one = first_phase(**(STANDARD | {"n_minus": n_minus[i, 0]}), s=s[j])
            assert isinstance(one.omega, np.float64) and isinstance(one.trivial, np.bool_)
            for name in (*FIELDS, "trivial"):
                assert getattr(one, name) == pytest.approx(getattr(table, name)[i, j], rel=1e-12, abs=1e-15)
    assert first_phase(**STANDARD, s=np.empty((0, 2))).b.shape == (0, 2)


def test_exchange_of_the_classes() -> None:
    """x -> -x exchanges the classes, and turns b into -b."""
    for point in random_points(6, 12):
        swapped = point | {"n_plus": point["n_minus"], "n_minus": point["n_plus"]}
        one, two = first_phase(**point), first_phase(**swapped)
        if point["n_plus"] != point["n_minus"]:
            assert two.b == pytest.approx(-one.b, rel=1e-10)
        for name in ("omega", "r", "m", "q", "objective"):
            assert getattr(two, name) == pytest.approx(getattr(one, name), rel=1e-10)


@pytest.mark.parametrize("s", [0.0, 0.1])
def test_trivial_branch(s: float) -> None:
    result = first_phase(**counts(12, 4), **HEAVY, s=s)
    assert result.trivial and result.omega == result.r == 0 and result.b == np.inf
    assert result.m == 8 / 18 and result.q == (8 / 18) ** 2 + 16 / 18**2
    assert result.objective == -(64 + 16) / (2 * 18)
    assert first_phase(**counts(4, 12), **HEAVY, s=s).b == -np.inf
    exact = first_phase_mp(**counts(12, 4), **HEAVY, s=s, dps=20)
    assert exact.trivial and float(exact.objective) == pytest.approx(result.objective, rel=1e-15)


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


def test_many_samples_learn_the_posterior() -> None:
    p, s, sigma = 0.8, np.array([0.3, 1.0, 2.5]), 1.3
    given = {"n_plus": p * 1e9, "n_minus": (1 - p) * 1e9, "sigma": sigma, "ridge_u": 0.1, "ridge_w": 0.1}
    result = first_phase(**given, s=s)
    np.testing.assert_allclose(result.omega, s, rtol=1e-6)
    np.testing.assert_allclose(result.b, np.arctanh(2 * p - 1), rtol=1e-6)
    np.testing.assert_allclose(result.m, 1, rtol=1e-6)
    np.testing.assert_allclose(result.q, 1, rtol=1e-6)
    np.testing.assert_allclose(first_phase_skip(**given, s=s), sigma**2 * s, rtol=1e-6)
    # The exact flow, decided by its sign at the end of the phase: p itself only as kappa grows.
    end = p * norm.cdf(1.5) + (1 - p) * norm.cdf(-1.5)
    assert generated_fraction(**(given | {"n_plus": 8e5, "n_minus": 2e5}), kappa=1.5) == pytest.approx(end, abs=1e-5)


def test_without_ridge_on_u() -> None:
    """The minimiser is the limit of small ridges where there is one; else the error says what happens."""
    result = first_phase(**(STANDARD | {"ridge_u": 0}), s=1)
    near = first_phase(**(STANDARD | {"ridge_u": 1e-9}), s=1)
    assert result.omega == pytest.approx(near.omega, rel=1e-8)
    heavy = STANDARD | {"ridge_u": 0, "ridge_w": 50}
    with pytest.raises(ValueError, match=r"no minimiser at n_plus = 13, .*, s = 1: with ridge_u = 0") as error:
        first_phase(**heavy, s=1)
    infimum = float(str(error.value).split("infimum ")[1].split()[0])
    nearly = objective(1e-3, 1e-3 * _best_ratio(heavy), **heavy, s=1)
    assert infimum < nearly < infimum + 1e-3
    with pytest.raises(ValueError, match=r"no jump at n_plus = 13.*needs ridge_u > 0"):
        jump(**heavy)


def _best_ratio(point: dict[str, Any]) -> float:
    """b/omega that is best where tanh is linear."""
    return float(minimize(lambda x: objective(1e-4, 1e-4 * x[0], **point, s=1), [0.5], method="Nelder-Mead").x[0])


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


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"n_plus": 0.5}, ValueError, "n_plus = 0.5 is not allowed: n_plus >= 1"),
        ({"sigma": 0}, ValueError, "sigma = 0.0 is not allowed: sigma > 0"),
        ({"ridge_u": -1e-9}, ValueError, "ridge_u >= 0"),
        ({"ridge_w": 0}, ValueError, "ridge_w > 0"),
        ({"s": [1.0, 2.0, -1.0]}, ValueError, r"s\[2\] = -1.0 is not allowed: s >= 0"),
        ({"s": np.nan}, ValueError, "finite"),
        ({"s": np.inf}, ValueError, "finite"),
        ({"n_plus": 1e300}, ValueError, "exceeds float64"),
        ({"s": [1.0, 2.0], "sigma": [1.0, 2.0, 3.0]}, ValueError, "do not broadcast"),
        ({"s": "1"}, TypeError, "real number"),
        ({"n_minus": True}, TypeError, "real number"),
    ],
)
def test_bad_input(change: dict[str, Any], error: type[Exception], words: str) -> None:
    for function in (first_phase, first_phase_skip):
        with pytest.raises(error, match=words):
            function(**(STANDARD | {"s": 1} | change))


def test_bad_input_elsewhere() -> None:
    with pytest.raises(TypeError):
        first_phase(13, 3, 1, 0.1, 0.5, 1)  # type: ignore[misc]
    with pytest.raises(ValueError, match="kappa > 0"):
        generated_fraction(**STANDARD, kappa=0)
    with pytest.raises(ValueError, match=r"ridge_w = 0\.0 is not allowed: ridge_w > 0"):
        jump(**(STANDARD | {"ridge_w": 0}))
    with pytest.raises(ValueError, match="sigma > 0"):
        first_phase_mp(**(STANDARD | {"sigma": "0"}), s=1)


def test_extreme_corners_end_in_a_value() -> None:
    rng = np.random.default_rng(np.random.SeedSequence(10))
    size = 400
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = first_phase(
            n_plus=10 ** rng.uniform(0, 7, size), n_minus=10 ** rng.uniform(0, 7, size),
            sigma=10 ** rng.uniform(-3, 2, size), ridge_u=10 ** rng.uniform(-8, 5, size),
            ridge_w=10 ** rng.uniform(-8, 5, size), s=10 ** rng.uniform(-5, 2, size),
        )
    inside = ~result.trivial
    assert 0.2 < inside.mean() < 0.95
    for name in ("omega", "r", "m", "q", "objective"):
        assert np.isfinite(getattr(result, name)).all()
    assert np.isfinite(result.b[inside]).all() and (result.omega[inside] > 0).all()


def test_failure_names_the_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """No start converges: the error says at which point."""

    def nowhere(p: Any, omega: Any, b: Any) -> Any:
        return omega, b, np.full(omega.size, -1e9), np.zeros(omega.size, dtype=int)

    monkeypatch.setattr(minimise, "_descend", nowhere)
    with pytest.raises(ArithmeticError, match=r"did not converge at n_plus = 13, n_minus = 3, .*, s = 1"):
        first_phase(**STANDARD, s=1)


def test_a_shallow_minimum_just_beyond_the_jump_is_found() -> None:
    """Heavy data, light ridges: omega is 1e-7 of what it is at s = 1, and F is 1e-9 of itself below the trivial one."""
    given = {"n_plus": 5732.9249, "n_minus": 2540.8913, "sigma": 2.0034933, "ridge_u": 0.0029494776,
             "ridge_w": 0.5259604}
    where = float(jump(**given))
    assert where == pytest.approx(5.5e-5, rel=0.02)
    assert float(first_phase(s=0.97 * where, **given).omega) == 0.0
    found = first_phase(s=1.1 * where, **given)
    assert 0.002 < float(found.omega) < 0.005 and 2 < float(found.b) < 3
