"""Exact arithmetic on truncated Laurent series, far faster than sympy's general machinery."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import sympy as sp

from asymptotics.expansion.conditions import Conditions
from asymptotics.expansion.masks import masked
from asymptotics.proof import Mean, Refuted, Region, Undecided, decide

PLAIN = 16
"""Whole powers up to this are products, which ask nothing of the leading coefficient."""
LARGE = 300
"""Operations from which on an expression with roots is left as it is: cancelling would expand what holds them."""


class Fractional(ValueError):
    """The powers are not whole ones: expand again in a root of the distance."""


class Truncated(ValueError):
    """Cancellation used up the terms that were computed: expand again with more."""


def tidy(expression: sp.Expr, simplify: Callable[[sp.Expr], sp.Expr] = sp.cancel) -> sp.Expr:
    """Simplified, what stands inside functions as it is; 0 if it is 0 in any case."""
    if not expression.free_symbols:
        return expression
    if expression.has(sp.Function, Mean):
        outside, inside = masked(expression)
        return tidy(outside, simplify).xreplace(inside)
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
    """coefficients[k] y^(valuation + k) for y > 0, with as many terms as there are coefficients.

    The valuation may be a fraction: roots meet and cancel in products. What a function needs of the leading
    coefficient goes into ``conditions``.
    """

    valuation: Fraction
    coefficients: tuple[sp.Expr, ...]

    @staticmethod
    def of(valuation: Fraction | int, coefficients: Iterable[sp.Expr]) -> Laurent:
        """Return the series without its leading zeros; one that is zero to its order has one zero coefficient."""
        found, valuation = list(coefficients), Fraction(valuation)
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
            raise Truncated("the expansion cancels in all terms that were computed; no leading term is known")
        return self.coefficients[0]

    def coefficient(self, power: Fraction | int) -> sp.Expr:
        """Return the coefficient of y^power; ValueError when it lies beyond the truncation."""
        if power >= self.end:
            raise Truncated(f"power {power} lies beyond the truncation at {self.end}")
        if (power - self.valuation).denominator != 1:
            raise Fractional(f"the expansion has fractional powers: y^({self.valuation}) and y^({power})")
        return self.coefficients[int(power - self.valuation)] if power >= self.valuation else sp.S.Zero

    def __add__(self, other: Laurent) -> Laurent:
        low, end = min(self.valuation, other.valuation), min(self.end, other.end)
        return Laurent.of(
            low, [tidy(self.coefficient(low + k) + other.coefficient(low + k)) for k in range(ceil(end - low))])

    def __mul__(self, other: Laurent) -> Laurent:
        size = min(len(self.coefficients), len(other.coefficients))
        a, b = self.coefficients, other.coefficients
        return Laurent.of(
            self.valuation + other.valuation,
            [tidy(sum((a[i] * b[k - i] for i in range(k + 1)), sp.S.Zero)) for k in range(size)])

    def scaled(self, factor: sp.Expr) -> Laurent:
        """Return the series times a number."""
        return Laurent.of(self.valuation, [tidy(factor * c) for c in self.coefficients])

    def power(self, exponent: sp.Rational, conditions: Conditions) -> Laurent:
        """Return the series to a rational power: (1 + u)^p by its differential equation.

        Its leading coefficient must not vanish for a whole power below 0, and must be positive for a root.
        """
        if exponent.is_Integer and 0 <= exponent <= PLAIN:
            total = Laurent(Fraction(0), (sp.S.One, *[sp.S.Zero] * (len(self.coefficients) - 1)))
            for _ in range(int(exponent)):
                total = total * self
            return total
        moved = Fraction(int(exponent.p), int(exponent.q)) * self.valuation
        lead = self.leading
        (conditions.require_nonzero if exponent.is_Integer else conditions.require_positive)(lead)
        ratios = [tidy(c / lead) for c in self.coefficients]
        unit: list[sp.Expr] = [sp.S.One]
        for k in range(1, len(ratios)):
            total_k = sum(((exponent * j - (k - j)) * ratios[j] * unit[k - j] for j in range(1, k + 1)), sp.S.Zero)
            unit.append(tidy(total_k / k))
        scale = lead**exponent
        return Laurent.of(moved, [tidy(scale * c) if exponent.is_Integer else scale * c for c in unit])

    def log(self, conditions: Conditions) -> Laurent:
        """Return ln of a series that tends to a positive number."""
        if self.valuation != 0:
            raise ValueError("the logarithm of the expansion diverges")
        conditions.require_positive(self.leading)
        ratios = [tidy(c / self.leading) for c in self.coefficients]
        found: list[sp.Expr] = [sp.log(self.leading)]
        for k in range(1, len(ratios)):
            total = sum((j * found[j] * ratios[k - j] for j in range(1, k)), sp.S.Zero)
            found.append(tidy(ratios[k] - total / k))
        return Laurent.of(0, found)

    def under(self, function: Callable[[sp.Expr], sp.Expr]) -> Laurent:
        """Return f of a series that tends to a number at which f is analytic: f's Taylor series."""
        size = ceil(self.end)
        if self.valuation < 0:
            raise ValueError("the argument of a function diverges")
        at = self.coefficient(0)
        rest = Laurent.of(0, [sp.S.Zero, *(self.coefficient(k) for k in range(1, size))])
        place = sp.Dummy("x", real=True)
        slope, total = function(place), Laurent(Fraction(0), (function(at), *[sp.S.Zero] * (size - 1)))
        step = Laurent(Fraction(0), (sp.S.One, *[sp.S.Zero] * (size - 1)))
        for k in range(1, size):
            slope, step = slope.diff(place), step * rest
            total = total + step.scaled(slope.xreplace({place: at}) / sp.factorial(k))
        return total
