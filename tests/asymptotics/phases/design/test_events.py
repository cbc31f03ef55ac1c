"""Events: levels of the clocks to their digits, schedules on which the clock turns back, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, strategies as st

from asymptotics import phases
from asymptotics.phases.design import Event, Modes, boundary_time, phase_hierarchy
from asymptotics.schedule import Dilation, Interpolant, linear, ornstein_uhlenbeck

WAVY = Interpolant("1-t", "t*(1+sin(8*pi*t)*9/10)")
PAIR = Modes([[100.0], [-100.0]], [0.7, 0.3], 1.0, 1e4)


def exact_fraction(p: float, s: float) -> Any:
    """1 - (information over entropy) at 60 digits; p is taken as the float it is."""
    with mpmath.workdps(60):
        weight = mpmath.mpf(p)
        entropy = -weight * mpmath.log(weight) - (1 - weight) * mpmath.log1p(-weight)
        return 1 - phases.information.evaluate(p=p, s=s, dps=50) / entropy


# Levels


@pytest.mark.parametrize("p", [0.5, 0.8, 1e-6])
@pytest.mark.parametrize("left", [1e-3, 1e-9, 1e-14])
def test_what_is_left_of_the_entropy_keeps_its_digits(p: float, left: float) -> None:
    found = float(exact_fraction(p, Event.information(p, 1 - left).value))
    assert found == pytest.approx(1 - (1 - left), rel=1e-9)


@pytest.mark.parametrize(("p", "fraction"), [(0.8, 1e-14), (0.5, 1e-4), (0.2, 0.5), (1e-9, 0.3), (1e-300, 0.5)])
def test_small_shares_of_the_entropy_keep_their_digits(p: float, fraction: float) -> None:
    s = Event.information(p, fraction).value
    with mpmath.workdps(50):
        assert float(1 - exact_fraction(p, s)) == pytest.approx(fraction, rel=1e-9)


@given(p=st.floats(0.01, 0.99), part=st.floats(0.01, 0.99))
def test_clones_agree_at_their_event(p: float, part: float) -> None:
    least = p**2 + (1 - p) ** 2
    wanted = least + (1 - least) * part
    assert float(phases.clone_probability(p=p, s=Event.clone(p, wanted).value)) == pytest.approx(wanted, rel=1e-12)


def test_clones_that_almost_never_and_almost_always_agree() -> None:
    s = Event.clone(0.5, 0.5 + 2**-40).value  # E tanh^2 = 2^-39 = s^2 as s -> 0
    assert s == pytest.approx(2**-19.5, rel=1e-9)
    s = Event.clone(0.5, 1 - 2**-50).value
    assert float(phases.mmse(p=0.5, s=s)) == pytest.approx(2**-49, rel=1e-9)


@pytest.mark.parametrize("level", [1e-300, 1e-9, 0.3, 0.9, 1 - 2**-52])
def test_total_variation_keeps_its_digits(level: float) -> None:
    s = Event.total_variation(level).value
    with mpmath.workdps(40):
        found = mpmath.erf(mpmath.mpf(s) / mpmath.sqrt(2))
        assert float(min(found, 1 - found)) == pytest.approx(min(level, 1 - level), rel=1e-12)


def test_a_value_may_be_exact() -> None:
    third = Event("a third", "rho", Fraction(1, 3))  # type: ignore[arg-type]
    assert third.ratio(sigma=2, d=100) == third.ratio(sigma="2", d="100") and third.ratio(sigma=1, d=1).q == 3
    assert Event.variance(np.float64(2)) == Event.variance(2)


# Where the clock passes a value more than once


def test_a_clock_that_turns_back_is_refused_with_its_times() -> None:
    with pytest.raises(ValueError, match=r"passes s = 1 \(bimodality\) more than once") as error:
        boundary_time(Event.bimodality(), WAVY, sigma=1, d=10)
    assert "t = 0.25, 0.39" in str(error.value) and "0.69" in str(error.value)
    times = [float(each) for each in str(error.value).split("t = ")[1].split(";")[0].split(", ")]
    for time in times:
        alpha, beta = WAVY.mix(time)
        assert float(phases.speciation(alpha=alpha, beta=beta, sigma=1, d=10)) == pytest.approx(1, rel=1e-4)
    assert len(times) == 5
    # A value that it passes once is certified, whatever it does elsewhere.
    assert boundary_time(Event.variance(40.0), WAVY, sigma=1, d=10).certified
    with pytest.raises(ValueError, match="more than once"):
        boundary_time(Event.bimodality(), WAVY, sigma=1, d=10, dilation=Dilation.half(1, 10))
    with pytest.raises(ValueError, match="more than once"):
        boundary_time(Event.bimodality(), WAVY, sigma=1, d=10, dilation=lambda t: t * t)


@pytest.mark.parametrize("d", [10, 10**6, 10**12])
def test_a_clock_that_turns_back_early_or_late_is_seen(d: int) -> None:
    """The phase lies at t = O(1/sqrt(d)), far below any equal step of the interval."""
    early = Interpolant("1-t", f"t*(1+sin(t*{8 * round(d**0.5)})*9/10)/(1+sin({8 * round(d**0.5)})*9/10)")
    with pytest.raises(ValueError, match="more than once"):
        boundary_time(Event.bimodality(), early, sigma=1, d=d)


# Dilations given as functions


def rippled(frequency: int, size: float) -> Callable[[float], float]:
    return lambda t: t + size * math.sin(2 * math.pi * frequency * t) / (2 * math.pi * frequency)


@pytest.mark.parametrize("frequency", [7, 500, 1000, 1024, 4096, 10**5])
def test_a_function_that_falls_between_equal_steps_is_refused(frequency: int) -> None:
    with pytest.raises(ValueError, match="does not increase after t"):
        boundary_time(Event.bimodality(), linear, sigma=1, d=100, dilation=rippled(frequency, 3.0))
    good = boundary_time(Event.bimodality(), linear, sigma=1, d=100, dilation=rippled(frequency, 0.9))
    assert rippled(frequency, 0.9)(good.time) == pytest.approx(1 / (1 + 99**0.5), abs=1e-12)


def test_noise_far_below_what_matters_is_no_fall() -> None:
    rng = np.random.default_rng(1)

    def noisy(t: float) -> float:
        return float(t + 1e-11 * rng.standard_normal() * (0 < t < 1))

    found = boundary_time(Event.bimodality(), linear, sigma=1, d=100, dilation=noisy)
    assert found.time == pytest.approx(1 / (1 + 99**0.5), abs=1e-10) and not found.certified


def test_an_infinite_interval_has_no_dilation() -> None:
    for dilation in (lambda t: t * t, Dilation("t**2")):
        with pytest.raises(ValueError, match=r"runs to t = oo; a dilation maps a finite interval"):
            boundary_time(Event.bimodality(), ornstein_uhlenbeck, sigma=1, d=100, dilation=dilation)
    with pytest.raises(ValueError, match="finite interval"):
        phase_hierarchy(PAIR, schedule=ornstein_uhlenbeck, dilation=lambda t: t)


# What is refused


@pytest.mark.parametrize(("make", "words"), [
    (lambda: Event.information(1.0, 0.5), r"p = 1.0 is not allowed: 0 < p < 1"),
    (lambda: Event.information(2.0, 0.5), r"p = 2.0 is not allowed"),
    (lambda: Event.information(float("nan"), 0.5), r"p = nan is not allowed"),
    (lambda: Event.information(0.8, -1), r"fraction = -1 is not allowed: 0 < fraction < 1"),
    (lambda: Event.clone(0.5, 0.5), r"probability = 0.5 .* it never reaches 0.5"),
    (lambda: Event.clone(0.8, 1), r"probability = 1 "),
    (lambda: Event.clone(0.8, 0.68 + 1e-15), "probability = 0.68.* not told"),
    (lambda: Event.clone(1.5, 0.9), "p = 1.5 is not allowed"),
    (lambda: Event.total_variation(1), r"level = 1 is not allowed: 0 < level < 1"),
    (lambda: Event.total_variation(0.0), r"level = 0.0 is not allowed"),
    (lambda: Event.spinodal(0.0), "p = 0.0 is not allowed"),
    (lambda: Event.variance(0), "value = 0.0 is not allowed: value > 0, and finite"),
    (lambda: Event.variance(float("inf")), "is not allowed: value > 0, and finite"),
    (lambda: Event("x", "s", float("nan")), "value = nan is not allowed: value > 0, and finite"),
])
def test_values_that_no_event_has(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(("make", "words"), [
    (lambda: Event.information("0.8", 0.5), "p = '0.8' must be a real number"),
    (lambda: Event.information(0.8, "0.5"), "fraction = '0.5' must be a real number"),
    (lambda: Event.information([0.5, 0.8], 0.5), r"p = \[0.5, 0.8\] must be a single number"),
    (lambda: Event.variance("a"), "ratio = 'a' must be a real number"),
    (lambda: Event.spinodal("a"), "p = 'a' must be a real number"),
    (lambda: Event.clone("a", 0.9), "p = 'a' must be a real number"),
    (lambda: Event.clone(0.8, "a"), "probability = 'a' must be a real number"),
    (lambda: Event.total_variation("a"), "level = 'a' must be a real number"),
    (lambda: Event("x", "s", "1"), "value = '1' must be a real number"),
    (lambda: boundary_time("bimodality", linear, sigma=1, d=100), r"event = 'bimodality' must be an Event"),
    (lambda: boundary_time(Event.bimodality(), "linear", sigma=1, d=100), "schedule = 'linear' must be an Interpolant"),
    (lambda: boundary_time(Event.bimodality(), linear, sigma=1, d=100, dilation=3), "dilation = 3 must be a Dilation"),
    (lambda: boundary_time(Event.bimodality(), linear, sigma=1, d=100, dilation=lambda t: "a"), "dilation gives 'a'"),
])
def test_arguments_of_wrong_types(make: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        make()


# Arguments beyond the range of floats


@pytest.mark.parametrize("size", [1e30, 1e110, 1e150, 1e155, 1e300])
def test_clocks_of_any_size_decide_the_mode(size: float) -> None:
    for name, argument in (("mode_probability_field", "kappa"), ("mode_probability_sign", "kappa")):
        assert float(getattr(phases, name)(p=0.8, **{argument: size})) == 0.8
    assert float(phases.uturn_ode_plus(p=0.8, s=size)) == 1 and float(phases.uturn_ode_minus(p=0.8, s=size)) == 0


@pytest.mark.parametrize("s", [39.0, 100.0, 1e8, 1e18, 1e20, 1e25])
def test_nothing_returns_by_the_ode_from_far_apart_modes(s: float) -> None:
    """The edge between the modes stays near 0 however far apart they are."""
    assert phases.uturn_ode_minus(p=0.8, s=s) == 0.0 and phases.uturn_ode_plus(p=0.8, s=s) == 1.0
