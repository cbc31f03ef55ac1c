"""The project's style, the axes that are drawn into, their names and scales."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from asymptotics.extras import require_installed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend


STYLE = str(files("asymptotics").joinpath("figures.mplstyle"))
"""Path of the style sheet."""


def colours() -> list[str]:
    """Of the style, in order."""
    from matplotlib import rc_params_from_file

    found: list[str] = rc_params_from_file(STYLE, use_default_template=False)["axes.prop_cycle"].by_key()["color"]
    return found


@contextmanager
def drawing(ax: Axes | None) -> Iterator[Axes]:
    """The user's axes, as they are; or those of a new figure, with the style while they are drawn into."""
    require_installed("plots need", "matplotlib", extra="notebook")
    if ax is not None:
        from matplotlib.axes import Axes

        if not isinstance(ax, Axes) or ax.name != "rectilinear":
            raise TypeError(f"ax = {ax!r} must be plain axes of matplotlib, of plt.subplots() for one")
        yield ax
        return
    from matplotlib import pyplot

    with pyplot.style.context(STYLE):
        yield pyplot.subplots()[1]


def check_log(log: str | None) -> None:
    if log not in (None, "", "x", "y", "xy"):
        raise ValueError(f"log = {log!r} must be '', 'x', 'y' or 'xy'")


def grid(axes: Mapping[str, np.ndarray]) -> Iterator[dict[str, float]]:
    for values in product(*axes.values()):
        yield {name: float(value) for name, value in zip(axes, values, strict=True)}


def next_colour(ax: Axes) -> str:
    """Of the style, also in axes that were made without it."""
    known = colours()
    return known[len(ax.get_lines()) % len(known)]


def mathtext(text: str) -> str:
    """LaTeX as far as matplotlib reads it: brackets of one size, arguments of roots in braces."""
    return "$" + re.sub(r"\\sqrt (\w)", r"\\sqrt{\1}", re.sub(r"\\big[lr]?", "", text)) + "$"


def finish(ax: Axes, x: str, y: str, log: str | None, *, fresh: bool) -> None:
    """Names of the axes, where they have none; their scales; a legend if there is anything to tell.

    ``fresh``: nothing had been drawn in them before, so that scales may be chosen for what is.
    """
    ax.set_xlabel(ax.get_xlabel() or x)
    ax.set_ylabel(ax.get_ylabel() or y)
    if log is not None:
        ax.set_xscale("log" if "x" in log else "linear")
        ax.set_yscale("log" if "y" in log else "linear")
    elif fresh:
        _choose_scales(ax)
    if ax.get_legend_handles_labels()[1]:
        ax.legend(**_like(ax.get_legend()))


def _like(legend: Legend | None) -> dict[str, Any]:
    """The looks of the legend that is there, which is made anew."""
    if legend is None or not legend.get_texts():
        return {}
    return {"frameon": legend.get_frame_on(), "fontsize": legend.get_texts()[0].get_fontsize()}


def _choose_scales(ax: Axes) -> None:
    """Logarithmic along what is positive and spans `_WIDE`; otherwise as they are."""
    for set_scale, number in ((ax.set_xscale, 0), (ax.set_yscale, 1)):
        drawn = np.concatenate([np.asarray(line.get_data()[number], dtype=np.float64) for line in ax.get_lines()])
        if (drawn > 0).all() and drawn.max() > _WIDE * drawn.min():
            set_scale("log")


_WIDE = 20.0
