"""The learned denoiser: minimise the risk over the overlaps, then over the skip; its margin and errors."""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics.algebra import expand_where
from asymptotics.derivation import Claim, Definition, Derivation, Step
from asymptotics.limited_samples import setting
from asymptotics.limited_samples.setting import OVERLAPS, data, m, noise
from asymptotics.symbols import A, B, Delta, N, alpha, beta, draws, n, radius, ridge, sigma

SIZE: Definition = (N, n * draws + ridge)


def divide_by_size(expression: sp.Expr) -> sp.Expr:
    """A rational expression with its denominator n*draws + ridge, if it has one, written as N."""
    top, bottom = sp.fraction(sp.cancel(sp.together(expression)))
    quotient = sp.cancel(bottom / SIZE[1])
    if not sp.fraction(quotient)[1].is_number:
        return sp.factor(top / bottom)
    return sp.factor(top / quotient) / N


@cache
def given_skip() -> Derivation:
    """The best w for a given skip: the risk is a convex quadratic in the overlaps."""
    risk = setting.risk()
    gradient = [sp.diff(risk, overlap) for overlap in OVERLAPS]
    solution = sp.solve(gradient, OVERLAPS, dict=True)[0]
    best = sp.Tuple(*(divide_by_size(solution[overlap]) for overlap in OVERLAPS))

    def check(previous: sp.Expr, current: sp.Tuple) -> list[object]:
        point = dict(zip(OVERLAPS, current, strict=True))
        slopes = [sp.diff(previous, overlap).subs(point) for overlap in OVERLAPS]
        hessian = sp.hessian(previous, OVERLAPS)
        across = [hessian[i, j] for i in range(3) for j in range(3) if i != j]
        return [*slopes, *across, *(Claim(hessian[i, i], "> 0", (n * draws > 1,)) for i in range(3))]

    return setting.setting().then(
        Step(
            "For a given skip the risk is least at these overlaps $(m, q_\\xi, q_\\eta)$",
            best,
            "the gradient in the overlaps vanishes and the Hessian is diagonal and positive",
            "exact", check,
        ),
        where=[SIZE],
    )


@cache
def profile() -> Derivation:
    """The risk minimised over w, as a quadratic in u = 1 - c beta and v = c alpha; A and B are read off."""
    before = given_skip()
    point = dict(zip(OVERLAPS, before.result, strict=True))
    risk = sp.Poly(sp.expand(expand_where(setting.risk().subs(point), before.where)), data, noise)
    of_data = sp.collect(sp.expand(sp.cancel(2 * SIZE[1] * risk.coeff_monomial(data**2))),
                         [ridge, draws * sigma**2])
    of_noise = sp.cancel(2 * SIZE[1] * risk.coeff_monomial(noise**2))

    def check(previous: sp.Tuple, current: sp.Expr) -> list[object]:
        at = dict(zip(OVERLAPS, previous, strict=True))
        return [setting.risk().subs(at) - current]

    return before.then(
        Step(
            "The risk that is left, per $nKd$, is a sum of two squares; this defines $A$ and $B$",
            (A * data**2 + B * noise**2) / (2 * N),
            "substitute the overlaps and collect in $u$ and $v$: there is no cross term",
            "exact", check,
        ),
        where=[(A, of_data), (B, of_noise)],
    )


@cache
def skip() -> Derivation:
    """The best skip."""
    before = profile()
    c = setting.skip
    remaining = before.result.subs(setting.LEFT)
    (found,) = sp.solve(sp.diff(remaining, c), c)
    top, bottom = sp.fraction(found)

    def check(previous: sp.Expr, current: sp.Expr) -> list[object]:
        slope = sp.diff(previous.subs(setting.LEFT), c)
        return [slope.subs(c, current), N * sp.diff(slope, c) - Delta, Claim(bottom, "> 0", (alpha > 0, n * draws > 1))]

    return before.then(
        Step(
            "The best skip is $c$; its denominator defines $\\Delta$",
            top / Delta,
            "the derivative in $c$ vanishes, and the second derivative $\\Delta/N$ is positive",
            "exact", check,
        ),
        where=[(Delta, bottom)],
    )


def delta() -> sp.Expr:
    """What Delta stands for, in A and B."""
    return dict(skip().where)[Delta]


@cache
def leftovers() -> dict[sp.Symbol, sp.Expr]:
    """u = 1 - c beta and v = c alpha at the best skip, over Delta."""
    best = skip().result.xreplace({Delta: delta()})
    found = {}
    for symbol, meaning in setting.LEFT.items():
        value = sp.factor(sp.cancel(meaning.subs(setting.skip, best)))
        found[symbol] = sp.factor(value * delta()) / Delta
    return found


@cache
def _overlap(index: int, claim: str) -> Derivation:
    before = skip()
    general = given_skip().result[index]

    def check(previous: sp.Expr, current: sp.Expr) -> list[object]:
        at = {symbol: meaning.subs(setting.skip, previous) for symbol, meaning in setting.LEFT.items()}
        return [general.subs(at) - current]

    value = general.subs(leftovers())
    return before.then(
        Step(claim, value, "put the best skip into the best overlaps", "exact", check)
    )


def overlap_mean() -> Derivation:
    return _overlap(0, "The overlap of $w$ with the mean, $m$")


def overlap_noise() -> Derivation:
    return _overlap(1, "The overlap of $w$ with the base draws, $q_\\xi$: it is negative")


def overlap_sample() -> Derivation:
    return _overlap(2, "The overlap of $w$ with the samples' deviations, $q_\\eta$")


@cache
def training_loss() -> Derivation:
    """The least risk, per n*draws*d."""
    general = profile().result
    value = _over_delta(general)

    def check(previous: sp.Expr, current: sp.Expr) -> list[object]:
        at = {symbol: meaning.subs(setting.skip, previous) for symbol, meaning in setting.LEFT.items()}
        return [general.subs(at) - current]

    return skip().then(
        Step("The least risk per $nKd$", value, "put the best skip into the remaining risk",
             "exact", check)
    )


def _over_delta(general: sp.Expr) -> sp.Expr:
    """A function of u, v at the best skip, with Delta for its denominator where it divides."""
    plain = sp.factor(general.subs({s: v.xreplace({Delta: delta()}) for s, v in leftovers().items()}))
    return sp.factor(plain * delta()) / Delta


@cache
def margin() -> Derivation:
    """s w.x_t / d on the training pairs: positive, so the labels reproduce themselves."""
    before = overlap_mean()
    at = dict(zip(OVERLAPS, (sp.factor(o.subs(leftovers())) for o in given_skip().result), strict=True))
    general = setting.inner(setting.weight, setting.point)
    value = sp.factor(expand_where(general.subs(at), before.where))
    inside = sp.collect(sp.expand(sp.cancel(value * expand_where(Delta, before.where)
                                            / (alpha**2 * beta))), [radius**2, sigma**2])

    def check(previous: sp.Expr, current: sp.Expr) -> list[object]:
        return [general.subs({**at, m: previous}) - current, Claim(inside, "> 0", (n * draws > 1,))]

    return before.then(
        Step(
            "The margin $s\\,w\\cdot x_t/d$ on every training pair is positive for $\\alpha,\\beta>0$, so that the "
            "true signs reproduce themselves",
            alpha**2 * beta * inside / Delta,
            "inner product of $w$ with $x_t$, concentrated as before; the bracket is positive for $nK>1$",
            "asymptotic", check,
        )
    )


@cache
def _fresh_coordinates() -> dict[sp.Symbol, sp.Expr]:
    """f(x_t) - x1 on a fresh pair, coordinate by coordinate, at the best overlaps for a given skip."""
    at = dict(zip(OVERLAPS, given_skip().result, strict=True))
    vector = expand_where(setting.residual(setting.fresh_weight).subs(at), [SIZE])
    return {e: divide_by_size(sp.diff(vector, e)) for e in setting.FRESH}


@cache
def test_error() -> Derivation:
    """The squared error on a fresh pair, per d."""
    best = dict(zip(OVERLAPS, given_skip().result, strict=True))
    at_overlaps = sp.collect(sp.expand(sum(
        coordinate**2 * setting.FRESH[e] for e, coordinate in _fresh_coordinates().items()
    )), [data, noise])
    value = at_overlaps.subs(leftovers())

    def check(previous: sp.Expr, current: sp.Expr) -> list[object]:
        at = {s: meaning.subs(setting.skip, skip().result) for s, meaning in setting.LEFT.items()}
        return [previous.subs(at) - current]

    return skip().then(
        Step(
            "On a fresh pair the squared error per $d$, at the best overlaps for a given skip",
            at_overlaps,
            "a fresh pair is orthogonal to all of $\\xi$ and $\\eta$, and for $\\beta>0$ its sign is read correctly "
            "because its margin $\\beta m r^2$ is positive",
            "asymptotic",
            lambda previous, current: [
                setting.is_residual(setting.fresh_weight), setting.fresh_error().subs(best) - current,
            ],
        ),
        Step("The test error of the learned denoiser", value, "put the best skip in", "exact", check),
    )


@cache
def oracle_error() -> Derivation:
    """The least error over all skips and overlaps when the law itself, not n samples, is known."""
    general = setting.fresh_error().subs(setting.LEFT)
    unknowns = (setting.skip, *OVERLAPS)
    (solution,) = sp.solve([sp.diff(general, x) for x in unknowns], unknowns, dict=True)
    value = sp.factor(sp.cancel(general.subs(solution)))

    def check(previous: sp.Expr, current: sp.Expr) -> list[object]:
        slopes = [sp.diff(previous, x).subs(solution) for x in unknowns]
        return [*slopes, previous.subs(solution) - current]

    return setting.setting().then(
        Step(
            "The test error of any network $c\\,x+w\\,\\mathrm{sign}(w\\cdot x)$ that reads the sign",
            general,
            "a fresh pair is orthogonal to all of $\\xi$ and $\\eta$; for $\\beta>0$ its sign is read without doubt",
            "asymptotic",
            lambda previous, current: [
                setting.fresh_error().subs(setting.LEFT) - current
            ],
        ),
        Step(
            "Its least value: that of the oracle, which knows $\\mu$ and $\\sigma$",
            value,
            "a convex quadratic; its gradient vanishes at $q_\\xi=q_\\eta=0$, $m=1-c\\beta$ and the "
            "Gaussian regression coefficient $c$",
            "exact", check,
        ),
    )
