"""Derivations: chains of steps, each with its claim, its reason, its kind and an executable check.

Only ``exact`` steps count as proved. A step's check is computed from the expression of the step before it
and its own, so that a wrong expression put anywhere in the chain is refused.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import sympy as sp

from asymptotics.algebra import expand_where, time_limit
from asymptotics.functions import GaussianMean, LeastPoint
from asymptotics.proof import Refuted, Region, Sign, Undecided, decide
from asymptotics.sentences import paragraph, plain
from asymptotics.symbols import ARGUMENTS

Kind = Literal["assumption", "exact", "asymptotic", "numeric"]
KINDS: tuple[Kind, ...] = ("assumption", "exact", "asymptotic", "numeric")
Check = Callable[[Any, Any], Iterable[Any]]
Definition = tuple[sp.Symbol, sp.Expr]
CHECK_SECONDS = 60.0


_TRUTHS = (bool, np.bool_, sp.logic.boolalg.BooleanAtom)


EVERYWHERE = Region()
"""No condition beyond the ranges of the arguments."""


class ProofError(AssertionError):
    """A step of a derivation does not hold."""


@dataclass(frozen=True)
class Claim:
    """What a check asks of the kernel: ``expression`` has the ``sign`` where the ``conditions`` hold, too.

    ``sign`` is "> 0", ">= 0", "< 0", "<= 0" or "= 0"; conditions are inequalities of sympy, in shorthands as well.
    """

    expression: sp.Expr
    sign: Sign = "= 0"
    conditions: tuple[sp.Basic, ...] = ()


@dataclass(frozen=True)
class Step:
    """One step.

    ``claim`` and ``why`` are sentences with mathematics between dollar signs. ``expression`` is what stands
    after the step. ``check(previous, current)`` returns what must hold: expressions that must vanish
    identically, claims, or truth values; one, or several of them. Only assumptions and asymptotic steps may come
    without a check. ``region``, if given, is the set for which the check speaks, whatever it is executed on. A
    ``lemma`` is an exact step that proves a statement of its own, and does not follow from the expression before it;
    `asymptotics.testing.unchained` finds exact steps that are lemmas and do not say so.
    """

    claim: str
    expression: sp.Basic
    why: str
    kind: Kind
    check: Check | None = None
    region: Region | None = None
    lemma: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind = {self.kind!r} must be one of {', '.join(KINDS)}")
        if not isinstance(self.expression, sp.Basic | sp.MatrixBase):
            raise TypeError(f"the expression of the step {self.claim!r} is {self.expression!r}, a "
                            f"{type(self.expression).__name__}; give one of sympy, in the symbols of the arguments")
        if self.check is None and self.kind in ("exact", "numeric"):
            raise ValueError(f"the {self.kind} step {self.claim!r} has no check")
        if self.lemma and self.kind != "exact":
            raise ValueError(f"the {self.kind} step {self.claim!r} is no lemma: a lemma must be exact")

    @property
    def label(self) -> str:
        """The kind as it is printed: such as ``numeric``, or ``exact, lemma``."""
        return f"{self.kind}, lemma" if self.lemma else self.kind


@dataclass(frozen=True)
class Derivation:
    """Steps in order, and the shorthands they introduce. ``executed`` tells whether all checks ran.

    ``parent`` is the derivation that this one continues (`then`): its steps are the first of these.
    """

    steps: tuple[Step, ...]
    where: tuple[Definition, ...] = ()
    executed: bool = field(default=False, init=False)
    parent: Derivation | None = field(default=None, repr=False, compare=False)
    _held: set[Region] = field(default_factory=set, init=False, repr=False, compare=False)

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

    def execute(
        self, result: Any = None, *, region: Region = EVERYWHERE, before: Region | None = None,
        watch: Callable[[str], None] | None = None,
    ) -> Derivation:
        """Run every check, on the ``region`` and on the ranges of the arguments of the alphabet.

        Raises ProofError naming the first step that fails. ``watch`` is called with each claim before it
        is checked. What the parent's steps are is checked once, however many derivations continue them.
        ``before``, when given, is the region for the parent's steps: that of the formula which this one continues.
        ``result``, when given, takes the place of the last expression, and is refused unless it equals it.
        """
        if region not in self._held:
            begun = self._begun(region if before is None else before, watch)
            previous: Any = self.steps[begun - 1].expression if begun else None
            for number, step in enumerate(self.steps[begun:], begun + 1):
                if watch is not None:
                    watch(step.claim)
                if step.check is not None:
                    self._check(number, step, previous, region)
                previous = step.expression
            self._held.add(region)
        steps = self.steps
        if result is not None:
            self._require_same(result, region)
            steps = (*steps[:-1], replace(steps[-1], expression=result))
        done = Derivation(steps, self.where, parent=self.parent)
        object.__setattr__(done, "executed", True)
        return done

    def _begun(self, region: Region, watch: Callable[[str], None] | None) -> int:
        """How many of the steps hold because they are the parent's, which is executed unless it has been."""
        if self.parent is None or self.steps[:len(self.parent.steps)] != self.parent.steps:
            return 0
        self.parent.execute(region=region, watch=watch)
        return len(self.parent.steps)

    def _check(self, number: int, step: Step, previous: Any, region: Region) -> None:
        if step.region is not None and not set(step.region.conditions) <= set(region.conditions):
            raise ProofError(f"step {number} fails: {step.claim} (it is shown on a smaller set)")
        with time_limit(CHECK_SECONDS, f"the check of step {number}"):
            for item in self._items(number, step, previous):
                if isinstance(item, _TRUTHS):
                    if item:
                        continue
                    raise ProofError(f"step {number} fails: {step.claim}")
                self._require(_claim(item, number), region, f"step {number} fails: {step.claim}")

    def _require_same(self, result: Any, region: Region) -> None:
        """ProofError unless the expression equals the result on the region, and its means are computed alike."""
        for item in differences(self.expand(self.result), self.expand(result)):
            self._require(Claim(item), region, "it differs")
        theirs, ours = (
            {mean.hints for mean in self.expand(each).atoms(GaussianMean)} for each in (result, self.result))
        for hints in theirs - ours:
            if not any(self._are_same(hints, others, region) for others in ours):
                raise ProofError("the hints for the numerics of its means are not those of the result")

    def _are_same(self, left: tuple[sp.Expr, ...], right: tuple[sp.Expr, ...], region: Region) -> bool:
        try:
            for one, other in zip(left, right, strict=True):
                self._require(Claim(one - other), region, "it differs")
        except ProofError:
            return False
        return True

    def _require(self, claim: Claim, region: Region, problem: str) -> None:
        expression = self.expand(claim.expression)
        narrower = Region.of(*(self.expand(condition) for condition in claim.conditions))
        try:
            whole = Region(region.conditions + narrower.conditions, region.symbols)
            decide(expression, claim.sign, _with_ranges(whole, expression))
        except Refuted as error:
            raise ProofError(f"{problem} ({error})") from None
        except Undecided as error:
            raise ProofError(f"{problem} (not decided: {error})") from None

    @staticmethod
    def _items(number: int, step: Step, previous: Any) -> Iterator[Any]:
        """What must hold, each made when it is asked for: after one that does not hold, no other is made.

        An expression that has not even the form the check takes apart is refused.
        """
        assert step.check is not None
        wrong = (f"the check of step {number}, {step.claim!r}, must take the expression before it and its own, and "
                 "return what must vanish or hold")
        if not _takes_two(step.check):
            raise TypeError(wrong)
        nothing = True
        try:
            found = step.check(previous, step.expression)
            if not _is_single(found) and not isinstance(found, Iterable):
                raise _NotAnAnswer(f"{wrong}, not {found!r}")
            for item in [found] if _is_single(found) else found:
                nothing = False
                yield item
        except _NotAnAnswer:
            raise
        except _OF_ANOTHER_FORM as error:
            raise ProofError(f"step {number} fails: {step.claim} (not of the form it should have: {error})") from error
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
            f"\\item \\textit{{{step.label}}}. {_sentence(step.claim)}\n{display('', step.expression)}\n"
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
            f"{number}. *{step.label}* – {step.claim}\n\n   $$\\displaystyle {latex(step.expression)}$$\n\n"
            f"   {step.why}\n"
            for number, step in enumerate(self.steps, 1)
        ]
        where = ",\\quad ".join(f"{latex(symbol)} = {latex(meaning)}" for symbol, meaning in self.where)
        return "\n".join([*items, *([f"where $\\displaystyle {where}$", ""] if where else []), self.summary])


class _NotAnAnswer(TypeError):
    """A check returned what says nothing."""


_OF_ANOTHER_FORM = (
    TypeError, AttributeError, LookupError, ValueError, ArithmeticError, NotImplementedError,
    sp.polys.BasePolynomialError,
)
"""What a check may raise that takes apart an expression of another form than it expects."""


def _takes_two(check: Check) -> bool:
    """Whether it can be called with two expressions, as far as Python can tell."""
    try:
        inspect.signature(check).bind(None, None)
    except TypeError:
        return False
    except ValueError:  # A function of C without a signature.
        return True
    return True


def _claim(item: Any, number: int) -> Claim:
    """What a check returned, as a claim; texts are not read."""
    if isinstance(item, Claim):
        return item
    try:
        return Claim(sp.sympify(item, strict=True))
    except sp.SympifyError:
        raise TypeError(f"the check of step {number} returned {item!r}; give expressions of sympy that must vanish, "
                        "claims, or truth values") from None


def _is_single(found: Any) -> bool:
    return isinstance(found, (*_TRUTHS, sp.Basic, Claim)) and not isinstance(found, sp.Tuple)


def same(previous: Any, current: Any) -> Iterable[Any]:
    """The check that a step only rewrites: the two expressions are identically equal."""
    return differences(previous, current)


def differences(left: Any, right: Any) -> list[Any]:
    """What must vanish where two results are equal: of numbers, of several numbers, or of minimisations."""
    if isinstance(left, LeastPoint) and isinstance(right, LeastPoint):
        if len(left.unknowns) != len(right.unknowns):
            return [sp.S.One]
        names = [sp.Dummy(f"x{k}", real=True) for k in range(len(left.unknowns))]
        one, other = (each.objective.xreplace(dict(zip(each.unknowns, names, strict=True))) for each in (left, right))
        return [one - other]
    if isinstance(left, sp.Tuple | sp.MatrixBase) and isinstance(right, sp.Tuple | sp.MatrixBase):
        return [a - b for a, b in zip(left, right, strict=True)]
    return [left - right]


def _with_ranges(region: Region, expression: sp.Expr) -> Region:
    """The region, and the ranges of the alphabet for symbols of which it says nothing."""
    others = expression.free_symbols - region.symbols
    known = [entry for entry in ARGUMENTS.values() if entry.symbol in others]
    ranges = Region.of(*(relation for entry in known for relation in entry.inequalities))
    return Region(tuple(dict.fromkeys(ranges.conditions + region.conditions)))


def _sentence(text: str) -> str:
    """Upper-case first letter and a full stop, mathematics untouched."""
    head = text if text.startswith("$") else text[0].upper() + text[1:]
    return head + ("" if head.endswith(".") else ".")


def _step_text(number: int, step: Step) -> str:
    from asymptotics.latex import indent, pretty

    claim = paragraph(f"{number}. [{step.label}] {plain(step.claim)}", "", "   ")
    return f"{claim}\n\n{indent(pretty(step.expression))}\n\n{paragraph(f'because {plain(step.why)}', '   ', '   ')}"
