"""Roots kept as expressions: against 50-digit roots of the equation typed by hand, on every backend, in balls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings, strategies as st, target

from asymptotics import Derivation, Domain, Step, limited_samples
from asymptotics.formula import Formula
from asymptotics.functions import GaussianMean, Root, normal_below
from asymptotics.latex import latex
from asymptotics.numeric import compile_expressions
from asymptotics.symbols import kappa, p, s
from asymptotics.testing import assert_close

x = sp.Symbol("x", positive=True)
q, z = sp.symbols("q z", real=True)
SPINODAL = Root(x * sp.sqrt((x - 1) * (x + 1)) - sp.acosh(x) - kappa, x, 1, 2 + kappa)
"""s sqrt(s^2-1) - arccosh s = kappa."""
QUANTILE = Root(p * normal_below(q - s) - (1 - p) * normal_below(-q - s), q, -s - 40, s + 40)
"""The (1-p)-quantile of p N(s,1) + (1-p) N(-s,1), without cancellation."""
RETURN = normal_below(s - QUANTILE)
few = settings(max_examples=15)
odds = st.floats(0.02, 0.98)


def compiled(expression: sp.Expr, *names: str, backend: str = "numpy") -> Callable[..., Any]:
    function = compile_expressions({"value": expression}, names, backend=backend)
    return lambda **values: function(**values)["value"]


def spinodal_by_hand(size: float) -> Any:
    with mpmath.workdps(60):
        return mpmath.findroot(
            lambda y: y * mpmath.sqrt(y * y - 1) - mpmath.acosh(y) - mpmath.mpf(size), (1, 3 + mpmath.mpf(size)),
            solver="anderson")


def quantile_by_hand(share: float, clock: float) -> Any:
    """From the distribution function as it is said: p Phi(q-s) + (1-p) Phi(q+s) = 1-p."""
    with mpmath.workdps(60):
        share, clock = mpmath.mpf(share), mpmath.mpf(clock)
        return mpmath.findroot(
            lambda y: share * mpmath.ncdf(y - clock) + (1 - share) * mpmath.ncdf(y + clock) - (1 - share),
            (-clock - 6, clock + 6), solver="illinois", maxsteps=500)


@few
@given(st.floats(-2, 3).map(lambda e: 10.0**e))
def test_spinodal_on_every_backend(size: float) -> None:
    exact = spinodal_by_hand(size)
    with mpmath.workdps(50):
        assert abs(compiled(SPINODAL, "kappa", backend="mpmath")(kappa=size) - exact) <= mpmath.mpf(10) ** -49 * exact
    tensor = torch.tensor(size, dtype=torch.float64)
    values = compiled(SPINODAL, "kappa")(kappa=size), compiled(SPINODAL, "kappa", backend="torch")(kappa=tensor).item()
    error = max(float(abs(value - exact) / exact) for value in values)
    target(error)
    assert error <= 1e-13


@few
@given(odds, st.floats(0, 6))
def test_quantile_on_every_backend(share: float, clock: float) -> None:
    """Relative to what relative errors of p and s would do to it (at p = 1/2 it is 0)."""
    exact = quantile_by_hand(share, clock)
    scale = abs(exact)
    for name, symbol in (("p", p), ("s", s)):
        slope = compiled(QUANTILE.diff(symbol), "p", "s", backend="mpmath")
        with mpmath.workdps(30):
            scale += abs({"p": share, "s": clock}[name] * slope(p=share, s=clock))
    with mpmath.workdps(50):
        found = compiled(QUANTILE, "p", "s", backend="mpmath")(p=share, s=clock)
        assert abs(found - exact) <= mpmath.mpf(10) ** -48 * scale
    tensors = {"p": torch.tensor(share, dtype=torch.float64), "s": torch.tensor(clock, dtype=torch.float64)}
    values = (compiled(QUANTILE, "p", "s")(p=share, s=clock),
              compiled(QUANTILE, "p", "s", backend="torch")(**tensors).item())
    error = max(float(abs(value - exact) / scale) for value in values)
    target(error)
    assert error <= 1e-14


def test_a_root_of_zero() -> None:
    """It has no digits of its own: 0 to the square of the precision, beside a bracket of 82."""
    with mpmath.workdps(50):
        assert abs(compiled(QUANTILE, "p", "s", backend="mpmath")(p=0.5, s=1)) <= mpmath.mpf(10) ** -90
    assert abs(compiled(QUANTILE, "p", "s")(p=0.5, s=1.0)) <= 1e-15


def test_roots_at_the_ends_of_the_bracket() -> None:
    """At h = 0 the spinodal is s = 1, where the slope vanishes and its formula is 0/0."""
    for backend in ("numpy", "mpmath", "torch"):
        assert_close(float(compiled(SPINODAL, "kappa", backend=backend)(kappa=0.0)), 1.0, rtol=1e-15)
    top = Root(sp.tanh(x) - sp.tanh(kappa), x, 0, kappa)
    assert_close(compiled(top, "kappa")(kappa=np.array([0.3, 0.7])), np.array([0.3, 0.7]), rtol=1e-14)
    assert_close(float(compiled(top, "kappa", backend="mpmath")(kappa=0.7)), 0.7, rtol=1e-14)


def test_shapes_and_types() -> None:
    function = compiled(QUANTILE, "p", "s")
    shares, clocks = np.array([[0.2], [0.5], [0.9]]), np.linspace(0, 3, 4)
    table = function(p=shares, s=clocks)
    assert table.shape == (3, 4)
    for i, j in np.ndindex(3, 4):
        alone = function(p=shares[i, 0], s=clocks[j])
        assert type(alone) is np.float64
        assert_close(table[i, j], alone, rtol=1e-13, atol=1e-15)
    long = function(p=np.full((200, 1), 0.25), s=np.linspace(0, 3, 250))
    assert long.shape == (200, 250)
    assert_close(long[77, 99], function(p=0.25, s=np.linspace(0, 3, 250)[99]), rtol=1e-13)


def test_small_roots_in_wide_brackets() -> None:
    function = compiled(Root(sp.sinh(x) - kappa, x, 0, 50), "kappa")
    sizes = np.array([1e-300, 1e-30, 1e-8, 1.0, 1e20])
    assert_close(function(kappa=sizes), np.arcsinh(sizes), rtol=1e-14)


NO_BRACKET = Root(sp.exp(x) - kappa, x, 0, 1)


@pytest.mark.parametrize("backend", ["numpy", "mpmath"])
@pytest.mark.parametrize("value", [0.5, 4.0, float("nan")], ids=str)
def test_a_bracket_that_does_not_bracket_is_an_error(backend: str, value: float) -> None:
    with pytest.raises(ValueError, match=r"\[0\.0, 1\.0\] does not bracket a root in x"):
        compiled(NO_BRACKET, "kappa", backend=backend)(kappa=value)


def test_the_first_entry_without_a_bracket_is_named() -> None:
    with pytest.raises(ValueError, match=r"does not bracket .* at index \[1, 0\]"):
        compiled(NO_BRACKET, "kappa")(kappa=np.array([[2.0], [4.0], [0.0]]))


def test_in_torch_an_entry_without_a_bracket_is_nan() -> None:
    values = compiled(NO_BRACKET, "kappa", backend="torch")(kappa=torch.tensor([2.0, 4.0], dtype=torch.float64))
    assert_close(values[0].item(), np.log(2), rtol=1e-14)
    assert torch.isnan(values[1])


def test_an_equation_undefined_inside_its_bracket_is_an_error() -> None:
    hole = Root(sp.sqrt((x - 1) * (x - 2)) + x - kappa, x, 0, 3)
    with pytest.raises(ValueError, match="does not bracket"):
        compiled(hole, "kappa")(kappa=2.0)


@few
@given(odds, st.floats(0.05, 4))
def test_derivatives(share: float, clock: float) -> None:
    """The implicit function theorem in 30 digits against differences; torch against it, and in a vmap."""
    tensors = {"p": torch.tensor([share], dtype=torch.float64), "s": torch.tensor([clock], dtype=torch.float64)}
    function = compiled(RETURN, "p", "s", backend="torch")
    for place, (name, symbol) in enumerate((("p", p), ("s", s))):
        slope = compiled(RETURN.diff(symbol), "p", "s", backend="mpmath")
        value = compiled(RETURN, "p", "s", backend="mpmath")
        with mpmath.workdps(50):
            point = {"p": mpmath.mpf(share), "s": mpmath.mpf(clock)}
            exact = slope(**point)
            moved = mpmath.diff(lambda y, k=name, at=point, f=value: f(**{**at, k: y}), point[name],
                                h=mpmath.mpf(10) ** -15)
            assert abs(exact - moved) <= mpmath.mpf(10) ** -25 * (1 + abs(exact))
        gradient = torch.func.grad(lambda a, b: function(p=a, s=b), argnums=place)
        assert_close(torch.vmap(gradient)(*tensors.values()).item(), float(exact), rtol=1e-11, atol=1e-13)


def test_gradients_of_the_spinodal() -> None:
    size = torch.tensor([0.1, 1.0, 20.0], dtype=torch.float64, requires_grad=True)
    clock = compiled(SPINODAL, "kappa", backend="torch")(kappa=size)
    clock.sum().backward()
    assert_close(size.grad.numpy(), 1 / (2 * np.sqrt(clock.detach().numpy() ** 2 - 1)), rtol=1e-12)


def test_float32_tensors() -> None:
    sizes = np.geomspace(0.1, 100, 9).astype(np.float32)
    found = compiled(SPINODAL, "kappa", backend="torch")(kappa=torch.tensor(sizes))
    assert found.dtype == torch.float32
    assert_close(found.numpy(), compiled(SPINODAL, "kappa")(kappa=sizes.astype(float)), rtol=1e-6)


def test_a_mean_inside_a_root_and_a_root_inside_a_mean() -> None:
    """E tanh(x + z) = kappa has the slope E sech^2; and the mean of a root."""
    level = Root(GaussianMean(sp.tanh(x + z), z, 1, x) - kappa, x, 0, 30)
    found = compiled(level, "kappa")(kappa=np.array([0.0, 0.4, 0.9]))
    mean = compiled(GaussianMean(sp.tanh(s + z), z, 1, s), "s")
    assert_close(mean(s=found), np.array([0.0, 0.4, 0.9]), rtol=1e-13, atol=1e-15)
    slope = float(level.diff(kappa).subs(kappa, sp.Rational(2, 5)).evalf(15))
    step = compiled(level, "kappa")(kappa=np.array([0.4 - 1e-5, 0.4 + 1e-5]))
    assert_close(np.diff(step)[0] / 2e-5, slope, rtol=1e-8)
    cubic = Root(q**3 + q - z, q, -20, 20)  # analytic for |Im z| < 2/sqrt(27)
    assert_close(compiled(GaussianMean(cubic * z + kappa, z, 5), "kappa")(kappa=np.zeros(3)),
                 np.full(3, float(mean_by_parts())), rtol=1e-12)


def mean_by_parts() -> Any:
    """E[z q(z)] with q^3 + q = z, as an integral over q."""
    with mpmath.workdps(30):
        return mpmath.quad(
            lambda y: y * (y + y**3) * (1 + 3 * y * y) * mpmath.npdf(y + y**3), [-3, -1, 0, 1, 3])


def test_the_variable_is_bound() -> None:
    assert QUANTILE.free_symbols == {p, s}
    assert QUANTILE.subs(q, 1) == QUANTILE == QUANTILE.xreplace({q: sp.Integer(1)})
    assert QUANTILE.diff(q) == 0 and QUANTILE.diff(kappa) == 0
    assert QUANTILE.func(*QUANTILE.args) == QUANTILE
    assert SPINODAL.is_positive and SPINODAL.is_real
    moved = QUANTILE.subs(s, q)
    assert moved.free_symbols == {p, q}
    assert_close(compiled(moved, "p", "q")(p=0.3, q=1.5), compiled(QUANTILE, "p", "s")(p=0.3, s=1.5), rtol=1e-14)
    assert abs(SPINODAL.subs(kappa, 1).evalf(40) - sp.Float(spinodal_by_hand(1), 45)) <= sp.Float("1e-39")


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="x is bound"):
        Root(x - kappa, x, 0, x + 1)
    with pytest.raises(ValueError, match="does not contain x"):
        Root(s - kappa, x, 0, 1)


def test_print() -> None:
    root = Root(sp.exp(x) - kappa, x, 0, 1)
    assert latex(root) == r"\operatorname{root}_{x}\left[e^{x} - \kappa = 0\right]"
    assert str(root) == "root_x[-kappa + exp(x) = 0]"
    assert latex(RETURN).startswith(r"\Phi\left(s - \operatorname{root}_{q}\left[p \Phi\left(q - s\right)")


def formula(name: str, expression: sp.Expr, *arguments: str) -> Formula:
    """A formula of one step, for what only formulas do."""
    step = Step("It is defined so", expression, "a definition", "assumption")
    return replace(limited_samples.mean_error, name=f"trial.{name}", domain=Domain(arguments), letter="y",
                   derive=lambda: Derivation((step,)))


@pytest.mark.parametrize("dps", [15, 50, 200])
@pytest.mark.parametrize("share", ["0.2", "0.5", "15/16"])
def test_balls_contain_the_quantile(share: str, dps: int) -> None:
    returned = formula("return", RETURN, "p", "s")
    check_ball(returned, {"p": Fraction(share), "s": Fraction(3, 2)}, dps)


@few
@given(st.fractions(Fraction(1, 50), 50, max_denominator=64))
def test_balls_contain_the_spinodal(size: Fraction) -> None:
    check_ball(formula("spinodal", SPINODAL, "kappa"), {"kappa": size}, 40)


def check_ball(trial: Formula, point: dict[str, Fraction], dps: int) -> None:
    ball = trial.enclose(dps=dps, **point)
    exact = trial.evaluate(dps=2 * dps + 20, **point)
    with mpmath.workdps(2 * dps + 30):
        middle, reach = (
            mpmath.mpf(part.str(2 * dps + 30, radius=False)) for part in (ball.mid(), ball.rad()))
        own = abs(exact) * mpmath.mpf(10) ** (-2 * dps - 18)
        assert abs(middle - exact) <= reach * (1 + mpmath.mpf(10) ** -10) + own
        assert reach <= abs(exact) * mpmath.mpf(10) ** -dps


def test_no_ball_without_a_bracket() -> None:
    with pytest.raises(ValueError, match="does not bracket"):
        formula("none", NO_BRACKET, "kappa").enclose(kappa=4)
    with pytest.raises(TypeError, match="no rigorous enclosure for GaussianMean"):
        formula("mean", GaussianMean(sp.sech(kappa * z), z, kappa, 0, 1), "kappa").enclose(kappa=4)
