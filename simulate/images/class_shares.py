"""How many of each class a model generates, net of what the classifier confuses; and how good those of a class are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from simulate.estimate import Estimate

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassShares:
    """Of K classes: the share ``seen`` by the classifier, and ``shares`` net of its confusion with standard errors."""

    classes: tuple[int, ...]
    seen: Array
    shares: Array
    stderr: Array

    def of(self, label: int) -> Estimate:
        if label not in self.classes:
            raise ValueError(f"label = {label} is none of the classes {self.classes}")
        k = self.classes.index(label)
        return Estimate(float(self.shares[k]), float(self.stderr[k]))


def corrected_shares(counts: ArrayLike, confusion: ArrayLike, *, classes: Sequence[int] | None = None) -> ClassShares:
    """From how many points were given each of K labels, and how many test images of a class (row) a label (column).

    The shares that make the counts most likely, which stay in [0, 1] and sum to 1. Standard errors count the spread of
    both: of the generated points and of the test images, which are few. ValueError where the confusion does not tell
    the classes apart.
    """
    found, table = np.asarray(counts, dtype=np.float64), np.asarray(confusion, dtype=np.float64)
    if found.ndim != 1 or len(found) < 2 or table.shape != (len(found), len(found)):
        raise ValueError(f"counts {found.shape} and confusion {table.shape} must be (K,) and (K, K), K >= 2")
    if not (np.isfinite(found).all() and (found >= 0).all() and found.sum() > 0):
        raise ValueError(f"counts = {found.tolist()} must be >= 0 and not all 0")
    images = table.sum(axis=1)
    if not (np.isfinite(table).all() and (table >= 0).all() and (images > 0).all()):
        raise ValueError("confusion must hold counts >= 0, with test images of every class")
    rates = table / images[:, None]
    if np.linalg.cond(rates) > _BLIND:
        raise ValueError("the classifier does not tell the classes apart: its confusion has dependent rows")
    seen = found / found.sum()
    shares = _likeliest(seen, rates)
    return ClassShares(
        tuple(range(len(found))) if classes is None else tuple(classes), seen, shares,
        _errors(shares, rates, images, found.sum()),
    )


def informedness(confusion: ArrayLike) -> float:
    """How well a classifier tells K classes apart, by its confusion (rows: true classes): (K R - 1)/(K - 1), R its mean
    share of right answers over classes; 1 always right, 0 by chance."""
    table = np.asarray(confusion, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) < 2 or not (table.sum(axis=1) > 0).all():
        raise ValueError(f"confusion {table.shape} must be (K, K), K >= 2, with test points of every class")
    return float(beyond_chance(np.diag(table) / table.sum(axis=1)))


def beyond_chance(right: Array) -> Any:
    """(K R - 1)/(K - 1) along the last axis."""
    k = right.shape[-1]
    return (right.sum(axis=-1) - 1.0) / (k - 1)


def require_better_than_chance(confusion: ArrayLike, name: str) -> None:
    """ValueError, with ``name``, unless a classifier is better than chance by 5 standard errors on its test images."""
    beyond, table = informedness(confusion), np.asarray(confusion, dtype=np.float64)
    k, images = len(table), table.sum(axis=1)
    # Half a count more of each kind, so that none has an error of 0.
    smooth = (np.diag(table) + 0.5) / (images + 1.0)
    error = float(np.sqrt(np.sum(smooth * (1.0 - smooth) / images)) / (k - 1))
    if beyond < 5.0 * error:
        raise ValueError(
            f"{name} does not tell the classes apart on held out images: beyond chance it is right by {beyond:.2f} +- "
            f"{error:.2f} (1: always); train it longer, give it more images, or hold out more"
        )


# Of the confusion: beyond this condition number nothing is left of the shares.
_BLIND = 1e4
# Of the search for the likeliest shares: each step may only raise the likelihood.
_STEPS, _ENOUGH = 20_000, 1e-13


def _likeliest(seen: Array, rates: Array) -> Array:
    """By expectation and maximisation: the likelihood is concave, and shares in the simplex stay there."""
    direct = np.linalg.solve(rates.T, seen)
    if (direct >= 0).all():  # Inside, the likeliest shares give exactly what was seen.
        return np.asarray(direct / direct.sum())
    shares = np.full(len(seen), 1.0 / len(seen))
    for _ in range(_STEPS):
        expected = shares @ rates
        weights = np.divide(seen, expected, out=np.zeros_like(seen), where=seen > 0)
        new = shares * (rates @ weights)
        if np.abs(new - shares).max() < _ENOUGH:
            break
        shares = new
    return np.asarray(shares / shares.sum())


def _errors(shares: Array, rates: Array, images: Array, total: float) -> Array:
    """By the delta method at the solution of rates^T shares = seen; half a count more of each kind, so never 0."""
    k = len(shares)
    smooth = (rates * images[:, None] + 0.5) / (images[:, None] + 0.5 * k)
    expected = shares @ smooth
    spread = _multinomial(expected) / total
    for own, row, count in zip(shares, smooth, images, strict=True):
        spread += own**2 * _multinomial(row) / count
    inverse = np.linalg.inv(smooth.T)
    return np.asarray(np.sqrt(np.diag(inverse @ spread @ inverse.T)))


def _multinomial(p: Array) -> Array:
    return np.diag(p) - np.outer(p, p)


def label_counts(labels: Any, classes: Sequence[int]) -> NDArray[np.int64]:
    """How many of the int64 tensor ``labels`` are each of ``classes``; ValueError for another label."""
    if not isinstance(labels, torch.Tensor) or labels.dtype != torch.int64 or labels.dim() != 1:
        kind = f"{labels.dtype}, {tuple(labels.shape)}" if isinstance(labels, torch.Tensor) else type(labels).__name__
        raise TypeError(f"labels must be an int64 tensor (S,), not {kind}")
    values = labels.numpy(force=True)
    other = np.setdiff1d(values, classes)
    if other.size:
        raise ValueError(f"label {other[0]} is none of the classes {tuple(classes)}")
    return np.array([np.sum(values == each) for each in classes], dtype=np.int64)


def energy_distance(one: torch.Tensor, two: torch.Tensor) -> float:
    """2 E|x - y| - E|x - x'| - E|y - y'| of two samples (S, ...) and (R, ...), unbiased: 0 in the mean if their laws
    agree, and larger than that for any two others. Two points or more each."""
    flat = [each.flatten(1).double() for each in (one, two)]
    if flat[0].shape[1] != flat[1].shape[1] or min(map(len, flat)) < 2:
        raise ValueError(f"samples of shapes {tuple(one.shape)}, {tuple(two.shape)} must hold two points or more alike")
    x, y = flat
    across = float(torch.cdist(x, y).mean())
    within = [float(torch.cdist(each, each).sum()) / (len(each) * (len(each) - 1)) for each in (x, y)]
    return 2.0 * across - sum(within)
