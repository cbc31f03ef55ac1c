"""How much one experiment differs from the next: fluctuations over data sets, and error bars for every plot."""

from __future__ import annotations

from typing import Any

import numpy as np

import simulate
from asymptotics import limited_samples as theory
from asymptotics.calibration import compare_mean
from asymptotics.formula import Formula
from asymptotics.plotting import BAND, half_band
from asymptotics.schedule import linear
from asymptotics.sentences import short_name
from derivations.reporting import Effort, Story, Teller, alone, figures
from simulate.gram import denoisers, draw, flows, generated

SIGMA, RIDGE, D = 1.5, 0.1, 50_000
LAW = {"n": 8, "sigma": SIGMA, "ridge": RIDGE}
POINT = {"alpha": 0.5, "beta": 0.5, **LAW}
LEARNED = (theory.skip, theory.overlap_mean, theory.overlap_noise, theory.overlap_sample, theory.training_loss)
FLOWING = (theory.flow_mean, theory.flow_noise, theory.flow_sample, theory.flow_variance)
GENERATED = (theory.generated_variance, theory.mean_error, theory.mean_cosine)
FORMULAS = (*LEARNED, *FLOWING, *GENERATED, theory.no_skip_error)
N = tuple(2**k for k in range(1, 11))
SEEDS, MANY, MANY_D = 32, 40_000, 10_000_000


def tell(teller: Teller) -> None:
    teller.say(
        "At finite $d$ each quantity fluctuates from data set to data set, by its fluctuation over $\\sqrt d$. The "
        "delta method on the exact solution gives it in closed form; it is this project's. Since that solution "
        "needs only a few scalars whose laws are known, data sets at any $n$ and $d$ are drawn at once. Of the flow "
        "projections of its offset are meant, as an experiment measures them; at its start it does not fluctuate."
    )
    for formula in FORMULAS:
        teller.prove(formula.fluctuation, **_point(formula))
    _check_spread(teller)
    data = teller.result("exact law")
    teller.compare(data, theory.mean_error)
    teller.draw("fluctuations", _figure(data), (
        f"Error of the generated mean at $d={D}$ ($\\sigma={SIGMA}$, $\\lambda={RIDGE}$), times $n/\\sigma^2$. Line "
        f"and band: the formula and 95 % of data sets by the fluctuation formula. Dots: {SEEDS} realisations from the "
        "exact law, on the right in standard deviations. Dashes: Bayes."
    ))


def _exact_law(_: Effort) -> Any:
    return simulate.curves.reduced_generation(
        simulate.Mixture(d=D, sigma=SIGMA), n=N, ridge=RIDGE, schedule=linear, times=[0.5, 1.0],
        seeds=SEEDS, seed=12, keep_runs=True,
    )


def _point(formula: Formula) -> dict[str, float]:
    return {name: value for name, value in POINT.items() if name in formula.arguments}


def _realisations() -> dict[Formula, Any]:
    """What each formula is about, measured on many data sets drawn from the exact law."""
    statistics = draw(n=8, d=MANY_D, sigma=SIGMA, radius=1.0, draws=1, seeds=MANY, seed=13)
    half: dict[str, Any] = {"alpha": 0.5, "beta": 0.5, "ridge": RIDGE}
    sources = (
        (LEARNED, denoisers(statistics, **half)), (FLOWING, flows(statistics, **half)),
        (GENERATED, generated(statistics, ridge=RIDGE)),
    )
    found = {f: getattr(source, f.name.rsplit(".", 1)[-1]) for formulas, source in sources for f in formulas}
    return {**found, theory.no_skip_error: generated(statistics, ridge=RIDGE, skip=False).mean_error}


def _check_spread(teller: Teller) -> None:
    """The spread of many realisations of the exact law, drawn at d = 10^7, against each formula."""
    for formula, measured in _realisations().items():
        runs = np.ravel(measured)
        squares = MANY_D * (runs - runs.mean()) ** 2 * MANY / (MANY - 1)
        expected = float(formula.fluctuation(**_point(formula))) ** 2
        verdict = compare_mean(squares, expected, comparisons=len(FORMULAS))
        seen = float(verdict.detectable / verdict.expected)
        teller.check(
            f"{short_name(formula.name)}: the variance of {MANY} realisations at $d=10^7$ is as the formula says",
            bool(np.all(verdict.passed_each)),
            f"z {float(verdict.z):.2f}; a discrepancy of {seen:.1%} would have been seen",
        )


def _figure(data: Any) -> Any:
    figure, (axis, close) = figures.panels(2, width=3.9, height=3.2)
    n = np.geomspace(2, N[-1], 120)
    scale = n / SIGMA**2
    law = {"n": n, "sigma": SIGMA, "ridge": RIDGE}
    error, width = theory.mean_error(**law), half_band(theory.mean_error, D, law)
    axis.fill_between(n, scale * (error - width), scale * (error + width), alpha=0.2, lw=0)
    figures.line(axis, n, scale * error, label="learned flow, 95 % of data sets")
    figures.line(axis, n, scale * theory.bayes_error(n=n, sigma=SIGMA), index=2, style="--", label="Bayes")
    close.axhspan(
        -BAND, BAND, color=figures.COLOURS[0], alpha=0.2, lw=0, label="95 %, fluctuation formula"
    )
    close.axhline(0.0, color=figures.COLOURS[0], linewidth=1.4)
    for size in N:
        runs = data["mean_error_runs"].sel(n=size).values.ravel()
        at = {"n": size, "sigma": SIGMA, "ridge": RIDGE}
        spread = float(theory.mean_error.fluctuation(**at)) / D**0.5
        label = f"{runs.size} data sets" if size == N[0] else None
        dots: dict[str, Any] = {"color": "black", "markersize": 2.5, "alpha": 0.6}
        axis.plot(np.full(runs.shape, size), runs * size / SIGMA**2, ".", label=label, **dots)
        aside = size * np.geomspace(0.8, 1.25, runs.size)
        close.plot(aside, (runs - float(theory.mean_error(**at))) / spread, ".", label=label, **dots)
    for each in (axis, close):
        figures.powers_of_two(each, N)
    axis.set(xlabel="$n$", ylabel=r"$n|\hat\mu-\mu|^2/(\sigma^2 d)$")
    close.set(xlabel="$n$", ylabel="deviation / standard deviation", ylim=(-4.2, 5.8), title="the dots, seen close")
    axis.legend(loc="center right")
    close.legend(loc="upper right")
    return figure


STORY = Story(
    "fluctuations", "Fluctuations over data sets", tuple(f.fluctuation for f in FORMULAS), tell,
    experiments={"exact law": _exact_law},
)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
