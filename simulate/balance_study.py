"""The experiment of arXiv 2306.00684: do models of data in separate modes get the modes' weights right?

For each seed: a target -> data -> for each method the same base and energy at first -> a trained model -> its weights
by quadrature or importance sampling and its divergence from the target, where the target has a density; and those of
chains that are run with everything frozen, from as many in each mode.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import xarray as xr

from simulate import checks
from simulate.balance_plan import BalancePlan
from simulate.balance_tasks import BalanceTask
from simulate.execute import execute
from simulate.identity import canonical
from simulate.image_target import ImageTarget
from simulate.keeping import keeping
from simulate.pool import WorkerPool
from simulate.provenance import describe
from simulate.runs import Measured
from simulate.seeds import Seed, child
from simulate.store import Store, as_store
from simulate.targets import Known, Target

Make: TypeAlias = Callable[[Seed], Target]
"""A target for each seed (other images, another classifier)."""
# Streams below the seed of one run.
_TARGET, _RUN = range(2)
# Over the modes of one method and seed, and of one method and seed.
_MODES = ("weight", "weight_stderr", "variance", "sampled_weight", "sampled_weight_stderr")
_RUNS = (
    "divergence", "divergence_stderr", "effective", "rhat", "rhat_density", "jump_rate", "acceptance", "longest",
    "independent", "learning_rate",
)


def balance_study(
    target: Target | Make, *, plan: BalancePlan | None = None, seeds: int = 1, seed: int = 0,
    executor: Executor | None = None, store: Store | str | Path | None = None, progress: bool = True,
) -> xr.Dataset:
    """The whole experiment, ``seeds`` times: other data, networks, random numbers. `BalancePlan`, `balance_dataset`.

    ``target``: a `Target` (with ``log_prob``, a `Known`; or images, `ImageTarget`), or a function of a seed that makes
    one. ``plan``: None for `BalancePlan.suited`. Work is shared out over the ``executor``; a ``store`` keeps every
    finished training, and checkpoints of those that are not.
    """
    chosen, kept = plan or _suited(target, child(seed, 0)), as_store(store)
    tasks = balance_tasks(target, plan=chosen, seeds=seeds, seed=seed, store=kept, progress=progress)
    if isinstance(executor, WorkerPool):
        _require_sent(tasks[0])
    results = execute(
        tasks, name="training", executor=executor if len(tasks) > 1 or not progress else None, progress=progress,
        unit="training", store=kept,
    )
    return balance_dataset(tasks, results, seed=seed)


def balance_tasks(
    target: Target | Make, *, plan: BalancePlan, seeds: int, seed: int, store: Store | None, progress: bool,
    name: str = "",
) -> list[BalanceTask]:
    """What is to be trained, seed by seed and method by method; ``name`` tells several studies in one run apart."""
    root, tasks = checks.integer("seed", seed, least=0), []
    for k in range(checks.integer("seeds", seeds, least=1)):
        own = child(root, k)
        law = _target(target, child(own, _TARGET))
        if store is not None:
            _require_known(law)
        for method in plan.methods:
            label = " ".join(each for each in (name, method, "seed", str(k)) if each)
            tasks.append(BalanceTask(
                label=label, target=law, plan=plan, method=method, seed=child(own, _RUN),
                keeping=keeping(store, label.replace(" ", "_"), progress=progress),
            ))
    return tasks


def _suited(target: Target | Make, seed: Seed) -> BalancePlan:
    points = _target(target, child(seed, _TARGET)).sample(2, seed=seed)
    return BalancePlan.suited(points[0].numel())


def _target(given: Target | Make, seed: Seed) -> Target:
    found: Any = given if hasattr(given, "sample") else given(seed) if callable(given) else given
    for name in ("sample", "mode", "weights"):
        if not hasattr(found, name):
            raise TypeError(
                f"target {type(found).__name__} has no {name}: give a law with sample(count, seed=...), mode(x) and "
                "weights (simulate.targets), or a function of a seed that makes one"
            )
    if len(found.weights) < 2:
        raise ValueError(f"target has {len(found.weights)} mode; there is nothing to balance: give two or more")
    return found  # type: ignore[no-any-return]


def _require_known(target: Target) -> None:
    try:
        canonical(target)
    except TypeError as problem:
        raise TypeError(f"target cannot be known again by a store: {problem}") from None


def _require_sent(task: BalanceTask) -> None:
    try:
        pickle.dumps(task)
    except Exception as problem:
        raise TypeError(
            f"target cannot be sent to worker processes ({problem}): use classes of a module, or no executor"
        ) from None


def balance_dataset(tasks: Sequence[BalanceTask], results: Sequence[Measured], *, seed: int) -> xr.Dataset:
    """Over (training, seed, mode): weight of the trained model and weight_stderr, variance (of a coordinate within the
    mode, over the target's), sampled_weight and _stderr (of the chains, everything frozen).

    Over (training, seed): divergence from the target in nats with _stderr, effective (number of points behind the
    weights); of the frozen run: acceptance of jumps, jump_rate, rhat (largest over modes), rhat_density, longest
    (moves in a row without a change), independent (smallest effective number over modes); error, the largest
    difference between modes' weights and the data's: of the weights, without a density of the sampled ones;
    learning_rate of the log odds of two modes (`balance_rate`, at the recipe's full rate).

    Over (training, seed, iteration), from iteration 0, where only what the model is at first is known: path (and mode),
    the weights on the way, path_divergence; gap, jumped, stepped, step of the training. Missing (NaN): jumps where
    there are none, weights where too few points say anything. data_weight (seed, mode), target_weight (mode);
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
    variables["data_weight"] = (("seed", "mode"), np.array([each["data_weight"] for each in rows[0]]))
    variables["target_weight"] = (("seed", "mode"), np.array([
        tasks[k * len(methods)].target.weights for k in range(count)
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
        "target": type(tasks[0].target).__name__, "target_weights": tasks[0].target.weights,
        "seed_rule": "SeedSequence(seed, spawn_key=(k, 1, stream)); see simulate.balance_tasks",
    }
    return xr.Dataset(variables, coordinates, attrs={"provenance": describe(settings)})


def _paths(table: Callable[[str], Any], first: Measured, known: bool) -> dict[str, Any]:
    """What was recorded on the way, behind what was there at first."""
    dims = ("training", "seed", "iteration")
    found: dict[str, Any] = {}
    for name in ("gap", "jumped", "stepped", "step"):
        later = table(f"history/{name}")
        found[name] = (dims, np.concatenate([np.full((*later.shape[:2], 1), np.nan), later], axis=-1))
    if known:
        later = np.stack([
            table(f"history/weight_{k}") for k in range(first["weight"].shape[0])
        ], axis=-1)
        found["path"] = ((*dims, "mode"), np.concatenate([table("start/weight")[:, :, None], later], axis=2))
        start = table("start/divergence")[..., None]
        found["path_divergence"] = (dims, np.concatenate([start, table("history/divergence")], axis=-1))
    return found
