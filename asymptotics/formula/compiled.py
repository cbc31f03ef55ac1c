"""One callable for several formulas, which computes their common parts once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import sympy as sp

from asymptotics.formula.statement import Statement
from asymptotics.numeric import BACKENDS, compile_expressions


def compile_formulas(formulas: Iterable[Statement], backend: str = "numpy") -> Callable[..., Any]:
    """One keyword callable for several formulas returning name -> value; shared parts computed once."""
    chosen = tuple(formulas)
    if not chosen:
        raise ValueError("compile needs at least one formula")
    if backend not in BACKENDS:
        raise ValueError(f"backend = {backend!r} must be one of {', '.join(BACKENDS)}")
    return _compile_formulas(chosen, backend)


@cache
def _compile_formulas(formulas: tuple[Statement, ...], backend: str) -> Callable[..., Any]:
    where: dict[sp.Symbol, sp.Expr] = {}
    bodies: dict[str, sp.Expr] = {}
    for formula in formulas:
        renamed: dict[sp.Symbol, sp.Symbol] = {}
        for symbol, meaning in formula.where:
            own = meaning.xreplace(renamed)
            if where.get(symbol, own) != own:  # another formula's shorthand of the same letter
                renamed[symbol] = sp.Symbol(f"{symbol.name}_{len(where)}", **symbol.assumptions0)
            where[renamed.get(symbol, symbol)] = own
        bodies[formula.name] = formula.short.xreplace(renamed)
    arguments = tuple(dict.fromkeys(name for f in formulas for name in f.arguments))
    defaults = {name: value for f in formulas for name, value in f.domain.defaults.items()}
    return compile_expressions(bodies, arguments, tuple(where.items()), backend, defaults)
