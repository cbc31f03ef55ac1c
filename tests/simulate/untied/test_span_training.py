"""The reduced training against the one in d dimensions: equal to rounding for equal noises, equal in law otherwise."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from asymptotics.calibration import assert_agrees, compare_mean, compare_two_samples
from asymptotics.phases import first_phase
from asymptotics.phases.first import first_phase_skip
from simulate import Mixture, Point, untied
from simulate.untied import (
    ClassData,
    DirectProblem,
    Drawn,
    Parameters,
    SpanProblem,
    UntiedAdam,
    UntiedOverlaps,
    UntiedSGD,
    UntiedSpan,
)
from simulate.untied.span import basis
from simulate.untied.span_update import Sums

Array = NDArray[np.float64]

MIXTURE = Mixture(d=20, sigma=1.2, radius=0.8, p=0.7)
POINTS = (Point(0.6, 0.4), Point(0.9, 0.1))
RIDGES = {"ridge_u": 0.3, "ridge_w": 0.2}
NAMES = UntiedOverlaps._fields


class _Shared:
    """Noises in d dimensions, told to the reduction in its own coordinates, and to the direct code as they are.

    ``axes`` (seeds, times, d, n + 3): the basis of the reduction's coordinates, the last two columns followed from step
    to step.
    """

    def __init__(self, axes: Array, data: Array) -> None:
        self.axes, self.data, self.generator = axes, data, np.random.default_rng(4)

    def dots(self, frame: Array, chosen: NDArray[np.intp] | None, repeats: int) -> Array:
        seeds, times, d, _ = self.axes.shape
        self.part = self.data if chosen is None else self.data[np.arange(seeds)[:, None], chosen]
        self.noise = self.generator.standard_normal((repeats, seeds, times, self.part.shape[1], d))
        self.along_frame = np.einsum("rstnd,stdm,stfm->stfrn", self.noise, self.axes, frame)
        return self.along_frame

    def sums(self, frame: Array, rows: Array, inverse: Array) -> Sums:
        directions = rows.swapaxes(2, 3) @ inverse
        seeds, times, d, m = self.axes.shape
        noise = self.noise.transpose(1, 2, 0, 3, 4).reshape(seeds, times, -1, d)
        pairs = np.tile(self.part, (1, len(self.noise), 1))
        parts = [np.zeros((seeds, times, *shape)) for shape in ((2, m), (2, 2), (), ())]
        self.beyond = np.zeros((seeds, times, d, 2))
        for s, t in np.ndindex(seeds, times):
            axes, q, plane = self.axes[s, t], directions[s, t], frame[s, t]
            inside = noise[s, t] @ axes
            outside = noise[s, t] - inside @ axes.T
            self.beyond[s, t], factor = np.linalg.qr((q.T @ outside).T)
            off, target = (each - each @ plane.T @ plane for each in (inside, pairs[s] @ axes))
            rest = target - q @ (q.T @ target)
            along = (off * rest).sum() / np.sqrt((rest**2).sum())
            squares = (noise[s, t] ** 2).sum() - (self.along_frame[s, t] ** 2).sum() - ((q.T @ off) ** 2).sum()
            values = (q.T @ inside, factor.T, along, squares - (factor**2).sum() - along**2)
            for part, value in zip(parts, values, strict=True):
                part[s, t] = value
        return Sums(*parts)

    def folded(self, factor: Array) -> None:
        four = np.concatenate([self.axes[..., -2:], self.beyond], axis=-1)
        self.axes = np.concatenate([self.axes[..., :-2], four @ factor], axis=-1)

    def normals(self, rows: slice, shape: tuple[int, ...]) -> Array:
        """The same noises again, for the direct code, one repeat after the other."""
        first, self.noise = self.noise[0], self.noise[1:]
        assert first.shape == first[rows].shape == shape
        return first


def _embedded(data: ClassData, state: tuple[torch.Tensor, ...]) -> tuple[Array, Parameters[Array]]:
    """The basis of the coordinates of u and w in the span, and those coordinates."""
    c, b, u, w = (each.numpy() for each in state)
    inner = np.repeat(basis(data)[:, None], u.shape[1], axis=1)
    both = np.stack([u, w], axis=-1)
    rest = both - inner @ (inner.swapaxes(2, 3) @ both)
    # Orthogonal to the data even where u or w has nothing beyond them.
    beyond = np.linalg.qr(np.concatenate([inner, rest], axis=-1))[0][..., -2:]
    axes = np.concatenate([inner, beyond], axis=-1)
    u, w = (np.einsum("std,stdm->stm", each, axes) for each in (u, w))
    return axes, Parameters(c, b, u, w)


def _same(direct: UntiedOverlaps, ours: UntiedOverlaps, tolerance: float) -> None:
    for name in NAMES:
        one, two = getattr(ours, name), getattr(direct, name)
        np.testing.assert_allclose(one, two, rtol=tolerance, atol=tolerance, err_msg=name)


def _still(which: str) -> Callable[[tuple[torch.Tensor, ...]], None]:
    def change(state: tuple[torch.Tensor, ...]) -> None:
        if which == "parallel":
            state[2].copy_(-2.0 * state[3])
        elif which in ("u", "w"):
            state["cbuw".index(which)].zero_()
        elif which == "both":
            state[2].zero_(), state[3].zero_()

    return change


@pytest.mark.parametrize("start", ["generic", "u", "w", "both", "parallel"])
@pytest.mark.parametrize(("d", "size", "repeats"), [
    (20, None, 1), (12, None, 2), (30, 3, 1), (30, 2, 4), (20, None, None), (20, 3, None),
])
def test_the_same_noises_give_the_same_network(d: int, size: int | None, repeats: int | None, start: str) -> None:
    """Step by step, their mean included, from degenerate starts too; left of d at its least are two dimensions."""
    mixture = Mixture(d=d, sigma=1.2, radius=0.8, p=0.7)
    data = ClassData.draw(mixture, n=6, seeds=2, seed=1)
    recipe = UntiedSGD(rate=0.5, batch=size, repeats=repeats, start_u=0.8, start_w=1.1, skip_start=0.3, b_start=0.2)
    problem = DirectProblem.of(data, POINTS, recipe, **RIDGES)
    reduced = SpanProblem.of(UntiedSpan.of(data), POINTS, recipe, **RIDGES)
    state = problem.start(7)
    _still(start)(state)
    axes, ours = _embedded(data, state)
    source = _Shared(axes, data.data.numpy())
    steps, order = problem.steps, np.random.default_rng(3)
    for step in range(6):
        _same(problem.measure(Parameters(*state)), reduced.measure(ours), 1e-9)
        chosen = None if size is None else np.stack([order.permutation(6)[:size] for _ in range(2)])
        ours = reduced.update(ours, source, chosen, recipe.at(step))
        slope = problem.gradient(Parameters(*state), source, chosen)
        for value, rate, each in zip(state, steps, slope, strict=True):
            value -= recipe.at(step) * (rate if value.dim() == 2 else rate[..., None]) * each
    for direct, found in zip(problem.along_data(Parameters(*state)), reduced.along_data(ours), strict=True):
        np.testing.assert_allclose(found, direct, rtol=1e-9, atol=1e-9)


def _table(overlaps: UntiedOverlaps, *along: Array) -> Array:
    """(seeds, columns): what is compared, and its square, for both times."""
    rows = [*overlaps, *(each[..., k] for each in along for k in (0, -1))]
    flat = np.concatenate(rows, axis=1)
    return np.concatenate([flat, flat**2], axis=1)


def _in_law(d: int, runs: int, updates: int, batch: int | None, repeats: int, within: float) -> None:
    """One data set and one start law, so that what differs between runs is the noise of training (and the start)."""
    mixture = Mixture(d=d, sigma=1.2, radius=0.8, p=0.7)
    one = ClassData.draw(mixture, n=5, seeds=1, seed=1, plus=3)
    data = ClassData(mixture=mixture, labels=one.labels.repeat(runs, 1), data=one.data.repeat(runs, 1, 1))
    recipe = UntiedSGD(
        batch=batch, repeats=repeats, iterations=updates, rate=0.5, record_every=updates, start_u=0.3, start_w=0.5,
        skip_start=0.2, b_start=0.3,
    )
    direct = untied.train(data, POINTS, recipe=recipe, **RIDGES, seed=2)
    ours = untied.train_span(UntiedSpan.of(data), POINTS, recipe=recipe, **RIDGES, seed=3)
    tables = [_table(each.final, each.u_data, each.w_data) for each in (ours, direct)]
    scale = np.sqrt((tables[1] ** 2).mean(axis=0))
    verdict = compare_two_samples(*tables, scale=scale, comparisons=12)
    print(f"d = {d}, {updates} updates: worst MDD {verdict.resolution:.3f} of the root mean square")
    assert_agrees(verdict, within=within)


@pytest.mark.parametrize("updates", [1, 3])
@pytest.mark.parametrize(("d", "batch", "repeats"), [(20, None, 1), (20, 2, 2), (200, None, 1)])
def test_the_law_is_that_in_d_dimensions(d: int, batch: int | None, repeats: int, updates: int) -> None:
    _in_law(d, 3000 if d == 20 else 1500, updates, batch, repeats, 0.5)


@pytest.mark.parametrize("batch", [None, 2])
def test_networks_updated_part_by_part_have_the_same_law(batch: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulate.untied.span_update.BLOCK", 7 * 20)
    _in_law(20, 3000, 2, batch, 2 if batch else 4, 0.5)


@pytest.mark.slow
@pytest.mark.parametrize("updates", [1, 3, 100])
@pytest.mark.parametrize(("d", "batch", "repeats"), [(20, 3, 2), (200, None, 1)])
def test_the_law_is_that_in_d_dimensions_in_the_long_run(d: int, batch: int | None, repeats: int, updates: int) -> None:
    _in_law(d, 20_000 if d == 20 else 5000, updates, batch, repeats, 0.2)


def test_what_is_drawn_of_the_noises_has_their_degrees_of_freedom() -> None:
    """Few dimensions, where one more or less in any chi-square is seen: squares of all, and the Gram beyond M."""
    nets, d, noises, k = 40_000, 9, 3, 5
    source = Drawn(np.random.default_rng(2), d, noises)
    frame = np.zeros((nets, 1, 2, k))
    frame[..., 0, 0] = frame[..., 1, 1] = 1.0
    dots = source.dots(frame, None, 1).reshape(nets, 1, 2, noises)
    sums = source.sums(frame, np.ones((nets, 1, 2, noises)), np.zeros((nets, 1, 2, 2)))
    off = sums.inside.copy()
    off[..., :2] = 0.0
    squares = (dots**2).sum((1, 2, 3)) + sum((each**2).sum((1, 2, 3)) for each in (off, sums.outside))
    squares = squares + (sums.along**2 + sums.rest)[:, 0]
    gram = (sums.outside @ sums.outside.swapaxes(2, 3))[:, 0]
    # In all: chi-square of noises d; beyond M: Wishart of d - k.
    assert_agrees(compare_mean(squares, noises * d, comparisons=6), within=0.02)
    assert_agrees(compare_mean(np.stack([gram[:, 0, 0], gram[:, 1, 1]], axis=1), d - k, comparisons=3), within=0.05)
    assert_agrees(compare_mean(gram[:, 0, 1], 0.0, comparisons=6, scale=d - k), within=0.05)


@pytest.mark.parametrize("d", [10, 40])
def test_data_and_starts_have_their_law(d: int) -> None:
    """Gram matrices of drawn data, u and w against those of vectors in d dimensions."""
    mixture, runs = Mixture(d=d, sigma=1.2, radius=0.8, p=0.7), 10_000
    recipe = UntiedSGD(start_u=0.5, start_w=2.0)
    tables = []
    drawn = UntiedSpan.draw(mixture, n=3, seeds=runs, seed=5)
    state = SpanProblem.of(drawn, POINTS[:1], recipe, **RIDGES).start(6)
    vectors = np.concatenate([np.pad(drawn.data, [(0, 0), (0, 0), (0, 2)]), state.u, state.w], axis=1)
    data = ClassData.draw(mixture, n=3, seeds=runs, seed=7)
    start = [each.numpy() for each in DirectProblem.of(data, POINTS[:1], recipe, **RIDGES).start(8)]
    direct = np.concatenate([data.data.numpy(), start[2], start[3]], axis=1)
    along = [vectors[:, :, 0], direct @ (data.mean.numpy() / (0.8 * d**0.5))]
    for rows, first in zip((vectors, direct), along, strict=True):
        gram = (rows @ rows.swapaxes(1, 2))[:, *np.triu_indices(5)]
        tables.append(np.concatenate([gram, gram**2, first, first**2], axis=1))
    scale = np.sqrt((tables[1] ** 2).mean(axis=0))
    assert_agrees(compare_two_samples(*tables, scale=scale, comparisons=2), within=0.25)


def _second(n: int, ridge: float, beta: float) -> tuple[float, float]:
    """c and m of the second phase at sigma = 1, infinitely many draws."""
    rest = (2 * ridge + n - 1) / (n + ridge)
    c = beta * rest / ((1 - beta) ** 2 + beta**2 * rest)
    return c, n * (1 - c * beta) / (n + ridge)


def test_the_second_phase_is_learned() -> None:
    """n = 16, ridge_u = .1, t = .3 at d = 10^6: c = .4926 (not .4678 as once printed), m and q."""
    span = UntiedSpan.draw(Mixture(d=10**6, sigma=1.0), n=16, seeds=20, seed=1)
    recipe = UntiedSGD(iterations=300, repeats=50, rate=0.5, record_every=300)
    found = untied.train_span(span, [Point(0.7, 0.3)], recipe=recipe, ridge_u=0.1, ridge_w=1e-3, seed=2).final
    c, m = _second(16, 0.1, 0.3)
    assert c == pytest.approx(0.4926, abs=5e-5)
    for value, expected, bias in ((found.skip, c, 3e-4), (found.m, m, 3e-3), (found.q, m**2 * (1 + 1 / 16), 6e-3)):
        verdict = compare_mean(value[:, 0], expected, bias=bias * expected, comparisons=3)
        print(verdict)
        assert_agrees(verdict, within=0.03)


FIRST = {"n_plus": 13, "n_minus": 3, "sigma": 1.0, "ridge_u": 0.1, "ridge_w": 0.5}


def _first(d: int, s: float, seeds: int, recipe: UntiedSGD, bias: float, skip_bias: float) -> None:
    """At clock ``s`` the measured overlaps lie within ``bias`` of theory (lengths squared: twice that).

    The limit d -> infinity misses sqrt(d) c by O(1/sqrt(d)).
    """
    # beta sqrt(d)/sqrt(alpha^2 + beta^2) = s on the linear schedule.
    ratio = s / (d - s**2) ** 0.5
    values = Point(1.0 / (1.0 + ratio), ratio / (1.0 + ratio))
    span = UntiedSpan.draw(Mixture(d=d, sigma=1.0), n=16, plus=13, seeds=seeds, seed=1)
    found = untied.train_span(span, [values], recipe=recipe, ridge_u=0.1, ridge_w=0.5, seed=2).final
    theory = first_phase(**FIRST, s=s)
    assert not theory.trivial
    for name in NAMES:
        if name == "skip":
            expected, allowed = float(first_phase_skip(**FIRST, s=s)) / d**0.5, skip_bias
        else:
            expected, allowed = float(getattr(theory, name)), (2.0 if name in "qr" else 1.0) * bias
        verdict = compare_mean(getattr(found, name)[:, 0], expected, bias=allowed * expected, comparisons=len(NAMES))
        print(name, verdict)
        assert_agrees(verdict, within=0.2)


def test_the_first_phase_is_learned() -> None:
    """kappa = 2, 13 samples of one class and 3 of the other, at the end T = 1; twice as many noises an update as d."""
    recipe = UntiedSGD(iterations=2000, repeats=300, rate=0.05, hold=0.8, final=0.1, record_every=2000)
    _first(2500, 2.0, 10, recipe, bias=0.035, skip_bias=0.06)


@pytest.mark.slow
@pytest.mark.parametrize("s", [0.8, 1.4, 2.0])
def test_the_first_phase_is_learned_at_large_d(s: float) -> None:
    """The gap in c closes like 1/sqrt(d); what remains elsewhere is the noise of training."""
    recipe = UntiedSGD(iterations=4000, repeats=1000, rate=0.05, hold=0.3, final=0.1, record_every=4000)
    _first(40_000, s, 6, recipe, bias=0.035, skip_bias=0.03)


def test_reproducible_and_taken_up_again() -> None:
    span = UntiedSpan.draw(MIXTURE, n=5, seeds=2, seed=1)
    recipe = UntiedSGD(iterations=9, record_every=4, batch=3, repeats=1)
    seen: list[int] = []
    whole = untied.train_span(span, POINTS, recipe=recipe, **RIDGES, seed=3, progress=seen.append)
    assert whole.recorded == (0, 4, 8, 9) == tuple(seen)
    early = untied.train_span(span, POINTS, recipe=recipe, **RIDGES, seed=3, until=8)
    again = untied.train_span(span, POINTS, recipe=recipe, **RIDGES, seed=3, start=early)
    assert again.recorded == whole.recorded
    for one, two in zip((*whole.last, *whole.overlaps), (*again.last, *again.overlaps), strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(untied.train_span(span, POINTS, recipe=recipe, **RIDGES, seed=4).last.u, whole.last.u)
    np.testing.assert_array_equal(UntiedSpan.draw(MIXTURE, n=5, seeds=7, seed=1).data[:2], span.data)


def test_the_dimension_costs_nothing() -> None:
    """No array of the state or of a step has anything to do with d, and the counts of degrees of freedom are exact."""
    span = UntiedSpan.draw(Mixture(d=10**9, sigma=1.0), n=5, seeds=1, seed=1)
    recipe = UntiedSGD(iterations=20, record_every=20)
    found = untied.train_span(span, POINTS, recipe=recipe, **RIDGES, seed=1)
    assert found.last.u.shape == (1, 2, 8)
    shapes = ((1, 1, 2, 8), (1, 1, 2, 500), (1, 1, 2, 2))
    drawn = Drawn(np.random.default_rng(0), 10**9, 5).sums(*(np.zeros(shape) for shape in shapes))
    assert drawn.rest[0, 0] == pytest.approx(498e9, rel=1e-4)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"recipe": UntiedAdam()}, TypeError, "no rotation preserves"),
        ({"recipe": None}, TypeError, "must be an UntiedSGD or an UntiedAdam"),
        ({"recipe": UntiedSGD(batch=2, repeats=1)}, ValueError, "batch \\* repeats = 2 must be >= 3"),
        ({"recipe": UntiedSGD(batch=9)}, ValueError, "batch = 9 must be <= n = 5"),
        ({"recipe": UntiedSGD(skip_start=1e200)}, FloatingPointError, "diverged within \\d updates"),
        ({"points": [Point(-1.0, 0.0)]}, ValueError, "alpha = -1.0 must be >= 0"),
        ({"ridge_w": -1.0}, ValueError, "ridge_w = -1.0 must be >= 0"),
        ({"span": 3}, TypeError, "span must be an UntiedSpan, not int"),
    ],
)
def test_bad_input(change: dict[str, Any], error: type[Exception], words: str) -> None:
    given = {"span": UntiedSpan.draw(MIXTURE, n=5, seeds=1, seed=1), "points": POINTS, "recipe": UntiedSGD(), "seed": 1,
             **RIDGES, **change}
    with pytest.raises(error, match=words):
        untied.train_span(given.pop("span"), given.pop("points"), **given)


def test_too_few_dimensions_and_too_much_memory() -> None:
    with pytest.raises(ValueError, match=r"d = 20 must be >= n \+ 5 = 21.*train in d dimensions"):
        UntiedSpan.draw(MIXTURE, n=16, seeds=1, seed=1)
    with pytest.raises(MemoryError, match="d does not matter"):
        UntiedSpan.draw(Mixture(d=10**9, sigma=1.0), n=10**6, seeds=10, seed=1)
    with pytest.raises(ValueError, match=r"must be \(seeds, n, n \+ 1\)"):
        UntiedSpan(mixture=MIXTURE, labels=np.ones((1, 5)), data=np.ones((1, 5, 5)))


def _resumed(change: dict[str, Any], begun: dict[str, Any] | None = None) -> None:
    """A training begun one way and gone on with in another."""
    first: dict[str, Any] = {
        "span": UntiedSpan.draw(MIXTURE, n=5, seeds=2, seed=1), "points": POINTS, "seed": 1,
        "recipe": UntiedSGD(iterations=20, record_every=10), **RIDGES, **(begun or {}),
    }
    then = {**first, **change}
    start = untied.train_span(first.pop("span"), first.pop("points"), **first, until=10)
    untied.train_span(then.pop("span"), then.pop("points"), **then, start=start)


@pytest.mark.parametrize("change", [
    {"seed": 2}, {"recipe": UntiedSGD(iterations=30, record_every=10)}, {"ridge_u": 0.9}, {"points": POINTS[:1]},
    {"span": UntiedSpan.draw(MIXTURE, n=6, seeds=2, seed=1)}, {"span": UntiedSpan.draw(MIXTURE, n=5, seeds=2, seed=2)},
])
def test_a_training_goes_on_with_what_it_began_with(change: dict[str, Any]) -> None:
    _resumed({})
    with pytest.raises(ValueError, match="start was trained with other data, points, recipe, ridges or seed"):
        _resumed(change)


def test_a_start_of_another_kind() -> None:
    data = ClassData.draw(MIXTURE, n=5, seeds=2, seed=1)
    recipe = UntiedSGD(iterations=20, record_every=10)
    direct = untied.train(data, POINTS, recipe=recipe, **RIDGES, seed=1, until=10)
    for start in (direct, 5):
        with pytest.raises(TypeError, match="start must be a SpanTraining"):
            untied.train_span(UntiedSpan.of(data), POINTS, recipe=recipe, **RIDGES, seed=1, start=start)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="start was trained with other"):
        untied.train(data, POINTS, recipe=UntiedAdam(iterations=20), **RIDGES, seed=1, start=direct)
