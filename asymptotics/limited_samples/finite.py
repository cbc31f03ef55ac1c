"""Exact at any dimension, given the labels: network, flow and generated law in three sums.

With S1 = sum s x1 and S0 = sum s x0 over all nK pairs, the risk depends on the data only through the spreads
a, b, g of the pairs about those sums, and w lies in span{S1, S0}. The same quadratic as in the limit, with a
cross term; the limit d -> infinity is the law of large numbers for the spreads.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics.algebra import expand_where
from asymptotics.derivation import Claim, Derivation, Step
from asymptotics.limited_samples import denoiser, flow, setting
from asymptotics.limited_samples.denoiser import SIZE
from asymptotics.limited_samples.formulas import GRAM_MATRIX, finite_skip
from asymptotics.limited_samples.pairs import over_pairs, pair
from asymptotics.limited_samples.setting import LEFT, data, noise
from asymptotics.limited_samples.velocity import gain
from asymptotics.symbols import (
    A,
    B,
    N,
    alpha,
    beta,
    dalpha,
    draws,
    finite_delta,
    n,
    radius,
    ridge,
    sigma,
    spread_cross,
    spread_data,
    spread_noise,
)

(GRAM,) = finite_skip.domain.alternatives(GRAM_MATRIX)
"""The spreads are a Gram matrix of the pairs: as the formulas' domains state it, for sympy."""

SPREADS = (spread_data, spread_noise, spread_cross)

# Sums over all pairs, per nKd: squares and products of the x's (T) and of the sums S themselves (M, over nK).
T11, T10, T00 = sp.symbols("T_11 T_10 T_00", real=True)
M11, M10, M00 = sp.symbols("M_11 M_10 M_00", real=True)
on_data, on_noise = sp.symbols("p q", real=True)
"""w = nK (p S1 + q S0)/(nK): its coefficients on the two sums, times nK."""


def risk() -> sp.Expr:
    """The training risk per nKd at w = (p S1 + q S0), exact; sums per nKd."""
    pairs = n * draws
    own = noise**2 * T00 - 2 * data * noise * T10 + data**2 * T11
    mixed = on_data * (noise * M10 - data * M11) + on_noise * (noise * M00 - data * M10)
    square = on_data**2 * M11 + 2 * on_data * on_noise * M10 + on_noise**2 * M00
    return (own + 2 * mixed * pairs + (pairs + ridge) * pairs * square) / 2


_x1, _x0, _w = sp.symbols("x_1 x_0 w", real=True)
_s1, _s0, _off = sp.symbols("S_1 S_0 w_off", real=True)
"""s x1 and s x0 of a pair and w; the two sums, and what w has beside them. All in one coordinate."""


def _is_residual(left: sp.Expr) -> list[sp.Expr]:
    """f(x_t) - x1 of a pair, times its sign, with u and v written out."""
    point = alpha * _x0 + beta * _x1
    return [left.subs(LEFT) - (setting.skip * point + _w - _x1)]


def _is_risk(left: sp.Expr, stated: sp.Expr) -> list[sp.Expr | Claim]:
    """The risk of residuals ``left``, written out for any number of pairs, at a w that may have a part off the sums.

    In one coordinate; T and M are means over all of them, and there the part off the sums is orthogonal to both.
    """
    x1, x0 = (sp.IndexedBase(name)[pair] for name in ("x1", "x0"))
    inside = on_data * _s1 + on_noise * _s0
    total = over_pairs(left.subs({_x1: x1, _x0: x0}) ** 2) + ridge * _w**2
    pairs = n * draws
    means = {x1**2: T11, x1 * x0: T10, x0**2: T00, x1: _s1 / pairs, x0: _s0 / pairs}
    form = total.subs({over_pairs(each): pairs * mean for each, mean in means.items()}) / (2 * pairs)
    form = sp.expand(form.subs(_w, inside + _off))
    squares = {_s1**2: M11, _s1 * _s0: M10, _s0**2: M00}
    at_sums = sp.expand(form.subs(_off, 0)).subs({each: pairs**2 * mean for each, mean in squares.items()})
    return [at_sums - stated, *_only_costs(form)]


def _only_costs(form: sp.Expr) -> list[sp.Expr | Claim]:
    """Beside products with the sums, which are 0 over all coordinates, the part off them adds its square."""
    cost = sp.diff(form, _off, 2)
    return [sp.diff(form, _off).subs({_off: 0, _s1: 0, _s0: 0}), sp.diff(cost, _off), Claim(cost, "> 0")]


@cache
def given_skip() -> Derivation:
    """The best w for a given skip, in the sums."""
    gradient = [sp.diff(risk(), x) for x in (on_data, on_noise)]
    (solution,) = sp.solve(gradient, [on_data, on_noise], dict=True)
    best = sp.Tuple(*(denoiser.divide_by_size(solution[x]) for x in (on_data, on_noise)))

    def stationary(previous: sp.Expr, current: sp.Tuple) -> list[object]:
        point = {on_data: current[0], on_noise: current[1]}
        hessian = sp.hessian(previous, [on_data, on_noise])
        gram = n * draws * (n * draws + ridge) * sp.Matrix([[M11, M10], [M10, M00]])
        return [*(sp.diff(previous, x).subs(point) for x in point), *(hessian - gram)]

    return Derivation((
        Step("The labels are the true signs, and on each pair, times its sign, $f(x_t)-x_1$ is this with "
             "$u=1-c\\beta$, $v=c\\alpha$",
             _w - data * _x1 + noise * _x0,
             "they reproduce themselves except near the ends of time; flips are counted, not assumed away",
             "assumption", lambda previous, current: _is_residual(current)),
        Step(
            "At any $d$ the risk per $nKd$ at $w=p\\,S_1+q\\,S_0$, $S_i=\\sum s\\,x_i$: "
            "$T_{ij}=\\sum x_i\\cdot x_j/(nKd)$ and $M_{ij}=S_i\\cdot S_j/((nK)^2d)$; a component of $w$ off the "
            "two sums only costs",
            risk(), "expand $\\frac12\\sum|v x_0-u x_1+s w|^2+\\frac\\lambda2|w|^2$ with $u=1-c\\beta$, $v=c\\alpha$",
            "exact", _is_risk,
        ),
        Step("The best coefficients $(p,q)$ for a given skip", best,
             "the gradient vanishes; the Hessian is $nK N$ times a Gram matrix", "exact", stationary),
    ), where=(SIZE,))


@cache
def spreads() -> dict[sp.Symbol, sp.Expr]:
    """a, b, g in the sums, read off the risk that is left at the best w."""
    best = dict(zip((on_data, on_noise), given_skip().result, strict=True))
    left = sp.Poly(sp.expand(2 * risk().subs(best)), data, noise)
    pairs = n * draws

    def tidy(coefficient: sp.Expr) -> sp.Expr:
        """T - nK M/N, its parts in T and in M kept apart."""
        plain = sp.expand(sp.cancel(expand_where(coefficient, [SIZE])))
        by_sum = sp.collect(plain, [T11, T10, T00, M11, M10, M00], evaluate=False)
        return sum((symbol * sp.cancel(sp.together(factor)) for symbol, factor in by_sum.items()), sp.S.Zero).subs(
            pairs / SIZE[1], pairs / N)

    return {
        spread_data: tidy(left.coeff_monomial(data**2)),
        spread_noise: tidy(left.coeff_monomial(noise**2)),
        spread_cross: tidy(-left.coeff_monomial(data * noise) / 2),
    }


@cache
def profile() -> Derivation:
    """The risk minimised over w: a quadratic form in u and v with the spreads for coefficients."""

    def check(previous: sp.Tuple, current: sp.Expr) -> list[object]:
        point = dict(zip((on_data, on_noise), previous, strict=True))
        return [risk().subs(point) - current.subs(spreads())]

    return given_skip().then(Step(
        "The risk that is left per $nKd$ is a quadratic form in $u$ and $v$; its coefficients are the spreads "
        "$a=T_{11}-nKM_{11}/N$, $b=T_{00}-nKM_{00}/N$ and $-g$, $g=T_{10}-nKM_{10}/N$",
        (spread_data * data**2 - 2 * spread_cross * data * noise + spread_noise * noise**2) / 2,
        "substitute the best $w$ and collect", "exact", check,
    ))


@cache
def skip() -> Derivation:
    """The best skip."""
    c = setting.skip
    remaining = profile().result.subs(LEFT)
    (found,) = sp.solve(sp.diff(remaining, c), c)
    top, bottom = sp.fraction(sp.cancel(found))

    def check(previous: sp.Expr, current: sp.Expr) -> list[object]:
        left = previous.subs(LEFT)
        return [sp.diff(left, c).subs(c, current), sp.diff(left, c, 2) - bottom]

    return profile().then(
        Step(
            "The best skip; its denominator $\\Delta_d$ is the squared length of $\\alpha$, $\\beta$ in the form "
            "$(b, g, a)$, positive because the spreads are a Gram matrix",
            top / finite_delta, "the derivative in $c$ vanishes, and the second derivative is $\\Delta_d$",
            "exact", check,
        ),
        where=[(finite_delta, bottom)],
    )


LARGE = {T11: radius**2 + sigma**2, T00: sp.S.One, T10: sp.S.Zero,
         M11: radius**2 + sigma**2 / n, M00: 1 / (n * draws), M10: sp.S.Zero}
"""The sums as d -> infinity: mu, the eta_i and the x0 become orthogonal, of lengths r, 1, 1 (times sqrt d)."""


@cache
def limit_is_asymptotic() -> Derivation:
    """The law of large numbers for the sums gives the asymptotic formulas back."""
    from asymptotics.limited_samples import generated, velocity as limiting_velocity

    pairs = (
        (skip(), denoiser.skip()), (velocity(), limiting_velocity.linear()), (flow_variance(), flow.factor()),
        (generated_variance(), generated.generated_variance()),
    )
    return skip().then(
        Step(
            "As $d\\to\\infty$ the spreads tend to $a\\to A/N$, $b\\to B/N$, $g\\to0$",
            sp.Tuple(A / N, B / N, sp.S.Zero),
            "the law of large numbers for the sums: $\\mu$, $\\eta_i$ and $x_0$ become orthogonal", "asymptotic",
            lambda previous, current: [
                expand_where(spreads()[symbol].subs(LARGE) - limit, (*denoiser.skip().where, SIZE))
                for symbol, limit in zip(SPREADS, current, strict=True)
            ],
        ),
        Step(
            "With them skip, velocity's coefficient of $x$, variance factor and generated variance are asymptotic ones",
            sp.Tuple(*(asymptotic.expand(asymptotic.result) for _, asymptotic in pairs)), "substitute", "exact",
            lambda previous, current: [
                expand_where(mine.expand(mine.result).subs(_limits(previous)), theirs.where) - limit
                for (mine, theirs), limit in zip(pairs, current, strict=True)
            ],
        ),
    )


def _limits(limits: sp.Tuple) -> dict[sp.Symbol, sp.Expr]:
    return dict(zip(SPREADS, limits, strict=True))


@cache
def training_loss() -> Derivation:
    """The least risk per nKd."""
    value = alpha**2 * (spread_data * spread_noise - spread_cross**2) / (2 * finite_delta)

    def check(previous: sp.Expr, current: sp.Expr) -> list[object]:
        at = {symbol: meaning.subs(setting.skip, previous) for symbol, meaning in LEFT.items()}
        return [profile().result.subs(at) - current]

    return skip().then(Step(
        "The least risk per $nKd$ at any $d$", value, "put the best skip into the risk that is left", "exact", check,
    ))


def _delta() -> sp.Expr:
    return dict(skip().where)[finite_delta]


@cache
def velocity() -> Derivation:
    """Gamma, the velocity's coefficient of x, without a pole at alpha = 0."""
    raw = gain * skip().result + dalpha / alpha
    top, bottom = sp.fraction(sp.cancel(sp.together(raw.xreplace({finite_delta: _delta()}))))
    value = sp.expand(top * sp.cancel(_delta() / bottom)) / finite_delta
    return skip().then(Step(
        "The velocity's coefficient of $x$, $\\Gamma=kc+\\dot\\alpha/\\alpha$, is "
        "$\\frac12\\frac{d}{dt}\\ln\\Delta_d$",
        value, "for arbitrary $\\alpha(t)$, $\\beta(t)$", "exact",
        lambda previous, current: [
            gain * previous + dalpha / alpha - current, flow.rate(_delta()) / (2 * _delta()) - current,
        ],
    ))


@cache
def flow_noise() -> Derivation:
    """The flow's coefficient of S0, times N: alpha - sqrt(Delta/b)."""

    def solves(previous: sp.Expr, current: sp.Expr) -> list[object]:
        gained = previous - dalpha / alpha
        rests = [
            flow.rate(weight) - previous * weight - push / N
            for weight, push in ((beta / N, gain - gained * beta), (current, -gained * alpha))
        ]
        return [*(Claim(rest, "= 0", (GRAM,)) for rest in rests), flow.rate(_delta()) - 2 * previous * _delta(),
                current.subs(flow.START)]

    return velocity().then(Step(
        "$X_t=\\varsigma[P S_1+Q S_0]+\\sqrt{\\Delta_d/b}\\,X_0$ with $P=\\beta/N$ and this $Q$, for "
        "every schedule",
        (alpha - sp.sqrt(_delta() / spread_noise)) / N,
        "ansatz $a\\alpha+b\\beta+e\\sqrt{\\Delta_d}$; the residual is identically zero, with $k(1-c\\beta)$ and "
        "$-kc\\alpha$ for the forces, $kc=\\Gamma-\\dot\\alpha/\\alpha$", "exact", solves,
    ))


@cache
def flow_variance() -> Derivation:
    """The variance factor of the flow, exactly."""
    return velocity().then(Step(
        "The factor of $X_0$ squared at any $d$, $\\dot F=2\\Gamma F$ and $F=1$ at the start",
        _delta() / _delta().subs(flow.START), "$\\frac{d}{dt}\\Delta_d=2\\Gamma\\Delta_d$", "exact",
        lambda previous, current: [
            flow.rate(current) - 2 * previous * current, current.subs(flow.START) - 1,
        ],
    ))


@cache
def generated_variance() -> Derivation:
    """The variance of each generated mode, exactly."""
    return flow_variance().then(Step(
        "The generated variance at any $d$", spread_data / spread_noise,
        "the factor at $\\alpha=0$, $\\beta=1$; the base has unit variance", "exact",
        lambda previous, current: [previous.subs({alpha: 0, beta: 1}) - current],
    ))
