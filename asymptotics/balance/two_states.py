"""Between two modes: proposals that are perfect within each but have other weights, accepted by Metropolis-Hastings."""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics.derivation import Derivation, Step
from asymptotics.symbols import p, q


@cache
def jump_rate_independent() -> Derivation:
    """The relaxation rate between the modes, per step."""
    accept_out, accept_in = (1 - p) * q / (p * (1 - q)), p * (1 - q) / ((1 - p) * q)
    leave = sp.Min(1 - q, q * (1 - p) / p)
    enter = sp.Min(q, (1 - q) * p / (1 - p))
    return Derivation((
        Step(
            "Proposals are perfect within the modes and have the weights $q$, $1-q$ for the target's $p$, $1-p$; from "
            "+ "
            "to $-$ and back the chain goes with these probabilities",
            sp.Tuple(leave, enter),
            "$-$ is proposed with probability $1-q$ and accepted with $\\min(1,(1-p)q/(p(1-q)))$; back likewise",
            "exact",
            lambda previous, current: [
                current[0] - (1 - q) * sp.Min(1, accept_out), current[1] - q * sp.Min(1, accept_in),
            ],
        ),
        Step(
            "The share of chains in + relaxes with the sum of both", sp.Min(q / p, (1 - q) / (1 - p)),
            "the two-state chain has the eigenvalues 1 and $1-a-b$; the minima are taken on the same side of "
            "$q=p$", "exact",
            lambda previous, current: [
                _slow(*previous) - (1 - current),
            ],
        ),
    ))


def _slow(out: sp.Expr, back: sp.Expr) -> sp.Expr:
    """The eigenvalue of the two-state chain that is not 1: its trace less 1."""
    chain = sp.Matrix([[1 - out, out], [back, 1 - back]])
    if sp.simplify((chain - sp.eye(2)) * sp.Matrix([1, 1])) != sp.zeros(2, 1):
        raise ValueError("the probabilities of the chain do not sum to 1")
    return chain.trace() - 1
