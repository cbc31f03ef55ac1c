"""A classifier of images: trained on images of its own, with what it confuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from simulate.images.data import Images
from simulate.images.networks import SmallClassifier, seeded
from simulate.runs import Given
from simulate.seeds import Seed, child
from simulate.training import Augment, FitRecipe, Progress, fit
from simulate.uturn import Classifier, classes as answers

# Points that are classified, or carried, at once: more would need memory and fall out of the cache.
TOGETHER = 500
# Streams below the seed.
_START, _UPDATES = range(2)


@dataclass(frozen=True)
class Labels:
    """Scores (S, classes) of a ``network`` as labels: which of ``classes`` is the largest."""

    network: nn.Module
    classes: tuple[int, ...]

    def __call__(self, points: torch.Tensor) -> torch.Tensor:
        """int64 (S,). ValueError, naming the network, for scores of a wrong shape or not finite."""
        with torch.no_grad():
            scores = self.network(points)
        wanted = (len(points), len(self.classes))
        name = type(self.network).__name__
        if not isinstance(scores, torch.Tensor) or scores.shape != wanted:
            kind = tuple(scores.shape) if isinstance(scores, torch.Tensor) else type(scores).__name__
            raise ValueError(f"classifier {name} gives {kind} for {len(points)} points; scores {wanted} are expected")
        if not bool(torch.isfinite(scores).all()):
            raise FloatingPointError(f"classifier {name} gives scores that are not finite")
        return torch.tensor(self.classes, device=scores.device)[scores.argmax(dim=1)]

    def confusion(self, images: Images) -> NDArray[np.int64]:
        """How many of each class (row) were given each label (column)."""
        return confusion(self, images, self.classes)

    def accuracy(self, images: Images) -> float:
        return float((self(images.pixels) == images.labels).double().mean())


def confusion(classify: Classifier, images: Images, known: Sequence[int]) -> NDArray[np.int64]:
    """How many of each class of ``known`` (row) any classifier gives each of its labels (column)."""
    said = np.concatenate([answers(classify, each, known) for each in torch.split(images.pixels, TOGETHER)])
    return confusion_table(images.labels.numpy(force=True), said, known)


def confusion_table(truth: NDArray[Any], said: NDArray[Any], known: Sequence[int]) -> NDArray[np.int64]:
    """How often each label of ``known`` (row) was said to be each (column)."""
    return np.array([[np.sum((truth == a) & (said == b)) for b in known] for a in known], dtype=np.int64)


@dataclass(frozen=True)
class IsClass:
    """Whether a point has one label: a classifier for U-turns."""

    labels: Labels
    label: int

    def __post_init__(self) -> None:
        if self.label not in self.labels.classes:
            raise ValueError(f"label = {self.label} is none of the classes {self.labels.classes}")

    def __call__(self, points: torch.Tensor) -> torch.Tensor:
        return self.labels(points) == self.label


@dataclass(frozen=True, eq=False)
class _CrossEntropy:
    pixels: torch.Tensor
    classes: torch.Tensor
    augment: Augment | None

    def __call__(self, network: nn.Module, generator: np.random.Generator, batch: int) -> torch.Tensor:
        chosen = torch.from_numpy(generator.integers(0, len(self.pixels), batch)).to(self.pixels.device)
        pixels = self.pixels[chosen]
        if self.augment is not None:
            pixels = self.augment(pixels, generator)
        return functional.cross_entropy(network(pixels), self.classes[chosen])


def train_classifier(
    images: Images, *, seed: Seed, recipe: FitRecipe | None = None, augment: Augment | None = None,
    checkpoint: Given = None, progress: Progress | None = None,
) -> Labels:
    """A small convolutional network that tells the classes of ``images`` apart (two or more)."""
    classes = tuple(images.counts())
    if len(classes) < 2:
        raise ValueError(f"images are all of class {classes[0]}: give two classes or more")
    network = seeded(lambda: SmallClassifier(images.size, len(classes)), seed=child(seed, _START)).to(images.pixels)
    place = torch.searchsorted(torch.tensor(classes, device=images.labels.device), images.labels)
    loss = _CrossEntropy(images.pixels, place, augment)
    settings = recipe or FitRecipe(updates=300, rate=3e-3, average=0.98)
    return Labels(fit(
        network, loss, recipe=settings, seed=child(seed, _UPDATES), mark=("classifier", loss), checkpoint=checkpoint,
        progress=progress,
    ).network, classes)
