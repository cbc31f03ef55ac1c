"""When a feature is decided: the interval of times between where two U-turn curves part and where they saturate.

The rule. Of the curves P(ends in + | started in +) and P(ends in + | started in -) the difference is taken; for K
classes (K R - 1)/(K - 1), with R the mean over classes of P(ends in its class | started there), which for two is the
same. It is 0 where only noise is left, and at the data end what the classifier sees between the classes. In between
it can only grow towards the data: its least-squares increasing fit (isotonic regression, weighted by the errors),
linear between the measured times, reaches ``low`` of the last value where the curves part, and ``high`` of it where
they saturate.
The standard error of each is that of the same rule on curves drawn anew from the measured ones and their errors, and
what the measured times leave open: between two of them a curve may rise anywhere. The length of the step that the end
lies in counts with the share of the whole rise that falls in it, or in a step beside it: all of it for a feature that
is sharper than the times, little for one that many of them resolve. Beyond the measured times the whole step counts.
An end whose standard error exceeds ``allowed`` of the time axis is undetermined. Not counted: that the same starts are
used at every time, and that another network would have other curves (compare seeds, `simulate.features.homogeneity`).

The choice of 10 % and 90 %, and of this rule, is this project's; the paper reads its interval off a plot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from simulate import checks
from simulate.estimate import Estimate
from simulate.images import beyond_chance
from simulate.seeds import Seed, sequence

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class FeatureInterval:
    """Where the curves ``part`` and where they ``saturate`` (estimates with standard errors); ``first`` and ``last``
    bound the time axis, and an end is determined if its error is at most ``allowed`` of it."""

    part: Estimate
    saturate: Estimate
    first: float
    last: float
    allowed: float

    @property
    def determined(self) -> bool:
        most = self.allowed * (self.last - self.first)
        return max(self.part.stderr, self.saturate.stderr) <= most

    @property
    def estimate(self) -> tuple[float, float]:
        """The interval as it was found, determined or not, the smaller time first."""
        low, high = sorted((self.part.value, self.saturate.value))
        return low, high

    @property
    def ends(self) -> tuple[float, float]:
        """The interval, the smaller time first; ValueError if it is not determined."""
        if not self.determined:
            raise ValueError(f"the interval is {self}: measure more starts, or more times where the curves part")
        return self.estimate

    def __str__(self) -> str:
        word = "" if self.determined else "undetermined: "
        return (
            f"{word}curves part at {self.part.value:.3f} +- {self.part.stderr:.3f} and saturate at "
            f"{self.saturate.value:.3f} +- {self.saturate.stderr:.3f}"
        )


def interval(
    curves: xr.Dataset, *, plus: str | None = None, minus: str | None = None, ends: tuple[float, float],
    saturated: float = 1.0, low: float = 0.1, high: float = 0.9, allowed: float = 0.05, draws: int = 1000,
    seed: Seed = 0,
) -> FeatureInterval:
    """The interval from curves of `simulate.uturn.return_curves` with starts named ``plus`` and ``minus``, or, without
    them, from curves with labels, where each start is named after its own.

    ``ends``: the time axis, noise end and data end (0, 1 on the linear schedule). ``saturated``: the difference at the
    data end, where every start is back: what `informedness` says of the classifier's confusion.
    """
    noise, data = (checks.real(name, each) for name, each in zip(("ends[0]", "ends[1]"), ends, strict=True))
    if noise == data:
        raise ValueError(f"ends = {ends} must be two times, the noise end and the data end")
    top = checks.real("saturated", saturated, above=0.0, most=1.0)
    if not 0 < checks.real("low", low) < checks.real("high", high) < 1:
        raise ValueError(f"low = {low} and high = {high} must satisfy 0 < low < high < 1")
    own = curves.sortby("t", ascending=data > noise)
    times = np.concatenate([[noise], own["t"].values, [data]])
    if not (np.diff(times) * np.sign(data - noise) >= 0).all() or own.sizes["t"] < 2:
        raise ValueError(f"curves must be measured at two times or more, between the ends {ends}")
    if "alpha" in own.coords and float(own["alpha"][0]) < float(own["alpha"][-1]):
        raise ValueError(f"ends = {ends}: towards {noise:g} the curves have less noise; give the noise end first")
    gap, spread = _between(own, plus, minus) if plus is not None and minus is not None else _own(own, plus, minus)
    if not (np.isfinite(gap).all() and (spread > 0).all()):
        raise ValueError("curves hold a fraction that is not finite, or without an error")
    generator = np.random.default_rng(sequence(seed))
    many = gap + spread * generator.standard_normal((checks.integer("draws", draws, least=100), len(gap)))
    found = np.array([_crossings(times, each, spread, top, (low, high)) for each in (gap, *many)])
    open_ = [_left_open(end, times, _rising(gap, spread, top)) for end in found[0]]
    errors = np.hypot(found[1:].std(axis=0, ddof=1), open_)
    part, saturate = found[0]
    first, last = sorted((noise, data))
    return FeatureInterval(
        part=Estimate(float(part), float(errors[0])), saturate=Estimate(float(saturate), float(errors[1])),
        first=first, last=last, allowed=checks.real("allowed", allowed, above=0.0),
    )


def _left_open(end: float, times: Array, curve: Array) -> float:
    """What is not known of an end because curves are measured at ``times`` only (its ends are not)."""
    steps, rises = np.abs(np.diff(times)), np.diff(curve) / curve[-1]
    k = int(np.flatnonzero((times[:-1] - end) * (times[1:] - end) <= 0)[0])
    share = 1.0 if k in (0, len(steps) - 1) else rises[max(k - 1, 0) : k + 2].max()
    return float(steps[k] * share)


def _between(curves: xr.Dataset, plus: str, minus: str) -> tuple[Array, Array]:
    """The difference of two curves and its standard error, (times,)."""
    if "label" in curves.dims:
        raise ValueError("curves are of several labels: select one (curves.sel(label=...)), or leave plus, minus out")
    for name in (plus, minus):
        _require_start(curves, name)
    share, error = curves["fraction"], curves["fraction_stderr"]
    gap = share.sel(start=plus) - share.sel(start=minus)
    return gap.values, np.hypot(error.sel(start=plus).values, error.sel(start=minus).values)


def _own(curves: xr.Dataset, plus: str | None, minus: str | None) -> tuple[Array, Array]:
    """How often starts return to their own class beyond chance, and its standard error, (times,)."""
    if plus is not None or minus is not None or "label" not in curves.dims:
        raise ValueError("give plus and minus, the names of two starts (or neither, with curves for each label)")
    names = [str(each) for each in curves["label"].values]
    for name in names:
        _require_start(curves, name)
    own = {
        kind: np.stack([
            curves[kind].sel(start=name, label=label).values
            for name, label in zip(names, curves["label"].values, strict=True)
        ], axis=-1) for kind in ("fraction", "fraction_stderr")
    }
    spread = np.sqrt(np.square(own["fraction_stderr"]).sum(axis=-1)) / (len(names) - 1)
    return np.asarray(beyond_chance(own["fraction"])), np.asarray(spread)


def _require_start(curves: xr.Dataset, name: str) -> None:
    if name not in curves["start"].values:
        raise ValueError(f"no start is named {name!r}; there are {', '.join(map(str, curves['start'].values))}")


def _rising(gap: Array, spread: Array, top: float) -> Array:
    """The increasing fit, with what is known at both ends of the axis: 0 and ``top``."""
    return np.concatenate([[0.0], np.clip(isotonic_regression(gap, weights=spread**-2.0).x, 0.0, top), [top]])


def _crossings(times: Array, gap: Array, spread: Array, top: float, levels: tuple[float, float]) -> Array:
    """Where the increasing fit, 0 at the first of ``times`` and ``top`` at the last, reaches each level of ``top``."""
    curve, found = _rising(gap, spread, top), []
    for level in levels:
        k = int(np.argmax(curve >= level * top))  # The first; not 0, where the curve is 0.
        share = (level * top - curve[k - 1]) / (curve[k] - curve[k - 1])
        found.append(times[k - 1] + share * (times[k] - times[k - 1]))
    return np.array(found)
