"""Independent laws for the balance of modes: iterated maps, enumerated chains, quadratures, no package algebra."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from scipy import integrate, linalg, optimize, stats

Law = Callable[..., float]


def _iterated(theta: complex, f: complex, p: float, rate: float, jump: float) -> tuple[complex, complex]:
    """One noiseless iteration: chains are refreshed, then the log odds move."""
    share = (1 - jump) * f + jump / (1 + np.exp(-theta))
    return theta + rate * (p - share), share


def _jacobian(p: float, rate: float, jump: float) -> np.ndarray:
    """At balance, by steps into the complex plane."""
    h, theta = 1e-30, np.log(p / (1 - p))
    columns = [_iterated(theta + 1j * h * a, p + 1j * h * b, p, rate, jump) for a, b in ((1, 0), (0, 1))]
    return np.array(columns).imag.T / h


def critical_jump_rate(*, p: float, learning_rate: float) -> float:
    def discriminant(jump: float) -> float:
        matrix = _jacobian(p, learning_rate, jump)
        return float(np.trace(matrix) ** 2 - 4 * np.linalg.det(matrix)) / jump

    return float(optimize.brentq(discriminant, 1e-9, 1.0, xtol=1e-15))


def weight_std(*, p: float, learning_rate: float, jump_rate: float, chains: float) -> float:
    """scipy's Lyapunov equation; the noise of a share of chains from the table of one chain's two states."""
    noise = 0.0
    for before, refreshed, drawn in itertools.product((1, 0), repeat=3):
        chance = (p if before else 1 - p) * (jump_rate if refreshed else 1 - jump_rate) * (p if drawn else 1 - p)
        after = drawn if refreshed else before
        expected = (1 - jump_rate) * before + jump_rate * p
        noise += chance * (after - expected) ** 2 / chains
    kick = np.array([[-learning_rate], [1.0]])
    spread = linalg.solve_discrete_lyapunov(_jacobian(p, learning_rate, jump_rate), kick @ kick.T * noise)
    h, theta = 1e-30, np.log(p / (1 - p))
    slope = (1 / (1 + np.exp(-(theta + 1j * h)))).imag / h
    return float(slope * np.sqrt(spread[0, 0]))


def imh_acceptance_gaussian(*, d: float, scale: float) -> float:
    """The mean of min{1, w(y)/w(x)}: over |y|^2 at each |x|^2, then over |x|^2, by quadrature."""
    target, proposal = stats.chi2(d), stats.chi2(d, scale=scale**2)

    def log_weight(u: float) -> float:
        return float(target.logpdf(u) - proposal.logpdf(u))

    inside = log_weight(0.9 * d) > log_weight(1.1 * d)

    def accepted(u: float) -> float:
        better = proposal.cdf(u) if inside else proposal.sf(u)
        worse = target.sf(u) if inside else target.cdf(u)
        return float(better + worse * np.exp(-log_weight(u)))

    low, high = target.ppf(1e-18), target.isf(1e-18)
    value, _ = integrate.quad(lambda u: target.pdf(u) * accepted(u), low, high, epsabs=1e-13, epsrel=1e-12, limit=500,
                              points=[target.ppf(c) for c in (0.01, 0.5, 0.99)])
    return float(value)


def imh_acceptance_lognormal(*, tau: float) -> float:
    """ln w(y) - ln w(x) is normal with the mean -tau^2 and the variance 2 tau^2."""
    law = stats.norm(-(tau**2), np.sqrt(2) * tau)
    low, high = -(tau**2) - 16 * tau, 16 * tau
    parts = [
        integrate.quad(lambda x: law.pdf(x) * min(1.0, np.exp(x)), *ends, epsabs=1e-13, epsrel=1e-12, limit=400)[0]
        for ends in ((low, 0.0), (0.0, high))
    ]
    return float(sum(parts))


def jump_rate_independent(*, p: float, q: float) -> float:
    """Three states a mode, proposed in the target's proportions within it: the gap of the whole chain."""
    within = np.array([0.5, 0.3, 0.2])
    target, proposal = (np.concatenate([each * within, (1 - each) * within]) for each in (p, q))
    weight = target / proposal
    chain = proposal[None, :] * np.minimum(1.0, weight[None, :] / weight[:, None])
    np.fill_diagonal(chain, 0.0)
    np.fill_diagonal(chain, 1 - chain.sum(1))
    indicator = np.repeat([1.0, 0.0], 3) - p
    moved = chain @ indicator
    factor = float(moved @ (target * indicator) / (indicator @ (target * indicator)))
    np.testing.assert_allclose(moved, factor * indicator, atol=1e-14)
    return 1 - factor


def _sampled(variance: float, step: float) -> float:
    """The stationary variance of Langevin steps on N(0, variance), by iteration from it."""
    node, weight = np.polynomial.hermite_e.hermegauss(6)
    weight = weight / weight.sum()
    found = variance
    for _ in range(20_000):
        x = np.sqrt(found) * node[:, None]
        moved = x + step * (-x / variance) + np.sqrt(2 * step) * node[None, :]
        before, found = found, float(weight @ moved**2 @ weight)
        if abs(found - before) < 1e-16 * found:
            break
    return found


def ula_variance(*, sigma: float, step: float) -> float:
    return _sampled(sigma**2, step)


def ula_learned_variance(*, sigma: float, step: float) -> float:
    """Where training stops: the stable zero of (data's variance - sampled variance), above v = step."""
    return float(optimize.brentq(lambda v: _sampled(v, step) - sigma**2, step, sigma**2, xtol=1e-15, rtol=1e-14))


def crossing_rate(*, p: float, sigma: float, step: float, separation: float) -> float:
    """step/(p times the integral of 1/density between the modes)."""
    a = separation / 2

    def log_density(x: np.ndarray) -> np.ndarray:
        both = np.log(p) - (x - a) ** 2 / (2 * sigma**2), np.log(1 - p) - (x + a) ** 2 / (2 * sigma**2)
        return np.logaddexp(*both) - np.log(sigma * np.sqrt(2 * np.pi))

    x = np.linspace(-a, a, 400_001)
    low = log_density(x).min()
    inverse = integrate.simpson(np.exp(low - log_density(x)), x=x)
    return float(step * np.exp(low) / (p * inverse))


def jump_rate_kramers(**values: float) -> float:
    return crossing_rate(**values)


BALANCE_LAWS: dict[str, Law] = {
    f"balance.{law.__name__}": law
    for law in (
        critical_jump_rate, weight_std, imh_acceptance_gaussian, imh_acceptance_lognormal, jump_rate_independent,
        ula_variance, ula_learned_variance, jump_rate_kramers,
    )
}

FAR: dict[str, tuple[dict[str, float], ...]] = {
    "balance.jump_rate_kramers": (
        {"p": 0.93, "sigma": 1.3, "step": 7.3e278, "separation": 93.0},
        {"p": 0.09, "sigma": 0.75, "step": 2.3e279, "separation": 54.0},
    ),
}
"""Points instead of the generic ones, far in the limit; the rate is proportional to the step, made large."""
