"""The objective of the first phase, written as the note states it, and a general minimiser for it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize

Z = np.arange(-500, 501) * 0.02
WEIGHT = np.exp(-(Z**2) / 2) / np.exp(-(Z**2) / 2).sum()


def objective(
    omega: float, b: float, *, n_plus: float, n_minus: float, sigma: float, ridge_u: float, ridge_w: float, s: float
) -> float:
    """F of the note, written as it stands there."""
    v_plus, v_minus = 1 + sigma**2 / (2 * n_plus), 1 + sigma**2 / (2 * n_minus)
    r = omega**2 * (v_plus + v_minus) / 2
    plus = np.tanh(b + s * omega * v_plus + np.sqrt(r) * Z)
    minus = np.tanh(b - s * omega * v_minus + np.sqrt(r) * Z)
    f_plus, f_minus = WEIGHT @ plus, WEIGHT @ minus
    denominator = ridge_u + n_plus * (WEIGHT @ plus**2) + n_minus * (WEIGHT @ minus**2)
    gain = (n_plus * f_plus - n_minus * f_minus) ** 2 + sigma**2 * (n_plus * f_plus**2 + n_minus * f_minus**2)
    return float(ridge_w * r - gain / denominator) / 2


def lowest(point: dict[str, float], starts: int, seed: int) -> float:
    """The lowest objective that a general minimiser finds from random starts."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    best = np.inf
    for _ in range(starts):
        omega = 10 ** rng.uniform(-2, 1.2)
        start = np.array([omega, rng.normal() * 2 * max(1, omega * point["s"] / 2)])
        result = minimize(lambda x: objective(x[0], x[1], **point), start, method="BFGS", options={"gtol": 1e-6})
        best = min(best, float(result.fun))
    return best


def best_ratio(point: dict[str, Any]) -> float:
    """b/omega that is best where tanh is linear."""
    return float(minimize(lambda x: objective(1e-4, 1e-4 * x[0], **point, s=1), [0.5], method="Nelder-Mead").x[0])
