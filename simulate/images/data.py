"""Real images with labels: bundled digits, folders of IDX files (MNIST), one's own arrays; disjoint parts of them.

Pixels lie in [-1, 1]. Nothing is augmented here: parts are taken first, so that no copy of an image is in two of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from asymptotics.extras import require_installed
from simulate import checks
from simulate.images.idx import read_idx
from simulate.seeds import Seed, child, sequence

# The files of MNIST and of what is distributed like it: images and labels of each set.
SETS = (("train-images", "train-labels"), ("t10k-images", "t10k-labels"))


@dataclass(frozen=True, eq=False, kw_only=True)
class Images:
    """``pixels`` (N, channels, height, width) in [-1, 1], float32 or float64, and ``labels`` (N,), int64."""

    pixels: torch.Tensor
    labels: torch.Tensor

    def __post_init__(self) -> None:
        checks.tensor("pixels", self.pixels, (None, None, None, None))
        if min(self.pixels.shape) < 1:
            raise ValueError(f"pixels has shape {tuple(self.pixels.shape)}; it must hold at least one image")
        if not isinstance(self.labels, torch.Tensor) or self.labels.dtype != torch.int64:
            raise TypeError("labels must be an int64 tensor, one label for each image")
        if self.labels.shape != self.pixels.shape[:1]:
            raise ValueError(
                f"labels has shape {tuple(self.labels.shape)} for {len(self.pixels)} images: give one for each"
            )
        low, high = float(self.pixels.amin()), float(self.pixels.amax())
        if low < -1.0 or high > 1.0:
            raise ValueError(f"pixels run from {low:g} to {high:g}; scale them to [-1, 1]")

    @classmethod
    def of(cls, pictures: Sequence[ArrayLike], labels: ArrayLike, *, white: float = 255.0) -> Images:
        """From arrays (height, width) or (channels, height, width) with values in [0, ``white``], all of one size."""
        top = checks.real("white", white, above=0.0)
        arrays = [np.asarray(each, dtype=np.float64) for each in pictures]
        if not arrays:
            raise ValueError("pictures is empty: give at least one")
        for k, each in enumerate(arrays):
            if each.ndim not in (2, 3):
                raise ValueError(f"pictures[{k}] has shape {each.shape}; it must be (height, width), or with channels")
            if each.shape != arrays[0].shape:
                raise ValueError(
                    f"pictures[{k}] has shape {each.shape}, pictures[0] {arrays[0].shape}: bring all to one size"
                )
        shape, most = arrays[0].shape, max(float(each.max(initial=0.0)) for each in arrays)
        if len(shape) == 3 and shape[0] > 4 >= shape[2]:
            raise ValueError(f"pictures have shape {shape}; channels come first: np.moveaxis(picture, -1, 0)")
        if 0.0 < most <= 1.0 < top and any(np.asarray(each).dtype.kind == "f" for each in pictures):
            raise ValueError(f"pictures reach {most:g}, far below white = {top:g}: give white=1 if they lie in [0, 1]")
        pixels = np.stack(arrays) / top * 2.0 - 1.0
        if arrays[0].ndim == 2:
            pixels = pixels[:, None]
        return cls(pixels=torch.from_numpy(pixels).float(), labels=torch.from_numpy(_whole(labels)))

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def size(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        channels, height, width = self.pixels.shape[1:]
        return channels, height, width

    def counts(self) -> dict[int, int]:
        """How many there are of each label."""
        found, many = np.unique(self.labels.numpy(force=True), return_counts=True)
        return dict(zip(found.tolist(), many.tolist(), strict=True))

    def take(self, chosen: ArrayLike) -> Images:
        """Those with the numbers ``chosen``, in that order."""
        rows = torch.as_tensor(np.asarray(chosen, dtype=np.int64))
        return Images(pixels=self.pixels[rows], labels=self.labels[rows])

    def only(self, *labels: int) -> Images:
        """Those of some classes."""
        self._require(labels)
        return self.take(np.flatnonzero(np.isin(self.labels.numpy(force=True), labels)))

    def to(self, *, dtype: torch.dtype | None = None, device: torch.device | str | None = None) -> Images:
        return replace(self, pixels=self.pixels.to(dtype=dtype, device=device), labels=self.labels.to(device=device))

    def parts(self, shares: Mapping[str, float], *, seed: Seed) -> dict[str, Images]:
        """Disjoint parts by name, each with its share of every class (rounded, at least one image of each).

        ``shares`` > 0, together 1 at most. ValueError for a class with too few images.
        """
        wanted = {name: checks.real(f"shares[{name!r}]", share, above=0.0, most=1.0) for name, share in shares.items()}
        if not wanted or sum(wanted.values()) > 1.0 + 1e-9:
            raise ValueError(f"shares = {dict(shares)!r} must be one or more, together at most 1")
        chosen: dict[str, list[NDArray[np.intp]]] = {name: [] for name in wanted}
        for label in self.counts():
            own = self._shuffled(label, seed)
            if len(own) < max(2, len(wanted)):
                raise ValueError(
                    f"class {label} has {len(own)} image(s), fewer than the {max(2, len(wanted))} that "
                    f"{len(wanted)} parts need: give more of them, or leave the class out (only)"
                )
            for name, piece in zip(wanted, np.split(own, _cuts(len(own), list(wanted.values())))[:-1], strict=True):
                chosen[name].append(piece)
        return {name: self.take(np.sort(np.concatenate(pieces))) for name, pieces in chosen.items()}

    def weighted(self, weights: Mapping[int, float], *, seed: Seed) -> Images:
        """As many as possible of the classes of ``weights`` in these proportions, drawn without replacement."""
        if not weights:
            raise ValueError("weights is empty: give a weight for each class that is wanted")
        self._require(tuple(weights))
        given = {label: checks.real(f"weights[{label}]", each, above=0.0) for label, each in weights.items()}
        counts, total = self.counts(), sum(given.values())
        most = min(counts[label] / (each / total) for label, each in given.items())
        many = {label: round(most * each / total) for label, each in given.items()}
        for label, count in many.items():
            if count < 2:
                raise ValueError(
                    f"weights = {dict(weights)!r} leave {count} image(s) of class {label}: at least 2 are needed"
                )
        chosen = [self._shuffled(label, seed)[:count] for label, count in many.items()]
        return self.take(np.sort(np.concatenate(chosen)))

    def _shuffled(self, label: int, seed: Seed) -> NDArray[np.intp]:
        """The numbers of a class's images in an order of its own."""
        own = np.flatnonzero(self.labels.numpy(force=True) == label)
        return np.random.default_rng(child(sequence(seed), label % 2**32)).permutation(own)

    def _require(self, labels: Sequence[int]) -> None:
        known = self.counts()
        for label in labels:
            if label not in known:
                raise ValueError(f"no image has the label {label!r}; there are {', '.join(map(str, known))}")


def _whole(labels: ArrayLike) -> NDArray[np.int64]:
    found = np.asarray(labels)
    if found.dtype.kind not in "iu":
        raise TypeError(f"labels of {found.dtype} must be integers")
    return found.astype(np.int64)


def _cuts(count: int, shares: list[float]) -> NDArray[np.intp]:
    """Where parts of ``count`` things end: in proportion, rounded, at least one each."""
    ends = np.round(np.cumsum(shares) * count).astype(np.intp)
    order = np.arange(1, len(shares) + 1)
    ends = np.maximum.accumulate(np.maximum(ends, order) - order) + order
    return np.asarray(np.minimum(ends, count - (len(shares) - order)))


def digits() -> Images:
    """The 1 797 handwritten digits of 8 x 8 pixels that scikit-learn brings along (UCI, Alpaydin and Kaynak 1998)."""
    require_installed("the bundled digits need", "scikit-learn", extra="images")
    from sklearn.datasets import load_digits

    found: Any = load_digits()
    return Images.of(list(found.images), found.target, white=16.0)


def idx_folder(folder: str | Path) -> Images:
    """All images of a folder with MNIST's files, plain or gzipped: train-images-idx3-ubyte, train-labels-idx1-ubyte,
    and t10k-... if they are there.

    FileNotFoundError if there are none; ValueError, naming the file, for one that is cut, of another kind, or does not
    go with the others.
    """
    place = Path(folder)
    if not place.is_dir():
        raise FileNotFoundError(f"{place} is not a folder: give the one that holds MNIST's IDX files")
    pictures: list[NDArray[Any]] = []
    labels: list[NDArray[Any]] = []
    for images_name, labels_name in SETS:
        images_file, labels_file = _find(place, images_name, 3), _find(place, labels_name, 1)
        if images_file is None and labels_file is None:
            continue
        if images_file is None or labels_file is None:
            lacking = images_name if images_file is None else labels_name
            raise FileNotFoundError(f"{place} has no file {lacking}-..., which goes with {images_file or labels_file}")
        own, named = read_idx(images_file, 3), read_idx(labels_file, 1)
        if len(own) != len(named):
            raise ValueError(f"{labels_file} has {len(named)} labels for the {len(own)} images of {images_file}")
        for file, values in ((images_file, own), (labels_file, named)):
            if values.dtype != np.uint8 or not len(values):
                raise ValueError(f"{file} holds {len(values)} entries of {values.dtype}; MNIST's are bytes")
        if pictures and pictures[0].shape[1:] != own.shape[1:]:
            raise ValueError(
                f"{images_file} has images of {own.shape[1:]} pixels, those before {pictures[0].shape[1:]}: bring all "
                "to one size"
            )
        pictures.append(own)
        labels.append(named)
    if not pictures:
        raise FileNotFoundError(
            f"{place} holds no IDX files: train-images-idx3-ubyte and train-labels-idx1-ubyte are looked for, plain or "
            "with .gz"
        )
    pixels = torch.from_numpy(np.concatenate(pictures)[:, None]).float().div_(127.5).sub_(1.0)
    return Images(pixels=pixels, labels=torch.from_numpy(_whole(np.concatenate(labels))))


def _find(folder: Path, name: str, dimensions: int) -> Path | None:
    for separator in ("-", "."):
        for ending in ("", ".gz"):
            path = folder / f"{name}{separator}idx{dimensions}-ubyte{ending}"
            if path.is_file():
                return path
    return None
