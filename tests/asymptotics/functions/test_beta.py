"""The symmetric beta law: its distribution function, density and moments against scipy, mpmath and flint."""

from __future__ import annotations

import flint
import mpmath
import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, strategies as st
from scipy import integrate, special

from asymptotics import balance
from asymptotics.functions import beta_below, beta_density, beta_moment, beta_moment_array
from asymptotics.latex import latex
from asymptotics.proof import Refuted, Region, decide
from asymptotics.testing import assert_close

SHAPES = (0.5, 0.75, 1.0, 2.0, 18.5, 500.0, 5e5)
PLACES = (1e-30, 1e-5, 0.01, 0.3, 0.45, 0.499, 0.4999999, 0.5, 0.51, 0.7, 0.999999)
a, x = sp.symbols("a x", positive=True)


def by_flint(shape: float, place: float) -> mpmath.mpf:
    before = flint.ctx.prec
    try:
        flint.ctx.prec = 400
        ball = flint.arb(place).beta_lower(flint.arb(shape), flint.arb(shape), True)
        return mpmath.mpf(ball.mid().str(70, radius=False))
    finally:
        flint.ctx.prec = before


@pytest.mark.parametrize("shape", SHAPES)
def test_against_flint(shape: float) -> None:
    """Float64 to 1e-14 of max(value, sensitivity to x), mpmath to its last digits."""
    with mpmath.workdps(50):
        for place in PLACES:
            exact = by_flint(shape, place)
            if exact < mpmath.mpf(10) ** -280:
                continue
            below = beta_below.in_mpmath(mpmath.mpf(shape), mpmath.mpf(place))
            assert abs(below - exact) <= exact * mpmath.mpf(10) ** -48
            scale = exact + place * beta_density.in_mpmath(mpmath.mpf(shape), mpmath.mpf(place))
            for xp, number in ((np, np.float64), (torch, lambda v: torch.tensor(v, dtype=torch.float64))):
                found = float(beta_moment_array(xp, 0, number(shape), number(place)))
                assert abs(found - exact) <= 1e-14 * scale, (shape, place)


@given(st.floats(0.5, 200), st.floats(0.02, 0.98))
def test_against_scipy(shape: float, place: float) -> None:
    found = float(beta_moment_array(np, 0, np.float64(shape), np.float64(place)))
    assert_close(found, float(special.betainc(shape, shape, place)), rtol=1e-11, atol=1e-300)


@pytest.mark.parametrize("power", [1, 2, 3])
@pytest.mark.parametrize(("shape", "place"), [(3.7, 0.3), (3.7, 0.8), (0.5, 0.2), (60.0, 0.45)])
def test_moments_are_integrals(power: int, shape: float, place: float) -> None:
    def term(z: float) -> float:
        return float((z * (1 - z)) ** (shape - 1) * np.log(4 * z * (1 - z)) ** power)

    value, _ = integrate.quad(term, 0, place, epsabs=0, epsrel=1e-11, limit=300, points=[min(place, 0.5)])
    wanted = value / special.beta(shape, shape)
    assert_close(float(beta_moment_array(np, power, np.float64(shape), np.float64(place))), wanted, rtol=1e-8)
    assert_close(float(beta_moment.in_mpmath(power, mpmath.mpf(shape), mpmath.mpf(place))), wanted, rtol=1e-8)


def test_the_mean_logarithm_in_the_middle_is_a_difference_of_digammas() -> None:
    with mpmath.workdps(40):
        for shape in (0.5, 3.7, 1e4):
            whole = 2 * beta_moment.in_mpmath(1, mpmath.mpf(shape), mpmath.mpf(1) / 2)
            wanted = mpmath.digamma(shape) - mpmath.digamma(mpmath.mpf(shape) + mpmath.mpf(1) / 2)
            assert abs(whole - wanted) < mpmath.mpf(10) ** -36 * abs(wanted)


def test_both_are_closed_under_differentiation() -> None:
    at = {a: sp.Rational(37, 10), x: sp.Rational(3, 10)}
    for expression in (beta_below(a, x), beta_density(a, x), beta_moment(1, a, x), beta_below(a, x) ** 2):
        for name in (a, x):
            def moved(value: mpmath.mpf, name: sp.Symbol = name, expression: sp.Expr = expression) -> mpmath.mpf:
                return mpmath.mpf(expression.subs({**at, name: sp.Float(value, 40)}).evalf(40))

            with mpmath.workdps(40):
                slope = mpmath.diff(moved, mpmath.mpf(str(float(at[name]))), h=mpmath.mpf(10) ** -12)
            assert abs(float(expression.diff(name).subs(at).evalf(20)) - float(slope)) < 1e-9 * (1 + abs(float(slope)))
    power = sp.Symbol("k", positive=True)
    with pytest.raises(ValueError, match="whole number"):
        beta_moment(power, a, x).diff(power)


def test_known_values_and_names() -> None:
    assert beta_below(a, sp.Rational(1, 2)) == sp.Rational(1, 2)
    assert beta_below(a, 0) == 0 and beta_below(a, 1) == 1 and beta_moment(0, a, x) == beta_below(a, x)
    assert float(beta_below(1, x).subs(x, sp.Rational(3, 10)).evalf()) == pytest.approx(0.3, abs=1e-15)
    rewritten = beta_below(a, x).rewrite(sp.betainc_regularized).subs({a: 3, x: sp.Rational(1, 4)}).evalf()
    assert float(rewritten) == pytest.approx(float(beta_below(3, sp.Rational(1, 4)).evalf()), abs=1e-14)
    assert sp.latex(beta_below(a, x)) == r"I_{x}\left(a,a\right)"
    assert sp.latex(beta_below(a, x) ** 2) == r"I^{2}_{x}\left(a,a\right)"
    for node in (beta_density(a, x), beta_moment(1, a, x), beta_moment(2, a, x)):
        assert r"\mathrm{B}\left(a,a\right)" in sp.latex(node) and sp.latex(node**2).endswith("^{2}")


def test_float32_and_gradients_at_the_middle() -> None:
    shape = torch.tensor(40.0, dtype=torch.float32, requires_grad=True)
    place = torch.tensor(0.5, dtype=torch.float32)
    value = beta_moment_array(torch, 0, shape, place)
    value.backward()
    assert value.dtype == torch.float32 and value.item() == 0.5
    assert shape.grad is not None and abs(shape.grad.item()) < 1e-6


def test_many_weak_coordinates_have_log_normal_weights() -> None:
    """The gap of the two acceptances falls like 1/sqrt(d)."""
    for tau in (0.3, 1.0, 2.5):
        limit = balance.imh_acceptance_lognormal(tau=tau)
        gaps = [
            abs(float(balance.imh_acceptance_gaussian(d=d, scale=1 + tau / (2 * d) ** 0.5) - limit))
            for d in (1e4, 1e6, 1e8)
        ]
        assert gaps[0] < 0.02 and gaps[1] < gaps[0] / 8 and gaps[2] < gaps[1] / 8


def test_a_kink_has_the_mean_slope_of_its_sides() -> None:
    """Proposals of the target's own width are the best; of weights q = p likewise. The domain leaves the kink out."""
    at_own_width = balance.imh_acceptance_gaussian.diff("scale").compile()(d=9.0, scale=1.0)
    assert float(at_own_width) == pytest.approx(0.0, abs=1e-15)
    with pytest.raises(ValueError, match="a kink or a jump"):
        balance.imh_acceptance_gaussian.diff("scale")(d=9.0, scale=1.0)
    slope = balance.jump_rate_independent.diff("q").compile()
    assert float(slope(p=0.25, q=0.25)) == pytest.approx((4 - 4 / 3) / 2, rel=1e-15)
    sides = [float(balance.jump_rate_independent.diff("q")(p=0.25, q=q)) for q in (0.2, 0.3)]
    assert sides == [pytest.approx(4.0), pytest.approx(-4 / 3)]
    ball = balance.jump_rate_independent.diff("q").enclose(p="1/5", q="1/10", dps=20)
    assert ball.contains(flint.arb(5))


def test_the_barrier_formula_takes_extreme_digits() -> None:
    """Its relation is decided in digits: no overflow, and nothing that is inside is refused."""
    tiny = balance.jump_rate_kramers.evaluate(p="0.8", sigma="1e-400", step="1e-900", separation="40e-400", dps=20)
    assert 0 < tiny < mpmath.mpf(10) ** -100
    assert balance.jump_rate_kramers.evaluate(p="1e-400", sigma="1", step="1", separation="100", dps=20) > 0
    with pytest.raises(ValueError, match="beyond the spinodal"):
        balance.jump_rate_kramers.evaluate(p="1e-400", sigma="1", step="1", separation="40", dps=20)


def test_sums_keep_their_brackets_beside_a_root() -> None:
    p, q = sp.symbols("p q", positive=True)
    text = latex((1 + p) * sp.sqrt(q) * sp.sqrt(sp.pi))
    assert r"\left(p + 1\right) \sqrt{" in text
    assert latex(sp.sqrt(p) * sp.sqrt(q)).startswith(r"\sqrt{") and latex(2 * sp.sqrt(2) * sp.sqrt(p)).startswith("2 ")


def test_minima_are_decided_where_the_sign_is_known() -> None:
    u, v = sp.symbols("u v", positive=True)
    for zero in (sp.Min(u, u + v) - u, sp.Max(u / (1 + v), u) - u, sp.Min(0, (u + v) ** 2 - u**2)):
        assert decide(zero, "= 0", Region())
    with pytest.raises(Refuted):
        decide(sp.Min(u, v) - u, "= 0", Region())
