"""Sums over all pairs of a sample and a draw, for any number of samples and draws."""

from __future__ import annotations

import sympy as sp

from asymptotics.symbols import draws, n

sample, draw, pair = sp.symbols("i k j", integer=True, positive=True)
"""Which sample, which of its draws; and which of all pairs, where these do not matter."""


def over_draws(expression: sp.Expr) -> sp.Expr:
    """The sum over all samples and their draws of an expression in what depends on `sample` and on `draw`."""
    return _summed(_summed(expression, draw, draws), sample, n)


def over_pairs(expression: sp.Expr) -> sp.Expr:
    """The sum over all pairs of an expression in what depends on `pair`."""
    return _summed(expression, pair, n * draws)


def _summed(expression: sp.Expr, index: sp.Symbol, count: sp.Expr) -> sp.Expr:
    """Term by term: what does not depend on the index stands before its sum, and 1 adds up to the count."""
    terms = (term.as_independent(index) for term in sp.Add.make_args(sp.expand(expression)))
    return sp.Add(*(same * sp.Sum(own, (index, 1, count)).doit() for same, own in terms))
