"""From sympy to fractions of polynomials: the fixed list of identities that proofs may use, with their conditions.

Each rule says what it uses. All symbols are real numbers. A rule that needs a sign asks `Order` for it on the region;
where that does not know, `Split` asks for the claim to be decided on both sides of 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

from asymptotics.proof.field import Fraction, Polynomial
from asymptotics.proof.functions import RULES
from asymptotics.proof.nodes import Defined, Mean, Opaque
from asymptotics.proof.powers import Powers
from asymptotics.proof.region import Condition, Undecided, own_conditions

_NEAR_PI = (sp.Rational(3141592653, 10**9), sp.Rational(3141592654, 10**9))


class Bound(sp.Symbol):
    """A bound variable, renamed: a class of its own, so that no symbol outside is the same."""


class Translator(Powers):
    """One decision's way from sympy to its field."""

    # -- the walk

    def value(self, node: sp.Expr) -> Fraction:
        """Return the fraction that equals the node wherever the node and the fraction have values."""
        if node not in self._done:
            self._done[node] = self._value(node)
        return self._done[node]

    def _value(self, node: sp.Expr) -> Fraction:
        for kinds, rule in _KINDS:
            if isinstance(node, kinds):
                return rule(self, node)
        if type(node) in RULES:
            return RULES[type(node)](self, *node.args)
        if isinstance(node, sp.Function):
            return self._named(type(node), [self.value(argument) for argument in node.args], node)
        raise Undecided(f"no rule for {type(node).__name__}")

    def _constant(self, node: sp.Expr) -> Fraction:
        if node is sp.E:
            return self._exponential(self.field.number(sp.Integer(1)))
        if node is sp.pi:
            return self._named(sp.Symbol, [], node, frozenset(), _NEAR_PI)
        raise Undecided(f"no rule for {node}")

    def _folded(self, operation: Callable[[Fraction, Fraction], Fraction], nodes: Sequence[sp.Expr]) -> Fraction:
        total = self.value(nodes[0])
        for node in nodes[1:]:
            total = operation(total, self.value(node))
        return total

    def _symbol(self, symbol: sp.Symbol) -> Fraction:
        k = self.field.find("symbol", lambda key: bool(key == symbol))
        if symbol.is_real is False or not symbol.is_commutative:
            raise Undecided(f"{symbol} is no real number")
        if k is None:
            k = self._new("symbol", symbol, symbol)
            for condition in own_conditions(symbol):
                self.order.assume((self.field.variables[k], condition.sign))
        return self.field.variable(k)

    # -- means and other numbers

    def _mean(self, node: Mean) -> Fraction:
        """E is linear, E[1] = 1, E[z**k] = 0 or (k-1)!!, and E[f(z)] = E[f(-z)].

        Linear, also where the terms of an integrand have no means of their own: E has a linear extension to all
        functions, and the numbers that do exist are its values.
        """
        z = Bound(f"z{len(self._bound)}", real=True)
        integrand = node.integrand.xreplace({node.variable: z})
        self._bound.append(self._number_of(z))
        try:
            ahead, back = self.value(integrand), self.value(integrand.xreplace({z: -z}))
            chosen = min((ahead, back), key=lambda each: (str(each.bottom), str(each.top)))
            return self._mean_of(chosen, self._bound[-1])
        except Undecided:
            return self._as_it_stands(frozenset({self._bound[-1]}), Mean, integrand, z)
        finally:
            self._bound.pop()

    def _as_it_stands(self, inside: frozenset[int], kind: type, *arguments: sp.Basic) -> Fraction:
        """A number that is the same as another only where it is written the same."""
        found = self.field.find("as it stands", lambda key: bool(key == (kind, arguments)))
        if found is None:
            every = frozenset(range(len(self.field.generators))) - inside
            found = self._new("as it stands", (kind, arguments), kind(*arguments), every)
        return self.field.variable(found)

    def _number_of(self, symbol: sp.Symbol) -> int:
        """The variable of a symbol."""
        self.value(symbol)
        found = self.field.find("symbol", lambda key: bool(key == symbol))
        assert found is not None
        return found

    def _mean_of(self, value: Fraction, z: int) -> Fraction:
        """The mean over variable z, term by term."""
        field = self.field
        inside = {k for k, each in enumerate(field.generators) if z in each.depends}
        outer, below = self._without(value.bottom, inside)
        total = field.number(sp.Integer(0))
        for monomial, coefficient in self.field.terms(value.top, inside).items():
            above = field.context.from_dict({monomial: 1})
            mean = self._mean_term(field.fraction(above, below), z)
            total = field.sum(total, field.product(field.fraction(coefficient, outer), mean))
        return total

    def _without(self, polynomial: Polynomial, inside: set[int]) -> tuple[Polynomial, Polynomial]:
        """The polynomial as a factor free of the variables ``inside`` times the rest."""
        common = self.field.context.constant(0)
        for coefficient in self.field.terms(polynomial, inside).values():
            common = common.gcd(coefficient)
        return common, polynomial / common

    def _mean_term(self, value: Fraction, z: int) -> Fraction:
        field = self.field
        if value.bottom == 1 and field.depends(value.top) <= {z}:
            power = int(value.top.degrees()[z])
            return field.number(sp.factorial2(power - 1) if power % 2 == 0 else sp.Integer(0))
        found = field.find("mean", lambda key: key[1] == z and field.same(key[0], value))
        if found is None:
            expression = Mean(self._in_sympy(value), field.generators[z].expression)
            found = self._new("mean", (value, z), expression, self._made_of(value) - {z})
        return field.variable(found)

    def _opaque(self, node: Opaque) -> Fraction:
        """One number for arguments that are equal, and a real one; between its ends where it has some."""
        names = self._names(node)
        renamed = [each.xreplace(dict(zip(node.bound, names, strict=True))) for each in node.args]
        flat = [part for each in renamed for part in (each if isinstance(each, sp.Tuple) else (each,))]
        inside = [self._number_of(name) for name in names]
        self._bound.extend(inside)
        try:
            values = [self.value(part) for part in flat]
        except Undecided:
            return self._as_it_stands(frozenset(inside), type(node), *renamed)
        finally:
            del self._bound[len(self._bound) - len(inside):]
        return self._named(type(node), values, node, frozenset(inside), node.between)

    def _names(self, node: Opaque) -> list[Bound]:
        """New names for the bound variables; where they lie between two ends, names that belong to these ends."""
        depth = len(self._bound)
        if node.between is None:
            return [Bound(f"x{k} at {depth}", real=True) for k in range(len(node.bound))]
        low, high = (self.value(end) for end in node.between)
        number = next((k for k, (level, *ends) in enumerate(self._brackets)
                       if level == depth and all(map(self.field.same, ends, (low, high)))), len(self._brackets))
        names = [Bound(f"x{k} in {number}", real=True) for k in range(len(node.bound))]
        if number == len(self._brackets):
            self._brackets.append((depth, low, high))
            self._between.update(names)
            for name in names:
                self._assume([Condition(name - node.between[0], ">= 0")])
                self._assume([Condition(name - node.between[1], "<= 0")])
        return names

    def named(self, function: type, values: list[Fraction], between: tuple[int, int]) -> Fraction:
        """A function of which nothing else is used than that it is one, and that it stays ``between`` two numbers."""
        expression = function(*(self._in_sympy(each) for each in values))
        return self._named(function, values, expression, frozenset(), (sp.Integer(between[0]), sp.Integer(between[1])))

    def _named(self, kind: type, values: list[Fraction], expression: sp.Expr, inside: frozenset[int] = frozenset(),
               between: tuple[sp.Expr, sp.Expr] | None = None) -> Fraction:
        field = self.field

        def same(key: Any) -> bool:
            return key[0] is kind and len(key[1]) == len(values) and all(map(field.same, key[1], values))

        found = field.find("named", same)
        if found is None:
            found = self._new("named", (kind, values), expression, self._made_of(*values) - inside)
            if between is not None:
                for end, sign in zip(between, (">= 0", "<= 0"), strict=True):
                    gap = field.sum(field.variable(found), self._negated(self.value(end)))
                    self.order.assume((gap.top * gap.bottom, sign))  # type: ignore[arg-type]
        return field.variable(found)


_KINDS: tuple[tuple[type, Callable[[Translator, Any], Fraction]], ...] = (
    (sp.Rational, lambda to, node: to.field.number(node)),
    (sp.Symbol, lambda to, node: to._symbol(node)),
    (sp.NumberSymbol, lambda to, node: to._constant(node)),
    (sp.Add, lambda to, node: to._folded(to.field.sum, node.args)),
    (sp.Mul, lambda to, node: to._folded(to.field.product, node.args)),
    (sp.exp, lambda to, node: to._exponential(to.value(node.args[0]))),
    (sp.Pow, lambda to, node: to._power(node.base, node.exp)),
    (Defined, lambda to, node: to.value(node.definition)),
    (Mean, lambda to, node: to._mean(node)),
    (Opaque, lambda to, node: to._opaque(node)),
)
"""The rules of nodes that come in classes; those of single functions are in `functions`."""
