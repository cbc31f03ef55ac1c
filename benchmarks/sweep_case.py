"""What a sweep adds to its work: seconds a point on the process pool, and how two workers share it."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.measure import Result, in_turn
from simulate.runs import Store, sweep, workers

POINTS, WORK = 400, 0.05


def nothing(seed: np.random.SeedSequence, *, x: int) -> dict[str, float]:
    return {"y": float(x)}


def busy(seed: np.random.SeedSequence, *, x: int) -> dict[str, float]:
    """Work of 50 ms: the processor's, so that two share nothing."""
    end = time.process_time() + WORK
    count = 0
    while time.process_time() < end:
        count += 1
    return {"y": float(x)}


def sweep_costs() -> list[Result]:
    grid = {"x": list(range(POINTS))}
    with workers(2) as two, tempfile.TemporaryDirectory() as folder:
        sweep(nothing, {"x": [0, 1, 2, 3]}, executor=two, progress=False)  # Processes start here.

        def stored() -> None:
            store = Store(Path(folder) / str(time.perf_counter_ns()))
            sweep(nothing, grid, executor=two, store=store, progress=False)

        ours, plain = in_turn(stored, lambda: [nothing(np.random.SeedSequence(x), x=x) for x in range(POINTS)], 5)
        some = {"x": list(range(40))}
        both, single = in_turn(
            lambda: sweep(busy, some, executor=two, progress=False),
            lambda: sweep(busy, some, progress=False, workers=1), 3,
        )
    return [
        Result(
            "sweep: overhead a point, two workers, every point kept on disk", (ours - plain) / POINTS, 0.005, False,
            ours / POINTS, 0.005, {"points": POINTS, "files": POINTS},
        ),
        Result(
            "sweep: two workers against one, 50 ms a point", single / both, 1.7, True, both, single,
            {"points": 40, "work a point": f"{WORK} s of processor time"},
        ),
    ]
