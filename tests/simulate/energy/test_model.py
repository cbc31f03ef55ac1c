"""Laws, energies, coupling flows, and the weights of a model's modes; LIMIT standard errors, as in test_sampler."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from helpers.two_mode_laws import BOX, FAR, tilted, two_modes
from scipy import stats
from torch import nn

from simulate import energy
from simulate.energy import EnergyModel
from simulate.sampler import (
    CouplingFlow,
    GaussianMixtureLaw,
    IndependentMetropolis,
    SeededLaw,
    Standardised,
    Undetermined,
    divergence,
    fit_flow,
    weights_by_importance,
    weights_by_quadrature,
)
from simulate.seeds import normal
from simulate.training import FitRecipe

LIMIT = 6.0
SMALL = [(-1.0, 1.0), (-1.0, 1.0)]


def shaken(flow: CouplingFlow, size: float = 0.05) -> CouplingFlow:
    """A flow that is not the one it begins as."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for each in flow.parameters():
            each += size * torch.randn(each.shape, generator=generator, dtype=each.dtype)
    return flow


# -- laws -----------------------------------------------------------------------------------------------


def test_a_mixture_is_scipys() -> None:
    rng = np.random.default_rng(1)
    roots = rng.normal(size=(3, 4, 4))
    covariances = roots @ roots.transpose(0, 2, 1) + 0.3 * np.eye(4)
    means, weights = rng.normal(size=(3, 4)), np.array([0.5, 0.2, 0.3])
    law = GaussianMixtureLaw(torch.from_numpy(means), torch.from_numpy(covariances), weights)
    x = rng.normal(size=(50, 4)) * 2
    parts = np.array([stats.multivariate_normal(m, c).logpdf(x) for m, c in zip(means, covariances, strict=True)])
    np.testing.assert_allclose(law.log_prob(torch.from_numpy(x)), np.log(weights @ np.exp(parts)), rtol=1e-11)
    np.testing.assert_array_equal(law.mode(torch.from_numpy(x)), parts.argmax(0))
    sample, label = law.labelled(200_000, seed=4)
    for k in range(3):
        own = sample[label == k].numpy()
        assert abs(len(own) / 200_000 - weights[k]) < LIMIT * (weights[k] * (1 - weights[k]) / 200_000) ** 0.5
        spread = np.sqrt(np.diag(covariances[k]))
        assert np.all(np.abs(own.mean(0) - means[k]) < LIMIT * spread / len(own) ** 0.5)
        assert np.all(np.abs(own.var(0) / spread**2 - 1) < LIMIT * (2 / len(own)) ** 0.5)
    assert torch.equal(law.sample(7, seed=4), law.sample(7, seed=4))


@pytest.mark.parametrize("modes", [1, 2])
def test_a_fit_finds_what_it_is_given(modes: int) -> None:
    law = two_modes(3)
    x, label = law.labelled(20_000, seed=1)
    fitted = GaussianMixtureLaw.fit(x, modes)
    if modes == 1:
        np.testing.assert_allclose(fitted.means[0], x.mean(0), rtol=1e-12)
        np.testing.assert_allclose(fitted.factors[0] @ fitted.factors[0].T, torch.cov(x.T), rtol=1e-10)
        return
    order = fitted.means[:, 0].argsort(descending=True)
    np.testing.assert_allclose(fitted.means[order], law.means, atol=0.1)
    share = (label == 0).double().mean()
    np.testing.assert_allclose(fitted.log_weights.exp()[order], [share, 1 - share], atol=0.005)


# -- flows ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["affine", "spline"])
@pytest.mark.parametrize("d", [2, 5])
def test_a_flow_samples_its_density(kind: str, d: int) -> None:
    """The density of its samples is the one it says, by another path, and integrates to 1."""
    points = two_modes(d).sample(4000, seed=1)
    flow = shaken(CouplingFlow(points, kind=kind, transforms=3, hidden=(16, 16), seed=2))
    with torch.no_grad():
        x, density = flow.sample_and_log_prob(40_000, seed=3)
        torch.testing.assert_close(flow.log_prob(x), density, rtol=1e-6, atol=1e-6)
        assert torch.equal(flow.sample(40_000, seed=3), x)
        cover = GaussianMixtureLaw.fit(points)
        ratio = (cover.log_prob(x) - density).exp()
    assert abs(float(ratio.mean()) - 1) < LIMIT * float(ratio.std()) / len(x) ** 0.5
    assert float(ratio.std()) < 5


def test_a_flow_learns_a_mixture_and_seeds_are_explicit() -> None:
    law = two_modes(2, dtype=torch.float32)
    points = law.sample(2000, seed=1)
    before = torch.get_rng_state()
    flow, twin, other = (CouplingFlow(points, transforms=4, hidden=(32, 32), seed=s) for s in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(flow.log_prob(points), twin.log_prob(points))
    assert not torch.equal(flow.log_prob(points), other.log_prob(points))
    start = float(flow.log_prob(points).mean().detach())
    optimiser = torch.optim.Adam(flow.parameters(), 5e-3)
    for _ in range(150):
        optimiser.zero_grad()
        (-flow.log_prob(points).mean()).backward()
        optimiser.step()
    gap = law.log_prob(points).mean() - flow.log_prob(points).mean().detach()
    assert float(gap) < 0.25 and float(flow.log_prob(points).mean().detach()) > start + 0.3
    chains = IndependentMetropolis(flow, 2)(law.log_prob, points[:500], seed=5)
    assert chains.jumped is not None and float(chains.jumped.mean()) > 0.4


NORMAL = torch.distributions.Independent(torch.distributions.Normal(torch.zeros(2), torch.ones(2)), 1)


def test_a_law_of_torch_proposes_with_explicit_seeds() -> None:
    """The same seed, the same points; torch's own generator stays; chains follow what they should."""
    law, before = SeededLaw(NORMAL), torch.get_rng_state()
    assert torch.equal(law.sample(5, seed=1), law.sample(5, seed=1))
    assert not torch.equal(law.sample(5, seed=1), law.sample(5, seed=2))
    assert torch.equal(before, torch.get_rng_state())
    narrow = torch.distributions.MultivariateNormal(torch.zeros(2), 0.25 * torch.eye(2))
    moved = IndependentMetropolis(law, 8)(narrow.log_prob, 0.5 * normal(4, (40_000, 2)).float(), seed=3)
    variance = float(moved.x.var())
    assert abs(variance / 0.25 - 1) < LIMIT * (1 / 40_000) ** 0.5
    assert moved.jumped is not None and 0.3 < float(moved.jumped.mean()) < 0.7


# -- energies -------------------------------------------------------------------------------------------


def test_a_flow_is_fitted_to_points_alone() -> None:
    """To a correlated Gaussian: nearer than the best with independent coordinates, and what was given stays."""
    law = GaussianMixtureLaw(torch.zeros(1, 2), torch.tensor([[[1.0, 0.9], [0.9, 1.0]]]), [1.0])
    points, fresh = law.sample(4000, seed=1), law.sample(4000, seed=2)
    flow = CouplingFlow(points, transforms=3, hidden=(16,), seed=3)
    before = flow.log_prob(fresh).detach().clone()
    recipe = FitRecipe(updates=300, batch=128, rate=5e-3, average=0.98)
    found, again = (fit_flow(flow, points, seed=4, recipe=recipe) for _ in range(2))
    assert torch.equal(flow.log_prob(fresh), before)
    gap = float((law.log_prob(fresh) - found.log_prob(fresh)).mean())  # type: ignore[operator]
    assert torch.equal(found.log_prob(fresh), again.log_prob(fresh))  # type: ignore[operator]
    assert gap < 0.1 < -0.5 * math.log(1 - 0.9**2)


def test_weights_of_modes_that_touch() -> None:
    """One Gaussian cut by a line through it, on four grids that the line meets elsewhere: nearer than a cell counted
    whole, and the stated error is below that."""
    base = GaussianMixtureLaw(torch.tensor([[2.2, 0.3]]), torch.tensor([[[9.0, 1.0], [1.0, 0.5]]]), [1.0])
    exact = float(stats.norm.cdf(2.2 / 3))
    for points in (81, 121, 161, 241):
        box = [(2.2 - 21.0, 2.2 + 21.0), (-4.6, 5.2)]
        found = weights_by_quadrature(base.log_prob, _side, modes=2, box=box, points=points)
        assert abs(found.weight[0] - exact) < 1e-3 * 81 / points and found.error[0] < 4e-3 * 81 / points
        assert found.weight[0] + found.weight[1] == pytest.approx(1.0, abs=1e-12)


def _side(x: torch.Tensor) -> torch.Tensor:
    return (x[:, 0] < 0).long()


def test_a_grid_that_is_too_coarse_is_refused() -> None:
    narrow = GaussianMixtureLaw.isotropic(torch.tensor([[2.0, 0.1], [-2.0, 0.0]]), 0.03, [0.5, 0.5])
    with pytest.raises(Undetermined, match="narrower than the grid"):
        weights_by_quadrature(narrow.log_prob, _side, modes=2, box=BOX, points=81)
    with pytest.raises(Undetermined, match="0 effective points of 0 in mode 1"):
        weights_by_importance(narrow.log_prob, _side, modes=2, proposals=[
            GaussianMixtureLaw.isotropic(torch.tensor([[2.0, 0.1]]), 0.03, [1.0])
        ], count=2000, seed=1)


def test_a_mode_that_rests_on_one_point_is_undetermined() -> None:
    """The other has effective points by the thousand; this one has left its proposal by six standard deviations."""
    law = two_modes(64)
    means = law.means.clone()
    means[1, 1] += 6 * 0.8
    model = GaussianMixtureLaw.isotropic(means, 0.8, [0.8, 0.2])
    with pytest.raises(Undetermined, match="in mode 1"):
        weights_by_importance(model.log_prob, law.mode, modes=2, proposals=[law], count=20_000, seed=1)


@pytest.mark.parametrize("wrong", [lambda x: LAW.log_prob(x).sum(), lambda x: LAW.log_prob(x)[:, None]])
def test_densities_are_one_number_a_point(wrong: Callable[[torch.Tensor], torch.Tensor]) -> None:
    with pytest.raises(ValueError, match="one number a point"):
        weights_by_importance(wrong, LAW.mode, modes=2, proposals=[LAW], count=500, seed=1)
    with pytest.raises(ValueError, match="one number a point"):
        weights_by_quadrature(wrong, LAW.mode, modes=2, box=BOX, points=41)


def test_variances_are_those_within_modes() -> None:
    """Of modes of known widths, weighed and not: and each mode for itself."""
    law = GaussianMixtureLaw(
        torch.tensor([[5.0, 0.0], [-5.0, 0.0]], dtype=torch.float64),
        torch.stack([torch.diag(torch.tensor([0.5, 0.3])), torch.eye(2)]).double(), [0.9, 0.1],
    )
    box = [(-14.0, 14.0), (-9.0, 9.0)]
    exact = weights_by_quadrature(law.log_prob, law.mode, modes=2, box=box, points=401)
    np.testing.assert_allclose(exact.variance, [0.4, 1.0], rtol=1e-4)
    even = GaussianMixtureLaw(law.means, 1.5 * (law.factors @ law.factors.mT), [0.5, 0.5])
    sampled = weights_by_importance(law.log_prob, law.mode, modes=2, proposals=[even], count=40_000, seed=1)
    # Relative standard error of a variance over some 15 000 effective points: 1 %.
    np.testing.assert_allclose(sampled.variance, [0.4, 1.0], rtol=0.06)


def test_a_model_starts_as_its_base_and_does_not_train_it() -> None:
    points = two_modes(3).sample(500, seed=1)
    flow = CouplingFlow(points, transforms=2, hidden=(8,))
    for base in (GaussianMixtureLaw.fit(points), flow):
        model = EnergyModel(energy.network(3, points=points, seed=1), base)
        torch.testing.assert_close(model(points), base.log_prob(points))
        model(points).sum().backward()
        assert all(each.grad is None for each in base.parameters())
        assert any(each.grad is not None for each in model.energy.parameters())
    assert all(each.requires_grad for each in flow.parameters())
    first, again = (energy.network(3, seed=4)[0].weight for _ in range(2))
    assert torch.equal(first, again) and not torch.equal(first, energy.network(3, seed=5)[0].weight)


# -- weights of modes -----------------------------------------------------------------------------------


def test_quadrature_against_the_exact_normalisation() -> None:
    model, weight, log_z = tilted(2)
    found = weights_by_quadrature(model, model.base.mode, modes=2, box=BOX)  # type: ignore[union-attr]
    assert abs(found.log_z - log_z) < 1e-9
    # Regions are half planes: each takes what the other mode has beyond x = 0.
    centres = np.array([2.5, -2.5]) - 0.5 * 0.8**2
    beyond = stats.norm.sf(np.array([centres[0], -centres[1]]) / 0.8)
    assert abs(found.weight[0] - (weight[0] * (1 - beyond[0]) + weight[1] * beyond[1])) < 1e-4
    assert found.weight.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("d", [2, 16])
def test_importance_sampling_is_calibrated(d: int) -> None:
    model, weight, log_z = tilted(d)
    law = two_modes(d)
    proposals = [law, GaussianMixtureLaw.fit(law.sample(5000, seed=8))]
    found = weights_by_importance(model, law.mode, modes=2, proposals=proposals, count=100_000, seed=3)
    assert abs(found.log_z - log_z) < LIMIT * found.log_z_error
    assert abs(found.weight[0] - weight[0]) < LIMIT * found.error[0] + 0.003  # The overlap of the modes moves .002.
    assert found.error[0] < 0.005 and found.effective > 20_000
    kl, error = divergence(law, model, found, count=100_000, seed=4)
    exact = float(0.5 * (0.8 * 2.5 - 0.2 * 2.5) + log_z)
    assert abs(kl - exact) < LIMIT * error and error < 0.01


def test_errors_of_importance_weights_are_the_scatter() -> None:
    """Over 200 repetitions: the ratio of stated to made errors is 1 to 5 % (one standard error); LIMIT of them."""
    model, _, _ = tilted(2)
    law = two_modes(2)
    found = [
        weights_by_importance(model, law.mode, modes=2, proposals=[law], count=2000, seed=seed) for seed in range(200)
    ]
    made = np.std([each.weight[0] for each in found], ddof=1)
    stated = np.mean([each.error[0] for each in found])
    assert abs(stated / made - 1) < LIMIT * 0.05


# -- bad input ------------------------------------------------------------------------------------------

POINTS = normal(1, (50, 3))
LAW = two_modes()


def test_a_fit_keeps_narrow_modes_narrow() -> None:
    law = GaussianMixtureLaw.isotropic(0.05 * torch.eye(2, dtype=torch.float64), 7e-4, [0.5, 0.5])
    fitted = GaussianMixtureLaw.fit(law.sample(9000, seed=1), 2)  # 15 % are 7 standard errors of each variance
    np.testing.assert_allclose((fitted.factors @ fitted.factors.mT)[:, 0, 0], 4.9e-7, rtol=0.15)


class _NoSample:
    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        return x.sum(1)


class _Undefined(_NoSample):
    def sample(self, count: int, *, seed: Any) -> torch.Tensor:
        return torch.full((count, 2), float("nan"), dtype=torch.float64)


SKEW = torch.tensor([[[1.0, 5.0], [0.0, 1.0]]])
CASES: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: GaussianMixtureLaw(torch.zeros(1, 2), SKEW, [1.0]), ValueError, "not symmetric"),
    (lambda: GaussianMixtureLaw(torch.zeros(1, 2), torch.eye(2).double()[None], [1.0]), TypeError, "float64"),
    (lambda: Standardised(torch.ones(1, 2)), ValueError, "1 rows"),
    (lambda: weights_by_importance(lambda x: x[:, 0] - torch.inf, LAW.mode, modes=2, proposals=[LAW], count=9, seed=1),
     ValueError, "-inf at every point"),
    (lambda: weights_by_quadrature(lambda x: x[:, 0] - torch.inf, LAW.mode, modes=2, box=BOX), ValueError,
     "-inf at every point"),
    (lambda: weights_by_importance(
        lambda x: x[:, 0].nan_to_num(), lambda x: torch.zeros(len(x), dtype=torch.int64), modes=2,
        proposals=[_Undefined()], count=9, seed=1,
    ), ValueError, "no finite density"),
    (lambda: weights_by_importance(
        LAW.log_prob, LAW.mode, modes="a", proposals=[LAW], count=9, seed=1,  # type: ignore[arg-type]
    ), TypeError, "modes = 'a' must be an integer"),
    (lambda: weights_by_quadrature(LAW.log_prob, LAW.mode, modes=0, box=BOX), ValueError, "modes = 0 must be >= 1"),
    (lambda: weights_by_importance(
        LAW.log_prob, LAW.mode, modes=2, proposals=LAW, count=9, seed=1,  # type: ignore[arg-type]
    ), TypeError, "list of laws"),
    (lambda: GaussianMixtureLaw.isotropic(torch.ones(2, 3), 1.0, [0.5, 0.5]), ValueError, "two of the means coincide"),
    (lambda: GaussianMixtureLaw.isotropic(POINTS[:2], 1.0, [0.5, 0.0]), ValueError, "2 positive numbers"),
    (lambda: GaussianMixtureLaw(POINTS[:1], -torch.eye(3, dtype=torch.float64)[None], [1.0]), ValueError,
     r"covariances\[0\] is not positive definite"),
    (lambda: GaussianMixtureLaw.fit(POINTS[:3]), ValueError, "give 4"),
    (lambda: GaussianMixtureLaw.fit(torch.nn.functional.pad(POINTS, (0, 1))), ValueError, "singular"),
    (lambda: LAW.log_prob(POINTS), ValueError, r"shape \(50, 3\); points of this law are \(C, 2\)"),
    (lambda: SeededLaw(torch.distributions.Normal(0.0, 1.0)), ValueError, "one law over points is needed"),
    (lambda: SeededLaw(FAR), TypeError, "one of torch.distributions, not GaussianMixtureLaw"),  # type: ignore[arg-type]
    (lambda: SeededLaw(NORMAL).log_prob(POINTS), ValueError, r"points of this law are \(2,\)"),
    (lambda: CouplingFlow(POINTS[:, :1]), ValueError, "1 coordinate"),
    (lambda: CouplingFlow(POINTS, kind="autoregressive"), ValueError, "affine"),
    (lambda: CouplingFlow(POINTS).log_prob(POINTS[:, :2]), ValueError, r"points \(C, 3\)"),
    (lambda: Standardised(torch.ones(5, 2)), ValueError, "coordinate 0 of points does not vary"),
    (lambda: EnergyModel(energy.network(2), _NoSample()), TypeError, r"base must have sample\(\)"),  # type: ignore[arg-type]
    (lambda: EnergyModel(lambda x: x, LAW), TypeError, "torch.nn.Module"),  # type: ignore[arg-type]
    (lambda: EnergyModel(nn.Linear(2, 3, dtype=torch.float64), LAW)(LAW.sample(4, seed=1)), ValueError,
     "one number a point"),
    (lambda: EnergyModel(energy.network(3, points=POINTS), LAW)(LAW.sample(4, seed=1)), ValueError, r"points \(C, 3\)"),
    (lambda: weights_by_quadrature(LAW.log_prob, LAW.mode, modes=2, box=SMALL), ValueError, "make it larger"),
    (lambda: weights_by_quadrature(LAW.log_prob, LAW.mode, modes=2, box=SMALL * 2), ValueError, "two dimensions"),
    (lambda: weights_by_quadrature(LAW.log_prob, LAW.mode, modes=1, box=BOX), ValueError, "int64 numbers 0 ... 0"),
    (lambda: weights_by_quadrature(lambda x: x[:, 0] / 0, LAW.mode, modes=2, box=BOX), ValueError, "no weights"),
    (lambda: weights_by_importance(LAW.log_prob, LAW.mode, modes=2, proposals=[], count=9, seed=1), ValueError,
     "empty"),
    (lambda: weights_by_importance(LAW.log_prob, LAW.mode, modes=2, proposals=[FAR], count=5000, seed=1), ValueError,
     "effective points of 5000 say nothing"),
]


@pytest.mark.parametrize(("make", "error", "text"), CASES)
def test_bad_input(make: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()
