"""The experiment of arXiv 2306.00684: do models of data in separate modes get the modes' weights right?

For each seed: a target -> data -> for each method the same base and energy at first -> a trained model -> its weights
by quadrature, importance sampling or annealing and its divergence from the target, where the target has a density; and
those of chains that are run with everything frozen, from as many in each mode.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias, Unpack

import numpy as np
import torch
import xarray as xr

from simulate import checks
from simulate.balance.plan import BalancePlan
from simulate.balance.results import dataset
from simulate.balance.tasks import BalanceTask
from simulate.energy import Target
from simulate.runs import Run, RunOptions, Store, TaskContext, at_path, execute, require_sendable, require_storable
from simulate.seeds import Seed, child

Make: TypeAlias = Callable[[Seed], Target]
"""A target for each seed (other images, another classifier)."""
# Streams below the seed of one run.
_TARGET, _RUN = range(2)


def run_study(
    target: Target | Make, *, plan: BalancePlan | None = None, seeds: int = 1, seed: int = 0,
    **run: Unpack[RunOptions],
) -> xr.Dataset:
    """The whole experiment, ``seeds`` times: other data, networks, random numbers. `BalancePlan`, `balance.dataset`.

    ``target``: a `Target` (with ``log_prob``, a `Known`; or images, `ImageTarget`), or a function of a seed that makes
    one. ``plan``: None for `BalancePlan.suited`.

    Other Parameters
    ----------------
    executor, store, progress
        How the work is run, see `simulate.runs.Run`; a store keeps checkpoints of trainings too.
    """
    checks.keywords("run_study", run, RunOptions)
    how = Run(**run)
    kept = at_path(Store, how.store)
    tasks = balance_tasks(target, plan=plan, seeds=seeds, seed=seed, store=kept, progress=how.progress)
    require_sendable(how.executor, target=tasks[0])
    results = execute(tasks, replace(how, store=kept).for_count(len(tasks)), name="training", unit="training")
    return dataset(tasks, results, seed=seed)


def balance_tasks(
    target: Target | Make, *, plan: BalancePlan | None, seeds: int, seed: int, store: Store | None, progress: bool,
    name: str = "",
) -> list[BalanceTask]:
    """What is to be trained, seed by seed and method by method; ``name`` tells several studies in one run apart."""
    if plan is not None and not isinstance(plan, BalancePlan):
        raise TypeError(f"plan must be a BalancePlan, not {type(plan).__name__}")
    root, tasks = checks.integer("seed", seed, least=0), []
    own = [child(root, k) for k in range(checks.integer("seeds", seeds, least=1))]
    laws = [_target(target, child(each, _TARGET)) for each in own]
    if len({len(law.weights) for law in laws}) > 1:
        raise ValueError(f"targets of different seeds have {[len(law.weights) for law in laws]} modes: make them agree")
    chosen = plan or BalancePlan.suited(laws[0])
    _require_chains(chosen, len(laws[0].weights))
    for k, (where, law) in enumerate(zip(own, laws, strict=True)):
        if store is not None:
            require_storable(target=law)
        for method in chosen.methods:
            label = " ".join(each for each in (name, method, "seed", str(k)) if each)
            tasks.append(BalanceTask(
                label=label, target=law, plan=chosen, method=method, seed=child(where, _RUN),
                context=TaskContext.of(store, re.sub(r"\W+", "_", label), title=label if progress else None),
            ))
    return tasks


def _target(given: Target | Make, seed: Seed) -> Target:
    found: Any = given if hasattr(given, "sample") else given(seed) if callable(given) else given
    kind = found.__name__ if isinstance(found, type) else type(found).__name__
    for name in ("sample", "mode", "weights"):
        if isinstance(found, type) or not hasattr(found, name):
            raise TypeError(
                f"target {kind} has no {name}: give a law with sample(count, seed=...), mode(x) and weights "
                "(simulate.energy.targets), or a function of a seed that makes one"
            )
    weights = np.asarray(found.weights, dtype=np.float64)
    if weights.ndim != 1 or not np.all(np.isfinite(weights) & (weights >= 0)) or abs(weights.sum() - 1) > 1e-6:
        raise ValueError(f"weights of the target, {found.weights}, must be numbers >= 0 that sum to 1")
    if len(weights) < 2:
        raise ValueError(f"target has {len(weights)} mode; there is nothing to balance: give two or more")
    x = found.sample(4, seed=child(seed, 1))
    checks.tensor("a sample of the target", x, (4, *[None] * max(1, x.ndim - 1 if isinstance(x, torch.Tensor) else 1)))
    label = found.mode(x)
    if not isinstance(label, torch.Tensor) or label.shape != (4,) or label.dtype != torch.int64:
        raise TypeError(f"mode of the target {kind} must give int64 labels (C,) for points (C, ...)")
    return found  # type: ignore[no-any-return]


def _require_chains(plan: BalancePlan, modes: int) -> None:
    if plan.chains < modes:
        raise ValueError(f"chains = {plan.chains} of the run with everything frozen cannot begin in {modes} modes")
    if plan.recipe.chains < modes:
        warnings.warn(f"chains = {plan.recipe.chains} of the training are fewer than the {modes} modes", stacklevel=4)
