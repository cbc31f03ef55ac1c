"""Operations on expansions: they must commute with the expansion, of which only some terms are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

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


def require_same(found: F, expand: Callable[[Statement, Remainder], Statement]) -> F:
    """Return ``found``, made from an expansion, if it is the expansion of what is made so from the whole formula.

    Its domain is that of both. ValueError if they differ.

    ``expand`` makes the expansion that leaves something out. The last one comes first, so that two are seen in both
    orders.
    """
    try:
        other = _whole(found)
        for rest in reversed(found.left_out):
            other = expand(other, rest)
        decide(found.expression - other.expression, "= 0", found.domain.region)
    except (Refuted, Undecided, ValueError) as error:
        raise ValueError(
            f"{found.name} is not taken: it is made from an expansion, and what that leaves out need not stay small "
            f"({shorten(error, 200)}); take this step first, and expand then") from None
    own = {relation.text for relation in found.domain.relations}
    more = tuple(relation for relation in other.domain.relations if relation.text not in own)
    return replace(found, domain=replace(found.domain, relations=(*found.domain.relations, *more))) if more else found


def _whole(formula: Statement) -> Statement:
    """What the operations make of the first formula of the line when all are done but the expansions."""
    made = formula.derive
    if not isinstance(made, Operation):
        return formula
    parent = _whole(made.parent)
    return parent if made.expands else made.repeat(parent)
