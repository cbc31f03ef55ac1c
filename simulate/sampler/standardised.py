"""A module in coordinates of zero mean and unit scale."""

from __future__ import annotations

import torch
from torch import nn

from simulate import checks


class Standardised(nn.Module):
    """x -> (x - mean)/scale, of the coordinates of ``points`` (n, d); ValueError where one of them does not vary."""

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, points: torch.Tensor) -> None:
        super().__init__()
        points = checks.tensor("points", points, (None, None))
        if len(points) < 2:
            raise ValueError(f"points has {len(points)} rows; 2 or more have a scale")
        scale = points.std(0)
        if not bool((scale > 0).all()):
            raise ValueError(f"coordinate {int((~(scale > 0)).nonzero()[0])} of points does not vary; leave it out")
        self.register_buffer("mean", points.mean(0))
        self.register_buffer("scale", scale)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.ndim != 2 or x.shape[1] != len(self.mean):
            raise ValueError(f"x has shape {tuple(x.shape)}; this network is for points (C, {len(self.mean)})")
        return (x - self.mean) / self.scale
