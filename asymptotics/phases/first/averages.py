"""Gaussian averages of tanh and its derivatives: in float64, in long floats, in mpmath."""

from __future__ import annotations

import functools
from typing import Any

import mpmath
import numpy as np

from asymptotics.phases.first.problem import Array


def tanh_derivatives(t: Any, first: Any) -> list[Any]:
    """tanh, its first five derivatives, and tanh^2, from t = tanh x and first = 1/cosh^2 x (arrays, or mpf)."""
    second = -2 * t * first
    third = first * (4 - 6 * first)
    fourth = second * (4 - 12 * first)
    return [t, first, second, third, fourth, third * (4 - 12 * first) - 12 * second**2, t * t]


def _tanh(x: Array) -> list[Array]:
    """The seven on an array: in the tails 1/cosh^2 keeps the digits that 1 - tanh^2 loses."""
    decay = np.exp(-2 * abs(x))
    return tanh_derivatives(np.copysign((1 - decay) / (1 + decay), x), 4 * decay / (1 + decay) ** 2)


_SPLIT = 0.25
"""Variance from which the density of x = a + sqrt(r) z is wide enough to be sampled on a fixed grid of x."""
_SLOPE = 0.886226925452758


@functools.cache
def _nodes() -> tuple[Array, Array, Array, Array]:
    """Nodes z and weights of a standard Gaussian; nodes x and the table of functions there, times the step.

    tanh has poles at distance pi/2, so that the trapezoid's error in x is exp(-pi^2/step) (times exp(pi^2/8r)
    where the Gaussian grows off the real axis): step 0.2 leaves 1e-19. Gauss-Hermite would not converge so.
    In x, tanh itself does not decay, but tanh x - erf(k x) does, and the average of erf is erf.
    """
    from scipy.special import erf

    z = np.arange(-22, 23) * 0.4
    x = np.arange(-103, 104) * 0.2
    table = np.stack(_tanh(x)[:6])
    table[0] -= erf(_SLOPE * x)
    return z, np.exp(-(z**2) / 2) * 0.4 / np.sqrt(2 * np.pi), x, 0.2 * table.T


def tanh_averages(a: Array, r: Array) -> Array:
    """E tanh^(k)(a + sqrt(r) z) for k = 0 .. 5, and E tanh^2; a and r of shape (lanes,), the result (7, lanes).

    E tanh^2 is 1 - E tanh', but not in floats where it is small.
    """
    from scipy.special import erf

    z, weight, x, table = _nodes()
    result = np.empty((7, a.size))
    for start in range(0, a.size, 512):  # pieces that stay in cache
        piece = slice(start, min(start + 512, a.size))
        wide = r[piece] >= _SPLIT
        near, far = np.flatnonzero(~wide) + start, np.flatnonzero(wide) + start
        if near.size:
            result[:, near] = [value @ weight for value in _tanh(a[near, None] + np.sqrt(r[near, None]) * z)]
        if far.size:
            mean, variance = a[far], r[far]
            density = np.exp((x - mean[:, None]) ** 2 / (-2 * variance[:, None]))
            density /= np.sqrt(2 * np.pi * variance)[:, None]
            result[:6, far] = (density @ table).T
            result[0, far] += erf(_SLOPE * mean / np.sqrt(1 + 2 * _SLOPE**2 * variance))
            result[6, far] = 1 - result[1, far]
    return result


def fine_averages(a: Array, r: Array) -> Array:
    """The same seven in the machine's longest floats (80 bits on x86): the polish needs them.

    At the minimum, terms of order n cancel in the gradient, and some directions have little curvature; the
    three digits gained here are those that the minimiser would lose. Points are sorted by r, since the
    number of nodes grows with it.
    """
    result = np.empty((7, a.size), dtype=np.longdouble)
    order = np.argsort(r)
    for start in range(0, a.size, 64):
        part = order[start : start + 64]
        spread = np.sqrt(r[part])
        step = 0.2 / max(0.5, float(spread[-1]))
        z = np.arange(-int(9.4 / step), int(9.4 / step) + 1).astype(np.longdouble) * np.longdouble(step)
        weight = np.exp(-z * z / 2)
        weight /= weight.sum()
        result[:, part] = [value @ weight for value in _tanh(a[part, None] + spread[:, None] * z)]
    return result


def averages_mp(a: Any, r: Any) -> list[Any]:
    """The same seven in mpmath, for one a and r > 0, to the working precision.

    Trapezoid in z: shifting the contour to min(pole, 2 pi/step) leaves exp(-pi pole/step) at most.
    """
    digits = mpmath.mp.prec * mpmath.log(2) + 20
    pole = mpmath.pi / (2 * mpmath.sqrt(r))
    step = min(mpmath.pi * pole / digits, mpmath.pi * mpmath.sqrt(2 / digits))
    reach = int(mpmath.ceil(mpmath.sqrt(2 * digits) / step))
    sums = [mpmath.mpf(0)] * 7
    for k in range(-reach, reach + 1):
        z = k * step
        weight = mpmath.exp(-z * z / 2)
        x = a + mpmath.sqrt(r) * z
        values = tanh_derivatives(mpmath.tanh(x), mpmath.sech(x) ** 2)
        sums = [total + weight * value for total, value in zip(sums, values, strict=True)]
    return [total * step / mpmath.sqrt(2 * mpmath.pi) for total in sums]
