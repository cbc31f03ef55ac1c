"""What the experiment on the balance of modes found, as a data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import xarray as xr

from simulate.balance.image_targets import ImageTarget
from simulate.balance.tasks import BalanceTask
from simulate.energy import Known, Target
from simulate.runs import Measured, canonical, describe, digest
from simulate.sampler import WAYS

# Over the modes of one method and seed, and of one method and seed.
_MODES = ("weight", "weight_stderr", "variance", "sampled_weight", "sampled_weight_stderr")
_RUNS = (
    "divergence", "divergence_stderr", "effective", "measured_by", "rhat", "rhat_density", "switched", "jump_rate",
    "acceptance", "longest", "independent", "learning_rate",
)


def dataset(tasks: Sequence[BalanceTask], results: Sequence[Measured], *, seed: int) -> xr.Dataset:
    """Over (training, seed, mode): weight of the trained model and weight_stderr, variance (of a coordinate within the
    mode, over the target's), sampled_weight and _stderr (of the chains, everything frozen).

    Over (training, seed): divergence from the target in nats with _stderr, effective (number of points behind the
    weights), measured_by (how these were found: ``flag_meanings`` has the names); of the frozen run: acceptance of
    jumps, switched (share of moves that end in another mode), jump_rate (`FrozenRun.jump_rate`, as in
    `asymptotics.balance`), rhat (largest over modes), rhat_density, longest (moves in a row without a change),
    independent (smallest effective number over modes); error, the largest difference between modes' weights and the
    data's: of the weights, without a density of the sampled ones (of a method that does not jump these are from a run
    with jumps of a flow fitted to the data); learning_rate of the log odds of two modes (`balance.response_rate`, at
    the recipe's full rate).

    Over (training, seed, iteration), from iteration 0, where only what the model is at first is known: path (and mode),
    the weights on the way, path_divergence, with _stderr (of importance sampling, whose points are the same at every
    record; of quadrature an estimate); gap, jumped, stepped, step of the training. Missing (NaN): jumps where
    the method has none, weights that cannot be told (a warning says why). data_weight, target_weight (seed, mode);
    gradients (training), of each chain in an iteration; slower (iteration), what rates were multiplied by; the numbers
    of chains and of a batch.
    """
    plan, methods = tasks[0].plan, list(tasks[0].plan.methods)
    count, known = len(tasks) // len(methods), isinstance(tasks[0].target, Known)
    rows = [[results[k * len(methods) + j] for k in range(count)] for j in range(len(methods))]

    def table(name: str) -> Any:
        return np.array([[each[name] for each in row] for row in rows])

    runs = ("training", "seed")
    variables: dict[str, Any] = {name: ((*runs, "mode"), table(name)) for name in _MODES if name in results[0]}
    variables |= {name: (runs, table(name)) for name in _RUNS if name in results[0]}
    if known:
        flags = {"flag_values": list(range(len(WAYS))), "flag_meanings": " ".join(WAYS)}
        variables["measured_by"] = (*variables["measured_by"], flags)
    variables["data_weight"] = (("seed", "mode"), np.array([each["data_weight"] for each in rows[0]]))
    variables["target_weight"] = (("seed", "mode"), np.array([
        each.target.weights for each in tasks[:: len(methods)]
    ]))
    variables |= _paths(table, results[0], known)
    variables["gradients"] = ("training", [plan.negatives(each).gradients for each in methods])
    iteration = np.concatenate([[0], results[0]["history/iteration"]]).astype(np.int64)
    # The rate with which an iteration was made.
    variables["slower"] = ("iteration", [plan.recipe.slower(max(int(k) - 1, 0)) for k in iteration])
    variables |= {name: getattr(plan.recipe, name) for name in ("chains", "batch")}
    told = [each.target.accuracy for each in tasks[:: len(methods)] if isinstance(each.target, ImageTarget)]
    if told:
        variables["accuracy"] = ("seed", told)
    own = "weight" if known else "sampled_weight"
    off = np.abs(variables[own][1] - variables["data_weight"][1]).max(axis=-1)
    variables["error"] = (runs, off)
    coordinates = {
        "training": methods, "seed": np.arange(count), "mode": np.arange(len(tasks[0].target.weights)),
        "iteration": iteration,
    }
    settings = {
        "kind": "balance_study", "plan": canonical(plan), "seeds": count, "seed": seed,
        "targets": [_described(each.target) for each in tasks[:: len(methods)]],
        "seed_rule": "SeedSequence(seed, spawn_key=(k, 1, stream)); see simulate.balance.tasks",
    }
    return xr.Dataset(variables, coordinates, attrs={"provenance": describe(settings)})


def _described(target: Target) -> dict[str, Any]:
    """What it is, exactly (by a digest) where that can be said."""
    try:
        exactly = digest(target)
    except TypeError:
        exactly = repr(target)
    shape = list(target.sample(1, seed=0).shape[1:])
    weights = [float(each) for each in target.weights]
    return {"type": type(target).__name__, "points": shape, "weights": weights, "is": exactly}


def _paths(table: Callable[[str], Any], first: Measured, known: bool) -> dict[str, Any]:
    """What was recorded on the way, behind what was there at first."""
    dims = ("training", "seed", "iteration")
    found: dict[str, Any] = {}
    for name in ("gap", "jumped", "stepped", "step"):
        later = table(f"history/{name}")
        found[name] = (dims, np.concatenate([np.full((*later.shape[:2], 1), np.nan), later], axis=-1))
    if known:
        for own, name in (("path", "weight"), ("path_stderr", "weight_stderr")):
            later = np.stack([table(f"history/{name}_{k}") for k in range(first["weight"].shape[0])], axis=-1)
            found[own] = ((*dims, "mode"), np.concatenate([table(f"start/{name}")[:, :, None], later], axis=2))
        for own, name in (("path_divergence", "divergence"), ("path_divergence_stderr", "divergence_stderr")):
            start = table(f"start/{name}")[..., None]
            found[own] = (dims, np.concatenate([start, table(f"history/{name}")], axis=-1))
    return found
