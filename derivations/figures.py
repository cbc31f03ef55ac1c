"""Figures in one style: theory as lines, simulation as points with error bars. No global state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

COLOURS = ("#3b6fb6", "#d1762b", "#3f8f5c", "#b0413e", "#7b5ea7", "#8a6d3b", "#4a9aa8")


def panels(columns: int, rows: int = 1, *, width: float = 3.4, height: float = 2.7) -> tuple[Figure, list[Axes]]:
    """A figure and its axes, row by row."""
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    flat = [axis for row in axes for axis in row]
    for axis in flat:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25, linewidth=0.6)
        axis.tick_params(labelsize=8)
    return figure, flat


def line(axis: Axes, x: Any, y: Any, *, index: int = 0, label: str | None = None, style: str = "-") -> None:
    """A theory curve in the colour of its index."""
    axis.plot(x, y, style, color=COLOURS[index % len(COLOURS)], linewidth=1.4, label=label)


def points(
    axis: Axes, data: xr.DataArray, stderr: xr.DataArray, x: str, *, index: int = 0, label: str | None = None
) -> None:
    """Measured values with two standard errors, in the colour of their index."""
    axis.errorbar(
        data[x].values, data.values, yerr=2 * stderr.values, fmt="o", markersize=3.5, linewidth=0.9,
        color=COLOURS[index % len(COLOURS)], label=label,
    )


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
