"""A formula on a schedule: its weights as functions of t."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import sympy as sp

from asymptotics import symbols
from asymptotics.algebra import SECONDS, expand_where, time_limit
from asymptotics.derivation import Derivation, Kind, Step
from asymptotics.domain import MIX, Domain
from asymptotics.formula.calculus.narrowed import inserted
from asymptotics.formula.calculus.operation import F, Operation
from asymptotics.formula.statement import Statement
from asymptotics.schedule import Interpolant
from asymptotics.symbols import ARGUMENTS

_WEIGHTS = ("alpha", "beta", "dalpha", "dbeta")


def on_schedule(formula: F, schedule: Interpolant) -> F:
    """The formula in t; one that has no alpha, beta is returned as it is once the ends are right."""
    if not isinstance(schedule, Interpolant):
        raise TypeError(f"on() takes an Interpolant (asymptotics.schedule), not {schedule!r}")
    if "t" in formula.arguments:
        raise ValueError(f"{formula.name} is on a schedule already; take on() of the formula it came from")
    if formula.pinned:
        schedule.require_pinned(formula.name)
    if not (_speaks_of_weights(formula) and set(_WEIGHTS) & set(formula.arguments)):
        return formula
    if any(each.symbol in schedule.weights for each in formula.left_out):
        raise ValueError(f"{formula.name} is an expansion in a weight of the schedule; put the formula on the schedule "
                         "first, and expand in t then")
    time = replace(
        ARGUMENTS["t"], low=_bound(schedule.start), high=_bound(schedule.end),
        usual=(float(schedule.start), float(min(schedule.end, schedule.start + 5))),
    )
    rest = tuple(name for name in formula.arguments if name not in _WEIGHTS)
    others = replace(formula.domain, relations=tuple(r for r in formula.domain.relations if r != MIX))
    own = tuple(entry for entry in formula.domain.special if entry.name in rest)
    return replace(
        formula,
        name=f"{formula.name}.on({schedule.name})",
        domain=Domain(("t", *rest), inserted(others, schedule.weights), (time, *own)),
        derive=Operation(on_schedule, _on_schedule, formula, (schedule,)),
    )


def _speaks_of_weights(formula: Statement) -> bool:
    """Whether it, or what it was made from, has alpha; beta alone may be another thing, such as a place in time."""
    made = formula.derive
    return "alpha" in formula.arguments or (isinstance(made, Operation) and _speaks_of_weights(made.parent))


def _bound(value: sp.Expr) -> Fraction | None:
    """The end of a schedule as a bound of t: the fraction, or the nearest float of an end such as pi/2."""
    if not value.is_finite:
        return None
    return Fraction(value.p, value.q) if value.is_Rational else Fraction(float(value))


def _on_schedule(formula: Statement, schedule: Interpolant) -> Derivation:
    before = formula.derivation
    weights = schedule.weights
    algebraic = all(value.is_algebraic_expr(symbols.t) for value in weights.values())
    kind: Kind = "exact" if algebraic else "numeric"
    renamed: dict[sp.Symbol, sp.Symbol] = {}
    fresh = []
    for symbol, meaning in before.where:
        in_time = _inserted(meaning.xreplace(renamed), weights)
        if in_time != meaning:
            renamed[symbol] = symbols.in_time(symbol)
            fresh.append((renamed[symbol], in_time))
    return before.then(
        Step(
            f"On the {schedule.name.replace('_', '-')} schedule "
            f"$\\alpha={sp.latex(schedule.alpha)}$, $\\beta={sp.latex(schedule.beta)}$",
            _inserted(formula.short.xreplace(renamed), weights),
            "insert; what holds a derivative of the weights is simplified", kind,
            lambda previous, current: _same_on_schedule(
                before.expand(previous).subs(weights), expand_where(current, (*before.where, *fresh)), kind,
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
