"""Each formula against its independent law, and every mutant of each formula killed by that law."""

from __future__ import annotations

from collections.abc import Callable

from helpers.equivalence import equivalent, survives
from helpers.formulas import SCALAR, each_formula
from oracles import laws

from asymptotics import limited_samples
from asymptotics.formula import Formula
from asymptotics.testing import assert_matches, mutants


def _law(formula: Formula, point: dict[str, float]) -> float:
    """Between integers n has no vectors: there the law of `best_ridge` minimises mean_error, which has its own law."""
    if formula is limited_samples.best_ridge and point["n"] != int(point["n"]):
        return laws.value(formula.name, point, integrated=limited_samples.mean_error)
    return laws.value(formula.name, point)


def test_every_formula_has_a_law() -> None:
    assert set(laws.every_law()) == {formula.name for formula in SCALAR}


@each_formula
def test_formula_obeys_its_law(formula: Formula) -> None:
    points = laws.points(formula.name, formula.arguments)
    assert len(points) >= 2
    tolerance = laws.tolerance(formula.name)
    worst = assert_matches(formula, lambda **point: _law(formula, point), points, rtol=tolerance, atol=tolerance)
    print(f"{formula.name}: worst discrepancy {worst:.1e} of the law's accuracy {tolerance:g}")


@each_formula
def test_the_law_kills_every_mutant(formula: Formula, record_property: Callable[[str, object], None]) -> None:
    """Every mutant that is not the formula after all; the summary of the run adds up the counts."""
    measured = [(point, _law(formula, point)) for point in laws.points(formula.name, formula.arguments)]
    made = killed = same = 0
    left = []
    for mutant in mutants(formula):
        made += 1
        if not survives(mutant, formula, measured, laws.tolerance(formula.name)):
            killed += 1
        elif equivalent(mutant, formula):
            same += 1
        else:
            left.append(mutant.description)
    record_property("mutants", [made, killed, same])
    print(f"{formula.name}: {made} mutants made, {killed} killed, {same} equivalent, {len(left)} alive")
    assert made >= 5 and killed > 0.9 * made
    assert not left
