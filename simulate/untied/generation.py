"""Velocities of untied networks that were trained at several times."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import ArrayLike

from simulate import checks
from simulate.flow import Array, LearnedVelocity
from simulate.gram import cholesky_factor
from simulate.path import Schedule
from simulate.seeds import Seed, child
from simulate.untied.network import Untied
from simulate.untied.training import SpanTraining


def in_common(training: SpanTraining, d: int, *, seed: Seed) -> Untied:
    """The networks of all times in coordinates common to them, the first along the mean: D = min(d, n + 1 + 2 T).

    What u and w of one time have beyond the span of the data lies in a plane of any direction there, independent of
    those of other times: all are drawn here together, by Bartlett's factor of the d - n - 1 dimensions. Products with
    w are those in d dimensions: w is scaled by sqrt(D/d).
    """
    state = training.last
    seeds, times, most = state.u.shape
    k = most - 2
    planes = _planes(np.random.default_rng(child(seed, 0)), d - k, seeds, times)
    size = k + planes.shape[2]
    found = []
    for each in (state.u, state.w):
        full = np.zeros((seeds, times, size))
        full[..., :k] = each[..., :k]
        full[..., k:] = (planes @ each[..., k:, None])[..., 0]
        found.append(torch.from_numpy(full))
    u, w = found
    return Untied(torch.from_numpy(state.skip), torch.from_numpy(state.b), u, w * (size / d) ** 0.5)


def _planes(generator: np.random.Generator, room: int, seeds: int, times: int) -> Array:
    """(seeds, times, min(room, 2 times), 2): orthonormal pairs, each uniform in ``room`` dimensions, independent.

    2 times normal vectors, reduced by a rotation to an upper triangular matrix, paired off.
    """
    count = 2 * times
    size = min(room, count)
    normals = generator.standard_normal((seeds, size, count)).swapaxes(1, 2)
    factor = cholesky_factor(normals, generator, d=room, known=0)
    pairs = factor.swapaxes(1, 2).reshape(seeds, size, times, 2).transpose(0, 2, 1, 3)
    columns, turn = np.linalg.qr(pairs)
    return np.asarray(columns * np.sign(np.diagonal(turn, axis1=2, axis2=3))[:, :, None])


def learned_velocity(networks: Untied, times: ArrayLike, schedule: Schedule, *, data_set: int = 0) -> LearnedVelocity:
    """The velocity of the networks of one data set, trained at ``times`` (T,); ValueError at any other time."""
    if not isinstance(networks, Untied):
        raise TypeError(f"networks must be an Untied, not {type(networks).__name__}")
    checks.integer("data_set", data_set, least=0, most=networks.u.shape[0] - 1)
    moments = np.asarray(times, dtype=np.float64)
    if moments.shape != networks.u.shape[1:2] or len(set(moments.tolist())) < moments.size:
        raise ValueError(
            f"times has shape {moments.shape}; it must hold {networks.u.shape[1]} different ones, those of the networks"
        )
    known = {t: k for k, t in enumerate(moments.tolist())}

    def learner(t: float) -> Callable[[torch.Tensor], torch.Tensor]:
        if t not in known:
            raise ValueError(f"no network was trained at t = {t}; train at all times of the grid but its data end")
        part = np.s_[data_set : data_set + 1, known[t] : known[t] + 1]
        network = Untied(*(getattr(networks, name)[part] for name in ("skip", "b", "u", "w")))
        return lambda x: network(x[None, None])[0, 0]

    return LearnedVelocity(learner, schedule)
