"""U-turns against the theory, and against the same schemes integrated by quadrature: no tolerance is left to choose.

The scheme's own probabilities are computed without sampling, by an independent integrator along mu. Samples are held
against them with no allowance, and against the theory with the scheme's known error as the allowance; that this error
is the step's is seen by halving the step.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.special import ndtr

from asymptotics import phases
from asymptotics.calibration import Verdict, assert_agrees, compare_laws, judge
from asymptotics.phases.design.two_modes import velocity
from asymptotics.schedule import Dilation, Interpolant, Values, linear, ornstein_uhlenbeck, trigonometric
from simulate import Mixture, compare, flow
from simulate.flow import STOCHASTIC, LearnedVelocity, MixtureField, along_mean, time_grid
from simulate.seeds import normal
from simulate.uturn import Uturn, exact_curves, fraction, return_curves
from simulate.uturn.returns import agreement

Array = NDArray[np.float64]

MIXTURE = Mixture(d=400, sigma=1.3, radius=1.1, p=0.7)
TARGET = phases.Target(p=0.7, sigma=1.3, d=400, radius=1.1)
DILATION = Dilation.half(5, 400)
TIMES = (0.02, 0.05)
# Calls that share the false-failure rate of 1e-6: a fast one and a slow one for each method, and the rest.
CALLS = 30


def uturn(method: str, steps: int, clones: int = 1) -> Uturn:
    return Uturn(schedule=linear, method=method, steps=steps, dilation=DILATION, clones=clones, closed=True)


def scheme(method: str, steps: int, t: float, schedule: Interpolant) -> dict[str, float]:
    """What a scheme returns, for starts + and -, and clones: exact but for quadrature, independent of `simulate`."""
    dilation = DILATION if schedule is linear else None
    grid, length = time_grid(schedule, steps, first=t, dilation=dilation), TARGET.length
    values = Values(*(np.append(each, 0.0) for each in schedule.at(grid[:-1])))
    values.alpha[-1], values.beta[-1] = schedule.mix(grid[-1])
    width = np.sqrt(values.alpha**2 + TARGET.sigma**2 * values.beta**2)
    if method not in STOCHASTIC:
        fields = [schedule.at(each) for each in grid]
        return _by_edge(lambda y: _final(method, grid, fields, y), values.beta[0] * length, width[0])
    node, weight = np.polynomial.hermite_e.hermegauss(41)
    weight = weight / weight.sum()
    standard = np.linspace(-1.0, 1.0, 1201)
    reach = values.beta * length / width + 9.0
    plus = (standard > 0).astype(float)
    for k in range(steps - 1, -1, -1):
        y = standard * reach[k] * width[k]
        drift, spread = _transition(method, values, k, np.diff(grid)[k], y)
        there = (drift[:, None] + spread * node) / (reach[k + 1] * width[k + 1])
        plus = PchipInterpolator(standard, plus)(np.clip(there, -1.0, 1.0)) @ weight
        plus[plus < 1e-30] = 0.0  # The interpolator divides by differences.
    nu = np.linspace(-9.0, 9.0, 1801)
    normal_law = np.exp(-(nu**2) / 2) / np.exp(-(nu**2) / 2).sum()
    later, clock = PchipInterpolator(standard, plus), values.beta[0] * length / width[0]
    up, down = (later(np.clip((nu + sign * clock) / reach[0], -1.0, 1.0)) for sign in (1, -1))
    clones = [float(normal_law @ (u**2 + (1 - u) ** 2)) for u in (up, down)]
    return {
        "plus": float(normal_law @ up), "minus": float(normal_law @ down),
        "clones": TARGET.p * clones[0] + (1 - TARGET.p) * clones[1],
    }


def _transition(method: str, values: Any, k: int, step: float, y: Array) -> tuple[Array, float]:
    """Mean (at each y) and standard deviation of a step along mu."""
    alpha, beta, dalpha, dbeta = (float(each[k]) for each in values)
    slope = velocity(TARGET, type(values)(*(np.asarray(each[k]) for each in values)), y)
    if method == "euler_maruyama":
        noise = 2 * alpha * (alpha * dbeta - beta * dalpha) / beta
        return y + step * (2 * slope - dbeta / beta * y), float(np.sqrt(noise * step))
    # Condition x_t' = alpha' x0 + beta' x1 + (what noising adds on the way to t) on x_t and x1, as normal variables.
    clean = (alpha * slope - dalpha * y) / (alpha * dbeta - beta * dalpha)
    nearer_alpha, nearer_beta = float(values.alpha[k + 1]), float(values.beta[k + 1])
    shrink = beta / nearer_beta
    covariance = shrink * nearer_alpha**2
    rest = nearer_alpha**2 - covariance**2 / alpha**2
    return nearer_beta * clean + covariance / alpha**2 * (y - beta * clean), float(np.sqrt(max(rest, 0.0)))


def _final(method: str, grid: Array, fields: list[Any], y: Array) -> Array:
    for k, step in enumerate(np.diff(grid)):
        slope = velocity(TARGET, fields[k], y)
        if method == "heun":
            slope = 0.5 * (slope + velocity(TARGET, fields[k + 1], y + step * slope))
        y = y + step * slope
    return y


def _by_edge(final: Callable[[Array], Array], centre: float, width: float) -> dict[str, float]:
    low, high = np.array(-centre - 9 * width), np.array(centre + 9 * width)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if final(middle) < 0 else (low, middle)
    edge = float(low)
    return {"plus": float(ndtr((centre - edge) / width)), "minus": float(ndtr((-centre - edge) / width))}


def theory(method: str, times: tuple[float, ...], schedule: Interpolant = linear) -> dict[str, Array]:
    """At the clocks of the times."""
    alpha, beta = schedule.mix(np.array(times))
    s = phases.speciation(alpha=alpha, beta=beta, sigma=TARGET.sigma, d=TARGET.d, radius=TARGET.radius)
    if method not in STOCHASTIC:
        return {
            "plus": phases.uturn_ode_plus(p=TARGET.p, s=s), "minus": phases.uturn_ode_minus(p=TARGET.p, s=s),
        }
    return {
        "plus": phases.uturn_sde_plus(p=TARGET.p, s=s), "minus": phases.uturn_sde_minus(p=TARGET.p, s=s),
        "clones": phases.clone_probability(p=TARGET.p, s=s),
    }


@cache
def gaps(
    method: str, steps: int, times: tuple[float, ...] = TIMES, schedule: Interpolant = linear
) -> Array:
    """Scheme less theory, (quantities, times)."""
    exact = theory(method, times, schedule)
    found = [scheme(method, steps, t, schedule) for t in times]
    return np.array([[each[name] for each in found] for name in exact]) - np.array(list(exact.values()))


def measured(curves: xr.Dataset, method: str) -> tuple[Array, Array]:
    """The same quantities with their standard errors, (quantities, times)."""
    kind = "sde" if method in STOCHASTIC else "ode"
    names = [f"uturn_{kind}_plus", f"uturn_{kind}_minus", *(["clone_probability"] if kind == "sde" else [])]
    return tuple(np.array([curves[name + end] for name in names]) for end in ("", "_stderr"))  # type: ignore[return-value]


def held(
    curves: xr.Dataset, method: str, steps: int, count: int, schedule: Interpolant = linear
) -> tuple[Verdict, Verdict]:
    """Samples against the scheme (no allowance) and against the theory (the scheme's error allowed)."""
    found, error = measured(curves, method)
    times = tuple(curves["t"].values.tolist())
    exact, off = np.array(list(theory(method, times, schedule).values())), gaps(method, steps, times, schedule)
    how: dict[str, Any] = {"dof": count - 1, "comparisons": CALLS}
    return judge(found, exact + off, error, **how), judge(found, exact, error, bias=np.abs(off), **how)


@pytest.mark.parametrize(
    ("method", "order", "largest"),
    [("euler", 1, 5e-3), ("heun", 2, 4e-4), ("euler_maruyama", 1, 2e-2), ("ancestral", 1, 2e-2)],
)
def test_schemes_tend_to_the_theory(method: str, order: int, largest: float) -> None:
    """By quadrature, no samples: the error falls by 2^order when the step is halved."""
    coarse, fine = gaps(method, 50), gaps(method, 100)
    print(method, np.abs(coarse).max(), np.abs(fine).max(), coarse / fine)
    assert np.abs(fine).max() < largest
    assert 0.8 * 2**order < np.abs(coarse).max() / np.abs(fine).max() < 1.25 * 2**order
    extrapolated = fine + (fine - coarse) / (2**order - 1)
    assert np.abs(extrapolated).max() < largest / 5


@pytest.mark.parametrize("method", ["euler", "heun", *STOCHASTIC])
def test_returns_along_mu(method: str) -> None:
    count, steps, clones = 40_000, 50, 2 if method in STOCHASTIC else 1
    curves = exact_curves(
        MIXTURE, uturn(method, steps, clones), times=TIMES, count=count, seed=3, progress=False
    )
    scheme_held, theory_held = held(curves, method, steps, count)
    print(method, scheme_held, theory_held, sep="\n")
    assert_agrees(scheme_held, within=0.1)
    assert theory_held.passed


@pytest.mark.slow
@pytest.mark.parametrize("method", ["euler", "heun", *STOCHASTIC])
def test_returns_along_mu_with_small_steps(method: str) -> None:
    count, steps, clones = 150_000, 200, 2 if method in STOCHASTIC else 1
    curves = exact_curves(
        MIXTURE, uturn(method, steps, clones), times=TIMES, count=count, seed=5, progress=False
    )
    for verdict in held(curves, method, steps, count):
        print(method, verdict)
        assert_agrees(verdict, within=0.08)
    if method in STOCHASTIC:
        found, error = measured(curves, method)
        mean = 0.7 * found[0] + 0.3 * found[1]
        spread = np.hypot(0.7 * error[0], 0.3 * error[1])
        drift = np.abs(0.7 * gaps(method, steps)[0] + 0.3 * gaps(method, steps)[1])
        verdict = judge(mean, 0.7, spread, dof=count - 1, comparisons=CALLS, bias=drift)
        print("p P(+|+) + (1-p) P(+|-) = p", verdict)
        assert_agrees(verdict, within=0.02)


def test_data_sets_are_compared_as_they_are() -> None:
    """`simulate.compare` finds the formulas and their arguments."""
    curves = exact_curves(
        MIXTURE, uturn("ancestral", 200, 2), times=TIMES, count=4000, seed=8, progress=False
    )
    for name in ("uturn_sde_plus", "uturn_sde_minus", "clone_probability"):
        result = compare(curves, getattr(phases, name), comparisons=CALLS)
        print(result.attrs["verdict"])
        assert bool(result["passed"].all())
        assert np.allclose(result["theory"], theory("ancestral", TIMES)[
            {"uturn_sde_plus": "plus", "uturn_sde_minus": "minus"}.get(name, "clones")
        ])
    assert (curves["returned"] == np.round(curves["fraction"] * 8000)).all()


@pytest.mark.parametrize("method", ["ralston", "heun", "euler"])
def test_in_d_dimensions_the_ode_moves_the_same_coordinate(method: str) -> None:
    """Point by point, to rounding: y = mu.x/|mu| of the whole run is the reduced run's."""
    mixture = Mixture(d=30, sigma=0.8, radius=0.9, p=0.3)
    unit = mixture.mean() / mixture.mean().norm()
    start, grid = normal(4, (200, 30)), time_grid(trigonometric, 12, first=0.1)
    whole, alone = (
        flow.transport(MixtureField(law, trigonometric), trigonometric, grid, x, method=method, closed=True)
        for law, x in ((mixture, start), (along_mean(mixture), (start @ unit)[:, None]))
    )
    assert torch.allclose(whole @ unit, alone[:, 0], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("method", ["euler", *STOCHASTIC])
def test_in_d_dimensions_returns_have_the_reduced_law(method: str) -> None:
    """The law of y where it ends; measured distances against the bound for any law."""
    mixture, count = Mixture(d=30, sigma=0.8, radius=0.9, p=0.3), 30_000
    unit = mixture.mean() / mixture.mean().norm()
    way = Uturn(schedule=trigonometric, method=method, steps=6)
    ends = []
    for law, seed in ((mixture, 1), (along_mean(mixture), 2)):
        field = MixtureField(law, trigonometric)
        back = way.run(field, field.starts(-1, count, normal(seed, (count, law.d))), 0.2, seed=10 + seed)[0]
        ends.append((back @ unit if law.d > 1 else back[:, 0]).numpy())
    verdict = compare_laws(*ends, comparisons=CALLS)
    print(method, verdict)
    assert_agrees(verdict, within=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["heun", "ancestral"])
def test_returns_in_d_dimensions(method: str) -> None:
    count, steps, clones = 10_000, 50, 2 if method in STOCHASTIC else 1
    curves = exact_curves(
        MIXTURE, uturn(method, steps, clones), times=TIMES[:1], count=count, seed=4, reduced=False, batch=2500,
        progress=False,
    )
    verdict = held(curves, method, steps, count)[0]
    print(method, verdict)
    assert_agrees(verdict, within=0.1)


def test_at_the_noise_end_nothing_is_left_of_the_start() -> None:
    """Ancestral steps start there too: both classes return as generated points, + with probability p."""
    curves = exact_curves(MIXTURE, uturn("ancestral", 100, 2), times=[0.0], count=40_000, seed=6, progress=False)
    for verdict in held(curves, "ancestral", 100, 40_000):
        print(verdict)
        assert_agrees(verdict, within=0.06)
    assert np.allclose(theory("ancestral", (0.0,))["minus"], 0.7)


def test_on_a_schedule_whose_noise_lies_at_its_end() -> None:
    """The theory depends on the clock alone; Ornstein-Uhlenbeck, where equal steps in t are right."""
    count = 40_000
    way = Uturn(schedule=ornstein_uhlenbeck, method="ancestral", steps=150, clones=2)
    curves = exact_curves(MIXTURE, way, times=[3.5, 2.8], count=count, seed=2, progress=False)
    s = curves["s"].values
    assert s[1] > s[0] > 0.5
    for verdict in held(curves, "ancestral", 150, count, ornstein_uhlenbeck):
        print(verdict)
        assert_agrees(verdict, within=0.1)


class Pixels:
    """A user's model on images (S, 1, 2, 3): a denoiser by time, as a network would be."""

    def __init__(self, field: MixtureField, t: float) -> None:
        self.field, self.t = field, t

    def denoise(self, x: torch.Tensor) -> torch.Tensor:
        return self.field.denoiser(x.flatten(1), self.t).view_as(x)


@pytest.mark.parametrize("method", ["heun", *STOCHASTIC])
def test_models_of_any_shape_are_brought_back(method: str) -> None:
    """Learned denoisers on images give, number for number, what the exact field gives on vectors."""
    field = MixtureField(Mixture(d=6, sigma=0.4, radius=1.0, p=0.4), linear)
    starts = {"ones": field.starts(1, 50, normal(1, (50, 6))), "zeros": field.starts(-1, 30, normal(2, (30, 6)))}
    images = {name: each.view(-1, 1, 2, 3) for name, each in starts.items()}
    way = Uturn(schedule=linear, method=method, steps=15)
    learned = LearnedVelocity(lambda t: Pixels(field, t), linear)
    found = return_curves(
        way, learned, images, lambda x: field.side(x.flatten(1)), times=[0.6, 0.3], seed=3, progress=False
    )
    expected = return_curves(way, field, starts, field.side, times=[0.6, 0.3], seed=3, progress=False)
    assert found.drop_attrs().equals(expected.drop_attrs())
    assert list(found["start"].values) == ["ones", "zeros"] and list(found["count"].values) == [50, 30]
    assert found["t"].values.tolist() == [0.6, 0.3] and 0 < int(found["returned"][1, 0]) <= 50


def test_a_time_keeps_its_numbers_whatever_else_is_asked() -> None:
    field = MixtureField(along_mean(MIXTURE), linear)
    starts = {"+": field.starts(1, 500, normal(1, (500, 1)))}
    way = uturn("ancestral", 20, 3)
    one, two = (
        return_curves(way, field, starts, field.side, times=times, seed=3, batch=200, progress=False)
        for times in ([0.05], [0.03, 0.05])
    )
    assert one.sel(t=0.05).equals(two.sel(t=0.05)) and one["agreement"].shape == (1, 1)


def test_labels_count_the_same_returns() -> None:
    """What a bool classifier says of two classes, and by hand of three; the same random numbers."""
    field = MixtureField(along_mean(MIXTURE), linear)
    starts = {"+": field.starts(1, 80, normal(1, (80, 1))), "-": field.starts(-1, 50, normal(2, (50, 1)))}
    way, common = uturn("ancestral", 8, 3), {"times": [0.05, 0.03], "seed": 3, "batch": 30, "progress": False}
    plain = return_curves(way, field, starts, field.side, **common)
    two = return_curves(way, field, starts, lambda x: 3 + 4 * field.side(x).long(), labels=[7, 3], **common)
    assert two["fraction"].dims == ("t", "start", "label") and two["label"].values.tolist() == [7, 3]
    for name in ("returned", "fraction", "fraction_stderr"):
        assert two[name].sel(label=7).drop_vars("label").equals(plain[name])
    assert two["agreement"].equals(plain["agreement"]) and two["agreement_stderr"].equals(plain["agreement_stderr"])

    def thirds(x: torch.Tensor) -> torch.Tensor:
        return (x[:, 0] > -1).long() + (x[:, 0] > 1).long()

    three = return_curves(way, field, starts, thirds, labels=range(3), **common)
    assert (three["returned"].sum("label") == 3 * three["count"]).all()
    np.testing.assert_allclose(three["fraction"].sum("label"), 1.0)


def test_fractions_and_agreement() -> None:
    """The standard error is the binomial one with a success and a failure more; pairs are counted by hand."""
    value, stderr = fraction(np.array([1.0] * 30 + [0.0] * 70))
    assert value == 0.3 and stderr == pytest.approx((31 / 102 * 71 / 102 / 100) ** 0.5, rel=1e-12)
    assert fraction(np.zeros(50)).value == 0.0 and 0.01 < fraction(np.zeros(50)).stderr < 0.03
    plus = np.random.default_rng(0).random((4, 60)) < 0.5
    by_hand = np.mean([plus[i] == plus[j] for i in range(4) for j in range(4) if i != j], axis=0)
    assert np.allclose(agreement(plus), by_hand, rtol=1e-15)
    many = np.random.default_rng(0).integers(-2, 4, (5, 60))
    by_hand = np.mean([many[i] == many[j] for i in range(5) for j in range(5) if i != j], axis=0)
    assert np.allclose(agreement(many), by_hand, rtol=1e-15)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"method": "hein"}, ValueError, "did you mean 'heun'"),
        ({"steps": 0}, ValueError, "steps = 0 must be >= 1"),
        ({"clones": 0}, ValueError, "clones = 0"),
        ({"clones": 2}, ValueError, "clones = 2 with method = 'heun': an ODE brings all of them to one point"),
        ({"closed": 1}, TypeError, "closed = 1 must be True or False"),
    ],
)
def test_bad_ways(change: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Uturn(**{"schedule": linear, "method": "heun", "steps": 5, **change})


def test_bad_input() -> None:
    field, way = MixtureField(Mixture(d=2, sigma=1.0), linear), Uturn(schedule=linear, method="euler", steps=5)
    good: dict[str, Any] = {
        "uturn": way, "velocity": field, "starts": {"+": normal(0, (3, 2))}, "classify": field.side, "times": [0.5],
        "seed": 0, "progress": False,
    }
    bad: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"starts": {}}, TypeError, "starts must map the name"),
        ({"starts": {"+": [1.0]}}, TypeError, r"starts\['\+'\] must be a floating-point tensor"),
        ({"times": []}, ValueError, "times of shape"),
        ({"times": [0.5, 0.5]}, ValueError, "none twice"),
        ({"times": [1.0]}, ValueError, "first = 1.0 must lie"),
        ({"seed": 0.5}, TypeError, "seed = 0.5 must be an integer"),
        ({"batch": 0}, ValueError, "batch = 0 must be >= 1"),
        ({"classify": lambda x: x[:, 0]}, TypeError, r"classify must give a bool tensor \(3,\).* torch.float64"),
        ({"labels": [0, 1]}, TypeError, r"classify must give an int64 tensor \(3,\).* torch.bool"),
        ({"labels": [0, 0]}, ValueError, "labels = .* none twice"),
        ({"labels": [0]}, ValueError, "labels = .* two or more"),
        ({"stroe": 3}, TypeError, "unexpected keyword argument 'stroe'"),
        ({"uturn": Uturn(schedule=linear, method="euler_maruyama", steps=5), "times": [0.0]}, ValueError, "beta = 0"),
    ]
    for change, error, words in bad:
        with pytest.raises(error, match=words):
            return_curves(**{**good, **change})
    with pytest.raises(ValueError, match="scores has shape"):
        fraction([])
    with pytest.raises(TypeError, match="give a Mixture and a Uturn"):
        exact_curves(way, way, times=[0.5], count=3, seed=0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="unexpected keyword argument 'labels'"):
        exact_curves(Mixture(d=2, sigma=1.0), way, times=[0.5], count=3, seed=0, labels=[0, 1])  # type: ignore[call-arg]
    with pytest.raises(MemoryError, match="take a smaller count or batch, or reduced=True"):
        exact_curves(Mixture(d=10**9, sigma=1.0), way, times=[0.5], count=10**6, seed=0, reduced=False)
