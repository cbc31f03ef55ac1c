"""What the experiment on real images found, as a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulate.features.decided import FeatureInterval
from simulate.features.plan import Range, StudyPlan
from simulate.images import ClassShares, Images, energy_distance
from simulate.runs import Measured, canonical, describe
from simulate.training import Times


@dataclass(frozen=True, kw_only=True, eq=False)
class SeedResult:
    """Of one seed; ``made`` and ``shares`` by training and budget."""

    parts: Mapping[str, Images]
    confusion: NDArray[np.int64]
    curves: xr.Dataset
    interval: FeatureInterval
    made: list[list[Measured]]
    shares: list[list[ClassShares]]


def study_dataset(
    plan: StudyPlan, classes: tuple[int, ...], results: Sequence[SeedResult], *, seed: int
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
    variables: dict[str, Any] = {}
    generated = ("seed", "training", "budget", "label")
    share = np.array([[[each.shares for each in row] for row in one.shares] for one in results])
    target = np.array([_proportions(one.parts["generator"], classes) for one in results])
    variables["share"] = (generated, share)
    variables["share_stderr"] = (generated, np.array([
        [[each.stderr for each in row] for row in one.shares] for one in results
    ]))
    variables["share_error"] = (generated[:3], 0.5 * np.abs(share - target[:, None, None]).sum(axis=-1))
    # What sampling alone leaves of a model that is right, on average (normal law).
    variables["share_error_floor"] = ("seed", (
        np.sqrt(target * (1.0 - target) / (2.0 * np.pi * plan.count)).sum(axis=-1)
    ))
    variables["distance"] = (generated, np.array([
        [[each["distance"] for each in row] for row in one.made] for one in results
    ]))
    variables["picture"] = (
        ("seed", "training", "budget", "picture", "channel", "height", "width"),
        np.array([[[each["picture"] for each in row] for row in one.made] for one in results]),
    )
    variables["distance_floor"] = (("seed", "label"), np.array([_floor(one.parts, classes) for one in results]))
    variables["target"] = (("seed", "label"), target)
    variables["confusion"] = (("seed", "label", "said"), np.array([one.confusion for one in results]))
    variables["accuracy"] = ("seed", np.array([np.trace(one.confusion) / one.confusion.sum() for one in results]))
    for end in ("part", "saturate"):
        found = np.array([getattr(one.interval, end) for one in results])
        variables[end], variables[f"{end}_stderr"] = ("seed", found[:, 0]), ("seed", found[:, 1])
    variables["determined"] = ("seed", [one.interval.determined for one in results])
    where = np.array([
        [plan.preferred(training, one.interval.estimate) for training in plan.all_trainings] for one in results
    ])
    variables["inside"] = (generated[:2], np.array([
        [_mass(plan.times(training, one.interval.estimate), one.interval.estimate) for training in plan.all_trainings]
        for one in results
    ]))
    variables["begin"], variables["end"] = (generated[:2], where[..., 0]), (generated[:2], where[..., 1])
    curves = xr.concat(
        [one.curves[["fraction", "fraction_stderr"]].drop_attrs() for one in results], dim="seed"
    )
    gap, error = zip(*(_martingale(one) for one in results), strict=True)
    variables["martingale"] = (("seed", "t", "label"), np.array(gap))
    variables["martingale_stderr"] = (("seed", "t", "label"), np.array(error))
    coordinates = {
        "seed": np.arange(len(results)), "training": list(plan.all_trainings), "budget": list(plan.budgets),
        "label": list(classes), "said": list(classes),
    }
    settings = {
        "kind": "feature_study", "plan": _described(plan), "seeds": len(results), "seed": seed,
        "seed_rule": "SeedSequence(seed, spawn_key=(k, stream)); see simulate.features.run_study",
        "images": {name: part.counts() for name, part in results[0].parts.items()},
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


def _martingale(one: SeedResult) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """sum_a m_a P(label | a) - m_label over (t, label), of the trained model (the first training, the last budget).

    m is net of confusion as a weight, and as seen where it is compared, like the U-turns.
    """
    model = one.shares[0][-1]
    total = one.made[0][-1]["counts"].sum()
    weights = xr.DataArray(model.shares, dims="start", coords={"start": one.curves["start"]})
    gap = (weights * one.curves["fraction"]).sum("start") - xr.DataArray(model.seen, dims="label")
    spread = ((weights * one.curves["fraction_stderr"]) ** 2).sum("start").transpose("t", "label").values
    own = model.seen * (1.0 - model.seen) / total
    return gap.transpose("t", "label").values, np.sqrt(spread + own)
