"""Exact arithmetic: fractions of polynomials, over the rationals, in symbols and generators.

A generator stands for a number that is not rational in the symbols, such as a root or an exponential. Some have a
relation, generator**degree = polynomial in earlier ones. Two fractions whose difference has the numerator 0 modulo the
relations are equal wherever their denominators do not vanish: that is all that a proof of equality uses, so that
generators may have other, unknown relations among them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from math import comb
from typing import Any

import sympy as sp

from asymptotics.proof.region import Undecided

MOST_VARIABLES = 32
MOST_TERMS = 30_000
HIGHEST_DEGREE = 2000
Polynomial = Any
"""A flint.fmpq_mpoly."""


@dataclass(frozen=True)
class Fraction:
    """A fraction without common factors."""

    top: Polynomial
    bottom: Polynomial


@dataclass(frozen=True)
class Generator:
    """What one variable of the polynomials stands for.

    ``expression`` says it in sympy. ``kind`` and ``key`` find it again. ``degree`` and ``relation`` are its relation if
    there is one; ``depends`` are the variables that it is made of, itself among them.
    """

    expression: sp.Expr
    kind: str
    key: Any
    depends: frozenset[int]
    degree: int = 0
    relation: Polynomial = None


class Field:
    """The variables of one decision, and arithmetic in them."""

    def __init__(self) -> None:
        import flint

        self._rational = flint.fmpq
        self.context = flint.fmpq_mpoly_ctx.get([f"v{k}" for k in range(MOST_VARIABLES)], "lex")
        self.variables = self.context.gens()
        self.generators: list[Generator] = []
        self.one = self.context.constant(1)

    # -- generators

    def find(self, kind: str, same: Callable[[Any], bool]) -> int | None:
        """Return the number of the generator of this kind whose key is the ``same``."""
        matching = (k for k, each in enumerate(self.generators) if each.kind == kind and same(each.key))
        return next(matching, None)

    def add(self, generator: Generator) -> int:
        """Return the number of a new generator."""
        number = len(self.generators)
        if number >= MOST_VARIABLES:
            raise Undecided(f"the expression has more than {MOST_VARIABLES} symbols, roots and functions")
        self.generators.append(generator)
        return number

    def depends(self, *polynomials: Polynomial) -> frozenset[int]:
        """Return the variables that polynomials are made of, through generators."""
        direct = {k for each in polynomials for k, degree in enumerate(each.degrees()) if degree > 0}
        return frozenset(direct).union(*(self.generators[k].depends for k in direct))

    # -- arithmetic

    def number(self, value: Any) -> Fraction:
        """Return a rational number of sympy as a fraction."""
        return Fraction(self.context.constant(self._rational(int(value.p), int(value.q))), self.one)

    def variable(self, k: int, exponent: int = 1) -> Fraction:
        power = self.variables[k] ** abs(exponent)
        return self.fraction(power, self.one) if exponent >= 0 else self.fraction(self.one, power)

    def fraction(self, top: Polynomial, bottom: Polynomial) -> Fraction:
        """Return the fraction in lowest terms, its denominator monic; Undecided where the denominator is 0."""
        top, bottom = self.reduced(top), self.reduced(bottom)
        if bottom == 0:
            raise Undecided("it divides by what is 0 everywhere")
        if max(len(top.to_dict()), len(bottom.to_dict())) > MOST_TERMS:
            raise Undecided(f"a fraction has more than {MOST_TERMS} terms")
        common = top.gcd(bottom)
        if common != 1:
            top, bottom = top / common, bottom / common
        leading = bottom.leading_coefficient()
        return Fraction(top / leading, bottom / leading)

    def sum(self, left: Fraction, right: Fraction) -> Fraction:
        if left.bottom == right.bottom:
            return self.fraction(left.top + right.top, left.bottom)
        self._require_small(left.top, right.bottom)
        return self.fraction(left.top * right.bottom + right.top * left.bottom, left.bottom * right.bottom)

    def product(self, left: Fraction, right: Fraction) -> Fraction:
        self._require_small(left.top, right.top)
        return self.fraction(left.top * right.top, left.bottom * right.bottom)

    def power(self, base: Fraction, exponent: int) -> Fraction:
        size = max(len(base.top.to_dict()), len(base.bottom.to_dict()))
        if abs(exponent) > HIGHEST_DEGREE or (size > 1 and comb(size + abs(exponent) - 1, abs(exponent)) > MOST_TERMS):
            raise Undecided(f"a power is too large: {exponent}")
        if exponent < 0:
            return self.fraction(base.bottom ** -exponent, base.top ** -exponent)
        return self.fraction(base.top**exponent, base.bottom**exponent)

    @staticmethod
    def _require_small(left: Polynomial, right: Polynomial) -> None:
        if len(left.to_dict()) * len(right.to_dict()) > 30 * MOST_TERMS:
            raise Undecided(f"a product may have {30 * MOST_TERMS} terms")

    def reduced(self, polynomial: Polynomial) -> Polynomial:
        """Return the polynomial with the powers of each root below its degree, by the relations."""
        for k in range(len(self.generators) - 1, -1, -1):
            degree, relation = self.generators[k].degree, self.generators[k].relation
            if degree and polynomial.degrees()[k] >= degree:
                parts = self.coefficients(polynomial, k).items()
                polynomial = sum((part * relation ** (power // degree) * self.variables[k] ** (power % degree)
                                  for power, part in parts), self.context.constant(0))
        return polynomial

    def terms(self, polynomial: Polynomial, inside: Collection[int]) -> dict[tuple[int, ...], Polynomial]:
        """Return the coefficients, free of the variables ``inside``, of the monomials in them."""
        parts: dict[tuple[int, ...], dict[tuple[int, ...], Any]] = {}
        for exponents, coefficient in polynomial.to_dict().items():
            monomial = tuple(int(e) if k in inside else 0 for k, e in enumerate(exponents))
            rest = tuple(0 if k in inside else int(e) for k, e in enumerate(exponents))
            parts.setdefault(monomial, {})[rest] = coefficient
        return {monomial: self.context.from_dict(part) for monomial, part in parts.items()}

    def coefficients(self, polynomial: Polynomial, k: int) -> dict[int, Polynomial]:
        """Return the coefficients of the powers of one variable."""
        return {monomial[k]: part for monomial, part in self.terms(polynomial, (k,)).items()}

    def same(self, left: Fraction, right: Fraction) -> bool:
        """Whether two fractions are shown to be equal by the relations."""
        return bool(self.reduced(left.top * right.bottom - right.top * left.bottom) == 0)

    # -- back to sympy, for conditions and messages

    def text(self, polynomial: Polynomial) -> str:
        """Return the polynomial for a message: as it is where it is short, else its number of terms."""
        count = len(polynomial.to_dict())
        return str(self.expression(polynomial)) if count <= 8 else f"a polynomial of {count} terms"

    def expression(self, polynomial: Polynomial) -> sp.Expr:
        """Return a polynomial in sympy."""
        terms = []
        for exponents, coefficient in polynomial.to_dict().items():
            factors = [self.generators[k].expression ** int(e) for k, e in enumerate(exponents) if e]
            terms.append(sp.Mul(sp.Rational(int(coefficient.p), int(coefficient.q)), *factors))
        return sp.Add(*terms)
