"""Energy-based models: a base times exp(-E), with any torch module as the energy E (arXiv 2306.00684)."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from simulate import checks
from simulate.sampler import Proposal, Standardised, require_law
from simulate.seeds import Seed, sequence


class EnergyModel(nn.Module):
    """log p~(x) = log base(x) - E(x), not normalised: the model is called with points (C, ...) and gives (C,).

    ``energy``: a module that maps points to (C,) or (C, 1). ``base``: a law with ``log_prob`` and ``sample`` (a
    `Proposal`); a module is copied as it is now, and the copy is not trained.
    """

    def __init__(self, energy: nn.Module, base: Proposal) -> None:
        super().__init__()
        if not isinstance(energy, nn.Module):
            raise TypeError(f"energy must be a torch.nn.Module, not {type(energy).__name__}")
        require_law("base", base)
        self.energy = energy
        self.base = copy.deepcopy(base).requires_grad_(False) if isinstance(base, nn.Module) else base

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.base.log_prob(x) - self.energies(x)

    def energies(self, x: torch.Tensor) -> torch.Tensor:
        """E(x), (C,)."""
        found = self.energy(x)
        if not isinstance(found, torch.Tensor) or found.shape not in ((len(x),), (len(x), 1)):
            what = f"{tuple(found.shape)}" if isinstance(found, torch.Tensor) else type(found).__name__
            raise ValueError(f"energy maps points {tuple(x.shape)} to {what}; it must give one number a point")
        return found.reshape(len(x))


def network(
    d: int, *, widths: Sequence[int] = (128, 128), points: torch.Tensor | None = None, seed: Seed = 0
) -> nn.Sequential:
    """A smooth network R^d -> R (SiLU) whose last layer is 0, so that a model starts as its base.

    ``points`` (n, d): their mean and scale are taken out of the input first.
    """
    checks.integer("d", d, least=1)
    sizes = [d, *(checks.integer("widths", each, least=1) for each in widths)]
    layers: list[nn.Module] = [] if points is None else [Standardised(points)]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(sequence(seed).generate_state(1)[0]))
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.SiLU()]
        last = nn.Linear(sizes[-1], 1)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    network = nn.Sequential(*layers, last)
    return network if points is None else network.to(dtype=points.dtype, device=points.device)
