"""The way of real data with a mixture whose truth is known: a model of noise, U-turns, the interval, the fit."""

import numpy as np
import pytest
import torch
from scipy.optimize import brentq

from asymptotics import phases
from asymptotics.schedule import Interpolant, linear, variance_preserving
from simulate import Mixture, features
from simulate.flow import MixtureField
from simulate.training import ModelVelocity
from simulate.uturn import Uturn, return_curves

MIXTURE = Mixture(d=36, sigma=1.0, radius=1.0, p=0.7)
COUNT = 1000


def _noise(schedule: Interpolant) -> ModelVelocity:
    """The exact field as a network that predicts noise."""
    field = MixtureField(MIXTURE, schedule)

    def predict(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        alpha, beta = (float(each) for each in schedule.mix(float(t[0])))
        return (x - beta * field.denoiser(x, float(t[0]))) / alpha

    return ModelVelocity(predict, schedule, "noise")


def _clock(schedule: Interpolant, t: float) -> float:
    alpha, beta = (float(each) for each in schedule.mix(t))
    return beta * MIXTURE.d**0.5 / (alpha**2 + beta**2) ** 0.5


def _ahead(x: torch.Tensor) -> torch.Tensor:
    return x @ MIXTURE.mean(dtype=x.dtype) > 0


@pytest.mark.parametrize(("schedule", "times"), [
    (linear, np.linspace(0.03, 0.5, 9)), (variance_preserving, np.linspace(0.35, 0.9, 9)),
])
def test_the_interval_and_the_fit_are_the_theory_s(schedule: Interpolant, times: np.ndarray) -> None:
    """Curves within 6 standard errors and .02, what 60 steps leave; ends of the interval likewise; K = sqrt(d) and p
    inside intervals of 1 - 1e-6, widened by as much."""
    generator = np.random.default_rng(1)
    mean = MIXTURE.mean().numpy()
    starts = {
        name: torch.from_numpy(side * mean + MIXTURE.sigma * generator.standard_normal((COUNT, MIXTURE.d)))
        for name, side in (("plus", 1.0), ("minus", -1.0))
    }
    curves = return_curves(
        Uturn(schedule=schedule, method="ancestral", steps=60), _noise(schedule), starts, _ahead,
        times=times, seed=2, progress=False,
    )
    clocks = np.array([_clock(schedule, float(t)) for t in times])
    for name, formula in (("plus", phases.uturn_sde_plus), ("minus", phases.uturn_sde_minus)):
        gap = np.abs(curves["fraction"].sel(start=name) - formula(p=0.7, s=clocks))
        assert (gap < 6 * curves["fraction_stderr"].sel(start=name) + 0.02).all()

    data, noise = (1.0, 0.0) if schedule is linear else (0.0, 1.0)
    found = features.interval(curves, plus="plus", minus="minus", ends=(noise, data))
    assert found.determined
    for end, level in ((found.part, 0.1), (found.saturate, 0.9)):
        def excess(t: float, level: float = level) -> float:
            s = _clock(schedule, t)
            return float(phases.uturn_sde_plus(p=0.7, s=s) - phases.uturn_sde_minus(p=0.7, s=s)) - level

        exact = brentq(excess, 1e-3, 0.999)
        assert abs(end.value - exact) < 6 * end.stderr + 0.02

    fitted = phases.fit_uturn(
        clocks / MIXTURE.d**0.5, plus=curves["fraction"].sel(start="plus").values,
        minus=curves["fraction"].sel(start="minus").values, count=COUNT, confidence=1 - 1e-6,
    )
    low, high = fitted.rate_interval
    assert 0.97 * low < MIXTURE.d**0.5 < 1.03 * high
    assert fitted.p_interval[0] - 0.02 < 0.7 < fitted.p_interval[1] + 0.02
