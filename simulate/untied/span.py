"""Data sets of two classes in an orthonormal basis of their own: what training in the span needs of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.gram import cholesky_factor
from simulate.memory import require
from simulate.mixture import Mixture
from simulate.seeds import Seed, child, normal
from simulate.untied.data import DATA, LENGTHS, ClassData, draw_labels

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class UntiedSpan:
    """Data sets in an orthonormal basis of their own that starts with mu/|mu|: ``labels`` (seeds, n) and ``data`` x1
    (seeds, n, n + 1). The mixture's d is the dimension meant, >= n + 5."""

    mixture: Mixture
    labels: Array
    data: Array

    def __post_init__(self) -> None:
        shape = np.shape(self.data)
        if len(shape) != 3 or min(shape) < 1 or shape[2] != shape[1] + 1 or np.shape(self.labels) != shape[:2]:
            raise ValueError(
                f"data has shape {shape} and labels {np.shape(self.labels)}; they must be (seeds, n, n + 1) "
                "and (seeds, n)"
            )
        if not np.isfinite(self.data).all():
            raise ValueError("data holds values that are not finite")
        _require_room(self.mixture.d, self.n)

    @property
    def seeds(self) -> int:
        return len(self.data)

    @property
    def n(self) -> int:
        return int(self.data.shape[1])

    @classmethod
    def draw(cls, mixture: Mixture, *, n: int, seeds: int, seed: Seed, plus: int | None = None) -> UntiedSpan:
        """From the law of `ClassData.draw`, at any d >= n + 5; the first few the same whatever ``seeds`` is."""
        labels = draw_labels(mixture, n=n, seeds=seeds, seed=seed, plus=plus).numpy()
        _require_room(mixture.d, n)
        require(16 * seeds * n * n, f"seeds = {seeds} with n = {n}", "take fewer of them (d does not matter)")
        normals = normal(child(seed, DATA), (seeds, n, n + 1)).numpy()
        rows = cholesky_factor(normals, np.random.default_rng(child(seed, LENGTHS)), d=mixture.d, known=1)
        rows *= mixture.sigma
        rows[:, :, 0] += mixture.radius * mixture.d**0.5 * labels
        return cls(mixture=mixture, labels=labels, data=rows)

    @classmethod
    def of(cls, data: ClassData) -> UntiedSpan:
        """Measured from d-dimensional data sets."""
        return cls(mixture=data.mixture, labels=data.labels.numpy(force=True), data=_measured(data) @ basis(data))


def basis(data: ClassData) -> Array:
    """(seeds, d, n + 1): orthonormal columns that span mu and the samples, the first mu/|mu|."""
    _require_room(data.mixture.d, data.n)
    mean = np.broadcast_to(data.mean.numpy(force=True), (data.seeds, 1, data.mixture.d))
    found, factor = np.linalg.qr(np.concatenate([mean, _measured(data)], axis=1).swapaxes(1, 2))
    found[:, :, 0] *= np.sign(factor[:, :1, 0])
    return np.asarray(found)


def _measured(data: ClassData) -> Array:
    return np.asarray(data.data.numpy(force=True), dtype=np.float64)


def _require_room(d: int, n: int) -> None:
    if d < n + 5:
        raise ValueError(
            f"d = {d} must be >= n + 5 = {n + 5}: data and weights span n + 3 dimensions, and two must be left; "
            "train in d dimensions (simulate.untied.train)"
        )
