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

from asymptotics.coerce import as_float64, as_probability
from asymptotics.numeric import bisect, middle
from asymptotics.phases import formulas

Array = NDArray[np.float64]


def clock(p: float, returned: ArrayLike) -> Array:
    """The clock s at which a share ``returned`` of - samples comes back in +; NaN-free: ValueError outside (0, p)."""
    wanted = as_float64("returned", returned)
    if not ((wanted > 0) & (wanted < p)).all():
        bad = wanted[~((wanted > 0) & (wanted < p))].flat[0] if wanted.ndim else wanted
        raise ValueError(f"returned = {bad} has no clock: a - sample ends in + with a probability in (0, p), p = {p:g}")
    return middle(*bisect(lambda s: formulas.uturn_sde_minus(p=p, s=s) > wanted, 0, 40, halvings=60))


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
    ratio: ArrayLike, *, plus: ArrayLike | None = None, minus: ArrayLike | None = None,
    stderr: ArrayLike | None = None, count: ArrayLike | None = None, p: float | None = None,
    confidence: float = 0.95,
) -> Fit:
    """Fit s = K ratio (ratio = beta/alpha at each time, 1-d) to the shares returned to + from + and from - samples.

    What is known of their errors: ``count``, of how many starts they are shares, or ``stderr``; either one number, one
    for each time, or a row of them for plus and one for minus. With counts the errors are binomial, of the fitted
    shares (found in turns; half a count more on either side, so that they are never 0). ``p`` fixes the weight.
    Intervals are those of the curvature at the best fit, with the errors taken at their word; ValueError where the
    shares do not determine K (or p).
    """
    from scipy.optimize import least_squares
    from scipy.special import expit
    from scipy.stats import norm

    x = as_float64("ratio", ratio)
    if x.ndim != 1 or not x.size:
        raise ValueError(f"ratio has shape {x.shape}; it must be 1-d, one value or more")
    if not ((x > 0) & np.isfinite(x)).all():
        raise ValueError(f"ratio holds {x[~((x > 0) & np.isfinite(x))][0]}; it must be > 0 and finite")
    as_probability("confidence", confidence)
    weight_given = None if p is None else as_probability("p", p)
    measured = [
        (formula, _share(name, share, x)) for formula, name, share in (
            (formulas.uturn_sde_plus, "plus", plus), (formulas.uturn_sde_minus, "minus", minus),
        ) if share is not None
    ]
    if not measured:
        raise ValueError("give plus, minus or both: the shares that end in +")
    shares = np.stack([share for _, share in measured])
    many, errors = _known(shares, stderr, count)
    unknowns = 1 if weight_given is not None else 2
    if shares.size < unknowns:
        raise ValueError(f"{shares.size} value(s) cannot determine {unknowns} unknowns")

    def unpack(theta: Array) -> tuple[float, float]:
        return float(np.exp(theta[0])), float(expit(2 * theta[1])) if weight_given is None else weight_given

    def model(theta: Array) -> Array:
        rate, weight = unpack(theta)
        return np.stack([formula(p=weight, s=rate * x) for formula, _ in measured])

    start = np.array([np.log(1.0 / np.median(x)), 0.5][:unknowns])
    # The clock between 1e-3 at the last time and 1e3 at the first: outside nothing would change with it.
    low, high = np.array([np.log(1e-3 / x.max()), -15.0]), np.array([np.log(1e3 / x.min()), 15.0])
    for _ in range(_TURNS if many is not None else 1):
        found: Any = least_squares(
            lambda theta, errors: ((model(theta) - shares) / errors).ravel(), start, args=(errors,), x_scale="jac",
            xtol=1e-14, ftol=1e-14, gtol=1e-14, bounds=(low[:unknowns], high[:unknowns]),
        )
        if many is not None:
            start, errors = found.x, _binomial(model(found.x), many)
    reach = norm.isf((1 - confidence) / 2) * _spread(found.jac)
    if not (reach < _VAGUE).all():
        name = ("K", "p")[int(np.argmin(reach < _VAGUE))]
        raise ValueError(
            f"these shares do not determine {name}: at the best fit, {name} may change a lot at no cost; give times at "
            "which the shares change, or smaller errors" + (", or p" if weight_given is None else "")
        )
    rate, weight = unpack(found.x)
    sides = [unpack(found.x + sign * np.eye(unknowns)[k] * reach[k]) for k in range(unknowns) for sign in (-1, 1)]
    p_interval = (weight, weight) if weight_given is not None else (sides[2][1], sides[3][1])
    return Fit(
        rate, (sides[0][0], sides[1][0]), weight, p_interval, confidence, found.fun, weight_given is not None
    )


# Half an interval of ln K, or of half the log odds of p, that says nothing: a factor of 20 either way.
_VAGUE = 3.0
# Fits in turn with the errors of binomial counts: each brings them closer by about the relative error of a share.
_TURNS = 5


def _spread(slopes: Array) -> Array:
    """The standard errors of the unknowns from the slopes of the residuals; inf where they are not determined."""
    _, sizes, turn = np.linalg.svd(slopes, full_matrices=False)
    # Slopes are differences of first order: below 1e-8 of the largest they are rounding.
    known = sizes > 1e-8 * max(sizes.max(), 1e-300)
    inverse = np.divide(1.0, sizes, out=np.zeros_like(sizes), where=known)
    spread = np.sqrt(np.sum((turn * inverse[:, None]) ** 2, axis=0))
    spread[(np.abs(turn[~known]) > 1e-6).any(axis=0)] = np.inf
    return np.asarray(spread)


def _known(shares: Array, stderr: ArrayLike | None, count: ArrayLike | None) -> tuple[Array | None, Array]:
    """The counts, if given, and standard errors to begin with of ``shares`` (curves, times)."""
    if (stderr is None) == (count is None):
        raise ValueError("give either stderr or count: how well the shares are known")
    name, given = ("count", count) if stderr is None else ("stderr", stderr)
    values = as_float64(name, given)
    if values.shape not in ((), shares.shape[1:], shares.shape):
        raise ValueError(
            f"{name} has shape {values.shape}; it must be one number, one for each of {shares.shape[1]} times, or of "
            f"shape {shares.shape}, a row for each curve"
        )
    if not ((values > 0) & np.isfinite(values)).all():
        bad = values[~((values > 0) & np.isfinite(values))].flat[0] if values.ndim else values
        raise ValueError(f"{name} = {bad} must be > 0 and finite" + (
            "; for a share of 0 or 1 give its count" if name == "stderr" else ""
        ))
    many = np.broadcast_to(values, shares.shape)
    return (None, many) if name == "stderr" else (many, _binomial(shares, many))


def _binomial(shares: Array, many: Array) -> Array:
    centre = (shares * many + 0.5) / (many + 1.0)
    return np.asarray((centre * (1.0 - centre) / many) ** 0.5)


def _share(name: str, share: ArrayLike, x: Array) -> Array:
    values = as_float64(name, share)
    if values.shape != x.shape or not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"{name} must hold a share in [0, 1] for each of the {x.size} times")
    return values
