"""The experiment of arXiv 2412.07972 on labelled images: find when the class is decided, train more there, compare.

For each seed: images -> disjoint parts -> a classifier, and a generator trained at all times alike -> U-turns of held
out images -> the interval where their class is decided -> generators trained more there, and in a wrong interval of
equal length -> what each of them generates after each budget. Generators of one seed begin with the same weights and
see the same images, noises and uniform numbers: they differ in the times that these are turned into.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import torch
import xarray as xr
from torch import nn

from simulate import checks
from simulate.features.decided import interval as feature_interval
from simulate.features.plan import PARTS, Make, StudyPlan
from simulate.features.results import SeedRun, study_dataset
from simulate.features.tasks import ClassifierTask, GenerationTask, GeneratorTask
from simulate.images import (
    Images,
    Labels,
    SmallClassifier,
    confusion,
    corrected_shares,
    informedness,
    require_better_than_chance,
    seeded,
)
from simulate.runs import (
    Measured,
    Run,
    RunOptions,
    Store,
    TaskContext,
    at_path,
    execute,
    require_sendable,
    require_storable,
)
from simulate.seeds import child
from simulate.training import ModelVelocity, require_evaluation, restore_state
from simulate.uturn import Classifier, Uturn, return_curves

# Streams below the seed of one run.
_PARTS, _WEIGHTS, _CLASSIFIER, _NETWORK, _UPDATES, _TURNS, _INTERVAL, _POINTS, _STARTS = range(9)


def run_study(
    images: Images, *, plan: StudyPlan | None = None, classify: Classifier | None = None, seeds: int = 1,
    seed: int = 0, **options: Unpack[RunOptions],
) -> xr.Dataset:
    """The whole experiment, ``seeds`` times: other parts of the images, networks, noises. See `StudyPlan`.

    ``classify`` (points (S, ...) -> int64 (S,), labels among those of ``images``) stands for the classifier that is
    trained otherwise. Variables: see `simulate.features.results.study_dataset`.

    Other Parameters
    ----------------
    executor, store, progress
        How the work is run, see `simulate.runs.Run`; a store keeps checkpoints of trainings too.
    """
    checks.keywords("run_study", options, RunOptions)
    how = Run(**options)
    if not isinstance(images, Images):
        raise TypeError(f"images must be simulate.images.Images, not {type(images).__name__}: see Images.of")
    study = _Study(
        plan=plan or StudyPlan(), classes=tuple(images.counts()), how=how, store=at_path(Store, how.store)
    )
    if len(study.classes) < 2:
        raise ValueError(f"images are all of class {study.classes[0]}: give two classes or more")
    require_evaluation("classifier", classify)
    if study.store is not None:
        require_storable(classify=classify, plan=study.plan)
    require_sendable(how.executor, classify=classify, plan=study.plan)
    root = checks.integer("seed", seed, least=0)
    runs = [
        study.begin(images, classify, number, child(root, number))
        for number in range(checks.integer("seeds", seeds, least=1))
    ]
    if classify is None:
        study.train_classifiers(runs)
    for run in runs:
        run.confusion = confusion(run.classify, run.parts["held"], study.classes)
        kind = getattr(run.classify, "__qualname__", type(run.classify).__name__)
        require_better_than_chance(run.confusion, f"classifier {kind} (seed {run.number})")
    study.train(runs, ("uniform",))
    for run in runs:
        run.curves = study.turn(run)
        run.interval = feature_interval(
            run.curves, ends=study.plan.ends, saturated=informedness(run.confusion),
            seed=child(run.seed, _INTERVAL),
        )
        run.decided = run.interval.estimate
    study.train(runs, study.plan.all_trainings[1:])
    study.generate(runs)
    return study_dataset(study.plan, study.classes, runs, seed=root)


def _parts(images: Images, plan: StudyPlan, given: bool, seed: np.random.SeedSequence) -> dict[str, Images]:
    """Disjoint; the generator's in the plan's proportions."""
    shares = {name: share for name, share in PARTS.items() if not (given and name == "classifier")}
    whole = sum(shares.values())
    parts = images.parts({name: share / whole for name, share in shares.items()}, seed=child(seed, _PARTS))
    if plan.weights is not None:
        if set(plan.weights) != set(images.counts()):
            raise ValueError(
                f"weights = {dict(plan.weights)!r} must name the classes {tuple(images.counts())}, all of them: leave "
                "others out with images.only(...)"
            )
        parts["generator"] = parts["generator"].weighted(plan.weights, seed=child(seed, _WEIGHTS))
    for name in ("generator", "held"):
        for label in images.counts():
            if (count := parts[name].counts().get(label, 0)) < 2:
                raise ValueError(
                    f"class {label} leaves {count} image(s) to the part {name!r}, of {images.counts()[label]} in all: "
                    "give more of them, or leave the class out (only)"
                )
    return parts


def _network(make: Make, seed: np.random.SeedSequence) -> nn.Module:
    found = seeded(make, seed=seed)
    if not isinstance(found, nn.Module):
        raise TypeError(f"network makes a {type(found).__name__}; it must make a torch.nn.Module")
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class _Study:
    """Where the work is done, stage by stage."""

    plan: StudyPlan
    classes: tuple[int, ...]
    how: Run
    store: Store | None

    def _do(self, stage: str, tasks: Sequence[Any]) -> list[Measured]:
        how = replace(self.how, store=self._stage(stage))
        return execute(tasks, how.for_count(len(tasks)), name=stage, unit="run")

    def _stage(self, stage: str) -> Store | None:
        if self.store is None:
            return None
        return replace(self.store, folder=Path(self.store.folder) / stage.replace(" ", "_"))

    def _context(self, name: str) -> TaskContext:
        return TaskContext.of(self.store, name, title=name.replace("_", " ") if self.how.progress else None)

    def begin(
        self, images: Images, classify: Classifier | None, number: int, seed: np.random.SeedSequence
    ) -> SeedRun:
        """Divide the images among the parts of a seed, and make the network that its generators start from."""
        parts = _parts(images, self.plan, classify is not None, seed)
        start = _network(self.plan.maker(images.size), child(seed, _NETWORK)).to(images.pixels)
        run = SeedRun(number=number, seed=seed, parts=parts, start=start, decided=self.plan.axis)
        if classify is not None:
            run.classify = classify
        return run

    def train_classifiers(self, runs: Sequence[SeedRun]) -> None:
        """Train the classifier of every seed."""
        tasks = [
            ClassifierTask(
                label=f"classifier, seed {run.number}", images=run.parts["classifier"], recipe=self.plan.classifier,
                augment=self.plan.augment, seed=child(run.seed, _CLASSIFIER),
                context=self._context(f"classifier_{run.number}"),
            ) for run in runs
        ]
        for run, numbers in zip(runs, self._do("classifiers", tasks), strict=True):
            held = run.parts["held"]
            network = SmallClassifier(held.size, len(self.classes)).to(held.pixels).eval()
            restore_state({"network": network}, numbers)
            run.classify = Labels(network.requires_grad_(False), self.classes)

    def train(self, runs: Sequence[SeedRun], trainings: Sequence[str]) -> None:
        """Train the generators of every seed by each of ``trainings``."""
        if not trainings:
            return
        tasks = [
            GeneratorTask(
                label=f"training {training}, seed {run.number}", network=run.start,
                points=run.parts["generator"].pixels, plan=self.plan, times=self.plan.times(training, run.decided),
                weighted=training == "weighted", seed=child(run.seed, _UPDATES),
                context=self._context(f"training_{training}_{run.number}"),
            ) for run in runs for training in trainings
        ]
        results = iter(self._do(f"training {' '.join(trainings)}", tasks))
        for run in runs:
            for training in trainings:
                run.networks[training] = self._after_budgets(run.start, next(results))

    def _after_budgets(self, start: nn.Module, numbers: Measured) -> dict[int, nn.Module]:
        networks = {budget: copy.deepcopy(start).eval().requires_grad_(False) for budget in self.plan.budgets}
        restore_state({str(budget): network for budget, network in networks.items()}, numbers)
        return networks

    def turn(self, run: SeedRun) -> xr.Dataset:
        """Measure U-turns of held out images of every class with the generator that uniform times trained."""
        plan, network = self.plan, run.networks["uniform"][self.plan.budgets[-1]]
        held, seed = run.parts["held"], child(run.seed, _STARTS)
        return return_curves(
            Uturn(schedule=plan.schedule, method=plan.method, steps=plan.turn_steps, clones=plan.clones),
            ModelVelocity(network, plan.schedule, plan.predicts),
            {str(label): self._some(held.only(label).pixels, seed) for label in self.classes}, run.classify,
            times=plan.moments, labels=self.classes,
            seed=int(child(run.seed, _TURNS).generate_state(1, np.uint64)[0]),
            executor=self.how.executor, store=self._stage(f"U-turns {run.number}"), progress=self.how.progress,
        )

    def _some(self, points: torch.Tensor, seed: np.random.SeedSequence) -> torch.Tensor:
        """As many as the plan starts from, drawn from all."""
        if len(points) <= self.plan.starts:
            return points
        return points[torch.from_numpy(np.random.default_rng(seed).permutation(len(points))[: self.plan.starts])]

    def generate(self, runs: Sequence[SeedRun]) -> None:
        """Generate points with every network, and estimate the shares of the classes among them."""
        tasks = [
            GenerationTask(
                label=f"generation, {training}, {budget} updates, seed {run.number}", network=network, plan=self.plan,
                held=run.parts["held"], classify=run.classify, classes=self.classes, seed=child(run.seed, _POINTS),
            ) for run in runs for training, networks in run.networks.items() for budget, network in networks.items()
        ]
        results = iter(self._do("generation", tasks))
        for run in runs:
            run.generated = [[next(results) for _ in networks] for networks in run.networks.values()]
            run.shares = [
                [corrected_shares(each["counts"], run.confusion, classes=self.classes) for each in row]
                for row in run.generated
            ]
