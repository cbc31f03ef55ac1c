"""How far the generated law is from the target: Wasserstein distance and Kullback-Leibler divergence."""

from __future__ import annotations

from typing import Any

import numpy as np

from asymptotics import limited_samples as theory
from derivations.reporting import Story, Teller, alone, figures

LAW = {"n": 8, "sigma": 1.5, "ridge": 0.1}


def tell(teller: Teller) -> None:
    teller.say(
        "As $d\\to\\infty$ the two clusters separate, and both distances compare a generated cluster with its "
        "own target: a wrong mean and a wrong width."
    )
    teller.prove(theory.wasserstein, **LAW)
    teller.prove(theory.kl_divergence, **LAW)
    teller.consequence(theory.wasserstein.limit("draws", 1).limit("ridge", 0), "2*sigma**2/n")
    teller.consequence(theory.kl_divergence.limit("draws", 1).limit("ridge", 0), "1/n")
    teller.draw("distances", _figure(), (
        "Squared Wasserstein distance and Kullback-Leibler divergence per dimension against $n$, "
        "$\\sigma=1.5$; with several draws and no ridge the generated width is wrong at order $1/n$."
    ))


def _figure() -> Any:
    figure, axes = figures.panels(2, width=4.0, height=3.0)
    n = np.geomspace(2, 1024, 120)
    for axis, formula, label in zip(
        axes, (theory.wasserstein, theory.kl_divergence), ("$W_2^2/d$", "KL$/d$"), strict=True
    ):
        for ridge, draws in ((0.1, 1), (10.0, 1), (0.1, 8)):
            text = rf"$\lambda={ridge:g}$, $K={draws}$"
            formula.plot("n", n=n, sigma=1.5, ridge=ridge, draws=draws, label=text, ax=axis, log="xy")
        figures.powers_of_two(axis, (2, 8, 32, 128, 512))
        axis.set_ylabel(label)
    return figure


STORY = Story(
    "distances", "The distance of the generated law", (theory.wasserstein, theory.kl_divergence), tell,
)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
