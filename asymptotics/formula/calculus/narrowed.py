"""Domains after a limit or an expansion: one argument fewer, and the conditions under which it was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import sympy as sp

from asymptotics.coerce import shorten
from asymptotics.domain import Domain, Relation
from asymptotics.expansion import Conditions, Expander, limit
from asymptotics.proof import Region


def without(domain: Domain, name: str, value: sp.Expr, sides: Iterable[int]) -> Domain:
    """Return the domain with one argument fixed at ``value``; relations speak of it no longer.

    A relation may hold on the way only: n > 1 as n falls to 1 (``sides`` 1).
    """
    kept = [relation for relation in domain.relations if name not in relation.names]
    region = replace(domain, relations=tuple(kept)).region
    for relation in domain.relations:
        if name not in relation.names:
            continue
        parts = [_at(part, domain.symbols[name], value, sides, region) for part in domain.alternatives(relation)]
        if sp.true in parts:
            continue
        left = [part for part in parts if part != sp.false]
        if not left or any(isinstance(part, sp.And) for part in left):
            raise ValueError(f"{name} = {value} is not allowed: needs {relation.text} ({relation.reason})")
        kept.append(_relation(domain, left, relation.reason))
    names = tuple(a for a in domain.arguments if a != name)
    special = tuple(entry for entry in domain.special if entry.name != name)
    return replace(domain, arguments=names, relations=tuple(kept), special=special)


def _at(part: sp.Basic, symbol: sp.Symbol, value: sp.Expr, sides: Iterable[int], region: Region) -> sp.Basic:
    """What an inequality says of the other arguments once the symbol is near the value."""
    try:
        at = part.subs(symbol, value)
    except TypeError:  # sympy's own, where a side is oo - oo
        at = sp.false
    strict = isinstance(part, sp.StrictGreaterThan | sp.StrictLessThan) and not part.has(sp.Piecewise)
    if strict and at != sp.false and value != sp.oo and not at.has(sp.zoo, sp.nan, sp.I):
        return at  # it holds near the point, too
    gap = part.gts - part.lts
    try:
        return sp.And(*(_is_above(gap, Expander(symbol, value, 3, side, Conditions(region))) for side in sides))
    except ValueError:
        return sp.false


def _is_above(gap: sp.Expr, expander: Expander) -> sp.Basic:
    """Whether the gap is positive near the point: sp.true, sp.false, or what that asks of the other arguments."""
    try:
        lead = expander.series(gap).leading
    except ValueError:
        lead = limit(gap, expander)
    conditions = expander.conditions
    if lead in (sp.oo, -sp.oo):
        return sp.And(sp.S(lead == sp.oo), *conditions.needed)
    truth = sp.S(conditions.sign(lead) == 1) if conditions.has_sign(lead) else sp.Gt(lead, 0)
    return sp.And(truth, *conditions.needed)


def narrowed(domain: Domain, needed: Iterable[sp.Basic], reason: str) -> Domain:
    """Return the domain with further conditions on its arguments; ``reason`` says why."""
    relations = tuple(_relation(domain, [each], reason) for each in needed)
    return replace(domain, relations=(*domain.relations, *relations)) if relations else domain


def inserted(domain: Domain, values: Mapping[sp.Symbol, sp.Expr]) -> tuple[Relation, ...]:
    """Return the relations of the domain with ``values`` in the place of symbols, but for those that hold always."""
    found = []
    for relation in domain.relations:
        if not any(domain.symbols[name] in values for name in relation.names):
            found.append(relation)
            continue
        parts = [part.xreplace(values) for part in domain.alternatives(relation)]
        if all(part == sp.false for part in parts):
            raise ValueError(f"{relation.text} holds nowhere there ({relation.reason})")
        if sp.true not in parts:
            found.append(_relation(domain, [part for part in parts if part != sp.false], relation.reason))
    return tuple(found)


def _relation(domain: Domain, parts: Iterable[sp.Basic], reason: str) -> Relation:
    """What relations of sympy say, one of which must hold, in the names of the arguments."""
    names = {symbol: sp.Symbol(name) for name, symbol in domain.symbols.items()}
    single = [each for part in parts for each in (part.args if isinstance(part, sp.Or) else (part,))]
    text = " or ".join(f"{part.lhs.xreplace(names)} {part.rel_op} {part.rhs.xreplace(names)}" for part in single)
    try:
        return Relation(text, reason)
    except ValueError as error:
        raise ValueError(f"it would hold only where {shorten(text, 120)} ({reason}), which no relation can say "
                         f"({shorten(error, 100)})") from None
