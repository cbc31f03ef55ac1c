"""The network f(x) = c x + u tanh(w.x/sqrt(d) + b) of arXiv 2412.07972, trained in d dimensions with fresh noise.

One network for every time and data set; x_t = alpha x0 + beta x1, and the risk is
1/2 sum over samples E |x1 - f(x_t)|^2 + ridge_u/2 |u|^2 + ridge_w/2 |w|^2 with the mean over x0 ~ N(0, I): every update
meets noises never seen before, or their mean. What is slow here at large d runs in `simulate.untied_span` at any d.

(u, w, b) -> -(u, w, b) changes nothing: measured overlaps are those of the sign with omega >= 0. On the trivial branch
(omega = 0, |b| large, tanh = 1 or -1 everywhere) omega is noise about 0 and the sign arbitrary: there only products
such as m tanh(b) mean something. omega = 0 exactly counts as +.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from simulate import checkpoint as checkpoints, checks
from simulate.adam import adam_move
from simulate.durable import Arrays
from simulate.identity import digest
from simulate.memory import free
from simulate.path import Mixing, Point, weights
from simulate.seeds import Seed, child, normal, sequence
from simulate.untied_data import ClassData
from simulate.untied_mean import mean_gradient
from simulate.untied_noise import START, Fresh, Noises
from simulate.untied_recipes import Steps, UntiedAdam, UntiedRecipe, UntiedSGD, checked

Array = NDArray[np.float64]
Progress = Callable[[int], None]
Ridges = float | Sequence[float]

# Normals drawn at once: 32 MB on a processor, 512 MB on an accelerator,
_PIECE, _PIECE_THERE = 2**22, 2**26
# or what they and as many temporaries take of the free memory at most.
_SHARE, _COPIES = 0.5, 4


@dataclass(frozen=True, eq=False)
class Untied:
    """Networks, one for each data set and time: ``skip`` c and ``b`` (seeds, times), ``u`` and ``w`` (seeds, times, d).
    """

    skip: torch.Tensor
    b: torch.Tensor
    u: torch.Tensor
    w: torch.Tensor

    def __post_init__(self) -> None:
        checks.tensor("u", self.u, (None, None, None))
        checks.tensor("w", self.w, tuple(self.u.shape))
        for name in ("skip", "b"):
            checks.tensor(name, getattr(self, name), tuple(self.u.shape[:2]))
        checks.same_kind(self.u, w=self.w, skip=self.skip, b=self.b)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """f of x (seeds, times, count, d), or what broadcasts to it."""
        inner = (x * self.w[:, :, None]).sum(dim=-1) / self.w.shape[-1] ** 0.5 + self.b[..., None]
        return self.skip[..., None, None] * x + torch.tanh(inner)[..., None] * self.u[:, :, None]


class Parameters(NamedTuple):
    """The same four on the way, unchecked."""

    skip: torch.Tensor
    b: torch.Tensor
    u: torch.Tensor
    w: torch.Tensor


class UntiedOverlaps(NamedTuple):
    """What is measured, arrays (seeds, times) or, along records, (seeds, times, R): skip c, b, m = u.mu/(radius^2 d),
    omega = w.mu/(radius^2 d) >= 0, q = |u|^2/d, r = |w|^2/d."""

    skip: Array
    b: Array
    m: Array
    omega: Array
    q: Array
    r: Array


@dataclass(frozen=True, eq=False)
class UntiedTraining:
    """Overlaps (seeds, times, R) after ``recorded`` (R,) updates; at the end ``u_data`` = u.x1/d and ``w_data`` =
    w.x1/d, (seeds, times, n), in the same gauge. ``last`` is the state to go on from (networks; moments of Adam), with
    the settings and data that ``mark`` stands for."""

    recorded: tuple[int, ...]
    overlaps: UntiedOverlaps
    u_data: Array
    w_data: Array
    last: tuple[torch.Tensor, ...]
    mark: str

    @property
    def networks(self) -> Untied:
        return Untied(*self.last[:4])

    @property
    def final(self) -> UntiedOverlaps:
        return UntiedOverlaps(*(each[..., -1] for each in self.overlaps))


def train_untied(
    data: ClassData, points: Sequence[Mixing], *, recipe: UntiedRecipe, ridge_u: Ridges, ridge_w: Ridges, seed: Seed,
    start: UntiedTraining | None = None, until: int | None = None, progress: Progress | None = None,
    checkpoint: checkpoints.Given = None,
) -> UntiedTraining:
    """A network for every data set at each of ``points`` (alpha, beta), by `UntiedSGD` or `UntiedAdam`.

    ``ridge_u`` and ``ridge_w`` are numbers, or one for each of ``points`` (which may hold a point again, with another).
    Each data set has noises of its own, so that its networks are the same whichever data sets are trained beside it
    (not whichever points: these share them out).

    ``until`` stops early, at a multiple of record_every, and ``start`` takes such a run up again: the result is that of
    an uninterrupted one. So does ``checkpoint`` (a path, or a `Checkpoint`) with a run that was killed.
    ``progress(iteration)`` is called at each record. FloatingPointError if it diverges.
    """
    chosen = checked(recipe)
    problem = Problem.of(data, points, ridge_u, ridge_w)
    mark = digest(
        "untied", sequence(seed), chosen, problem.points, problem.ridge_u, problem.ridge_w, data.mixture, data.labels,
        data.data,
    )
    require_start(start, UntiedTraining, mark)
    keeper = checkpoints.begin(checkpoint, lambda: mark)
    state = problem.start(chosen, seed) if start is None else [each.clone() for each in start.last]
    if keeper.found is not None:
        state = [torch.from_numpy(keeper.found[f"state/{k}"]).to(each) for k, each in enumerate(state)]
        problem = replace(problem, pieces=int(keeper.found["pieces"]))
    pieces = {"pieces": np.array(problem.piece)}
    begin, recorded, rows = so_far(start, keeper.found)
    end = stop(chosen, begin, until)
    for iteration in updates(problem, state, chosen, seed, begin, end):
        require_finite(iteration, *(each.numpy(force=True) for each in state[:4]))
        recorded.append(iteration)
        rows.append(problem.measure(Parameters(*state[:4])))
        keeper.keep(
            lambda: to_keep(recorded, rows, [each.numpy(force=True) for each in state]) | pieces, last=iteration == end
        )
        if progress is not None:
            progress(iteration)
    u_data, w_data = problem.along_data(Parameters(*state[:4]))
    return UntiedTraining(tuple(recorded), stacked(rows), u_data, w_data, tuple(state), mark)


def stacked(rows: Sequence[UntiedOverlaps]) -> UntiedOverlaps:
    return UntiedOverlaps(*(np.stack(column, axis=-1) for column in zip(*rows, strict=True)))


def to_keep(recorded: Sequence[int], rows: Sequence[UntiedOverlaps], state: Sequence[Array]) -> Arrays:
    """What a checkpoint holds."""
    return {
        "recorded": np.array(recorded), **{f"state/{k}": each for k, each in enumerate(state)},
        **{f"overlaps/{name}": each for name, each in stacked(rows)._asdict().items()},
    }


def so_far(start: Any, found: Arrays | None) -> tuple[int, list[int], list[UntiedOverlaps]]:
    """Updates behind the state to go on from, and the records before it: of a checkpoint, or of ``start``."""
    if found is not None:
        recorded = found["recorded"].tolist()
        overlaps = UntiedOverlaps(*(found[f"overlaps/{name}"] for name in UntiedOverlaps._fields))
    elif start is not None:
        recorded, overlaps = list(start.recorded), start.overlaps
    else:
        return 0, [], []
    rows = [UntiedOverlaps(*(each[..., i] for each in overlaps)) for i in range(len(recorded) - 1)]
    return recorded[-1], recorded[:-1], rows


def require_start(start: Any, kind: type[Any], mark: str) -> None:
    """TypeError or ValueError unless ``start`` is None or a training of that kind with these settings."""
    if start is None:
        return
    if not isinstance(start, kind):
        raise TypeError(f"start must be a {kind.__name__}, not {type(start).__name__}")
    if start.mark != mark:
        raise ValueError("start was trained with other data, points, recipe, ridges or seed: go on with those it began "
                         "with (the recipe's iterations too; until says where to stop)")


def stop(recipe: UntiedRecipe, begin: int, until: int | None) -> int:
    """Where to stop; ValueError unless a record later than ``begin``."""
    if until is None:
        return recipe.iterations
    end = checks.integer("until", until, least=begin, most=recipe.iterations)
    if end % recipe.record_every and end != recipe.iterations:
        raise ValueError(f"until = {end} must be a multiple of record_every = {recipe.record_every}")
    return end


def require_finite(iteration: int, *arrays: Array) -> None:
    if not all(np.isfinite(each).all() for each in arrays):
        raise FloatingPointError(f"training diverged within {iteration} updates; use a smaller rate")


def updates(
    problem: Problem, state: list[torch.Tensor], recipe: UntiedRecipe, seed: Seed, begin: int, end: int
) -> Iterator[int]:
    """Updates ``state`` in place and yields at the records, ``begin`` and ``end`` included."""
    seeds, n = problem.data.labels.shape
    size = recipe.size(n)
    steps = problem.steps(recipe)
    for iteration in range(begin, end):
        if iteration % recipe.record_every == 0:
            yield iteration
        if iteration == begin or iteration % recipe.record_every == 0:
            fresh = Fresh(seed, iteration, seeds, n, size)
        slope = problem.gradient(Parameters(*state[:4]), fresh, fresh.chosen(), recipe.repeats)
        rate = recipe.at(iteration)
        if isinstance(recipe, UntiedAdam):
            _adam(state, slope, steps, rate, iteration + 1)
        else:
            for value, step, each in zip(state, steps, slope, strict=True):
                value -= rate * (step if value.dim() == 2 else step[..., None]) * each
        require_finite(iteration + 1, state[0].numpy(force=True), state[1].numpy(force=True))
    yield end


def _adam(
    state: list[torch.Tensor], slope: list[torch.Tensor], steps: list[torch.Tensor], rate: float, count: int
) -> None:
    """state: four parameters, four first and four second moments."""
    for k, each in enumerate(slope):
        value, move = state[k], adam_move(state[4 + k], state[8 + k], each, count)
        value -= rate * (steps[k] if value.dim() == 2 else steps[k][..., None]) * move


@dataclass(frozen=True, eq=False)
class Problem:
    """The risk's gradient, estimated with fresh noise, for all networks; ``alpha`` and ``beta`` (times,)."""

    data: ClassData
    points: tuple[Point, ...]
    ridge_u: tuple[float, ...]
    ridge_w: tuple[float, ...]
    pieces: int | None = None
    """Normals drawn at once; None: by the free memory."""

    @classmethod
    def of(cls, data: ClassData, points: Sequence[Mixing], ridge_u: Ridges, ridge_w: Ridges) -> Problem:
        if not isinstance(data, ClassData):
            raise TypeError(f"data must be a ClassData, not {type(data).__name__}")
        every = moments(points)
        return cls(data, every, penalties("ridge_u", ridge_u, len(every)), penalties("ridge_w", ridge_w, len(every)))

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

    def start(self, recipe: UntiedRecipe, seed: Seed) -> list[torch.Tensor]:
        seeds, times, d = self.data.seeds, len(self.points), self.data.mixture.d
        both = normal(child(seed, START), (seeds, times, 2, d)).to(self.data.data)
        u, w = recipe.start_u * both[:, :, 0], recipe.start_w * both[:, :, 1]
        state = [torch.full_like(u[..., 0], recipe.skip_start), torch.full_like(u[..., 0], recipe.b_start), u, w]
        if isinstance(recipe, UntiedAdam):
            state += [torch.zeros_like(each) for each in [*state, *state]]
        return state

    def steps(self, recipe: UntiedRecipe) -> list[torch.Tensor]:
        """Of c, b, u, w, each (1, times)."""
        mixture = self.data.mixture
        if isinstance(recipe, UntiedSGD):
            every = [recipe.steps(
                each, n=self.data.n, d=mixture.d, sigma=mixture.sigma, radius=mixture.radius, ridge_u=u, ridge_w=w,
            ) for each, u, w in zip(self.points, self.ridge_u, self.ridge_w, strict=True)]
        else:
            every = [Steps(max(mixture.d**-0.5, each.beta), 1.0, 1.0, 1.0) for each in self.points]
        return [self.data.data.new_tensor([column]) for column in zip(*every, strict=True)]

    def gradient(
        self, net: Parameters, noises: Noises, chosen: NDArray[np.intp] | None, repeats: int | None
    ) -> list[torch.Tensor]:
        """In c, b, u, w; noises in pieces that fit into memory (``repeats`` None: their mean)."""
        seeds, d = self.data.seeds, self.data.mixture.d
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

    def measure(self, net: Parameters | Untied) -> UntiedOverlaps:
        mixture = self.data.mixture
        length = mixture.radius**2 * mixture.d
        m, omega = net.u @ self.data.mean / length, net.w @ self.data.mean / length
        q, r = (each.square().sum(dim=-1) / mixture.d for each in (net.u, net.w))
        return gauge(*(each.double().numpy(force=True) for each in (net.skip, net.b, m, omega, q, r)))

    def along_data(self, net: Parameters | Untied) -> tuple[Array, Array]:
        """u.x1/d and w.x1/d, (seeds, times, n), oriented."""
        side = torch.where(net.w @ self.data.mean < 0, -1.0, 1.0)[..., None]
        u, w = (side * (each @ self.data.data.mT) / self.data.mixture.d for each in (net.u, net.w))
        return u.double().numpy(force=True), w.double().numpy(force=True)


def moments(points: Sequence[Mixing]) -> tuple[Point, ...]:
    if not isinstance(points, Sequence) or not points or isinstance(points, Point):
        raise ValueError(f"points = {points!r} must be a sequence of at least one Point(alpha, beta)")
    return tuple(weights(each) for each in points)


def penalty(name: str, value: object) -> float:
    return checks.real(name, value, least=0.0, most=checks.LARGEST_RIDGE)


def penalties(name: str, value: object, points: int) -> tuple[float, ...]:
    """One for each of the points."""
    if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str):
        return (penalty(name, value),) * points
    if len(value) != points:
        raise ValueError(f"{name} holds {len(value)} numbers for {points} points: give one, or one for each")
    return tuple(penalty(f"{name}[{k}]", each) for k, each in enumerate(value))


def gauge(skip: Array, b: Array, m: Array, omega: Array, q: Array, r: Array) -> UntiedOverlaps:
    side = np.where(omega < 0, -1.0, 1.0)
    return UntiedOverlaps(skip.copy(), side * b, side * m, side * omega, q, r)


def _misfit_gradient(
    net: Parameters, data: torch.Tensor, noise: torch.Tensor, alpha: torch.Tensor, beta: torch.Tensor
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
