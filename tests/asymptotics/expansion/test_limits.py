"""Limits and series: what they need of the other arguments, both sides, and expansions of expansions."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import sympy as sp

from asymptotics import (
    Derivation,
    Domain,
    ProofError,
    Relation,
    Source,
    Step,
    argument,
    balance as B,
    limited_samples as L,
    phases as P,
)
from asymptotics.formula import Formula
from asymptotics.functions import GaussianMean, entropy
from asymptotics.schedule import Dilation, linear
from asymptotics.symbols import draws, n, p, radius, ridge, s, sigma
from asymptotics.testing import assert_close

z = sp.Symbol("z", real=True)


def own(expression: sp.Expr, *relations: Relation, names: str = "n sigma ridge p s draws") -> Formula:
    """A formula that is assumed, to take limits of."""
    used = [name for name in names.split() if name in {each.name for each in expression.free_symbols}]
    derivation = Derivation((Step("Suppose", expression, "so", "assumption"),))
    return Formula("mine.f", "f", "A function.", Domain(tuple(used), relations), "any",
                   Source("mine", "page 1", "project"), lambda: derivation)


def test_a_limit_that_is_another_at_some_arguments_is_not_taken_there() -> None:
    skip = P.field_skip.limit("sigma", 0)
    assert skip.prove().executed and skip(alpha=0.3, beta=0.5) == 0
    with pytest.raises(ValueError, match=r"alpha = 0 .*needs alpha > 0 \(elsewhere the limit .* is another"):
        skip(alpha=0.0, beta=0.5)  # 1/beta = 2 there
    assert P.field_skip(alpha=0.0, beta=0.5, sigma=1e-9) == 2


NEEDED = [
    (own(ridge / (ridge + sigma)), "sigma", 0, 1, "ridge > 0"),
    (own(sigma / sp.sqrt(sigma**2 + ridge)), "sigma", 0, 0, "ridge > 0"),
    (own(sp.tanh((ridge - 1) * n)), "n", sp.oo, sp.sign(ridge - 1), "ridge - 1 > 0 or ridge - 1 < 0"),
    (own((ridge - 1) * sigma / ((ridge - 1) ** 2 + sigma)), "sigma", 0, 0, "ridge - 1 > 0 or ridge - 1 < 0"),
    (own(sp.log(ridge + sigma) - sp.log(ridge)), "sigma", 0, 0, "ridge > 0"),
]


@pytest.mark.parametrize(("formula", "name", "end", "value", "needs"), NEEDED)
def test_what_a_limit_needs_stands_in_its_domain(
    formula: Formula, name: str, end: sp.Expr, value: sp.Expr, needs: str,
) -> None:
    limit = formula.limit(name, end)
    assert sp.simplify(limit.expression - value) == 0
    assert [relation.text for relation in limit.domain.relations] == [needs]
    assert limit.prove().executed


def test_the_needs_of_a_limit_go_with_it_on_a_schedule() -> None:
    on = P.field_skip.limit("sigma", 0).on(linear)
    with pytest.raises(ValueError, match="t = 1 is not allowed"):
        on(t=1.0)
    assert on(t=0.5) == 0 and on.prove().executed


def test_the_needs_of_a_limit_may_hold_constants() -> None:
    limit = own(ridge / (sigma + (sp.pi - ridge) ** 2)).limit("sigma", 0)
    assert limit.domain.relations[0].names == ("ridge",)
    assert_close(limit(ridge=1.0), 1 / (math.pi - 1) ** 2, rtol=1e-14)
    assert limit.evaluate(ridge=1, dps=30) > 0


LIMITS = [
    (own(sp.Min(1, 2 / n)), "n", sp.oo, 0), (own(sp.Max(sigma, 2 * ridge) / n), "n", sp.oo, 0),
    (own(sp.exp(-n) * n**3), "n", sp.oo, 0), (own(sp.tanh(n)), "n", sp.oo, 1),
    (own(sp.erf(s) / s), "s", 0, 2 / sp.sqrt(sp.pi)),
    (own((1 + 1 / n) ** n), "n", sp.oo, sp.E), (own(1 + n ** sp.Rational(-1, 10)), "n", sp.oo, 1),
    (own(1 / (1 + sp.log(n))), "n", sp.oo, 0), (own(sp.exp(-1 / s) / s**2), "s", 0, 0),
    (own(sp.Piecewise((s, s < 1), (s**2, True))), "s", 1, 1), (own(sp.Abs(sigma - 1)), "sigma", 1, 0),
    (own(GaussianMean(sp.tanh(p + s * z) ** 2, z, s, p)), "s", 0, sp.tanh(p) ** 2),
    (own(GaussianMean((z + ridge) ** 2 * sp.sech(s * z), z, s, 0)), "s", 0, 1 + ridge**2),
    (P.mmse, "s", 0, 4 * p * (1 - p)), (B.imh_acceptance_gaussian, "scale", 0, 0),
    (B.jump_rate_kramers, "sigma", 0, 0), (P.total_variation, "s", sp.oo, 1),
    (L.mean_error.limit("draws", 1), "n", 1, (ridge**2 * radius**2 + radius**2 + 2 * sigma**2) / (1 + ridge) ** 2),
]


@pytest.mark.parametrize(("formula", "name", "end", "value"), LIMITS)
def test_limits_by_rules_are_exact(formula: Formula, name: str, end: sp.Expr, value: sp.Expr) -> None:
    limit = formula.limit(name, end)
    assert sp.simplify(limit.expression - value) == 0
    proof = limit.prove()
    assert proof.steps[-1].kind == "exact"


def test_the_sign_of_the_half_log_odds_decides_the_field() -> None:
    limit = P.mode_probability_field.limit("kappa", 0)
    assert [limit(p=share) for share in (0.3, 0.7)] == [0, 1] and limit.prove().executed
    with pytest.raises(ValueError, match=r"p = 0\.5 is not allowed"):
        limit(p=0.5)


NONE = [
    (own(sp.log(sigma)), "sigma", 0), (own(sp.sin(n)), "n", sp.oo), (own(1 / sigma), "sigma", 0),
    (own(sp.Abs(sigma - 1) / (sigma - 1)), "sigma", 1), (own(sp.sign(sigma - 1)), "sigma", 1),
    (own(sp.exp(n)), "n", sp.oo),
    (own(n - sp.sqrt(n)), "n", sp.oo), (P.first_bias, "p", 0),
]


@pytest.mark.parametrize(("formula", "name", "end"), NONE)
def test_what_has_no_finite_limit_is_refused(formula: Formula, name: str, end: sp.Expr) -> None:
    with pytest.raises(ValueError, match=r"diverges|differs on both sides|knows no finite value"):
        formula.limit(name, end)


def test_a_series_of_functions() -> None:
    assert own(sp.exp(s) * sp.tanh(s)).series("s", 0, 4).expression.expand() == s + s**2 + s**3 / 6
    assert P.mmse.series("s", 0, 3).prove().executed
    bend = own(sp.sqrt(sp.expand((sigma - 1) ** 2)) * sigma)
    with pytest.raises(ValueError, match="differs on both sides"):
        bend.series("sigma", 1, 3)


def test_an_expansion_is_another_thing_than_the_formula() -> None:
    two = L.mean_error.series("n", order=2)
    assert two.remainder == "O(n^{-2})"
    with pytest.raises(ValueError, match=r"need not stay small .*at .*take this step first"):
        two.limit("ridge", "oo")  # radius^2, and not sigma^2 (K + 1)/(n K)
    assert two.limit("draws", 1).expression == 2 * sigma**2 / n and two.limit("draws", 1).remainder == two.remainder
    assert two.limit("n", "oo").expression == 0 and two.limit("n", "oo").remainder == ""
    with pytest.raises(ValueError, match="known only for n near oo"):
        two.limit("n", 1)


def test_the_remainder_goes_through_series_and_derivatives() -> None:
    three = L.mean_error.series("n", order=3)
    both = three.series("ridge", at=0, order=2)
    assert both.remainder == r"O(n^{-3}),\; O(\lambda^{2})" and both.prove().executed
    slope = three.diff("n")
    assert slope.remainder == "O(n^{-4})" and slope.prove().executed
    assert sp.degree(sp.expand(slope.expression).subs(n, 1 / s), s) == 3
    assert three.diff("ridge").remainder == "O(n^{-3})"
    at_zero = L.mean_error.series("ridge", at=0, order=2)
    assert at_zero.diff("ridge").remainder == r"O(\lambda^{1})"
    with pytest.raises(ValueError, match="expand further"):
        at_zero.diff("ridge").diff("ridge")
    with pytest.raises(ValueError, match="up to terms of the order 3"):
        three.series("n", order=4)
    assert three.series("n", order=2).expression == L.mean_error.series("n", order=2).expression


def test_orders_of_expansion_that_do_not_commute_are_refused() -> None:
    formula = own(ridge / (ridge + 1 / n))  # 1 - 1/(ridge n) + ..., and n ridge - n^2 ridge^2 + ...
    with pytest.raises(ValueError, match="is not taken"):
        formula.series("n", order=3).series("ridge", 0, 2)


def test_a_derivative_is_not_taken_at_a_kink() -> None:
    slope = own(sp.Abs(sigma - ridge)).diff("sigma")
    assert slope(sigma=2.0, ridge=1.0) == 1 and slope.prove().executed
    with pytest.raises(ValueError, match="a kink or a jump"):
        slope(sigma=1.0, ridge=1.0)


def test_a_wrong_limit_in_a_chain_is_refused() -> None:
    limit = P.field_skip.limit("sigma", 0)
    with pytest.raises(ProofError):
        limit.prove("alpha*beta")
    wide = Domain(("alpha", "beta"), P.field_skip.domain.relations)
    with pytest.raises((ProofError, ValueError)):
        Formula("mine.g", "g", "Too wide.", wide, "any", Source("mine", "page 1", "project"), limit.derive).prove()


def test_own_ends_of_a_range_count() -> None:
    entry = argument("c", r"c", "A share.", usual=(0.1, 0.9), low=Fraction(0), high=Fraction(1))
    c = entry.symbol
    derivation = Derivation((Step("Suppose", sp.sqrt(1 - c) * draws, "so", "assumption"),))
    formula = Formula("mine.h", "h", "A root.", Domain(("c", "draws"), (), (entry,)), "any",
                      Source("mine", "page 1", "project"), lambda: derivation)
    assert formula.limit("c", 1).expression == 0 and formula.limit("c", 1).prove().executed


def test_limits_of_expansions_are_compared_with_those_of_the_whole_in_their_order() -> None:
    """A referee's chain: the limits of overlap_mean are 1, those of its expansion in 1/beta are 0."""
    chain = L.overlap_mean.series("beta", "oo", 1).limit("n", "oo")
    with pytest.raises(ValueError, match="need not stay small"):
        chain.limit("sigma", 0)
    formula = own(ridge / (ridge + n + sigma * ridge**2)).series("n", "oo", 1).limit("sigma", 0)
    for follow in (lambda: formula.limit("ridge", "oo"), lambda: formula.series("ridge", "oo", 1)):
        with pytest.raises(ValueError, match="need not stay small"):
            follow()


def test_relations_of_the_weights_go_onto_a_schedule() -> None:
    alpha, beta = P.field_skip.domain.symbols["alpha"], P.field_skip.domain.symbols["beta"]
    derivation = Derivation((Step("Suppose", sp.Abs(alpha - beta), "so", "assumption"), Step(
        "It is positive", alpha - beta, "so", "exact", lambda previous, current: [previous - current])))
    formula = Formula("mine.gap", "g", "A gap.", Domain(("alpha", "beta"), (Relation("alpha > beta", "so"),)), "any",
                      Source("mine", "page 1", "project"), lambda: derivation)
    on = formula.on(linear)
    assert_close(on(t=0.1), 0.8, rtol=1e-15)
    assert on.prove().executed
    with pytest.raises(ValueError, match=r"t = 0\.9 is not allowed: needs 1 - t > t"):
        on(t=0.9)


def test_relations_go_onto_a_schedule_in_pieces() -> None:
    pieces = linear.dilated(Dilation("Piecewise((t/2, t < 1/2), (3*t/2 - 1/2, True))"))
    skip = L.skip.on(pieces)
    for time in (0.3, 0.7):
        weights = dict(zip(("alpha", "beta"), map(float, pieces.mix(time)), strict=True))
        assert_close(skip(t=time, n=1, sigma=1.0, ridge=0.0, draws=2), L.skip(
            **weights, n=1, sigma=1.0, ridge=0.0, draws=2), rtol=1e-14)
    assert skip(t=[0.3, 0.7], n=1, sigma=1.0, ridge=0.0, draws=2).shape == (2,)
    assert skip.evaluate(t="0.3", n=2, sigma=1, ridge=0, draws=2, dps=30) > 0
    with pytest.raises(ValueError, match="t = 1, n = 1, ridge = 0 is not allowed"):
        skip(t=1.0, n=1, sigma=1.0, ridge=0.0, draws=2)
    with pytest.raises(ValueError, match="t = 1, n = 1, ridge = 0 at index"):
        skip(t=[0.3, 1.0], n=1, sigma=1.0, ridge=0.0, draws=2)


@pytest.mark.parametrize(("expression", "order"), [
    (1 + 1 / n + n ** sp.Rational(-3, 2), 2), (1 + 1 / sp.sqrt(n), 1),
    (1 + 1 / n + sp.Max(0, ridge - 10**4) * n ** sp.Rational(-3, 2), 2),
])
def test_fractional_powers_below_the_order_are_refused(expression: sp.Expr, order: int) -> None:
    formula = own(expression)
    with pytest.raises(ValueError, match="fractional powers"):
        formula.series("n", "oo", order)
    assert formula.limit("n", "oo").expression == 1 and formula.limit("n", "oo").prove().executed


def test_a_derivative_is_not_taken_where_branches_meet() -> None:
    slope = own(sp.Piecewise((s, s < 1), (s**2, True))).diff("s")
    assert slope(s=0.5) == 1 and slope(s=2.0) == 4
    with pytest.raises(ValueError, match="a kink or a jump"):
        slope(s=1.0)
    twice = own(sp.Abs(s - ridge) * s).diff("s").diff("s")
    assert twice(s=1.0, ridge=2.0) == -2 and twice.prove().executed


UNKNOWN = [
    (own(sp.Piecewise((1, n**2 < n - s**2 + 4), (sp.sqrt(n), True))), "s", 1),
    (own(sp.Piecewise((1, n < s + 1 + sp.Rational(1, 1000)), (n, True))), "s", 0), (own(p**n), "n", sp.oo),
    (B.imh_acceptance_gaussian, "d", sp.oo), (own(GaussianMean((z + s) ** 18, z)), "s", 0),
]


@pytest.mark.parametrize(("formula", "name", "end"), UNKNOWN)
def test_what_is_not_known_is_not_called_divergent(formula: Formula, name: str, end: sp.Expr) -> None:
    with pytest.raises(ValueError, match=r"not known|does not know|knows no finite") as caught:
        formula.limit(name, end)
    assert "diverges" not in str(caught.value)


def test_the_end_of_a_relation_at_infinity() -> None:
    with pytest.raises(ValueError, match=r"learning_rate = oo is not allowed: needs learning_rate\*p\*\(1 - p\) < 1"):
        B.critical_jump_rate.limit("learning_rate", "oo")
    assert own(ridge * n / (n + ridge), Relation("n > ridge", "so")).limit("n", "oo").domain.relations == ()
    above = own(n / (n + ridge), Relation("n*ridge > 1", "so")).limit("n", "oo")
    assert [relation.text for relation in above.domain.relations] == ["ridge > 0"] and above.prove().executed


@pytest.mark.parametrize("text", ["1/ridge > 1 or sigma > 1", "0**(-ridge) > 1 or sigma > 1"])
def test_a_relation_without_a_value_does_not_hold(text: str) -> None:
    formula = own(ridge * sigma, Relation(text, "so"))
    assert formula.evaluate(ridge=0, sigma=2) == 0 and formula(ridge=0.0, sigma=2.0) == 0
    with pytest.raises(ValueError, match="not allowed"):
        formula.evaluate(ridge=0, sigma=1)


def test_roots_in_relations_are_decided_in_digits() -> None:
    formula = own(ridge * sigma, Relation("(ridge - 1)**(1/2) < 1", "so"))
    assert formula.evaluate(ridge=1, sigma=2) == 2
    with pytest.raises(ValueError, match="ridge = 0 is not allowed"):
        formula.evaluate(ridge=0, sigma=2)


def test_only_execution_makes_a_proof() -> None:
    step = Step("Suppose", n, "so", "assumption")
    with pytest.raises(TypeError, match="executed"):
        Derivation((step,), executed=True)  # type: ignore[call-arg]
    texts = Derivation((step, Step("And so", n, "so", "exact", lambda previous, current: ["0"])))
    with pytest.raises(TypeError, match="give expressions of sympy"):
        texts.execute()


JUMPS = [
    GaussianMean(sp.Heaviside(z - ridge), z, 1, 0), GaussianMean(sp.sign(z - ridge), z, 1, 0),
    GaussianMean(sp.Piecewise((1, z < ridge), (0, True)), z, 1, 0), GaussianMean(sp.Abs(z**2 - ridge), z, 1, 0),
]


@pytest.mark.parametrize("expression", JUMPS)
def test_the_mean_of_a_jump_has_another_derivative_than_the_mean_of_its_derivative(expression: sp.Expr) -> None:
    with pytest.raises(ValueError, match="no derivative is known of a mean"):
        own(expression).diff("ridge")


def test_a_mean_smooths_a_kink_once() -> None:
    slope = own(GaussianMean(sp.Abs(z - ridge), z, 1, 0)).diff("ridge")
    assert slope.prove().executed and slope.domain.relations == ()
    with pytest.raises(ValueError, match="no derivative is known of a mean"):
        slope.diff("ridge")


@pytest.mark.parametrize("expression", [
    entropy(sp.Abs(ridge - 1) / 4 + sp.Rational(1, 4)), entropy(sp.Max(ridge, 1) / 4),
    GaussianMean(sp.Abs((ridge - 1) * z), z, 1, 0), GaussianMean(sp.tanh(z**2 * sp.Abs(ridge - 1)), z, 1, 0),
    entropy(sp.Piecewise((ridge / 8, ridge < 1), (sp.Rational(1, 4) + ridge / 8, True))),
])
def test_kinks_inside_names_and_means_are_left_out(expression: sp.Expr) -> None:
    slope = own(expression).diff("ridge")
    assert slope.prove().executed and slope(ridge=1.5) != 0
    with pytest.raises(ValueError, match="a kink or a jump"):
        slope(ridge=1.0)


def test_an_expansion_has_the_conditions_of_both_orders() -> None:
    formula = own(1 / (1 + n * (sigma + ridge)))
    limit = formula.series("n", "oo", 1).limit("sigma", 0)
    with pytest.raises(ValueError, match="ridge = 0 is not allowed"):
        limit(n=10, ridge=0.0)  # 1 there, for every n
    assert limit.prove().executed


EDGES = [
    ("sigma**2 >= sigma", "sigma", 0, None), ("sigma <= ridge", "sigma", 0, ["ridge > 0"]),
    ("ridge*(ridge - 1) >= 0", "ridge", 0, None), ("sigma/(1 + ridge) >= 1", "sigma", 0, None),
    ("Piecewise((sigma - 1, ridge <= 0), (1 - sigma, True)) > 0", "ridge", 0, ["1 - sigma > 0"]),
]


@pytest.mark.parametrize(("text", "name", "end", "left"), EDGES)
def test_relations_hold_on_the_way_to_an_edge(text: str, name: str, end: int, left: list[str] | None) -> None:
    formula = own(ridge + sigma, Relation(text, "so"))
    if left is None:
        with pytest.raises(ValueError, match=r"is not allowed"):
            formula.limit(name, end)
    else:
        assert [relation.text for relation in formula.limit(name, end).domain.relations] == left


def test_an_expansion_in_a_weight_is_not_put_on_a_schedule() -> None:
    with pytest.raises(ValueError, match="an expansion in a weight of the schedule"):
        P.field_skip.series("alpha", 0, 1).on(linear)
    assert P.field_skip.limit("alpha", 0).on(linear)(t=0.5, sigma=1.0) == 2  # 1/beta


def test_a_relation_without_a_branch_does_not_hold() -> None:
    formula = own(sigma + ridge, Relation("Piecewise((ridge, sigma > 1)) > 0", "so"))
    with pytest.raises(ValueError, match="not allowed"):
        formula(sigma=0.5, ridge=[1.0, 2.0])
    assert formula(sigma=2.0, ridge=[1.0, 2.0]).tolist() == [3, 4]


def test_a_relation_that_holds_nowhere_on_a_schedule_is_refused() -> None:
    alpha = P.field_skip.domain.symbols["alpha"]
    derivation = Derivation((Step("Suppose", alpha, "so", "assumption"),))
    domain = Domain(("alpha", "beta"), (Relation("alpha + beta > 2", "so"),))
    source = Source("mine", "page 1", "project")
    formula = Formula("mine.f", "f", "A weight.", domain, "any", source, lambda: derivation)
    with pytest.raises(ValueError, match=r"alpha \+ beta > 2 holds nowhere there \(so\)"):
        formula.on(linear)
