"""The limit d -> infinity realised exactly in a small space, by vectors that are exactly orthogonal.

Lengths per d are what they tend to: |mu|^2 = radius^2, |z|^2 = sigma^2, |x0|^2 = 1, all orthogonal. The literal
risk is minimised over (c, w) by a generic least-squares solver, and the literal flow is integrated by a generic
solver of differential equations. Nothing here uses an overlap, a shorthand or a closed form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.integrate import solve_ivp

Schedule = Callable[[float], tuple[float, float, float, float]]
"""t in [0, 1] -> alpha, beta, dalpha, dbeta."""


class Network(NamedTuple):
    """f(x) = c x + w sign(w.x)."""

    c: float
    w: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return self.c * x + self.w * np.sign(self.w @ x)


@dataclass(frozen=True)
class Space:
    """Data, base draws, a start of the flow and a fresh pair, in an orthogonal frame turned at random."""

    n: int
    sigma: float
    ridge: float
    draws: int
    radius: float

    @property
    def frame(self) -> np.ndarray:
        """Orthonormal rows: mu, z of n samples, x0 of n*draws pairs, X0 of the flow, fresh z, fresh x0."""
        return _frame(4 + self.n + self.n * self.draws)

    @property
    def mean(self) -> np.ndarray:
        return self.radius * self.frame[0]

    @property
    def signs(self) -> np.ndarray:
        """Of all pairs; samples alternate."""
        return np.repeat([(-1.0) ** m for m in range(self.n)], self.draws)

    @property
    def deviations(self) -> np.ndarray:
        """z of every pair (rows)."""
        return np.repeat(self.sigma * self.frame[1 : 1 + self.n], self.draws, axis=0)

    @property
    def data(self) -> np.ndarray:
        return self.signs[:, None] * self.mean + self.deviations

    @property
    def base(self) -> np.ndarray:
        return self.frame[1 + self.n : 1 + self.n + self.n * self.draws]

    @property
    def start(self) -> np.ndarray:
        return self.frame[-3]

    @property
    def noise_sum(self) -> np.ndarray:
        """xi."""
        return self.signs @ self.base

    @property
    def sample_sum(self) -> np.ndarray:
        """eta."""
        return (self.signs @ self.deviations) / self.draws

    def minimiser(self, alpha: float, beta: float, *, skip: bool = True) -> Network:
        """Of 1/2 sum |c x_t + w s - x1|^2 + ridge/2 |w|^2, by least squares on all rows."""
        pairs, size = self.data.shape
        data, base, signs = _arrays(self)
        x = alpha * base + beta * data
        rows = np.zeros(((pairs + 1) * size, size + 1))
        right = np.zeros((pairs + 1) * size)
        rows[: pairs * size, 0] = x.ravel() if skip else 0.0
        rows[: pairs * size, 1:] = np.kron(signs[:, None], np.eye(size))
        rows[pairs * size :, 1:] = np.sqrt(self.ridge) * np.eye(size)
        right[: pairs * size] = data.ravel()
        unknown = np.linalg.lstsq(rows, right, rcond=None)[0]
        return Network(float(unknown[0]), unknown[1:])

    def risk(self, alpha: float, beta: float, network: Network) -> float:
        """The literal risk at the true labels, which the network itself must give back."""
        x = alpha * self.base + beta * self.data
        if not np.all(np.sign(x @ network.w) == self.signs):
            raise AssertionError("the labels do not reproduce themselves")
        outputs = np.stack([network(row) for row in x])
        return float(((outputs - self.data) ** 2).sum() / 2 + self.ridge / 2 * network.w @ network.w)

    def velocity(self, x: np.ndarray, network: Network, alpha: float, beta: float, dalpha: float,
                 dbeta: float, sign: float) -> np.ndarray:
        """b = k f + (dalpha/alpha) x with k = dbeta - beta dalpha/alpha."""
        k = dbeta - beta * dalpha / alpha
        return k * (network.c * x + network.w * sign) + dalpha / alpha * x

    def integrate(self, schedule: Schedule, times: np.ndarray, *, skip: bool = True,
                  start: np.ndarray | None = None) -> np.ndarray:
        """X_t at ``times`` (rows), from X_0 at t = 0 (``start``), on the branch sign(w.X) = +1."""

        def right(t: float, x: np.ndarray) -> np.ndarray:
            alpha, beta, dalpha, dbeta = schedule(t)
            network = self.minimiser(alpha, beta, skip=skip)
            if t > 1e-3 and network.w @ x <= 0:
                raise AssertionError(f"the flow left its cluster at t = {t}")
            return self.velocity(x, network, alpha, beta, dalpha, dbeta, 1.0)

        first = self.start if start is None else start
        solution = solve_ivp(right, (0.0, float(times[-1])), first, method="DOP853", t_eval=times,
                             rtol=1e-11, atol=1e-13)
        if not solution.success:
            raise AssertionError(solution.message)
        return solution.y.T


@lru_cache(maxsize=64)
def _frame(size: int) -> np.ndarray:
    random = np.random.default_rng(np.random.SeedSequence(size))
    return np.linalg.qr(random.standard_normal((size, size)))[0].T


@lru_cache(maxsize=256)
def _arrays(space: Space) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return space.data, space.base, space.signs
