"""The arguments of the first phase, and what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from asymptotics.coerce import as_float64

Array = np.ndarray[Any, Any]
"""float64 here, or objects that hold mpf."""


@dataclass(frozen=True, eq=False)
class FirstPhase:
    """The global minimiser: float64 arrays of the broadcast shape (`first_phase`) or mpf (`first_phase_mp`).

    ``omega`` = w.mu/d >= 0, ``b`` the bias, ``r`` = |w|^2/d, ``m`` = u.mu/d, ``q`` = |u|^2/d, ``objective`` the
    value of F. Where ``trivial`` holds, omega = r = 0 and b is infinite; its sign is free there (only u tanh(b)
    matters) and chosen as that of n_plus - n_minus, + at a tie, so that m >= 0 and the sign agrees with the
    other branch. At n_plus = n_minus b and -b are equally good, and b >= 0 is reported.
    """

    omega: Any
    b: Any
    r: Any
    m: Any
    q: Any
    objective: Any
    trivial: Any


class Problem(NamedTuple):
    """Arguments of equal shape, inside their ranges."""

    n_plus: Any
    n_minus: Any
    sigma: Any
    ridge_u: Any
    ridge_w: Any
    s: Any

    @property
    def v_plus(self) -> Any:
        return 1 + self.sigma**2 / (2 * self.n_plus)

    @property
    def v_minus(self) -> Any:
        return 1 + self.sigma**2 / (2 * self.n_minus)

    @property
    def v(self) -> Any:
        """r/omega^2."""
        return (self.v_plus + self.v_minus) / 2

    @property
    def n(self) -> Any:
        return self.n_plus + self.n_minus

    @property
    def trivial_objective(self) -> Any:
        gain = (self.n_plus - self.n_minus) ** 2 + self.sigma**2 * self.n
        return -gain / (2 * (self.ridge_u + self.n))

    def take(self, index: Any) -> Problem:
        return Problem(*(value[index] for value in self))

    def describe(self, index: int, skip: str = "") -> str:
        values = zip(self._fields, self, strict=True)
        return ", ".join(f"{name} = {value[index]:.17g}" for name, value in values if name != skip)


_RANGES = {
    "n_plus": (1, False), "n_minus": (1, False), "sigma": (0, True), "ridge_u": (0, False), "ridge_w": (0, True),
    "s": (0, False), "kappa": (0, True),
}
"""Smallest value, and whether it is excluded. At ridge_w = 0 the trivial branch fixes no omega, and as s -> 0
the other branch has omega ~ 1/s with a gain that vanishes exponentially: no minimiser worth the name."""


def checked(**given: Any) -> tuple[Problem, tuple[int, ...]]:
    """The arguments, broadcast and flattened, and their shape; TypeError or ValueError for what is not allowed."""
    arrays = {name: as_float64(name, value) for name, value in given.items()}
    for name, value in arrays.items():
        low, excluded = _RANGES[name]
        good = np.isfinite(value) & ((value > low) if excluded else (value >= low))
        if not good.all():
            where = tuple(int(i) for i in np.argwhere(~good)[0])
            place = f"[{', '.join(map(str, where))}]" if where else ""
            sign = ">" if excluded else ">="
            raise ValueError(f"{name}{place} = {value[where]} is not allowed: {name} {sign} {low}, and finite")
    try:
        spread = np.broadcast_arrays(*arrays.values())
    except ValueError:
        shapes = ", ".join(f"{k} {v.shape}" for k, v in arrays.items() if v.ndim)
        raise ValueError(f"the shapes do not broadcast together: {shapes}") from None
    p = Problem(*(value.ravel() for value in spread))
    with np.errstate(over="ignore", invalid="ignore"):
        good = np.isfinite(p.trivial_objective * p.v)
    if not good.all():
        raise ValueError(f"the objective at {p.describe(int(np.argmin(good)))} exceeds float64")
    return p, spread[0].shape
