"""Formula: one result of the theory, said once.

From it come its derivation (executed on demand), its numbers, its LaTeX and its reference.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import sympy as sp

from asymptotics.arguments import check_letter
from asymptotics.derivation import Definition, Derivation, ProofError
from asymptotics.domain import Domain
from asymptotics.formula import evaluation, labelled
from asymptotics.functions import ArgMin, LeastPoint
from asymptotics.parse import read
from asymptotics.sentences import check_sentence

if TYPE_CHECKING:
    import mpmath
    import numpy as np
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

    from asymptotics.schedule import Interpolant
from asymptotics.formula.compiled import compile_formulas

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

    Derivations build sympy expressions; naming them this way keeps `import asymptotics` light.
    """

    module: str
    function: str

    def __call__(self) -> Derivation:
        derivation: Derivation = getattr(importlib.import_module(self.module), self.function)()
        return derivation


@dataclass(frozen=True)
class Formula:
    """One closed form, or one quantity defined by an equation.

    name       dotted, such as ``limited_samples.mean_error``
    letter     LaTeX of the left-hand side
    statement  one sentence: what the value is, with its normalisation
    domain     the arguments and where the formula holds
    regime     the limit in which it holds
    source     paper, place, status, differences of notation
    derive     a function of no argument that returns the Derivation whose result is the expression
    pinned     whether its schedule must run from (1, 0) to (0, 1)
    remainder  LaTeX of what an expansion leaves out, such as ``O(n^{-3})``

    Calls are keyword-only and validated; see `__call__`, `evaluate`, `compile`.
    """

    name: str
    letter: str
    statement: str
    domain: Domain
    regime: str
    source: Source
    derive: Callable[[], Derivation]
    pinned: bool = False
    remainder: str = ""

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

    # -- what it is ---------------------------------------------------------------------------------

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

    @property
    def fluctuation(self) -> Formula:
        """The formula named ``<name>.fluctuation``: lim sqrt(d) x standard deviation over data sets."""
        return self._companion("fluctuation")

    @property
    def bias(self) -> Formula:
        """The formula named ``<name>.bias``: lim sqrt(d) x what a cluster's sample mean exceeds the value by."""
        return self._companion("bias")

    def _companion(self, kind: str) -> Formula:
        try:
            return _by_name(f"{self.name}.{kind}")
        except KeyError:
            raise AttributeError(f"{self.name} has no {kind} formula") from None

    def prove(
        self, expression: sp.Expr | None = None, *, watch: Callable[[str], None] | None = None
    ) -> Derivation:
        """Execute every check of the derivation; raises ProofError if one fails.

        An ``expression`` given takes the place of the result, and is refused unless it equals it.
        """
        if expression is None:
            return self.derivation.execute(watch=watch)
        allowed = [entry.symbol for entry in self.domain.entries] + [symbol for symbol, _ in self.where]
        if not isinstance(expression, ArgMin | LeastPoint):
            expression = read(expression, *allowed, where="expression")
        try:
            return self.derivation.execute(expression, watch=watch)
        except ProofError as error:
            raise ProofError(f"{expression} is not the result of {self.name}: {error}") from error

    def latex(self, *, where: bool = True) -> str:
        """The formula as a theorist writes it: ``letter = expression``, with its where-clause."""
        from asymptotics.formula.printing import formula_latex

        return formula_latex(self, where=where)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def _repr_markdown_(self) -> str:
        from asymptotics.formula.printing import formula_markdown

        return formula_markdown(self)

    def __repr__(self) -> str:
        return f"<Formula {self.name}({', '.join(self.arguments)})>"

    def __reduce__(self) -> tuple[Any, ...]:
        from asymptotics.collection import catalogue

        if catalogue().get(self.name) == self:
            return _by_name, (self.name,)
        fields = (self.name, self.letter, self.statement, self.domain, self.regime, self.source)
        return Formula, (*fields, self.derive, self.pinned, self.remainder)

    # -- its numbers --------------------------------------------------------------------------------

    def __call__(self, **values: Any) -> np.float64 | np.ndarray:
        """The value in float64. Keyword-only; arguments may be arrays and broadcast.

        A pandas Series or an xarray DataArray among them gives one back, with its labels
        (`asymptotics.formula.labelled`).
        TypeError: missing, unknown or wrongly typed arguments. ValueError: out of range or NaN, naming
        argument, value, allowed range and the first offending index.
        """
        if labelled.labels_of(values):
            return labelled.call(self, values, lambda plain: evaluation.float64(self, plain))
        return evaluation.float64(self, values)

    def dataset(self, **values: Any) -> xr.Dataset:
        """The values on a grid, each sequence a dim of its argument's name: an xarray.Dataset (extra `notebook`)."""
        return labelled.dataset(self, values)

    def table(self, **values: Any) -> pd.DataFrame:
        """The values on a grid, a row for each point of it: a pandas.DataFrame (extra `notebook`)."""
        return labelled.table(self, values)

    def plot(self, over: str | None = None, **options: Any) -> Axes:
        """The curve over one argument; returns matplotlib's axes. See `asymptotics.plotting.plot`."""
        from asymptotics.formula.plots import plot

        return plot(self, over, **options)

    def evaluate(self, *, dps: int = 15, **values: Any) -> mpmath.mpf:
        """The value to ``dps`` significant digits; text and Fractions are exact, floats as stored."""
        return evaluation.digits(self, values, dps)

    def enclose(self, *, dps: int = 15, **values: Any) -> Any:
        """A rigorous ball (flint.arb) around the value, for exact arguments."""
        return evaluation.ball(self, values, dps)

    def compile(self, backend: str = "numpy") -> Callable[..., Any]:
        """A plain keyword callable without validation: "numpy", "torch" or "mpmath"."""
        together = compile_formulas([self], backend)
        name = self.name

        def compiled(**values: Any) -> Any:
            return together(**values)[name]

        compiled.__doc__ = f"{self.statement} Keyword callable on {backend}, without validation."
        return compiled

    # -- formulas again -----------------------------------------------------------------------------

    def on(self, schedule: Interpolant) -> Formula:
        """This formula in t on a schedule, simplified first; ValueError if the schedule does not fit."""
        from asymptotics.formula import calculus

        return calculus.on_schedule(self, schedule)

    def diff(self, name: str) -> Formula:
        """The derivative with respect to an argument."""
        from asymptotics.formula import calculus

        return calculus.derivative(self, name)

    def limit(self, name: str, value: Any) -> Formula:
        """The limit in which an argument tends to ``value`` (a number or sympy.oo), from inside."""
        from asymptotics.formula import calculus

        return calculus.limit(self, name, value)

    def series(self, name: str, at: Any = sp.oo, order: int = 3) -> Formula:
        """The expansion in an argument at ``at``, up to and without the power ``order``."""
        from asymptotics.formula import calculus

        return calculus.series(self, name, at, order)


@cache
def _derivation(formula: Formula) -> Derivation:
    derivation = formula.derive()
    if not isinstance(derivation, Derivation):
        raise TypeError(f"{formula.name}: derive() returned {type(derivation).__name__}, not a Derivation")
    allowed = {entry.symbol for entry in formula.domain.entries}
    for symbol, _ in derivation.where:
        if symbol in allowed or symbol.name in formula.arguments:
            raise ValueError(f"{formula.name}: the shorthand {symbol} is an argument too; give it another symbol")
    expanded = derivation.expand(derivation.result)
    if odd := expanded.atoms(sp.Float) | expanded.atoms() & {sp.I, sp.nan, sp.zoo}:
        raise ValueError(f"{formula.name}: the derived expression contains {min(map(str, odd))}; a formula is real, "
                         "and its numbers are exact: sympy.Rational(1, 2), not 0.5")
    strangers = expanded.free_symbols - allowed
    if strangers:
        same = sorted({s.name for s in strangers} & set(formula.arguments))
        if late := sorted({s.name for s in strangers} & {s.name for s, _ in derivation.where}):
            raise ValueError(f"{formula.name}: the shorthand {late[0]} is used by one before it; give shorthands in "
                             "the order in which they are computed")
        hint = f"; {same[0]} is a symbol beside the argument's: take domain.symbols[{same[0]!r}]" if same else ""
        raise ValueError(
            f"{formula.name}: the derived expression contains {sorted(map(str, strangers))}, "
            f"which are not among its arguments {formula.arguments}{hint}"
        )
    return derivation


@cache
def _used(formula: Formula) -> tuple[Definition, ...]:
    derivation = formula.derivation
    needed = set(derivation.result.free_symbols)
    kept: list[Definition] = []
    for symbol, meaning in reversed(derivation.where):
        if symbol in needed:
            kept.append((symbol, meaning))
            needed |= meaning.free_symbols
    return tuple(reversed(kept))


def require_formula(value: object) -> Formula:
    """TypeError for anything else."""
    if not isinstance(value, Formula):
        raise TypeError(f"{value!r} is not a formula; give one, such as asymptotics.get('limited_samples.mean_error')")
    return value


def _by_name(name: str) -> Formula:
    from asymptotics.collection import get

    return get(name)
