"""What workers do in the experiment on the balance of modes: train a model one way, and measure it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from math import isfinite, nan
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from simulate import energy
from simulate.balance.plan import BalancePlan
from simulate.balance.response import response_rate
from simulate.energy import (
    PCD,
    EnergyModel,
    EnergyTrained,
    Known,
    Target,
    kernel_of,
)
from simulate.runs import NOT_IDENTIFYING, Measured, TaskContext
from simulate.sampler import (
    WAYS,
    FrozenRun,
    ModeWeights,
    Proposal,
    Undetermined,
    divergence,
    frozen_run,
    weights_by_annealing,
    weights_by_importance,
    weights_by_quadrature,
)
from simulate.seeds import child

# Streams below the seed of a run, shared by its methods.
_DATA, _BASE, _ENERGY, _FLOW, _TRAINING, _WATCH, _FINAL, _STARTS, _FROZEN, _FITTED, _TRUTH = range(11)
# Below that of a measurement.
_ANNEALED = 1000
# Of grids for quadrature: standard deviations of the data on each side of their mean, and points along a side; and what
# weights (or the logarithm of the normalisation) may change by from every second point to all.
_GRIDS, _SETTLED = ((7.0, 161), (7.0, 321), (7.0, 641), (14.0, 321), (14.0, 641), (28.0, 641)), 1e-3
# Jumps in a move of the run of a model whose method has none.
_JUMPS = 2
# Points of the target whose variance within modes is what that of models is compared with.
_MANY = 100_000


@dataclass(frozen=True, kw_only=True, eq=False)
class BalanceTask:
    """Train on points of the ``target`` by ``method``; the model's weights on the way, at the end, and sampled."""

    label: str
    target: Target
    plan: BalancePlan
    method: str
    seed: np.random.SeedSequence
    context: TaskContext = field(metadata=NOT_IDENTIFYING)

    def run(self) -> Measured:
        plan = self.plan
        data = self.target.sample(plan.n, seed=child(self.seed, _DATA))
        start = self._start(data)
        negatives = plan.negatives(self.method)
        evaluator = ModelEvaluator(self.target, plan, data, start.base, self.seed)
        with self.context.progress(plan.recipe.iterations, "iteration") as show:
            def progress(iteration: int, values: Mapping[str, float]) -> None:
                texts = {"acceptance": values["jumped"], "step": values["step"], "gap": values["gap"]}
                show(iteration, **{name: f"{v:.3g}" for name, v in texts.items() if isfinite(v)})

            trained = energy.train(
                start, data, recipe=replace(plan.recipe, negatives=negatives), seed=child(self.seed, _TRAINING),
                flow=plan.flow(data, child(self.seed, _FLOW)) if negatives.needs_flow else None,
                watch=evaluator.watch if isinstance(self.target, Known) else None, checkpoint=self.context.checkpoint,
                progress=progress,
            )
        return {
            "data_weight": evaluator.data_weight,
            **{f"start/{name}": value for name, value in evaluator.evaluate(start, plan.watched, None).items()},
            **{f"history/{name}": each.values for name, each in trained.history.variables.items()},
            **evaluator.evaluate(trained.model, plan.count, cast("Proposal | None", trained.flow)),
            **evaluator.learning_rate(trained),
            **self._frozen(trained, evaluator),
        }

    def _start(self, data: torch.Tensor) -> EnergyModel:
        """What all methods of a seed begin with: the base."""
        module = energy.network(data.shape[1], widths=self.plan.widths, points=data, seed=child(self.seed, _ENERGY))
        base = self.plan.fitted_base(data, len(self.target.weights), child(self.seed, _BASE))
        return EnergyModel(module, base)

    def _frozen(self, trained: EnergyTrained, evaluator: ModelEvaluator) -> Measured:
        """Run chains of the model with everything frozen, from as many starts in each mode.

        The kernel is the method's own. Where no density tells the weights and the method does not
        jump, it is MALA with jumps from a flow that is fitted to the data; of that run only the
        weights are reported.
        """
        how, flow = self.plan.negatives(self.method), cast("Proposal | None", trained.flow)
        own = how.jumps > 0 or isinstance(self.target, Known)
        if not own:
            how = replace(PCD, jumps=_JUMPS)
            flow = flow or self.plan.fitted_flow(evaluator.data, child(self.seed, _FITTED))
        result = frozen_run(
            trained.model, kernel_of(how, trained.local.step, flow),
            evaluator.spread(self.plan.chains, child(self.seed, _STARTS)), self.target.mode,
            modes=evaluator.modes, moves=self.plan.moves, warm=self.plan.warm,
            seed=child(self.seed, _FROZEN),
        )
        return _measured(result, own)


@dataclass(frozen=True, eq=False)
class ModelEvaluator:
    """Measures models of a target's ``data`` (n, ...) by the target's density, if it has one."""

    target: Target
    plan: BalancePlan
    data: torch.Tensor
    base: Proposal
    seed: np.random.SeedSequence

    @property
    def modes(self) -> int:
        return len(self.target.weights)

    @cached_property
    def labels(self) -> torch.Tensor:
        """The mode of each of the data, (n,)."""
        return self.target.mode(self.data)

    @property
    def data_weight(self) -> NDArray[np.float64]:
        """Shares of the data, (K,)."""
        return np.bincount(self.labels.numpy(force=True), minlength=self.modes) / len(self.data)

    def spread(self, count: int, seed: np.random.SeedSequence) -> torch.Tensor:
        """Draw ``count`` of the data, as many in each mode that has any."""
        generator, labels = np.random.default_rng(seed), self.labels.numpy(force=True)
        rows = [np.flatnonzero(labels == k) for k in range(self.modes) if (labels == k).any()]
        chosen = [generator.choice(rows[k % len(rows)]) for k in range(count)]
        return self.data[torch.tensor(chosen, device=self.data.device)]

    def watch(self, model: EnergyModel) -> dict[str, float]:
        """Measure weights and divergence, with errors, while the model is trained."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Missing on the way is said by the data set.
            values = self._measure(model, self.plan.watched, None, _WATCH)
        named = {name: values[name] for name in ("divergence", "divergence_stderr")}
        for k in range(self.modes):
            named |= {f"{name}_{k}": values[name][k] for name in ("weight", "weight_stderr")}
        return {name: float(value) for name, value in named.items()}

    def evaluate(self, model: EnergyModel, count: int, flow: Proposal | None) -> Measured:
        """Measure weights, divergence, and the variance within modes over the target's.

        Empty where the target has no density. Weights come from annealing where importance sampling
        is lost: the modes of the model have left the target's, or most of one.
        """
        return self._measure(model, count, flow, _FINAL, anneal=True) if isinstance(self.target, Known) else {}

    def learning_rate(self, trained: EnergyTrained) -> Measured:
        """Measure that of the log odds of two modes at the recipe's full rate; NaN if one has no data."""
        if self.modes != 2:
            return {}
        lacking, rate = set(self.labels.tolist()) != {0, 1}, self.plan.recipe.rate
        value = nan if lacking else response_rate(trained, self.data, self.labels, rate=rate)
        return {"learning_rate": np.array(value)}

    def _measure(
        self, model: EnergyModel, count: int, flow: Proposal | None, stream: int, *, anneal: bool = False
    ) -> Measured:
        """All NaN, with a warning that says why, where weights cannot be told."""
        assert isinstance(self.target, Known)
        try:
            weights = self._weights(model, count, flow, child(self.seed, stream, 0), anneal)
        except Undetermined as problem:
            warnings.warn(f"weights of a model are missing: {problem}", stacklevel=2)
            missing = dict.fromkeys(("weight", "weight_stderr", "variance"), np.full(self.modes, nan))
            single = ("divergence", "divergence_stderr", "effective", "measured_by")
            return missing | dict.fromkeys(single, np.array(nan))
        gap, error = divergence(self.target, model, weights, count=count, seed=child(self.seed, stream, 1))
        return {
            "weight": weights.weight, "weight_stderr": weights.error, "variance": weights.variance / self._truth,
            "divergence": np.array(gap), "divergence_stderr": np.array(error),
            "effective": np.array(weights.effective), "measured_by": np.array(float(WAYS.index(weights.by))),
        }

    def _weights(
        self, model: EnergyModel, count: int, flow: Proposal | None, seed: np.random.SeedSequence, anneal: bool
    ) -> ModeWeights:
        """Try quadrature in the plane, then importance sampling, then annealing if allowed."""
        laws = [law for law in (self.target, self.base, flow) if law is not None]
        common: dict[str, Any] = {"modes": self.modes, "proposals": laws}
        ways: list[Callable[[], ModeWeights]] = [
            partial(weights_by_importance, model, self.target.mode, **common, count=count, seed=seed)
        ]
        if self.data.shape[1:] == (2,):
            # A model may be too narrow for a grid, or too far out; importance sampling may reach it.
            ways.insert(0, partial(self._by_quadrature, model))
        if anneal:
            ways.append(partial(
                weights_by_annealing, model, self.target.mode, **common, seed=child(seed, _ANNEALED)
            ))
        for way in ways[:-1]:
            with suppress(Undetermined):
                return way()
        return ways[-1]()

    def _by_quadrature(self, model: EnergyModel) -> ModeWeights:
        """On grids that are made larger and finer until they hold the model and its weights no longer change."""
        middle, width = self.data.mean(0).tolist(), self.data.std(0).tolist()
        problem = Undetermined("no grid holds the model")
        for reach, points in _GRIDS:
            box = [(m - reach * w, m + reach * w) for m, w in zip(middle, width, strict=True)]
            try:
                found = weights_by_quadrature(
                    model, self.target.mode, modes=self.modes, box=box, points=points, like=self.data
                )
            except Undetermined as trouble:
                problem = trouble
                continue
            if max(float(found.error.max()), found.log_z_error) <= _SETTLED:
                return found
            problem = Undetermined(f"weights change by {found.error.max():.1g} from grid to grid")
        raise problem

    @cached_property
    def _truth(self) -> NDArray[np.float64]:
        """Variance of a coordinate within each mode of the target, from many points of it."""
        x = self.target.sample(_MANY, seed=child(self.seed, _TRUTH))
        label = self.target.mode(x)
        own = [x[label == k].flatten(1).double() for k in range(self.modes)]
        return np.array([float(each.var(0).mean()) if len(each) > 1 else nan for each in own])


def _measured(found: FrozenRun, own: bool) -> Measured:
    """``own``: whether the kernel is that of the method, so that its jumps say something of it."""
    jumps = ("switched", "jump_rate", "acceptance")
    numbers = {
        "rhat": found.rhat.max(), "rhat_density": found.rhat_density, "switched": found.switched,
        "jump_rate": found.jump_rate,
        "acceptance": found.jumped, "longest": found.longest, "independent": found.effective.min(),
    }
    return {
        "sampled_weight": found.weight, "sampled_weight_stderr": found.error,
        **{name: np.array(value if own or name not in jumps else nan) for name, value in numbers.items()},
    }
