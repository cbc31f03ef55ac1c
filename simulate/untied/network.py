"""The untied network: its parameters and its overlaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from simulate import checks

Array = NDArray[np.float64]
Progress = Callable[[int], None]
Ridges = float | Sequence[float]
_T = TypeVar("_T", torch.Tensor, Array)


@dataclass(frozen=True, eq=False)
class Untied:
    """Networks, one for each data set and time: ``skip`` c and ``b`` (seeds, times), ``u`` and ``w`` (seeds, times, d).
    """

    skip: torch.Tensor
    b: torch.Tensor
    u: torch.Tensor
    w: torch.Tensor

    def __post_init__(self) -> None:
        checks.tensor("u", self.u, (None, None, None))
        checks.tensor("w", self.w, tuple(self.u.shape))
        for name in ("skip", "b"):
            checks.tensor(name, getattr(self, name), tuple(self.u.shape[:2]))
        checks.same_kind(self.u, w=self.w, skip=self.skip, b=self.b)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """f of x (seeds, times, count, d), or what broadcasts to it."""
        inner = (x * self.w[:, :, None]).sum(dim=-1) / self.w.shape[-1] ** 0.5 + self.b[..., None]
        return self.skip[..., None, None] * x + torch.tanh(inner)[..., None] * self.u[:, :, None]


class Parameters(NamedTuple, Generic[_T]):
    """Hold the same four while they are trained, unchecked: tensors in d dimensions, arrays in a span's coordinates."""

    skip: _T
    b: _T
    u: _T
    w: _T


class UntiedOverlaps(NamedTuple):
    """What is measured, arrays (seeds, times) or, along records, (seeds, times, R): skip c, b, m = u.mu/(radius^2 d),
    omega = w.mu/(radius^2 d) >= 0, q = |u|^2/d, r = |w|^2/d."""

    skip: Array
    b: Array
    m: Array
    omega: Array
    q: Array
    r: Array


def fix_sign(skip: Array, b: Array, m: Array, omega: Array, q: Array, r: Array) -> UntiedOverlaps:
    """Return the overlaps of the two equal networks (u, w, b) and -(u, w, b) that have omega >= 0."""
    side = np.where(omega < 0, -1.0, 1.0)
    return UntiedOverlaps(skip.copy(), side * b, side * m, side * omega, q, r)
