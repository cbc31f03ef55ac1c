"""The functions and branches that printed source may call: values, ends, gradients, dtypes, on every backend."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings, strategies as st, target

from asymptotics.functions import GaussianMean, normal_below
from asymptotics.latex import latex
from asymptotics.numeric import compile_expressions, source
from asymptotics.testing import assert_close

x, y, z = sp.symbols("x y z", real=True)
FUNCTIONS = {
    sp.tanh: (-400, 400), sp.sinh: (-300, 300), sp.cosh: (-300, 300), sp.sech: (-700, 700), sp.atanh: (-0.999, 0.999),
    sp.acosh: (1.001, 1e6), sp.asinh: (-1e6, 1e6), sp.erf: (-6, 6), sp.erfc: (-6, 26), normal_below: (-37, 9),
}
each_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)


def compiled(expression: sp.Expr, *names: str, backend: str = "numpy") -> Callable[..., Any]:
    function = compile_expressions({"value": expression}, names, backend=backend)
    return lambda **values: function(**values)["value"]


@settings(max_examples=15)
@given(st.data())
@each_function
def test_functions_on_every_backend(function: Any, data: st.DataObject) -> None:
    """Relative to max(1, |x f'/f|), what a relative error of the argument would do."""
    point = data.draw(st.floats(*FUNCTIONS[function]).filter(lambda v: abs(v) > 1e-100))
    with mpmath.workdps(400):  # tanh' is written 1 - tanh^2, which leaves few of these digits
        exact = compiled(function(x), "x", backend="mpmath")(x=point)
        slope = compiled(function(x).diff(x), "x", backend="mpmath")(x=point)
        scale = float(max(abs(exact), abs(point * slope)))
    tensor = torch.tensor([point], dtype=torch.float64, requires_grad=True)
    in_torch = compiled(function(x), "x", backend="torch")(x=tensor)
    values = compiled(function(x), "x")(x=point), compiled(function(x), "x")(x=np.full(3, point))[1], in_torch.item()
    error = max(float(abs(value - exact)) for value in values) / scale
    target(error)
    assert error <= 1e-14
    in_torch.backward()
    assert_close(tensor.grad.item(), float(slope), rtol=1e-12 * (1 + point**2), atol=1e-300)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # by torch's own jacfwd
@pytest.mark.parametrize("function", [sp.tanh, sp.sech])
def test_derivatives_in_torch_are_accurate_where_they_are_small(function: Any) -> None:
    """The first two of tanh and sech, in both modes, alone and under vmap; torch's own tanh'(8) is off by 2e-10."""
    points = [sign * size for size in (0.0, 1e-45, 1e-12, 0.3, 0.5, 0.7, 1.0, 8.0, 22.0, 300.0) for sign in (1, -1)]
    values = torch.tensor(points, dtype=torch.float64)
    call = compiled(function(x), "x", backend="torch")
    for order in (1, 2):
        with mpmath.workdps(400):
            slope = compiled(function(x).diff(x, order), "x", backend="mpmath")
            wanted = np.array([float(slope(x=point)) for point in points])
        for derivative in (torch.func.grad, torch.func.jacrev, torch.func.jacfwd):
            found = derivative(lambda v: call(x=v))
            found = derivative(found) if order == 2 else found
            assert_close(torch.vmap(found)(values).numpy(), wanted, rtol=3e-15, atol=0)
            assert_close(np.array([found(v).item() for v in values]), wanted, rtol=3e-15, atol=0)


@each_function
def test_constants_and_float32(function: Any) -> None:
    low, high = (sp.Rational(1, 3), 0.3) if function is not sp.acosh else (sp.Rational(4, 3), 1.3)
    for backend in ("numpy", "torch", "mpmath"):
        value = compiled(function(low, evaluate=False) + x, "x", backend=backend)(x=0.0)
        assert_close(float(value), float(sp.N(function(low), 20)), rtol=1e-15)
    single = compiled(function(x), "x", backend="torch")(x=torch.tensor([high], dtype=torch.float32))
    assert single.dtype == torch.float32
    assert_close(single.item(), compiled(function(x), "x")(x=float(np.float32(high))), rtol=1e-6)


TURNS = {"cos": (sp.cos, mpmath.cospi, 0.5), "sin": (sp.sin, mpmath.sinpi, 1.0)}


@given(st.floats(-3, 3) | st.floats(-1e-6, 1e-6))
@pytest.mark.parametrize("name", TURNS)
def test_half_turns_are_exact_at_their_zeros_and_accurate_near_them(name: str, value: float) -> None:
    """sin and cos of pi x on every backend: relative accuracy, where pi in floating point leaves 6e-17 of a zero."""
    function, exact, zero = TURNS[name]
    for point in (value, zero + value, -zero + value, zero, -zero, 3 * zero):
        with mpmath.workdps(40):
            wanted, slope = float(exact(mpmath.mpf(point))), float(function(sp.pi * x).diff(x).subs(x, point).evalf(20))
            at = {backend: compiled(function(sp.pi * x), "x", backend=backend) for backend in ("numpy", "mpmath")}
            assert float(at["mpmath"](x=point)) == wanted
        tensor = torch.tensor(point, dtype=torch.float64, requires_grad=True)
        in_torch = compiled(function(sp.pi * x), "x", backend="torch")(x=tensor)
        assert_close(np.array([at["numpy"](x=point), in_torch.item()]), np.full(2, wanted), rtol=5e-16, atol=0)
        in_torch.backward()
        assert_close(tensor.grad.item(), slope, rtol=1e-14, atol=1e-14)


def test_the_normal_distribution_function() -> None:
    assert normal_below(0) == sp.Rational(1, 2) and normal_below(sp.oo) == 1 and normal_below(-sp.oo) == 0
    assert normal_below(x).diff(x) == sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)
    assert sp.limit(normal_below(x), x, -sp.oo) == 0 and sp.limit(normal_below(x), x, sp.oo) == 1
    for other in (sp.erf, sp.erfc):
        gap = normal_below(x).rewrite(other) - (1 + sp.erf(x / sp.sqrt(2))) / 2
        assert sp.simplify(gap.rewrite(sp.erf)) == 0
    assert abs(normal_below(-sp.sqrt(2) * 9).evalf(30) - (sp.erfc(9) / 2).evalf(30)) <= sp.Float("1e-65")
    inside = sp.Rational(1, 3) + sp.I
    both = normal_below(inside).evalf(20), ((1 + sp.erf(inside / sp.sqrt(2))) / 2).evalf(20)
    assert abs(both[0] - both[1]) < sp.Float("1e-18")
    assert latex(3 * normal_below(x) ** 2) == r"3 \Phi^{2}\left(x\right)"


def test_least_and_largest() -> None:
    expression = sp.Min(x, y, 2) + 10 * sp.Max(x, y, -1)
    first, second = np.array([-3.0, 1.0, 5.0]), np.array([-2.0, 0.5, 7.0])
    wanted = np.minimum(np.minimum(first, second), 2) + 10 * np.maximum(np.maximum(first, second), -1)
    assert_close(compiled(expression, "x", "y")(x=first, y=second), wanted)
    for dtype in (torch.float64, torch.float32):
        found = compiled(expression, "x", "y", backend="torch")(
            x=torch.tensor(first, dtype=dtype), y=torch.tensor(second, dtype=dtype))
        assert found.dtype == dtype
        assert_close(found.numpy(), wanted)
    assert compiled(expression, "x", "y", backend="mpmath")(x=5, y=7) == 72


RATIO = sp.Piecewise((sp.sinh(x) / x, x > 0), (1 - y, x >= -1), (sp.log(-x - 1), True))
POINTS = np.array([2.0, 0.0, -1.0, -3.0])


def by_hand(v: float, w: float) -> float:
    return float(np.sinh(v) / v) if v > 0 else 1 - w if v >= -1 else float(np.log(-v - 1))


def test_branches_on_every_backend() -> None:
    """Neither an error (0/0 in mpmath), nor a warning, nor NaN comes out of a branch that is not taken."""
    wanted = np.array([by_hand(v, 0.25) for v in POINTS])
    assert_close(compiled(RATIO, "x", "y")(x=POINTS, y=0.25), wanted, rtol=1e-15)
    tensor = torch.tensor(POINTS, dtype=torch.float64)
    in_torch = compiled(RATIO, "x", "y", backend="torch")
    assert_close(in_torch(x=tensor, y=0.25).numpy(), wanted, rtol=1e-15)
    assert_close(torch.vmap(lambda v: in_torch(x=v, y=0.25))(tensor).numpy(), wanted, rtol=1e-15)
    for value, alone in zip(POINTS, wanted, strict=True):
        scalar = compiled(RATIO, "x", "y")(x=value, y=0.25)
        assert type(scalar) is np.float64
        assert_close(scalar, alone, rtol=1e-15)
        assert_close(float(compiled(RATIO, "x", "y", backend="mpmath")(x=value, y=0.25)), alone, rtol=1e-15)


def test_what_one_branch_needs_is_not_computed_for_all() -> None:
    """1/x is shared by two expressions, and still computed only where x > 0."""
    both = {"a": RATIO + 1 / (2 + y), "b": sp.Piecewise((sp.sinh(x) / x + 1, x > 0), (0, True)) * RATIO}
    for backend in ("numpy", "mpmath"):
        values = compile_expressions(both, ("x", "y"), backend=backend)(x=0, y=0)
        assert_close([float(values["a"]), float(values["b"])], [1.5, 0.0])


def test_gradients_of_branches() -> None:
    """Where all entries share a branch the others do not touch the gradient, however singular they are."""
    expression = sp.Piecewise((sp.acosh(x), x > 1), (y * x, True))
    function = compiled(expression, "x", "y", backend="torch")
    for values, wanted in (([2.0, 3.0], [3**-0.5, 8**-0.5]), ([0.5, 1.0], [4.0, 4.0])):
        tensor = torch.tensor(values, dtype=torch.float64, requires_grad=True)
        function(x=tensor, y=4.0).sum().backward()
        assert_close(tensor.grad.numpy(), np.array(wanted), rtol=1e-14)


def test_branches_keep_the_dtype() -> None:
    steps = sp.Piecewise((sp.Rational(1, 3), x > 0), (2, True))
    for dtype in (torch.float32, torch.float64):
        values = compiled(steps, "x", backend="torch")(x=torch.tensor([1.0, -1.0], dtype=dtype))
        assert values.dtype == dtype
        assert_close(values.numpy(), np.array([1 / 3, 2]), rtol=1e-7 if dtype == torch.float32 else 1e-16)


def test_branches_of_bound_variables() -> None:
    """E max(z, 0)^2 = 1/2 by branches; beside a branch of the arguments, which stays outside of the mean."""
    half = GaussianMean(sp.Piecewise((z**2, z > 0), (0, True)) * RATIO, z)
    text = source({"value": half}, ("x", "y"))
    assert text.count("_piecewise") == 2 and text.index("_case") < text.index("lambda z")
    wanted = np.array([by_hand(v, 0.25) / 2 for v in POINTS])
    assert_close(compiled(half, "x", "y")(x=POINTS, y=0.25), wanted, rtol=1e-13)


def test_several_conditions() -> None:
    inside = sp.Piecewise((1, (x > 0) & (x < 2)), (2, (x < -1) | (x > 5)), (sp.Rational(3, 2), sp.Eq(x, 0)), (3, True))
    points = np.array([1.0, -2.0, 6.0, 0.0, 3.0])
    wanted = np.array([1.0, 2.0, 2.0, 1.5, 3.0])
    assert_close(compiled(inside, "x")(x=points), wanted)
    assert_close(compiled(inside, "x", backend="torch")(x=torch.tensor(points)).numpy(), wanted)
    assert [float(compiled(inside, "x", backend="mpmath")(x=v)) for v in points] == list(wanted)


def test_a_piecewise_that_leaves_a_gap_is_refused() -> None:
    with pytest.raises(TypeError, match="the last branch of a Piecewise must hold always"):
        compiled(sp.Piecewise((x, x > 0)), "x")


def test_print_of_branches() -> None:
    assert latex(sp.Piecewise((x, x > 0), (0, True))) == (
        r"\begin{cases} x & \text{for}\: x > 0 \\0 & \text{otherwise} \end{cases}")
    assert latex(2 * sp.Piecewise((x, x > 0), (0, True))).startswith(r"2 \left(\begin{cases}")
    assert latex(sp.acosh(x)) == r"\operatorname{arcosh}{\left(x \right)}"


def test_scipy_and_torch_are_imported_on_first_use() -> None:
    code = (
        "import sys, asymptotics; from asymptotics.numeric import compile_expressions; import sympy as sp;"
        "f = compile_expressions({'v': sp.erfc(sp.Symbol('x'))}, ('x',));"
        "assert 'scipy' not in sys.modules and 'torch' not in sys.modules; f(x=1.0); assert 'scipy' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@pytest.mark.parametrize("at_zero", [0, 1, sp.Rational(1, 2), sp.Rational(1, 3)], ids=str)
@pytest.mark.parametrize("backend", ["numpy", "torch", "mpmath"])
def test_a_step_has_its_own_value_at_0(backend: str, at_zero: sp.Expr) -> None:
    make = {"numpy": np.float64, "mpmath": mpmath.mpf, "torch": lambda v: torch.tensor(v, dtype=torch.float64)}[backend]
    u = sp.Symbol("u", real=True)
    function = compile_expressions({"step": sp.Heaviside(u, at_zero)}, ("u",), (), backend)
    for value, wanted in ((-2.0, 0.0), (0.0, float(at_zero)), (3.0, 1.0)):
        assert float(function(u=make(value))["step"]) == pytest.approx(wanted, rel=1e-15)
