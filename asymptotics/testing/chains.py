"""Whether the exact steps of a derivation follow from the expression before them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import sympy as sp

from asymptotics.derivation import EVERYWHERE, Derivation, ProofError, Step
from asymptotics.formula import Formula, require_formula
from asymptotics.functions import LeastPoint
from asymptotics.proof import Region


def unchained(proof: Formula | Derivation) -> list[int]:
    """Return the numbers of the exact steps that would hold whatever stood before them, and are declared no lemmas.

    The check of each step that has one before it is run with the expression before it replaced: by an unknown number,
    and by unknown functions of the same symbols in the same shape. A check that passes all the same proves a statement
    of its own: compute it from ``previous``, or declare ``lemma=True``. The checks of a formula run on its domain,
    those of a derivation on the ranges of the arguments.
    """
    derivation, region = (proof, EVERYWHERE) if isinstance(proof, Derivation) else (
        require_formula(proof).derivation, proof.domain.region)
    return [
        number for number, (before, step) in enumerate(pairwise(derivation.steps), 2)
        if step.kind == "exact" and not step.lemma
        and any(_holds(derivation, other, step, region) for other in _others(before.expression))
    ]


def _holds(derivation: Derivation, other: sp.Basic, step: Step, region: Region) -> bool:
    """Whether the step passes its check after another expression than the one before it."""
    supposed = Step("Suppose", other, "it may be anything", "assumption")
    try:
        Derivation((supposed, step), derivation.where).execute(region=region)
    except ProofError:
        return False
    return True


def _others(expression: sp.Basic) -> Iterator[sp.Basic]:
    """An unknown number; and unknown functions of what the expression depends on, in its shape."""
    yield sp.Dummy("anything", real=True)
    if isinstance(expression, sp.Tuple):
        yield sp.Tuple(*(_unknown(f"any_{k}", expression) for k in range(len(expression))))
    elif isinstance(expression, sp.MatrixBase):
        entries = [_unknown(f"any_{k}", expression) for k in range(len(expression))]
        yield sp.ImmutableMatrix(*expression.shape, entries)
    elif isinstance(expression, LeastPoint):
        yield LeastPoint(_unknown("any", expression.objective), *expression.unknowns)
    else:
        yield _unknown("any", expression)


def _unknown(name: str, of: sp.Basic | sp.MatrixBase) -> sp.Expr:
    """An unknown real function of the symbols in an expression; of none, an unknown number."""
    symbols = sorted(of.free_symbols, key=str)
    return sp.Function(name, real=True)(*symbols) if symbols else sp.Dummy(name, real=True)
