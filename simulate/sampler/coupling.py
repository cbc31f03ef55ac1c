"""Coupling flows as proposals: zuko's RealNVP, or splines, with explicit seeds and the scale of the data taken out;
and flows fitted to points alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from asymptotics.extras import require_installed
from simulate import checks
from simulate.runs import Given
from simulate.sampler.kernels import require_law
from simulate.sampler.standardised import Standardised
from simulate.seeds import Seed, normal, sequence
from simulate.training import FitRecipe, Progress, fit

KINDS = ("affine", "spline")


class CouplingFlow(nn.Module):
    """A normalising flow on points (C, d) >= 2 dimensions: `Proposal`, with the density of what it samples for free.

    ``points`` (n, d) fix mean and scale of each coordinate (splines are the identity beyond 5 of it). ``kind``:
    "affine" (RealNVP, the default: fast both ways) or "spline" (rational quadratic couplings).
    """

    def __init__(
        self, points: torch.Tensor, *, kind: str = "affine", transforms: int = 4, hidden: Sequence[int] = (64, 64),
        seed: Seed = 0,
    ) -> None:
        super().__init__()
        points = checks.tensor("points", points, (None, None))
        if points.shape[1] < 2:
            raise ValueError("points have 1 coordinate; a coupling flow needs 2: propose from a GaussianMixtureLaw")
        checks.choice("kind", kind, KINDS)
        self.standard = Standardised(points)
        self.flow = _built(
            points.shape[1], kind, checks.integer("transforms", transforms, least=1),
            [checks.integer("hidden", each, least=1) for each in hidden], seed,
        ).to(dtype=points.dtype, device=points.device)

    @property
    def d(self) -> int:
        return len(self.standard.mean)

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.flow().log_prob(self.standard(x))
        return found - self.standard.scale.log().sum()

    def sample(self, count: int, *, seed: Seed) -> torch.Tensor:
        return self.sample_and_log_prob(count, seed=seed)[0]

    def sample_and_log_prob(self, count: int, *, seed: Seed) -> tuple[torch.Tensor, torch.Tensor]:
        """``count`` points and the log density of each, in one pass."""
        law = self.flow()
        mean, scale = self.standard.mean, self.standard.scale
        z = normal(seed, (count, self.d), dtype=mean.dtype, device=mean.device)
        x, stretch = law.transform.inv.call_and_ladj(z)
        return mean + scale * x, law.base.log_prob(z) - stretch - scale.log().sum()


def _built(d: int, kind: str, transforms: int, hidden: list[int], seed: Seed) -> Any:
    require_installed("coupling flows need", "zuko", extra="energy")
    import zuko

    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(sequence(seed).generate_state(1)[0]))
        if kind == "affine":
            return zuko.flows.RealNVP(d, transforms=transforms, hidden_features=hidden)
        return zuko.flows.NSF(d, transforms=transforms, hidden_features=hidden, passes=2)


@dataclass(frozen=True, eq=False)
class _Surprise:
    """-mean log density of a batch of ``points``."""

    points: torch.Tensor

    def __call__(self, flow: nn.Module, generator: np.random.Generator, batch: int) -> torch.Tensor:
        chosen = torch.from_numpy(generator.integers(0, len(self.points), batch)).to(self.points.device)
        found: torch.Tensor = -flow.log_prob(self.points[chosen]).mean()  # type: ignore[operator]
        return found


def fit_flow(
    flow: nn.Module, points: torch.Tensor, *, seed: Seed, recipe: FitRecipe | None = None,
    checkpoint: Given = None, progress: Progress | None = None,
) -> nn.Module:
    """A copy of ``flow`` fitted to ``points`` (n, d) by maximum likelihood: a frozen base, or a proposal."""
    require_law("flow", flow)
    loss = _Surprise(checks.tensor("points", points, (None, None)))
    if len(points) < 2:
        raise ValueError(f"points has {len(points)} rows; a law is fitted to 2 or more")
    settings = recipe or FitRecipe(updates=1000, batch=256, rate=1e-3)
    return fit(
        flow, loss, recipe=settings, seed=seed, mark=("flow", loss), checkpoint=checkpoint, progress=progress
    ).network
