"""Independent laws for the phases: densities, quadratures, root finders and least squares; no algebra of the package.

One coordinate along mu carries everything about the mode. Its density under either mode is that of a Gaussian whose
mean and variance are measured from quadratures over base and data; the posterior is a ratio of densities.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import integrate, optimize, stats

Law = Callable[..., float]
_TIGHT = {"epsabs": 1e-13, "epsrel": 1e-12, "limit": 400}


def _coordinate(alpha: float, beta: float, sigma: float, length: float) -> tuple[float, float]:
    """Mean and standard deviation of mu.x_t/|mu| in the + mode, by Gauss-Hermite over x0 and z."""
    node, weight = np.polynomial.hermite_e.hermegauss(8)
    weight = weight / weight.sum()
    value = alpha * node[:, None] + beta * (length + sigma * node[None, :])
    both = weight[:, None] * weight[None, :]
    mean = float((both * value).sum())
    return mean, float((both * (value - mean) ** 2).sum()) ** 0.5


def speciation(*, alpha: float, beta: float, sigma: float, d: float, radius: float) -> float:
    mean, width = _coordinate(alpha, beta, sigma, radius * d**0.5)
    return mean / width


def variance_ratio(*, alpha: float, beta: float, sigma: float, d: float, radius: float) -> float:
    """Root of (width of x_t in a mode / width of its base part)^2 - 1."""
    _, width = _coordinate(alpha, beta, sigma, 0.0)
    _, base = _coordinate(alpha, 0.0, sigma, 0.0)
    return float(((width / base) ** 2 - 1) ** 0.5)


def boundary(*, s: float, sigma: float, d: float, radius: float) -> float:
    def gap(b: float) -> float:
        return speciation(alpha=1 - b, beta=b, sigma=sigma, d=d, radius=radius) - s

    return float(optimize.brentq(gap, 0.0, 1.0, xtol=1e-15, rtol=1e-14))


def dilated_time(*, beta: float, kappa: float, d: float) -> float:
    return float(np.interp(beta, [0.0, kappa / np.sqrt(d), 1.0], [0.0, 0.5, 1.0]))


def _modes(s: float, nu: np.ndarray | float, p: float) -> tuple[np.ndarray, np.ndarray]:
    """Weighted densities of nu in the two modes."""
    return p * stats.norm.pdf(nu, s), (1 - p) * stats.norm.pdf(nu, -s)


def _over_nu(function: Callable[[np.ndarray, np.ndarray], np.ndarray], p: float, s: float) -> float:
    """The integral of a function of the two weighted densities: Simpson on a fine grid, far into the tails."""
    nu = np.linspace(-s - 12, s + 12, 60_001)
    return float(integrate.simpson(function(*_modes(s, nu, p)), x=nu))


def mmse(*, p: float, s: float) -> float:
    return _over_nu(lambda up, down: 4 * up * down / (up + down), p, s)


def posterior_second_moment(*, p: float, s: float) -> float:
    return _over_nu(lambda up, down: (up - down) ** 2 / (up + down), p, s)


def clone_probability(*, p: float, s: float) -> float:
    return _over_nu(lambda up, down: (up**2 + down**2) / (up + down), p, s)


def information(*, p: float, s: float) -> float:
    def density(up: np.ndarray, down: np.ndarray) -> np.ndarray:
        total = up + down
        return np.asarray(up * np.log(up / total / p) + down * np.log(down / total / (1 - p)))

    return _over_nu(density, p, s)


def total_variation(*, s: float) -> float:
    return 2 * _over_nu(lambda up, down: abs(up - down) / 2, 0.5, s)


def spinodal(*, p: float) -> float:
    """The least s at which the slope of the log density touches 0 on the side of the rarer mode."""
    rare = min(p, 1 - p)

    def best(s: float) -> float:
        """The highest slope towards the rarer mode, which lies at -s: beyond 0 there is a second maximum."""
        def slope(nu: float) -> float:
            up, down = (1 - rare) * np.exp(s * nu), rare * np.exp(-s * nu)
            return float(-(-nu + s * (up - down) / (up + down)))

        found = optimize.minimize_scalar(lambda nu: -slope(nu), bounds=(-s - 1, 0.0), method="bounded",
                                         options={"xatol": 1e-12})
        return -float(found.fun)

    return float(optimize.brentq(best, 1.0 + 1e-9, 20.0, xtol=1e-13))


def denoising_error(*, alpha: float, beta: float, sigma: float, p: float, d: float, radius: float) -> float:
    """Across mu by the regression of Gaussians; along mu by posterior moments on grids of x1, averaged over x_t."""
    length = radius * d**0.5
    across = sigma**2 - (sigma**2 * beta) ** 2 / (alpha**2 + (sigma * beta) ** 2)
    target = np.linspace(-length - 9 * sigma, length + 9 * sigma, 6001)
    prior = p * stats.norm.pdf(target, length, sigma) + (1 - p) * stats.norm.pdf(target, -length, sigma)
    seen = np.linspace(-beta * length - 9, beta * length + 9, 1501) * max(1.0, alpha, sigma)
    joint = prior[:, None] * stats.norm.pdf(seen[None, :], beta * target[:, None], alpha)
    mass = np.trapezoid(joint, target, axis=0)
    mean = np.trapezoid(joint * target[:, None], target, axis=0)
    square = np.trapezoid(joint * target[:, None] ** 2, target, axis=0)
    along = np.trapezoid(square - np.divide(mean**2, mass, out=np.zeros_like(mass), where=mass > 0), seen)
    return float(((d - 1) * across + along) / d)


def mode_probability_sign(*, p: float, kappa: float) -> float:
    return float(p * stats.norm.sf(0.0, kappa) + (1 - p) * stats.norm.sf(0.0, -kappa))


def mode_probability_field(*, p: float, kappa: float) -> float:
    """The edge is where the two modes are equally likely."""
    def odds(nu: float) -> float:
        return float(np.log(p / (1 - p)) + stats.norm.logpdf(nu, kappa) - stats.norm.logpdf(nu, -kappa))

    edge = optimize.brentq(odds, -50.0, 50.0, xtol=1e-14)
    return float(p * stats.norm.sf(edge, kappa) + (1 - p) * stats.norm.sf(edge, -kappa))


def _returned(mode: int, p: float, s: float) -> float:
    """E of the posterior of + given that the start was ``mode``."""
    nu = np.linspace(-s - 12, s + 12, 60_001)
    up, down = _modes(s, nu, p)
    return float(integrate.simpson(up / (up + down) * stats.norm.pdf(nu, mode * s), x=nu))


def uturn_sde_plus(*, p: float, s: float) -> float:
    return _returned(1, p, s)


def uturn_sde_minus(*, p: float, s: float) -> float:
    return _returned(-1, p, s)


def _edge(p: float, s: float) -> float:
    def missing(q: float) -> float:
        return float(p * stats.norm.cdf(q, s) + (1 - p) * stats.norm.cdf(q, -s) - (1 - p))

    return float(optimize.brentq(missing, -s - 15, s + 15, xtol=1e-14))


def uturn_ode_plus(*, p: float, s: float) -> float:
    return float(stats.norm.sf(_edge(p, s), s))


def uturn_ode_minus(*, p: float, s: float) -> float:
    return float(stats.norm.sf(_edge(p, s), -s))


def _denoised(x: np.ndarray, alpha: float, beta: float, sigma: float) -> np.ndarray:
    """E[x1|x_t] for one coordinate with mu = 1 and equal modes: quadrature over x1."""
    target = np.linspace(-1 - 12 * sigma, 1 + 12 * sigma, 20_001)
    prior = stats.norm.pdf(target, 1, sigma) + stats.norm.pdf(target, -1, sigma)
    joint = prior[:, None] * stats.norm.pdf(x[None, :], beta * target[:, None], alpha)
    return np.asarray(np.trapezoid(joint * target[:, None], target, axis=0) / np.trapezoid(joint, target, axis=0))


def _field(alpha: float, beta: float, sigma: float) -> tuple[float, float]:
    """The coefficients on x_t and on mu E[S|x_t], solved from the denoiser at two points."""
    x = np.array([0.7, 1.9])
    mean, width = _coordinate(alpha, beta, sigma, 1.0)
    up, down = stats.norm.pdf(x, mean, width), stats.norm.pdf(x, -mean, width)
    rows = np.stack([x, (up - down) / (up + down)], axis=1)
    first, second = np.linalg.solve(rows, _denoised(x, alpha, beta, sigma))
    return float(first), float(second)


def field_skip(*, alpha: float, beta: float, sigma: float) -> float:
    return _field(alpha, beta, sigma)[0]


def field_mean(*, alpha: float, beta: float, sigma: float) -> float:
    return _field(alpha, beta, sigma)[1]


def velocity_linear(*, alpha: float, beta: float, dalpha: float, dbeta: float, sigma: float) -> float:
    return (dbeta - beta * dalpha / alpha) * _field(alpha, beta, sigma)[0] + dalpha / alpha


def velocity_mean(*, alpha: float, beta: float, dalpha: float, dbeta: float, sigma: float) -> float:
    return (dbeta - beta * dalpha / alpha) * _field(alpha, beta, sigma)[1]


def _second(alpha: float, beta: float, n: int, sigma: float, ridge: float, radius: float) -> tuple[float, np.ndarray]:
    """(c, w) by least squares on exactly orthogonal mu, z: per sample, with the mean over fresh noise.

    E|c x_t + w - x1|^2 is |(c beta - 1) x1 + w|^2 and the noise's share (c alpha)^2, both per d.
    """
    frame = np.eye(n + 1)
    data = radius * frame[0] + sigma * frame[1:]
    rows = [np.hstack([(beta * x)[:, None], np.eye(n + 1)]) for x in data]
    noise = np.zeros((1, n + 2))
    noise[0, 0] = alpha * n**0.5
    shrink = np.hstack([np.zeros((n + 1, 1)), ridge**0.5 * np.eye(n + 1)])
    right = np.concatenate([data.ravel(), np.zeros(n + 2)])
    found = np.linalg.lstsq(np.vstack([*rows, noise, shrink]), right, rcond=None)[0]
    return float(found[0]), found[1:]


def second_skip(*, alpha: float, beta: float, n: int, sigma: float, ridge: float, radius: float) -> float:
    return _second(alpha, beta, n, sigma, ridge, radius)[0]


def second_mean(*, alpha: float, beta: float, n: int, sigma: float, ridge: float, radius: float) -> float:
    return float(_second(alpha, beta, n, sigma, ridge, radius)[1][0]) / radius


def second_sample(*, alpha: float, beta: float, n: int, sigma: float, ridge: float, radius: float) -> float:
    return float(_second(alpha, beta, n, sigma, ridge, radius)[1][1:].mean()) / sigma


def _carried(end: float, n: int, sigma: float, ridge: float, radius: float) -> np.ndarray:
    """(M, factor) at angle ``end`` of the trigonometric schedule, integrated with those networks."""
    def rate(t: float, y: np.ndarray) -> np.ndarray:
        alpha, beta, dalpha, dbeta = np.cos(t), np.sin(t), -np.sin(t), np.cos(t)
        c, w = _second(alpha, beta, n, sigma, ridge, radius)
        k = dbeta - beta * dalpha / alpha
        growth = k * c + dalpha / alpha
        return np.array([growth * y[0] + k * w[0] / radius, growth * y[1]])

    found = integrate.solve_ivp(rate, (0.0, end), [0.0, 1.0], method="DOP853", rtol=1e-12, atol=1e-13)
    return np.asarray(found.y[:, -1])


def _scaled(alpha: float, beta: float, **law: float) -> np.ndarray:
    """At any (alpha, beta): both are of degree one along the ray, up to the base's own scale."""
    size = float(np.hypot(alpha, beta))
    return size * _carried(float(np.arctan2(beta, alpha)), **law)  # type: ignore[arg-type]


def second_flow_mean(*, alpha: float, beta: float, n: int, sigma: float, ridge: float, radius: float) -> float:
    return float(_scaled(alpha, beta, n=n, sigma=sigma, ridge=ridge, radius=radius)[0])


def second_flow_variance(*, alpha: float, beta: float, n: int, sigma: float, ridge: float, radius: float) -> float:
    return float(_scaled(alpha, beta, n=n, sigma=sigma, ridge=ridge, radius=radius)[1] ** 2)


def _arrived(which: Callable[[np.ndarray], float], n: int, sigma: float, ridge: float, radius: float) -> float:
    """At the data end, by extrapolating in the squared distance to it."""
    gaps = 0.11 - 0.09 * np.cos(np.pi * (np.arange(9) + 0.5) / 9)
    values = [which(_carried(np.pi / 2 - gap, n, sigma, ridge, radius)) for gap in gaps]
    return float(np.polynomial.Polynomial.fit(gaps, values, 8)(0.0))


def second_variance(*, n: int, sigma: float, ridge: float, radius: float) -> float:
    return _arrived(lambda y: y[1] ** 2, n, sigma, ridge, radius)


def second_mean_error(*, n: int, sigma: float, ridge: float, radius: float) -> float:
    """|M mu + Q eta - mu|^2 with Q/M the ratio of the overlaps, the same at all times."""
    _, w = _second(0.6, 0.5, n, sigma, ridge, radius)
    end = _arrived(lambda y: y[0], n, sigma, ridge, radius)
    ratio = float(w[1:].mean()) / sigma / (float(w[0]) / radius)
    return (end - 1) ** 2 * radius**2 + (end * ratio) ** 2 * n * sigma**2


def _hidden_unit(s: float, p: float) -> tuple[float, float]:
    """(omega, b) that minimise the risk of tanh(omega nu + b) by a search."""
    nu = np.linspace(-12 - s, 12 + s, 4001)
    up, down = (weight * np.exp(-((nu - sign * s) ** 2) / 2) for weight, sign in ((p, 1), (1 - p, -1)))

    def risk(x: np.ndarray) -> float:
        unit = np.tanh(x[0] * nu + x[1])
        return float(-(((up - down) @ unit) ** 2) / ((up + down) @ unit**2))

    options = {"xatol": 1e-11, "fatol": 1e-15, "maxiter": 4000}
    found = optimize.minimize(risk, (0.7, 0.1), method="Nelder-Mead", options=options)
    return float(abs(found.x[0])), float(found.x[1] * np.sign(found.x[0]))


def first_weight(*, s: float) -> float:
    return _hidden_unit(s, 0.37)[0]


def first_bias(*, p: float) -> float:
    return _hidden_unit(1.1, p)[1]


def first_skip(*, sigma: float, s: float) -> float:
    """The c that minimises E|x1 - c x - mu tanh(omega nu + b)|^2 at d = 10^8, alpha = 1, with |mu|^2 = d.

    Coordinates: along mu, along the sample's own noise, and d - 2 others. Quadratic in c: three values tell.
    """
    d, p = 1e8, 0.64
    omega, b = _hidden_unit(s, p)
    z = np.linspace(-12, 12, 4001)
    law = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()

    def risk(c: float) -> float:
        total = (sigma * (1 - c * s / d**0.5)) ** 2 * d + c**2 * (d - 1)
        for sign, weight in ((1, p), (-1, 1 - p)):
            nu = z + sign * s
            total += weight * float(law @ (d**0.5 * (sign - np.tanh(omega * nu + b)) - c * nu) ** 2)
        return total

    left, middle, right = (risk(c / d**0.5) for c in (-1.0, 0.0, 1.0))
    return (left - right) / (2 * (left + right - 2 * middle))


PHASE_LAWS: dict[str, Law] = {
    f"phases.{law.__name__}": law
    for law in (
        field_skip, field_mean, velocity_linear, velocity_mean, speciation, variance_ratio, boundary, dilated_time,
        mmse, posterior_second_moment, clone_probability, information, spinodal, total_variation, denoising_error,
        mode_probability_sign, mode_probability_field, uturn_sde_plus, uturn_sde_minus, uturn_ode_plus,
        uturn_ode_minus, second_skip, second_mean, second_sample, second_flow_mean, second_flow_variance,
        second_variance, second_mean_error, first_weight, first_bias, first_skip,
    )
}

TURNS: dict[str, tuple[dict[str, float], ...]] = {
    "phases.dilated_time": ({"beta": 0.13, "kappa": 2.3, "d": 41.0},),
}
"""More points, on the other side of where an expression changes its form."""
