"""Limits and expansions found: the value, how it was found, and the conditions on the other arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import TypeVar

import sympy as sp

from asymptotics.algebra import SECONDS, time_limit
from asymptotics.coerce import shorten
from asymptotics.derivation import Definition, Derivation
from asymptotics.expansion import Conditions, Expander, Fractional, Truncated, limit, tidy
from asymptotics.formula.statement import Statement
from asymptotics.proof import Refuted, Region, Undecided, decide

ROOTS = (1, 2, 3)
"""Of the distance to the point, in whose powers an expansion is looked for."""
SPARE = 9
"""How often an expansion that cancels is begun again with one term more."""
T = TypeVar("T")


class Diverges(ValueError):
    """The limit is not finite, or not the same from both sides."""


def sides_of(formula: Statement, name: str, at: sp.Expr) -> tuple[int, ...]:
    """Return from where the argument comes inside its range: 1 from above (or to infinity), -1 from below, or both."""
    entry = formula.domain.entry(name)
    ends = (entry.low, entry.high)
    low, high = (None if end is None else sp.Rational(end.numerator, end.denominator) for end in ends)
    return (1,) if at in (sp.oo, low) else (-1,) if at == high else (1, -1)


@dataclass(frozen=True)
class Approach:
    """One argument of a formula, by its ``name``, on its way to a point; the other arguments in a region.

    ``sides`` are those on which the domain lies, and ``what`` says in messages what is looked for.
    """

    name: str
    symbol: sp.Symbol
    at: sp.Expr
    sides: tuple[int, ...]
    region: Region
    what: str

    @property
    def diverges(self) -> Diverges:
        """The error that says so."""
        return Diverges(f"{self.name} diverges as {self.symbol} tends to {self.at}")

    def coefficients(self, derivation: Derivation, expression: sp.Expr, order: int, side: int,
                     conditions: Conditions) -> dict[int, sp.Expr]:
        """Return the coefficients of y^k for every power below ``order``, from one side; all powers must be whole."""
        found = self._powers(derivation, expression, Fraction(order), side, conditions)
        if any(value != 0 for power, value in found.items() if power.denominator != 1):
            raise ValueError(f"{self.what}: it has fractional powers")
        return {int(power): value for power, value in found.items() if power.denominator == 1}

    def constant(self, derivation: Derivation, expression: sp.Expr, side: int, conditions: Conditions) -> sp.Expr:
        """Return the limit of an expression that has a series; Diverges if it is not finite."""
        found = self._powers(derivation, expression, Fraction(1, 1000), side, conditions)
        if any(value != 0 for power, value in found.items() if power < 0):
            raise self.diverges
        return found[Fraction(0)]

    def _powers(self, derivation: Derivation, expression: sp.Expr, end: Fraction, side: int,
                conditions: Conditions) -> dict[Fraction, sp.Expr]:
        """The coefficients of all powers below ``end``, in the finest root that the series has."""
        def of(expander: Expander, root: int) -> dict[Fraction, sp.Expr]:
            series = expander.series(expression)
            powers = range(min(floor(series.valuation), 0), ceil(end * root))
            return {Fraction(k, root): tidy(series.coefficient(k), sp.factor) for k in powers}

        return self._expanded(of, ceil(end), side, conditions, derivation.where)

    def by_continuity(self, derivation: Derivation, expression: sp.Expr, side: int, conditions: Conditions) -> sp.Expr:
        """Return the limit that the limits of the parts determine; Diverges if it is not finite."""
        whole = derivation.expand(expression)
        value = self._expanded(lambda expander, _: limit(whole, expander), 1, side, conditions)
        if value.has(sp.oo, -sp.oo):
            raise self.diverges
        return value

    def _expanded(self, use: Callable[[Expander, int], T], order: int, side: int, conditions: Conditions,
                  where: tuple[Definition, ...] = ()) -> T:
        """What ``use`` makes of an expander, with more terms, or in a root of the distance, until they suffice."""
        with time_limit(SECONDS, self.what):
            for root in ROOTS:
                try:
                    for spare in range(SPARE):
                        try:
                            with conditions.apart() as needed:
                                found = use(Expander(
                                    self.symbol, self.at, order * root + spare, side, conditions, where, root), root)
                        except Truncated:
                            continue
                        for relation in needed:
                            conditions.need(relation)
                        return found
                except Fractional:
                    continue
        raise ValueError(f"{self.what}: it cancels beyond {order + SPARE - 1} terms, or has no expansion in powers")

    def agreed(self, values: list[sp.Expr]) -> sp.Expr:
        """Return what was found from one side, or from both if it is the same."""
        for other in values[1:]:
            try:
                decide(values[0] - other, "= 0", self.region)
            except (Refuted, Undecided) as error:
                raise Diverges(f"{self.what} differs on both sides of it: {shorten(values[0])} from above, "
                               f"{shorten(other)} from below ({error})") from None
        return values[0]
