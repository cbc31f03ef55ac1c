"""Weights of modes by annealing: also of models whose modes differ by hundreds of nats, or have left where they were.

Importance sampling looks where its proposals are. Here points start at the proposals, in each mode by itself, and
follow the model along the geometric path between both densities, by Langevin steps and resampling: no jump between
modes is needed, as the logarithm of each mode's normalisation is estimated alone (a sequential Monte Carlo sampler: Del
Moral, Doucet, Jasra 2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import torch
from numpy.typing import NDArray

from asymptotics.numeric import bisect
from simulate import checks
from simulate.sampler.kernels import AdjustedLangevin, LogDensity, Proposal, densities
from simulate.sampler.mode_weights import (
    Defensive,
    ModeWeights,
    Region,
    Undetermined,
    mode_variances,
    require_labels,
    require_values,
)
from simulate.seeds import Seed, child

# The effective share of points that a step along the path leaves, the most steps of a path, the moves' acceptance.
_LEFT, _LONGEST, _TARGET = 0.5, 300, 0.6
# Moves that find a size of step before a path begins, and that part families after it; how fast the size follows, and
# by how much at most the scale of a coordinate shrinks from place to place.
_TRIALS, _FOLLOWS, _SHRINKS = 40, 0.5, 0.5
# Points drawn at a time to find those of the modes, for each that is wanted; and how often at most.
_DRAWN, _ROUNDS = 64, 32
# Standard errors beyond which numbers are guesses: of a weight, and of the normalisation, relative.
_GUESS, _ROUGH = 0.05, 0.5
# What is taken for settled: the logarithm of a normalisation, in nats and standard errors, with half the steps; the
# mean log density after the path, in standard deviations and errors; its variance between populations over that within.
_SAME, _STILL, _APART = (0.2, 5.0), (0.1, 6.0), 25.0
# Streams below the seed.
_POINTS, _PATH, _RESAMPLED, _TRIED, _MOVED, _ENDED = range(6)


def weights_by_annealing(
    log_density: LogDensity, region: Region, *, modes: int, proposals: Sequence[Proposal], seed: Seed,
    points: int = 64, populations: int = 8, steps: int = 10,
) -> ModeWeights:
    """From ``populations`` independent groups of ``points`` in each mode, which start at the mean of the proposals'
    densities; ``steps`` of MALA, in units of each coordinate's spread, at each place of the path.

    Errors from the differences between populations; ``effective`` is the number of starting points that the last ones
    descend from, in the mode with fewest. `Undetermined` where proposals give a mode too few points, a path gets too
    long, half the steps give another normalisation, points do not come to rest at the model, or standard errors are
    beyond .05 of a weight or .5 of the normalisation, relative. What no path reaches is not seen.
    """
    for name, value, least in (("modes", modes, 1), ("points", points, 8), ("populations", populations, 4),
                               ("steps", steps, 2)):
        checks.integer(name, value, least=least)
    law = Defensive(proposals)
    ended = []
    for k, (start, shares) in enumerate(_started(law, region, modes, populations, points, seed)):
        path = _Path(law, log_density, region, k)
        full, half = (_annealed(path, start, shares, n, child(seed, _PATH, k, n)) for n in (steps, steps // 2))
        _require_same(k, full.log_z, half.log_z)
        ended.append(full)
    return _weighed(ended)


@dataclass(frozen=True, eq=False)
class _Path:
    """From a law to a model, within one mode."""

    law: Defensive
    model: LogDensity
    region: Region
    mode: int

    def gain(self, x: torch.Tensor, *, relative: bool = True) -> torch.Tensor:
        """Logarithm of the model, over the law if ``relative``, in float64 on the CPU."""
        with torch.no_grad():
            value = densities(self.model, x).double().cpu()
            require_values(value)
            return value - self.law.log_prob(x).cpu() if relative else value

    def at(self, place: float) -> LogDensity:
        """The logarithm of law^(1 - place) model^place; -inf elsewhere."""
        def log_density(x: torch.Tensor) -> torch.Tensor:
            # A density of 0 at one end is none there alone.
            found = self.law.log_prob(x) if place == 0.0 else densities(self.model, x)
            if 0.0 < place < 1.0:
                found = place * found + (1.0 - place) * self.law.log_prob(x)
            return torch.where(self.region(x.detach()) == self.mode, found, -torch.inf).to(x.dtype)

        return log_density


@dataclass(frozen=True, eq=False)
class _Ended:
    """``points`` (R P, ...) at the model, logarithms of the mode's normalisation (R,) by population, and how many of
    the first points have descendants."""

    points: torch.Tensor
    log_z: NDArray[np.float64]
    families: int


def _started(
    law: Defensive, region: Region, modes: int, populations: int, points: int, seed: Seed
) -> list[tuple[torch.Tensor, NDArray[np.float64]]]:
    """For each mode the first ``points`` of each population in it, (R P, ...), and the share of all that are, (R,).

    All populations draw as many, until each mode has enough of each.
    """
    found: list[list[list[torch.Tensor]]] = [[[] for _ in range(populations)] for _ in range(modes)]
    counts, drawn = np.zeros((modes, populations), dtype=np.int64), 0
    while counts.min() < points and drawn < _ROUNDS * _DRAWN * points:
        x, label = _drawn(law, region, modes, populations * _DRAWN * points, child(seed, _POINTS, drawn))
        for r, own in enumerate(np.array_split(np.arange(len(x)), populations)):
            for k in range(modes):
                rows = own[label[own] == k]
                counts[k, r] += len(rows)
                found[k][r].append(x[torch.from_numpy(rows[:points]).to(x.device)])
        drawn += _DRAWN * points
    if counts.min() < points:
        few, k = int(counts.min()), int(counts.min(axis=1).argmin())
        raise Undetermined(
            f"{few} of {drawn} points of the proposals are in mode {k}, and {points} are to start there; give a "
            "proposal that has more of its weight in it"
        )
    return [
        (torch.cat([torch.cat(parts)[:points] for parts in own]), counts[k] / drawn) for k, own in enumerate(found)
    ]


def _drawn(
    law: Defensive, region: Region, modes: int, count: int, seed: Seed
) -> tuple[torch.Tensor, NDArray[np.int64]]:
    """``count`` points of all proposals, mixed, and their modes."""
    x = torch.cat(law.each(-(-count // len(law.laws)), child(seed, 0)))
    x = x[torch.from_numpy(np.random.default_rng(child(seed, 1)).permutation(len(x))[:count]).to(x.device)]
    label = region(x).cpu()
    require_labels(label, modes)
    return x, label.numpy()


def _annealed(path: _Path, x: torch.Tensor, shares: NDArray[np.float64], steps: int, seed: Seed) -> _Ended:
    populations = len(shares)
    walk = _Walk(AdjustedLangevin(0.1, steps), _spread(x))
    for k in range(_TRIALS):
        walk, x = walk.moved(path.at(0.0), x, child(seed, _TRIED, k))
    log_z, place, family = np.log(shares), 0.0, np.arange(len(x))
    for k in range(_LONGEST):
        gain = path.gain(x).numpy().reshape(populations, -1)
        step = _furthest(gain, 1.0 - place)
        log_z += np.logaddexp.reduce(step * gain, axis=1) - log(gain.shape[1])
        chosen = _resampled(step * gain, child(seed, _RESAMPLED, k))
        x, family = x[torch.from_numpy(chosen).to(x.device)], family[chosen]
        place = 1.0 if step == 1.0 - place else place + step
        walk, x = walk.moved(path.at(place), x, child(seed, _MOVED, k))
        if place == 1.0:
            break
    else:
        raise Undetermined(
            f"after {_LONGEST} steps points of mode {path.mode} are at {place:.2g} of the way from the proposals to "
            "the model; give a proposal that is nearer to it"
        )
    before = path.gain(x, relative=False)
    for k in range(_TRIALS):
        walk, x = walk.moved(path.at(1.0), x, child(seed, _ENDED, k))
    _require_rest(path.mode, before.reshape(populations, -1), path.gain(x, relative=False).reshape(populations, -1))
    return _Ended(x, log_z, len(np.unique(family)))


@dataclass(frozen=True, eq=False)
class _Walk:
    """MALA in units of ``scale`` (...), of each coordinate."""

    kernel: AdjustedLangevin
    scale: torch.Tensor

    def moved(self, log_density: LogDensity, x: torch.Tensor, seed: Seed) -> tuple[_Walk, torch.Tensor]:
        """With the step and the scales for the next time: families that are few have no spread of their own."""
        scale = torch.maximum(_spread(x), _SHRINKS * self.scale)
        moved = self.kernel(lambda u: log_density(u * scale), x / scale, seed=seed)
        assert moved.stepped is not None
        kernel = self.kernel.adapted(float(moved.stepped.mean()), target=_TARGET, rate=_FOLLOWS)
        return _Walk(kernel, scale), moved.x * scale


def _spread(x: torch.Tensor) -> torch.Tensor:
    return x.std(0).clamp_min(torch.finfo(x.dtype).tiny)


def _require_same(mode: int, full: NDArray[np.float64], half: NDArray[np.float64]) -> None:
    """What lags behind the path in every population is not seen by their differences."""
    off = abs(full.mean() - half.mean())
    error = ((full.var(ddof=1) + half.var(ddof=1)) / len(full)) ** 0.5
    if not off <= _SAME[0] + _SAME[1] * error:
        raise Undetermined(
            f"with half the steps the logarithm of the normalisation of mode {mode} differs by {off:.2g} nats; take "
            "more steps, or proposals of the model's shape"
        )


def _require_rest(mode: int, before: torch.Tensor, after: torch.Tensor) -> None:
    """Log densities (R, P) at the end of the path, and some moves later."""
    drift, within = (after - before).mean(1), after.var(1).mean()
    limit = _STILL[0] * float(within) ** 0.5 + _STILL[1] * float(drift.std()) / len(drift) ** 0.5
    apart = float(after.mean(1).var() * after.shape[1] / within)
    if not (abs(float(drift.mean())) <= limit and apart <= _APART):
        raise Undetermined(
            f"points of mode {mode} do not come to rest at the model: in {_TRIALS} moves their log density changes by "
            f"{float(drift.mean()):.2g} nats in the mean, and populations differ {apart:.2g} times as much as their "
            "points say; the model has weight far from the proposals: give one that reaches it"
        )


def _furthest(gain: NDArray[np.float64], left: float) -> float:
    """The longest step, up to ``left``, after which the effective share of points is `_LEFT` in the mean."""
    there = np.isfinite(gain)
    if not there.any(axis=1).all():
        raise Undetermined("the model has no density at the points of a population; give proposals within it")

    def share(step: float) -> float:
        weights = np.exp(step * (gain - gain.max(axis=1, keepdims=True)))
        return float(np.mean(weights.sum(1) ** 2 / np.square(weights).sum(1) / there.sum(1)))

    if share(left) >= _LEFT:
        return left
    _, step = bisect(lambda length: share(length) >= _LEFT, 0.0, left, tolerance=1e-3)
    return float(step)


def _resampled(log_weights: NDArray[np.float64], seed: np.random.SeedSequence) -> NDArray[np.intp]:
    """Numbers of points, drawn by weight within each population, evenly (R P,)."""
    populations, points = log_weights.shape
    weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
    first = np.random.default_rng(seed).random((populations, 1))
    level = (first + np.arange(points)) / points
    found = []
    for k, (own, at) in enumerate(zip(weights, level, strict=True)):
        total = np.cumsum(own)
        place = np.searchsorted(total, at * total[-1], side="right")
        # Rounding may put the last level on the end; points without weight are no places.
        found.append(k * points + np.minimum(place, np.flatnonzero(own)[-1]))
    return np.concatenate(found)


def _weighed(ended: Sequence[_Ended]) -> ModeWeights:
    logs = np.stack([each.log_z for each in ended], axis=1)
    count = len(logs)
    scaled = np.exp(logs - logs.max(axis=1, keepdims=True))
    error = (scaled / scaled.sum(axis=1, keepdims=True)).std(axis=0, ddof=1) / count**0.5
    pooled = np.exp(logs - logs.max())
    total, weight = pooled.sum(axis=1), pooled.mean(axis=0)
    rough = float(total.std(ddof=1) / total.mean() / count**0.5)
    if not (error.max() <= _GUESS and rough <= _ROUGH):
        raise Undetermined(
            f"populations disagree: standard errors are {error.max():.2g} of a weight and {rough:.2g} of the "
            f"normalisation (beyond {_GUESS}, {_ROUGH}); take more points or steps"
        )
    size = len(ended[0].points) // count
    points = torch.cat([each.points for each in ended]).double().cpu()
    # Points have moved on at the model: none counts more than another.
    label = torch.arange(len(ended)).repeat_interleave(count * size)
    variance = mode_variances(torch.zeros(len(points), dtype=torch.float64), points, label, len(ended))
    return ModeWeights(
        weight / weight.sum(), error, variance, float(logs.max() + log(total.mean())),
        rough, float(min(each.families for each in ended)), "annealing",
    )
