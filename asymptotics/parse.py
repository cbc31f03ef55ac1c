"""Reading expressions that users write."""

from __future__ import annotations

import re

import sympy as sp


def read(expression: sp.Expr | str | float, *allowed: sp.Symbol, where: str) -> sp.Expr:
    """The user's expression with its symbols replaced by ours of the same name.

    ``allowed`` are the symbols it may contain; anything else raises ValueError naming the symbol.
    Decimal numbers become exact fractions, because floats inside an expression spoil every proof.
    """
    if isinstance(expression, bool):
        raise TypeError(f"{where} = {expression!r} must be an expression")
    if isinstance(expression, str) and not re.fullmatch(r"(?!.*__)[\w\s+\-*/^().,|<>=]*", expression):
        raise ValueError(f"{where}: {expression!r} is not arithmetic; write an expression such as 1 - t**2")
    try:
        parsed = sp.sympify(expression, locals={symbol.name: symbol for symbol in allowed})
    except (sp.SympifyError, TypeError, SyntaxError, AttributeError) as error_:
        raise TypeError(f"{where}: cannot read {expression!r} as an expression") from error_
    if not isinstance(parsed, sp.Expr):
        raise TypeError(f"{where}: {expression!r} is not a scalar expression")
    ours = {symbol.name: symbol for symbol in allowed}
    strangers = sorted(s.name for s in parsed.free_symbols if s.name not in ours)
    if strangers:
        raise ValueError(
            f"{where}: unknown symbol {strangers[0]!r} in {expression!r}; "
            f"it may contain {', '.join(ours) or 'numbers only'}"
        )
    parsed = parsed.xreplace({s: ours[s.name] for s in parsed.free_symbols})
    return sp.nsimplify(parsed, rational=True) if parsed.atoms(sp.Float) else parsed
