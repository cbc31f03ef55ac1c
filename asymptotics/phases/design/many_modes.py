"""Schedule design for any number of modes: a dilation that gives each phase its share of the steps.

Each phase that is over early ends kappa clocks after it began, at beta = kappa/(its least half distance): a node. The
last stretch, up to the data, is where width and means are made. One kappa for all phases, chosen by the error of the
generated weights; a kappa for each gains little (4 to 24 % of the error where it was tried) and is a harder search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from asymptotics.coerce import as_float64, as_integer
from asymptotics.phases.design.hierarchy import APART, Split, split_levels
from asymptotics.phases.design.modes import Modes
from asymptotics.phases.design.propagation import InSpan, OnLine, generator
from asymptotics.phases.design.two_modes import REST, Target, best_dilation, generated_weight, half_grid

if TYPE_CHECKING:
    from asymptotics.schedule import Dilation

Array = NDArray[np.float64]

EARLY = 5.0
"""A phase of half distance below this takes a fair part of undilated time (s = 1 beyond beta = 1/6): no node for it."""
_KAPPAS = (0.05, 40.0)
_USUAL = 3.0


@dataclass(frozen=True)
class PhaseDesign:
    """A dilation of the linear schedule for many modes, and the error of the generated weights that is left.

    The last of ``shares`` belongs to the stretch after the last node. Errors are total variation distances of the
    weights, sum |generated - weights|/2 (for two modes |generated - p|); a sample counts for the mean nearest to it.
    """

    dilation: Dilation
    kappa: float
    nodes: tuple[float, ...]
    """beta at the end of each early phase: kappa over its least half distance."""
    shares: tuple[float, ...]
    """Of the steps, before the first node, between nodes, after the last; whole steps."""
    splits: tuple[tuple[Split, ...], ...]
    """What is decided in each of these stretches (nothing, perhaps, in the last)."""
    steps: int
    method: str
    error: float
    undilated: float
    """The error with equal steps of the schedule itself."""
    weights: tuple[float, ...]
    """Generated, in the order of the modes."""
    integration: float
    """Standard error of ``error``: 0 for means on a line, else of a fixed set of starts (and a bias below 1e-4)."""
    overlap: float
    """Bound on the share of the data itself that lies nearer to a mean not its own."""

    def __str__(self) -> str:
        known = f" +- {self.integration:.1g}" if self.integration else ""
        lines = [
            f"{self.steps} {self.method} steps, kappa = {self.kappa:.4g}: "
            f"error of the weights {self.error:.3g}{known}, undilated {self.undilated:.3g}",
        ]
        edges = (0.0, *self.nodes, 1.0)
        for low, high, part, splits in zip(edges[:-1], edges[1:], self.shares, self.splits, strict=True):
            what = "; ".join(map(str, splits)) or "width and means"
            lines.append(f"  beta = {low:.4g} ... {high:.4g}: {part:.1%} of the steps, {what}")
        lines.append("  generated weights: " + ", ".join(f"{weight:.4g}" for weight in self.weights))
        return "\n".join(lines)


@overload
def design_dilation(
    means: ArrayLike, weights: ArrayLike, sigma: float, steps: int, *, d: float | None = None,
    shares: Sequence[float] | str = "equal", method: str = "euler", apart: float = APART, starts: int = 4096,
) -> PhaseDesign: ...


@overload
def design_dilation(
    means: ArrayLike, weights: ArrayLike, sigma: float, d: float | None, steps: int, *,
    shares: Sequence[float] | str = "equal", method: str = "euler", apart: float = APART, starts: int = 4096,
) -> PhaseDesign: ...


def design_dilation(
    means: ArrayLike, weights: ArrayLike, sigma: float, *d_steps: Any, d: Any = None, steps: Any = None,
    shares: Sequence[float] | str = "equal", method: str = "euler", apart: float = APART, starts: int = 4096,
) -> PhaseDesign:
    """The dilation for modes N(means[i], sigma^2 I) and a budget of ``steps``; its ``dilation`` is what to use.

    ``design_phases`` for ``Modes(means, weights, sigma, d)``: build those from distances where means are too large.
    Behind sigma stand ``steps``, or ``d`` and ``steps``; both may be given by name.
    """
    given = {"d": d, "steps": steps}
    names = ("d", "steps") if len(d_steps) == 2 or steps is not None else ("steps",)
    if len(d_steps) > len(names) or any(given[name] is not None for name in names[:len(d_steps)]):
        raise TypeError("design_dilation takes d and steps, or steps alone, behind sigma or by name, each once")
    given |= dict(zip(names, d_steps, strict=False))
    if given["steps"] is None:
        raise TypeError("design_dilation needs steps; give it behind sigma (and d), or as steps=...")
    return design_phases(Modes(as_float64("means", means), as_float64("weights", weights), sigma, given["d"]),
                         given["steps"], shares=shares, method=method, apart=apart, starts=starts)


def design_phases(
    modes: Modes, steps: int, *, shares: Sequence[float] | str = "equal", method: str = "euler",
    apart: float = APART, starts: int = 4096,
) -> PhaseDesign:
    """The multi-node dilation with the least error of the generated weights; for two modes `best_dilation`'s.

    ``shares``: "equal", "search", or one for each early phase and one for the rest, sum 1. A search looks at the
    weights alone, and leaves the rest a fifth (`design.REST`) or its equal share: there the width and the means are
    made. ``apart``: half distances within this factor are one phase. ``starts`` >= 128: the size of the integration;
    means on a line, two modes among them, need none, and use none. Whole steps: each part gets one at least.
    ValueError: too few steps for the phases, no early phase, shares that do not fit.
    """
    levels = split_levels(modes, apart)
    early = levels if modes.count == 2 else [level for level in levels if _nearest(level) > EARLY]
    if not early:
        most = max(map(_nearest, levels))
        raise ValueError(
            f"the greatest half distance at which modes come apart is {most:g}, not above {EARLY:g}: there is no early "
            "phase to dilate; use equal steps"
        )
    pieces = len(early) + 1
    as_integer("steps", steps, pieces, ": one for each phase, and one for the rest")
    parts = _parts(shares, pieces)
    field = generator(modes, method=method, starts=starts)
    if modes.count == 2:
        return _two(modes, int(steps), parts, method, early)
    lengths = np.array([_nearest(level) for level in early])
    search = _Search(field, lengths, modes.weights, int(steps))
    counts = whole_steps(np.full(pieces, 1 / pieces) if parts is None else parts, int(steps))
    kappa = search.kappa(counts)
    if parts is None:
        kappa, counts = search.shares(kappa, counts)
    generated, spread = field.weights(search.grids(np.array([kappa]), counts))
    plain, _ = field.weights(np.linspace(0.0, 1.0, steps + 1)[None, :])
    late = tuple(split for level in levels[len(early):] for split in level)
    return PhaseDesign(
        _dilation(kappa, kappa / lengths, counts), kappa, tuple(map(float, kappa / lengths)),
        tuple(float(count) / steps for count in counts), (*early, late), int(steps), method,
        float(_distance(generated, modes.weights)[0]), float(_distance(plain, modes.weights)[0]),
        tuple(map(float, generated[0])), float(0.5 * spread[0].sum()), modes.overlap,
    )


def whole_steps(shares: ArrayLike, steps: int) -> NDArray[np.int64]:
    """``steps`` split by ``shares`` (sum 1): their cumulative sums rounded, at least one step for each."""
    parts = np.asarray(shares, dtype=np.float64)
    edges = np.round(np.cumsum(parts) * steps).astype(np.int64)
    edges[-1] = steps
    room = np.arange(1, len(parts) + 1)
    edges = np.maximum.accumulate(edges - room) + room
    edges = np.clip(edges, room, steps - (len(parts) - room))
    return np.diff(edges, prepend=0)


@dataclass(frozen=True)
class _Search:
    """Designs with nodes kappa/lengths, and the error of each."""

    field: OnLine | InSpan
    lengths: Array
    wanted: Array
    steps: int

    def grids(self, kappas: Array, counts: NDArray[np.int64]) -> Array:
        """(..., steps + 1) times of the linear schedule."""
        whole = np.broadcast_to(1.0, (*kappas.shape, 1))
        edges = np.concatenate([0 * whole, kappas[..., None] / self.lengths, whole], axis=-1)
        pieces = [
            edges[..., [k]] + (edges[..., [k + 1]] - edges[..., [k]]) * np.arange(count) / count
            for k, count in enumerate(counts)
        ]
        return np.concatenate([*pieces, whole], axis=-1)

    def errors(self, kappas: Array, counts: NDArray[np.int64]) -> Array:
        generated, _ = self.field.weights(self.grids(kappas, counts))
        return _distance(generated, self.wanted)

    def kappa(self, counts: NDArray[np.int64]) -> float:
        """The best kappa: a logarithmic grid, refined about its best point."""
        low, high = _KAPPAS[0], 0.95 * min(float(self.lengths[-1]), _KAPPAS[1])
        exact = isinstance(self.field, OnLine)
        kappas = np.geomspace(low, high, 40 if exact else 30)
        best = _least(kappas, self.errors(kappas, counts))
        # Below the integration error there is nothing to refine.
        for _ in range(5 if exact else 2):
            ratio = kappas[1] / kappas[0]
            kappas = np.clip(best[0] * np.geomspace(1 / ratio, ratio, 11), low, high)
            best = min(best, _least(kappas, self.errors(kappas, counts)), key=lambda each: each[1])
        return best[0]

    def shares(self, kappa: float, counts: NDArray[np.int64]) -> tuple[float, NDArray[np.int64]]:
        """(kappa, counts): steps moved between pieces, first many and then one, while the error falls."""
        error = float(self.errors(np.array([kappa]), counts)[0])
        amount = max(1, self.steps // 8)
        while amount:
            moved = True
            while moved:
                moved = False
                for trial in _neighbours(counts, amount):
                    if trial[-1] < min(counts[-1], REST * self.steps):
                        continue
                    nearby = np.clip(kappa * np.geomspace(0.8, 1.25, 5), _KAPPAS[0], 0.95 * self.lengths[-1])
                    found, value = _least(nearby, self.errors(nearby, trial))
                    if value < error * (1 - 1e-6) - 1e-12:
                        kappa, counts, error, moved = found, trial, value, True
            amount //= 2
        return kappa, counts


def _neighbours(counts: NDArray[np.int64], amount: int) -> list[NDArray[np.int64]]:
    """``amount`` steps moved from one piece to another, in every way that leaves each a step."""
    unit = amount * np.eye(len(counts), dtype=np.int64)
    moves = [counts - unit[a] + unit[b] for a in range(len(counts)) for b in range(len(counts)) if a != b]
    return [trial for trial in moves if trial.min() >= 1]


def _least(kappas: Array, errors: Array) -> tuple[float, float]:
    """(kappa, error) of the best; among equals (weights that symmetry makes right) the one nearest the usual 3."""
    level = errors.min()
    good = np.flatnonzero(errors <= level + 1e-12)
    chosen = good[np.argmin(abs(np.log(kappas[good] / _USUAL)))]
    return float(kappas[chosen]), float(errors[chosen])


def _distance(generated: Array, weights: Array) -> Array:
    return np.asarray(0.5 * abs(generated - weights).sum(axis=-1))


def _nearest(level: tuple[Split, ...]) -> float:
    return min(split.nearest for split in level)


def _parts(shares: Sequence[float] | str, pieces: int) -> Array | None:
    """The shares as an array, or None where they are to be searched."""
    if isinstance(shares, str):
        if shares not in ("equal", "search"):
            raise ValueError(f"shares = {shares!r} must be 'equal', 'search' or a sequence of {pieces} numbers")
        return np.full(pieces, 1 / pieces) if shares == "equal" else None
    parts = as_float64("shares", shares)
    if parts.shape != (pieces,):
        raise ValueError(
            f"shares has shape {parts.shape}; it must hold {pieces}: one for each of {pieces - 1} early phase(s), "
            "one for the rest"
        )
    if not (parts > 0).all() or abs(parts.sum() - 1) > 1e-9:
        raise ValueError(f"shares = {shares} must be > 0 and sum to 1")
    return parts


def _dilation(kappa: float, nodes: Array, counts: NDArray[np.int64]) -> Dilation:
    import sympy as sp

    from asymptotics.schedule import Dilation

    steps = int(counts.sum())
    times = [sp.Rational(int(count), steps) for count in np.cumsum(counts)[:-1]]
    inside = [(time, sp.Rational(float(node))) for time, node in zip(times, nodes, strict=True)]
    name = f"kappa = {kappa:.6g}, shares = {', '.join(f'{count / steps:.4g}' for count in counts)}"
    return Dilation.through((0, 0), *inside, (1, 1), name=name)


def _two(
    modes: Modes, steps: int, parts: Array | None, method: str, levels: list[tuple[Split, ...]]
) -> PhaseDesign:
    """Two modes: the same answer as `best_dilation`, in the terms of phases."""
    p, length = modes.pair(0, 1)
    target = Target(p, modes.sigma, length**2)
    found = best_dilation(target, steps, share=None if parts is None else float(parts[0]), method=method)
    generated = float(generated_weight(target, half_grid(target, found.kappa, found.share, steps), method=method))
    return PhaseDesign(
        found.dilation, found.kappa, (found.kappa / target.length,), (found.share, 1 - found.share), (*levels, ()),
        steps, method, found.error, found.undilated, (generated, 1 - generated), 0.0, modes.overlap,
    )
