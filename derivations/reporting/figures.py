"""Figures in one style: theory as lines and bands, simulation as points with error bars. No global state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

import simulate
from asymptotics.figures import STYLE, colours
from asymptotics.formula import Formula, half_band

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

COLOURS = tuple(colours())


def panels(columns: int, rows: int = 1, *, width: float = 3.4, height: float = 2.7) -> tuple[Figure, list[Axes]]:
    """A figure and its axes, row by row."""
    with rc_context(fname=STYLE):
        figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
    return figure, [axis for row in axes for axis in row]


def line(axis: Axes, x: Any, y: Any, *, index: int = 0, label: str | None = None, style: str = "-") -> None:
    """A theory curve in the colour of its index."""
    axis.plot(x, y, style, color=COLOURS[index % len(COLOURS)], linewidth=1.4, label=label)


def points(
    axis: Axes, data: xr.Dataset, formula: Formula, x: str, *, index: int = 0, label: str | None = None,
    factor: float = 1.0, **where: float,
) -> None:
    """What ``formula`` is measured by, at coordinates ``where``, against the coordinate ``x``.

    Bars are two standard errors of the mean over data sets, from the fluctuation formula where there is one.
    """
    found = simulate.compare(data, formula).sel(where)
    axis.errorbar(
        np.atleast_1d(found[x].values), np.atleast_1d(factor * found["measured"].values),
        yerr=np.atleast_1d(2 * factor * found["stderr"].values), fmt="o", markersize=3.5, linewidth=0.9,
        color=COLOURS[index % len(COLOURS)], label=label,
    )


def band(
    axis: Axes, x: Any, formula: Formula, *, d: int, factor: Any = 1.0, index: int = 0, **arguments: Any
) -> None:
    """Where 95 % of data sets lie at dimension d, by the fluctuation formula, about the formula's curve."""
    value, width = formula(**arguments), half_band(formula, d, arguments)
    axis.fill_between(
        x, factor * (value - width), factor * (value + width), color=COLOURS[index % len(COLOURS)], alpha=0.2, lw=0
    )


def level(axis: Axes, formula: Formula, *, d: int, **arguments: float) -> None:
    """One value as a dashed line across, with its band."""
    value, width = float(formula(**arguments)), float(half_band(formula, d, arguments))
    axis.axhspan(value - width, value + width, color="black", alpha=0.15, lw=0)
    axis.axhline(value, color="black", linewidth=1.0, linestyle="--", label="minimiser")


def name(axis: Axes, x: str, y: str, title: str = "") -> None:
    """Axis labels (matplotlib's own mathematics, no TeX) and a title."""
    axis.set_xlabel(x, fontsize=9)
    axis.set_ylabel(y, fontsize=9)
    axis.set_title(title, fontsize=9.5)


def legend(axis: Axes, **options: Any) -> None:
    axis.legend(frameon=False, fontsize=7.5, **options)



def log_log(axis: Axes, ticks: Sequence[int]) -> None:
    """Logarithmic axes with the sample numbers as ticks."""
    axis.set_xscale("log", base=2)
    axis.set_yscale("log")
    axis.set_xticks(list(ticks), [str(tick) for tick in ticks])
