"""Telling one story on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from matplotlib import rc_context

from asymptotics.command_line import Parser
from asymptotics.plotting import STYLE
from derivations.reporting.dispatch import run_experiments
from derivations.reporting.effort import FULL, QUICK
from derivations.reporting.report import write
from derivations.reporting.teller import Story, Teller
from simulate.runs import one_thread, workers


def alone(story: Story, argv: Sequence[str] | None = None) -> int:
    """Tell one story on the terminal; exit code 1 if anything in it fails, 130 if interrupted."""
    parser = Parser(description=story.title)
    parser.add_argument("--full", action="store_true", help="larger simulations")
    parser.add_argument("--out", type=Path, help="write the story's page, figures and data here")
    arguments = parser.parse_args(argv)
    data = None if arguments.out is None else arguments.out / "data"
    effort = FULL if arguments.full else QUICK
    print(f"{story.title}\n{'=' * len(story.title)}\n")
    try:
        with (
            one_thread(), rc_context(fname=STYLE), workers(effort.workers) as executor,
            run_experiments([story], effort, executor) as results,
        ):
            teller = Teller(
                effort, print, lambda what: print(f"... {what}", file=sys.stderr, flush=True),
                results, data=data,
            )
            story.tell(teller)
        if arguments.out is not None:
            print(f"The page is {write(arguments.out, [(story, teller.events)])}")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print(f"\n{len(teller.failures)} failures")
    return 1 if teller.failures else 0
