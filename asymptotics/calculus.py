"""Formulas from formulas: on a schedule, derivatives, limits, series. Each extends the derivation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Any

import sympy as sp

from asymptotics import laurent, symbols
from asymptotics.algebra import time_limit
from asymptotics.derivation import Derivation, Step
from asymptotics.domain import Domain, Relation
from asymptotics.formula import Formula
from asymptotics.schedule import Interpolant
from asymptotics.special import ArgMin
from asymptotics.symbols import ARGUMENTS

SECONDS = 20.0
_WEIGHTS = ("alpha", "beta", "dalpha", "dbeta")


@dataclass(frozen=True)
class Operation:
    """A derivation that continues the parent's: hashable and picklable, run on first use."""

    run: Callable[..., Derivation]
    parent: Formula
    parameters: tuple[Any, ...]

    def __call__(self) -> Derivation:
        return self.run(self.parent, *self.parameters)


def _argument(formula: Formula, name: str) -> sp.Symbol:
    if name not in formula.arguments:
        raise ValueError(f"{formula.name} has no argument {name!r}; its arguments are "
                         f"{', '.join(formula.arguments)}")
    return ARGUMENTS[name].symbol


def _explicit(formula: Formula, what: str) -> sp.Expr:
    expression = formula.expression
    if expression.has(ArgMin):
        raise ValueError(f"{formula.name} is defined by a minimisation; sympy has no {what} for it")
    return expression


def _without(domain: Domain, name: str, value: sp.Expr | None) -> Domain:
    """The domain with one argument fixed; relations keep its value, or fall away at infinity."""
    kept = []
    for relation in domain.relations:
        if name not in relation.names:
            kept.append(relation)
        elif value is not None and value.is_finite:
            parts = [
                part.replace(name, f"({value})") if name in Relation(part, "").names else part
                for part in relation.text.split(" or ")
            ]
            if (condition := Relation(" or ".join(parts), relation.reason)).names:
                kept.append(condition)
    names = tuple(a for a in domain.arguments if a != name)
    return replace(domain, arguments=names, relations=tuple(kept))


# -- on a schedule --------------------------------------------------------------------------------------


def on_schedule(formula: Formula, schedule: Interpolant) -> Formula:
    """The formula in t; one that has no alpha, beta is returned as it is once the ends are right."""
    if not isinstance(schedule, Interpolant):
        raise TypeError(f"on() takes an Interpolant (asymptotics.schedule), not {schedule!r}")
    if formula.pinned:
        schedule.require_pinned(formula.name)
    if "alpha" not in formula.arguments:
        return formula
    time = replace(
        ARGUMENTS["t"], low=_bound(schedule.start), high=_bound(schedule.end),
        usual=(float(schedule.start), float(min(schedule.end, schedule.start + 5))),
    )
    rest = tuple(name for name in formula.arguments if name not in _WEIGHTS)
    relations = tuple(r for r in formula.domain.relations if not set(r.names) & set(_WEIGHTS))
    return replace(
        formula,
        name=f"{formula.name}.on({schedule.name})",
        domain=Domain(("t", *rest), relations, (time,)),
        derive=Operation(_on_schedule, formula, (schedule,)),
    )


def _bound(value: sp.Expr) -> Fraction | None:
    return Fraction(str(sp.nsimplify(value, rational=True))) if value.is_finite else None


def _on_schedule(formula: Formula, schedule: Interpolant) -> Derivation:
    before = formula.derivation
    inserted = {
        symbols.alpha: schedule.alpha, symbols.beta: schedule.beta,
        symbols.dalpha: schedule.dalpha, symbols.dbeta: schedule.dbeta,
    }
    renamed: dict[sp.Symbol, sp.Symbol] = {}
    fresh = []
    for symbol, meaning in before.where:
        in_time = _simplified(meaning.xreplace(renamed).subs(inserted))
        if in_time != meaning:
            renamed[symbol] = symbols.in_time(symbol)
            fresh.append((renamed[symbol], in_time))

    def moved(expression: sp.Expr) -> sp.Expr:
        return expression.xreplace(renamed).subs(inserted)

    return before.then(
        Step(
            f"On the {schedule.name.replace('_', '-')} schedule "
            f"$\\alpha={sp.latex(schedule.alpha)}$, $\\beta={sp.latex(schedule.beta)}$",
            _simplified(moved(formula.short)), "insert and simplify", "exact",
            lambda previous, current: [sp.simplify(moved(previous) - current)],
        ),
        where=fresh,
    )


def _simplified(expression: sp.Expr) -> sp.Expr:
    """Simplified within the time limit; powers of the schedule's roots cancel at least."""
    if not expression.has(symbols.t):
        return expression
    try:
        with time_limit(SECONDS, "simplifying on the schedule"):
            return sp.simplify(expression)
    except TimeoutError:
        return sp.powsimp(sp.expand(expression))


def limit_in_time(formula: Formula, exact: dict[str, Fraction]) -> sp.Expr:
    """The limit in t at the given time from inside, other arguments exact; oo or nan if there is none."""
    point = {
        ARGUMENTS[name].symbol: sp.Rational(v.numerator, v.denominator)
        for name, v in exact.items() if name != "t"
    }
    at = sp.Rational(exact["t"].numerator, exact["t"].denominator)
    low = formula.domain.entry("t").low
    direction = "+" if low is not None and exact["t"] == low else "-"
    try:
        with time_limit(SECONDS, f"the limit at t = {at}"):
            return sp.limit(formula.expression.subs(point), symbols.t, at, direction)
    except (TimeoutError, NotImplementedError):
        return sp.nan


# -- derivative -----------------------------------------------------------------------------------------


def derivative(formula: Formula, name: str) -> Formula:
    symbol = _argument(formula, name)
    _explicit(formula, "derivative")
    return replace(
        formula,
        name=f"{formula.name}.diff({name})",
        letter=rf"\partial_{{{symbols.LETTERS[symbol]}}} {formula.letter}",
        statement=f"The derivative with respect to {name} of {formula.name}.",
        derive=Operation(_derivative, formula, (name,)),
    )


def _derivative(formula: Formula, name: str) -> Derivation:
    symbol, before = ARGUMENTS[name].symbol, formula.derivation
    return before.then(Step(
        f"Differentiate with respect to ${symbols.LETTERS[symbol]}$",
        sp.diff(before.expand(formula.short), symbol), "the shorthands put in", "exact",
        lambda previous, current: [sp.diff(before.expand(previous), symbol) - current],
    ))


# -- limit ----------------------------------------------------------------------------------------------


def limit(formula: Formula, name: str, value: Any) -> Formula:
    symbol = _argument(formula, name)
    _explicit(formula, "limit")
    target = sp.oo if value in (sp.oo, float("inf")) else symbols.read(value, where="value")
    entry = formula.domain.entry(name)
    if target != sp.oo and entry.low is not None and target < sp.Rational(str(entry.low)):
        raise ValueError(f"{name} = {target} is not allowed: {entry.range}")
    return replace(
        formula,
        name=f"{formula.name}.limit({name}={target})",
        letter=rf"\lim_{{{symbols.LETTERS[symbol]}\to {sp.latex(target)}}} {formula.letter}",
        statement=f"The limit of {formula.name} as {name} tends to {target}.",
        domain=_without(formula.domain, name, target),
        derive=Operation(_limit, formula, (name, target)),
    )


def _expansion(derivation: Derivation, expression: sp.Expr, symbol: sp.Symbol, at: sp.Expr,
               order: int) -> dict[int, sp.Expr]:
    """Coefficients of y^k for every power below ``order``; more terms are kept until that is certain."""
    with time_limit(SECONDS, "the expansion"):
        for spare in range(9):
            try:
                found = laurent.expand(expression, derivation.where, symbol, at, order + spare)
                powers = range(min(floor(found.valuation), 0), order)
                return {k: sp.factor(found.coefficient(k)) for k in powers}
            except laurent.Truncated:
                continue
    raise ValueError(f"the expansion in {symbol} cancels beyond {order + 8} terms")


def _approach(derivation: Derivation, previous: sp.Expr, current: sp.Expr, symbol: sp.Symbol,
              at: sp.Expr, order: int) -> bool:
    """Whether (previous - current)/y^order stays bounded as y -> 0, in 200 digits at a generic point.

    This does not use the expansion: it evaluates both sides near the point.
    """
    gap = derivation.expand(previous) - derivation.expand(current)
    others = sorted(gap.free_symbols - {symbol}, key=lambda s: s.name)
    fixed = {s: sp.Rational(13 + 4 * i, 11) for i, s in enumerate(others)}
    ratios = []
    for digits in (20, 30):
        y = sp.Rational(1, 10**digits)
        value = sp.N(gap.xreplace({**fixed, symbol: 1 / y if at == sp.oo else at + y}), 200, maxn=2000)
        ratios.append(abs(value) / y**order)
    return bool(ratios[1] <= ratios[0] * 2 + sp.Rational(1, 10**9))


def _limit(formula: Formula, name: str, target: sp.Expr) -> Derivation:
    symbol, before = ARGUMENTS[name].symbol, formula.derivation

    def value(expression: sp.Expr) -> sp.Expr:
        found = _expansion(before, expression, symbol, target, 1)
        if any(c != 0 for power, c in found.items() if power < 0):
            raise ValueError(f"{formula.name} diverges as {name} tends to {target}")
        return found[0]

    return before.then(Step(
        f"Let ${symbols.LETTERS[symbol]}\\to {sp.latex(target)}$",
        value(formula.short), "the constant term of the exact expansion there; what is left vanishes",
        "exact",
        lambda previous, current: [
            value(previous) - current, not current.has(symbol),
            _approach(before, previous, current, symbol, target, 1),
        ],
    ))


# -- series ---------------------------------------------------------------------------------------------


def series(formula: Formula, name: str, at: Any, order: int) -> Formula:
    symbol = _argument(formula, name)
    _explicit(formula, "series")
    if isinstance(order, bool) or not isinstance(order, int):
        raise TypeError(f"order = {order!r} must be an integer")
    if not 1 <= order <= 12:
        raise ValueError(f"order = {order} is not allowed: 1 <= order <= 12")
    point = sp.oo if at in (sp.oo, float("inf")) else symbols.read(at, where="at")
    letter = symbols.LETTERS[symbol]
    rest = rf"{letter}^{{-{order}}}" if point == sp.oo else rf"({letter}-{sp.latex(point)})^{{{order}}}"
    if point == 0:
        rest = rf"{letter}^{{{order}}}"
    return replace(
        formula,
        name=f"{formula.name}.series({name}={point},{order})",
        letter=rf"{formula.letter} + O({rest})",
        statement=f"The expansion of {formula.name} in {name} at {point}, without its terms from "
                  f"order {order} on.",
        derive=Operation(_series, formula, (name, point, order)),
    )


def _series(formula: Formula, name: str, point: sp.Expr, order: int) -> Derivation:
    symbol, before = ARGUMENTS[name].symbol, formula.derivation
    small = 1 / symbol if point == sp.oo else symbol - point

    def value(expression: sp.Expr) -> sp.Expr:
        found = _expansion(before, expression, symbol, point, order)
        return sum((c * small**power for power, c in found.items()), sp.S.Zero)

    return before.then(Step(
        f"Expand at ${symbols.LETTERS[symbol]}\\to {sp.latex(point)}$ up to order {order - 1}",
        value(formula.short), "exact arithmetic on truncated power series", "exact",
        lambda previous, current: [
            value(previous) - current, _approach(before, previous, current, symbol, point, order),
        ],
    ))
