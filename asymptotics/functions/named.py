"""Functions with a name in print and a definition for everything else.

A `Named` prints as a theorist writes it; numbers, proofs and calculus use its ``definition``, which may be long because
it must not cancel or overflow.
"""

from __future__ import annotations

from typing import Any, ClassVar

import sympy as sp

from asymptotics.functions.logarithm import log_defect
from asymptotics.proof import Defined


class Named(Defined):
    """``definition`` in terms of its arguments; ``meaning`` is LaTeX that says what the name stands for."""

    is_real = True
    meaning: ClassVar[str] = ""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        places = [sp.Dummy(real=True) for _ in self.args]
        slope = sp.diff(self.func(*places).definition, places[argindex - 1])
        return slope.xreplace(dict(zip(places, self.args, strict=True)))

    def _eval_evalf(self, prec: int) -> sp.Expr | None:
        return self.definition._eval_evalf(prec)


def spelled(expression: Any) -> Any:
    """The expression with every name replaced by its definition."""
    return expression.replace(lambda node: isinstance(node, Named), lambda node: node.definition)


def names_in(expression: Any) -> list[str]:
    """The meanings of the names in an expression, in alphabetical order."""
    return sorted({node.meaning for node in expression.atoms(Named)})


class entropy(Named):
    """The entropy of a weight p against 1 - p, in nats: -ln(1-p) is p + (-p - ln(1-p)), accurate at small p."""

    nargs = 1
    meaning = r"\mathrm{H}(p) = -p\ln p - (1-p)\ln(1-p)"

    @property
    def definition(self) -> sp.Expr:
        p = self.args[0]
        return -p * sp.log(p) + (1 - p) * (p + log_defect(-p))

    def _latex(self, printer: Any) -> str:
        return rf"\mathrm{{H}}\left({printer.doprint(self.args[0])}\right)"


class weighted_entropy(Named):
    """cosh(y) times the entropy of the weights e^y : e^-y, which is ln(2 cosh y) - y tanh y, without overflow."""

    nargs = 1
    meaning = r"\mathcal{H}(y) = \ln(2\cosh y) - y\tanh y"

    @property
    def definition(self) -> sp.Expr:
        size = sp.Abs(self.args[0])
        small = sp.exp(-size)
        return size * small + (1 + small**2) * (small - log_defect(small**2) / small) / 2

    def _latex(self, printer: Any) -> str:
        y = printer.doprint(self.args[0])
        return rf"\cosh\left({y}\right) \mathcal{{H}}\left({y}\right)"


class divergence(Named):
    """KL of the weights at half log odds ``prior`` + ``shift`` from those at ``prior``, in terms that are all >= 0."""

    nargs = 2
    meaning = r"\mathrm{KL}(a\,\|\,b) = (a-b)\tanh a - \ln\cosh a + \ln\cosh b"

    @property
    def definition(self) -> sp.Expr:
        prior, shift = self.args
        odds = prior + shift
        up, down = 1 / (1 + sp.exp(-2 * odds)), 1 / (1 + sp.exp(2 * odds))
        gap = sp.sinh(shift) / (2 * sp.cosh(odds) * sp.cosh(prior))
        return up * log_defect(-gap / up) + down * log_defect(gap / down)

    def _latex(self, printer: Any) -> str:
        prior, shift = self.args
        return rf"\mathrm{{KL}}\left({printer.doprint(prior + shift)} \,\middle\|\, {printer.doprint(prior)}\right)"
