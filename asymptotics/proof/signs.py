"""What the rules share: one decision's field, the signs on its region, and generators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from asymptotics.proof.field import Field, Fraction, Generator, Polynomial
from asymptotics.proof.nodes import Opaque
from asymptotics.proof.order import Order
from asymptotics.proof.points import computable, has_sign, points_of, value_at
from asymptotics.proof.region import Condition, Region, Sign, Undecided

LONGEST_SEEN = 200
GUESSES = 12
"""How many points are looked at before a sign is asked for."""


class Split(Exception):
    """Decide the claim where ``expression`` is < 0 and where it is >= 0, or (``closed``) <= 0 and >= 0."""

    def __init__(self, expression: sp.Expr, closed: bool = True) -> None:
        self.expression, self.closed = expression, closed


class Finer(Exception):
    """Start again with roots of a higher degree: a generator must be a power of a finer one."""


Roots = dict[tuple[str, str], int]
"""For a generator's kind and key, the degree of the root that is taken."""


class Signs:
    """One decision's field and the signs on its region; ``roots`` says how fine the generators are."""

    def __init__(self, region: Region, roots: Roots) -> None:
        self.field = Field()
        self.order = Order(self.field, self._seen)
        self.roots = roots
        self._region = region
        self._bound: list[int] = []
        self._brackets: list[tuple[int, Fraction, Fraction]] = []
        self._between: set[sp.Symbol] = set()
        self._done: dict[sp.Expr, Fraction] = {}
        for alternatives in region.conditions:
            self._assume(alternatives)

    def _assume(self, alternatives: Sequence[Condition]) -> None:
        """A condition that the rules cannot translate is left out, which makes the region larger.

        So is one with alternatives that holds a number such as a root, which need not exist where another one holds.
        """
        if len(alternatives) > 1 and any(each.expression.has(Opaque) for each in alternatives):
            return
        try:
            known = [(self.value(each.expression), each.sign) for each in alternatives]
        except (Undecided, Split):
            return
        self.order.assume(*((each.top * each.bottom, sign) for each, sign in known))

    def _seen(self, polynomial: Polynomial) -> set[int]:
        """Signs at a few points of the region, none where the polynomial has no balls there."""
        if len(polynomial.to_dict()) > LONGEST_SEEN:
            return set()
        expression = self.field.expression(polynomial)
        if not computable(expression) or expression.free_symbols & self._between:
            return set()
        chosen = points_of(self._region, frozenset(expression.free_symbols), GUESSES)
        balls = [value_at(expression, point) for point in chosen]
        return {sign for ball in balls if ball is not None
                for sign, text in ((1, "> 0"), (0, "= 0"), (-1, "< 0")) if has_sign(ball, text)}

    def value(self, node: sp.Expr) -> Fraction:
        """Return the fraction that equals the node: the walk is `translate.Translator`'s."""
        raise NotImplementedError

    def _new(self, kind: str, key: object, expression: sp.Expr, made_of: frozenset[int] = frozenset(), degree: int = 0,
             relation: Polynomial = None) -> int:
        """Return a new generator; ``made_of`` are the variables that it depends on."""
        itself = frozenset({len(self.field.generators)})
        return self.field.add(Generator(expression, kind, key, made_of | itself, degree, relation))

    def _in_sympy(self, value: Fraction) -> sp.Expr:
        return self.field.expression(value.top) / self.field.expression(value.bottom)

    def _made_of(self, *values: Fraction) -> frozenset[int]:
        return self.field.depends(*(part for each in values for part in (each.top, each.bottom)))

    def _primes(self, content: Any) -> list[tuple[Polynomial, int]]:
        """The absolute value of a rational number as a product of powers."""
        size = abs(sp.Rational(int(content.p), int(content.q)))
        return [(self.field.context.constant(int(prime)), power)
                for prime, power in sp.factorrat(size, limit=10_000).items() if prime != 1]

    # -- signs

    def sign(self, value: Fraction, closed: bool = True) -> Sign:
        """Return the sign of a fraction wherever it is defined; Split where it is not known well enough.

        ``closed``: whether >= 0 or <= 0 is enough; else it is < 0 everywhere or nowhere.
        """
        product = value.top * value.bottom
        sign = self.order.sign(product)
        if not sign or (not closed and sign == "<= 0"):
            if self._is_bound(product):
                raise Undecided("a sign under a mean is not the same for all values of its variable")
            raise Split(self.field.expression(product), closed)
        return sign

    def _is_bound(self, polynomial: Polynomial) -> bool:
        return bool(self.field.depends(polynomial) & set(self._bound))

    def absolute(self, value: Fraction) -> Fraction:
        """|f|: f or -f where the sign is known; under a mean the generator a >= 0 with a**2 = f**2."""
        product = value.top * value.bottom
        sign = self.order.sign(product)
        if not sign and self._is_bound(product):
            return self._size(value)
        return self._negated(value) if self.sign(value) in ("< 0", "<= 0") else value

    def _size(self, value: Fraction) -> Fraction:
        found = self.field.find("size", lambda key: self.field.same(key, value) or
                                self.field.same(key, self._negated(value)))
        if found is None:
            square = self.field.product(value, value)
            if square.bottom != 1:
                parts = [self._size(self.field.fraction(part, self.field.one)) for part in (value.top, value.bottom)]
                return self.field.product(parts[0], self.field.power(parts[1], -1))
            made_of = self._made_of(value)
            found = self._new("size", value, sp.Abs(self._in_sympy(value)), made_of, 2, square.top)
            self.order.assume((self.field.variables[found], ">= 0"))
            self.order.assume((self.field.variables[found] ** 2 - square.top, "= 0"))
        return self.field.variable(found)

    def _negated(self, value: Fraction) -> Fraction:
        return Fraction(-value.top, value.bottom)
