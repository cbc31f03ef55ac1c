"""The few functions the theory needs beyond sympy's, each with its numerics beside its symbol.

`log_defect(x)` is x - ln(1+x) without the cancellation at small x. `normal_below(x)` is the normal distribution
function, which sympy would turn into 1 - erfc where that cancels. `ArgMin` keeps a minimisation as an
expression, `LeastPoint` one in several unknowns; `minimising_root` solves the first on arrays, `minimising_root_mp`
to any precision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import sympy as sp

from asymptotics.binder import Binder


class log_defect(sp.Function):
    """x - ln(1+x) for x > -1: the price of a wrong variance in a Kullback-Leibler divergence."""

    nargs = 1

    @classmethod
    def eval(cls, x: sp.Expr) -> sp.Expr | None:
        return sp.Integer(0) if x.is_zero else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        x = self.args[0]
        return x / (1 + x)

    def _eval_rewrite_as_log(self, x: sp.Expr, **hints: Any) -> sp.Expr:
        return x - sp.log(1 + x)

    def _eval_evalf(self, prec: int) -> sp.Expr:
        with mpmath.workprec(prec + 10):
            inside = mpmath.mpf(self.args[0]._eval_evalf(prec + 10)._mpf_)
            return sp.Float(log_defect_mp(inside), precision=prec)

    def _eval_is_nonnegative(self) -> bool:
        return True

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        x = printer.doprint(self.args[0])
        text = rf"{x} - \ln\left(1 + {x}\right)"
        return text if exp is None else rf"\left[{text}\right]^{{{exp}}}"


def log_defect_array(xp: Any, x: Any) -> Any:
    """x - ln(1+x) in numpy or torch (``xp``).

    For |x| < 1/2: with y = x/(2+x), ln(1+x) = 2 artanh(y) and x - 2y = xy, so that
    x - ln(1+x) = xy - 2y^3 (1/3 + y^2/5 + ...): no cancellation, since |y| <= 1/3 makes the
    second term at most a third of the first. 17 terms leave less than 1e-17.
    """
    y = x / (2 + x)
    square = y * y
    tail = square * 0 + 1 / 37
    for odd in range(35, 1, -2):
        tail = tail * square + 1 / odd
    near = x * y - 2 * y * square * tail
    return xp.where(abs(x) < 0.5, near, x - xp.log1p(x))


def log_defect_mp(x: Any) -> Any:
    """x - ln(1+x) in mpmath, to the working precision."""
    x = mpmath.mpf(x)
    if x == 0:
        return x
    lost = max(0, -int(mpmath.floor(mpmath.log(abs(x), 2))))
    with mpmath.extraprec(lost + 10):
        return x - mpmath.log1p(x)


class normal_below(sp.Function):
    """The chance that a standard normal number is below x: erfc(-x/sqrt(2))/2, and kept that way."""

    nargs = 1
    is_real = True

    @classmethod
    def eval(cls, x: sp.Expr) -> sp.Expr | None:
        known = {sp.S.Zero: sp.S.Half, sp.oo: sp.S.One, -sp.oo: sp.S.Zero}
        return known.get(x)

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return sp.exp(-(self.args[0] ** 2) / 2) / sp.sqrt(2 * sp.pi)

    def _eval_rewrite_as_erfc(self, x: sp.Expr, **hints: Any) -> sp.Expr:
        return sp.erfc(-x / sp.sqrt(2)) / 2

    def _eval_rewrite_as_erf(self, x: sp.Expr, **hints: Any) -> sp.Expr:
        return (1 + sp.erf(x / sp.sqrt(2))) / 2

    def _eval_rewrite_as_tractable(self, x: sp.Expr, **hints: Any) -> sp.Expr:
        return self._eval_rewrite_as_erf(x).rewrite("tractable", deep=True, **hints)

    def _eval_evalf(self, prec: int) -> sp.Expr | None:
        if not self.args[0].is_number:
            return None
        with mpmath.workprec(prec + 10):
            return sp.Expr._from_mpmath(normal_below_mp(self.args[0]._to_mpmath(prec + 10)), prec)

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0].is_finite else None

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\Phi{power}\left({printer.doprint(self.args[0])}\right)"


def normal_below_mp(x: Any) -> Any:
    """The normal distribution function in mpmath, to the working precision; 0 or 1 beyond |x| = 2^60."""
    if abs(x) > 2**60:  # what is left out has 10^35 zeros; mpmath's own erfc overflows where x^2 exceeds float64
        return mpmath.mpf(x > 0)
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


class cospi(sp.Function):
    """cos(pi x), for numerics alone: exactly 0 at 1/2 and relatively accurate near it."""

    nargs = 1


class sinpi(sp.Function):
    """sin(pi x), for numerics alone: exactly 0 at 1 and relatively accurate near it."""

    nargs = 1


def in_half_turns(expression: Any) -> Any:
    """cos and sin of multiples of pi as `cospi` and `sinpi`: pi in floating point would leave 6e-17 of a zero."""
    for plain, ours in ((sp.cos, cospi), (sp.sin, sinpi)):
        expression = expression.replace(
            lambda node, plain=plain: isinstance(node, plain) and bool(node.free_symbols)
            and not (node.args[0] / sp.pi).has(sp.pi),
            lambda node, ours=ours: ours(node.args[0] / sp.pi),
        )
    return expression


def cospi_array(xp: Any, x: Any) -> Any:
    """cos(pi x) in numpy or torch (``xp``)."""
    turn = abs(x - 2 * xp.round(x / 2))
    near = xp.sin(math.pi * (0.5 - turn))
    ends = xp.where(turn < 0.5, xp.cos(math.pi * turn), -xp.cos(math.pi * (1 - turn)))
    return xp.where(abs(turn - 0.5) < 0.25, near, ends)


def sinpi_array(xp: Any, x: Any) -> Any:
    """sin(pi x) in numpy or torch (``xp``)."""
    turn = x - 2 * xp.round(x / 2)
    turn = xp.where(turn > 0.5, 1 - turn, xp.where(turn < -0.5, -1 - turn, turn))
    side = xp.where(turn < 0, turn * 0 - 1, turn * 0 + 1)
    return xp.where(abs(turn) < 0.25, xp.sin(math.pi * turn), side * xp.cos(math.pi * (0.5 - abs(turn))))


class ArgMin(Binder):
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
    small roots are found as precisely as large ones, then Newton kept positive."""
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
