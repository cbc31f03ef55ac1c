"""How much weight a model gives to each mode, and how far it is from the truth: by quadrature or importance sampling.

Never from the chains that trained it: chains that do not jump keep the fractions they started with, whatever the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from simulate import checks
from simulate.sampler.kernels import LogDensity, Proposal, densities, require_law
from simulate.seeds import Seed, child

Region: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
"""Points (C, ...) -> the mode each belongs to, int64 (C,) in 0 ... K - 1 (`GaussianMixtureLaw.mode`)."""
WAYS = ("quadrature", "importance", "annealing")
# Below this many effective points, of all or of one mode, a weight and its standard error are guesses.
FEWEST, FEWEST_INSIDE = 200.0, 20.0
# Of a logarithm of a normalisation: what every second point of a grid may be off by.
COARSEST = 0.05
# Points in a cell through which modes meet, two Fibonacci numbers: a lattice, so that no line passes many at once.
_DIVIDED, _ACROSS = 89, 55
_TOGETHER = 65536


@dataclass(frozen=True, eq=False)
class ModeWeights:
    """``weight`` of each mode (K,) with errors ``error`` (of quadrature: the change from every second point to all of
    them), the ``variance`` of a coordinate within it (mean over coordinates; NaN in a mode without a point), the
    logarithm of the model's normalisation ``log_z`` with its error, and the ``effective`` number of points (infinite
    for quadrature). ``by`` is how they were found, one of `WAYS`."""

    weight: NDArray[np.float64]
    error: NDArray[np.float64]
    variance: NDArray[np.float64]
    log_z: float
    log_z_error: float
    effective: float
    by: str


class Undetermined(ValueError):
    """Weights would be guesses: too few effective points or none in a mode, a grid that is too coarse, or a box that
    leaves some of the weight outside."""


def weights_by_quadrature(
    log_density: LogDensity, region: Region, *, modes: int, box: Sequence[tuple[float, float]], points: int = 401,
    like: torch.Tensor | None = None,
) -> ModeWeights:
    """In two dimensions, by the trapezoidal rule with ``points`` (odd) along each side of the ``box`` ((low, high),
    ...); cells through which modes meet are divided by what lies in them.

    `Undetermined` where the points at the border hold more than 1e-6 of the weight, or where every second point gives
    a logarithm of the normalisation that is off by more than `COARSEST`. Points have dtype and device of ``like``
    (None: of the module ``log_density``; float64 for a function).
    """
    if len(box) != 2:
        raise ValueError(f"box has {len(box)} sides; quadrature is for two dimensions: use weights_by_importance")
    checks.integer("modes", modes, least=1)
    if checks.integer("points", points, least=5) % 2 == 0:
        raise ValueError(f"points = {points} must be odd: every second of them is a grid too")
    for low, high in box:
        if not checks.real("low", low) < checks.real("high", high):
            raise ValueError(f"box: {low} must be below {high}")
    sides = [torch.linspace(low, high, points, dtype=torch.float64) for low, high in box]
    kind = _like(log_density) if like is None else like
    grid = torch.stack(torch.meshgrid(*sides, indexing="ij"), dim=-1)
    value = _at(log_density, grid.reshape(-1, 2), kind).double().reshape(points, points)
    label = _at(region, grid.reshape(-1, 2), kind).reshape(points, points)
    require_values(value.reshape(-1))
    require_labels(label, modes)
    whole = torch.logsumexp(value.reshape(-1), 0)
    share = (value - whole).exp()
    border = float(share.sum() - share[1:-1, 1:-1].sum())
    if not border <= 1e-6:
        raise Undetermined(f"the border of the box {tuple(box)} holds {border:.1e} of the weight; make it larger")
    every, second = _Grid(grid, value, label), _Grid(grid[::2, ::2], value[::2, ::2], label[::2, ::2])
    found, rough = (each.weights(log_density, region, modes, kind) for each in (every, second))
    off = abs(rough[1] - found[1])
    if not off <= COARSEST:
        raise Undetermined(
            f"every second of {points} points a side gives a logarithm of the normalisation that is off by {off:.2g}: "
            "the model is narrower than the grid; take more points or weights_by_importance"
        )
    variance = mode_variances(value.reshape(-1), grid.reshape(-1, 2), label.reshape(-1), modes)
    return ModeWeights(found[0], np.abs(found[0] - rough[0]), variance, found[1], off, float("inf"), "quadrature")


@dataclass(frozen=True, eq=False)
class _Grid:
    """Points (N, M, 2) with log densities and labels (N, M)."""

    points: torch.Tensor
    value: torch.Tensor
    label: torch.Tensor

    def weights(
        self, log_density: LogDensity, region: Region, modes: int, like: torch.Tensor
    ) -> tuple[NDArray[np.float64], float]:
        """Of the modes, and the logarithm of the normalisation."""
        whole = torch.logsumexp(self.value.reshape(-1), 0)
        share = (self.value - whole).exp()
        step = self.points[1, 1] - self.points[0, 0]
        inside = torch.nn.functional.one_hot(self.label, modes).double()
        # A step through a cell would cost an error of its width; most cells hold nothing.
        cut = self._borders() & (share > 1e-12)
        if bool(cut.any()):
            inside[cut] = self._parts(self.points[cut], step, log_density, region, modes, like)
        weight = (share[..., None] * inside).sum((0, 1))
        return np.asarray(weight.numpy()), float(whole) + float(step.prod().log())

    def _borders(self) -> torch.Tensor:
        """Points with a neighbour of another label."""
        found, label = torch.zeros_like(self.label, dtype=torch.bool), self.label
        across, down = label[1:] != label[:-1], label[:, 1:] != label[:, :-1]
        found[1:] |= across
        found[:-1] |= across
        found[:, 1:] |= down
        found[:, :-1] |= down
        return found

    def _parts(
        self, centres: torch.Tensor, step: torch.Tensor, log_density: LogDensity, region: Region, modes: int,
        like: torch.Tensor,
    ) -> torch.Tensor:
        """What share of the cell about each of the centres (B, 2) belongs to each mode, (B, K)."""
        number = torch.arange(_DIVIDED, dtype=torch.float64)
        place = torch.stack([number, number * _ACROSS % _DIVIDED], dim=1)
        offsets = ((place + 0.5) / _DIVIDED - 0.5) * step
        fine = (centres[:, None] + offsets).reshape(-1, 2)
        value = _at(log_density, fine, like).double().reshape(len(centres), -1)
        label = _at(region, fine, like).reshape(len(centres), -1)
        require_labels(label, modes)
        inside = torch.nn.functional.one_hot(label, modes).double()
        return (torch.softmax(value, 1)[..., None] * inside).sum(1)


def _at(function: LogDensity | Region, points: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Values at points (N, 2), some at a time, on the CPU."""
    with torch.no_grad():
        return torch.cat([densities(function, part.to(like)).cpu() for part in torch.split(points, _TOGETHER)])


@dataclass(frozen=True, eq=False)
class Defensive:
    """The mean of the densities of ``laws``: where one of them covers a model, weights against it are bounded."""

    laws: Sequence[Proposal]

    def __post_init__(self) -> None:
        if not isinstance(self.laws, Sequence):
            raise TypeError(f"proposals must be a list of laws, not {type(self.laws).__name__}")
        if not self.laws:
            raise ValueError("proposals is empty; give at least one law that covers the model")
        for k, law in enumerate(self.laws):
            require_law(f"proposals[{k}]", law)

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Of points (C, ...), (C,), in float64."""
        every = torch.stack([densities(law.log_prob, x).double() for law in self.laws])
        return torch.logsumexp(every, 0) - log(len(self.laws))

    def each(self, count: int, seed: Seed) -> list[torch.Tensor]:
        """``count`` points of each law, of one kind; they need no gradient."""
        with torch.no_grad():
            found = [law.sample(count, seed=child(seed, k)) for k, law in enumerate(self.laws)]
        for k, each in enumerate(found):
            checks.same_kind(found[0], **{f"a point of proposals[{k}]": each})
            if each.shape != found[0].shape:
                raise ValueError(
                    f"proposals[{k}] gives points {tuple(each.shape[1:])}, proposals[0] {tuple(found[0].shape[1:])}"
                )
        return found


def weights_by_importance(
    log_density: LogDensity, region: Region, *, modes: int, proposals: Sequence[Proposal], count: int, seed: Seed,
) -> ModeWeights:
    """From ``count`` points of each proposal, weighed against the mean of all their densities (a defensive mixture:
    where one of them covers the model the weights are bounded).

    Errors by the delta method over independent points. `Undetermined` with fewer than `FEWEST` effective ones, or fewer
    than `FEWEST_INSIDE` in a mode. What no proposal reaches is not seen, nor in the effective number.
    """
    checks.integer("count", count, least=2)
    checks.integer("modes", modes, least=1)
    law = Defensive(proposals)
    with torch.no_grad():
        points = law.each(count, seed)
        value = torch.cat([densities(log_density, part).double().cpu() for part in points])
        mixture = torch.cat([law.log_prob(part).double().cpu() for part in points])
        label = torch.cat([region(part).cpu() for part in points])
    require_values(value)
    require_labels(label, modes)
    if lost := int((~torch.isfinite(mixture)).sum()):
        raise ValueError(f"the proposals have no finite density at {lost} of their own points")
    log_weight = value - mixture
    top = log_weight.max()
    raw = (log_weight - top).exp()
    effective = float(raw.sum() ** 2 / raw.square().sum())
    if not effective >= FEWEST:
        raise Undetermined(
            f"{effective:.0f} effective points of {len(raw)} say nothing (below {FEWEST:.0f}); give a proposal "
            "that covers the model, or more points"
        )
    for k in range(modes):
        own = torch.softmax(log_weight[label == k], 0)
        few = float(1 / own.square().sum()) if len(own) else 0.0
        if not few >= FEWEST_INSIDE:
            raise Undetermined(
                f"{few:.0f} effective points of {len(own)} in mode {k} (below {FEWEST_INSIDE:.0f}); give a proposal "
                "that reaches it, or more points"
            )
    share = raw / raw.sum()
    weight = np.asarray(torch.zeros(modes, dtype=torch.float64).index_add_(0, label, share).numpy())
    inside = torch.nn.functional.one_hot(label, modes).double() - torch.from_numpy(weight)
    error = (share[:, None] * inside).square().sum(0).sqrt().numpy()
    scatter = float(raw.std() / raw.mean()) / len(raw) ** 0.5
    variance = mode_variances(log_weight, torch.cat(points).double().cpu(), label, modes)
    return ModeWeights(weight, error, variance, float(top + raw.mean().log()), scatter, effective, "importance")


def divergence(
    target: Proposal, log_density: LogDensity, found: ModeWeights, *, count: int, seed: Seed
) -> tuple[float, float]:
    """KL(target || model) in nats and its standard error: the target's mean of ln target - ln p~, and ln Z."""
    with torch.no_grad():
        x = target.sample(checks.integer("count", count, least=2), seed=seed)
        gap = target.log_prob(x).double().cpu() - log_density(x).double().cpu()
    require_values(gap)
    error = float((gap.var() / len(gap) + found.log_z_error**2) ** 0.5)
    return float(gap.mean()) + found.log_z, error


def _like(log_density: LogDensity) -> torch.Tensor:
    """A tensor of the dtype and on the device of a module's numbers (or of the module that it is a method of); float64
    for a plain function."""
    plain = torch.zeros((), dtype=torch.float64)
    owner = getattr(log_density, "__self__", log_density)
    if not isinstance(owner, torch.nn.Module):
        return plain
    numbers = (*owner.parameters(), *owner.buffers())
    return next((each for each in numbers if each.is_floating_point()), plain)


def require_values(value: torch.Tensor) -> None:
    if bool((value == -torch.inf).all()):
        raise ValueError("the log density is -inf at every point looked at: the model has no weight there")
    bad = int((torch.isnan(value) | (value == torch.inf)).sum())
    if bad:
        raise ValueError(f"the log density is NaN or infinite at {bad} of {len(value)} points: there are no weights")


def require_labels(label: torch.Tensor, modes: int) -> None:
    if label.dtype != torch.int64 or int(label.min()) < 0 or int(label.max()) >= modes:
        found = f"{label.dtype} {label.min()} ... {label.max()}"
        raise ValueError(f"region must give int64 numbers 0 ... {modes - 1}, not {found}")


def mode_variances(
    log_weight: torch.Tensor, points: torch.Tensor, label: torch.Tensor, modes: int
) -> NDArray[np.float64]:
    """Of the points of each mode, weighed among themselves: also of a mode whose weight is nearly 0."""
    found = np.full(modes, np.nan)
    for k in range(modes):
        inside = label == k
        if bool((log_weight[inside] > -torch.inf).any()):
            share, own = torch.softmax(log_weight[inside], 0)[:, None], points[inside].flatten(1)
            found[k] = float((share * (own - (share * own).sum(0)).square()).sum(0).mean())
    return found
