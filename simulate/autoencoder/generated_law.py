"""The law that the learned flow generates, given the data, and what a sample average says of it.

Where sign(w_t.X_t) keeps its value s along the flow, each network is the affine map c x + s w, so
X_t = s offset_t + factor_t X_0: given the data the generated law is a mixture of N(+-offset,
factor^2 I). Offset and factor are measured, by carrying known starts through the same one-step
method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from simulate import checks
from simulate.autoencoder.generation import LearnedField, Learner
from simulate.autoencoder.network import project
from simulate.estimate import Estimate
from simulate.flow import METHODS, drift, integrate
from simulate.mixture import Samples
from simulate.path import Schedule


@dataclass(frozen=True, eq=False)
class ClusterLaw:
    """offset (times, d) and factor (times,) of the + cluster, with the data they came from."""

    times: NDArray[np.float64]
    offset: torch.Tensor
    factor: NDArray[np.float64]
    samples: Samples

    @property
    def centre(self) -> torch.Tensor:
        """The centre of the + cluster at the last time, given the data (no sample average), (d,).
        """
        return self.offset[-1]

    @property
    def centre_error(self) -> float:
        """|centre - mu|^2 / d."""
        return float((self.centre - self.samples.mean).square().sum()) / self.samples.d

    @property
    def centre_cosine(self) -> float:
        """The cosine of the angle between centre and mu."""
        mean = self.samples.mean
        return float(self.centre @ mean / (self.centre.norm() * mean.norm()))

    @property
    def generated_variance(self) -> float:
        """factor^2 at the last time: the variance of a coordinate inside a cluster."""
        return float(self.factor[-1] ** 2)

    @property
    def overlaps(self) -> NDArray[np.float64]:
        """offset.mu / (r^2 d), offset.xi / (n draws d), offset.eta / (n sigma^2 d), (times, 3)."""
        return np.array([project(each, self.samples) for each in self.offset])


def cluster_law(
    learner: Learner, samples: Samples, schedule: Schedule,
    grid: Sequence[float] | NDArray[np.float64], *, method: str = "ralston",
) -> ClusterLaw:
    """Offset and factor at every grid time, for sign networks learned from ``samples``.

    Networks are oriented by the samples; a tanh network raises ValueError (it is affine only as
    d -> infinity).
    """
    checks.choice("method", method, METHODS)
    field = LearnedField(learner, schedule, grid)

    def velocity(time: float, x: torch.Tensor) -> torch.Tensor:
        network, values = field.at(time)
        return drift(values, network.oriented(samples, values).branch(x, 1.0), x)

    # Of an affine map s offset + factor X0 two starts tell all: 0, and one more to see the factor.
    probe = samples.sample_mean
    starts = torch.stack([torch.zeros_like(probe), probe])
    offsets: list[torch.Tensor] = []
    factors: list[float] = []

    def watch(time: float, x: torch.Tensor) -> None:
        offsets.append(x[0])
        factors.append(float((x[1] - x[0]) @ probe / (probe @ probe)))

    integrate(velocity, field.grid, starts, method=method, observe=watch)
    return ClusterLaw(field.grid, torch.stack(offsets), np.array(factors), samples)


def average_error(points: torch.Tensor, cluster: torch.Tensor, mean: torch.Tensor) -> Estimate:
    """|mean of s X - mu|^2 / d from S >= 2 generated points (S, d) of known cluster s (S,).

    The mean of S points misses the centre by variance / S per dimension; that is subtracted, with
    the variance estimated from the points themselves. The standard error (an upper estimate) counts
    the sampling of points only, with the data fixed. The cluster sign is chosen by X0, so s X0 has
    mean sqrt(2/pi) along the first weight: a bias of order d^(-1/2) in the centre along mu that
    this estimate keeps and `ClusterLaw.centre_error` does not have.
    """
    checks.tensor("points", points, (None, None))
    count, d = points.shape
    checks.tensor("cluster", cluster, (count,))
    checks.tensor("mean", mean, (d,))
    checks.same_kind(points, cluster=cluster, mean=mean)
    if count < 2:
        raise ValueError(f"points holds {count} point(s); subtracting their variance needs >= 2")
    if not bool((cluster.abs() == 1.0).all()):
        raise ValueError("cluster must be +1 or -1 for every point")
    turned = cluster[:, None] * points
    difference = turned.mean(dim=0) - mean
    spread = turned.var(dim=0)
    value = float((difference.square() - spread / count).sum()) / d
    # m_i^2, m_i normal of variance v = v_i / S, has variance 4 v E[m_i]^2 + 2 v^2, and 4 v m_i^2
    # estimates that from above (by 2 v^2) without ever being negative.
    noise = (4.0 * spread / count * difference.square()).sum()
    return Estimate(value, float(noise) ** 0.5 / d)
