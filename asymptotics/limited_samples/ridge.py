"""The ridge that minimises the error of the generated mean."""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics.derivation import Claim, Derivation, Step
from asymptotics.functions import ArgMin
from asymptotics.limited_samples import generated
from asymptotics.symbols import draws, n, ridge

pairs_less_one = sp.Symbol("pairs_less_one", positive=True)
"""n*draws - 1, in which the cubic's coefficients do not cancel."""


@cache
def best_ridge() -> Derivation:
    before = generated.mean_error()
    objective = before.expand(before.result)
    top, bottom = sp.fraction(sp.factor(sp.diff(objective, ridge)))
    coefficients = _coefficients(top)
    cubic = sum((c * ridge**k for k, c in enumerate(coefficients)), sp.S.Zero)
    positive = sp.cancel(top / cubic)

    def sign(previous: sp.Expr, current: sp.Expr) -> list[object]:
        return [
            sp.diff(before.expand(previous), ridge) - positive * current / bottom,
            Claim(positive / bottom, "> 0", (n * draws > 1,)),
            sp.degree(sp.expand(current), ridge) == 3,
            Claim(sp.LC(sp.expand(current), ridge), "> 0"),
        ]

    def stationary(previous: sp.Expr, current: sp.Expr) -> list[object]:
        if not isinstance(current, ArgMin):
            return [False]
        return [current.objective - objective, current.slope - previous, current.variable == ridge]

    return before.then(
        Step(
            "The derivative of the error in $\\lambda$ has the sign of this cubic",
            cubic,
            "the other factors of the derivative are positive where $nK>1$",
            "exact", sign,
        ),
        Step(
            "The best ridge: the lowest error among $\\lambda=0$ and the cubic's positive roots",
            ArgMin(objective, sp.Tuple(*coefficients), ridge),
            "a minimum over $\\lambda\\ge0$ lies at the edge or where the derivative vanishes",
            "exact", stationary,
        ),
    )


def _coefficients(numerator: sp.Expr) -> list[sp.Expr]:
    """Of ridge^0 .. ridge^3 in the factor of degree three, grouped in powers of nK - 1."""
    _, factors = sp.factor_list(numerator)
    (cubic,) = [factor for factor, _ in factors if sp.degree(factor, ridge) == 3]
    if sp.LC(cubic, ridge).could_extract_minus_sign():
        cubic = -cubic
    shifted = sp.Poly(sp.expand(cubic.subs(n, (1 + pairs_less_one) / draws)), ridge)
    return [
        sp.collect(sp.expand(c), pairs_less_one).subs(pairs_less_one, n * draws - 1)
        for c in shifted.all_coeffs()[::-1]
    ]
