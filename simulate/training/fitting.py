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
from simulate.runs import Arrays, Given, below, digest, open_checkpoint, under
from simulate.seeds import Seed, child, sequence
from simulate.training.averaging import average_in, require_average

Loss: TypeAlias = Callable[[nn.Module, np.random.Generator, int], torch.Tensor]
"""(network, generator, size of the batch) -> a scalar."""
Progress: TypeAlias = Callable[[int, float], None]
Part: TypeAlias = nn.Module | torch.optim.Optimizer


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
    whole = (mark, network, recipe, sequence(seed), wanted)
    writer = open_checkpoint(checkpoint, lambda: digest("fit", *whole))
    state = _Fit(network, recipe)
    if writer.saved is not None:
        state.restore(writer.saved)
    while state.done < recipe.updates:
        state.update(loss, child(seed, state.done))
        if state.done in wanted:
            state.kept[state.done] = copy.deepcopy(state.average)
        if state.done % recipe.record_every == 0 or state.done == recipe.updates:
            state.record()
            writer.write(state.arrays, last=state.done == recipe.updates)
            if progress is not None:
                progress(state.done, state.losses[-1])
    return Fitted(state.average, state.kept, tuple(state.recorded), tuple(state.losses))


class _Fit:
    """The state of a fit, and what changes it."""

    def __init__(self, network: nn.Module, recipe: FitRecipe) -> None:
        self.recipe = recipe
        self.live = copy.deepcopy(network).train()
        self.average = copy.deepcopy(network).eval().requires_grad_(False)
        self.optimiser = torch.optim.AdamW(self.live.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
        self.kept: dict[int, nn.Module] = {}
        self.recorded: list[int] = []
        self.losses: list[float] = []
        self.done, self.total = 0, 0.0

    def update(self, loss: Loss, seed: np.random.SeedSequence) -> None:
        """Take one step down the loss, and take it into the average."""
        name = type(self.live).__name__
        self.optimiser.zero_grad()
        with torch_seeded(seed, self.live):
            value = loss(self.live, np.random.default_rng(seed), self.recipe.batch)
        if not isinstance(value, torch.Tensor) or value.dim() != 0 or not value.requires_grad:
            kind = f"a tensor {tuple(value.shape)}" if isinstance(value, torch.Tensor) else f"a {type(value).__name__}"
            raise TypeError(
                f"loss gives {kind}; it must be a scalar tensor that depends on a parameter of {name} "
                "that is not frozen"
            )
        now = float(value.detach())
        self.total += now
        if not np.isfinite(now):
            raise FloatingPointError(
                f"loss = {now} at update {self.done + 1}: take a smaller rate, or look at what {name} gives"
            )
        value.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        self.done += 1
        average_in(self.average, self.live, memory=self.recipe.average, updates=self.done)

    def record(self) -> None:
        """Note the mean loss since the last record.

        FloatingPointError unless all weights are finite: a checkpoint must be good to continue from.
        """
        for name, each in self.live.named_parameters():
            if not bool(torch.isfinite(each).all()):
                raise FloatingPointError(
                    f"{name} of {type(self.live).__name__} is not finite after update {self.done}, though the loss "
                    "was: take a smaller rate, or look at its gradient"
                )
        since = self.done - (self.recorded[-1] if self.recorded else 0)
        self.recorded.append(self.done)
        self.losses.append(self.total / since)
        self.total = 0.0

    def _parts(self) -> dict[str, Part]:
        kept = {f"kept/{k}": network for k, network in self.kept.items()}
        return {"live": self.live, "average": self.average, **kept, "adam": self.optimiser}

    def arrays(self) -> Arrays:
        """Return the state at a record, for a checkpoint."""
        return {
            "done": np.array(self.done), "recorded": np.array(self.recorded), "losses": np.array(self.losses),
            "kept": np.array(sorted(self.kept), dtype=np.int64), **state_arrays(self._parts()),
        }

    def restore(self, arrays: Arrays) -> None:
        """Continue from a state that `arrays` returned."""
        self.done = int(arrays["done"])
        self.recorded, self.losses = arrays["recorded"].tolist(), arrays["losses"].tolist()
        self.kept = {k: copy.deepcopy(self.average) for k in arrays["kept"].tolist()}
        restore_state(self._parts(), arrays)


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


def state_arrays(parts: Mapping[str, Part]) -> Arrays:
    """Return all numbers of networks, and what optimisers remember, by ``part/number``."""
    found: Arrays = {}
    for prefix, part in parts.items():
        found |= under(prefix, {name: _array(each) for name, each in _numbers(part).items()})
    return found


def restore_state(parts: Mapping[str, Part], arrays: Mapping[str, Any]) -> None:
    """Set networks and optimisers to what `state_arrays` returned."""
    for prefix, part in parts.items():
        own = {name: torch.from_numpy(value) for name, value in below(prefix, arrays).items()}
        if isinstance(part, nn.Module):
            with torch.no_grad():
                for name, each in _numbers(part).items():
                    each.copy_(own[name])
            continue
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, each in own.items():
            k, moment = name.split("/")
            moments.setdefault(int(k), {})[moment] = each
        part.load_state_dict({**part.state_dict(), "state": moments})


def _numbers(part: Part) -> dict[str, torch.Tensor]:
    """Parameters and buffers, also those that a state_dict leaves out; moments of an optimiser."""
    if not isinstance(part, nn.Module):
        state = part.state_dict()["state"]
        return {f"{k}/{name}": torch.as_tensor(each) for k, own in state.items() for name, each in own.items()}
    for module in part.modules():
        if type(module).get_extra_state is not nn.Module.get_extra_state:
            raise TypeError(f"{type(module).__name__} has a state beside parameters and buffers, which is not kept")
    return {**dict(part.named_parameters()), **dict(part.named_buffers())}


def _array(values: torch.Tensor) -> np.ndarray[Any, Any]:
    """numpy has no bfloat16; float32 holds it exactly."""
    return (values.float() if values.dtype == torch.bfloat16 else values).numpy(force=True)
