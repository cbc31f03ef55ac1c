"""Letters for functions, so that sympy's algebra leaves their arguments as they are."""

from __future__ import annotations

import sympy as sp

from asymptotics.proof import Mean


def masked(expression: sp.Expr) -> tuple[sp.Expr, dict[sp.Basic, sp.Basic]]:
    """Return the expression with a letter for each function and mean, and what the letters stand for.

    sympy's algebra writes the arguments of functions anew: log(p/(1 - p)) becomes log(p) + log(-1/(p - 1)).
    """
    letters = {node: sp.Dummy(real=True) for node in expression.atoms(sp.Function, Mean)}
    return expression.xreplace(letters), {letter: node for node, letter in letters.items()}
