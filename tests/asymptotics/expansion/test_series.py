"""Time limits for sympy, and exact expansions."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import mpmath
import pytest
import sympy as sp
from hypothesis import given, strategies as st

from asymptotics.algebra import time_limit
from asymptotics.expansion import Conditions, Expander, Laurent, Truncated
from asymptotics.functions import log_defect
from asymptotics.proof import Region

x, y, z = sp.symbols("x y z", positive=True)


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


def at_infinity(expression: sp.Expr, terms: int) -> Laurent:
    return Expander(x, sp.oo, terms, 1, Conditions(Region())).series(expression)


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
    found = at_infinity(expression, order + 3)
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
    with pytest.raises(Truncated):
        at_infinity(sp.sqrt(x**2 + 1) - x, 1).leading  # noqa: B018


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
