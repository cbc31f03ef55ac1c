"""Curves of formulas over one argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from asymptotics.coerce import as_float64
from asymptotics.figures import check_log, drawing, finish, grid, mathtext, next_colour
from asymptotics.formula.statement import Valued
from asymptotics.formula.typical import main_axis, usual_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot(
    formula: Valued, over: str | None = None, *, ax: Axes | None = None, band: float | None = None,
    field: str | None = None, log: str | None = None, label: str | None = None, **arguments: Any,
) -> Axes:
    """The formula's curve over one argument.

    ``over``     that argument: by default the one given as a sequence, or else where a curve tells most. Without values
                 for it, 200 in its usual range, as far as the formula holds there
    arguments    the others; each that is a sequence gives a family of curves, one for each of its values
    ``band``     a dimension: draws the band in which 95 % of data sets lie in it, by the formula's fluctuation
    ``field``    which value of a result that has several
    ``log``      "", "x", "y" or "xy"; by default, in axes that are empty, those along which values span a factor of 20
    ``label``    of a single curve

    TypeError and ValueError as for a call of the formula.
    """
    found = curves(formula, over, band=band, field=field, label=label, **arguments)
    check_log(log)
    with drawing(ax) as drawn:
        draw(found, drawn, log)
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
    formula: Valued, over: str | None = None, *, band: float | None = None, field: str | None = None,
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
    for each in grid(swept):
        x = given[over] if over in given else usual_values(formula, over, {**fixed, **each})
        point = {**fixed, **each, over: x}
        width = None if band is None else half_band(formula, band, point)
        text = label or ", ".join(equals(formula, name, value) for name, value in each.items())
        found.append(Curve(x, _value(formula, field, point), width, text))
    return Curves(tuple(found), mathtext(formula.domain.entry(over).letter), field or mathtext(formula.letter))


def draw(found: Curves, ax: Axes, log: str | None) -> None:
    fresh = not ax.has_data()
    for x, y, width, label in found.drawn:
        (line,) = ax.plot(x, y, label=label or None, color=next_colour(ax))
        if width is not None:
            ax.fill_between(x, y - width, y + width, color=line.get_color(), alpha=0.2, linewidth=0)
    finish(ax, found.x, found.y, log, fresh=fresh)


def _axis(formula: Valued, over: str | None, given: Mapping[str, np.ndarray]) -> str:
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
        if value.size == 0:
            raise ValueError(f"{name} is empty; give at least one number")
    if over in given and given[over].size < 2:
        raise ValueError(f"{over} = {given[over]} is no axis; give at least two values, or none for its usual range")


def _value(formula: Valued, field: str | None, point: Mapping[str, Any]) -> np.ndarray:
    value: Any = formula(**point)
    if is_dataclass(value):
        names = [each.name for each in fields(value)]
        if field not in names:
            raise ValueError(f"{formula.name} has several values; say which: field={' or '.join(map(repr, names))}")
        value = getattr(value, field)
    elif field is not None:
        raise ValueError(f"field = {field!r}: {formula.name} has one value")
    return np.asarray(value, dtype=np.float64)


def equals(formula: Valued, name: str, value: float) -> str:
    return mathtext(f"{formula.domain.entry(name).letter} = {value:g}")


BAND = 1.96
"""95 % of a normal law lies within so many standard deviations."""


def half_band(formula: Valued, d: float, arguments: Mapping[str, Any]) -> Any:
    """Half the width of the band about the formula in which 95 % of data sets lie at dimension ``d``."""
    return BAND * formula.fluctuation(**arguments) / d**0.5
