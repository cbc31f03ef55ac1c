"""What Euler's discretisation does to the generated mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from asymptotics import limited_samples as theory
from asymptotics.schedule import linear, trigonometric
from derivations.reporting import Story, Teller, alone, figures

LAW = {"n": 8, "sigma": 1.5, "ridge": 0.1}
STEPS = (10, 20, 50, 100, 200, 400, 1600)


def tell(teller: Teller) -> None:
    teller.say(
        "Experiments integrate the flow with Euler's method, and its error at 100 steps is larger than that "
        "of the finite dimension. The recursion is exact; on the linear schedule it gives $M$ and $Q_\\eta$ "
        "without error and a bias of order $1/$steps in $Q_\\xi$ and in the variance."
    )
    exact = float(theory.mean_error(**LAW))
    errors: dict[str, list[float]] = {}
    for schedule in (linear, trigonometric):
        runs = [theory.euler(schedule, np.linspace(0, 1, steps + 1), **LAW) for steps in STEPS]
        errors[schedule.name] = [float(run.mean_error) for run in runs]
        gaps = np.abs(np.array(errors[schedule.name]) - exact)
        order = float(np.log(gaps[-2] / gaps[-1]) / np.log(STEPS[-1] / STEPS[-2]))
        teller.check(
            f"on the {schedule.name} schedule the error is of first order in the step",
            abs(order - 1) < 0.05, f"observed order {order:.3f}",
        )
    ends = theory.euler(linear, np.linspace(0, 1, 11), **LAW)
    mean = float(theory.flow_mean(alpha=0, beta=1, **LAW))
    teller.check(
        "on the linear schedule Euler is exact for $M$", abs(float(ends.flow_mean[-1]) - mean) < 1e-14,
        f"{float(ends.flow_mean[-1]):.15g} with 10 steps",
    )
    rows = [(s, a, b) for s, a, b in zip(STEPS, errors["linear"], errors["trigonometric"], strict=True)]
    teller.table(
        ("steps", "linear", "trigonometric"), [*rows, ("continuous", exact, exact)],
        "Error of the generated mean at $n=8$, $\\sigma=1.5$, $\\lambda=0.1$",
    )
    teller.draw("euler", _figure(errors, exact), (
        "Error of the generated mean with Euler's method against the number of steps; black: continuous time."
    ))


def _figure(errors: dict[str, list[float]], exact: float) -> Any:
    figure, (axis,) = figures.panels(1, width=4.4, height=3.0)
    for index, (label, values) in enumerate(errors.items()):
        figures.line(axis, STEPS, values, index=index, style="o-", label=label)
    axis.axhline(exact, color="black", linewidth=1.0, linestyle="--")
    axis.set(xscale="log", xlabel="Euler steps", ylabel=r"$|\hat\mu-\mu|^2/d$")
    axis.legend()
    return figure


STORY = Story("euler_steps", "Euler's discretisation", (), tell)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
