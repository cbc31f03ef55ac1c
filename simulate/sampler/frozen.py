"""A long run of chains whose model and kernel no longer change: weights of modes, jumps, and whether it mixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from asymptotics.extras import require_installed
from simulate import checks
from simulate.sampler.kernels import Kernel, LogDensity
from simulate.sampler.mode_weights import Region
from simulate.seeds import Seed, child


@dataclass(frozen=True, eq=False)
class FrozenRun:
    """Of C chains over M moves.

    weight, error   of each mode (K,), and its standard error from the effective number of moves
    rhat            split R-hat of each mode's indicator (K,) and, ``rhat_density``, of the log density; infinite where
                    a number does not vary at all, in any chain: that is no sign of mixing
    effective       effective number of independent moves for each weight (K,), 0 where no chain's mode ever changes
    switched        share of moves that end in another mode than they began
    longest         the most moves in a row in which a chain stayed where it was
    jumped          acceptance of the global proposals (NaN without any)
    chains          where the chains are
    """

    weight: NDArray[np.float64]
    error: NDArray[np.float64]
    rhat: NDArray[np.float64]
    rhat_density: float
    effective: NDArray[np.float64]
    switched: float
    longest: int
    jumped: float
    chains: torch.Tensor

    @property
    def jump_rate(self) -> float:
        """The probability that a move draws a chain's mode anew by the weights, were that how modes change: what is
        ``jump_rate`` in `asymptotics.balance`."""
        elsewhere = 1.0 - float(np.square(self.weight).sum())
        return self.switched / elsewhere if elsewhere > 0.0 else 0.0


def frozen_run(
    log_density: LogDensity, kernel: Kernel, x: torch.Tensor, region: Region, *, modes: int, moves: int, seed: Seed,
    warm: int = 0,
) -> FrozenRun:
    """``moves`` of the kernel on the chains ``x`` (C, ...), after ``warm`` that are not counted; C >= 2, moves >= 8."""
    checks.integer("modes", modes, least=1)
    checks.integer("moves", moves, least=8)
    checks.integer("warm", warm, least=0)
    if not isinstance(x, torch.Tensor):
        raise TypeError(f"x must be a tensor of chains (C, ...), not {type(x).__name__}")
    if len(x) < 2:
        raise ValueError(f"{len(x)} chains: two or more tell whether they agree")
    labels, density = np.empty((moves, len(x)), dtype=np.int64), np.empty((moves, len(x)))
    still = longest = torch.zeros(len(x), dtype=torch.int64, device=x.device)
    before, changed, jumped = _labels(region, x, modes), 0, []
    for k in range(warm + moves):
        moved = kernel(log_density, x, seed=child(seed, k))
        if k == warm - 1:
            before = _labels(region, moved.x, modes)
        if k >= warm:
            same = (moved.x == x).flatten(1).all(dim=1)
            still = torch.where(same, still + 1, torch.zeros_like(still))
            longest = torch.maximum(longest, still)
            now = _labels(region, moved.x, modes)
            changed += int((now != before).sum())
            labels[k - warm], before = now, now
            with torch.no_grad():
                density[k - warm] = log_density(moved.x).double().numpy(force=True)
            jumped.append(float("nan") if moved.jumped is None else float(moved.jumped.mean()))
        x = moved.x
    inside = (labels[:, :, None] == np.arange(modes)).astype(np.float64)
    weight = inside.mean(axis=(0, 1))
    effective = np.array([_effective(inside[:, :, k].T) for k in range(modes)])
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(effective > 0, np.sqrt(weight * (1 - weight) / effective), np.inf)
    return FrozenRun(
        weight, error, np.array([_rhat(inside[:, :, k].T) for k in range(modes)]), _rhat(density.T), effective,
        changed / (moves * len(x)), int(longest.max()), float(np.mean(jumped)), x,
    )


def _labels(region: Region, x: torch.Tensor, modes: int) -> NDArray[np.int64]:
    found: NDArray[np.int64] = region(x).numpy(force=True)
    if found.dtype != np.int64 or found.min() < 0 or found.max() >= modes:
        raise ValueError(f"region must give int64 numbers 0 ... {modes - 1}, not {found.dtype} up to {found.max()}")
    return found


def _rhat(values: NDArray[np.float64]) -> float:
    """Split R-hat of (chains, moves)."""
    if np.ptp(values) == 0.0:
        return float("inf")
    with np.errstate(divide="ignore", invalid="ignore"):
        found = float(_diagnostics().rhat(values, chain_axis=0, draw_axis=1, method="split"))
    return found if np.isfinite(found) else float("inf")


def _effective(values: NDArray[np.float64]) -> float:
    """Of (chains, moves): 0 where no chain ever changes, also where they differ."""
    if not np.ptp(values, axis=1).any():
        return 0.0
    found = float(_diagnostics().ess(values, chain_axis=0, draw_axis=1, method="mean"))
    return found if np.isfinite(found) else 0.0


def _diagnostics() -> Any:
    require_installed("R-hat needs", "arviz-stats", extra="energy")
    from arviz_stats.base import array_stats

    return array_stats
