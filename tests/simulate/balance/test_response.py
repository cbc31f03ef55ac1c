"""How fast an energy answers where chains are, against the model it makes, and the scatter that it predicts."""

import json

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from asymptotics import balance
from simulate.balance import (
    BalancePlan,
    expected_scatter,
    response_rate as balance_rate,
    run_study as balance_study,
    scatter_scores,
)
from simulate.energy import EnergyModel, EnergyRecipe, EnergyTrained, two_modes
from simulate.runs import workers
from simulate.sampler import AdjustedLangevin, weights_by_quadrature

F64 = torch.float64


class Side(nn.Module):
    """E(x) = heights . (tanh 3x, tanh 2x): it only moves weight between the sides."""

    def __init__(self) -> None:
        super().__init__()
        self.heights = nn.Parameter(torch.tensor([0.1, -0.2], dtype=F64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.stack([(3 * x[:, 0]).tanh(), (2 * x[:, 0]).tanh()], dim=1) @ self.heights


class Standing(nn.Module):
    """Points scaled by learned numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(2, dtype=F64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.scale


def test_one_step_moves_the_log_odds_as_said() -> None:
    """A step of the parameters along their preconditioned gradient, and the weights before and after by quadrature."""
    target, share = two_modes(2, p=0.7, dtype=F64), 0.01
    model = EnergyModel(Side(), target)
    scales, rate = (torch.tensor([0.5, 4.0], dtype=F64),), 0.03
    trained = EnergyTrained(model, None, torch.zeros(1, 2), AdjustedLangevin(0.1), xr.Dataset(), scales)
    points, labels = target.labelled(4000, seed=1)
    found = balance_rate(trained, points, labels, rate=rate)

    def log_odds() -> float:
        weight = weights_by_quadrature(model, target.mode, modes=2, box=[(-9, 9), (-6, 6)], points=401).weight
        return float(np.log(weight[0] / weight[1]))

    energies, before = model.energies(points), log_odds()
    gap = energies[labels == 0].mean() - energies[labels == 1].mean()
    (slope,) = torch.autograd.grad(gap, list(model.energy.parameters()))
    with torch.no_grad():  # More chains in mode 0 than data, by ``share``: its energy goes up.
        next(model.energy.parameters()).add_(rate * share * slope / scales[0])
    assert (before - log_odds()) / share == pytest.approx(found, rel=1e-3)


def test_frozen_parameters_do_not_answer() -> None:
    """Of two heights one is fixed: half of the answer."""
    target = two_modes(2, dtype=F64)
    points, labels = target.labelled(2000, seed=1)
    found = []
    for fixed in (False, True):
        energy = nn.Sequential(Standing(), nn.Linear(2, 1, bias=False, dtype=F64).requires_grad_(not fixed))
        found.append(balance_rate(
            EnergyTrained(EnergyModel(energy, target), None, points, AdjustedLangevin(0.1), xr.Dataset(),
                          (torch.ones(2, dtype=F64), torch.ones(1, 2, dtype=F64))), points, labels, rate=0.1,
        ))
    assert 0 < found[1] < found[0]


def test_bad_input() -> None:
    trained = EnergyTrained(EnergyModel(Side(), two_modes(2)), None, torch.zeros(1, 2), AdjustedLangevin(0.1),
                            xr.Dataset(), (torch.ones(2, dtype=F64),))
    points = torch.zeros(3, 2, dtype=F64)
    with pytest.raises(ValueError, match="must be a tensor of 0 or 1"):
        balance_rate(trained, points, torch.zeros(3, dtype=torch.int64), rate=0.1)
    with pytest.raises(ValueError, match="rate = 0"):
        balance_rate(trained, points, torch.tensor([0, 1, 1]), rate=0.0)
    with pytest.raises(ValueError, match="no learning rates"):
        expected_scatter(xr.Dataset(coords={"training": ["flow"]}))


PLAN = BalancePlan(
    methods=("flow",), recipe=EnergyRecipe(iterations=40, chains=64, batch=32, prefit=20, record_every=10, decay=0.5),
    n=400, widths=(8,), transforms=2, hidden=(8,), count=100, watched=100, chains=16, moves=20, warm=2,
)


def test_the_scatter_is_the_theorys() -> None:
    """Chains and batches add; rates fall over the second half; where steps overshoot nothing is said."""
    study = balance_study(two_modes(2), plan=PLAN, seeds=2, progress=False)
    np.testing.assert_allclose(study["slower"], [0.25, 1.0, 1.0, 0.55, 0.05])
    assert json.loads(study.attrs["provenance"])["settings"]["kind"] == "balance_study"
    for value in (0.5, 4.0):
        known = study.assign(learning_rate=xr.full_like(study["learning_rate"], value),
                             jump_rate=xr.DataArray([[0.7, 1.3]], dims=("training", "seed")))
        found = expected_scatter(known)
        p = known["data_weight"].sel(mode=0).values
        for k in range(2):
            for place, slower in enumerate(known["slower"].values):
                eta = value * slower
                jump = [0.7, 1.0][k]
                wanted = np.hypot(*(
                    balance.weight_std(p=p[k], learning_rate=eta, jump_rate=rate, chains=float(count))
                    for rate, count in ((jump, 64), (1.0, 32))
                ))
                assert found[k, place] == pytest.approx(wanted, rel=1e-12)
    still = expected_scatter(known.assign(jump_rate=xr.zeros_like(known["jump_rate"])))
    assert np.isnan(still).all()
    large = expected_scatter(known.assign(learning_rate=xr.full_like(known["learning_rate"], 40.0)))
    assert np.isnan(large.isel(iteration=0)).all()


@pytest.mark.slow
def test_a_real_network_scatters_as_predicted() -> None:
    """Some hundred records, of which neighbours are not independent: a standard error of .1 or so. The learning rate is
    that of the end of training, where it differs by a third from what it was."""
    recipe = EnergyRecipe(rate=2e-3, flow_rate=1e-3, iterations=600, record_every=10, prefit=150)
    plan = BalancePlan(
        methods=("flow",), recipe=recipe, n=4000, widths=(64, 64), transforms=4, hidden=(32, 32), count=2000,
        watched=500, moves=300, warm=10,
    )
    with workers(2) as executor:
        study = balance_study(two_modes(2), plan=plan, seeds=4, executor=executor, progress=False)
    score = scatter_scores(study)
    rms, count = float((score**2).mean()) ** 0.5, int(score.notnull().sum())
    print(f"root mean square {rms:.3f} of {count} records; learning rates {study['learning_rate'].values}")
    assert count > 60 and 0.5 < rms < 2.0
