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

from simulate import checkpoint as checkpoints, checks
from simulate.durable import Arrays
from simulate.energy import EnergyModel
from simulate.fitting import network_arrays, optimiser_arrays, restore_network, restore_optimiser, torch_seeded
from simulate.identity import digest
from simulate.provenance import describe
from simulate.sampler import (
    AdjustedLangevin,
    IndependentMetropolis,
    Kernel,
    Moved,
    Resampling,
    UnadjustedLangevin,
)
from simulate.seeds import Seed, child, sequence

STARTS = ("persistent", "data", "base", "flow")
LOCAL = ("mala", "ula")
JUMPS = ("metropolis", "resampling")
Watch = Callable[[EnergyModel], Mapping[str, float]]
"""What is measured of the model on its way, by name (`weights_by_importance`, ...)."""


@dataclass(frozen=True, kw_only=True)
class Negatives:
    """How the chains of one iteration are made.

    start   where they begin: "persistent" (where they were; at first data), "data", "base", or "flow" (samples of it,
            taken as they are)
    jumps   global proposals of each chain from the flow, accepted by ``jump`` ("metropolis" or "resampling")
    steps   local steps, ``local`` "mala" or "ula", after the jumps; ``step`` is their size at first (None: a twentieth
            of the smallest variance of the data); MALA's is adapted towards the acceptance ``target``
    """

    start: str = "persistent"
    jumps: int = 0
    jump: str = "metropolis"
    steps: int = 5
    local: str = "mala"
    step: float | None = None
    target: float = 0.75

    def __post_init__(self) -> None:
        checks.choice("start", self.start, STARTS)
        checks.choice("jump", self.jump, JUMPS)
        checks.choice("local", self.local, LOCAL)
        checks.integer("jumps", self.jumps, least=0)
        checks.integer("steps", self.steps, least=1)
        if self.step is not None:
            checks.real("step", self.step, above=0.0)
        checks.real("target", self.target, above=0.0, most=1.0)

    @property
    def needs_flow(self) -> bool:
        return self.jumps > 0 or self.start == "flow"


FLOW_ASSISTED = Negatives(jumps=2)
PCD = Negatives()
PCD_ULA = Negatives(local="ula")
CD = Negatives(start="data")
SHORT_RUN = Negatives(start="base", local="ula", steps=20)
COOPERATIVE = Negatives(start="flow", local="ula")
NEGATIVES: Mapping[str, Negatives] = {
    "flow": FLOW_ASSISTED, "pcd": PCD, "pcd-ula": PCD_ULA, "cd": CD, "short-run": SHORT_RUN,
    "cooperative": COOPERATIVE,
}
"""The authors' method and what it is compared with, by the names of the command line."""


@dataclass(frozen=True, kw_only=True)
class EnergyRecipe:
    """Adam (``rate`` for the energy, ``flow_rate``) for ``iterations`` with ``chains`` and batches of ``batch`` data.

    Both rates fall linearly to 0 over the last ``decay`` of the iterations. The flow is fitted to the data alone for
    ``prefit`` updates before, then to the chains and a share ``flow_data`` of data: to chains alone it can lose a mode.
    """

    negatives: Negatives = FLOW_ASSISTED
    iterations: int = 2000
    chains: int = 256
    batch: int = 256
    rate: float = 1e-3
    flow_rate: float = 1e-3
    flow_data: float = 0.5
    prefit: int = 500
    decay: float = 0.5
    record_every: int = 50

    def __post_init__(self) -> None:
        for name in ("iterations", "chains", "batch", "record_every"):
            checks.integer(name, getattr(self, name), least=1)
        checks.integer("prefit", self.prefit, least=0)
        for name in ("rate", "flow_rate"):
            checks.real(name, getattr(self, name), above=0.0)
        for name in ("flow_data", "decay"):
            checks.real(name, getattr(self, name), least=0.0, most=1.0)

    def slower(self, iteration: int) -> float:
        """What the rates are multiplied by."""
        left = 1.0 - iteration / self.iterations
        return min(1.0, left / self.decay) if self.decay > 0.0 else 1.0


@dataclass(frozen=True, eq=False)
class EnergyTrained:
    """The ``model``, the ``flow`` (None without), where the ``chains`` are, the ``local`` kernel, its step frozen.

    ``history`` over dim iteration: ``gap`` (energy of chains less that of data, mean since the last record), ``jumped``
    and ``stepped`` (shares of proposals taken), ``step``, and what was watched.
    """

    model: EnergyModel
    flow: nn.Module | None
    chains: torch.Tensor
    local: AdjustedLangevin | UnadjustedLangevin
    history: xr.Dataset


@dataclass(eq=False)
class _State:
    model: EnergyModel
    flow: Any
    ascent: torch.optim.Optimizer
    fit: torch.optim.Optimizer | None
    chains: torch.Tensor
    step: float
    done: int = 0
    sums: dict[str, float] = field(default_factory=lambda: {"gap": 0.0, "jumped": 0.0, "stepped": 0.0})
    records: dict[str, list[float]] = field(default_factory=dict)


# Streams below the seed of a training and of an iteration.
_CHAINS, _PREFIT, _TRAIN = range(3)
_DATA, _START, _JUMP, _STEP = range(4)


def train_energy(
    model: EnergyModel, data: torch.Tensor, *, recipe: EnergyRecipe, seed: Seed, flow: nn.Module | None = None,
    watch: Watch | None = None, checkpoint: checkpoints.Given = None,
    progress: Callable[[int, Mapping[str, float]], None] | None = None,
) -> EnergyTrained:
    """Maximum likelihood of ``data`` (n, ...) from the weights that ``model`` has; model and flow are copied first.

    ``flow``: a module with ``log_prob`` and ``sample`` (`CouplingFlow`), for methods that use one. ``watch(model)``
    and ``progress(iteration, values)`` are called at every record. Interrupted with a ``checkpoint``, training goes on
    to the same bits. FloatingPointError where weights or chains leave all numbers.
    """
    _require(model, data, recipe, flow)
    state = _begin(model, data, recipe, flow, seed)
    whole = (model, flow, data, recipe, sequence(seed))
    keeper = checkpoints.begin(checkpoint, lambda: digest("train_energy", *whole))
    if keeper.found is not None:
        _restore(state, keeper.found)
    elif state.fit is not None:
        for k in range(recipe.prefit):
            _fit_flow(state, _batch(data, recipe.batch, child(seed, _PREFIT, k)))
    while state.done < recipe.iterations:
        _iterate(state, data, recipe, child(seed, _TRAIN, state.done))
        if state.done % recipe.record_every == 0 or state.done == recipe.iterations:
            _record(state, watch)
            keeper.keep(lambda: _to_keep(state), last=state.done == recipe.iterations)
            if progress is not None:
                progress(state.done, {name: values[-1] for name, values in state.records.items()})
    state.model.eval()
    own = state.flow.eval() if state.flow is not None else None
    frozen = _local(recipe.negatives, state.step)
    return EnergyTrained(state.model, own, state.chains, frozen, _history(state, recipe, seed))


def _require(model: EnergyModel, data: torch.Tensor, recipe: EnergyRecipe, flow: nn.Module | None) -> None:
    """Errors for what does not fit together, before anything is trained."""
    if not isinstance(model, EnergyModel):
        raise TypeError(f"model must be an EnergyModel, not {type(model).__name__}")
    if not isinstance(recipe, EnergyRecipe):
        raise TypeError(f"recipe must be an EnergyRecipe, not {type(recipe).__name__}")
    checks.tensor("data", data, (None,) * max(2, data.ndim if isinstance(data, torch.Tensor) else 2))
    if recipe.negatives.needs_flow and flow is None:
        raise ValueError(f"{recipe.negatives} takes global proposals: give flow=CouplingFlow(data) or another proposal")
    if flow is not None and not recipe.negatives.needs_flow:
        raise ValueError(f"{recipe.negatives} uses no flow; leave it out, or give jumps")
    for name, module in (("energy", model.energy), ("base", model.base), ("flow", flow)):
        if isinstance(module, nn.Module):
            for each in (*module.parameters(), *module.buffers()):
                if each.is_floating_point():
                    checks.same_kind(data, **{f"a weight of the {name}": each})
    base_needed = recipe.negatives.start == "base"
    for name, law, sampled in (("base", model.base, base_needed), ("flow", flow, True)):
        if law is not None:
            _require_law(name, law, data, sampled)
    with torch.no_grad():
        value = model(data[: recipe.batch])
    if value.dtype != data.dtype or value.device != data.device:
        raise TypeError(f"model gives {value.dtype} on {value.device} for data {data.dtype} on {data.device}")
    if not bool(torch.isfinite(value).all()):
        raise ValueError("the energy is not finite on the data at start; look at the network, or standardise its input")
    modes = len(getattr(model.base, "means", ()))
    if recipe.chains < modes:
        warnings.warn(f"chains = {recipe.chains} is fewer than the {modes} modes of the base", stacklevel=3)


def _require_law(name: str, law: Any, data: torch.Tensor, sampled: bool) -> None:
    with torch.no_grad():
        density = law.log_prob(data[:2])
        drawn = law.sample(2, seed=0) if sampled else data[:2]
    if density.shape != (2,) or drawn.shape[1:] != data.shape[1:]:
        raise ValueError(f"the {name} is a law of points {tuple(drawn.shape[1:])}, data are {tuple(data.shape[1:])}")
    if drawn.dtype != data.dtype or drawn.device != data.device:
        raise TypeError(f"the {name} gives {drawn.dtype} on {drawn.device}; data are {data.dtype} on {data.device}")


def _begin(model: EnergyModel, data: torch.Tensor, recipe: EnergyRecipe, flow: nn.Module | None, seed: Seed) -> _State:
    live = copy.deepcopy(model).train()
    own = None if flow is None else copy.deepcopy(flow).train()
    chosen = np.random.default_rng(child(seed, _CHAINS)).integers(0, len(data), recipe.chains)
    step = recipe.negatives.step
    if step is None:
        step = float(data.flatten(1).var(0).min()) / 20
        if step == 0.0:
            raise ValueError("a coordinate of the data does not vary: give Negatives(step=...)")
    ascent = torch.optim.Adam(live.energy.parameters(), recipe.rate)
    fit = None if own is None else torch.optim.Adam(own.parameters(), recipe.flow_rate)
    return _State(live, own, ascent, fit, data[_places(chosen, data)], step)


def _places(chosen: np.ndarray, data: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(chosen).to(data.device)


def _batch(data: torch.Tensor, count: int, seed: Seed) -> torch.Tensor:
    return data[_places(np.random.default_rng(sequence(seed)).integers(0, len(data), count), data)]


def _fit_flow(state: _State, points: torch.Tensor) -> None:
    assert state.fit is not None
    state.fit.zero_grad()
    loss = -state.flow.log_prob(points).mean()
    loss.backward()
    state.fit.step()


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


def _moved(state: _State, x: torch.Tensor, how: Negatives, seed: Seed) -> Moved:
    """The chains after jumps and local steps, under the model as it is."""
    far = Moved(x)
    if how.jumps:
        jump: Kernel = (IndependentMetropolis if how.jump == "metropolis" else Resampling)(state.flow, how.jumps)
        far = jump(state.model, x, seed=child(seed, _JUMP))
    near = _local(how, state.step)(state.model, far.x, seed=child(seed, _STEP))
    return Moved(near.x, far.jumped, near.stepped, far.log_weights)


def _iterate(state: _State, data: torch.Tensor, recipe: EnergyRecipe, seed: np.random.SeedSequence) -> None:
    how = recipe.negatives
    for optimiser, rate in ((state.ascent, recipe.rate), (state.fit, recipe.flow_rate)):
        for group in () if optimiser is None else optimiser.param_groups:
            group["lr"] = rate * recipe.slower(state.done)
    with torch_seeded(seed, state.model):
        moved = _moved(state, _started(state, data, recipe, child(seed, _START)), how, seed)
        state.chains = moved.x
        batch = _batch(data, recipe.batch, child(seed, _DATA))
        gap = _ascend(state, batch)
        if state.fit is not None:
            fresh = batch[: round(recipe.flow_data * recipe.batch)]
            _fit_flow(state, torch.cat([state.chains, fresh]))
    shares = {
        name: float("nan") if share is None else float(share.mean())
        for name, share in (("jumped", moved.jumped), ("stepped", moved.stepped))
    }
    if how.local == "mala":
        state.step = AdjustedLangevin(state.step).adapted(shares["stepped"], target=how.target).step
    for name, value in (("gap", gap), *shares.items()):
        state.sums[name] += value
    state.done += 1


def _ascend(state: _State, batch: torch.Tensor) -> float:
    """One step of the energy up the likelihood; the energy of the chains less that of the data."""
    state.ascent.zero_grad()
    energies = state.model.energies(torch.cat([batch, state.chains]))
    gap = energies[len(batch) :].mean() - energies[: len(batch)].mean()
    (-gap).backward()  # type: ignore[no-untyped-call]
    state.ascent.step()
    return float(gap.detach())


def _record(state: _State, watch: Watch | None) -> None:
    last = int(state.records["iteration"][-1]) if state.records else 0
    for each in (state.model.energy, *([] if state.flow is None else [state.flow])):
        for name, values in each.named_parameters():
            if not bool(torch.isfinite(values).all()):
                raise FloatingPointError(
                    f"{name} of {type(each).__name__} is not finite after iteration {state.done}: take a smaller rate"
                )
    found = {"iteration": float(state.done), "step": state.step}
    found |= {name: total / (state.done - last) for name, total in state.sums.items()}
    if watch is not None:
        state.model.eval()
        found |= {name: float(value) for name, value in watch(state.model).items()}
        state.model.train()
    for name, value in found.items():
        state.records.setdefault(name, []).append(value)
    state.sums = dict.fromkeys(state.sums, 0.0)


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


def _to_keep(state: _State) -> Arrays:
    """What a checkpoint holds."""
    found: Arrays = {
        "done": np.array(state.done), "step": np.array(state.step), "chains": state.chains.numpy(force=True),
        **network_arrays(state.model.energy, "energy"), **optimiser_arrays(state.ascent, "ascent"),
        **{f"record/{name}": np.array(values) for name, values in state.records.items()},
    }
    if state.fit is not None:
        found |= network_arrays(state.flow, "flow") | optimiser_arrays(state.fit, "fit")
    return found


def _restore(state: _State, found: Arrays) -> None:
    state.done, state.step = int(found["done"]), float(found["step"])
    state.chains = torch.from_numpy(found["chains"]).to(state.chains.device)
    state.records = {
        name.removeprefix("record/"): values.tolist() for name, values in found.items() if name.startswith("record/")
    }
    restore_network(state.model.energy, found, "energy")
    restore_optimiser(state.ascent, found, "ascent")
    if state.fit is not None:
        restore_network(state.flow, found, "flow")
        restore_optimiser(state.fit, found, "fit")
