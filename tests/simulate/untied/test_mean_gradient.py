"""Training with the mean over all noises: its gradient, and where it ends (in the span: test_untied_span)."""

import numpy as np
import pytest
import torch

from asymptotics.calibration import assert_agrees, compare_mean
from asymptotics.phases import first_phase, second_mean, second_skip, speciation
from asymptotics.phases.first import first_phase_skip
from simulate import Mixture, Point, untied
from simulate.untied import ClassData, DirectProblem, Fresh, Parameters, UntiedAdam, UntiedRecipe, UntiedSGD, UntiedSpan

MIXTURE = Mixture(d=30, sigma=1.2, radius=0.8, p=0.7)
POINTS = (Point(0.6, 0.4), Point(0.9, 0.1))
RIDGES = {"ridge_u": 0.3, "ridge_w": 0.2}


def _network(d: int, scale: float, seed: int = 5) -> tuple[torch.Tensor, ...]:
    generator = np.random.default_rng(seed)
    shapes = ((3, 2), (3, 2), (3, 2, d), (3, 2, d))
    return tuple(torch.from_numpy(scale * generator.standard_normal(shape)).requires_grad_() for shape in shapes)


def _risk(net: tuple[torch.Tensor, ...], data: torch.Tensor, n: int) -> torch.Tensor:
    """With loops, and a sum over a fine grid of the noise along w: across w it adds (c alpha)^2 for each dimension."""
    c, b, u, w = net
    z = torch.linspace(-9, 9, 6001, dtype=torch.float64)
    weight = torch.exp(-z * z / 2)
    weight = weight / weight.sum()
    total = torch.zeros((), dtype=torch.float64)
    for s in range(len(data)):
        for t, (alpha, beta) in enumerate(POINTS):
            length = w[s, t].norm()
            way = w[s, t] / length
            for x1 in data[s]:
                d = len(x1)
                noise = way[None] * z[:, None]
                tanh = torch.tanh((beta * (w[s, t] @ x1) + alpha * length * z) / d**0.5 + b[s, t])
                given = (1 - c[s, t] * beta) * x1 - c[s, t] * alpha * noise - tanh[:, None] * u[s, t]
                total = total + n / (2 * data.shape[1]) * (
                    weight @ given.square().sum(dim=1) + (c[s, t] * alpha) ** 2 * (d - 1)
                )
            total = total + 0.15 * u[s, t].square().sum() + 0.1 * w[s, t].square().sum()
    return total


@pytest.mark.parametrize("chosen", [None, [[0, 3], [4, 1], [2, 0]]])
@pytest.mark.parametrize("scale", [0.05, 1.0, 6.0])
def test_the_gradient_is_that_of_the_mean_risk(chosen: list[list[int]] | None, scale: float) -> None:
    """Narrow and wide arguments of tanh: the averages change their method at variance 1/4."""
    data = ClassData.draw(MIXTURE, n=5, seeds=3, seed=1)
    rows = None if chosen is None else np.array(chosen)
    part = data.data if rows is None else torch.stack([x[r] for x, r in zip(data.data, rows, strict=True)])
    net = _network(30, scale)
    expected = torch.autograd.grad(_risk(net, part, 5), net)
    problem = DirectProblem.of(data, POINTS, UntiedSGD(repeats=None), **RIDGES)
    found = problem.gradient(Parameters(*(each.detach() for each in net)), Fresh(0, 0, 3, 5, 5), rows)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


def test_it_is_the_mean_of_gradients_with_fresh_noise() -> None:
    """Calibrated, every component held against the largest of its kind; 12 000 noises a sample."""
    data = ClassData.draw(Mixture(d=6, sigma=1.2, radius=0.8, p=0.7), n=3, seeds=3, seed=1)
    fresh, mean = (DirectProblem.of(data, POINTS, UntiedSGD(repeats=each), **RIDGES) for each in (100, None))
    net = Parameters(*(each.detach() for each in _network(6, 0.8)))
    noises = Fresh(8, 0, 3, 3, 3)
    draws = [fresh.gradient(net, noises, None) for _ in range(120)]
    for k, exact in enumerate(mean.gradient(net, noises, None)):
        samples = np.array([each[k].numpy().ravel() for each in draws])
        assert_agrees(compare_mean(samples, exact.numpy().ravel(), comparisons=4, scale=exact.abs().max().item()))


def _least(d: int, s: float, n_plus: int, n_minus: int, sigma: float, ridge: float, iterations: int = 1500) -> float:
    """The largest relative distance of trained overlaps from those of the variational formula."""
    beta = s / (s + (d - (s * sigma) ** 2) ** 0.5)
    span = UntiedSpan.draw(Mixture(d=d, sigma=sigma, p=0.5), n=n_plus + n_minus, seeds=1, seed=2, plus=n_plus)
    recipe = UntiedSGD(iterations=iterations, repeats=None, rate=1.0, final=1.0)
    found = untied.train_span(span, [Point(1 - beta, beta)], recipe=recipe, ridge_u=ridge, ridge_w=ridge, seed=3).final
    given = {"s": s, "n_plus": n_plus, "n_minus": n_minus, "sigma": sigma, "ridge_u": ridge, "ridge_w": ridge}
    theory = first_phase(**given)
    assert abs(speciation(alpha=1 - beta, beta=beta, sigma=sigma, d=float(d)) / s - 1) < 1e-9
    pairs = [(getattr(found, name)[0, 0], getattr(theory, name)) for name in ("omega", "b", "m", "q")]
    pairs.append((found.skip[0, 0] * d**0.5, first_phase_skip(**given)))
    return max(abs(float(ours / wanted) - 1) for ours, wanted in pairs)


def test_the_first_phase_ends_at_the_least_value_of_the_variational_formula() -> None:
    """At d = 10^12, where finite-d terms are 1e-6 sqrt(n): a training independent of the reduction to (omega, b)."""
    assert _least(10**12, 1.3, 13, 3, 1.0, 0.5) < 1e-4


@pytest.mark.parametrize(("beta", "n", "ridge"), [
    (0.7, 8, 0.1), (0.9, 8, 0.1), (0.9, 128, 0.1), (0.98, 128, 0.1), (0.5, 8, 1e4), (0.5, 8, 1e12), (1.0, 8, 0.1),
])
def test_w_stays_bounded_at_full_rate(beta: float, n: int, ridge: float) -> None:
    """Late times and large ridges: |w|^2/d from .01 does not run away, and a ridge that rules everything rules w."""
    span = UntiedSpan.draw(Mixture(d=10**6, sigma=1.0, p=0.8), n=n, seeds=1, seed=0)
    recipe = UntiedSGD(iterations=200, repeats=None, rate=1.0, hold=0.6)
    found = untied.train_span(
        span, [Point(1 - beta, beta)], recipe=recipe, ridge_u=ridge, ridge_w=ridge, seed=1
    ).final
    assert found.r[0, 0] < (1e-12 if ridge > 1e3 else 0.2)


def test_nothing_bounds_w_without_noise_and_ridge() -> None:
    span = UntiedSpan.draw(Mixture(d=1000, sigma=1.0, p=0.8), n=8, seeds=1, seed=0)
    with pytest.raises(ValueError, match="give a ridge_w > 0"):
        untied.train_span(span, [Point(0.0, 1.0)], recipe=UntiedSGD(repeats=None), ridge_u=0.1, ridge_w=0.0, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize(("s", "n_plus", "n_minus", "sigma", "ridge"), [
    (0.6, 13, 3, 1.0, 0.1), (2.0, 13, 3, 1.0, 2.0), (1.0, 9, 7, 1.5, 0.3), (1.6, 40, 10, 0.6, 0.1),
    (1.2, 102, 26, 1.0, 0.1), (1.0, 3, 2, 0.5, 1.0),
])
def test_the_first_phase_everywhere(s: float, n_plus: int, n_minus: int, sigma: float, ridge: float) -> None:
    assert _least(10**12, s, n_plus, n_minus, sigma, ridge, 6000) < 1e-4


@pytest.mark.parametrize("recipe", [
    UntiedSGD(iterations=300, repeats=None, rate=1.0, hold=0.6),
    UntiedAdam(iterations=400, repeats=None, rate=0.1),
])
def test_the_second_phase_is_learned(recipe: UntiedRecipe) -> None:
    mixture = Mixture(d=3000, sigma=1.0, p=0.5)
    data = ClassData.draw(mixture, n=16, seeds=2, seed=4)
    found = untied.train(data, [Point(0.7, 0.3)], recipe=recipe, ridge_u=0.1, ridge_w=0.1, seed=5).final
    at = {"alpha": 0.7, "beta": 0.3, "n": 16, "sigma": 1.0, "ridge": 0.1}
    # Over data sets c and m spread by about 1/sqrt(n d) = .5 % and 2/sqrt(d) = 4 %; a false alarm needs five of them.
    assert np.abs(found.skip / second_skip(**at) - 1).max() < 0.03
    assert np.abs(found.m / second_mean(**at) - 1).max() < 0.2
