"""The inverse problem of U-turns: from measured return probabilities to the clock s = K beta/alpha and the weight p.

Noise samples of one mode to several times, bring them back by the reverse SDE, count how many end in +. The theory
has two unknowns for data with two classes: how fast the clock runs (K = |mu|/sigma for well separated modes at small
beta) and the weight p that the model gives the + class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from asymptotics.domain import as_float64
from asymptotics.phases import formulas

Array = NDArray[np.float64]


def clock(p: float, returned: ArrayLike) -> Array:
    """The clock s at which a share ``returned`` of - samples comes back in +; NaN-free: ValueError outside (0, p)."""
    wanted = as_float64("returned", returned)
    if not ((wanted > 0) & (wanted < p)).all():
        bad = wanted[~((wanted > 0) & (wanted < p))].flat[0] if wanted.ndim else wanted
        raise ValueError(f"returned = {bad} has no clock: a - sample ends in + with a probability in (0, p), p = {p:g}")
    low, high = np.zeros(wanted.shape), np.full(wanted.shape, 40.0)
    for _ in range(60):
        middle = (low + high) / 2
        above = formulas.uturn_sde_minus(p=p, s=middle) > wanted
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return (low + high) / 2


@dataclass(frozen=True)
class Fit:
    """K and p with confidence intervals, and what is left: ``residuals`` in standard errors, in the order given."""

    rate: float
    rate_interval: tuple[float, float]
    p: float
    p_interval: tuple[float, float]
    confidence: float
    residuals: Array
    fixed_p: bool

    @property
    def chi_square(self) -> float:
        return float(np.sum(self.residuals**2))


def fit_uturn(
    ratio: ArrayLike, *, plus: ArrayLike | None = None, minus: ArrayLike | None = None, stderr: ArrayLike,
    p: float | None = None, confidence: float = 0.95,
) -> Fit:
    """Fit s = K ratio (ratio = beta/alpha at each time, 1-d) to the shares returned to + from + and from - samples.

    ``stderr``: one number, or one for each time (those of a share: sqrt(share (1 - share)/count)). ``p`` fixes the
    weight. Intervals are those of the curvature at the best fit, with the stated errors taken at their word.
    """
    from scipy.optimize import least_squares
    from scipy.stats import norm

    x = as_float64("ratio", ratio)
    if x.ndim != 1 or not (x > 0).all():
        raise ValueError(f"ratio has shape {x.shape}; it must be 1-d and > 0")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence = {confidence} must lie inside (0, 1)")
    errors = np.broadcast_to(as_float64("stderr", stderr), x.shape)
    if not (errors > 0).all():
        raise ValueError("stderr must be > 0")
    measured = [
        (formula, _share(name, share, x)) for formula, name, share in (
            (formulas.uturn_sde_plus, "plus", plus), (formulas.uturn_sde_minus, "minus", minus),
        ) if share is not None
    ]
    if not measured:
        raise ValueError("give plus, minus or both: the shares that end in +")
    count = 1 if p is not None else 2
    if len(measured) * x.size < count:
        raise ValueError(f"{len(measured) * x.size} value(s) cannot determine {count} unknowns")

    def unpack(theta: Array) -> tuple[float, float]:
        return float(np.exp(theta[0])), float(p) if p is not None else float(1 / (1 + np.exp(-2 * theta[1])))

    def residuals(theta: Array) -> Array:
        rate, weight = unpack(theta)
        return np.concatenate([(formula(p=weight, s=rate * x) - share) / errors for formula, share in measured])

    start = np.array([np.log(1.0 / np.median(x)), 0.5][: count])
    found: Any = least_squares(residuals, start, x_scale="jac", xtol=1e-14, ftol=1e-14, gtol=1e-14)
    covariance = np.linalg.pinv(found.jac.T @ found.jac)
    reach = norm.isf((1 - confidence) / 2) * np.sqrt(np.diag(covariance))
    rate, weight = unpack(found.x)
    sides = [unpack(found.x + sign * np.eye(count)[k] * reach[k]) for k in range(count) for sign in (-1, 1)]
    p_interval = (weight, weight) if p is not None else (sides[2][1], sides[3][1])
    return Fit(rate, (sides[0][0], sides[1][0]), weight, p_interval, confidence, found.fun, p is not None)


def _share(name: str, share: ArrayLike, x: Array) -> Array:
    values = as_float64(name, share)
    if values.shape != x.shape or not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"{name} must hold a share in [0, 1] for each of the {x.size} times")
    return values
