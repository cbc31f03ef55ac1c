"""What the expressions that bind a variable share: a mean over z, a root in x, a minimiser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import mpmath
import sympy as sp

from asymptotics.functions.half_turns import in_half_turns
from asymptotics.functions.named import spelled


class BoundVariable(sp.Expr):
    """A real number that sympy cannot write out; its bound variable is the argument at ``place``.

    The variable is not free: substitution leaves it alone, and renames it where it would be confused with
    what comes in.
    """

    is_real = True
    place: ClassVar[int] = 1

    @property
    def variable(self) -> sp.Symbol:
        return self.args[self.place]

    @property
    def bound(self) -> tuple[sp.Symbol, ...]:
        """What it binds."""
        return (self.variable,)

    @property
    def free_symbols(self) -> set[sp.Basic]:
        return set().union(*(arg.free_symbols for arg in self.args)) - {self.variable}

    def _eval_subs(self, old: sp.Basic, new: sp.Basic) -> sp.Expr | None:
        if self.variable in old.free_symbols:
            return self
        if self.variable in new.free_symbols and old.free_symbols <= self.free_symbols:
            return self._renamed(new.free_symbols)._subs(old, new)
        return None

    def _xreplace(self, rule: Any) -> tuple[Any, bool]:
        if not isinstance(rule, Mapping):
            return super()._xreplace(rule)
        if self in rule:
            return rule[self], True
        inside = {old: sp.sympify(new) for old, new in rule.items() if self.variable not in old.free_symbols}
        brought = set().union(*(new.free_symbols for new in inside.values()))
        node = self._renamed(brought) if self.variable in brought else self
        pairs = [arg._xreplace(inside) for arg in node.args]
        if not any(changed for _, changed in pairs):
            return self, False
        return self.func(*(arg for arg, _ in pairs)), True

    def _renamed(self, taken: Iterable[sp.Basic]) -> BoundVariable:
        """The same with another letter for its variable, one that nothing here is called."""
        names = {symbol.name for symbol in (*taken, *self.free_symbols)}
        name = self.variable.name
        while name in names:
            name += "_"
        fresh = sp.Symbol(name, **self.variable.assumptions0)
        return self.func(*(arg.xreplace({self.variable: fresh}) for arg in self.args))

    def _eval_evalf(self, prec: int) -> sp.Expr | None:
        """Digits by sympy's own printer, so that they check the project's printer and do not repeat it.

        A class that mpmath lacks has its numerics as ``in_mpmath``.
        """
        if self.free_symbols:
            return None
        exact = in_half_turns(spelled(self.xreplace({x: sp.Rational(x) for x in self.atoms(sp.Float)})))
        kinds = {node.func for node in sp.preorder_traversal(exact) if isinstance(node, sp.Function | BoundVariable)}
        # Named here, sech is called and not rewritten in complex exponentials.
        numerics = {kind.__name__: getattr(kind, "in_mpmath", getattr(mpmath, kind.__name__, None)) for kind in kinds}
        with mpmath.workprec(prec + 20):
            value = sp.lambdify((), exact, modules=[{k: f for k, f in numerics.items() if f}, "mpmath"])()
        return sp.Float(value, precision=prec)

    def _function(self, body: sp.Expr, printer: Any) -> str:
        """Print ``body`` as a Python function of the bound variable."""
        return f"lambda {printer.doprint(self.variable)}: {printer.doprint(body)}"


def refuse_free(what: str, variable: sp.Symbol, *others: sp.Expr) -> None:
    """ValueError where the bound variable stands in an argument that it does not bind."""
    if not isinstance(variable, sp.Symbol):
        raise TypeError(f"{what}: the bound variable must be a symbol, not {variable!r}")
    if any(variable in other.free_symbols for other in others):
        raise ValueError(f"{what}: {variable} is bound, and cannot stand in {', '.join(map(str, others))}")
