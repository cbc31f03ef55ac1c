"""How networks get to the minimiser: gradient descent on all pairs and on mini-batches, at any dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

import simulate
from asymptotics import limited_samples as theory
from asymptotics.plotting import half_band
from asymptotics.schedule import linear
from derivations.reporting import Story, Teller, alone, figures
from simulate.seeds import child, normal

N, SIGMA, RIDGE, T = 8, 1.5, 0.1, 0.5
DIMENSIONS, SEEDS, ITERATIONS = (5000, 1_000_000), 24, 800
POINT = {"alpha": 1 - T, "beta": T, "n": N, "sigma": SIGMA, "ridge": RIDGE}
LEARNED = ("skip", "overlap_mean", "overlap_noise")
SHOWN = {"overlap_mean": "$m$", "training_loss": "training loss"}
RECIPES = {
    "all pairs": simulate.training.StochasticGradientDescent(step=0.5, iterations=ITERATIONS, record_every=1),
    "batches of 2": simulate.training.StochasticGradientDescent(
        batch=2, step=0.05, iterations=ITERATIONS, record_every=1
    ),
}


def tell(teller: Teller) -> None:
    teller.say(
        "Gradient descent, on all pairs or on mini-batches, with weight decay, only ever sees inner products: it "
        "commutes with rotations and never leaves the span of the data, of $\\mu$ and of the initial $w$. In the "
        "coordinates of that span, whose law is known exactly, training costs the same at every $d$. Adam is "
        "different: it divides each coordinate by its own scale, which no rotation preserves; it must be run in $d$ "
        "dimensions."
    )
    _check_same(teller)
    runs = {
        (d, label): teller.result(f"learning, d {d}, {label}")
        for d in DIMENSIONS for label in RECIPES
    }
    for (d, label), data in runs.items():
        _check_end(teller, f"$d={d}$, {label}", data, d)
    _check_ties(teller, runs)
    teller.draw("learning_curves", _figure(runs), (
        f"{SEEDS} data sets learned at $t={T}$ ($n={N}$, $\\sigma={SIGMA}$, $\\lambda={RIDGE}$), each from its own "
        "initial $w$, in two dimensions. Dashes and band: the minimiser by its formula, and 95 % of data sets by its "
        "fluctuation. In high dimension a network whose first labels are half right and half wrong stays at $m=0$ "
        "on all pairs, however long it trains; mini-batches break the tie."
    ))


def _check_same(teller: Teller) -> None:
    """One network in d dimensions by torch's autograd, and the same vectors in their span."""
    d = DIMENSIONS[0]
    mixture, values = simulate.Mixture(d=d, sigma=SIGMA), linear.at(T)
    samples = mixture.sample(n=N, seed=1)
    for label, recipe in RECIPES.items():
        seed = child(2, 0)
        training = simulate.training.train(samples, values, recipe=recipe, ridge=RIDGE, seed=seed, activation="tanh")
        span = simulate.gram.Span.of([samples], [normal(seed, (d,))])
        found = simulate.gram.descend(span, values, recipe=recipe, ridge=RIDGE, seed=2, activation="tanh")
        gap = float(np.abs(found.training_loss[0] - np.array(training.losses)).max())
        teller.check(
            f"{label}: in $d={d}$ dimensions and in the {span.weight.shape[1]} of the span, {ITERATIONS} updates have "
            "the same losses", gap < 1e-9, f"largest difference {gap:.1e}",
        )


def _check_end(teller: Teller, label: str, data: Any, d: int) -> None:
    """Where no label is wrong at the end, what is learned lies within its fluctuation of the formula."""
    last = data.isel(n=0, t=0, iteration=-1)
    right = last["label_flips_runs"].values == 0
    worst = 0.0
    for name in LEARNED:
        formula = getattr(theory, name)
        off = last[f"{name}_runs"].values[right] - float(formula(**POINT))
        worst = max(worst, float(np.abs(off).max() / formula.fluctuation(**POINT)) * d**0.5)
    # 4 x 3 x 24 normal numbers exceed 6.2 standard deviations with a chance of 2e-7.
    teller.check(
        f"{label}: the {right.sum()} networks of {SEEDS} with right labels end at the minimiser",
        right.sum() > SEEDS / 2 and worst < 6.2, f"at most {worst:.2f} fluctuations from the formula, 6.2 allowed",
    )


def _check_ties(teller: Teller, runs: dict[tuple[int, str], Any]) -> None:
    """At the larger dimension: who is stuck on all pairs has no overlap, and no mini-batch network is stuck."""
    d = DIMENSIONS[-1]
    whole, batch = (runs[d, label].isel(n=0, t=0, iteration=-1) for label in RECIPES)
    stuck = whole["label_flips_runs"].values > 0
    overlap = float(np.abs(whole["overlap_mean_runs"].values[stuck]).max(initial=0.0))
    teller.check(
        f"$d={d}$: {stuck.sum()} networks trained on all pairs are stuck without overlap, none on mini-batches",
        bool(stuck.any() and overlap < 0.1 and not batch["label_flips_runs"].values.any()),
        f"largest overlap of a stuck one {overlap:.3f}, of the minimiser {float(theory.overlap_mean(**POINT)):.3f}",
    )


def _figure(runs: dict[tuple[int, str], Any]) -> Any:
    figure, axes = figures.panels(2, 2, width=3.9, height=2.7)
    panels = iter(axes)
    for name, letter in SHOWN.items():
        for d in DIMENSIONS:
            axis = next(panels)
            for index, label in enumerate(RECIPES):
                _lines(axis, runs[d, label], name, index, label)
            formula = getattr(theory, name)
            value, width = formula(**POINT), half_band(formula, d, POINT)
            axis.axhspan(value - width, value + width, color="black", alpha=0.15, lw=0)
            axis.axhline(value, color="black", linewidth=1.0, linestyle="--", label="minimiser")
            axis.set(xscale="log", xlabel="updates + 1", ylabel=letter, title=f"d = {d:,}")
    axes[0].legend()
    return figure


def _lines(axis: Any, data: Any, name: str, index: int, label: str) -> None:
    for k, row in enumerate(data[f"{name}_runs"].isel(n=0, t=0).values):
        axis.plot(
            data["iteration"].values + 1, row, color=figures.COLOURS[index], linewidth=0.7, alpha=0.5,
            label=label if k == 0 else None,
        )


STORY = Story(
    "learning_curves", "Learning curves at any dimension", (), tell, experiments={
        f"learning, d {d}, {label}": lambda _, executor, d=d, recipe=recipe: simulate.curves.learning(
            simulate.Mixture(d=d, sigma=SIGMA), n=[N], ridge=RIDGE, schedule=linear, times=[T],
            recipe=recipe, seeds=SEEDS, seed=3, keep_runs=True, executor=executor, progress=False,
        ) for d in DIMENSIONS for label, recipe in RECIPES.items()
    },
)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
