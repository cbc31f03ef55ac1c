"""Formulas on schedules, the schedules themselves, and Euler's method on them."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from helpers.formulas import SCALAR
from hypothesis import given, settings, strategies as st

from asymptotics import limited_samples
from asymptotics.formula import Formula
from asymptotics.schedule import NAMED, Dilation, Interpolant, linear, square_root, trigonometric, variance_exploding
from asymptotics.symbols import t
from asymptotics.testing import assert_close, assert_matches

IN_TIME = [f for f in SCALAR if "alpha" in f.arguments]
FIXED = [f for f in SCALAR if "alpha" not in f.arguments]
FLOW = [getattr(limited_samples, name) for name in ("flow_mean", "flow_noise", "flow_sample", "flow_variance")]
cubic = Interpolant(1 - t**3, t**2 * (3 - 2 * t), name="cubic")
SCHEDULES = [linear, trigonometric, square_root, cubic]
LAW = {"n": 3.0, "sigma": 1.3, "ridge": 0.7, "draws": 2.0, "radius": 0.85}
SPREADS = {"spread_data": 1.5, "spread_noise": 0.75, "spread_cross": 0.25,
          "d": 37.0, "p": 0.7, "kappa": 1.75, "s": 1.25,
          "learning_rate": 0.4, "jump_rate": 0.6, "chains": 100.0, "q": 0.55,
          "scale": 1.25, "tau": 1.5, "step": 0.25, "separation": 9.0}


def law_of(formula: Formula) -> dict[str, float]:
    """The values of what a formula depends on beside the schedule."""
    return {name: value for name, value in {**LAW, **SPREADS}.items() if name in formula.arguments}


def on_by_hand(formula: Formula, schedule: Interpolant, time: float) -> float:
    values = schedule.at(time)._asdict()
    return float(formula(**{**law_of(formula), **{k: float(v) for k, v in values.items() if k in formula.arguments}}))


@pytest.mark.parametrize("formula", IN_TIME, ids=lambda f: f.name)
@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: s.name)
def test_on_a_schedule_is_the_formula_at_its_weights(formula: Formula, schedule: Interpolant) -> None:
    moved = formula.on(schedule)
    assert moved.arguments == ("t", *[a for a in formula.arguments if a in law_of(formula)])
    points = [{"t": time, **law_of(formula)} for time in (0.1, 0.37, 0.5, 0.81)]
    assert_matches(moved, lambda t, **law: on_by_hand(formula, schedule, t), points, rtol=1e-12)
    moved.prove()


@pytest.mark.parametrize("formula", FIXED, ids=lambda f: f.name)
def test_formulas_without_time_are_themselves_on_any_schedule(formula: Formula) -> None:
    for schedule in SCHEDULES:
        assert formula.on(schedule) is formula


@pytest.mark.parametrize("formula", IN_TIME, ids=lambda f: f.name)
@pytest.mark.parametrize("schedule", [linear, trigonometric], ids=lambda s: s.name)
def test_values_are_finite_up_to_both_ends(formula: Formula, schedule: Interpolant) -> None:
    if formula.name == "phases.variance_ratio":
        with pytest.raises(ValueError, match="t = 1"):  # a true divergence: no base is left there
            formula.on(schedule)(t=1.0, **law_of(formula))
        return
    values = formula.on(schedule)(t=np.linspace(0, 1, 33), **law_of(formula))
    assert np.isfinite(values).all()
    near = formula.on(schedule)(t=np.array([1e-9, 1 - 1e-9]), **law_of(formula))
    assert_close(values[[0, -1]], near, rtol=0, atol=1e-7 * max(1.0, float(np.abs(values).max())))


def test_a_true_divergence_raises_and_names_the_time() -> None:
    for name, time in (("velocity_noise", 1), ("velocity_mean", 0), ("velocity_sample", 0)):
        moved = getattr(limited_samples, name).on(square_root)
        with pytest.raises(ValueError, match=f"t = {time}"):
            moved(t=time, **LAW)
        assert np.isfinite(moved(t=[1e-6, 1 - 1e-6], **LAW)).all()


def test_outside_the_interval_is_refused() -> None:
    for time in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"t = .* is not allowed: 0 <= t <= 1"):
            limited_samples.skip.on(linear)(t=time, **LAW)


@settings(max_examples=10)
@given(
    n=st.integers(1, 50), draws=st.integers(2, 9), sigma=st.floats(0.1, 4), ridge=st.floats(0.01, 9),
    radius=st.floats(0.2, 3),
)
def test_every_schedule_ends_in_the_same_law(**law: float) -> None:
    ends = [[float(f.on(schedule)(t=1, **law)) for f in FLOW] for schedule in SCHEDULES]
    for end in ends[1:]:
        assert_close(end, ends[0], rtol=1e-13)
    mean, noise, sample, variance = ends[0]
    assert_close(variance, limited_samples.generated_variance(**law), rtol=1e-14)
    parts = [(mean - 1) * law["radius"], noise * np.sqrt(law["n"] * law["draws"]),
             sample * law["sigma"] * np.sqrt(law["n"])]
    # |mu_hat - mu|^2 by the lengths of mu, xi, eta; M - 1 loses what ridge/(nK) leaves of the digits.
    assert_close(np.square(parts).sum(), limited_samples.mean_error(**law), rtol=1e-12)


@pytest.mark.parametrize("schedule", [linear, trigonometric, cubic], ids=lambda s: s.name)
def test_euler_converges_with_order_one(schedule: Interpolant) -> None:
    """The exponent of the error in the step; what is left of it at these steps is O(step)."""
    steps = np.array([400, 800, 1600])
    exact = {f.name.rsplit(".", 1)[-1]: float(f(alpha=0.0, beta=1.0, **LAW)) for f in FLOW}
    paths = [limited_samples.euler(schedule, np.linspace(0, 1, k + 1), **LAW) for k in steps]
    for name, value in exact.items():
        errors = np.array([abs(getattr(path, name)[-1] - value) for path in paths])
        if errors.max() < 1e-12:
            assert schedule is linear and name in ("flow_mean", "flow_sample")
            continue
        orders = np.log2(errors[:-1] / errors[1:])
        assert np.abs(orders - 1).max() < 0.02, (name, orders)


def test_euler_is_exact_for_the_mean_and_the_samples_on_the_linear_schedule() -> None:
    for grid in (np.linspace(0, 1, 4), np.array([0, 0.1, 0.15, 0.7, 1.0])):
        path = limited_samples.euler(linear, grid, **LAW)
        for name in ("flow_mean", "flow_sample"):
            exact = getattr(limited_samples, name)(alpha=1 - grid, beta=grid, **LAW)
            assert_close(getattr(path, name), exact, rtol=1e-14, atol=1e-15)
        bias = abs(path.flow_noise[-1] - limited_samples.flow_noise(alpha=0, beta=1, **LAW))
        assert bias > 1e-3


def test_euler_broadcasts_over_its_arguments() -> None:
    grid = np.linspace(0, 1, 6)
    both = limited_samples.euler(linear, grid, **{**LAW, "sigma": np.array([0.5, 1.3])})
    alone = limited_samples.euler(linear, grid, **LAW)
    assert both.flow_noise.shape == (6, 2)
    assert_close(both.flow_noise[:, 1], alone.flow_noise, rtol=1e-14)
    assert_close(both.mean_error[1], alone.mean_error, rtol=1e-14)


@pytest.mark.parametrize(("grid", "says"), [
    ([0.0], "at least 2"), (np.zeros((2, 2)), "one-dimensional"), ([0.0, 0.5, 0.5], "increase strictly"),
    ([0.1, 1.0], "noise end"), ([0.0, 1.5], "beyond the data end"), ([0.0, float("nan")], "increase strictly"),
])
def test_euler_refuses_bad_grids(grid: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        limited_samples.euler(linear, grid, **LAW)  # type: ignore[arg-type]


@pytest.mark.parametrize(("alpha", "beta", "says"), [
    (t - 2, t, "alpha = .* must be finite and >= 0"), (1 - t, -t, "beta"), (1 - t, 1 / (2 * t - 1), "beta"),
    (1 - t, 1 + t, "must vanish at exactly one end"), (1 - t, t * (1 - t), "must vanish at exactly one end"),
    ("1 - x", "t", "unknown symbol 'x'"), (sp.sqrt(t - sp.Rational(1, 2)), t, "alpha"),
])
def test_schedules_that_are_none(alpha: object, beta: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Interpolant(alpha, beta)  # type: ignore[arg-type]


def test_schedules_of_wrong_types_and_intervals() -> None:
    for alpha in (None, [1], "1 -", object()):
        with pytest.raises(TypeError, match="alpha: "):
            Interpolant(alpha, t)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must be finite and below end"):
        Interpolant(1 - t, t, start=1, end=0)  # type: ignore[arg-type]
    for d in (0, -1, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="finite and > 0"):
            variance_exploding(d)
    for d in ("4", None, True, 1j):
        with pytest.raises(TypeError, match="must be a real number"):
            variance_exploding(d)  # type: ignore[arg-type]


@pytest.mark.parametrize("schedule", [*NAMED.values(), variance_exploding(9)], ids=lambda s: s.name)
def test_a_schedule_states_its_ends(schedule: Interpolant) -> None:
    _, _, at_noise = schedule.noise_end
    _, _, at_data = schedule.data_end
    assert at_noise == 0 and at_data == 1
    h, times = 1e-6, np.array([0.2, 0.5, 0.8])
    values = schedule.at(times)
    for i, slope in ((0, values.dalpha), (1, values.dbeta)):
        numerical = (schedule.mix(times + h)[i] - schedule.mix(times - h)[i]) / (2 * h)
        assert_close(slope, numerical, rtol=1e-8)
    with pytest.raises(ValueError, match="lies outside"):
        schedule.mix(-0.5)


def test_the_schedule_for_real_data_is_the_paper_s() -> None:
    """arXiv:2412.07972: beta = exp(-(.1 t + 19.9 t^2/2)/2), alpha = sqrt(1 - beta^2)."""
    times = np.array([1e-3, 0.2, 0.7, 1.0])
    alpha, beta = NAMED["variance_preserving"].mix(times)
    np.testing.assert_allclose(beta, np.exp(-(0.1 * times + 19.9 * times**2 / 2) / 2), rtol=1e-14)
    np.testing.assert_allclose(alpha**2 + beta**2, 1.0, rtol=1e-14)


def test_decimals_in_a_schedule_become_exact() -> None:
    schedule = Interpolant("1 - 0.25*t - 0.75*t**2", "0.5*t + 0.5*t**3")
    assert not schedule.alpha.atoms(sp.Float) and schedule.alpha.subs(t, 1) == 0
    limited_samples.flow_noise.on(schedule).prove()


# Dilations


@pytest.mark.parametrize("expression", [
    "t + sin(2000*pi*t)/1000", "t + sin(2000*pi*t)/2000", "t + sin(8192*pi*t)/8192", "t - sin(8192*pi*t)/8192",
    "t + sin(200000000*pi*t)/100000000", "t + sin(2000*pi*t)/6000", "t - sin(2000*pi*t)/6000",
    "Piecewise((t*(1 + sin(2000*pi*t)/100), t <= 1/2), (t, True))",
])
def test_dilations_that_fall_between_equal_steps_are_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="does not increase after t"):
        Dilation(expression)


@pytest.mark.parametrize("expression", [
    "t", "t**2", "sqrt(t)", "t**2*(3 - 2*t)", "t + sin(2000*pi*t)/6300", "t - sin(2*pi*t)/(2*pi)", "t**9",
    "Piecewise((t/1000000, t <= 1/2), (1/2000000 + (t - 1/2)*(2 - 1/1000000), True))", "(exp(30*t) - 1)/(exp(30) - 1)",
    "1 - (1 - t)**4", "4*t - 6*t**2 + 4*t**3 - t**4",  # the same with the rounding of an expanded polynomial
    "t/2 + (t - 1/2)*Abs(t - 1/2) + 1/4",  # its slope has no printer: values alone decide
])
def test_dilations_that_increase_are_taken(expression: str) -> None:
    assert float(Dilation(expression)(1.0)) == 1


def test_dilations_of_other_numbers() -> None:
    assert len(Dilation.half(3, 100).grid(np.int64(10))) == 11  # type: ignore[arg-type]
    for d in (-1, 0, float("-0.0"), "-1/2"):
        with pytest.raises(ValueError, match=r"d = .* must be > 0"):
            Dilation.half(1, d)
    for steps in (True, 2.0, "3"):
        with pytest.raises(ValueError, match=r"steps = .* must be an integer >= 2"):
            Dilation.half(3, 100).grid(steps)  # type: ignore[arg-type]
