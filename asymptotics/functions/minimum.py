"""The few functions the theory needs beyond sympy's, each with its numerics beside its symbol.

`log_defect(x)` is x - ln(1+x) without the cancellation at small x. `normal_below(x)` is the normal distribution
function, which sympy would turn into 1 - erfc where that cancels. `ArgMin` keeps a minimisation as an
expression, `LeastPoint` one in several unknowns; `minimising_root` solves the first on arrays, `minimising_root_mp`
to any precision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import sympy as sp

from asymptotics.functions.bound_variable import BoundVariable
from asymptotics.proof import Opaque


class ArgMin(BoundVariable, Opaque):
    """The smallest minimiser over x >= 0 of ``objective``, whose derivative has the sign of ``slope``.

    ``slope`` is a cubic in x with a positive leading coefficient, given by its ``coefficients`` of
    x^0 .. x^3.
    """

    place = 2

    def __new__(cls, objective: sp.Expr, coefficients: sp.Tuple, x: sp.Symbol) -> ArgMin:
        if len(coefficients) != 4:
            raise ValueError(f"the slope must be a cubic: four coefficients, not {len(coefficients)}")
        return sp.Expr.__new__(cls, sp.sympify(objective), sp.Tuple(*coefficients), x)

    @property
    def objective(self) -> sp.Expr:
        return self.args[0]

    @property
    def coefficients(self) -> sp.Tuple:
        return self.args[1]

    @property
    def slope(self) -> sp.Expr:
        return sum((c * self.variable**k for k, c in enumerate(self.coefficients)), sp.S.Zero)

    def _mpmathcode(self, printer: Any) -> str:
        cubic = ", ".join(printer.doprint(coefficient) for coefficient in self.coefficients)
        return f"ArgMin(({cubic}), {self._function(self.objective, printer)})"

    def _eval_is_nonnegative(self) -> bool:
        return True

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        raise ValueError(
            "sympy cannot differentiate a minimiser that may sit at the edge; "
            'use compile("torch") for its gradient (implicit function theorem)'
        )

    def _latex(self, printer: Any) -> str:
        x, objective = printer.doprint(self.variable), printer.doprint(self.objective)
        return rf"\operatorname*{{arg\,min}}_{{{x}\ge 0}}\; {objective}"

    def _sympystr(self, printer: Any) -> str:
        return f"argmin over {self.variable} >= 0 of {printer.doprint(self.objective)}"


class LeastPoint(sp.Expr):
    """Where ``objective`` is least over ``unknowns``, which are bound; the first of them is >= 0."""

    is_real = True

    def __new__(cls, objective: sp.Expr, *unknowns: sp.Symbol) -> LeastPoint:
        return sp.Expr.__new__(cls, sp.sympify(objective), *unknowns)

    @property
    def objective(self) -> sp.Expr:
        return self.args[0]

    @property
    def unknowns(self) -> tuple[sp.Symbol, ...]:
        return tuple(self.args[1:])

    @property
    def free_symbols(self) -> set[sp.Basic]:
        return self.objective.free_symbols - set(self.unknowns)

    def _latex(self, printer: Any) -> str:
        first, *others = (printer.doprint(unknown) for unknown in self.unknowns)
        under = ", ".join([rf"{first}\ge 0", *others])
        return rf"\operatorname*{{arg\,min}}_{{{under}}}\left[{printer.doprint(self.objective)}\right]"

    def _sympystr(self, printer: Any) -> str:
        names = ", ".join(map(str, self.unknowns))
        return f"least_point_{{{names}}}[{printer.doprint(self.objective)}]"


def _horner(c: Sequence[Any], x: Any) -> Any:
    return ((c[3] * x + c[2]) * x + c[1]) * x + c[0]


def _bracketed_root(xp: Any, c: Sequence[Any], low: Any, high: Any, halvings: int) -> Any:
    """The root of an upward crossing inside [low, high], low > 0: bisection of the logarithm, so that
    small roots are found as precisely as large ones, then Newton kept positive.

    `asymptotics.numeric.bisect` looks at the numbers to stop, which vmap of torch does not allow.
    """
    for _ in range(halvings):
        middle = xp.sqrt(low) * xp.sqrt(high)
        below = _horner(c, middle) < 0
        low, high = xp.where(below, middle, low), xp.where(below, high, middle)
    root = xp.sqrt(low) * xp.sqrt(high)
    for _ in range(3):
        slope = (3 * c[3] * root + 2 * c[2]) * root + c[1]
        step = root - _horner(c, root) / xp.where(slope == 0, slope * 0 + 1, slope)
        root = xp.where((step > 0) & (slope > 0), step, root)
    return root


def minimising_root(
    xp: Any, coefficients: Sequence[Any], objective: Callable[[Any], Any], halvings: int = 64
) -> Any:
    """Elementwise minimiser over x >= 0, given the cubic that has the sign of the derivative.

    There are at most two minima: an upward crossing before the cubic's first turning point (or 0, where the
    cubic starts non-negative), and one after its second. Only where both exist are their objectives
    compared. Works on numpy and torch alike, without data-dependent control flow.
    """
    c = list(coefficients)
    zero = sum(ci * 0 for ci in c)
    c = [ci + zero for ci in c]
    spread = c[2] * c[2] - 3 * c[3] * c[1]
    turns = spread > 0
    root = xp.sqrt(xp.where(turns, spread, zero))
    q = -(c[2] + xp.where(c[2] < 0, -root, root))
    safe = xp.where(q == 0, zero + 1, q)
    first, second = q / (3 * c[3]), xp.where(q == 0, zero, c[1] / safe)
    first, second = xp.where(first < second, first, second), xp.where(first < second, second, first)
    left = xp.where(turns & (first > 0), first, zero)
    right = xp.where(turns & (second > 0), second, zero)
    rising = c[0] >= 0
    # Cauchy: every root is at least this large (1 stands in where the cubic starts at 0).
    others = abs(c[1]) + abs(c[2]) + abs(c[3])
    least = xp.where(c[0] == 0, zero + 1, abs(c[0]) / (abs(c[0]) + others))
    bound = 2 * (
        abs(c[2] / c[3]) + xp.sqrt(abs(c[1] / c[3])) + abs(c[0] / c[3]) ** (1 / 3)
    ) + right + least
    early = ~rising & (left > 0) & (_horner(c, left) > 0)
    late = _horner(c, right) < 0
    near = xp.where(early, _bracketed_root(xp, c, least, xp.where(early, left, bound), halvings), zero)
    far = xp.where(late, _bracketed_root(xp, c, xp.where(right > least, right, least), bound, halvings), zero)
    if_both = xp.where(objective(far) < objective(near), far, near)
    return xp.where(late & ~(rising | early), far, xp.where(late, if_both, near))


def minimising_root_mp(coefficients: Sequence[Any], objective: Callable[[Any], Any]) -> Any:
    """The same in mpmath: the minima are 0, if the cubic starts non-negative, and its upward crossings."""
    c = [mpmath.mpf(ci) for ci in coefficients]
    with mpmath.extraprec(3 * mpmath.mp.prec):
        roots = mpmath.polyroots(c[::-1], maxsteps=1000, extraprec=4 * mpmath.mp.prec)
        tiny = mpmath.mpf(2) ** (-mpmath.mp.prec // 4)
        real = [mpmath.re(x) for x in roots if abs(mpmath.im(x)) <= tiny * abs(x)]
        minima = [x for x in real if x > 0 and (3 * c[3] * x + 2 * c[2]) * x + c[1] >= 0]
        if c[0] >= 0:
            minima.append(mpmath.mpf(0))
        return min(minima, key=objective)


ArgMin.in_mpmath = minimising_root_mp
