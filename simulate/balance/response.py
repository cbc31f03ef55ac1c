"""How fast a trained energy answers where chains are: the learning rate of the log odds of two modes.

It is the ``learning_rate`` of `asymptotics.balance`, of a real network trained by Adam, so that the critical jump rate
and the scatter of the weight can be predicted for it.
"""

from __future__ import annotations

import numpy as np
import torch
import xarray as xr

from asymptotics import balance
from simulate import checks
from simulate.energy import EnergyTrained

# Relaxation times of a weight after which its start is forgotten, and in which rates must not have fallen to nothing.
SLOW = 4.0


def response_rate(trained: EnergyTrained, points: torch.Tensor, labels: torch.Tensor, *, rate: float) -> float:
    """By how much one iteration moves the log odds of mode 0 for each unit by which its share of the chains is off.

    With D the mean energy of mode 0 less that of mode 1, over ``points`` (C, ...) with ``labels`` (C,) of 0 and 1, an
    iteration moves the energy's parameters by ``rate`` (Adam's) times the gradient of D over Adam's scale times the
    share that is off, and the log odds by -D: rate sum (dD/dphi)^2/scale. Momentum delays this and does not change it.
    """
    checks.real("rate", rate, above=0.0)
    if not isinstance(trained, EnergyTrained):
        raise TypeError(f"trained must be what energy.train gives, not a {type(trained).__name__}")
    if not isinstance(labels, torch.Tensor) or labels.shape != (len(points),) or set(labels.tolist()) != {0, 1}:
        raise ValueError(f"labels must be a tensor of 0 or 1 for each of {len(points)} points, both of them there")
    pairs = zip(trained.model.energy.parameters(), trained.scales, strict=True)
    learned = [(weight, scale) for weight, scale in pairs if weight.requires_grad]
    energy = trained.model.energies(points)
    gap = energy[labels == 0].mean() - energy[labels == 1].mean()
    slopes = torch.autograd.grad(gap, [weight for weight, _ in learned], allow_unused=True)
    return rate * sum(
        float((slope.double().square() / scale.double()).sum())
        for slope, (_, scale) in zip(slopes, learned, strict=True) if slope is not None
    )


def expected_scatter(study: xr.Dataset, training: str = "flow") -> xr.DataArray:
    """The standard deviation of mode 0's weight about the data's in training, by the linear theory of two modes, over
    (seed, iteration); missing (NaN) where it does not hold: learning rate times w(1 - w) of 1 or more.

    Chains and batches add as `asymptotics.balance.weight_std` of either (a batch is fresh in every iteration: a jump
    rate of 1), at the learning rate of the iteration and the jump rate of the frozen run (taken as 1 where it is above,
    by chance or because proposals avoid the mode they come from). Of a weight that has forgotten its start, and while
    rates fall slowly.
    """
    if "learning_rate" not in study or training not in study["training"].values:
        raise ValueError(f"the study has no learning rates of two modes, or no training {training!r}")
    own = study.sel(training=training)
    weights = own["data_weight"].sel(mode=0)
    spread = (weights * (1 - weights)).values[:, None]
    rate = own["learning_rate"].values[:, None] * study["slower"].values
    jumps = np.minimum(own["jump_rate"].values[:, None], 1.0)
    # Without jumps there is no balance to scatter about.
    holds = (rate > 0) & (rate * spread < 1) & (jumps > 0)
    rate, jumps = np.where(holds, rate, 0.5), np.where(holds, jumps, 1.0)
    p = np.broadcast_to(weights.values[:, None], rate.shape)
    chains, batch = (float(study[name]) for name in ("chains", "batch"))
    of_chains = balance.weight_std(p=p, learning_rate=rate, jump_rate=jumps, chains=chains)
    of_batch = balance.weight_std(p=p, learning_rate=rate, jump_rate=1.0, chains=batch)
    found = np.where(holds, np.hypot(of_chains, of_batch), np.nan)
    return xr.DataArray(found, dims=("seed", "iteration"), coords={n: study[n] for n in ("seed", "iteration")})


def scatter_scores(study: xr.Dataset, training: str = "flow") -> xr.DataArray:
    """How many standard deviations of `expected_scatter` mode 0's weight is off the data's, (seed, iteration); missing
    (NaN) where the theory says nothing: also before the weight has forgotten its start, and where rates fall too fast.

    Both are told by relaxation times of the weight, one over its learning rate times w(1 - w): `SLOW` of them or more
    must lie between the start and a record, and between a record and the end of training.
    """
    expected = expected_scatter(study, training)
    own = study.sel(training=training)
    weights = own["data_weight"].sel(mode=0)
    rate = own["learning_rate"] * weights * (1 - weights) * study["slower"]
    passed = (rate * study["iteration"].diff("iteration", label="upper")).cumsum("iteration")
    passed = passed.reindex(iteration=study["iteration"], fill_value=0.0)
    left = rate * (study["iteration"][-1] - study["iteration"])
    found = (own["path"].sel(mode=0) - weights) / expected
    return found.where((passed > SLOW) & (left > SLOW)).transpose("seed", "iteration")
