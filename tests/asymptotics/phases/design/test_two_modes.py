"""Dilations, events and their times, recommended dilations, and the fit of U-turns."""

import json
import math
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, strategies as st

from asymptotics import phases, symbols
from asymptotics.phases.design import (
    Event,
    Modes,
    Target,
    best_dilation,
    boundary_time,
    clock,
    fit_uturn,
    generated_weight,
    half_grid,
    share,
    variance_across,
)
from asymptotics.schedule import (
    Dilation,
    Interpolant,
    linear,
    ornstein_uhlenbeck,
    square_root,
    trigonometric,
    variance_exploding,
)

FAR = Target(p=0.8, sigma=1.0, d=1e4)
REFERENCE = Path(__file__).parents[3] / "reference" / "values.json"


# Dilations


@given(st.floats(0.01, 9.9), st.floats(0.05, 0.95), st.floats(0, 1))
def test_the_dilation_of_the_paper_and_its_inverse(kappa: float, part: float, t: float) -> None:
    tau = Dilation.half(kappa, 100, part)
    assert tau(0.0) == 0 and tau(1.0) == 1 and tau(part) == pytest.approx(kappa / 10, rel=1e-12)
    assert 0 <= float(tau(t)) <= 1
    assert float(tau.inverse(tau(t))) == pytest.approx(t, abs=1e-9)


def test_a_grid_has_the_nodes_and_stays_inside() -> None:
    tau = Dilation.through((0, 0), (0.3, 0.001), (0.7, 0.2), (1, 1))
    for steps in (3, 4, 17, 50):
        grid = tau.grid(steps)
        assert len(grid) == steps + 1 and {0.0, 0.3, 0.7, 1.0} <= set(grid.tolist()) and (np.diff(grid) > 0).all()
        linear.at(tau(grid))
    weights = Dilation.through((0, 0), (1 / 3, 0.1), (0.9, 0.35), (1, 1))
    assert weights(weights.grid(97)).max() <= 1.0
    with pytest.raises(ValueError, match="steps = 2 must be an integer >= 3"):
        tau.grid(2)


def test_dilated_schedules_are_where_they_were() -> None:
    tau = Dilation.half(3, 400)
    for schedule in (linear, trigonometric):
        times = np.linspace(0.01, 0.99, 9)
        assert schedule.dilated(tau).mix(times)[1] == pytest.approx(schedule.mix(tau(times))[1], rel=1e-12)


@pytest.mark.parametrize(("make", "words"), [
    (lambda: Dilation.half(0, 100), "kappa = 0 must be > 0"),
    (lambda: Dilation.half(-1, 100), "kappa = -1 must be > 0"),
    (lambda: Dilation.half(10, 100), r"kappa = 10 must be below sqrt\(d\) = 10"),
    (lambda: Dilation.half(2, 100, 1), r"share = 1 must lie inside \(0, 1\)"),
    (lambda: Dilation("t**2/2"), "is 1/2 at t = 1; it must map the interval"),
    (lambda: Dilation("t + sin(7*t)*(1 - t)*t"), "does not increase after t"),
    (lambda: Dilation.through((0, 0), (0.5, 0.5), (0.4, 0.9), (1, 1)), "do not increase"),
    (lambda: Dilation("x"), "unknown symbol 'x'"),
    (lambda: phases.dilated_time(beta=0.5, kappa=12.0, d=100.0), r"kappa < sqrt\(d\)"),
    (lambda: phases.mmse(p=1.0, s=1.0), "0 < p < 1"),
    (lambda: phases.boundary(s=20.0, sigma=1.0, d=100.0), r"s_max = radius.* = 10\)"),
    (lambda: Target(p=0.0, sigma=1, d=100), "0 < p < 1"),
    (lambda: best_dilation(Target(p=0.8, sigma=1, d=100), 1), "steps = 1 must be an integer >= 2"),
    (lambda: best_dilation(Target(p=0.8, sigma=1, d=0.5), 9), "no first phase"),
])
def test_bad_dilations_targets_and_clocks(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


# Events


@pytest.mark.parametrize("d", [784, 10_000, 1_000_000])
def test_boundary_times_of_the_reference(d: int) -> None:
    """Dilated times at p = .8, sigma = .5, kappa = 3; digits computed independently of this project."""
    (known,) = (each for each in json.loads(REFERENCE.read_text())["boundaries"] if each["d"] == d)
    for name, event in (
        ("information_5_percent", Event.information(0.8, 0.05)), ("s_equals_1", Event.bimodality()),
        ("information_95_percent", Event.information(0.8, 0.95)), ("rho_equals_1", Event.variance()),
    ):
        found = boundary_time(event, linear, sigma=0.5, d=d, dilation=Dilation.half(3, d))
        assert found.time == pytest.approx(known[name], abs=6e-9)
        assert found.certified and found.low <= found.time <= found.high and found.high - found.low < 1e-14


def test_closed_forms_lie_in_their_balls() -> None:
    """Ornstein-Uhlenbeck: s = 1 at ln(d + 1 - sigma^2)/2; variance-exploding: t/sqrt(..) = s."""
    d, sigma = 5000, 1.5
    found = boundary_time(Event.bimodality(), ornstein_uhlenbeck, sigma=sigma, d=d)
    assert found.low <= 0.5 * math.log(d + 1 - sigma**2) <= found.high
    found = boundary_time(Event.bimodality(), variance_exploding(d), sigma=sigma, d=d)
    t = found.time
    assert t / math.sqrt((1 - t) ** 2 + sigma**2 * t**2 / d) == pytest.approx(1.0, abs=1e-12)
    for schedule in (linear, trigonometric, square_root):
        found = boundary_time(Event.total_variation(0.9), schedule, sigma=sigma, d=d)
        alpha, beta = schedule.mix(found.time)
        clocks = phases.speciation(alpha=alpha, beta=beta, sigma=sigma, d=d)
        assert phases.total_variation(s=float(clocks)) == pytest.approx(0.9, abs=1e-12)


@pytest.mark.parametrize("dilation", ["half", "t**(11/5)", "t**(1/3)", None])
@pytest.mark.parametrize("schedule", [
    linear, square_root, Interpolant("1-t", "t**(1/3)"), Interpolant("1-t", "(exp(t)-1)/(exp(1)-1)"),
], ids=["linear", "square_root", "cube root", "exponential"])
def test_intervals_hold_the_time_on_any_schedule_and_dilation(schedule: Interpolant, dilation: str | None) -> None:
    """Powers of any exponent, and a node that is not rational: both signs of the gap, in 50 digits."""
    tau = Dilation.half(3, 1000) if dilation == "half" else None if dilation is None else Dilation(dilation)
    path = schedule if tau is None else schedule.dilated(tau)
    for event in (Event.bimodality(), Event.variance()):
        found = boundary_time(event, schedule, sigma=1, d=1000, dilation=tau)
        gap = sp.lambdify(symbols.t, path.beta - event.ratio(sigma=1, d=1000) * path.alpha, "mpmath")
        with mpmath.workdps(50):
            assert gap(mpmath.mpf(found.low)) <= 0 <= gap(mpmath.mpf(found.high))
        assert found.certified and found.high - found.low <= 1e-15


def test_a_users_function_is_bracketed_and_not_certified() -> None:
    tau = Dilation.half(3, 400)
    proved = boundary_time(Event.clone(0.6, 0.7), linear, sigma=1, d=400, dilation=tau)
    found = boundary_time(Event.clone(0.6, 0.7), linear, sigma=1, d=400, dilation=lambda t: float(tau(t)))
    assert not found.certified and found.time == pytest.approx(proved.time, abs=1e-12)
    with pytest.raises(ValueError, match="does not increase"):
        boundary_time(Event.bimodality(), linear, sigma=1, d=400, dilation=lambda t: 0.5)
    with pytest.raises(ValueError, match="must map it onto itself"):
        boundary_time(Event.bimodality(), linear, sigma=1, d=400, dilation=lambda t: t / 2)


def test_the_share_of_the_phase_vanishes_undilated_and_stays_dilated() -> None:
    """About 1.98/sqrt(d) at p = .8, between 5 % and 95 % of the entropy."""
    first, last = Event.information(0.8, 0.05), Event.information(0.8, 0.95)
    plain = [share(first, last, linear, sigma=1, d=d) * d**0.5 for d in (10**6, 10**8)]
    assert plain == pytest.approx([1.975, 1.980], abs=0.003)
    dilated = [share(first, last, linear, sigma=1, d=d, dilation=Dilation.half(3, d)) for d in (10**4, 10**8)]
    assert dilated[1] == pytest.approx(dilated[0], rel=0.05) and dilated[1] > 0.3


@pytest.mark.parametrize(("make", "words"), [
    (lambda: boundary_time(Event("x", "s", 30.0), linear, sigma=1, d=400), "s_max = radius.* = 20"),
    (lambda: Event.information(0.8, 1.0), r"fraction = 1.0 is not allowed: 0 < fraction < 1"),
    (lambda: Event.clone(0.8, 0.5), "it never reaches 0.5"),
    (lambda: Event("x", "u", 1.0), "clock = 'u' must be 's' or 'rho'"),
    (lambda: boundary_time(Event.bimodality(), linear, sigma=0, d=400), "sigma > 0"),
])
def test_bad_events(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


# Design


def test_the_recommended_dilation() -> None:
    """Bars of p = .8 with 50 Euler steps; nothing on a finer grid of the family is better by more than 5 %."""
    for d in (1e2, 1e6):
        target = Target(p=0.8, sigma=1.0, d=d)
        half, free = best_dilation(target, 50), best_dilation(target, 50, share=None)
        assert free.share <= 0.8 and 0.7 < free.variance < half.variance < 1
        assert half.error <= 0.0065 and free.error <= 0.0045 and half.undilated > 0.01
        kappas = np.geomspace(0.3, min(12, 0.95 * d**0.5), 300)
        brute = np.abs(generated_weight(target, half_grid(target, kappas, 0.5, 50)) - 0.8).min()
        assert half.error <= 1.05 * brute
        # The dilation that is returned takes those very steps.
        taken = half.dilation(half.dilation.grid(50))
        assert abs(float(generated_weight(target, taken)) - 0.8) == pytest.approx(half.error, rel=1e-6)


def test_equal_weights_are_right_whatever_the_dilation() -> None:
    design = best_dilation(Target(p=0.5, sigma=1.0, d=1e4), 20)
    assert design.error < 1e-12 and 1 < design.kappa < 10


def test_steps_of_ever_smaller_size_give_the_weight() -> None:
    target = Target(p=0.8, sigma=1.3, d=400, radius=0.8)
    gaps = [
        abs(float(generated_weight(target, half_grid(target, 3.0, 0.5, steps), method=method)) - 0.8)
        for method, steps in (("euler", 50), ("euler", 400), ("heun", 50), ("heun", 400))
    ]
    assert gaps[1] < gaps[0] / 5 and gaps[3] < gaps[2] / 25 and gaps[2] < gaps[0]


@pytest.mark.parametrize("method", ["euler", "heun"])
@pytest.mark.parametrize("kappa", [2, 5])
def test_a_dilated_schedule_takes_the_steps_of_the_moved_grid(method: str, kappa: int) -> None:
    """At the node the pace jumps: each step takes its own side."""
    target, tau = Target(p=0.8, sigma=1.0, d=1e4), Dilation.half(kappa, 10_000)
    for steps in (10, 50):
        times = np.linspace(0, 1, steps + 1)
        moved = generated_weight(target, tau(times), method=method)
        dilated = generated_weight(target, times, schedule=linear.dilated(tau), method=method)
        assert float(dilated) == pytest.approx(float(moved), abs=1e-12)
        widths = [variance_across(target, times, schedule=linear.dilated(tau), method=method),
                  variance_across(target, tau(times), method=method)]
        assert float(widths[0]) == pytest.approx(float(widths[1]), rel=1e-12)


@pytest.mark.parametrize("sigma", [0.5, 1.3])
def test_the_variance_across_is_that_of_carried_points(sigma: float) -> None:
    """A start orthogonal to mu, carried by hand with the derivative of ln sqrt(V)."""
    target = Target(p=0.8, sigma=sigma, d=400)
    grid = half_grid(target, 2.5, 0.6, 15)
    x = 1.0
    for t, step in zip(grid[:-1], np.diff(grid), strict=True):
        noised = (1 - t) ** 2 + sigma**2 * t**2
        x += step * x * (-(1 - t) + sigma**2 * t) / noised
    assert float(variance_across(target, grid)) == pytest.approx(x**2 / sigma**2, rel=1e-12)
    fine = half_grid(target, 2.5, 0.5, 4000)
    assert float(variance_across(target, fine, method="heun")) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(("make", "words"), [
    (lambda: half_grid(FAR, 2.0, 0.5, 1), "steps = 1 must be an integer >= 2"),
    (lambda: half_grid(FAR, -3.0, 0.5, 9), r"kappa = -3.0 is not allowed: 0 < kappa < \|mu\| = 100"),
    (lambda: half_grid(FAR, [2.0, 300.0], 0.5, 9), "kappa = 300.0 is not allowed"),
    (lambda: half_grid(FAR, 2.0, 5, 9), "share = 5.0 is not allowed: 0 < share < 1"),
    (lambda: half_grid(FAR, np.nan, 0.5, 9), "kappa.*nan"),
    (lambda: half_grid(0.8, 2.0, 0.5, 9), "must be a Target"),
    (lambda: generated_weight(0.8, [0, 1]), "must be a Target"),
    (lambda: best_dilation(Modes([[-9.0], [9.0]], [0.5, 0.5], 1.0), 9), "must be a Target"),
])
def test_bad_designs(make: Any, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        make()


# The fit


def test_the_clock_of_the_published_digits() -> None:
    """Point by point K is 5.0 ... 7.3 with mean 6.4, at the model's own p = .882."""
    code = 1 - np.arange(0.65, 0.19, -0.05)
    beta = np.exp(-(0.1 * code + 19.9 * code**2 / 2) / 2)
    ones = np.array([0.003, 0.007, 0.024, 0.087, 0.207, 0.384, 0.643, 0.768, 0.832, 0.857])
    rates = clock(0.882, ones) * (1 - beta**2) ** 0.5 / beta
    assert (round(rates.min(), 1), round(rates.max(), 1), round(rates.mean(), 1)) == (5.0, 7.3, 6.4)
    with pytest.raises(ValueError, match="has no clock"):
        clock(0.8, ones)


def test_intervals_cover_what_they_should() -> None:
    """100 fits to binomial counts at 95 %, some of the shares 0 or 1."""
    ratio, rate, p, count = np.geomspace(0.05, 0.6, 8), 6.0, 0.8, 200
    truth = [np.asarray(f(p=p, s=rate * ratio)) for f in (phases.uturn_sde_plus, phases.uturn_sde_minus)]
    generator, covered = np.random.default_rng(3), np.zeros((100, 2))
    for k in range(len(covered)):
        plus, minus = (generator.binomial(count, each) / count for each in truth)
        fit = fit_uturn(ratio, plus=plus, minus=minus, count=count)
        covered[k] = (
            fit.rate_interval[0] <= rate <= fit.rate_interval[1], fit.p_interval[0] <= p <= fit.p_interval[1],
        )
    # 18 misses or more of 100, each at 5 %: a chance of 1e-6.
    assert (covered.sum(axis=0) >= 83).all()


def test_bad_fits() -> None:
    with pytest.raises(ValueError, match="give plus, minus or both"):
        fit_uturn([0.1, 0.2], stderr=0.1)
    with pytest.raises(ValueError, match=r"stderr = 0\.0 must be > 0 and finite; for a share of 0 or 1 give its count"):
        fit_uturn([0.1, 0.2], plus=[0.8, 0.9], stderr=0.0)
    with pytest.raises(ValueError, match="give either stderr or count"):
        fit_uturn([0.1, 0.2], plus=[0.8, 0.9])
    with pytest.raises(ValueError, match=r"count has shape \(3,\); it must be one number, one for each of 2 times"):
        fit_uturn([0.1, 0.2], plus=[0.8, 0.9], count=[5, 6, 7])
    with pytest.raises(ValueError, match="ratio holds inf; it must be > 0 and finite"):
        fit_uturn([0.1, np.inf], plus=[0.8, 0.9], count=5)
    for flat in ([0.5] * 3, [0.0] * 3, [1.0] * 3):
        with pytest.raises(ValueError, match=r"do not determine K.*give times at which the shares change"):
            fit_uturn([0.1, 0.2, 0.4], minus=flat, stderr=0.02)
    with pytest.raises(ValueError, match=r"plus must hold a share in \[0, 1\]"):
        fit_uturn([0.1, 0.2], plus=[0.8, 1.9], stderr=0.1)
    with pytest.raises(ValueError, match="cannot determine 2 unknowns"):
        fit_uturn([0.1], plus=[0.8], stderr=0.1)
