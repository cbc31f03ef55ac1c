"""Hypothesis strategies from a formula's domain: points inside it, and input that must be refused."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import partial
from typing import Any

from hypothesis import strategies as st

from asymptotics.arguments import Argument
from asymptotics.domain import Relation
from asymptotics.formula import Formula, require_formula, typical_point

DECADES = 15
"""``wide`` explores magnitudes from 10^-15 to 10^15 off the end of a range."""

Point = dict[str, Any]
Refused = tuple[Point, type[Exception], str]


def arguments(formula: Formula, *, exact: bool = False, wide: bool = False) -> st.SearchStrategy[Point]:
    """Keyword dictionaries inside the formula's domain: ``formula(**point)`` has a value.

    Floats from each argument's usual range; with ``wide`` from the whole allowed range, logarithmically over
    many decades and with its ends where they are allowed (ridge = 0, n = 1, alpha = 0). ``exact`` gives
    Fractions instead, for `evaluate`, `enclose` and symbolic work. Relations between arguments hold.
    """
    require_formula(formula)
    single = {
        entry.name: _inside(entry, exact=exact, wide=wide) for entry in formula.domain.entries
    }

    typical_point(formula)  # derived and compiled now: the first example would miss hypothesis's deadline
    return st.fixed_dictionaries(single).filter(lambda point: _related(formula, point))


def _related(formula: Formula, point: Mapping[str, Any]) -> bool:
    return all(bool(relation.holds(point)) for relation in formula.domain.relations)


def _inside(entry: Argument, *, exact: bool, wide: bool) -> st.SearchStrategy[Any]:
    low, high = entry.usual
    if exact:
        usual: st.SearchStrategy[Any] = st.fractions(
            Fraction(str(low)), Fraction(str(high)), max_denominator=64
        )
    else:
        usual = st.floats(low, high)

    def allowed(value: Any) -> bool:
        return _allowed(entry, value)

    choices = [usual.filter(allowed)]
    if wide:
        magnitudes = _magnitudes(exact)
        if entry.low is not None:
            choices.append(magnitudes.map(lambda m: _number(entry.low, exact) + m).filter(allowed))
        if entry.high is not None:
            choices.append(magnitudes.map(lambda m: _number(entry.high, exact) - m).filter(allowed))
        if entry.low is None and entry.high is None:
            choices.append(st.tuples(st.sampled_from((-1, 1)), magnitudes).map(lambda p: p[0] * p[1]))
        ends = [_number(end, exact) for end in (entry.low, entry.high) if end is not None]
        kept = [end for end in ends if allowed(end)]
        if kept:
            choices.append(st.sampled_from(kept))
    return st.one_of(*choices)


def _magnitudes(exact: bool) -> st.SearchStrategy[Any]:
    if not exact:
        return st.floats(-DECADES, DECADES).map(lambda e: 10.0**e)
    return st.tuples(st.integers(1, 99), st.integers(-DECADES, DECADES)).map(
        lambda p: Fraction(p[0]) * Fraction(10) ** p[1]
    )


def _number(value: Fraction | None, exact: bool) -> Any:
    assert value is not None
    return value if exact else float(value)


def _allowed(entry: Argument, value: Any) -> bool:
    above = entry.low is None or (value > entry.low if entry.low_open else value >= entry.low)
    below = entry.high is None or (value < entry.high if entry.high_open else value <= entry.high)
    return bool(above and below)


_WRONG_TYPES: tuple[Any, ...] = (
    "1.5", None, True, 1 + 2j, ["a", "b"], [[1.0, 2.0], [3.0]], {"n": 2}, object(), b"2",
)


def outside(formula: Formula) -> st.SearchStrategy[Refused]:
    """(keywords, exception type, name of the offending argument): input that a plain call must refuse.

    Undefined or infinite values, values beyond an end of the range, alone and as one entry of an array;
    wrong types; a missing or an unknown argument; a violated relation (the name is then one of those in it).
    """
    inside = arguments(formula)
    kinds: list[st.SearchStrategy[Refused]] = []
    for entry in formula.domain.entries:
        name, bad = st.just(entry.name), st.sampled_from(refused_values(entry))
        kinds += [
            st.builds(_replaced, inside, name, bad, st.just(ValueError)),
            st.builds(_in_an_array, inside, name, bad, st.integers(0, 3)),
            st.builds(_replaced, inside, name, st.sampled_from(_WRONG_TYPES), st.just(TypeError)),
        ]
    for required in formula.domain.required:
        kinds.append(st.builds(_missing, inside, st.just(required)))
    kinds.append(st.builds(_replaced, inside, st.just("lambda_"), st.just(0.1), st.just(TypeError)))
    for relation in formula.domain.relations:
        ends = {name: formula.domain.entry(name).low for name in relation.names}
        known = {name: float(end) for name, end in ends.items() if end is not None}
        if len(known) == len(ends) and not relation.holds(known):
            others = [other for other in formula.domain.relations if other != relation]
            told = _told(formula, known)
            kinds.append(st.builds(_unrelated, inside, st.just(known), st.just(told)).filter(partial(_kept, others)))
    return st.one_of(*kinds)


def _replaced(point: Point, name: str, value: Any, error: type[Exception]) -> Refused:
    return {**point, name: value}, error, name


def _in_an_array(point: Point, name: str, value: float, place: int) -> Refused:
    entries = [value if i == place else point[name] for i in range(4)]
    return {**point, name: entries}, ValueError, name


def _missing(point: Point, name: str) -> Refused:
    return {k: v for k, v in point.items() if k != name}, TypeError, name


def _unrelated(point: Point, ends: Mapping[str, float], name: str) -> Refused:
    return {**point, **ends}, ValueError, name


def _told(formula: Formula, ends: Mapping[str, float]) -> str:
    """Which argument the error names: ranges are looked at before relations, in the order of the arguments."""
    beyond = [entry.name for entry in formula.domain.entries
              if entry.name in ends and not _allowed(entry, ends[entry.name])]
    return beyond[0] if beyond else next(iter(ends))


def _kept(relations: list[Relation], case: Refused) -> bool:
    return all(bool(relation.holds(case[0])) for relation in relations)


def refused_values(entry: Argument) -> list[float]:
    """Undefined and infinite values, and values beyond each end of the range (an open end itself included)."""
    values = [float("nan"), float("inf"), float("-inf")]
    if entry.low is not None:
        values.append(float(entry.low) - (0.0 if entry.low_open else 1e-9))
        values.append(float(entry.low) - 3.0)
    if entry.high is not None:
        values.append(float(entry.high) + (0.0 if entry.high_open else 1e-9))
        values.append(float(entry.high) + 3.0)
    return values
