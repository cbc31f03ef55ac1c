"""Reading one argument that may be an expression, a number or text."""

from __future__ import annotations

import sympy as sp

from asymptotics.coerce import shorten
from asymptotics.parse.text import Text


def read(expression: sp.Expr | str | float, *allowed: sp.Symbol, where: str) -> sp.Expr:
    """The user's expression with its symbols replaced by ours of the same name.

    Parameters
    ----------
    expression
        Text, a number, or an expression of sympy. A float is the fraction that it is stored as, also inside a sympy
        expression; a decimal in a text is the fraction that it spells.
    *allowed
        The symbols that it may contain.
    where
        The argument's name, for messages.

    Raises
    ------
    ValueError
        For text that is not arithmetic or beyond the bounds of this module, and for other symbols.
    TypeError
        For anything that does not read as a scalar expression.
    """
    ours = {symbol.name: symbol for symbol in allowed}
    if isinstance(expression, str):
        return Text(expression, where).expression(ours)
    if isinstance(expression, bool):
        raise TypeError(f"{where} = {expression!r} must be an expression")
    try:
        parsed = sp.sympify(expression, strict=True)
    except (sp.SympifyError, TypeError, ValueError, AttributeError) as error:
        raise TypeError(f"{where}: cannot read {shorten(expression)} as an expression") from error
    if not isinstance(parsed, sp.Expr) or parsed.is_Matrix:
        raise TypeError(f"{where}: {shorten(expression)} is not a scalar expression")
    strangers = sorted(s.name for s in parsed.free_symbols if s.name not in ours)
    if strangers:
        raise ValueError(
            f"{where}: unknown symbol {strangers[0]!r} in {shorten(parsed)}; "
            f"it may contain {', '.join(ours) or 'numbers only'}"
        )
    parsed = parsed.xreplace({s: ours[s.name] for s in parsed.free_symbols})
    return parsed.xreplace({number: _exactly(number) for number in parsed.atoms(sp.Float)})


def _exactly(number: sp.Float) -> sp.Rational:
    """The fraction that a float of sympy is stored as."""
    sign, mantissa, exponent, _ = number._mpf_
    return sp.Rational((-1) ** sign * int(mantissa)) * sp.Integer(2) ** exponent
