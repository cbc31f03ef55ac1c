"""Generated weights of the modes, by the exact field and by networks, against the same schemes integrated exactly."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from asymptotics import phases
from asymptotics.calibration import assert_agrees, judge
from asymptotics.schedule import Dilation, linear, trigonometric
from simulate import Mixture, curves, flow
from simulate.curves import generated_fraction
from simulate.flow import LearnedVelocity, MixtureField, time_grid
from simulate.seeds import normal

Array = NDArray[np.float64]

MIXTURE = Mixture(d=100, sigma=1.2, radius=0.9, p=0.8)
METHODS = ("euler", "heun")
# Calls that share the false-failure rate of 1e-6.
CALLS = 4


def target(mixture: Mixture) -> phases.Target:
    return phases.Target(p=mixture.p, sigma=mixture.sigma, d=mixture.d, radius=mixture.radius)


def uniform(mixture: Mixture) -> Array:
    return np.linspace(0.0, 1.0, 31)


def halved(mixture: Mixture) -> Array:
    """Half of the steps below kappa/|mu|, which is one of the times."""
    return phases.half_grid(target(mixture), 3.0, 0.5, 30)


def dilated(mixture: Mixture) -> Array:
    """The same by a Dilation, whose kappa/sqrt(d) is here kappa/|mu|."""
    return time_grid(linear, 30, dilation=Dilation.half(3.0 / mixture.radius, mixture.d))


GRIDS = {"uniform": uniform, "halved": halved}


def exact(sizes: list[int]) -> Array:
    """(d, grid, method): the weight that each scheme generates, no samples."""
    laws = [Mixture(d=d, sigma=1.2, radius=0.9, p=0.8) for d in sizes]
    return np.array([
        [[phases.generated_weight(target(law), make(law), method=method) for method in METHODS]
         for make in GRIDS.values()] for law in laws
    ])


def test_a_dilation_gives_the_same_times() -> None:
    node = 3.0 / target(MIXTURE).length
    assert np.allclose(dilated(MIXTURE), halved(MIXTURE), rtol=1e-12)
    assert np.isclose(halved(MIXTURE)[15], node, rtol=1e-15)


@pytest.mark.parametrize("reduced", [True, False])
def test_generated_weights_are_those_of_the_scheme(reduced: bool) -> None:
    """No allowance: the same grid and the same rule, whatever the error of the rule."""
    count, sizes = (100_000, [100, 10**6]) if reduced else (10_000, [100])
    found = curves.weights(
        MIXTURE, d=sizes, grids=GRIDS, schedule=linear, methods=METHODS, count=count, seed=1, reduced=reduced,
        batch=2500, progress=False,
    )
    weights = exact(sizes)
    errors = np.sqrt(weights * (1 - weights) / count)
    verdict = judge(found["generated_weight"].values, weights, errors, dof=np.inf, comparisons=CALLS)
    print(verdict)
    assert_agrees(verdict, within=0.05)
    assert found["steps"].values.tolist() == [[30, 30]] * len(sizes)
    if reduced:
        plain, spread = found.sel(d=10**6, grid="uniform"), found.sel(d=10**6, grid="halved")
        assert bool((plain["generated_weight"] == 1.0).all()) and bool((plain["generated_weight_stderr"] > 0).all())
        assert bool((abs(spread["generated_weight"] - 0.8) < 0.02).all())


@pytest.mark.slow
def test_in_thousands_of_dimensions() -> None:
    found = curves.weights(
        MIXTURE, d=[2500], grids=GRIDS, schedule=linear, methods=METHODS, count=4000, seed=2, reduced=False,
        batch=500, dtype=torch.float32, progress=False,
    )
    weights = exact([2500])
    verdict = judge(
        found["generated_weight"].values, weights, np.sqrt(weights * (1 - weights) / 4000), dof=np.inf,
        comparisons=CALLS,
    )
    print(verdict)
    assert_agrees(verdict, within=0.1)


def test_other_schedules_generate_the_scheme_too() -> None:
    """The trigonometric one, in the steps of its own time."""
    grid = time_grid(trigonometric, 40)
    found = curves.weights(
        MIXTURE, d=[100], grids={"uniform": lambda mixture: grid}, schedule=trigonometric, methods=METHODS,
        count=100_000, seed=4, progress=False,
    )
    weights = np.array([
        phases.generated_weight(target(MIXTURE), grid, schedule=trigonometric, method=method) for method in METHODS
    ])
    verdict = judge(
        found["generated_weight"].values[0, 0], weights, np.sqrt(weights * (1 - weights) / 100_000), dof=np.inf,
        comparisons=CALLS,
    )
    print(verdict)
    assert_agrees(verdict, within=0.02)


class Network:
    """f(x) = c x + u tanh(w.x/sqrt(d) + b), here with the parameters of the exact denoiser."""

    def __init__(self, mixture: Mixture, t: float) -> None:
        alpha, beta = (float(each) for each in linear.mix(t))
        noised, mean = alpha**2 + mixture.sigma**2 * beta**2, mixture.mean()
        self.c, self.u = mixture.sigma**2 * beta / noised, alpha**2 / noised * mean
        self.w, self.b = mixture.d**0.5 * beta / noised * mean, 0.5 * np.log(mixture.p / (1 - mixture.p))

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return self.c * x + torch.tanh(x @ self.w / x.shape[1] ** 0.5 + self.b)[:, None] * self.u

    def denoise(self, x: torch.Tensor) -> torch.Tensor:
        return self(x)


@pytest.mark.parametrize("bare", [True, False])
@pytest.mark.parametrize("method", ["euler", "ralston"])
def test_networks_generate_what_their_functions_do(method: str, bare: bool) -> None:
    """Networks equal to the exact denoiser carry every point where the exact field does; asked once for each time."""
    asked: list[float] = []

    def learner(t: float) -> Any:
        asked.append(t)
        network = Network(MIXTURE, t)
        return network.__call__ if bare else network

    field, grid, starts = MixtureField(MIXTURE, linear), halved(MIXTURE), normal(3, (400, 100))
    learned = LearnedVelocity(learner, linear)
    final, expected = (flow.transport(each, linear, grid, starts, method=method) for each in (learned, field))
    assert torch.allclose(final, expected, rtol=1e-9, atol=1e-9)
    assert asked == sorted(set(asked)) and asked[0] == 0.0 and asked[-1] < 1.0
    both = [
        generated_fraction(each, linear, grid, starts, field.side, method=method)
        for each in (LearnedVelocity(learner, linear), field)
    ]
    assert both[0] == both[1] and both[0].value == float(field.side(expected).double().mean())


def test_more_points_and_other_grids_keep_the_noise() -> None:
    few, many = (
        curves.weights(
            MIXTURE, d=sizes, grids=grids, schedule=linear, methods=["euler"], count=200, seed=1, batch=50,
            progress=False,
        ) for sizes, grids in (([400], {"uniform": uniform}), ([100, 400], GRIDS))
    )
    assert float(few["generated_weight"].sel(d=400, grid="uniform")[0]) == float(
        many["generated_weight"].sel(d=400, grid="uniform")[0]
    )


def test_bad_input() -> None:
    good: dict[str, Any] = {
        "mixture": MIXTURE, "d": [100], "grids": GRIDS, "schedule": linear, "methods": ["euler"], "count": 5, "seed": 0,
        "progress": False,
    }
    bad: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"mixture": 3}, TypeError, "mixture must be a Mixture, not int"),
        ({"d": []}, ValueError, "d, grids and methods must hold one entry or more"),
        ({"d": [0]}, ValueError, "d = 0 must be >= 1"),
        ({"grids": {"back": lambda mixture: [1.0, 0.0]}}, ValueError, "grid must increase strictly"),
        ({"methods": ["eular"]}, ValueError, "did you mean 'euler'"),
        ({"count": 0}, ValueError, "count = 0 must be >= 1"),
        ({"workers": 2}, TypeError, "unexpected keyword argument 'workers'"),
        ({"reduced": 1}, TypeError, "reduced = 1 must be True or False"),
        ({"methods": ["euler_maruyama"]}, ValueError, "beta = 0 at t = 0"),
    ]
    for change, error, words in bad:
        with pytest.raises(error, match=words):
            curves.weights(**{**good, **change})
    del good["seed"]
    with pytest.raises(TypeError, match="required keyword-only argument: 'seed'"):
        curves.weights(**good)
    good["seed"] = 0
    with pytest.raises(MemoryError, match="reduced=True"):
        curves.weights(**{**good, "d": [10**9], "count": 10**4, "reduced": False})
