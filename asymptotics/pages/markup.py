"""Formulas and derivations as pieces of HTML, their mathematics as MathML converted from the one LaTeX printer."""

from __future__ import annotations

import html
from functools import cache

from asymptotics.derivation import Derivation
from asymptotics.extras import require_installed
from asymptotics.formula import Formula
from asymptotics.formula.printing import formula_latex, labelled_facts, where_latex
from asymptotics.latex import latex
from asymptotics.sentences import pieces, unicode_text


@cache
def mathml(text: str, *, display: bool = False) -> str:
    """MathML of LaTeX mathematics; ModuleNotFoundError without the extra `pages`."""
    require_installed("pages need", "latex2mathml", extra="pages")
    from latex2mathml.converter import convert

    # The converter does not know the starred form.
    plain = text.replace(r"\operatorname*{arg\,min}", r"\operatorname{argmin}")
    return str(convert(plain, display="block" if display else "inline"))


def prose(text: str) -> str:
    """A sentence with mathematics between dollar signs."""
    return "".join(mathml(part) if latex else html.escape(part) for part, latex in pieces(text))


def sentence(text: str) -> str:
    """A sentence of the catalogue: `unicode_text`, with mathematics between dollar signs."""
    return "".join(mathml(part) if latex else html.escape(unicode_text(part)) for part, latex in pieces(text))


def formula_block(formula: Formula) -> str:
    """The formula as it prints, with its where-clause."""
    where = "".join(mathml(meaning) for meaning in where_latex(formula))
    meaning = f'<p class="where">where {where}</p>' if where else ""
    return f'<div class="formula">{mathml(formula_latex(formula, where=False), display=True)}{meaning}</div>'


def facts(formula: Formula) -> tuple[str, str, str]:
    """Return three sentences: where the formula holds, its regime, and its source."""
    holds, regime, source = (sentence(text) for _, text in labelled_facts(formula))
    return f"Holds for {holds}.", f"{regime}.", f"{source}."


def about(formula: Formula) -> str:
    """State where the formula holds and where it comes from, in two paragraphs."""
    holds, regime, source = facts(formula)
    return f"<p>{holds} {regime}</p><p>{source}</p>"


def steps(derivation: Derivation) -> str:
    """The steps of a derivation: kind, claim, expression, reason."""
    return "".join(
        f'<div class="step"><span class="kind">{step.label}</span> {prose(step.claim)}'
        f"<div>{mathml(latex(step.expression), display=True)}</div>"
        f'<span class="soft">{prose(step.why)}</span></div>'
        for step in derivation.steps
    )


def derivation_block(derivation: Derivation) -> str:
    """The steps of a derivation behind a summary that opens them."""
    return f"<details><summary>Derivation: {html.escape(derivation.summary)}</summary>{steps(derivation)}</details>"
