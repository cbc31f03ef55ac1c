"""Dilations: increasing maps of a schedule's interval onto itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp

from asymptotics.coerce import as_float64, as_fraction, as_integer, written
from asymptotics.numeric import bisect, compile_expressions, middle
from asymptotics.parse import read
from asymptotics.schedule.monotone import first_fall
from asymptotics.symbols import t

HALF = sp.Rational(1, 2)


@dataclass(frozen=True)
class Dilation:
    """An increasing map tau of an interval onto itself: at time t a dilated schedule is where it was at tau(t).

    ``expression`` in t (sympy or text, Piecewise allowed). Drawing training times uniformly in t and looking at tau(t)
    spends more of them where tau is slow. ValueError unless tau keeps both ends and increases; that is looked for, not
    proved: values must rise over 1000 equal steps and not fall over 4096 of all sizes, nor the slope, where it can be
    computed, be negative at the random places where these begin. A fall on less than about 1/1000 may pass.
    """

    expression: sp.Expr
    start: Any = 0
    end: Any = 1
    name: str = ""
    nodes: tuple[float, ...] = ()
    """Times inside at which the pace jumps; a time grid should contain them (`grid`)."""

    def __post_init__(self) -> None:
        for label in ("start", "end"):
            object.__setattr__(self, label, read(getattr(self, label), where=label))
        object.__setattr__(self, "expression", read(self.expression, t, where="expression"))
        if not self.name:
            object.__setattr__(self, "name", f"tau={self.expression}")
        if not (self.start.is_finite and self.end.is_finite and self.start < self.end):
            raise ValueError(f"start = {self.start} must be below end = {self.end}, both finite")
        for side in (self.start, self.end):
            if sp.simplify(self.expression.subs(t, side) - side) != 0:
                raise ValueError(
                    f"dilation {self.name!r} is {self.expression.subs(t, side)} at t = {side}; "
                    f"it must map the interval [{self.start}, {self.end}] onto itself"
                )
        where = first_fall(self, float(self.start), float(self.end), slope=self._slope())
        if where is not None:
            raise ValueError(f"dilation {self.name!r} does not increase after t = {where:.6g}")

    def _slope(self) -> Callable[[np.ndarray], np.ndarray] | None:
        """dtau/dt on arrays, None where it has no numpy function (a slope of Abs or Max)."""
        try:
            slope = _dilate(sp.diff(self.expression, t))
        except TypeError:
            return None
        return lambda times: np.asarray(slope(t=times)["tau"])

    @classmethod
    def through(cls, *points: tuple[Any, Any], name: str = "") -> Dilation:
        """Piecewise linear through points (t, tau), the ends of the interval first and last."""
        exact = [tuple(read(each, where="points") for each in point) for point in points]
        if len(exact) < 2:
            raise ValueError("a dilation needs at least its two ends, (start, start) and (end, end)")
        for (t0, x0), (t1, x1) in pairwise(exact):
            if not (t0 < t1 and x0 < x1):
                raise ValueError(f"points ({t0}, {x0}) and ({t1}, {x1}) do not increase")
        pieces = [
            (x0 + (x1 - x0) * (t - t0) / (t1 - t0), t <= t1) for (t0, x0), (t1, x1) in pairwise(exact)
        ]
        expression = sp.Piecewise(*pieces[:-1], (pieces[-1][0], True))
        label = name or " - ".join(f"({written(t0)}, {written(x0)})" for t0, x0 in exact)
        return cls(expression, exact[0][0], exact[-1][0], label, tuple(float(t0) for t0, _ in exact[1:-1]))

    @classmethod
    def half(cls, kappa: Any, d: Any, share: Any = HALF) -> Dilation:
        """The paper's: the ``share`` of time (theirs 1/2) on [0, kappa/sqrt(d)], the rest on what is left of [0, 1]."""
        exact = {label: sp.sympify(as_fraction(label, each)) for label, each in (
            ("kappa", kappa), ("d", d), ("share", share),
        )}
        for label, value in (("kappa", kappa), ("d", d)):
            if not exact[label] > 0:
                raise ValueError(f"{label} = {value} must be > 0")
        if not exact["kappa"] ** 2 < exact["d"]:
            raise ValueError(f"kappa = {kappa} must be below sqrt(d) = {float(exact['d']) ** 0.5:g}")
        if not 0 < exact["share"] < 1:
            raise ValueError(f"share = {share} must lie inside (0, 1)")
        node = exact["kappa"] / sp.sqrt(exact["d"])
        return cls.through(
            (0, 0), (exact["share"], node), (1, 1), name=f"kappa = {kappa}, d = {d}, share = {float(exact['share']):g}"
        )

    def __call__(self, time: Any) -> np.ndarray:
        """tau at ``time`` (float or array inside the interval), numpy float64."""
        times = as_float64("t", time)
        low, high = float(self.start), float(self.end)
        if not ((times >= low) & (times <= high)).all():
            raise ValueError(f"t = {time} lies outside [{low}, {high}] of dilation {self.name!r}")
        with np.errstate(all="ignore"):
            values: np.ndarray = _dilate(self.expression)(t=times)["tau"]
        if not np.isfinite(values).all():
            raise ValueError(f"dilation {self.name!r} is not finite everywhere")
        # By rounding the ends may be missed, or the interval left, by a last bit: no schedule is defined there.
        return np.where(times == low, low, np.where(times == high, high, np.clip(values, low, high)))[()]

    def inverse(self, moment: Any) -> np.ndarray:
        """The time t with tau(t) = ``moment``: bisection to the last digit."""
        wanted = as_float64("moment", moment)
        low, high = float(self.start), float(self.end)
        if not ((wanted >= low) & (wanted <= high)).all():
            raise ValueError(f"moment = {moment} lies outside [{self.start}, {self.end}] of dilation {self.name!r}")
        before, after = bisect(lambda times: self(times) < wanted, low, high, halvings=60)
        return np.where(self(after) == wanted, after, middle(before, after))

    def grid(self, steps: int) -> np.ndarray:
        """``steps`` + 1 times from start to end, the nodes among them: equal steps in between, as even as can be."""
        ends = np.array([float(self.start), *self.nodes, float(self.end)])
        steps = as_integer("steps", steps, len(ends) - 1, ", one for each piece")
        counts = _shared(np.diff(ends) / (ends[-1] - ends[0]), steps)
        pieces = [np.linspace(a, b, k + 1)[:-1] for a, b, k in zip(ends[:-1], ends[1:], counts, strict=True)]
        return np.concatenate([*pieces, ends[-1:]])


def _shared(shares: np.ndarray, steps: int) -> list[int]:
    """``steps`` split by ``shares``, at least one each: whole parts, then the largest remainders."""
    counts = np.maximum(np.floor(shares * steps).astype(int), 1)
    while counts.sum() > steps:
        counts[np.argmax(counts - shares * steps)] -= 1
    while counts.sum() < steps:
        counts[np.argmax(shares * steps - counts)] += 1
    return [int(count) for count in counts]


@cache
def _dilate(expression: sp.Expr) -> Callable[..., Any]:
    return compile_expressions({"tau": expression}, ("t",))
