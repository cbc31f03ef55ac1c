"""Every single-edit mutant of a formula: what a test suite must tell from the formula itself.

An edit flips the sign of a term, drops a term or a factor, raises or lowers an exponent by one, swaps alpha
and beta (or their derivatives), or adds one to an integer. It is made once, in the formula's short expression
or in one of the shorthands that it uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import sympy as sp

from asymptotics import symbols
from asymptotics.derivation import Definition
from asymptotics.formula import Formula, require_formula
from asymptotics.functions import ArgMin, BoundVariable

Edit = tuple[str, sp.Expr]
PARTNERS = {
    symbols.alpha: symbols.beta, symbols.beta: symbols.alpha,
    symbols.dalpha: symbols.dbeta, symbols.dbeta: symbols.dalpha,
}


class Mutant(NamedTuple):
    """What was edited, and the expression and shorthand definitions after the edit."""

    description: str
    expression: sp.Expr
    where: tuple[Definition, ...]


def mutants(formula: Formula) -> Iterator[Mutant]:
    """All single-edit mutants of ``formula``, each different expression once, in a fixed order.

    Some may be equivalent to the formula (a sign inside a square, say): that is for the caller to prove.
    """
    require_formula(formula)
    short, where = formula.short, formula.where
    seen = {(short, where)}
    known = {entry.symbol for entry in formula.domain.entries} | {symbol for symbol, _ in where}

    def fresh(description: str, expression: sp.Expr, definitions: tuple[Definition, ...]) -> Iterator[Mutant]:
        key = (expression, definitions)
        every = (expression, *dict(definitions).values())
        foreign = any(e.free_symbols - known for e in every)  # beta made alpha where alpha is no argument
        if key not in seen and not foreign and not any(e.has(sp.zoo, sp.nan) for e in every):
            seen.add(key)
            yield Mutant(description, expression, definitions)

    for text, edited in edits(short):
        yield from fresh(text, edited, where)
    for place, (symbol, meaning) in enumerate(where):
        for text, edited in edits(meaning):
            changed = (*where[:place], (symbol, edited), *where[place + 1:])
            yield from fresh(f"in {symbol}: {text}", short, changed)
    swapped = tuple((symbol, _swap(meaning)) for symbol, meaning in where)
    yield from fresh("alpha and beta swapped everywhere", _swap(short), swapped)


def edits(expression: sp.Expr) -> Iterator[Edit]:
    """Every single edit of one expression."""
    yield "alpha and beta swapped", _swap(expression)
    yield from _term(expression)


def _swap(expression: sp.Expr) -> sp.Expr:
    return expression.xreplace(PARTNERS)


def _term(node: sp.Expr) -> Iterator[Edit]:
    """Edits of something that stands in a sum, or alone: its sign, its coefficient, its factors."""
    yield f"sign of {node} flipped", -node
    coefficient, rest = node.as_coeff_Mul()
    if isinstance(coefficient, sp.Rational):
        p, q = int(coefficient.p), int(coefficient.q)
        for changed in (sp.Rational(p + 1, q), sp.Rational(p - 1, q), sp.Rational(p, q + 1)):
            if changed != 0:
                yield f"coefficient {coefficient} of {rest} made {changed}", changed * rest
    parts = sp.Mul.make_args(node)
    for place, part in enumerate(parts):
        others = sp.Mul(*parts[:place], *parts[place + 1:])
        if len(parts) > 1:
            yield f"factor {part} dropped", others
        for text, edited in _factor(part):
            yield text, others * edited


def _factor(node: sp.Expr) -> Iterator[Edit]:
    """Edits of a factor: its exponent, and what is inside."""
    if node.is_Rational:
        return
    base, exponent = node.as_base_exp() if node.is_Pow else (node, sp.S.One)
    for change in (1, -1):
        yield f"exponent {exponent} of {base} made {exponent + change}", base ** (exponent + change)
    for text, edited in _inside(base):
        yield text, edited**exponent


def _inside(node: sp.Expr) -> Iterator[Edit]:
    if node in PARTNERS:
        yield f"{node} made {PARTNERS[node]}", PARTNERS[node]
    elif node.is_Add:
        for place, term in enumerate(node.args):
            others = sp.Add(*node.args[:place], *node.args[place + 1:])
            yield f"term {term} dropped", others
            for text, edited in _term(term):
                yield text, others + edited
    elif isinstance(node, ArgMin):
        yield from _minimisation(node)
    elif isinstance(node, BoundVariable):
        for text, edited in _term(node.args[0]):
            if node.variable in edited.free_symbols:
                yield f"under {node.variable}: {text}", node.func(edited, *node.args[1:])
    elif isinstance(node, sp.Piecewise):
        yield from _pieces(node)
    elif node.args:
        for place in range(len(node.args)):
            yield from _arguments(node, place, node.func)


def _pieces(node: sp.Piecewise) -> Iterator[Edit]:
    """Edits of one branch. (Where the condition lies may be a choice of numerics: the branches may agree.)"""
    for place, (value, condition) in enumerate(node.args):
        for text, edited in _term(value):
            changed = sp.Piecewise(*node.args[:place], (edited, condition), *node.args[place + 1:])
            yield f"in branch {place + 1}: {text}", changed


def _arguments(node: sp.Basic, place: int, rebuild: Callable[..., sp.Expr]) -> Iterator[Edit]:
    for text, edited in _term(node.args[place]):
        yield text, rebuild(*node.args[:place], edited, *node.args[place + 1:])


def _minimisation(node: ArgMin) -> Iterator[Edit]:
    for text, edited in _term(node.objective):
        yield f"in the objective: {text}", ArgMin(edited, node.coefficients, node.variable)
    for power in range(len(node.coefficients)):
        def rebuilt(*coefficients: sp.Expr) -> sp.Expr:
            return ArgMin(node.objective, sp.Tuple(*coefficients), node.variable)

        if node.coefficients[power] != 0:
            for text, edited in _arguments(node.coefficients, power, rebuilt):
                yield f"in the slope's coefficient {power}: {text}", edited
