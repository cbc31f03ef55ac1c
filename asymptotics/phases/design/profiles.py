"""How much the denoising task at each time tells about each parameter of the data.

The task at time t is the regression of x1 on x_t, with the exact denoiser f and the covariance Sigma of x1 given x_t:
    f(x) = (sigma^2 beta/V) x + (alpha^2/V) m(x),   Sigma = (alpha^2/V) [sigma^2 I + (alpha^2/V) C(x)],
m and C the mean and covariance of the mode's mean given x_t. One sample at t carries, about a parameter theta,
    J(t) = E[(df/dtheta).Sigma^-1 (df/dtheta)],
the information of the best weighting of the residuals; that of independent samples adds up over times. In two modes
J of log(p/(1-p)) is mmse(s)/4 as d -> infinity, J of sigma^2 is (d - 1) alpha^2 beta^2/(sigma^2 V^2), and J of a
mean is alpha^2/(sigma^2 V) once the mode is known. Parameters are taken one at a time, the others known: for two modes
what they take from each other falls like 1/d (2 % of the information at d = 100, 3e-4 at 1e4 for balanced times).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from asymptotics.coerce import as_float64, as_integer
from asymptotics.phases.design.hierarchy import APART, named, split_levels
from asymptotics.phases.design.modes import require_modes
from asymptotics.phases.design.propagation import responsibilities

if TYPE_CHECKING:
    from asymptotics.phases.design.modes import Modes

Array = NDArray[np.float64]

_REACH, _STEP = 9.0, 0.05
_SEED = 20241207


@dataclass(frozen=True, eq=False)
class Profiles:
    """Information per sample, ``values`` (parameters, times), at ``times`` of the linear schedule."""

    parameters: tuple[str, ...]
    times: Array
    values: Array


def contrasts(modes: Modes, apart: float = APART) -> dict[str, Array]:
    """The parameters of the weights, phase by phase: log odds of a group against the rest of what it comes from.

    Name -> derivative of the log weights (k,), which changes the odds and nothing else. Two groups have one.
    """
    found = {}
    for level in split_levels(modes, apart):
        for split in level:
            groups = split.groups[:1] if len(split.groups) == 2 else split.groups
            whole = [i for group in split.groups for i in group]
            for group in groups:
                rest = [i for i in whole if i not in group]
                share = modes.weights[list(group)].sum() / modes.weights[whole].sum()
                slope = np.zeros(modes.count)
                slope[list(group)], slope[rest] = 1 - share, -share
                found[f"odds {named(group)} : {named(rest)}"] = slope
    return found


def information_profiles(
    modes: Modes, times: ArrayLike, *, apart: float = APART, starts: int = 256
) -> Profiles:
    """J of the odds of each split, of sigma^2, and of the means, at ``times`` in [0, 1] of the linear schedule.

    "mean": of a coordinate, across the span of the means, of the mean of a mode, per sample of that mode, averaged over
    modes. On a line by the trapezoid rule, to 1e-9; else by ``starts`` >= 16 low-discrepancy points a mode, to about
    1e-3 of the largest value.
    """
    require_modes(modes)
    at = as_float64("times", times)
    if at.ndim != 1 or not ((at >= 0) & (at <= 1)).all():
        raise ValueError(f"times of shape {at.shape} must be 1-d, inside [0, 1]")
    as_integer("starts", starts, 16)
    if modes.dimension <= modes.rank:
        raise ValueError(f"d = {modes.dimension:g} must be above {modes.rank}, the number of dimensions the means span")
    slopes = contrasts(modes, apart)
    nodes, masses = _normal(modes.rank, starts)
    columns = [_at(modes, float(t), np.array(list(slopes.values())), nodes, masses) for t in at]
    return Profiles((*slopes, "sigma^2", "mean"), at, np.array(columns).T)


def _normal(rank: int, starts: int) -> tuple[Array, Array]:
    """Nodes (n, r) and masses (n,) for means over a standard normal."""
    if rank == 1:
        z = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)
        return z[:, None], np.exp(-z * z / 2) * _STEP / np.sqrt(2 * np.pi)
    from scipy.special import ndtri
    from scipy.stats import qmc

    cube = qmc.Sobol(rank, scramble=True, seed=np.random.default_rng(_SEED)).random_base2(round(np.log2(starts)))
    return ndtri(np.clip(cube, 1e-16, 1 - 1e-16)), np.full(len(cube), 1 / len(cube))


def _at(modes: Modes, beta: float, slopes: Array, nodes: Array, masses: Array) -> list[float]:
    """J of each parameter at one time of the linear schedule."""
    alpha, sigma, means = 1 - beta, modes.sigma, modes.coordinates
    noised = alpha**2 + (sigma * beta) ** 2
    kept = alpha**2 / noised
    x = (beta * means[:, None, :] + np.sqrt(noised) * nodes).reshape(-1, modes.rank)
    mass = (modes.weights[:, None] * masses).ravel()
    known = responsibilities(modes, alpha, beta, x)
    mean = known @ means
    off = means - mean[:, None, :]
    heavy = known[:, :, None] * off
    covariance = np.swapaxes(heavy, 1, 2) @ off
    residual = sigma**2 * np.eye(modes.rank) + kept * covariance

    # d m(x) when log weights move: their covariance with the means, centred so that small tails keep their digits.
    energy = beta * x @ means.T - 0.5 * beta**2 * np.sum(means**2, axis=1)
    logs = np.concatenate([np.broadcast_to(slopes, (len(x), *slopes.shape)), energy[:, None, :]], axis=1)
    moved = np.swapaxes((logs - logs @ known[:, :, None]) @ heavy, 0, 1)
    width = beta / noised * (x - beta * mean) - (beta / noised) ** 2 * moved[-1]
    found = _squares(np.concatenate([moved[:-1], width[None], np.swapaxes(off, 0, 1)]), residual)
    inside = kept * found[: len(slopes) + 1] @ mass
    inside[-1] += (modes.dimension - modes.rank) * (alpha * beta / noised) ** 2 / sigma**2
    centres = known**2 * (1 / sigma**2 + (beta**2 / noised) * found[len(slopes) + 1 :].T)
    return [*map(float, inside), float(kept * mass @ (centres / modes.weights).mean(axis=1))]


def _squares(slopes: Array, residual: Array) -> Array:
    """slope.residual^-1 slope, (parameters, n), for slopes (parameters, n, r) and residuals (n, r, r)."""
    if residual.shape[-1] == 1:
        return slopes[..., 0] ** 2 / residual[:, 0, 0]
    columns = np.moveaxis(slopes, 0, -1)
    return np.sum(columns * np.linalg.solve(residual, columns), axis=1).T
