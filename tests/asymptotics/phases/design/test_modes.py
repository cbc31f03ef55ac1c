"""Any number of modes: clocks, hierarchy, generated weights and the multi-node dilation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from asymptotics.phases import speciation
from asymptotics.phases.design import (
    Event,
    Modes,
    PhaseDesign,
    Target,
    best_dilation,
    boundary_time,
    design_dilation,
    design_phases,
    generated_weight,
    half_grid,
    phase_hierarchy,
)
from asymptotics.phases.design.hierarchy import split_levels
from asymptotics.phases.design.many_modes import whole_steps
from asymptotics.phases.design.propagation import InSpan, Path, carried, generator
from asymptotics.schedule import Dilation, linear, ornstein_uhlenbeck

FOUR = Modes(np.array([[-1040.0], [-960.0], [950.0], [1050.0]]), np.array([0.1, 0.2, 0.3, 0.4]), 1.0, 1e6)
unit = st.floats(0.05, 0.95)


def weights_of(parts: list[float]) -> np.ndarray:
    return np.array(parts) / sum(parts)


def times_of(design: PhaseDesign) -> np.ndarray:
    """The time grid of the undilated schedule that the dilation stands for."""
    return np.minimum(design.dilation(design.dilation.grid(design.steps)), 1.0)


@st.composite
def trees(draw: st.DrawFn) -> tuple[Modes, tuple[float, float]]:
    """Groups far apart of modes nearer together, in general position, with both half distances."""
    size = draw(st.floats(50, 1e4))
    ratio = draw(st.floats(5, 100))
    groups, each = draw(st.integers(2, 3)), draw(st.integers(2, 3))
    far, near = np.eye(groups) * size * 2**0.5, np.eye(each) * size / ratio * 2**0.5
    means = np.array([np.concatenate([a, b]) for a in far for b in near])
    parts = draw(st.lists(st.floats(0.2, 1), min_size=len(means), max_size=len(means)))
    return Modes(means, weights_of(parts), draw(st.floats(0.1, 2)), 1e8), (size, size / ratio)


@given(p=unit, sigma=st.floats(0.1, 3), length=st.floats(10, 1e4), beta=st.floats(0.01, 0.99))
def test_two_modes_are_a_target(p: float, sigma: float, length: float, beta: float) -> None:
    modes = Modes.from_target(Target(p, sigma, length**2))
    s = float(speciation(alpha=1 - beta, beta=beta, sigma=sigma, d=length**2))
    assert modes.clocks(1 - beta, beta)[0, 1] == pytest.approx(s, rel=1e-12)
    assert modes.pair(0, 1) == pytest.approx((p, length), rel=1e-12)
    ours = modes.boundary(0, 1, Event.spinodal)
    theirs = boundary_time(Event.spinodal(p), linear, sigma=sigma, d=length**2)
    assert ours.time == pytest.approx(theirs.time, rel=1e-12) and ours.certified


@pytest.mark.parametrize(("shares", "share"), [("equal", 0.5), ((0.3, 0.7), 0.3), ("search", None)])
def test_two_modes_get_the_answer_of_best_dilation(shares: Any, share: float | None) -> None:
    target = Target(0.7, 1.2, 1e6)
    ours = design_dilation([[3.0, 4.0], [3.0, 2004.0]], [0.7, 0.3], 1.2, 12, shares=shares)
    theirs = best_dilation(target, 12, share=share)
    assert (ours.kappa, ours.shares[0], ours.error) == pytest.approx((theirs.kappa, theirs.share, theirs.error))
    assert ours.dilation.expression == theirs.dilation.expression
    assert abs(ours.weights[0] - 0.7) == pytest.approx(ours.error) and ours.integration == 0


@given(trees(), st.randoms(use_true_random=False))
@settings(max_examples=8)
def test_modes_depend_on_distances_alone(tree: tuple[Modes, Any], random: Any) -> None:
    modes, _ = tree
    rng = np.random.default_rng(random.randrange(2**32))
    m = modes.means.shape[1]
    turn, _ = np.linalg.qr(rng.normal(size=(m + 40, m)))
    moved = Modes(modes.means @ turn.T + rng.normal(size=m + 40), modes.weights, modes.sigma)
    by_distance = Modes.from_distances(2 * modes.separations, modes.weights, modes.sigma, d=1e8)
    by_product = Modes.from_gram(modes.means @ modes.means.T, modes.weights, modes.sigma, d=1e8)
    for other in (moved, by_distance, by_product):
        np.testing.assert_allclose(other.separations, modes.separations, rtol=1e-8)
        assert other.rank == modes.rank == modes.count - 1 or other.rank == modes.rank


@given(trees(), st.randoms(use_true_random=False))
@settings(max_examples=5)
def test_a_hierarchy_of_separations_gives_a_hierarchy_of_phases(tree: tuple[Modes, Any], random: Any) -> None:
    modes, (far, near) = tree
    found = phase_hierarchy(modes)
    assert len(found.phases) == 2
    first, second = found.phases
    assert (first.nearest, second.nearest) == pytest.approx((far, near), rel=1e-9)
    assert first.opens < first.closes < second.closes and first.opens < second.opens
    inside = sorted(split.groups for split in second.splits)
    assert sorted(tuple(i for g in groups for i in g) for groups in inside) == sorted(first.splits[0].groups)
    # Another order of the modes: the same tree under their new names, at the same times.
    order = list(range(modes.count))
    random.shuffle(order)
    again = phase_hierarchy(Modes(modes.means[order], modes.weights[order], modes.sigma, modes.d))
    for old, new in zip(found.phases, again.phases, strict=True):
        renamed = {tuple(sorted(tuple(sorted(order[i] for i in g)) for g in s.groups)) for s in new.splits}
        assert renamed == {split.groups for split in old.splits}
        assert (new.opens, new.closes) == pytest.approx((old.opens, old.closes), rel=1e-9)


@given(trees(), st.floats(0.1, 10))
@settings(max_examples=8)
def test_scaling_the_data_scales_the_ratio_at_every_boundary(tree: tuple[Modes, Any], factor: float) -> None:
    modes, _ = tree
    scaled = Modes(factor * modes.means, modes.weights, factor * modes.sigma, modes.d)
    assert [s.groups for level in split_levels(scaled) for s in level] == [
        s.groups for level in split_levels(modes) for s in level
    ]
    one, other = modes.boundary(0, modes.count - 1).time, scaled.boundary(0, modes.count - 1).time
    assert other / (1 - other) * factor == pytest.approx(one / (1 - one), rel=1e-9)


def test_phases_follow_schedule_and_dilation() -> None:
    plain = phase_hierarchy(FOUR)
    design = design_phases(FOUR, 30)
    dilated = phase_hierarchy(FOUR, dilation=design.dilation)
    for before, after in zip(plain.phases, dilated.phases, strict=True):
        assert design.dilation(after.closes) == pytest.approx(before.closes, rel=1e-9)
    assert min(dilated.shares()) > 0.1 and plain.shares()[0] < 0.01
    backward = phase_hierarchy(FOUR, schedule=ornstein_uhlenbeck)
    assert backward.phases[0].opens > backward.phases[0].closes > backward.phases[1].closes
    with pytest.raises(ValueError, match="no finite interval"):
        backward.shares()
    assert "phase 2" in str(plain) and "{0} (0.1) | {1} (0.2)" in str(plain)
    wide = phase_hierarchy(Modes(np.array([[0.0], [1.0], [100.0]]), np.array([0.3, 0.3, 0.4]), 1.0, 1e4))
    assert [phase.resolved for phase in wide.phases] == [True, False] and wide.phases[1].closes == 1


def test_equally_spaced_and_equidistant_modes_have_one_phase() -> None:
    for means in (np.arange(5.0)[:, None] * 100, np.eye(5) * 100):
        level, = split_levels(Modes(means, np.full(5, 0.2), 1.0, 1e4), apart=1.0)
        assert level[0].groups == tuple((i,) for i in range(5))


@given(p=unit, sigma=st.floats(0.1, 2), length=st.floats(5, 1e4), kappa=st.floats(0.5, 4))
@settings(max_examples=4)
@pytest.mark.parametrize("method", ["euler", "heun"])
def test_generated_weights_of_two_modes(method: str, p: float, sigma: float, length: float, kappa: float) -> None:
    target = Target(p, sigma, length**2)
    grid = half_grid(target, kappa, 0.5, 20)
    ours, _ = generator(Modes.from_target(target), method=method).weights(grid[None, :])
    assert ours[0, 0] == pytest.approx(float(generated_weight(target, grid, method=method)), abs=1e-12)


@pytest.mark.parametrize("method", ["euler", "heun"])
def test_a_step_keeps_the_order_on_a_line_and_masses_are_those_of_the_starts(method: str) -> None:
    design = design_phases(FOUR, 30, method=method)
    grid = times_of(design)
    starts = np.linspace(-6, 6, 20_001)
    end = carried(FOUR, Path(linear, grid), starts[:, None], method)[:, 0]
    assert (np.diff(end) >= 0).all()
    place = FOUR.coordinates[:, 0]
    labels = np.argmin(abs(end[:, None] - place), axis=1)
    mass = np.exp(-(starts**2) / 2) * (starts[1] - starts[0]) / np.sqrt(2 * np.pi)
    counted = np.array([mass[labels == mode].sum() for mode in range(4)])
    np.testing.assert_allclose(design.weights, counted, atol=3e-4)
    assert sum(design.weights) == pytest.approx(1, abs=1e-12)


def test_integration_over_starts_agrees_with_the_exact_masses_of_a_line() -> None:
    design = design_phases(FOUR, 30)
    grid = times_of(design)[None, :]
    exact, _ = generator(FOUR).weights(grid)
    by_starts, spread = InSpan.prepared(FOUR, "euler", linear, 1024).weights(grid)
    assert (abs(by_starts - exact) < 6 * spread + 1e-4).all()
    assert spread.max() < 4e-3


def test_many_fine_steps_generate_the_weights() -> None:
    grid = np.concatenate([[0.0], np.geomspace(1e-7, 0.5, 250), np.linspace(0.5, 1, 60)[1:]])
    found, _ = generator(FOUR, method="heun").weights(grid[None, :])
    np.testing.assert_allclose(found[0], FOUR.weights, atol=2e-4)


def test_no_kappa_of_the_family_is_much_better() -> None:
    design = design_phases(FOUR, 30)
    counts = whole_steps(design.shares, 30)
    lengths = np.array([phase[0].nearest if len(phase) == 1 else min(s.nearest for s in phase)
                        for phase in design.splits[:-1]])
    grids = []
    for kappa in np.geomspace(0.1, 30, 400):
        edges = np.concatenate([[0.0], kappa / lengths, [1.0]])
        parts = [np.linspace(a, b, n, endpoint=False) for a, b, n in zip(edges, edges[1:], counts, strict=False)]
        grids.append(np.concatenate([*parts, [1.0]]))
    found, _ = generator(FOUR).weights(np.array(grids))
    best = 0.5 * abs(found - FOUR.weights).sum(axis=-1).min()
    assert design.error <= 1.05 * best
    assert design.error < 0.2 * design.undilated


def test_the_design_says_what_its_dilation_does() -> None:
    design = design_phases(FOUR, 40, shares=(0.5, 0.3, 0.2))
    assert design.shares == pytest.approx((0.5, 0.3, 0.2))
    assert design.dilation.nodes == pytest.approx((0.5, 0.8))
    assert design.dilation(np.array([0.5, 0.8])) == pytest.approx(design.nodes)
    found, _ = generator(FOUR).weights(times_of(design)[None, :])
    np.testing.assert_allclose(found[0], design.weights, atol=1e-9)
    assert 0.5 * abs(np.array(design.weights) - FOUR.weights).sum() == pytest.approx(design.error)
    assert "{0, 1}" in str(design) and "width and means" in str(design)
    order = [2, 0, 3, 1]
    again = design_phases(Modes(FOUR.means[order] + 7, FOUR.weights[order], 1.0, 1e6), 40, shares=(0.5, 0.3, 0.2))
    np.testing.assert_allclose(np.array(design.weights)[order], again.weights, atol=1e-6)


def test_searching_the_shares_does_not_hurt() -> None:
    equal, searched = (design_phases(FOUR, 12, shares=shares) for shares in ("equal", "search"))
    assert searched.error <= equal.error * (1 + 1e-9) and sum(searched.shares) == pytest.approx(1)
    assert searched.shares[-1] >= min(0.2, equal.shares[-1])


def test_modes_in_general_position_are_designed_for() -> None:
    means = np.array([[1000.0, 50.0], [1000.0, -50.0], [-1000.0, 50.0], [-1000.0, -47.0]])
    design = design_dilation(means, [0.1, 0.2, 0.3, 0.4], 1.0, 40, d=1e6, starts=1024)
    assert len(design.nodes) == 2 and 0 < design.integration < 0.01
    assert design.error < 0.2 * design.undilated and design.overlap < 1e-100


def test_weights_that_symmetry_makes_right_get_the_usual_kappa() -> None:
    means = np.eye(3) * 1000
    assert 1 < design_dilation(means, np.full(3, 1 / 3), 1.0, 20, d=1e6, starts=256).kappa < 10


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=6), st.integers(0, 50))
def test_whole_steps(parts: list[float], extra: int) -> None:
    steps = len(parts) + extra
    counts = whole_steps(weights_of(parts), steps)
    assert counts.sum() == steps and counts.min() >= 1


PAIR = [[1.0, 0.0], [-1.0, 0.0]]


@pytest.mark.parametrize(("means", "weights", "sigma", "options", "text"), [
    ([[1.0]], [1.0], 1.0, {}, "two modes"),
    ([1.0, 2.0], [0.5, 0.5], 1.0, {}, "one row for each"),
    ([[0.0, 1.0], [0.0, 1.0], [3.0, 1.0]], [0.2, 0.3, 0.5], 1.0, {}, "means 0 and 1 coincide"),
    (PAIR, [0.5, 0.6], 1.0, {}, "divide them by their sum"),
    (PAIR, [-0.5, 1.5], 1.0, {}, r"weights\[0\] = -0.5"),
    (PAIR, [0.0, 1.0], 1.0, {}, "leave out a mode"),
    (PAIR, [float("nan"), 0.5], 1.0, {}, r"weights\[0\] = nan"),
    (PAIR, [0.2, 0.3, 0.5], 1.0, {}, "one for each mode"),
    (PAIR, [0.5, 0.5], 0.0, {}, "sigma > 0"),
    ([[np.inf, 0.0], [0.0, 0.0]], [0.5, 0.5], 1.0, {}, "means must be finite"),
    (PAIR, [0.5, 0.5], 1.0, {"d": 0.5}, "span 1 dimensions"),
])
def test_bad_modes(means: Any, weights: Any, sigma: Any, options: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Modes(means, weights, sigma, **options)


@pytest.mark.parametrize(("distances", "text"), [
    ([[0.0, 1.0], [2.0, 0.0]], "symmetric"), ([[1.0, 1.0], [1.0, 0.0]], "diagonal"),
    ([[0.0, 1.0]], r"\(k, k\)"), ([[0, 1, 5], [1, 0, 1], [5, 1, 0]], "Euclidean"), ([[0, 0], [0, 0]], "coincide"),
])
def test_bad_distances(distances: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Modes.from_distances(distances, np.full(len(distances), 1 / len(distances)), 1.0, d=10)


@pytest.mark.parametrize(("options", "text"), [
    ({"steps": 2}, "steps = 2 must be an integer >= 3"), ({"steps": 20.0}, "steps = 20.0"),
    ({"shares": (0.5, 0.5)}, "it must hold 3"), ({"shares": (0.5, 0.6, -0.1)}, "sum to 1"),
    ({"shares": "some"}, "'equal', 'search'"), ({"method": "rk4"}, "method = 'rk4'"), ({"starts": 1}, "starts = 1"),
])
def test_bad_designs(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        design_phases(FOUR, options.pop("steps", 20), **options)


@pytest.mark.parametrize("modes", [
    FOUR, Modes(PAIR, [0.4, 0.6], 1.0, 100.0), Modes(np.eye(3) * 99, [0.2, 0.3, 0.5], 1.0),
])
def test_apart_and_starts_are_looked_at_whether_used_or_not(modes: Modes) -> None:
    for apart in (0.5, float("nan"), float("inf"), [2.0, 3.0]):
        for ask in (phase_hierarchy, split_levels, lambda modes, apart: design_phases(modes, 9, apart=apart)):
            with pytest.raises(ValueError, match=r"apart = .* must be a finite number >= 1"):
                ask(modes, apart=apart)  # type: ignore[operator]
    for apart in ("a", None, True):
        with pytest.raises(TypeError, match=r"apart = .* must be a real number"):
            design_phases(modes, 9, apart=apart)  # type: ignore[arg-type]
    far = Modes(modes.means * 1000, modes.weights, modes.sigma, modes.d)
    for starts in (3, 1e4, 0, True, "a"):
        with pytest.raises(ValueError, match=r"starts = .* must be an integer >= 128"):
            design_phases(far, 9, starts=starts)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"method = 'rk4'"):
        design_phases(far, 9, method="rk4")


@pytest.mark.parametrize("shares", [(0.01, 0.99), (0.99, 0.01), (0.04, 0.96)])
def test_every_part_of_a_design_has_a_step(shares: tuple[float, float]) -> None:
    found = design_phases(Modes.from_target(Target(0.8, 1.0, 1e6)), 10, shares=shares)
    first = 9 if shares[0] > 0.5 else 1
    assert found.shares == pytest.approx((first / 10, 1 - first / 10)) and found.dilation.nodes == (first / 10,)
    grid = times_of(found)
    assert abs(float(generated_weight(Target(0.8, 1.0, 1e6), grid)) - 0.8) == pytest.approx(found.error, rel=1e-6)


def test_the_dimension_stands_before_the_steps_or_nowhere() -> None:
    means, weights = [[1000.0], [-1000.0]], [0.7, 0.3]
    wanted = design_dilation(means, weights, 1.0, 10, d=1e6)
    for found in (
        design_dilation(means, weights, 1.0, 1e6, 10), design_dilation(means, weights, 1.0, d=1e6, steps=10),
        design_dilation(means, weights, 1.0, 1e6, steps=10), design_dilation(means, weights, 1.0, None, 10),
    ):
        assert (found.kappa, found.steps, found.error) == (wanted.kappa, 10, wanted.error)
    twice: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        ((1e6, 10), {"d": 5}), ((10,), {"steps": 10, "d": 5}), ((1, 2, 3), {}), ((1, 2), {"steps": 3}),
    ]
    for args, options in twice:
        with pytest.raises(TypeError, match="each once"):
            design_dilation(means, weights, 1.0, *args, **options)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="needs steps"):
        design_dilation(means, weights, 1.0, d=1e6)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match=r"steps = 1000000\.0 must be an integer"):
        design_dilation(means, weights, 1.0, 1e6)  # type: ignore[call-overload]


def test_functions_dilate_the_hierarchy() -> None:
    tau = Dilation.half(3, 1e6)
    proved, found = (phase_hierarchy(FOUR, dilation=each) for each in (tau, lambda t: float(tau(t))))
    for one, other in zip(proved.phases, found.phases, strict=True):
        assert (other.opens, other.closes) == pytest.approx((one.opens, one.closes), abs=1e-12)
    assert found.schedule == "linear, dilated by <lambda>"
    assert FOUR.boundary(0, 1, dilation=lambda t: t).certified is False


def test_the_last_of_what_there_is_to_know_has_its_order() -> None:
    """Of two pairs the one of equal weights is the last to be known, by the remaining entropy of each."""
    found = phase_hierarchy(FOUR, edges=(1e-12, 1 - 1e-14))
    for phase in found.phases:
        assert 0 < phase.opens < phase.closes < 1
    usual = phase_hierarchy(FOUR)
    assert all(a.closes > b.closes for a, b in zip(found.phases, usual.phases, strict=True))


@pytest.mark.parametrize(("ask", "error", "text"), [
    (lambda: phase_hierarchy(FOUR, edges=(0.5,)), ValueError, r"edges = \(0.5,\) must be two numbers"),
    (lambda: phase_hierarchy(FOUR, edges=0.5), ValueError, r"edges = 0.5 must be two numbers"),
    (lambda: phase_hierarchy(FOUR, edges="ab"), TypeError, r"edges = 'ab'"),
    (lambda: phase_hierarchy(FOUR, edges=(0.1, float("nan"))), ValueError, "edges"),
    (lambda: phase_hierarchy("four"), TypeError, "modes = 'four' must be a Modes"),
    (lambda: design_phases("four", 9), TypeError, "modes = 'four' must be a Modes"),
    (lambda: phase_hierarchy(FOUR, schedule="linear"), TypeError, "schedule = 'linear' must be an Interpolant"),
    (lambda: phase_hierarchy(FOUR, dilation=3), TypeError, "dilation = 3 must be a Dilation or"),
    (lambda: FOUR.boundary(0, 1.5), ValueError, "second = 1.5 is not a mode"),
    (lambda: FOUR.boundary(False, 1), ValueError, "first = False is not a mode"),
    (lambda: FOUR.boundary("a", 1), ValueError, "first = a is not a mode"),
    (lambda: FOUR.boundary(0, 1, "bimodality"), TypeError, "criterion = 'bimodality' must be an Event"),
    (lambda: FOUR.boundary(0, 1, lambda p: p), TypeError, "event = 0.3.* must be an Event"),
])
def test_questions_of_wrong_types(ask: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        ask()


def test_bad_questions() -> None:
    near = Modes(np.eye(3) * 2, np.array([0.2, 0.3, 0.5]), 1.0)
    with pytest.raises(ValueError, match="no early phase to dilate; use equal steps"):
        design_phases(near, 20)
    with pytest.raises(ValueError, match=r"steps = 1 must"):
        design_dilation(PAIR, [0.5, 0.5], 1.0, 1)
    with pytest.raises(ValueError, match=r"apart = 0\.5"):
        phase_hierarchy(FOUR, apart=0.5)
    with pytest.raises(ValueError, match="edges"):
        phase_hierarchy(FOUR, edges=(0.9, 0.1))
    with pytest.raises(ValueError, match="second = 4 is not a mode"):
        FOUR.boundary(0, 4)
    with pytest.raises(ValueError, match="two different modes"):
        FOUR.boundary(1, 1)
    with pytest.raises(ValueError, match="never reaches s = 60 "):
        FOUR.boundary(0, 1, Event("late", "s", 60.0))
    with pytest.raises(ValueError, match="alpha and beta"):
        FOUR.clocks(0.0, 0.0)
    with pytest.raises(ValueError, match="products"):
        Modes.from_gram([[1.0, 3.0], [3.0, 1.0]], [0.5, 0.5], 1.0, d=10)
    assert set(FOUR.boundaries()) == {(i, j) for i in range(4) for j in range(i + 1, 4)}
