"""Weights by annealing: against exact ones, where importance sampling is lost, and their errors against their scatter.

Scores have as many degrees of freedom as populations less 1: LIMIT of them at 32 populations has a chance of 1e-7.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from helpers.two_mode_laws import BOX, FAR, tilted, two_modes
from scipy import stats

from simulate.sampler import (
    CouplingFlow,
    GaussianMixtureLaw,
    ModeWeights,
    Undetermined,
    divergence,
    weights_by_annealing,
    weights_by_importance,
    weights_by_quadrature,
)

LIMIT = 7.0


def wide(d: int) -> GaussianMixtureLaw:
    """Covers both modes."""
    return GaussianMixtureLaw.isotropic(torch.zeros(1, d, dtype=torch.float64), 3.0, [1.0])


@pytest.mark.parametrize("slope", [0.5, -4.0])
def test_annealing_is_quadrature_in_the_plane(slope: float) -> None:
    """Also where the tilt pushes a mode over the border to the other: regions, not components, have weights."""
    model, _, _ = tilted(2, slope)
    law = two_modes()
    exact = weights_by_quadrature(model, law.mode, modes=2, box=[(-14.0, 14.0), (-9.0, 9.0)])
    found = weights_by_annealing(model, law.mode, modes=2, proposals=[law, wide(2)], populations=32, seed=1)
    assert (abs(found.weight - exact.weight) < LIMIT * found.error).all()
    assert (found.error > 0).all() and (found.error < 0.1 * exact.weight).all()
    assert abs(found.log_z - exact.log_z) < LIMIT * found.log_z_error < 0.5
    # Some 2000 points a mode, of which the families left are independent.
    near = LIMIT * (2 / found.effective) ** 0.5
    np.testing.assert_allclose(found.variance, exact.variance, rtol=near)
    assert found.effective > 250


def moved(d: int, nats: float) -> Callable[[torch.Tensor], torch.Tensor]:
    """On each side of x0 = 0 half a normal law 5 standard deviations from the mode of `two_modes` there, the first
    narrower, and the second ``nats`` above it: each side has the weight 1/2 of its law."""
    ends = torch.zeros(2, 1, d, dtype=torch.float64)
    ends[:, :, 1] = 4.0
    sides = [GaussianMixtureLaw.isotropic(end, sigma, [1.0]) for end, sigma in zip(ends, (0.5, 0.9), strict=True)]
    law = two_modes(d, p=0.5)

    def log_density(x: torch.Tensor) -> torch.Tensor:
        return torch.where(law.mode(x) == 0, sides[0].log_prob(x) - nats, sides[1].log_prob(x))

    return log_density


@pytest.mark.parametrize("d", [2, 16])
def test_modes_that_left_and_differ_by_a_hundred_nats(d: int) -> None:
    """Importance sampling from where they were is lost; the log odds are found with their errors."""
    # Even weights: the modes meet at x0 = 0.
    model, law = moved(d, 100.0), two_modes(d, p=0.5)
    with pytest.raises(Undetermined, match="effective points"):
        weights_by_importance(model, law.mode, modes=2, proposals=[law], count=20_000, seed=1)
    found = weights_by_annealing(model, law.mode, modes=2, proposals=[law], populations=32, seed=2)
    off = np.log(found.weight[0] / found.weight[1]) + 100.0
    assert abs(off) < LIMIT * found.error[0] / found.weight[0] < 1.5
    assert abs(found.log_z - np.log(0.5)) < LIMIT * found.log_z_error < 1.5
    gap, error = divergence(law, model, found, count=20_000, seed=3)
    assert gap > 50.0 and error < 2.0


@pytest.mark.parametrize(("d", "narrow", "broad"), [(4, 0.1, 3.0), (16, 0.3, 2.0)])
def test_a_mode_that_is_narrow_and_wide(d: int, narrow: float, broad: float) -> None:
    """One coordinate in two is narrower than the start's, the other wider: no direction may lag behind the path."""
    law = GaussianMixtureLaw.isotropic(10 * torch.eye(2, d, dtype=torch.float64), 1.0, [0.5, 0.5])
    shapes = torch.stack([torch.eye(d), torch.diag(torch.tensor([narrow, broad] * (d // 2)) ** 2)]).double()
    model = GaussianMixtureLaw(law.means, shapes, [0.5, 0.5])
    found = weights_by_annealing(model.log_prob, law.mode, modes=2, proposals=[law], populations=32, seed=1)
    # Of the wide mode .5 % at most are beyond the border, 7 away and 3 wide.
    assert abs(found.weight[0] - 0.5) < LIMIT * found.error[0] + 0.01 and found.error[0] < 0.02
    assert abs(found.log_z) < LIMIT * found.log_z_error + 0.01


def test_a_mode_that_runs_away_is_undetermined() -> None:
    """A second peak far out, which some points reach and others do not: no number is given for where they are."""
    law = two_modes(16)
    out = GaussianMixtureLaw.isotropic(law.means + 60.0 * torch.eye(16, dtype=torch.float64)[1], 12.0, [0.8, 0.2])

    def model(x: torch.Tensor) -> torch.Tensor:
        return torch.logaddexp(law.log_prob(x), out.log_prob(x) + 150.0)

    with pytest.raises(Undetermined, match="populations disagree: standard errors are"):
        weights_by_annealing(model, law.mode, modes=2, proposals=[law], seed=1)


def test_what_gradients_and_numpy_are_given(recwarn: pytest.WarningsRecorder) -> None:
    """A flow that can be trained proposes, and a region of numpy tells modes: no graph grows, no warning comes."""
    flow = CouplingFlow(LAW.sample(500, seed=1), transforms=1, hidden=(4,))

    def region(x: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy((x.numpy()[:, 0] < 0).astype(np.int64))

    found = weights_by_annealing(
        LAW.log_prob, region, modes=2, proposals=[flow, LAW], points=16, steps=4, populations=32, seed=1
    )
    exact = 0.8 * stats.norm.cdf(2.5 / 0.8) + 0.2 * stats.norm.sf(2.5 / 0.8)
    assert abs(found.weight[0] - exact) < LIMIT * found.error[0] < 0.3
    assert not recwarn.list


@pytest.mark.slow
def test_stated_errors_are_the_scatter() -> None:
    """Over 60 repetitions with 8 populations: the ratio of made to stated errors is known to 10 %; 6 times that."""
    model, law = tilted(2)[0], two_modes()
    exact = weights_by_quadrature(model, law.mode, modes=2, box=BOX)
    runs = [_small(model, law, seed) for seed in range(60)]
    for name, right in (("weight", exact.weight[0]), ("log_z", exact.log_z)):
        made = np.array([np.ravel(getattr(each, name))[0] for each in runs]) - right
        error = "error" if name == "weight" else "log_z_error"
        stated = np.sqrt(np.mean([np.ravel(getattr(each, error))[0] ** 2 for each in runs]))
        assert abs(np.sqrt(np.mean(made**2)) / stated - 1) < 0.6
        assert abs(made.mean()) < 6 * stated / 60**0.5


def _small(model: Any, law: GaussianMixtureLaw, seed: int) -> ModeWeights:
    return weights_by_annealing(model, law.mode, modes=2, proposals=[wide(2)], points=32, steps=5, seed=seed)


def test_a_seed_gives_the_same_numbers_and_kinds_are_kept() -> None:
    law = two_modes(2, dtype=torch.float32)
    kinds = []

    def model(x: torch.Tensor) -> torch.Tensor:
        kinds.append(x.dtype)
        return law.log_prob(x)

    first, again, other = (
        weights_by_annealing(model, law.mode, modes=2, proposals=[law], points=16, steps=2, seed=seed)
        for seed in (1, 1, 2)
    )
    assert set(kinds) == {torch.float32} and first.weight.dtype == np.float64
    assert first.log_z == again.log_z != other.log_z and (first.weight == again.weight).all()
    assert first.weight.sum() == pytest.approx(1.0, abs=1e-12)


LAW = two_modes()
CASES: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: _of(LAW.log_prob, proposals=[FAR]), Undetermined, "are in mode 1, and 64 are to start there"),
    (lambda: _of(lambda x: 1e6 * (1e5 * x).sin().sum(1)), Undetermined, "do not come to rest"),
    (lambda: _of(lambda x: LAW.log_prob(x) - torch.inf), ValueError, "-inf at every point"),
    (lambda: _of(lambda x: LAW.log_prob(x) * torch.nan), ValueError, "NaN or infinite"),
    (lambda: _of(LAW.log_prob, proposals=[]), ValueError, "empty"),
    (lambda: _of(LAW.log_prob, modes=1), ValueError, "int64 numbers 0 ... 0"),
    (lambda: _of(LAW.log_prob, modes=3), Undetermined, "0 of 131072 points of the proposals are in mode 2"),
    (lambda: _of(LAW.log_prob, populations=1), ValueError, "populations"),
    (lambda: _of(LAW.log_prob, points=2), ValueError, "points"),
    (lambda: _of(LAW.log_prob, steps=1), ValueError, "steps"),
    (lambda: _of(lambda x: LAW.log_prob(x).sum()), ValueError, "one number a point"),
    (lambda: _of(lambda x: LAW.log_prob(x)[:, None]), ValueError, "one number a point"),
    (lambda: _of(LAW.log_prob, proposals=[LAW, wide(3)]), ValueError, r"proposals\[1\] gives points \(3,\)"),
    (lambda: _of(LAW.log_prob, proposals=[LAW, two_modes(2, dtype=torch.float32)]), TypeError, "float32"),
]


def _of(model: Callable[[torch.Tensor], torch.Tensor], **settings: Any) -> ModeWeights:
    return weights_by_annealing(model, LAW.mode, **{"modes": 2, "proposals": [LAW], "seed": 1, **settings})


@pytest.mark.parametrize(("make", "error", "text"), CASES)
def test_bad_input(make: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()


def test_a_path_that_gets_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulate.sampler.annealing._LONGEST", 5)
    with pytest.raises(Undetermined, match=r"after 5 steps points of mode 0 are at 0.\d+ of the way"):
        _of(moved(2, 0.0))
