"""Independent laws for what holds at any dimension, for fluctuations over data sets and for the half-normal bias.

The exact formulas see a data set through three spreads only: two pairs with opposite vectors realise any spreads, and
a generic solver does the rest. Fluctuations: Gaussian vectors differ from orthogonal ones by their inner products,
each of variance 1/d (2/d for its own length) and uncorrelated to leading order; so d times a variance is the sum
of squared derivatives in the raw inner products, taken numerically by tilting the frame of `vectors`. Bias: X0 is
drawn along the w that least squares find at the noise end, and E|g| is a quadrature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.integrate import quad, solve_ivp

from oracles.laws import _arrival, _extrapolated, _generated, _linear, detour
from oracles.vectors import Schedule, Space, _frame

Spreads = tuple[float, float, float]


def _skip(alpha: float, beta: float, spreads: Spreads) -> float:
    """Two pairs of sign +: x1 = (y, -y), x0 = (x, -x), so that both sums vanish; least squares over (c, w)."""
    data, noise, cross = spreads
    y = np.array([np.sqrt(data), 0.0])
    x = np.array([cross / y[0], np.sqrt(noise - (cross / y[0]) ** 2)])
    targets, base = np.stack([y, -y]), np.stack([x, -x])
    rows = np.hstack([(alpha * base + beta * targets).reshape(-1, 1), np.tile(np.eye(2), (2, 1))])
    return float(np.linalg.lstsq(rows, targets.ravel(), rcond=None)[0][0])


def finite_skip(*, alpha: float, beta: float, spread_data: float, spread_noise: float, spread_cross: float) -> float:
    return _skip(alpha, beta, (spread_data, spread_noise, spread_cross))


def finite_velocity(*, alpha: float, beta: float, dalpha: float, dbeta: float, **spreads: float) -> float:
    k = dbeta - beta * dalpha / alpha
    return k * finite_skip(alpha=alpha, beta=beta, **spreads) + dalpha / alpha


def _factor(schedule: Schedule, times: np.ndarray, spreads: Spreads) -> np.ndarray:
    """The weight of X0 in X_t, integrated."""

    def rate(t: float, y: np.ndarray) -> np.ndarray:
        alpha, beta, dalpha, dbeta = schedule(t)
        k = dbeta - beta * dalpha / alpha
        return (k * _skip(alpha, beta, spreads) + dalpha / alpha) * y

    found = solve_ivp(rate, (0.0, float(times[-1])), [1.0], t_eval=times, method="DOP853", rtol=1e-12, atol=1e-13)
    return np.asarray(found.y[0])


def finite_flow_variance(
    *, alpha: float, beta: float, spread_data: float, spread_noise: float, spread_cross: float
) -> float:
    spreads = (spread_data, spread_noise, spread_cross)
    return float(_factor(detour(alpha, beta), np.array([1.0]), spreads)[-1] ** 2)


def finite_variance(*, spread_data: float, spread_noise: float) -> float:
    """At t = 1, extrapolated; the cross spread does not enter, so any will do."""
    times = 1 - np.arange(8, 0, -1) / 400
    path = _factor(_linear, times, (spread_data, spread_noise, 0.2 * np.sqrt(spread_data * spread_noise)))
    return float(_extrapolated(times, path[:, None])[0] ** 2)


@dataclass(frozen=True)
class Tilted(Space):
    """The same space with one inner product between its vectors moved from 0 (or one squared length from 1)."""

    i: int = 0
    j: int = 0
    by: float = 0.0

    @property
    def frame(self) -> np.ndarray:
        size = 4 + self.n + self.n * self.draws
        gram = np.eye(size)
        gram[self.i, self.j] += self.by
        if self.i != self.j:
            gram[self.j, self.i] += self.by
        tilted: np.ndarray = np.linalg.cholesky(gram) @ _frame(size)
        return tilted


def _fluctuation(measure: Callable[[Space], float], law: dict[str, float]) -> float:
    vectors = 1 + int(law["n"]) + int(law["n"] * law["draws"])
    total = 0.0
    for i in range(vectors):
        for j in range(max(i, 1), vectors):
            def at(by: float, i: int = i, j: int = j) -> float:
                return measure(Tilted(**law, i=i, j=j, by=by))  # type: ignore[arg-type]

            step = 1e-3
            wide, narrow = ((at(h) - at(-h)) / (2 * h) for h in (2 * step, step))
            slope = (4 * narrow - wide) / 3
            total += slope**2 * (2 if i == j else 1)
    return float(np.sqrt(total))


def _at(alpha: float, beta: float, measure: Callable[[Space, float, np.ndarray], float]) -> Callable[[Space], float]:
    def measured(space: Space) -> float:
        network = space.minimiser(alpha, beta)
        return float(measure(space, network.c, network.w))

    return measured


def skip(*, alpha: float, beta: float, **law: float) -> float:
    return _fluctuation(_at(alpha, beta, lambda space, c, w: c), law)


def overlap_mean(*, alpha: float, beta: float, **law: float) -> float:
    return _fluctuation(_at(alpha, beta, lambda space, c, w: w @ space.mean / space.radius**2), law)


def overlap_noise(*, alpha: float, beta: float, **law: float) -> float:
    return _fluctuation(_at(alpha, beta, lambda space, c, w: w @ space.noise_sum / (space.n * space.draws)), law)


def overlap_sample(*, alpha: float, beta: float, **law: float) -> float:
    return _fluctuation(
        _at(alpha, beta, lambda space, c, w: w @ space.sample_sum / (space.n * space.sigma**2)), law
    )


def training_loss(*, alpha: float, beta: float, **law: float) -> float:
    def measured(space: Space) -> float:
        return space.risk(alpha, beta, space.minimiser(alpha, beta)) / (space.n * space.draws)

    return _fluctuation(measured, law)


def _along(alpha: float, beta: float, direction: str, law: dict[str, float]) -> float:
    """Of the flow's projection; X0 is orthogonal to what is tilted, so that only the offset has one."""

    def measured(space: Space) -> float:
        sizes = {"mean": space.radius**2, "noise_sum": space.n * space.draws, "sample_sum": space.n * space.sigma**2}
        return float(_arrival(alpha, beta, space) @ getattr(space, direction) / sizes[direction])

    return _fluctuation(measured, law)


def flow_mean(*, alpha: float, beta: float, **law: float) -> float:
    return _along(alpha, beta, "mean", law)


def flow_noise(*, alpha: float, beta: float, **law: float) -> float:
    return _along(alpha, beta, "noise_sum", law)


def flow_sample(*, alpha: float, beta: float, **law: float) -> float:
    return _along(alpha, beta, "sample_sum", law)


def flow_variance(*, alpha: float, beta: float, **law: float) -> float:
    return _fluctuation(lambda space: float((_arrival(alpha, beta, space) @ space.start) ** 2), law)


@cache
def _centre(space: Space, skip: bool = True) -> tuple[float, float, float]:
    """The generated variance, and the error and the cosine of the centre."""
    centre, width = _generated(space, skip)
    cosine = centre @ space.mean / np.linalg.norm(centre) / np.linalg.norm(space.mean)
    return width**2, float(((centre - space.mean) ** 2).sum()), float(cosine)


def generated_variance(**law: float) -> float:
    return _fluctuation(lambda space: _centre(space)[0], law)


def mean_error(**law: float) -> float:
    return _fluctuation(lambda space: _centre(space)[1], law)


def mean_cosine(**law: float) -> float:
    return _fluctuation(lambda space: _centre(space)[2], law)


def no_skip_error(**law: float) -> float:
    return _fluctuation(lambda space: _centre(space, skip=False)[1], law)


def _bias(alpha: float, beta: float, direction: str, law: dict[str, float]) -> float:
    """The mean of |g| times the weight of X0 in X_t, along the unit vector of w at the noise end."""
    space = Space(**law)  # type: ignore[arg-type]
    w = space.minimiser(1.0, 0.0).w
    size = quad(lambda g: abs(g) * np.exp(-(g**2) / 2) / np.sqrt(2 * np.pi), -12, 12, points=[0], epsabs=1e-13)[0]
    weight = float(_arrival(alpha, beta, space) @ space.start)
    towards = getattr(space, direction)
    return float(size * weight * (w @ towards) / np.linalg.norm(w) / (towards @ towards))


def mean_bias(*, alpha: float, beta: float, **law: float) -> float:
    return _bias(alpha, beta, "mean", law)


def sample_bias(*, alpha: float, beta: float, **law: float) -> float:
    return _bias(alpha, beta, "sample_sum", law)


FINITE_LAWS = {
    f"limited_samples.{law.__name__}": law
    for law in (finite_skip, finite_velocity, finite_flow_variance, finite_variance)
}
FLUCTUATION_LAWS = {
    f"limited_samples.{law.__name__}.fluctuation": law
    for law in (
        skip, overlap_mean, overlap_noise, overlap_sample, training_loss,
        flow_mean, flow_noise, flow_sample, flow_variance, generated_variance, mean_error, mean_cosine, no_skip_error,
    )
}
BIAS_LAWS = {"limited_samples.flow_mean.bias": mean_bias, "limited_samples.flow_sample.bias": sample_bias}
