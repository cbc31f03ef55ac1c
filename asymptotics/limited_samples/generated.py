"""The generated law at t = 1 and its errors: schedule-independent, because only the end values enter.

rho_hat = 1/2 N(+-mu_hat, variance I) with mu_hat = M mu + Q_xi xi + Q_eta eta at alpha = 0, beta = 1.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics.algebra import expand_where
from asymptotics.derivation import Claim, Derivation, Step
from asymptotics.functions import log_defect
from asymptotics.limited_samples import flow, setting
from asymptotics.limited_samples.denoiser import SIZE
from asymptotics.symbols import A, B, N, alpha, beta, draws, error, excess, n, radius, ridge, sigma, variance

END = {alpha: 0, beta: 1}
LAW = "The generated law is a balanced mixture of $\\mathcal{N}(\\pm\\hat\\mu,\\hat\\sigma^2 I)$"


@cache
def generated_variance() -> Derivation:
    return flow.factor().then(
        Step(
            "The generated variance per coordinate",
            A / B,
            "the variance factor at $\\alpha=0$, $\\beta=1$; the base has unit variance",
            "exact",
            lambda previous, current: [previous.subs(END) - current],
        )
    )


@cache
def centre() -> Derivation:
    """The coordinates (M, Q_xi, Q_eta) of mu_hat at the data end."""
    coordinates = sp.Tuple(*(part().result.subs(END) for part in (flow.mean, flow.noise, flow.sample)))
    before = flow.noise()

    def check(previous: sp.Expr, current: sp.Tuple) -> list[object]:
        whole = (flow.mean().result, previous, flow.sample().result)
        return [a.subs(END) - b for a, b in zip(whole, current, strict=True)]

    return before.then(
        Step(
            "The centre $\\hat\\mu=M\\mu+Q_\\xi\\xi+Q_\\eta\\eta$ at the data end, as $(M,Q_\\xi,Q_\\eta)$",
            coordinates,
            "the three flows at $\\alpha=0$, $\\beta=1$",
            "exact", check,
        )
    )


def squares(displacement: sp.Expr) -> sp.Expr:
    """|displacement|^2/d in xi, eta coordinates, over the common denominator N^2, with ridge = N - nK used."""
    total = sp.S.Zero
    for direction, size in setting.FRESH.items():
        coordinate = sp.factor(expand_where(sp.diff(displacement, direction), [SIZE]))
        total += coordinate**2 * size
    scaled = sp.expand(sp.cancel(total * SIZE[1] ** 2))
    if sp.fraction(sp.together(scaled))[1].has(ridge):
        raise ValueError(f"{displacement} has another denominator than N")
    return scaled / N**2


def vector(coordinates: sp.Tuple) -> sp.Expr:
    mean, noise, sample = coordinates
    return mean * setting.MU + noise * setting.OTHER_NOISE + sample * setting.OTHER_SAMPLE


@cache
def mean_error() -> Derivation:
    value = squares(vector(centre().result) - setting.MU)

    def check(previous: sp.Tuple, current: sp.Expr) -> list[object]:
        exact = setting.square(vector(previous) - setting.MU, setting.FRESH)
        return [exact - current]

    return centre().then(
        Step(
            "The error of the generated mean, $|\\hat\\mu-\\mu|^2/d$",
            value,
            "$\\mu$, $\\xi$ and $\\eta$ are orthogonal as $d\\to\\infty$, with lengths $r^2$, $nK$ and "
            "$n\\sigma^2$ per $d$",
            "asymptotic", check,
        )
    )


@cache
def mean_cosine() -> Derivation:
    noise_ratio, sample_ratio = (
        expand_where(c / centre().result[0], [SIZE]) for c in centre().result[1:]
    )
    off = sp.expand(sp.cancel(noise_ratio**2 * n * draws + sample_ratio**2 * n * sigma**2))
    value = 1 / sp.sqrt(1 + sp.factor(off / radius**2))

    def check(previous: sp.Tuple, current: sp.Expr) -> list[object]:
        length = setting.square(vector(previous), setting.FRESH)
        overlap = previous[0] * radius**2
        return [(overlap / radius) ** 2 / length - current**2, Claim(expand_where(current, mean_error().where), "> 0")]

    return centre().then(
        Step(
            "The cosine of the angle between $\\hat\\mu$ and $\\mu$; it is positive because $M>0$",
            value,
            "$\\hat\\mu\\cdot\\mu/(|\\hat\\mu||\\mu|)$ with $\\mu$, $\\xi$ and $\\eta$ orthogonal",
            "asymptotic", check,
        )
    )


@cache
def wasserstein() -> Derivation:
    """W2^2/d between the generated and the target law."""
    before = mean_error()
    # sqrt(variance) - sigma without cancellation: (variance - sigma^2)/(sqrt(variance) + sigma).
    gap = _variance_gap()
    value = error + (gap / (sp.sqrt(variance) + sigma)) ** 2
    where = [(error, before.result)]

    def coupling(previous: sp.Expr, current: sp.Expr) -> list[object]:
        g = sp.Symbol("g", real=True)
        shift = sp.Symbol("shift", real=True)
        difference = sp.expand((shift + (sp.sqrt(variance) - sigma) * g) ** 2)
        mean_square = difference.coeff(g, 0) + difference.coeff(g, 2)
        return [mean_square.subs(shift**2, error) - current, previous - error]

    return before.then(
        Step(
            "$W_2^2/d=\\mathcal{E}+(\\hat\\sigma-\\sigma)^2$, where $\\mathcal{E}$ is the error of the mean",
            error + (sp.sqrt(variance) - sigma) ** 2,
            "as $d\\to\\infty$ each cluster goes to its own; between them "
            "$\\hat\\mu+\\hat\\sigma g\\mapsto\\mu+\\sigma g$ is the gradient of a convex function, "
            "hence optimal (Brenier)",
            "asymptotic", coupling,
        ),
        Step(
            "The same without cancellation",
            value, "$\\hat\\sigma-\\sigma=(\\hat\\sigma^2-\\sigma^2)/(\\hat\\sigma+\\sigma)$", "exact",
            lambda previous, current: [previous - current],
        ),
        where=where,
    )


def _variance_gap() -> sp.Expr:
    """variance - sigma^2 over B, its numerator expanded so that what cancels is gone."""
    where = generated_variance().where
    numerator = sp.expand(expand_where(A - sigma**2 * B, where))
    return sp.collect(numerator, sigma**2) / B


@cache
def kl_divergence() -> Derivation:
    """KL(generated || target)/d."""
    before = mean_error()
    ratio = _variance_gap() / sigma**2
    value = log_defect(excess) / 2 + error / (2 * sigma**2)

    def moments(previous: sp.Expr, current: sp.Expr) -> list[object]:
        """E under the generated law of ln generated - ln target, coordinate by coordinate."""
        square, own = sp.symbols("square own")
        log_ratio = -sp.log(variance) / 2 - own / (2 * variance) + sp.log(sigma**2) / 2 + square / (
            2 * sigma**2)
        mean = log_ratio.subs({own: variance, square: variance + error})
        return [mean - current, previous - error]

    return before.then(
        Step(
            "$\\mathrm{KL}/d$ of two Gaussians of variances $\\hat\\sigma^2$ and $\\sigma^2$ whose means "
            "are $\\mathcal{E}d$ apart",
            (variance / sigma**2 - 1 - sp.log(variance / sigma**2)) / 2 + error / (2 * sigma**2),
            "as $d\\to\\infty$ the clusters do not overlap, the weights are equal, and each cluster is "
            "compared with its own",
            "asymptotic", moments,
        ),
        Step(
            "The same without cancellation, $\\delta=\\hat\\sigma^2/\\sigma^2-1$",
            value, "$\\delta-\\ln(1+\\delta)$ is kept as one function", "exact",
            lambda previous, current: [previous - current, variance / sigma**2 - 1 - excess],
        ),
        where=[(error, before.result), (excess, ratio)],
    )
