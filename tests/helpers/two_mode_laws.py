"""Two modes with exact weights, also tilted, for tests of laws and of what measures models."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from simulate.energy import EnergyModel
from simulate.sampler import GaussianMixtureLaw

# Holds both modes.
BOX = [(-9.0, 9.0), (-9.0, 9.0)]
# Where no mode is.
FAR = GaussianMixtureLaw.isotropic(torch.full((1, 2), 9.0, dtype=torch.float64), 0.3, [1.0])


def two_modes(d: int = 2, p: float = 0.8, dtype: torch.dtype = torch.float64) -> GaussianMixtureLaw:
    centre = torch.zeros(d, dtype=dtype)
    centre[0] = 2.5
    return GaussianMixtureLaw.isotropic(torch.stack([centre, -centre]), 0.8, [p, 1 - p])


class _Tilt(nn.Module):
    """An energy linear in the first coordinate: it multiplies the weights of modes at +-a by exp(-+ a t)."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor(slope, dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.slope * x[:, :1]


def tilted(d: int, slope: float = 0.5) -> tuple[EnergyModel, np.ndarray, float]:
    """A tilted mixture, its exact weights by component, and ln Z: a Gaussian tilted by exp(-t x) is another one."""
    base = two_modes(d)
    parts = np.array([0.8, 0.2]) * np.exp(-slope * np.array([2.5, -2.5]) + slope**2 * 0.8**2 / 2)
    return EnergyModel(_Tilt(slope), base), parts / parts.sum(), float(np.log(parts.sum()))
