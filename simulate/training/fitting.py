"""Fitting any torch network to a loss by AdamW, with a running average of its weights; resumable to the bit.

Every update has a random stream of its own (by its number), torch's included, so that nothing depends on when a run was
interrupted; the network that is given stays as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import nn

from simulate import checks
from simulate.runs import Arrays, Given, digest, open_checkpoint
from simulate.seeds import Seed, child, sequence
from simulate.training.averaging import average_in, require_average

Loss: TypeAlias = Callable[[nn.Module, np.random.Generator, int], torch.Tensor]
"""(network, generator, size of the batch) -> a scalar."""
Progress: TypeAlias = Callable[[int, float], None]


@dataclass(frozen=True, kw_only=True)
class FitRecipe:
    """AdamW (``rate``, weight ``decay``) for ``updates`` of ``batch`` points; the network's weights are averaged with
    memory 1/(1 - ``average``) (0: the last ones)."""

    updates: int = 1600
    batch: int = 64
    rate: float = 2e-3
    decay: float = 0.0
    average: float = 0.995
    record_every: int = 50

    def __post_init__(self) -> None:
        for name in ("updates", "batch", "record_every"):
            checks.integer(name, getattr(self, name), least=1)
        checks.real("rate", self.rate, above=0.0)
        checks.real("decay", self.decay, least=0.0)
        require_average(self.average)


@dataclass(frozen=True, eq=False)
class Fitted:
    """The averaged ``network`` at the end and at the updates asked for (``kept``), ready for evaluation; ``losses`` are
    means over the updates since the last of ``recorded``."""

    network: nn.Module
    kept: Mapping[int, nn.Module]
    recorded: tuple[int, ...]
    losses: tuple[float, ...]


@dataclass(eq=False)
class _State:
    live: nn.Module
    average: nn.Module
    optimiser: torch.optim.Optimizer
    kept: dict[int, nn.Module]
    recorded: list[int]
    losses: list[float]
    done: int = 0
    total: float = 0.0


def fit(
    network: nn.Module, loss: Loss, *, recipe: FitRecipe, seed: Seed, mark: Any, keep: Sequence[int] = (),
    checkpoint: Given = None, progress: Progress | None = None,
) -> Fitted:
    """Minimise ``loss``, from the weights that ``network`` has.

    ``mark`` is what the loss depends on (data, settings), by which a ``checkpoint`` is known. ``keep``: updates after
    which the averaged network is kept too. ``progress(update, loss)`` at every record. FloatingPointError if the loss
    is not finite.
    """
    if not isinstance(network, nn.Module):
        raise TypeError(f"network must be a torch.nn.Module, not {type(network).__name__}")
    if not isinstance(recipe, FitRecipe):
        raise TypeError(f"recipe must be a FitRecipe, not {type(recipe).__name__}")
    wanted = sorted({checks.integer("keep", each, least=1, most=recipe.updates) for each in keep})
    state = _begin(network, recipe)
    whole = (mark, network, recipe, sequence(seed), wanted)
    writer = open_checkpoint(checkpoint, lambda: digest("fit", *whole))
    if writer.saved is not None:
        _restore(state, writer.saved)
    while state.done < recipe.updates:
        _update(state, loss, recipe, child(seed, state.done))
        if state.done in wanted:
            state.kept[state.done] = copy.deepcopy(state.average)
        if state.done % recipe.record_every == 0 or state.done == recipe.updates:
            _require_finite(state)
            since = state.done - (state.recorded[-1] if state.recorded else 0)
            state.recorded.append(state.done)
            state.losses.append(state.total / since)
            state.total = 0.0
            writer.write(lambda: _to_keep(state), last=state.done == recipe.updates)
            if progress is not None:
                progress(state.done, state.losses[-1])
    return Fitted(state.average, state.kept, tuple(state.recorded), tuple(state.losses))


def _require_finite(state: _State) -> None:
    """FloatingPointError unless all weights are finite: what is kept can be gone on from."""
    for name, each in state.live.named_parameters():
        if not bool(torch.isfinite(each).all()):
            raise FloatingPointError(
                f"{name} of {type(state.live).__name__} is not finite after update {state.done}, though the loss was: "
                "take a smaller rate, or look at its gradient"
            )


def _begin(network: nn.Module, recipe: FitRecipe) -> _State:
    live = copy.deepcopy(network).train()
    average = copy.deepcopy(network).eval().requires_grad_(False)
    optimiser = torch.optim.AdamW(live.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    return _State(live, average, optimiser, {}, [], [])


def _update(state: _State, loss: Loss, recipe: FitRecipe, seed: np.random.SeedSequence) -> None:
    state.optimiser.zero_grad()
    with torch_seeded(seed, state.live):
        value = loss(state.live, np.random.default_rng(seed), recipe.batch)
    if not isinstance(value, torch.Tensor) or value.dim() != 0 or not value.requires_grad:
        kind = f"a tensor {tuple(value.shape)}" if isinstance(value, torch.Tensor) else f"a {type(value).__name__}"
        raise TypeError(
            f"loss gives {kind}; it must be a scalar tensor that depends on a parameter of "
            f"{type(state.live).__name__} that is not frozen"
        )
    now = float(value.detach())
    state.total += now
    if not np.isfinite(now):
        raise FloatingPointError(
            f"loss = {now} at update {state.done + 1}: take a smaller rate, or look at what "
            f"{type(state.live).__name__} gives"
        )
    value.backward()  # type: ignore[no-untyped-call]
    state.optimiser.step()
    state.done += 1
    average_in(state.average, state.live, memory=recipe.average, updates=state.done)


@contextmanager
def torch_seeded(seed: np.random.SeedSequence, network: nn.Module) -> Iterator[None]:
    """Torch's own generators, which dropout uses, from ``seed`` inside, and as they were outside."""
    devices = {each.device for each in network.parameters() if each.device.type == "cuda"}
    with torch.random.fork_rng(devices=list(devices)):
        word = int(seed.generate_state(1)[0])
        torch.default_generator.manual_seed(word)
        for each in devices:
            with torch.cuda.device(each):
                torch.cuda.manual_seed(word)
        yield


def _to_keep(state: _State) -> Arrays:
    """What a checkpoint holds."""
    found: Arrays = {
        "done": np.array(state.done), "recorded": np.array(state.recorded), "losses": np.array(state.losses),
        "kept": np.array(sorted(state.kept), dtype=np.int64),
    }
    for prefix, network in _named(state).items():
        found |= network_arrays(network, prefix)
    return found | optimiser_arrays(state.optimiser, "adam")


def optimiser_arrays(optimiser: torch.optim.Optimizer, prefix: str) -> Arrays:
    """What an optimiser remembers of each parameter, below ``prefix``/."""
    return {
        f"{prefix}/{k}/{name}": _array(torch.as_tensor(each))
        for k, own in optimiser.state_dict()["state"].items() for name, each in own.items()
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, arrays: Mapping[str, Any], prefix: str) -> None:
    """Give ``optimiser`` what `optimiser_arrays` found."""
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for path, value in arrays.items():
        if path.startswith(f"{prefix}/"):
            _, k, name = path.split("/")
            moments.setdefault(int(k), {})[name] = torch.from_numpy(value)
    optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})


def _named(state: _State) -> dict[str, nn.Module]:
    """Its networks."""
    return {"live": state.live, "average": state.average, **{f"kept/{k}": each for k, each in state.kept.items()}}


def network_arrays(network: nn.Module, prefix: str) -> Arrays:
    """All numbers of a network by name, below ``prefix``/."""
    return {f"{prefix}/{name}": _array(each) for name, each in _numbers(network).items()}


def restore_network(network: nn.Module, arrays: Mapping[str, Any], prefix: str) -> None:
    """Give ``network`` the numbers that `network_arrays` found."""
    with torch.no_grad():
        for name, each in _numbers(network).items():
            each.copy_(torch.from_numpy(arrays[f"{prefix}/{name}"]))


def _numbers(network: nn.Module) -> dict[str, torch.Tensor]:
    """Parameters and buffers, also those that a state_dict leaves out."""
    for module in network.modules():
        if type(module).get_extra_state is not nn.Module.get_extra_state:
            raise TypeError(f"{type(module).__name__} has a state beside parameters and buffers, which is not kept")
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


def _array(values: torch.Tensor) -> np.ndarray[Any, Any]:
    """numpy has no bfloat16; float32 holds it exactly."""
    return (values.float() if values.dtype == torch.bfloat16 else values).numpy(force=True)


def _restore(state: _State, found: Arrays) -> None:
    """Go on from there."""
    state.done = int(found["done"])
    state.recorded, state.losses = found["recorded"].tolist(), found["losses"].tolist()
    state.kept = {k: copy.deepcopy(state.average) for k in found["kept"].tolist()}
    for prefix, own in _named(state).items():
        restore_network(own, found, prefix)
    restore_optimiser(state.optimiser, found, "adam")
