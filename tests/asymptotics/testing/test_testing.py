"""The test kit itself: what it accepts, what it refuses, and that it can see errors."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from helpers.formulas import each_formula
from hypothesis import Phase, find, given, settings, strategies as st

from asymptotics import balance, limited_samples
from asymptotics.symbols import alpha, beta, n, ridge
from asymptotics.testing import (
    accuracy,
    arguments,
    assert_close,
    assert_matches,
    assert_matches_on_average,
    condition,
    mutants,
    outside,
    sensitivity,
)
from asymptotics.testing.mutation import edits

bayes = limited_samples.bayes_error
POINTS = [{"n": 4, "sigma": 1.5}, {"n": 9, "sigma": 0.5, "radius": 2.0}]


@settings(max_examples=10)
@given(st.data(), st.booleans(), st.booleans())
@each_formula
def test_arguments_lie_in_the_domain(formula: object, data: st.DataObject, exact: bool, wide: bool) -> None:
    point = data.draw(arguments(formula, exact=exact, wide=wide))  # type: ignore[arg-type]
    formula.domain.exact(point, "formula")  # type: ignore[attr-defined]


@pytest.mark.parametrize("seeks", [
    lambda p: p["ridge"] == 0, lambda p: p["n"] == 1 and p["draws"] > 1, lambda p: p["alpha"] == 0,
    lambda p: p["beta"] == 0, lambda p: p["sigma"] > 1e9, lambda p: 0 < p["sigma"] < 1e-9,
], ids=["ridge", "n", "alpha", "beta", "large", "small"])
def test_wide_arguments_reach_the_ends(seeks: object) -> None:
    find(arguments(limited_samples.skip, wide=True), seeks,  # type: ignore[arg-type]
         settings=settings(max_examples=2000, phases=[Phase.generate]))


@settings(max_examples=50)
@given(outside(limited_samples.mean_error))
def test_outside_means_refused(case: object) -> None:
    point, expected, _ = case  # type: ignore[misc]
    with pytest.raises(expected):
        limited_samples.mean_error(**point)


def test_close_and_not_close() -> None:
    assert_close(1.0 + 1e-10, 1.0)
    assert_close([0.0, 1.0], [1e-13, 1.0], atol=1e-12)
    with pytest.raises(AssertionError, match=r"x\[1, 0\] = 4.5, expected 3.0: off by 1.5.*2 of 4 entries"):
        assert_close([[1.0, 2.0], [4.5, 4.1]], [[1.0, 2.0], [3.0, 4.0]], what="x")
    for bad in (math.nan, math.inf, -math.inf):
        with pytest.raises(AssertionError):
            assert_close(bad, 1.0)
        with pytest.raises(AssertionError):
            assert_close(bad, bad)
    with pytest.raises(AssertionError, match=r"shape \(2,\), expected \(\)"):
        assert_close([1.0, 1.0], 1.0)
    for tolerance in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="rtol"):
            assert_close(1.0, 1.0, rtol=tolerance)
    with pytest.raises(TypeError, match="actual must be real"):
        assert_close("1", 1.0)


def test_matching_a_deterministic_simulation() -> None:
    worst = assert_matches(bayes, lambda **p: bayes(**p) * (1 + 3e-10), POINTS, rtol=1e-9)
    assert worst == pytest.approx(0.3, rel=1e-5)
    with pytest.raises(AssertionError, match=r"at n = 9, sigma = 0.5.*worst of 2 points, 1e\+04 times"):
        assert_matches(bayes, lambda **p: bayes(**p) * (1 + 1e-9 * p["n"] ** 2 * (1e4 / 81)), POINTS, rtol=1e-9)
    with pytest.raises(AssertionError, match="nan"):
        assert_matches(bayes, lambda **_: math.nan, POINTS)
    with pytest.raises(ValueError, match="nothing was compared"):
        assert_matches(bayes, bayes, [])


def experiment(rng: np.random.Generator, n: int, sigma: float, radius: float = 1.0) -> float:
    """The posterior mean's squared error over 300 coordinates drawn from the prior."""
    mu = radius * rng.standard_normal(300)
    mean = mu + sigma / np.sqrt(n) * rng.standard_normal(300)
    shrink = 1 / (1 + sigma**2 / (n * radius**2))
    return float(((shrink * mean - mu) ** 2).mean())


def test_matching_a_random_simulation() -> None:
    verdict = assert_matches_on_average(bayes, experiment, POINTS, runs=60, seed=1)
    print(verdict)
    assert verdict.passed and verdict.comparisons == 2 and verdict.resolution < 0.1
    again = assert_matches_on_average(bayes, experiment, POINTS, runs=60, seed=1)
    assert (again.estimate == verdict.estimate).all()


def test_a_wrong_or_blind_random_simulation_fails() -> None:
    with pytest.raises(AssertionError, match="FAILED"):
        assert_matches_on_average(bayes, lambda **p: 1.1 * experiment(**p), POINTS, runs=60, seed=1)
    with pytest.raises(AssertionError, match="could not see"):
        assert_matches_on_average(bayes, experiment, POINTS, runs=3, seed=1)
    for runs in (1, 0, 2.5, True):
        with pytest.raises(ValueError, match="runs"):
            assert_matches_on_average(bayes, experiment, POINTS, runs=runs, seed=1)  # type: ignore[arg-type]


def test_condition_numbers_of_a_known_power() -> None:
    """oracle_error at alpha -> 0 is alpha^2/beta^2: its condition number is 4; bayes_error at sigma -> 0: sigma^2/n."""
    point = {"alpha": 1e-9, "beta": 0.5, "sigma": 1.0}
    assert condition(limited_samples.oracle_error, point) == pytest.approx(4, rel=1e-12)
    small = {"n": 4.0, "sigma": 1e-9, "radius": 1.0}
    assert condition(bayes, small) == pytest.approx(3, rel=1e-12)
    assert sensitivity(bayes, small) == pytest.approx(3 * 1e-18 / 4, rel=1e-9)


def test_conditions_at_zeros_and_ends() -> None:
    edge = {"n": 9.0, "sigma": 0.01, "draws": 1.0, "radius": 1.0}
    assert limited_samples.best_ridge(**edge) == 0
    assert condition(limited_samples.best_ridge, edge) == 0
    still = {"alpha": 0.5, "beta": 0.5, "dalpha": -1.0, "dbeta": -1.0, "n": 4.0, "sigma": 1.0, "ridge": 0.1,
             "draws": 1.0, "radius": 1.0}
    assert limited_samples.velocity_mean(**still) == 0
    assert condition(limited_samples.velocity_mean, still) == math.inf
    assert accuracy(limited_samples.velocity_mean, still) == 0
    assert condition(bayes, {"n": 1.0, "sigma": 1.0, "radius": 1.0}) > 0


def test_accuracy_sees_lost_digits() -> None:
    class Rounded:
        """bayes_error with its float64 value wrong by one part in 10^10."""

        def __getattr__(self, name: str) -> object:
            return getattr(bayes, name)

        def __call__(self, **point: float) -> float:
            return float(bayes(**point)) * (1 + 1e-10)

    assert accuracy(Rounded(), {"n": 4.0, "sigma": 1.0}) == pytest.approx(1e-10 / 2, rel=1)  # type: ignore[arg-type]
    assert accuracy(bayes, {"n": 4.0, "sigma": 1.0}) < 1e-15


def test_edits_of_a_small_expression_are_all_there() -> None:
    """2 alpha + n^2/ridge: every edit of the list, by value."""
    made = {edited for _, edited in edits(2 * alpha + n**2 / ridge)}
    for wanted in (
        n**2 / ridge - 2 * alpha, 2 * alpha - n**2 / ridge, 2 * alpha, n**2 / ridge, alpha + n**2 / ridge,
        2 + n**2 / ridge, 2 * alpha + n**2, 2 * alpha + 1 / ridge, 2 * alpha**2 + n**2 / ridge,
        2 * alpha + n**3 / ridge, 2 * alpha + n / ridge, 2 * alpha + n**2 / ridge**2,
        2 * beta + n**2 / ridge, 3 * alpha + n**2 / ridge, 2 * alpha + 2 * n**2 / ridge,
    ):
        assert wanted in made, wanted


@each_formula
def test_mutants_are_different_and_repeatable(formula: object) -> None:
    made = list(mutants(formula))  # type: ignore[arg-type]
    assert len({(m.expression, m.where) for m in made}) == len(made) >= 5
    assert all((m.expression, m.where) != (formula.short, formula.where) for m in made)  # type: ignore[attr-defined]
    assert [m.description for m in made] == [m.description for m in mutants(formula)]  # type: ignore[arg-type]


def test_the_first_example_is_no_slower_than_the_deadline_of_hypothesis() -> None:
    """Deriving and compiling take longer than hypothesis allows a test: they are done before."""
    code = (
        "from hypothesis import given, settings\n"
        "from asymptotics import limited_samples as theory, testing\n"
        "@settings(max_examples=5, deadline=200, database=None)\n"
        "@given(testing.arguments(theory.mean_error))\n"
        "def test(point):\n"
        "    assert theory.mean_error(**point) > 0\n"
        "test()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_conditions_at_the_edge_of_a_relation_are_taken_from_inside() -> None:
    """At 2 step = sigma^2 the root of the learned variance begins; a step beyond it would be complex."""
    formula = balance.ula_learned_variance
    assert 1e6 < sensitivity(formula, {"sigma": 2.0, "step": 2.0}) < 1e9
    inside = sensitivity(formula, {"sigma": 2.0, "step": 1.0})
    assert 0 < inside < 100
