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
from oracles.first_phase import best_ratio, lowest, objective
from scipy.stats import norm

from asymptotics.phases import first_phase
from asymptotics.phases.first import (
    averages,
    first_phase_mp,
    first_phase_skip,
    generated_fraction,
    jump,
    minimise,
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


@pytest.mark.parametrize("entry", GOLDEN, ids=lambda e: "{n_plus}/{n_minus}".format(**e["arguments"]))
def test_reference_digits(entry: dict[str, Any]) -> None:
    for result in (first_phase(**entry["arguments"]), first_phase_mp(**entry["arguments"], dps=20)):
        for name, value in entry["value"].items():
            assert float(getattr(result, name)) == pytest.approx(value, rel=1e-9)


def test_averages_against_mpmath() -> None:
    import mpmath

    a = np.array([0.0, 1.3, -7.0, 30.0, 0.4, -2.0, 90.0, 1e-6])
    r = np.array([0.249, 0.251, 2.0, 400.0, 1e-8, 30.0, 1.0, 1e-10])
    found = averages.tanh_averages(a, r)
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
    nearly = objective(1e-3, 1e-3 * best_ratio(heavy), **heavy, s=1)
    assert infimum < nearly < infimum + 1e-3
    with pytest.raises(ValueError, match=r"no jump at n_plus = 13.*needs ridge_u > 0"):
        jump(**heavy)


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
