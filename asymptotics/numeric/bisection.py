"""Bisection, of one bracket or elementwise on arrays of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def middle(low: Any, high: Any) -> Any:
    """Return the arithmetic mean of two ends."""
    return 0.5 * (low + high)


def geometric_middle(low: Any, high: Any) -> Any:
    """Return the geometric mean of two ends >= 0."""
    return np.sqrt(low) * np.sqrt(high)


def bisect(
    below: Callable[[Any], Any], low: ArrayLike, high: ArrayLike, *, halvings: int = 200, tolerance: float = 0.0,
    mean: Callable[[Any, Any], Any] = middle,
) -> tuple[Array, Array]:
    """Halve brackets about the places where ``below`` turns false, and return their ends.

    Parameters
    ----------
    below : function
        Whether a place lies below the one that is sought, elementwise.
    low, high : float or array
        The ends of the brackets; numbers become arrays of the shape that ``below`` returns.
    halvings : int
        How often the brackets are halved, unless all of them are narrow enough before.
    tolerance : float
        The width, relative to its upper end, at which a bracket is narrow enough; by default it is
        when no float lies between its ends.
    mean : function
        Where a bracket is divided.
    """
    low, high = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    for _ in range(halvings):
        between = mean(low, high)
        if not ((low < between) & (between < high) & (high - low > tolerance * high)).any():
            break
        under = below(between)
        low, high = np.where(under, between, low), np.where(under, high, between)
    return low, high
