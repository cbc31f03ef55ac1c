"""Statement: what a result of the theory is. What one can do with it is `Formula`, which builds on this."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, Protocol

import sympy as sp

from asymptotics.arguments import check_letter
from asymptotics.coerce import shorten
from asymptotics.derivation import Definition, Derivation, ProofError
from asymptotics.domain import Domain
from asymptotics.formula.remainder import Remainder
from asymptotics.functions import ArgMin, LeastPoint
from asymptotics.parse import read
from asymptotics.sentences import check_sentence

Status = Literal["paper", "project"]


@dataclass(frozen=True)
class Source:
    """Where a result comes from.

    ``status``: "paper" when the authors state it (text or published code), "project" when it was derived
    here. ``place`` says where or how; ``notation`` how letters or signs differ from theirs.
    """

    paper: str
    place: str
    status: Status
    notation: str = ""

    def __post_init__(self) -> None:
        if self.status not in ("paper", "project"):
            raise ValueError(f"status = {self.status!r} must be 'paper' or 'project'")

    def __str__(self) -> str:
        who = "stated by the authors" if self.status == "paper" else "derived here"
        return f"{self.paper}, {self.place} ({who})" + (f"; {self.notation}" if self.notation else "")


@dataclass(frozen=True)
class Deferred:
    """A function by the names of its module and itself, imported when first called.

    Derivations build sympy expressions; naming them this way keeps `import asymptotics` light. ``home`` is the
    module that holds the formula so derived.
    """

    module: str
    function: str
    home: str = ""

    def __call__(self) -> Derivation:
        derivation: Derivation = getattr(importlib.import_module(self.module), self.function)()
        return derivation


@dataclass(frozen=True)
class Statement:
    """What a result states: one closed form, or one quantity defined by an equation.

    name       dotted, such as ``limited_samples.mean_error``
    letter     LaTeX of the left-hand side
    statement  one sentence: what the value is, with its normalisation
    domain     the arguments and where the formula holds
    regime     the limit in which it holds
    source     paper, place, status, differences of notation
    derive     a function of no argument that returns the Derivation whose result is the expression
    pinned     whether its schedule must run from (1, 0) to (0, 1)
    left_out   what an expansion leaves out
    home       name of the module that holds the formula, by which it is pickled; without one, that of ``derive``
    """

    name: str
    letter: str
    statement: str
    domain: Domain
    regime: str
    source: Source
    derive: Callable[[], Derivation]
    pinned: bool = False
    left_out: tuple[Remainder, ...] = ()
    home: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        room, *rest = self.name.split("(")[0].split(".")
        if not rest or not all(part.isidentifier() and part.isascii() for part in (room, *rest)):
            raise ValueError(f"name = {self.name!r} must be dotted identifiers, room and result: mine.linear_error")
        check_letter(self.letter, f"formula {self.name!r}")
        if not self.statement:
            raise ValueError(f"{self.name} needs a statement: one sentence on what its value is")
        for place, text in (("statement", self.statement), ("regime", self.regime), ("source", str(self.source))):
            check_sentence(text, f"the {place} of {self.name}")
        if not callable(self.derive):
            raise TypeError(f"derive = {self.derive!r} must be a function returning a Derivation")
        if not self.home:
            home = getattr(self.derive, "home", "") or getattr(self.derive, "__module__", "")
            object.__setattr__(self, "home", home)

    @property
    def remainder(self) -> str:
        """LaTeX of what an expansion leaves out, such as ``O(n^{-3})``; "" for a formula that is no expansion.

        One expansion of another leaves out ``O(n^{-3}),\\; O(\\lambda^{2})``: each at fixed other arguments.
        """
        return r",\; ".join(each.latex for each in self.left_out)

    @property
    def arguments(self) -> tuple[str, ...]:
        """Names of all arguments, in order."""
        return self.domain.arguments

    @property
    def derivation(self) -> Derivation:
        """The derivation, built once and not yet checked (`prove` checks it)."""
        return _derivation(self)

    @property
    def short(self) -> sp.Expr:
        """The expression with its shorthands; `where` tells what they stand for."""
        return self.derivation.result

    @property
    def where(self) -> tuple[Definition, ...]:
        """The shorthands that the expression uses, each after those it depends on."""
        return _used(self)

    @property
    def expression(self) -> sp.Expr:
        """The expression in the arguments alone."""
        return self.derivation.expand(self.short)

    def prove(
        self, expression: sp.Expr | None = None, *, watch: Callable[[str], None] | None = None
    ) -> Derivation:
        """Execute every check of the derivation; raises ProofError if one fails.

        An ``expression`` given takes the place of the result, and is refused unless it equals it.
        """
        source = getattr(self.derive, "parent", None)
        before = None
        if isinstance(source, Statement):
            source.prove(watch=watch)
            before = source.domain.region
        if expression is None:
            return self.derivation.execute(region=self.domain.region, before=before, watch=watch)
        allowed = [entry.symbol for entry in self.domain.entries] + [symbol for symbol, _ in self.where]
        if isinstance(expression, ArgMin | LeastPoint):
            if strangers := expression.free_symbols - set(allowed):
                raise ValueError(f"expression: unknown symbol {min(map(str, strangers))!r}")
        else:
            expression = read(expression, *allowed, where="expression")
        try:
            return self.derivation.execute(expression, region=self.domain.region, before=before, watch=watch)
        except ProofError as error:
            raise ProofError(f"{shorten(expression, 150)[1:-1]} is not the result of {self.name}: {error}") from error

    def __repr__(self) -> str:
        return f"<Formula {self.name}({', '.join(self.arguments)})>"


@cache
def _derivation(statement: Statement) -> Derivation:
    derivation = statement.derive()
    if not isinstance(derivation, Derivation):
        raise TypeError(f"{statement.name}: derive() returned {type(derivation).__name__}, not a Derivation")
    allowed = {entry.symbol for entry in statement.domain.entries}
    for symbol, _ in derivation.where:
        if symbol in allowed or symbol.name in statement.arguments:
            raise ValueError(f"{statement.name}: the shorthand {symbol} is an argument too; give it another symbol")
    expanded = derivation.expand(derivation.result)
    if odd := expanded.atoms(sp.Float) | expanded.atoms() & {sp.I, sp.nan, sp.zoo}:
        raise ValueError(f"{statement.name}: the derived expression contains {min(map(str, odd))}; a formula is real, "
                         "and its numbers are exact: sympy.Rational(1, 2), not 0.5")
    strangers = expanded.free_symbols - allowed
    if strangers:
        same = sorted({s.name for s in strangers} & set(statement.arguments))
        if late := sorted({s.name for s in strangers} & {s.name for s, _ in derivation.where}):
            raise ValueError(f"{statement.name}: the shorthand {late[0]} is used by one before it; give shorthands in "
                             "the order in which they are computed")
        hint = f"; {same[0]} is a symbol beside the argument's: take domain.symbols[{same[0]!r}]" if same else ""
        raise ValueError(
            f"{statement.name}: the derived expression contains {sorted(map(str, strangers))}, "
            f"which are not among its arguments {statement.arguments}{hint}"
        )
    return derivation


@cache
def _used(statement: Statement) -> tuple[Definition, ...]:
    derivation = statement.derivation
    needed = set(derivation.result.free_symbols)
    kept: list[Definition] = []
    for symbol, meaning in reversed(derivation.where):
        if symbol in needed:
            kept.append((symbol, meaning))
            needed |= meaning.free_symbols
    return tuple(reversed(kept))


class Valued(Protocol):
    """What a curve is drawn of: a statement that can be called, such as a `Formula`."""

    @property
    def name(self) -> str: ...
    @property
    def letter(self) -> str: ...
    @property
    def statement(self) -> str: ...
    @property
    def domain(self) -> Domain: ...
    @property
    def arguments(self) -> tuple[str, ...]: ...
    @property
    def fluctuation(self) -> Valued: ...
    def __call__(self, **values: Any) -> Any: ...
