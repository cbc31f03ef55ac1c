"""One independent numerical law for each formula: what the value means, computed the long way.

LAWS maps a name to a function of the formula's keywords. A law minimises, integrates, samples a grid or
measures lengths of vectors (`vectors`); it shares no algebra with the package. It is good to ACCURACY,
relative to max(1, |value|): least squares in float64 give 1e-13, the differential equations are solved to 1e-11,
the extrapolation to t = 1 is checked against itself at each call, and quadratures are spectrally accurate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import chebyshev
from scipy import integrate, optimize, stats

from oracles.vectors import Schedule, Space

ACCURACY = 1e-8
Law = Callable[..., float]


# -- the denoiser ---------------------------------------------------------------------------------------


def _learned(alpha: float, beta: float, **law: float) -> tuple[Space, float, np.ndarray]:
    space = Space(**law)  # type: ignore[arg-type]
    network = space.minimiser(alpha, beta)
    return space, network.c, network.w


def skip(alpha: float, beta: float, **law: float) -> float:
    return _learned(alpha, beta, **law)[1]


def overlap_mean(alpha: float, beta: float, **law: float) -> float:
    space, _, w = _learned(alpha, beta, **law)
    return float(w @ space.mean / (space.mean @ space.mean))


def overlap_noise(alpha: float, beta: float, **law: float) -> float:
    space, _, w = _learned(alpha, beta, **law)
    return float(w @ space.noise_sum / (space.noise_sum @ space.noise_sum))


def overlap_sample(alpha: float, beta: float, **law: float) -> float:
    space, _, w = _learned(alpha, beta, **law)
    return float(w @ space.sample_sum / (space.sample_sum @ space.sample_sum))


def margin(alpha: float, beta: float, **law: float) -> float:
    """The same on every pair, which is checked."""
    space, _, w = _learned(alpha, beta, **law)
    margins = space.signs * ((alpha * space.base + beta * space.data) @ w)
    if np.ptp(margins) > ACCURACY:
        raise AssertionError(f"the margins differ: {margins}")
    return float(margins.mean())


def training_loss(alpha: float, beta: float, **law: float) -> float:
    space = Space(**law)  # type: ignore[arg-type]
    return space.risk(alpha, beta, space.minimiser(alpha, beta)) / (space.n * space.draws)


def test_error(alpha: float, beta: float, **law: float) -> float:
    """On fresh pairs of either sign, orthogonal to everything."""
    space = Space(**law)  # type: ignore[arg-type]
    network = space.minimiser(alpha, beta)
    errors = []
    for sign in (1.0, -1.0):
        target = sign * space.mean + space.sigma * space.frame[-2]
        errors.append(((network(alpha * space.frame[-1] + beta * target) - target) ** 2).sum())
    return float(np.mean(errors))


def oracle_error(alpha: float, beta: float, *, sigma: float, **_: float) -> float:
    """The posterior variance of a coordinate of z given alpha x0 + beta z, on a grid, averaged over x_t."""
    z = np.linspace(-12, 12, 1201) * sigma
    prior = np.exp(-z**2 / (2 * sigma**2))
    seen = np.linspace(-12, 12, 241) * np.hypot(alpha, beta * sigma)
    joint = prior * np.exp(-((seen[:, None] - beta * z) ** 2) / (2 * alpha**2))
    weight = joint.sum(axis=1)
    mean = joint @ z / weight
    return float((joint * (z - mean[:, None]) ** 2).sum() / weight.sum())


# -- the velocity ---------------------------------------------------------------------------------------


class _Velocity(NamedTuple):
    space: Space
    of_start: np.ndarray
    constant: np.ndarray


def _velocity(alpha: float, beta: float, dalpha: float, dbeta: float, **law: float) -> _Velocity:
    """b at x = 0 on the branch sign +1, and its change when x = X0."""
    space, c, w = _learned(alpha, beta, **law)
    network = type(space.minimiser(alpha, beta))(c, w)
    at = (network, alpha, beta, dalpha, dbeta, 1.0)
    constant = space.velocity(0 * space.start, *at)
    return _Velocity(space, space.velocity(space.start, *at) - constant, constant)


def velocity_linear(**point: float) -> float:
    found = _velocity(**point)
    return float(found.of_start @ found.space.start)


def velocity_mean(**point: float) -> float:
    space, _, constant = _velocity(**point)
    return float(constant @ space.mean / (space.mean @ space.mean))


def velocity_noise(**point: float) -> float:
    space, _, constant = _velocity(**point)
    return float(constant @ space.noise_sum / (space.noise_sum @ space.noise_sum))


def velocity_sample(**point: float) -> float:
    space, _, constant = _velocity(**point)
    return float(constant @ space.sample_sum / (space.sample_sum @ space.sample_sum))


# -- the flow -------------------------------------------------------------------------------------------


def detour(alpha: float, beta: float) -> Schedule:
    """A schedule from (1, 0) that passes through (alpha, beta) at t = 1, by no straight way."""

    def schedule(t: float) -> tuple[float, float, float, float]:
        rise, slope = t + 0.3 * np.sin(np.pi * t), 1 + 0.3 * np.pi * np.cos(np.pi * t)
        late, late_slope = t * (1 + t) / 2, 0.5 + t
        return 1 + (alpha - 1) * rise, beta * late, (alpha - 1) * slope, beta * late_slope

    return schedule


@cache
def _arrival(alpha: float, beta: float, space: Space) -> np.ndarray:
    return space.integrate(detour(alpha, beta), np.array([1.0]))[-1]


def flow_mean(alpha: float, beta: float, **law: float) -> float:
    space = Space(**law)  # type: ignore[arg-type]
    return float(_arrival(alpha, beta, space) @ space.mean / (space.mean @ space.mean))


def flow_noise(alpha: float, beta: float, **law: float) -> float:
    space = Space(**law)  # type: ignore[arg-type]
    return float(_arrival(alpha, beta, space) @ space.noise_sum / (space.noise_sum @ space.noise_sum))


def flow_sample(alpha: float, beta: float, **law: float) -> float:
    space = Space(**law)  # type: ignore[arg-type]
    return float(_arrival(alpha, beta, space) @ space.sample_sum / (space.sample_sum @ space.sample_sum))


def flow_variance(alpha: float, beta: float, **law: float) -> float:
    """The squared weight of X0 in X_t."""
    space = Space(**law)  # type: ignore[arg-type]
    return float((_arrival(alpha, beta, space) @ space.start) ** 2)


# -- the generated law ----------------------------------------------------------------------------------


def _linear(t: float) -> tuple[float, float, float, float]:
    return 1 - t, t, -1.0, 1.0


@cache
def _generated(space: Space, skip: bool = True) -> tuple[np.ndarray, float]:
    """(mu_hat, sigma_hat) at t = 1: X_t is smooth there on the linear schedule, so it is extrapolated.

    Through 8 nodes near t = 1, leaving the first two out must not change the answer; where it does, because
    sqrt(alpha^2 + ...) bends close to the end, the nodes move closer.
    """
    for spacing in (1 / 200, 1 / 1600):
        times = 1 - spacing * np.arange(8, 0, -1)
        path = space.integrate(_linear, times, skip=skip)
        end, shorter = (_extrapolated(times[k:], path[k:]) for k in (0, 2))
        if np.abs(end - shorter).max() < ACCURACY / 10:
            width = float(end @ space.start)
            return end - width * space.start, width
    raise AssertionError(f"the extrapolation to t = 1 has not converged: {space}")


def _extrapolated(times: np.ndarray, path: np.ndarray) -> np.ndarray:
    """The polynomial through the points, at t = 1 (Lagrange)."""
    weights = [np.prod([(1 - b) / (a - b) for b in times if b != a]) for a in times]
    return np.asarray(weights) @ path


def generated_variance(**law: float) -> float:
    return _generated(Space(**law))[1] ** 2  # type: ignore[arg-type]


def mean_error(**law: float) -> float:
    space = Space(**law)  # type: ignore[arg-type]
    return float(((_generated(space)[0] - space.mean) ** 2).sum())


def mean_cosine(**law: float) -> float:
    space = Space(**law)  # type: ignore[arg-type]
    centre = _generated(space)[0]
    return float(centre @ space.mean / np.linalg.norm(centre) / np.linalg.norm(space.mean))


def no_skip_error(**law: float) -> float:
    space = Space(**law)  # type: ignore[arg-type]
    return float(((_generated(space, skip=False)[0] - space.mean) ** 2).sum())


def wasserstein(*, sigma: float, **law: float) -> float:
    """Centres apart, plus what the quantiles of the two one-dimensional laws are apart."""
    width = _generated(Space(sigma=sigma, **law))[1]  # type: ignore[arg-type]
    ours, theirs = stats.norm(scale=abs(width)), stats.norm(scale=sigma)
    # In x with u = Phi(x): the integrand decays like a Gaussian, and the trapezium rule is exact.
    x = np.linspace(-12, 12, 2401)
    u = stats.norm.cdf(x)
    below = x < 0
    apart = np.empty_like(x)
    apart[below] = ours.ppf(u[below]) - theirs.ppf(u[below])
    apart[~below] = ours.isf(stats.norm.sf(x[~below])) - theirs.isf(stats.norm.sf(x[~below]))
    return mean_error(sigma=sigma, **law) + float(integrate.trapezoid(apart**2 * stats.norm.pdf(x), x))


def kl_divergence(*, sigma: float, **law: float) -> float:
    """Int p ln(p/q) in one coordinate, in a frame that spreads mu_hat - mu evenly over all coordinates."""
    width = _generated(Space(sigma=sigma, **law))[1]  # type: ignore[arg-type]
    shift = np.sqrt(mean_error(sigma=sigma, **law))
    ours, theirs = stats.norm(shift, abs(width)), stats.norm(0, sigma)
    x = shift + abs(width) * np.linspace(-14, 14, 4001)
    return float(integrate.trapezoid(ours.pdf(x) * (ours.logpdf(x) - theirs.logpdf(x)), x))


def best_ridge(
    *, n: float, sigma: float, draws: int, radius: float, integrated: Callable[..., Any] | None = None
) -> float:
    """The integrated error scanned over the ridge; each local minimum refined by a polynomial through the error.

    Good to 1e-6: the minimum of a Chebyshev interpolant whose last coefficients are checked. Between integers
    n has no vectors: there the caller gives the error, as a function that has been held to its own law.
    """
    if integrated is None:
        integrated = mean_error

    def error(ridge: float) -> float:
        return float(integrated(n=n, sigma=sigma, ridge=float(ridge), draws=draws, radius=radius))

    grid = np.concatenate([[0.0], n * draws * np.geomspace(1e-2, 30, 40)])
    values = np.array([error(ridge) for ridge in grid])
    candidates = {0.0: values[0]}
    for i in np.flatnonzero((values[1:-1] < values[:-2]) & (values[1:-1] < values[2:])) + 1:
        low, high = grid[i - 1], grid[i + 1]
        fit = chebyshev.Chebyshev.interpolate(np.vectorize(error), 14, domain=[low, high])
        if np.abs(fit.coef[-2:]).max() > 1e-9:
            raise AssertionError("the interpolant of the error has not converged")
        ridge = float(optimize.brentq(fit.deriv(), low, high, xtol=1e-13))
        candidates[ridge] = float(fit(ridge))
    return min(candidates, key=lambda ridge: candidates[ridge])


# -- Bayes ----------------------------------------------------------------------------------------------


@cache
def _bayes(n: int, sigma: float, radius: float) -> tuple[float, float, float]:
    """E[(estimate - mu)^2], E[estimate mu], E[estimate^2] of a coordinate's posterior mean.

    The posterior mean is computed on a grid of mu from the product of the n likelihoods, for each node of a
    Gauss-Hermite rule over (mu, n samples).
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(4)
    weights = weights / weights.sum()
    mesh = np.meshgrid(*[nodes] * (n + 1), indexing="ij")
    weight = np.prod(np.meshgrid(*[weights] * (n + 1), indexing="ij"), axis=0).ravel()
    mu = radius * mesh[0].ravel()
    samples = np.stack([mu + sigma * m.ravel() for m in mesh[1:]], axis=1)
    grid = np.linspace(-1, 1, 801) * 16 * max(radius, sigma)
    log_posterior = -(grid**2) / (2 * radius**2)
    log_posterior = log_posterior - ((samples[:, :, None] - grid) ** 2).sum(axis=1) / (2 * sigma**2)
    posterior = np.exp(log_posterior - log_posterior.max(axis=1, keepdims=True))
    estimate = posterior @ grid / posterior.sum(axis=1)
    return (float(weight @ (estimate - mu) ** 2), float(weight @ (estimate * mu)), float(weight @ estimate**2))


def bayes_error(*, n: int, sigma: float, radius: float) -> float:
    return _bayes(n, sigma, radius)[0]


def bayes_cosine(*, n: int, sigma: float, radius: float) -> float:
    _, together, square = _bayes(n, sigma, radius)
    return together / np.sqrt(square) / radius


LAWS: dict[str, Law] = {
    f"limited_samples.{law.__name__}": law
    for law in (
        skip, overlap_mean, overlap_noise, overlap_sample, margin, training_loss, test_error, oracle_error,
        velocity_linear, velocity_mean, velocity_noise, velocity_sample,
        flow_mean, flow_noise, flow_sample, flow_variance,
        generated_variance, mean_error, mean_cosine, wasserstein, kl_divergence, best_ridge,
        no_skip_error, bayes_error, bayes_cosine,
    )
}
"""The law of each formula, by name."""

POINTS: tuple[dict[str, float], ...] = (
    {"alpha": 0.62, "beta": 0.47, "dalpha": -0.9, "dbeta": 1.35,
     "n": 3, "sigma": 1.3, "ridge": 0.7, "draws": 2, "radius": 0.85,
     "spread_data": 1.7, "spread_noise": 0.9, "spread_cross": -0.23,
     "d": 41.0, "p": 0.73, "kappa": 2.3, "s": 1.4,
     "learning_rate": 0.43, "jump_rate": 0.37, "chains": 57.0, "q": 0.61, "scale": 1.35, "tau": 1.7, "step": 0.53},
    {"alpha": 0.31, "beta": 0.83, "dalpha": -1.7, "dbeta": 0.6,
     "n": 2, "sigma": 0.75, "ridge": 2.3, "draws": 4, "radius": 1.45,
     "spread_data": 0.6, "spread_noise": 1.15, "spread_cross": 0.31,
     "d": 700.0, "p": 0.29, "kappa": 3.7, "s": 0.6,
     "learning_rate": 1.9, "jump_rate": 0.83, "chains": 9.0, "q": 0.44, "scale": 0.97, "tau": 0.7, "step": 0.21},
)
"""Generic points: no argument is 0 or 1."""

TIES: tuple[dict[str, float], ...] = (
    {"n": 1, "sigma": 0.592, "draws": 2, "radius": 0.85}, {"n": 1, "sigma": 0.597, "draws": 2, "radius": 0.85},
    {"n": 1.02, "sigma": 0.5873, "draws": 2, "radius": 0.85},
    {"n": 1.02, "sigma": 0.5885, "draws": 2, "radius": 0.85},
    {"n": 1.05, "sigma": 0.4670, "draws": 3, "radius": 0.85},
    {"n": 1.05, "sigma": 0.4682, "draws": 3, "radius": 0.85},
)
"""Where the error has two local minima in the ridge of almost the same depth, on both sides of the tie: only
there does the objective decide more than the slope does."""

LOOSE = ("best_ridge", "fluctuation", "first_weight", "first_bias", "first_skip")
"""Last parts of the names whose laws are good to 1e-6: they interpolate, search, or take differences of order four."""


def tolerance(name: str) -> float:
    """The law's accuracy, relative to max(1, |value|)."""
    if name.endswith("kramers"):
        return 1e-5  # an asymptotic form, of which c^2 times some 15 is left out; here c = sigma^2/(2 a^2) < 4e-4
    return 1e-6 if name.endswith(LOOSE) else ACCURACY


def points(name: str, arguments: Iterable[str]) -> list[dict[str, float]]:
    """The points at which the formula of that name is held against its law."""
    from oracles.balance_laws import FAR
    from oracles.phase_laws import TURNS

    if name in FAR:
        return list(FAR[name])
    generic = [{each: point[each] for each in arguments} for point in POINTS]
    return generic + (list(TIES) if name == "limited_samples.best_ridge" else [*TURNS.get(name, ())])


@cache
def _value(name: str, point: tuple[tuple[str, float], ...], given: tuple[tuple[str, Any], ...]) -> float:
    return float(every_law()[name](**dict(point), **dict(given)))


def every_law() -> dict[str, Law]:
    """These laws and those of `finite_laws`, which build on them."""
    from oracles.balance_laws import BALANCE_LAWS
    from oracles.finite_laws import BIAS_LAWS, FINITE_LAWS, FLUCTUATION_LAWS
    from oracles.phase_laws import PHASE_LAWS

    return LAWS | FINITE_LAWS | FLUCTUATION_LAWS | BIAS_LAWS | PHASE_LAWS | BALANCE_LAWS


def value(name: str, point: dict[str, float], **given: Any) -> float:
    """The law's value, computed once. ``given`` is what a law cannot do for itself at this point."""
    return _value(name, tuple(point.items()), tuple(given.items()))
