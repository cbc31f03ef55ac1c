"""What the figures of stories share, beside `asymptotics.plotting`; the style is that around the telling.

`asymptotics.plotting.plot` draws a formula and names its axes; stories draw numbers, often scaled, and name them alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from asymptotics.plotting import colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = tuple(colours())


def panels(columns: int, rows: int = 1, *, width: float = 3.4, height: float = 2.7) -> tuple[Figure, list[Axes]]:
    """A figure and its axes, row by row."""
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False).ravel().tolist()


def line(axis: Axes, x: Any, y: Any, *, index: int = 0, label: str | None = None, style: str = "-") -> None:
    """A theory curve in the colour of its index."""
    axis.plot(x, y, style, color=COLOURS[index % len(COLOURS)], label=label)


def powers_of_two(axis: Axes, ticks: Sequence[int]) -> None:
    """Make the first axis logarithmic, with ``ticks`` written as whole numbers."""
    axis.set_xscale("log", base=2)
    axis.set_xticks(list(ticks), [str(tick) for tick in ticks])
