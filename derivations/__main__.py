"""`python -m derivations`: tell every story and write the report.

Exit codes: 0; 1 when a proof or a comparison failed; 2 on bad input; 130 when interrupted.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from tqdm import tqdm

from asymptotics.command_line import Parser
from asymptotics.export import without_tex
from asymptotics.extras import version_line
from asymptotics.plotting import STYLE
from derivations.reporting import (
    FULL,
    QUICK,
    Checked,
    Event,
    Story,
    Teller,
    begin_figures,
    run_experiments,
    write,
)
from simulate.runs import one_thread, workers

STORIES = (
    "learned_denoiser", "denoiser_errors", "every_schedule", "generated_mean", "frozen_draws", "distances",
    "best_ridge", "without_skip", "euler_steps", "any_dimension", "fluctuations", "half_normal", "trained_network",
    "learning_curves", "exact_field", "two_phases", "modes_in_balance", "uturns",
    "real_digits", "jumps_and_balance", "balanced_training",
)


def stories() -> list[Story]:
    """All stories, in the order of the report."""
    found: list[Story] = [importlib.import_module(f"derivations.{name}").STORY for name in STORIES]
    return found


def main(argv: Sequence[str] | None = None) -> int:
    parser = Parser(prog="python -m derivations", description=__doc__.splitlines()[0])
    parser.add_argument("--version", action="version", version=version_line())
    parser.add_argument("--out", type=Path, default=Path("report"), help="where the report goes (report/)")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="d = 5000, in two minutes (the default)")
    size.add_argument("--full", action="store_true", help="larger dimensions and more data sets")
    arguments = parser.parse_args(argv)
    try:
        return _tell_all(arguments.out, full=arguments.full)
    except OSError as error:
        print(f"error: cannot write the report to {arguments.out}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


@dataclass
class Progress:
    """A bar that names what is going on; in a log, which has no cursor, a numbered line for each step."""

    total: int
    bar: tqdm[Any] | None
    done: int = 0

    def step(self, what: str) -> None:
        self.done += 1
        if self.bar is None:
            print(f"[{self.done:>3}/{self.total}] {what}", file=sys.stderr, flush=True)
        else:
            self.bar.set_description_str(what)
            self.bar.update()

    def write(self, text: str) -> None:
        tqdm.write(text, file=sys.stdout)
        sys.stdout.flush()


@contextmanager
def _progress(total: int) -> Iterator[Progress]:
    if not sys.stderr.isatty():
        yield Progress(total, None)
        return
    layout = "{percentage:3.0f}%|{bar:24}| {n_fmt}/{total_fmt}  {elapsed}  {desc}"
    with tqdm(total=total, bar_format=layout, file=sys.stderr, leave=False) as bar:
        yield Progress(total, bar)


def _tell_all(out: Path, *, full: bool) -> int:
    out.mkdir(parents=True, exist_ok=True)
    chosen, began = stories(), time.monotonic()
    told: list[tuple[Story, list[Event]]] = []
    figures: list[Iterator[None]] = []
    effort = FULL if full else QUICK
    steps = sum(story.steps for story in chosen) + 1
    with (
        _progress(steps) as progress, one_thread(), rc_context(fname=STYLE),
        workers(effort.workers) as executor, run_experiments(chosen, effort, executor) as results,
    ):
        for story in chosen:
            teller = Teller(
                effort, progress.write, progress.step, results, aloud=False, data=out / "data"
            )
            progress.write(story.title)
            story.tell(teller)
            told.append((story, teller.events))
            figures.append(begin_figures(teller.events, out, executor))
        progress.step("writing the report")
        index = write(out, told, figures, executor)
    events = [event for _, each in told for event in each if isinstance(event, Checked)]
    failures = sum(not event.holds for event in events)
    print(f"{len(events)} checks, {failures} failures, {time.monotonic() - began:.0f} s")
    print(f"The report is at {index.resolve()}")
    if missing := without_tex():
        print(f"Its book is not typeset: {missing}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
