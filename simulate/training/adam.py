"""Adam (0.9, 0.999, 1e-8) on tensors that hold many networks: what torch.optim.Adam does to each."""

from __future__ import annotations

import torch

FIRST, SECOND, SMALL = 0.9, 0.999, 1e-8


def adam_move(first: torch.Tensor, second: torch.Tensor, slope: torch.Tensor, count: int) -> torch.Tensor:
    """Updates both moments in place with the gradient ``slope`` of update ``count`` = 1, 2, ...; the move at rate 1."""
    first.lerp_(slope, 1.0 - FIRST)
    second.mul_(SECOND).addcmul_(slope, slope, value=1.0 - SECOND)
    spread = (second.sqrt() / (1.0 - SECOND**count) ** 0.5).add_(SMALL)
    return (first / (1.0 - FIRST**count)).div_(spread)
