"""How much one experiment differs from the next: fluctuations over data sets, and error bars for every plot."""

from __future__ import annotations

from typing import Any

import numpy as np

import simulate
from asymptotics import limited_samples as theory
from asymptotics.calibration import compare_mean
from asymptotics.schedule import linear
from derivations import figures
from derivations.story import Story, Teller, alone
from simulate.gram import draw
from simulate.reduced import denoisers, generated

SIGMA, RIDGE, D = 1.5, 0.1, 50_000
LAW = {"n": 8, "sigma": SIGMA, "ridge": RIDGE}
POINT = {"alpha": 0.5, "beta": 0.5, **LAW}
LEARNED = (theory.skip, theory.overlap_mean, theory.overlap_noise, theory.overlap_sample)
GENERATED = (theory.generated_variance, theory.mean_error)
N = tuple(2**k for k in range(1, 11))
SEEDS, MANY = 32, 40_000


def tell(teller: Teller) -> None:
    teller.say(
        "At finite $d$ each quantity fluctuates from data set to data set, by its fluctuation over $\\sqrt d$. The "
        "delta method on the exact solution gives it in closed form; it is this project's. Since that solution "
        "needs only a few scalars whose laws are known, data sets at any $n$ and $d$ are drawn at once."
    )
    for formula in LEARNED:
        teller.prove(formula.fluctuation, **POINT)
    for formula in GENERATED:
        teller.prove(formula.fluctuation, **LAW)
    _check_spread(teller)
    mixture = simulate.Mixture(d=D, sigma=SIGMA)
    data = teller.simulate("exact law", lambda executor: simulate.reduced_generation_curves(
        mixture, n=N, ridge=RIDGE, schedule=linear, times=[0.5, 1.0], seeds=SEEDS, seed=12, keep_runs=True,
    ))
    teller.compare(data, theory.mean_error)
    teller.draw("fluctuations", _figure(data), (
        f"Error of the generated mean at $d={D}$ ($\\sigma={SIGMA}$, $\\lambda={RIDGE}$), times $n/\\sigma^2$. Line "
        f"and band: the formula and 95 % of data sets by the fluctuation formula. Dots: {SEEDS} realisations from the "
        "exact law. Dashes: Bayes."
    ))


def _check_spread(teller: Teller) -> None:
    """The spread of many realisations of the exact law, drawn at d = 10^7, against each formula."""
    d = 10_000_000
    statistics = draw(n=8, d=d, sigma=SIGMA, radius=1.0, draws=1, seeds=MANY, seed=13)
    learned = denoisers(statistics, alpha=0.5, beta=0.5, ridge=RIDGE)
    at_end = generated(statistics, ridge=RIDGE)
    for formula, source, point in (
        *((f, learned, POINT) for f in LEARNED), *((f, at_end, LAW) for f in GENERATED),
    ):
        short = formula.name.rsplit(".", 1)[-1]
        runs = np.ravel(getattr(source, short))
        squares = d * (runs - runs.mean()) ** 2 * MANY / (MANY - 1)
        verdict = compare_mean(squares, float(formula.fluctuation(**point)) ** 2, comparisons=6)
        seen = float(verdict.detectable / verdict.expected)
        teller.check(
            f"{short}: the variance of {MANY} realisations at $d=10^7$ is as the formula says",
            bool(np.all(verdict.passed_each)),
            f"z {float(verdict.z):.2f}; a discrepancy of {seen:.1%} would have been seen",
        )


def _figure(data: Any) -> Any:
    figure, (axis,) = figures.panels(1, width=5.2, height=3.4)
    n = np.geomspace(2, N[-1], 120)
    scale = n / SIGMA**2
    error = theory.mean_error(n=n, sigma=SIGMA, ridge=RIDGE)
    band = 1.96 * theory.mean_error.fluctuation(n=n, sigma=SIGMA, ridge=RIDGE) / np.sqrt(D)
    axis.fill_between(n, scale * (error - band), scale * (error + band), color=figures.COLOURS[0], alpha=0.2, lw=0)
    figures.line(axis, n, scale * error, label="learned flow")
    figures.line(axis, n, scale * theory.bayes_error(n=n, sigma=SIGMA), index=2, style="--", label="Bayes")
    for size in N:
        runs = data["mean_error_runs"].sel(n=size).values.ravel()
        axis.plot(np.full(runs.shape, size), runs * size / SIGMA**2, ".", color="black", markersize=2, alpha=0.6)
    axis.set_xscale("log", base=2)
    axis.set_xticks(N, [str(size) for size in N])
    figures.name(axis, "$n$", r"$n|\hat\mu-\mu|^2/(\sigma^2 d)$")
    figures.legend(axis)
    return figure


STORY = Story(
    "fluctuations", "Fluctuations over data sets", tuple(f.fluctuation for f in (*LEARNED, *GENERATED)), 8, tell,
    parallel=False,
)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
