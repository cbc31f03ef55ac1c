"""The flow with the learned velocity, in closed form for every schedule."""

from __future__ import annotations

from typing import Any

import simulate
from asymptotics import limited_samples as theory
from asymptotics.plotting import plot_comparison
from asymptotics.schedule import linear, square_root, trigonometric
from derivations.reporting import Story, Teller, alone, figures

SIGMA, RIDGE = 1.5, 0.1
LAW = {"n": 8, "sigma": SIGMA, "ridge": RIDGE}
POINT = {"alpha": 0.5, "beta": 0.5, **LAW}
MOTION = {**POINT, "dalpha": -1.0, "dbeta": 1.0}
VELOCITY = (theory.velocity_linear, theory.velocity_mean, theory.velocity_noise, theory.velocity_sample)
FLOW = (theory.flow_mean, theory.flow_noise, theory.flow_sample, theory.flow_variance)
SHOWN = (4, 16)


def tell(teller: Teller) -> None:
    teller.say(
        "The velocity $b=k f+(\\dot\\alpha/\\alpha)x$, $k=\\dot\\beta-\\beta\\dot\\alpha/\\alpha$, has two terms that "
        "diverge at the data end; their combination with the learned coefficients does not."
    )
    for formula in VELOCITY:
        teller.prove(formula, **MOTION)
    teller.say(
        "The flow is $X_t=\\varsigma[M\\mu+Q_\\xi\\xi+Q_\\eta\\eta]+\\sqrt{F}X_0$ with $\\varsigma=\\pm1$ the cluster. "
        "One ansatz solves its equations for arbitrary $\\alpha(t)$, $\\beta(t)$: the closed form for every "
        "schedule is this project's."
    )
    for formula in FLOW:
        teller.prove(formula, **POINT)
    _check_schedules(teller)
    data, effort = teller.result("flow"), teller.effort
    inside = data.isel(t=slice(1, None))  # at the noise end the flow is known: M = Q = 0, F = 1
    compared = [teller.compare(inside, formula, comparisons=len(FLOW)) for formula in FLOW]
    teller.draw("flow", _figure(compared), (
        f"Statistics of the generative flow on the trigonometric schedule ($\\sigma={SIGMA}$, "
        f"$\\lambda={RIDGE}$). Lines: the formulas. Points: third-order integration of networks learned exactly "
        f"at $d={effort.d}$, {effort.steps} steps, mean over {effort.seeds} data sets with two standard errors."
    ))


def _check_schedules(teller: Teller) -> None:
    """Where alpha and beta meet, all schedules agree; at the data end only one law is left."""
    for formula in FLOW:
        ends = [float(formula.on(s)(t=1.0, **LAW)) for s in (linear, trigonometric, square_root)]
        spread = max(ends) - min(ends)
        short = formula.name.rsplit(".", 1)[-1]
        teller.check(
            f"{short} at the data end is the same on three schedules", spread <= 1e-14 * abs(ends[0]),
            f"spread {spread:.1e}",
        )


def _figure(compared: list[Any]) -> Any:
    figure, axes = figures.panels(2, 2)
    for axis, formula, found in zip(axes, FLOW, compared, strict=True):
        plot_comparison(found, "t", formula=formula.on(trigonometric), ax=axis, log="")
    return figure


STORY = Story(
    "every_schedule", "The flow, for every schedule", (*VELOCITY, *FLOW), tell,
    experiments={"flow": lambda effort, executor: simulate.curves.generation(
        simulate.Mixture(d=effort.d, sigma=SIGMA), n=SHOWN, ridge=RIDGE, schedule=trigonometric,
        seeds=effort.seeds, seed=2, steps=effort.steps, executor=executor, progress=False,
    )},
)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
