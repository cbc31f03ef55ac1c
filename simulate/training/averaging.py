"""Running averages of a network's weights: what is learned, less the noise of the last updates.

torch.optim.swa_utils.AveragedModel is no substitute: it wraps the network, which would rename its weights in every
checkpoint, and it copies the first update where `average_in` takes a share of it.
"""

from __future__ import annotations

import torch
from torch import nn

from simulate import checks

# The average forgets its start: until this many updates or so it is one over a share of those there were.
_WARM = 10


def require_average(average: float) -> None:
    """ValueError unless in [0, 1)."""
    if checks.real("average", average, least=0.0, most=1.0) == 1.0:
        raise ValueError("average = 1 would never leave the start; it must be below 1")


def average_in(mean: nn.Module, live: nn.Module, *, memory: float, updates: int) -> None:
    """Move the weights of ``mean`` towards those of ``live`` after that many updates, by 1 - ``memory`` (by more at
    first; all the way for memory 0); buffers are copied."""
    if len(list(live.buffers())) != len(list(mean.buffers())):
        raise ValueError(f"{type(live).__name__} makes buffers while it is trained: make them with the network")
    fresh = max(1.0 - memory, 1.0 / (1.0 + updates / _WARM)) if memory > 0.0 else 1.0
    with torch.no_grad():
        for old, new in zip(mean.parameters(), live.parameters(), strict=True):
            old.lerp_(new, fresh)
        for kept, latest in zip(mean.buffers(), live.buffers(), strict=True):
            kept.copy_(latest)
