"""Operations on expansions: they must commute with the expansion, of which only some terms are known."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from asymptotics.coerce import shorten
from asymptotics.formula.calculus.operation import F, Operation
from asymptotics.formula.remainder import Remainder
from asymptotics.formula.statement import Statement
from asymptotics.proof import Refuted, Undecided, decide


def rest_in_limit(formula: Statement, symbol: sp.Symbol, at: sp.Expr) -> tuple[Remainder, ...]:
    """Return what an expansion leaves out after a limit: what it leaves out in this argument vanishes at its point."""
    for each in formula.left_out:
        if each.symbol == symbol and each.at != at:
            raise ValueError(f"{formula.name} is known only for {symbol} near {each.at}, not at {at}")
    return tuple(each for each in formula.left_out if each.symbol != symbol)


def rest_in_series(formula: Statement, rest: Remainder) -> tuple[Remainder, ...]:
    """Return what an expansion leaves out in other arguments than that in which it is expanded again."""
    for each in formula.left_out:
        if each.symbol == rest.symbol and (each.at != rest.at or rest.order > each.order):
            raise ValueError(f"{formula.name} is known only near {each.symbol} = {each.at}, up to terms of the order "
                             f"{each.order}")
    return tuple(each for each in formula.left_out if each.symbol != rest.symbol)


def require_same(found: F, operation: Callable[[Statement], Statement]) -> None:
    """ValueError unless ``found``, an operation on an expansion, is the expansion of the operation on the formula."""
    parent = found.derive.parent  # type: ignore[attr-defined]
    try:
        other = _again(parent, operation)
        decide(found.expression - other.expression, "= 0", found.domain.region)
    except (Refuted, Undecided, ValueError) as error:
        raise ValueError(
            f"{found.name} is not taken: {parent.name} is an expansion, and what it leaves out need not stay small "
            f"({shorten(error, 200)}); take this step first, and expand then") from None


def _again(formula: Statement, operation: Callable[[Statement], Statement]) -> Statement:
    """What the operations that made a formula make of the first of its line on which ``operation`` has been done."""
    if not formula.left_out:
        return operation(formula)
    made = formula.derive
    assert isinstance(made, Operation)
    return made.repeat(_again(made.parent, operation))
