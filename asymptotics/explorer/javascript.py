"""Formulas as JavaScript, for pages: printed from the expressions by the printer that writes the Python source.

The functions that the source calls (``_exp``, ``_gaussian_mean``, ...) are those of runtime.js, one table as for the
other backends; there all numbers are doubles, one at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import sympy as sp

from asymptotics.domain import Domain, Relation
from asymptotics.formula import Formula, Minimiser
from asymptotics.functions import LeastPoint
from asymptotics.numeric import SourcePrinter, ready, source


class _JavaScript(SourcePrinter):
    """Where JavaScript differs from Python."""

    def _print_Rational(self, expression: sp.Rational) -> str:
        return f"({expression.p}/{expression.q})"

    def _print_BooleanTrue(self, expression: sp.Basic) -> str:
        return "true"

    def _print_And(self, expression: sp.And) -> str:
        return "(" + " && ".join(self._print(part) for part in expression.args) + ")"

    def _print_Or(self, expression: sp.Or) -> str:
        return "(" + " || ".join(self._print(part) for part in expression.args) + ")"

    def _print_Add(self, expression: sp.Add) -> str:
        # A sign before a power is an error in JavaScript.
        text = super()._print_Add(expression)
        return f"0 {text[0]} {text[1:]}" if text.startswith("-") else text

    def _lambda(self, name: str, body: str) -> str:
        return f"({name}) => ({body})"

    def _tuple(self, parts: Sequence[str]) -> str:
        return f"[{', '.join(parts)}]"

    def function_source(
        self, arguments: Sequence[str], lines: Sequence[tuple[str, str]], results: Sequence[str]
    ) -> str:
        body = [f"  const {name} = {text};" for name, text in lines]
        (result,) = results
        return "\n".join([f"({{{', '.join(arguments)}}}) => {{", *body, f"  return {result};", "}"])


def prints(formula: Formula) -> bool:
    """Whether a page can compute it: all but minimisations in several unknowns that bring no script."""
    return bool(_script(formula)) or not formula.short.has(LeastPoint)


def _script(formula: Formula) -> str:
    """The text of its own function, or ""."""
    if not isinstance(formula, Minimiser) or formula.numbers is None or not formula.numbers.script:
        return ""
    return formula.numbers.page().strip()


def values(formula: Formula) -> tuple[tuple[str, str], ...]:
    """The values that a page draws of a result that has several, with the LaTeX of their letters."""
    if not isinstance(formula, Minimiser) or formula.numbers is None:
        return ()
    return formula.numbers.values


def function(formula: Formula) -> str:
    """A JavaScript function of an object of its arguments, with their defaults; it validates nothing.

    It returns a number, or, of a minimisation in several unknowns, an object of its values (null without a minimiser).
    """
    if script := _script(formula):
        return script
    if not prints(formula):
        raise TypeError(
            f"{formula.name} is a minimisation in several unknowns without a script: no page can compute it"
        )
    where = [(symbol, ready(meaning)) for symbol, meaning in formula.where]
    defaults = formula.domain.defaults
    arguments = [name if name not in defaults else f"{name} = {defaults[name]}" for name in formula.arguments]
    return source({"value": ready(formula.short)}, arguments, where, _JavaScript())


def runtime() -> str:
    """The functions that printed formulas call."""
    return files("asymptotics.explorer").joinpath("runtime.js").read_text(encoding="utf-8")


def condition(domain: Domain, relation: Relation) -> str:
    """A JavaScript function of an object of arguments: whether a relation of the domain holds between them."""
    printer = _JavaScript()
    parts = " || ".join(printer.doprint(ready(part)) for part in domain.alternatives(relation))
    return f"({{{', '.join(relation.names)}}}) => {parts}"
