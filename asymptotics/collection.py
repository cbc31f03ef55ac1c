"""All formulas of this project, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from asymptotics import balance, limited_samples, phases
from asymptotics.formula import Catalogue, Formula, compile_formulas


@cache
def catalogue() -> Catalogue:
    """The immutable, ordered mapping name -> Formula of everything this package derives."""
    return Catalogue([*limited_samples.FORMULAS, *phases.FORMULAS, *balance.FORMULAS])


def get(name: str) -> Formula:
    """The formula of that dotted name; LookupError with the closest names if there is none."""
    return catalogue()[name]


def compile(formulas: Iterable[str | Formula], backend: str = "numpy") -> Callable[..., dict[str, Any]]:
    """One keyword callable for several formulas (names or objects) that returns name -> value.

    Common subexpressions are computed once. It validates nothing; backends "numpy", "torch", "mpmath".
    """
    if isinstance(formulas, str | Formula):
        raise TypeError("compile takes a list of names; for one formula use formula.compile(backend)")
    return compile_formulas([f if isinstance(f, Formula) else get(f) for f in formulas], backend)
