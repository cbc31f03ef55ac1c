"""Sentences of the catalogue as type: for pages with Unicode, for books with LaTeX, and nothing lost on the way."""

from __future__ import annotations

import re
import unicodedata

import pytest

from asymptotics import balance, catalogue, limited_samples, phases
from asymptotics.functions import ArgMin, LeastPoint
from asymptotics.latex import equation, pretty
from asymptotics.pages import formula_page
from asymptotics.sentences import latex_text, latex_verbatim, title, topic_title, unicode_text
from asymptotics.symbols import ARGUMENTS

SENTENCES = sorted({
    text for formula in catalogue().values()
    for text in (formula.statement, formula.regime, str(formula.source), *(r.reason for r in formula.domain.relations))
} | {argument.meaning for argument in ARGUMENTS.values()})


@pytest.mark.parametrize(("typed", "shown", "latex"), [
    ("|mu_hat - mu|^2/d", "|μ̂ − μ|²/d",
     r"\ensuremath{|}\ensuremath{\hat\mu} \ensuremath{-} \ensuremath{\mu}\ensuremath{|}\ensuremath{^2}/d"),
    ("d -> infinity", "d → ∞", r"d \ensuremath{\to} \ensuremath{\infty}"),
    ("beta <= kappa/sqrt(d)", "β ≤ κ/√d",
     r"\ensuremath{\beta} \ensuremath{\le} \ensuremath{\kappa}/\ensuremath{\sqrt{d}}"),
    ("sqrt(alpha^2 + 1)", "√(α² + 1)", r"\ensuremath{\sqrt{\alpha^2 + 1}}"),
    ("w.mu, x0.x1 and X_t.eta", "w·μ, x₀·x₁ and Xₜ·η", None),
    ("k c + dalpha/alpha", "k c + α̇/α", r"k c + \ensuremath{\dot\alpha}/\ensuremath{\alpha}"),
    ("lim sqrt(d) x width", "lim √d × width", r"lim \ensuremath{\sqrt{d}} \ensuremath{\times } width"),
    ("(sum |x1|^2)/n, tau^2 the sum of all", "(Σ |x₁|²)/n, τ² the sum of all", None),
    ("from + to -; 1-p for p, +-1", "from + to −; 1 − p for p, ±1", None),
    ("overlap_mean, limited_samples.flow_mean, muster, alphabet", None, None),
    ("50 % of a_b & {c}", None, r"50 \% of a\_\allowbreak{}b \& \{c\}"),
])
def test_signs_and_letters(typed: str, shown: str | None, latex: str | None) -> None:
    assert unicode_text(typed) == (typed if shown is None else shown)
    if latex is not None:
        assert latex_text(typed) == latex


@pytest.mark.parametrize("sentence", SENTENCES)
def test_no_ascii_sign_is_left_and_latex_is_ascii(sentence: str) -> None:
    shown = unicode_text(sentence)
    assert not re.search(r"->|<=|>=|<<|\bsqrt\(|\^\d|\bmu\b|\bsigma\b(?!_)|infinity", shown), shown
    assert unicode_text(shown) == shown
    assert latex_text(sentence).isascii()
    assert latex_text(sentence).count("{") == latex_text(sentence).count("}")


def test_names_are_left_as_they_are_typed() -> None:
    assert latex_verbatim("sigma_u") == r"sigma\_\allowbreak{}u" and latex_verbatim("mu") == "mu"


def test_titles() -> None:
    assert title(limited_samples.kl_divergence.name) == "KL divergence"
    assert title(limited_samples.mean_error.fluctuation.name) == "Mean error fluctuation"
    assert title(balance.jump_rate_kramers.name) == "Jump rate Kramers"
    assert topic_title("phases").startswith("Phases of learning") and topic_title("my_own") == "My own"
    assert {name.split(".")[0] for name in catalogue()} <= {"limited_samples", "phases", "balance"}


@pytest.mark.parametrize("name", list(catalogue()))
def test_equations_are_on_one_line_of_writing(name: str) -> None:
    """The sign of equality stands where the fraction's bar or the letters are: sympy's baseline."""
    formula = catalogue()[name]
    text = equation("left", formula.short)
    (line,) = [line for line in text.splitlines() if line.startswith("left = ")]
    block = pretty(formula.short).splitlines()
    first = text.splitlines().index(line)
    inner = [each[len("left = "):].rstrip() for each in text.splitlines()]
    assert inner == [each.rstrip() for each in block]
    if not isinstance(formula.short, ArgMin | LeastPoint):
        assert not block[first].isspace()


def test_a_page_for_a_terminal_is_wrapped_and_plain_unless_asked() -> None:
    formula = phases.second_skip
    page = formula_page(formula, width=60, colour=False)
    assert "\033" not in page
    prose = [line for line in page.splitlines() if not re.search(r"[⎛⎝⎞⎠─⋅]|=", line)]
    width = max(sum(not unicodedata.combining(mark) for mark in line) for line in prose)
    assert width <= 60
    assert "\033[1mRegime\033[0m" in formula_page(formula, colour=True)
