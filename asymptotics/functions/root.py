"""The root of an equation that increases between two ends, kept as an expression and solved on arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from asymptotics.functions.bound_variable import BoundVariable, refuse_free
from asymptotics.proof import Opaque

HALVINGS = 64
ROUNDING = 1e-12
"""A root may sit at an end; the equation may then have the wrong sign there by this much, relative to x."""


class Root(BoundVariable, Opaque):
    """The only zero of ``equation`` between ``low`` and ``high``, where it increases in ``x``, which is bound.

    That it increases is the formula's promise; that it is <= 0 at low and >= 0 at high is checked.
    """

    def __new__(cls, equation: sp.Expr, x: sp.Symbol, low: Any, high: Any) -> Root:
        equation, x, low, high = map(sp.sympify, (equation, x, low, high))
        refuse_free("Root", x, low, high)
        if x not in equation.free_symbols:
            raise ValueError(f"Root: {equation} does not contain {x}")
        return sp.Expr.__new__(cls, equation, x, low, high)

    @property
    def equation(self) -> sp.Expr:
        return self.args[0]

    @property
    def low(self) -> sp.Expr:
        return self.args[2]

    @property
    def high(self) -> sp.Expr:
        return self.args[3]

    @property
    def between(self) -> tuple[sp.Expr, sp.Expr]:
        """The ends, which the root never leaves."""
        return self.low, self.high

    @property
    def slope(self) -> sp.Expr:
        """The derivative of the equation in its variable."""
        return self.equation.diff(self.variable)

    def _mpmathcode(self, printer: Any) -> str:
        both = ", ".join(self._function(body, printer) for body in (self.equation, self.slope))
        ends = ", ".join(printer.doprint(end) for end in (self.low, self.high))
        return f"Root({self.variable.name!r}, {both}, {ends})"

    def _eval_is_positive(self) -> bool | None:
        return True if self.low.is_positive else None

    def _eval_is_nonnegative(self) -> bool | None:
        return True if self.low.is_nonnegative else None

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        """By the implicit function theorem: an expression that contains the root again."""
        if symbol == self.variable or not self.equation.has_free(symbol):
            return sp.S.Zero
        return (-self.equation.diff(symbol) / self.slope).subs(self.variable, self)

    def _latex(self, printer: Any) -> str:
        return (rf"\operatorname{{root}}_{{{printer.doprint(self.variable)}}}"
                rf"\left[{printer.doprint(self.equation)} = 0\right]")

    def _pretty(self, printer: Any) -> Any:
        from sympy.printing.pretty.stringpict import prettyForm

        inside = prettyForm(*printer._print(self.equation).right(" = 0"))
        return prettyForm(*prettyForm(*inside.parens("[", "]")).left(f"root_{self.variable} "))

    def _sympystr(self, printer: Any) -> str:
        return f"root_{self.variable}[{printer.doprint(self.equation)} = 0]"


Function = Callable[[Any], Any]


def _bracketed(xp: Any, low: Any, high: Any, slope: Function, at_low: Any, at_high: Any) -> Any:
    """Where the values at the ends have the signs of a bracket, up to rounding; False where one is undefined."""
    slack = ROUNDING * xp.maximum(abs(low), abs(high))
    below = (at_low <= 0) | (at_low <= slack * slope(low))
    above = (at_high >= 0) | (at_high >= -slack * slope(high))
    return below & above & (low <= high)


def _halved(xp: Any, equation: Function, slope: Function, low: Any, high: Any) -> tuple[Any, Any]:
    """The root and the upper end of its last bracket: bisection, then Newton where it stays in the bracket.

    `asymptotics.numeric.bisect` stops when all brackets are narrow, for which it must look at the numbers; inside
    vmap none can be looked at.
    """
    for _ in range(HALVINGS):
        middle = low / 2 + high / 2
        below = equation(middle) < 0
        low, high = xp.where(below, middle, low), xp.where(below, high, middle)
    root = low / 2 + high / 2
    for _ in range(2):
        newton = root - equation(root) / slope(root)
        root = xp.where((newton >= low) & (newton <= high), newton, root)
    return root, high


def bracketed_root(name: str, equation: Function, slope: Function, low: Any, high: Any) -> Any:
    """The root in float64, elementwise over whatever arrays the equation and the ends carry.

    ValueError, with the first entry, where the ends do not bracket a root or the equation has no value.
    """
    with np.errstate(all="ignore"):
        low, high = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
        at_low, at_high = equation(low[()]), equation(high[()])
        ends = np.broadcast_arrays(low, high, at_low, at_high)
        low, high, at_low, at_high = (end[()] for end in ends)
        _refuse(name, _bracketed(np, low, high, slope, at_low, at_high), low, high, at_low, at_high)
        root, last = _halved(np, equation, slope, low, high)
        at_last = equation(last)
        _refuse(name, np.isfinite(root) & ((at_last >= 0) | (last == high)), low, high, at_low, at_last)
    return root


def _refuse(name: str, good: Any, low: Any, high: Any, at_low: Any, at_high: Any) -> None:
    if np.all(good):
        return
    index = tuple(int(i) for i in np.argwhere(~np.asarray(good))[0])
    a, b, below, above = (float(np.broadcast_to(v, np.shape(good))[index]) for v in (low, high, at_low, at_high))
    where = f" at index {list(index)}" if index else ""
    raise ValueError(_complaint(name, a, b, below, above) + where)


def _complaint(name: str, low: Any, high: Any, at_low: Any, at_high: Any) -> str:
    low, high, at_low, at_high = (mpmath.nstr(mpmath.mpf(v), 8) for v in (low, high, at_low, at_high))
    return (f"[{low}, {high}] does not bracket a root in {name}: the equation is {at_low} at its lower end and "
            f"{at_high} at its upper end")


def bracketed_root_mp(name: str, equation: Function, slope: Function, low: Any, high: Any) -> Any:
    """The root in mpmath to the working precision, confirmed by a change of sign around it.

    That is relative to the root, unless it is as small as the precision squared beside its bracket (an exact 0
    has no digits of its own). ValueError where the ends do not bracket; ArithmeticError where the equation
    does not change sign even with several times the digits (it does not increase).
    """
    bits, low, high = mpmath.mp.prec, mpmath.mpf(low), mpmath.mpf(high)
    value, steep = _defined(equation), _defined(slope)
    for extra in (20, bits + 20, 4 * bits + 20):
        with mpmath.extraprec(extra):
            ends = value(low), value(high)
            if not _bracketed(_Ends, low, high, steep, *ends):
                raise ValueError(_complaint(name, low, high, *ends))
            tiny, least = mpmath.mpf(2) ** -(bits + 2), (high - low) * mpmath.mpf(2) ** -(2 * bits)
            root = _safe_newton(value, steep, low, high, tiny / 2 ** (extra // 2), least / 2 ** (extra // 2))
            nearby = max(abs(root) * tiny, least)
            before, after = max(low, root - nearby), min(high, root + nearby)
            settled = (before == low or value(before) <= 0) and (after == high or value(after) >= 0)
        if settled:
            return +root
    raise ArithmeticError(f"the equation for {name} does not increase through its root near {mpmath.nstr(root, 8)}")


class _Ends:
    """What `_bracketed` needs of an array library, for mpmath numbers."""

    maximum = staticmethod(max)


def _defined(function: Function) -> Function:
    """The function in mpmath, NaN where it has no real value."""
    def real(x: Any) -> Any:
        try:
            value = mpmath.mpmathify(function(x))
        except ZeroDivisionError:
            return mpmath.nan
        return mpmath.re(value) if mpmath.im(value) == 0 else mpmath.nan

    return real


def _safe_newton(value: Function, steep: Function, low: Any, high: Any, relative: Any, least: Any) -> Any:
    """Newton, with bisection where it would leave the bracket or does not halve its step."""
    root, before = (low + high) / 2, high - low
    while before > max(abs(root) * relative, least):
        here = value(root)
        if here == 0:
            return root
        low, high = (root, high) if here < 0 else (low, root)
        rise = steep(root)
        step = here / rise if rise > 0 else mpmath.inf
        if not (low <= root - step <= high and 2 * abs(step) <= before):
            step = root - (low + high) / 2
        root, before = root - step, abs(step)
    return root


def bracketed_root_torch(name: str, equation: Function, slope: Function, low: Any, high: Any) -> Any:
    """The root on tensors, NaN where the ends do not bracket one (nothing can be raised inside vmap).

    The root itself is detached; one Newton step carries its first derivatives, by the implicit function
    theorem; they are infinite where the slope is 0 or undefined. Higher ones are not promised.
    """
    import torch

    def tensor(value: Any) -> Any:
        return value.detach() if isinstance(value, torch.Tensor) else torch.tensor(float(value), dtype=torch.float64)

    def fixed(function: Function) -> Function:
        return lambda x: tensor(function(x))

    value, steep = fixed(equation), fixed(slope)
    ends = tensor(low), tensor(high)
    every = torch.broadcast_tensors(*ends, *map(value, ends))  # type: ignore[no-untyped-call]
    device = next((v.device for v in every if v.device.type != "cpu"), every[0].device)
    low, high, at_low, at_high = (v.to(device=device, dtype=every[-1].dtype) for v in every)
    good = _bracketed(torch, low, high, steep, at_low, at_high)
    root, _ = _halved(torch, value, steep, low, high)
    here, rise = equation(root), steep(root)
    newton = root - (here - here.detach()) / torch.where(rise > 0, rise, torch.finfo(root.dtype).tiny)
    return torch.where(good, newton, torch.nan)


Root.in_mpmath = bracketed_root_mp
