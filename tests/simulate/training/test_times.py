"""Densities of training times: draws follow them, they have mass 1, and weights make them uniform again."""

from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings, strategies as st
from scipy.integrate import quad

from asymptotics.phases.design import Target, training_times
from asymptotics.schedule import Dilation
from asymptotics.symbols import t
from simulate.training import DilatedTimes, PiecewiseTimes, Times, checked_times, interval_times, uniform_times
from simulate.training.times import importance

SMOOTH = Dilation((t + 3 * t**2) / 4, name="smooth")
EVERY: dict[str, Times] = {
    "uniform": uniform_times(0.2, 3.0), "interval": interval_times(0.2, 0.6, share=0.7),
    "at an end": interval_times(0.0, 0.1), "pieces": PiecewiseTimes((0.0, 0.1, 0.4, 2.0), (1.0, 0.0, 3.0)),
    "half": DilatedTimes(Dilation.half(2, 100)), "smooth": DilatedTimes(SMOOTH),
    "balanced": DilatedTimes(training_times(Target(p=0.8, sigma=1.0, d=1e4)).dilation),
}
# Of DKW's bound: an empirical distribution function of N draws is off by more than this with a chance of 1e-7.
N = 20_000
FAR = (np.log(2 / 1e-7) / (2 * N)) ** 0.5


@pytest.mark.parametrize("name", EVERY)
def test_draws_follow_the_density(name: str) -> None:
    """The distribution function from the density by quadrature; sees a difference of 2 FAR = .04."""
    times = EVERY[name]
    drawn = np.sort(times.draw(np.random.default_rng(1), N))
    assert times.low <= drawn[0] and drawn[-1] <= times.high
    even = np.linspace(times.low, times.high, 2001)
    mesh = np.union1d(even, drawn[::50])  # Fine where the density is large.
    middle = (mesh[1:] + mesh[:-1]) / 2
    mass = np.concatenate([[0.0], np.cumsum(times.density(middle) * np.diff(mesh))])
    assert mass[-1] == pytest.approx(1.0, abs=2e-3)
    wanted = np.interp(drawn, mesh, mass)
    assert np.abs(wanted - np.arange(1, N + 1) / N).max() < FAR + 2e-3


@pytest.mark.parametrize("name", EVERY)
def test_weights_make_them_uniform(name: str) -> None:
    """The weighted mean of a function, against its uniform mean by quadrature, within 6 standard errors."""
    times = EVERY[name]
    if name == "pieces":  # Nothing is drawn where the density is 0: no weight brings that back.
        return
    drawn = times.draw(np.random.default_rng(2), N)
    found = np.cos(3 * drawn) * importance(times, drawn)
    wanted = quad(lambda x: np.cos(3 * x), times.low, times.high)[0] / (times.high - times.low)
    assert abs(found.mean() - wanted) < 6 * found.std() / N**0.5


def test_the_smooth_one_is_the_inverse_slope() -> None:
    slope = sp.lambdify(t, sp.diff(SMOOTH.expression, t))
    at = np.linspace(0.05, 0.95, 7)
    np.testing.assert_allclose(DilatedTimes(SMOOTH).density(SMOOTH(at)), 1 / slope(at), rtol=1e-6)


@settings(deadline=None)
@given(
    ends=st.lists(st.integers(0, 100), min_size=2, max_size=2, unique=True).filter(lambda e: abs(e[0] - e[1]) < 100),
    share=st.floats(0.1, 0.9),
)
def test_an_interval_has_its_share(ends: list[int], share: float) -> None:
    begin, end = (each / 100 for each in sorted(ends))
    times = interval_times(begin, end, share=share)
    inside = [mass for a, mass in zip(times.edges, times.masses, strict=False) if begin <= a < end]
    assert sum(inside) == pytest.approx(share) and sum(times.masses) == pytest.approx(1.0)
    outside = [mass / (b - a) for a, b, mass in zip(times.edges, times.edges[1:], times.masses, strict=False)
               if not begin <= a < end]
    assert max(outside) == pytest.approx(min(outside), rel=1e-6)


@pytest.mark.parametrize(("make", "error", "words"), [
    (lambda: interval_times(0.6, 0.2), ValueError, r"\[begin, end\] = \[0.6, 0.2\] must be an interval inside"),
    (lambda: interval_times(-0.1, 0.2), ValueError, "must be an interval inside"),
    (lambda: interval_times(0.2, 0.6, share=0.0), ValueError, "share = 0.0 must be > 0"),
    (lambda: interval_times(0.0, 1.0), ValueError, "but nothing does"),
    (lambda: PiecewiseTimes((0.0, 1.0), (1.0, 2.0)), ValueError, r"k \+ 1 edges, k masses"),
    (lambda: PiecewiseTimes((0.0, 0.0), (1.0,)), ValueError, "must be finite and increase"),
    (lambda: PiecewiseTimes((0.0, 1.0), (0.0,)), ValueError, "one of them > 0"),
    (lambda: PiecewiseTimes((0.0, 1.0), (float("nan"),)), ValueError, "must be finite and >= 0"),
    (lambda: uniform_times().density(1.5), ValueError, r"times must lie inside \[0, 1\]"),
    (lambda: checked_times([0.1]), TypeError, "must be a density of times, such as uniform_times"),
])
def test_bad_input(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()
