"""Functions to sweep in tests: of a module, so that worker processes find them."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np


def plain(seed: np.random.SeedSequence, *, x: float, y: int = 2) -> dict[str, object]:
    draw = np.random.default_rng(seed).standard_normal(3)
    return {"total": x * y + draw[0], "curve": draw * x}


def logged(
    seed: np.random.SeedSequence, *, x: float, folder: str, wait: float = 0.0, size: int = 3, kill: float = -1.0,
    fail: float = -1.0,
) -> dict[str, object]:
    """As `plain`, and a line in a log for each call. ``kill``: ends its process, once; ``fail``: raises, once."""
    with (Path(folder) / "log").open("a") as log:
        log.write(f"{x} {seed.spawn_key[-1]} {os.getpid()}\n")
    for at, what in ((kill, "killed"), (fail, "failed")):
        if x == at and not (Path(folder) / what).exists():
            (Path(folder) / what).touch()
            if what == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise ArithmeticError(f"x = {x} cannot be")
    time.sleep(wait)
    return {"curve": np.random.default_rng(seed).standard_normal(size) * x}


def deadly(seed: np.random.SeedSequence, *, x: float) -> dict[str, float]:
    """Ends its process wherever x = 3, as one does that takes too much memory."""
    if x == 3.0:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"y": x}


def pids(folder: Path) -> set[int]:
    """Of the processes that called `logged`."""
    return {int(line.rsplit(" ", 1)[1]) for line in (folder / "log").read_text().splitlines()}


def calls(folder: Path) -> list[str]:
    """The points called for, in order, each as "x k"."""
    log = folder / "log"
    return [line.rsplit(" ", 1)[0] for line in log.read_text().splitlines()] if log.exists() else []


def until(happened: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until ``happened()``; AssertionError if it does not."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


DRIVER = """
import sys, json
from pathlib import Path
from helpers.sweep_points import logged
from simulate import Store, save, sweep, workers

if __name__ == "__main__":
    settings = json.loads(sys.argv[1])
    alone = {"workers": 1} if settings["workers"] == 1 else {}
    with workers(settings["workers"]) as executor:
        found = sweep(
            logged, {"x": settings["x"]}, seeds=2, seed=3, fixed=settings["fixed"], executor=executor, progress=False,
            store=Store(settings["store"], resume=True, chunk=settings.get("chunk", 1)), dims={"curve": ["part"]},
            **alone,
        )
    save(found, settings["out"])
"""


def limited(command: list[str], size: int) -> None:
    """Run a command that may write no file larger than ``size`` bytes; for a child process."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    os.execv(command[0], command)


if __name__ == "__main__":
    limited(sys.argv[2:], int(sys.argv[1]))
