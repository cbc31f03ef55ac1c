"""What the kernel knows of nodes that sympy lacks: classes elsewhere derive from these.

That a node's numbers are those of its meaning here is the promise of its class; the kernel reasons on the meaning.
"""

from __future__ import annotations

import sympy as sp


class Defined(sp.Function):
    """A function that is a name: it equals its ``definition`` in terms of its arguments, wherever that has a value."""

    @property
    def definition(self) -> sp.Expr:
        """The expression that the name stands for."""


class Mean(sp.Expr):
    """The mean of ``integrand`` over a standard normal ``variable``, which is bound.

    Hints of quadrature and the like are no part of the meaning.
    """

    @property
    def integrand(self) -> sp.Expr:
        """What is averaged."""
        return self.args[0]

    @property
    def variable(self) -> sp.Symbol:
        """The variable that is bound."""
        return self.args[1]


class Opaque(sp.Expr):
    """A real number that its arguments determine, say a root: equal where the arguments are, bound ones renamed.

    ``bound`` are the variables that it binds. ``between`` are two numbers, where there are some: it lies between them,
    and depends on nothing but the values that its arguments have while the bound variables lie there.
    """

    @property
    def bound(self) -> tuple[sp.Symbol, ...]:
        """The variables that are bound."""
        raise NotImplementedError

    @property
    def between(self) -> tuple[sp.Expr, sp.Expr] | None:
        """The two numbers."""
        return None
