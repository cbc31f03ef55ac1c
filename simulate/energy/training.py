"""Training energy-based models by maximum likelihood, with chains that a flow helps between modes (arXiv 2306.00684).

One iteration: chains move under the model as it is now; the energy goes down on data and up on the chains; the flow, if
there is one, is fitted to the chains and to data. The baselines differ in how the negatives are made, and in nothing
else (`Negatives`).
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import nn
from torch.nn.parameter import is_lazy

from simulate import checks
from simulate.energy.model import EnergyModel
from simulate.energy.recipes import EnergyRecipe, Negatives
from simulate.runs import Arrays, Given, below, describe, digest, open_checkpoint, under
from simulate.sampler import (
    AdjustedLangevin,
    FlowAssisted,
    IndependentMetropolis,
    Kernel,
    Proposal,
    Resampling,
    UnadjustedLangevin,
)
from simulate.seeds import TRAINING, Seed, child, sequence
from simulate.training import Part, average_in, restore_state, state_arrays, torch_seeded

Watch = Callable[[EnergyModel], Mapping[str, float]]
"""What is measured of the model on its way, by name (`weights_by_importance`, ...)."""


@dataclass(frozen=True, eq=False)
class EnergyTrained:
    """The ``model``, the ``flow`` (None without), where the ``chains`` are, the ``local`` kernel, its step frozen.

    Energy and flow have averaged weights; watched on the way is the model of the iteration. ``history`` over dim
    iteration: ``gap`` (energy of chains less that of data, mean since the last record), ``jumped`` and ``stepped``
    (shares of proposals taken), ``step``, and what was watched. ``scales``: what Adam divides the gradients of the
    energy's parameters by, in their order (see `balance.response_rate`).
    """

    model: EnergyModel
    flow: nn.Module | None
    chains: torch.Tensor
    local: AdjustedLangevin | UnadjustedLangevin
    history: xr.Dataset
    scales: tuple[torch.Tensor, ...]


# Points whose energy is looked at together.
_TOGETHER = 8192
# Streams below the seed of a training and of an iteration.
_CHAINS, _PREFIT, _TRAIN, _CHECKS = range(4)
_DATA, _START, _MOVE, _PAST = range(4)


def train(
    model: EnergyModel, data: torch.Tensor, *, recipe: EnergyRecipe, seed: Seed, flow: nn.Module | None = None,
    watch: Watch | None = None, checkpoint: Given = None,
    progress: Callable[[int, Mapping[str, float]], None] | None = None,
) -> EnergyTrained:
    """Maximum likelihood of ``data`` (n, ...) from the weights that ``model`` has; model and flow are copied first.

    ``flow``: a module with ``log_prob`` and ``sample`` (`CouplingFlow`), for methods that use one. ``watch(model)``
    and ``progress(iteration, values)`` are called at every record. Interrupted with a ``checkpoint``, training goes on
    to the same bits. FloatingPointError where weights or chains leave all numbers.
    """
    _require_kinds(model, data, recipe, flow)
    whole = (model, flow, data, recipe, sequence(seed))
    writer = open_checkpoint(checkpoint, lambda: digest("train_energy", *whole))
    state = _Training(model, data, recipe, child(seed, TRAINING), flow)
    with torch_seeded(child(state.seed, _CHECKS), state.model):
        _require_laws(state.model, state.flow, data, recipe)
    if writer.saved is None:
        state.fit_before()
    else:
        state.restore(writer.saved)
    while state.done < recipe.iterations:
        state.iterate()
        if state.done % recipe.record_every == 0 or state.done == recipe.iterations:
            state.record(watch)
            writer.write(state.arrays, last=state.done == recipe.iterations)
            if progress is not None:
                progress(state.done, {name: values[-1] for name, values in state.records.items()})
    return EnergyTrained(
        EnergyModel(state.average, state.model.base).eval(), state.flow_average, state.chains,
        _local(recipe.negatives, state.step), _history(state.records, recipe, seed), _scales(state.ascent),
    )


def _require_kinds(model: EnergyModel, data: torch.Tensor, recipe: EnergyRecipe, flow: nn.Module | None) -> None:
    """Errors for what is of the wrong type, or does not belong to the method."""
    if not isinstance(model, EnergyModel):
        raise TypeError(f"model must be an EnergyModel, not {type(model).__name__}")
    if not isinstance(recipe, EnergyRecipe):
        raise TypeError(f"recipe must be an EnergyRecipe, not {type(recipe).__name__}")
    checks.tensor("data", data, (None,) * max(2, data.ndim if isinstance(data, torch.Tensor) else 2))
    if len(data) < 2:
        raise ValueError(f"data has {len(data)} points; training needs 2 or more")
    if not any(each.requires_grad for each in model.energy.parameters()):
        raise ValueError(f"{type(model.energy).__name__} has no parameter to train")
    if recipe.negatives.needs_flow and flow is None:
        raise ValueError(f"{recipe.negatives} takes global proposals: give flow=CouplingFlow(data) or another proposal")
    if flow is not None and not recipe.negatives.needs_flow:
        raise ValueError(f"{recipe.negatives} uses no flow; leave it out, or give jumps")
    if flow is not None and not isinstance(flow, nn.Module):
        raise TypeError(f"flow must be a torch.nn.Module with log_prob and sample, not {type(flow).__name__}")
    for name, module in (("energy", model.energy), ("base", model.base), ("flow", flow)):
        if isinstance(module, nn.Module):
            for each in (*module.parameters(), *module.buffers()):
                if is_lazy(each):
                    raise ValueError(f"the {name} has lazy layers: call it with a point first, so that they are made")
                if each.is_floating_point():
                    checks.same_kind(data, **{f"a weight of the {name}": each})
    modes = len(getattr(model.base, "means", ()))
    if recipe.chains < modes:
        warnings.warn(f"chains = {recipe.chains} is fewer than the {modes} modes of the base", stacklevel=3)


def _require_laws(model: EnergyModel, flow: Any, data: torch.Tensor, recipe: EnergyRecipe) -> None:
    """Errors for what does not fit the data, before anything is trained."""
    sampled = recipe.negatives.start == "base"
    for name, law, drawn in (("base", model.base, sampled), ("flow", flow, True)):
        if law is not None:
            _require_law(name, law, data, drawn)
    with torch.no_grad():
        value = torch.cat([_fitting("energy", model, part) for part in torch.split(data, _TOGETHER)])
    checks.same_kind(data, **{"what the model gives": value})
    if len(bad := (~torch.isfinite(value)).nonzero()):
        raise ValueError(
            f"the energy is not finite on {len(bad)} of {len(data)} data at start, first in row {int(bad[0])}; look at "
            "the network, or standardise its input"
        )


def _require_law(name: str, law: Any, data: torch.Tensor, sampled: bool) -> None:
    with torch.no_grad():
        density = _fitting(name, law.log_prob, data[:2])
        drawn = law.sample(2, seed=0) if sampled else data[:2]
    if density.shape != (2,) or drawn.shape != (2, *data.shape[1:]):
        raise ValueError(
            f"the {name} gives points {tuple(drawn.shape[1:])}, and densities {tuple(density.shape)} of 2 points; "
            f"data are points {tuple(data.shape[1:])}"
        )
    checks.same_kind(data, **{f"a point of the {name}": drawn})


def _fitting(name: str, function: Callable[[torch.Tensor], torch.Tensor], points: torch.Tensor) -> torch.Tensor:
    """What it gives for points; ValueError where torch finds that it is for others."""
    try:
        return function(points)
    except (RuntimeError, ValueError) as problem:
        raise ValueError(
            f"the {name} does not take the data, points {tuple(points.shape[1:])}: {str(problem).splitlines()[0]}"
        ) from problem


def _batch(data: torch.Tensor, count: int, seed: Seed) -> torch.Tensor:
    chosen = np.random.default_rng(sequence(seed)).integers(0, len(data), count)
    return data[torch.from_numpy(chosen).to(data.device)]


def _local(how: Negatives, step: float) -> AdjustedLangevin | UnadjustedLangevin:
    return AdjustedLangevin(step, how.steps) if how.local == "mala" else UnadjustedLangevin(step, how.steps)


def kernel_of(how: Negatives, step: float, flow: Proposal | None) -> Kernel:
    """Jumps, if there are any, and local steps of the size ``step``."""
    local = _local(how, step)
    if not how.jumps or flow is None:
        return local
    jump = IndependentMetropolis if how.jump == "metropolis" else Resampling
    return FlowAssisted(jump(flow, how.jumps), local)


class _Training:
    """The state of a training after ``done`` iterations, and what changes it."""

    def __init__(
        self, model: EnergyModel, data: torch.Tensor, recipe: EnergyRecipe, seed: Seed, flow: nn.Module | None
    ) -> None:
        self.data, self.recipe, self.seed = data, recipe, seed
        # For evaluation but in the moment of a gradient: layers that couple the points of a batch, or drop some, would
        # make other densities of the same chains.
        self.model = copy.deepcopy(model).eval()
        self.flow: Any = None if flow is None else copy.deepcopy(flow).eval()
        # Running averages of the weights of both.
        self.average = copy.deepcopy(self.model.energy)
        self.flow_average: Any = copy.deepcopy(self.flow)
        self.ascent = torch.optim.Adam(self.model.energy.parameters(), recipe.rate)
        learned = [] if self.flow is None else [each for each in self.flow.parameters() if each.requires_grad]
        self.fit = torch.optim.Adam(learned, recipe.flow_rate) if learned else None
        self.chains = _batch(data, recipe.chains, child(seed, _CHAINS))
        # Where the chains were: (iterations, C, ...), the latest last.
        self.past = self.chains[None][:0]
        step = recipe.negatives.step
        self.step = float(data.flatten(1).var(0).min()) / 20 if step is None else step
        if self.step == 0.0:
            raise ValueError("a coordinate of the data does not vary: give Negatives(step=...)")
        self.sums = {"gap": 0.0, "jumped": 0.0, "stepped": 0.0}
        self.records: dict[str, list[float]] = {}
        self.done = 0

    def fit_before(self) -> None:
        """Fit the flow, if it learns, to data alone."""
        if self.fit is None:
            return
        for k in range(self.recipe.prefit):
            seed = child(self.seed, _PREFIT, k)
            with torch_seeded(seed, self.model):
                self._fit_flow(_batch(self.data, self.recipe.batch, seed))
        self.flow_average = copy.deepcopy(self.flow)

    def _fit_flow(self, points: torch.Tensor) -> None:
        assert self.fit is not None
        self.flow.train()
        self.fit.zero_grad()
        (-self.flow.log_prob(points).mean()).backward()
        self.fit.step()
        self.flow.eval()

    def iterate(self) -> None:
        """Move the chains, then the energy, then the flow."""
        recipe, how, seed = self.recipe, self.recipe.negatives, child(self.seed, _TRAIN, self.done)
        for optimiser, rate in ((self.ascent, recipe.rate), (self.fit, recipe.flow_rate)):
            for group in () if optimiser is None else optimiser.param_groups:
                group["lr"] = rate * recipe.slower(self.done)
        with torch_seeded(seed, self.model):
            start = self._start(child(seed, _START))
            moved = kernel_of(how, self.step, self.flow)(self.model, start, seed=child(seed, _MOVE))
            self.chains = moved.x
            batch = _batch(self.data, recipe.batch, child(seed, _DATA))
            gap = self._ascend(batch)
            if self.fit is not None:
                fresh = batch[: round(recipe.flow_data * recipe.batch)]
                self._fit_flow(torch.cat([self._remembered(child(seed, _PAST)), fresh]))
        shares = {
            name: float("nan") if share is None else float(share.mean())
            for name, share in (("jumped", moved.jumped), ("stepped", moved.stepped))
        }
        if how.local == "mala":
            self.step = AdjustedLangevin(self.step).adapted(shares["stepped"], target=how.target).step
        for name, value in (("gap", gap), *shares.items()):
            self.sums[name] += value
        self.done += 1
        average_in(self.average, self.model.energy, memory=recipe.memory, updates=self.done)
        if self.fit is not None:
            average_in(self.flow_average, self.flow, memory=recipe.memory, updates=self.done)

    def _start(self, seed: Seed) -> torch.Tensor:
        """Where the chains of an iteration begin."""
        match self.recipe.negatives.start:
            case "data":
                return _batch(self.data, self.recipe.chains, seed)
            case "persistent":
                return self.chains
            case law:
                with torch.no_grad():
                    drawn = (self.model.base if law == "base" else self.flow).sample(self.recipe.chains, seed=seed)
                    return torch.as_tensor(drawn)

    def _remembered(self, seed: Seed) -> torch.Tensor:
        """As many points as there are chains, from where they were in the last iterations."""
        if self.recipe.history == 1:
            return self.chains
        self.past = torch.cat([self.past, self.chains[None]])[-self.recipe.history :]
        return _batch(self.past.flatten(0, 1), self.recipe.chains, seed)

    def _ascend(self, batch: torch.Tensor) -> float:
        """Take one step of the energy up the likelihood; return the energy of the chains less that of the data."""
        self.model.train()
        self.ascent.zero_grad()
        energies = self.model.energies(torch.cat([batch, self.chains]))
        gap = energies[len(batch) :].mean() - energies[: len(batch)].mean()
        (-gap).backward()  # type: ignore[no-untyped-call]
        self.ascent.step()
        self.model.eval()
        now = float(gap.detach())
        weights = torch.stack([each.detach().abs().max() for each in self.model.energy.parameters()])
        if not (np.isfinite(now) and bool(torch.isfinite(weights).all())):
            raise FloatingPointError(
                f"the energy left all numbers in iteration {self.done + 1} (energy gap {now}): take a smaller rate"
            )
        return now

    def record(self, watch: Watch | None) -> None:
        """Note the means since the last record, and what is watched of the model."""
        last = int(self.records["iteration"][-1]) if self.records else 0
        values = {"iteration": float(self.done), "step": self.step}
        values |= {name: total / (self.done - last) for name, total in self.sums.items()}
        watched = {} if watch is None else _watched(watch(self.model))
        if taken := values.keys() & watched.keys():
            raise ValueError(f"watch gives {sorted(taken)[0]!r}, which is recorded already; give it another name")
        values |= watched
        if self.records and values.keys() != self.records.keys():
            raise ValueError(
                f"watch gives {sorted(watched)}, where earlier records have "
                f"{sorted(self.records.keys() - values.keys())}: measure the same at every record (also when a "
                "training is gone on with)"
            )
        for name, value in values.items():
            self.records.setdefault(name, []).append(value)
        self.sums = dict.fromkeys(self.sums, 0.0)

    def _parts(self) -> dict[str, Part]:
        parts: dict[str, Part] = {"energy": self.model.energy, "average": self.average, "ascent": self.ascent}
        return parts if self.fit is None else {
            **parts, "flow": self.flow, "flow_average": self.flow_average, "fit": self.fit,
        }

    def arrays(self) -> Arrays:
        """Return the state at a record, for a checkpoint."""
        return {
            "done": np.array(self.done), "step": np.array(self.step), "chains": self.chains.numpy(force=True),
            "past": self.past.numpy(force=True), **state_arrays(self._parts()),
            **under("record", {name: np.array(values) for name, values in self.records.items()}),
        }

    def restore(self, arrays: Arrays) -> None:
        """Continue from a state that `arrays` returned."""
        self.done, self.step = int(arrays["done"]), float(arrays["step"])
        self.chains, self.past = (
            torch.from_numpy(arrays[name]).to(self.chains.device) for name in ("chains", "past")
        )
        self.records = {name: values.tolist() for name, values in below("record", arrays).items()}
        restore_state(self._parts(), arrays)


def _watched(found: Mapping[str, float]) -> dict[str, float]:
    if not isinstance(found, Mapping):
        raise TypeError(f"watch(model) gave {found!r}; it must give a mapping, name -> number")
    return {str(name): float(value) for name, value in found.items()}


def _history(found: Mapping[str, list[float]], recipe: EnergyRecipe, seed: Seed) -> xr.Dataset:
    records = dict(found)
    iteration = np.array(records.pop("iteration"), dtype=np.int64)
    settings = {
        **{name: value for name, value in vars(recipe).items() if name != "negatives"},
        "negatives": vars(recipe.negatives), "seed": str(sequence(seed).entropy), "below": sequence(seed).spawn_key,
    }
    return xr.Dataset(
        {name: ("iteration", np.array(values)) for name, values in records.items()},
        coords={"iteration": iteration}, attrs={"provenance": describe(settings)},
    )


def _scales(ascent: torch.optim.Optimizer) -> tuple[torch.Tensor, ...]:
    (group,) = ascent.param_groups
    decay, small = group["betas"][1], group["eps"]
    found = []
    for each in group["params"]:
        kept = ascent.state.get(each, {})
        # A frozen parameter has no second moment: it does not move.
        second = kept["exp_avg_sq"] / (1 - decay ** float(kept["step"])) if kept else torch.full_like(each, torch.inf)
        found.append(second.sqrt().detach() + small)
    return tuple(found)
