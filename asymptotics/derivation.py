"""Derivations: chains of steps, each with its claim, its reason, its kind and an executable check.

Only ``exact`` steps count as proved. A step's check is computed from the expression of the step before it
and its own, so that a wrong expression put anywhere in the chain is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import sympy as sp

from asymptotics.algebra import expand_where, is_zero, time_limit
from asymptotics.sentences import paragraph, plain

Kind = Literal["assumption", "exact", "asymptotic", "numeric"]
KINDS: tuple[Kind, ...] = ("assumption", "exact", "asymptotic", "numeric")
Check = Callable[[Any, Any], Iterable[Any]]
Definition = tuple[sp.Symbol, sp.Expr]
CHECK_SECONDS = 60.0


_TRUTHS = (bool, np.bool_, sp.logic.boolalg.BooleanAtom)


class ProofError(AssertionError):
    """A step of a derivation does not hold."""


@dataclass(frozen=True)
class Step:
    """One step.

    ``claim`` and ``why`` are sentences with mathematics between dollar signs. ``expression`` is what stands
    after the step. ``check(previous, current)`` returns what must hold: expressions that must vanish
    identically, or truth values; one, or several of them. Only assumptions and asymptotic steps may come without a
    check.
    """

    claim: str
    expression: sp.Basic
    why: str
    kind: Kind
    check: Check | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind = {self.kind!r} must be one of {', '.join(KINDS)}")
        if not isinstance(self.expression, sp.Basic | sp.MatrixBase):
            raise TypeError(f"the expression of the step {self.claim!r} is {self.expression!r}, a "
                            f"{type(self.expression).__name__}; give one of sympy, in the symbols of the arguments")
        if self.check is None and self.kind in ("exact", "numeric"):
            raise ValueError(f"the {self.kind} step {self.claim!r} has no check")


@dataclass(frozen=True)
class Derivation:
    """Steps in order, and the shorthands they introduce. ``executed`` tells whether all checks ran.

    ``parent`` is the derivation that this one continues (`then`): its steps are the first of these.
    """

    steps: tuple[Step, ...]
    where: tuple[Definition, ...] = ()
    executed: bool = False
    parent: Derivation | None = field(default=None, repr=False, compare=False)
    _held: bool = field(default=False, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError("a derivation needs at least one step")

    @property
    def result(self) -> Any:
        """The expression after the last step (shorthands unexpanded)."""
        return self.steps[-1].expression

    def expand(self, expression: Any) -> Any:
        """``expression`` with every shorthand replaced by what it stands for."""
        return expand_where(expression, self.where)

    def then(self, *steps: Step, where: Iterable[Definition] = ()) -> Derivation:
        """This derivation continued."""
        fresh = tuple(d for d in where if d not in self.where)
        taken = {symbol for symbol, _ in self.where}
        for symbol, _ in fresh:
            if symbol in taken:
                raise ValueError(f"the shorthand {symbol} is already defined")
        return Derivation(self.steps + steps, self.where + fresh, parent=self)

    def execute(self, result: Any = None, *, watch: Callable[[str], None] | None = None) -> Derivation:
        """Run every check; ``result``, when given, stands in for the last expression.

        Raises ProofError naming the first step that fails. ``watch`` is called with each claim before it
        is checked. What the parent's steps are is checked once, however many derivations continue them.
        """
        steps = self.steps
        if result is not None:
            steps = (*steps[:-1], replace(steps[-1], expression=result))
        begun = self._begun(steps, watch)
        previous: Any = steps[begun - 1].expression if begun else None
        for number, step in enumerate(steps[begun:], begun + 1):
            if watch is not None:
                watch(step.claim)
            if step.check is not None:
                self._check(number, step, previous)
            previous = step.expression
        return Derivation(steps, self.where, executed=True, parent=self.parent)

    def _begun(self, steps: tuple[Step, ...], watch: Callable[[str], None] | None) -> int:
        """How many of the steps hold because they are the parent's, which is executed unless it has been."""
        if self.parent is None or steps[:len(self.parent.steps)] != self.parent.steps:
            return 0
        if not self.parent._held:
            self.parent.execute(watch=watch)
            object.__setattr__(self.parent, "_held", True)
        return len(self.parent.steps)

    def _check(self, number: int, step: Step, previous: Any) -> None:
        with time_limit(CHECK_SECONDS, f"the check of step {number}"):
            for item in self._items(number, step, previous):
                if isinstance(item, _TRUTHS):
                    if item:
                        continue
                    raise ProofError(f"step {number} fails: {step.claim}")
                residual = self.expand(item)
                if not is_zero(residual):
                    raise ProofError(f"step {number} fails: {step.claim} (residual {residual})")

    @staticmethod
    def _items(number: int, step: Step, previous: Any) -> Iterator[Any]:
        """What must hold, each made when it is asked for: after one that does not hold, no other is made.

        An expression that has not even the form the check takes apart is refused.
        """
        assert step.check is not None
        nothing = True
        try:
            found = step.check(previous, step.expression)
            for item in [found] if _is_single(found) else found:
                nothing = False
                yield item
        except (AttributeError, IndexError, ValueError, ArithmeticError) as error:
            raise ProofError(f"step {number} fails: {step.claim} (not of the form it should have: {error})") from error
        except TypeError as error:
            raise TypeError(f"the check of step {number}, {step.claim!r}, must take the expression before it and its "
                            f"own, and return what must vanish or hold: {error}") from error
        if nothing:
            raise ProofError(f"step {number} fails: {step.claim} (its check returned nothing to compare)")

    def count(self, kind: Kind) -> int:
        """How many steps are of ``kind``."""
        return sum(step.kind == kind for step in self.steps)

    @property
    def summary(self) -> str:
        """Such as ``5 exact (proved), 1 asymptotic, 1 assumption``."""
        done = " (proved)" if self.executed else " (not executed)"
        return ", ".join(
            f"{self.count(kind)} {kind}{done if kind == 'exact' else ''}"
            for kind in ("exact", "numeric", "asymptotic", "assumption") if self.count(kind)
        )

    def __str__(self) -> str:
        """The steps for a terminal: number, kind, claim, expression, reason; then the shorthands."""
        from asymptotics.latex import equation, indent, pretty

        blocks = [_step_text(number, step) for number, step in enumerate(self.steps, 1)]
        meanings = [equation(pretty(s), m) for s, m in self.where]
        names = "\n\nShorthands\n" + "\n".join(indent(text) for text in meanings) if meanings else ""
        return "\n\n".join(blocks) + names + f"\n\n{self.summary}"

    def latex(self, first: int = 1) -> str:
        """The steps from number ``first`` on as a LaTeX list, with their kinds and reasons."""
        from asymptotics.latex import display

        items = [
            f"\\item \\textit{{{step.kind}}}. {_sentence(step.claim)}\n{display('', step.expression)}\n"
            f"{{\\small Why: {_sentence(step.why)}}}"
            for step in self.steps[first - 1:]
        ]
        start = f"\\setcounter{{enumi}}{{{first - 1}}}\n"
        return "\\begin{enumerate}\n" + start + "\n".join(items) + "\n\\end{enumerate}"

    def _repr_latex_(self) -> str:
        from asymptotics.latex import latex

        return f"$\\displaystyle {latex(self.result)}$"

    def _repr_markdown_(self) -> str:
        """The steps: kind, claim, expression, reason; then the shorthands."""
        from asymptotics.latex import latex

        items = [
            f"{number}. *{step.kind}* – {step.claim}\n\n   $$\\displaystyle {latex(step.expression)}$$\n\n"
            f"   {step.why}\n"
            for number, step in enumerate(self.steps, 1)
        ]
        where = ",\\quad ".join(f"{latex(symbol)} = {latex(meaning)}" for symbol, meaning in self.where)
        return "\n".join([*items, *([f"where $\\displaystyle {where}$", ""] if where else []), self.summary])


def _is_single(found: Any) -> bool:
    return isinstance(found, (*_TRUTHS, sp.Basic)) and not isinstance(found, sp.Tuple)


def same(previous: Any, current: Any) -> Iterable[Any]:
    """The check that a step only rewrites: the two expressions are identically equal."""
    pairs = zip(previous, current, strict=True) if isinstance(current, sp.Tuple) else [(previous, current)]
    return [a - b for a, b in pairs]


def _sentence(text: str) -> str:
    """Upper-case first letter and a full stop, mathematics untouched."""
    head = text if text.startswith("$") else text[0].upper() + text[1:]
    return head + ("" if head.endswith(".") else ".")


def _step_text(number: int, step: Step) -> str:
    from asymptotics.latex import indent, pretty

    claim = paragraph(f"{number}. [{step.kind}] {plain(step.claim)}", "", "   ")
    return f"{claim}\n\n{indent(pretty(step.expression))}\n\n{paragraph(f'because {plain(step.why)}', '   ', '   ')}"
