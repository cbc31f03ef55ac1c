"""What a story tells, as plain data: the events of which pages and reports are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asymptotics import Derivation
from asymptotics.formula import Formula

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Said:
    text: str


@dataclass(frozen=True)
class Proved:
    """A formula, its executed derivation, and its value at a point."""

    formula: Formula
    derivation: Derivation
    point: dict[str, float]
    value: float


@dataclass(frozen=True)
class Consequence:
    """A limit, a series or another consequence of a formula, with its executed derivation."""

    formula: Formula
    derivation: Derivation


@dataclass(frozen=True)
class Checked:
    claim: str
    holds: bool
    detail: str


@dataclass(frozen=True)
class Tabled:
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str


@dataclass(frozen=True)
class Drawn:
    name: str
    figure: Figure
    caption: str


@dataclass(frozen=True)
class Compared:
    """What `simulate.compare` found of a formula."""

    formula: Formula
    result: xr.Dataset


Event = Said | Proved | Consequence | Checked | Tabled | Drawn | Compared
