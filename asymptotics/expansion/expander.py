"""From expressions of sympy to series in y -> 0+, node by node, each by a rule that holds for all other arguments.

Rules: sums, products, rational powers, logarithms; functions that are analytic where their argument tends to, by their
Taylor series; functions that come nearer to a constant than any power of y where it tends to infinity; Piecewise, Min,
Max, Abs by the side that holds for small y > 0; means of such functions of their variable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

import sympy as sp

from asymptotics.expansion.conditions import Conditions
from asymptotics.expansion.laurent import PLAIN, Laurent
from asymptotics.expansion.masks import masked
from asymptotics.functions import GaussianMean, normal_below
from asymptotics.proof import Defined, Region

Definition = tuple[sp.Symbol, sp.Expr]
ANALYTIC = (sp.exp, sp.sinh, sp.cosh, sp.tanh, sp.sech, sp.sin, sp.cos, sp.atan, sp.asinh, sp.erf, sp.erfc,
             normal_below)
"""Analytic on the whole real line."""
ENDS: dict[type, tuple[sp.Expr, sp.Expr | None]] = {
    sp.exp: (sp.S.Zero, None), sp.tanh: (sp.S.NegativeOne, sp.S.One), sp.sech: (sp.S.Zero, sp.S.Zero),
    sp.erf: (sp.S.NegativeOne, sp.S.One), sp.erfc: (sp.Integer(2), sp.S.Zero), normal_below: (sp.S.Zero, sp.S.One),
}
"""What functions tend to at minus and plus infinity; what is left falls faster than any power of the argument."""
_BOUNDED = (sp.tanh, sp.sech, sp.sin, sp.cos, sp.erf, normal_below, sp.atan)
"""Analytic, with derivatives of every order that are bounded on the real line."""


class Expander:
    """The series of expressions in y > 0, where ``symbol`` is 1/y^root at infinity and at + side y^root elsewhere.

    ``where`` defines the shorthands in the expressions; those that are used are expanded, each once.
    """

    def __init__(self, symbol: sp.Symbol, at: sp.Expr, terms: int, side: int, conditions: Conditions,
                 where: Iterable[Definition] = (), root: int = 1) -> None:
        self.terms, self.conditions = terms, conditions
        zeros = [sp.S.Zero] * (terms + root)
        start = (Laurent(Fraction(-root), (sp.S.One, *zeros[:terms - 1])) if at == sp.oo
                 else Laurent.of(0, (at, *zeros[:root - 1], sp.Integer(side), *zeros)[:max(terms, root + 1)]))
        self._known: dict[sp.Expr, tuple[Laurent, tuple[sp.Basic, ...]]] = {symbol: (start, ())}
        self._symbol, self._meanings = symbol, dict(where)

    def series(self, node: sp.Expr) -> Laurent:
        """Return the series of an expression; ValueError where there is no rule."""
        if node not in self._known:
            with self.conditions.apart() as own:
                found = self._build(node)
            self._known[node] = found, tuple(own)
        found, needed = self._known[node]
        for relation in needed:
            self.conditions.need(relation)
        return found

    def _constant(self, value: sp.Expr) -> Laurent:
        return Laurent(Fraction(0), (value, *[sp.S.Zero] * (self.terms - 1)))

    def _build(self, node: sp.Expr) -> Laurent:
        if node in self._meanings:
            return self.series(self._meanings[node])
        if self._symbol not in node.free_symbols and node.free_symbols.isdisjoint(self._meanings):
            return self._constant(node)
        if node.is_Add or node.is_Mul:
            total = self.series(node.args[0])
            for part in node.args[1:]:
                total = total + self.series(part) if node.is_Add else total * self.series(part)
            return total
        if node.is_Pow and not isinstance(node, sp.exp):
            if node.exp.is_Rational:
                return self.series(node.base).power(node.exp, self.conditions)
            return self._function(sp.exp, self.series(node.exp) * self.series(node.base).log(self.conditions))
        rule = _RULES.get(type(node))
        if rule is not None:
            return rule(self, node)
        if isinstance(node, ANALYTIC):
            return self._function(node.func, self.series(node.args[0]))
        if isinstance(node, Defined):
            return self.series(node.definition)
        raise ValueError(f"no exact expansion for {node.func.__name__}")

    def _function(self, function: Callable[[sp.Expr], sp.Expr], inside: Laurent) -> Laurent:
        """An analytic function of a series that tends to a number, or one with an end of a series that does not."""
        if inside.valuation >= 0:
            return inside.under(function)
        low, high = ENDS.get(function, (None, None))  # type: ignore[call-overload]
        if low is not None and high is not None:
            return self._constant((low + high) / 2 + (high - low) / 2 * self.conditions.sign(inside.leading))
        if low is None or self.conditions.sign(inside.leading) != -1:
            raise ValueError(f"{getattr(function, '__name__', function)} of the expansion has no limit in powers")
        return self._constant(low)

    # -- sides

    def side(self, node: sp.Expr) -> sp.Expr:
        """Return the sign of an expression for all small y > 0: 1, -1, or that of its leading coefficient."""
        return self.conditions.sign(self.series(node).leading)

    def _is_above(self, node: sp.Expr) -> bool:
        side = self.side(node)
        if side not in (1, -1):
            raise ValueError(f"whether {node} is positive is not the same for all other arguments")
        return bool(side == 1)

    def _log(self, node: sp.Expr) -> Laurent:
        return self.series(node.args[0]).log(self.conditions)

    def _absolute(self, node: sp.Expr) -> Laurent:
        return self.series(node.args[0]).scaled(self.side(node.args[0]))

    def _sign(self, node: sp.Expr) -> Laurent:
        return self._constant(self.side(node.args[0]))

    def _step(self, node: sp.Expr) -> Laurent:
        return self._constant((1 + self.side(node.args[0])) / 2)

    def _extreme(self, node: sp.Expr) -> Laurent:
        wanted, best = isinstance(node, sp.Max), node.args[0]
        for other in node.args[1:]:
            best = other if self._is_above(other - best) == wanted else best
        return self.series(best)

    def _piecewise(self, node: sp.Piecewise) -> Laurent:
        for value, condition in node.args:
            if self._holds(condition):
                return self.series(value)
        raise ValueError("no branch of a Piecewise holds there")

    def _holds(self, condition: sp.Basic) -> bool:
        """Whether a condition holds for all small y > 0; else it holds for none of them."""
        if condition in (sp.true, sp.false):
            return bool(condition)
        if isinstance(condition, sp.And | sp.Or | sp.Not):
            truths = [self._holds(part) for part in condition.args]
            return not truths[0] if isinstance(condition, sp.Not) else (any if isinstance(condition, sp.Or) else all)(
                truths)
        conditions = Region.of(condition).conditions
        if not conditions:
            raise ValueError(f"no side of the condition {condition} is known")
        known = conditions[0][0]
        return (">" if self._is_above(known.expression) else "<") in known.sign

    # -- means

    def _mean(self, node: GaussianMean) -> Laurent:
        """The mean of each coefficient of the integrand's series.

        The integrand is made of powers of z and of functions whose derivatives are bounded, of arguments without
        poles near y = 0; so the rest of its Taylor series in y is at most y^k times a power of |z|, and has a mean.
        """
        z = sp.Dummy("z", real=True)
        integrand = node.integrand.xreplace({node.variable: z})
        self._require_tame(integrand, z)
        hints = [self.series(hint).coefficient(0) for hint in node.hints]
        inside = self.series(integrand)
        if inside.valuation < 0:
            raise ValueError("the integrand of a mean diverges")
        return Laurent.of(inside.valuation, [self._averaged(c, z, hints) for c in inside.coefficients])

    def _require_tame(self, node: sp.Expr, z: sp.Symbol) -> None:
        if z not in node.free_symbols:
            return
        power = node.is_Pow and node.exp.is_Integer and 0 < node.exp <= PLAIN
        if not (node == z or node.is_Add or node.is_Mul or power or isinstance(node, _BOUNDED)):
            raise ValueError(f"no exact expansion of the mean of {node.func.__name__}")
        if isinstance(node, _BOUNDED) and self.series(node.args[0]).valuation < 0:
            raise ValueError(f"no exact expansion of a mean of {node.func.__name__} whose argument diverges")
        for part in node.args:
            self._require_tame(part, z)

    @staticmethod
    def _averaged(coefficient: sp.Expr, z: sp.Symbol, hints: list[sp.Expr]) -> sp.Expr:
        if not coefficient.is_polynomial(z):
            return GaussianMean(coefficient, z, *hints)
        outside, inside = masked(coefficient)
        moments = (c * (sp.factorial2(k - 1) if k % 2 == 0 else 0) for (k,), c in sp.Poly(outside, z).terms())
        return sum(moments, sp.S.Zero).xreplace(inside)


_RULES: dict[type, Callable[[Expander, sp.Expr], Laurent]] = {
    sp.log: Expander._log, sp.Abs: Expander._absolute, sp.sign: Expander._sign, sp.Heaviside: Expander._step,
    sp.Min: Expander._extreme, sp.Max: Expander._extreme, sp.Piecewise: Expander._piecewise,
    GaussianMean: Expander._mean,
}
