"""Formulas, derivations and catalogues as Markdown with LaTeX mathematics: what notebooks show of them."""

from __future__ import annotations

from collections.abc import Mapping

from asymptotics.derivation import Derivation
from asymptotics.formula import Formula
from asymptotics.latex import domain_latex, formula_latex, latex, where_latex
from asymptotics.wording import pieces, unicode_text


def formula_markdown(formula: Formula) -> str:
    """Name, statement, the formula with its where-clause, its arguments, and where it holds and comes from."""
    where = ",\\quad ".join(where_latex(formula))
    rows = [
        f"| `{entry.name}` | ${entry.letter}$ | {_cell(entry.meaning)} | `{entry.range}` | "
        f"{'' if entry.default is None else entry.default} |"
        for entry in formula.domain.entries
    ]
    conditions = ", ".join(f"${condition}$" for condition in domain_latex(formula.domain))
    return "\n".join([
        f"**`{formula.name}`** – {_text(formula.statement)}", "",
        f"$$\\displaystyle {formula_latex(formula, where=False)}$$", "",
        *([f"where $\\displaystyle {where}$", ""] if where else []),
        "| argument | | meaning | range | default |", "|---|---|---|---|---|", *rows, "",
        f"Holds for {conditions}; {_text(formula.regime)}. {_text(str(formula.source))}.",
    ])


def derivation_markdown(derivation: Derivation) -> str:
    """The steps: kind, claim, expression, reason; then the shorthands."""
    items = [
        f"{number}. *{step.kind}* – {step.claim}\n\n   $$\\displaystyle {latex(step.expression)}$$\n\n   {step.why}\n"
        for number, step in enumerate(derivation.steps, 1)
    ]
    where = ",\\quad ".join(f"{latex(symbol)} = {latex(meaning)}" for symbol, meaning in derivation.where)
    return "\n".join([*items, *([f"where $\\displaystyle {where}$", ""] if where else []), derivation.summary])


def catalogue_markdown(formulas: Mapping[str, Formula]) -> str:
    """A row for each formula: name, letter, statement."""
    rows = [f"| `{name}` | ${each.letter}$ | {_cell(each.statement)} |" for name, each in formulas.items()]
    return "\n".join(["| name | | |", "|---|---|---|", *rows])


def _text(text: str) -> str:
    """Plain text as type; what Markdown would read as markup, escaped; mathematics as it is."""
    return "".join(f"${part}$" if latex else _escaped(unicode_text(part)) for part, latex in pieces(text))


def _escaped(text: str) -> str:
    for mark in "\\`*_<>#|$":
        text = text.replace(mark, f"\\{mark}")
    return text


def _cell(text: str) -> str:
    return _text(text).replace("\n", " ")
