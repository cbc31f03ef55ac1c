"""Whether a function increases: probes that no grid can fool."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

PROBES = 4096
_FINEST, _NOISE = 1e-7, 1e-9
_SEED = 20241207


def scattered(low: float, high: float, count: int = PROBES) -> np.ndarray:
    """Increasing times inside [low, high], one from a random place in each of ``count`` equal parts, always the same.

    Equal steps alias with an oscillation of their own period; no period hides from these.
    """
    places = (np.arange(count) + np.random.default_rng(_SEED).random(count)) / count
    return low + (high - low) * places


def first_fall(
    function: Callable[[np.ndarray], np.ndarray], low: float, high: float, *,
    slope: Callable[[np.ndarray], np.ndarray] | None = None, count: int = PROBES,
) -> float | None:
    """A time after which a function that should increase on [low, high] was seen not to, or None.

    Each of 1000 equal steps must rise. Steps of ``count`` sizes, from 1e-7 of the interval to 1/count, from
    `scattered` times must not fall, nor the slope be negative there, by more than the 1e-9 that rounding may do.
    """
    length = high - low
    even = np.linspace(low, high, 1001)
    rests = ~(np.diff(function(even)) > 0)
    before = scattered(low, high, count)
    sizes = 10 ** np.random.default_rng(_SEED + 1).uniform(np.log10(_FINEST), -np.log10(count), count)
    falls = ~(function(np.minimum(before + sizes * length, high)) - function(before) >= -_NOISE * length)
    if slope is not None:
        with np.errstate(all="ignore"):
            falls |= slope(before) < -_NOISE
    found = np.concatenate([even[:-1][rests], before[falls]])
    return float(found.min()) if found.size else None
