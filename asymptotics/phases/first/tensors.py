"""The first phase in torch: the minimiser found in float64, then one Newton step through which gradients flow."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from asymptotics.numeric import compile_expressions
from asymptotics.phases.first.derivation import b, finite, omega
from asymptotics.phases.first.minimise import first_phase
from asymptotics.phases.first.problem import FirstPhase
from asymptotics.symbols import f_minus, f_plus, length, n_minus, n_plus, norm, ridge_u, sigma

ARGUMENTS = ("n_plus", "n_minus", "sigma", "ridge_u", "ridge_w", "s")
_TRIVIAL = {f_plus: sp.S.One, f_minus: sp.S.One, norm: ridge_u + n_plus + n_minus}
"""At omega = 0, |b| = infinity tanh is 1 everywhere (up to the sign that u undoes)."""


@cache
def _slopes() -> Callable[..., Any]:
    """Gradient and Hessian of the objective in (omega, b)."""
    derivation = finite()
    objective = derivation.expand(derivation.result.objective)
    first = {name: sp.diff(objective, unknown) for name, unknown in (("x", omega), ("y", b))}
    second = {
        "xx": sp.diff(first["x"], omega), "xy": sp.diff(first["x"], b), "yy": sp.diff(first["y"], b),
    }
    return compile_expressions(first | second, (*ARGUMENTS, "omega", "b"), backend="torch")


@cache
def _values(trivial: bool) -> Callable[..., Any]:
    """r, m, q and the objective at (omega, b)."""
    derivation = finite()
    m = (n_plus * f_plus - n_minus * f_minus) / norm
    bodies = {
        "r": length, "m": m,
        "q": m**2 + sigma**2 * (n_plus * f_plus**2 + n_minus * f_minus**2) / norm**2,
        "objective": derivation.result.objective,
    }
    where = tuple(
        (symbol, _TRIVIAL.get(symbol, meaning) if trivial else meaning) for symbol, meaning in derivation.where
    )
    return compile_expressions(bodies, (*ARGUMENTS, "omega", "b"), where, backend="torch")


def first_phase_torch(**values: Any) -> FirstPhase:
    """`first_phase` of tensors (numbers and arrays allowed), fields tensors with first derivatives.

    By the implicit function theorem; at the jump the derivative is that of the branch that wins. Not for torch.vmap:
    the minimisation needs the numbers. Dtype and device are the arguments' own.
    """
    import torch

    given = [value for value in values.values() if isinstance(value, torch.Tensor)]
    like = next((tensor for tensor in given if tensor.is_floating_point()), torch.zeros((), dtype=torch.float64))
    tensors = {name: torch.as_tensor(value, dtype=like.dtype, device=like.device) for name, value in values.items()}
    found = first_phase(**{name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()})

    def put(value: Any) -> torch.Tensor:
        return torch.as_tensor(np.asarray(value), dtype=like.dtype, device=like.device)

    trivial = torch.as_tensor(np.asarray(found.trivial), device=like.device)
    at = {
        "omega": torch.where(trivial, 1.0, put(found.omega)),
        "b": torch.where(trivial, 0.0, put(np.where(found.trivial, 0.0, found.b))),
    }
    slopes = _slopes()(**tensors, **at)
    xx, xy, yy = (slopes[name].detach() for name in ("xx", "xy", "yy"))
    determinant = xx * yy - xy**2
    moved = {
        "omega": at["omega"] - (yy * slopes["x"] - xy * slopes["y"]) / determinant,
        "b": at["b"] - (xx * slopes["y"] - xy * slopes["x"]) / determinant,
    }
    inside = _values(False)(**tensors, **moved)
    outside = _values(True)(**tensors, omega=torch.zeros_like(like), b=torch.zeros_like(like))
    sign = torch.where(tensors["n_plus"] >= tensors["n_minus"], 1.0, -1.0).to(like.dtype)
    # The trivial branch has m = |n_plus - n_minus|/(ridge_u + n), by the sign of b that is reported.
    outside["m"] = sign * outside["m"]
    chosen = {name: torch.where(trivial, outside[name], inside[name]) for name in ("r", "m", "q", "objective")}
    return FirstPhase(
        omega=torch.where(trivial, 0.0, moved["omega"]), b=torch.where(trivial, sign * torch.inf, moved["b"]),
        trivial=trivial, **chosen,
    )
