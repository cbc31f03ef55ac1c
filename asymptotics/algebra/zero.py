"""Decisions that proofs rest on: is this identically zero, is it positive, and time limits for sympy."""

from __future__ import annotations

import sympy as sp

from asymptotics.functions import BoundVariable, log_defect, spelled


def _radicals_to_generators(expression: sp.Expr) -> tuple[sp.Expr, list[tuple[sp.Symbol, sp.Expr]]]:
    """Write each square root as a product of generators g with g^2 = an irreducible factor.

    Factors of a radicand are taken to be positive, as they are inside every domain of this project; the
    evaluation at exact points in `is_zero` would expose a branch that is not.
    """
    generators: dict[sp.Expr, sp.Symbol] = {}

    def root(radicand: sp.Expr) -> sp.Expr:
        top, bottom = sp.fraction(sp.cancel(sp.together(radicand)))
        return power(top, 1) * power(bottom, -1)

    def power(polynomial: sp.Expr, sign: int) -> sp.Expr:
        constant, factors = sp.factor_list(polynomial)
        product = sp.sqrt(constant) ** sign
        for factor, exponent in factors:
            if exponent % 2 and factor not in generators:
                generators[factor] = sp.Dummy("g", positive=True)
            whole = factor ** (exponent // 2)
            product *= (whole * generators[factor] if exponent % 2 else whole) ** sign
        return product

    def visit(node: sp.Expr) -> sp.Expr:
        if not node.args:
            return node
        node = node.func(*[visit(a) for a in node.args])
        if isinstance(node, sp.Pow) and node.exp.is_Rational and node.exp.q == 2 and node.free_symbols:
            return root(node.base) ** node.exp.p
        return node

    return visit(expression), [(symbol, factor) for factor, symbol in generators.items()]


def is_zero(expression: sp.Expr) -> bool:
    """Whether an algebraic expression (rational operations and square roots) vanishes identically.

    Numbers at random exact points refuse most falsehoods at once; what survives is decided exactly: each
    root becomes a generator g, and the numerator is reduced modulo g^2 - radicand. Functions such as the
    logarithm count as independent generators, one for each irreducible factor of their argument; so do means
    and roots.
    """
    expression = sp.sympify(expression)
    if expression.is_zero:
        return True
    expression = spelled(expression).replace(log_defect, lambda x: x - sp.log(1 + x))
    unknowns = sorted(expression.atoms(BoundVariable), key=sp.default_sort_key)
    expression = expression.xreplace({node: sp.Symbol(f"_unknown{k}") for k, node in enumerate(unknowns)})
    if not _looks_zero(expression):
        return False
    expression = expression.replace(
        sp.log, lambda x: sp.expand_log(sp.log(sp.factor(sp.cancel(sp.together(x)))), force=True)
    )
    plain, relations = _radicals_to_generators(expression)
    numerator = sp.expand(sp.fraction(sp.together(plain))[0])
    for symbol, radicand in reversed(relations):
        top, bottom = sp.fraction(sp.together(radicand))
        numerator = sp.rem(numerator, bottom * symbol**2 - top, symbol)
        numerator = sp.expand(sp.fraction(sp.together(numerator))[0])
    return bool(sp.expand(numerator) == 0)


def _looks_zero(expression: sp.Expr) -> bool:
    """Evaluate at two fixed generic points; each symbol gets a prime-based value in its range."""
    free = sorted(expression.free_symbols, key=lambda s: s.name)
    for shift in (2, 9):
        point = {s: sp.Rational(sp.prime(shift + i), 5 + i) + 1 for i, s in enumerate(free)}
        value = sp.N(expression.xreplace(point), 40, maxn=400)
        if value.has(sp.nan, sp.zoo, sp.oo):
            continue
        scale = sum((abs(sp.N(a.xreplace(point), 15)) for a in sp.Add.make_args(expression)), sp.S.Zero)
        if abs(value) > sp.Float("1e-30") * (1 + scale):
            return False
    return True
