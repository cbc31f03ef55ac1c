"""The backends agree with each other, and with the exact digits to the accuracy that is promised."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
import torch
from helpers.formulas import SCALAR, each_cheap, each_costly, each_formula
from hypothesis import Phase, assume, given, settings, strategies as st, target

import asymptotics
from asymptotics import catalogue, limited_samples
from asymptotics.formula import Formula
from asymptotics.functions import ArgMin, GaussianMean, Root, log_defect, normal_below, spelled
from asymptotics.testing import accuracy, arguments, assert_close, sensitivity

ROUNDING = 2.0**-52
FLOAT32_TINY = 2.0**-126


def both(check: Any) -> tuple[Any, Any]:
    """A check as a property of the cheap formulas in 8 examples, and of the costly ones in 2."""
    cheap, costly = (settings(max_examples=count)(given(st.data())(check)) for count in (8, 2))
    return each_cheap(cheap), each_costly(costly)


SPECIAL = (ArgMin, Root, GaussianMean, log_defect, normal_below, sp.erf, sp.erfc)


def promised(formula: Formula) -> float:
    """1e-14 max(1, cond) for elementary formulas; 1e-12 for special functions and roots."""
    return 1e-12 if spelled(formula.expression).has(*SPECIAL) else 1e-14


def check_accuracy(formula: Formula, point: dict[str, float]) -> None:
    error = accuracy(formula, point)
    target(round(error / promised(formula), 2))  # coarse, or the search climbs rounding noise for minutes
    assert error <= promised(formula)


@given(st.data())
@each_cheap
def test_float64_is_as_accurate_as_promised(formula: Formula, data: st.DataObject) -> None:
    check_accuracy(formula, data.draw(arguments(formula, wide=True)))


@settings(max_examples=5)
@given(st.data())
@each_costly
def test_means_are_as_accurate_as_promised(formula: Formula, data: st.DataObject) -> None:
    check_accuracy(formula, data.draw(arguments(formula, wide=True)))


@pytest.mark.slow
@settings(max_examples=40, phases=[Phase.generate, Phase.target])
@given(st.data())
@each_costly
def test_means_are_as_accurate_as_promised_in_a_long_search(formula: Formula, data: st.DataObject) -> None:
    check_accuracy(formula, data.draw(arguments(formula, wide=True)))


@pytest.mark.slow
@settings(max_examples=100, phases=[Phase.generate, Phase.target])
@given(st.data())
@each_cheap
def test_float64_is_as_accurate_as_promised_in_a_long_search(formula: Formula, data: st.DataObject) -> None:
    check_accuracy(formula, data.draw(arguments(formula, wide=True)))


def check_backends_agree(formula: Formula, data: st.DataObject) -> None:
    """numpy scalar, numpy array, compiled numpy, compiled torch and mpmath: the same value at the same floats."""
    point = data.draw(arguments(formula))
    value = formula(**point)
    assert type(value) is np.float64
    allowed = 2 * promised(formula) * max(abs(value), sensitivity(formula, point))
    tensors = {k: torch.tensor(v, dtype=torch.float64) for k, v in point.items()}
    for other in (
        formula(**{k: np.full((2, 1), v) for k, v in point.items()})[1, 0],
        formula.compile("numpy")(**point), formula.compile("torch")(**tensors).item(),
        formula.compile("torch")(**point).item(), float(formula.compile("mpmath")(**point)),
        float(formula.evaluate(dps=20, **point)),
    ):
        assert_close(other, value, rtol=0, atol=allowed, what=formula.name)


test_backends_agree, test_backends_agree_of_means = both(check_backends_agree)


def check_float32_tensors(formula: Formula, data: st.DataObject) -> None:
    """Within 1e-6 max(1, cond) of the exact value at the same float32 numbers."""
    point = {k: float(np.float32(v)) for k, v in data.draw(arguments(formula)).items()}
    if not all(r.holds(point) for r in formula.domain.relations):
        return
    found = formula.compile("torch")(**{k: torch.tensor(v, dtype=torch.float32) for k, v in point.items()})
    assert found.dtype == torch.float32
    value = float(formula.evaluate(dps=30, **point))
    scale = max(abs(value), sensitivity(formula, point))
    assert_close(found.item(), value, rtol=0, atol=1e-6 * scale + FLOAT32_TINY, what=formula.name)


test_float32_tensors, test_float32_tensors_of_means = both(check_float32_tensors)


def check_arrays_broadcast(formula: Formula, data: st.DataObject) -> None:
    first, second = (data.draw(arguments(formula)) for _ in range(2))
    names = list(formula.arguments)
    crossed = ({**first, **{k: second[k] for k in names[part::2]}} for part in (0, 1))
    assume(all(r.holds(point) for r in formula.domain.relations for point in crossed))
    grid = {k: np.array([[first[k]], [second[k]]]) if i % 2 else np.array([first[k], second[k], first[k]])
            for i, k in enumerate(names)}
    table = formula(**grid)
    shape = (2, 3) if len(names) > 1 else (3,)
    assert table.shape == shape and table.dtype == np.float64
    for index in np.ndindex(*shape):
        entry = {k: float(np.broadcast_to(v, shape)[index]) for k, v in grid.items()}
        # The same operations; only their vectorised forms may round the last bit otherwise.
        value = formula(**entry)
        scale = max(abs(value), sensitivity(formula, entry))
        assert_close(table[index], value, rtol=0, atol=8 * ROUNDING * scale)


test_arrays_broadcast, test_arrays_broadcast_of_means = both(check_arrays_broadcast)


def test_an_unused_argument_still_broadcasts() -> None:
    formula = limited_samples.mean_error.limit("draws", "oo")  # sigma^2/n
    values = formula(n=np.ones((3, 1)) * 4, sigma=1.0, ridge=[0, 1])
    assert values.shape == (3, 2) and np.ptp(values) == 0
    values[0, 0] = 7  # a copy of its own, not a view of one number
    assert values[1, 1] != 7


def test_empty_arrays_have_empty_values() -> None:
    assert limited_samples.mean_error(n=np.ones(0) * 8, sigma=1.5, ridge=0.1).shape == (0,)


GROUPS = [
    [f.name for f in SCALAR if f.arguments[0] == "alpha" and "dalpha" not in f.arguments],
    [f.name for f in SCALAR if "dalpha" in f.arguments] + ["limited_samples.skip"],
    ["limited_samples.mean_error", "limited_samples.wasserstein", "limited_samples.kl_divergence",
     "limited_samples.best_ridge", "limited_samples.bayes_error"],
]


@pytest.mark.parametrize("names", GROUPS, ids=lambda g: f"{len(g)}_formulas")
@pytest.mark.parametrize("backend", ["numpy", "torch", "mpmath"])
def test_compiling_several_at_once(names: list[str], backend: str) -> None:
    point = {"alpha": 0.5, "beta": 0.25, "dalpha": -1.0, "dbeta": 1.0, "n": 8.0, "sigma": 1.5, "ridge": 0.1,
             "draws": 2.0, "radius": 0.75,
             "spread_data": 1.5, "spread_noise": 0.75, "spread_cross": 0.25,
             "d": 37.0, "p": 0.7, "kappa": 1.75, "s": 1.25,
             "learning_rate": 0.4, "jump_rate": 0.6, "chains": 100.0, "q": 0.55,
             "scale": 1.25, "tau": 1.5, "step": 0.25, "separation": 9.0}
    together = asymptotics.compile(names, backend)
    used = {k: v for k, v in point.items() if any(k in catalogue()[name].arguments for name in names)}
    found = together(**used)
    assert list(found) == names
    for name in names:
        single = catalogue()[name](**{k: used[k] for k in catalogue()[name].arguments})
        assert_close(float(found[name]), single, rtol=1e-13, what=name)


def gradient_point(formula: Formula, data: st.DataObject) -> dict[str, float]:
    """Inside the domain and off its ends, where a two-sided derivative exists."""
    point = data.draw(arguments(formula))
    point = {k: v + (0.01 if formula.domain.entry(k).low == v else 0.0) for k, v in point.items()}
    slopes = [] if formula.short.has(ArgMin) else [formula.diff(name) for name in point]
    assume(all(relation.holds(point) for slope in slopes for relation in slope.domain.relations))
    return point


def numerical_slope(formula: Formula, point: dict[str, float], name: str) -> Any:
    function = formula.compile("mpmath")
    with mpmath.workdps(50):
        exact = {k: mpmath.mpf(v) for k, v in point.items()}
        return mpmath.diff(lambda x: function(**{**exact, name: x}), exact[name], h=mpmath.mpf(10) ** -15)


def slope_and_scale(formula: Formula, point: dict[str, float], name: str) -> tuple[float, float]:
    """df/dx, and the size of what adds up to it: its own sensitivity, and those of f over x."""
    value = abs(float(formula(**point)))
    around = max(value, sensitivity(formula, point)) / max(abs(point[name]), 1e-3)
    if formula.short.has(ArgMin):
        return float(numerical_slope(formula, point, name)), around
    slope = formula.diff(name)
    exact = float(slope.evaluate(dps=20, **point))
    return exact, max(abs(exact), sensitivity(slope, point), around)


def check_torch_gradients(formula: Formula, data: st.DataObject) -> None:
    """Against f.diff in 20 digits; best_ridge (implicit function theorem) against differences in 50 digits."""
    point = gradient_point(formula, data)
    tensors = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in point.items()}
    formula.compile("torch")(**tensors).backward()
    for name, tensor in tensors.items():
        found = 0.0 if tensor.grad is None else tensor.grad.item()
        slope, scale = slope_and_scale(formula, point, name)
        assert_close(found, slope, rtol=0, atol=100 * promised(formula) * scale,
                     what=f"d {formula.name} / d {name}")


test_torch_gradients, test_torch_gradients_of_means = both(check_torch_gradients)


def check_vmap_of_grad_is_the_loop(formula: Formula, data: st.DataObject) -> None:
    points = [gradient_point(formula, data) for _ in range(3)]
    function = formula.compile("torch")
    name = formula.arguments[-1]
    batch = {k: torch.tensor([p[k] for p in points], dtype=torch.float64) for k in formula.arguments}
    slope = torch.func.grad(lambda x, rest: function(**{**rest, name: x}).sum())
    rest = {k: v for k, v in batch.items() if k != name}
    together = torch.vmap(slope)(batch[name], rest)
    for i in range(3):
        alone = slope(batch[name][i], {k: v[i] for k, v in rest.items()})
        assert_close(together[i].item(), alone.item(), rtol=1e-12, atol=1e-300)


test_vmap_of_grad_is_the_loop, test_vmap_of_grad_is_the_loop_of_means = both(check_vmap_of_grad_is_the_loop)


def check_balls_contain_the_digits(formula: Formula, data: st.DataObject) -> None:
    point = data.draw(arguments(formula, exact=True))
    if formula.short.has(ArgMin, GaussianMean):
        with pytest.raises(TypeError, match=r"no rigorous enclosure for (ArgMin|GaussianMean); evaluate"):
            formula.enclose(dps=30, **point)
        return
    ball = formula.enclose(dps=30, **point)
    exact = formula.evaluate(dps=60, **point)
    with mpmath.workdps(70):
        middle, reach = mpmath.mpf(ball.mid().str(70, radius=False)), mpmath.mpf(ball.rad().str(20, radius=False))
        assert abs(middle - exact) <= reach * (1 + mpmath.mpf(10) ** -10) + abs(exact) * mpmath.mpf(10) ** -58
        assert reach <= abs(exact) * mpmath.mpf(10) ** -30


test_balls_contain_the_digits, test_balls_contain_the_digits_of_means = both(check_balls_contain_the_digits)


def check_floats_are_taken_as_stored(formula: Formula, data: st.DataObject) -> None:
    point = data.draw(arguments(formula))
    stored = {k: Fraction(v) for k, v in point.items()}
    assert formula.evaluate(dps=40, **point) == formula.evaluate(dps=40, **stored)


test_floats_are_taken_as_stored, test_floats_are_taken_as_stored_of_means = both(check_floats_are_taken_as_stored)


def test_text_and_fractions_are_exact() -> None:
    f = limited_samples.mean_error
    tenth = f.evaluate(n=8, sigma="1.5", ridge="0.1", dps=50)
    assert tenth == f.evaluate(n="8", sigma=Fraction(3, 2), ridge=Fraction(1, 10), dps=50)
    assert tenth == f.evaluate(n=8, sigma="3/2", ridge="1e-1", dps=50)
    assert tenth != f.evaluate(n=8, sigma=1.5, ridge=0.1, dps=50)


@each_formula
def test_more_digits_continue_fewer(formula: Formula) -> None:
    point = {"alpha": "0.5", "beta": "0.25", "dalpha": -1, "dbeta": 1, "n": 8, "sigma": "1.5", "ridge": "0.1",
             "draws": 2, "radius": "0.75",
             "spread_data": "1.5", "spread_noise": "0.75", "spread_cross": "0.25",
             "d": "37", "p": "0.7", "kappa": "1.75", "s": "1.25",
             "learning_rate": "0.4", "jump_rate": "0.6", "chains": "100", "q": "0.55",
             "scale": "1.25", "tau": "1.5", "step": "0.25", "separation": "9"}
    used = {k: point[k] for k in formula.arguments}
    many = formula.evaluate(dps=200, **used)
    for dps in (1, 5, 15, 50, 100):
        with mpmath.workdps(210):
            few = formula.evaluate(dps=dps, **used)
            assert abs(few - many) <= mpmath.mpf(10) ** (1 - dps) * abs(many)


def test_a_difference_below_the_first_digits_is_found_with_more() -> None:
    """The generated variance is about 1e-89 here: its logarithm has no value until there are digits to see it."""
    point: dict[str, Any] = {"n": 1, "sigma": 1, "draws": 2, "radius": 1, "ridge": 1.0577397271320553e-89}
    value = catalogue()["limited_samples.kl_divergence"](**point)
    variance = catalogue()["limited_samples.generated_variance"].evaluate(dps=30, **point)
    error = catalogue()["limited_samples.mean_error"].evaluate(dps=30, **point)
    assert_close(value, float((variance - 1 - mpmath.log(variance) + error) / 2), rtol=1e-14)
