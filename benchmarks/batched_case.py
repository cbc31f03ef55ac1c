"""Many networks in one tensor program against a Python loop over them."""

from __future__ import annotations

from benchmarks.measure import Result, seconds
from simulate import Mixture, Point
from simulate.training import AdamRecipe, Job, Training, train, train_many

N, D, ITERATIONS = 8, 200, 500
"""Later the gradients are rounding, and Adam, which divides them by their own size, throws networks about."""
# Of the loop, so many are timed, in between; the rest is extrapolated.
TIMED = 32


def batched_training() -> list[Result]:
    """256 networks: 16 data sets, 4 times, 4 ridges; 500 steps of the authors' Adam, float64."""
    mixture, recipe = Mixture(d=D, sigma=1.5), AdamRecipe(iterations=ITERATIONS)
    sets = [mixture.sample(n=N, seed=k) for k in range(16)]
    jobs = [
        Job(samples=samples, values=Point(1 - t, t), ridge=ridge, seed=1000 + k)
        for k, samples in enumerate(sets) for t in (0.2, 0.4, 0.6, 0.8) for ridge in (0.01, 0.1, 1.0, 5.0)
    ]
    chosen = range(0, len(jobs), len(jobs) // TIMED)
    found: list[list[Training]] = []
    alone: dict[int, Training] = {}

    def loop() -> None:
        for k in chosen:
            job = jobs[k]
            alone[k] = train(job.samples, job.values, recipe=recipe, ridge=job.ridge, seed=job.seed)

    train_many(jobs, recipe=AdamRecipe(iterations=10))
    ours = seconds(lambda: found.append(train_many(jobs, recipe=recipe)))
    peer = seconds(loop) * len(jobs) / len(chosen)
    ours = min(ours, seconds(lambda: found.append(train_many(jobs, recipe=recipe))))
    worst = max(float((found[0][k].network.weight - each.network.weight).abs().max()) for k, each in alone.items())
    # A gradient reads x once for w.x and once to combine, y once: 2 flops a number each.
    flops = 6.0 * len(jobs) * N * D * ITERATIONS
    return [
        Result(
            "batched_training: 256 networks, n = 8, d = 200, against a loop over networks", peer / ours, 25.0, True,
            ours, peer, {"timed of the loop": f"{len(chosen)} of {len(jobs)}", "Adam steps": ITERATIONS,
                   "flops of the gradients": f"{flops:.3g}", "float64 Gflop/s": flops / ours / 1e9},
        ),
        Result(
            "batched_training: largest difference of a final weight", worst, 1e-10, False, worst, 1e-10,
            {"compared": len(alone)}, unit="",
        ),
    ]
