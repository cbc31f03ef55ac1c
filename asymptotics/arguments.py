"""Arguments of formulas: a name, a letter, a meaning and an allowed range; and how one makes one's own."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from asymptotics.coerce import as_fraction, written
from asymptotics.sentences import check_braces


class Symbol(sp.Symbol):
    """A symbol that knows its letter: the LaTeX printed for it. Without one it is printed by its name.

    Of the same name as sympy's class: sympy orders terms by the names of classes.
    """

    __slots__ = ("letter",)
    letter: str

    def __new__(cls, name: str, letter: str = "", **assumptions: bool) -> Symbol:
        symbol: Symbol = sp.Symbol.__xnew__(cls, name, **assumptions)
        symbol.letter = letter
        return symbol

    def __getnewargs_ex__(self) -> tuple[tuple[str, str], dict[str, bool]]:
        return (self.name, self.letter), self._assumptions_orig

    def _hashable_content(self) -> tuple[Any, ...]:
        return (*super()._hashable_content(), self.letter)

    def _latex(self, printer: Any) -> str:
        text: str = self.letter or printer._print_Symbol(self)
        return text


@dataclass(frozen=True)
class Argument:
    """One argument of the formulas.

    ``low`` is the smallest value (excluded when ``low_open``), None when there is none; ``high`` likewise.
    ``default`` is None when the argument must be given. ``usual`` is the range that random tests and plots
    draw from: inside the allowed one, wide enough to matter.
    """

    name: str
    symbol: Symbol
    meaning: str
    low: Fraction | None = None
    low_open: bool = False
    high: Fraction | None = None
    high_open: bool = False
    default: int | None = None
    usual: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        if self.symbol.name != self.name:
            raise ValueError(f"argument {self.name!r} carries the symbol {self.symbol.name!r}")
        low, high = self.usual
        if not low < high:
            raise ValueError(f"argument {self.name!r}: the usual range {self.usual} is empty")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError(f"argument {self.name!r}: low = {self.low} is not below high = {self.high}")
        if (self.low is not None and low < self.low) or (self.high is not None and high > self.high):
            raise ValueError(f"argument {self.name!r}: usual = {self.usual} leaves the allowed range, {self.range}")

    @property
    def letter(self) -> str:
        """LaTeX of the argument."""
        return self.symbol.letter

    @property
    def logarithmic(self) -> bool:
        """Whether its usual range spans more than a decade, so that curves over it want a logarithmic axis.

        Not the limit of `asymptotics.figures.finish`, which looks at the numbers that are drawn.
        """
        low, high = self.usual
        return low > 0 and high / low > 15

    @property
    def typical(self) -> float:
        """Where to look first: the default, or a round number inside the usual range, whose middle may be special."""
        if self.default is not None:
            return float(self.default)
        low, high = self.usual
        middle = (low * high) ** 0.5 if self.logarithmic else low + 0.6 * (high - low)
        return float(f"{middle:.2g}")

    @property
    def inequalities(self) -> list[sp.Basic]:
        """The allowed range as relations of sympy."""
        found = []
        if self.low is not None:
            low = sp.Rational(self.low.numerator, self.low.denominator)
            found.append(self.symbol > low if self.low_open else self.symbol >= low)
        if self.high is not None:
            high = sp.Rational(self.high.numerator, self.high.denominator)
            found.append(self.symbol < high if self.high_open else self.symbol <= high)
        return found

    @property
    def range(self) -> str:
        """The allowed range in words, such as ``sigma > 0`` (every value must be finite)."""
        low, high, name = self.low, self.high, self.name
        below = "" if low is None else f"{written(low)} {'<' if self.low_open else '<='} "
        above = "" if high is None else f" {'<' if self.high_open else '<='} {written(high)}"
        if low is not None and high is None:
            return f"{name} {'>' if self.low_open else '>='} {written(low)}"
        if low is None and high is None:
            return f"{name} real"
        return f"{below}{name}{above}"


# Keywords of calling, evaluating and plotting a formula.
_TAKEN = frozenset({"self", "dps", "over", "ax", "band", "field", "log", "label"})
ARGUMENTS: dict[str, Argument] = {}
"""The alphabet by name."""


def argument(
    name: str,
    letter: str,
    meaning: str,
    *,
    usual: tuple[float, float],
    low: float | Fraction | str | None = None,
    low_open: bool = False,
    high: float | Fraction | str | None = None,
    high_open: bool = False,
    default: int | None = None,
) -> Argument:
    """An argument of one's own, for a `Domain`; expressions are written in its ``symbol``.

    ``letter`` is its LaTeX, ``usual`` the range that tests and plots draw from. The symbol is real, and positive or
    nonnegative where the range says so. ValueError for a name of the alphabet: that argument is there already.
    """
    if name in ARGUMENTS:
        raise ValueError(f"{name!r} is in the alphabet (asymptotics.symbols.{name}): {ARGUMENTS[name].meaning}")
    if not name.isidentifier() or not name.isascii() or keyword.iskeyword(name):
        raise ValueError(f"name = {name!r} must be an identifier, because arguments are keywords of calls")
    if name in _TAKEN:
        raise ValueError(f"name = {name!r} is a keyword of a formula's methods already; give it another")
    check_letter(letter, f"argument {name!r}")
    bound, top = (_bound(name, side) for side in (low, high))
    known = {} if bound is None or bound < 0 else {"positive": True} if bound > 0 or low_open else {"nonnegative": True}
    symbol = Symbol(name, letter, real=True, **known)
    return Argument(name, symbol, meaning, bound, low_open, top, high_open, default, usual)


def _bound(name: str, side: Any) -> Fraction | None:
    """A float is the fraction that it is stored as; ``"0.1"`` and ``Fraction(1, 10)`` are the tenth."""
    return None if side is None else as_fraction(f"the bound of {name}", side)


def check_letter(letter: str, owner: str) -> None:
    """ValueError unless the letter can stand inside LaTeX mathematics."""
    if not isinstance(letter, str) or not letter.strip():
        raise ValueError(f"{owner} needs a letter: LaTeX such as 'g'")
    check_braces(letter, owner)
    wrong = re.search(r"(?<!\\)[$%#&~\n]|[^\x00-\x7f]|(?<!\\)(?:\\\\)*\\$", letter)
    if wrong:
        raise ValueError(f"{owner}: the letter {letter!r} is no LaTeX of mathematics: it may not contain {wrong[0]!r}; "
                         r"write such as 'g', '\gamma' or 'g_{1}'")


def letter(symbol: sp.Symbol) -> str:
    """LaTeX of a symbol: its letter if it has one, else its name."""
    return getattr(symbol, "letter", "") or symbol.name
