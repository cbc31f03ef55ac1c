"""What the denoiser's loss says: training loss, test error, and the oracle below them."""

from __future__ import annotations

from typing import Any

import numpy as np

import simulate
from asymptotics import limited_samples as theory
from asymptotics.schedule import linear
from derivations.reporting import Story, Teller, alone, figures

SIGMA, RIDGE = 1.5, 0.1
POINT = {"alpha": 0.5, "beta": 0.5, "n": 8, "sigma": SIGMA, "ridge": RIDGE}
MEASURED = (theory.training_loss, theory.test_error)
N = (4, 16, 64)
TIMES = tuple(k / 10 for k in range(1, 9))
"""Not up to 0.9: there alpha is a few d^(-1/2) only, and labels that flip move the loss by more than it fluctuates."""


def tell(teller: Teller) -> None:
    teller.say(
        "The training loss is below the oracle's error and the test error above it; both reach it as "
        "$n\\to\\infty$ (the loss carries the factor $\\frac12$ of the risk)."
    )
    for formula in (*MEASURED, theory.oracle_error):
        teller.prove(formula, **{name: POINT[name] for name in formula.arguments if name in POINT})
    oracle = "sigma**2*alpha**2/(alpha**2 + beta**2*sigma**2)"
    teller.consequence(theory.test_error.limit("n", float("inf")), oracle)
    teller.consequence(theory.training_loss.limit("n", float("inf")), f"{oracle}/2")
    data, effort = teller.result("denoiser errors"), teller.effort
    compared = [teller.compare(data, formula, comparisons=len(MEASURED)) for formula in MEASURED]
    teller.draw("denoiser_errors", _figure(compared), (
        f"Training loss (times two) and test error of the learned denoiser, per dimension ($\\sigma={SIGMA}$, "
        f"$\\lambda={RIDGE}$). Black: the oracle. Points: $d={effort.d}$, {effort.seeds} data sets, two standard "
        "errors."
    ))


def _figure(compared: list[Any]) -> Any:
    figure, axes = figures.panels(2, width=4.0, height=3.0)
    fine = np.linspace(0.0, 1.0, 201)
    alpha, beta = linear.mix(fine)
    for axis, formula, found, factor in zip(axes, MEASURED, compared, (2, 1), strict=True):
        for index, n in enumerate(N):
            curve = formula(alpha=alpha, beta=beta, n=n, sigma=SIGMA, ridge=RIDGE)
            figures.line(axis, fine, factor * curve, index=index, label=f"$n={n}$")
            at = factor * found[["measured", "stderr"]].sel(n=n)
            axis.errorbar(at["t"], at["measured"], yerr=2 * at["stderr"], fmt="o", color=figures.COLOURS[index])
        oracle = theory.oracle_error(alpha=alpha, beta=beta, sigma=SIGMA)
        axis.plot(fine, oracle, color="black", linewidth=1.0, linestyle="--", label="oracle")
    axes[0].set(xlabel="$t$", ylabel="2 x training loss")
    axes[1].set(xlabel="$t$", ylabel="test error")
    axes[0].legend()
    return figure


STORY = Story(
    "denoiser_errors", "The denoiser's errors", (*MEASURED, theory.oracle_error), tell,
    experiments={"denoiser errors": lambda effort, executor: simulate.curves.denoiser(
        simulate.Mixture(d=effort.d, sigma=SIGMA), n=N, ridge=RIDGE, schedule=linear, times=TIMES,
        seeds=effort.seeds, seed=5, executor=executor, progress=False,
    )},
)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
