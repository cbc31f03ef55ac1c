"""Derivatives, limits and series of formulas, against numbers that do not use them."""

from __future__ import annotations

from typing import Any

import mpmath
import pytest
import sympy as sp
from helpers.formulas import SCALAR
from hypothesis import given, settings, strategies as st

from asymptotics import ProofError, limited_samples, symbols
from asymptotics.formula import Formula
from asymptotics.functions import ArgMin
from asymptotics.testing import arguments, assert_close, assert_matches

SMOOTH = [f for f in SCALAR if not f.short.has(ArgMin)]
each_smooth = pytest.mark.parametrize("formula", SMOOTH, ids=lambda f: f.name)
POINT = {"alpha": "0.62", "beta": "0.47", "dalpha": "-0.9", "dbeta": "1.35", "n": "5", "sigma": "1.3",
         "ridge": "0.7", "draws": "3", "radius": "0.85",
         "spread_data": "1.5", "spread_noise": "0.75", "spread_cross": "0.25",
         "d": "37", "p": "0.7", "kappa": "1.75", "s": "1.25",
         "learning_rate": "0.4", "jump_rate": "0.6", "chains": "100", "q": "0.55",
         "scale": "1.25", "tau": "1.5", "step": "0.25", "separation": "9"}


def at(formula: Formula, **moved: Any) -> Any:
    """The formula at POINT with some arguments moved, in the working precision."""
    values = {k: mpmath.mpf(v) for k, v in {**POINT, **moved}.items() if k in formula.arguments}
    return formula.compile("mpmath")(**values)


@settings(max_examples=3)
@given(st.data())
@each_smooth
def test_derivatives_are_difference_quotients(formula: Formula, data: st.DataObject) -> None:
    point = data.draw(arguments(formula))
    with mpmath.workdps(60):
        exact = {k: mpmath.mpf(v) for k, v in point.items()}
        function = formula.compile("mpmath")
        for name in formula.arguments:
            slope = formula.diff(name).compile("mpmath")(**exact)
            h = mpmath.mpf(10) ** -20 * (abs(exact[name]) or 1)
            quotient = (function(**{**exact, name: exact[name] + h}) - function(
                **{**exact, name: exact[name] - h})) / (2 * h)
            size = abs(slope) + abs(function(**exact)) / (abs(exact[name]) or 1)
            # h^2 f'''/6, relative to f/x, is at most 10^-40 times powers of the ratios of the arguments.
            assert abs(slope - quotient) <= mpmath.mpf(10) ** -25 * size


def check_derivative(formula: Formula, name: str) -> None:
    slope = formula.diff(name)
    slope.prove()
    assert slope.arguments == formula.arguments and name in slope.name


@each_smooth
def test_a_derivative_proves_and_keeps_the_arguments(formula: Formula) -> None:
    check_derivative(formula, "sigma" if "sigma" in formula.arguments else formula.arguments[-1])


@pytest.mark.slow
@each_smooth
def test_every_derivative_proves_and_keeps_the_arguments(formula: Formula) -> None:
    for name in formula.arguments:
        check_derivative(formula, name)


@pytest.mark.parametrize("name", ["flow_noise", "wasserstein", "bayes_cosine"])
def test_mixed_derivatives_do_not_depend_on_the_order(name: str) -> None:
    formula = getattr(limited_samples, name)
    with mpmath.workdps(50):
        one, other = at(formula.diff("sigma").diff("n")), at(formula.diff("n").diff("sigma"))
        assert abs(one - other) <= mpmath.mpf(10) ** -45 * abs(one)


LIMITS = [
    (f, name, end) for f in SMOOTH for name, end in (("ridge", 0), ("ridge", sp.oo), ("n", sp.oo), ("draws", sp.oo))
    if name in f.arguments
]


def check_limit(formula: Formula, name: str, end: Any) -> None:
    """|f - limit| falls as the distance to the end does, or faster: expansions are in whole powers of it."""
    limit = formula.limit(name, end)
    limit.prove()
    assert name not in limit.arguments
    with mpmath.workdps(120):
        value = limit.evaluate(dps=100, **{k: POINT[k] for k in limit.arguments})
        places = [mpmath.mpf(10) ** (k if end == sp.oo else -k) for k in (20, 24)]
        gaps = [abs(at(formula, **{name: place}) - value) for place in places]
        assert gaps[1] <= gaps[0] * mpmath.mpf(10) ** -1.9 + mpmath.mpf(10) ** -95


def _label(item: Any) -> str:
    return getattr(item, "name", str(item))


@pytest.mark.parametrize(("formula", "name", "end"), LIMITS[::3], ids=_label)
def test_a_limit_is_approached(formula: Formula, name: str, end: Any) -> None:
    check_limit(formula, name, end)


@pytest.mark.slow
@pytest.mark.parametrize(("formula", "name", "end"), LIMITS, ids=_label)
def test_every_limit_is_approached(formula: Formula, name: str, end: Any) -> None:
    check_limit(formula, name, end)


def check_series(formula: Formula, order: int) -> None:
    series = formula.series("n", at=sp.oo, order=order)
    with mpmath.workdps(150):
        rests = [abs(at(formula, n=mpmath.mpf(10) ** k) - at(series, n=mpmath.mpf(10) ** k)) for k in (10, 12)]
        fall = mpmath.log10(rests[0] / rests[1]) / 2
    assert abs(fall - order) < 1e-6, fall


EXPANDED = ["mean_error", "mean_cosine", "kl_divergence", "wasserstein", "test_error", "flow_noise",
            "generated_variance"]


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("name", EXPANDED)
def test_what_a_series_leaves_has_its_order(name: str, order: int) -> None:
    check_series(getattr(limited_samples, name), order)


@pytest.mark.slow
@pytest.mark.parametrize("order", [4, 5])
@pytest.mark.parametrize("name", [name for name in EXPANDED if name != "flow_noise"])
def test_what_a_longer_series_leaves_has_its_order(name: str, order: int) -> None:
    check_series(getattr(limited_samples, name), order)


def test_a_series_at_a_finite_point() -> None:
    formula = limited_samples.generated_variance
    series = formula.series("ridge", at=0, order=3)
    series.prove()
    with mpmath.workdps(80):
        rests = [abs(at(formula, ridge=mpmath.mpf(10) ** -k) - at(series, ridge=mpmath.mpf(10) ** -k)) for k in (8, 10)]
        assert abs(mpmath.log10(rests[0] / rests[1]) / 2 - 3) < 1e-6


def check_refusals(formula: Formula) -> None:
    for derived in (formula.limit("ridge", 0), formula.series("n", order=2), formula.diff("sigma")):
        for wrong in (derived.short * 2, derived.short + 1 / symbols.n):
            with pytest.raises(ProofError, match="is not the result of"):
                derived.prove(wrong)


@pytest.mark.parametrize("name", ["mean_error", "flow_noise"])
def test_a_wrong_limit_series_or_derivative_is_refused(name: str) -> None:
    check_refusals(getattr(limited_samples, name))


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPANDED)
def test_every_wrong_limit_series_or_derivative_is_refused(name: str) -> None:
    check_refusals(getattr(limited_samples, name))


def test_the_stated_expansions() -> None:
    """2 sigma^2/n + (ridge^2 + ridge - 4 ridge sigma^2)/n^2 and 1 - cos, at draws = radius = 1 (theory note)."""
    error = limited_samples.mean_error.limit("draws", 1).limit("radius", 1).series("n", order=3)
    cosine = limited_samples.mean_cosine.limit("draws", 1).limit("radius", 1).series("n", order=3)
    points = [{"n": 7.0, "sigma": 1.3, "ridge": 0.7}, {"n": 3.0, "sigma": 0.4, "ridge": 2.0}]
    assert_matches(error, lambda n, sigma, ridge: 2 * sigma**2 / n
                   + (ridge**2 + ridge - 4 * ridge * sigma**2) / n**2, points, rtol=1e-14)
    assert_matches(cosine, lambda n, sigma, ridge: 1 - sigma**2 / n - (ridge / 2 - 1.5 * sigma**4) / n**2,
                   points, rtol=1e-14)


def test_the_stated_limits() -> None:
    error, variance = limited_samples.mean_error, limited_samples.generated_variance
    for sigma, n in ((1.3, 7.0), (0.4, 2.0)):
        assert_close(error.limit("draws", 1).limit("ridge", 0)(n=n, sigma=sigma), 2 * sigma**2 / n, rtol=1e-15)
        assert_close(error.limit("draws", sp.oo)(n=n, sigma=sigma, ridge=0.3), sigma**2 / n, rtol=1e-15)
        assert_close(variance.limit("draws", sp.oo)(n=n, sigma=sigma, ridge=0.3), (n - 1) * sigma**2 / n, rtol=1e-15)
        assert_close(error.limit("ridge", sp.oo)(n=n, sigma=sigma, radius=0.7), 0.49, rtol=1e-15)
        assert_close(variance.limit("ridge", sp.oo)(n=n, sigma=sigma, radius=0.7), 0.49 + sigma**2, rtol=1e-15)


def test_relations_follow_into_a_limit() -> None:
    single = limited_samples.mean_error.limit("draws", 1)
    with pytest.raises(ValueError, match="n"):
        single(n=1, sigma=1.0, ridge=0.1)
    assert_close(single(n=2, sigma=1.0, ridge=0.1), limited_samples.mean_error(n=2, sigma=1.0, ridge=0.1),
                 rtol=1e-14)
