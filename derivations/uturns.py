"""Noise a sample, come back, and ask which mode it is: the U-turn, simulated and fitted to digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from asymptotics import phases as theory
from asymptotics.phases.design import clock, fit_uturn
from asymptotics.schedule import Dilation, linear
from derivations.reporting import Effort, Story, Teller, alone, figures
from simulate import Mixture, compare
from simulate.uturn import Uturn, exact_curves

P, SIGMA, D, COUNT, STEPS = 0.7, 1.2, 10_000, 4000, 150
FORMULAS = (theory.uturn_sde_plus, theory.uturn_sde_minus, theory.uturn_ode_plus, theory.uturn_ode_minus)
# Digits by the authors (arXiv:2412.07972), paper time .65 ... .20: shares of zeros after a U-turn.
TIMES = np.round(np.arange(0.65, 0.19, -0.05), 2)
ZEROS = np.array([0.991, 0.996, 0.992, 0.973, 0.969, 0.954, 0.927, 0.929, 0.906, 0.886])
ONES = np.array([0.003, 0.007, 0.024, 0.087, 0.207, 0.384, 0.643, 0.768, 0.832, 0.857])
MODEL = 0.882


def tell(teller: Teller) -> None:
    teller.say(
        "A sample is noised to the time where the clock shows $s$ and brought back by the reverse SDE, or by the "
        "probability-flow ODE with fresh noise. The posterior is a martingale of the SDE, so that "
        "$p\\,P(+|+)+(1-p)\\,P(+|-)=p$ at every $s$. These formulas are this project's; the digits are the authors'."
    )
    for formula in FORMULAS:
        teller.prove(formula, p=P, s=1.0)
    found = _simulated(teller)
    rate = _digits(teller)
    teller.draw("uturns", _figure(found, rate), (
        f"Left: shares that return to +, reverse SDE (solid, dots) and ODE (dashed, squares), at $d={D}$ with "
        f"{COUNT} points from either mode. Right: the authors' U-turns of digits 0 and 1 and the mixture's curve with "
        "one clock $s=K\\beta/\\alpha$ fitted."
    ))


def _turned(_: Effort) -> dict[str, Any]:
    times = np.asarray(theory.boundary(s=np.array([0.3, 0.7, 1.0, 1.5, 2.2, 3.0]), sigma=SIGMA, d=D))
    turns = {
        kind: Uturn(schedule=linear, method=method, steps=STEPS, dilation=Dilation.half(5, D))
        for kind, method in (("SDE", "ancestral"), ("ODE", "heun"))
    }
    mixture = Mixture(d=D, sigma=SIGMA, p=P)
    return {
        kind: exact_curves(mixture, turn, times=times, count=COUNT, seed=61, progress=False)
        for kind, turn in turns.items()
    }


def _simulated(teller: Teller) -> dict[str, Any]:
    """Both ways back; what finite steps leave is at most 2 % (halving them halves it)."""
    found: dict[str, Any] = teller.result("U-turns")
    for (kind, data), formulas in zip(found.items(), (FORMULAS[:2], FORMULAS[2:]), strict=True):
        gaps = [float(np.abs(compare(data, each)["difference"]).max()) for each in formulas]
        error = float(np.abs(data[f"{formulas[0].name.split('.')[1]}_stderr"]).max())
        teller.check(
            f"U-turns by the {kind} return as often as the formulas say", max(gaps) < 0.02 + 5.4 * error,
            f"largest gap {max(gaps):.4f}; {5.4 * error:.4f} for sampling at 1e-6 in all, .02 for {STEPS} steps",
        )
    return found


def _digits(teller: Teller) -> float:
    code = 1 - TIMES
    beta = np.exp(-(0.1 * code + 19.9 * code**2 / 2) / 2)
    ratio = beta / (1 - beta**2) ** 0.5
    rates = clock(MODEL, ONES) / ratio
    teller.check(
        "one clock nearly describes real digits: $K$ point by point", rates.min() > 5.0 and rates.max() < 7.4
        and abs(rates.mean() - 6.4) < 0.05, f"from {rates.min():.2f} to {rates.max():.2f}, mean {rates.mean():.2f}",
    )
    fit = fit_uturn(ratio, plus=ZEROS, minus=ONES, stderr=0.02)
    teller.table(("quantity", "fit", "95 % interval"), [
        ("K", f"{fit.rate:.2f}", "{:.2f} .. {:.2f}".format(*fit.rate_interval)),
        ("p", f"{fit.p:.3f}", "{:.3f} .. {:.3f}".format(*fit.p_interval)),
    ], "Both curves fitted at once, standard error .02 at each point assumed")
    return fit.rate


def _figure(found: dict[str, Any], rate: float) -> Any:
    figure, (left, right) = figures.panels(2, width=3.9, height=3.0)
    s = np.linspace(0, 3.4, 120)
    for kind, style, mark, pair in (("SDE", "-", "o", FORMULAS[:2]), ("ODE", "--", "s", FORMULAS[2:])):
        for index, (formula, side) in enumerate(zip(pair, "+-", strict=True)):
            name = formula.name.split(".")[1]
            label = f"from {side}, {kind}"
            figures.line(left, s, formula(p=P, s=s), index=index, style=style, label=label)
            data = found[kind]
            error = 2 * data[f"{name}_stderr"]
            left.errorbar(data["s"], data[name], yerr=error, fmt=mark, color=figures.COLOURS[index])
    left.set(xlabel="clock $s$", ylabel="share that returns to +", title=f"p = {P:g}")
    left.legend(loc="center right")
    grid = np.linspace(0.15, 0.7, 120)
    for shown, values, formula, index, label in (
        (TIMES, ZEROS, theory.uturn_sde_plus, 0, "from 0"), (TIMES, ONES, theory.uturn_sde_minus, 1, "from 1"),
    ):
        back = np.exp(-(0.1 * (1 - grid) + 19.9 * (1 - grid) ** 2 / 2) / 2)
        clocks = rate * back / (1 - back**2) ** 0.5
        figures.line(right, grid, formula(p=MODEL, s=clocks), index=index, label=label)
        right.plot(shown, values, "o", color=figures.COLOURS[index])
    right.axhline(MODEL, color="black", linewidth=0.8, linestyle=":", label="model")
    right.set(xlabel="time of the turn (1: data)", ylabel="share of zeros", title="digits")
    right.legend(loc="lower left")
    return figure


STORY = Story(
    "uturns", "U-turns: when the mode is decided", FORMULAS, tell, experiments={"U-turns": _turned}
)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
