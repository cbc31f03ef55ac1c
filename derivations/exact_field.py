"""The exact field: what is known of the mode at each time, when it is decided, and where those times lie."""

from __future__ import annotations

from typing import Any

import numpy as np

from asymptotics import phases as theory
from asymptotics.phases.events import Event, boundary_time, share
from asymptotics.schedule import Dilation, linear, ornstein_uhlenbeck
from derivations import figures
from derivations.story import Story, Teller, alone

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
        "Left: where on the linear schedule events strike, against $d$: the times of the mode's events fall as "
        "$d^{-1/2}$ (solid), under the dilation with "
        f"$\\kappa={KAPPA:g}$ they do not (dashed). Right: the clocks of events against the weight $p$; above the "
        "spinodal the noised density has two maxima."
    ))


def _events() -> list[Event]:
    return [Event.information(P, 0.05), Event.bimodality(), Event.spinodal(P), Event.information(P, 0.95)]


def _boundaries(teller: Teller) -> None:
    rows = []
    for d in DIMENSIONS:
        for event in _events():
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
    first, last = _events()[0], _events()[-1]
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
    figure, (left, right) = figures.panels(2, width=3.9, height=3.0)
    dims = np.geomspace(30, 1e6, 60)
    for index, event in enumerate(_events()):
        times = theory.boundary(s=event.value, sigma=SIGMA, d=dims)
        figures.line(left, dims, times, index=index, label=event.name)
        figures.line(left, dims, theory.dilated_time(beta=times, kappa=KAPPA, d=dims), index=index, style="--")
    left.set_xscale("log")
    left.set_yscale("log")
    figures.name(left, "$d$", "time $t$", f"p = {P:g}")
    figures.legend(left, loc="lower left")
    weights = np.linspace(0.02, 0.98, 97)
    right.axhline(1.0, color="black", linewidth=0.9, linestyle=":", label="bimodality (p = 1/2)")
    figures.line(right, weights, theory.spinodal(p=weights), index=2, label="spinodal")
    for index, fraction in ((0, 0.05), (3, 0.95)):
        clocks = [Event.information(float(p), fraction).value for p in weights[::4]]
        figures.line(right, weights[::4], clocks, index=index, label=f"information, {fraction:.0%}")
    figures.name(right, "weight $p$ of the + mode", "clock $s$", "what is decided when")
    figures.legend(right, loc="upper center", ncols=2)
    right.set_ylim(0, 5.4)
    return figure


STORY = Story("exact_field", "What is known when: the exact field and its clocks", FORMULAS, len(FORMULAS), tell,
              parallel=False)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
