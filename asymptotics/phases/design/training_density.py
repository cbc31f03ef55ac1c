"""When to train: a density of training times that serves the parameters of all phases alike.

The efficiency of a density rho for a parameter is what it gives of what could be had, int rho J / max J: the
variance of the best estimator with all training at the parameter's best time, over that with rho. The density with the
largest least efficiency has all its mass at a few times; a denoiser is needed at all of them. So each parameter is
given its own profile J/int J as a density, and these are mixed with the shares that make the least efficiency as large
as it can be. ``ceiling`` says what is lost by that.

Undilated, the information about the mode probability is had in a share of O(1/|mu|) of the times.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from asymptotics.coerce import as_float64
from asymptotics.phases.design.hierarchy import APART, split_levels
from asymptotics.phases.design.modes import Modes, require_modes
from asymptotics.phases.design.profiles import Profiles, information_profiles
from asymptotics.phases.design.two_modes import Target

if TYPE_CHECKING:
    from asymptotics.schedule import Dilation

Array = NDArray[np.float64]

PIECES = 64


@dataclass(frozen=True, eq=False)
class TrainingTimes:
    """A density of training times on the linear schedule, and the dilation that draws them.

    Drawing t uniformly and training at dilation(t) realises the density by ``pieces`` of equal mass. Efficiencies, one
    for each of ``parameters``, are shares of the information of a training spent wholly on the parameter: of uniform
    times, of half of them below kappa/|mu| (`Dilation.half`), and of the balanced ones, as realised.
    """

    parameters: tuple[str, ...]
    shares: tuple[float, ...]
    """Of the times that are drawn from each parameter's own profile."""
    dilation: Dilation
    uniform: tuple[float, ...]
    half: tuple[float, ...]
    balanced: tuple[float, ...]
    ceiling: float
    """The largest least efficiency of any distribution of times, one of a few single times included."""
    kappa: float
    mesh: Array = field(repr=False)
    values: Array = field(repr=False)

    def density(self, time: ArrayLike) -> Array:
        """rho at ``time`` in [0, 1] of the undilated schedule: linear between the points of ``mesh``."""
        at = as_float64("time", time)
        if not ((at >= 0) & (at <= 1)).all():
            raise ValueError("time must lie inside [0, 1]")
        return np.asarray(np.interp(at, self.mesh, self.values))

    def __str__(self) -> str:
        width = max(len(name) for name in self.parameters)
        lines = [f"{'parameter':{width}}  share  efficiency: uniform  half (kappa = {self.kappa:g})  balanced"]
        rows = zip(self.parameters, self.shares, self.uniform, self.half, self.balanced, strict=True)
        lines += [f"{name:{width}}  {a:.3f}  {b:.3g}  {c:.3g}  {e:.3g}" for name, a, b, c, e in rows]
        lines.append(f"least: {min(self.uniform):.3g}  {min(self.half):.3g}  {min(self.balanced):.3g}, "
                     f"no distribution of times above {self.ceiling:.3g}")
        return "\n".join(lines)


def training_times(
    modes: Modes | Target, *, kappa: float = 3.0, pieces: int = PIECES, apart: float = APART, starts: int = 256
) -> TrainingTimes:
    """The balanced training times for the odds of each split, sigma^2 and the means, on the linear schedule.

    ``kappa``: of the half dilation it is compared with. ``pieces``: of the piecewise linear dilation, 8 to 512.
    ``apart`` as in `phase_hierarchy`. ``starts`` >= 16: of the integration; means on a line need none, and use none.
    """
    given = Modes.from_target(modes) if isinstance(modes, Target) else modes
    if isinstance(pieces, bool) or not isinstance(pieces, int | np.integer) or not 8 <= pieces <= 512:
        raise ValueError(f"pieces = {pieces!r} must be an integer, 8 ... 512")
    first = min(split.nearest for split in split_levels(given, apart)[0])
    if not 0 < float(as_float64("kappa", kappa)) < first:
        raise ValueError(f"kappa = {kappa} must lie inside (0, {first:g}), the half distance of the first phase")
    profiles = information_profiles(given, time_mesh(given, apart), apart=apart, starts=starts)
    mesh, relative = profiles.times, profiles.values / profiles.values.max(axis=1, keepdims=True)
    densities = relative / np.trapezoid(relative, mesh, axis=1)[:, None]
    gains = np.trapezoid(relative[:, None, :] * densities[None, :, :], mesh, axis=2)
    shares, _ = _balance(gains)
    values = shares @ densities
    cumulative = _cumulative(values, mesh)
    levels = np.arange(pieces + 1) / pieces
    inside = np.interp(levels[1:-1], cumulative, mesh)
    realised = np.interp(mesh, np.concatenate([[0.0], inside, [1.0]]), levels)
    half = np.interp(mesh, [0.0, kappa / first, 1.0], [0.0, 0.5, 1.0])
    return TrainingTimes(
        profiles.parameters, tuple(map(float, shares)), _through(inside), _given(relative, mesh),
        _given(relative, half), _given(relative, realised), _balance(relative)[1], float(kappa), mesh, values,
    )


def training_efficiency(
    modes: Modes | Target, dilation: Dilation, *, apart: float = APART, starts: int = 256
) -> dict[str, float]:
    """The efficiency of uniform times of a dilated linear schedule for each parameter; options as above."""
    from asymptotics.schedule import Dilation

    given = Modes.from_target(modes) if isinstance(modes, Target) else modes
    if not isinstance(dilation, Dilation):
        raise TypeError(f"dilation = {dilation!r} must be a Dilation: an expression in t, or Dilation.through(points)")
    if (dilation.start, dilation.end) != (0, 1):
        raise ValueError(f"dilation {dilation.name!r} lives on [{dilation.start}, {dilation.end}]; it must be [0, 1]")
    mesh = np.union1d(time_mesh(given, apart), dilation(np.array(dilation.nodes)) if dilation.nodes else [])
    profiles: Profiles = information_profiles(given, mesh, apart=apart, starts=starts)
    relative = profiles.values / profiles.values.max(axis=1, keepdims=True)
    return dict(zip(profiles.parameters, _given(relative, dilation.inverse(mesh)), strict=True))


def time_mesh(modes: Modes, apart: float = APART) -> Array:
    """Times of the linear schedule that resolve every clock: s of each phase up to 10, rho from 1e-3 to 1e3."""
    require_modes(modes)
    parts = [np.linspace(0, 1, 41), 0.5 * np.geomspace(1e-2 / modes.separations.max(), 1.0, 60)]
    ratio = np.geomspace(1e-3, 1e3, 121) / modes.sigma
    parts.append(ratio / (1 + ratio))
    for level in split_levels(modes, apart):
        for length in {each for split in level for each in (split.nearest, split.farthest)}:
            s = np.linspace(0, min(10.0, 0.95 * length / modes.sigma), 101)
            parts.append(s / (s + np.sqrt(length**2 - (s * modes.sigma) ** 2)))
    return np.unique(np.concatenate(parts))


def _balance(gains: Array) -> tuple[Array, float]:
    """Shares (of the columns) of the mixture with the largest least efficiency (over the rows), and that efficiency."""
    from scipy.optimize import linprog

    rows, columns = gains.shape
    found = linprog(
        np.append(np.zeros(columns), -1.0), A_ub=np.hstack([-gains, np.ones((rows, 1))]), b_ub=np.zeros(rows),
        A_eq=np.append(np.ones(columns), 0.0)[None, :], b_eq=[1.0], bounds=[(0, None)] * columns + [(None, None)],
        method="highs",
    )
    if not found.success:
        raise RuntimeError(f"the linear program of the shares failed: {found.message}")
    shares = np.maximum(found.x[:-1], 0.0)
    return shares / shares.sum(), float(found.x[-1])


def _cumulative(values: Array, mesh: Array) -> Array:
    rise = np.concatenate([[0.0], np.cumsum(0.5 * (values[1:] + values[:-1]) * np.diff(mesh))])
    return np.asarray(rise / rise[-1])


def _given(relative: Array, cumulative: Array) -> tuple[float, ...]:
    """int J/max J drho for a distribution function on the mesh, its density constant between the points."""
    middle = 0.5 * (relative[:, 1:] + relative[:, :-1])
    return tuple(map(float, middle @ np.diff(cumulative)))


def _through(inside: Array) -> Dilation:
    import sympy as sp

    from asymptotics.schedule import Dilation

    pieces = len(inside) + 1
    points = [(sp.Rational(k, pieces), sp.Rational(float(x))) for k, x in enumerate(inside, 1)]
    return Dilation.through((0, 0), *points, (1, 1), name=f"balanced training times, {pieces} pieces")
