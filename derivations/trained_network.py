"""One network trained by Adam as the authors do, next to the exact minimiser, next to the formula."""

from __future__ import annotations

from typing import Any

import numpy as np

import simulate
from asymptotics import limited_samples as theory
from asymptotics.schedule import linear
from derivations.reporting import Effort, Story, Teller, alone, figures
from simulate import Point
from simulate.path import point

N, SIGMA, RIDGE = 8, 1.5, 0.1
TIMES = (0.1, 0.3, 0.5, 0.8)
NAMES = ("skip", "overlap_mean", "overlap_noise", "overlap_sample")
TOLERANCE = {0.1: 1e-4, 0.3: 1e-4, 0.5: 1e-4, 0.8: 1.5e-3}
"""How well Adam agrees with the exact solve, as measured for the theory notes (worse towards t = 1)."""


def tell(teller: Teller) -> None:
    d = teller.effort.trained_d
    teller.say(
        f"Full-batch Adam with the authors' settings ($n={N}$, $\\sigma={SIGMA}$, $\\lambda={RIDGE}$, learning rate "
        f"0.04, 6000 iterations, weight decay on $w$ only), the dimension reduced to $d={d}$. Adam is not "
        "ground truth: the exact minimiser stands beside it, on the same data."
    )
    trained, solved = teller.result("a network trained by Adam")
    formula = [
        [float(getattr(theory, name)(alpha=1 - t, beta=t, n=N, sigma=SIGMA, ridge=RIDGE)) for name in NAMES]
        for t in TIMES
    ]
    for t, gaps in zip(TIMES, np.abs(np.array(trained) - np.array(solved)), strict=True):
        gap = float(gaps.max())
        teller.check(
            f"at $t={t}$ Adam agrees with the exact minimiser", gap <= TOLERANCE[t],
            f"largest difference {gap:.1e}, allowed {TOLERANCE[t]:g}",
        )
    rows = [
        (t, name, trained[i][j], solved[i][j], formula[i][j])
        for i, t in enumerate(TIMES) for j, name in enumerate(NAMES)
    ]
    teller.table(
        ("t", "quantity", "Adam", "exact minimiser", "formula"), rows,
        f"One data set at $d={d}$: the two columns of simulation differ from the formula by $O(d^{{-1/2}})$",
    )
    teller.draw("trained_network", _figure(trained, solved), (
        f"One network trained by Adam (crosses) and solved exactly (circles) at $d={d}$, with the formulas (lines)."
    ))


def _networks(effort: Effort) -> tuple[list[list[float]], list[list[float]]]:
    """Overlaps of the networks that Adam trains and of the exact minimisers, at all times."""
    samples = simulate.Mixture(d=effort.trained_d, sigma=SIGMA).sample(n=N, seed=7)
    points = [point(linear, t) for t in TIMES]
    jobs = [
        simulate.training.Job(samples=samples, values=values, ridge=RIDGE, seed=100 + k)
        for k, values in enumerate(points)
    ]
    trainings = simulate.training.train_many(jobs, recipe=simulate.training.AdamRecipe())
    trained = [_row(each.network, samples, values) for each, values in zip(trainings, points, strict=True)]
    return trained, [
        _row(simulate.autoencoder.solve(samples, values, ridge=RIDGE).network, samples, values) for values in points
    ]


def _row(network: simulate.autoencoder.Autoencoder, samples: simulate.Samples, values: Point) -> list[float]:
    found = simulate.autoencoder.overlaps(network, samples, values)
    return [float(getattr(found, name)) for name in NAMES]


def _figure(trained: list[list[float]], solved: list[list[float]]) -> Any:
    figure, axes = figures.panels(2, 2)
    for j, (axis, name) in enumerate(zip(axes, NAMES, strict=True)):
        formula, label = getattr(theory, name).on(linear), None if j else "formula"
        formula.plot("t", n=N, sigma=SIGMA, ridge=RIDGE, ax=axis, log="", label=label)
        axis.plot(TIMES, [row[j] for row in solved], "o", mfc="none", ms=6, color=figures.COLOURS[1], label="exact")
        axis.plot(TIMES, [row[j] for row in trained], "x", ms=6, color=figures.COLOURS[3], label="Adam")
    axes[0].legend()
    return figure


STORY = Story(
    "trained_network", "A network trained by Adam", (), tell,
    experiments={"a network trained by Adam": _networks},
)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
