"""One way to measure: medians of both sides, taken in turn, and what they must hold."""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Result:
    """A ratio, its bar, whether it holds, the medians (in ``unit``) of both sides, and counts of work beside.

    ``ratio`` is peer / ours where faster is better ("at least"), ours / reference where flat is ("at most").
    """

    name: str
    ratio: float
    bar: float
    at_least: bool
    ours: float
    peer: float
    notes: dict[str, float | str] = field(default_factory=dict)
    unit: str = "s"
    """Of ``ours`` and ``peer``."""

    @property
    def holds(self) -> bool:
        return self.ratio >= self.bar if self.at_least else self.ratio <= self.bar

    def record(self) -> dict[str, object]:
        return {**asdict(self), "holds": self.holds}

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        notes = "".join(f"\n    {name}: {value}" for name, value in self.notes.items())
        verdict = "holds" if self.holds else "DOES NOT HOLD"
        kind = "ratio" if self.peer != self.bar else "value"
        return (f"{self.name}: {kind} {self.ratio:.4g} (bar {sign} {self.bar:g}, {verdict}); "
                f"{self.ours:.4g} {self.unit} ours, {self.peer:.4g} {self.unit} peer{notes}")


def in_turn(ours: Callable[[], object], peer: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median seconds of both, A B A B ..., after one warm-up of each."""
    ours(), peer()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for kept, run in zip(times, (ours, peer), strict=True):
            began = time.perf_counter()
            run()
            kept.append(time.perf_counter() - began)
    return statistics.median(times[0]), statistics.median(times[1])


def seconds(run: Callable[[], object]) -> float:
    """One run."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def peak_bytes(run: Callable[[], object]) -> int:
    """The most that Python and numpy hold at once during one run, what it returns included."""
    tracemalloc.start()
    run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak
