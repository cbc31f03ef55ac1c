"""How far the generated mean is from the true one, and what the best estimator would do."""

from __future__ import annotations

from typing import Any

import numpy as np

import simulate
from asymptotics import limited_samples as theory
from asymptotics.plotting import plot_comparison
from asymptotics.schedule import linear
from derivations.reporting import Story, Teller, alone, figures

SIGMA, RIDGE = 1.5, 0.1
LAW = {"n": 8, "sigma": SIGMA, "ridge": RIDGE}
MEASURED = (theory.mean_error, theory.mean_cosine, theory.generated_variance)
BAYES = (theory.bayes_error, theory.bayes_cosine)


def tell(teller: Teller) -> None:
    teller.say(
        "At the data end the flow generates $\\frac12\\mathcal{N}(\\pm\\hat\\mu,\\hat\\sigma^2 I)$, whatever the "
        "schedule. The error of its mean falls as $1/n$, the best possible rate, with twice the best constant."
    )
    for formula in MEASURED:
        teller.prove(formula, **LAW)
    for formula in BAYES:
        teller.prove(formula, n=8, sigma=SIGMA)
    one = theory.mean_error.limit("draws", 1)
    teller.consequence(one.limit("ridge", 0), "2*sigma**2/n")
    teller.consequence(
        one.limit("radius", 1).series("n", order=3),
        "2*sigma**2/n + (ridge**2 + ridge - 4*ridge*sigma**2)/n**2",
    )
    teller.consequence(
        theory.mean_cosine.limit("draws", 1).limit("radius", 1).series("n", order=3),
        "1 - sigma**2/n - (ridge/2 - 3*sigma**4/2)/n**2",
    )
    teller.consequence(theory.mean_error.limit("ridge", float("inf")), "radius**2")
    data, effort = teller.result("generated law"), teller.effort
    compared = [teller.compare(data, formula, comparisons=len(MEASURED)) for formula in MEASURED]
    teller.draw("mean_error", _figure(compared), (
        f"Error of the generated mean and its cosine against $n$ ($\\sigma={SIGMA}$, $\\lambda={RIDGE}$). "
        f"Lines: the formulas, $2\\sigma^2/n$ and the Bayes estimator. Points: learned flows at $d={effort.d}$, "
        f"mean over {effort.seeds} data sets with two standard errors."
    ))


def _figure(compared: list[Any]) -> Any:
    figure, (left, right) = figures.panels(2, width=4.0, height=3.2)
    sizes = compared[0]["n"].values
    n = np.geomspace(2, sizes[-1], 100)
    figures.line(left, n, 2 * SIGMA**2 / n, index=1, style="--", label=r"$2\sigma^2/n$")
    figures.line(left, n, theory.bayes_error(n=n, sigma=SIGMA), index=2, style=":", label="Bayes")
    figures.line(right, n, theory.bayes_cosine(n=n, sigma=SIGMA), index=2, style=":", label="Bayes")
    for axis, formula, found in zip((left, right), MEASURED, compared, strict=False):
        plot_comparison(found, "n", formula=formula, ax=axis, log="y" if axis is left else "")
        figures.powers_of_two(axis, sizes)
    left.set_ylabel(r"$|\hat\mu-\mu|^2/d$")
    return figure


STORY = Story(
    "generated_mean", "The error of the generated mean", (*MEASURED, *BAYES), tell,
    experiments={"generated law": lambda effort, executor: simulate.curves.generation(
        simulate.Mixture(d=effort.d, sigma=SIGMA), n=effort.n, ridge=RIDGE, schedule=linear,
        seeds=effort.seeds, seed=3, steps=effort.steps, executor=executor, progress=False,
    )},
)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
