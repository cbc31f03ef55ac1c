"""``python -m simulate denoiser|generation|learning|weights|uturn|balance|sweep ... --out FILE.nc``: write a data set.

``--reduced`` draws it from its exact law instead of in d dimensions, at any d; weights and uturn always do.

Exit code 0, with a line on stderr if trainings did not converge; 1 when points of a sweep failed, which are listed; 2
and one line on bad input, a full disk, a worker that was ended or where memory does not suffice; 130 when interrupted.
``--store DIR`` keeps what is finished on the way, and ``--resume`` goes on with it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from functools import partial
from pathlib import Path

from asymptotics.command_line import Failures, Parser, exit_code
from asymptotics.extras import version_line
from simulate.commands import balance, curves, sweep, uturn, weights
from simulate.runs import PointsFailed, WorkerEnded, save

_LESS = "take a smaller d, n or draws, or fewer workers"
_OUT_OF_MEMORY = f"out of memory (or a worker was ended): {_LESS}"


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    kept = "" if given.store is None else f"; what is finished is kept in {given.store}: --resume"
    failures: Failures = (
        ((TypeError, ValueError, OSError, FloatingPointError, ImportError), 2, "simulate: {}".format),
        (PointsFailed, 1, "simulate: {}".format),
        (WorkerEnded, 2, lambda problem: f"simulate: {problem}; where memory ran out, {_LESS}"),
        ((MemoryError, RuntimeError), 2, _out_of_memory),
        (KeyboardInterrupt, 130, lambda _: f"simulate: interrupted, nothing written{kept}"),
    )
    return exit_code(partial(_measure_and_save, given), failures)


def _out_of_memory(problem: BaseException) -> str | None:
    """Say that memory ran out; None for a RuntimeError that means something else."""
    if isinstance(problem, MemoryError) and str(problem):
        return f"simulate: {problem}"
    # The pool breaks where the system ended a worker for its memory; torch writes where it cannot allocate.
    if isinstance(problem, MemoryError | BrokenExecutor) or "can't allocate memory" in str(problem):
        return f"simulate: {_OUT_OF_MEMORY}"
    return None


def _measure_and_save(given: argparse.Namespace) -> int:
    _require_place(given.out)
    dataset = given.run(given)
    written = save(dataset, given.out)
    given.tell(dataset)
    print(written)
    if "unconverged" in dataset and bool((dataset.unconverged > 0).any()):
        share = float(dataset.unconverged.mean())
        note = dataset.unconverged.attrs.get("note", "the networks are not minimisers")
        print(f"simulate: {share:.2g} of the trainings did not converge: {note}", file=sys.stderr)
    return 0


def _require_place(out: Path) -> None:
    """OSError now, and not when everything is computed, where no file can be written."""
    if out.is_dir():
        raise IsADirectoryError(f"--out {out} is a folder: name a file in it")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise OSError(f"--out {out}: its folder cannot be made ({problem}): take another place") from None
    if not os.access(out.parent, os.W_OK):
        raise PermissionError(f"--out {out}: nothing can be written to {out.parent}: take another place")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="simulate", description="Measure networks of finite dimension.")
    parser.add_argument("--version", action="version", version=version_line())
    parser.set_defaults(tell=lambda dataset: None)
    kinds = parser.add_subparsers(dest="kind", required=True)
    for commands in (curves, weights, uturn, balance, sweep):
        commands.add(kinds)
    return parser


if __name__ == "__main__":
    sys.exit(main())
