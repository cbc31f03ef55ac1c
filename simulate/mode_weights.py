"""How much weight a model gives to each mode, and how far it is from the truth: by quadrature or importance sampling.

Never from the chains that trained it: chains that do not jump keep the fractions they started with, whatever the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from simulate import checks
from simulate.sampler import LogDensity, Proposal
from simulate.seeds import Seed, child

Region: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
"""Points (C, ...) -> the mode each belongs to, int64 (C,) in 0 ... K - 1 (`GaussianMixtureLaw.mode`)."""
# Below this many effective points a weight and its standard error are guesses.
FEWEST = 200.0


@dataclass(frozen=True, eq=False)
class ModeWeights:
    """``weight`` of each mode (K,) with standard errors ``error`` (0 for quadrature), the ``variance`` of a coordinate
    within it (mean over coordinates; NaN in a mode without a point), the logarithm of the model's normalisation
    ``log_z`` with its error, and the ``effective`` number of points (infinite for quadrature)."""

    weight: NDArray[np.float64]
    error: NDArray[np.float64]
    variance: NDArray[np.float64]
    log_z: float
    log_z_error: float
    effective: float


class Undetermined(ValueError):
    """Weights would be guesses: too few effective points, or a box that leaves some of the weight outside."""


def weights_by_quadrature(
    log_density: LogDensity, region: Region, *, modes: int, box: Sequence[tuple[float, float]], points: int = 801,
) -> ModeWeights:
    """In two dimensions, by the trapezoidal rule with ``points`` along each side of the ``box`` ((low, high), ...).

    `Undetermined` where the points at the border hold more than 1e-6 of the weight: the box is too small.
    """
    if len(box) != 2:
        raise ValueError(f"box has {len(box)} sides; quadrature is for two dimensions: use weights_by_importance")
    checks.integer("points", points, least=3)
    sides = []
    for low, high in box:
        if not checks.real("low", low) < checks.real("high", high):
            raise ValueError(f"box: {low} must be below {high}")
        sides.append(torch.linspace(low, high, points, dtype=torch.float64))
    grid = torch.stack(torch.meshgrid(*sides, indexing="ij"), dim=-1).reshape(-1, 2)
    with torch.no_grad():
        parts = [grid[k : k + 65536].to(_like(log_density)) for k in range(0, len(grid), 65536)]
        value = torch.cat([log_density(part).double().cpu() for part in parts])
        label = torch.cat([region(part).cpu() for part in parts])
    _require_finite(value)
    cell = log(float((sides[0][1] - sides[0][0]) * (sides[1][1] - sides[1][0])))
    total = torch.logsumexp(value, 0)
    share = (value - total).exp().reshape(points, points)
    border = float(share.sum() - share[1:-1, 1:-1].sum())
    if not border <= 1e-6:
        raise Undetermined(f"the border of the box {tuple(box)} holds {border:.1e} of the weight; make it larger")
    weight = _summed(share.reshape(-1), label, modes)
    variance = _variances(value - total, grid, label, modes)
    return ModeWeights(weight, np.zeros(modes), variance, float(total) + cell, 0.0, float("inf"))


def weights_by_importance(
    log_density: LogDensity, region: Region, *, modes: int, proposals: Sequence[Proposal], count: int, seed: Seed,
) -> ModeWeights:
    """From ``count`` points of each proposal, weighed against the mean of all their densities (a defensive mixture:
    where one of them covers the model the weights are bounded).

    Errors by the delta method over independent points. `Undetermined` with fewer than `FEWEST` effective ones.
    """
    checks.integer("count", count, least=2)
    if not isinstance(proposals, Sequence):
        raise TypeError(f"proposals must be a list of laws, not {type(proposals).__name__}")
    if not proposals:
        raise ValueError("proposals is empty; give at least one law that covers the model")
    with torch.no_grad():
        points = [law.sample(count, seed=child(seed, k)) for k, law in enumerate(proposals)]
        value = torch.cat([log_density(part).double().cpu() for part in points])
        mixture = torch.cat([
            torch.logsumexp(torch.stack([law.log_prob(part).double().cpu() for law in proposals]), 0)
            for part in points
        ]) - log(len(proposals))
        label = torch.cat([region(part).cpu() for part in points])
    _require_finite(value)
    if lost := int((~torch.isfinite(mixture)).sum()):
        raise ValueError(f"the proposals have no finite density at {lost} of their own points")
    log_weight = value - mixture
    top = log_weight.max()
    raw = (log_weight - top).exp()
    effective = float(raw.sum() ** 2 / raw.square().sum())
    if not effective >= FEWEST:
        raise Undetermined(
            f"{effective:.0f} effective points of {len(raw)} say nothing (below {FEWEST:.0f}); give a proposal "
            "that covers the model, or more points"
        )
    share = raw / raw.sum()
    weight = _summed(share, label, modes)
    inside = torch.nn.functional.one_hot(label, modes).double() - torch.from_numpy(weight)
    error = (share[:, None] * inside).square().sum(0).sqrt().numpy()
    scatter = float(raw.std() / raw.mean()) / len(raw) ** 0.5
    variance = _variances(log_weight, torch.cat(points).double().cpu(), label, modes)
    return ModeWeights(weight, error, variance, float(top + raw.mean().log()), scatter, effective)


def divergence(
    target: Proposal, log_density: LogDensity, found: ModeWeights, *, count: int, seed: Seed
) -> tuple[float, float]:
    """KL(target || model) in nats and its standard error: the target's mean of ln target - ln p~, and ln Z."""
    with torch.no_grad():
        x = target.sample(checks.integer("count", count, least=2), seed=seed)
        gap = target.log_prob(x).double().cpu() - log_density(x).double().cpu()
    _require_finite(gap)
    error = float((gap.var() / len(gap) + found.log_z_error**2) ** 0.5)
    return float(gap.mean()) + found.log_z, error


def _like(log_density: LogDensity) -> torch.Tensor:
    """A tensor of the dtype and on the device of a module's numbers; float64 for a plain function."""
    plain = torch.zeros((), dtype=torch.float64)
    if not isinstance(log_density, torch.nn.Module):
        return plain
    numbers = (*log_density.parameters(), *log_density.buffers())
    return next((each for each in numbers if each.is_floating_point()), plain)


def _require_finite(value: torch.Tensor) -> None:
    if bool((value == -torch.inf).all()):
        raise ValueError("the log density is -inf at every point looked at: the model has no weight there")
    bad = int((torch.isnan(value) | (value == torch.inf)).sum())
    if bad:
        raise ValueError(f"the log density is NaN or infinite at {bad} of {len(value)} points: there are no weights")


def _summed(share: torch.Tensor, label: torch.Tensor, modes: int) -> NDArray[np.float64]:
    if label.dtype != torch.int64 or int(label.min()) < 0 or int(label.max()) >= modes:
        found = f"{label.dtype} {label.min()} ... {label.max()}"
        raise ValueError(f"region must give int64 numbers 0 ... {modes - 1}, not {found}")
    return np.asarray(torch.zeros(modes, dtype=torch.float64).index_add_(0, label, share).numpy())


def _variances(
    log_weight: torch.Tensor, points: torch.Tensor, label: torch.Tensor, modes: int
) -> NDArray[np.float64]:
    """Of the points of each mode, weighed among themselves: also of a mode whose weight is nearly 0."""
    found = np.full(modes, np.nan)
    for k in range(modes):
        inside = label == k
        if bool((log_weight[inside] > -torch.inf).any()):
            share, own = torch.softmax(log_weight[inside], 0)[:, None], points[inside].flatten(1)
            found[k] = float((share * (own - (share * own).sum(0)).square()).sum(0).mean())
    return found
