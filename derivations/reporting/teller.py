"""Telling a result: state, derive, prove, evaluate, simulate, compare, print.

A story is a function of a `Teller`. The teller prints what the story says (the whole of it when a story runs alone),
keeps it as events for the page, and remembers whether anything failed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import xarray as xr

import simulate
from asymptotics import ProofError
from asymptotics.command_line import table_lines
from asymptotics.formula import Formula
from asymptotics.formula.printing import formula_text
from asymptotics.latex import pretty
from asymptotics.sentences import plain, short_name, unicode_text
from derivations.reporting.effort import Effort
from derivations.reporting.events import Checked, Compared, Consequence, Drawn, Event, Proved, Said, Tabled
from simulate.runs import save

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Experiment: TypeAlias = Callable[..., Any]
"""A function of the `Effort`, which runs on one worker; one with an argument ``executor`` shares out its own tasks."""


@dataclass(frozen=True)
class Story:
    """One result: a short name, a title, the formulas it proves, the function that tells it, and its experiments.

    ``experiments`` are declared by their labels, in the order in which they are to run; `Teller.result` gives what came
    of them.
    """

    name: str
    title: str
    formulas: tuple[Formula, ...]
    tell: Callable[[Teller], None]
    experiments: Mapping[str, Experiment] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """How many steps the progress bar takes: one for each proof and each experiment."""
        return len(self.formulas) + len(self.experiments)


def _proves(formula: Formula, expected: str) -> bool:
    """Whether the formula's proof takes this text for its result."""
    try:
        return formula.prove(expected).executed
    except ProofError:
        return False


@dataclass
class Teller:
    """What a story speaks to. ``aloud`` prints everything; otherwise only checks are printed.

    ``results`` has for each label of an experiment the function that returns its result (`run_experiments`); ``step``
    is called with the name of each proof and experiment as it begins; data sets are saved in the folder ``data``.
    """

    effort: Effort
    write: Callable[[str], None]
    step: Callable[[str], None]
    results: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    aloud: bool = True
    data: Path | None = None
    events: list[Event] = field(default_factory=list)

    @property
    def failures(self) -> list[Checked]:
        return [event for event in self.events if isinstance(event, Checked) and not event.holds]

    def _print(self, text: str) -> None:
        if self.aloud:
            self.write(text)

    def say(self, text: str) -> None:
        """A paragraph; mathematics between dollar signs."""
        self.events.append(Said(text))
        self._print(plain(text) + "\n")

    def prove(self, formula: Formula, **point: float) -> float:
        """State the formula, execute its derivation and evaluate it at ``point``."""
        short = short_name(formula.name)
        self.step(f"proving {short}")
        self._print(f"{unicode_text(formula.statement)}\n\n{formula_text(formula)}\n")
        try:
            derivation = formula.prove()
        except ProofError as error:
            self.check(f"the derivation of {short} holds", False, str(error))
            return float("nan")
        values: Any = formula(**point)
        if is_dataclass(values):
            named = {each.name: float(getattr(values, each.name)) for each in fields(values)}
        else:
            named = {short: float(values)}
        value = next(iter(named.values()))
        self.events.append(Proved(formula, derivation, point, value))
        self._print(f"{derivation}\n")
        at = ", ".join(f"{name} = {v:g}" for name, v in point.items())
        self._print(f"At {at}: " + ", ".join(f"{name} = {v:.12g}" for name, v in named.items()) + "\n")
        self.check(f"{short}: {derivation.summary}", True, "executed")
        return value

    def consequence(self, formula: Formula, expected: str | None = None) -> None:
        """A limit or series: derive, prove, print; ``expected`` (text in argument names) must equal it.

        The expected form is what the theory note states; it is compared, never used.
        """
        derivation = formula.prove()
        self.events.append(Consequence(formula, derivation))
        self._print(f"{formula.statement}\n\n{pretty(formula.expression)}\n")
        if expected is not None:
            holds = _proves(formula, expected)
            self.check(f"{formula.name.split('.', 1)[-1]} is as stated in the notes", holds, expected)

    def result(self, label: str) -> Any:
        """The result of a declared experiment; a data set is saved beside the report."""
        self.step(f"experiment: {label}")
        result = self.results[label]()
        if isinstance(result, xr.Dataset):
            if self.data is not None:
                save(result, self.data / f"{label.replace(' ', '_')}.nc")
            self._print(f"Simulated: {label}\n{result.attrs.get('provenance', '')}\n")
        return result

    def compare(self, dataset: xr.Dataset, formula: Formula, *, comparisons: int = 1) -> xr.Dataset:
        """Hold a data set against the theory: every point within its calibrated tolerance."""
        short = short_name(formula.name)
        result = simulate.compare(dataset, formula, comparisons=comparisons)
        self.events.append(Compared(formula, result))
        flips = json.loads(dataset.attrs["provenance"]).get("label_flips")
        labels = "labels taken as given" if flips is None else f"labels flipped in {flips:.1%} of the runs' times"
        worst = float(abs(result["zscore"]).max())
        scale = abs(result["theory"]).max(dim=[dim for dim in result["theory"].dims if dim != "n"])
        seen = float((result["detectable"] / scale).max())
        self.check(
            f"{short}: simulation agrees with the formula at {result['passed'].size} points",
            bool(result["passed"].all()),
            f"largest |z| {worst:.2f}; a discrepancy of {seen:.1%} of its largest value at that n would have been "
            f"seen at every point; {labels}",
        )
        return result

    def check(self, claim: str, holds: bool, detail: str) -> None:
        """A yes or no that decides the story's fate."""
        self.events.append(Checked(claim, bool(holds), detail))
        self.write(f"  {'ok  ' if holds else 'FAIL'}  {plain(claim)} ({detail})")

    def table(self, header: Sequence[str], rows: Sequence[Sequence[Any]], caption: str) -> None:
        """Rows of text or numbers (printed to six digits)."""
        text = tuple(tuple(c if isinstance(c, str) else f"{c:.6g}" for c in row) for row in rows)
        self.events.append(Tabled(tuple(header), text, caption))
        self._print("\n".join([plain(caption), *table_lines(header, text)]) + "\n")

    def draw(self, name: str, figure: Figure, caption: str) -> None:
        """A figure for the report."""
        self.events.append(Drawn(name, figure, caption))
        self._print(f"Figure {name}: {plain(caption)}\n")
