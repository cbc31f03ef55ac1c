"""Where a formula holds: a range for each argument, and relations between arguments."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, reduce
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from asymptotics.arguments import Argument
from asymptotics.coerce import as_float64, as_fraction, shorten
from asymptotics.parse import CONSTANTS, Comparison, Text
from asymptotics.proof import Region
from asymptotics.symbols import ARGUMENTS


@dataclass(frozen=True)
class Relation:
    """A condition between arguments, such as ``n*draws > 1`` or ``n > 1 or ridge > 0``, and its reason.

    Besides arithmetic it may use `_FUNCTIONS`, for Fractions in 50 digits; arithmetic alone is exact for them.

    ``bound``, if given, is what the reason ends in: messages add its value.
    """

    text: str
    reason: str
    bound: str = ""

    def __post_init__(self) -> None:
        _inequalities(self.text)
        if self.bound:
            _bound(self)

    @property
    def inequalities(self) -> tuple[Comparison, ...]:
        """The inequalities of which one must hold."""
        return _inequalities(self.text)

    @property
    def names(self) -> tuple[str, ...]:
        """The arguments it speaks of, in the order of the text."""
        return tuple(dict.fromkeys(name for part in self.inequalities for name in part.names if name not in CONSTANTS))

    def why(self, values: Mapping[str, Any]) -> str:
        """The reason, at these values."""
        if not self.bound:
            return self.reason
        numbers = {name: np.float64(value) for name, value in values.items()}
        return f"{self.reason} = {_bound(self).compute(numbers, _FUNCTIONS, float):g}"

    def holds(self, values: Mapping[str, Any]) -> Any:
        """Truth values, elementwise; exact for Fractions where the relation is arithmetic."""
        exact = all(isinstance(value, Fraction) for value in values.values())
        digits = exact and not all(side.is_rational for part in self.inequalities for side in (part.left, part.right))
        number: Callable[[Fraction], Any] = _digits if digits else Fraction if exact else float
        numbers = {
            name: _digits(value) if digits else value if exact else np.asarray(value, dtype=np.float64)[()]
            for name, value in values.items()
        }
        with np.errstate(all="ignore"), mpmath.workdps(50):
            constants = {"pi": +mpmath.pi, "E": +mpmath.e} if digits else {"pi": math.pi, "E": math.e}
            tests = [_test(part, {**constants, **numbers}, number) for part in self.inequalities]
        return reduce(np.logical_or, tests)


@lru_cache(1024)
def _inequalities(text: str) -> tuple[Comparison, ...]:
    """The text of a relation, read and checked once."""
    parts = tuple(Comparison.read(part, f"relation {shorten(text, 80)}") for part in text.split(" or "))
    for part in parts:
        part.left.require_functions(_FUNCTIONS)
        part.right.require_functions(_FUNCTIONS)
    return parts


def _test(part: Comparison, numbers: Mapping[str, Any], number: Callable[[Fraction], Any]) -> Any:
    """Whether an inequality holds; one of exact numbers does not where a side has no value."""
    try:
        return part.compute(numbers, _FUNCTIONS, number)
    except (ZeroDivisionError, OverflowError, TypeError):
        if any(isinstance(value, np.ndarray) and value.ndim for value in numbers.values()):
            raise
        return False


def _bound(relation: Relation) -> Text:
    text = Text(relation.bound, f"bound of the relation {shorten(relation.text, 80)}")
    text.require_functions(_FUNCTIONS)
    return text


def _elementwise(arrays: np.ufunc, digits: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function in numpy; of an mpmath number in mpmath, NaN where it is not real."""
    def call(x: Any) -> Any:
        if not isinstance(x, mpmath.mpf):
            return arrays(x)
        found = digits(x)
        return found if isinstance(found, mpmath.mpf) else mpmath.nan

    return call


def _digits(x: Fraction) -> Any:
    return mpmath.mpf(x.numerator) / x.denominator


def _piecewise(*branches: tuple[Any, Any]) -> Any:
    """The value of the first branch whose condition holds, elementwise; NaN where there is none."""
    conditions = [condition is sp.true or condition for _, condition in branches]
    if all(np.ndim(condition) == 0 for condition in conditions):
        for (value, _), condition in zip(branches, conditions, strict=True):
            if condition:
                return value
        return np.nan
    return np.select(np.broadcast_arrays(*conditions), [value for value, _ in branches], np.nan)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": _elementwise(np.sqrt, mpmath.sqrt), "log": _elementwise(np.log, mpmath.log),
    "acosh": _elementwise(np.arccosh, mpmath.acosh), "exp": _elementwise(np.exp, mpmath.exp),
    "sin": _elementwise(np.sin, mpmath.sin), "cos": _elementwise(np.cos, mpmath.cos),
    "tanh": _elementwise(np.tanh, mpmath.tanh), "abs": abs, "Abs": abs,
    "Piecewise": _piecewise,
}
MIX = Relation("alpha > 0 or beta > 0", "x_t would be 0")
"""What formulas need that read x_t = alpha x0 + beta x1."""


@dataclass(frozen=True)
class Domain:
    """The arguments of a formula, and the relations between them beyond the single ranges.

    ``special`` are arguments that are not as in the alphabet: t on a schedule, where this formula allows less, or
    arguments of one's own (`asymptotics.argument`).
    """

    arguments: tuple[str, ...]
    relations: tuple[Relation, ...] = ()
    special: tuple[Argument, ...] = ()

    @classmethod
    def of(cls, names: str, *relations: Relation) -> Domain:
        """Return the domain of arguments named with blanks between them: ``Domain.of("n sigma", relation)``."""
        return cls(tuple(names.split()), relations)

    def __post_init__(self) -> None:
        if not isinstance(self.arguments, tuple):
            raise TypeError(f"arguments = {self.arguments!r} must be a tuple of names")
        own = {entry.name for entry in self.special}
        for name in self.arguments:
            if name not in own and name not in ARGUMENTS:
                raise ValueError(f"{name!r} is not in the alphabet (asymptotics.symbols); an argument of your own "
                                 "comes from asymptotics.argument and goes into special=(...,)")
        if unused := own - set(self.arguments):
            raise ValueError(f"special has {min(unused)!r}, which is not among the arguments {self.arguments}")
        letters: dict[str, str] = {}
        for entry in self.entries:
            if letters.setdefault(entry.letter, entry.name) != entry.name:
                raise ValueError(f"{letters[entry.letter]} and {entry.name} would both be printed as {entry.letter}; "
                                 "give one another letter")
        for relation in self.relations:
            if not isinstance(relation, Relation):
                raise TypeError(f"relations holds {relation!r}; give Relation({str(relation)!r}, reason)")
            if strangers := set(relation.names) - set(self.arguments):
                raise ValueError(f"{relation.text!r} speaks of {min(strangers)!r}, which is not among the arguments "
                                 f"{self.arguments}")

    @property
    def entries(self) -> tuple[Argument, ...]:
        return tuple(self.entry(name) for name in self.arguments)

    def entry(self, name: str) -> Argument:
        """The range and meaning of one argument."""
        return next((each for each in self.special if each.name == name), None) or ARGUMENTS[name]

    @property
    def symbols(self) -> dict[str, sp.Symbol]:
        """What expressions hold for each argument."""
        return {entry.name: entry.symbol for entry in self.entries}

    def alternatives(self, relation: Relation) -> tuple[sp.Basic, ...]:
        """A relation for sympy: inequalities of which one must hold."""
        return tuple(part.expression(self.symbols) for part in relation.inequalities)

    @property
    def region(self) -> Region:
        """The set on which proofs about a formula hold: every point that its ranges and relations allow."""
        ranges = [relation for entry in self.entries for relation in entry.inequalities]
        found = Region.of(*ranges, *(sp.Or(*self.alternatives(relation)) for relation in self.relations))
        return Region(found.conditions, frozenset(self.symbols.values()))

    @property
    def required(self) -> tuple[str, ...]:
        """The arguments that have no default."""
        return tuple(entry.name for entry in self.entries if entry.default is None)

    @property
    def defaults(self) -> dict[str, int]:
        return {e.name: e.default for e in self.entries if e.default is not None}

    @property
    def text(self) -> str:
        """All conditions in words."""
        singles = [entry.range for entry in self.entries]
        return ", ".join(singles + [relation.text for relation in self.relations])

    def __str__(self) -> str:
        return self.text

    def complete(self, values: Mapping[str, Any], owner: str) -> dict[str, Any]:
        """``values`` with defaults, in order; TypeError on a missing or unknown name."""
        unknown = [name for name in values if name not in self.arguments]
        if unknown:
            weights = unknown[0] == "t" and {"alpha", "beta"} <= set(self.arguments)
            hint = "; a formula in t is that .on(schedule)" if weights else ""
            raise TypeError(
                f"{owner} has no argument {unknown[0]!r}; its arguments are {', '.join(self.arguments)}{hint}"
            )
        missing = [name for name in self.required if name not in values]
        if missing:
            raise TypeError(f"{owner} needs {', '.join(missing)}; give {missing[0]}=...")
        return {name: values.get(name, self.defaults.get(name)) for name in self.arguments}

    def arrays(self, values: Mapping[str, Any], owner: str) -> dict[str, np.ndarray]:
        """The completed arguments as float64 arrays inside the domain, or the error that says why not."""
        arrays = {
            name: as_float64(name, value) for name, value in self.complete(values, owner).items()
        }
        for entry in self.entries:
            self._check_range(entry, arrays[entry.name])
        shape = _common_shape(arrays)
        for relation in self.relations:
            self._check_relation(relation, arrays, shape)
        return arrays

    def _check_range(self, entry: Argument, value: np.ndarray) -> None:
        good = np.isfinite(value)
        if entry.low is not None:
            low = float(entry.low)
            good &= (value > low) if entry.low_open else (value >= low)
        if entry.high is not None:
            high = float(entry.high)
            good &= (value < high) if entry.high_open else (value <= high)
        if not good.all():
            place, bad = _first_bad(value, good)
            raise ValueError(f"{entry.name}{place} = {bad} is not allowed: {entry.range}, and finite")

    def _check_relation(
        self, relation: Relation, arrays: Mapping[str, np.ndarray], shape: tuple[int, ...]
    ) -> None:
        with np.errstate(all="ignore"):
            good = np.broadcast_to(relation.holds(arrays), shape)
        if good.all():
            return
        index = np.unravel_index(int(np.argmin(good)), shape) if shape else ()
        at = {name: float(np.broadcast_to(arrays[name], shape)[index]) for name in relation.names}
        given = ", ".join(f"{name} = {value:g}" for name, value in at.items())
        spot = f" at index {tuple(int(i) for i in index)}" if shape else ""
        raise ValueError(f"{given}{spot} is not allowed: needs {relation.text} ({relation.why(at)})")

    def exact(self, values: Mapping[str, Any], owner: str) -> dict[str, Fraction]:
        """The completed arguments as exact fractions inside the domain."""
        exact = {
            name: as_fraction(name, value) for name, value in self.complete(values, owner).items()
        }
        for entry in self.entries:
            value = exact[entry.name]
            low, high = entry.low, entry.high
            too_low = low is not None and (value < low or (entry.low_open and value == low))
            too_high = high is not None and (value > high or (entry.high_open and value == high))
            if too_low or too_high:
                raise ValueError(f"{entry.name} = {values[entry.name]} is not allowed: {entry.range}")
        for relation in self.relations:
            if not relation.holds(exact):
                given = ", ".join(f"{name} = {values.get(name, exact[name])}" for name in relation.names)
                raise ValueError(f"{given} is not allowed: needs {relation.text} ({relation.why(exact)})")
        return exact


def _first_bad(value: np.ndarray, good: np.ndarray) -> tuple[str, float]:
    if value.ndim == 0:
        return "", float(value)
    index = tuple(int(i) for i in np.unravel_index(int(np.argmin(good)), value.shape))
    return "[" + ", ".join(map(str, index)) + "]", float(value[index])


def _common_shape(arrays: Mapping[str, np.ndarray]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*(value.shape for value in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{k} {v.shape}" for k, v in arrays.items() if v.ndim)
        raise ValueError(f"the shapes do not broadcast together: {shapes}") from None
