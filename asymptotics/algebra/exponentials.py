"""Identities between exponentials and hyperbolic functions, decided exactly."""

from __future__ import annotations

import sympy as sp

from asymptotics.functions import log_defect, spelled

_HYPERBOLIC = (sp.tanh, sp.cosh, sp.sinh, sp.sech, sp.coth, sp.csch)


def in_generators(expression: sp.Expr) -> sp.Expr:
    """The expression with every exponential written in powers of positive generators."""
    plain = spelled(sp.sympify(expression)).replace(log_defect, lambda x: x - sp.log(1 + x))
    plain = plain.replace(
        lambda e: isinstance(e, _HYPERBOLIC), lambda e: e.rewrite(sp.exp)
    )
    generators: dict[sp.Expr, sp.Symbol] = {}

    def visit(node: sp.Expr) -> sp.Expr:
        if not node.args:
            return node
        if isinstance(node, sp.exp):
            return sp.prod([_power(term, generators) for term in sp.Add.make_args(sp.expand(node.args[0]))])
        return node.func(*[visit(a) for a in node.args])

    return visit(plain)


def _power(term: sp.Expr, generators: dict[sp.Expr, sp.Symbol]) -> sp.Expr:
    """e^term as a power of the generator of its direction; halves are squares of a finer generator."""
    factor, direction = term.as_coeff_Mul(rational=True)
    if direction == 1:
        return sp.exp(term)
    symbol = generators.setdefault(direction, sp.Symbol(f"_e{len(generators)}", positive=True))
    # The generator is e^(direction/4): quarters and halves stay whole.
    return symbol ** (4 * factor)
