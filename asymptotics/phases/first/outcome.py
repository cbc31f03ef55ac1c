"""What follows from the minimiser: the jump, the skip, the share of generated samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from asymptotics.numeric import bisect, middle
from asymptotics.phases.first.minimise import interior, read_off, solve
from asymptotics.phases.first.objective import State
from asymptotics.phases.first.problem import Array, Problem, checked


def jump(*, n_plus: Any, n_minus: Any, sigma: Any, ridge_u: Any, ridge_w: Any) -> Any:
    """The clock at which the global minimum leaves the trivial branch; arrays broadcast.

    To a relative 1e-10 or 5e-12 (n_plus + n_minus)/ridge_u, whichever is more (as measured, for up to 1e4 samples and
    ridges of 1e-5 to 10): at small ridges the branches differ by less than the rounding of their objectives.
    Ranges as in `first_phase`, but ``ridge_u`` > 0, else ValueError: without it the trivial branch is no strict
    minimum (at omega = 0 every b is as good), and loses at every s > 0 unless the classes are equal: no jump.
    """
    p, shape = checked(
        n_plus=n_plus, n_minus=n_minus, sigma=sigma, ridge_u=ridge_u, ridge_w=ridge_w, s=np.float64(1)
    )
    if not (p.ridge_u > 0).all():
        where = p.describe(int(np.argmin(p.ridge_u)), skip="s")
        raise ValueError(f"no jump at {where}: jump needs ridge_u > 0")
    return _jump(p).reshape(shape)[()]


def _jump(p: Problem) -> Array:
    """The clock of the jump for each point, whatever p.s is; ridge_u > 0."""

    def wins(s: Array, index: Any) -> Array:
        q = p.take(index)._replace(s=s)
        return interior(q, False)[2] < q.trivial_objective

    # For s -> 0 the trivial branch wins, for s -> infinity it loses: double or halve until both are seen.
    low, high = np.ones(p.s.size), np.ones(p.s.size)
    for bound, factor, wanted in ((high, 2.0, True), (low, 0.5, False)):
        index = np.arange(p.s.size)
        for _ in range(60):
            index = index[wins(bound[index], index) != wanted]
            if not index.size:
                break
            bound[index] *= factor
        else:
            raise ArithmeticError(f"no jump found for s = 2^-60 .. 2^60 at {p.describe(int(index[0]), skip='s')}")
    everywhere = np.arange(p.s.size)
    return np.asarray(middle(*bisect(lambda s: ~wins(s, everywhere), low, high, tolerance=2e-11)))


def first_phase_skip(*, n_plus: Any, n_minus: Any, sigma: Any, ridge_u: Any, ridge_w: Any, s: Any) -> Any:
    """The learned sqrt(d) c of the first phase; c itself vanishes, and its limit at infinite n is sigma^2 s.

    Arguments and errors as in `first_phase`.
    """
    p, shape = checked(n_plus=n_plus, n_minus=n_minus, sigma=sigma, ridge_u=ridge_u, ridge_w=ridge_w, s=s)
    omega, b, _ = solve(p)
    return _skip(p, omega, b).reshape(shape)[()]


def _skip(p: Problem, omega: Array, b: Array) -> Array:
    """sqrt(d) c at (omega, b): the overlap of the data with the input, less what u explains of it."""
    x = read_off(p, omega, b)
    noise = p.n_plus * (1 - x.square_plus) + p.n_minus * (1 - x.square_minus)
    data = p.n_plus * x.f_plus * (x.m + p.sigma**2 * x.f_plus / x.denominator)
    data += p.n_minus * x.f_minus * (-x.m + p.sigma**2 * x.f_minus / x.denominator)
    return p.s * (1 + p.sigma**2) - (omega * _pull(p, x) * noise + p.s * data) / p.n


def _pull(p: Problem, x: State) -> Array:
    """A: the overlap of u with half the difference of the class means, which drives the flow."""
    return (p.n_plus * x.f_plus * p.v_plus - p.n_minus * x.f_minus * p.v_minus) / x.denominator


def generated_fraction(
    *, n_plus: Any, n_minus: Any, sigma: Any, ridge_u: Any, ridge_w: Any, kappa: Any
) -> Any:
    """The share of generated samples in mode + when the first phase ends at clock ``kappa`` > 0.

    The overlap g with half the difference of the class means starts as N(0, (v_plus + v_minus)/2) and moves by
    dg/ds = A tanh(omega g + b), each factor that of the network at clock s. The flow keeps the order of its
    paths: the one that ends at g = 0, followed backwards to s = 0, separates the modes. (That the second
    phase decides by the sign of g is an assumption.) Accurate to about 1e-9. Errors as in `first_phase`.
    """
    from scipy.special import ndtr

    p, shape = checked(
        n_plus=n_plus, n_minus=n_minus, sigma=sigma, ridge_u=ridge_u, ridge_w=ridge_w, kappa=kappa
    )
    result = [ndtr(-_separator(p.take([i])) / np.sqrt(p.v[i])) for i in range(p.s.size)]
    return np.array(result).reshape(shape)[()]


def _separator(p: Problem) -> float:
    """The start g at s = 0 of the path that ends at g = 0, s = p.s."""
    from scipy.integrate import solve_ivp

    def network(s: Array) -> Array:
        """(A, omega, b) at each s; 40 stands for an infinite b: tanh is 1 to the last bit."""
        q = Problem(*(np.repeat(value, s.size) for value in p))._replace(s=s)
        omega, b, _ = solve(q)
        return np.stack([_pull(q, read_off(q, omega, b)), omega, np.clip(b, -40, 40)])

    end = float(p.s[0])
    start = min(end, float(_jump(p)[0])) if p.ridge_u[0] > 0 else 0.0
    g = 0.0
    for low, high, fit in reversed(_pieces(network, start, end) if start < end else []):

        def field(s: float, g: Any, fit: Callable[[float], Array] = fit) -> Any:
            pull, omega, b = fit(s)
            return pull * np.tanh(omega * g + b)

        g = float(solve_ivp(field, (high, low), [g], method="DOP853", rtol=1e-10, atol=1e-11).y[0, -1])
    # Before the jump A tanh(b) is constant, whichever the sign of b.
    return g - start * float(((p.n_plus - p.n_minus) / (p.ridge_u + p.n))[0])


def _pieces(
    network: Callable[[Array], Array], start: float, end: float
) -> list[tuple[float, float, Callable[[float], Array]]]:
    """Polynomials for the network on pieces of [start, end], halved until they fit; any jump is cornered."""
    from numpy.polynomial import Chebyshev

    degree = 16
    nodes = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1))
    middle, half = (start + end) / 2, (end - start) / 2
    fits = [Chebyshev.fit(nodes, row, degree, domain=[-1, 1]) for row in network(middle + half * nodes)]
    rough = max(abs(fit.coef[-3:]).max() / (1 + abs(fit.coef).max()) for fit in fits)
    if rough * half > 1e-11:  # about what the misfit moves g by
        return _pieces(network, start, middle) + _pieces(network, middle, end)
    return [(start, end, lambda s: np.array([fit((s - middle) / half) for fit in fits]))]
