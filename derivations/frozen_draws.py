"""The factor 2: what one frozen base draw for each sample costs, and how K draws repair it."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

import simulate
from asymptotics import limited_samples as theory
from asymptotics.schedule import linear
from derivations.reporting import Story, Teller, alone, figures

SIGMA, RIDGE = 1.5, 0.1
N = (4, 16)
DRAWS = (1, 2, 4, 8)


def tell(teller: Teller) -> None:
    teller.say(
        "The paper pairs each sample with one base draw, frozen for all times. With $K$ frozen draws the "
        "error of the mean falls from $2\\sigma^2/n$ to $\\sigma^2/n$ as $K\\to\\infty$ (fresh noise): the factor 2 "
        "is the price of one draw. $K>1$ is this project's generalisation."
    )
    teller.consequence(theory.mean_error.limit("draws", float("inf")), "sigma**2/n")
    teller.consequence(theory.generated_variance.limit("draws", float("inf")), "(n - 1)*sigma**2/n")
    teller.consequence(theory.generated_variance.limit("ridge", 0), "draws*(n - 1)*sigma**2/(n*draws - 1)")
    compared, effort = [], teller.effort
    for draws in DRAWS:
        data = teller.result(f"draws {draws}")
        compared.append(teller.compare(data, theory.mean_error, comparisons=len(DRAWS)))
    teller.draw("draws", _figure(xr.concat(compared, "draws")), (
        f"Error of the generated mean against the number of frozen draws ($\\sigma={SIGMA}$, "
        f"$\\lambda={RIDGE}$), times $n/\\sigma^2$. Lines: the formula. Points: learned flows at $d={effort.d}$, "
        f"{effort.seeds // 2} data sets, two standard errors."
    ))


def _figure(compared: xr.Dataset) -> Any:
    figure, (axis,) = figures.panels(1, width=4.4, height=3.2)
    draws = np.geomspace(1, DRAWS[-1], 60)
    for index, n in enumerate(N):
        scale = n / SIGMA**2
        curve = theory.mean_error(n=n, sigma=SIGMA, ridge=RIDGE, draws=draws)
        figures.line(axis, draws, scale * curve, index=index, label=f"$n={n}$")
        at = scale * compared[["measured", "stderr"]].sel(n=n)
        axis.errorbar(DRAWS, at["measured"], yerr=2 * at["stderr"], fmt="o", color=figures.COLOURS[index])
    figures.powers_of_two(axis, DRAWS)
    axis.set(xlabel="frozen draws $K$", ylabel=r"$n|\hat\mu-\mu|^2/(\sigma^2 d)$")
    axis.legend()
    return figure


STORY = Story(
    "frozen_draws", "The factor 2 of one frozen draw", (), tell,
    experiments={
        f"draws {each}": lambda effort, executor, draws=each: simulate.curves.generation(
            simulate.Mixture(d=effort.d, sigma=SIGMA), n=N, ridge=RIDGE, schedule=linear,
            draws=draws, seeds=effort.seeds // 2, seed=4, steps=effort.steps, executor=executor,
            progress=False,
        ) for each in DRAWS
    },
)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
