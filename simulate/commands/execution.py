"""Options of all commands: the seed, where the work is done, and where results are stored and written."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

from simulate.runs import Store, cluster, workers


def add_execution_options(parser: argparse.ArgumentParser, *, processes: int = 1) -> None:
    """Add the options; the work is done on ``processes`` by default."""
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.add_argument("--out", type=Path, required=True, help="netCDF file to write")
    parser.add_argument("--workers", type=int, help=f"processes ({processes})")
    parser.set_defaults(processes=processes)
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster, e.g. tcp://host:8786, instead")
    parser.add_argument("--store", type=Path, metavar="DIR", help="keep what is finished here, chunk by chunk")
    parser.add_argument("--chunk", type=int, help="points to a file of the store")
    parser.add_argument("--resume", action="store_true", help="go on with what the store holds")
    parser.add_argument("--any-commit", action="store_true", help="also with what another commit computed")


@contextmanager
def chosen_executor(given: argparse.Namespace) -> Iterator[Executor | None]:
    """Open the cluster or the processes that do the work."""
    if given.scheduler is not None:
        if given.workers is not None:
            raise ValueError("--workers does not go with --scheduler: the cluster has its own")
        with cluster(given.scheduler) as there:
            yield there
        return
    with workers(given.processes if given.workers is None else given.workers) as here:
        yield here


def chosen_store(given: argparse.Namespace) -> Store | None:
    """Open the store, if one is named, in which finished points are kept."""
    if given.store is not None:
        return Store(given.store, resume=given.resume, chunk=given.chunk, any_commit=given.any_commit)
    for name in ("chunk", "resume", "any_commit"):
        if getattr(given, name):
            raise ValueError(f"--{name.replace('_', '-')} goes with --store DIR")
    return None
