"""Numbers given to a comparison, checked."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float64]


def finite(name: str, value: ArrayLike, least_dimension: int = 0) -> FloatArray:
    try:
        array: Any = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise TypeError(f"{name} must be an array of real numbers: {problem}") from None
    if array.ndim < least_dimension or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}; it must not be empty")
    bad = ~np.isfinite(array)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"{name} is {array[bad][0]} at index {where}; it must be finite")
    return np.asarray(array)


def like(name: str, value: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    array = finite(name, value)
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise ValueError(f"{name} has shape {array.shape}, which does not fit {shape}") from None


def vector(name: str, value: ArrayLike) -> FloatArray:
    array = finite(name, value, least_dimension=1)
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; it must be 1-d")
    return array
