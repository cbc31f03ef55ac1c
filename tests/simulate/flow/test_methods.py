"""The generative ODE: orders of the methods, what is called when, and bad grids."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from asymptotics.schedule import linear, ornstein_uhlenbeck, square_root, trigonometric
from simulate import Mixture
from simulate.autoencoder import Autoencoder, generate
from simulate.flow import METHODS, Method, drift, stage_times
from simulate.path import Motion
from simulate.seeds import normal
from simulate.training import ExactLearner

SAMPLES = Mixture(d=12, sigma=1.1, radius=1.4).sample(n=3, draws=2, seed=2)
LEARNER = ExactLearner(samples=SAMPLES, schedule=trigonometric, ridge=0.3)


def reference(starts: torch.Tensor, low: float, high: float) -> np.ndarray:
    """The same ODE, velocity written out, by scipy's eighth-order method."""

    def velocity(t: float, flat: np.ndarray) -> np.ndarray:
        x = torch.tensor(flat).reshape(starts.shape)
        alpha, beta = np.cos(np.pi * t / 2), np.sin(np.pi * t / 2)
        dalpha, dbeta = -np.pi / 2 * beta, np.pi / 2 * alpha
        network = LEARNER(t)
        f = network.skip * x + torch.sign(x @ network.weight)[:, None] * network.weight
        out = (dbeta - beta * dalpha / alpha) * f + (dalpha / alpha) * x
        return np.asarray(out.numpy().ravel())

    solved = solve_ivp(
        velocity, (low, high), starts.numpy().ravel(), method="DOP853", rtol=1e-11, atol=1e-12
    )
    return np.asarray(solved.y[:, -1].reshape(starts.shape))


def starts_inside(count: int, time: float) -> torch.Tensor:
    """Starts well inside a cluster, so that the velocity is smooth along their way."""
    weight = LEARNER(time).weight
    noise = normal(7, (count, 12))
    side = torch.tensor([1.0 if i % 2 else -1.0 for i in range(count)]).double()
    along = (noise @ weight / (weight @ weight))[:, None] * weight
    return noise - along + 3.0 * side[:, None] * weight / weight.norm()


@pytest.mark.parametrize("method", sorted(METHODS))
def test_methods_have_their_order(method: str) -> None:
    starts = starts_inside(4, 0.2)
    exact = reference(starts, 0.2, 0.8)
    errors = []
    for steps in (8, 16, 32, 64):
        grid = np.linspace(0.2, 0.8, steps + 1)
        made = generate(LEARNER, trigonometric, grid, starts, method=method)
        assert not made.crossed.any()
        errors.append(float(np.abs(made.final.numpy() - exact).max()))
    observed = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert observed[-1] == pytest.approx(METHODS[method].order, abs=0.15)
    assert abs(observed[-1] - METHODS[method].order) <= abs(observed[0] - METHODS[method].order) + 0.02


def test_the_data_end_is_reached_and_never_evaluated() -> None:
    asked: list[float] = []

    def learner(time: float) -> Autoencoder:
        asked.append(time)
        return ExactLearner(samples=SAMPLES, schedule=linear, ridge=0.3)(time)

    grid = np.array([0.0, 0.1, 0.4, 0.7, 1.0])
    for method in METHODS:
        asked.clear()
        made = generate(learner, linear, grid, normal(0, (3, 12)), method=method)
        assert bool(torch.isfinite(made.final).all())
        assert len(asked) == len(set(asked)) == stage_times(grid, method).size
        assert max(asked) < 1.0 and sorted(asked) == sorted(stage_times(grid, method).ravel().tolist())


def test_states_are_kept_or_observed() -> None:
    seen: list[tuple[float, torch.Tensor]] = []
    starts, grid = normal(0, (3, 12)), np.linspace(0, 1, 5)
    learner = ExactLearner(samples=SAMPLES, schedule=linear, ridge=0.3)
    made = generate(
        learner, linear, grid, starts, keep=True, observe=lambda t, x: seen.append((t, x))
    )
    assert made.states is not None and made.states.shape == (5, 3, 12)
    assert [t for t, _ in seen] == grid.tolist() == made.times.tolist()
    assert torch.equal(torch.stack([x for _, x in seen]), made.states)
    assert torch.equal(made.states[0], starts) and torch.equal(made.states[-1], made.final)
    assert generate(learner, linear, grid, starts).states is None
    assert torch.equal(made.cluster, torch.sign(starts @ learner(0.0).weight))


def test_crossing_is_seen() -> None:
    """A learner whose weight turns round at t = 1/2 puts every point on the other side."""
    weight = torch.zeros(2).double()
    weight[0] = 1.0
    made = generate(
        lambda t: Autoencoder(0.0, weight if t < 0.5 else -weight), linear, np.linspace(0, 0.9, 10),
        torch.tensor([[2.0, 0.0], [-2.0, 1.0]]).double(), method="euler",
    )
    assert made.crossed.all() and made.cluster.tolist() == [1.0, -1.0]


def test_the_drift_is_the_velocity_written() -> None:
    f, x = torch.tensor([2.0]), torch.tensor([3.0])
    assert float(drift(Motion(0.5, 0.25, -1.0, 2.0), f, x)) == (2.0 + 0.25 / 0.5) * 2.0 - 2.0 * 3.0
    with pytest.raises(ValueError, match="alpha = 0: no velocity"):
        drift(Motion(0.0, 1.0, -1.0, 1.0), f, x)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda: Method(2, (0.0, 0.5), ((), (0.4,)), (0.0, 1.0)), "sum to node 0.5"),
        (lambda: Method(2, (0.0, 1.0), ((), (1.0,)), (0.5, 0.5)), "open at the right"),
        (lambda: Method(1, (0.0,), ((),), (0.9,)), "weights must sum to 1"),
        (lambda: Method(2, (0.0, 0.5), ((),), (1.0,)), "one entry for each stage"),
    ],
)
def test_inconsistent_methods_do_not_exist(broken: Callable[[], Method], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        broken()


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"grid": [0.0, 0.5, 0.5]}, ValueError, "entries 1 and 2 are 0.5, 0.5"),
        ({"grid": [0.0, 1.5]}, ValueError, "t = 1.5, outside"),
        ({"grid": [0.0, float("nan")]}, ValueError, "t = nan, outside"),
        ({"grid": [0.0]}, ValueError, "2 time"),
        ({"grid": "half"}, TypeError, "grid must be a sequence"),
        ({"method": "rolston"}, ValueError, "did you mean 'ralston'"),
        ({"starts": torch.ones(2, 11).double()}, ValueError, "starts has shape"),
        ({"starts": torch.ones(2, 12)}, TypeError, "starts is torch.float32"),
        ({"schedule": ornstein_uhlenbeck}, ValueError, "starts at its data end"),
        ({"schedule": square_root}, ValueError, "diverges at t = 0"),
    ],
)
def test_bad_generation(change: dict[str, object], error: type[Exception], words: str) -> None:
    good = {
        "schedule": trigonometric, "grid": [0.0, 0.5, 1.0], "starts": normal(0, (2, 12)),
        "method": "euler",
    }
    with pytest.raises(error, match=words):
        generate(LEARNER, **{**good, **change})  # type: ignore[arg-type]
