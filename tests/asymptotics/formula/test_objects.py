"""Formulas and the catalogue as objects: frozen, hashable, pickled by name, immutable, light to import."""

from __future__ import annotations

import dataclasses
import pickle
import re
import subprocess
import sys
from fractions import Fraction

import mpmath
import pytest
import sympy as sp
from helpers.formulas import EVERY, each_formula, every_formula

import asymptotics
from asymptotics import Derivation, Step, catalogue, limited_samples, symbols
from asymptotics.arguments import letter
from asymptotics.formula import Catalogue, Formula, typical_point
from asymptotics.schedule import Interpolant, linear
from asymptotics.symbols import t
from asymptotics.testing import assert_close

MUST_EXIST = (
    "skip", "overlap_mean", "overlap_noise", "overlap_sample", "training_loss", "test_error",
    "oracle_error", "velocity_linear", "velocity_mean", "velocity_noise", "velocity_sample", "flow_mean",
    "flow_noise", "flow_sample", "flow_variance", "generated_variance", "mean_error", "mean_cosine",
    "bayes_error", "bayes_cosine", "no_skip_error", "wasserstein", "kl_divergence", "best_ridge",
)


def test_promised_names_exist() -> None:
    for name in MUST_EXIST:
        assert asymptotics.get(f"limited_samples.{name}") is getattr(limited_samples, name)


def test_fluctuations_and_biases_are_found_from_their_formula() -> None:
    for kind, least in (("fluctuation", 13), ("bias", 2)):
        companions = [f for f in EVERY if f.name.endswith(f".{kind}")]
        assert len(companions) >= least
        for companion in companions:
            parent = asymptotics.get(companion.name.removesuffix(f".{kind}"))
            assert getattr(parent, kind) is companion and companion.domain == parent.domain
        with pytest.raises(AttributeError, match=f"limited_samples.bayes_error has no {kind} formula"):
            getattr(limited_samples.bayes_error, kind)


@every_formula
def test_frozen_and_hashable(formula: Formula) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        formula.name = "other"  # type: ignore[misc]
    assert hash(formula) == hash(pickle.loads(pickle.dumps(formula)))
    assert len({formula, asymptotics.get(formula.name)}) == 1


@every_formula
def test_pickled_by_name(formula: Formula) -> None:
    data = pickle.dumps(formula)
    assert pickle.loads(data) is formula
    assert len(data) < 200 and formula.name.encode() in data


@pytest.mark.parametrize("make", [
    lambda f: f.diff("n"), lambda f: f.limit("ridge", 0), lambda f: f.series("n", order=2),
    lambda f: f.on(linear), lambda f: f.on(Interpolant(1 - t**2, t, name="mine")),
    lambda f: f.limit("draws", 1).diff("sigma").series("n", order=2),
], ids=["diff", "limit", "series", "on", "on_user", "chain"])
def test_derived_formulas_pickle(make: object) -> None:
    formula = make(limited_samples.flow_noise)  # type: ignore[operator]
    again = pickle.loads(pickle.dumps(formula))
    assert again == formula and hash(again) == hash(formula)
    point = {"alpha": 0.5, "beta": 0.25, "n": 8.0, "sigma": 1.5, "ridge": 0.1, "draws": 2.0, "radius": 0.75, "t": 0.3,
             "spread_data": 1.5, "spread_noise": 0.75, "spread_cross": 0.25,
             "d": 37.0, "p": 0.7, "kappa": 1.75, "s": 1.25,
             "learning_rate": 0.4, "jump_rate": 0.6, "chains": 100.0, "q": 0.55,
             "scale": 1.25, "tau": 1.5, "step": 0.25, "separation": 9.0,
             "n_plus": 7.0, "n_minus": 3.0, "ridge_u": 0.25, "ridge_w": 0.5}
    used = {k: point[k] for k in formula.arguments}
    assert_close(again(**used), formula(**used), rtol=0)


@every_formula
def test_metadata_is_there_before_any_derivation(formula: Formula) -> None:
    code = (
        "import sys, asymptotics; f = asymptotics.get(sys.argv[1]); "
        "print(f.arguments, f.statement, f.source, f.regime, f.domain.text); "
        "assert not any(m.startswith('asymptotics.limited_samples.d') and m.endswith('denoiser') "
        "for m in sys.modules)"
    )
    if formula is EVERY[0]:  # the same import for all
        subprocess.run([sys.executable, "-c", code, formula.name], check=True, timeout=60, capture_output=True)
    assert formula.statement.endswith(".") and formula.regime and str(formula.source)
    assert formula.arguments == formula.domain.arguments and formula.letter


@every_formula
def test_the_expression_is_exact_and_in_the_arguments_alone(formula: Formula) -> None:
    expression = formula.expression
    assert not expression.atoms(sp.Float)
    assert {s.name for s in expression.free_symbols} <= set(formula.arguments)
    assert expression.free_symbols <= {entry.symbol for entry in formula.domain.entries}
    for symbol, meaning in formula.where:
        assert not meaning.has(symbol)


@each_formula
def test_digits_of_the_expression_are_those_of_the_formula(formula: Formula) -> None:
    """By sympy's evalf, with numbers put in before or by it, also for functions of roots."""
    point = {name: Fraction(value).limit_denominator(1000) for name, value in typical_point(formula).items()}
    numbers = {formula.domain.symbols[name]: sp.Rational(value) for name, value in point.items()}
    wanted = sp.Float(mpmath.nstr(formula.evaluate(dps=30, **point), 30), 40)
    for digits in (formula.expression.subs(numbers).evalf(30), formula.expression.evalf(30, subs=numbers)):
        assert digits.is_Number and abs(digits - wanted) <= 1e-25 * abs(wanted) + 1e-100


@every_formula
def test_latex_has_only_known_letters(formula: Formula) -> None:
    """Every Python name of the alphabet is printed as a letter, and each shorthand is explained."""
    text = formula.latex()
    words = set(re.findall(r"\\?[A-Za-z]+(?:_[a-z]+)?", text))
    for word in words:
        bare = word.lstrip("\\")
        assert word.startswith("\\") or len(bare) == 1 or bare.split("_")[0] in {
            "where", "mathrm", "sd", "bias", "test", "oracle", "Bayes", "KL", "min", "arg", "W", "q", "Q", "ODE", "ULA",
            "TV", "sign", "field", "sp", "cases",
            "clone", "mmse", "erf", "erfc", "sech", "arcosh", "for", "otherwise", "root"}, word
    for symbol, _ in formula.where:
        assert f"{letter(symbol)} = " in text
    assert text.count("{") == text.count("}") and text.count(r"\left") == text.count(r"\right")


def test_catalogues_merge() -> None:
    twice = Formula(
        "mine.twice", "2n", "Twice n.", limited_samples.bayes_error.domain, "always",
        limited_samples.bayes_error.source,
        lambda: Derivation((Step("by definition", 2 * symbols.n, "it is", "assumption"),)),
    )
    merged = catalogue() | {"mine.twice": twice}
    assert list(merged) == [*catalogue(), "mine.twice"] and len(catalogue()) == len(merged) - 1
    assert merged["mine.twice"](n=3, sigma=1) == 6
    assert (merged | catalogue()) is not merged and list(merged | catalogue()) == list(merged)
    with pytest.raises(ValueError, match="two different formulas"):
        merged | Catalogue([dataclasses.replace(twice, statement="Another.")])


def test_two_calls_return_one_catalogue() -> None:
    assert catalogue() is catalogue() and isinstance(catalogue(), Catalogue)
    assert list(catalogue()) == [f.name for f in EVERY]


def modules_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(' '.join(m.split('.')[0] for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_importing_is_light() -> None:
    """Nothing heavy beyond what sympy and numpy load themselves (sympy takes flint where it is installed)."""
    ours, theirs = modules_after("import asymptotics"), modules_after("import sympy, numpy")
    assert "asymptotics" in ours and "sympy" in theirs
    heavy = {"scipy", "torch", "flint", "matplotlib", "xarray", "hypothesis", "simulate", "pandas", "tqdm"}
    assert not (ours - theirs) & heavy
    assert "asymptotics" in modules_after("import asymptotics.testing")


def test_a_step_without_a_check_cannot_call_itself_exact() -> None:
    for kind in ("exact", "numeric"):
        with pytest.raises(ValueError, match="has no check"):
            Step("claim", symbols.n, "why", kind)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must be one of"):
        Step("claim", symbols.n, "why", "obvious")  # type: ignore[arg-type]


def test_a_formula_in_strange_symbols_is_refused() -> None:
    stranger = dataclasses.replace(
        limited_samples.bayes_error, name="mine.strange",
        derive=lambda: Derivation((Step("claim", sp.Symbol("zeta"), "why", "assumption"),)),
    )
    with pytest.raises(ValueError, match="zeta"):
        stranger(n=2, sigma=1)
