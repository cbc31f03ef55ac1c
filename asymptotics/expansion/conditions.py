"""What an expansion needs of the arguments that it does not move."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import sympy as sp

from asymptotics.expansion.masks import masked
from asymptotics.proof import Refuted, Region, Sign, Undecided, decide


class Conditions:
    """What is known of the other arguments, and what must hold of them besides.

    ``region`` is where they lie, and ``noted`` are relations of sympy that hold there besides. What cannot be decided
    becomes ``needed``: relations, where one of which does not hold the expansion may be another.
    """

    def __init__(self, region: Region, noted: Iterable[sp.Basic] = ()) -> None:
        self.region, self._noted = region, frozenset(noted)
        self.needed: list[sp.Basic] = []

    def sign(self, expression: sp.Expr) -> sp.Expr:
        """Return 1 or -1, or sign(expression) where it is not the same everywhere; need that it is not 0."""
        for sign, number in ((">= 0", sp.S.One), ("<= 0", sp.S.NegativeOne)):
            if self._holds(expression, sign):  # type: ignore[arg-type]
                self.require_positive(number * expression)
                return number
        self.require_nonzero(expression)
        return sp.sign(expression)

    def has_sign(self, expression: sp.Expr) -> bool:
        """Whether the expression is positive everywhere, or negative everywhere."""
        return self._holds(expression, "> 0") or self._holds(expression, "< 0")

    def require_positive(self, expression: sp.Expr) -> None:
        """Need that the expression is positive."""
        if self._holds(expression, "> 0"):
            return
        negative, unknown = False, sp.S.One
        for factor, power in _factors(expression, below=True):
            if power % 2 == 0:
                self.require_nonzero(factor)
            elif self._holds(factor, ">= 0") or self._holds(factor, "<= 0"):
                self.require_nonzero(factor)
                negative ^= not self._holds(factor, ">= 0")
            else:
                unknown *= factor
        if unknown != 1 or negative:
            self.need(sp.Lt(unknown, 0) if negative else sp.Gt(unknown, 0))

    def require_nonzero(self, expression: sp.Expr) -> None:
        """Need that no factor of the numerator vanishes."""
        for factor, _ in _factors(expression):
            if self._holds(factor, "> 0") or self._holds(factor, "< 0") or self._holds(factor**2, "> 0"):
                continue
            if self._holds(factor, ">= 0"):
                self.need(sp.Gt(factor, 0))
            elif self._holds(factor, "<= 0"):
                self.need(sp.Lt(factor, 0))
            else:
                self.need(sp.Or(sp.Gt(factor, 0), sp.Lt(factor, 0)))

    def need(self, relation: sp.Basic) -> None:
        """Need a relation, unless it is noted."""
        if relation == sp.false:
            raise ValueError("a leading coefficient has no root or inverse for any of the other arguments")
        if relation != sp.true and relation not in self.needed and relation not in self._noted:
            self.needed.append(relation)

    @contextmanager
    def apart(self) -> Iterator[list[sp.Basic]]:
        """Collect what is needed inside in a list of its own."""
        before, self.needed = self.needed, []
        try:
            yield self.needed
        finally:
            self.needed = before

    def least(self) -> tuple[sp.Basic, ...]:
        """Return what is needed without the relations that follow from the others, the longest dropped first."""
        kept = sorted(self.needed, key=sp.count_ops)
        for relation in reversed(tuple(kept)):
            others = [each for each in kept if each != relation]
            narrower = Conditions(Region(self.region.conditions + Region.of(*others).conditions))
            if others and not isinstance(relation, sp.Or) and narrower._holds(relation.gts - relation.lts, "> 0"):
                kept = others
        return tuple(kept)

    def _holds(self, expression: sp.Expr, sign: Sign) -> bool:
        try:
            decide(expression, sign, self.region)
        except (Refuted, Undecided):
            return False
        return True


def _factors(expression: sp.Expr, below: bool = False) -> Iterator[tuple[sp.Expr, int]]:
    """The factors of the numerator, and ``below`` it those of the denominator, with their powers; first the sign."""
    outside, inside = masked(expression)
    for part in sp.fraction(sp.together(outside))[:2 if below else 1]:
        try:
            content, factors = sp.factor_list(part)
        except sp.PolificationFailed:  # a number, once multiplied out
            content, factors = sp.expand(part), []
        yield sp.sign(content), 1
        for factor, power in factors:
            yield factor.xreplace(inside), power
