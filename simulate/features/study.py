"""The experiment of arXiv 2412.07972 on labelled images: find when the class is decided, train more there, compare.

For each seed: images -> disjoint parts -> a classifier, and a generator trained at all times alike -> U-turns of held
out images -> the interval where their class is decided -> generators trained more there, and in a wrong interval of
equal length -> what each of them generates after each budget. Generators of one seed begin with the same weights and
see the same images, noises and uniform numbers: they differ in the times that these are turned into.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import nn

from simulate import checks
from simulate.features.decided import interval as feature_interval
from simulate.features.plan import PARTS, Make, StudyPlan
from simulate.features.results import SeedResult, study_dataset
from simulate.features.tasks import ClassifierTask, GenerationTask, GeneratorTask
from simulate.images import (
    ClassShares,
    Images,
    Labels,
    SmallClassifier,
    confusion,
    corrected_shares,
    informedness,
    require_told_apart,
    seeded,
)
from simulate.runs import Measured, Store, TaskContext, as_store, execute, require_sendable, require_storable
from simulate.seeds import child
from simulate.training import ModelVelocity, require_evaluation, restore_network
from simulate.uturn import Classifier, Uturn, return_curves

# Streams below the seed of one run.
_PARTS, _WEIGHTS, _CLASSIFIER, _NETWORK, _UPDATES, _TURNS, _INTERVAL, _POINTS, _STARTS = range(9)


def run_study(
    images: Images, *, plan: StudyPlan | None = None, classify: Classifier | None = None, seeds: int = 1,
    seed: int = 0, executor: Executor | None = None, store: Store | str | Path | None = None, progress: bool = True,
) -> xr.Dataset:
    """The whole experiment, ``seeds`` times: other parts of the images, networks, noises. See `StudyPlan`.

    ``classify`` (points (S, ...) -> int64 (S,), labels among those of ``images``) stands for the classifier that is
    trained otherwise. Work is shared out over the ``executor``; a ``store`` keeps every finished piece, and
    checkpoints of trainings. Variables: see `simulate.features.results.study_dataset`.
    """
    if not isinstance(images, Images):
        raise TypeError(f"images must be simulate.images.Images, not {type(images).__name__}: see Images.of")
    study = _Study(
        plan=plan or StudyPlan(), classes=tuple(images.counts()), executor=executor, store=as_store(store),
        progress=progress,
    )
    if len(study.classes) < 2:
        raise ValueError(f"images are all of class {study.classes[0]}: give two classes or more")
    require_evaluation("classifier", classify)
    if study.store is not None:
        require_storable(classify=classify, plan=study.plan)
    require_sendable(executor, classify=classify, plan=study.plan)
    root = checks.integer("seed", seed, least=0)
    own = [child(root, k) for k in range(checks.integer("seeds", seeds, least=1))]
    parts = [_parts(images, study.plan, classify is not None, each) for each in own]
    told = [classify] * seeds if classify is not None else study.classifiers(parts, own)
    confusions = [
        confusion(each, part["held"], study.classes) for each, part in zip(told, parts, strict=True)
    ]
    for k, (table, each) in enumerate(zip(confusions, told, strict=True)):
        require_told_apart(table, f"classifier {getattr(each, '__qualname__', type(each).__name__)} (seed {k})")
    first = study.train(parts, own, [study.plan.axis] * seeds, ("uniform",))
    curves = [
        study.turn(networks["uniform"][-1], part["held"], each, where, k)
        for k, (networks, part, each, where) in enumerate(zip(first, parts, told, own, strict=True))
    ]
    intervals = [
        feature_interval(
            each, ends=study.plan.ends, saturated=informedness(table), seed=child(where, _INTERVAL)
        ) for each, table, where in zip(curves, confusions, own, strict=True)
    ]
    rest = study.train(parts, own, [each.estimate for each in intervals], study.plan.all_trainings[1:])
    networks = [{**one, **two} for one, two in zip(first, rest, strict=True)]
    made = study.generate(networks, parts, told, own)
    results = [
        SeedResult(
            parts=part, confusion=table, curves=turned, interval=interval, made=points,
            shares=study.shares(points, table),
        ) for part, table, turned, interval, points in zip(parts, confusions, curves, intervals, made, strict=True)
    ]
    return study_dataset(study.plan, study.classes, results, seed=root)


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


Networks = dict[str, list[nn.Module]]
"""By training: after each budget."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Study:
    """Where the work is done, stage by stage."""

    plan: StudyPlan
    classes: tuple[int, ...]
    executor: Executor | None
    store: Store | None
    progress: bool

    def _do(self, stage: str, tasks: Sequence[Any]) -> list[Measured]:
        # One alone is done here if its progress is to be seen.
        executor = self.executor if len(tasks) > 1 or not self.progress else None
        return execute(
            tasks, name=stage, executor=executor, progress=self.progress, unit="run", store=self._stage(stage)
        )

    def _stage(self, stage: str) -> Store | None:
        if self.store is None:
            return None
        return replace(self.store, folder=Path(self.store.folder) / stage.replace(" ", "_"))

    def _context(self, name: str) -> TaskContext:
        return TaskContext.of(self.store, name, title=name.replace("_", " ") if self.progress else None)

    def classifiers(self, parts: Sequence[Mapping[str, Images]], seeds: Sequence[Any]) -> list[Classifier]:
        """One for each seed."""
        tasks = [
            ClassifierTask(
                label=f"classifier, seed {k}", images=part["classifier"], recipe=self.plan.classifier,
                augment=self.plan.augment, seed=child(seed, _CLASSIFIER), context=self._context(f"classifier_{k}"),
            ) for k, (part, seed) in enumerate(zip(parts, seeds, strict=True))
        ]
        found: list[Classifier] = []
        for part, numbers in zip(parts, self._do("classifiers", tasks), strict=True):
            network = SmallClassifier(part["held"].size, len(self.classes)).to(part["held"].pixels).eval()
            restore_network(network, numbers, "network")
            found.append(Labels(network.requires_grad_(False), self.classes))
        return found

    def train(
        self, parts: Sequence[Mapping[str, Images]], seeds: Sequence[Any], intervals: Sequence[tuple[float, float]],
        trainings: Sequence[str],
    ) -> list[Networks]:
        """Generators by ``trainings``, for each seed."""
        make, tasks = self.plan.maker(parts[0]["held"].size), []
        starts = [
            _network(make, child(seed, _NETWORK)).to(part["held"].pixels)
            for part, seed in zip(parts, seeds, strict=True)
        ]
        for k, (part, seed, interval) in enumerate(zip(parts, seeds, intervals, strict=True)):
            tasks += [
                GeneratorTask(
                    label=f"training {training}, seed {k}", network=starts[k], points=part["generator"].pixels,
                    plan=self.plan, times=self.plan.times(training, interval), weighted=training == "weighted",
                    seed=child(seed, _UPDATES), context=self._context(f"training_{training}_{k}"),
                ) for training in trainings
            ]
        found = iter(self._do(f"training {' '.join(trainings)}", tasks) if tasks else [])
        return [
            {training: self._after(start, next(found)) for training in trainings} for start in starts
        ]

    def _after(self, start: nn.Module, numbers: Measured) -> list[nn.Module]:
        networks = []
        for budget in self.plan.budgets:
            networks.append(copy.deepcopy(start).eval().requires_grad_(False))
            restore_network(networks[-1], numbers, str(budget))
        return networks

    def turn(
        self, network: nn.Module, held: Images, classify: Classifier, seed: np.random.SeedSequence, k: int
    ) -> xr.Dataset:
        """U-turns of the held out images of every class."""
        plan = self.plan
        starts = {str(each): self._some(held.only(each).pixels, child(seed, _STARTS)) for each in self.classes}
        turn = Uturn(schedule=plan.schedule, method=plan.method, steps=plan.turn_steps, clones=plan.clones)
        return return_curves(
            turn, ModelVelocity(network, plan.schedule, plan.predicts),
            starts, classify, times=plan.moments,
            labels=self.classes, seed=int(child(seed, _TURNS).generate_state(1, np.uint64)[0]),
            executor=self.executor, store=self._stage(f"U-turns {k}"), progress=self.progress,
        )

    def _some(self, points: torch.Tensor, seed: np.random.SeedSequence) -> torch.Tensor:
        """As many as the plan starts from, drawn from all."""
        if len(points) <= self.plan.starts:
            return points
        return points[torch.from_numpy(np.random.default_rng(seed).permutation(len(points))[: self.plan.starts])]

    def generate(
        self, networks: Sequence[Networks], parts: Sequence[Mapping[str, Images]], told: Sequence[Classifier],
        seeds: Sequence[Any],
    ) -> list[list[list[Measured]]]:
        """What every network generates: by seed, training and budget."""
        tasks = [
            GenerationTask(
                label=f"generation, {training}, {budget} updates, seed {k}", network=network, plan=self.plan,
                held=part["held"], classify=classify, classes=self.classes, seed=child(seed, _POINTS),
            ) for k, (own, part, classify, seed) in enumerate(zip(networks, parts, told, seeds, strict=True))
            for training, after in own.items() for budget, network in zip(self.plan.budgets, after, strict=True)
        ]
        found = iter(self._do("generation", tasks))
        return [[[next(found) for _ in after] for after in own.values()] for own in networks]

    def shares(self, made: list[list[Measured]], table: Any) -> list[list[ClassShares]]:
        """Net of the classifier's confusion."""
        return [[corrected_shares(each["counts"], table, classes=self.classes) for each in row] for row in made]
