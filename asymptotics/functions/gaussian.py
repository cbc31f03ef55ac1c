"""Means over one standard normal variable, E_z f(z), kept as expressions and computed by the trapezoid rule.

The integrands here are analytic only in a strip (tanh has poles), where Gauss-Hermite converges slowly and the
trapezoid rule exponentially. With f analytic for |Im z| < b and a step w its relative error is about
exp(-2 pi b/w + b^2/2), the second term from the normal density.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from asymptotics.functions.bound_variable import BoundVariable, refuse_free
from asymptotics.proof import Mean

LOSS = 45.0
"""Float64 means leave out a fraction of exp(-45) = 3e-20, at the ends and between the nodes each."""
LOSS_SINGLE = 25.0
"""The same in float32: 1e-11."""
BLOCK = 2**17
"""Entries of a temporary (1 MB: it stays in the processor's cache); on an accelerator 16 times as many."""
MOST_NODES = 2**24
UNKNOWN_SCALE = 8.0
"""The largest scale inside torch.vmap, where it cannot be looked at, for an integrand that does not fall off."""


class GaussianMean(BoundVariable, Mean):
    """The mean of ``integrand`` over the standard normal variable ``z``, which is bound.

    The rest tells the numerics where the integrand lives; it does not change the value. The integrand is a
    function of z and u = shift + scale z that is analytic for |Im u| < pi/2, as tanh u and sech u are, and it
    falls like exp(-rate |u|): rate 0 for tanh u, 1 for sech u, 2 for sech(u)^2. The relative accuracy of a
    positive integrand, however small its mean, needs the true rate. A rate of 0 promises it where the mean is
    not below about 1e-7 of the largest value, and costs 14 nodes for each unit of scale.
    """

    def __new__(
        cls, integrand: sp.Expr, z: sp.Symbol, scale: Any = 1, shift: Any = 0, rate: Any = 0
    ) -> sp.Expr:
        integrand, z, scale, shift, rate = map(sp.sympify, (integrand, z, scale, shift, rate))
        refuse_free("GaussianMean", z, scale, shift, rate)
        if rate.is_negative:
            raise ValueError(f"rate = {rate} is not allowed: rate >= 0")
        if z not in integrand.free_symbols:
            return integrand
        return sp.Expr.__new__(cls, integrand, z, scale, shift, rate)

    @property
    def integrand(self) -> sp.Expr:
        return self.args[0]

    @property
    def hints(self) -> tuple[sp.Expr, ...]:
        """scale, shift and rate: what the numerics know about the integrand."""
        return tuple(self.args[2:])

    def _mpmathcode(self, printer: Any) -> str:
        arguments = ", ".join(printer.doprint(hint) for hint in self.hints)
        return f"GaussianMean({self._function(self.integrand, printer)}, {arguments})"

    def _eval_is_positive(self) -> bool | None:
        return True if self.integrand.is_positive else None

    def _eval_is_nonnegative(self) -> bool | None:
        return True if self.integrand.is_nonnegative else None

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        if symbol == self.variable:
            return sp.S.Zero
        return self.func(self.integrand.diff(symbol), self.variable, *self.hints)

    def _latex(self, printer: Any) -> str:
        return (rf"\operatorname{{E}}_{{{printer.doprint(self.variable)}}}"
                rf"\left[{printer.doprint(self.integrand)}\right]")

    def _pretty(self, printer: Any) -> Any:
        from sympy.printing.pretty.stringpict import prettyForm

        inside = prettyForm(*printer._print(self.integrand).parens("[", "]"))
        return prettyForm(*inside.left(f"E_{self.variable} "))

    def _sympystr(self, printer: Any) -> str:
        return f"E_{self.variable}[{printer.doprint(self.integrand)}]"


def _step(xp: Any, scale: Any, loss: Any, pi: Any = math.pi) -> Any:
    """The step whose error is exp(-loss), given scale >= 0.

    The strip of the integrand has half-width pi/(2 scale). What is used of it is at most sqrt(2 loss), where
    the density's own growth begins to cost more than the width gains.
    """
    widest = (2 * loss) ** 0.5
    slowest = scale * 0 + pi / (2 * widest)
    half = pi / 2 / xp.where(scale > slowest, scale, slowest)
    return 2 * pi * half / (loss + half * half / 2)


def _window(xp: Any, scale: Any, shift: Any, rate: Any, loss: Any) -> tuple[Any, Any]:
    """The interval of z where exp(-rate |shift + scale z| - z^2/2) is above exp(-loss) of its maximum.

    For shift, scale >= 0 the maximum is at -peak, with peak = min(shift/scale, rate scale): the density at
    the crossing u = 0, or tilted by a whole exponential. The ends are written relative to it, where nothing
    cancels; otherwise z is mirrored.
    """
    tilt, off = rate * scale, xp.where(shift < 0, -shift, shift)
    crossing = off / xp.where(scale > 0, scale, scale * 0 + 1)
    peak = xp.where(off > tilt * scale, tilt, crossing)
    excess = rate * xp.where(off > tilt * scale, off - tilt * scale, off * 0)
    near = xp.sqrt((tilt - peak) ** 2 + 2 * loss)
    far = xp.sqrt((tilt + peak) ** 2 + 2 * loss + 4 * excess)
    after = 2 * loss / (near + tilt - peak)
    before, across = near + tilt - peak, (2 * loss + 4 * excess) / (far + tilt + peak)
    low, high = -peak - xp.where(before < across, before, across), after - peak
    return xp.where(shift < 0, -high, low), xp.where(shift < 0, -low, high)


def _grid(xp: Any, scale: Any, shift: Any, rate: Any, loss: Any, most: float = 0) -> tuple[Any, Any, Any]:
    """Step, and the first and last multiple of it, elementwise; ``most``, if given, bounds their number."""
    shift, scale = xp.where(scale < 0, -shift, shift), abs(scale)
    low, high = _window(xp, scale, shift, rate, loss)
    step = _step(xp, scale, loss)
    if most:
        coarse = (high - low) / (most - 1)
        step = xp.where(step > coarse, step, coarse)
    return step, xp.ceil(low / step), xp.floor(high / step)


def _chunks(count: int, entries: int, block: int) -> list[tuple[int, int]]:
    """Ranges of nodes, each small enough for a temporary of ``block`` entries."""
    at_once = max(1, block // max(1, entries))
    return [(start, min(start + at_once, count)) for start in range(0, count, at_once)]


def _refuse_many(count: float) -> None:
    if count > MOST_NODES:
        raise ValueError(
            f"a mean over z would need {count:.2g} nodes: its scale is too large for an integrand that does not "
            "fall off; write it as a constant plus a part that does, and give that part's rate"
        )


def gaussian_mean(integrand: Callable[[Any], Any], scale: Any, shift: Any, rate: Any) -> Any:
    """E_z integrand(z) in float64, elementwise over whatever arrays the integrand and the hints carry.

    Each entry has the step and the range it needs, on its own: neighbours do not change it. Entries whose
    hints are not finite are NaN.
    """
    with np.errstate(all="ignore"):
        probe = integrand(np.float64(0.5))
        scale, shift, rate = (np.asarray(hint, dtype=np.float64) for hint in (scale, shift, rate))
        step, first, last = _grid(np, scale, shift, rate, LOSS)
        counts = last - first + 1
        largest = float(np.max(counts, initial=1, where=~np.isnan(counts)))
    _refuse_many(largest)
    shape = np.broadcast_shapes(np.shape(probe), step.shape, first.shape)
    total: Any = np.zeros(shape) if shape else np.float64(0)
    for start, stop in _chunks(int(largest), math.prod(shape), BLOCK):
        index = first + np.arange(start, stop, dtype=np.float64).reshape(-1, *[1] * len(shape))
        z = np.minimum(index, last) * step
        weight = np.where(index > last, 0.0, np.exp(-z * z / 2))
        total = total + np.sum(weight * integrand(z), axis=0)
    return total * (step / math.sqrt(2 * math.pi))


def gaussian_mean_mp(integrand: Callable[[Any], Any], scale: Any, shift: Any, rate: Any) -> Any:
    """The same in mpmath, to the working precision."""
    with mpmath.extraprec(30):
        loss = mpmath.mp.prec * mpmath.log(2)
        scale, shift, rate = (mpmath.mpf(hint) for hint in (scale, shift, rate))
        shift, scale = -shift if scale < 0 else shift, abs(scale)
        low, high = _window(_Scalar, scale, shift, rate, loss)
        step = _step(_Scalar, scale, loss, +mpmath.pi)
        first, last = int(mpmath.ceil(low / step)), int(mpmath.floor(high / step))
        _refuse_many(last - first)
        nodes = (k * step for k in range(first, last + 1))
        total = mpmath.fsum(mpmath.exp(-z * z / 2) * integrand(z) for z in nodes)
        mean = total * step / mpmath.sqrt(2 * mpmath.pi)
    return +mean


class _Scalar:
    """The two functions of an array library that the grid needs, for one mpmath number."""

    sqrt = staticmethod(mpmath.sqrt)

    @staticmethod
    def where(condition: bool, yes: Any, no: Any) -> Any:
        return yes if condition else no


def gaussian_mean_torch(integrand: Callable[[Any], Any], scale: Any, shift: Any, rate: Any) -> Any:
    """The same on tensors, in their dtype and on their device; gradients flow through the integrand alone.

    Inside torch.vmap the number of nodes cannot depend on the entries, and a bound takes its place (`_bound`),
    which costs a few times the nodes. Where it does not suffice the step grows if the integrand falls off (the
    mean is then below exp(-45) of its largest value), and the mean is NaN if it does not (scale above 8).
    """
    import torch

    probe = integrand(0.5)
    tensors = [v for v in (probe, scale, shift, rate) if isinstance(v, torch.Tensor) and v.is_floating_point()]
    dtype, device = (tensors[0].dtype, tensors[0].device) if tensors else (torch.float64, None)
    loss = LOSS if dtype == torch.float64 else LOSS_SINGLE
    a, b, c = (torch.as_tensor(hint, dtype=dtype, device=device).detach() for hint in (scale, shift, rate))
    step, first, last = _grid(torch, a, b, c, loss)
    count = _seen((last - first + 1).nan_to_num(posinf=math.inf).max())
    if count is None:
        count = _bound(_seen(abs(a).max()), _seen(c.min()), loss)
        few = (last - first + 2 > count) & (c <= 0)
        step, first, last = _grid(torch, a, b, c, loss, most=count)
        step = torch.where(few, torch.nan, step)
    _refuse_many(count)
    shape = torch.broadcast_shapes(getattr(probe, "shape", ()), step.shape)  # type: ignore[no-untyped-call]
    total: Any = torch.zeros((), dtype=dtype, device=device)
    block = BLOCK if total.device.type == "cpu" else 16 * BLOCK
    for start, stop in _chunks(math.ceil(count), math.prod(shape), block):
        index = first + torch.arange(start, stop, dtype=dtype, device=device).reshape(-1, *[1] * len(shape))
        z = torch.minimum(index, last) * step
        weight = torch.where(index > last, torch.zeros_like(z), torch.exp(-z * z / 2))
        total = total + (weight * integrand(z)).sum(0)
    return total * (step / math.sqrt(2 * math.pi))


def _seen(value: Any) -> float | None:
    """The one number in a tensor, or None inside vmap, where it cannot be looked at."""
    try:
        return float(value.item())
    except RuntimeError:
        return None


def _bound(scale: float | None, rate: float | None, loss: float) -> int:
    """Nodes that suffice for every entry, given what is known of them all: the largest scale, the least rate.

    A window is at most 2 sqrt(2 loss) wide, and for a scale above 1 at most 2.6 loss/(rate scale) as long as
    the mean is above exp(-loss) of the integrand's largest value (found by a search over scales and shifts).
    """
    def whole(scale: float) -> float:
        return 2 * math.sqrt(2 * loss) / float(_step(np, np.float64(scale), loss))

    if scale is not None:
        return math.ceil(3 + whole(scale))
    if not rate:
        return math.ceil(3 + whole(UNKNOWN_SCALE))
    return math.ceil(3 + max(whole(1.0), 2.6 * loss * (loss + 2) / math.pi**2 / rate))


GaussianMean.in_mpmath = gaussian_mean_mp
