"""Means over a standard normal variable: against 50-digit quadrature, on every backend, and as expressions."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings, strategies as st, target

from asymptotics.functions import GaussianMean
from asymptotics.functions.gaussian import UNKNOWN_SCALE
from asymptotics.latex import latex
from asymptotics.numeric import compile_expressions
from asymptotics.proof import Refuted, Region, Undecided, decide
from asymptotics.testing import assert_close

h, s = sp.symbols("h s", real=True)
z = sp.Symbol("z", real=True)
u = h + s * z
MEANS = {
    "sech": GaussianMean(sp.sech(u), z, s, h, 1),
    "sech2": GaussianMean(sp.sech(u) ** 2, z, s, h, 2),
    "tanh2": GaussianMean(sp.tanh(u) ** 2, z, s, h),
    "tanh": GaussianMean(sp.tanh(u), z, s, h),
}
BY_HAND: dict[str, Callable[[Any], Any]] = {
    "sech": mpmath.sech, "sech2": lambda x: mpmath.sech(x) ** 2, "tanh2": lambda x: mpmath.tanh(x) ** 2,
    "tanh": mpmath.tanh,
}
RATES = {"sech": 1, "sech2": 2}
each_mean = pytest.mark.parametrize("name", MEANS)
scales = st.floats(-3, np.log10(50)).map(lambda e: 10.0**e)
few = settings(max_examples=6)


def compiled(name: str, backend: str = "numpy") -> Callable[..., Any]:
    function = compile_expressions({"mean": MEANS[name]}, ("h", "s"), backend=backend)
    return lambda **values: function(**values)["mean"]


def by_quadrature(name: str, shift: float, scale: float) -> Any:
    """The mean by Gauss-Legendre in 50 digits, of the integrand over its own maximum (quad's error is absolute).

    The pieces end where tanh turns and around the maximum of exp(-rate |u| - z^2/2), 16 from which 56 digits are gone.
    """
    with mpmath.workdps(55):
        rate, shift, scale = RATES.get(name, 0), mpmath.mpf(shift), mpmath.mpf(scale)
        turn = -shift / scale
        peak = max(-rate * scale, min(rate * scale, turn))
        ends = [peak + k for k in range(-16, 17, 4)]
        ends += [turn + k / scale for k in (-100, -50, -20, -8, -3, 0, 3, 8, 20, 50, 100)]
        inside = sorted(e for e in ends if abs(e - peak) <= 16)
        log_top = -peak**2 / 2 - rate * abs(shift + scale * peak)
        value = mpmath.quad(
            lambda x: mpmath.exp(-x * x / 2 - log_top) * BY_HAND[name](shift + scale * x), inside, maxdegree=10,
            method="gauss-legendre")
        return value * mpmath.exp(log_top) / mpmath.sqrt(2 * mpmath.pi)


@st.composite
def points(draw: st.DrawFn, name: str) -> tuple[float, float]:
    """Shift and scale; a positive integrand that falls off may have a mean as small as exp(-60)."""
    scale = draw(scales)
    widest = 60.0 / RATES[name] if name in RATES else 4.0 + 2.0 * scale
    return draw(st.floats(-widest, widest)), scale


@few
@given(st.data())
@each_mean
def test_values_are_those_of_quadrature(name: str, data: st.DataObject) -> None:
    shift, scale = data.draw(points(name))
    exact = by_quadrature(name, shift, scale)
    size = 1 if name == "tanh" else abs(exact)
    with mpmath.workdps(50):
        assert abs(compiled(name, "mpmath")(h=shift, s=scale) - exact) <= mpmath.mpf(10) ** -46 * size
    tensors = {"h": torch.tensor(shift, dtype=torch.float64), "s": torch.tensor(scale, dtype=torch.float64)}
    values = compiled(name)(h=shift, s=scale), compiled(name, "torch")(**tensors).item()
    error = max(float(abs(value - exact) / size) for value in values)
    target(error)
    assert error <= 1e-13


@each_mean
@pytest.mark.parametrize("scale", [0.0, 1e-3, 50.0, -2.0, 1e6], ids=str)
def test_the_ends_of_the_range(name: str, scale: float) -> None:
    """No spread, a negative scale, and a scale so large that only a falling integrand can be resolved."""
    if scale == 1e6 and name not in RATES:
        return
    shift = 0.75
    exact = BY_HAND[name](mpmath.mpf(shift)) if scale == 0 else by_quadrature(name, shift, abs(scale))
    assert_close(compiled(name)(h=shift, s=scale), float(exact), rtol=1e-13)


def test_more_digits_continue_fewer() -> None:
    mean = compiled("sech", "mpmath")
    with mpmath.workdps(320):
        many = mean(h=mpmath.mpf(1) / 3, s=mpmath.mpf(7) / 5)
    for dps in (5, 15, 40, 100, 300):
        with mpmath.workdps(dps):
            third, scale = mpmath.mpf(1) / 3, mpmath.mpf(7) / 5
            assert abs(mean(h=third, s=scale) - many) <= mpmath.mpf(10) ** (1 - dps) * many


def test_entries_do_not_depend_on_their_neighbours() -> None:
    rng = np.random.default_rng(7)
    shifts, scales = 3 * rng.normal(size=(5, 1)), rng.uniform(0.01, 20, (1, 4))
    for name in MEANS:
        mean = compiled(name)
        table = mean(h=shifts, s=scales)
        assert table.shape == (5, 4)
        for i, j in np.ndindex(5, 4):
            alone = mean(h=shifts[i, 0], s=scales[0, j])
            assert type(alone) is np.float64
            assert_close(table[i, j], alone, rtol=4e-15, atol=1e-15)


def test_large_tables_need_little_memory() -> None:
    """400 x 500 entries with about 90 nodes each: 1.6 MB of values, 144 MB of evaluations."""
    mean = compiled("sech")
    shifts, scales = np.linspace(-2, 2, 400)[:, None], np.linspace(0.1, 2, 500)
    mean(h=0.0, s=1.0)
    tracemalloc.start()
    table = mean(h=shifts, s=scales)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 16e6 + table.nbytes
    assert_close(table[123, 321], mean(h=shifts[123, 0], s=scales[321]), rtol=1e-14)


def test_what_is_not_finite_stays_visible() -> None:
    values = compiled("sech")(h=np.array([0.0, np.nan, 1.0]), s=np.array([1.0, 1.0, np.nan]))
    assert np.isfinite(values[0]) and np.isnan(values[1:]).all()
    assert np.isnan(compiled("sech")(h=np.nan, s=1.0))


@pytest.mark.parametrize("backend", ["numpy", "mpmath", "torch"])
def test_a_scale_beyond_reach_is_refused(backend: str) -> None:
    with pytest.raises(ValueError, match="scale is too large"):
        compiled("tanh2", backend)(h=1.0, s=1e9)


@few
@given(st.data())
@each_mean
def test_derivatives(name: str, data: st.DataObject) -> None:
    """The derivative under the integral, in 30 digits, against differences of the mean; torch against it."""
    shift, scale = data.draw(st.floats(-4, 4)), data.draw(st.floats(0.05, 5))
    tensors = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in (("h", shift), ("s", scale))}
    compiled(name, "torch")(**tensors).backward()
    for symbol in (h, s):
        slope = compile_expressions({"d": MEANS[name].diff(symbol)}, ("h", "s"), backend="mpmath")
        with mpmath.workdps(40):
            point = {"h": mpmath.mpf(shift), "s": mpmath.mpf(scale)}
            exact = slope(**point)["d"]
            moved = mpmath.diff(lambda x, k=symbol.name, at=point: compiled(name, "mpmath")(**{**at, k: x}),
                                point[symbol.name], h=mpmath.mpf(10) ** -13)
            assert abs(exact - moved) <= mpmath.mpf(10) ** -20
        assert_close(tensors[symbol.name].grad.item(), float(exact), rtol=1e-12, atol=1e-14)


def test_second_derivatives_in_torch() -> None:
    function = compiled("sech", "torch")
    point = (torch.tensor(0.5, dtype=torch.float64), torch.tensor(1.5, dtype=torch.float64))
    jacobian = torch.func.jacrev(lambda a, b: function(h=a, s=b), argnums=(0, 1))
    found = torch.func.jacrev(jacobian, argnums=(0, 1))(*point)
    for i, j in np.ndindex(2, 2):
        exact = MEANS["sech"].diff((h, s)[i], (h, s)[j]).subs({h: sp.Rational(1, 2), s: sp.Rational(3, 2)}).evalf(20)
        assert_close(found[i][j].item(), float(exact), rtol=1e-12)


@each_mean
def test_float32_tensors(name: str) -> None:
    rng = np.random.default_rng(3)
    shifts, scales = (rng.uniform(*ends, 40).astype(np.float32) for ends in ((-3, 3), (0.01, 6)))
    found = compiled(name, "torch")(h=torch.tensor(shifts), s=torch.tensor(scales))
    assert found.dtype == torch.float32
    exact = compiled(name)(h=shifts.astype(float), s=scales.astype(float))
    assert_close(found.numpy(), exact, rtol=3e-6, atol=1e-6 if name == "tanh" else 0)


@each_mean
def test_vmap_and_vmap_of_grad_are_the_loop(name: str) -> None:
    rng = np.random.default_rng(5)
    shifts = torch.tensor(rng.uniform(-3, 3, 6))
    scales = torch.tensor(rng.uniform(0.01, UNKNOWN_SCALE if name not in RATES else 50, 6))
    function = compiled(name, "torch")
    for call in (lambda a, b: function(h=a, s=b), torch.func.grad(lambda a, b: function(h=a, s=b))):
        together = torch.vmap(call)(shifts, scales)
        alone = [call(a, b).item() for a, b in zip(shifts, scales, strict=True)]
        assert_close(together.numpy(), np.array(alone), rtol=1e-13, atol=1e-16)


def test_vmap_does_not_hide_a_scale_that_it_cannot_resolve() -> None:
    function = compiled("tanh2", "torch")
    scales = torch.tensor([1.0, 4 * UNKNOWN_SCALE], dtype=torch.float64)
    values = torch.vmap(lambda b: function(h=0.5, s=b))(scales)
    assert torch.isfinite(values[0]) and torch.isnan(values[1])
    fixed = torch.vmap(lambda a: function(h=a, s=4 * UNKNOWN_SCALE))(scales)
    assert_close(fixed.numpy(), function(h=scales, s=4 * UNKNOWN_SCALE).numpy(), rtol=1e-13)


def test_means_inside_means_and_beside_other_terms() -> None:
    """E_y E_z sech(y + z) is the mean over one normal number of variance 2; shared parts stay outside."""
    y = sp.Symbol("y", real=True)
    inner = GaussianMean(sp.sech(h + y + z), z, 1, h + y, 1)
    both = GaussianMean(inner, y, 1, h)
    one = GaussianMean(sp.sech(h + sp.sqrt(2) * z), z, sp.sqrt(2), h, 1)
    values = compile_expressions({"two": both, "one": one + h, "more": one * (h + 1)}, ("h",))(
        h=np.array([[0.0], [1.5]]))
    assert_close(values["two"], values["one"] - np.array([[0.0], [1.5]]), rtol=1e-13)
    assert_close(values["more"], values["two"] * np.array([[1.0], [2.5]]), rtol=1e-13)


def test_the_variable_is_bound() -> None:
    mean = MEANS["sech"]
    assert mean.free_symbols == {h, s}
    assert mean.subs(z, 3) == mean == mean.xreplace({z: sp.Integer(3)})
    assert mean.diff(z) == 0
    assert mean.subs(s, 2) == GaussianMean(sp.sech(h + 2 * z), z, 2, h, 1) == mean.xreplace({s: sp.Integer(2)})
    assert mean.func(*mean.args) == mean
    assert GaussianMean(h**2, z) == h**2
    assert mean.is_positive and MEANS["tanh2"].is_nonnegative and MEANS["tanh"].is_real


@pytest.mark.parametrize("put", [lambda e: e.subs(h, z), lambda e: e.xreplace({h: z})], ids=["subs", "xreplace"])
def test_what_comes_in_is_not_captured(put: Callable[[sp.Expr], sp.Expr]) -> None:
    """The free z put in for h is another number than the bound one."""
    changed = put(MEANS["sech"])
    assert changed.free_symbols == {z, s}
    assert_close(compile_expressions({"e": changed}, ("z", "s"))(z=0.75, s=2.0)["e"],
                 compiled("sech")(h=0.75, s=2.0), rtol=1e-15)


def test_numbers_from_the_expression_itself() -> None:
    value = MEANS["sech"].subs({h: sp.Rational(3, 4), s: 2}).evalf(40)
    exact = by_quadrature("sech", 0.75, 2)
    assert abs(value - sp.Float(exact, 45)) <= sp.Float("1e-39")
    assert MEANS["sech"].subs({h: 0.75, s: 2.0}).evalf(20) == sp.N(value, 20)
    assert MEANS["sech"].evalf() == MEANS["sech"]


def test_identities_count_means_as_unknowns() -> None:
    mean = MEANS["sech"]
    assert decide((mean + s) ** 2 - mean**2 - 2 * s * mean - s**2, "= 0", Region())
    with pytest.raises((Refuted, Undecided)):
        decide((mean + s) ** 2 - mean**2 - s * mean - s**2, "= 0", Region())


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="z is bound"):
        GaussianMean(sp.tanh(z), z, 1, z)
    with pytest.raises(TypeError, match="must be a symbol"):
        GaussianMean(sp.tanh(z), 2 * z)
    with pytest.raises(ValueError, match="rate >= 0"):
        GaussianMean(sp.tanh(z), z, 1, 0, -1)


def test_print() -> None:
    assert latex(MEANS["sech"]) == r"\operatorname{E}_{z}\left[\operatorname{sech}{\left(h + s z \right)}\right]"
    assert latex(2 * MEANS["tanh"] ** 2) == r"2 \operatorname{E}_{z}\left[\tanh{\left(h + s z \right)}\right]^{2}"
    assert str(MEANS["tanh"]) == "E_z[tanh(h + s*z)]"
