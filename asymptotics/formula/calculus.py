"""Formulas from formulas: on a schedule, derivatives, limits, series. Each extends the derivation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeVar

import sympy as sp

from asymptotics import symbols
from asymptotics.algebra import expand_where, time_limit
from asymptotics.arguments import letter
from asymptotics.derivation import Derivation, Kind, Step
from asymptotics.domain import Domain, Relation
from asymptotics.formula.expansion import SECONDS, Diverges, agreed, expansion, gaps_near, is_of_order, sides_of
from asymptotics.formula.statement import Statement
from asymptotics.functions import ArgMin, LeastPoint, spelled
from asymptotics.parse import read
from asymptotics.schedule import Interpolant
from asymptotics.symbols import ARGUMENTS

F = TypeVar("F", bound=Statement)
_WEIGHTS = ("alpha", "beta", "dalpha", "dbeta")


@dataclass(frozen=True)
class Operation:
    """A derivation that continues the parent's: hashable and picklable, run on first use."""

    run: Callable[..., Derivation]
    parent: Statement
    parameters: tuple[Any, ...]

    def __call__(self) -> Derivation:
        return self.run(self.parent, *self.parameters)


def _argument(formula: Statement, name: str) -> sp.Symbol:
    if name not in formula.arguments:
        raise ValueError(f"{formula.name} has no argument {name!r}; its arguments are "
                         f"{', '.join(formula.arguments)}")
    return formula.domain.entry(name).symbol


def _explicit(formula: Statement, what: str) -> sp.Expr:
    expression = formula.expression
    if expression.has(ArgMin, LeastPoint):
        raise ValueError(f"{formula.name} is defined by a minimisation; sympy has no {what} for it")
    return spelled(expression)


def _without(domain: Domain, name: str, value: sp.Expr | None) -> Domain:
    """The domain with one argument fixed; relations keep its value, or fall away at infinity."""
    kept = []
    for relation in domain.relations:
        if name not in relation.names:
            kept.append(relation)
            continue
        at = sp.oo if value is None else value
        parts = [part.subs(domain.symbols[name], at) for part in domain.alternatives(relation)]
        if sp.true in parts:
            continue
        text = " or ".join(str(part) for part in parts if part is not sp.false)
        if not text:
            raise ValueError(f"{name} = {value} is not allowed: needs {relation.text} ({relation.reason})")
        kept.append(Relation(text, relation.reason))
    names = tuple(a for a in domain.arguments if a != name)
    special = tuple(entry for entry in domain.special if entry.name != name)
    return replace(domain, arguments=names, relations=tuple(kept), special=special)


# -- on a schedule --------------------------------------------------------------------------------------


def on_schedule(formula: F, schedule: Interpolant) -> F:
    """The formula in t; one that has no alpha, beta is returned as it is once the ends are right."""
    if not isinstance(schedule, Interpolant):
        raise TypeError(f"on() takes an Interpolant (asymptotics.schedule), not {schedule!r}")
    if "t" in formula.arguments:
        raise ValueError(f"{formula.name} is on a schedule already; take on() of the formula it came from")
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
    own = tuple(entry for entry in formula.domain.special if entry.name in rest)
    return replace(
        formula,
        name=f"{formula.name}.on({schedule.name})",
        domain=Domain(("t", *rest), relations, (time, *own)),
        derive=Operation(_on_schedule, formula, (schedule,)),
    )


def _bound(value: sp.Expr) -> Fraction | None:
    """The end of a schedule as a bound of t: the fraction, or the nearest float of an end such as pi/2."""
    if not value.is_finite:
        return None
    return Fraction(value.p, value.q) if value.is_Rational else Fraction(float(value))


def _on_schedule(formula: Statement, schedule: Interpolant) -> Derivation:
    before = formula.derivation
    inserted = {
        symbols.alpha: schedule.alpha, symbols.beta: schedule.beta,
        symbols.dalpha: schedule.dalpha, symbols.dbeta: schedule.dbeta,
    }
    algebraic = all(value.is_algebraic_expr(symbols.t) for value in inserted.values())
    kind: Kind = "exact" if algebraic else "numeric"
    renamed: dict[sp.Symbol, sp.Symbol] = {}
    fresh = []
    for symbol, meaning in before.where:
        in_time = _inserted(meaning.xreplace(renamed), inserted)
        if in_time != meaning:
            renamed[symbol] = symbols.in_time(symbol)
            fresh.append((renamed[symbol], in_time))
    return before.then(
        Step(
            f"On the {schedule.name.replace('_', '-')} schedule "
            f"$\\alpha={sp.latex(schedule.alpha)}$, $\\beta={sp.latex(schedule.beta)}$",
            _inserted(formula.short.xreplace(renamed), inserted),
            "insert; what holds a derivative of the weights is simplified", kind,
            lambda previous, current: _same_on_schedule(
                before.expand(previous).subs(inserted), expand_where(current, (*before.where, *fresh)), kind,
                formula.domain,
            ),
        ),
        where=fresh,
    )


def _inserted(expression: sp.Expr, inserted: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    """The schedule put in. Where a derivative of the weights meets weights, the product is simplified, so that
    poles that cancel do; the rest keeps its shape, and with it its accuracy."""
    weights = set(inserted)

    def visit(node: sp.Expr) -> sp.Expr:
        if not node.free_symbols & weights:
            return node
        if not node.has(symbols.dalpha, symbols.dbeta):
            return node.subs(inserted)
        if node.free_symbols <= weights:
            return _simplified(node.subs(inserted))
        if node.is_Mul:
            own = [factor for factor in node.args if factor.free_symbols and factor.free_symbols <= weights]
            rest = [visit(factor) for factor in node.args if factor not in own]
            return sp.Mul(_simplified(sp.Mul(*own).subs(inserted)), *rest)
        return node.func(*[visit(argument) for argument in node.args])

    return visit(expression)


def _same_on_schedule(left: sp.Expr, right: sp.Expr, kind: Kind, domain: Domain) -> list[object]:
    """Equality on a schedule: exact where it is algebraic in t, else in 60 digits at six generic points."""
    if kind == "exact":
        return [left - right]
    gap = left - right
    others = sorted((left.free_symbols | right.free_symbols) - {symbols.t}, key=lambda s: s.name)
    highs = {entry.symbol: entry.high for entry in domain.entries}
    held: list[object] = []
    for k in range(6):
        point = {s: _inside(highs.get(s), sp.Rational(17 + 5 * i + 3 * k, 13)) for i, s in enumerate(others)}
        point[symbols.t] = sp.Rational(2 * k + 1, 13)
        scale = 1 + abs(sp.N(left.xreplace(point), 20))
        held.append(bool(abs(sp.N(gap.xreplace(point), 60, maxn=400)) < sp.Float("1e-50") * scale))
    return held


def _inside(high: Fraction | None, value: sp.Rational) -> sp.Rational:
    """A positive number, brought below the upper end of a range if it has one."""
    return value if high is None else sp.Rational(high) * value / (1 + value)


def _simplified(expression: sp.Expr) -> sp.Expr:
    """Simplified, if that ends within the time limit: the expressions are a few factors of t only."""
    try:
        with time_limit(SECONDS, "simplifying the schedule's weights"):
            return sp.simplify(expression)
    except TimeoutError:
        return expression


def limit_in_time(formula: Statement, exact: dict[str, Fraction]) -> sp.Expr:
    """The limit in t at the given time from inside, other arguments exact; oo or nan if there is none."""
    point = {
        formula.domain.entry(name).symbol: sp.Rational(v.numerator, v.denominator)
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


def derivative(formula: F, name: str) -> F:
    symbol = _argument(formula, name)
    _explicit(formula, "derivative")
    return replace(
        formula,
        name=f"{formula.name}.diff({name})",
        letter=rf"\partial_{{{letter(symbol)}}} {formula.letter}",
        statement=f"The derivative with respect to {name} of {formula.name}.",
        derive=Operation(_derivative, formula, (name,)),
    )


def _derivative(formula: Statement, name: str) -> Derivation:
    symbol, before = formula.domain.entry(name).symbol, formula.derivation
    return before.then(Step(
        f"Differentiate with respect to ${letter(symbol)}$",
        sp.diff(before.expand(formula.short), symbol), "the shorthands put in", "exact",
        lambda previous, current: [sp.diff(before.expand(previous), symbol) - current],
    ))


def _end(formula: Statement, name: str, value: Any, where: str) -> sp.Expr:
    """What an argument may tend to: a number in its closed range, or infinity where that has no end."""
    target = read(value, where=where)
    entry = formula.domain.entry(name)
    low, high = (
        end if bound is None else sp.Rational(bound.numerator, bound.denominator)
        for end, bound in ((-sp.oo, entry.low), (sp.oo, entry.high))
    )
    if not (target.is_extended_real and low <= target <= high and target != -sp.oo):
        raise ValueError(f"{name} -> {target} is not allowed: {entry.range}, or its end")
    return target


# -- limit ----------------------------------------------------------------------------------------------


def limit(formula: F, name: str, value: Any) -> F:
    symbol = _argument(formula, name)
    _explicit(formula, "limit")
    target = _end(formula, name, value, "value")
    return replace(
        formula,
        name=f"{formula.name}.limit({name}={target})",
        letter=rf"\lim_{{{letter(symbol)}\to {sp.latex(target)}}} {formula.letter}",
        statement=f"The limit of {formula.name} as {name} tends to {target}.",
        domain=_without(formula.domain, name, target),
        derive=Operation(_limit, formula, (name, target)),
    )


def _limit(formula: Statement, name: str, target: sp.Expr) -> Derivation:
    symbol, before = formula.domain.entry(name).symbol, formula.derivation
    sides, what = sides_of(formula, name, target), f"the limit of {formula.name} as {name} tends to {target}"

    def constant(expression: sp.Expr) -> sp.Expr:
        found = [expansion(before, expression, symbol, target, 1, side) for side in sides]
        if any(c != 0 for each in found for power, c in each.items() if power < 0):
            raise Diverges(f"{formula.name} diverges as {name} tends to {target}")
        return agreed(formula, [each[0] for each in found], what)

    def near(previous: sp.Expr, current: sp.Expr) -> list[list[sp.Expr]]:
        return gaps_near(before, previous, current, symbol, target, sides)

    claim = f"Let ${letter(symbol)}\\to {sp.latex(target)}$"
    try:
        value = constant(formula.short)
    except Diverges:
        raise
    except ValueError:  # not a series in whole powers: sympy may still know the limit
        found = [_by_sympy(formula, symbol, target, side) for side in sides]
        value = agreed(formula, found, what)
        return before.then(Step(
            claim, value, "sympy's limit, confirmed near the point in 200 digits", "numeric",
            lambda previous, current: [
                not current.has(symbol), *(bool(gaps[1] < 1e-12) for gaps in near(previous, current))],
        ))
    return before.then(Step(
        claim, value, "the constant term of the exact expansion there; what is left vanishes", "exact",
        lambda previous, current: [
            constant(previous) - current, not current.has(symbol),
            *(is_of_order(gaps, 1) for gaps in near(previous, current)),
        ],
    ))


def _by_sympy(formula: Statement, symbol: sp.Symbol, target: sp.Expr, side: int) -> sp.Expr:
    expression, direction = formula.expression, "-" if target == sp.oo or side < 0 else "+"
    try:
        with time_limit(SECONDS, f"the limit of {formula.name}"):
            found = sp.limit(expression, symbol, target, direction)
    except (TimeoutError, NotImplementedError, TypeError, AttributeError) as error:  # sympy's own, at Min and Piecewise
        raise ValueError(f"sympy has no limit of {formula.name} as {symbol} tends to {target}") from error
    if found.has(sp.oo, -sp.oo, sp.zoo, sp.nan, sp.Limit, sp.AccumBounds, sp.I):
        raise Diverges(f"{formula.name} diverges as {symbol} tends to {target}")
    return found


# -- series ---------------------------------------------------------------------------------------------


def series(formula: F, name: str, at: Any, order: int) -> F:
    symbol = _argument(formula, name)
    _explicit(formula, "series")
    if isinstance(order, bool) or not isinstance(order, int):
        raise TypeError(f"order = {order!r} must be an integer")
    if not 1 <= order <= 12:
        raise ValueError(f"order = {order} is not allowed: 1 <= order <= 12")
    point = _end(formula, name, at, "at")
    latex = letter(symbol)
    rest = rf"{latex}^{{-{order}}}" if point == sp.oo else rf"({latex}-{sp.latex(point)})^{{{order}}}"
    if point == 0:
        rest = rf"{latex}^{{{order}}}"
    return replace(
        formula,
        name=f"{formula.name}.series({name}={point},{order})",
        remainder=rf"O({rest})",
        statement=f"The expansion of {formula.name} in {name} at {point}, without its terms from "
                  f"order {order} on.",
        derive=Operation(_series, formula, (name, point, order)),
    )


def _series(formula: Statement, name: str, point: sp.Expr, order: int) -> Derivation:
    symbol, before = formula.domain.entry(name).symbol, formula.derivation
    small = 1 / symbol if point == sp.oo else symbol - point
    sides, what = sides_of(formula, name, point), f"the expansion of {formula.name} in {name} at {point}"

    def from_side(expression: sp.Expr, side: int) -> sp.Expr:
        found = expansion(before, expression, symbol, point, order, side)
        return sum((c * (side * small) ** power for power, c in found.items()), sp.S.Zero)

    def value(expression: sp.Expr) -> sp.Expr:
        return agreed(formula, [from_side(expression, side) for side in sides], what)

    return before.then(Step(
        f"Expand at ${letter(symbol)}\\to {sp.latex(point)}$ up to order {order - 1}",
        value(formula.short), "exact arithmetic on truncated power series", "exact",
        lambda previous, current: [
            value(previous) - current,
            *(is_of_order(gaps, order) for gaps in gaps_near(before, previous, current, symbol, point, sides)),
        ],
    ))
