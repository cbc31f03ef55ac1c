"""The decisions that proofs rest on: zero, positive, and time limits; and exact expansions."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import mpmath
import pytest
import sympy as sp
from hypothesis import given, strategies as st

from asymptotics.algebra import is_positive, is_zero, laurent, time_limit
from asymptotics.functions import log_defect

x, y, z = sp.symbols("x y z", positive=True)

IDENTITIES = (
    (x + y) ** 3 - x**3 - 3 * x**2 * y - 3 * x * y**2 - y**3,
    1 / (x + sp.sqrt(x**2 + y)) - (sp.sqrt(x**2 + y) - x) / y,
    sp.sqrt((x + y) / z) - sp.sqrt(x + y) * sp.sqrt(z) / z,
    sp.sqrt(x**2 * y + x**2) - x * sp.sqrt(1 + y),
    sp.sqrt(1 + sp.sqrt(x)) ** 2 - 1 - sp.sqrt(x),
    sp.log(x * y / z) - sp.log(x) - sp.log(y) + sp.log(z),
    log_defect(x) - x + sp.log(1 + x),
)


@pytest.mark.parametrize("identity", IDENTITIES, ids=str)
def test_identities_are_zero(identity: sp.Expr) -> None:
    assert is_zero(identity)


@pytest.mark.parametrize("identity", IDENTITIES, ids=str)
@pytest.mark.parametrize("error", [x / 10**12, sp.sqrt(y) / 10**9, sp.Rational(1, 10**15)], ids=str)
def test_a_small_error_is_not_zero(identity: sp.Expr, error: sp.Expr) -> None:
    assert not is_zero(identity + error)


@given(st.lists(st.integers(-5, 5), min_size=6, max_size=6))
def test_zero_agrees_with_expansion_on_polynomials(c: list[int]) -> None:
    polynomial = (c[0] * x + c[1] * y) * (c[2] + c[3] * x * y) + c[4] * x - c[5]
    assert is_zero(polynomial) == (sp.expand(polynomial) == 0)


def test_the_wrong_branch_of_a_root_is_not_zero() -> None:
    assert not is_zero(sp.sqrt((x - y) ** 2) - (x - y) + 2 * (x - y))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [(x + y, True), (x * y / (x + 1), True), (x - y, False), (-x, False), ((x - 1) ** 2, False), (sp.S(0), False)],
    ids=str,
)
def test_positivity_by_coefficients(expression: sp.Expr, expected: bool) -> None:
    assert is_positive(expression) is expected


def test_positivity_after_a_shift() -> None:
    gap = sp.Symbol("gap", positive=True)
    assert is_positive(x - 1, {x: 1 + gap})


def test_time_limit_interrupts_and_restores_the_outer_limit() -> None:
    began = time.monotonic()

    def sleep_twice() -> None:
        with time_limit(0.3, "outer"):
            with pytest.raises(TimeoutError, match="inner"), time_limit(0.1, "inner"):
                time.sleep(5)
            time.sleep(5)

    with pytest.raises(TimeoutError, match="outer"):
        sleep_twice()
    assert time.monotonic() - began < 2


class _Finalised:
    def __del__(self) -> None:
        time.sleep(0.3)


def _collect() -> None:
    def slow(phase: str, _: object) -> None:
        time.sleep(0.2)

    gc.callbacks.append(slow)
    try:
        gc.collect()
    finally:
        gc.callbacks.remove(slow)


@pytest.mark.parametrize("strike", [_collect, _Finalised], ids=["collector", "finaliser"])
def test_time_limit_holds_where_python_forgets_exceptions(strike: Callable[[], object]) -> None:
    """A limit that strikes inside the collector's callbacks (hypothesis adds one) is neither lost nor printed."""
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="what"), time_limit(0.1, "what"):  # noqa: PT012
        strike()
        time.sleep(5)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "expression",
    [
        (x**2 + 3 * y) / (x + z), sp.sqrt(x**2 + y * x + z) - x, 1 / sp.sqrt(1 + y / x), sp.log(1 + y / x) + z,
        log_defect(y / x) * x**2, (sp.sqrt(x + y) - sp.sqrt(x)) * sp.sqrt(x),
    ],
    ids=str,
)
def test_expansions_leave_a_remainder_of_the_stated_order(expression: sp.Expr) -> None:
    """Independent of the expansion: the remainder at x = 10^8 and 10^10, in 80 digits."""
    order = 4
    found = laurent.expand(expression, (), x, sp.oo, order + 3)
    low = int(found.valuation) if found.valuation.denominator == 1 else 0
    partial = sum((found.coefficient(k) * x**-k for k in range(min(low, 0), order)), sp.S.Zero)
    point = {y: sp.Rational(7, 5), z: sp.Rational(3, 11)}
    ratios = []
    for size in (sp.Integer(10) ** 8, sp.Integer(10) ** 10):
        remainder = sp.N((expression - partial).subs({**point, x: size}), 80, maxn=500)
        ratios.append(remainder * size**order)
    assert abs(ratios[1]) < 100
    assert abs(ratios[0] - ratios[1]) < 1e-6 * (1 + abs(ratios[0]))


def test_a_truncated_expansion_says_so() -> None:
    with pytest.raises(laurent.Truncated):
        laurent.expand(sp.sqrt(x**2 + 1) - x, (), x, sp.oo, 1).leading  # noqa: B018


def test_digits_of_log_defect() -> None:
    assert log_defect(x).evalf() == log_defect(x)  # no number yet
    assert abs(log_defect(sp.pi).evalf(30) - (sp.pi - sp.log(1 + sp.pi)).evalf(30)) < sp.Float("1e-29")


@given(st.floats(-0.999, 1e6).filter(lambda v: v == 0 or abs(v) > 1e-300))
def test_log_defect_in_float64(value: float) -> None:
    """Relative error below 1e-14 max(1, condition); condition = x (x/(1+x)) / (x - ln(1+x))."""
    import numpy as np

    from asymptotics.functions import log_defect_array

    with mpmath.workdps(60):
        exact = log_defect.in_mpmath(value)
        condition = abs(mpmath.mpf(value) ** 2 / (1 + mpmath.mpf(value)) / exact) if exact else mpmath.mpf(1)
        found = mpmath.mpf(float(log_defect_array(np, np.float64(value))))
        assert abs(found - exact) <= 1e-14 * max(1, condition) * abs(exact) + mpmath.mpf(5e-324)
