"""The target 1/2-1/2 (or p, 1 - p) mixture of N(mu, sigma^2 I) and N(-mu, sigma^2 I), and data from
it.

Setting of arXiv 2310.03575: n samples x1 = s mu + sigma g with s = +-1, and for each of them a few
base draws x0 ~ N(0, I), drawn once and reused at every time t.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from simulate import checks
from simulate.memory import require_vectors
from simulate.path import Mixing, weights
from simulate.seeds import Seed, child, normal, signs

# Streams below the seed of one data set.
_LABELS, _DATA, _NOISE = range(3)


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """d >= 1 dimensions; weight p in [0, 1] of the + mode; sigma and radius = |mu| / sqrt(d) in [1e-6, 1e6].

    Unlike in the formulas (`asymptotics.coerce.as_probability`), one mode may be alone: p = 0 and p = 1.
    """

    d: int
    sigma: float
    radius: float = 1.0
    p: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "d", checks.integer("d", self.d, least=1))
        object.__setattr__(self, "sigma", checks.length("sigma", self.sigma))
        object.__setattr__(self, "radius", checks.length("radius", self.radius))
        object.__setattr__(self, "p", checks.real("p", self.p, least=0.0, most=1.0))

    def mean(
        self, *, dtype: torch.dtype = torch.float64, device: torch.device | str = "cpu"
    ) -> torch.Tensor:
        """mu = radius * (1, ..., 1), shape (d,). The law of the data is the same for any direction.
        """
        require_vectors(self.d, 1, 0)
        return torch.full((self.d,), self.radius, dtype=dtype, device=device)

    def sample(
        self, *, n: int, draws: int = 1, seed: Seed, dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
    ) -> Samples:
        """n >= 1 samples with ``draws`` >= 1 base draws each.

        Labels, data and noise come from streams of their own, and a larger n continues a smaller
        one. MemoryError where they cannot fit into this machine's memory.
        """
        _check_sizes(self, n, draws)
        return _draw(self, self.mean(dtype=dtype, device=device), n, draws, seed)


@dataclass(frozen=True, eq=False)
class Samples:
    """One data set: mean mu (d,), labels s (n,) of +-1, data x1 (n, d), noise x0 (n, draws, d)."""

    mixture: Mixture
    mean: torch.Tensor
    labels: torch.Tensor
    data: torch.Tensor
    noise: torch.Tensor

    def __post_init__(self) -> None:
        if not isinstance(self.mixture, Mixture):
            raise TypeError(f"mixture must be a Mixture, not {type(self.mixture).__name__}")
        d = self.mixture.d
        checks.tensor("mean", self.mean, (d,))
        checks.tensor("labels", self.labels, (None,))
        n = checks.integer("n (length of labels)", self.labels.shape[0], least=1)
        checks.tensor("data", self.data, (n, d))
        if isinstance(self.noise, torch.Tensor) and self.noise.dim() == 2:
            raise ValueError("noise must be (n, draws, d); for one draw give noise[:, None, :]")
        checks.tensor("noise", self.noise, (n, None, d))
        checks.integer("draws (second dimension of noise)", self.noise.shape[1], least=1)
        checks.same_kind(self.data, mean=self.mean, labels=self.labels, noise=self.noise)
        if not bool((self.labels.abs() == 1.0).all()):
            raise ValueError("labels must be +1 or -1")

    @classmethod
    def from_arrays(
        cls, *, mean: Any, labels: Any, data: Any, noise: Any, sigma: float, p: float = 0.5,
        dtype: torch.dtype = torch.float64, device: torch.device | str = "cpu",
    ) -> Samples:
        """Hand-made vectors: mean (d,) not 0, labels (n,), data (n, d), noise (n, draws, d).

        Vectors that are exactly orthogonal, with |mu|^2 = radius^2 d, |x1 - s mu|^2 = sigma^2 d and
        |x0|^2 = d, realise the limit d -> infinity exactly in as few as 1 + n + n draws dimensions.
        """
        parts = {}
        for name, value in (("mean", mean), ("labels", labels), ("data", data), ("noise", noise)):
            try:
                parts[name] = torch.as_tensor(value).to(dtype=dtype, device=device)
            except (TypeError, ValueError, RuntimeError) as problem:
                raise TypeError(f"{name} must be an array of numbers: {problem}") from None
        centre = checks.tensor("mean", parts["mean"], (None,))
        radius = float(centre.norm()) / max(centre.numel(), 1) ** 0.5
        if radius == 0.0:
            raise ValueError("mean is 0; the two modes must be apart")
        return cls(Mixture(d=centre.numel(), sigma=sigma, radius=radius, p=p), **parts)

    @property
    def n(self) -> int:
        return self.data.shape[0]

    @property
    def draws(self) -> int:
        return self.noise.shape[1]

    @property
    def d(self) -> int:
        return self.data.shape[1]

    @property
    def pairs(self) -> int:
        """n * draws, the number of terms of the risk."""
        return self.n * self.draws

    @cached_property
    def xi(self) -> torch.Tensor:
        """Sum of s x0 over all pairs, (d,)."""
        return torch.einsum("n,nkd->d", self.labels, self.noise)

    @cached_property
    def eta(self) -> torch.Tensor:
        """Sum of s z over the n samples, z = x1 - s mu, (d,)."""
        return (self.labels[:, None] * self.data - self.mean).sum(dim=0)

    @cached_property
    def sample_mean(self) -> torch.Tensor:
        """Mean of s x1, the empirical centre, (d,)."""
        return (self.labels[:, None] * self.data).mean(dim=0)

    @property
    def targets(self) -> torch.Tensor:
        """x1 of every pair, (n, draws, d); a view."""
        return self.data[:, None, :].expand_as(self.noise)

    @property
    def pair_labels(self) -> torch.Tensor:
        """s of every pair, (n, draws); a view."""
        return self.labels[:, None].expand(self.n, self.draws)

    def mixed(self, values: Mixing) -> torch.Tensor:
        """x_t = alpha x0 + beta x1 of every pair, (n, draws, d)."""
        alpha, beta = weights(values)
        return alpha * self.noise + beta * self.targets

    def fresh(self, *, n: int, seed: Seed) -> Samples:
        """n new samples of the same law about the same mu, one base draw each (a test set)."""
        return _draw(self.mixture, self.mean, n, 1, seed)


def _check_sizes(mixture: Mixture, n: int, draws: int) -> tuple[int, int]:
    count, each = checks.integer("n", n, least=1), checks.integer("draws", draws, least=1)
    require_vectors(mixture.d, count, each)
    return count, each


def _draw(mixture: Mixture, mean: torch.Tensor, n: int, draws: int, seed: Seed) -> Samples:
    count, each = _check_sizes(mixture, n, draws)
    kind: dict[str, Any] = {"dtype": mean.dtype, "device": mean.device}
    labels = signs(child(seed, _LABELS), count, mixture.p).to(**kind)
    spread = mixture.sigma * normal(child(seed, _DATA), (count, mixture.d), **kind)
    noise = normal(child(seed, _NOISE), (count, each, mixture.d), **kind)
    return Samples(mixture, mean, labels, labels[:, None] * mean + spread, noise)
