"""What workers do in the experiment on real images: train a classifier, train a generator, generate and look."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from simulate import flow
from simulate.features.plan import StudyPlan
from simulate.flow import Array
from simulate.images import TOGETHER, Images, energy_distance, label_counts, train_classifier
from simulate.runs import NOT_IDENTIFYING, Measured, TaskContext
from simulate.seeds import child, normal
from simulate.training import Augment, FitRecipe, ModelVelocity, Times, state_arrays, train_model
from simulate.uturn import Classifier

# Generated points that are kept to be looked at.
PICTURES = 12


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassifierTask:
    """Train a classifier; its numbers by name. ``label`` names the task where it fails."""

    label: str
    images: Images
    recipe: FitRecipe
    augment: Augment | None
    seed: np.random.SeedSequence
    context: TaskContext = field(metadata=NOT_IDENTIFYING)

    def run(self) -> Measured:
        labels = train_classifier(
            self.images, seed=self.seed, recipe=self.recipe, augment=self.augment, checkpoint=self.context.checkpoint
        )
        return state_arrays({"network": labels.network})


@dataclass(frozen=True, kw_only=True, eq=False)
class GeneratorTask:
    """Train a generator at ``times``; its numbers after each budget."""

    label: str
    network: nn.Module
    points: torch.Tensor
    plan: StudyPlan
    times: Times
    weighted: bool
    seed: np.random.SeedSequence
    context: TaskContext = field(metadata=NOT_IDENTIFYING)

    def run(self) -> Measured:
        plan = self.plan
        with self.context.progress(plan.recipe.updates, "update") as show:
            fitted = train_model(
                self.network, self.points, plan.schedule, seed=self.seed, recipe=plan.recipe, predicts=plan.predicts,
                times=self.times, weighted=self.weighted, augment=plan.augment, keep=plan.budgets,
                checkpoint=self.context.checkpoint,
                progress=lambda update, loss: show(update, loss=f"{loss:.4f}"),
            )
        return state_arrays({str(budget): network for budget, network in fitted.kept.items()})


@dataclass(frozen=True, kw_only=True, eq=False)
class GenerationTask:
    """Generate points; how many of each class, how far those of a class are from held out images, and some of them."""

    label: str
    network: nn.Module
    plan: StudyPlan
    held: Images
    classify: Classifier
    classes: tuple[int, ...]
    seed: np.random.SeedSequence

    def run(self) -> Measured:
        points = generated(self.network, self.plan, self.held.pixels, self.seed)
        labels = torch.cat([self.classify(each) for each in torch.split(points, TOGETHER)])
        counts = label_counts(labels, self.classes)
        distances = [
            energy_distance(points[labels == each], self.held.only(each).pixels) if count >= 2 else np.nan
            for each, count in zip(self.classes, counts, strict=True)
        ]
        return {
            "counts": counts, "distance": np.array(distances), "picture": points[:PICTURES].float().numpy(force=True),
        }


def generated(network: nn.Module, plan: StudyPlan, like: torch.Tensor, seed: np.random.SeedSequence) -> torch.Tensor:
    """``plan.count`` points shaped like those of ``like`` (S, ...), by the plan's way from noise to data."""
    velocity, grid = ModelVelocity(network, plan.schedule, plan.predicts), _grid(plan)
    alpha, _ = plan.schedule.mix(grid[0])
    found = []
    for k, first in enumerate(range(0, plan.count, TOGETHER)):
        shape = (min(TOGETHER, plan.count - first), *like.shape[1:])
        noise = normal(child(seed, k, 0), shape, dtype=like.dtype, device=like.device)
        with torch.no_grad():
            found.append(flow.transport(
                velocity, plan.schedule, grid, float(alpha) * noise, method=plan.method, seed=child(seed, k, 1)
            ))
    return torch.cat(found)


def _grid(plan: StudyPlan) -> Array:
    return np.linspace(*plan.ends, plan.steps + 1)

