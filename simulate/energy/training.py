"""Training energy-based models by maximum likelihood, with chains that a flow helps between modes (arXiv 2306.00684).

One iteration: chains move under the model as it is now; the energy goes down on data and up on the chains; the flow, if
there is one, is fitted to the chains and to data. The baselines differ in how the negatives are made, and in nothing
else (`Negatives`).
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import nn
from torch.nn.parameter import is_lazy

from simulate import checks
from simulate.energy.model import EnergyModel
from simulate.energy.recipes import EnergyRecipe, Negatives
from simulate.runs import Arrays, Given, describe, digest, open_checkpoint
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
from simulate.training import (
    average_in,
    network_arrays,
    optimiser_arrays,
    restore_network,
    restore_optimiser,
    torch_seeded,
)

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


@dataclass(eq=False)
class _State:
    model: EnergyModel
    flow: Any
    ascent: torch.optim.Optimizer
    fit: torch.optim.Optimizer | None
    chains: torch.Tensor
    step: float
    # Where the chains were: (iterations, C, ...), the latest last.
    past: torch.Tensor
    # Running averages of the energy's weights and of the flow's.
    average: nn.Module
    flow_average: Any
    done: int = 0
    sums: dict[str, float] = field(default_factory=lambda: {"gap": 0.0, "jumped": 0.0, "stepped": 0.0})
    records: dict[str, list[float]] = field(default_factory=dict)


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
    own = child(seed, TRAINING)
    state = _begin(model, data, recipe, flow, own)
    with torch_seeded(child(own, _CHECKS), state.model):
        _require_laws(state, data, recipe)
    if writer.saved is not None:
        _restore(state, writer.saved)
    elif state.fit is not None:
        for k in range(recipe.prefit):
            with torch_seeded(child(own, _PREFIT, k), state.model):
                _fit_flow(state, _batch(data, recipe.batch, child(own, _PREFIT, k)))
        state.flow_average = copy.deepcopy(state.flow)
    while state.done < recipe.iterations:
        _iterate(state, data, recipe, child(own, _TRAIN, state.done))
        if state.done % recipe.record_every == 0 or state.done == recipe.iterations:
            _record(state, watch)
            writer.write(lambda: _to_keep(state), last=state.done == recipe.iterations)
            if progress is not None:
                progress(state.done, {name: values[-1] for name, values in state.records.items()})
    frozen = _local(recipe.negatives, state.step)
    model = EnergyModel(state.average, state.model.base).eval()
    return EnergyTrained(model, state.flow_average, state.chains, frozen, _history(state, recipe, seed), _scales(state))


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


def _require_laws(state: _State, data: torch.Tensor, recipe: EnergyRecipe) -> None:
    """Errors for what does not fit the data, before anything is trained."""
    sampled = recipe.negatives.start == "base"
    for name, law, drawn in (("base", state.model.base, sampled), ("flow", state.flow, True)):
        if law is not None:
            _require_law(name, law, data, drawn)
    with torch.no_grad():
        value = torch.cat([_fitting("energy", state.model, part) for part in torch.split(data, _TOGETHER)])
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


def _begin(model: EnergyModel, data: torch.Tensor, recipe: EnergyRecipe, flow: nn.Module | None, seed: Seed) -> _State:
    # For evaluation but in the moment of a gradient: layers that couple the points of a batch, or drop some, would make
    # other densities of the same chains.
    live = copy.deepcopy(model).eval()
    own = None if flow is None else copy.deepcopy(flow).eval()
    chosen = np.random.default_rng(child(seed, _CHAINS)).integers(0, len(data), recipe.chains)
    step = recipe.negatives.step
    if step is None:
        step = float(data.flatten(1).var(0).min()) / 20
        if step == 0.0:
            raise ValueError("a coordinate of the data does not vary: give Negatives(step=...)")
    ascent = torch.optim.Adam(live.energy.parameters(), recipe.rate)
    learned = [] if own is None else [each for each in own.parameters() if each.requires_grad]
    fit = torch.optim.Adam(learned, recipe.flow_rate) if learned else None
    chains = data[_places(chosen, data)]
    average = copy.deepcopy(live.energy)
    return _State(live, own, ascent, fit, chains, step, chains[None][:0], average, copy.deepcopy(own))


def _places(chosen: np.ndarray, data: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(chosen).to(data.device)


def _batch(data: torch.Tensor, count: int, seed: Seed) -> torch.Tensor:
    return data[_places(np.random.default_rng(sequence(seed)).integers(0, len(data), count), data)]


def _fit_flow(state: _State, points: torch.Tensor) -> None:
    assert state.fit is not None
    state.flow.train()
    state.fit.zero_grad()
    loss = -state.flow.log_prob(points).mean()
    loss.backward()
    state.fit.step()
    state.flow.eval()


def _local(how: Negatives, step: float) -> AdjustedLangevin | UnadjustedLangevin:
    return AdjustedLangevin(step, how.steps) if how.local == "mala" else UnadjustedLangevin(step, how.steps)


def _started(state: _State, data: torch.Tensor, recipe: EnergyRecipe, seed: Seed) -> torch.Tensor:
    count = recipe.chains
    match recipe.negatives.start:
        case "data":
            return _batch(data, count, seed)
        case "base":
            with torch.no_grad():
                return state.model.base.sample(count, seed=seed)
        case "flow":
            with torch.no_grad():
                return torch.as_tensor(state.flow.sample(count, seed=seed))
    return state.chains


def kernel_of(how: Negatives, step: float, flow: Proposal | None) -> Kernel:
    """Jumps, if there are any, and local steps of the size ``step``."""
    local = _local(how, step)
    if not how.jumps or flow is None:
        return local
    jump = IndependentMetropolis if how.jump == "metropolis" else Resampling
    return FlowAssisted(jump(flow, how.jumps), local)


def _iterate(state: _State, data: torch.Tensor, recipe: EnergyRecipe, seed: np.random.SeedSequence) -> None:
    how = recipe.negatives
    for optimiser, rate in ((state.ascent, recipe.rate), (state.fit, recipe.flow_rate)):
        for group in () if optimiser is None else optimiser.param_groups:
            group["lr"] = rate * recipe.slower(state.done)
    with torch_seeded(seed, state.model):
        start = _started(state, data, recipe, child(seed, _START))
        moved = kernel_of(how, state.step, state.flow)(state.model, start, seed=child(seed, _MOVE))
        state.chains = moved.x
        batch = _batch(data, recipe.batch, child(seed, _DATA))
        gap = _ascend(state, batch)
        if state.fit is not None:
            fresh = batch[: round(recipe.flow_data * recipe.batch)]
            _fit_flow(state, torch.cat([_remembered(state, recipe, child(seed, _PAST)), fresh]))
    shares = {
        name: float("nan") if share is None else float(share.mean())
        for name, share in (("jumped", moved.jumped), ("stepped", moved.stepped))
    }
    if how.local == "mala":
        state.step = AdjustedLangevin(state.step).adapted(shares["stepped"], target=how.target).step
    for name, value in (("gap", gap), *shares.items()):
        state.sums[name] += value
    state.done += 1
    average_in(state.average, state.model.energy, memory=recipe.memory, updates=state.done)
    if state.fit is not None:
        average_in(state.flow_average, state.flow, memory=recipe.memory, updates=state.done)


def _remembered(state: _State, recipe: EnergyRecipe, seed: Seed) -> torch.Tensor:
    """As many points as there are chains, from where they were in the last iterations."""
    if recipe.history == 1:
        return state.chains
    state.past = torch.cat([state.past, state.chains[None]])[-recipe.history :]
    return _batch(state.past.flatten(0, 1), recipe.chains, seed)


def _ascend(state: _State, batch: torch.Tensor) -> float:
    """One step of the energy up the likelihood; the energy of the chains less that of the data."""
    state.model.train()
    state.ascent.zero_grad()
    energies = state.model.energies(torch.cat([batch, state.chains]))
    gap = energies[len(batch) :].mean() - energies[: len(batch)].mean()
    (-gap).backward()  # type: ignore[no-untyped-call]
    state.ascent.step()
    state.model.eval()
    now = float(gap.detach())
    weights = torch.stack([each.detach().abs().max() for each in state.model.energy.parameters()])
    if not (np.isfinite(now) and bool(torch.isfinite(weights).all())):
        raise FloatingPointError(
            f"the energy left all numbers in iteration {state.done + 1} (energy gap {now}): take a smaller rate"
        )
    return now


def _record(state: _State, watch: Watch | None) -> None:
    last = int(state.records["iteration"][-1]) if state.records else 0
    found = {"iteration": float(state.done), "step": state.step}
    found |= {name: total / (state.done - last) for name, total in state.sums.items()}
    watched = {} if watch is None else _watched(watch(state.model))
    if taken := found.keys() & watched.keys():
        raise ValueError(f"watch gives {sorted(taken)[0]!r}, which is recorded already; give it another name")
    found |= watched
    if state.records and found.keys() != state.records.keys():
        raise ValueError(
            f"watch gives {sorted(watched)}, where earlier records have {sorted(state.records.keys() - found.keys())}: "
            "measure the same at every record (also when a training is gone on with)"
        )
    for name, value in found.items():
        state.records.setdefault(name, []).append(value)
    state.sums = dict.fromkeys(state.sums, 0.0)


def _watched(found: Mapping[str, float]) -> dict[str, float]:
    if not isinstance(found, Mapping):
        raise TypeError(f"watch(model) gave {found!r}; it must give a mapping, name -> number")
    return {str(name): float(value) for name, value in found.items()}


def _history(state: _State, recipe: EnergyRecipe, seed: Seed) -> xr.Dataset:
    records = dict(state.records)
    iteration = np.array(records.pop("iteration"), dtype=np.int64)
    settings = {
        **{name: value for name, value in vars(recipe).items() if name != "negatives"},
        "negatives": vars(recipe.negatives), "seed": str(sequence(seed).entropy), "below": sequence(seed).spawn_key,
    }
    return xr.Dataset(
        {name: ("iteration", np.array(values)) for name, values in records.items()},
        coords={"iteration": iteration}, attrs={"provenance": describe(settings)},
    )


def _scales(state: _State) -> tuple[torch.Tensor, ...]:
    (group,) = state.ascent.param_groups
    decay, small = group["betas"][1], group["eps"]
    found = []
    for each in group["params"]:
        kept = state.ascent.state.get(each, {})
        # A frozen parameter has no second moment: it does not move.
        second = kept["exp_avg_sq"] / (1 - decay ** float(kept["step"])) if kept else torch.full_like(each, torch.inf)
        found.append(second.sqrt().detach() + small)
    return tuple(found)


def _to_keep(state: _State) -> Arrays:
    """What a checkpoint holds."""
    found: Arrays = {
        "done": np.array(state.done), "step": np.array(state.step), "chains": state.chains.numpy(force=True),
        **network_arrays(state.model.energy, "energy"), **network_arrays(state.average, "average"),
        **optimiser_arrays(state.ascent, "ascent"),
        **{f"record/{name}": np.array(values) for name, values in state.records.items()},
    }
    if state.fit is not None:
        found |= network_arrays(state.flow, "flow") | optimiser_arrays(state.fit, "fit")
        found |= {"past": state.past.numpy(force=True), **network_arrays(state.flow_average, "flow_average")}
    return found


def _restore(state: _State, found: Arrays) -> None:
    state.done, state.step = int(found["done"]), float(found["step"])
    state.chains = torch.from_numpy(found["chains"]).to(state.chains.device)
    state.records = {
        name.removeprefix("record/"): values.tolist() for name, values in found.items() if name.startswith("record/")
    }
    restore_network(state.model.energy, found, "energy")
    restore_network(state.average, found, "average")
    restore_optimiser(state.ascent, found, "ascent")
    if state.fit is not None:
        restore_network(state.flow, found, "flow")
        restore_network(state.flow_average, found, "flow_average")
        restore_optimiser(state.fit, found, "fit")
        state.past = torch.from_numpy(found["past"]).to(state.chains.device)
