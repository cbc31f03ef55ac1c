"""Targets against quadrature, frozen runs against what is known of them; LIMIT standard errors as in test_sampler."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from asymptotics import balance
from simulate.energy import Checkerboard, Moons, Rings, many_modes, ring_of_modes, two_modes
from simulate.sampler import (
    AdjustedLangevin,
    FlowAssisted,
    GaussianMixtureLaw,
    IndependentMetropolis,
    ModeWeights,
    frozen_run,
    weights_by_quadrature,
)

LIMIT = 6.0
F64 = torch.float64
PLANAR: dict[str, Any] = {
    "two": two_modes(2, dtype=F64), "ring": ring_of_modes([3, 1, 2, 2], dtype=F64),
    "rings": Rings(dtype=F64), "moons": Moons(dtype=F64),
    "board": Checkerboard((1.0, 2.0, 3.0, 1.0, 1.0, 1.0, 1.0, 2.0), F64, cell=1.9),
}


@cache
def measured(name: str) -> ModeWeights:
    """By quadrature, with no point at 0, where rings have 1/r; the moons are narrow and costly, the rings wide."""
    target, side, points = PLANAR[name], *((3.0, 301) if name == "moons" else (8.0, 1201))
    return weights_by_quadrature(
        target.log_prob, target.mode, modes=len(target.weights), box=[(-side, side + 0.01)] * 2, points=points
    )


@pytest.mark.parametrize("name", PLANAR)
def test_densities_integrate_to_one_with_the_stated_weights(name: str) -> None:
    target = PLANAR[name]
    found = measured(name)
    # The board's edges cost the rule some digits; a mode's region is not the mode where modes overlap.
    allowed = 5e-3 if name == "board" else 2e-4
    assert abs(found.log_z) < allowed
    np.testing.assert_allclose(found.weight, target.weights, atol=2e-3 if name in ("moons", "rings") else allowed)


@pytest.mark.parametrize("name", PLANAR)
def test_samples_follow_the_density(name: str) -> None:
    """As many in each mode's region as it has weight."""
    target = PLANAR[name]
    x = target.sample(100_000, seed=3)
    assert x.dtype == F64 and torch.equal(x, target.sample(100_000, seed=3))
    shares = np.bincount(target.mode(x).numpy(), minlength=len(target.weights)) / len(x)
    spread = np.sqrt(np.array(target.weights) * (1 - np.array(target.weights)) / len(x))
    exact = measured(name)
    slack = 5e-3 if name == "board" else 1e-4
    assert np.all(np.abs(shares - exact.weight) < LIMIT * spread + slack)


def test_a_board_is_black_where_it_samples() -> None:
    """The mean of 1/density over samples in the four middle squares is the area of the two black ones."""
    board = PLANAR["board"]
    x = board.sample(100_000, seed=3)
    density = board.log_prob(x)
    assert bool(torch.isfinite(density).all())
    inverse = torch.where((x.abs() < 1.9).all(dim=1), (-density).exp(), 0.0)
    assert abs(float(inverse.mean()) - 2 * 1.9**2) < LIMIT * float(inverse.std()) / len(x) ** 0.5


def test_a_ring_near_0_is_normalised_along_its_radius() -> None:
    """Its density in the plane has the integrable singularity 1/r."""
    ring = Rings((1.0,), F64, (0.3,), 0.2)
    node, weight = np.polynomial.legendre.leggauss(200)
    size = torch.from_numpy(node + 1.0)
    density = ring.log_prob(torch.stack([0.6 * size, 0.8 * size], dim=1)).exp().numpy()
    assert (weight * 2 * np.pi * size.numpy() * density).sum() == pytest.approx(1.0, abs=1e-10)
    radius = ring.sample(100_000, seed=1).norm(dim=1)
    mean = (weight * 2 * np.pi * size.numpy() ** 2 * density).sum()
    assert abs(float(radius.mean()) - mean) < LIMIT * float(radius.std()) / len(radius) ** 0.5


@pytest.mark.parametrize("name", ["rings", "moons"])
def test_moments_of_samples_are_those_of_the_density(name: str) -> None:
    target = PLANAR[name]
    x = target.sample(200_000, seed=5)
    side = torch.linspace(-3, 3, 401, dtype=F64) if name == "moons" else torch.linspace(-8, 8, 1600, dtype=F64)
    grid = torch.stack(torch.meshgrid(side, side, indexing="ij"), -1).reshape(-1, 2)
    weight = torch.cat([target.log_prob(part).exp() for part in grid.split(20_000)])  # type: ignore[no-untyped-call]
    weight = weight / weight.sum()
    for power in (lambda y: y[:, 0], lambda y: y[:, 1], lambda y: y.square().sum(1), lambda y: y[:, 0] * y[:, 1]):
        values = power(x)
        wanted = float((weight * power(grid)).nan_to_num().sum())
        assert abs(float(values.mean()) - wanted) < LIMIT * float(values.std()) / len(x) ** 0.5 + 1e-4


def test_many_modes_are_far_apart() -> None:
    law = many_modes([0.4, 0.3, 0.2, 0.1], 64, distance=10.0, seed=1)
    gaps = torch.pdist(law.means)
    assert float(gaps.min()) > 7 and law.means.dtype == torch.float32 and law.d == 64
    np.testing.assert_allclose(law.weights, [0.4, 0.3, 0.2, 0.1], rtol=1e-6)
    assert float(two_modes(16).means[0, 0]) == pytest.approx(0.591 * (2 * np.log(16)) ** 0.5)


# -- frozen runs ----------------------------------------------------------------------------------------


def test_a_frozen_run_finds_the_weights_and_says_that_it_mixed() -> None:
    target, wide = two_modes(2, dtype=F64), two_modes(2, p=0.6, dtype=F64)
    kernel = FlowAssisted(IndependentMetropolis(wide, 2), AdjustedLangevin(0.1, 2))
    start = torch.zeros(16, 2, dtype=F64) + target.means[0]
    found = frozen_run(target.log_prob, kernel, start, target.mode, modes=2, moves=800, seed=1, warm=20)
    assert np.all(np.abs(found.weight - target.weights) < LIMIT * found.error) and found.error[0] < 0.01
    assert np.all(found.rhat < 1.01) and found.rhat_density < 1.01
    assert found.jump_rate == pytest.approx(found.switched / (2 * found.weight[0] * found.weight[1]))
    # Two proposals of the weights .6 and .4; 4 000 changes of mode, so 1.6 % is a standard error.
    alone = 1 - (1 - balance.jump_rate_independent(p=0.8, q=0.6)) ** 2
    assert abs(found.jump_rate / alone - 1) < LIMIT * 0.016 and found.longest < 20 and found.jumped > 0.6


def test_chains_that_do_not_jump_are_found_out() -> None:
    """Local steps: each chain stays in its mode; their fractions are what they began with, and R-hat says so."""
    target, kernel = two_modes(2, dtype=F64), AdjustedLangevin(0.1, 2)
    split = torch.cat([target.means[:1].expand(8, 2), target.means[1:].expand(8, 2)])
    found = frozen_run(target.log_prob, kernel, split, target.mode, modes=2, moves=200, seed=1)
    assert found.weight[0] == 0.5 and found.jump_rate == 0.0 and np.all(found.rhat > 1.5) and np.isnan(found.jumped)
    one = frozen_run(target.log_prob, kernel, split[:8], target.mode, modes=2, moves=200, seed=1)
    assert np.all(np.isinf(one.rhat)) and np.all(one.effective == 0) and np.all(np.isinf(one.error))


def test_errors_of_frozen_runs_are_the_scatter() -> None:
    """Over 60 runs: stated over made errors is 1 to 9 % (one standard error)."""
    target = two_modes(2, dtype=F64)
    kernel = IndependentMetropolis(two_modes(2, p=0.5, dtype=F64), 1)
    runs = [
        frozen_run(target.log_prob, kernel, target.sample(8, seed=k), target.mode, modes=2, moves=200, seed=k)
        for k in range(60)
    ]
    made = np.std([run.weight[0] for run in runs], ddof=1)
    assert abs(np.mean([run.error[0] for run in runs]) / made - 1) < LIMIT * 0.09


CASES: list[tuple[Callable[[], Any], str]] = [
    (lambda: Rings((0.5, -0.1, 0.6)), "must be positive numbers"),
    (lambda: Rings((0.5, 0.5)), r"rings have one weight for each of radii = \(1.5, 3.5, 5.5\)"),
    (lambda: Checkerboard((1.0,) * 7), "7 weights for 8 black squares"),
    (lambda: Moons((0.5, 0.5), width=0.01), "width = 0.01 must be >= 0.04"),
    (lambda: Moons((1.0,)), "moons have two"),
    (lambda: Moons().log_prob(torch.zeros(3, 3)), r"points of this target are \(C, 2\)"),
    (lambda: two_modes(1), "d = 1 must be >= 2"),
    (lambda: frozen_run(PLANAR["two"].log_prob, AdjustedLangevin(0.1), torch.zeros(1, 2, dtype=F64), PLANAR["two"].mode,
                        modes=2, moves=10, seed=1), "two or more"),
    (lambda: frozen_run(PLANAR["two"].log_prob, AdjustedLangevin(0.1), torch.zeros(4, 2, dtype=F64),
                        lambda x: torch.full((len(x),), 5), modes=2, moves=10, seed=1), "int64 numbers 0 ... 1"),
]


def test_chains_are_a_tensor() -> None:
    with pytest.raises(TypeError, match="x must be a tensor of chains"):
        frozen_run(PLANAR["two"].log_prob, AdjustedLangevin(0.1), [[0.0, 0.0]] * 4,  # type: ignore[arg-type]
                   PLANAR["two"].mode, modes=2, moves=10, seed=1)


@pytest.mark.parametrize(("make", "text"), CASES)
def test_bad_input(make: Callable[[], Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make()


def test_a_mixture_says_its_weights() -> None:
    law = GaussianMixtureLaw.isotropic(torch.eye(3), 1.0, [2, 1, 1])
    np.testing.assert_allclose(law.weights, [0.5, 0.25, 0.25], rtol=1e-6)
