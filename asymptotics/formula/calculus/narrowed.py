"""Domains after a limit or an expansion: one argument fewer, and the conditions under which it was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import sympy as sp

from asymptotics.domain import Domain, Relation
from asymptotics.expansion import Conditions, Expander, limit
from asymptotics.proof import Region


class Needed(Relation):
    """A condition that a limit or a derivative came with: the formula itself may hold elsewhere, too."""


def without(domain: Domain, name: str, value: sp.Expr, sides: Iterable[int]) -> Domain:
    """Return the domain with one argument fixed at ``value``; relations speak of it no longer.

    A relation may hold on the way only: n > 1 as n falls to 1 (``sides`` 1).
    """
    kept = []
    for relation in domain.relations:
        if name not in relation.names:
            kept.append(relation)
            continue
        parts = [_at(part, domain.symbols[name], value, sides, domain.region) for part in domain.alternatives(relation)]
        if sp.true in parts:
            continue
        left = [part for part in parts if part is not sp.false]
        if not left or any(isinstance(part, sp.And) for part in left):
            raise ValueError(f"{name} = {value} is not allowed: needs {relation.text} ({relation.reason})")
        kept.append(type(relation)(_text(domain, sp.Or(*left)), relation.reason))
    names = tuple(a for a in domain.arguments if a != name)
    special = tuple(entry for entry in domain.special if entry.name != name)
    return replace(domain, arguments=names, relations=tuple(kept), special=special)


def _at(part: sp.Basic, symbol: sp.Symbol, value: sp.Expr, sides: Iterable[int], region: Region) -> sp.Basic:
    """What an inequality says of the other arguments once the symbol is near the value."""
    try:
        at = part.subs(symbol, value)
    except TypeError:  # sympy's own, where a side is oo - oo
        at = sp.false
    if at != sp.false:
        return at
    gap = part.gts - part.lts
    try:
        return sp.And(*(_is_above(gap, Expander(symbol, value, 3, side, Conditions(region))) for side in sides))
    except ValueError:
        return at


def _is_above(gap: sp.Expr, expander: Expander) -> sp.Basic:
    try:
        return sp.Gt(expander.series(gap).leading, 0)
    except ValueError:
        return sp.Gt(limit(gap, expander), 0)


def narrowed(domain: Domain, needed: Iterable[sp.Basic], reason: str) -> Domain:
    """Return the domain with further conditions on its arguments; ``reason`` says why."""
    relations = tuple(Needed(_text(domain, each), reason) for each in needed)
    return replace(domain, relations=(*domain.relations, *relations)) if relations else domain


def inserted(domain: Domain, values: Mapping[sp.Symbol, sp.Expr]) -> tuple[Relation, ...]:
    """Return the `Needed` relations of the domain that speak of some symbols, with ``values`` in their place."""
    found = []
    for relation in domain.relations:
        if isinstance(relation, Needed) and any(domain.symbols[name] in values for name in relation.names):
            parts = [part.xreplace(values) for part in domain.alternatives(relation)]
            if sp.true not in parts:
                found.append(Needed(_text(domain, sp.Or(*parts)), relation.reason))
    return tuple(found)


def _text(domain: Domain, relation: sp.Basic) -> str:
    """A relation of sympy in the names of the arguments."""
    names = {symbol: sp.Symbol(name) for name, symbol in domain.symbols.items()}
    parts = relation.args if isinstance(relation, sp.Or) else (relation,)
    return " or ".join(f"{part.lhs.xreplace(names)} {part.rel_op} {part.rhs.xreplace(names)}" for part in parts)
