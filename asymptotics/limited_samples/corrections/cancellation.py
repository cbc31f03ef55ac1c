"""Factors written as sums of terms of one sign: what is lost to cancellation in float64 is then nothing.

A and B are sums of positive parts, n draws and n exceed 1 by what is left of the pairs or samples after the
first, and the flow's factor exceeds alpha: sqrt(F) = alpha + beta D.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import sympy as sp

from asymptotics.symbols import A, B, alpha, beta, draws, lag, n, radius, ridge, sigma

ROOT = sp.Symbol("f", positive=True)
"""sqrt(F) while factors are sorted out: a symbol, so that what contains it is a polynomial."""
_within, _pairs_left, _samples_left = sp.symbols("within pairs_left samples_left", positive=True)
_PARTS: tuple[tuple[sp.Symbol, sp.Expr, dict[sp.Expr, sp.Expr]], ...] = (
    (ROOT, alpha + beta * lag, {}),
    (A, _within + ridge * radius**2 + ridge * sigma**2, {n: 1 + _samples_left}),
    (B, _pairs_left + ridge, {n: (1 + _pairs_left) / draws}),
)
_BACK = {_within: draws * sigma**2 * (n - 1), _pairs_left: n * draws - 1, _samples_left: n - 1}


def mixed(expression: sp.Expr) -> list[sp.Expr]:
    """The sums in it whose terms differ in sign."""
    return [each for each in expression.atoms(sp.Add) if len(_signs(each)) > 1]


def _signs(expression: sp.Expr) -> set[bool]:
    """Of its terms: whether each is written with a minus."""
    return {term.could_extract_minus_sign() for term in sp.Add.make_args(expression)}


def without_cancellation(expression: sp.Expr) -> sp.Expr:
    """A factored expression with its mixed sums rewritten where the parts allow it; others stay."""
    return expression.xreplace({each: _one_sign(each) for each in mixed(expression)})


def _one_sign(factor: sp.Expr) -> sp.Expr:
    if len(_signs(factor)) == 1:
        return factor
    for symbol in (A, B):
        rest = factor.subs(symbol, 0)
        inner = sp.expand(sp.cancel((factor - rest) / symbol))
        better = _one_sign(inner) if inner.has(symbol) else inner
        if inner.has(symbol) and len(_signs(better) | _signs(sp.expand(rest))) == 1:
            return symbol * better + rest
    return next((_regrouped(opened) for opened in _opened(factor) if len(_signs(opened)) == 1), factor)


def _opened(factor: sp.Expr) -> Iterator[sp.Expr]:
    """The factor with one of the symbols in parts, then with two."""
    for count in (1, 2):
        for chosen in combinations(_PARTS, count):
            opened = factor
            for symbol, parts, left in chosen:
                opened = sp.expand(sp.expand(opened.subs(symbol, parts)).subs(left))
            yield opened


def _regrouped(opened: sp.Expr) -> sp.Expr:
    """Monomials in all but the counts, each with its factored count, in n and nK again."""
    letters = sorted(opened.free_symbols - {_pairs_left, _samples_left}, key=lambda s: s.name)
    terms = sp.Poly(opened, *letters).terms() if letters else [((), opened)]
    return sp.Add(*(
        (sp.factor(count) * sp.prod([s**k for s, k in zip(letters, powers, strict=True)])).subs(_BACK)
        for powers, count in terms
    ))
