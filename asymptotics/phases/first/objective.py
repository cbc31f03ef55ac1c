"""The objective of the first phase with its derivatives, and what is read off at a point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from asymptotics.phases.first.averages import tanh_averages
from asymptotics.phases.first.problem import Array, Problem

# A jet is an array (6, lanes): value, d/domega, d/db, d2/domega2, d2/domega db, d2/db2.


def _jet(phi: Any, shift: Any, omega: Any, v: Any) -> Any:
    """The jet of phi[0], where phi[k] are derivatives in the mean b + shift omega, at variance omega^2 v.

    The heat equation turns derivatives in the variance into half of second derivatives in the mean.
    """
    drift = omega * v
    return np.stack([
        phi[0], shift * phi[1] + drift * phi[2], phi[1],
        (shift**2 + v) * phi[2] + 2 * shift * drift * phi[3] + drift**2 * phi[4],
        shift * phi[2] + drift * phi[3], phi[2],
    ])


def _chain(jet: Any, value: Any, first: Any, second: Any) -> Any:
    """The jet of g(jet), given g, g' and g'' at its value."""
    _, x, y, xx, xy, yy = jet
    return np.stack([
        value, first * x, first * y, first * xx + second * x * x, first * xy + second * x * y,
        first * yy + second * y * y,
    ])


def _product(one: Any, two: Any) -> Any:
    p, px, py, pxx, pxy, pyy = one
    q, qx, qy, qxx, qxy, qyy = two
    return np.stack([
        p * q, px * q + p * qx, py * q + p * qy, pxx * q + 2 * px * qx + p * qxx,
        pxy * q + px * qy + py * qx + p * qxy, pyy * q + 2 * py * qy + p * qyy,
    ])


def _square(jet: Any) -> Any:
    return _chain(jet, jet[0] ** 2, 2 * jet[0], 2 + 0 * jet[0])


def objective_jet(p: Problem, omega: Any, plus: Any, minus: Any) -> Any:
    """F and its derivatives in (omega, b), from the averages of the two classes; arrays of float64 or of mpf."""
    shifts = p.s * p.v_plus, -p.s * p.v_minus
    f_plus, f_minus = (_jet(phi, k, omega, p.v) for phi, k in zip((plus, minus), shifts, strict=True))
    # tanh^2 = 1 - tanh': the same averages, one order up.
    g_plus, g_minus = (_jet(phi[1:], k, omega, p.v) for phi, k in zip((plus, minus), shifts, strict=True))
    denominator = -p.n_plus * g_plus - p.n_minus * g_minus
    denominator[0] = p.ridge_u + p.n_plus * plus[6] + p.n_minus * minus[6]
    inverse = 1 / denominator[0]
    inverse = _chain(denominator, inverse, -(inverse**2), 2 * inverse**3)
    gain = _square(p.n_plus * f_plus - p.n_minus * f_minus)
    gain = gain + p.sigma**2 * (p.n_plus * _square(f_plus) + p.n_minus * _square(f_minus))
    jet = -_product(gain, inverse) / 2
    jet[0] += p.ridge_w * p.v * omega**2 / 2
    jet[1] += p.ridge_w * p.v * omega
    jet[3] += p.ridge_w * p.v
    return jet


def both_classes(
    p: Problem, omega: Array, b: Array, average: Callable[..., Array] = tanh_averages
) -> tuple[Array, Array]:
    """The averages of the two classes."""
    r = omega**2 * p.v
    means = np.concatenate([b + p.s * omega * p.v_plus, b - p.s * omega * p.v_minus])
    values = average(means, np.concatenate([r, r]))
    return values[:, : omega.size], values[:, omega.size :]


class State(NamedTuple):
    """What is read off at given (omega, b): averages of each class, denominator, m and q."""

    f_plus: Any
    f_minus: Any
    square_plus: Any
    square_minus: Any
    denominator: Any
    m: Any
    q: Any


def state_of(p: Problem, f_plus: Any, f_minus: Any, square_plus: Any, square_minus: Any) -> State:
    denominator = p.ridge_u + p.n_plus * square_plus + p.n_minus * square_minus
    m = (p.n_plus * f_plus - p.n_minus * f_minus) / denominator
    q = m**2 + p.sigma**2 * (p.n_plus * f_plus**2 + p.n_minus * f_minus**2) / denominator**2
    return State(f_plus, f_minus, square_plus, square_minus, denominator, m, q)
