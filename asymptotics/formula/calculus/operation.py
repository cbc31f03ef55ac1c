"""What all operations share: an argument by its name, an expression that sympy can read, a derivation continued."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import sympy as sp

from asymptotics.derivation import Derivation
from asymptotics.formula.statement import Statement
from asymptotics.functions import ArgMin, LeastPoint, spelled
from asymptotics.parse import read

F = TypeVar("F", bound=Statement)


@dataclass(frozen=True)
class Operation:
    """A derivation that continues the parent's: hashable and picklable, run on first use.

    ``make(formula, *parameters)`` is the operation itself; ``expands`` says that it leaves something out.
    """

    make: Callable[..., Any]
    run: Callable[..., Derivation]
    parent: Statement
    parameters: tuple[Any, ...]
    expands: bool = False

    def __call__(self) -> Derivation:
        return self.run(self.parent, *self.parameters)

    def repeat(self, parent: Statement) -> Statement:
        """Return the same operation on another formula."""
        made: Statement = self.make(parent, *self.parameters)
        return made


def argument(formula: Statement, name: str) -> sp.Symbol:
    if name not in formula.arguments:
        raise ValueError(f"{formula.name} has no argument {name!r}; its arguments are "
                         f"{', '.join(formula.arguments)}")
    return formula.domain.entry(name).symbol


def explicit(formula: Statement, what: str) -> sp.Expr:
    expression = formula.expression
    if expression.has(ArgMin, LeastPoint):
        raise ValueError(f"{formula.name} is defined by a minimisation; sympy has no {what} for it")
    return spelled(expression)


def end_of(formula: Statement, name: str, value: Any, where: str) -> sp.Expr:
    """What an argument may tend to: a number in its closed range, or infinity where that has no end."""
    target = read(value, where=where)
    entry = formula.domain.entry(name)
    low, high = (
        end if bound is None else sp.Rational(bound.numerator, bound.denominator)
        for end, bound in ((-sp.oo, entry.low), (sp.oo, entry.high))
    )
    if not (target.is_extended_real and low <= target <= high and target != -sp.oo):
        raise ValueError(f"{name} -> {target} is not allowed: {entry.range}, or its end")
    return target
