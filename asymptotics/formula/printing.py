"""Formulas and domains as LaTeX, as text for a terminal, and as Markdown for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy as sp

from asymptotics.functions import names_in
from asymptotics.sentences import paragraph, short_name

if TYPE_CHECKING:
    from asymptotics.domain import Domain
    from asymptotics.formula.statement import Statement

from asymptotics.formula.statement import Statement
from asymptotics.latex import equation, indent, latex, pretty, spoken
from asymptotics.sentences import pieces, unicode_text


def domain_latex(domain: Domain) -> list[str]:
    """The conditions of a domain, one piece of mathematics each."""
    singles = []
    for entry in domain.entries:
        above, below = ">" if entry.low_open else r"\ge", "<" if entry.high_open else r"\le"
        low = [] if entry.low is None else [f"{entry.letter} {above} {entry.low}"]
        high = [] if entry.high is None else [f"{entry.letter} {below} {entry.high}"]
        singles += low + high or [rf"{entry.letter} \in \mathbb{{R}}"]
    alternatives = [
        r"\text{ or }".join(latex(part) for part in sorted(domain.alternatives(r), key=sp.default_sort_key))
        for r in domain.relations
    ]
    return singles + alternatives


def formula_latex(formula: Statement, *, where: bool = True) -> str:
    """``letter = expression`` and, unless ``where`` is False, the meaning of its shorthands."""
    terms = [latex(formula.short)] if formula.short != 0 or not formula.remainder else []
    text = f"{formula.letter} = " + " + ".join([*terms, *([formula.remainder] if formula.remainder else [])])
    meanings = where_latex(formula) if where else []
    return text + (r" \quad\text{where}\quad " + r",\quad ".join(meanings) if meanings else "")


def where_latex(formula: Statement) -> list[str]:
    """The definitions of the shorthands that a formula uses, one equation each."""
    return [f"{latex(symbol)} = {latex(meaning)}" for symbol, meaning in formula.where] + meanings(formula)


def meanings(formula: Statement) -> list[str]:
    """What the named functions stand for that a formula and its shorthands use."""
    return list(dict.fromkeys(
        text for part in (formula.short, *(meaning for _, meaning in formula.where)) for text in names_in(part)
    ))


def formula_text(formula: Statement, width: int | None = None) -> str:
    """``name = expression`` in two dimensions, and its shorthands.

    What would be wider than ``width`` columns, if that is given, is written on lines of text instead.
    """
    pairs = [(short_name(formula.name), formula.short), *((pretty(s), m) for s, m in formula.where)]
    blocks = [_fitted(left, meaning, width) for left, meaning in pairs]
    if formula.where:
        blocks.insert(1, indent("where"))
    return "\n\n".join(blocks)


def _fitted(left: str, expression: Any, width: int | None) -> str:
    block = indent(equation(left, expression))
    if width is None or max(map(len, block.splitlines())) <= width:
        return block
    shown = str(expression.xreplace({s: sp.Symbol(spoken(s)) for s in expression.free_symbols}))
    return paragraph(f"{left} = {shown}", "      ", "        ", width)


def labelled_facts(formula: Statement) -> tuple[tuple[str, str], ...]:
    """Return where the formula holds, its regime and its source: labels, and text with mathematics between dollars."""
    conditions = ", ".join(f"${condition}$" for condition in domain_latex(formula.domain))
    return ("Holds for", conditions), ("Regime", formula.regime), ("Source", str(formula.source))


def formula_markdown(formula: Statement) -> str:
    """Name, statement, the formula with its where-clause, its arguments, and where it holds and comes from."""
    where = ",\\quad ".join(where_latex(formula))
    rows = [
        f"| `{entry.name}` | ${entry.letter}$ | {cell(entry.meaning)} | `{entry.range}` | "
        f"{'' if entry.default is None else entry.default} |"
        for entry in formula.domain.entries
    ]
    holds, regime, source = (_text(text) for _, text in labelled_facts(formula))
    return "\n".join([
        f"**`{formula.name}`** – {_text(formula.statement)}", "",
        f"$$\\displaystyle {formula_latex(formula, where=False)}$$", "",
        *([f"where $\\displaystyle {where}$", ""] if where else []),
        "| argument | | meaning | range | default |", "|---|---|---|---|---|", *rows, "",
        f"Holds for {holds}; {regime}. {source}.",
    ])


def _text(text: str) -> str:
    """Plain text as type; what Markdown would read as markup, escaped; mathematics as it is."""
    return "".join(f"${part}$" if latex else _escaped(unicode_text(part)) for part, latex in pieces(text))


def _escaped(text: str) -> str:
    for mark in "\\`*_<>#|$":
        text = text.replace(mark, f"\\{mark}")
    return text


def cell(text: str) -> str:
    return _text(text).replace("\n", " ")
