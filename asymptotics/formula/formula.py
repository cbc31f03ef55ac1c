"""Formula: one result of the theory, said once.

From it come its derivation (executed on demand), its numbers, its LaTeX and its reference.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

import sympy as sp

from asymptotics.formula import evaluation, labelled
from asymptotics.formula.compiled import compile_formulas
from asymptotics.formula.statement import Statement

if TYPE_CHECKING:
    import mpmath
    import numpy as np
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

    from asymptotics.schedule import Interpolant


@dataclass(frozen=True, repr=False)
class Formula(Statement):
    """A statement with all that one can do with it: numbers, LaTeX, curves, and formulas made from it.

    Calls are keyword-only and validated; see `__call__`, `evaluate`, `compile`. Fields: see `Statement`.
    """

    @property
    def fluctuation(self) -> Formula:
        """The formula named ``<name>.fluctuation``: lim sqrt(d) x standard deviation over data sets."""
        return self._companion("fluctuation")

    @property
    def bias(self) -> Formula:
        """The formula named ``<name>.bias``: lim sqrt(d) x what a cluster's sample mean exceeds the value by."""
        return self._companion("bias")

    def _companion(self, kind: str) -> Formula:
        companion = _held(sys.modules.get(self.home), f"{self.name}.{kind}")
        if companion is None:
            raise AttributeError(f"{self.name} has no {kind} formula")
        return companion

    def latex(self, *, where: bool = True) -> str:
        """The formula as a theorist writes it: ``letter = expression``, with its where-clause."""
        from asymptotics.formula.printing import formula_latex

        return formula_latex(self, where=where)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def _repr_markdown_(self) -> str:
        from asymptotics.formula.printing import formula_markdown

        return formula_markdown(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the module that holds the formula and its name, where it is found there, else by its fields."""
        if self.home != "__main__" and _held(sys.modules.get(self.home), self.name) == self:
            return _from_home, (self.home, self.name)
        return partial(type(self), **{field.name: getattr(self, field.name) for field in fields(self)}), ()

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


def _held(module: ModuleType | None, name: str) -> Formula | None:
    """The formula of that name in a module: by itself, or in a tuple, a list, a dictionary or a catalogue there."""
    for value in () if module is None else vars(module).values():
        # Other mappings and sequences may be of anything, and may not like to be read.
        is_table = isinstance(value, dict) or getattr(type(value), "__module__", "") == "asymptotics.formula.catalogue"
        several = value.values() if is_table else value if isinstance(value, tuple | list) else (value,)
        for member in several:
            if isinstance(member, Formula) and member.name == name:
                return member
    return None


def _from_home(home: str, name: str) -> Formula:
    formula = _held(importlib.import_module(home), name)
    if formula is None:
        raise LookupError(f"the module {home} holds no formula {name!r} any more")
    return formula


def require_formula(value: object) -> Formula:
    """TypeError for anything else."""
    if not isinstance(value, Formula):
        raise TypeError(f"{value!r} is not a formula; give one, such as asymptotics.get('limited_samples.mean_error')")
    return value
