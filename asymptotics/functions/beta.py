"""The symmetric beta law, B(a, a): its distribution function I_x(a,a), its density, and what their derivatives need.

`beta_below(a, x)` is the chance that a number of this law is below x, `beta_density(a, x)` its density, and
`beta_moment(k, a, x)` the mean of ln^k(4z(1-z)) over z below x, with which the three are closed under differentiation.

Numerics: with z = 1/(1+exp(2u)) all are integrals of sech^{2a}(u) from u = y = ln((1-x)/x)/2 on. There
cosh(y+v)/cosh(y) = cosh v + tanh(y) sinh v, which takes the size of the tail out, and v = L exp(s - exp(-s)) makes the
trapezoidal rule in s converge exponentially, L being where the integrand has fallen by e: the same 90 nodes serve every
a and x (1e-15 of flint's digits from a = 1/2 to 5e5), numpy, torch and, with more of them, mpmath.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import mpmath
import sympy as sp

from asymptotics.functions.digits import evaluated

LOSS = 37.0
"""-ln of the relative error that the sums may leave in float64."""


class beta_below(sp.Function):
    """I_x(a,a) for a > 0, 0 <= x <= 1: the chance that z of the law B(a,a) is below x."""

    nargs = 2
    is_real = True

    @classmethod
    def eval(cls, a: sp.Expr, x: sp.Expr) -> sp.Expr | None:
        known = {sp.S.Zero: sp.S.Zero, sp.S.Half: sp.S.Half, sp.S.One: sp.S.One}
        return known.get(x)

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        a, x = self.args
        return beta_density(a, x) if argindex == 2 else _moved(0, a, x)

    def _eval_rewrite_as_betainc_regularized(self, a: sp.Expr, x: sp.Expr, **hints: Any) -> sp.Expr:
        return sp.betainc_regularized(a, a, 0, x)

    _eval_evalf = evaluated

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        a, x = (printer.doprint(part) for part in self.args)
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"I{power}_{{{x}}}\left({a},{a}\right)"


class beta_density(sp.Function):
    """(x(1-x))^{a-1}/B(a,a) for a > 0, 0 < x < 1: the density of the law B(a,a)."""

    nargs = 2
    is_real = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        a, x = self.args
        if argindex == 2:
            return self * (a - 1) * (1 - 2 * x) / (x * (1 - x))
        return self * (sp.log(4 * x * (1 - x)) - _middle(a))

    _eval_evalf = evaluated

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        a, x = (printer.doprint(part) for part in self.args)
        text = rf"\frac{{\left({x}\left(1-{x}\right)\right)^{{{a}-1}}}}{{\mathrm{{B}}\left({a},{a}\right)}}"
        return text if exp is None else rf"\left[{text}\right]^{{{exp}}}"


class beta_moment(sp.Function):
    """The integral over z below x of ln^k(4z(1-z)) under the law B(a,a); k = 0 is `beta_below`."""

    nargs = 3
    is_real = True

    @classmethod
    def eval(cls, k: sp.Expr, a: sp.Expr, x: sp.Expr) -> sp.Expr | None:
        return beta_below(a, x) if k == 0 else sp.S.Zero if x == 0 else None

    def fdiff(self, argindex: int = 2) -> sp.Expr:
        k, a, x = self.args
        if argindex == 3:
            return beta_density(a, x) * sp.log(4 * x * (1 - x)) ** k
        if argindex == 1:
            raise ValueError("the power of the logarithm is a whole number: no derivative in it")
        return _moved(k, a, x)

    _eval_evalf = evaluated

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        k, a, x = (printer.doprint(part) for part in self.args)
        power = "" if self.args[0] == 1 else f"^{{{k}}}"
        text = (
            rf"\int_0^{{{x}}}\frac{{\left(z(1-z)\right)^{{{a}-1}}}}{{\mathrm{{B}}\left({a},{a}\right)}}"
            rf"\ln{power}\left(4z(1-z)\right)dz"
        )
        return rf"\left[{text}\right]" + ("" if exp is None else f"^{{{exp}}}")


FUNCTIONS = (beta_below, beta_density, beta_moment)


def _middle(a: sp.Expr) -> sp.Expr:
    """The mean of ln(4z(1-z)): psi(a) - psi(a + 1/2)."""
    return 2 * beta_moment(1, a, sp.S.Half)


def _moved(k: sp.Expr | int, a: sp.Expr, x: sp.Expr) -> sp.Expr:
    """The derivative of the k-th moment in a."""
    return beta_moment(k + 1, a, x) - beta_moment(k, a, x) * _middle(a)


# -- numerics -----------------------------------------------------------------------------------------------------


@cache
def _nodes(loss: float) -> tuple[list[float], list[float]]:
    """v/L and the weights of the sum over v/L, good to exp(-loss)."""
    step, low, high = 4 / (loss + 11), -math.log(loss + 4), math.log(loss + 4) + 0.1
    places = [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
    at = [math.exp(s - math.exp(-s)) for s in places]
    return at, [step * v * (1 + math.exp(-s)) for v, s in zip(at, places, strict=True)]


def _log_cosh(xp: Any, y: Any) -> Any:
    """ln cosh(y) for y >= 0, accurate at both ends."""
    near = xp.where(y < 1, y, y * 0 + 1)
    return xp.where(y < 1, xp.log1p(2 * xp.sinh(near / 2) ** 2), y + xp.log1p(xp.exp(-2 * y)) - math.log(2))


def _rise(xp: Any, slope: Any, v: Any) -> Any:
    """ln(cosh(y+v)/cosh(y)) for v >= 0, slope = tanh(y)."""
    near = xp.where(v < 1, v, v * 0 + 1)
    early = xp.log1p(2 * xp.sinh(near / 2) ** 2 + slope * xp.sinh(near))
    return xp.where(v < 1, early, v + xp.log1p((1 - slope) / 2 * xp.expm1(-2 * v)))


def _tail(xp: Any, a: Any, y: Any, k: int, at: Any, weight: Any) -> Any:
    """The integral over u above y >= 0 of (sech u/sech y)^{2a} (-2 ln cosh u)^k."""
    slope = xp.tanh(y)
    fall = 2 * a * slope
    length = 2 / (fall + xp.sqrt(fall * fall + 4 * a * (1 - slope * slope)))
    rise = _rise(xp, slope[..., None], length[..., None] * at)
    terms = weight * xp.exp(-2 * a[..., None] * rise)
    if k:
        terms = terms * (-2 * (_log_cosh(xp, y)[..., None] + rise)) ** k
    return length * terms.sum(-1)


def _height(xp: Any, x: Any) -> Any:
    """y = ln((1-x)/x)/2 for 0 < x <= 1/2."""
    return xp.log1p((1 - 2 * x) / x) / 2


def _moment(xp: Any, k: int, a: Any, x: Any, at: Any, weight: Any) -> Any:
    zero, upper = 0 * (a + x), x > 0.5
    a, least = a + zero, xp.where(upper, 1 - x, x) + zero
    inside = least > 0
    y = _height(xp, xp.where(inside, least, zero + 0.5))
    whole = _tail(xp, a, zero, 0, at, weight)
    part = xp.exp(-2 * a * _log_cosh(xp, y)) * _tail(xp, a, y, k, at, weight) / whole / 2
    part = xp.where(inside, part, zero)
    above = zero + 1 if k == 0 else _tail(xp, a, zero, k, at, weight) / whole
    return xp.where(upper, above - part, part)


def beta_moment_array(xp: Any, k: int, a: Any, x: Any) -> Any:
    """`beta_moment` in numpy or torch (``xp``), elementwise; arrays of one dtype and device, or numbers."""
    a, x, at, weight = _arrays(xp, a, x)
    return _moment(xp, int(k), a, x, at, weight)


def beta_density_array(xp: Any, a: Any, x: Any) -> Any:
    """`beta_density` in numpy or torch (``xp``), elementwise."""
    a, x, at, weight = _arrays(xp, a, x)
    zero = 0 * (a + x)
    y = _height(xp, xp.where(x > 0.5, 1 - x, x) + zero)
    return xp.exp(-2 * (a - 1) * _log_cosh(xp, y)) / _tail(xp, a + zero, zero, 0, at, weight)


def _arrays(xp: Any, a: Any, x: Any) -> tuple[Any, Any, Any, Any]:
    """Both arguments as arrays, and the nodes as arrays of their kind."""
    like = next((v for v in (a, x) if hasattr(v, "dtype")), xp.zeros((), dtype=xp.float64))
    if xp.__name__ == "torch":
        found = [xp.as_tensor(v, dtype=like.dtype, device=like.device) for v in (a, x, *_nodes(LOSS))]
    else:
        found = [xp.asarray(v, dtype=like.dtype) for v in (a, x, *_nodes(LOSS))]
    return found[0], found[1], found[2], found[3]


def beta_moment_mp(k: Any, a: Any, x: Any) -> Any:
    """`beta_moment` in mpmath, to the working precision."""
    if x <= 0 or x >= 1:
        return mpmath.mpf(0) if x <= 0 else 2 * beta_moment_mp(k, a, mpmath.mpf(1) / 2)
    with mpmath.extraprec(20):
        least = min(x, 1 - x)
        y, power, zero = mpmath.log((1 - least) / least) / 2, int(k), mpmath.mpf(0)
        whole = _tail_mp(a, zero, 0)
        part = mpmath.cosh(y) ** (-2 * a) * _tail_mp(a, y, power) / whole / 2
        if x > least:
            part = (_tail_mp(a, zero, power) / whole if power else 1) - part
    return +part


def beta_below_mp(a: Any, x: Any) -> Any:
    """`beta_below` in mpmath, to the working precision."""
    return beta_moment_mp(0, a, x)


def beta_density_mp(a: Any, x: Any) -> Any:
    """`beta_density` in mpmath, to the working precision."""
    with mpmath.extraprec(20):
        found = (4 * x * (1 - x)) ** (a - 1) / _tail_mp(a, mpmath.mpf(0), 0)
    return +found


def _tail_mp(a: Any, y: Any, k: int) -> Any:
    slope, start, loss = mpmath.tanh(y), mpmath.ln(mpmath.cosh(y)), mpmath.mp.prec * mpmath.log(2)
    fall, step, end = 2 * a * slope, 4 / (loss + 11), mpmath.log(loss + 4) + mpmath.mpf(1) / 10
    length = 2 / (fall + mpmath.sqrt(fall * fall + 4 * a * (1 - slope * slope)))
    terms = []
    for place in range(-int(end / step), int(end / step) + 1):
        s = place * step
        v = length * mpmath.exp(s - mpmath.exp(-s))
        rise = mpmath.log1p(2 * mpmath.sinh(v / 2) ** 2 + slope * mpmath.sinh(v))
        terms.append(v * (1 + mpmath.exp(-s)) * mpmath.exp(-2 * a * rise) * (-2 * (start + rise)) ** k)
    return step * mpmath.fsum(terms)


beta_below.in_mpmath = beta_below_mp
beta_density.in_mpmath = beta_density_mp
beta_moment.in_mpmath = beta_moment_mp
