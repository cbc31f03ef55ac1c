"""The generative ODE dX/dt = b(X, t) with learned networks, in d dimensions.

b(x, t) = (dbeta - beta dalpha / alpha) f(x, t) + (dalpha / alpha) x on any schedule. The one-step
methods are explicit and open at the right: no stage lies at the end of a step, so the data end,
where alpha = 0, is reached and never evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from simulate import checks
from simulate.path import Moving

_State = TypeVar("_State", torch.Tensor, NDArray[np.float64])


@dataclass(frozen=True)
class Method:
    """An explicit Runge-Kutta method: ``nodes`` in [0, 1), rows of ``matrix`` below the diagonal,
    weights.

    It refuses to exist if a row does not sum to its node, the weights do not sum to 1, or a node is
    not in [0, 1). ``order`` is the order of its global error.
    """

    order: int
    nodes: tuple[float, ...]
    matrix: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        stages = len(self.nodes)
        if not (stages == len(self.matrix) == len(self.weights) and stages >= 1):
            raise ValueError("nodes, matrix and weights must have one entry for each stage")
        for i, (node, row) in enumerate(zip(self.nodes, self.matrix, strict=True)):
            if len(row) != i or abs(sum(row) - node) > 1e-15:
                raise ValueError(f"row {i} of matrix must hold {i} entries that sum to node {node}")
            if not 0.0 <= node < 1.0:
                raise ValueError(f"node {node} must lie in [0, 1), open at the right")
        if abs(sum(self.weights) - 1.0) > 1e-15:
            raise ValueError("weights must sum to 1")


METHODS: Mapping[str, Method] = {
    "euler": Method(1, (0.0,), ((),), (1.0,)),
    "midpoint": Method(2, (0.0, 0.5), ((), (0.5,)), (0.0, 1.0)),
    # Ralston's third-order method (Math. Comp. 16, 1962).
    "ralston": Method(3, (0.0, 0.5, 0.75), ((), (0.5,), (0.0, 0.75)), (2 / 9, 1 / 3, 4 / 9)),
}


def stage_times(grid: NDArray[np.float64], method: str) -> NDArray[np.float64]:
    """The times at which the method evaluates the velocity, (steps, stages), all distinct."""
    nodes = np.asarray(METHODS[checks.choice("method", method, METHODS)].nodes)
    return np.asarray(grid[:-1, None] + np.diff(grid)[:, None] * nodes)


def integrate(
    velocity: Callable[[float, _State], _State], grid: NDArray[np.float64], starts: _State, *, method: str,
    observe: Callable[[float, _State], None] | None = None,
) -> _State:
    """Carry ``starts`` (any shape) over the grid; ``observe(time, states)`` at every grid time."""
    rule, times = METHODS[checks.choice("method", method, METHODS)], stage_times(grid, method)
    state = starts
    if observe is not None:
        observe(float(grid[0]), state)
    for k, step in enumerate(np.diff(grid)):
        slopes: list[_State] = []
        for time, row in zip(times[k], rule.matrix, strict=True):
            slopes.append(velocity(float(time), _advance(state, float(step), row, slopes)))
        state = _advance(state, float(step), rule.weights, slopes)
        if observe is not None:
            observe(float(grid[k + 1]), state)
    return state


def drift(values: Moving, denoised: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """(dbeta - beta dalpha / alpha) f + (dalpha / alpha) x; ValueError at alpha = 0."""
    gain, rate = rates(values)
    return float(gain) * denoised + float(rate) * x


def rates(values: Moving) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The velocity's weights of f and of x, dbeta - beta dalpha / alpha and dalpha / alpha, for numbers or arrays."""
    alpha, beta, dalpha, dbeta = (
        np.asarray(each, dtype=np.float64) for each in (values.alpha, values.beta, values.dalpha, values.dbeta)
    )
    if (alpha == 0.0).any():
        raise ValueError("alpha = 0: no velocity is defined at the data end; end the grid there")
    rate = dalpha / alpha
    return np.asarray(dbeta - beta * rate), np.asarray(rate)


def _advance(state: _State, step: float, coefficients: tuple[float, ...], slopes: list[_State]) -> _State:
    for coefficient, slope in zip(coefficients, slopes, strict=True):
        if coefficient:
            state = state + (step * coefficient) * slope
    return state
