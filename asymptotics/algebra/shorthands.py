"""Putting the meanings of shorthands into an expression."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp


def expand_where(expression: sp.Basic, where: Iterable[tuple[sp.Symbol, sp.Expr]]) -> Any:
    """Put the definitions of shorthands in; later definitions may use earlier ones."""
    for symbol, meaning in reversed(list(where)):
        expression = expression.xreplace({symbol: meaning})
    return expression
