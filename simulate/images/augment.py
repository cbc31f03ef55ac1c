"""Small random changes of images that leave their class as it is: they stand for more images than there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from simulate import checks


@dataclass(frozen=True, kw_only=True)
class RandomAffine:
    """Turned, zoomed and shifted, by normal amounts with these standard deviations: radians, relative, pixels.

    What comes in at the border is -1.
    """

    angle: float = 0.08
    zoom: float = 0.05
    shift: float = 0.25

    def __post_init__(self) -> None:
        for name, most in (("angle", 1.0), ("zoom", 0.3), ("shift", 1e3)):
            checks.real(name, getattr(self, name), least=0.0, most=most)

    def __call__(self, pixels: torch.Tensor, generator: np.random.Generator) -> torch.Tensor:
        """Each of ``pixels`` (S, channels, height, width) in its own way; bilinear."""
        count, (height, width) = len(pixels), pixels.shape[2:]
        drawn = generator.standard_normal((4, count))
        angle, zoom = self.angle * drawn[0], np.exp(self.zoom * drawn[1])
        # In grid_sample's units the image is 2 wide and 2 high.
        across, down = 2.0 * self.shift * drawn[2] / width, 2.0 * self.shift * drawn[3] / height
        ratio = height / width
        rows = np.stack([
            np.stack([zoom * np.cos(angle), -zoom * np.sin(angle) * ratio, across], axis=1),
            np.stack([zoom * np.sin(angle) / ratio, zoom * np.cos(angle), down], axis=1),
        ], axis=1)
        grid = functional.affine_grid(torch.from_numpy(rows).to(pixels), list(pixels.shape), align_corners=False)
        return functional.grid_sample(pixels + 1.0, grid, align_corners=False) - 1.0
