"""Interpolants x_t = alpha(t) x0 + beta(t) x1, from any pair of expressions that the user writes down.

An `Interpolant` states its interval, which end is noise, and what alpha and beta are there. Formulas of
the flow need alpha = 1, beta = 0 at the noise end and alpha = 0, beta = 1 at the data end (`pinned`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import sympy as sp

from asymptotics import symbols
from asymptotics.coerce import as_float64, shorten
from asymptotics.numeric import compile_expressions
from asymptotics.parse import read
from asymptotics.schedule.dilation import Dilation
from asymptotics.symbols import t


class Values(NamedTuple):
    """alpha, beta and their time derivatives at t (numpy float64, shaped like t)."""

    alpha: np.ndarray
    beta: np.ndarray
    dalpha: np.ndarray
    dbeta: np.ndarray


@dataclass(frozen=True)
class Interpolant:
    """A schedule: alpha and beta as expressions in t (sympy or text) on the interval [start, end].

    ``name`` is how pages, data sets and messages call it (the expressions, unless given). The end with beta =
    0 is the noise end. Raises ValueError when alpha or beta is negative or complex at one of 201 times inside
    the interval (and again at any time asked for later), when both vanish, or when neither end is noise.
    """

    alpha: sp.Expr
    beta: sp.Expr
    start: Any = 0
    end: Any = 1
    name: str = ""
    noise_at_start: bool = field(init=False)

    def __post_init__(self) -> None:
        for label in ("alpha", "beta"):
            object.__setattr__(self, label, read(getattr(self, label), t, where=label))
        for label in ("start", "end"):
            object.__setattr__(self, label, read(getattr(self, label), where=label))
        if not self.name:
            object.__setattr__(self, "name", f"alpha={self.alpha}, beta={self.beta}")
        if not (self.start.is_finite and self.start < self.end):
            raise ValueError(f"start = {self.start} must be finite and below end = {self.end}")
        self._check_inside()
        at_start, at_end = (self._limit(self.beta, side) for side in (self.start, self.end))
        if (at_start == 0) == (at_end == 0):
            raise ValueError(
                f"schedule {self.name!r}: beta is {at_start} at t = {self.start} and {at_end} at "
                f"t = {self.end}; it must vanish at exactly one end, the noise end"
            )
        object.__setattr__(self, "noise_at_start", bool(at_start == 0))

    def _check_inside(self) -> None:
        stop = float(self.end) if self.end.is_finite else float(self.start) + 10.0
        times = np.linspace(float(self.start), stop, 203)[1:-1]
        try:
            with np.errstate(all="ignore"):
                mix = _callables(self.alpha, self.beta)[0](t=times)
        except TypeError as error:
            raise ValueError(
                f"schedule {self.name!r}: {error}; it may use powers, sqrt, exp, log, sin, cos and tanh"
            ) from None
        except ArithmeticError as error:
            raise ValueError(f"schedule {shorten(self.name)}: a number of it has no float64 ({error})") from None
        for label, value in mix.items():
            bad = ~(np.isfinite(value) & (value >= 0))
            if bad.any():
                where = times[np.argmax(bad)]
                raise ValueError(
                    f"schedule {self.name!r}: {label} = {value[np.argmax(bad)]} at t = {where:.6g}; "
                    f"it must be finite and >= 0 inside ({self.start}, {self.end})"
                )
        if ((mix["alpha"] == 0) & (mix["beta"] == 0)).any():
            raise ValueError(f"schedule {self.name!r}: alpha and beta vanish together inside")

    def _limit(self, expression: sp.Expr, side: sp.Expr) -> sp.Expr:
        direction = "+" if side == self.start else "-"
        return sp.limit(expression, t, side, direction)

    @property
    def noise_end(self) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
        """(t, alpha, beta) at the noise end, exact limits."""
        side = self.start if self.noise_at_start else self.end
        return side, self._limit(self.alpha, side), self._limit(self.beta, side)

    @property
    def data_end(self) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
        """(t, alpha, beta) at the data end, exact limits."""
        side = self.end if self.noise_at_start else self.start
        return side, self._limit(self.alpha, side), self._limit(self.beta, side)

    @property
    def dalpha(self) -> sp.Expr:
        return sp.diff(self.alpha, t)

    @property
    def dbeta(self) -> sp.Expr:
        return sp.diff(self.beta, t)

    @property
    def weights(self) -> dict[sp.Symbol, sp.Expr]:
        """What the symbols alpha, beta, dalpha and dbeta are on the schedule."""
        return {symbols.alpha: self.alpha, symbols.beta: self.beta,
                symbols.dalpha: self.dalpha, symbols.dbeta: self.dbeta}

    def require_pinned(self, purpose: str) -> None:
        """Raise ValueError, saying why, unless alpha, beta run from (1, 0) to (0, 1) in finite time."""
        for label, (side, alpha, beta), wanted in (
            ("noise", self.noise_end, (1, 0)), ("data", self.data_end, (0, 1)),
        ):
            if not side.is_finite:
                raise ValueError(
                    f"{purpose} needs a schedule that reaches its {label} end in finite time; "
                    f"{self.name!r} reaches it only at t = {side}"
                )
            if (alpha, beta) != wanted:
                raise ValueError(
                    f"{purpose} needs alpha = {wanted[0]}, beta = {wanted[1]} at the {label} end; "
                    f"{self.name!r} has alpha = {alpha}, beta = {beta} at t = {side}"
                )

    def dilated(self, dilation: Dilation) -> Interpolant:
        """The same path at another pace: alpha(tau(t)), beta(tau(t)) on the same interval."""
        if not isinstance(dilation, Dilation):
            raise TypeError(f"dilation = {dilation!r} must be a Dilation, such as Dilation.half(kappa=3, d=10_000)")
        if (dilation.start, dilation.end) != (self.start, self.end):
            raise ValueError(
                f"dilation {dilation.name!r} maps [{dilation.start}, {dilation.end}] onto itself; schedule "
                f"{self.name!r} lives on [{self.start}, {self.end}]"
            )
        inside = {t: dilation.expression}
        return Interpolant(
            self.alpha.subs(inside), self.beta.subs(inside), self.start, self.end,
            f"{self.name}, dilated by {dilation.name}",
        )

    def mix(self, time: Any) -> tuple[np.ndarray, np.ndarray]:
        """(alpha, beta) at ``time`` (float or array inside the interval), numpy float64."""
        values = self._evaluate(0, time)
        for label, value in values.items():
            if (value < 0).any():
                bad = np.broadcast_to(time, np.shape(value))[value < 0].flat[0]
                raise ValueError(f"{label} of schedule {self.name!r} is negative at t = {bad}")
        return values["alpha"], values["beta"]

    def at(self, time: Any) -> Values:
        """alpha, beta, dalpha, dbeta at ``time``; ValueError where a derivative diverges."""
        alpha, beta = self.mix(time)
        slopes = self._evaluate(1, time)
        return Values(alpha, beta, slopes["dalpha"], slopes["dbeta"])

    def _evaluate(self, which: int, time: Any) -> dict[str, Any]:
        times = as_float64("t", time)
        low, high = float(self.start), float(self.end)
        inside = (times >= low) & (times <= high)
        if not inside.all():
            bad = times if times.ndim == 0 else times[~inside].flat[0]
            raise ValueError(f"t = {bad} lies outside [{low}, {high}] of schedule {self.name!r}")
        with np.errstate(all="ignore"):
            values = _callables(self.alpha, self.beta)[which](t=times)
        for label, value in values.items():
            finite = np.isfinite(value)
            if not finite.all():
                bad = times if times.ndim == 0 else times[~finite].flat[0]
                raise ValueError(f"{label} of schedule {self.name!r} diverges at t = {bad}")
        return values


@cache
def _callables(alpha: sp.Expr, beta: sp.Expr) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Numpy callables of t for (alpha, beta) and for (dalpha, dbeta), each returning a mapping."""
    mix = {"alpha": alpha, "beta": beta}
    slopes = {"d" + label: sp.diff(value, t) for label, value in mix.items()}
    return compile_expressions(mix, ("t",)), compile_expressions(slopes, ("t",))
