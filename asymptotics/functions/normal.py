"""The distribution function of the standard normal law."""

from __future__ import annotations

from typing import Any

import mpmath
import sympy as sp

from asymptotics.functions.digits import evaluated
from asymptotics.proof import Defined


class normal_below(Defined):
    """The chance that a standard normal number is below x: erfc(-x/sqrt(2))/2, and kept that way."""

    nargs = 1
    is_real = True

    @classmethod
    def eval(cls, x: sp.Expr) -> sp.Expr | None:
        known = {sp.S.Zero: sp.S.Half, sp.oo: sp.S.One, -sp.oo: sp.S.Zero}
        return known.get(x)

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return sp.exp(-(self.args[0] ** 2) / 2) / sp.sqrt(2 * sp.pi)

    def _eval_rewrite_as_erfc(self, x: sp.Expr, **hints: Any) -> sp.Expr:
        return sp.erfc(-x / sp.sqrt(2)) / 2

    @property
    def definition(self) -> sp.Expr:
        return (1 + sp.erf(self.args[0] / sp.sqrt(2))) / 2

    def _eval_rewrite_as_erf(self, x: sp.Expr, **hints: Any) -> sp.Expr:
        return self.definition

    def _eval_rewrite_as_tractable(self, x: sp.Expr, **hints: Any) -> sp.Expr:
        return self._eval_rewrite_as_erf(x).rewrite("tractable", deep=True, **hints)

    _eval_evalf = evaluated

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0].is_finite else None

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\Phi{power}\left({printer.doprint(self.args[0])}\right)"


def normal_below_mp(x: Any) -> Any:
    """The normal distribution function in mpmath, to the working precision; 0 or 1 beyond |x| = 2^60."""
    if abs(x) > 2**60:  # what is left out has 10^35 zeros; mpmath's own erfc overflows where x^2 exceeds float64
        return mpmath.mpf(x > 0)
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


normal_below.in_mpmath = normal_below_mp
