"""x - log(1 + x) without cancellation."""

from __future__ import annotations

from typing import Any

import mpmath
import sympy as sp

from asymptotics.functions.digits import evaluated
from asymptotics.proof import Defined


class log_defect(Defined):
    """x - ln(1+x) for x > -1: the price of a wrong variance in a Kullback-Leibler divergence."""

    nargs = 1

    @classmethod
    def eval(cls, x: sp.Expr) -> sp.Expr | None:
        return sp.Integer(0) if x.is_zero else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        x = self.args[0]
        return x / (1 + x)

    @property
    def definition(self) -> sp.Expr:
        return self.args[0] - sp.log(1 + self.args[0])

    def _eval_rewrite_as_log(self, x: sp.Expr, **hints: Any) -> sp.Expr:
        return self.definition

    _eval_evalf = evaluated

    def _eval_is_nonnegative(self) -> bool:
        return True

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        x = printer.doprint(self.args[0])
        text = rf"{x} - \ln\left(1 + {x}\right)"
        return text if exp is None else rf"\left[{text}\right]^{{{exp}}}"


def log_defect_array(xp: Any, x: Any) -> Any:
    """x - ln(1+x) in numpy or torch (``xp``).

    For |x| < 1/2: with y = x/(2+x), ln(1+x) = 2 artanh(y) and x - 2y = xy, so that
    x - ln(1+x) = xy - 2y^3 (1/3 + y^2/5 + ...): no cancellation, since |y| <= 1/3 makes the
    second term at most a third of the first. 17 terms leave less than 1e-17.
    """
    y = x / (2 + x)
    square = y * y
    tail = square * 0 + 1 / 37
    for odd in range(35, 1, -2):
        tail = tail * square + 1 / odd
    near = x * y - 2 * y * square * tail
    return xp.where(abs(x) < 0.5, near, x - xp.log1p(x))


def log_defect_mp(x: Any) -> Any:
    """x - ln(1+x) in mpmath, to the working precision."""
    x = mpmath.mpf(x)
    if x == 0:
        return x
    lost = max(0, -int(mpmath.floor(mpmath.log(abs(x), 2))))
    with mpmath.extraprec(lost + 10):
        return x - mpmath.log1p(x)


log_defect.in_mpmath = log_defect_mp
