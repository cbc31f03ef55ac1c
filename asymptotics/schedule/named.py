"""The named schedules."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import sympy as sp

from asymptotics.coerce import as_fraction, choice
from asymptotics.schedule.interpolant import Interpolant
from asymptotics.symbols import t

linear = Interpolant(1 - t, t, name="linear")
trigonometric = Interpolant(sp.cos(sp.pi * t / 2), sp.sin(sp.pi * t / 2), name="trigonometric")
square_root = Interpolant(sp.sqrt(1 - t), sp.sqrt(t), name="square_root")
ornstein_uhlenbeck = Interpolant(
    sp.sqrt(1 - sp.exp(-2 * t)), sp.exp(-t), end=sp.oo, name="ornstein_uhlenbeck"
)
# arXiv:2412.07972 trains on real data with this one, t in (0, 1]; t = 1 is nearly noise, beta = .0066.
variance_preserving = Interpolant(
    sp.sqrt(1 - sp.exp(-t / 10 - sp.Rational(199, 20) * t**2)), sp.exp(-t / 20 - sp.Rational(199, 40) * t**2),
    end=sp.oo, name="variance_preserving",
)


def variance_exploding(d: Any) -> Interpolant:
    """alpha = sqrt(d) (1 - t), beta = t: the base has the variance of the data's norm (d > 0)."""
    if isinstance(d, bool) or not isinstance(d, Real):
        raise TypeError(f"d = {d!r} must be a real number")
    if not 0 < float(d) < np.inf:
        raise ValueError(f"d = {d} must be finite and > 0")
    exact = as_fraction("d", d)
    size = sp.Rational(exact.numerator, exact.denominator)
    return Interpolant(sp.sqrt(size) * (1 - t), t, name=f"variance_exploding(d={d})")


NAMED: dict[str, Interpolant] = {
    schedule.name: schedule
    for schedule in (linear, trigonometric, square_root, ornstein_uhlenbeck, variance_preserving)
}
"""The schedules that have no parameter, by name."""


def by_name(name: str) -> Interpolant:
    """Look up a schedule of `NAMED`; where it has none of this name, a ValueError lists them."""
    return NAMED[choice("schedule", name, NAMED)]
