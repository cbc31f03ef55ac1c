"""What stands against expansions and limits: values near the point, at points of the domain, in many digits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import mpmath
import sympy as sp

from asymptotics.functions import BoundVariable
from asymptotics.numeric import compile_expressions
from asymptotics.proof import Region, points_of

CLOSE = (20, 30)
"""Digits of the two distances at which the remainder of an expansion is seen."""
FAR = (30, 300)
"""The same for limits of any kind: 1/log(n) halves on the way."""
POINTS = {"exact": 3, "numeric": 16}
_COSTLY = 4
"""Points at most at which means and roots are computed."""


@dataclass(frozen=True)
class Gaps:
    """|one - other| at two distances from a point, on one ``side`` of it and for one choice of the other arguments."""

    point: dict[sp.Symbol, sp.Rational]
    side: int
    sizes: tuple[Any, Any]

    def __str__(self) -> str:
        return ", ".join(f"{symbol} = {value}" for symbol, value in self.point.items()) or "no other arguments"

    def shrink_as(self, order: int) -> bool:
        """Whether the gaps at `CLOSE` shrink as the power ``order`` of the distance."""
        far, close = (size * mpmath.mpf(10) ** (digits * order) for size, digits in zip(self.sizes, CLOSE, strict=True))
        return bool(close <= 2 * far + mpmath.mpf(10) ** -9)

    def fall(self) -> bool:
        """Whether the gaps at `CLOSE` are small, or fall."""
        return bool(self.sizes[1] < 1e-12 or self.sizes[1] < 0.9 * self.sizes[0])

    def vanish(self) -> bool:
        """Whether the gaps at `FAR` are small, or fall by half at least."""
        return bool(self.sizes[1] < 1e-12 or self.sizes[1] < self.sizes[0] / 2)


def gaps_near(one: sp.Expr, other: sp.Expr, symbol: sp.Symbol, at: sp.Expr, sides: Iterable[int], region: Region,
              kind: str, order: int = 1) -> list[Gaps]:
    """Return the gaps near ``at`` (at large values of the symbol if it is oo) at points of the region.

    ``kind`` "exact": at `CLOSE`, in digits enough for a remainder of the ``order``; "numeric": at `FAR`. This uses no
    expansion. Points at which one of the two has no value are left out; ValueError if none is left.
    """
    gap = one - other
    others = sorted(gap.free_symbols - {symbol}, key=lambda s: s.name)
    letters = {each: sp.Symbol(f"x{k}", real=True) for k, each in enumerate([symbol, *others])}
    call = compile_expressions(
        {"gap": gap.xreplace(letters)}, tuple(letter.name for letter in letters.values()), (), "mpmath", {})
    distances = CLOSE if kind == "exact" else FAR
    count = min(POINTS[kind], _COSTLY) if gap.has(BoundVariable) else POINTS[kind]
    found = []
    with mpmath.workdps(60 + distances[1] * (order + 1)):
        places = _places(at, distances, sides)
        for point in points_of(region, frozenset(others), count):
            for side, pair in places.items():
                sizes = [_value(call, letters, {**point, symbol: place}) for place in pair]
                if None not in sizes:
                    found.append(Gaps(point, side, (sizes[0], sizes[1])))
    if not found:
        raise ValueError(f"no value near {symbol} = {at} could be computed")
    return found


def _places(at: sp.Expr, distances: tuple[int, int], sides: Iterable[int]) -> dict[int, list[Any]]:
    """Two values of the symbol for each side, in the working precision."""
    if at == sp.oo:
        return {1: [mpmath.mpf(10) ** digits for digits in distances]}
    end = sp.N(at, mpmath.mp.dps)._to_mpmath(mpmath.mp.prec)
    return {side: [end + side * mpmath.mpf(10) ** -digits for digits in distances] for side in sides}


def _value(call: Any, letters: dict[sp.Symbol, sp.Symbol], point: dict[sp.Symbol, Any]) -> Any:
    values = {letters[symbol].name: mpmath.mpf(value.p) / value.q if isinstance(value, sp.Rational) else value
              for symbol, value in point.items() if symbol in letters}
    try:
        found = abs(call(**values)["gap"])
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return found if mpmath.isfinite(found) else None
