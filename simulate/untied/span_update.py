"""`simulate.untied.train` by gradient steps, exact in law in a few coordinates: at any d at the same cost.

The span K of the data (mu and n vectors eta) has n + 1 dimensions; of what u and w have beyond it only two lengths and
an angle matter, two more coordinates: M. An update needs of its P noises g

1. their components along the plane of u and w, two normals each, which fix tanh and its slope, hence the coefficients
   t and h of the sums G = sum t g and H = sum h g that enter the steps of u and w;
2. given those, nothing but normals independent of t and h: with [t h] = Q R (Q: P x 2, orthonormal columns) the rows of
   Q^T g are two standard normal vectors, N_1 and N_2, in all other dimensions, and [G H] = [N_1 N_2] R there. They are
   drawn in M; beyond M only their Gram matrix matters, drawn as Bartlett's factor of a Wishart matrix;
3. for the step of c, sum g.x1 and sum |g|^2: what N_1 and N_2 leave open of the first is one normal more, of the second
   the rest of a chi-square.

That is 2 P + 2 (n + 3) + 2 normals, 3 chi-squares and O(P + n^2) operations a network. Adam divides every coordinate by
its own scale, which no rotation preserves: it has no such reduction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Protocol, Self, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from simulate.gram import cholesky_factor
from simulate.seeds import Seed, child
from simulate.untied.mean_gradient import mean_gradient
from simulate.untied.network import Parameters, UntiedOverlaps, fix_sign
from simulate.untied.noise import NOISE, ORDER, START, orders
from simulate.untied.problem import Problem, require_finite
from simulate.untied.recipes import UntiedSGD
from simulate.untied.span import UntiedSpan

Array = NDArray[np.float64]
Part: TypeAlias = tuple[slice, slice]
"""Which data sets and times."""

Order: TypeAlias = Iterator[NDArray[np.intp] | None]
State: TypeAlias = Parameters[Array]
"""c and b (seeds, times); u and w (seeds, times, n + 3) in the coordinates of M."""

# Squared sine of the angle below which t and h count as parallel: beyond it rounding alone would be left.
PARALLEL = 1e-13
# Noises times networks updated at once: their temporaries stay in the processor's cache.
BLOCK = 2**15
# A mean over noises costs as much as this many of them, about.
MEAN = 50


class Sums(NamedTuple):
    """What remains random of the noises given their components along u and w, and Q: ``inside`` (seeds, times, 2,
    n + 3), N_1 and N_2 in M (components along u and w are disregarded); ``outside`` (seeds, times, 2, 2) lower
    triangular, the same beyond M; ``along`` and ``rest`` (seeds, times): the normal and the chi-square of point 3."""

    inside: Array
    outside: Array
    along: Array
    rest: Array


class SpanNoises(Protocol):
    """Where the noises come from."""

    def dots(self, frame: Array, chosen: NDArray[np.intp] | None, repeats: int) -> Array:
        """(seeds, times, 2, repeats, size): components along ``frame`` (seeds, times, 2, n + 3)."""

    def sums(self, frame: Array, rows: Array, inverse: Array) -> Sums:
        """Given Q^T = ``inverse``^T ``rows``, (seeds, times, 2, 2) and (seeds, times, 2, repeats * size)."""

    def folded(self, factor: Array) -> None:
        """The two coordinates beyond K are new: columns of ``factor`` (seeds, times, 4, 2) in the old two and the two
        of `Sums.outside`."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """Noises from their law."""

    generator: np.random.Generator
    d: int
    size: int

    def dots(self, frame: Array, chosen: NDArray[np.intp] | None, repeats: int) -> Array:
        return self.generator.standard_normal((*frame.shape[:3], repeats, self.size))

    def sums(self, frame: Array, rows: Array, inverse: Array) -> Sums:
        draw, nets, coordinates = self.generator, frame.shape[:2], frame.shape[-1]
        inside = draw.standard_normal(frame.shape)
        # Not by `cholesky_factor`, which draws the chi-squares in another order: seeds mean these numbers.
        outside = np.zeros((*nets, 2, 2))
        outside[..., 1, 0], along = draw.standard_normal((2, *nets))
        outside[..., 0, 0] = draw.chisquare(self.d - coordinates, nets) ** 0.5
        outside[..., 1, 1] = draw.chisquare(self.d - coordinates - 1, nets) ** 0.5
        rest = draw.chisquare((rows.shape[3] - 2.0) * (self.d - 2.0) - 1.0, nets)
        return Sums(inside, outside, along, rest)

    def folded(self, factor: Array) -> None:
        return


class _Seen(NamedTuple):
    """Of an update: ``data`` (seeds, size, n + 1); ``frame`` (seeds, times, 2, n + 3), orthonormal along w and u.

    Components along it: ``on_frame`` (.., 2, size) of the data and ``dots`` (.., 2, P) of the P = repeats * size
    noises. t and h, ``rows`` (.., 2, P) = R^T Q^T with R ``mix``, and its ``inverse`` (.., 2, 2); u.x, ``ux`` (.., P).
    """

    data: Array
    frame: Array
    on_frame: Array
    dots: Array
    ux: Array
    rows: Array
    mix: Array
    inverse: Array
    repeats: int


class _Total(NamedTuple):
    """Sums of t x and h x, ``inputs`` (seeds, times, 2, n + 5), of t x1 and h x1, ``targets`` (.., 2, n + 1), of g.x1,
    ``cross``, and |g|^2, ``squares`` (seeds, times)."""

    inputs: Array
    targets: Array
    cross: Array
    squares: Array


@dataclass(frozen=True, eq=False)
class SpanProblem(Problem[State]):
    """Train in the coordinates of M."""

    data: UntiedSpan
    recipe: UntiedSGD

    def __post_init__(self) -> None:
        noises = self.recipe.noises(self.data.n)
        if noises < 3:
            raise ValueError(f"batch * repeats = {noises} must be >= 3: the reduction needs three noises an update")

    @property
    def d(self) -> int:
        return self.data.mixture.d

    def start(self, seed: Seed) -> State:
        """Drawn from the law of the direct start."""
        seeds, times, k = self.data.seeds, len(self.points), self.data.n + 1
        generator = np.random.default_rng(child(seed, START))
        both = cholesky_factor(generator.standard_normal((seeds, times, 2, k + 2)), generator, d=self.d, known=k)
        both *= np.array([[self.recipe.start_u], [self.recipe.start_w]])
        full = np.ones((seeds, times))
        return Parameters(self.recipe.skip_start * full, self.recipe.b_start * full, both[:, :, 0], both[:, :, 1])

    def noises(self, seed: Seed, iteration: int) -> tuple[Drawn, Order]:
        """Return the source of noises, and mini-batches."""
        size = self.recipe.size(self.data.n)
        order = orders(np.random.default_rng(child(seed, ORDER, iteration)), self.data.seeds, self.data.n, size)
        return Drawn(np.random.default_rng(child(seed, NOISE, iteration)), self.d, size), order

    @cached_property
    def blocks(self) -> list[tuple[Part, SpanProblem]]:
        """The same for some of the data sets and times, one part after the other."""
        most = max(1, BLOCK // (self.recipe.size(self.data.n) * (self.recipe.repeats or MEAN)))
        times = min(most, len(self.points))
        seeds = max(1, most // times)
        return [
            self._block((slice(s, s + seeds), slice(t, t + times)))
            for s in range(0, self.data.seeds, seeds) for t in range(0, len(self.points), times)
        ]

    def _block(self, part: Part) -> tuple[Part, SpanProblem]:
        rows, here = part
        data = replace(self.data, labels=self.data.labels[rows], data=self.data.data[rows])
        return part, replace(
            self, data=data, points=self.points[here], ridge_u=self.ridge_u[here], ridge_w=self.ridge_w[here]
        )

    @cached_property
    def steps(self) -> Array:
        """Of c, b, u, w, each (times,)."""
        return np.array(self.natural_steps(self.recipe)).T

    @cached_property
    def ridges(self) -> tuple[Array, Array]:
        """Of u and w, each (times, 1)."""
        return np.array(self.ridge_u)[:, None], np.array(self.ridge_w)[:, None]

    def updated(self, state: State, noises: tuple[Drawn, Order], iteration: int) -> State:
        source, order = noises
        chosen, rate = next(order), self.recipe.at(iteration)
        new = Parameters(*(np.empty_like(each) for each in state))
        with np.errstate(over="ignore", invalid="ignore"):
            for part, problem in self.blocks:
                some = Parameters(*(each[part] for each in state))
                found = problem.update(some, source, None if chosen is None else chosen[part[0]], rate)
                for whole, each in zip(new, found, strict=True):
                    whole[part] = each
        require_finite(iteration + 1, *new)
        return new

    def update(self, state: State, source: SpanNoises, chosen: NDArray[np.intp] | None, rate: float) -> State:
        """One gradient step."""
        repeats = self.recipe.repeats
        if repeats is None:
            return self._mean_update(state, chosen, rate)
        seen = self._look(state, source, chosen, repeats)
        total = self._add_up(seen, source.sums(seen.frame, seen.rows, seen.inverse))
        c, k, d = state.skip, self.data.n + 1, self.d
        tanh, inner = seen.rows[:, :, 0], seen.rows[:, :, 1]
        scale = self.data.n / tanh.shape[-1]
        alpha, beta = np.array(self.points).T
        own = (seen.repeats * _sum(seen.data * seen.data, 1))[:, None]
        xx = alpha**2 * total.squares + 2.0 * alpha * beta * total.cross + beta**2 * own
        on_c = scale * (c * xx + _sum(tanh * seen.ux, 2) - alpha * total.cross - beta * own)
        # Four coordinates beyond K: two of M, two of what was drawn beyond.
        u, w = (np.pad(each, [(0, 0), (0, 0), (0, 2)]) for each in (state.u, state.w))
        on_u = scale * (c[..., None] * total.inputs[:, :, 0] + _sum(tanh * tanh, 2)[..., None] * u) + self.ridges[0] * u
        on_u[..., :k] -= scale * total.targets[:, :, 0]
        on_w = scale / d**0.5 * total.inputs[:, :, 1] + self.ridges[1] * w
        step_c, step_b, step_u, step_w = rate * self.steps
        u, w = u - step_u[:, None] * on_u, w - step_w[:, None] * on_w
        turn, folded = np.linalg.qr(np.stack([u[..., k:], w[..., k:]], axis=-1))
        source.folded(turn)
        u, w = (np.concatenate([each[..., :k], folded[..., i]], axis=-1) for i, each in enumerate((u, w)))
        return Parameters(c - step_c * on_c, state.b - step_b * scale * _sum(inner, 2), u, w)

    def _mean_update(self, state: State, chosen: NDArray[np.intp] | None, rate: float) -> State:
        """One step along the mean over all noises, which leaves M to itself."""
        data = np.pad(self._chosen(chosen), [(0, 0), (0, 0), (0, 2)])
        alpha, beta = torch.tensor(self.points, dtype=torch.float64).T
        net = Parameters(*(torch.from_numpy(each) for each in state))
        slope = mean_gradient(net, torch.from_numpy(data), alpha, beta, self.d)
        scale = self.data.n / data.shape[1]
        on_c, on_b, on_u, on_w = (scale * each.numpy() for each in slope)
        step_c, step_b, step_u, step_w = rate * self.steps
        return Parameters(
            state.skip - step_c * on_c, state.b - step_b * on_b,
            state.u - step_u[:, None] * (on_u + self.ridges[0] * state.u),
            state.w - step_w[:, None] * (on_w + self.ridges[1] * state.w),
        )

    def _chosen(self, chosen: NDArray[np.intp] | None) -> Array:
        return self.data.data if chosen is None else self.data.data[np.arange(self.data.seeds)[:, None], chosen]

    def _look(self, state: State, source: SpanNoises, chosen: NDArray[np.intp] | None, repeats: int) -> _Seen:
        """Point 1: tanh and h of every noise, from its components along u and w."""
        alpha, beta = (each[:, None, None] for each in np.array(self.points).T)
        data = self._chosen(chosen)
        frame, factor = _orthonormal(np.stack([state.w, state.u], axis=2))
        on_frame = _rows_of(frame[..., : data.shape[2]], data)
        dots = source.dots(frame, chosen, repeats)
        flat = dots.reshape(*dots.shape[:3], -1)
        # w.x1, u.x1: (seeds, times, 2, size); w.x, u.x with the noises: (seeds, times, 2, repeats * size).
        of_data = np.tile(factor.swapaxes(2, 3) @ on_frame, repeats)
        of_x = alpha * (factor.swapaxes(2, 3) @ flat) + beta * of_data
        rows = np.empty_like(of_x)
        tanh = np.tanh(of_x[:, :, 0] / self.d**0.5 + state.b[..., None], out=rows[:, :, 0])
        square = (state.u * state.u).sum(axis=-1)[..., None]
        slope = 1.0 - tanh * tanh
        rows[:, :, 1] = slope * (state.skip[..., None] * of_x[:, :, 1] + tanh * square - of_data[:, :, 1])
        mix, inverse = _triangular(rows @ rows.swapaxes(2, 3))
        return _Seen(data, frame, on_frame, flat, of_x[:, :, 1], rows, mix, inverse, repeats)

    def _add_up(self, seen: _Seen, sums: Sums) -> _Total:
        """Points 2 and 3: what the noises add up to."""
        alpha, beta = (each[:, None, None] for each in np.array(self.points).T)
        frame, rows, (seeds, size, k) = seen.frame, seen.rows, seen.data.shape
        across = seen.mix.swapaxes(2, 3)
        # Q^T x1 over the pairs, then without its components along the frame.
        q_data = seen.inverse.swapaxes(2, 3) @ rows.reshape(*rows.shape[:3], seen.repeats, size).sum(axis=3)
        q_span = (q_data.reshape(seeds, -1, size) @ seen.data).reshape(*q_data.shape[:3], k)
        q_rest = -((q_data @ seen.on_frame.swapaxes(2, 3)) @ frame)
        q_rest[..., :k] += q_span
        inside = sums.inside - (sums.inside @ frame.swapaxes(2, 3)) @ frame
        moved = alpha * ((rows @ seen.dots.swapaxes(2, 3)) @ frame + across @ inside)
        targets = across @ q_span
        moved[..., :k] += beta * targets
        beyond = alpha * (across @ sums.outside)
        left = seen.repeats * (_sum(seen.data * seen.data, 1)[:, None] - _sum(seen.on_frame**2, 2)) - _sum(q_rest**2, 2)
        cross = _sum(seen.dots * np.tile(seen.on_frame, seen.repeats), 2) + _sum(inside * q_rest, 2)
        cross += np.sqrt(np.maximum(left, 0.0)) * sums.along
        squares = _sum(seen.dots**2, 2) + _sum(inside**2, 2) + _sum(sums.outside**2, 2) + sums.along**2 + sums.rest
        return _Total(np.concatenate([moved, beyond], axis=-1), targets, cross, squares)

    def measure(self, state: State) -> UntiedOverlaps:
        length = self.data.mixture.radius * self.d**0.5
        q, r = ((each * each).sum(axis=-1) / self.d for each in (state.u, state.w))
        return fix_sign(state.skip, state.b, state.u[..., 0] / length, state.w[..., 0] / length, q, r)

    def along_data(self, state: State) -> tuple[Array, Array]:
        side = np.where(state.w[..., :1] < 0, -1.0, 1.0)
        k = self.data.n + 1
        u, w = (side * (each[..., :k] @ self.data.data.swapaxes(1, 2)) / self.d for each in (state.u, state.w))
        return u, w

    def arrays(self, state: State) -> dict[str, Array]:
        return {str(k): each for k, each in enumerate(state)}

    def restored(self, arrays: Mapping[str, Array]) -> tuple[Self, State]:
        return self, Parameters(*(arrays[str(k)] for k in range(4)))


def _orthonormal(both: Array) -> tuple[Array, Array]:
    """Rows (.., 2, m) as factor^T frame: orthonormal rows, whatever the rank; factor (.., 2, 2)."""
    columns, factor = np.linalg.qr(both.swapaxes(2, 3))
    return np.ascontiguousarray(columns.swapaxes(2, 3)), factor


def _triangular(gram: Array) -> tuple[Array, Array]:
    """Upper triangular R (.., 2, 2), R^T R = gram, and its inverse, with 0 for what a vanishing direction would divide.

    Such a direction of Q is then 0: nothing is added along it, and the law of the rest is the same.
    """
    first, mixed, second = gram[..., 0, 0], gram[..., 0, 1], gram[..., 1, 1]
    factor, inverse = np.zeros_like(gram), np.zeros_like(gram)
    factor[..., 0, 0] = np.sqrt(first)
    inverse[..., 0, 0] = _reciprocal(factor[..., 0, 0])
    factor[..., 0, 1] = mixed * inverse[..., 0, 0]
    left = second - factor[..., 0, 1] ** 2
    factor[..., 1, 1] = np.sqrt(np.where(left > PARALLEL * second, left, 0.0))
    inverse[..., 1, 1] = _reciprocal(factor[..., 1, 1])
    inverse[..., 0, 1] = -factor[..., 0, 1] * inverse[..., 0, 0] * inverse[..., 1, 1]
    return factor, inverse


def _reciprocal(value: Array) -> Array:
    return np.divide(1.0, value, out=np.zeros_like(value), where=value != 0)


def _rows_of(frame: Array, data: Array) -> Array:
    """(seeds, times, 2, size): products of ``frame`` (seeds, times, 2, k) with ``data`` (seeds, size, k)."""
    seeds, times, _, k = frame.shape
    found = frame.reshape(seeds, 2 * times, k) @ data.swapaxes(1, 2)
    return np.asarray(found.reshape(seeds, times, 2, -1))


def _sum(array: Array, start: int) -> Array:
    """Over all axes from ``start`` on."""
    return np.asarray(array.sum(axis=tuple(range(start, array.ndim))))
