"""What a network costs on its data, and on data it has not seen."""

from __future__ import annotations

import torch

from simulate import checks
from simulate.autoencoder.network import Autoencoder
from simulate.estimate import Estimate
from simulate.mixture import Samples
from simulate.path import Mixing


def require_attained(samples: Samples) -> None:
    """ValueError at n * draws = 1, where no network attains the infimum of the risk."""
    if samples.pairs == 1:
        raise ValueError(
            "n * draws = 1: minimising drives the pre-activation w.x_t to exactly 0, so the "
            "infimum of the risk is not attained; use n >= 2 or draws >= 2"
        )


def risk(network: Autoencoder, samples: Samples, values: Mixing, *, ridge: float) -> torch.Tensor:
    """1/2 sum over pairs |f(x_t) - x1|^2 + ridge/2 |w|^2, as the authors weight it; 0-d tensor."""
    penalty = checks.penalty(ridge)
    misfit = network(samples.mixed(values)) - samples.targets
    return 0.5 * misfit.square().sum() + 0.5 * penalty * network.weight.square().sum()


def training_loss(network: Autoencoder, samples: Samples, values: Mixing, *, ridge: float) -> float:
    """The risk per n draws d."""
    return float(risk(network, samples, values, ridge=ridge)) / (samples.pairs * samples.d)


def test_error(network: Autoencoder, fresh: Samples, values: Mixing) -> Estimate:
    """E |f(x_t) - x1|^2 / d over new samples (no factor 1/2): mean over ``fresh`` and standard
    error.

    ``fresh`` must not be the training set: take ``samples.fresh(n=..., seed=...)``, n * draws >= 2.
    """
    if fresh.pairs < 2:
        raise ValueError("fresh holds one pair; a standard error needs at least 2")
    error = (network(fresh.mixed(values)) - fresh.targets).square().sum(dim=-1).flatten() / fresh.d
    return Estimate(float(error.mean()), float(error.std()) / error.numel() ** 0.5)
