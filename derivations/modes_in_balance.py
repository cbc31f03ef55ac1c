"""Which modes are generated, with and without dilation, and where to spend the steps."""

from __future__ import annotations

from concurrent.futures import Executor
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from asymptotics import phases as theory
from asymptotics.phases.design import Design, Target, best_dilation, generated_weight, half_grid
from asymptotics.schedule import linear
from derivations.reporting import Effort, Story, Teller, alone, figures
from simulate import Mixture, curves
from simulate.untied import UntiedSGD

P, SIGMA, STEPS = 0.8, 1.0, 50
PLUS, MINUS, TRAINED_STEPS, TRAINED = 102, 26, 12, (200, 5000, 10**6)
BUDGETS, COUNT = (20, 50, 100, 200), 20_000
DIMENSIONS = (10**2, 10**4, 10**6)
SEARCHED = ((0.6, DIMENSIONS[-1]), *((P, d) for d in DIMENSIONS), (0.95, DIMENSIONS[-1]))
"""Weights and dimensions for which a dilation is recommended."""
FORMULAS = (theory.mode_probability_sign, theory.mode_probability_field)
NOTE = {20: 0.0141, 50: 0.0069, 100: 0.0045, 200: 0.0033}
"""|p_gen - .8| at kappa = 2 and d = 1e8, by total steps: measured for the notes of this project."""


def tell(teller: Teller) -> None:
    teller.say(
        "With the exact field the coordinate along $\\mu$ obeys a scalar equation, and a one-step method maps it "
        "increasingly: one starting point separates the modes, and the generated weight is a normal probability, "
        "without sampling noise. Undilated, Euler's first step jumps over the first phase and every path ends in the "
        "majority mode. All of this is this project's."
    )
    for formula in FORMULAS:
        teller.prove(formula, p=P, kappa=2.0)
    far = Target(p=P, sigma=SIGMA, d=1e8)
    errors = {k: abs(float(generated_weight(far, half_grid(far, 2.0, 0.5, k))) - P) for k in BUDGETS}
    teller.check(
        "Euler's error at $\\kappa=2$, half of the steps in each phase", all(
            abs(errors[k] - NOTE[k]) < 1e-4 for k in BUDGETS
        ), ", ".join(f"{k} steps {errors[k]:.4f}" for k in BUDGETS),
    )
    rows = []
    for p, d in SEARCHED:
        half, free, heun = teller.result(f"dilations, p {p}, d {d}")
        rows.append((p, d, half.kappa, half.error, free.kappa, free.share, free.error, free.variance, heun.error,
                     half.undilated))
        if p == P:
            teller.check(
                f"$d={d}$: {STEPS} Euler steps, recommended dilation",
                half.error <= 0.0065 and free.error <= 0.0045,
                f"error {half.error:.4f} half and half, {free.error:.4f} with its own share; undilated "
                f"{half.undilated:.4f}",
            )
    teller.table(
        ("p", "d", "kappa, half", "error", "kappa, free", "share", "error", "variance", "Heun, 25 steps", "undilated"),
        rows, f"Recommended dilations for {STEPS} Euler steps, the error of the generated weight, and the variance "
        "across $\\mu$ that the free one leaves (true: 1)",
    )
    _simulated(teller)
    trained = _held(teller, teller.result("trained networks"))
    teller.draw("modes_in_balance", _figure(far, trained), (
        f"Left: the generated weight of the + mode against $d$ with {TRAINED_STEPS} Euler steps: undilated it "
        "collapses to the majority mode, dilated ($\\kappa=2$) it stays. Lines: the exact field. Dots: networks "
        f"trained by gradient steps, one at each time, on {PLUS + MINUS} samples; a dot for each data set. "
        "Right: its error against $\\kappa$ for several budgets, half of the steps in the first phase, with the "
        "optimum marked; for infinitely many steps, the edge where the field has it (dashed) or at 0 (dotted)."
    ))


def _recommended(_: Effort, target: Target) -> tuple[Design, Design, Design]:
    """Half of the steps in each phase, a share of its own, and half as many steps of Heun's."""
    return (
        best_dilation(target, STEPS), best_dilation(target, STEPS, share=None),
        best_dilation(target, STEPS // 2, method="heun"),
    )


def _simulated(teller: Teller) -> None:
    """The shares of points generated in law, by Euler and Heun, against the computed ones."""
    data, worst = teller.result("points of the exact field"), 0.0
    for d in DIMENSIONS:
        target = Target(p=P, sigma=SIGMA, d=d)
        plain = np.linspace(0, 1, STEPS + 1)
        for label, grid in (("dilated", half_grid(target, 3.0, 0.5, STEPS)), ("undilated", plain)):
            for method in ("euler", "heun"):
                exact = float(generated_weight(target, grid, method=method))
                found = float(data.sel({"d": d, "grid": label, "scheme": method}))
                spread = max((exact * (1 - exact) / COUNT) ** 0.5, 1 / COUNT)
                worst = max(worst, abs(found - exact) / spread)
    # Twelve comparisons of binomial shares at a false-failure rate of 1e-6 together: 5.6 standard deviations.
    teller.check(
        "generated shares are the computed ones, dilated and not, Euler and Heun", worst < 5.6,
        f"largest deviation {worst:.2f} standard errors of 12 comparisons, each seeing "
        f"{8 * (P * (1 - P) / COUNT) ** 0.5:.3f}",
    )


def _points(_: Effort) -> xr.DataArray:
    """The shares of + among points generated in law, by Euler and Heun, on the same grids."""
    def dilated(mixture: Mixture) -> np.ndarray:
        return half_grid(Target(p=P, sigma=SIGMA, d=mixture.d), 3.0, 0.5, STEPS)

    return curves.weights(
        Mixture(d=100, sigma=SIGMA, p=P), d=DIMENSIONS,
        grids={"dilated": dilated, "undilated": lambda mixture: np.linspace(0, 1, STEPS + 1)},
        schedule=linear, methods=("euler", "heun"), count=COUNT, seed=51, progress=False,
    )["generated_weight"]


def _trained(effort: Effort, executor: Executor | None) -> xr.Dataset:
    """Networks learn from samples what the exact field knows: the first phase must not be jumped over here either."""
    def dilated(mixture: Mixture) -> np.ndarray:
        return half_grid(Target(p=P, sigma=SIGMA, d=mixture.d), 2.0, 0.5, TRAINED_STEPS)

    return curves.trained_weights(
        Mixture(d=100, sigma=SIGMA, p=P), d=TRAINED, n=PLUS + MINUS, plus=PLUS,
        grids={"dilated": dilated, "undilated": lambda mixture: np.linspace(0, 1, TRAINED_STEPS + 1)},
        schedule=linear, recipe=UntiedSGD(iterations=200, repeats=None, rate=1.0, hold=0.6), ridge_u=0.1, ridge_w=0.1,
        seeds=max(3, effort.seeds // 4), count=2000, seed=52, executor=executor, progress=False,
    )


def _held(teller: Teller, data: xr.Dataset) -> xr.DataArray:
    """Against the exact field."""
    share = data["generated_weight"].sel(scheme="euler")
    kept, lost = share.sel(grid="dilated"), share.sel(grid="undilated", d=TRAINED[-1])
    targets = [Target(p=P, sigma=SIGMA, d=d) for d in TRAINED]
    exact = xr.DataArray(
        [float(generated_weight(each, half_grid(each, 2.0, 0.5, TRAINED_STEPS))) for each in targets], dims="d",
        coords={"d": list(TRAINED)},
    )
    teller.check(
        "trained networks generate both modes where they were trained in the first phase, and one where not",
        bool((abs(kept - exact) < 0.05).all() and (lost > 0.97).all()),
        f"dilated {float(kept.min()):.3f} to {float(kept.max()):.3f}, within {float(abs(kept - exact).max()):.3f} of "
        f"the exact field (allowed .05: 2000 points, few data sets); undilated at d = {TRAINED[-1]} "
        f"{float(lost.min()):.3f}; {PLUS} of {PLUS + MINUS} samples are in +",
    )
    return share


def _figure(far: Target, trained: Any) -> Any:
    figure, (left, right) = figures.panels(2, width=3.9, height=3.0)
    dims = np.geomspace(10, 1e7, 40)
    targets = [Target(p=P, sigma=SIGMA, d=d) for d in dims]
    plain = [float(generated_weight(each, np.linspace(0, 1, TRAINED_STEPS + 1))) for each in targets]
    dilated = [float(generated_weight(each, half_grid(each, 2.0, 0.5, TRAINED_STEPS))) for each in targets]
    figures.line(left, dims, plain, index=1, label="undilated")
    figures.line(left, dims, dilated, index=0, label="dilated")
    for name, index in (("dilated", 0), ("undilated", 1)):
        label = "trained networks" if index == 0 else None
        for k, run in enumerate(trained.sel(grid=name).transpose("seed", "d").values):
            left.plot(TRAINED, run, "o", markersize=4, color=figures.COLOURS[index], alpha=0.7,
                      label=None if k else label)
    left.axhline(P, color="black", linewidth=0.9, linestyle="--", label="target")
    left.set(xscale="log", xlabel="$d$", ylabel="generated weight of +", ylim=(0.75, 1.02),
             title=f"{TRAINED_STEPS} Euler steps")
    left.legend(loc="center right")
    kappas = np.geomspace(0.5, 12, 60)
    for index, steps in enumerate(BUDGETS):
        errors = np.abs(generated_weight(far, half_grid(far, kappas, 0.5, steps)) - P)
        figures.line(right, kappas, errors, index=index, label=f"{steps} steps")
        best = int(np.argmin(errors))
        right.plot(kappas[best], errors[best], "o", markersize=5, color=figures.COLOURS[index])
    for formula, style in ((theory.mode_probability_sign, ":"), (theory.mode_probability_field, "--")):
        gaps = np.abs(formula(p=P, kappa=kappas) - P)
        right.plot(kappas[gaps > 1e-4], gaps[gaps > 1e-4], style, color="black", linewidth=0.9)
    right.set(xscale="log", yscale="log", ylim=(5e-4, 0.3), xlabel=r"$\kappa$", ylabel=r"$|p_{gen} - p|$",
              title=f"p = {P:g}, half of the steps before the node")
    right.set_xticks([0.5, 1, 2, 5, 10], ["0.5", "1", "2", "5", "10"])
    right.legend(loc="upper right", ncols=2)
    return figure


STORY = Story(
    "modes_in_balance", "Modes in balance: where to spend the steps", FORMULAS, tell, experiments={
        **{
            f"dilations, p {p}, d {d}": partial(_recommended, target=Target(p=p, sigma=SIGMA, d=d))
            for p, d in SEARCHED
        },
        "points of the exact field": _points, "trained networks": _trained,
    },
)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
