"""What workers do in the experiment on the balance of modes: train a model one way, and measure it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import nan

import numpy as np
import torch
from numpy.typing import NDArray

from simulate.balance_plan import BalancePlan
from simulate.balance_rate import balance_rate
from simulate.energy import EnergyModel, energy_network
from simulate.energy_training import EnergyTrained, train_energy
from simulate.frozen_run import FrozenRun, frozen_run
from simulate.identity import Identified
from simulate.keeping import Keeping
from simulate.mode_weights import (
    ModeWeights,
    Undetermined,
    divergence,
    weights_by_importance,
    weights_by_quadrature,
)
from simulate.runs import Measured
from simulate.sampler import FlowAssisted, IndependentMetropolis, Kernel, LogDensity, Proposal
from simulate.seeds import child
from simulate.targets import Known, Target

# Streams below the seed of a run, shared by its methods.
_DATA, _BASE, _ENERGY, _FLOW, _TRAINING, _WATCH, _FINAL, _STARTS, _FROZEN, _JUDGE = range(10)
# Of a box for quadrature: standard deviations of the data on each side of their mean, until it holds the model; and
# points along a side of the first one.
_REACHES, _WATCHED, _FINE = (7.0, 14.0, 28.0), 161, 401


@dataclass(frozen=True, kw_only=True, eq=False)
class BalanceTask:
    """Train on points of the ``target`` by ``method``; the model's weights on the way, at the end, and sampled."""

    label: str
    target: Target
    plan: BalancePlan
    method: str
    seed: np.random.SeedSequence
    keeping: Identified

    def run(self) -> Measured:
        plan, keeping = self.plan, self._keeping
        data = self.target.sample(plan.n, seed=child(self.seed, _DATA))
        start = self._start(data)
        negatives = plan.negatives(self.method)
        judge = Judge(self.target, plan, data, start.base, self.seed)
        with keeping.bar(plan.recipe.iterations, "iteration") as shown:
            def progress(iteration: int, values: Mapping[str, float]) -> None:
                shown.set_postfix(
                    {"acceptance": f"{values['jumped']:.3f}", "step": f"{values['step']:.3g}",
                     "gap": f"{values['gap']:.3f}"}, refresh=False,
                )
                shown.update(iteration - shown.n)

            trained = train_energy(
                start, data, recipe=replace(plan.recipe, negatives=negatives), seed=child(self.seed, _TRAINING),
                flow=plan.flow(data, child(self.seed, _FLOW)) if negatives.needs_flow else None,
                watch=judge.watch if isinstance(self.target, Known) else None, checkpoint=keeping.checkpoint,
                progress=progress,
            )
        return {
            "data_weight": judge.data_weight,
            **{f"start/{name}": value for name, value in judge.measured(start, plan.watched, _WATCHED, None).items()},
            **{f"history/{name}": each.values for name, each in trained.history.variables.items()},
            **judge.measured(trained.model, plan.count, _FINE, trained.flow),
            **judge.learning_rate(trained),
            **self._frozen(trained, data, judge),
        }

    @property
    def _keeping(self) -> Keeping:
        found: Keeping = self.keeping.value
        return found

    def _start(self, data: torch.Tensor) -> EnergyModel:
        """What all methods of a seed begin with: the base."""
        energy = energy_network(data.shape[1], widths=self.plan.widths, points=data, seed=child(self.seed, _ENERGY))
        base = self.plan.fitted_base(data, len(self.target.weights), child(self.seed, _BASE))
        return EnergyModel(energy, base)

    def _frozen(self, trained: EnergyTrained, data: torch.Tensor, judge: Judge) -> Measured:
        """The run with everything frozen, from as many chains in each mode; where no density tells the weights of a
        model without a flow, with jumps from one fitted to the data."""
        kernel: Kernel = trained.local
        flow: Proposal | None = trained.flow  # type: ignore[assignment]
        if flow is None and not isinstance(self.target, Known):
            flow = self.plan.fitted_flow(data, child(self.seed, _JUDGE))
        if flow is not None:
            jumps = max(1, self.plan.negatives(self.method).jumps)
            kernel = FlowAssisted(IndependentMetropolis(flow, jumps), trained.local)
        found = frozen_run(
            trained.model, kernel, judge.spread(self.plan.chains, child(self.seed, _STARTS)), self.target.mode,
            modes=judge.modes, moves=self.plan.moves, warm=self.plan.warm, seed=child(self.seed, _FROZEN),
        )
        return _measured(found)


@dataclass(frozen=True, eq=False)
class Judge:
    """Measures models of a target's ``data`` (n, ...) by its density; in two dimensions by quadrature."""

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
        """Weights and divergence on the way, by name; missing (NaN) where too few points say anything."""
        try:
            found, gap = self._found(model, self.plan.watched, _WATCHED, None, _WATCH)
        except Undetermined:
            return {**{f"weight_{k}": nan for k in range(self.modes)}, "divergence": nan}
        return {**{f"weight_{k}": float(each) for k, each in enumerate(found.weight)}, "divergence": gap[0]}

    def measured(self, model: EnergyModel, count: int, side: int, flow: object) -> Measured:
        """Weights, their errors, divergence, and the variance within modes over the target's; missing (NaN) where too
        few points say anything, empty where the target has no density."""
        if not isinstance(self.target, Known):
            return {}
        try:
            found, gap = self._found(model, count, side, flow, _FINAL)
            truth = self._weights(self.target.log_prob, count, side, flow, _FINAL)
        except Undetermined:
            lost = np.full(self.modes, nan)
            names = ("divergence", "divergence_stderr", "effective")
            return {"weight": lost, "weight_stderr": lost, "variance": lost} | {n: np.array(nan) for n in names}
        return {
            "weight": found.weight, "weight_stderr": found.error, "variance": found.variance / truth.variance,
            "divergence": np.array(gap[0]), "divergence_stderr": np.array(gap[1]),
            "effective": np.array(found.effective),
        }

    def learning_rate(self, trained: EnergyTrained) -> Measured:
        """Of the log odds, at the recipe's full rate; empty but for two modes with data."""
        labels = self.target.mode(self.data)
        if self.modes != 2 or set(labels.tolist()) != {0, 1}:
            return {}
        return {"learning_rate": np.array(balance_rate(trained, self.data, labels, rate=self.plan.recipe.rate))}

    def _found(
        self, model: EnergyModel, count: int, side: int, flow: object, stream: int
    ) -> tuple[ModeWeights, tuple[float, float]]:
        assert isinstance(self.target, Known)
        found = self._weights(model, count, side, flow, stream)
        return found, divergence(self.target, model, found, count=count, seed=child(self.seed, stream, 1))

    def _weights(self, density: object, count: int, side: int, flow: object, stream: int) -> ModeWeights:
        assert isinstance(self.target, Known) and callable(density)
        if self.data.shape[1:] == (2,):
            return self._by_quadrature(density, side)
        laws = [self.target, self.base, *([] if flow is None else [flow])]
        return weights_by_importance(
            density, self.target.mode, modes=self.modes, proposals=laws, count=count,  # type: ignore[arg-type]
            seed=child(self.seed, stream, 0),
        )

    def _by_quadrature(self, density: LogDensity, side: int) -> ModeWeights:
        middle, width = self.data.mean(0).tolist(), self.data.std(0).tolist()
        for reach in _REACHES:
            box = [(m - reach * w, m + reach * w) for m, w in zip(middle, width, strict=True)]
            points = round((side - 1) * reach / _REACHES[0]) + 1
            try:
                return weights_by_quadrature(density, self.target.mode, modes=self.modes, box=box, points=points)
            except Undetermined as problem:
                found = problem
        raise found


def _measured(found: FrozenRun) -> Measured:
    numbers = {
        "rhat": found.rhat.max(), "rhat_density": found.rhat_density, "jump_rate": found.jump_rate,
        "acceptance": found.jumped, "longest": found.longest, "independent": found.effective.min(),
    }
    return {
        "sampled_weight": found.weight, "sampled_weight_stderr": found.error,
        **{name: np.array(value, dtype=np.float64) for name, value in numbers.items()},
    }
