"""Which ridge gives the best generated mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from asymptotics import limited_samples as theory
from derivations.reporting import Story, Teller, alone, figures

SIGMAS = (0.5, 1.0, 1.5)
N = 8


def tell(teller: Teller) -> None:
    teller.say(
        "The error of the generated mean depends on the ridge through a rational function whose derivative "
        "has the sign of a cubic. The best ridge is its lowest minimum over $\\lambda\\ge0$, the edge included."
    )
    teller.prove(theory.best_ridge, n=N, sigma=1.5)
    _check_large_n(teller)
    _check_edge(teller)
    rows = []
    for sigma in SIGMAS:
        best = float(theory.best_ridge(n=N, sigma=sigma))
        errors = theory.mean_error(n=N, sigma=sigma, ridge=[0.0, 0.1, best])
        rows.append((sigma, best, *map(float, np.ravel(errors)), float(theory.bayes_error(n=N, sigma=sigma))))
    teller.table(
        ("sigma", "best ridge", "error, ridge 0", "error, ridge 0.1", "error, best ridge", "Bayes"), rows,
        f"Errors of the generated mean at $n={N}$",
    )
    teller.draw("best_ridge", _figure(), (
        f"Error of the generated mean against the ridge at $n={N}$; dots mark the best ridge, dashes the Bayes "
        "error."
    ))


def _check_large_n(teller: Teller) -> None:
    """For many samples the best ridge tends to (K+1) sigma^2/r^2 - 1/2, at rate 1/n."""
    sigma, radius, draws = 1.3, 0.8, 3
    limit = (draws + 1) * sigma**2 / radius**2 - 0.5
    gaps = [
        abs(float(theory.best_ridge(n=n, sigma=sigma, draws=draws, radius=radius)) - limit)
        for n in (1e4, 1e5)
    ]
    teller.check(
        "for large $n$ the best ridge tends to $(K+1)\\sigma^2/r^2-\\frac12$, at rate $1/n$",
        abs(gaps[0] / gaps[1] - 10) < 0.1, f"gaps {gaps[0]:.2e}, {gaps[1]:.2e}",
    )


def _check_edge(teller: Teller) -> None:
    """With one draw the best ridge leaves 0 where sigma^2 = n r^2/(4(n-1))."""
    edge = np.sqrt(N / (4 * (N - 1)))
    below, above = (float(theory.best_ridge(n=N, sigma=edge * f)) for f in (1 - 1e-6, 1 + 1e-6))
    teller.check(
        "with one draw it is positive exactly when $\\sigma^2>nr^2/(4(n-1))$", below == 0 < above,
        f"{below:g} just below, {above:.2e} just above",
    )


def _figure() -> Any:
    figure, (axis,) = figures.panels(1, width=4.6, height=3.2)
    ridge = np.geomspace(0.02, 60, 200)
    theory.mean_error.plot("ridge", n=N, sigma=SIGMAS, ridge=ridge, ax=axis, log="xy")
    axis.set(xlabel=r"ridge $\lambda$", ylabel=r"$|\hat\mu-\mu|^2/d$")
    for index, sigma in enumerate(SIGMAS):
        best = float(theory.best_ridge(n=N, sigma=sigma))
        if best > 0:
            axis.plot(best, theory.mean_error(n=N, sigma=sigma, ridge=best), "o", color=figures.COLOURS[index])
        axis.axhline(float(theory.bayes_error(n=N, sigma=sigma)), color=figures.COLOURS[index], lw=0.9, ls="--")
    return figure


STORY = Story("best_ridge", "The best ridge", (theory.best_ridge,), tell)

if __name__ == "__main__":
    raise SystemExit(alone(STORY))
