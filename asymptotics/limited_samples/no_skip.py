"""The network without a skip connection, f(x) = w sign(w.x): its flow collapses onto two points."""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics.derivation import Derivation, Step
from asymptotics.limited_samples import denoiser, finite, generated, setting
from asymptotics.limited_samples.flow import START, a, b, rate
from asymptotics.limited_samples.velocity import gain
from asymptotics.symbols import alpha, beta, dalpha, dbeta

NO_SKIP = {symbol: meaning.subs(setting.skip, 0) for symbol, meaning in setting.LEFT.items()}


@cache
def centre() -> Derivation:
    """(M, Q_xi, Q_eta) of the flow for every schedule; the factor of X_0 is alpha."""
    before = denoiser.given_skip()
    overlaps = sp.Tuple(*(overlap.subs(NO_SKIP) for overlap in before.result))
    size = sp.Symbol("overlap", real=True)
    growth = dalpha / alpha
    trial = a * alpha + b * beta
    residual = sp.fraction(sp.together(rate(trial) - growth * trial - gain * size))[0]
    (found,) = sp.solve(sp.Poly(sp.expand(residual), alpha, beta, dalpha, dbeta).coeffs(), [b], dict=True)
    (at_start,) = sp.solve(trial.subs(found).subs(START), [a], dict=True)
    flow = trial.subs(found).subs(at_start)
    values = sp.Tuple(*(flow.subs(size, overlap) for overlap in overlaps))

    def solves(previous: sp.Tuple, current: sp.Tuple) -> list[object]:
        residuals: list[object] = [y.subs(START) for y in current]
        for y, overlap in zip(current, previous, strict=True):
            residuals.append(rate(y) - growth * y - gain * overlap)
        return [*residuals, rate(alpha) - growth * alpha]

    return before.then(
        Step(
            "Without the skip, $c=0$: the overlaps do not depend on time",
            overlaps, "$u=1$ and $v=0$", "exact",
            lambda previous, current: [p.subs(NO_SKIP) - q for p, q in zip(previous, current, strict=True)],
        ),
        Step(
            "The flow $(M,Q_\\xi,Q_\\eta)$ in the cluster of $\\mathrm{sign}(w\\cdot X_0)$, for arbitrary "
            "$\\alpha(t)$, $\\beta(t)$; $X_0$ is multiplied by $\\alpha$, which ends at 0",
            values, "ansatz $a\\alpha+b\\beta$; the residual is identically zero", "exact", solves,
        ),
    )


@cache
def error() -> Derivation:
    end = centre().result.subs(generated.END)
    value = generated.squares(generated.vector(end) - setting.MU)

    def check(previous: sp.Tuple, current: sp.Expr) -> list[object]:
        vector = generated.vector(previous.subs(generated.END)) - setting.MU
        return [setting.square(vector, setting.FRESH) - current]

    return centre().then(
        Step(
            "The error of the generated mean without the skip, $|\\hat\\mu-\\mu|^2/d$",
            value,
            "$\\mu$, $\\xi$ and $\\eta$ are orthogonal as $d\\to\\infty$",
            "asymptotic", check,
        )
    )


@cache
def at_any_dimension() -> Derivation:
    """The coefficient of S1 in the centre of the generated law; there is none of S0."""
    before = finite.given_skip()
    best = sp.Tuple(*(each.subs(NO_SKIP) for each in before.result))
    flow = sp.Tuple(*(beta * each for each in best))

    def solves(previous: sp.Tuple, current: sp.Tuple) -> list[object]:
        growth = dalpha / alpha
        return [
            each for y, size in zip(current, previous, strict=True)
            for each in (y.subs(START), rate(y) - growth * y - gain * size)
        ]

    return before.then(
        Step(
            "Without the skip, $c=0$: $w=p\\,S_1+q\\,S_0$ does not depend on time",
            best, "$u=1$ and $v=0$", "exact",
            lambda previous, current: [p.subs(NO_SKIP) - q for p, q in zip(previous, current, strict=True)],
        ),
        Step(
            "The flow's coefficients of $S_1$ and $S_0$ in the cluster of $\\mathrm{sign}(w\\cdot X_0)$",
            flow, "$\\beta w$ solves its equation for arbitrary $\\alpha(t)$, $\\beta(t)$", "exact", solves,
        ),
        Step(
            "The centre of the generated law is $S_1$ times", best[0], "the flow at $\\alpha=0$, $\\beta=1$", "exact",
            lambda previous, current: [previous[0].subs(generated.END) - current, previous[1]],
        ),
    )
