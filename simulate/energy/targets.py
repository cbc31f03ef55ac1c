"""Targets with exact densities and weights: mixtures in any dimension, rings, a checkerboard, moons.

Each is a `Target` with ``log_prob(x)`` too, that is a `Known`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import special

from simulate import checks
from simulate.sampler import GaussianMixtureLaw
from simulate.seeds import LAW, Seed, child, normal

# Nodes on each half circle of the moons, over their width: such a sum of Gaussians is smooth to 1e-12.
_NODES = 10.24


class Target(Protocol):
    """A law with modes: what a model of its samples should reproduce are their ``weights`` (K,), which sum to 1."""

    @property
    def weights(self) -> tuple[float, ...]: ...

    def mode(self, x: torch.Tensor, /) -> torch.Tensor:
        """The mode of each of the points (C, ...), int64 (C,), 0 ... K - 1."""
        ...

    def sample(self, count: int, /, *, seed: Seed) -> torch.Tensor:
        """``count`` independent points (count, ...)."""
        ...


@runtime_checkable
class Known(Target, Protocol):
    """A target whose density is known."""

    def log_prob(self, x: torch.Tensor, /) -> torch.Tensor:
        """Normalised log density of points (C, ...), (C,)."""
        ...


def two_modes(d: int, *, p: float = 0.8, dtype: torch.dtype = torch.float32) -> GaussianMixtureLaw:
    """Two Gaussian modes, weight ``p`` on the first, so far apart that local steps do not jump.

    d = 2: at (+-4, 0), of the width .7. Above: at +-.591 sqrt(2 ln d) (1, ..., 1), of the width 1.
    """
    checks.integer("d", d, least=2)
    centre = torch.zeros(d, dtype=dtype) if d == 2 else torch.full((d,), 0.591 * (2 * log(d)) ** 0.5, dtype=dtype)
    if d == 2:
        centre[0] = 4.0
    return GaussianMixtureLaw.isotropic(torch.stack([centre, -centre]), 0.7 if d == 2 else 1.0, [p, 1 - p])


def ring_of_modes(
    weights: Sequence[float], *, radius: float = 4.0, sigma: float = 0.4, dtype: torch.dtype = torch.float32
) -> GaussianMixtureLaw:
    """As many Gaussian modes as ``weights``, evenly on a circle in two dimensions."""
    angle = torch.arange(len(weights), dtype=torch.float64) * (2 * pi / max(1, len(weights)))
    means = checks.length("radius", radius) * torch.stack([angle.cos(), angle.sin()], dim=1)
    return GaussianMixtureLaw.isotropic(means.to(dtype), sigma, weights)


def many_modes(
    weights: Sequence[float], d: int, *, distance: float = 8.0, sigma: float = 1.0, seed: Seed = 0,
    dtype: torch.dtype = torch.float32,
) -> GaussianMixtureLaw:
    """Gaussian modes in random directions, ``distance``/sqrt(2) from 0: at high d all nearly ``distance`` apart."""
    checks.integer("d", d, least=2)
    way = normal(seed, (len(weights), d))
    means = checks.length("distance", distance) / 2**0.5 * way / way.norm(dim=1, keepdim=True)
    return GaussianMixtureLaw.isotropic(means.to(dtype), sigma, weights)


@dataclass(frozen=True)
class _Planar:
    """What the targets in the plane share: dtype, weights, and drawing a mode."""

    weights: tuple[float, ...]
    dtype: torch.dtype = torch.float32

    def __post_init__(self) -> None:
        given = np.asarray(self.weights, dtype=np.float64)
        if given.ndim != 1 or given.size == 0 or not np.all(np.isfinite(given)) or not np.all(given > 0):
            raise ValueError(f"weights = {self.weights} must be positive numbers, one for each mode")
        object.__setattr__(self, "weights", tuple((given / given.sum()).tolist()))

    def _log_weights(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tensor(self.weights, dtype=x.dtype, device=x.device).log()

    def _drawn(self, count: int, seed: Seed) -> NDArray[np.int64]:
        return np.random.default_rng(child(seed, LAW, 1)).choice(len(self.weights), count, p=self.weights)

    def _uniform(self, count: int, columns: int, seed: Seed) -> NDArray[np.float64]:
        return np.random.default_rng(child(seed, LAW, 0)).random((count, columns))

    def _tensor(self, values: NDArray[np.float64]) -> torch.Tensor:
        return torch.from_numpy(values).to(self.dtype)


def _plane(x: torch.Tensor) -> torch.Tensor:
    if x.ndim != 2 or x.shape[1] != 2:
        raise ValueError(f"x has shape {tuple(x.shape)}; points of this target are (C, 2)")
    return x


@dataclass(frozen=True)
class Rings(_Planar):
    """Rings about 0: the angle uniform, the radius normal about ``radii`` with the width ``width``, and positive."""

    weights: tuple[float, ...] = (0.6, 0.3, 0.1)
    radii: tuple[float, ...] = (1.5, 3.5, 5.5)
    width: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.radii) != len(self.weights):
            raise ValueError(f"weights = {self.weights}: rings have one weight for each of radii = {self.radii}")
        for radius in self.radii:
            checks.real("radii", radius, above=0.0)
        checks.real("width", self.width, above=0.0)

    def _parts(self, x: torch.Tensor) -> torch.Tensor:
        size = _plane(x).norm(dim=1)
        radii = torch.tensor(self.radii, dtype=x.dtype, device=x.device)
        kept = torch.tensor(special.ndtr(np.array(self.radii) / self.width), dtype=x.dtype, device=x.device)
        normalised = log(2 * pi) * 1.5 + log(self.width) + kept.log() + size[:, None].log()
        found: torch.Tensor = -((size[:, None] - radii) ** 2) / (2 * self.width**2) - normalised
        return found

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        return torch.logsumexp(self._parts(x) + self._log_weights(x), dim=1)

    def mode(self, x: torch.Tensor) -> torch.Tensor:
        return self._parts(x).argmax(dim=1)

    def sample(self, count: int, *, seed: Seed) -> torch.Tensor:
        centre, uniform = np.array(self.radii)[self._drawn(count, seed)], self._uniform(count, 2, seed)
        lost = special.ndtr(-centre / self.width)
        size = centre + self.width * special.ndtri(lost + (1 - lost) * (1 - uniform[:, 0]))
        angle = 2 * pi * uniform[:, 1]
        return self._tensor(size[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1))


@dataclass(frozen=True)
class Checkerboard(_Planar):
    """Uniform on every second square of a board of ``side`` x ``side`` squares of the width ``cell`` about 0.

    One weight for each black square, row by row. The log density is -inf off the black squares.
    """

    weights: tuple[float, ...] = (1.0,) * 8
    side: int = 4
    cell: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.integer("side", self.side, least=2)
        checks.real("cell", self.cell, above=0.0)
        if len(self.weights) != len(self._black):
            raise ValueError(f"{len(self.weights)} weights for {len(self._black)} black squares (side = {self.side})")

    @property
    def _black(self) -> NDArray[np.int64]:
        """Row and column of each black square, (K, 2)."""
        rows, columns = np.indices((self.side, self.side))
        return np.argwhere((rows + columns) % 2 == 0)

    def _squares(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The number of the square each point is in or next to, and whether it is inside a black one."""
        place = torch.floor(_plane(x) / self.cell + self.side / 2)
        inside = ((place >= 0) & (place < self.side)).all(dim=1)
        row, column = place.clamp(0, self.side - 1).long().T
        table = torch.full((self.side, self.side), -1, dtype=torch.int64, device=x.device)
        black = torch.from_numpy(self._black).to(x.device)
        table[black[:, 0], black[:, 1]] = torch.arange(len(black), device=x.device)
        found = table[row, column]
        return found, inside & (found >= 0)

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        found, inside = self._squares(x)
        density = self._log_weights(x) - 2 * log(self.cell)
        return torch.where(inside, density[found.clamp(min=0)], -torch.inf)

    def mode(self, x: torch.Tensor) -> torch.Tensor:
        """The black square whose centre is nearest."""
        centres = torch.from_numpy((self._black + 0.5 - self.side / 2) * self.cell).to(x)
        return torch.cdist(_plane(x), centres).argmin(dim=1)

    def sample(self, count: int, *, seed: Seed) -> torch.Tensor:
        corner = self._black[self._drawn(count, seed)] - self.side / 2
        return self._tensor((corner + self._uniform(count, 2, seed)) * self.cell)


@dataclass(frozen=True)
class Moons(_Planar):
    """Two half circles of radius 1 that reach into each other, blurred by normal noise of the width ``width``.

    The density is a sum over points of each half circle, exact to 1e-12.
    """

    weights: tuple[float, ...] = (0.7, 0.3)
    width: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.weights) != 2:
            raise ValueError(f"weights = {self.weights}: moons have two")
        checks.real("width", self.width, least=0.04)

    def _arcs(self, angle: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of both moons at ``angle`` in [0, pi], (2, ..., 2)."""
        first = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        return np.stack([first, np.array([1.0, 0.5]) - first])

    def _parts(self, x: torch.Tensor) -> torch.Tensor:
        node, weight = np.polynomial.legendre.leggauss(round(_NODES / self.width))
        arcs = torch.from_numpy(self._arcs(pi * (node + 1) / 2)).to(x)
        gap = torch.cdist(_plane(x), arcs.reshape(-1, 2)).reshape(len(x), 2, -1)
        share = torch.from_numpy(np.log(weight / 2)).to(x)
        return torch.logsumexp(share - gap**2 / (2 * self.width**2), dim=2) - log(2 * pi * self.width**2)

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        return torch.logsumexp(self._parts(x) + self._log_weights(x), dim=1)

    def mode(self, x: torch.Tensor) -> torch.Tensor:
        return self._parts(x).argmax(dim=1)

    def sample(self, count: int, *, seed: Seed) -> torch.Tensor:
        angle, label = pi * self._uniform(count, 1, seed)[:, 0], self._drawn(count, seed)
        noise = normal(child(seed, LAW, 2), (count, 2)).numpy()
        return self._tensor(self._arcs(angle)[label, np.arange(count)] + self.width * noise)
