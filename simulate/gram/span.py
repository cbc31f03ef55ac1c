"""Data sets and initial weights in coordinates of their own span: small, and exact in law at any dimension.

Whatever is rotation-equivariant (gradient descent with or without mini-batches, weight decay, any activation of
w.x) never leaves span{mu, x1, x0, w at the start} and sees nothing but inner products there. So it runs the same in
the m = min(d, 2 + n + n draws) coordinates of an orthonormal basis of that span. The coordinates of Gaussian vectors
in the basis that they make themselves are independent: normal along the vectors before, the root of a chi-square
beyond them (the factor of Bartlett's decomposition), so that d = 1e7 costs what d = 10 000 does.

Adam is not equivariant: it divides every coordinate by its own scale, and no such thing is left after a rotation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from simulate import checks
from simulate.gram.sufficient import Kind
from simulate.gram.wishart import cholesky_factor
from simulate.memory import require
from simulate.mixture import Samples
from simulate.seeds import Seed, child, normal

# Streams below the key of `simulate.gram.sufficient.Kind`, beside those of `simulate.gram` and `simulate.gram.labels`.
_COORDINATES, _LENGTHS = 5, 6


@dataclass(frozen=True, eq=False, kw_only=True)
class Span:
    """Many data sets of one kind, each in its own basis whose first vector is mu / |mu|.

    ``data`` (seeds, n, m): s x1. ``noise`` (seeds, n, draws, m): s x0. ``weight`` (seeds, m): w to start from. Labels
    are multiplied in: networks are odd, and the sign of a pair never matters. ``d`` is the dimension meant, m <= d.
    """

    d: int
    sigma: float
    radius: float
    data: torch.Tensor
    noise: torch.Tensor
    weight: torch.Tensor

    def __post_init__(self) -> None:
        checks.tensor("weight", self.weight, (None, None))
        seeds, m = self.weight.shape
        checks.tensor("data", self.data, (seeds, None, m))
        checks.tensor("noise", self.noise, (seeds, self.data.shape[1], None, m))
        checks.same_kind(self.weight, data=self.data, noise=self.noise)
        kind = Kind.checked(n=self.n, d=self.d, sigma=self.sigma, radius=self.radius, draws=self.draws)
        for name in ("d", "sigma", "radius"):
            object.__setattr__(self, name, getattr(kind, name))
        if m > self.d:
            raise ValueError(f"weight has {m} coordinates; a span in d = {self.d} dimensions has at most d")

    @property
    def seeds(self) -> int:
        return self.weight.shape[0]

    @property
    def n(self) -> int:
        return self.data.shape[1]

    @property
    def draws(self) -> int:
        return self.noise.shape[2]

    @property
    def pairs(self) -> int:
        """n draws, the number of terms of the risk."""
        return self.n * self.draws

    @property
    def mean(self) -> torch.Tensor:
        """mu, (m,): along the first basis vector."""
        mean = torch.zeros_like(self.weight[0])
        mean[0] = self.radius * float(self.d) ** 0.5
        return mean

    @classmethod
    def of(cls, samples: Sequence[Samples], weights: Sequence[torch.Tensor]) -> Span:
        """Measured from d-dimensional data sets of one mixture, n and draws, and a weight (d,) for each."""
        if not samples or len(samples) != len(weights):
            raise ValueError(f"{len(samples)} data sets with {len(weights)} weights; give as many, at least one")
        first = samples[0]
        if len({(each.mixture, each.n, each.draws) for each in samples}) > 1:
            raise ValueError("samples are of different mixtures, n or draws; take each kind by itself")
        rows = torch.stack([_coordinates(*each) for each in zip(samples, weights, strict=True)])
        return cls(
            d=first.d, sigma=first.mixture.sigma, radius=first.mixture.radius,
            **_parts(rows[:, 1:], first.n, first.draws),
        )


def draw_span(
    *, n: int, d: int, sigma: float, radius: float = 1.0, draws: int = 1, seeds: int, seed: Seed,
    dtype: torch.dtype = torch.float64, device: torch.device | str = "cpu",
) -> Span:
    """``seeds`` independent data sets and starts w ~ N(0, I) from their law, at any d >= 1, in O((n draws)^2) each.

    The same data set whatever ``seeds`` is. MemoryError where they cannot fit into this machine's memory.
    """
    kind = Kind.checked(n=n, d=d, sigma=sigma, radius=radius, draws=draws)
    many = checks.integer("seeds", seeds, least=1)
    vectors = 1 + kind.n * (1 + kind.draws)
    m = min(kind.d, vectors + 1)
    require(
        4 * 8 * many * vectors * m, f"seeds = {many} with n = {kind.n} and draws = {kind.draws}",
        "take fewer of them (d does not matter)",
    )
    key = kind.key(seed)
    normals = normal(child(key, _COORDINATES), (many, vectors, m)).numpy()
    generator = np.random.default_rng(child(key, _LENGTHS))
    rows = torch.from_numpy(cholesky_factor(normals, generator, d=kind.d, known=1))
    rows[:, : kind.n] *= kind.sigma
    rows[:, : kind.n, 0] += kind.radius * float(kind.d) ** 0.5
    parts = _parts(rows.to(dtype=dtype, device=device), kind.n, kind.draws)
    return Span(d=kind.d, sigma=kind.sigma, radius=kind.radius, **parts)


def _parts(rows: torch.Tensor, n: int, draws: int) -> dict[str, torch.Tensor]:
    """Rows of s x1, s x0 and w, (seeds, n + n draws + 1, m), by name."""
    return {
        "data": rows[:, :n], "noise": rows[:, n:-1].reshape(len(rows), n, draws, -1), "weight": rows[:, -1],
    }


def _coordinates(samples: Samples, weight: torch.Tensor) -> torch.Tensor:
    """mu, s x1, s x0 and the weight in the basis that they make, rows (2 + n + n draws, m)."""
    checks.tensor("weights", weight, (samples.d,))
    signed = samples.pair_labels[..., None] * samples.noise
    rows = torch.cat([
        samples.mean[None], samples.labels[:, None] * samples.data, signed.flatten(0, 1), weight[None],
    ])
    basis, _ = torch.linalg.qr(rows.T)
    found: torch.Tensor = rows @ basis
    found[:, 0] *= torch.sign(found[0, 0])
    return found
