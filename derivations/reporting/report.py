"""Writing the report: index.html, explorer.html, figures (SVG and PNG), formulas.tex and its PDF, macros.tex, data."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

from asymptotics import catalogue
from asymptotics.explorer import write_explorer
from asymptotics.export import BOOK, export, typeset, without_tex
from asymptotics.extras import version
from derivations.reporting.events import Compared, Drawn, Event, Proved
from derivations.reporting.measured import experiments
from derivations.reporting.page import page
from derivations.reporting.teller import Story

TITLE = "How generative models learn: from n samples, in phases, with modes in balance"


def begin_figures(events: Sequence[Event], out: Path, executor: Executor | None = None) -> Iterator[None]:
    """Start saving the figures of a story, on ``executor`` if given; they are there once what comes back is used up."""
    figures = out / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    drawn = [event for event in events if isinstance(event, Drawn)]
    return (map if executor is None else executor.map)(_save, drawn, [figures] * len(drawn))


def write(
    out: Path, told: Sequence[tuple[Story, Sequence[Event]]], figures: Iterable[Iterator[None]] | None = None,
    executor: Executor | None = None,
) -> Path:
    """Write everything under ``out`` (created if missing), ``figures`` begun before, or all; returns the index page.

    What is drawn is drawn on the processes of ``executor``, if given. The book is typeset where TeX is installed.
    """
    saved = [begin_figures(events, out) for _, events in told] if figures is None else figures
    (out / "data").mkdir(parents=True, exist_ok=True)
    proved = [event for _, events in told for event in events if isinstance(event, Proved)]
    done = {event.formula.name: event.derivation for event in proved}
    export([event.formula for event in proved], out, done, executor=executor)
    book = _typeset(out, executor)
    _explorer(out, told)
    index = out / "index.html"
    index.write_text(page(TITLE, told, _versions(), book=f"{BOOK}.pdf" if book else ""), encoding="utf-8")
    for each in saved:
        list(each)
    if book:
        book()
    return index


def _typeset(out: Path, executor: Executor | None) -> Callable[[], Path] | None:
    """Begin to typeset the book; the PDF is there once this is called. None where there is no TeX."""
    if without_tex():
        return None
    return partial(typeset, out) if executor is None else executor.submit(typeset, out).result


def _explorer(out: Path, told: Sequence[tuple[Story, Sequence[Event]]]) -> None:
    """Every formula of the catalogue, and of the stories, with what the stories measured."""
    every = [event for _, events in told for event in events]
    done = {event.formula.name: event.derivation for event in every if isinstance(event, Proved)}
    formulas = dict(catalogue()) | {event.formula.name: event.formula for event in every if isinstance(event, Proved)}
    measured = [
        each for story, events in told for event in events if isinstance(event, Compared)
        for each in experiments(event.result, event.formula, story.title) if each.name in formulas
    ]
    write_explorer(out / "explorer.html", formulas.values(), measured, done=done)


def _save(event: Drawn, folder: Path) -> None:
    event.figure.savefig(folder / f"{event.name}.svg", metadata={"Date": None})
    event.figure.savefig(folder / f"{event.name}.png", dpi=160)


def _versions() -> str:
    packages = ("flow-asymptotics", "sympy", "numpy", "torch")
    found = [f"{name} {version(name) or '(not installed)'}" for name in packages]
    return f"Python {platform.python_version()}, " + ", ".join(found)
