"""What is measured. One thread on both sides; peers' work is counted, and extrapolated openly."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import sympy as sp

import asymptotics
import simulate
from asymptotics.schedule import linear
from asymptotics.symbols import ARGUMENTS
from benchmarks.measure import Result, in_turn, seconds
from simulate.gram import draw
from simulate.path import point
from simulate.points import draw_starts, generate_points
from simulate.reduced import denoisers, generated

SIGMA, RIDGE = 1.5, 0.1
COEFFICIENTS = ("skip", "overlap_mean", "overlap_noise", "overlap_sample", "training_loss", "test_error")


def evaluate() -> list[Result]:
    """Six coefficients of the denoiser on 10^6 points, against a plain lambdify of the same expressions."""
    names = [f"limited_samples.{name}" for name in COEFFICIENTS]
    together = asymptotics.compile(names)
    arguments = asymptotics.get(names[0]).arguments
    plain = sp.lambdify(
        [ARGUMENTS[a].symbol for a in arguments], [asymptotics.get(name).expression for name in names], "numpy"
    )
    beta = np.random.default_rng(0).uniform(0.02, 0.98, 10**6)
    alpha = 1 - beta
    values = {"alpha": alpha, "beta": beta, "n": 8, "sigma": SIGMA, "ridge": RIDGE, "draws": 1, "radius": 1}
    ours, peer = in_turn(lambda: together(**values), lambda: plain(*(values[a] for a in arguments)), 9)
    copy = min(seconds(lambda: np.copyto(alpha.copy(), beta)) for _ in range(5)) / 2
    tracemalloc.start()
    kept = together(**values)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    temporaries = (peak - sum(v.nbytes for v in kept.values())) / 1e6
    one = asymptotics.get(names[0])
    point_ = {"alpha": 0.5, "beta": 0.5, "n": 8, "sigma": SIGMA, "ridge": RIDGE}
    scalar = min(seconds(lambda: [one(**point_) for _ in range(100)]) for _ in range(5)) / 100
    return [
        Result("evaluate", peer / ours, 3.0, True, ours, peer, {
            "ns a point, ours": ours * 1e3, "ns a point, lambdify": peer * 1e3,
            "ns a point, copying one array": copy * 1e3, "validated scalar call, us": scalar * 1e6,
        }),
        Result("evaluate temporaries, MB", temporaries, 10.0, False, temporaries, 10.0),
    ]


def empirical_curve() -> list[Result]:
    """d = 50 000, n = 8, 100 Euler steps, 1 000 points: drawn, against Adam and against d-dimensional solves."""
    d, n, steps, points = 50_000, 8, 100, 1000
    grid = np.linspace(0.0, 1.0, steps + 1)

    def drawn() -> None:
        statistics = draw(n=n, d=d, sigma=SIGMA, radius=1.0, draws=1, seeds=1, seed=1)
        denoisers(statistics, alpha=1 - grid[1:-1], beta=grid[1:-1], ridge=RIDGE)
        generated(statistics, ridge=RIDGE)
        starts = draw_starts(statistics, count=points, seed=2)
        generate_points(statistics, starts, linear, grid, ridge=RIDGE, method="euler")

    samples = simulate.Mixture(d=d, sigma=SIGMA).sample(n=n, seed=1)
    halfway = point(linear, 0.5)
    drawn()
    ours = float(np.median([seconds(drawn) for _ in range(5)]))
    solve = float(np.median([seconds(lambda: simulate.solve(samples, halfway, ridge=RIDGE)) for _ in range(3)]))
    iterations = 100
    recipe = simulate.AdamRecipe(iterations=iterations)
    adam = seconds(lambda: simulate.train(samples, halfway, recipe=recipe, ridge=RIDGE, seed=3)) / iterations
    return [
        Result("empirical_curve against Adam", adam * 6000 * steps / ours, 200_000.0, True, ours, adam * 6000 * steps, {
            "peer": f"{iterations} iterations measured, extrapolated to 6000 for each of {steps} networks",
            "s an iteration": adam,
        }),
        Result("empirical_curve against exact solves", solve * steps / ours, 100.0, True, ours, solve * steps, {
            "peer": f"one d-dimensional solve measured, times {steps}; its flow not counted",
        }),
    ]


def exact_law() -> list[Result]:
    """One realisation: its cost depends on neither d nor n (label checks off)."""

    def realisation(n: int, d: int) -> None:
        for seed in range(50):
            statistics = draw(n=n, d=d, sigma=SIGMA, radius=1.0, draws=1, seeds=1, seed=seed)
            generated(statistics, ridge=RIDGE)

    large_d = in_turn(lambda: realisation(8, 10**7), lambda: realisation(8, 10**3), 15)
    large_n = in_turn(lambda: realisation(1024, 10**5), lambda: realisation(8, 10**5), 15)
    return [
        Result("exact_law, d = 10^7 over 10^3", large_d[0] / large_d[1], 1.2, False, *large_d),
        Result("exact_law, n = 1024 over 8", large_n[0] / large_n[1], 1.2, False, *large_n),
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
            generate_points(statistics, starts, linear, grid, ridge=RIDGE, method="euler")
    spent = time.perf_counter() - began
    return [Result("figure, seconds on one core", spent, 20.0, False, spent, 20.0)]


CASES = {"evaluate": evaluate, "empirical_curve": empirical_curve, "exact_law": exact_law, "figure": figure}
