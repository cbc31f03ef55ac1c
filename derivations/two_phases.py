"""What a network learns in each phase: the first from its mode, the second its mean and width."""

from __future__ import annotations

from typing import Any

import numpy as np

from asymptotics import phases as theory
from asymptotics.phases import first_phase_skip, jump
from derivations import figures
from derivations.story import Story, Teller, alone
from simulate import (
    ClassData,
    Mixture,
    Point,
    UntiedAdam,
    UntiedSGD,
    UntiedSpan,
    train_untied,
    train_untied_span,
)
from simulate.runs import one_thread

SIGMA, RIDGE, KAPPA = 1.0, 0.1, 2.0
PLUS, MINUS, D = 102, 26, 10**6
FORMULAS = (
    theory.first_weight, theory.first_bias, theory.first_skip, theory.second_skip, theory.second_mean,
    theory.second_sample, theory.second_flow_mean, theory.second_flow_variance, theory.second_variance,
    theory.second_mean_error,
)
POINT = {"alpha": 0.7, "beta": 0.3, "n": 16.0, "sigma": SIGMA, "ridge": RIDGE, "radius": 1.0, "s": 1.0, "p": 0.8}
GIVEN = {"n_plus": PLUS, "n_minus": MINUS, "sigma": SIGMA, "ridge_u": RIDGE, "ridge_w": RIDGE}
DIRECT = (0.2, 0.6)
NOISES = 3000
"""Noises for each dimension in the first phase."""
SLIP = 0.4678
"""The skip that the formula printed in the authors' repository gives at n = 16, ridge .1, sigma 1, t = .3."""


def tell(teller: Teller) -> None:
    teller.say(
        "In the first phase, $\\beta=O(d^{-1/2})$, the network $cx+u\\tanh(w\\cdot x/\\sqrt d+b)$ learns $(w,b)$ and "
        "with them the weight $p$; in the second, $\\beta=O(1)$, $\\tanh$ is a sign and it learns $(c,u)$, the width "
        "and the mean. With infinitely many samples the first phase is the authors'; the finite-$n$ forms are this "
        "project's."
    )
    for formula in FORMULAS:
        teller.prove(formula, **{name: POINT[name] for name in formula.arguments})
    teller.prove(theory.first_phase, s=1.0, **GIVEN)
    jumps = {f"{a}/{b}": float(jump(n_plus=a, n_minus=b, sigma=1.0, ridge_u=2.0, ridge_w=2.0))
             for a, b in ((13, 3), (12, 4), (8, 8), (14, 2))}
    teller.table(("samples + / -", "clock s of the jump"), list(jumps.items()), (
        "Before the jump the global minimum is trivial, $\\omega=0$ and $|b|=\\infty$; there $\\omega$ jumps "
        "($\\lambda=\\ell=2$, $\\sigma=1$)"
    ))
    early = teller.aside(_first_phase, teller.effort.d, max(2, teller.effort.seeds // 6))
    direct = teller.aside(_in_all_dimensions, teller.effort.d)
    trained = _second_phase(teller)
    teller.act("training along the first phase")
    first = early()
    expected = theory.first_phase(s=first["s"], **GIVEN)
    gaps = {name: _gap(first[name], getattr(expected, name)) for name in ("m", "omega", "b")}
    teller.check(
        "trained networks have learned the minimiser of the variational formula",
        gaps["m"] < 0.05 and gaps["omega"] < 0.15 and gaps["b"] < 0.15,
        f"m within {gaps['m']:.1%} (allowed 5 %), omega {gaps['omega']:.1%}, b {gaps['b']:.1%} (allowed 15 %: what "
        f"d = {teller.effort.d} and {NOISES} noises a dimension leave; both shrink with more of either)",
    )
    late = {"alpha": 1 - trained["beta"], "beta": trained["beta"], "n": PLUS + MINUS, "sigma": SIGMA, "ridge": RIDGE}
    gaps = {"c": _gap(trained["c"], theory.second_skip(**late)), "m": _gap(trained["m"], theory.second_mean(**late))}
    teller.check(
        "and in the second phase those of the second", max(gaps.values()) < 0.03,
        f"at d = {D}: c within {gaps['c']:.1%}, m within {gaps['m']:.1%} (allowed 3 %)",
    )
    teller.act("training in all dimensions")
    vectors = direct()
    for name, (skip, mean) in vectors.items():
        expected = [formula(alpha=1 - np.array(DIRECT), beta=np.array(DIRECT), n=PLUS + MINUS, ridge=RIDGE, sigma=SIGMA)
                    for formula in (theory.second_skip, theory.second_mean)]
        gap = max(float(np.abs(found / wanted - 1).max()) for found, wanted in zip((skip, mean), expected, strict=True))
        teller.check(
            f"torch in all $d={teller.effort.d}$ dimensions, {name}, comes to the same $c$ and $m$", gap < 0.1,
            f"within {gap:.1%} (allowed 10 %: a few hundred updates)",
        )
    teller.draw("two_phases", _figure(teller.effort.d, first, trained, vectors), (
        "Overlaps against dilated time, halves for the two phases. Lines: infinitely many samples (dashed), "
        f"{PLUS} and {MINUS} samples (solid; $\\kappa={KAPPA:g}$, $\\sigma=1$, $\\lambda=\\ell={RIDGE}$). Dots: "
        f"networks trained by SGD with fresh noise, exactly in law, at $d={teller.effort.d}$ (first phase) and "
        "$d=10^6$ (second), with the standard deviation over data sets. Squares and crosses: torch, SGD and Adam, in "
        f"all $d={teller.effort.d}$ dimensions."
    ))


def _second_phase(teller: Teller) -> dict[str, np.ndarray]:
    """n = 16 at t = .3 decides between two published forms; then the curve of the figure."""
    span = UntiedSpan.draw(Mixture(d=D, sigma=SIGMA, p=0.5), n=16, seeds=6, seed=41)
    teller.act("training in the second phase")
    found = train_untied_span(
        span, [Point(0.7, 0.3)], recipe=UntiedSGD(iterations=2000), ridge_u=RIDGE, ridge_w=RIDGE, seed=42
    ).final.skip[:, 0]
    expected = float(theory.second_skip(alpha=0.7, beta=0.3, n=16, sigma=SIGMA, ridge=RIDGE))
    error = float(found.std(ddof=1) / len(found) ** 0.5)
    teller.check(
        "SGD sides with the limit of limited_samples, not with the published finite-$n$ skip",
        abs(found.mean() - expected) < 8 * error + 3e-4 < abs(found.mean() - SLIP),
        f"SGD {found.mean():.5f} +- {error:.5f}; this form {expected:.5f}; theirs {SLIP}",
    )
    times = np.array([0.1, 0.3, 0.5, 0.7])
    teller.act("training along the second phase")
    span = UntiedSpan.draw(Mixture(d=D, sigma=SIGMA, p=0.8), n=PLUS + MINUS, seeds=3, seed=43, plus=PLUS)
    run = train_untied_span(
        span, [Point(1 - t, t) for t in times], recipe=UntiedSGD(iterations=1500, repeats=30), ridge_u=RIDGE,
        ridge_w=RIDGE, seed=44,
    ).final
    return {"beta": times, "c": run.skip, "m": run.m}


def _gap(found: np.ndarray, expected: Any) -> float:
    """Of the mean over data sets (first axis), relative, the largest along time."""
    return float(np.abs(found.mean(axis=0) / expected - 1).max())


def _in_all_dimensions(d: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(c, m) at the times ``DIRECT`` of the second phase, by recipe."""
    with one_thread():
        data = ClassData.draw(Mixture(d=d, sigma=SIGMA, p=0.8), n=PLUS + MINUS, seeds=1, seed=47, plus=PLUS)
        found = {}
        for name, recipe in (("SGD", UntiedSGD(iterations=200, repeats=1)),
                             ("Adam", UntiedAdam(iterations=300, repeats=1, rate=0.05))):
            final = train_untied(data, [Point(1 - t, t) for t in DIRECT], recipe=recipe, ridge_u=RIDGE, ridge_w=RIDGE,
                                 seed=48).final
            found[name] = final.skip[0], final.m[0]
    return found


def _first_phase(d: int, seeds: int) -> dict[str, np.ndarray]:
    """Trained exactly in law, with some thousand noises for each dimension; the clock is the exact one."""
    shares = np.array([0.3, 0.5, 0.7, 0.9])
    beta = KAPPA * shares / d**0.5
    clocks = theory.speciation(alpha=1 - beta, beta=beta, sigma=SIGMA, d=d)
    span = UntiedSpan.draw(Mixture(d=d, sigma=SIGMA, p=0.8), n=PLUS + MINUS, seeds=seeds, seed=45, plus=PLUS)
    run = train_untied_span(
        span, [Point(1 - b, b) for b in beta], ridge_u=RIDGE, ridge_w=RIDGE, seed=46,
        recipe=UntiedSGD(iterations=6000, repeats=max(1, NOISES * d // (6000 * (PLUS + MINUS)))),
    ).final
    return {"share": shares, "s": np.asarray(clocks), "omega": run.omega, "b": run.b, "m": run.m, "c": run.skip}


def _figure(
    d: int, first: dict[str, np.ndarray], second: dict[str, np.ndarray],
    vectors: dict[str, tuple[np.ndarray, np.ndarray]],
) -> Any:
    figure, axes = figures.panels(2, 2, width=3.6, height=2.6)
    early, late = np.linspace(0.02, 1, 60), np.linspace(0.005, 0.995, 60)
    solved = theory.first_phase(s=KAPPA * early, **GIVEN)
    p = PLUS / (PLUS + MINUS)
    width = {"n": PLUS + MINUS, "sigma": SIGMA, "ridge": RIDGE}
    infinite = {"omega": KAPPA * early, "b": np.full(60, float(theory.first_bias(p=p))), "m": np.ones(60)}
    infinite["c"] = np.asarray(theory.first_skip(s=KAPPA * early, sigma=SIGMA)) / d**0.5
    finite = {name: getattr(solved, name) for name in ("omega", "b", "m")}
    finite["c"] = first_phase_skip(s=KAPPA * early, **GIVEN) / d**0.5
    for axis, name, title in zip(axes, ("omega", "b", "m", "c"), ("$\\omega$", "$b$", "$m$", "$c$"), strict=True):
        labels = (f"{PLUS + MINUS} samples", "infinitely many", "SGD, in law") if name == "b" else (None,) * 3
        figures.line(axis, early / 2, finite[name], index=0, label=labels[0])
        figures.line(axis, early / 2, infinite[name], index=0, style="--", label=labels[1])
        axis.errorbar(
            first["share"] / 2, first[name].mean(axis=0), yerr=first[name].std(axis=0, ddof=1), fmt="o", markersize=3.5,
            linewidth=0.9, color=figures.COLOURS[0], label=labels[2],
        )
        if name in ("m", "c"):
            formula = {"m": theory.second_mean, "c": theory.second_skip}[name]
            exact = {"m": theory.field_mean, "c": theory.field_skip}[name]
            known = {k: v for k, v in width.items() if k in formula.arguments}
            figures.line(axis, 0.5 + late / 2, formula(alpha=1 - late, beta=late, **known), index=1)
            figures.line(axis, 0.5 + late / 2, exact(alpha=1 - late, beta=late, sigma=SIGMA), index=1, style="--")
            axis.errorbar(0.5 + second["beta"] / 2, second[name].mean(axis=0), yerr=second[name].std(axis=0, ddof=1),
                          fmt="o", markersize=3.5, linewidth=0.9, color=figures.COLOURS[1])
            for (label, (skip, mean)), mark in zip(vectors.items(), ("s", "x"), strict=True):
                axis.plot(0.5 + np.array(DIRECT) / 2, skip if name == "c" else mean, mark, markersize=6, color="black",
                          fillstyle="none", label=f"{label}, torch")
        axis.axvline(0.5, color="black", linewidth=0.7, alpha=0.5)
        axis.set_xlim(0, 1)
        figures.name(axis, "dilated time", title)
    axes[1].set_ylim(0, 1.6)
    figures.legend(axes[1], loc="center right")
    figures.legend(axes[3], loc="upper left")
    return figure


STORY = Story("two_phases", "What is learned in each phase", (*FORMULAS, theory.first_phase), len(FORMULAS) + 5, tell)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
