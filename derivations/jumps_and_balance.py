"""Why local chains unbalance the modes of an energy-based model, and what proposals from a flow buy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from asymptotics import balance as theory
from derivations.reporting import Effort, Story, Teller, alone, figures
from simulate.balance import two_mode_curves
from simulate.sampler import IndependentMetropolis, UnadjustedLangevin
from simulate.seeds import Seed, child, normal

P, RATE, CHAINS = 0.8, 0.05, 256
JUMPS = (0.0, 0.005, 0.05, 0.9)
"""No jumps, below the critical rate, above it, and with a good flow."""
FORMULAS = theory.FORMULAS
POINT = {
    "p": P, "learning_rate": RATE, "jump_rate": 0.9, "chains": float(CHAINS), "q": 0.7, "d": 64.0, "scale": 1.1,
    "tau": 1.0, "sigma": 0.7, "step": 0.02, "separation": 8.0,
}
SCALES, DIMENSIONS = (0.7, 0.85, 1.0, 1.2, 1.5), (2, 16, 64)
STEPS = (0.05, 0.2, 0.5, 1.0)
LIMIT = 6.0
"""Standard errors allowed in each of some 30 comparisons: a false alarm in all of them below 1e-6 (2e-9 each; where an
acceptance is small its tail is binomial, 1e-7)."""


def tell(teller: Teller) -> None:
    teller.say(
        "An energy-based model learns the weights of its modes only through chains that go from mode to mode. In a "
        "model of two modes with the log odds $\\theta$, chains that are refreshed between them with probability "
        "$\\gamma$ per iteration lead $\\theta$ back to balance; without jumps $\\theta$ drifts. Local steps jump at "
        "a rate "
        "that falls exponentially with the barrier; independent proposals, as from a flow that is fitted at the same "
        "time, jump as often as they are accepted."
    )
    for formula in FORMULAS:
        teller.prove(formula, **{name: POINT[name] for name in formula.arguments})
    curves = teller.result("the balance of two modes")
    _scatter(teller, curves)
    _slowdown(teller)
    found = [teller.result(f"acceptance, d {d}") for d in DIMENSIONS]
    worst = max(float(np.abs(each.score).max()) for each in found)
    teller.check(
        f"independent Metropolis-Hastings accepts as derived, at {len(SCALES)} widths in "
        f"$d={DIMENSIONS}$", worst < LIMIT,
        f"largest |z| {worst:.2f} of {sum(each.score.size for each in found)} (allowed {LIMIT})",
    )
    _unadjusted(teller)
    teller.draw("jumps_and_balance", _figure(curves, found), (
        "Left: the model's weight of + in training, five runs for each jump rate $\\gamma$, from an unbalanced start "
        f"($w=.8$ in the data, $\\eta={RATE}$, $N={CHAINS}$ chains); bands: three standard deviations of the linear "
        f"theory "
        "about balance. Right: acceptance of independent proposals $\\mathcal{N}(0,\\varsigma^2I)$; lines: the closed "
        "form, "
        "dots: the sampler, with two standard errors (within the marks)."
    ))


def _curves(_: Effort) -> Any:
    return two_mode_curves(
        p=P, learning_rate=RATE, jump_rate=JUMPS, chains=CHAINS, iterations=1500, runs=3000, seed=7, start=0.55,
        chains_start=0.7, record_every=25,
    )


def _scatter(teller: Teller, curves: Any) -> None:
    """The standard deviation of the weight at the end, where jumps let it forget its start."""
    rows = []
    for jump in JUMPS[2:]:
        last = curves["weight"].sel(jump_rate=jump).isel(iteration=-1)
        rows.append(float(last.std() / theory.weight_std(p=P, learning_rate=RATE, jump_rate=jump, chains=CHAINS)))
    gap = max(abs(row - 1) for row in rows)
    allowed = LIMIT / (2 * curves.sizes["run"]) ** 0.5 + 0.02
    runs = curves.sizes["run"]
    teller.check(
        "the weight scatters by the derived standard deviation in the full, nonlinear model",
        gap < allowed,
        f"largest gap {gap:.1%} (allowed {allowed:.1%}: {LIMIT} standard errors and 2 % for the linear theory)",
    )
    off = float(abs(curves["weight"].sel(jump_rate=0.0).isel(iteration=-1) - P).mean())
    teller.check("without jumps it does not balance", off > 0.1, f"off by {off:.2f}, mean over {runs} runs")


def _slowdown(teller: Teller) -> None:
    """The critical rate, and what local steps offer."""
    critical = float(theory.critical_jump_rate(p=P, learning_rate=RATE))
    rows = []
    for ratio in (2.5, 3.0, 4.0, 5.0, 6.0):
        local = sum(
            float(theory.jump_rate_kramers(p=p, sigma=1.0, step=0.3 / ratio**2, separation=2 * ratio))
            for p in (P, 1 - P)
        )
        rows.append((ratio, local, local / critical))
    teller.table(
        ("a / sigma", "jumps of local steps", "over the critical rate"), rows,
        f"Relaxation of the weights by Langevin steps of $\\epsilon=.3\\sigma^4/a^2$, against "
        f"$\\gamma_c={critical:.4f}$",
    )
    teller.check(
        "five standard deviations apart from their barrier, modes are out of balance for local steps",
        rows[3][2] < 0.01, f"{rows[3][2]:.1e} of the critical rate at a/sigma = 5",
    )


@dataclass(frozen=True)
class Gaussian:
    """N(0, scale^2 I)."""

    scale: float
    d: int

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        return -x.square().sum(1) / (2 * self.scale**2) - self.d * float(np.log(self.scale * (2 * np.pi) ** 0.5))

    def sample(self, count: int, *, seed: Seed) -> torch.Tensor:
        return self.scale * normal(seed, (count, self.d))


@dataclass(frozen=True)
class Accepted:
    """Acceptance at every width: measured, its standard error, and in standard errors off the closed form."""

    d: int
    value: np.ndarray
    error: np.ndarray
    score: np.ndarray


def _acceptance(_: Effort, d: int, chains: int = 20_000) -> Accepted:
    target, value = Gaussian(1.0, d), []
    for place, scale in enumerate(SCALES):
        start = target.sample(chains, seed=child(11, d, place, 0))
        moved = IndependentMetropolis(Gaussian(scale, d))(target.log_prob, start, seed=child(11, d, place, 1))
        assert moved.jumped is not None
        value.append(float(moved.jumped.mean()))
    wanted = theory.imh_acceptance_gaussian(d=float(d), scale=np.array(SCALES))
    error = np.sqrt(np.maximum(wanted * (1 - wanted), 1 / chains) / chains)
    return Accepted(d, np.array(value), error, (np.array(value) - wanted) / error)


def _unadjusted(teller: Teller, chains: int = 50_000) -> None:
    """Started in the derived law, five unadjusted steps stay in it."""
    scores = []
    for place, step in enumerate(STEPS):
        variance = float(theory.ula_variance(sigma=1.0, step=step))
        start = variance**0.5 * normal(child(12, place, 0), (chains, 2))
        moved = UnadjustedLangevin(step, 5)(Gaussian(1.0, 2).log_prob, start, seed=child(12, place, 1))
        scores.append((float(moved.x.var()) / variance - 1) * chains**0.5)
    teller.check(
        "unadjusted Langevin steps have the derived variance", max(map(abs, scores)) < LIMIT,
        f"largest |z| {max(map(abs, scores)):.2f} at steps {STEPS} (allowed {LIMIT})",
    )


def _figure(curves: Any, found: list[Accepted]) -> Any:
    figure, (left, right) = figures.panels(2, width=3.8)
    for index, jump in enumerate(JUMPS):
        weight = curves["weight"].sel(jump_rate=jump)
        for run in range(5):
            left.plot(curves["iteration"], weight.isel(run=run), linewidth=0.7, color=figures.COLOURS[index],
                      label=f"$\\gamma={jump:g}$" if run == 0 else None)
    for index, jump in enumerate(JUMPS[2:], 2):
        spread = 3 * float(theory.weight_std(p=P, learning_rate=RATE, jump_rate=jump, chains=CHAINS))
        left.axhspan(P - spread, P + spread, color=figures.COLOURS[index], alpha=0.18, linewidth=0)
    left.set(xlabel="iteration", ylabel="model's weight of +", ylim=(0, 1))
    left.legend(fontsize=7, loc="lower right", ncols=2)
    scale = np.linspace(0.65, 1.6, 200)
    for index, each in enumerate(found):
        figures.line(right, scale, theory.imh_acceptance_gaussian(d=float(each.d), scale=scale), index=index)
        right.errorbar(SCALES, each.value, yerr=2 * each.error, fmt="o", color=figures.COLOURS[index],
                       label=f"$d={each.d}$")
    right.set(xlabel="width of the proposals $\\varsigma$", ylabel="acceptance", ylim=(0, 1.02))
    right.legend(fontsize=7)
    return figure


STORY = Story(
    "jumps_and_balance", "Why local chains unbalance the modes", FORMULAS, tell, experiments={
        "the balance of two modes": _curves,
        **{f"acceptance, d {d}": partial(_acceptance, d=d) for d in DIMENSIONS},
    },
)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
