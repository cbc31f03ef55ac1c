"""Random numbers from explicit seeds.

Numbers are drawn on the CPU in float64 by numpy and then moved: one seed gives the same data on
every device and, up to rounding, in every dtype. (torch's CPU generator keeps only 32 bits of its
seed, so two of 10 000 streams would coincide with a chance of about 1 %.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from simulate import checks

Seed: TypeAlias = int | np.random.SeedSequence

# What draws below a user's own seed has streams of its own: the same seed given to a law, a kernel and a training must
# not make the points of the one the accidents of the other.
LAW, KERNEL, TRAINING = 101, 102, 103


def sequence(seed: Seed) -> np.random.SeedSequence:
    """``seed`` as a SeedSequence; TypeError unless an int >= 0 or a SeedSequence."""
    if isinstance(seed, np.random.SeedSequence):
        return seed
    return np.random.SeedSequence(checks.integer("seed", seed, least=0))


def child(seed: Seed, *key: int) -> np.random.SeedSequence:
    """The stream at ``key`` below ``seed``.

    `SeedSequence.spawn` counts its calls, so that asking twice gives different streams; this does
    not.
    """
    parent = sequence(seed)
    return np.random.SeedSequence(
        entropy=parent.entropy, spawn_key=(*parent.spawn_key, *key), pool_size=parent.pool_size
    )


def normal(
    seed: Seed, shape: tuple[int, ...], *, dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
) -> torch.Tensor:
    """Independent N(0, 1) numbers; a larger first dimension continues a smaller one."""
    numbers = np.random.default_rng(sequence(seed)).standard_normal(shape)
    return torch.from_numpy(np.asarray(numbers)).to(dtype=dtype, device=device)


def signs(seed: Seed, count: int, p: float) -> torch.Tensor:
    """``count`` independent signs, +1 with probability p (float64, CPU)."""
    plus = np.random.default_rng(sequence(seed)).random(count) < p
    return torch.from_numpy(np.where(plus, 1.0, -1.0))


def batches(seed: Seed, count: int, size: int) -> Iterator[NDArray[np.intp]]:
    """Endless mini-batches of ``size`` of the numbers 0 ... count - 1: each epoch all of them, in a new order.

    The last batch of an epoch is smaller where ``size`` does not divide ``count``.
    """
    generator = np.random.default_rng(sequence(seed))
    while True:
        order = generator.permutation(count)
        for start in range(0, count, size):
            yield order[start : start + size]
