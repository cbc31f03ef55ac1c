"""Euler's discretisation of the learned flow, exactly as a recursion, on any schedule and grid.

One step of size h multiplies M by 1 + h Gamma and adds h k m (likewise Q_xi, Q_eta), and multiplies the
variance factor by (1 + h Gamma)^2. On the linear schedule from t = 0 it is exact for M and Q_eta.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from asymptotics.limited_samples import formulas

if TYPE_CHECKING:
    from asymptotics.schedule import Interpolant

_COEFFICIENTS = (
    formulas.velocity_linear, formulas.velocity_mean, formulas.velocity_noise, formulas.velocity_sample,
)


@dataclass(frozen=True)
class EulerFlow:
    """The discretised flow at every node of the grid (first axis), and the error at its end.

    ``mean_error`` is |mu_hat - mu|^2/d of the discretised flow's centre at the last node.
    """

    t: np.ndarray
    flow_mean: np.ndarray
    flow_noise: np.ndarray
    flow_sample: np.ndarray
    flow_variance: np.ndarray
    mean_error: np.ndarray


def euler(
    schedule: Interpolant,
    grid: Sequence[float] | np.ndarray,
    *,
    n: Any,
    sigma: Any,
    ridge: Any,
    draws: Any = 1,
    radius: Any = 1,
) -> EulerFlow:
    """Euler's method for the learned flow on the nodes ``grid``, from the noise end towards the data.

    The grid increases strictly, starts at the schedule's noise end and stays inside its interval; the
    velocity is taken at the left node of each step. Arguments may be arrays and broadcast.
    """
    schedule.require_pinned("Euler's flow")
    if not schedule.noise_at_start:
        raise ValueError(f"schedule {schedule.name!r} ends in noise; reverse it so that t = start is noise")
    nodes = np.asarray(grid, dtype=np.float64)
    if nodes.ndim != 1 or len(nodes) < 2:
        raise ValueError(f"grid must be a one-dimensional array of at least 2 nodes, not {nodes.shape}")
    if not np.all(np.diff(nodes) > 0):
        raise ValueError("grid must increase strictly")
    if nodes[0] != float(schedule.start):
        raise ValueError(f"grid starts at {nodes[0]}, not at the noise end t = {schedule.start}")
    if nodes[-1] > float(schedule.end):
        raise ValueError(f"grid ends at {nodes[-1]}, beyond the data end t = {schedule.end}")
    values = {"n": n, "sigma": sigma, "ridge": ridge, "draws": draws, "radius": radius}
    law = formulas.mean_error.domain.arrays(values, "euler")
    velocity = _velocity(schedule, nodes, law)
    states = [np.stack(np.broadcast_arrays(0.0, 0.0, 0.0, 1.0, *law.values())[:4])]
    for step, (linear, *forcing) in zip(np.diff(nodes), velocity, strict=True):
        mean, noise, sample, factor = states[-1]
        growth = 1 + step * linear
        moved = [
            growth * old + step * push
            for old, push in zip((mean, noise, sample), forcing, strict=True)
        ]
        states.append(np.stack([*moved, growth**2 * factor]))
    mean, noise, sample, factor = np.stack(states, axis=1)
    return EulerFlow(nodes, mean, noise, sample, factor, _centre_error(mean, noise, sample, law))


def _velocity(schedule: Interpolant, nodes: np.ndarray, law: dict[str, np.ndarray]) -> np.ndarray:
    """(Gamma, k m, k q_xi, k q_eta) (steps, 4, ...) at every left node, from the regular forms on the schedule."""
    shape = np.broadcast_shapes(*(value.shape for value in law.values()))
    times = nodes[:-1].reshape(-1, *(1 for _ in shape))
    found = [np.broadcast_to(f.on(schedule)(t=times, **law), (len(times), *shape)) for f in _COEFFICIENTS]
    return np.stack(found, axis=1)


def _centre_error(mean: Any, noise: Any, sample: Any, law: dict[str, np.ndarray]) -> np.ndarray:
    """|M mu + Q_xi xi + Q_eta eta - mu|^2 / d at the last node, mu, xi and eta orthogonal."""
    import sympy as sp

    from asymptotics.limited_samples import generated, setting
    from asymptotics.numeric import compile_expressions

    coordinates = sp.symbols("mean noise sample", real=True)
    displacement = generated.vector(sp.Tuple(*coordinates)) - setting.MU
    squared = setting.square(displacement, setting.FRESH)
    names = (*(s.name for s in coordinates), *law)
    function = compile_expressions({"error": squared}, names)
    values: np.ndarray = function(mean=mean[-1], noise=noise[-1], sample=sample[-1], **law)["error"]
    return values


