"""Powers, roots, exponentials and logarithms: the rules for them, and the generators they need."""

from __future__ import annotations

from math import lcm

import sympy as sp

from asymptotics.proof.field import HIGHEST_DEGREE, Fraction, Polynomial
from asymptotics.proof.region import Undecided
from asymptotics.proof.signs import Finer, Signs


class Powers(Signs):
    """The rules for b**e, exp and log."""

    # -- powers

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> Fraction:
        """b**k for whole k; |f|**(p/q) for b = f >= 0; exp(e log b) for b > 0."""
        if isinstance(exponent, sp.Integer):
            return self.field.power(self.value(base), int(exponent))
        if isinstance(exponent, sp.Rational):
            value = self.value(base)
            if self.side(base) > 0:
                self.order.learn(value.top * value.bottom)
            return self._root(value, exponent)
        if base == sp.E:
            return self._exponential(self.value(exponent))
        value = self.value(base)
        if self.sign(value, closed=False) != "> 0":
            raise Undecided(f"a power of what may be 0 or negative: {self.field.text(value.top)}")
        return self._exponential(self.field.product(self.value(exponent), self.logarithm(value)))

    def side(self, node: sp.Expr) -> int:
        """1 where the way a node is written shows that it is >= 0, -1 for <= 0, else 0."""
        if isinstance(node, sp.exp | sp.cosh | sp.Abs):
            return 1
        if isinstance(node, sp.Mul):
            sides = [self.side(each) for each in node.args]
            return 0 if 0 in sides else 1 if sides.count(-1) % 2 == 0 else -1
        if isinstance(node, sp.Pow) and isinstance(node.exp, sp.Rational):
            if node.exp.q == 1:
                return 1 if node.exp.p % 2 == 0 else self.side(node.base)
            return 1 if self.side(node.base) > 0 else 0
        if isinstance(node, sp.Add):
            sides = [self.side(each) for each in node.args]
            if len(set(sides)) == 1 and sides[0]:
                return sides[0]
        value = self.value(node)
        return {"> 0": 1, ">= 0": 1, "< 0": -1, "<= 0": -1}.get(self.order.sign(value.top * value.bottom), 0)

    def _root(self, value: Fraction, exponent: sp.Rational) -> Fraction:
        """The power of a number that is >= 0 on the region: the product of the powers of |f| for its factors f."""
        if self.sign(value) not in ("> 0", ">= 0", "= 0"):
            raise Undecided(f"a root of what may be negative: {self.field.text(value.top * value.bottom)}")
        if value.top == 0:
            return value if exponent > 0 else self.field.power(value, -1)
        total = self.field.number(sp.Integer(1))
        for part, side in ((value.top, 1), (value.bottom, -1)):
            content, factors = part.factor()
            for factor, multiplicity in (*self._primes(content), *factors):
                total = self.field.product(total, self._size_power(factor, side * multiplicity * exponent))
        return total

    def _size_power(self, factor: Polynomial, exponent: sp.Rational) -> Fraction:
        """|f|**e: f**e for even e, (+-f)**e for odd e by the sign of f, else a root r >= 0 with r**q = |f|."""
        field, value = self.field, Fraction(factor, self.field.one)
        if exponent.q == 1:
            return field.power(value if exponent.p % 2 == 0 else self.absolute(value), int(exponent))
        size = self.absolute(value)
        degree = self._fineness("root", str(size.top), exponent.q)
        k = field.find("root", lambda key: bool(key == size.top))
        if k is None:
            expression = field.expression(size.top) ** sp.Rational(1, degree)
            k = self._new("root", size.top, expression, field.depends(size.top), degree, size.top)
            self.order.assume((field.variables[k], ">= 0"))
            if degree <= 4:
                self.order.assume((field.variables[k] ** degree - size.top, "= 0"))
            if self.order.sign(size.top) == "> 0":
                self.order.assume((field.variables[k], "> 0"))
        return field.variable(k, int(exponent * degree))

    def _fineness(self, kind: str, key: str, wanted: int) -> int:
        """The degree of a root, a multiple of what is ``wanted``; Finer where the decision began with another."""
        have = self.roots.get((kind, key), 0)
        if not have:
            self.roots[kind, key] = have = wanted
        if have % wanted:
            self.roots[kind, key] = lcm(have, wanted)
            raise Finer
        return have

    # -- exponentials and logarithms

    def _exponential(self, value: Fraction) -> Fraction:
        """exp(a + b) = exp(a) exp(b), exp(q a) = exp(a)**q, exp(q log|f|) = |f|**q."""
        field = self.field
        total = field.number(sp.Integer(1))
        for exponents, coefficient in value.top.to_dict().items():
            factor = sp.Rational(int(coefficient.p), int(coefficient.q))
            term = field.fraction(field.context.from_dict({exponents: 1}), value.bottom)
            logarithm = self._as_logarithm(term)
            if logarithm is not None:
                total = field.product(total, self._size_power(logarithm, factor))
                continue
            total = field.product(total, self._exponential_of(term, factor))
        return total

    def _as_logarithm(self, term: Fraction) -> Polynomial | None:
        """f where the term is the generator log|f|, else None."""
        if term.bottom != 1:
            return None
        for k, generator in enumerate(self.field.generators):
            if generator.kind == "log" and term.top == self.field.variables[k]:
                return generator.key
        return None

    def _exponential_of(self, term: Fraction, factor: sp.Rational) -> Fraction:
        leading = term.top.leading_coefficient()
        factor = factor * sp.Rational(int(leading.p), int(leading.q))
        term = Fraction(term.top / leading, term.bottom)
        k = self.field.find("exp", lambda key: self.field.same(key, term))
        known = term if k is None else self.field.generators[k].key
        degree = self._fineness("exp", f"{known.top}/{known.bottom}", factor.q)
        if abs(factor * degree) > HIGHEST_DEGREE:
            raise Undecided("an exponential has a large or a finely divided exponent")
        if k is None:
            k = self._new("exp", term, sp.exp(self._in_sympy(term) / degree), self._made_of(term))
            self._assume_exponential(self.field.variables[k], term, degree)
        return self.field.variable(k, int(factor * degree))

    def _assume_exponential(self, power: Polynomial, term: Fraction, degree: int) -> None:
        """e > 0, e >= 1 + x and 1 >= e (1 - x) for e = exp(x); x = term/degree."""
        below = term.bottom * degree
        self.order.assume((power, "> 0"))
        self.order.assume(((power * below - below - term.top) * below, ">= 0"))
        self.order.assume(((power * (below - term.top) - below) * below, "<= 0"))

    def logarithm(self, value: Fraction) -> Fraction:
        """log(prod f**e) = sum e log|f| for a product that is > 0 wherever it has a logarithm on the region."""
        if self.sign(value) not in ("> 0", ">= 0"):
            raise Undecided(f"a logarithm of what is not positive: {self.field.text(value.top)}")
        total = self.field.number(sp.Integer(0))
        for part, side in ((value.top, 1), (value.bottom, -1)):
            content, factors = part.factor()
            for factor, multiplicity in (*self._primes(content), *factors):
                power = self.field.number(sp.Integer(side * multiplicity))
                total = self.field.sum(total, self.field.product(power, self._log_size(factor)))
        return total

    def _log_size(self, factor: Polynomial) -> Fraction:
        """log|f|: log(r) = log|f|/q for a root r of degree q, log(exp(x)) = x, else a real number of its own."""
        field = self.field
        for k, generator in enumerate(field.generators):
            if factor == field.variables[k] and generator.kind == "exp":
                degree = self.roots["exp", f"{generator.key.top}/{generator.key.bottom}"]
                return field.product(generator.key, field.number(sp.Rational(1, degree)))
            if factor == field.variables[k] and generator.kind == "root":
                return field.product(self._log_size(generator.key), field.number(sp.Rational(1, generator.degree)))
        found = field.find("log", lambda key: bool(key in (factor, -factor)))
        if found is None:
            found = self._new("log", factor, sp.log(sp.Abs(field.expression(factor))), field.depends(factor))
        return field.variable(found)
