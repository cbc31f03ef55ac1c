"""What is measured. One thread on both sides; peers' work is counted, and extrapolated openly."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp
import torch
from numpy.typing import NDArray

import asymptotics
import simulate
from asymptotics.extras import installed
from asymptotics.numeric import source
from asymptotics.schedule import linear
from asymptotics.symbols import ARGUMENTS
from benchmarks.batched_case import batched_training
from benchmarks.measure import Result, in_turn, peak_bytes, seconds
from benchmarks.phases_case import phases
from benchmarks.sweep_case import sweep_costs
from simulate import gram
from simulate.gram import denoisers, draw, draw_starts, draw_with_pairs, generated, label_flips
from simulate.path import point

Array = NDArray[np.float64]

SIGMA, RIDGE = 1.5, 0.1
COEFFICIENTS = ("skip", "overlap_mean", "overlap_noise", "overlap_sample", "training_loss", "test_error")


def evaluate() -> list[Result]:
    """Six coefficients of the denoiser on 10^6 points, against a plain lambdify of the same expressions.

    Floor: two arrays are read and six fresh ones written, 64 bytes a point.
    """
    names = [f"limited_samples.{name}" for name in COEFFICIENTS]
    together = asymptotics.compile(names)
    arguments = asymptotics.get(names[0]).arguments
    plain = sp.lambdify(
        [ARGUMENTS[a].symbol for a in arguments], [asymptotics.get(name).expression for name in names], "numpy"
    )
    beta = np.random.default_rng(0).uniform(0.02, 0.98, 10**6)
    alpha = 1 - beta
    values = {"alpha": alpha, "beta": beta, "n": 8, "sigma": SIGMA, "ridge": RIDGE, "draws": 1, "radius": 1}
    ours, peer = in_turn(lambda: together(**values), lambda: plain(*(values[a] for a in arguments)), 15)
    _, floor = in_turn(lambda: together(**values), lambda: _write_six(alpha, beta), 15)
    point_ = {"alpha": 0.5, "beta": 0.5, "n": 8, "sigma": SIGMA, "ridge": RIDGE}
    scalar = min(seconds(lambda: [asymptotics.get(names[0])(**point_) for _ in range(100)]) for _ in range(5)) / 100
    temporaries = (peak_bytes(lambda: together(**values)) - 6 * alpha.nbytes) / 1e6
    return [
        Result("evaluate", peer / ours, 3.0, True, ours, peer, {
            "ns a point, ours": ours * 1e3, "ns a point, lambdify": peer * 1e3,
            "ns a point, floor (copying into six fresh arrays)": floor * 1e3,
            **_numba(names, arguments, values, together), "validated scalar call, us": scalar * 1e6,
        }),
        Result("evaluate temporaries, MB", temporaries, 10.0, False, temporaries, 10.0, unit="MB"),
    ]


def _write_six(first: Array, second: Array) -> Array:
    block = np.empty((6, first.size))
    block[::2], block[1::2] = first, second
    return block


def _numba(
    names: list[str], arguments: tuple[str, ...], values: dict[str, Any], ours: Callable[..., Any]
) -> dict[str, float | str]:
    """A compiled loop over the points with everything fused: what no array library reaches. Same values, checked."""
    if not installed("numba"):
        return {"ns a point, numba": "numba is not installed (extra bench)"}
    import numba

    formulas = [asymptotics.get(name) for name in names]
    where = dict(pair for formula in formulas for pair in formula.where)
    text = source({f.name: f.short for f in formulas}, arguments, where.items())
    fused = numba.njit(error_model="numpy")
    space: dict[str, Any] = {"_square": fused(lambda x: x * x), "_ratio": fused(lambda p, q: p / q)}
    exec(text, space)
    one = fused(space["function"])

    @fused
    def loop(
        out: Array, alpha: Array, beta: Array, n: float, sigma: float, ridge: float, draws: float, radius: float
    ) -> None:
        for i in range(alpha.size):
            (out[0, i], out[1, i], out[2, i], out[3, i], out[4, i], out[5, i]) = one(
                alpha[i], beta[i], n, sigma, ridge, draws, radius
            )

    def peer() -> Array:
        out = np.empty((6, values["alpha"].size))
        loop(out, *given)
        return out

    given: list[Any] = [values[a] if np.ndim(values[a]) else float(values[a]) for a in arguments]
    if not np.allclose(peer(), list(ours(**values).values()), rtol=1e-12, atol=0):
        raise AssertionError("the numba loop and ours disagree")
    mine, theirs = in_turn(lambda: ours(**values), peer, 15)
    return {"ns a point, numba": theirs * 1e3, "ours over numba": mine / theirs}


def empirical_curve() -> list[Result]:
    """d = 50 000, n = 8, 100 Euler steps, 1 000 points: drawn, against Adam and against d-dimensional solves."""
    d, n, steps, points = 50_000, 8, 100, 1000
    grid = np.linspace(0.0, 1.0, steps + 1)

    def drawn() -> None:
        statistics = draw(n=n, d=d, sigma=SIGMA, radius=1.0, draws=1, seeds=1, seed=1)
        denoisers(statistics, alpha=1 - grid[1:-1], beta=grid[1:-1], ridge=RIDGE)
        generated(statistics, ridge=RIDGE)
        starts = draw_starts(statistics, count=points, seed=2)
        gram.generate(statistics, starts, linear, grid, ridge=RIDGE, method="euler")

    samples = simulate.Mixture(d=d, sigma=SIGMA).sample(n=n, seed=1)
    halfway = point(linear, 0.5)
    drawn()
    ours = float(np.median([seconds(drawn) for _ in range(15)]))
    solve = float(np.median([
        seconds(lambda: simulate.autoencoder.solve(samples, halfway, ridge=RIDGE)) for _ in range(3)
    ]))
    iterations = 200
    recipe = simulate.training.AdamRecipe(iterations=iterations)
    single = simulate.Mixture(d=d, sigma=SIGMA).sample(n=n, seed=1, dtype=torch.float32)  # as the authors train
    trains = [
        seconds(lambda: simulate.training.train(single, halfway, recipe=recipe, ridge=RIDGE, seed=3)) for _ in range(3)
    ]
    adam = float(np.median(trains)) / iterations
    return [
        Result("empirical_curve against Adam", adam * 6000 * steps / ours, 200_000.0, True, ours, adam * 6000 * steps, {
            "peer": f"{iterations} iterations in float32 measured, extrapolated to 6000 for each of {steps} networks",
            "s an iteration": adam,
        }),
        Result("empirical_curve against exact solves", solve * steps / ours, 100.0, True, ours, solve * steps, {
            "peer": f"one d-dimensional solve measured, times {steps}; its flow not counted",
        }),
    ]


REPEATS = 20
"""Realisations in one timing: a single one is too short for the clock."""


def exact_law() -> list[Result]:
    """One realisation: its cost and its memory depend on neither d nor n with label checks off; O(n) with them."""

    def realisation(n: int, d: int, labels: bool = False) -> None:
        kind: dict[str, Any] = {"n": n, "d": d, "sigma": SIGMA, "radius": 1.0, "draws": 1, "seeds": 1}
        for seed in range(REPEATS):
            if labels:
                statistics, pairs = draw_with_pairs(**kind, seed=seed)
                label_flips(statistics, pairs, alpha=0.5, beta=0.5, ridge=RIDGE)
            else:
                statistics = draw(**kind, seed=seed)
            generated(statistics, ridge=RIDGE)

    large_d = in_turn(lambda: realisation(8, 10**7), lambda: realisation(8, 10**3), 51)
    large_n = in_turn(lambda: realisation(1024, 10**5), lambda: realisation(8, 10**5), 51)
    checked = {n: min(seconds(lambda n=n: realisation(n, 10**5, True)) for _ in range(5)) / REPEATS  # type: ignore[misc]
               for n in (8, 1024, 131_072)}
    growth = (peak_bytes(lambda: realisation(1024, 10**7)) - peak_bytes(lambda: realisation(8, 10**3))) / 1e6
    (high_d, low_d), (high_n, low_n) = ([each / REPEATS for each in pair] for pair in (large_d, large_n))
    return [
        Result("exact_law, d = 10^7 over 10^3", high_d / low_d, 1.2, False, high_d, low_d),
        Result("exact_law, n = 1024 over 8", high_n / low_n, 1.2, False, high_n, low_n, {
            f"ms a realisation with label checks, n = {n}": 1e3 * spent for n, spent in checked.items()
        }),
        Result("exact_law, memory growth, MB", growth, 50.0, False, growth, 50.0, unit="MB"),
    ]


def figure() -> list[Result]:
    """11 values of n, 3 of sigma, 100 steps, 1 000 points, 32 data sets at d = 50 000: seconds in all."""
    grid = np.linspace(0.0, 1.0, 101)
    began = time.perf_counter()
    for sigma in (0.5, 1.0, 1.5):
        for n in (2, 4, 6, 8, 16, 32, 64, 128, 256, 512, 1024):
            statistics = draw(n=n, d=50_000, sigma=sigma, radius=1.0, draws=1, seeds=32, seed=n)
            denoisers(statistics, alpha=1 - grid[1:-1], beta=grid[1:-1], ridge=RIDGE)
            starts = draw_starts(statistics, count=1000, seed=n + 1)
            gram.generate(statistics, starts, linear, grid, ridge=RIDGE, method="euler")
    spent = time.perf_counter() - began
    return [Result("figure, seconds on one core", spent, 20.0, False, spent, 20.0)]


CASES = {
    "evaluate": evaluate, "empirical_curve": empirical_curve, "exact_law": exact_law, "figure": figure,
    "phases": phases, "sweep": sweep_costs, "batched_training": batched_training,
}
