"""Data sets with class labels for the networks of `simulate.untied`: no noise is kept with them."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from simulate import checks
from simulate.memory import require
from simulate.mixture import Mixture
from simulate.seeds import Seed, child, normal, signs

# Streams below the seed of data sets.
LABELS, DATA, LENGTHS = range(3)


@dataclass(frozen=True, eq=False, kw_only=True)
class ClassData:
    """Data sets: labels s (seeds, n) of +-1 and data x1 = s mu + sigma eta, (seeds, n, d), mu = ``mixture.mean()``."""

    mixture: Mixture
    labels: torch.Tensor
    data: torch.Tensor

    def __post_init__(self) -> None:
        if not isinstance(self.mixture, Mixture):
            raise TypeError(f"mixture must be a Mixture, not {type(self.mixture).__name__}")
        checks.tensor("data", self.data, (None, None, self.mixture.d))
        checks.tensor("labels", self.labels, tuple(self.data.shape[:2]))
        checks.same_kind(self.data, labels=self.labels)
        if min(self.data.shape) < 1:
            raise ValueError(f"data has shape {tuple(self.data.shape)}; it must hold at least one sample")
        if not bool((self.labels.abs() == 1.0).all()):
            raise ValueError("labels must be +1 or -1")

    @property
    def seeds(self) -> int:
        return self.data.shape[0]

    @property
    def n(self) -> int:
        return self.data.shape[1]

    @property
    def mean(self) -> torch.Tensor:
        return self.mixture.mean(dtype=self.data.dtype, device=self.data.device)

    @classmethod
    def draw(cls, mixture: Mixture, *, n: int, seeds: int, seed: Seed, plus: int | None = None) -> ClassData:
        """``seeds`` data sets, the first few the same whatever ``seeds`` is; ``plus`` as in `draw_labels`."""
        labels = draw_labels(mixture, n=n, seeds=seeds, seed=seed, plus=plus)
        require(8 * labels.numel() * mixture.d, f"d = {mixture.d} with n = {n} and seeds = {seeds}",
                "take fewer, or simulate.untied.train_span, which reaches any d")
        data = mixture.sigma * normal(child(seed, DATA), (*labels.shape, mixture.d))
        return cls(mixture=mixture, labels=labels, data=data.add_(labels[..., None] * mixture.mean()))


def draw_labels(mixture: Mixture, *, n: int, seeds: int, seed: Seed, plus: int | None = None) -> torch.Tensor:
    """(seeds, n) of +-1: + with probability p, or exactly the first ``plus`` of each data set."""
    size, many = checks.integer("n", n, least=1), checks.integer("seeds", seeds, least=1)
    if plus is None:
        return signs(child(seed, LABELS), many * size, mixture.p).reshape(many, size)
    count = checks.integer("plus", plus, least=0, most=size)
    return torch.where(torch.arange(size) < count, 1.0, -1.0).double().repeat(many, 1)
