"""Digits of functions that mpmath lacks, from numerics of ours."""

from __future__ import annotations

import mpmath
import sympy as sp


def evaluated(node: sp.Function, prec: int) -> sp.Expr | None:
    """Evaluate a function by its ``in_mpmath``, as sympy's ``_eval_evalf``; None while symbols are free.

    Means and roots among the arguments are numbers too, which sympy's ``is_number`` denies for their bound variables.
    """
    if node.free_symbols:
        return None
    with mpmath.workprec(prec + 10):
        return sp.Expr._from_mpmath(type(node).in_mpmath(*(part._to_mpmath(prec + 10) for part in node.args)), prec)
