"""Interpolants x_t = alpha(t) x0 + beta(t) x1: named schedules, and any pair the user writes down.

An `Interpolant` states its interval, which end is noise, and what alpha and beta are there. Formulas of
the flow need alpha = 1, beta = 0 at the noise end and alpha = 0, beta = 1 at the data end (`pinned`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import sympy as sp

from asymptotics import symbols
from asymptotics.domain import as_float64, as_fraction
from asymptotics.numeric import compile_expressions

t = symbols.t


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
            object.__setattr__(self, label, symbols.read(getattr(self, label), t, where=label))
        for label in ("start", "end"):
            object.__setattr__(self, label, symbols.read(getattr(self, label), where=label))
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
            object.__setattr__(self, label, symbols.read(getattr(self, label), where=label))
        object.__setattr__(self, "expression", symbols.read(self.expression, t, where="expression"))
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
        exact = [tuple(symbols.read(each, where="points") for each in point) for point in points]
        if len(exact) < 2:
            raise ValueError("a dilation needs at least its two ends, (start, start) and (end, end)")
        for (t0, x0), (t1, x1) in pairwise(exact):
            if not (t0 < t1 and x0 < x1):
                raise ValueError(f"points ({t0}, {x0}) and ({t1}, {x1}) do not increase")
        pieces = [
            (x0 + (x1 - x0) * (t - t0) / (t1 - t0), t <= t1) for (t0, x0), (t1, x1) in pairwise(exact)
        ]
        expression = sp.Piecewise(*pieces[:-1], (pieces[-1][0], True))
        label = name or " - ".join(f"({t0}, {x0})" for t0, x0 in exact)
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
        low, high = (np.full(wanted.shape, float(side)) for side in (self.start, self.end))
        if not ((wanted >= low) & (wanted <= high)).all():
            raise ValueError(f"moment = {moment} lies outside [{self.start}, {self.end}] of dilation {self.name!r}")
        for _ in range(60):
            middle = (low + high) / 2
            below = self(middle) < wanted
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.where(self(high) == wanted, high, (low + high) / 2)

    def grid(self, steps: int) -> np.ndarray:
        """``steps`` + 1 times from start to end, the nodes among them: equal steps in between, as even as can be."""
        ends = np.array([float(self.start), *self.nodes, float(self.end)])
        if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < len(ends) - 1:
            raise ValueError(f"steps = {steps!r} must be an integer >= {len(ends) - 1}, one for each piece")
        counts = _shared(np.diff(ends) / (ends[-1] - ends[0]), int(steps))
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


PROBES = 4096
_FINEST, _NOISE = 1e-7, 1e-9
_SEED = 20241207


def scattered(low: float, high: float, count: int = PROBES) -> np.ndarray:
    """Increasing times inside [low, high], one from a random place in each of ``count`` equal parts, always the same.

    Equal steps alias with an oscillation of their own period; no period hides from these.
    """
    places = (np.arange(count) + np.random.default_rng(_SEED).random(count)) / count
    return low + (high - low) * places


def first_fall(
    function: Callable[[np.ndarray], np.ndarray], low: float, high: float, *,
    slope: Callable[[np.ndarray], np.ndarray] | None = None, count: int = PROBES,
) -> float | None:
    """A time after which a function that should increase on [low, high] was seen not to, or None.

    Each of 1000 equal steps must rise. Steps of ``count`` sizes, from 1e-7 of the interval to 1/count, from
    `scattered` times must not fall, nor the slope be negative there, by more than the 1e-9 that rounding may do.
    """
    length = high - low
    even = np.linspace(low, high, 1001)
    rests = ~(np.diff(function(even)) > 0)
    before = scattered(low, high, count)
    sizes = 10 ** np.random.default_rng(_SEED + 1).uniform(np.log10(_FINEST), -np.log10(count), count)
    falls = ~(function(np.minimum(before + sizes * length, high)) - function(before) >= -_NOISE * length)
    if slope is not None:
        with np.errstate(all="ignore"):
            falls |= slope(before) < -_NOISE
    found = np.concatenate([even[:-1][rests], before[falls]])
    return float(found.min()) if found.size else None


@cache
def _dilate(expression: sp.Expr) -> Callable[..., Any]:
    return compile_expressions({"tau": expression}, ("t",))


linear = Interpolant(1 - t, t, name="linear")
trigonometric = Interpolant(sp.cos(sp.pi * t / 2), sp.sin(sp.pi * t / 2), name="trigonometric")
square_root = Interpolant(sp.sqrt(1 - t), sp.sqrt(t), name="square_root")
ornstein_uhlenbeck = Interpolant(
    sp.sqrt(1 - sp.exp(-2 * t)), sp.exp(-t), end=sp.oo, name="ornstein_uhlenbeck"
)


# arXiv:2412.07972 trains on real data with this one, t in (0, 1]; t = 1 is nearly noise, beta = .0066.
variance_preserving = Interpolant(
    sp.sqrt(1 - sp.exp(-t / 10 - sp.Rational(199, 20) * t**2)), sp.exp(-t / 20 - sp.Rational(199, 40) * t**2),
    end=sp.oo, name="variance_preserving",
)


def variance_exploding(d: Any) -> Interpolant:
    """alpha = sqrt(d) (1 - t), beta = t: the base has the variance of the data's norm (d > 0)."""
    if isinstance(d, bool) or not isinstance(d, Real):
        raise TypeError(f"d = {d!r} must be a real number")
    if not 0 < float(d) < np.inf:
        raise ValueError(f"d = {d} must be finite and > 0")
    exact = as_fraction("d", d)
    size = sp.Rational(exact.numerator, exact.denominator)
    return Interpolant(sp.sqrt(size) * (1 - t), t, name=f"variance_exploding(d={d})")


NAMED: dict[str, Interpolant] = {
    schedule.name: schedule
    for schedule in (linear, trigonometric, square_root, ornstein_uhlenbeck, variance_preserving)
}
"""The schedules that have no parameter, by name."""
