"""Asserts with which users check their simulation against a formula, or their formula against numerics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from asymptotics.calibration import FALSE_FAILURE, Verdict, assert_agrees, compare_mean
from asymptotics.formula import Formula


def assert_close(
    actual: ArrayLike, expected: ArrayLike, *, rtol: float = 1e-9, atol: float = 0.0, what: str = "value"
) -> None:
    """Assert |actual - expected| <= atol + rtol |expected| everywhere (shapes equal).

    Not finite counts as different. The message names the worst entry, its index and by how much it misses.
    ValueError for a negative or undefined tolerance; TypeError for what is not real numbers.
    """
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if not (np.isfinite(tolerance) and tolerance >= 0):
            raise ValueError(f"{name} = {tolerance} is not allowed: {name} >= 0, and finite")
    found, wanted = _real("actual", actual), _real("expected", expected)
    if found.shape != wanted.shape:
        raise AssertionError(f"{what}: shape {found.shape}, expected {wanted.shape}")
    with np.errstate(all="ignore"):
        gap = np.abs(found - wanted)
        allowed = atol + rtol * np.abs(wanted)
        good = np.isfinite(found) & np.isfinite(wanted) & (gap <= allowed)
        excess = np.where(good, 0.0, np.where(np.isfinite(gap), gap / np.where(allowed > 0, allowed, 1e-300),
                                              np.inf))
    if good.all():
        return
    worst = tuple(int(i) for i in np.unravel_index(int(np.argmax(excess)), excess.shape))
    spot = f"{list(worst)}" if worst else ""
    raise AssertionError(
        f"{what}{spot} = {float(found[worst])!r}, expected {float(wanted[worst])!r}: off by "
        f"{float(gap[worst]):.3g}, allowed {float(allowed[worst]):.3g}"
        + (f" ({int((~good).sum())} of {good.size} entries differ)" if good.size > 1 else "")
    )


def _real(name: str, value: ArrayLike) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be real numbers, not {value!r}")
    return array.astype(np.float64)


def assert_matches(
    formula: Formula | Callable[..., Any], simulate: Callable[..., Any],
    points: Iterable[Mapping[str, Any]], *, rtol: float = 1e-9, atol: float = 0.0,
) -> float:
    """Assert that a deterministic ``simulate(**point)`` gives the formula's value at every point.

    Returns the worst |difference| / (atol + rtol |formula|), a number <= 1, so that it can be printed or
    targeted. The error lists the worst point first. ``formula`` may be any callable of the same keywords.
    ValueError when there are no points. Example::

        assert_matches(limited_samples.generated_variance, my_ode_solution,
                       [{"n": 8, "sigma": 1.5, "ridge": 0.1}], rtol=1e-6)
    """
    if isinstance(points, Mapping):
        raise TypeError("points is one dictionary; give a list of them: [point]")
    worst, message, count = 0.0, "", 0
    name = getattr(formula, "name", getattr(formula, "__name__", "formula"))
    for point in points:
        count += 1
        theory, measured = np.asarray(formula(**point), float), np.asarray(simulate(**point), float)
        try:
            assert_close(measured, theory, rtol=rtol, atol=atol, what=f"simulation of {name}")
            ratio = _ratio(measured, theory, rtol, atol)
        except AssertionError as problem:
            ratio = max(_ratio(measured, theory, rtol, atol), 1.0 + 1e-9)
            if ratio > worst:
                message = f"at {_written(point)}: {problem}"
        worst = max(worst, ratio)
    if count == 0:
        raise ValueError("points is empty: nothing was compared")
    if message:
        raise AssertionError(f"{message}; this is the worst of {count} points, {worst:.3g} times the tolerance")
    return worst


def _ratio(measured: np.ndarray, theory: np.ndarray, rtol: float, atol: float) -> float:
    if measured.shape != theory.shape:
        return float("inf")
    gap, allowed = np.abs(measured - theory), atol + rtol * np.abs(theory)
    with np.errstate(all="ignore"):
        ratio = np.where(gap == 0, 0.0, gap / allowed)
    return float("inf") if np.isnan(ratio).any() else float(ratio.max(initial=0.0))


def _written(point: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in point.items())


def assert_matches_on_average(
    formula: Formula | Callable[..., Any], simulate: Callable[..., float],
    points: Iterable[Mapping[str, Any]], *, runs: int, seed: int, within: float = 0.10,
    bias: float = 0.0, false_failure: float = FALSE_FAILURE,
) -> Verdict:
    """Assert that the mean of a random ``simulate(rng=..., **point)`` is the formula's value at each point.

    Each point gets ``runs`` independent runs; ``rng`` is a numpy Generator seeded from ``seed``, the point's
    place and the run's, so that a failure repeats. The false-failure rate is split over the points, and a
    comparison that could not have seen a relative discrepancy ``within`` fails too; both numbers are in the
    returned verdict (print it). ``bias`` is a known systematic difference, in absolute terms. See
    `asymptotics.calibration` for what is assumed. Example::

        print(assert_matches_on_average(limited_samples.bayes_error, my_experiment,
                                        [{"n": 8, "sigma": 1.5}], runs=200, seed=1))
    """
    chosen = [dict(point) for point in points]
    if not chosen:
        raise ValueError("points is empty: nothing was compared")
    if isinstance(runs, bool) or not isinstance(runs, int) or runs < 2:
        raise ValueError(f"runs = {runs!r} is not allowed: an integer >= 2")
    samples = np.array([
        [simulate(rng=np.random.default_rng(own), **point) for own in place.spawn(runs)]
        for place, point in zip(np.random.SeedSequence(seed).spawn(len(chosen)), chosen, strict=True)
    ], dtype=np.float64)
    theory = np.array([float(formula(**point)) for point in chosen])
    verdict = compare_mean(samples, theory, axis=1, bias=bias, false_failure=false_failure)
    assert_agrees(verdict, within=within)
    return verdict
