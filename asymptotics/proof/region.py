"""Where a claim is made: conditions on real symbols."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sympy as sp

Sign = Literal["> 0", ">= 0", "< 0", "<= 0", "= 0", ""]
"""What is known of a number, in the order in which it is asked; "" where nothing is."""


class Undecided(ValueError):
    """The kernel can neither prove nor refute a claim; the message says where it stopped."""


@dataclass(frozen=True)
class Condition:
    """``expression`` has this sign (never "")."""

    expression: sp.Expr
    sign: Sign


@dataclass(frozen=True)
class Region:
    """The real points at which one of each tuple of conditions holds.

    Besides, each symbol has the sign that its own assumptions state, because sympy simplifies by them. Conditions that
    the kernel cannot use are left out: the region grows, and what holds on it holds on the region that was meant.
    ``symbols`` are those of which all conditions are here; the kernel does not use them.
    """

    conditions: tuple[tuple[Condition, ...], ...] = ()
    symbols: frozenset[sp.Symbol] = frozenset()

    def tied(self, symbols: frozenset[sp.Symbol]) -> frozenset[sp.Symbol]:
        """Return these symbols and those that conditions tie to them."""
        spoken = [frozenset().union(*(each.expression.free_symbols for each in alternatives))
                  for alternatives in self.conditions]
        for _ in spoken:
            symbols = symbols.union(*(used for used in spoken if used & symbols))
        return symbols

    @classmethod
    def of(cls, *relations: sp.Basic) -> Region:
        """Return the region of relations of sympy; an Or is a set of alternatives, other forms are left out."""
        found = []
        for relation in relations:
            parts = relation.args if isinstance(relation, sp.Or) else (relation,)
            alternatives = tuple(condition for part in parts if (condition := as_condition(part)) is not None)
            if len(alternatives) == len(parts):
                found.append(alternatives)
        return cls(tuple(found))


def as_condition(relation: sp.Basic) -> Condition | None:
    """Return an inequality or equation as a sign of the difference of its sides, None for anything else."""
    signs: dict[type, Sign] = {
        sp.StrictGreaterThan: "> 0", sp.GreaterThan: ">= 0", sp.StrictLessThan: "< 0", sp.LessThan: "<= 0",
        sp.Equality: "= 0",
    }
    sign = signs.get(type(relation))
    if sign is None:
        return None
    left, right = relation.args
    if not isinstance(left, sp.Expr) or not isinstance(right, sp.Expr) or (left - right).is_finite is False:
        return None
    return Condition(left - right, sign)


def own_conditions(symbol: sp.Symbol) -> list[Condition]:
    """Return what a symbol's own assumptions say of its sign."""
    signs: dict[Sign, bool | None] = {"> 0": symbol.is_positive, "< 0": symbol.is_negative,
                                      ">= 0": symbol.is_nonnegative, "<= 0": symbol.is_nonpositive}
    return [Condition(symbol, sign) for sign, holds in signs.items() if holds][:1]
