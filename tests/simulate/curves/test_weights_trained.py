"""Generation with trained networks in a few coordinates: the same products, and in law that in d dimensions."""

from typing import Any

import numpy as np
import pytest
import torch

from asymptotics.calibration import assert_agrees, compare_mean, compare_two_samples
from asymptotics.schedule import Interpolant, linear, variance_exploding
from simulate import Mixture, Point, curves, flow, untied
from simulate.curves import generated_fraction
from simulate.runs import workers
from simulate.seeds import child, normal
from simulate.untied import ClassData, Untied, UntiedAdam, UntiedSGD, UntiedSpan, in_common, learned_velocity

MIXTURE = Mixture(d=20, sigma=1.0, p=0.7)
POINTS = (Point(0.9, 0.1), Point(0.6, 0.4), Point(0.3, 0.7))
RIDGES: dict[str, float] = {"ridge_u": 0.3, "ridge_w": 0.2}
RECIPE = UntiedSGD(iterations=20, repeats=16, rate=0.5, record_every=20, start_u=0.3, start_w=0.5)
GRID = np.array([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])


def trained(d: int, n: int, seeds: int) -> tuple[UntiedSpan, Any]:
    span = UntiedSpan.draw(Mixture(d=d, sigma=1.0, p=0.7), n=n, seeds=seeds, seed=1)
    return span, untied.train_span(span, POINTS, recipe=RECIPE, **RIDGES, seed=2)


@pytest.mark.parametrize("d", [10, 11, 50, 10**6])
def test_networks_in_common_coordinates_keep_every_product(d: int) -> None:
    """|u|^2, |w|^2, u.w and products with data of each network; D = min(d, n + 1 + 2 T)."""
    span, training = trained(d, n=5, seeds=4)
    networks = in_common(training, d, seed=3)
    size = min(d, 5 + 1 + 2 * 3)
    assert networks.u.shape == (4, 3, size)
    back = networks.w.numpy() * (d / size) ** 0.5
    state = training.last
    for ours, theirs in ((networks.u.numpy(), state.u), (back, state.w)):
        np.testing.assert_allclose(ours[..., :6] @ span.data.mT, theirs[..., :6] @ span.data.mT, rtol=1e-12, atol=1e-12)
        for other, known in ((networks.u.numpy(), state.u), (back, state.w)):
            np.testing.assert_allclose((ours * other).sum(-1), (theirs * known).sum(-1), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("d", [10, 40])
def test_directions_beyond_the_data_are_independent_between_times(d: int) -> None:
    """cos of the angle between the parts of two w beyond the data: mean 0, mean square 1/(d - n - 1)."""
    _, training = trained(d, n=5, seeds=4000)
    beyond = in_common(training, d, seed=3).w.numpy()[..., 6:]
    unit = beyond / np.linalg.norm(beyond, axis=-1, keepdims=True)
    cosines = np.stack([(unit[:, i] * unit[:, j]).sum(-1) for i, j in ((0, 1), (0, 2), (1, 2))], axis=1)
    moments = np.concatenate([cosines, cosines**2], axis=1)
    expected = np.array([0.0] * 3 + [1 / (d - 6)] * 3)
    assert_agrees(compare_mean(moments, expected, scale=np.full(6, (d - 6) ** -0.5), comparisons=2), within=0.5)


def _direct(seeds: int, count: int, method: str, schedule: Interpolant) -> np.ndarray:
    """The shares of + of ``seeds`` data sets, all in d dimensions."""
    data = ClassData.draw(MIXTURE, n=5, seeds=seeds, seed=11, plus=3)
    points = [Point(*map(float, schedule.mix(t))) for t in GRID[:-1]]
    networks = untied.train(data, points, recipe=RECIPE, **RIDGES, seed=12).networks
    return np.array([
        generated_fraction(
            learned_velocity(networks, GRID[:-1], schedule, data_set=k), schedule, GRID,
            points[0].alpha * normal(child(13, k), (count, MIXTURE.d)), lambda x: x @ MIXTURE.mean() > 0,
            method=method, seed=k,
        ).value for k in range(seeds)
    ])


@pytest.mark.parametrize(("method", "schedule"), [
    ("euler", linear), ("heun", linear), ("ancestral", linear), ("euler", variance_exploding(4)),
], ids=["euler", "heun", "ancestral", "exploding"])
def test_the_generated_weight_has_its_law_in_d_dimensions(method: str, schedule: Interpolant) -> None:
    """Mean and spread over data sets, which the share of an own handful of points keeps wide."""
    seeds, count = 1500, 20
    found = curves.trained_weights(
        MIXTURE, d=[20], n=5, plus=3, grids={"steps": lambda mixture: GRID}, schedule=schedule, recipe=RECIPE,
        **RIDGES, methods=[method], seeds=seeds, count=count, seed=4, progress=False,
    )["generated_weight"].values.ravel()
    direct = _direct(seeds, count, method, schedule)
    assert direct.std() > 0.02 and 0.1 < direct.mean() < 0.95
    tables = [np.stack([each, each**2], axis=1) for each in (found, direct)]
    verdict = compare_two_samples(*tables, scale=tables[1].mean(axis=0), comparisons=2)
    print(verdict)
    assert_agrees(verdict, within=0.2)


def test_the_velocity_is_that_of_its_networks() -> None:
    _, training = trained(50, n=5, seeds=2)
    networks, x = in_common(training, 50, seed=3), normal(4, (7, 12))
    velocity = learned_velocity(networks, [0.1, 0.4, 0.7], linear, data_set=1)
    for k, t in enumerate((0.1, 0.4, 0.7)):
        denoised = networks(x[None, None])[1, k]
        np.testing.assert_allclose(velocity(x, t), (denoised - x) / (1 - t), rtol=1e-12)
    with pytest.raises(ValueError, match=r"no network was trained at t = 0\.2; train at all times of the grid"):
        flow.transport(velocity, linear, [0.1, 0.2, 1.0], x, method="euler")
    for times in ([0.1, 0.4], [0.1, 0.4, 0.4]):
        with pytest.raises(ValueError, match="must hold 3 different ones, those of the networks"):
            learned_velocity(networks, times, linear)
    with pytest.raises(ValueError, match="data_set = 2 must be <= 1"):
        learned_velocity(networks, [0.1, 0.4, 0.7], linear, data_set=2)


def test_undilated_networks_generate_the_majority_and_dilated_ones_both() -> None:
    grids = {
        "dilated": lambda mixture: np.concatenate([np.linspace(0, 2 * mixture.d**-0.5, 9), np.linspace(0, 1, 9)[1:]]),
        "undilated": lambda mixture: np.linspace(0, 1, 17),
    }
    found = curves.trained_weights(
        Mixture(d=2000, sigma=1.0, p=0.8), d=[2000], n=40, plus=32, grids=grids, schedule=linear,
        recipe=UntiedSGD(iterations=400, repeats=30), ridge_u=0.1, ridge_w=0.1, seeds=2, count=1000, seed=1,
        progress=False,
    )["generated_weight"].sel(d=2000, scheme="euler")
    assert (abs(found.sel(grid="dilated") - 0.8) < 0.1).all() and (found.sel(grid="undilated") > 0.93).all()


def test_two_workers_find_what_one_does() -> None:
    given: dict[str, Any] = {
        "d": [20, 30], "n": 5, "grids": {"steps": lambda mixture: GRID}, "schedule": linear, "recipe": RECIPE,
        "seeds": 2, "count": 10, "seed": 4, "progress": False, **RIDGES,
    }
    with workers(2) as executor:
        pooled = curves.trained_weights(MIXTURE, **given, executor=executor)
    alone = curves.trained_weights(MIXTURE, **given)
    assert pooled.identical(alone) and pooled.attrs["provenance"]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"recipe": UntiedAdam()}, TypeError, "no rotation preserves"),
        ({"methods": ["leapfrog"]}, ValueError, "method = 'leapfrog'"),
        ({"grids": {}}, ValueError, "d, grids and methods must hold one entry or more"),
        ({"grids": {"odd": lambda mixture: [0.0, 2.0]}}, ValueError, "t = 2.0, outside"),
        ({"d": [9]}, ValueError, r"d = 9 must be >= n \+ 5 = 10"),
        ({"count": 0}, ValueError, "count = 0 must be >= 1"),
        ({"ridge_u": -1.0}, ValueError, "ridge_u = -1.0 must be >= 0"),
        ({"plus": 9}, ValueError, "plus = 9 must be <= 5"),
        ({"d": [1000]}, ValueError, "= 1600 noises cannot train w at d = 1000: give 50 d = 50000 or more"),
    ],
)
def test_bad_input(change: dict[str, Any], error: type[Exception], words: str) -> None:
    given: dict[str, Any] = {
        "d": [20], "n": 5, "grids": {"steps": lambda mixture: GRID}, "schedule": linear, "recipe": RECIPE,
        "seeds": 1, "count": 10, "seed": 4, "progress": False, **RIDGES, **change,
    }
    with pytest.raises(error, match=words):
        curves.trained_weights(MIXTURE, **given)


def test_an_untied_network_maps_points_as_it_is_written() -> None:
    network = Untied(*(torch.full((1, 1), v).double() for v in (0.3, 0.2)), *normal(1, (2, 1, 1, 4)))
    x = normal(2, (3, 4))
    by_hand = 0.3 * x + torch.tanh(x @ network.w[0, 0] / 2 + 0.2)[:, None] * network.u[0, 0]
    torch.testing.assert_close(network(x[None, None])[0, 0], by_hand)
