"""What notebooks show: Markdown whose tables have as many cells as their heads, and whose mathematics closes."""

from __future__ import annotations

import re

import numpy as np
import pytest
import sympy as sp

from asymptotics import balance, catalogue, symbols
from asymptotics.calibration import compare_mean
from asymptotics.formula import Formula
from asymptotics.formula.printing import formula_latex
from asymptotics.latex import latex
from asymptotics.sentences import unicode_text

every_formula = pytest.mark.parametrize("formula", list(catalogue().values()), ids=lambda f: f.name)


def _well_formed(text: str) -> None:
    """Tables are even, mathematics opens and closes, and no mark of Markdown stands bare in text."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    cells = {len(re.findall(r"(?<!\\)\|", line)) for line in rows}
    assert len(cells) <= 1
    bare = re.sub(r"\\.", "", text)
    assert bare.count("$$") % 2 == 0 and bare.replace("$$", "").count("$") % 2 == 0


@every_formula
def test_a_formula_tells_all_about_itself(formula: Formula) -> None:
    text = formula._repr_markdown_()
    _well_formed(text)
    assert formula_latex(formula, where=False) in text and f"`{formula.name}`" in text
    for entry in formula.domain.entries:
        assert f"| `{entry.name}` | ${entry.letter}$ |" in text and f"`{entry.range}`" in text
    plain = text.replace("\\", "")
    for said in (formula.statement, formula.regime, str(formula.source)):
        assert unicode_text(said) in plain


@every_formula
def test_a_derivation_shows_its_steps_and_kinds(formula: Formula) -> None:
    derivation = formula.derivation
    text = derivation._repr_markdown_()
    _well_formed(text)
    for number, step in enumerate(derivation.steps, 1):
        assert f"{number}. *{step.label}* – {step.claim}" in text and latex(step.expression) in text
        assert step.why in text
    assert text.endswith(derivation.summary)


def test_a_catalogue_is_a_table() -> None:
    text = catalogue()._repr_markdown_()
    _well_formed(text)
    assert len(text.splitlines()) == 2 + len(catalogue())
    assert f"| `balance.weight_std` | ${balance.weight_std.letter}$ |" in text


@pytest.mark.parametrize("columns", [1, 3, 40])
def test_a_verdict_is_a_table(columns: int) -> None:
    samples = np.random.default_rng(0).normal(size=(20, columns))
    verdict = compare_mean(samples, np.zeros(columns), scale=1.0)
    text = verdict._repr_markdown_()
    _well_formed(text)
    assert text.startswith("**passed") and text.count("\n| [") == min(columns, 12)
    assert ("furthest out" in text) == (columns > 12) == ("furthest out" in str(verdict))




def test_numbers_beside_powers_of_numbers_stay_apart() -> None:
    """5 2^x reads as 52^x."""
    assert latex(5 * sp.Integer(2) ** symbols.n) == r"5 \cdot 2^{n}"
    assert latex(3 * symbols.n * sp.Integer(10) ** symbols.p) == r"3 n \cdot 10^{p}"
    assert latex(3 * symbols.n**2) == "3 n^{2}"
