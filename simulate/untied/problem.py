"""The training problem of untied networks: data, noise, risk and its gradient."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Generic, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from simulate import checks
from simulate.memory import free
from simulate.path import Mixing, Point, weights
from simulate.seeds import Seed, child, normal
from simulate.training import adam_move
from simulate.untied.data import ClassData
from simulate.untied.mean_gradient import mean_gradient
from simulate.untied.network import Array, Parameters, Ridges, Untied, UntiedOverlaps, fix_sign
from simulate.untied.noise import START, Fresh, Noises
from simulate.untied.recipes import Steps, UntiedAdam, UntiedRecipe, UntiedSGD
from simulate.untied.span import UntiedSpan

# Normals drawn at once: 32 MB on a processor, 512 MB on an accelerator,
_PIECE, _PIECE_THERE = 2**22, 2**26
# or what they and as many temporaries take of the free memory at most.
_SHARE, _COPIES = 0.5, 4

_State = TypeVar("_State", bound=tuple[Any, ...])


@dataclass(frozen=True, eq=False)
class Problem(ABC, Generic[_State]):
    """Define a training for the loop in `simulate.untied.training`: its start, noises, updates and measurements.

    A state is a tuple that begins with the four `Parameters` of all networks.
    """

    data: Any
    points: tuple[Point, ...]
    recipe: UntiedRecipe
    ridge_u: tuple[float, ...]
    ridge_w: tuple[float, ...]

    @classmethod
    def of(
        cls, data: ClassData | UntiedSpan, points: Sequence[Mixing], recipe: UntiedRecipe, ridge_u: Ridges,
        ridge_w: Ridges,
    ) -> Self:
        """Check points and ridges."""
        every = checked_points(points)
        ridges = penalties("ridge_u", ridge_u, len(every)), penalties("ridge_w", ridge_w, len(every))
        return cls(data, every, recipe, *ridges)

    def natural_steps(self, recipe: UntiedSGD) -> list[Steps]:
        """Return the steps of every point at rate 1."""
        mixture = self.data.mixture
        return [recipe.steps(
            each, n=self.data.n, d=mixture.d, sigma=mixture.sigma, radius=mixture.radius, ridge_u=u, ridge_w=w,
        ) for each, u, w in zip(self.points, self.ridge_u, self.ridge_w, strict=True)]

    @abstractmethod
    def start(self, seed: Seed) -> _State:
        """Draw the first state."""

    @abstractmethod
    def noises(self, seed: Seed, iteration: int) -> Any:
        """Open the streams of random numbers from the record at ``iteration`` to the next."""

    @abstractmethod
    def updated(self, state: _State, noises: Any, iteration: int) -> _State:
        """Make update ``iteration`` = 0, 1, ...; FloatingPointError where it diverges."""

    @abstractmethod
    def measure(self, net: Parameters[Any]) -> UntiedOverlaps:
        """Measure the overlaps of all networks."""

    @abstractmethod
    def along_data(self, net: Parameters[Any]) -> tuple[Array, Array]:
        """Return u.x1/d and w.x1/d, (seeds, times, n), oriented."""

    @abstractmethod
    def arrays(self, state: _State) -> dict[str, Array]:
        """Return what a checkpoint must hold of a state: its entries by their numbers, and settings of this machine."""

    @abstractmethod
    def restored(self, arrays: Mapping[str, Array]) -> tuple[Self, _State]:
        """Return the problem and the state of a checkpoint."""


@dataclass(frozen=True, eq=False)
class DirectProblem(Problem[tuple[torch.Tensor, ...]]):
    """Train in d dimensions, with a gradient that is estimated from fresh noise; Adam's state has moments too."""

    data: ClassData
    pieces: int | None = None
    """Normals drawn at once; None: by the free memory."""

    @cached_property
    def piece(self) -> int:
        """How many normals are drawn at once."""
        if self.pieces is not None:
            return self.pieces
        data = self.data.data
        there, most = free(data.device), _PIECE if data.device.type == "cpu" else _PIECE_THERE
        return most if there is None else max(1, min(most, int(_SHARE * there) // (_COPIES * data.element_size())))

    @property
    def alpha(self) -> torch.Tensor:
        return self.data.data.new_tensor([each.alpha for each in self.points])

    @property
    def beta(self) -> torch.Tensor:
        return self.data.data.new_tensor([each.beta for each in self.points])

    def start(self, seed: Seed) -> tuple[torch.Tensor, ...]:
        seeds, times, d, recipe = self.data.seeds, len(self.points), self.data.mixture.d, self.recipe
        both = normal(child(seed, START), (seeds, times, 2, d)).to(self.data.data)
        u, w = recipe.start_u * both[:, :, 0], recipe.start_w * both[:, :, 1]
        state = [torch.full_like(u[..., 0], recipe.skip_start), torch.full_like(u[..., 0], recipe.b_start), u, w]
        if isinstance(recipe, UntiedAdam):
            state += [torch.zeros_like(each) for each in [*state, *state]]
        return tuple(state)

    @cached_property
    def steps(self) -> list[torch.Tensor]:
        """Of c, b, u, w, each (1, times)."""
        if isinstance(self.recipe, UntiedSGD):
            every = self.natural_steps(self.recipe)
        else:
            every = [Steps(max(self.data.mixture.d**-0.5, each.beta), 1.0, 1.0, 1.0) for each in self.points]
        return [self.data.data.new_tensor([column]) for column in zip(*every, strict=True)]

    def noises(self, seed: Seed, iteration: int) -> Fresh:
        return Fresh(seed, iteration, self.data.seeds, self.data.n, self.recipe.size(self.data.n))

    def updated(self, state: tuple[torch.Tensor, ...], noises: Fresh, iteration: int) -> tuple[torch.Tensor, ...]:
        """Change ``state`` in place."""
        slope, rate = self.gradient(Parameters(*state[:4]), noises, noises.chosen()), self.recipe.at(iteration)
        if isinstance(self.recipe, UntiedAdam):
            both = zip(state[4:8], state[8:], slope, strict=True)
            slope = [adam_move(first, second, each, iteration + 1) for first, second, each in both]
        for value, step, each in zip(state[:4], self.steps, slope, strict=True):
            value -= rate * (step if value.dim() == 2 else step[..., None]) * each
        require_finite(iteration + 1, *state[:2])
        return state

    def gradient(
        self, net: Parameters[torch.Tensor], noises: Noises, chosen: NDArray[np.intp] | None
    ) -> list[torch.Tensor]:
        """In c, b, u, w; noises in pieces that fit into memory."""
        seeds, d, repeats = self.data.seeds, self.data.mixture.d, self.recipe.repeats
        data, times = self.data.data, len(self.points)
        if chosen is not None:
            data = data[torch.arange(seeds)[:, None], torch.as_tensor(chosen)]
        size = data.shape[1]
        ridge_u, ridge_w = (data.new_tensor(each)[:, None] for each in (self.ridge_u, self.ridge_w))
        slope = [torch.zeros_like(net.skip), torch.zeros_like(net.b), ridge_u * net.u, ridge_w * net.w]
        if repeats is None:
            mean = mean_gradient(net, data, self.alpha, self.beta, d)
            return [each + self.data.n / size * piece for each, piece in zip(slope, mean, strict=True)]
        some = max(1, self.piece // (times * size * d))
        few = times if some > 1 else max(1, self.piece // (size * d))
        for _ in range(repeats):
            for s in range(0, seeds, some):
                for t in range(0, times, few):
                    part = np.s_[s : s + some, t : t + few]
                    values = [each[part] for each in (net.skip, net.b, net.u, net.w)]
                    noise = torch.from_numpy(noises.normals(part[0], (*values[0].shape, size, d))).to(data)
                    pieces = _misfit_gradient(
                        Parameters(*values), data[s : s + some], noise, self.alpha[t : t + few], self.beta[t : t + few]
                    )
                    for each, piece in zip(slope, pieces, strict=True):
                        each[part] += self.data.n / (size * repeats) * piece
        return slope

    def measure(self, net: Parameters[torch.Tensor] | Untied) -> UntiedOverlaps:
        mixture = self.data.mixture
        length = mixture.radius**2 * mixture.d
        m, omega = net.u @ self.data.mean / length, net.w @ self.data.mean / length
        q, r = (each.square().sum(dim=-1) / mixture.d for each in (net.u, net.w))
        return fix_sign(*(each.double().numpy(force=True) for each in (net.skip, net.b, m, omega, q, r)))

    def along_data(self, net: Parameters[torch.Tensor] | Untied) -> tuple[Array, Array]:
        side = torch.where(net.w @ self.data.mean < 0, -1.0, 1.0)[..., None]
        u, w = (side * (each @ self.data.data.mT) / self.data.mixture.d for each in (net.u, net.w))
        return u.double().numpy(force=True), w.double().numpy(force=True)

    def arrays(self, state: tuple[torch.Tensor, ...]) -> dict[str, Array]:
        return {str(k): each.numpy(force=True) for k, each in enumerate(state)} | {"pieces": np.array(self.piece)}

    def restored(self, arrays: Mapping[str, Array]) -> tuple[Self, tuple[torch.Tensor, ...]]:
        state = (torch.from_numpy(arrays[str(k)]).to(self.data.data) for k in range(len(arrays) - 1))
        return replace(self, pieces=int(arrays["pieces"])), tuple(state)


def require_finite(iteration: int, *values: torch.Tensor | Array) -> None:
    if not all(torch.as_tensor(each).isfinite().all() for each in values):
        raise FloatingPointError(f"training diverged within {iteration} updates; use a smaller rate")


def checked_points(points: Sequence[Mixing]) -> tuple[Point, ...]:
    if not isinstance(points, Sequence) or not points or isinstance(points, Point):
        raise ValueError(f"points = {points!r} must be a sequence of at least one Point(alpha, beta)")
    return tuple(weights(each) for each in points)


def penalties(name: str, value: object, points: int) -> tuple[float, ...]:
    """One for each of the points."""
    if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str):
        return (checks.penalty(value, name),) * points
    if len(value) != points:
        raise ValueError(f"{name} holds {len(value)} numbers for {points} points: give one, or one for each")
    return tuple(checks.penalty(each, f"{name}[{k}]") for k, each in enumerate(value))


def _misfit_gradient(
    net: Parameters[torch.Tensor], data: torch.Tensor, noise: torch.Tensor, alpha: torch.Tensor, beta: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    """Of 1/2 sum |c x + u tanh(w.x/sqrt(d) + b) - x1|^2, x = alpha x0 + beta x1; data (s, n, d), noise (s, t, n, d)."""
    seeds, times, n, d = noise.shape
    both = torch.stack([net.w, net.u], dim=2)
    along_data = (data @ both.flatten(1, 2).mT).reshape(seeds, n, times, 2).transpose(1, 2)
    wx, ux = (alpha[:, None, None] * (noise @ both.mT) + beta[:, None, None] * along_data).unbind(dim=-1)
    c, uu = net.skip[..., None], net.u.square().sum(dim=-1, keepdim=True)
    tanh = torch.tanh(wx / d**0.5 + net.b[..., None])
    inner = (1.0 - tanh.square()) * (c * ux + tanh * uu - along_data[..., 1])
    rows = torch.stack([tanh, inner], dim=2)
    of_data = (rows.flatten(1, 2) @ data).reshape(seeds, times, 2, d)
    of_x = alpha[:, None, None] * (rows @ noise) + beta[:, None, None] * of_data
    flat = noise.flatten(2)
    squares = (flat[:, :, None] @ flat[..., None])[..., 0, 0]
    cross = (flat @ data.reshape(seeds, -1, 1))[..., 0]
    own = data.square().sum(dim=(1, 2))[:, None]
    xx = alpha**2 * squares + 2.0 * alpha * beta * cross + beta**2 * own
    on_c = net.skip * xx + (tanh * ux).sum(dim=-1) - alpha * cross - beta * own
    on_u = c * of_x[:, :, 0] + tanh.square().sum(dim=-1, keepdim=True) * net.u - of_data[:, :, 0]
    return on_c, inner.sum(dim=-1), on_u, of_x[:, :, 1] / d**0.5
