"""The exact field against densities, derivatives and the quantile map; how points are carried along it."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal, norm

from asymptotics import phases
from asymptotics.calibration import assert_agrees, compare_mean
from asymptotics.schedule import (
    Dilation,
    Interpolant,
    linear,
    ornstein_uhlenbeck,
    square_root,
    trigonometric,
    variance_exploding,
    variance_preserving,
)
from simulate import Mixture, Point, flow
from simulate.flow import LearnedVelocity, MixtureField, along_mean, time_grid
from simulate.flow.solver import denoised, score
from simulate.seeds import normal

MIXTURE = Mixture(d=5, sigma=0.7, radius=0.6, p=0.3)
SCHEDULES = [linear, trigonometric, square_root, ornstein_uhlenbeck, variance_preserving, variance_exploding(5)]
X = 1.5 * normal(3, (40, 5))


def _by_name(schedule: Interpolant) -> str:
    return schedule.name


@pytest.mark.parametrize("schedule", SCHEDULES, ids=_by_name)
def test_density_score_denoiser_and_velocity(schedule: Interpolant) -> None:
    """Density by scipy, score by autograd, E[x1|x] by Tweedie, velocity as E[dx_t/dt | x]; continuity."""
    field, t = MixtureField(MIXTURE, schedule), 0.37
    v = schedule.at(t)
    noised = v.alpha**2 + 0.49 * v.beta**2
    mean = 0.6 * np.ones(5)
    density = sum(
        weight * multivariate_normal(sign * v.beta * mean, noised * np.eye(5)).pdf(X.numpy())
        for sign, weight in ((1, 0.3), (-1, 0.7))
    )
    assert np.allclose(field.log_density(X, t), np.log(density), rtol=1e-12, atol=1e-12)
    x = X.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(field.log_density(x, t).sum(), x)
    assert torch.allclose(field.score(X, t), gradient, rtol=1e-11, atol=1e-12)
    found = field.denoiser(X, t)
    assert torch.allclose(found, (X + float(v.alpha) ** 2 * gradient) / float(v.beta), rtol=1e-10, atol=1e-11)
    velocity = field(X, t)
    moved = float(v.dbeta) * found - float(v.dalpha) * float(v.alpha) * gradient
    assert torch.allclose(velocity, moved, rtol=1e-11, atol=1e-12)
    step = 1e-5
    change = (field.log_density(X, t + step) - field.log_density(X, t - step)) / (2 * step)
    jacobian = torch.func.vmap(torch.func.jacrev(lambda row: field_of(field, row, t)))(X)
    divergence = jacobian.diagonal(dim1=1, dim2=2).sum(dim=1)
    residual = change + divergence + (velocity * gradient).sum(dim=1)
    assert float(residual.abs().max()) < 1e-7
    assert torch.allclose(denoised(v, velocity, X), found, rtol=1e-10, atol=1e-11)
    assert torch.allclose(score(v, velocity, X), gradient, rtol=1e-10, atol=1e-11)


def field_of(field: MixtureField, row: torch.Tensor, t: float) -> torch.Tensor:
    """The velocity at one point by its formula in the catalogue (no check of values, which vmap does not allow)."""
    v = field.schedule.at(t)
    at: dict[str, Any] = {"alpha": v.alpha, "beta": v.beta, "sigma": MIXTURE.sigma}
    moving = {**at, "dalpha": v.dalpha, "dbeta": v.dbeta}
    noised = float(v.alpha**2 + MIXTURE.sigma**2 * v.beta**2)
    mean = MIXTURE.mean()
    mode = torch.tanh(0.5 * np.log(MIXTURE.p / (1 - MIXTURE.p)) + float(v.beta) * (row @ mean) / noised)
    return float(phases.velocity_linear(**moving)) * row + float(phases.velocity_mean(**moving)) * mode * mean


@pytest.mark.parametrize("schedule", SCHEDULES, ids=_by_name)
def test_it_is_the_field_of_the_catalogue(schedule: Interpolant) -> None:
    field = MixtureField(MIXTURE, schedule)
    for t in (0.02, 0.5, 0.98):
        expected = torch.stack([field_of(field, row, t) for row in X])
        assert torch.allclose(field(X, t), expected, rtol=1e-12, atol=1e-12)
        v = schedule.at(t)
        at: dict[str, Any] = {"alpha": v.alpha, "beta": v.beta, "sigma": MIXTURE.sigma}
        mean = field.posterior(X, t)[:, None] * MIXTURE.mean()
        both = float(phases.field_skip(**at)) * X + float(phases.field_mean(**at)) * mean
        assert torch.allclose(field.denoiser(X, t), both, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("schedule", [linear, trigonometric, variance_exploding(5)], ids=_by_name)
def test_it_is_regular_at_the_data_end(schedule: Interpolant) -> None:
    field = MixtureField(MIXTURE, schedule)
    assert torch.allclose(field(X, 1.0), field(X, 1.0 - 1e-9), atol=1e-6)
    assert torch.allclose(field.denoiser(X, 1.0), X, rtol=1e-12, atol=1e-12)
    with pytest.raises(ValueError, match="alpha = 0: no velocity is defined"):
        LearnedVelocity(lambda t: lambda x: field.denoiser(x, t), linear)(X, 1.0)
    with pytest.raises(ValueError, match="dalpha of schedule 'square_root' diverges at t = 1"):
        MixtureField(MIXTURE, square_root)(X, 1.0)


@pytest.mark.parametrize("p", [0.0, 1e-300, 0.3, 1.0 - 1e-16, 1.0])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_nothing_overflows(dtype: torch.dtype, p: float) -> None:
    d = 10_000
    field = MixtureField(Mixture(d=d, sigma=1e-3, radius=100.0, p=p), linear)
    x = torch.stack([torch.full((d,), value, dtype=dtype) for value in (-1e4, 0.0, 1e-8, 1e4)])
    for t in (0.0, 1e-6, 0.5, 1.0):
        for found in (field(x, t), field.denoiser(x, t), field.score(x, t), field.log_density(x, t)):
            assert found.dtype == dtype and bool(torch.isfinite(found).all()), (t, found)


def test_float32_is_the_same_field_rounded() -> None:
    field = MixtureField(MIXTURE, trigonometric)
    for t in (0.0, 0.4, 1.0):
        assert torch.allclose(field(X.float(), t).double(), field(X, t), rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=_by_name)
def test_along_mu_the_field_is_that_of_one_dimension(schedule: Interpolant) -> None:
    whole, alone = MixtureField(MIXTURE, schedule), MixtureField(along_mean(MIXTURE), schedule)
    unit = MIXTURE.mean() / MIXTURE.mean().norm()
    y = (X @ unit)[:, None]
    for t in (0.01, 0.6):
        for name in ("__call__", "denoiser", "score"):
            found, expected = getattr(alone, name)(y, t)[:, 0], getattr(whole, name)(X, t) @ unit
            assert torch.allclose(found, expected, rtol=1e-12, atol=1e-13), name


@pytest.mark.parametrize(
    ("method", "order", "closed"),
    [("euler", 1, False), ("heun", 2, True), ("heun", 2, False), ("midpoint", 2, False), ("ralston", 3, False)],
)
def test_the_flow_is_the_quantile_map(method: str, order: int, closed: bool) -> None:
    """p Phi((y - beta |mu|)/sqrt V) + (1-p) Phi((y + beta |mu|)/sqrt V) keeps its value, to O(h^order)."""
    mixture = Mixture(d=1, sigma=0.8, radius=1.7, p=0.3)
    field, start = MixtureField(mixture, trigonometric), torch.linspace(-2.0, 2.0, 21, dtype=torch.float64)[:, None]

    def error(steps: int) -> float:
        final = flow.transport(
            field, trigonometric, time_grid(trigonometric, steps), start, method=method, closed=closed
        )[:, 0].numpy()
        reached = 0.3 * norm.cdf((final - 1.7) / 0.8) + 0.7 * norm.cdf((final + 1.7) / 0.8)
        return float(np.abs(reached - norm.cdf(start[:, 0].numpy())).max())

    errors = [error(steps) for steps in (100, 200)]
    print(method, errors)
    assert errors[1] < 2e-2 / 10 ** (order - 1) and errors[0] / errors[1] > 0.9 * 2**order


@pytest.mark.parametrize("schedule", [linear, trigonometric], ids=_by_name)
def test_heun_stays_off_the_data_end_unless_told(schedule: Interpolant) -> None:
    """With learned networks too, whose velocity has a pole there (where alpha is 0 or, for a cosine, 6e-17)."""
    field = MixtureField(MIXTURE, schedule)
    learned = LearnedVelocity(lambda t: lambda x: field.denoiser(x, t), schedule)
    for grid in (time_grid(schedule, 30), time_grid(schedule, 30)[:-1]):
        found, expected = (flow.transport(each, schedule, grid, X, method="heun") for each in (learned, field))
        assert torch.allclose(found, expected, rtol=1e-10, atol=1e-11)
    asked: list[float] = []

    def watched(x: torch.Tensor, t: float) -> torch.Tensor:
        asked.append(t)
        return field(x, t)

    flow.transport(watched, schedule, time_grid(schedule, 2), X, method="heun")
    assert asked == [0.0, 0.5, 0.5]
    flow.transport(watched, schedule, time_grid(schedule, 2), X, method="heun", closed=True)
    assert asked[3:] == [0.0, 0.5, 0.5, 1.0]


def test_the_flow_of_a_schedule_whose_noise_lies_at_its_end() -> None:
    mixture = Mixture(d=1, sigma=0.8, radius=1.7, p=0.3)
    start = torch.linspace(-2.0, 2.0, 21, dtype=torch.float64)[:, None]
    grid = time_grid(ornstein_uhlenbeck, 2000, first=3.0)
    assert grid[0] == 3.0 and grid[-1] == 0.0
    final = flow.transport(MixtureField(mixture, ornstein_uhlenbeck), ornstein_uhlenbeck, grid, start, method="ralston")
    alpha, beta = (float(each) for each in ornstein_uhlenbeck.mix(3.0))
    width = (alpha**2 + 0.64 * beta**2) ** 0.5
    before, after = (
        0.3 * norm.cdf((y[:, 0].numpy() - b * 1.7) / w) + 0.7 * norm.cdf((y[:, 0].numpy() + b * 1.7) / w)
        for y, b, w in ((start, beta, width), (final, 1.0, 0.8))
    )
    assert np.allclose(before, after, atol=1e-4)


def test_time_grids() -> None:
    dilation = Dilation.half(5, 400)
    grid = time_grid(linear, 6, first=0.05, dilation=dilation)
    assert len(grid) == 7 and grid[0] == 0.05 and grid[-1] == 1.0 and (np.diff(grid) > 0).all()
    assert 0.25 in grid and np.allclose(np.diff(grid[:4]), 0.2 / 3) and np.allclose(np.diff(grid[3:]), 0.25)
    assert np.allclose(time_grid(linear, 40, dilation=dilation), dilation(dilation.grid(40)), rtol=1e-15)
    assert np.array_equal(time_grid(linear, 4), [0.0, 0.25, 0.5, 0.75, 1.0])
    several = Dilation.through((0, 0), ("1/100", "1/2"), ("1/50", "3/5"), (1, 1))
    assert np.allclose(time_grid(linear, 3, dilation=several), [0.0, 0.5, 0.6, 1.0], rtol=1e-15)
    reverse = Interpolant("t", "1 - t", name="reverse")
    assert np.allclose(time_grid(reverse, 40, dilation=dilation), dilation(dilation.grid(40))[::-1], rtol=1e-15)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"steps": 0}, ValueError, "steps = 0 must be >= 1"),
        ({"steps": 1, "dilation": Dilation.half(5, 400)}, ValueError, "steps = 1 must be >= 2"),
        ({"first": 1.0}, ValueError, "first = 1.0 must lie in .0, 1., before the data end t = 1"),
        ({"first": -0.1}, ValueError, "first = -0.1 must lie"),
        ({"first": "0"}, TypeError, "first = '0' must be a real number"),
        ({"schedule": ornstein_uhlenbeck}, ValueError, "from t = inf to 0.0 of schedule 'ornstein_uhlenbeck'"),
        ({"schedule": Interpolant("2 - t", "t", end=2, name="long"), "dilation": Dilation.half(5, 400)}, ValueError,
         r"lives on \[0, 1\], not on \[0.0, 2.0\]"),
    ],
)
def test_bad_grids(change: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        time_grid(**{"schedule": linear, "steps": 5, **change})


@pytest.mark.parametrize("method", ["euler_maruyama", "ancestral"])
def test_the_noise_of_a_step_back_is_what_noising_adds(method: str) -> None:
    """From x = 0 at velocity 0: its variance a unit of time, from x_t = (beta/beta') x_t' + noise over a short time."""
    t, step = 0.6, 1e-5
    for schedule in (linear, ornstein_uhlenbeck):
        nearer = t + step if schedule.noise_at_start else t - step
        (alpha, after), (beta, beta_after) = schedule.mix(np.array([t, nearer]))
        expected = (alpha**2 - (beta / beta_after * after) ** 2) / step
        zeros = torch.zeros(200_000).double()
        moved = flow.transport(lambda x, _: 0 * x, schedule, [t, nearer], zeros, method=method, seed=5)
        assert_agrees(compare_mean((moved - moved.mean()).numpy() ** 2 / step, expected, comparisons=4), within=0.03)


def test_bad_input() -> None:
    field, grid = MixtureField(MIXTURE, linear), np.linspace(0.0, 1.0, 5)
    with pytest.raises(ValueError, match=r"x has shape \(40, 4\); it must be \(any, 5\)"):
        field(X[:, :4], 0.5)
    with pytest.raises(ValueError, match="x holds values that are not finite"):
        field(X * float("nan"), 0.5)
    with pytest.raises(ValueError, match=r"t = 1.5 lies outside"):
        field(X, 1.5)
    with pytest.raises(TypeError, match="mixture must be a Mixture, not dict"):
        MixtureField({}, linear)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="did you mean 'heun'"):
        flow.transport(field, linear, grid, X, method="huen")
    with pytest.raises(ValueError, match="grid must increase strictly"):
        flow.transport(field, linear, grid[::-1], X, method="euler")
    with pytest.raises(ValueError, match="read backwards"):
        flow.transport(MixtureField(MIXTURE, ornstein_uhlenbeck), ornstein_uhlenbeck, grid, X, method="euler")
    with pytest.raises(ValueError, match="seed = None: method = 'ancestral' is random"):
        flow.transport(field, linear, grid, X, method="ancestral")
    with pytest.raises(ValueError, match="beta = 0 at t = 0: the noise of the reverse SDE diverges"):
        flow.transport(field, linear, grid, X, method="euler_maruyama", seed=1)
    with pytest.raises(TypeError, match="x must be a floating-point torch tensor"):
        flow.transport(field, linear, grid, [1.0], method="euler")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="alpha = 0"):
        score(Velocities(Point(0.0, 1.0)), X, X)


class Velocities:
    """Schedule values at the data end."""

    def __init__(self, mix: Point) -> None:
        self.alpha, self.beta = mix
        self.dalpha, self.dbeta = -1.0, 1.0


def test_bad_networks() -> None:
    with pytest.raises(TypeError, match=r"learner\(0.5\) is a int: neither callable nor with a denoise"):
        LearnedVelocity(lambda t: 3, linear)(X, 0.5)  # type: ignore[arg-type, return-value]
    with pytest.raises(ValueError, match=r"maps \(40, 5\) to \(40,\)"):
        LearnedVelocity(lambda t: lambda x: x[:, 0], linear)(X, 0.5)
