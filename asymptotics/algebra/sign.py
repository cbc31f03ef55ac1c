"""Deciding the sign of an expression."""

from __future__ import annotations

import sympy as sp


def is_positive(expression: sp.Expr, gaps: dict[sp.Symbol, sp.Expr] | None = None) -> bool:
    """Whether a rational expression is positive for positive symbols, shown by its coefficients.

    ``gaps`` rewrites symbols in terms of positive ones first (n = 1 + e, say). Numerator and denominator
    must then have only positive coefficients: sufficient, not necessary, and exact.
    """
    shifted = sp.together(sp.sympify(expression).subs(gaps or {}, simultaneous=True))
    for part in sp.fraction(sp.cancel(shifted)):
        coefficients = sp.Poly(part, *sorted(part.free_symbols, key=lambda s: s.name)).coeffs() if (
            part.free_symbols) else [part]
        if not all(c.is_positive for c in coefficients):
            return False
    return True


def decided(expression: sp.Expr) -> sp.Expr:
    """The expression with the minimum and maximum of two resolved, where `is_positive` tells which is which."""
    def chosen(smaller: bool, first: sp.Expr, second: sp.Expr) -> sp.Expr | None:
        for one, other in ((first, second), (second, first)):
            gap = sp.factor(one - other)
            if gap == 0 or is_positive(gap):
                return other if smaller else one
        return None

    def visit(node: sp.Basic) -> sp.Basic:
        node = node.func(*map(visit, node.args)) if node.args else node
        if isinstance(node, sp.Min | sp.Max) and len(node.args) == 2:
            found = chosen(isinstance(node, sp.Min), *node.args)
            return node if found is None else found
        return node

    return visit(sp.sympify(expression))


def is_positive_somewhere(expression: sp.Expr) -> bool:
    """Positive at one generic point: enough for a function whose square is known and never 0, for its sign at
    one point is its sign everywhere."""
    symbols = sorted(expression.free_symbols, key=lambda s: s.name)
    point = {s: sp.Rational(5 + k, 2) for k, s in enumerate(symbols)}
    return expression.xreplace(point).is_positive is True
