"""What the experiment on real images found, as a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from torch import nn

from simulate.features.decided import FeatureInterval
from simulate.features.plan import Range, StudyPlan
from simulate.images import ClassShares, Images, energy_distance
from simulate.runs import Measured, canonical, describe
from simulate.training import Times
from simulate.uturn import Classifier


@dataclass(kw_only=True, eq=False, repr=False)
class SeedRun:
    """Everything that one seed of the study computes: each stage fills in its own fields.

    ``decided`` are the times where the class is decided, the whole axis until they are measured;
    ``networks``, ``generated`` and ``shares`` go by training and budget.
    """

    number: int
    seed: np.random.SeedSequence
    parts: Mapping[str, Images]
    start: nn.Module
    decided: Range
    networks: dict[str, dict[int, nn.Module]] = field(default_factory=dict)
    classify: Classifier = field(init=False)
    confusion: NDArray[np.int64] = field(init=False)
    curves: xr.Dataset = field(init=False)
    interval: FeatureInterval = field(init=False)
    generated: list[list[Measured]] = field(init=False)
    shares: list[list[ClassShares]] = field(init=False)


def study_dataset(
    plan: StudyPlan, classes: tuple[int, ...], runs: Sequence[SeedRun], *, seed: int
) -> xr.Dataset:
    """Over (seed, training, budget, label), of generated points: share of a label net of confusion and share_stderr,
    share_error (half the sum over labels of |share - target|; share_error_floor (seed) is what sampling leaves of it
    for a model that is right), distance (energy distance of those of a label from held
    out images of it; missing where fewer than two are generated), distance_floor (that of the training images).

    Over (seed, t, start, label), of U-turns: fraction, fraction_stderr; martingale and martingale_stderr (seed, t,
    label): what their mean over starts, weighted by the model's own shares, exceeds the share generated.
    Of each seed: part, saturate with _stderr, determined; begin, end of the times that each training
    prefers, inside, the share of its times where the class is decided; confusion, accuracy, target of the shares.
    """
    def generated(name: str) -> NDArray[Any]:
        return np.array([[[each[name] for each in row] for row in run.generated] for run in runs])

    def shares(name: str) -> NDArray[Any]:
        return np.array([[[getattr(each, name) for each in row] for row in run.shares] for run in runs])

    cell, by_label = ("seed", "training", "budget"), ("seed", "label")
    share = shares("shares")
    target = np.array([_proportions(run.parts["generator"], classes) for run in runs])
    ends = {end: np.array([getattr(run.interval, end) for run in runs]) for end in ("part", "saturate")}
    inside = [
        [_mass(plan.times(training, run.decided), run.decided) for training in plan.all_trainings] for run in runs
    ]
    preferred = np.array([
        [plan.preferred(training, run.decided) for training in plan.all_trainings] for run in runs
    ])
    martingale = np.array([_martingale(run) for run in runs])
    variables: dict[str, Any] = {
        "share": ((*cell, "label"), share),
        "share_stderr": ((*cell, "label"), shares("stderr")),
        "share_error": (cell, 0.5 * np.abs(share - target[:, None, None]).sum(axis=-1)),
        # What sampling alone leaves of a model that is right, on average (normal law).
        "share_error_floor": ("seed", np.sqrt(target * (1.0 - target) / (2.0 * np.pi * plan.count)).sum(axis=-1)),
        "distance": ((*cell, "label"), generated("distance")),
        "picture": ((*cell, "picture", "channel", "height", "width"), generated("picture")),
        "distance_floor": (by_label, np.array([_floor(run.parts, classes) for run in runs])),
        "target": (by_label, target),
        "confusion": ((*by_label, "said"), np.array([run.confusion for run in runs])),
        "accuracy": ("seed", np.array([np.trace(run.confusion) / run.confusion.sum() for run in runs])),
        "part": ("seed", ends["part"][:, 0]),
        "part_stderr": ("seed", ends["part"][:, 1]),
        "saturate": ("seed", ends["saturate"][:, 0]),
        "saturate_stderr": ("seed", ends["saturate"][:, 1]),
        "determined": ("seed", [run.interval.determined for run in runs]),
        "inside": (cell[:2], np.array(inside)),
        "begin": (cell[:2], preferred[..., 0]),
        "end": (cell[:2], preferred[..., 1]),
        "martingale": (("seed", "t", "label"), martingale[:, 0]),
        "martingale_stderr": (("seed", "t", "label"), martingale[:, 1]),
    }
    curves = xr.concat([run.curves[["fraction", "fraction_stderr"]].drop_attrs() for run in runs], dim="seed")
    coordinates = {
        "seed": np.arange(len(runs)), "training": list(plan.all_trainings), "budget": list(plan.budgets),
        "label": list(classes), "said": list(classes),
    }
    settings = {
        "kind": "feature_study", "plan": _described(plan), "seeds": len(runs), "seed": seed,
        "seed_rule": "SeedSequence(seed, spawn_key=(k, stream)); see simulate.features.run_study",
        "images": {name: part.counts() for name, part in runs[0].parts.items()},
    }
    return xr.Dataset(variables, coordinates).merge(curves).assign_attrs(provenance=describe(settings))


def _proportions(images: Images, classes: Sequence[int]) -> NDArray[np.float64]:
    counts = images.counts()
    return np.array([counts.get(each, 0) for each in classes]) / len(images)


def _described(plan: StudyPlan) -> Any:
    """Exactly where that is possible, else as it prints (functions made in a call have no name of their own)."""
    try:
        return canonical(plan)
    except TypeError:
        return repr(plan)


# Midpoints that a density is summed over: exact for pieces that end with the interval.
_MIDPOINTS = 2000


def _mass(times: Times, interval: Range) -> float:
    """How much of a density lies in an interval."""
    low, high = max(interval[0], times.low), min(interval[1], times.high)
    if not low < high:
        return 0.0
    middle = low + (high - low) * (np.arange(_MIDPOINTS) + 0.5) / _MIDPOINTS
    return float((high - low) * np.mean(times.density(middle)))


def _floor(parts: Mapping[str, Images], classes: Sequence[int]) -> list[float]:
    return [energy_distance(parts["generator"].only(each).pixels, parts["held"].only(each).pixels) for each in classes]


def _martingale(run: SeedRun) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """sum_a m_a P(label | a) - m_label over (t, label), of the trained model (the first training, the last budget).

    m is net of confusion as a weight, and as seen where it is compared, like the U-turns.
    """
    model = run.shares[0][-1]
    total = run.generated[0][-1]["counts"].sum()
    weights = xr.DataArray(model.shares, dims="start", coords={"start": run.curves["start"]})
    gap = (weights * run.curves["fraction"]).sum("start") - xr.DataArray(model.seen, dims="label")
    spread = ((weights * run.curves["fraction_stderr"]) ** 2).sum("start").transpose("t", "label").values
    own = model.seen * (1.0 - model.seen) / total
    return gap.transpose("t", "label").values, np.sqrt(spread + own)
