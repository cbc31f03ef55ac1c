"""Markov kernels on batches of chains: independent Metropolis-Hastings, i-SIR, MALA and unadjusted Langevin steps.

A kernel maps points (C, ...) of C chains to where they are next; nothing is kept between calls, so that a target or a
proposal that has changed since is always seen as it is now. All weights are logarithms, and a proposal whose weight is
not finite is rejected. Metropolis kernels leave the target invariant, the unadjusted one does not
(`asymptotics.balance.ula_variance`).

Sources: i-SIR: Andrieu, Lee, Vihola 2018; MALA: Roberts, Tweedie 1996; the combination: arXiv 2306.00684.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
import torch

from simulate import checks
from simulate.seeds import KERNEL, Seed, child, normal

LogDensity: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
"""Points (C, ...) -> logarithms of a density up to a constant, (C,); each from its own point alone."""


class Proposal(Protocol):
    """What global moves are proposed from: a flow, a mixture, a data set."""

    def log_prob(self, x: torch.Tensor, /) -> torch.Tensor:
        """Normalised log density of points (C, ...), (C,)."""
        ...

    def sample(self, count: int, /, *, seed: Seed) -> torch.Tensor:
        """``count`` independent points (count, ...)."""
        ...


@runtime_checkable
class Weighing(Protocol):
    """A proposal that knows the densities of what it samples, in one pass."""

    def sample_and_log_prob(self, count: int, /, *, seed: Seed) -> tuple[torch.Tensor, torch.Tensor]: ...


@dataclass(frozen=True, eq=False)
class Moved:
    """Where the chains are, and what happened on the way.

    x            points (C, ...)
    jumped       the share of its global proposals that each chain took, (C,) (`Resampling`: whether it took one of
                 them); None without any
    stepped      the share of its local proposals that each chain took, (C,); None without any
    log_weights  target over proposal density of every global proposal, (P, C), not normalised; None without any.
                 The mean of their exponentials estimates the normalisation of the target
    """

    x: torch.Tensor
    jumped: torch.Tensor | None = None
    stepped: torch.Tensor | None = None
    log_weights: torch.Tensor | None = None


class Kernel(Protocol):
    """One move of all chains; the same seed, the same move."""

    def __call__(self, log_density: LogDensity, x: torch.Tensor, /, *, seed: Seed) -> Moved: ...


@dataclass(frozen=True, eq=False)
class _Global(ABC):
    """Moves to points that do not depend on the chain's, ``proposals`` for each, drawn and weighed in one batch."""

    proposal: Proposal
    proposals: int = 1

    def __post_init__(self) -> None:
        checks.integer("proposals", self.proposals, least=1)
        require_law("proposal", self.proposal)

    def __call__(self, log_density: LogDensity, x: torch.Tensor, /, *, seed: Seed) -> Moved:
        _require_chains(x)
        with torch.no_grad():
            points, weights, here = _weighed(self.proposal, log_density, x, self.proposals, seed)
            moved, jumped = self._choose(x, here, points, weights, seed)
        return Moved(moved, jumped=jumped, log_weights=weights)

    @abstractmethod
    def _choose(
        self, x: torch.Tensor, here: torch.Tensor, points: torch.Tensor, weights: torch.Tensor, seed: Seed
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Where the chains go, and what they took of the ``points`` (P, C, ...); logarithms of target over proposal
        density are ``here`` (C,) and ``weights`` (P, C)."""


@dataclass(frozen=True, eq=False)
class IndependentMetropolis(_Global):
    """``proposals`` moves to a point that does not depend on the chain's, each accepted by Metropolis and Hastings.

    All proposals are drawn and weighed in one batch.
    """

    def _choose(
        self, x: torch.Tensor, here: torch.Tensor, points: torch.Tensor, weights: torch.Tensor, seed: Seed
    ) -> tuple[torch.Tensor, torch.Tensor]:
        accepted = torch.zeros_like(here)
        for point, weight, level in zip(points, weights, _levels(seed, self.proposals, x), strict=True):
            yes = (level < weight - here) & torch.isfinite(weight)
            x, here = _chosen(yes, point, x), torch.where(yes, weight, here)
            accepted += yes / self.proposals
        return x, accepted


@dataclass(frozen=True, eq=False)
class Resampling(_Global):
    """i-SIR: the chain's point and ``proposals`` others, of which one is drawn by their weights."""

    proposals: int = 4

    def _choose(
        self, x: torch.Tensor, here: torch.Tensor, points: torch.Tensor, weights: torch.Tensor, seed: Seed
    ) -> tuple[torch.Tensor, torch.Tensor]:
        every = torch.cat([here[None], torch.where(torch.isfinite(weights), weights, -torch.inf)])
        # The largest of weight + Gumbel noise is a draw by the weights.
        noise = -torch.log(-_levels(seed, len(every), x))
        place = (every + noise).argmax(dim=0)
        pool = torch.cat([x[None], points])
        return pool[place, torch.arange(len(x), device=x.device)], (place > 0).to(x.dtype)


@dataclass(frozen=True)
class UnadjustedLangevin:
    """``steps`` of x + step grad log p + sqrt(2 step) z, never rejected: its stationary law is not the target.

    FloatingPointError where a chain leaves all numbers.
    """

    step: float
    steps: int = 1

    def __post_init__(self) -> None:
        _checked(self.step, self.steps)

    def __call__(self, log_density: LogDensity, x: torch.Tensor, /, *, seed: Seed) -> Moved:
        _require_chains(x)
        for noise in _noises(seed, self.steps, x):
            x = x + self.step * _slope(log_density, x)[1] + (2 * self.step) ** 0.5 * noise
        if not bool(torch.isfinite(x).all()):
            raise FloatingPointError(f"chains left all numbers with step = {self.step}; take a smaller one")
        return Moved(x, stepped=torch.ones(len(x), dtype=x.dtype, device=x.device))


@dataclass(frozen=True)
class AdjustedLangevin:
    """MALA: the same steps as proposals, accepted by Metropolis and Hastings."""

    step: float
    steps: int = 1

    def __post_init__(self) -> None:
        _checked(self.step, self.steps)

    def __call__(self, log_density: LogDensity, x: torch.Tensor, /, *, seed: Seed) -> Moved:
        _require_chains(x)
        value, slope = _slope(log_density, x)
        _require_finite(value, x)
        accepted = torch.zeros_like(value)
        for noise, level in zip(_noises(seed, self.steps, x), _levels(seed, self.steps, x), strict=True):
            point = x + self.step * slope + (2 * self.step) ** 0.5 * noise
            there, back = _slope(log_density, point)
            # |x - y - step grad(y)|^2/(4 step), less the same from x, which is |z|^2/2.
            returning = _square(x - point - self.step * back) / (4 * self.step)
            yes = (level < there - value - returning + _square(noise) / 2) & torch.isfinite(there)
            x, slope = _chosen(yes, point, x), _chosen(yes, back, slope)
            value = torch.where(yes, there, value)
            accepted += yes / self.steps
        return Moved(x, stepped=accepted)

    def adapted(self, accepted: float, *, target: float = 0.75, rate: float = 0.05) -> AdjustedLangevin:
        """The kernel with a step that moves the acceptance towards ``target``.

        Only for training: chains whose step goes on changing have no stationary law. To freeze, keep the kernel.
        """
        return replace(self, step=self.step * float(np.exp(rate * (accepted - target))))


@dataclass(frozen=True, eq=False)
class FlowAssisted:
    """Global moves, then local ones; each sees the densities as they are when it is called."""

    jump: IndependentMetropolis | Resampling
    local: AdjustedLangevin | UnadjustedLangevin

    def __call__(self, log_density: LogDensity, x: torch.Tensor, /, *, seed: Seed) -> Moved:
        far = self.jump(log_density, x, seed=child(seed, KERNEL, _JUMPS))
        near = self.local(log_density, far.x, seed=child(seed, KERNEL, _STEPS))
        return Moved(near.x, far.jumped, near.stepped, far.log_weights)


# Streams below the seed of a call.
_POINTS, _UNIFORM, _NOISE, _JUMPS, _STEPS = range(5)


def require_law(name: str, law: object) -> None:
    """TypeError unless it has a density and samples with explicit seeds."""
    if isinstance(law, torch.distributions.Distribution):
        kind = type(law).__name__
        raise TypeError(f"{name} is a torch {kind}, which samples without a seed: give SeededLaw({kind}(...))")
    for each in ("log_prob", "sample"):
        if not callable(getattr(law, each, None)):
            raise TypeError(f"{name} must have {each}(); {type(law).__name__} has none: give a law with both")


def _require_chains(x: torch.Tensor) -> None:
    if not isinstance(x, torch.Tensor) or not x.is_floating_point():
        kind = x.dtype if isinstance(x, torch.Tensor) else type(x).__name__
        raise TypeError(f"x must be a tensor of floating point numbers, one row a chain, not {kind}")
    if x.ndim < 2 or not len(x):
        raise ValueError(f"x has shape {tuple(x.shape)}; points of chains are (C, ...), C >= 1: x[:, None] for numbers")


def _checked(step: float, steps: int) -> None:
    checks.real("step", step, above=0.0)
    checks.integer("steps", steps, least=1)


def _weighed(
    proposal: Proposal, log_density: LogDensity, x: torch.Tensor, count: int, seed: Seed
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """``count`` proposals for every chain, (count, C, ...), and the logarithms of target over proposal density of each,
    (count, C), and of the points where the chains are, (C,).
    """
    drawn = child(seed, KERNEL, _POINTS)
    if isinstance(proposal, Weighing):
        points, density = proposal.sample_and_log_prob(count * len(x), seed=drawn)
    else:
        points = proposal.sample(count * len(x), seed=drawn)
        density = None
    checks.same_kind(x, **{"a point of the proposal": points})
    if points.shape != (count * len(x), *x.shape[1:]):
        raise ValueError(
            f"the proposal gives points {tuple(points.shape[1:])} for chains of points {tuple(x.shape[1:])}"
        )
    if density is None or density.shape != points.shape[:1]:
        density = densities(proposal.log_prob, points)
    weights = densities(log_density, points) - density
    here = _start(log_density, x, "target") - _start(proposal.log_prob, x, "proposal")
    return points.reshape(count, *x.shape), weights.reshape(count, len(x)), here


def densities(log_density: LogDensity, x: torch.Tensor) -> torch.Tensor:
    """Of points (C, ...), (C,); ValueError where the function gives anything else."""
    found = log_density(x)
    if not isinstance(found, torch.Tensor) or found.shape != x.shape[:1]:
        what = f"a tensor {tuple(found.shape)}" if isinstance(found, torch.Tensor) else f"a {type(found).__name__}"
        raise ValueError(f"a log density of points {tuple(x.shape)} must be ({len(x)},), one number a point, not "
        f"{what}")
    return found


def _start(log_density: LogDensity, x: torch.Tensor, whose: str) -> torch.Tensor:
    value = densities(log_density, x)
    _require_finite(value, x, whose)
    return value


def _require_finite(value: torch.Tensor, x: torch.Tensor, whose: str = "target") -> None:
    bad = int((~torch.isfinite(value)).sum())
    if bad:
        raise ValueError(
            f"the log density of the {whose} is not finite where {bad} of {len(x)} chains start; "
            "start where both target and proposal have density"
        )


def _slope(log_density: LogDensity, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Log density and its gradient in the points; parameters get no gradient."""
    with torch.enable_grad():
        at = x.detach().requires_grad_(True)
        value = densities(log_density, at)
        (slope,) = torch.autograd.grad(value.sum(), at)
    return value.detach(), slope


def _noises(seed: Seed, count: int, x: torch.Tensor) -> torch.Tensor:
    return normal(child(seed, KERNEL, _NOISE), (count, *x.shape), dtype=x.dtype, device=x.device)


def _levels(seed: Seed, count: int, x: torch.Tensor) -> torch.Tensor:
    """Logarithms of uniform numbers, (count, C)."""
    uniform = np.random.default_rng(child(seed, KERNEL, _UNIFORM)).random((count, len(x)))
    return torch.from_numpy(np.log1p(-uniform)).to(dtype=x.dtype, device=x.device)


def _square(x: torch.Tensor) -> torch.Tensor:
    return x.reshape(len(x), -1).square().sum(1)


def _chosen(yes: torch.Tensor, this: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return torch.where(yes.reshape(-1, *[1] * (this.ndim - 1)), this, other)
