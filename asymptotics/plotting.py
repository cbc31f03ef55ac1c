"""Curves of formulas, and measurements beside them, with matplotlib in the house's style (extra `notebook`).

The functions draw into axes and return them: ``ax=None`` makes a new figure in the style, which a notebook then shows.
The style by itself: ``matplotlib.pyplot.style.use(asymptotics.plotting.STYLE)``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from asymptotics.domain import as_float64
from asymptotics.formula import Formula
from asymptotics.typical import main_axis, typical_point, usual_values

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

STYLE = str(files("asymptotics").joinpath("house.mplstyle"))
"""Path of the style sheet."""

BAND = 1.96
"""95 % of a normal law lies within so many standard deviations."""
BAND_DIMENSION = 1000
"""The dimension of the bands in curves that are drawn without being asked for one."""


def colours() -> list[str]:
    """Of the style, in order."""
    from matplotlib import rc_params_from_file

    found: list[str] = rc_params_from_file(STYLE, use_default_template=False)["axes.prop_cycle"].by_key()["color"]
    return found


@contextmanager
def _drawing(ax: Axes | None) -> Iterator[Axes]:
    """The user's axes, as they are; or those of a new figure, with the style while they are drawn into."""
    if ax is not None:
        yield ax
        return
    try:
        from matplotlib import pyplot
    except ModuleNotFoundError:
        raise ModuleNotFoundError("plots need matplotlib; install flow-asymptotics[notebook]") from None
    with pyplot.style.context(STYLE):
        yield pyplot.subplots()[1]


def plot(
    formula: Formula, over: str | None = None, *, ax: Axes | None = None, band: float | None = None,
    field: str | None = None, log: str | None = None, label: str | None = None, **arguments: Any,
) -> Axes:
    """The formula's curve over one argument.

    ``over``     that argument: by default the one given as a sequence, or else where a curve tells most. Without values
                 for it, 200 in its usual range, as far as the formula holds there
    arguments    the others; each that is a sequence gives a family of curves, one for each of its values
    ``band``     a dimension: draws the band in which 95 % of data sets lie in it, by the formula's fluctuation
    ``field``    which value of a result that has several
    ``log``      "", "x", "y" or "xy"; by default the axes along which values span more than a decade
    ``label``    of a single curve

    TypeError and ValueError as for a call of the formula.
    """
    found = curves(formula, over, band=band, field=field, label=label, **arguments)
    _check_log(log)
    with _drawing(ax) as drawn:
        _draw(found, drawn, log)
    return drawn


class Curve(NamedTuple):
    x: np.ndarray
    y: np.ndarray
    width: np.ndarray | None
    """Half the width of the band."""
    label: str


@dataclass(frozen=True)
class Curves:
    """What is drawn: numbers and words, that processes can send each other without a formula to derive."""

    drawn: tuple[Curve, ...]
    x: str
    y: str
    title: str = ""
    log: str | None = None
    """As for `plot`."""


def curves(
    formula: Formula, over: str | None = None, *, band: float | None = None, field: str | None = None,
    label: str | None = None, **arguments: Any,
) -> Curves:
    """The curves of `plot`, computed and not yet drawn."""
    formula.domain.complete({**dict.fromkeys(formula.arguments, 0.0), **arguments}, formula.name)
    given = {name: as_float64(name, value) for name, value in arguments.items()}
    over = _axis(formula, over, given)
    formula.domain.complete({over: 0.0, **given}, formula.name)
    _check(over, given)
    if band is not None:
        checked = as_float64("band", band)
        if checked.ndim or not 1 <= checked < np.inf:
            raise ValueError(f"band = {band} is not allowed: a dimension, band >= 1, and finite")
    swept = {name: value for name, value in given.items() if value.ndim and name != over}
    fixed = {name: float(value) for name, value in given.items() if not value.ndim and name != over}
    if label is not None and swept:
        raise ValueError(f"label = {label!r} is for a single curve; those over {', '.join(swept)} are named by it")
    found = []
    for each in _grid(swept):
        x = given[over] if over in given else usual_values(formula, over, {**fixed, **each})
        point = {**fixed, **each, over: x}
        width = None if band is None else BAND * formula.fluctuation(**point) / band**0.5
        text = label or ", ".join(_equals(formula, name, value) for name, value in each.items())
        found.append(Curve(x, _value(formula, field, point), width, text))
    return Curves(tuple(found), _mathtext(formula.domain.entry(over).letter), field or _mathtext(formula.letter))


def typical_curves(formula: Formula) -> Curves:
    """The formula from its typical point, which is the title, with its band if it has one.

    Along the first argument on which it depends, the main one before others; what has weights of the schedule, in time
    on the linear one. Of a result that has several values, the first.
    """
    point: dict[str, Any] = {**typical_point(formula)}
    value: Any = formula(**point)
    field = fields(value)[0].name if is_dataclass(value) else None
    band = BAND_DIMENSION if hasattr(formula, "fluctuation") else None
    ending = [f"band at $d = {band}$"] if band else []
    if {"alpha", "beta"} <= set(formula.arguments):
        return _in_time(formula, point, band, ending)
    for over in dict.fromkeys([main_axis(formula), *formula.arguments]):
        rest = {name: each for name, each in point.items() if name != over}
        found = curves(formula, over, band=band, field=field, **rest)
        if np.ptp(found.drawn[0].y) > 0:
            break
    return replace(found, title=", ".join([*(_equals(formula, name, each) for name, each in rest.items()), *ending]))


def _in_time(formula: Formula, point: Mapping[str, Any], band: float | None, ending: list[str]) -> Curves:
    """Over t on the linear schedule, inside its ends."""
    t = np.linspace(0.005, 0.995, 199)
    weights = {"alpha": 1 - t, "beta": t, "dalpha": -np.ones_like(t), "dbeta": np.ones_like(t)}
    rest = {name: each for name, each in point.items() if name not in weights}
    given = {name: weights[name] if name in weights else rest[name] for name in formula.arguments}
    width = None if band is None else BAND * formula.fluctuation(**given) / band**0.5
    title = ", ".join([*(_equals(formula, name, each) for name, each in rest.items()), "linear", *ending])
    return Curves((Curve(t, np.asarray(formula(**given)), width, ""),), "$t$", _mathtext(formula.letter), title, log="")


def save_curves(found: Curves, path: Path) -> None:
    """A small figure in the style, as a file that is the same in every run."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # To search for a layout takes as long as all the rest.
    with rc_context({"figure.constrained_layout.use": False}, fname=STYLE):
        figure = Figure(figsize=(3.4, 2.1))
        figure.subplots_adjust(left=0.21, right=0.97, bottom=0.2, top=0.88)
        ax = figure.subplots()
        _draw(found, ax, found.log)
        ax.set_title(found.title, fontsize=6.5)
        figure.savefig(path, metadata={"CreationDate": None})


def _draw(found: Curves, ax: Axes, log: str | None) -> None:
    for x, y, width, label in found.drawn:
        (line,) = ax.plot(x, y, label=label or None, color=_next_colour(ax))
        if width is not None:
            ax.fill_between(x, y - width, y + width, color=line.get_color(), alpha=0.2, linewidth=0)
    _finish(ax, found.x, found.y, log)


def plot_comparison(
    comparison: xr.Dataset, over: str | None = None, *, ax: Axes | None = None, log: str | None = None
) -> Axes:
    """What `simulate.compare` found: measurements with two standard errors, and the theory as a line through them.

    ``over`` is the dim along the axis, by default the longest; others give a family. ``log`` as in `plot`.
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
    _check_log(log)
    with _drawing(ax) as drawn:
        for each in _grid({dim: np.arange(comparison.sizes[dim]) for dim in dims if dim != over}):
            part = comparison.isel({dim: int(place) for dim, place in each.items()})
            x, colour = part[over].values, _next_colour(drawn)
            text = ", ".join(f"{dim} = {float(part[dim]):g}" for dim in each if dim in part.coords)
            drawn.plot(x, part["theory"].values, color=colour)
            drawn.errorbar(x, part["measured"].values, yerr=2 * part["stderr"].values, fmt="o", color=colour,
                           elinewidth=0.9, label=text or "measured")
        _finish(drawn, over, str(comparison.attrs.get("formula", "")).split(".", 1)[-1], log)
    return drawn


def _axis(formula: Formula, over: str | None, given: Mapping[str, np.ndarray]) -> str:
    if over is not None:
        if over not in formula.arguments:
            raise ValueError(f"over = {over!r} is not an argument of {formula.name}: {', '.join(formula.arguments)}")
        return over
    sequences = [name for name, value in given.items() if value.ndim]
    missing = [name for name in formula.domain.required if name not in given]
    if len(missing) == 1 and not sequences:
        return missing[0]
    if len(sequences) > 1:
        raise ValueError(f"{' and '.join(sequences)} are sequences; say which is the axis: over={sequences[0]!r}")
    return sequences[0] if sequences else main_axis(formula)


def _check(over: str, given: Mapping[str, np.ndarray]) -> None:
    for name, value in given.items():
        if value.ndim > 1:
            raise ValueError(f"{name} has {value.ndim} dimensions; give a sequence of numbers")
    if over in given and given[over].size < 2:
        raise ValueError(f"{over} = {given[over]} is no axis; give at least two values, or none for its usual range")


def _check_log(log: str | None) -> None:
    if log not in (None, "", "x", "y", "xy"):
        raise ValueError(f"log = {log!r} must be '', 'x', 'y' or 'xy'")


def _grid(axes: Mapping[str, np.ndarray]) -> Iterator[dict[str, float]]:
    for values in product(*axes.values()):
        yield {name: float(value) for name, value in zip(axes, values, strict=True)}


def _value(formula: Formula, field: str | None, point: Mapping[str, Any]) -> np.ndarray:
    value: Any = formula(**point)
    if is_dataclass(value):
        names = [each.name for each in fields(value)]
        if field not in names:
            raise ValueError(f"{formula.name} has several values; say which: field={' or '.join(map(repr, names))}")
        value = getattr(value, field)
    elif field is not None:
        raise ValueError(f"field = {field!r}: {formula.name} has one value")
    return np.asarray(value, dtype=np.float64)


def _next_colour(ax: Axes) -> str:
    """Of the style, also in axes that were made without it."""
    known = colours()
    return known[len(ax.get_lines()) % len(known)]


def _equals(formula: Formula, name: str, value: float) -> str:
    return _mathtext(f"{formula.domain.entry(name).letter} = {value:g}")


def _mathtext(text: str) -> str:
    """LaTeX as far as matplotlib reads it: brackets of one size, arguments of roots in braces."""
    return "$" + re.sub(r"\\sqrt (\w)", r"\\sqrt{\1}", re.sub(r"\\big[lr]?", "", text)) + "$"


def _finish(ax: Axes, x: str, y: str, log: str | None) -> None:
    """Names of the axes, where they have none; their scales; a legend if there is anything to tell."""
    ax.set_xlabel(ax.get_xlabel() or x)
    ax.set_ylabel(ax.get_ylabel() or y)
    _scale(ax, log)
    if ax.get_legend_handles_labels()[1]:
        ax.legend()


def _scale(ax: Axes, log: str | None) -> None:
    """Logarithmic axes: those asked for, or those along which everything drawn is positive and spans `_WIDE`."""
    for letter, number in (("x", 0), ("y", 1)):
        drawn = np.concatenate([np.asarray(line.get_data()[number], dtype=np.float64) for line in ax.get_lines()])
        wide = bool((drawn > 0).all() and drawn.max() > _WIDE * drawn.min())
        getattr(ax, f"set_{letter}scale")("log" if (wide if log is None else letter in log) else "linear")


_WIDE = 20.0
