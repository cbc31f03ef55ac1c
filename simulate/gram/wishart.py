"""Draw the products among Gaussian vectors without the vectors: laws of Wishart matrices, and Bartlett's factors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulate.seeds import child, normal

Array = NDArray[np.float64]


def chi_squared(key: np.random.SeedSequence, shape: int | tuple[int, ...], freedom: int) -> Array:
    """Draw chi-squared numbers; with 0 degrees of freedom all are 0."""
    return np.random.default_rng(key).chisquare(float(freedom), shape) if freedom else np.zeros(shape)


def wishart(
    key: np.random.SeedSequence, many: int, freedom: int, first: float, second: float
) -> tuple[Array, Array, Array]:
    """Draw ``many`` matrices of Wishart_2(freedom; diag(first^2, second^2)), also for freedom 0 and 1.

    Returns
    -------
    The entries (11, 12, 22), each of shape (many,).
    """
    zero = np.zeros(many)
    if freedom == 0:
        return zero, zero, zero
    upper = chi_squared(child(key, 0), many, freedom) ** 0.5
    across, lower = normal(child(key, 1), (many,)).numpy(), chi_squared(child(key, 2), many, freedom - 1)
    return first**2 * upper**2, first * second * upper * across, second**2 * (across**2 + lower)


def cholesky_factor(normals: Array, generator: np.random.Generator, *, d: int, known: int) -> Array:
    """Draw independent N(0, I) vectors of d dimensions in an orthonormal basis that they complete themselves.

    Vector i is normal along the basis vectors before its own; in the d - known - i dimensions beyond them it
    has a length, the root of a chi-square. So its cost does not depend on d.

    Parameters
    ----------
    normals
        Independent N(0, 1) numbers, a row (of m) for every vector: (..., vectors, m).
    generator
        The source of the chi-squares.
    d
        The dimension of the vectors.
    known
        How many vectors of the basis are chosen beforehand.

    Returns
    -------
    Coordinates of the same shape as ``normals``; they stop at m, and so do the vectors that complete the basis.
    """
    count = min(normals.shape[-2], normals.shape[-1] - known)
    rows = np.tril(normals, known - 1)
    squares = generator.chisquare(d - known - np.arange(float(count)), (*normals.shape[:-2], count))
    rows[..., range(count), range(known, known + count)] = squares**0.5
    return rows
