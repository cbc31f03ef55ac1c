"""Exact at any dimension: the network, its flow and the generated law in three sums over the data."""

from __future__ import annotations

from typing import Any

import numpy as np

import simulate
from asymptotics import ProofError, limited_samples as theory
from asymptotics.schedule import linear
from derivations.reporting import Story, Teller, alone
from simulate.gram import GramStatistics
from simulate.path import point

RIDGE, DIMENSION = 0.3, 40
SPREADS = {"spread_data": 2.4, "spread_noise": 0.9, "spread_cross": 0.1}
FORMULAS = (theory.finite_skip, theory.finite_velocity, theory.finite_flow_variance, theory.finite_variance)


def tell(teller: Teller) -> None:
    teller.say(
        "Given the labels, everything that is learned depends on a data set through the sums $S_1=\\sum s x_1$, "
        "$S_0=\\sum s x_0$ and the spreads $a$, $b$, $g$ of the pairs about them, at any $d$ and for every schedule. "
        "The limit $d\\to\\infty$ is the law of large numbers for the spreads. This is this project's."
    )
    weights = {"alpha": 0.5, "beta": 0.5}
    teller.prove(theory.finite_skip, **weights, **SPREADS)
    teller.prove(theory.finite_velocity, **weights, dalpha=-1.0, dbeta=1.0, **SPREADS)
    teller.prove(theory.finite_flow_variance, **weights, **SPREADS)
    teller.prove(theory.finite_variance, spread_data=2.4, spread_noise=0.9)
    _check_limit(teller)
    _check_vectors(teller)


def _check_limit(teller: Teller) -> None:
    """The spreads' limits put into the exact skip give the asymptotic one."""
    from asymptotics.limited_samples.finite import limit_is_asymptotic

    claim = "with $a\\to A/N$, $b\\to B/N$, $g\\to0$ the asymptotic skip comes back"
    try:
        teller.check(claim, limit_is_asymptotic().execute().executed, "identity in all arguments")
    except ProofError as error:
        teller.check(claim, False, str(error))


def _check_vectors(teller: Teller) -> None:
    """One data set of vectors, solved by least squares in d dimensions, next to the formulas in its spreads."""
    samples = simulate.Mixture(d=DIMENSION, sigma=1.2, radius=0.8).sample(n=6, draws=2, seed=11)
    a, b, g = (float(each[0]) for each in GramStatistics.of(samples).spreads(RIDGE))
    rows: list[tuple[Any, ...]] = []
    for t in (0.2, 0.5, 0.8):
        solved = float(simulate.autoencoder.solve(samples, point(linear, t), ridge=RIDGE).network.skip)
        exact = float(theory.finite_skip(alpha=1 - t, beta=t, spread_data=a, spread_noise=b, spread_cross=g))
        limit = float(theory.skip(alpha=1 - t, beta=t, n=6, sigma=1.2, ridge=RIDGE, draws=2, radius=0.8))
        rows.append((t, solved, exact, limit))
    gap = float(np.abs([row[1] - row[2] for row in rows]).max())
    teller.check(
        f"a least-squares solve in $d={DIMENSION}$ dimensions has exactly this skip", gap < 1e-12, f"gap {gap:.1e}"
    )
    teller.table(
        ("t", "solved in d dimensions", "exact formula", "d to infinity"), rows,
        f"The skip of one data set, $n=6$, $K=2$, $d={DIMENSION}$",
    )


STORY = Story("any_dimension", "Exact at any dimension", FORMULAS, tell)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
