"""Unadjusted Langevin steps on a Gaussian mode: how wide it is sampled, and what is learned from such samples."""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics.derivation import Claim, Derivation, Step
from asymptotics.symbols import sigma, step

_x = sp.Symbol("x", real=True)
_v = sp.Symbol("v", positive=True)


@cache
def ula_variance() -> Derivation:
    """Of N(0, sigma^2), per coordinate."""
    log_density = -(_x**2) / (2 * sigma**2)
    return Derivation((
        Step(
            "One step multiplies $x$ by this and adds normal noise of variance $2\\epsilon$", 1 - step / sigma**2,
            "$\\nabla\\log p=-x/\\sigma^2$", "exact",
            lambda previous, current: [sp.diff(_x + step * sp.diff(log_density, _x), _x) - current],
        ),
        Step(
            "The stationary variance", sigma**2 / (1 - step / (2 * sigma**2)),
            "$V=(1-\\epsilon/\\sigma^2)^2V+2\\epsilon$", "exact",
            lambda previous, current: [previous**2 * current + 2 * step - current],
        ),
    ))


@cache
def ula_learned_variance() -> Derivation:
    """Maximum likelihood with unadjusted samples of the model as negatives."""
    sampled = _v / (1 - step / (2 * _v))
    return ula_variance().then(
        Step(
            "A model of variance $v$ is sampled with this one", sampled, "the same with $v$ for $\\sigma^2$", "exact",
            lambda previous, current: [previous.subs(sigma, sp.sqrt(_v)) - current],
        ),
        Step(
            "Maximum likelihood ends where that is the data's $\\sigma^2$",
            sigma * (sigma + sp.sqrt(sigma**2 - 2 * step)) / 2,
            "$2v^2-2\\sigma^2v+\\sigma^2\\epsilon=0$, real for $\\epsilon\\le\\sigma^2/2$. The sampled variance is "
            "least, "
            "$2\\epsilon$, at $v=\\epsilon$; only above, where it grows with $v$, does learning lead back: the larger "
            "root",
            "exact",
            lambda previous, current: [
                Claim(((previous - sigma**2) * (2 * _v - step)).subs(_v, current), "= 0", (2 * step <= sigma**2,)),
                sp.diff(previous, _v).subs(_v, step), previous.subs(_v, step) - 2 * step,
                Claim(sp.diff(previous, _v).subs(_v, current), ">= 0", (2 * step <= sigma**2,)),
            ],
        ),
    )
