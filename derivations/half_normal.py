"""Why generated points lean towards the network that sorts them: the half-normal bias of a cluster's mean."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from asymptotics import limited_samples as theory
from asymptotics.calibration import compare_mean
from asymptotics.schedule import trigonometric
from derivations.reporting import Effort, Story, Teller, alone, figures
from simulate import gram
from simulate.gram import draw, draw_starts, flows

SIGMA, RIDGE, D = 1.5, 0.1, 10_000
N = (2, 4, 8, 16, 32, 64, 128)
SEEDS, POINTS, STEPS = 300, 400, 32
FORMULAS = (theory.flow_mean.bias, theory.flow_sample.bias)
DIRECTIONS = {"mean": ("\\mu", N), "sample": ("\\eta", N[:4]), "noise": ("\\xi", N)}
"""With the sample numbers at which so many points can see a tenth of the bias."""

Measured = dict[int, dict[str, np.ndarray]]


def tell(teller: Teller) -> None:
    teller.say(
        "The cluster of a generated point is the sign of $w_0\\cdot X_0$, with the first $w$ of the flow. Inside a "
        "cluster $X_0$ is therefore half-normal along $w_0$, and the mean of generated points lies off the centre "
        "$\\hat\\mu$ by a vector of length of order 1: nothing per dimension, but of order $d^{-1/2}$ in an overlap, "
        "like the fluctuations. It has the same sign in every data set, so that no average over them removes it. This "
        "is this project's."
    )
    for formula in FORMULAS:
        teller.prove(formula, **_end(64))
    measured = {n: teller.result(f"generated points, n {n}") for n in N}
    for name in DIRECTIONS:
        _check(teller, name, measured)
    teller.draw("half_normal", _figure(measured), (
        "By how much the mean of $\\varsigma X_1$ over generated points exceeds the flow's coefficient, times "
        f"$\\sqrt d$, at $d={D}$ ($\\sigma={SIGMA}$, $\\lambda={RIDGE}$). Line: the formula along $\\mu$, which is $n$ "
        f"times that along $\\eta$; along $\\xi$ there is none. Dots: {POINTS} generated points for each of {SEEDS} "
        "data sets, with two standard errors. Dashes: many samples."
    ))


def _end(n: Any) -> dict[str, Any]:
    return {"alpha": 0.0, "beta": 1.0, "n": n, "sigma": SIGMA, "ridge": RIDGE}


def _leaning(_: Effort, n: int) -> dict[str, np.ndarray]:
    """For each direction sqrt(d) x (mean over a data set's points - what its flow has), arrays (seeds,)."""
    statistics = draw(n=n, d=D, sigma=SIGMA, seeds=SEEDS, seed=31)
    starts = draw_starts(statistics, count=POINTS, seed=32)
    points = gram.generate(statistics, starts, trigonometric, np.linspace(0, 1, STEPS + 1), ridge=RIDGE)
    flow = flows(statistics, alpha=0.0, beta=1.0, ridge=RIDGE)
    return {
        name: D**0.5 * ((points.cluster * getattr(points, name)).mean(axis=1) - getattr(flow, f"flow_{name}")[:, 0])
        for name in DIRECTIONS
    }


def _check(teller: Teller, name: str, measured: Measured) -> None:
    """At every n, up to 1 % for the next order in d^(-1/2); along xi, against what it were if w0 lay along xi."""
    letter, sizes = DIRECTIONS[name]
    runs = np.stack([measured[n][name] for n in sizes])
    if name == "noise":
        claim = "generated points do not lean along"
        expected, scale = np.zeros(len(sizes)), np.array([_along_itself(n) for n in sizes])
    else:
        claim = "generated points lean as the formula says along"
        expected = scale = np.array([float(getattr(theory, f"flow_{name}").bias(**_end(n))) for n in sizes])
    verdict = compare_mean(runs, expected, axis=1, bias=0.01 * scale, scale=scale, comparisons=len(DIRECTIONS))
    teller.check(
        f"{claim} ${letter}$, at {len(sizes)} sample numbers", bool(np.all(verdict.passed_each)),
        f"largest |z| {np.abs(verdict.z).max():.2f}; a discrepancy of {verdict.resolution:.1%} would have been seen at "
        "each",
    )


def _along_itself(n: int) -> float:
    """The bias along xi if w0 were parallel to it."""
    return float((2 * theory.flow_variance(**_end(n)) / (np.pi * n)) ** 0.5)


def _figure(measured: Measured) -> Any:
    figure, (axis,) = figures.panels(1, width=5.2, height=3.4)
    n = np.geomspace(N[0], N[-1], 120)
    figures.line(axis, n, theory.flow_mean.bias(**_end(n)), label="formula")
    axis.axhline((2 / np.pi) ** 0.5 * SIGMA, color="black", linewidth=0.9, linestyle="--", label=r"$n\to\infty$")
    for shift, index, name, label in (
        (1.0, 0, "mean", r"along $\mu$"), (1.06, 1, "sample", r"$n\,\times$ along $\eta$"),
        (1.0, 2, "noise", r"along $\xi$"),
    ):
        factors = np.array(N) if name == "sample" else np.ones(len(N))
        runs = np.stack([measured[size][name] for size in N])
        axis.errorbar(
            shift * np.array(N), factors * runs.mean(axis=1),
            yerr=2 * factors * runs.std(axis=1, ddof=1) / SEEDS**0.5,
            fmt="o", color=figures.COLOURS[index], label=label,
        )
    axis.axhline(0.0, color="black", linewidth=0.6, alpha=0.5)
    figures.powers_of_two(axis, N)
    axis.set(xlabel="$n$", ylabel=r"$\sqrt{d}\,\times$ bias of the cluster's mean", ylim=(-0.1, 1.35))
    axis.legend(loc="center right")
    return figure


STORY = Story(
    "half_normal", "How generated points lean", FORMULAS, tell,
    experiments={f"generated points, n {n}": partial(_leaning, n=n) for n in N},
)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
