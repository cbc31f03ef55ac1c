"""What the printed source calls: one table of functions for each backend, built on first use."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping
from functools import cache, reduce
from typing import Any

from asymptotics.extras import require_installed
from asymptotics.functions import (
    FUNCTIONS,
    ArgMin,
    GaussianMean,
    Root,
    beta_density_array,
    beta_moment_array,
    bracketed_root,
    bracketed_root_torch,
    cospi_array,
    gaussian_mean,
    gaussian_mean_torch,
    log_defect,
    log_defect_array,
    minimising_root,
    normal_below,
    sinpi_array,
)

BACKENDS = ("numpy", "torch", "mpmath")
Case = tuple[Any, Callable[[], Any]]

HALF_ROOT = math.sqrt(0.5)


def _heaviside(sign: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """0, 1/2 or 1 for x below, at or above 0: in the derivative of a minimum the mean of both sides where they meet."""
    return lambda x: (sign(x) + 1) / 2


COMMON = {"square": lambda x: x * x, "pi": lambda: math.pi, "ratio": lambda p, q: p / q}
ELEMENTARY = ("exp", "log", "sin", "cos", "tanh", "sinh", "cosh", "sqrt")
INVERSE = {"atanh": "arctanh", "acosh": "arccosh", "asinh": "arcsinh"}
"""Our names and numpy's."""


def _on_first_use(module: str, name: str) -> Callable[[Any], Any]:
    def call(x: Any) -> Any:
        return getattr(importlib.import_module(module), name)(x)

    return call


def _beta(xp: Any) -> dict[str, Any]:
    return {
        "beta_below": lambda a, x: beta_moment_array(xp, 0, a, x),
        "beta_density": lambda a, x: beta_density_array(xp, a, x),
        "beta_moment": lambda k, a, x: beta_moment_array(xp, k, a, x),
    }


def _numpy_table() -> dict[str, Any]:
    import numpy as np

    def sech(x: Any) -> Any:
        fall = np.exp(-np.abs(x))
        return 2 * fall / (1 + fall * fall)

    erfc = _on_first_use("scipy.special", "erfc")

    def piecewise(*cases: Case) -> Any:
        """Every branch that some entry needs, on all entries; what another branch gives there is dropped."""
        missing: Any = np.True_
        result: Any = None
        with np.errstate(all="ignore"):
            for condition, value in cases:
                if np.any(here := missing & condition):
                    result = value() if result is None else np.where(here, value(), result)[()]
                missing = missing & np.logical_not(condition)
        return result

    return COMMON | {name: getattr(np, name) for name in ELEMENTARY} | {
        name: getattr(np, theirs) for name, theirs in INVERSE.items()
    } | {
        "abs": np.abs, "sign": np.sign, "heaviside": _heaviside(np.sign),
        "square": np.square, "sech": sech, "piecewise": piecewise,
        "min": lambda *values: reduce(np.minimum, values), "max": lambda *values: reduce(np.maximum, values),
        "erf": _on_first_use("scipy.special", "erf"), "erfc": erfc,
        "normal_below": lambda x: erfc(-x * HALF_ROOT) / 2,
        "log_defect": lambda x: log_defect_array(np, x), "cospi": lambda x: cospi_array(np, x),
        "sinpi": lambda x: sinpi_array(np, x),
        "minimising_root": lambda c, f: minimising_root(np, c, f),
        "gaussian_mean": gaussian_mean, "root": bracketed_root,
    } | _beta(np)


def _mpmath_table() -> dict[str, Any]:
    import mpmath

    def piecewise(*cases: Case) -> Any:
        return next(value() for condition, value in cases if condition)

    names = (*ELEMENTARY, *INVERSE, "erf", "erfc", "sech", "cospi", "sinpi")
    return COMMON | {name: getattr(mpmath, name) for name in names} | {
        "abs": abs, "sign": mpmath.sign, "heaviside": _heaviside(mpmath.sign),
        "pi": lambda: +mpmath.pi, "ratio": lambda p, q: mpmath.mpf(p) / q,
        "min": min, "max": max, "piecewise": piecewise,
        "minimising_root": ArgMin.in_mpmath, "gaussian_mean": GaussianMean.in_mpmath, "root": Root.in_mpmath,
    } | {kind.__name__: kind.in_mpmath for kind in (log_defect, normal_below, *FUNCTIONS)}


def _torch_table() -> dict[str, Any]:
    import torch

    def either(name: str) -> Callable[[Any], Any]:
        tensor, scalar = getattr(torch, name), getattr(math, name, abs)
        return lambda x: tensor(x) if isinstance(x, torch.Tensor) else scalar(x)

    exp, size, erfc, plain_tanh = either("exp"), either("abs"), either("erfc"), either("tanh")

    def with_value(smooth: Any, value: Any) -> Any:
        """The derivatives of ``smooth``, the bits of ``value``, from which it differs by rounding."""
        return smooth + (value - smooth).detach()

    def tanh(x: Any) -> Any:
        """Torch differentiates tanh as 1 - tanh^2 of the rounded value: nothing is left of it from |x| = 19 on."""
        value = plain_tanh(x)
        if not isinstance(x, torch.Tensor):
            return value
        tail = torch.sign(x) * (1 - 2 * torch.sigmoid(-2 * abs(x)))
        return torch.where(abs(x) < 0.5, value, with_value(tail, value))

    def sech(x: Any) -> Any:
        """The slope of the quotient cancels near 0, that of 1/cosh does not."""
        fall = exp(-size(x))
        value = 2 * fall / (1 + fall * fall)
        if not isinstance(x, torch.Tensor):
            return value
        return torch.where(abs(x) < 1, with_value(1 / torch.cosh(x.clamp(-1, 1)), value), value)

    def extreme(tensors: Callable[..., Any], scalars: Callable[..., Any], side: str) -> Callable[..., Any]:
        def pair(a: Any, b: Any) -> Any:
            whole = [v for v in (a, b) if isinstance(v, torch.Tensor)]
            if len(whole) == 1:
                return whole[0].clamp(**{side: b if whole[0] is a else a})
            return tensors(a, b) if whole else scalars(a, b)

        return lambda *values: reduce(pair, values)

    def tensor(value: Any, like: Any) -> Any:
        """A number as float64 (`finish` gives the result its dtype), beside a tensor on some device."""
        if isinstance(value, torch.Tensor):
            return value
        return torch.tensor(float(value), dtype=torch.float64, device=like.device)

    def everywhere(condition: Any) -> bool | None:
        """Whether a condition holds for all entries or none; None if mixed, or unknown inside vmap."""
        if not isinstance(condition, torch.Tensor):
            return bool(condition)
        try:
            return True if bool(condition.all()) else None if bool(condition.any()) else False
        except RuntimeError:
            return None

    def piecewise(*cases: Case) -> Any:
        """The branch that all entries share, or all of them and a choice.

        The gradient of the choice is NaN where a branch not taken has an infinite or undefined derivative;
        mixed tensors, and vmap, need branches that are smooth throughout.
        """
        (condition, value), *others = cases
        shared = everywhere(condition) if others else True
        if shared is None:
            return torch.where(condition, tensor(value(), condition), tensor(piecewise(*others), condition))
        return value() if shared else piecewise(*others)

    def root(c: tuple[Any, ...], objective: Callable[[Any], Any]) -> Any:
        fixed = [torch.as_tensor(ci).detach() for ci in c]
        x = minimising_root(torch, fixed, lambda x: objective(x).detach()).detach()
        slope = (3 * c[3] * x + 2 * c[2]) * x + c[1]
        value = ((c[3] * x + c[2]) * x + c[1]) * x + c[0]
        inside = x > 0
        newton = x - value / torch.where(inside, slope, torch.ones_like(slope))
        return torch.where(inside, newton, torch.zeros_like(newton))

    def sign(x: Any) -> Any:
        return torch.sign(x) if isinstance(x, torch.Tensor) else (x > 0) - (x < 0)

    return COMMON | {name: either(name) for name in (*ELEMENTARY, *INVERSE, "abs", "erf", "erfc")} | {
        "tanh": tanh, "sech": sech, "normal_below": lambda x: erfc(-x * HALF_ROOT) / 2, "piecewise": piecewise,
        "sign": sign, "heaviside": _heaviside(sign),
        "min": extreme(torch.minimum, min, "max"),
        "max": extreme(torch.maximum, max, "min"),
        "log_defect": lambda x: log_defect_array(torch, x), "minimising_root": root,
        "cospi": lambda x: cospi_array(torch, x), "sinpi": lambda x: sinpi_array(torch, x),
        "gaussian_mean": gaussian_mean_torch, "root": bracketed_root_torch,
    } | _beta(torch)


@cache
def table(backend: str) -> Mapping[str, Any]:
    """The functions of a backend by the names that the source gives them (``_exp``)."""
    makers = {"numpy": _numpy_table, "torch": _torch_table, "mpmath": _mpmath_table}
    if backend not in makers:
        raise ValueError(f"backend = {backend!r} must be one of {', '.join(BACKENDS)}")
    if backend == "torch":
        require_installed("the 'torch' backend needs", "torch", extra="torch")
    return {f"_{name}": value for name, value in makers[backend]().items()}
