"""Catalogue: an immutable, ordered mapping of formulas by their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import sympy as sp

from asymptotics.formula.formula import Formula, require_formula

Formulas: TypeAlias = Iterable[Formula] | Mapping[str, Formula]
"""A list of them, or a catalogue."""


def _closest(name: str, known: Iterable[str]) -> list[str]:
    """Three at most: those of this short name, then those that contain it, then those spelled alike."""
    from difflib import get_close_matches

    known = list(known)
    same = [each for each in known if each.split(".", 1)[-1] == name]
    inside = [each for each in known if name and name in each]
    return list(dict.fromkeys([*same, *inside, *get_close_matches(name, known, n=3, cutoff=0.45)]))[:3]


class UnknownFormula(KeyError):
    """No formula of that name; a LookupError whose text is a sentence."""

    def __str__(self) -> str:
        return str(self.args[0])


def _check_arguments(formulas: Iterable[Formula]) -> None:
    """One name, one symbol: readers of a book, and sliders, know an argument by its name."""
    seen: dict[str, tuple[sp.Symbol, str]] = {}
    for formula in formulas:
        for entry in formula.domain.entries:
            symbol, where = seen.setdefault(entry.name, (entry.symbol, formula.name))
            if symbol != entry.symbol:
                raise ValueError(f"the argument {entry.name!r} is another one in {formula.name} than in {where}; "
                                 "rename one, or use one object for both")


class Catalogue(Mapping[str, Formula]):
    """An immutable, ordered mapping name -> Formula; merge with ``|`` (a name may not mean two things)."""

    def __init__(self, formulas: Formulas = ()) -> None:
        if isinstance(formulas, Mapping):
            formulas = formulas.values()
        if isinstance(formulas, Formula | str) or not isinstance(formulas, Iterable):
            raise TypeError(f"formulas = {formulas!r} must be a list of formulas, or a catalogue")
        table: dict[str, Formula] = {}
        for formula in formulas:
            if table.setdefault(require_formula(formula).name, formula) != formula:
                raise ValueError(f"the name {formula.name!r} stands for two different formulas")
        _check_arguments(table.values())
        self._table = table

    def __getitem__(self, name: str) -> Formula:
        if name in self._table:
            return self._table[name]
        close = _closest(str(name), self._table)
        hint = f"; closest: {', '.join(close)}" if close else ""
        raise UnknownFormula(f"no formula named {name!r}{hint} (`python -m asymptotics list` has all)")

    def get(self, name: str, default: Any = None) -> Any:
        return self._table.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._table

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def __or__(self, other: Mapping[str, Formula]) -> Catalogue:
        if not isinstance(other, Mapping):
            raise TypeError(f"a catalogue merges with a mapping name -> Formula, not {type(other).__name__}")
        return Catalogue([*self.values(), *other.values()])

    def __ror__(self, other: Mapping[str, Formula]) -> Catalogue:
        return Catalogue(other.values()) | self

    def __repr__(self) -> str:
        return f"Catalogue({', '.join(self)})"

    def _repr_markdown_(self) -> str:
        """A row for each formula: name, letter, statement."""
        from asymptotics.formula.printing import cell

        rows = [f"| `{name}` | ${each.letter}$ | {cell(each.statement)} |" for name, each in self.items()]
        return "\n".join(["| name | | |", "|---|---|---|", *rows])

    def __hash__(self) -> int:
        return hash(tuple(self._table.values()))
