"""What the denoiser learns at each time, from n samples: skip connection and overlaps."""

from __future__ import annotations

from typing import Any

import numpy as np

import simulate
from asymptotics import limited_samples as theory
from asymptotics.plotting import plot_comparison
from asymptotics.schedule import linear
from derivations.reporting import Story, Teller, alone, figures

SIGMA, RIDGE = 1.5, 0.1
POINT = {"alpha": 0.5, "beta": 0.5, "n": 8, "sigma": SIGMA, "ridge": RIDGE}
MEASURED = (theory.skip, theory.overlap_mean, theory.overlap_noise, theory.overlap_sample)
SHOWN = (2, 8, 32)


def tell(teller: Teller) -> None:
    teller.say(
        "A denoiser $f(x)=c\\,x+w\\,\\varphi(w\\cdot x)$ is trained at each time on $n$ samples of two Gaussian "
        "modes, each with one frozen base draw. As $d\\to\\infty$ it is known in closed form: the skip $c$ and "
        "the overlaps of $w$ with the mean $\\mu$, with the base draws $\\xi=\\sum s x_0$ and with the "
        "samples' deviations $\\eta=\\sum s z$."
    )
    for formula in MEASURED:
        teller.prove(formula, **POINT)
    teller.say(
        "The labels that the network gives are the true signs: the margin is positive. The skip tends to "
        "the oracle's as the ridge vanishes."
    )
    teller.prove(theory.margin, **POINT)
    teller.consequence(
        theory.skip.limit("draws", 1).limit("ridge", 0), "beta*sigma**2/(alpha**2 + beta**2*sigma**2)"
    )
    data, effort = teller.result("denoiser"), teller.effort
    compared = [teller.compare(data, formula, comparisons=len(MEASURED)) for formula in MEASURED]
    teller.draw("denoiser", _figure(compared), (
        f"Learned skip and overlaps against time on the linear schedule ($\\sigma={SIGMA}$, "
        f"$\\lambda={RIDGE}$). Lines: the formulas. Points: exact minimisers at $d={effort.d}$, mean over "
        f"{effort.seeds} data sets with two standard errors."
    ))


def _figure(compared: list[Any]) -> Any:
    figure, axes = figures.panels(2, 2)
    for axis, formula, found in zip(axes, MEASURED, compared, strict=True):
        shown = found.sel(n=list(SHOWN))
        plot_comparison(shown, "t", formula=formula.on(linear), ax=axis, log="")
    return figure


STORY = Story(
    "learned_denoiser", "What the denoiser learns", (*MEASURED, theory.margin), tell,
    experiments={"denoiser": lambda effort, executor: simulate.curves.denoiser(
        simulate.Mixture(d=effort.d, sigma=SIGMA), n=effort.n, ridge=RIDGE, schedule=linear,
        times=np.linspace(0.1, 0.9, 9).tolist(), seeds=effort.seeds, seed=1, executor=executor,
        progress=False,
    )},
)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
