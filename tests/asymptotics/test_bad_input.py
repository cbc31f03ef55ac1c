"""Input that must be refused: the type of error, and a message with the argument, the value and the range."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp
import torch
from helpers.formulas import EVERY, every_formula
from hypothesis import given, strategies as st

import asymptotics
from asymptotics import Argument, catalogue, limited_samples
from asymptotics.formula import Formula
from asymptotics.schedule import ornstein_uhlenbeck, variance_exploding
from asymptotics.testing import outside
from asymptotics.testing.strategies import refused_values

INSIDE = {"alpha": 0.5, "beta": 0.25, "dalpha": -1.0, "dbeta": 1.0, "n": 8.0, "sigma": 1.5, "ridge": 0.1,
          "draws": 2.0, "radius": 0.75,
          "spread_data": 1.5, "spread_noise": 0.75, "spread_cross": 0.25,
          "d": 37.0, "p": 0.7, "kappa": 1.75, "s": 1.25,
          "learning_rate": 0.4, "jump_rate": 0.6, "chains": 100.0, "q": 0.55,
          "scale": 1.25, "tau": 1.5, "step": 0.25, "separation": 9.0,
          "n_plus": 7.0, "n_minus": 3.0, "ridge_u": 0.25, "ridge_w": 0.5}
mean_error = limited_samples.mean_error
GOOD = {"n": 8, "sigma": 1.5, "ridge": 0.1}


def inside(formula: Formula) -> dict[str, Any]:
    return {name: INSIDE[name] for name in formula.arguments}


def says(message: str, entry: Argument, value: float) -> bool:
    """The message names the argument, the value and the allowed range."""
    shown = str(value) in message or repr(float(value)) in message
    return message.startswith(entry.name) and shown and entry.range in message


@every_formula
def test_out_of_range_nan_and_infinite(formula: Formula) -> None:
    for entry in formula.domain.entries:
        for value in refused_values(entry):
            with pytest.raises(ValueError, match=entry.name) as error:
                formula(**{**inside(formula), entry.name: value})
            assert says(str(error.value), entry, value), str(error.value)


@every_formula
def test_the_first_offending_index_of_an_array(formula: Formula) -> None:
    for entry in formula.domain.entries:
        for value in refused_values(entry):
            array = np.full((2, 3), INSIDE[entry.name])
            array[1, 0] = array[1, 2] = value
            with pytest.raises(ValueError, match=re.escape(f"{entry.name}[1, 0] = ")) as error:
                formula(**{**inside(formula), entry.name: array})
            assert entry.range in str(error.value)


WRONG: list[Any] = [
    "1.5", "", None, True, np.True_, 1 + 2j, b"2", ["1", "2"], [1.0, None], [[1.0, 2.0], [3.0]], [True, False],
    {"n": 2}, {2.0}, object(), sp.Symbol("x"), np.array([1 + 2j]), np.array(["a"]), np.array([object()]),
    np.ma.masked_array([1.0, 2.0], mask=[True, False]), lambda: 2.0, np.datetime64("2020-01-01"),
]


@every_formula
def test_wrong_types(formula: Formula) -> None:
    for name in formula.arguments:
        for value in WRONG:
            with pytest.raises(TypeError, match=name) as error:
                formula(**{**inside(formula), name: value})
            assert str(error.value).startswith(name)


@every_formula
def test_tensors_point_to_compile(formula: Formula) -> None:
    for name in formula.arguments:
        with pytest.raises(TypeError, match=r'compile\("torch"\)') as error:
            formula(**{**inside(formula), name: torch.tensor(1.0)})
        assert str(error.value).startswith(name)


METHODS: list[Callable[[Formula], Callable[..., Any]]] = [
    lambda f: f, lambda f: f.evaluate, lambda f: f.enclose,
]
methods = pytest.mark.parametrize("method", METHODS, ids=["call", "evaluate", "enclose"])


@methods
@every_formula
def test_missing_unknown_and_positional(
    formula: Formula, method: Callable[[Formula], Callable[..., Any]]
) -> None:
    call, point = method(formula), inside(formula)
    for name in formula.domain.required:
        with pytest.raises(TypeError, match=f"{re.escape(formula.name)} needs {name}"):
            call(**{k: v for k, v in point.items() if k != name})
    with pytest.raises(TypeError, match="has no argument 'lambda_'"):
        call(**point, lambda_=0.1)
    with pytest.raises(TypeError, match="positional"):
        call(*point.values())
    with pytest.raises(TypeError, match="needs"):
        call()


@every_formula
def test_digits_and_balls_refuse_the_same_points(formula: Formula) -> None:
    for method in (formula.evaluate, formula.enclose):
        for entry in formula.domain.entries:
            for value in refused_values(entry):
                with pytest.raises(ValueError, match=f"^{entry.name} = .* is not allowed"):
                    method(**{**inside(formula), entry.name: value})
            for value in (None, True, "two", "1,5", [1.0], np.ones(2), 1j, sp.Symbol("x"), torch.tensor(1.0)):
                with pytest.raises(TypeError, match=f"^{entry.name} = "):
                    method(**{**inside(formula), entry.name: value})
        for dps in (0, -1, 10_001):
            with pytest.raises(ValueError, match="1 <= dps <= 10000"):
                method(**inside(formula), dps=dps)


@pytest.mark.parametrize("dps", [True, 2.5, "30", None])
def test_dps_must_be_an_integer(dps: Any) -> None:
    for method in (mean_error.evaluate, mean_error.enclose):
        with pytest.raises(TypeError, match="dps"):
            method(**GOOD, dps=dps)


@every_formula
def test_relations_between_arguments(formula: Formula) -> None:
    for relation in formula.domain.relations:
        entries = [formula.domain.entry(name) for name in relation.names]
        # At the allowed ends; an open end cannot be given, and what has no end (a cross product) is made large.
        broken = {
            e.name: 2.0 if e.low is None else INSIDE[e.name] if e.low_open else float(e.low) for e in entries
        }
        beyond = {"s": 1e3, "learning_rate": 1e3, "step": 1e3}  # these have an upper end
        beyond["separation"] = 3.2 if "p" in broken else 1.0  # above 2 sigma, below the spinodal; below 2 sigma
        broken |= {name: value for name, value in beyond.items() if name in broken}
        assert not relation.holds(broken)
        for method in (formula, formula.evaluate, formula.enclose):
            with pytest.raises(ValueError, match=re.escape(relation.text)) as error:
                method(**{**inside(formula), **broken})
            assert relation.reason in str(error.value) and relation.names[0] in str(error.value)
        array = {name: [INSIDE[name], INSIDE[name], end] for name, end in broken.items()}
        with pytest.raises(ValueError, match=re.escape("at index (2,)")):
            formula(**{**inside(formula), **array})


@given(st.data())
@every_formula
def test_anything_outside_is_refused(formula: Formula, data: st.DataObject) -> None:
    point, expected, name = data.draw(outside(formula))
    with pytest.raises(expected, match=name) as error:
        formula(**point)
    assert type(error.value) is expected


@pytest.mark.parametrize("formula", [f for f in EVERY if len(f.arguments) > 1], ids=lambda f: f.name)
def test_shapes_that_do_not_broadcast(formula: Formula) -> None:
    first, second = formula.arguments[0], formula.arguments[1]
    point = {**inside(formula), first: np.full(2, INSIDE[first]), second: np.full(3, INSIDE[second])}
    with pytest.raises(ValueError, match=re.escape(f"{first} (2,), {second} (3,)")):
        formula(**point)


def test_values_beyond_float64() -> None:
    with pytest.raises(ValueError, match=r"ridge.*exceeds float64; use evaluate"):
        mean_error(n=8, sigma=1.5, ridge=10**400)
    with pytest.raises(ValueError, match="beyond float64; use evaluate"):
        mean_error(n=8, sigma=1e200, ridge=0.1)
    assert mean_error.evaluate(n=8, sigma=10**200, ridge=1) > 0


def test_unknown_names() -> None:
    for ask in (asymptotics.get, catalogue().__getitem__, lambda name: asymptotics.compile([name])):
        with pytest.raises(LookupError, match=r"closest: limited_samples\.mean_error"):
            ask("limited_samples.mean_eror")
    with pytest.raises(LookupError, match="no formula named"):
        asymptotics.get("zzz")
    with pytest.raises(TypeError, match="list of names"):
        asymptotics.compile("limited_samples.skip")


@pytest.mark.parametrize("backend", ["jax", "", None, 3])
def test_unknown_backends(backend: Any) -> None:
    with pytest.raises(ValueError, match="must be one of numpy, torch, mpmath"):
        mean_error.compile(backend)
    with pytest.raises(ValueError, match="must be one of numpy, torch, mpmath"):
        asymptotics.compile(["limited_samples.skip"], backend)


@every_formula
def test_derived_formulas_refuse_unknown_arguments(formula: Formula) -> None:
    for make in (formula.diff, lambda name: formula.limit(name, 1), lambda name: formula.series(name, at=1)):
        for name in ("lambda", "w", "", "t"):
            with pytest.raises(ValueError, match=f"no argument {name!r}; its arguments are"):
                make(name)


def test_limits_and_series_that_do_not_exist() -> None:
    with pytest.raises(ValueError, match="ridge >= 0"):
        mean_error.limit("ridge", -1)
    with pytest.raises(ValueError, match="diverges as sigma"):
        mean_error.limit("sigma", sp.oo).prove()
    for order in (0, -2, 13):
        with pytest.raises(ValueError, match="1 <= order <= 12"):
            mean_error.series("n", order=order)
    for order in (2.0, "3", True, None):
        with pytest.raises(TypeError, match=r"order = .* must be an integer"):
            mean_error.series("n", order=order)
    for value in ("x", sp.Symbol("x")):
        with pytest.raises(ValueError, match="unknown symbol 'x'"):
            mean_error.limit("ridge", value)
    for value in (None, object(), [1], "1 +"):
        with pytest.raises(TypeError, match="value: "):
            mean_error.limit("ridge", value)
    for make in (lambda end: mean_error.limit("ridge", end), lambda end: mean_error.series("ridge", at=end)):
        for end in (float("nan"), -1, -sp.oo, sp.I, sp.zoo, float("-inf")):
            with pytest.raises(ValueError, match=r"ridge -> .* is not allowed: ridge >= 0"):
                make(end)


def test_minimisers_have_no_symbolic_calculus() -> None:
    best = limited_samples.best_ridge
    for make in (lambda: best.diff("sigma"), lambda: best.limit("radius", 1), lambda: best.series("n")):
        with pytest.raises(ValueError, match="defined by a minimisation"):
            make()
    with pytest.raises(TypeError, match="no rigorous enclosure"):
        best.enclose(n=8, sigma="1.5")


@every_formula
def test_on_takes_a_schedule_that_fits(formula: Formula) -> None:
    for wrong in ("linear", None, lambda t: t, (1, 2)):
        with pytest.raises(TypeError, match="on\\(\\) takes an Interpolant"):
            formula.on(wrong)
    if formula.pinned:
        with pytest.raises(ValueError, match="finite time"):
            formula.on(ornstein_uhlenbeck)
        with pytest.raises(ValueError, match="needs alpha = 1, beta = 0 at the noise end"):
            formula.on(variance_exploding(9))


def test_the_catalogue_cannot_be_changed() -> None:
    table = catalogue()
    with pytest.raises(TypeError):
        table["x"] = mean_error  # type: ignore[index]
    with pytest.raises(TypeError):
        del table["limited_samples.skip"]  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="is not a formula"):
        asymptotics.formula.Catalogue(["limited_samples.skip"])  # type: ignore[list-item]
