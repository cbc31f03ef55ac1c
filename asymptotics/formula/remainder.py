"""What an expansion leaves out: an expansion is another thing than the formula it came from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy as sp

from asymptotics.arguments import letter


@dataclass(frozen=True)
class Remainder:
    """Terms from the power ``order`` on, of symbol - at, or of 1/symbol where ``at`` is oo."""

    symbol: sp.Symbol
    at: sp.Expr
    order: int

    @property
    def latex(self) -> str:
        """Such as ``O(n^{-3})``."""
        name = letter(self.symbol)
        if self.at == sp.oo:
            return rf"O({name}^{{-{self.order}}})"
        return rf"O({name}^{{{self.order}}})" if self.at == 0 else rf"O(({name}-{sp.latex(self.at)})^{{{self.order}}})"

    def differentiated(self, symbol: sp.Symbol) -> Remainder:
        """Return the remainder of the derivative: convergent series are differentiated term by term."""
        if symbol != self.symbol:
            return self
        if self.at == sp.oo:
            return replace(self, order=self.order + 1)
        if self.order == 1:
            raise ValueError(f"an expansion in {symbol} up to order 0 has no known derivative; expand further")
        return replace(self, order=self.order - 1)
