"""How much the stories simulate: quick and full settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from simulate.balance import PLANE, BalancePlan
from simulate.energy import EnergyRecipe
from simulate.features import StudyPlan
from simulate.images import UNet
from simulate.training import FitRecipe

EIGHTY_TWENTY = {0: 0.8, 1: 0.2}
# Seconds: a narrow network that learns the balance of the classes and little else.
SMALL_STUDY = StudyPlan(
    network=partial(UNet, width=8), recipe=FitRecipe(updates=140, batch=32, rate=4e-3, average=0.96), budgets=(50, 140),
    turns=10, clones=4, turn_steps=10, count=250, steps=14,
    classifier=FitRecipe(updates=80, rate=3e-3, average=0.95), weights=EIGHTY_TWENTY,
)
# Seconds: an energy that learns the weights of two modes and little of their shape.
SMALL_BALANCE = BalancePlan(
    n=4000, widths=(64, 64),
    transforms=4, hidden=(32, 32), count=4000, watched=1000, moves=60, warm=10, recipe=EnergyRecipe(
        rate=2e-3, flow_rate=1e-3, iterations=250, prefit=150, record_every=10
    ),
)


@dataclass(frozen=True)
class Effort:
    """How much to simulate. d: dimension of the runs; seeds: data sets; n: sample numbers; study: of real images;
    balance: of energy-based models."""

    d: int
    seeds: int
    n: tuple[int, ...]
    steps: int
    trained_d: int
    workers: int = 2
    study: StudyPlan = SMALL_STUDY
    study_seeds: int = 1
    balance: BalancePlan = SMALL_BALANCE
    balance_seeds: int = 1


QUICK = Effort(d=5000, seeds=8, n=(2, 4, 8, 16, 32, 64), steps=16, trained_d=1000)
FULL = Effort(
    d=20000, seeds=48, n=(2, 4, 8, 16, 32, 64, 128), steps=32, trained_d=5000, study=StudyPlan(weights=EIGHTY_TWENTY),
    study_seeds=8, balance_seeds=4,
    balance=replace(PLANE, recipe=replace(PLANE.recipe, record_every=20)),
)
