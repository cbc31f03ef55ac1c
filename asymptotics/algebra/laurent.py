"""Exact expansions by arithmetic on truncated Laurent series, far faster than sympy's general machinery.

An expression is walked once; each node becomes a series in y -> 0+ whose coefficients are exact expressions
in the other symbols. Rational operations, square roots, exp-free functions of the theory (log, x - ln(1+x)).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import sympy as sp

from asymptotics.functions import log_defect
from asymptotics.proof import Refuted, Region, Undecided, decide

Definition = tuple[sp.Symbol, sp.Expr]


class Truncated(ValueError):
    """Cancellation used up the terms that were kept: expand again with more."""


LARGE = 300
"""Operations from which on an expression with roots is left as it is: cancelling would expand what holds them."""


def tidy(expression: sp.Expr, simplify: Callable[[sp.Expr], sp.Expr] = sp.cancel) -> sp.Expr:
    """Simplified; 0 if it is 0 in any case."""
    if not expression.free_symbols:
        return expression
    if any(power.exp.is_Rational and not power.exp.is_Integer for power in expression.atoms(sp.Pow)) and (
            expression.count_ops() > LARGE):
        return sp.S.Zero if _vanishes(expression) else expression
    return simplify(expression)


def _vanishes(expression: sp.Expr) -> bool:
    try:
        return decide(expression, "= 0", Region()).sign == "= 0"
    except (Refuted, Undecided):
        return False


@dataclass(frozen=True)
class Laurent:
    """coefficients[k] y^(valuation + k), with as many terms as there are coefficients.

    The valuation may be a half: roots of odd powers meet and cancel in products.
    """

    valuation: Fraction
    coefficients: tuple[sp.Expr, ...]

    @staticmethod
    def of(valuation: Fraction, coefficients: Iterable[sp.Expr]) -> Laurent:
        """Leading zeros removed. A series that is zero to its order keeps one zero coefficient."""
        found = list(coefficients)
        while len(found) > 1 and found[0] == 0:
            found.pop(0)
            valuation += 1
        return Laurent(valuation, tuple(found))

    @property
    def end(self) -> Fraction:
        """The first power that is not known."""
        return self.valuation + len(self.coefficients)

    @property
    def leading(self) -> sp.Expr:
        if self.coefficients[0] == 0:
            raise Truncated("the expansion cancels to all orders kept; no leading term is known")
        return self.coefficients[0]

    def coefficient(self, power: Fraction | int) -> sp.Expr:
        """The coefficient of y^power; ValueError when it lies beyond the truncation."""
        if power >= self.end:
            raise Truncated(f"power {power} lies beyond the truncation at {self.end}")
        if (power - self.valuation).denominator != 1:
            raise ValueError(f"the expansion has fractional powers: y^({self.valuation}) and y^({power})")
        return self.coefficients[int(power - self.valuation)] if power >= self.valuation else sp.S.Zero

    def __add__(self, other: Laurent) -> Laurent:
        low, end = min(self.valuation, other.valuation), min(self.end, other.end)
        return Laurent.of(
            low,
            [tidy(self.coefficient(low + k) + other.coefficient(low + k)) for k in range(ceil(end - low))],
        )

    def __mul__(self, other: Laurent) -> Laurent:
        size = min(len(self.coefficients), len(other.coefficients))
        a, b = self.coefficients, other.coefficients
        return Laurent.of(
            self.valuation + other.valuation,
            [tidy(sum((a[i] * b[k - i] for i in range(k + 1)), sp.S.Zero)) for k in range(size)],
        )

    def power(self, exponent: sp.Rational) -> Laurent:
        """The series to a rational power: (1 + u)^p by its differential equation."""
        moved = Fraction(int(exponent.p), int(exponent.q)) * self.valuation
        lead = self.leading
        ratios = [tidy(c / lead) for c in self.coefficients]
        unit: list[sp.Expr] = [sp.S.One]
        for k in range(1, len(ratios)):
            total = sum(
                ((exponent * j - (k - j)) * ratios[j] * unit[k - j] for j in range(1, k + 1)), sp.S.Zero
            )
            unit.append(tidy(total / k))
        scale = lead**exponent
        return Laurent.of(moved, [tidy(scale * c) if exponent.is_Integer else scale * c for c in unit])

    def log(self) -> Laurent:
        """ln of a series that tends to a positive constant."""
        if self.valuation != 0:
            raise ValueError("the logarithm of the expansion diverges")
        ratios = [tidy(c / self.leading) for c in self.coefficients]
        found: list[sp.Expr] = [sp.log(self.leading)]
        for k in range(1, len(ratios)):
            total = sum((j * found[j] * ratios[k - j] for j in range(1, k)), sp.S.Zero)
            found.append(tidy(ratios[k] - total / k))
        return Laurent.of(Fraction(0), found)


def expand(
    expression: sp.Expr, where: Iterable[Definition], symbol: sp.Symbol, at: sp.Expr, terms: int, side: int = 1
) -> Laurent:
    """The series of ``expression`` in y > 0, where symbol = 1/y at infinity and at + side y elsewhere.

    ``where`` defines the shorthands in the expression; each is expanded once.
    """
    known: dict[sp.Expr, Laurent] = {}

    def constant(value: sp.Expr) -> Laurent:
        return Laurent(Fraction(0), (value, *[sp.S.Zero] * (terms - 1)))

    def walk(node: sp.Expr) -> Laurent:
        if node not in known:
            known[node] = build(node)
        return known[node]

    def build(node: sp.Expr) -> Laurent:
        if not node.has(symbol, *(s for s in known if s.is_Symbol)):
            return constant(node)
        if node.is_Add or node.is_Mul:
            total = walk(node.args[0])
            for part in node.args[1:]:
                total = total + walk(part) if node.is_Add else total * walk(part)
            return total
        if node.is_Pow and node.exp.is_Rational:
            return walk(node.base).power(node.exp)
        if isinstance(node, log_defect):
            inside = walk(node.args[0])
            return inside + (constant(sp.S.One) + inside).log() * constant(sp.S.NegativeOne)
        if isinstance(node, sp.log):
            return walk(node.args[0]).log()
        raise ValueError(f"no exact expansion for {node.func.__name__}")

    zeros = [sp.S.Zero] * (terms - 1)
    if at == sp.oo:
        known[symbol] = Laurent(Fraction(-1), (sp.S.One, *zeros))
    else:
        known[symbol] = Laurent.of(Fraction(0), (at, sp.Integer(side), *zeros[1:]))
    for name, meaning in where:
        known[name] = walk(meaning)
    return walk(expression)
