"""Laws with a density and independent samples: bases of energy-based models, targets, and proposals of global moves.

Each is a torch module (its numbers are buffers, so that it moves to a device and into a checkpoint with the model) with
``log_prob(x)``, (C,) for points (C, d), and ``sample(count, seed=...)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi
from typing import Any

import numpy as np
import torch
from torch import nn

from asymptotics.extras import require_installed
from simulate import checks
from simulate.seeds import LAW, Seed, child, normal, sequence

# A covariance whose condition number is larger is not that of points in general position.
_FLATTEST = 1e12


class GaussianMixtureLaw(nn.Module):
    """K normal laws with weights: ``means`` (K, d), ``covariances`` (K, d, d), ``weights`` (K,) > 0, made to sum 1."""

    means: torch.Tensor
    factors: torch.Tensor
    log_weights: torch.Tensor

    def __init__(self, means: torch.Tensor, covariances: torch.Tensor, weights: torch.Tensor | Sequence[float]) -> None:
        super().__init__()
        means = checks.tensor("means", means, (None, None))
        k, d = means.shape
        covariances = checks.tensor("covariances", covariances, (k, d, d))
        checks.same_kind(means, covariances=covariances)
        if not torch.allclose(covariances, covariances.mT, rtol=1e-4, atol=0.0):
            raise ValueError("covariances are not symmetric")
        chances = torch.as_tensor(weights, dtype=means.dtype, device=means.device)
        if chances.shape != (k,) or not bool((chances > 0).all()) or not bool(torch.isfinite(chances).all()):
            raise ValueError(f"weights = {weights} must be {k} positive numbers, one for each of the means")
        if k > 1 and float(torch.pdist(means).min()) == 0.0:
            raise ValueError("two of the means coincide; give one mode with the sum of both weights")
        factors, failed = torch.linalg.cholesky_ex(covariances)
        if bool(failed.any()):
            raise ValueError(f"covariances[{int(failed.nonzero()[0])}] is not positive definite")
        self.register_buffer("means", means)
        self.register_buffer("factors", factors)
        self.register_buffer("log_weights", (chances / chances.sum()).log())

    @classmethod
    def isotropic(
        cls, means: torch.Tensor, sigma: float, weights: torch.Tensor | Sequence[float]
    ) -> GaussianMixtureLaw:
        """Modes of one width ``sigma``."""
        means = checks.tensor("means", means, (None, None))
        eye = torch.eye(means.shape[1], dtype=means.dtype, device=means.device)
        return cls(means, (checks.length("sigma", sigma) ** 2 * eye).expand(len(means), -1, -1), weights)

    @classmethod
    def fit(cls, points: torch.Tensor, modes: int = 1, *, seed: Seed = 0) -> GaussianMixtureLaw:
        """Of ``points`` (n, d): one Gaussian by mean and covariance, more by maximum likelihood.

        The latter is scikit-learn's, on points scaled to variance 1.
        """
        points = checks.tensor("points", points, (None, None))
        n, d = points.shape
        if n <= d * checks.integer("modes", modes, least=1):
            raise ValueError(f"{n} points do not determine {modes} covariances in {d} dimensions: give {d * modes + 1}")
        covariance = torch.cov(points.T).reshape(d, d)
        spread = torch.linalg.eigvalsh(covariance)
        if float(spread[0]) * _FLATTEST <= float(spread[-1]):
            raise ValueError("points lie in a plane: their covariance is singular; leave out constant coordinates")
        centre, scale = points.mean(0), points.std(0)
        if modes == 1:
            return cls(centre[None], covariance[None], [1.0])
        found = _fitted((points - centre) / scale, modes, seed)
        means, covariances, weights = (
            torch.as_tensor(np.asarray(each), dtype=points.dtype, device=points.device)
            for each in (found.means_, found.covariances_, found.weights_)
        )
        return cls(centre + scale * means, scale[:, None] * scale * covariances, weights)

    @property
    def d(self) -> int:
        return int(self.means.shape[1])

    @property
    def weights(self) -> tuple[float, ...]:
        """Of the modes; they sum to 1."""
        found = self.log_weights.double().exp()
        return tuple((found / found.sum()).tolist())

    def components(self, x: torch.Tensor) -> torch.Tensor:
        """Log densities of the modes without their weights, (C, K)."""
        off = (x[:, None] - self.means).to(self.factors.dtype)
        scaled = torch.linalg.solve_triangular(self.factors, off.movedim(0, -1), upper=False)
        size = torch.diagonal(self.factors, dim1=-2, dim2=-1).log().sum(-1)
        found: torch.Tensor = -scaled.square().sum(1).T / 2 - size - self.d / 2 * log(2 * pi)
        return found

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        _require_points(self.d, x)
        return torch.logsumexp(self.components(x) + self.log_weights, dim=1)

    def mode(self, x: torch.Tensor) -> torch.Tensor:
        """The mode whose own density is largest, weights not counted: 0 ... K - 1, int64 (C,)."""
        _require_points(self.d, x)
        return self.components(x).argmax(dim=1)

    def sample(self, count: int, *, seed: Seed) -> torch.Tensor:
        return self.labelled(count, seed=seed)[0]

    def labelled(self, count: int, *, seed: Seed) -> tuple[torch.Tensor, torch.Tensor]:
        """Points and the modes they are drawn from."""
        drawn = np.random.default_rng(child(seed, LAW, 1)).choice(len(self.means), count, p=self.weights)
        label = torch.from_numpy(drawn).to(self.means.device)
        noise = normal(child(seed, LAW, 0), (count, self.d), dtype=self.means.dtype, device=self.means.device)
        return self.means[label] + torch.einsum("cij,cj->ci", self.factors[label], noise), label


@dataclass(frozen=True, eq=False)
class SeededLaw:
    """A ``distribution`` of torch over points (batch shape ()), with samples from explicit seeds, drawn on the CPU's
    generator or the device's own."""

    distribution: torch.distributions.Distribution

    def __post_init__(self) -> None:
        given = self.distribution
        if not isinstance(given, torch.distributions.Distribution):
            raise TypeError(f"distribution must be one of torch.distributions, not {type(given).__name__}")
        if given.batch_shape or not given.event_shape:
            raise ValueError(
                f"distribution has batch shape {tuple(given.batch_shape)} and points of shape "
                f"{tuple(given.event_shape)}; one law over points is needed: torch.distributions.Independent"
            )

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        own = tuple(self.distribution.event_shape)
        if tuple(x.shape[1:]) != own:
            raise ValueError(f"x has shape {tuple(x.shape)}; points of this law are {own}")
        found: torch.Tensor = self.distribution.log_prob(x)
        return found

    def sample(self, count: int, *, seed: Seed) -> torch.Tensor:
        word = int(sequence(child(seed, LAW)).generate_state(1, np.uint64)[0])
        with torch.random.fork_rng():
            torch.manual_seed(word)
            found: torch.Tensor = self.distribution.sample((count,))
            return found


def _require_points(d: int, x: torch.Tensor) -> None:
    if x.ndim != 2 or x.shape[1] != d:
        raise ValueError(f"x has shape {tuple(x.shape)}; points of this law are (C, {d})")


def _fitted(points: torch.Tensor, modes: int, seed: Seed) -> Any:
    require_installed("a fitted mixture needs", "scikit-learn", extra="energy")
    from sklearn.mixture import GaussianMixture

    word = int(sequence(seed).generate_state(1)[0])
    found = GaussianMixture(modes, random_state=word, n_init=3, max_iter=500).fit(points.double().numpy(force=True))
    if not found.converged_:
        raise ValueError(f"the fit of {modes} modes did not converge in 500 steps; try another number or seed")
    return found
