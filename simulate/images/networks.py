"""Compact convolutional networks for small images: a U-Net that knows the time, and a classifier."""

from __future__ import annotations

from collections.abc import Callable
from math import pi

import torch
from torch import nn
from torch.nn import functional

from simulate import checks
from simulate.seeds import Seed, sequence

_FREQUENCIES = 8


class UNet(nn.Module):
    """(x, t) -> something shaped like x (S, channels, height, width), t (S,) of order 1.

    ``levels`` resolutions, each half of the one before with twice the ``width``, one residual block down and one up
    each, and skip connections between them. About 56 000 parameters for one channel, as it stands.
    """

    def __init__(self, channels: int = 1, *, width: int = 16, levels: int = 2, embedding: int = 32) -> None:
        super().__init__()
        checks.integer("channels", channels, least=1)
        if checks.integer("width", width, least=4) % 4:
            raise ValueError(f"width = {width} must be a multiple of 4, the number of normalised groups")
        widths = [width * 2**k for k in range(checks.integer("levels", levels, least=1))]
        self.embed = nn.Sequential(
            nn.Linear(2 * _FREQUENCIES, embedding), nn.SiLU(), nn.Linear(embedding, embedding), nn.SiLU()
        )
        self.enter = nn.Conv2d(channels, width, 3, padding=1)
        self.down = nn.ModuleList(
            _Block(widths[max(k - 1, 0)], widths[k], embedding) for k in range(levels)
        )
        self.middle = _Block(widths[-1], widths[-1], embedding)
        self.up = nn.ModuleList(
            _Block(widths[k + 1] + widths[k], widths[k], embedding) for k in reversed(range(levels - 1))
        )
        self.leave = nn.Conv2d(width, channels, 3, padding=1)

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        known = self.embed(_waves(t.to(x)))
        h, left = self.enter(x), []
        for k, block in enumerate(self.down):
            if k:
                left.append(h)
                h = functional.avg_pool2d(h, 2, ceil_mode=True)
            h = block(h, known)
        h = self.middle(h, known)
        for block in self.up:
            skip = left.pop()
            h = block(torch.cat([functional.interpolate(h, size=skip.shape[2:]), skip], dim=1), known)
        found: torch.Tensor = self.leave(functional.silu(h))
        return found


class _Block(nn.Module):
    """Two convolutions about a residual; the time scales and shifts what is between them."""

    def __init__(self, inner: int, outer: int, embedding: int) -> None:
        super().__init__()
        self.first, self.second = nn.GroupNorm(4, inner), nn.GroupNorm(4, outer)
        self.one, self.two = nn.Conv2d(inner, outer, 3, padding=1), nn.Conv2d(outer, outer, 3, padding=1)
        self.modulate = nn.Linear(embedding, 2 * outer)
        self.past: nn.Module = nn.Identity() if inner == outer else nn.Conv2d(inner, outer, 1)

    def forward(self, x: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        scale, shift = self.modulate(known)[:, :, None, None].chunk(2, dim=1)
        h = self.second(self.one(functional.silu(self.first(x)))) * (1.0 + scale) + shift
        found: torch.Tensor = self.past(x) + self.two(functional.silu(h))
        return found


def _waves(t: torch.Tensor) -> torch.Tensor:
    """Sines and cosines of half a period to 64 over [0, 1]."""
    phase = t[:, None] * (pi * 2.0 ** torch.arange(_FREQUENCIES, dtype=t.dtype, device=t.device))
    return torch.cat([phase.sin(), phase.cos()], dim=1)


class SmallClassifier(nn.Module):
    """Images (S, channels, height, width) -> scores (S, classes)."""

    def __init__(self, size: tuple[int, int, int], classes: int, *, width: int = 16) -> None:
        super().__init__()
        channels, height, columns = size
        checks.integer("classes", classes, least=2)
        left = -(-height // 4) * -(-columns // 4)
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1), nn.SiLU(), nn.MaxPool2d(2, ceil_mode=True),
            nn.Conv2d(width, 2 * width, 3, padding=1), nn.SiLU(), nn.MaxPool2d(2, ceil_mode=True),
            nn.Flatten(), nn.Linear(2 * width * left, classes),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.layers(x)
        return found


def seeded(make: Callable[[], nn.Module], *, seed: Seed) -> nn.Module:
    """``make()`` with initial values from ``seed``; torch's own generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(sequence(seed).generate_state(1)[0]))
        return make()
