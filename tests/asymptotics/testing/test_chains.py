"""Exact steps follow from the expression before them, in the catalogue and in derivations of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sympy as sp
from helpers.formulas import EVERY, every_formula

from asymptotics import Derivation, ProofError, Step
from asymptotics.formula import Formula
from asymptotics.functions import LeastPoint
from asymptotics.limited_samples.finite import limit_is_asymptotic
from asymptotics.symbols import n, sigma
from asymptotics.testing import unchained

LEMMAS = {"The Laplace transform of $1/\\cosh y$"}
MOST_LEMMAS = 10


@every_formula
def test_every_exact_step_follows_from_the_one_before_it(formula: Formula) -> None:
    assert unchained(formula) == []


def test_the_limit_of_large_dimension_follows_step_by_step() -> None:
    assert unchained(limit_is_asymptotic()) == []


def test_the_lemmas_of_the_catalogue() -> None:
    lemmas = {id(step): step.claim for formula in EVERY for step in formula.derivation.steps if step.lemma}
    assert set(lemmas.values()) == LEMMAS
    assert len(lemmas) == len(LEMMAS) <= MOST_LEMMAS


def _derivation(before: sp.Basic, after: sp.Basic, check: Callable[[Any, Any], Any], lemma: bool = False) -> Derivation:
    return Derivation((
        Step("Suppose", before, "so", "assumption"), Step("Then", after, "so", "exact", check, lemma=lemma),
    ))


ONES_OWN: dict[str, tuple[Derivation, list[int]]] = {
    "it compares with the expression before": (
        _derivation(n * sigma, sigma, lambda before, now: [sp.diff(before, n) - now]), []),
    "it does not look at the expression before": (
        _derivation(n * sigma, 2 * sigma, lambda before, now: [now - sp.diff(sigma**2, sigma)]), [2]),
    "a lemma says so": (
        _derivation(n * sigma, 2 * sigma, lambda before, now: [now - sp.diff(sigma**2, sigma)], lemma=True), []),
    "a slope that vanishes for any constant": (
        _derivation((n - 1) ** 2, sp.S.One, lambda before, now: [sp.diff(before, n).subs(n, now)]), [2]),
    "one that takes a tuple apart and does not use it": (
        _derivation(sp.Tuple(n, sigma), sigma, lambda before, now: [len(before) - 2, now - sigma]), [2]),
    "one that takes a matrix apart and uses it": (
        _derivation(sp.ImmutableMatrix([[n, 1], [0, n]]), n**2, lambda before, now: [before.det() - now]), []),
    "one that knows only the unknowns of a minimisation": (
        _derivation(LeastPoint((n - sigma) ** 2, n), sigma, lambda before, now: [before.unknowns == (n,)]), [2]),
    "one that uses the objective of a minimisation": (
        _derivation(LeastPoint((n - sigma) ** 2, n), sigma, lambda before, now: [
            sp.diff(before.objective, n).subs(n, now), sp.diff(before.objective, n, 2) - 2]), []),
}


@pytest.mark.parametrize("name", ONES_OWN)
def test_a_derivation_of_ones_own(name: str) -> None:
    derivation, expected = ONES_OWN[name]
    assert derivation.execute().executed
    assert unchained(derivation) == expected


def test_the_first_step_needs_no_predecessor_and_other_kinds_are_left_out() -> None:
    def true(_: Any, __: Any) -> list[object]:
        return [True]

    steps = (Step("a", n, "so", "exact", true), Step("b", n, "so", "numeric", true), Step("c", n, "so", "exact", true))
    assert unchained(Derivation(steps)) == [3]


def test_a_lemma_is_exact_and_is_printed_as_one() -> None:
    with pytest.raises(ValueError, match="no lemma: a lemma must be exact"):
        Step("Then", n, "so", "numeric", lambda before, now: [True], lemma=True)
    lemma, plain = (_derivation(n, n, lambda before, now: [before - now], lemma=lemma) for lemma in (True, False))
    for derivation, words in ((lemma, "exact, lemma"), (plain, "exact")):
        assert f"2. [{words}] Then" in str(derivation)
        assert f"\\textit{{{words}}}. Then" in derivation.latex()
        assert f"2. *{words}* – Then" in derivation._repr_markdown_()


def test_what_a_check_raises_on_another_form_is_a_refusal() -> None:
    def raises(error: Exception) -> Callable[[Any, Any], Any]:
        def check(_: Any, __: Any) -> Any:
            raise error
        return check

    for error in (TypeError("a"), KeyError("a"), NotImplementedError("a"), sp.PolynomialError("a"), IndexError("a")):
        with pytest.raises(ProofError, match="not of the form it should have"):
            _derivation(n, n, raises(error)).execute()


def test_only_formulas_and_derivations_have_steps() -> None:
    with pytest.raises(TypeError, match="'x' is not a formula"):
        unchained("x")  # type: ignore[arg-type]
