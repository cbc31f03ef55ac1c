"""Every single-edit mutant of a formula: what a test suite must tell from the formula itself.

An edit flips the sign of a term, drops a term or a factor, raises or lowers an exponent by one, swaps alpha
and beta (or their derivatives), or adds one to an integer. It is made once, in the formula's short expression
or in one of the shorthands that it uses. Subtle ones leave the value alone on a part of the domain (|f|/f, a further
branch), change the ninth digit, or what only numerics use: hints of means, brackets of roots.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import sympy as sp

from asymptotics import symbols
from asymptotics.derivation import Definition
from asymptotics.formula import Formula, require_formula
from asymptotics.functions import ArgMin, BoundVariable, GaussianMean, LeastPoint, Root

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


def mutants(formula: Formula, *, subtle: bool = False) -> Iterator[Mutant]:
    """All single-edit mutants of ``formula``, each different expression once, in a fixed order.

    ``subtle`` adds those that only a proof tells from the formula: equal to it on a part of the domain or in eight
    digits, or another only in what numerics use (hints of means, brackets of roots).

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
    if subtle and not short.has(ArgMin, LeastPoint):
        for text, edited in (*_partly(formula), *_numerics(short)):
            yield from fresh(text, edited, where)


def _partly(formula: Formula) -> Iterator[Edit]:
    """Edits that leave the value alone on a part of the domain, or nearly: branches of a root, a branch, a digit."""
    short, entries = formula.short, formula.domain.entries
    centres = [(entry.symbol, sp.Rational(str(entry.typical))) for entry in entries]
    gaps = [symbol - centre for symbol, centre in centres[:3]]
    gaps += [one.symbol - other.symbol for one, other in pairwise(entries[:3])]
    gaps += [entry.symbol - 1 for entry in entries if entry.high == 1]
    for gap in gaps:
        size = sp.sqrt(sp.expand(gap**2))
        yield f"times |{gap}|/({gap})", short * size / gap
        yield f"|{gap}| - ({gap}) added", short + size - gap
    for symbol, centre in centres[:2]:
        branch = sp.Piecewise((short, symbol <= 2 * centre), (short + 1, True))
        yield f"another branch for {symbol} > {2 * centre}", branch
    yield "times 1 + 1e-9", short * (1 + sp.Rational(1, 10**9))


def _numerics(short: sp.Expr) -> Iterator[Edit]:
    """Edits of what tells numerics where to look: hints of means and brackets of roots."""
    for node in sorted(short.atoms(GaussianMean), key=sp.default_sort_key):
        scale, shift, rate = node.hints
        for hints in ((scale + 1, shift, rate), (scale, shift + 1, rate), (scale, shift, rate + 1)):
            yield f"hints of {node} made {hints}", short.xreplace({node: node.func(*node.args[:2], *hints)})
    for node in sorted(short.atoms(Root), key=sp.default_sort_key):
        yield f"bracket of {node} moved", short.xreplace({node: node.func(*node.args[:2], node.low, node.high + 1)})


def rewrites(formula: Formula) -> Iterator[Edit]:
    """Right forms of a formula that sympy does not cancel by itself: a proof must take them.

    ValueError for what is defined by a minimisation.
    """
    require_formula(formula)
    short, entries = formula.short, formula.domain.entries
    if short.has(ArgMin, LeastPoint):
        raise ValueError(f"{formula.name} is defined by a minimisation; nothing rewrites it here")
    one, other = entries[0].symbol, entries[-1].symbol
    total = 1 + one**2 + other**2
    for text, unit in (
        ("a polynomial", sp.expand(total**2) / total**2), ("a root", sp.sqrt(sp.expand(total**2)) / total),
        ("a size", sp.Abs(one - 3) / sp.sqrt(sp.expand((one - 3) ** 2))),
        ("nested fractions", (1 / total + 1) / ((1 + total) / total)),
        ("hyperbolic functions", sp.cosh(one) ** 2 - sp.sinh(one) ** 2),
        ("exponentials", sp.exp(one + other) / (sp.exp(one) * sp.exp(other))),
    ):
        yield f"times 1 as {text}", short * unit
    for text, zero in (
        ("logarithms", sp.log(sp.expand(total**2)) - 2 * sp.log(total)),
        ("a maximum", sp.Max(one, other) + sp.Min(one, other) - one - other),
        ("conjugates", 1 / (sp.sqrt(total + 1) - sp.sqrt(total)) - sp.sqrt(total + 1) - sp.sqrt(total)),
        ("error functions", sp.erf(one) + sp.erfc(one) - 1),
        ("branches", sp.Piecewise((one - 1, one > 1), (1 - one, True)) - sp.Abs(one - 1)),
    ):
        yield f"plus 0 as {text}", short + zero
    yield "the shorthands put in", formula.expression
    yield "multiplied out", sp.expand(short)


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
