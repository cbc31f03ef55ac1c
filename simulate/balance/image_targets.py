"""Real images in unbalanced proportions as a target: points with a density of their own, modes told by a classifier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from simulate import checks
from simulate.images import (
    TOGETHER,
    Images,
    Labels,
    RandomAffine,
    confusion_table,
    digits,
    require_better_than_chance,
    train_classifier,
)
from simulate.seeds import LAW, Seed, child, sequence
from simulate.training import Augment, FitRecipe

# Of every class: for the classifier, for the model, and held out for the classifier's confusion.
PARTS: Mapping[str, float] = {"classifier": 0.35, "model": 0.5, "held": 0.15}
# Three digits in unbalanced proportions.
DIGITS: Mapping[int, float] = {0: 4, 1: 2, 2: 1}
_PARTS, _WEIGHTS, _CLASSIFIER, _HELD = range(4)
# How often each held out image is shown to the classifier, with other noise.
_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Blur:
    """Changed by ``augment``, then normal noise of the width ``noise`` on every pixel."""

    noise: float = 0.25
    augment: Augment | None = field(default_factory=RandomAffine)

    def __post_init__(self) -> None:
        checks.real("noise", self.noise, above=0.0)

    def __call__(self, pixels: torch.Tensor, generator: np.random.Generator) -> torch.Tensor:
        changed = pixels if self.augment is None else self.augment(pixels, generator)
        return changed + self.noise * torch.from_numpy(generator.standard_normal(tuple(pixels.shape))).to(pixels)


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageTarget:
    """One of ``images``, blurred, as a point (pixels,); its mode is what ``classify`` says.

    Without noise the law would have no density: pixels have few values, and some are always the same. ``confusion``:
    how many held out images (rows: class) were given each label.
    """

    images: Images
    classify: Labels
    blur: Blur
    confusion: NDArray[np.int64]

    def __post_init__(self) -> None:
        classes = self.classify.classes
        if len(classes) < 2 or list(classes) != sorted(set(classes)):
            raise ValueError(f"classes = {classes} of the classifier must be two or more, rising")
        if other := set(self.images.counts()) - set(classes):
            raise ValueError(f"images have the classes {sorted(other)}, which the classifier does not know: {classes}")
        if np.shape(self.confusion) != (len(classes),) * 2:
            raise ValueError(f"confusion has shape {np.shape(self.confusion)} for {len(classes)} classes")

    @property
    def weights(self) -> tuple[float, ...]:
        """Shares of the images."""
        counts = self.images.counts()
        return tuple(counts.get(each, 0) / len(self.images) for each in self.classify.classes)

    @property
    def accuracy(self) -> float:
        return float(np.trace(self.confusion) / self.confusion.sum())

    def sample(self, count: int, *, seed: Seed) -> torch.Tensor:
        generator = np.random.default_rng(child(sequence(seed), LAW))
        chosen = torch.from_numpy(generator.integers(0, len(self.images), count)).to(self.images.pixels.device)
        return self.blur(self.images.pixels[chosen], generator).flatten(1)

    def mode(self, x: torch.Tensor) -> torch.Tensor:
        known = torch.tensor(self.classify.classes, device=x.device)
        said = torch.cat([self.classify(each) for each in torch.split(self.pictures(x), TOGETHER)])
        return torch.searchsorted(known, said)

    def pictures(self, x: torch.Tensor) -> torch.Tensor:
        """Points (C, pixels) as images (C, channels, height, width)."""
        return x.reshape(len(x), *self.images.size)


def image_target(
    images: Images, *, weights: Mapping[int, float], seed: Seed, blur: Blur | None = None,
    recipe: FitRecipe | None = None,
) -> ImageTarget:
    """``images`` of the classes of ``weights`` (two or more), in those proportions, and a classifier trained on others.

    ValueError where the classifier is not better than chance, by 5 standard errors, on images held out from both.
    """
    if not isinstance(images, Images):
        raise TypeError(f"images must be simulate.images.Images, not {type(images).__name__}: see Images.of")
    if not isinstance(weights, Mapping):
        raise TypeError(f"weights must map classes to proportions, not be a {type(weights).__name__}")
    own = blur or Blur()
    wanted = dict(sorted(weights.items()))
    parts = images.only(*wanted).parts(PARTS, seed=child(seed, _PARTS))
    told = train_classifier(
        parts["classifier"], seed=child(seed, _CLASSIFIER), augment=own,
        recipe=recipe or FitRecipe(updates=600, rate=3e-3, average=0.98),
    )
    table = _confusion(told, parts["held"], own, child(seed, _HELD))
    # One image shown often is still one.
    require_better_than_chance(table / _SHOWN, "the classifier")
    return ImageTarget(
        images=parts["model"].weighted(wanted, seed=child(seed, _WEIGHTS)), classify=told, blur=own, confusion=table,
    )


def digit_target(seed: Seed, *, weights: Mapping[int, float] = DIGITS) -> ImageTarget:
    """scikit-learn's digits of the classes of ``weights``; other images and another classifier for each seed."""
    return image_target(digits(), weights=weights, seed=seed)


def _confusion(told: Labels, held: Images, blur: Blur, seed: np.random.SeedSequence) -> NDArray[np.int64]:
    generator = np.random.default_rng(seed)
    said = [told(blur(held.pixels, generator)).numpy(force=True) for _ in range(_SHOWN)]
    return confusion_table(np.tile(held.labels.numpy(force=True), _SHOWN), np.concatenate(said), told.classes)
