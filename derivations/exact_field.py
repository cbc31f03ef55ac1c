"""The exact field: what is known of the mode at each time, when it is decided, and where those times lie."""

from __future__ import annotations

from typing import Any

import numpy as np

from asymptotics import phases as theory
from asymptotics.phases.design import Event, boundary_time, share
from asymptotics.schedule import Dilation, linear, ornstein_uhlenbeck
from derivations.reporting import Story, Teller, alone, figures

SIGMA, P, KAPPA = 1.0, 0.8, 3.0
DIMENSIONS = (10**2, 10**4, 10**6)
FORMULAS = (
    theory.field_skip, theory.field_mean, theory.velocity_linear, theory.velocity_mean, theory.speciation,
    theory.variance_ratio, theory.boundary, theory.dilated_time, theory.mmse, theory.posterior_second_moment,
    theory.clone_probability, theory.information, theory.spinodal, theory.total_variation, theory.denoising_error,
)
POINT = {
    "alpha": 0.9, "beta": 0.1, "dalpha": -1.0, "dbeta": 1.0, "sigma": SIGMA, "d": 400.0, "radius": 1.0, "p": P,
    "s": 1.0, "kappa": KAPPA,
}


def tell(teller: Teller) -> None:
    teller.say(
        "The target is $p\\,\\mathcal{N}(\\mu,\\sigma^2)+(1-p)\\,\\mathcal{N}(-\\mu,\\sigma^2)$, and Bayes' rule gives "
        "its denoiser at any $d$. Two clocks run: whatever concerns the identity of the mode depends on $(s,p)$ alone, "
        "the width on $\\rho$. The closed forms with $\\sigma=1$ are the authors'; the clocks, criteria and general "
        "$\\sigma$, $r$ are this project's."
    )
    for formula in FORMULAS:
        teller.prove(formula, **{name: POINT[name] for name in formula.arguments})
    _boundaries(teller)
    teller.draw("phase_diagram", _figure(), (
        "Left: when events strike on the linear schedule, against $d$: those of the mode as $d^{-1/2}$ (solid), "
        f"under the dilation with $\\kappa={KAPPA:g}$ at times that stay (dashed); the variance has its own clock. "
        "Right: the dilated times against the weight $p$; from the spinodal on, which is bimodality at $p=1/2$, the "
        "noised density has two maxima. Clones: those of half way from chance to certainty."
    ))


def _events(p: float) -> list[Event]:
    """One of each kind; clones agree half way between where they do from noise and always."""
    halfway = (1 + p**2 + (1 - p) ** 2) / 2
    return [
        Event.information(p, 0.05), Event.spinodal(p), Event.clone(p, halfway), Event.total_variation(0.9),
        Event.information(p, 0.95), Event.variance(),
    ]


def _boundaries(teller: Teller) -> None:
    rows = []
    for d in DIMENSIONS:
        for event in _events(P):
            plain = boundary_time(event, linear, sigma=SIGMA, d=d)
            dilated = boundary_time(event, linear, sigma=SIGMA, d=d, dilation=Dilation.half(KAPPA, d))
            back = float(theory.dilated_time(beta=plain.time, kappa=KAPPA, d=d))
            teller.check(
                f"$d={d}$, {event.name}: the dilated time is $\\tau^{{-1}}$ of the plain one",
                abs(dilated.time - back) <= 1e-9 and plain.certified and dilated.certified,
                f"proved to lie in a ball of width {dilated.high - dilated.low:.0e}",
            )
            rows.append((d, event.name, event.value, plain.time, dilated.time))
    teller.table(
        ("d", "event", "clock s", "time, linear", f"time, dilated (kappa = {KAPPA:g})"), rows,
        "Phase boundaries, each enclosed by ball arithmetic",
    )
    first, last = Event.information(P, 0.05), Event.information(P, 0.95)
    shares = [share(first, last, linear, sigma=SIGMA, d=d) * d**0.5 for d in (*DIMENSIONS, 10**8)]
    teller.check(
        "the share of uniform time in which $p$ can be learned falls as $d^{-1/2}$",
        abs(shares[-1] / shares[-2] - 1) < 0.02, f"share times sqrt(d): {', '.join(f'{each:.3f}' for each in shares)}",
    )
    moment = boundary_time(Event.bimodality(), ornstein_uhlenbeck, sigma=1.5, d=1000)
    teller.check(
        "on the Ornstein-Uhlenbeck schedule $s=1$ at $\\frac12\\ln(d+1-\\sigma^2)$",
        moment.low <= 0.5 * np.log(1000 + 1 - 1.5**2) <= moment.high, f"t = {moment.time:.9f}",
    )


def _figure() -> Any:
    figure, (left, right) = figures.panels(2, width=4.1, height=3.4)
    dims, weights, d = np.geomspace(30, 1e6, 60), np.linspace(0.02, 0.98, 49), 10**4
    names = [event.name.partition(", p =")[0] for event in _events(P)]
    along = np.array([[_time(event, d) for event in _events(float(p))] for p in weights])
    for index, (event, name) in enumerate(zip(_events(P), names, strict=True)):
        times = np.array([_time(event, float(each)) for each in dims])
        figures.line(left, dims, times, index=index, label=name)
        figures.line(left, dims, theory.dilated_time(beta=times, kappa=KAPPA, d=dims), index=index, style="--")
        figures.line(right, weights, theory.dilated_time(beta=along[:, index], kappa=KAPPA, d=float(d)), index=index)
    right.axhline(0.5, color="black", linewidth=0.8, linestyle=":")
    left.set(xscale="log", yscale="log", ylim=(1e-4, 3), xlabel="$d$", ylabel="time (dashed: dilated)",
             title=f"p = {P:g}")
    right.set(xlabel="weight $p$ of the + mode", ylabel="dilated time", ylim=(0, 1.1), title="$d = 10^4$")
    handles, labels = left.get_legend_handles_labels()
    right.legend(handles, labels, loc="upper center", ncols=2, frameon=False, fontsize="small")
    return figure


def _time(event: Event, d: float) -> float:
    """On the linear schedule: beta."""
    ratio = float(event.ratio(sigma=SIGMA, d=d))
    return ratio / (1 + ratio)


STORY = Story("exact_field", "What is known when: the exact field and its clocks", FORMULAS, tell)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
