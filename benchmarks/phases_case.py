"""Phases: training f(x) = c x + u tanh(w.x/sqrt(d) + b), the solver of the first phase, and schedule design."""

from __future__ import annotations

import numpy as np

from asymptotics.phases import first_phase
from asymptotics.phases.design import Target, best_dilation, free_shares, generated_weight, half_grid
from benchmarks.measure import Result, in_turn, seconds
from simulate import Mixture, Point
from simulate.untied import ClassData, DirectProblem, Drawn, Fresh, Parameters, SpanProblem, UntiedSGD, UntiedSpan

N, SIGMA, RIDGES = 128, 1.0, (0.1, 0.1)
RECIPE = UntiedSGD(repeats=1)


def phases() -> list[Result]:
    """All of this room: training, the first phase at many points, designs against a brute-force search."""
    return [*untied(), solver(), *designs()]


def solver() -> Result:
    """1 000 parameter points of the first phase, twelve starts each, seconds in all."""
    generator = np.random.default_rng(0)
    low, high = np.array([[1, 1, 0.3, 0.05, 0.05, 0.1], [100, 100, 2.0, 5.0, 5.0, 4.0]])
    points = np.exp(generator.uniform(np.log(low), np.log(high), (1000, 6))).T
    names = ("n_plus", "n_minus", "sigma", "ridge_u", "ridge_w", "s")
    spent = seconds(lambda: first_phase(**dict(zip(names, points, strict=True))))
    return Result("phases, first phase at 1 000 points, seconds", spent, 5.0, False, spent, 5.0)


def designs() -> list[Result]:
    """50 Euler steps with the exact field, no sampling: the recommended dilation against a brute-force minimum.

    The family: kappa on 400 logarithmic points, half of the steps in the first phase, or any number of them.
    """
    steps, found = 50, []
    kappas = np.geomspace(0.3, 12.0, 400)
    for p in (0.6, 0.8, 0.95):
        for d in (1e2, 1e4, 1e6):
            target = Target(p=p, sigma=1.0, d=d)
            inside = kappas[kappas < 0.95 * target.length]
            heun = best_dilation(target, steps // 2, method="heun").error
            for share, label, shares in ((0.5, "half", np.array([0.5])), (None, "free", free_shares(steps))):
                design = best_dilation(target, steps, share=share)
                grids = half_grid(target, inside[:, None], shares[None], steps)
                brute = float(np.abs(generated_weight(target, grids) - p).min())
                # Below 1e-9 both are 0 to the bisection's last digits.
                ratio = 1.0 if design.error < 1e-9 else design.error / brute
                found.append(Result(
                    f"phases, {label} share, p = {p}, d = {d:g}", ratio, 1.05, False, design.error, brute, {
                        "kappa": design.kappa, "share": design.share, "undilated": design.undilated,
                        "Heun, 25 steps": heun,
                    }, unit="error",
                ))
                if p == 0.8:
                    bar = 0.0065 if label == "half" else 0.0045
                    name = f"phases, {label} share, p = {p}, d = {d:g}, error"
                    found.append(Result(name, design.error, bar, False, design.error, bar, unit="error"))
    return found


def untied() -> list[Result]:
    """One update on all 128 samples, one noise each: reduced against the d-dimensional one at d = 10^5, one thread.

    The peer draws its noises in float64 with numpy, twice as fast here as torch's own sampler, and forms neither x_t
    nor an autograd graph. Flops are those of matrix products, bytes what they read and write. Then the reduced update
    at d = 10^6 against d = 10^3.
    """
    d, steps = 10**5, 20
    reduced = _Reduced(d)
    direct = _Direct(d)
    ours, peer = in_turn(lambda: reduced.run(steps), direct.run, 15)
    high, low = _Reduced(10**6), _Reduced(10**3)
    large, small = in_turn(lambda: high.run(steps), lambda: low.run(steps), 51)
    k, m = N + 1, N + 3
    return [
        Result("phases, untied, reduced against d = 10^5", peer * steps / ours, 100.0, True, ours / steps, peer, {
            "normals an update, ours": 2 * N + 2 * m + 2, "normals an update, peer": N * d,
            "chi-squares an update, ours": 3,
            "flops an update, ours": 2 * (2 + 2) * N * k, "flops an update, peer": 2 * (4 + 4 + 2) * N * d,
            "bytes an update, ours": 8 * 2 * N * k, "bytes an update, peer": 8 * (4 + 3) * N * d,
        }),
        Result("phases, untied reduced, d = 10^6 over 10^3", large / small, 1.2, False, large / steps, small / steps),
    ]


def _mixture(d: int) -> Mixture:
    return Mixture(d=d, sigma=SIGMA, p=0.8)


def _points(d: int) -> tuple[Point]:
    """The middle of the first phase: clock 1."""
    return (Point(1.0 - d**-0.5, d**-0.5),)


class _Reduced:
    def __init__(self, d: int) -> None:
        span = UntiedSpan.draw(_mixture(d), n=N, seeds=1, seed=1)
        self.problem = SpanProblem.of(span, _points(d), RECIPE, *RIDGES)
        self.source = Drawn(np.random.default_rng(2), d, N)
        self.state = self.problem.start(3)

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.state = self.problem.update(self.state, self.source, None, RECIPE.rate)


class _Direct:
    def __init__(self, d: int) -> None:
        data = ClassData.draw(_mixture(d), n=N, seeds=1, seed=1)
        self.problem = DirectProblem.of(data, _points(d), RECIPE, *RIDGES)
        self.state = self.problem.start(3)
        self.steps = self.problem.steps
        self.noises = Fresh(2, 0, 1, N, N)

    def run(self) -> None:
        slope = self.problem.gradient(Parameters(*self.state), self.noises, None)
        for value, step, each in zip(self.state, self.steps, slope, strict=True):
            value -= RECIPE.rate * (step if value.dim() == 2 else step[..., None]) * each
