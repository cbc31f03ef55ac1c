"""Wrong claims that look right: none is proved, with the refutation by points and without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp
from helpers.equivalence import equivalent, expanded
from helpers.formulas import EVERY, each_formula

from asymptotics import Derivation, Domain, ProofError, Source, Step, balance as B, limited_samples as L, phases as P
from asymptotics.derivation import differences
from asymptotics.formula import Formula
from asymptotics.functions import GaussianMean, Root
from asymptotics.limited_samples import finite
from asymptotics.limited_samples.setting import MU, OTHER_NOISE, OTHER_SAMPLE, OWN_NOISE, OWN_SAMPLE, data, noise
from asymptotics.proof import Refuted, Undecided, decide
from asymptotics.schedule import Interpolant
from asymptotics.symbols import ARGUMENTS, beta, draws, learning_rate, n, p, ridge, s, sigma
from asymptotics.testing import Mutant, mutants, rewrites


def size(expression: sp.Expr) -> sp.Expr:
    return sp.sqrt(sp.expand(expression**2))


ATTACKS: dict[str, tuple[Formula, Callable[[], sp.Expr | str]]] = {
    "|beta - 1| - (beta - 1)": (L.skip, lambda: L.skip.expression + size(beta - 1) - (beta - 1)),
    "(beta - 1)/|beta - 1|": (L.flow_mean, lambda: L.flow_mean.expression * (beta - 1) / size(beta - 1)),
    "(p - 1)/|p - 1|": (B.critical_jump_rate, lambda: B.critical_jump_rate.expression * (p - 1) / size(p - 1)),
    "0 unexpanded": (B.critical_jump_rate, lambda: learning_rate * (p * (1 - p) - p + p**2)),
    "|ridge - 1| - (ridge - 1)": (L.mean_error, lambda: L.mean_error.expression + size(ridge - 1) - (ridge - 1)),
    "the same as text": (
        L.mean_error, lambda: f"{L.mean_error.expression} + sqrt(ridge**2 - 2*ridge + 1) - (ridge - 1)"),
    "|n - draws| - (n - draws)": (L.mean_error, lambda: L.mean_error.expression + size(n - draws) - (n - draws)),
    "a root inside a mean": (P.mmse, lambda: P.mmse.short.replace(
        lambda node: isinstance(node, GaussianMean),
        lambda node: node.func(sp.sqrt(node.integrand), *node.args[1:]) ** 2)),
    "other hints": (P.mmse, lambda: P.mmse.short.replace(
        lambda node: isinstance(node, GaussianMean), lambda node: node.func(*node.args[:2], node.args[2] / 9, 3, 1))),
    "a third branch": (P.information, lambda: sp.Piecewise(
        P.information.short.args[0], (P.information.short.args[1].expr, s < 2), (7, True))),
    "another bracket": (P.spinodal, lambda: P.spinodal.short.replace(
        lambda node: isinstance(node, Root), lambda node: node.func(*node.args[:3], node.high + 1))),
    "the ninth digit": (L.mean_error, lambda: L.mean_error.expression * (1 + sp.Rational(1, 10**9))),
    "log(x**2) for 2 log(x)": (
        L.mean_error, lambda: L.mean_error.expression + sp.log(size(sigma - 2)) - sp.log(sigma - 2)),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused(name: str) -> None:
    formula, attack = ATTACKS[name]
    with pytest.raises(ProofError, match="is not the result of"):
        formula.prove(attack())  # type: ignore[arg-type]


def test_right_sizes_are_taken() -> None:
    one = size(1 - p) / (1 - p)
    assert B.critical_jump_rate.prove(B.critical_jump_rate.expression * one).executed
    smaller = (n + draws - sp.sqrt(sp.expand((n + draws) ** 2 - 4 * n * draws))) / 2
    assert L.mean_error.prove(L.mean_error.expression + smaller - sp.Min(n, draws)).executed
    with pytest.raises(ProofError):
        L.mean_error.prove(L.mean_error.expression + smaller - draws)


def test_a_refutation_prints_a_point() -> None:
    with pytest.raises(ProofError, match=r"is not the result of limited_samples.skip: .* at .*beta = "):
        L.skip.prove(L.skip.expression + size(beta - 1) - (beta - 1))


def test_numbers_are_read_as_they_are() -> None:
    series = L.mean_error.limit("draws", 1).series("n", order=2)
    with pytest.raises(ProofError):
        series.prove("2.00000001*sigma**2/n")
    assert Interpolant("1-0.999999999*t", "t").alpha != Interpolant("1-t", "t").alpha


def test_a_minimisation_keeps_its_unknowns() -> None:
    alien = sp.Symbol("alien", real=True)
    for least in (P.first_phase.short, P.first_phase.expression):
        with pytest.raises((ProofError, ValueError)):
            P.first_phase.prove(least.func(least.objective, least.unknowns[0], alien))
        assert P.first_phase.prove(least).executed
    with pytest.raises(ProofError):
        P.first_phase.prove(least.func(s**2, s))


def test_a_domain_wider_than_the_alphabets_counts() -> None:
    wide = Domain(("n",), (), (replace(ARGUMENTS["n"], low=Fraction(1, 2)),))
    derivation = Derivation((Step("Suppose", sp.Abs(n - 1), "so", "assumption"),))
    formula = Formula("mine.gap", "g", "A gap.", wide, "any", Source("mine", "page 1", "project"), lambda: derivation)
    with pytest.raises(ProofError, match="at n ="):
        formula.prove(n - 1)


# Sums over all pairs that are right for two samples or few draws only, in the second step of a derivation.
WRONG_SUMS: dict[str, tuple[Formula, Callable[[sp.Expr], sp.Expr]]] = {
    "right for two samples": (L.skip, lambda _: data * (
        (n**2 - 2) * draws * MU + draws * (n - 1) * (OWN_SAMPLE + OTHER_SAMPLE)
    ) - noise * (3 - n) * (OWN_NOISE + OTHER_NOISE)),
    "a sample counted once": (L.skip, lambda span: span.subs(draws * (OWN_SAMPLE + OTHER_SAMPLE),
                                                             OWN_SAMPLE + OTHER_SAMPLE)),
    "right for two draws": (L.skip, lambda span: span.subs(draws, 2 + (draws - 2) * n)),
    "n K made n + K + 1": (L.finite_skip, lambda risk: risk.subs(n * draws, n + draws + 1)),
    "right for n K = 6": (L.finite_skip, lambda risk: risk + (n * draws - 6) * ridge),
    "the ridge counted per pair": (L.finite_skip, lambda risk: risk.subs(ridge, ridge / (n * draws))),
}


@pytest.mark.parametrize("name", WRONG_SUMS)
def test_a_sum_that_is_right_for_some_counts_is_refused(name: str) -> None:
    formula, attack = WRONG_SUMS[name]
    first, second, *_ = formula.derivation.steps
    wrong = replace(second, expression=attack(second.expression))
    assert wrong.expression != second.expression
    with pytest.raises(ProofError, match="step 2 fails"):
        Derivation((first, wrong), formula.derivation.where).execute(region=formula.domain.region)


@pytest.mark.parametrize(("size", "holds"), [(2, True), (-2, False)])
def test_a_component_off_the_sums_must_cost(monkeypatch: pytest.MonkeyPatch, size: int, holds: bool) -> None:
    """The risk at the sums is right for any ridge; with one so negative a part of w beside them would lower it."""
    monkeypatch.setattr(finite, "ridge", size * n * draws)
    first, second, *_ = L.finite_skip.derivation.steps
    derivation = Derivation((first, replace(second, expression=finite.risk())))
    if holds:
        assert derivation.execute().executed
    else:
        with pytest.raises(ProofError, match="step 2 fails"):
            derivation.execute()


def _proved(formula: Formula, mutant: Mutant, refute: bool) -> bool:
    """Whether the kernel takes a mutant for the formula; its points are left out unless ``refute``."""
    try:
        gaps = differences(formula.expression, expanded(mutant))
        for gap in gaps:
            decide(gap, "= 0", formula.domain.region, refute=refute)
    except (Refuted, Undecided, TypeError):  # TypeError: it compares what is not real, and is no expression
        return False
    return True


def _few(formula: Formula, count: int) -> list[Mutant]:
    """A sample of the plain ones, and the subtle ones: all, or three where a decision takes seconds."""
    plain = list(mutants(formula))
    subtle = list(mutants(formula, subtle=True))[len(plain):]
    few = formula.name.endswith("fluctuation")
    return plain[:: max(1, len(plain) // count)] + (subtle[::5] if few else subtle)


@each_formula
def test_no_generated_claim_is_proved(formula: Formula) -> None:
    accepted = [each.description for each in _few(formula, 20) if _proved(formula, each, refute=True)
                and not equivalent(each, formula)]
    assert not accepted


@pytest.mark.slow
def test_no_generated_claim_is_proved_without_points() -> None:
    """The deciders alone: at least 2 000 claims over all formulas; the count is printed."""
    count, accepted, same = 0, [], 0
    for formula in EVERY:
        if formula.name.endswith("fluctuation"):
            continue  # seconds each: the test above has some of them, with points
        for mutant in _few(formula, 18):
            if mutant.description.startswith(("hints", "bracket")):
                continue  # what only numerics use is no matter of the kernel
            count += 1
            if _proved(formula, mutant, refute=False):
                if equivalent(mutant, formula):
                    same += 1
                else:
                    accepted.append(f"{formula.name}: {mutant.description}")
    print(f"{count} claims, {same} of them true by another form, {len(accepted)} wrong ones accepted")
    assert count >= 2000
    assert not accepted


@each_formula
def test_right_forms_are_taken(formula: Formula) -> None:
    """One in three; the slow sibling takes all."""
    if formula.name in ("limited_samples.best_ridge", "phases.first_phase"):
        with pytest.raises(ValueError, match="defined by a minimisation"):
            list(rewrites(formula))
        return
    for _, form in list(rewrites(formula))[::3]:
        assert formula.prove(form).executed


@pytest.mark.slow
def test_nearly_all_right_forms_are_taken() -> None:
    """At least 99 of 100, of at least 1 000."""
    refused, count = [], 0
    for formula in EVERY:
        if formula.name in ("limited_samples.best_ridge", "phases.first_phase"):
            continue
        for text, form in rewrites(formula):
            count += 1
            try:
                formula.prove(form)
            except ProofError as error:
                refused.append(f"{formula.name} {text}: {error}"[-200:])
    print(f"{count} right forms, {len(refused)} refused: {refused}")
    assert count >= 1000 and len(refused) <= count // 100
