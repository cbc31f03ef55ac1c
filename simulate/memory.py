"""How much memory a run would need, asked before it starts: an allocation that fails says less."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import torch

_LIMIT = Path("/sys/fs/cgroup/memory.max")
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def installed() -> int | None:
    """Bytes this process may use: the machine's memory, or less in a container; None where unknown."""
    known = []
    with suppress(AttributeError, ValueError, OSError):  # Not a Unix machine.
        known.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    with suppress(OSError, ValueError):  # No container, or one that says "max".
        known.append(int(_LIMIT.read_text()))
    return min(known, default=None)


def free(device: torch.device) -> int | None:
    """Bytes that can be had now on a device; None where unknown."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    known = [each for each in (installed(),) if each is not None]
    with suppress(OSError, ValueError, StopIteration):
        line = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable:"))
        known.append(1024 * int(line.split()[1]))
    return min(known, default=None)


def require_vectors(d: int, n: int, draws: int, *, copies: int = 1) -> None:
    """MemoryError unless ``copies`` times one data set, n (1 + draws) vectors of d float64, would fit.

    Against what is installed, not what is free: this refuses what can never work.
    """
    require(
        8 * d * n * (1 + draws) * copies, f"d = {d} with n = {n} and draws = {draws}",
        "take a smaller d, n or draws, or fewer workers (reduced curves, --reduced on the command line, reach any d)",
    )


def require(needed: int, what: str, remedy: str) -> None:
    """MemoryError, saying what needs how much and what to do, if that many bytes are more than installed."""
    there = installed()
    if there is not None and needed > there:
        raise MemoryError(
            f"{what} needs about {_readable(needed)}, this machine has {_readable(there)}: {remedy}"
        )


def _readable(size: int) -> str:
    power = 0
    while size >= 1024 ** (power + 1) and power < len(_UNITS) - 1:
        power += 1
    return f"{size / 1024**power:.3g} {_UNITS[power]}"
