"""What workers do in the experiment on the balance of modes: train a model one way, and measure it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import isfinite, nan

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
_DATA, _BASE, _ENERGY, _FLOW, _TRAINING, _WATCH, _FINAL, _STARTS, _FROZEN, _JUDGE, _TRUTH = range(11)
# Below that of a measurement.
_ANNEALED = 1000
# Of grids for quadrature: standard deviations of the data on each side of their mean, and points along a side; and what
# weights (or the logarithm of the normalisation) may change by from every second point to all.
_GRIDS, _SETTLED = ((7.0, 161), (7.0, 321), (7.0, 641), (14.0, 321), (14.0, 641), (28.0, 641)), 1e-3
# Jumps in a move of the run of a model whose method has none.
_JUDGED = 2
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
        judge = Judge(self.target, plan, data, start.base, self.seed)
        with self.context.progress(plan.recipe.iterations, "iteration") as show:
            def progress(iteration: int, values: Mapping[str, float]) -> None:
                texts = {"acceptance": values["jumped"], "step": values["step"], "gap": values["gap"]}
                show(iteration, **{name: f"{v:.3g}" for name, v in texts.items() if isfinite(v)})

            trained = energy.train(
                start, data, recipe=replace(plan.recipe, negatives=negatives), seed=child(self.seed, _TRAINING),
                flow=plan.flow(data, child(self.seed, _FLOW)) if negatives.needs_flow else None,
                watch=judge.watch if isinstance(self.target, Known) else None, checkpoint=self.context.checkpoint,
                progress=progress,
            )
        return {
            "data_weight": judge.data_weight,
            **{f"start/{name}": value for name, value in judge.measured(start, plan.watched, None).items()},
            **{f"history/{name}": each.values for name, each in trained.history.variables.items()},
            **judge.measured(trained.model, plan.count, _law(trained.flow)),
            **judge.learning_rate(trained),
            **self._frozen(trained, data, judge),
        }

    def _start(self, data: torch.Tensor) -> EnergyModel:
        """What all methods of a seed begin with: the base."""
        module = energy.network(data.shape[1], widths=self.plan.widths, points=data, seed=child(self.seed, _ENERGY))
        base = self.plan.fitted_base(data, len(self.target.weights), child(self.seed, _BASE))
        return EnergyModel(module, base)

    def _frozen(self, trained: EnergyTrained, data: torch.Tensor, judge: Judge) -> Measured:
        """The run with everything frozen, from as many chains in each mode.

        Its kernel is the method's own. Where no density tells the weights and the method does not jump, it is MALA with
        jumps from a flow fitted to the data: then weights are all that is said of it.
        """
        how, flow = self.plan.negatives(self.method), _law(trained.flow)
        kernel, own = kernel_of(how, trained.local.step, flow), True
        if not how.jumps and not isinstance(self.target, Known):
            flow, own = flow or self.plan.fitted_flow(data, child(self.seed, _JUDGE)), False
            kernel = kernel_of(replace(PCD, jumps=_JUDGED), trained.local.step, flow)
        found = frozen_run(
            trained.model, kernel, judge.spread(self.plan.chains, child(self.seed, _STARTS)), self.target.mode,
            modes=judge.modes, moves=self.plan.moves, warm=self.plan.warm, seed=child(self.seed, _FROZEN),
        )
        return _measured(found, own)


@dataclass(frozen=True, eq=False)
class Judge:
    """Measures models of a target's ``data`` (n, ...): by the target's density, in two dimensions by quadrature."""

    target: Target
    plan: BalancePlan
    data: torch.Tensor
    base: Proposal
    seed: np.random.SeedSequence

    @property
    def modes(self) -> int:
        return len(self.target.weights)

    @property
    def data_weight(self) -> NDArray[np.float64]:
        """Shares of the data, (K,)."""
        return np.bincount(self._labels(), minlength=self.modes) / len(self.data)

    def _labels(self) -> NDArray[np.int64]:
        found: NDArray[np.int64] = self.target.mode(self.data).numpy(force=True)
        return found

    def spread(self, count: int, seed: np.random.SeedSequence) -> torch.Tensor:
        """``count`` of the data, as many in each mode that has any."""
        generator, labels = np.random.default_rng(seed), self._labels()
        rows = [np.flatnonzero(labels == k) for k in range(self.modes)]
        there = [each for each in rows if each.size]
        chosen = [generator.choice(there[k % len(there)]) for k in range(count)]
        return self.data[torch.tensor(chosen, device=self.data.device)]

    def watch(self, model: EnergyModel) -> dict[str, float]:
        """What is recorded on the way, by name: weights and divergence with errors."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Missing on the way is said by the data set.
            found = self._found(model, self.plan.watched, None, _WATCH)
        named = {name: found[name] for name in ("divergence", "divergence_stderr")}
        for k in range(self.modes):
            named |= {f"{name}_{k}": found[name][k] for name in ("weight", "weight_stderr")}
        return {name: float(value) for name, value in named.items()}

    def measured(self, model: EnergyModel, count: int, flow: Proposal | None) -> Measured:
        """Weights, divergence, and the variance within modes over the target's; empty where the target has no density.

        By annealing where importance sampling is lost: the modes of the model have left the target's, or most of one.
        """
        return self._found(model, count, flow, _FINAL, lost=True) if isinstance(self.target, Known) else {}

    def learning_rate(self, trained: EnergyTrained) -> Measured:
        """Of the log odds, at the recipe's full rate; empty but for two modes, missing (NaN) if one has no data."""
        if self.modes != 2:
            return {}
        labels, rate = self.target.mode(self.data), self.plan.recipe.rate
        lacking = set(labels.tolist()) != {0, 1}
        return {"learning_rate": np.array(nan if lacking else response_rate(trained, self.data, labels, rate=rate))}

    def _found(
        self, model: EnergyModel, count: int, flow: Proposal | None, stream: int, *, lost: bool = False
    ) -> Measured:
        """All NaN, with a warning that says why, where weights cannot be told; ``lost``: not without annealing."""
        assert isinstance(self.target, Known)
        try:
            found = self._weights(model, count, flow, child(self.seed, stream, 0), lost)
        except Undetermined as problem:
            warnings.warn(f"weights of a model are missing: {problem}", stacklevel=2)
            missing, none = np.full(self.modes, nan), np.array(nan)
            return {"weight": missing, "weight_stderr": missing, "variance": missing, "divergence": none,
                    "divergence_stderr": none, "effective": none, "measured_by": none}
        gap, error = divergence(self.target, model, found, count=count, seed=child(self.seed, stream, 1))
        return {
            "weight": found.weight, "weight_stderr": found.error, "variance": found.variance / self._truth,
            "divergence": np.array(gap), "divergence_stderr": np.array(error), "effective": np.array(found.effective),
            "measured_by": np.array(float(WAYS.index(found.by))),
        }

    def _weights(
        self, model: EnergyModel, count: int, flow: Proposal | None, seed: np.random.SeedSequence, lost: bool
    ) -> ModeWeights:
        if self.data.shape[1:] == (2,):
            try:
                return self._by_quadrature(model)
            except Undetermined:
                pass  # Too narrow, or too far out; importance sampling may reach it, and says so if not.
        assert isinstance(self.target, Known)
        laws: list[Proposal] = [self.target, self.base, *([] if flow is None else [flow])]
        try:
            return weights_by_importance(
                model, self.target.mode, modes=self.modes, proposals=laws, count=count, seed=seed
            )
        except Undetermined:
            if not lost:
                raise
        return weights_by_annealing(
            model, self.target.mode, modes=self.modes, proposals=laws, seed=child(seed, _ANNEALED)
        )

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


def _law(flow: object) -> Proposal | None:
    return flow  # type: ignore[return-value]


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
