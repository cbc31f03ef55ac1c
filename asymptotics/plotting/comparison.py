"""Measurements beside the theory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from asymptotics import collection
from asymptotics.figures import check_log, colours, drawing, finish, grid, mathtext
from asymptotics.formula import Formula
from asymptotics.symbols import ARGUMENTS

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


def plot_comparison(
    comparison: xr.Dataset, over: str | None = None, *, formula: Formula | None = None, ax: Axes | None = None,
    log: str | None = None,
) -> Axes:
    """What `simulate.compare` found: measurements with two standard errors, and the theory as a line.

    ``over`` is the dim along the axis, by default the longest; others give a family. ``log`` as in `plot`.
    ``formula``, the one compared, draws the line between the points as well, where ``over`` is an argument of it: over
    t, ``formula.on(schedule)``. Without it, that of the catalogue; where that has no such argument (weights along t),
    the theory is known at the points, and dots of it are joined by straight lines.
    """
    missing = [name for name in ("measured", "stderr", "theory") if name not in getattr(comparison, "data_vars", ())]
    if missing:
        raise TypeError(f"comparison has no variable {missing[0]!r}: give what simulate.compare returned")
    dims = [str(dim) for dim in comparison["measured"].dims]
    if not dims:
        raise ValueError("comparison has a single point, and no axis to draw it over")
    over = max(dims, key=lambda dim: comparison.sizes[dim]) if over is None else over
    if over not in dims:
        raise ValueError(f"over = {over!r} is not a dim of the comparison: {', '.join(dims)}")
    check_log(log)
    known = colours()
    with drawing(ax) as drawn:
        fresh, before = not drawn.has_data(), len(drawn.containers)
        for number, each in enumerate(grid({dim: np.arange(comparison.sizes[dim]) for dim in dims if dim != over})):
            part = comparison.isel({dim: int(place) for dim, place in each.items()})
            colour = known[(before + number) % len(known)]
            text = ", ".join(f"{_letter(dim)} = {float(part[dim]):g}" for dim in each if dim in part.coords)
            *line, style = _theory(part, over, formula)
            drawn.plot(*line, style, markersize=3, color=colour)
            drawn.errorbar(part[over].values, part["measured"].values, yerr=2 * part["stderr"].values, fmt="o",
                           color=colour, elinewidth=0.9, label=text or "measured")
        drawn.plot([], [], style, markersize=3, color="0.4", label="theory")
        finish(drawn, _letter(over), _measured(comparison, formula), log, fresh=fresh)
    return drawn


def _letter(dim: str) -> str:
    return mathtext(ARGUMENTS[dim].letter) if dim in ARGUMENTS else dim


def _measured(comparison: xr.Dataset, formula: Formula | None) -> str:
    """The letter of what was measured, or its name where that is all that is known."""
    name = str(comparison.attrs.get("formula", ""))
    found = formula or collection.catalogue().get(name)
    return mathtext(found.letter) if found else name.split(".", 1)[-1]


def _theory(part: xr.Dataset, over: str, formula: Formula | None) -> tuple[np.ndarray, np.ndarray, str]:
    """What is drawn of the theory, and how: a line between the points as well, or dots that are joined."""
    x, y = part[over].values, part["theory"].values
    found = formula or collection.catalogue().get(str(part.attrs.get("formula")))
    if found is None or not _is_function(found, over, part):
        if formula is not None:
            raise ValueError(f"formula = {formula.name} is no function of {over} and of what the comparison holds "
                             f"fixed; over t, give formula.on(schedule)")
        return x, y, ".-"
    others = {name: float(part[name]) for name in found.arguments if name != over}
    if not np.allclose(found(**others, **{over: x}), y, rtol=1e-9, atol=0):
        if formula is not None:
            raise ValueError(f"formula = {formula.name} does not have the values of the theory that was compared")
        return x, y, ".-"
    spaced = [np.linspace(x.min(), x.max(), 200), *([np.geomspace(x.min(), x.max(), 200)] if x.min() > 0 else [])]
    fine = np.unique(np.clip(np.concatenate([x, *spaced]), x.min(), x.max()))
    return fine, np.asarray(found(**others, **{over: fine})), "-"


def _is_function(formula: Formula, over: str, part: xr.Dataset) -> bool:
    others = [name for name in formula.arguments if name != over]
    return over in formula.arguments and all(name in part.coords and not part[name].ndim for name in others)
