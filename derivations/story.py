"""Telling a result: state, derive, prove, evaluate, simulate, compare, print.

A story is a function of a `Teller`. The teller prints what it is told (the whole of it when a story runs
alone), keeps it as events for the page, and remembers whether anything failed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import sympy as sp

from asymptotics import Derivation, ProofError
from asymptotics.formula import Formula, formula_text
from asymptotics.latex import pretty
from asymptotics.sentences import plain, short_name, unicode_text
from simulate.balance import PLANE, BalancePlan
from simulate.energy import EnergyRecipe
from simulate.features import StudyPlan
from simulate.images import UNet
from simulate.runs import one_thread, workers
from simulate.training import FitRecipe

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

Result = TypeVar("Result")


EIGHTY_TWENTY = {0: 0.8, 1: 0.2}
# Seconds: a narrow network that learns the balance of the classes and little else.
SMALL_STUDY = StudyPlan(
    network=partial(UNet, width=8), recipe=FitRecipe(updates=140, batch=32, rate=4e-3, average=0.96), budgets=(50, 140),
    turns=10, clones=4, turn_steps=10, count=250, steps=14,
    classifier=FitRecipe(updates=80, rate=3e-3, average=0.95), weights=EIGHTY_TWENTY,
)
# Seconds: an energy that learns the weights of two modes and little of their shape.
SMALL_BALANCE = BalancePlan(
    n=4000, widths=(64, 64),
    transforms=4, hidden=(32, 32), count=4000, watched=1000, moves=60, warm=10, recipe=EnergyRecipe(
        rate=2e-3, flow_rate=1e-3, iterations=250, prefit=150, record_every=10
    ),
)


@dataclass(frozen=True)
class Effort:
    """How much to simulate. d: dimension of the runs; seeds: data sets; n: sample numbers; study: of real images;
    balance: of energy-based models."""

    d: int
    seeds: int
    n: tuple[int, ...]
    steps: int
    trained_d: int
    workers: int = 2
    study: StudyPlan = SMALL_STUDY
    study_seeds: int = 1
    balance: BalancePlan = SMALL_BALANCE
    balance_seeds: int = 1


QUICK = Effort(d=5000, seeds=8, n=(2, 4, 8, 16, 32, 64), steps=16, trained_d=1000)
FULL = Effort(
    d=20000, seeds=48, n=(2, 4, 8, 16, 32, 64, 128), steps=32, trained_d=5000, study=StudyPlan(weights=EIGHTY_TWENTY),
    study_seeds=8, balance_seeds=4,
    balance=replace(PLANE, recipe=replace(PLANE.recipe, record_every=20)),
)


@dataclass(frozen=True)
class Said:
    text: str


@dataclass(frozen=True)
class Proved:
    """A formula, its executed derivation, and its value at a point."""

    formula: Formula
    derivation: Derivation
    point: dict[str, float]
    value: float


@dataclass(frozen=True)
class Consequence:
    """A limit, a series or another consequence of a formula, with its executed derivation."""

    formula: Formula
    derivation: Derivation


@dataclass(frozen=True)
class Checked:
    claim: str
    holds: bool
    detail: str


@dataclass(frozen=True)
class Tabled:
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str


@dataclass(frozen=True)
class Drawn:
    name: str
    figure: Figure
    caption: str


@dataclass(frozen=True)
class Compared:
    """What `simulate.compare` found of a formula."""

    formula: Formula
    result: xr.Dataset


Event = Said | Proved | Consequence | Checked | Tabled | Drawn | Compared


@dataclass(frozen=True)
class Story:
    """One result: a short name, a title, the formulas it proves, and the function that tells it.

    ``acts`` is how many acts (prove, consequence, simulate, compare) the telling has, for the progress bar.
    ``parallel`` tells whether it simulates on worker processes. ``ahead`` starts, on the workers, what the telling
    waits for: in a report while the stories before it are told.
    """

    name: str
    title: str
    formulas: tuple[Formula, ...]
    acts: int
    tell: Callable[[Teller], None]
    parallel: bool = True
    ahead: Callable[[Teller], Any] | None = None


@dataclass
class Teller:
    """What a story speaks to. ``aloud`` prints everything; otherwise only checks are printed."""

    effort: Effort
    write: Callable[[str], None]
    act: Callable[[str], None]
    executor: Executor | None = None
    aloud: bool = True
    data: Path | None = None
    started: Any = None
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
        short = short_name(formula)
        self.act(f"proving {short}")
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
        from asymptotics.algebra import is_zero
        from asymptotics.arguments import ARGUMENTS

        self.act(f"deriving {formula.name.split('.', 1)[-1]}")
        derivation = formula.prove()
        self.events.append(Consequence(formula, derivation))
        self._print(f"{formula.statement}\n\n{pretty(formula.expression)}\n")
        if expected is not None:
            stated = sp.sympify(expected, locals={n: a.symbol for n, a in ARGUMENTS.items()})
            holds = is_zero(formula.expression - stated)
            self.check(f"{formula.name.split('.', 1)[-1]} is as stated in the notes", holds, expected)

    def begin(self, label: str, run: Callable[..., xr.Dataset]) -> Callable[[], xr.Dataset]:
        """Start an experiment on the shared workers, if there are any, while the story goes on; call what comes back
        where `simulate` would stand."""
        if self.executor is None:
            return lambda: self.simulate(label, run)
        # A thread that waits for the workers.
        waiting = ThreadPoolExecutor(1)
        started = waiting.submit(run, executor=self.executor)
        waiting.shutdown(wait=False)
        return lambda: self.simulate(label, lambda executor: started.result())

    def simulate(self, label: str, run: Callable[..., xr.Dataset]) -> xr.Dataset:
        """Run an experiment, called with ``executor=`` the shared workers; its data set is saved beside the report."""
        self.act(f"simulating {label}")
        dataset = run(executor=self.executor)
        if self.data is not None:
            from simulate.runs import save

            save(dataset, self.data / f"{label.replace(' ', '_')}.nc")
        self._print(f"Simulated: {label}\n{dataset.attrs.get('provenance', '')}\n")
        return dataset

    def aside(self, run: Callable[..., Result], *arguments: Any) -> Callable[[], Result]:
        """Start ``run(*arguments)`` on a worker, if there are any; call what comes back to have the result."""
        if self.executor is None:
            return lambda: run(*arguments)
        return self.executor.submit(run, *arguments).result

    def compare(self, dataset: xr.Dataset, formula: Formula, *, comparisons: int = 1) -> xr.Dataset:
        """Hold a data set against the theory: every point within its calibrated tolerance."""
        import simulate

        short = short_name(formula)
        self.act(f"comparing {short}")
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
        widths = [max(len(r[i]) for r in (tuple(header), *text)) for i in range(len(header))]
        lines = ["  ".join(c.rjust(w) for c, w in zip(r, widths, strict=True)) for r in (header, *text)]
        self._print(plain(caption) + "\n" + "\n".join(lines) + "\n")

    def draw(self, name: str, figure: Figure, caption: str) -> None:
        """A figure for the report."""
        self.events.append(Drawn(name, figure, caption))
        self._print(f"Figure {name}: {plain(caption)}\n")


def alone(story: Story, argv: Sequence[str] | None = None) -> int:
    """Tell one story on the terminal; exit code 1 if anything in it fails, 130 if interrupted."""
    parser = argparse.ArgumentParser(description=story.title)
    parser.add_argument("--full", action="store_true", help="larger simulations")
    parser.add_argument("--out", type=Path, help="write the story's page, figures and data here")
    arguments = parser.parse_args(argv)
    data = None if arguments.out is None else arguments.out / "data"
    effort = FULL if arguments.full else QUICK
    print(f"{story.title}\n{'=' * len(story.title)}\n")
    try:
        with one_thread(), workers(effort.workers if story.parallel else 1) as executor:
            teller = Teller(
                effort, print, lambda what: print(f"... {what}", file=sys.stderr, flush=True), executor,
                data=data,
            )
            story.tell(teller)
        if arguments.out is not None:
            from derivations.report import write

            print(f"The page is {write(arguments.out, [(story, teller.events)])}")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print(f"\n{len(teller.failures)} failures")
    return 1 if teller.failures else 0
