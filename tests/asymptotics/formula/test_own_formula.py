"""A user's formula in a catalogue of their own, as docs/own_formula.md has it: proved, printed, tested, on a page."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import sympy as sp
from hypothesis import given

from asymptotics import (
    Derivation,
    Domain,
    ProofError,
    Relation,
    Source,
    Step,
    argument,
    catalogue,
    phases,
    symbols,
    testing,
)
from asymptotics.__main__ import main
from asymptotics.explorer import explorer_page, write_explorer
from asymptotics.export import export
from asymptotics.export.book import book
from asymptotics.export.macros import macros
from asymptotics.formula import Catalogue, Formula
from asymptotics.pages import formula_page, sentence
from asymptotics.schedule import linear
from asymptotics.testing import mutants, outside
from asymptotics.testing.strategies import Refused

PAGE = (Path(__file__).parents[3] / "docs" / "own_formula.md").read_text(encoding="utf-8")
(PROGRAM, _) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder, where the user works, with the page's program in it."""
    (tmp_path / "own_formula.py").write_text(PROGRAM, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "own_formula", raising=False)
    return tmp_path


@pytest.fixture
def own(folder: Path) -> ModuleType:
    return import_module("own_formula")


def test_formula_proof_page_and_property_test_take_fewer_than_thirty_lines() -> None:
    assert len(PROGRAM.splitlines()) < 30


def test_the_commands_of_the_page_work(folder: Path) -> None:
    (block,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    lines = [line.split("#")[0].split() for line in block.splitlines()]
    assert [line[0] for line in lines] == 5 * ["python"]
    for line in lines:
        done = subprocess.run([sys.executable, *line[1:]], capture_output=True, text=True, check=False, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "mine.linear_error" in (folder / "mine.html").read_text(encoding="utf-8")
    assert "\\MineLinearError" in (folder / "book" / "macros.tex").read_text(encoding="utf-8")


def test_a_formula_is_found_in_the_module_that_holds_it(own: ModuleType) -> None:
    """Its derivation may live elsewhere: ``home`` says so. What no module holds is pickled by its fields."""
    f: Formula = own.linear_error
    away = replace(f, name="mine.away", home="asymptotics.phases")
    assert pickle.loads(pickle.dumps(away)) == away and away.home == "asymptotics.phases"
    companion = replace(f, name="mine.linear_error.fluctuation")
    assert not hasattr(f, "fluctuation")
    own.companions = [companion]  # type: ignore[attr-defined]
    assert f.fluctuation is companion
    minimiser = replace(phases.first_phase, name="phases.other")
    assert pickle.loads(pickle.dumps(minimiser)) == minimiser


def test_it_is_a_formula_like_all_others(own: ModuleType) -> None:
    f: Formula = own.linear_error
    assert f(sigma=1.5, gain=[0.0, 2.0]).tolist() == [2.25, 2.25 / 5.5]
    assert str(f.evaluate(sigma="1.5", gain=2, dps=20))[:12] == "0.4090909090"
    assert f.latex() == r"\varepsilon = \frac{\sigma^{2}}{\sigma^{2} g + 1}"
    assert f.diff("gain").latex().startswith(r"\partial_{g} \varepsilon = ")
    assert f.limit("gain", sp.oo).expression == 0 and f.limit("sigma", sp.oo).domain.arguments == ("gain",)
    assert f.limit("gain", 0).domain == Domain(("sigma",)) and f.on(linear) is f
    assert pickle.loads(pickle.dumps(f)) is f and f.home == own.__name__
    other = f.limit("gain", 1)
    assert pickle.loads(pickle.dumps(other)) == other and other(sigma=1) == 0.5
    assert f.prove().summary == "1 exact (proved), 1 assumption" and len(list(mutants(f))) > 10
    assert {"mine.linear_error", *catalogue()} == set(catalogue() | own.CATALOGUE)
    assert "mine.linear_error" in explorer_page([f]) and r"\section{Mine}" in book([f])
    assert macros([f]).count("\\newcommand") == 1


def test_files_may_be_named_by_text(own: ModuleType, folder: Path) -> None:
    assert write_explorer("page.html", [own.linear_error]).exists()
    assert all(path.exists() for path in export([own.linear_error], "book", figures=False))


def test_a_wrong_result_is_refused(own: ModuleType) -> None:
    for mutant in mutants(own.linear_error):
        with pytest.raises(ProofError):
            own.linear_error.prove(mutant.expression)


def test_its_range_is_checked(own: ModuleType) -> None:
    @given(outside(own.linear_error))
    def refused(bad: Refused) -> None:
        keywords, error, name = bad
        with pytest.raises(error, match=name):
            own.linear_error(**keywords)

    refused()
    for bad, told in (({"gain": -1}, "gain = -1.0 is not allowed: gain >= 0"), ({"gain": float("nan")}, "gain")):
        with pytest.raises(ValueError, match=told):
            own.linear_error(sigma=1, **bad)
    with pytest.raises(TypeError, match="needs gain"):
        own.linear_error(sigma=1)


def test_relations_may_speak_of_own_arguments(own: ModuleType) -> None:
    relation = Relation("gain*sigma**2 < 4 or gain < 1", "stronger is not linear", bound="4/sigma**2")
    f = replace(own.linear_error, domain=Domain(("sigma", "gain"), (relation,), (own.gain,)))
    assert f(sigma=1, gain=3) == 0.25 and f(sigma=3, gain=0.5) == 9 / 5.5
    with pytest.raises(ValueError, match=r"gain = 1, sigma = 2 is not allowed: .* \(stronger is not linear = 1\)"):
        f(sigma=2, gain=1)
    with pytest.raises(ValueError, match="stronger"):
        f.evaluate(sigma=2, gain=1)
    text = book([f])
    assert r"\sigma^{2} g < 4" in text and r"\text{ or }" in text
    assert "gain < 1" in explorer_page([f])


def test_a_check_may_return_one_thing(own: ModuleType) -> None:
    for found in (True, sp.true, sp.Integer(0), [sp.Integer(0), True]):
        assert _checked(own, lambda before, now, found=found: found).prove().executed


def test_pages_and_books_take_catalogues_and_repeated_formulas(own: ModuleType, folder: Path) -> None:
    assert explorer_page(own.CATALOGUE) == explorer_page([own.linear_error, own.linear_error])
    export([own.linear_error, own.linear_error], "book", figures=False)
    assert (folder / "book" / "macros.tex").read_text(encoding="utf-8").count("newcommand") == 1
    assert export(own.CATALOGUE, "other", figures=False)


def test_sentences_may_hold_mathematics(own: ModuleType) -> None:
    f = replace(own.linear_error, statement=r"The error, $\frac{\sigma^2}{g}$ for $g \to \infty$; mu is 0.")
    assert "$\\frac{\\sigma^2}{g}$ for $g \\to \\infty$; \\ensuremath{\\mu} is 0" in book([f])
    assert "The error, σ²/g for g → ∞; μ is 0." in formula_page(f)
    assert r"$\frac{\sigma^2}{g}$ for $g \to \infty$; μ is 0" in f._repr_markdown_()
    html = sentence(f.statement)
    assert html.count("<math") == 2 and "<mfrac>" in html and "μ is 0" in html and "$" not in html


def test_bounds_are_what_they_read_as() -> None:
    """A float is the fraction that it is stored as, a text the one that it spells."""
    entry = argument("gain", "g", "how strongly", low="0.1", high=Fraction(9, 10), usual=(0.2, 0.8))
    assert (entry.low, entry.high) == (Fraction(1, 10), Fraction(9, 10)) and entry.range == "1/10 <= gain <= 9/10"
    entry = argument("gain", "g", "how strongly", low=0.3, high=0.9, usual=(0.3, 0.9))
    assert (entry.low, entry.high) == (Fraction(0.3), Fraction(0.9)) and entry.range == "0.3 <= gain <= 0.9"
    domain = Domain(("gain",), special=(entry,))
    assert domain.arrays({"gain": [0.3, 0.9]}, "mine") and domain.exact({"gain": 0.3}, "mine")


@pytest.mark.parametrize("name", [r"\hat v", "v'", "lambda", "v 1"])
def test_shorthands_may_have_any_letter(name: str) -> None:
    short = sp.Symbol(name, real=True)
    where = ((short, symbols.n + symbols.sigma),)
    derivation = Derivation((Step("Suppose", short**2, "so", "assumption"),), where=where)
    formula = Formula("mine.f", "f", "A square.", Domain.of("n sigma"), "any", Source("mine", "page 1", "project"),
                      lambda: derivation)
    assert formula(n=2, sigma=1.0) == 9 and formula.evaluate(n=2, sigma=1) == 9


def test_symbols_know_their_letters() -> None:
    gain = argument("gain", r"\gamma", "how strongly", low=0, usual=(0.1, 50))
    same = pickle.loads(pickle.dumps(gain.symbol))
    assert same == gain.symbol and same.letter == gain.letter == r"\gamma" and hash(same) == hash(gain.symbol)
    assert same.is_nonnegative and same.is_positive is None
    other = argument("gain", "g", "how strongly", low=0, usual=(0.1, 50)).symbol
    assert other != gain.symbol and sp.simplify(other - gain.symbol) != 0
    assert sp.latex(2 * gain.symbol) == r"2 \gamma" and sp.latex(other) == "g"
    assert sp.Symbol("sigma", positive=True, real=True) != symbols.sigma


def _giving(own: ModuleType, expression: sp.Expr) -> Formula:
    """With another result, which nothing proves."""
    last = replace(own.derive().steps[-1], expression=expression, check=None, kind="assumption")
    return replace(own.linear_error, derive=lambda: Derivation((last,)))


def _checked(own: ModuleType, check: Callable[..., Any]) -> Formula:
    """With another check of its last step."""
    first, *_, last = own.derive().steps
    return replace(own.linear_error, derive=lambda: Derivation((first, replace(last, check=check))))


def _with_shorthand(own: ModuleType, symbol: sp.Symbol) -> Formula:
    steps = own.derive().steps
    return replace(own.linear_error, derive=lambda: Derivation(steps, where=((symbol, sp.Integer(2)),)))


def _with_gain(own: ModuleType, letter: str) -> Formula:
    other = argument("gain", letter, "how strongly", low=0, usual=(0.1, 50))
    return replace(own.linear_error, name="mine.other", domain=Domain(("sigma", "gain"), special=(other,)))


def _stranger(own: ModuleType) -> object:
    return _giving(own, sp.Symbol("sigma") ** 2).prove()


REFUSED: list[tuple[Callable[[ModuleType], object], type[Exception], str]] = [
    (lambda own: argument("sigma", "s", "", usual=(0, 1)), ValueError, "'sigma' is in the alphabet"),
    (lambda own: argument("my gain", "g", "", usual=(0, 1)), ValueError, "must be an identifier"),
    (lambda own: argument("lambda", "g", "", usual=(0, 1)), ValueError, "must be an identifier"),
    (lambda own: argument("gain", "", "", usual=(0, 1)), ValueError, "needs a letter"),
    (lambda own: argument("gain", "g", "", usual=(1, 1)), ValueError, "usual range"),
    (lambda own: argument("gain", "g", "", low=2, high=1, usual=(0, 1)), ValueError, "low = 2 is not below high = 1"),
    (lambda own: argument("gain", "g", "", low=0, usual=(-1, 1)), ValueError, "leaves the allowed range, gain >= 0"),
    (lambda own: argument("gain", "g", "", high=0.5, usual=(0, 1)), ValueError, "leaves the allowed range"),
    (lambda own: macros([own.linear_error, replace(own.linear_error, name="mine.linear.error")]), ValueError,
     "mine.linear_error and mine.linear.error would be one macro, \\MineLinearError"),
    (lambda own: Domain(("sigma", "gain")), ValueError, "comes from asymptotics.argument"),
    (lambda own: Domain(("sigma",), special=(own.gain,)), ValueError, "special has 'gain'"),
    (lambda own: Domain("sigma"), TypeError, "must be a tuple of names"),
    (lambda own: Domain(("sigma",), (Relation("gain < 1", "so"),)), ValueError, "speaks of 'gain'"),
    (lambda own: Relation("gain == 1", "so"), ValueError, "is not one inequality (<, <=, >, >=)"),
    (lambda own: argument("gain", "g}", "", usual=(0, 1)), ValueError, "the braces of 'g}' do not match"),
    (lambda own: argument("gain", "$g$", "", usual=(0, 1)), ValueError, "it may not contain '$'"),
    (lambda own: argument("gain", "γ", "", usual=(0, 1)), ValueError, r"write such as 'g', '\gamma'"),
    (lambda own: argument("gain", "g\\", "", usual=(0, 1)), ValueError, "no LaTeX of mathematics"),
    (lambda own: replace(own.linear_error, letter="{e"), ValueError, "formula 'mine.linear_error': the braces of '{e'"),
    (lambda own: replace(own.linear_error, name="linear_error"), ValueError, "room and result"),
    (lambda own: Domain(("sigma", "gain"), special=(argument("gain", r"\sigma", "", usual=(0, 1)),)), ValueError,
     r"sigma and gain would both be printed as \sigma"),
    (lambda own: Catalogue([own.linear_error, _with_gain(own, r"\gamma")]), ValueError,
     "the argument 'gain' is another one in mine.other than in mine.linear_error"),
    (lambda own: _giving(own, 0.5 * own.gain.symbol).expression, ValueError, "contains 0.500000000000000; a formula"),
    (lambda own: _giving(own, sp.I * own.gain.symbol).latex(), ValueError, "contains I; a formula is real"),
    (lambda own: own.linear_error(sigma=1, gain=pd.Series([1.0, 2.0], dtype=object)), TypeError,
     "(dtype object); where all are numbers, give gain.astype(float)"),
    (lambda own: replace(own.linear_error, name="mine.é"), ValueError, "must be dotted identifiers"),
    (lambda own: replace(own.linear_error, statement=""), ValueError, "mine.linear_error needs a statement"),
    (lambda own: replace(own.linear_error, statement="costs 5$ a day"), ValueError, "one is alone"),
    (lambda own: replace(own.linear_error, statement=r"$\frac{a$"), ValueError,
     "the statement of mine.linear_error: the braces of"),
    (lambda own: replace(own.linear_error, regime="for ∀ g"), ValueError,
     "the regime of mine.linear_error holds '∀', which pdflatex does not know"),
    (lambda own: replace(own.linear_error, regime=3), TypeError, "the regime of mine.linear_error is 3"),
    (lambda own: argument("dps", "d", "", usual=(0, 1)), ValueError, "is a keyword of a formula's methods already"),
    (lambda own: argument("gain", "g", "", low="zero", usual=(0, 1)), TypeError,
     "the bound of gain = 'zero' does not read as a number"),
    (lambda own: Domain(("sigma",), ("sigma > 1",)), TypeError, "give Relation('sigma > 1', reason)"),
    (lambda own: Step("a", "sigma**2", "b", "assumption"), TypeError,
     "the expression of the step 'a' is 'sigma**2', a str"),
    (lambda own: Catalogue(own.linear_error), TypeError, "must be a list of formulas, or a catalogue"),
    (lambda own: write_explorer("x.html", "abc"), TypeError, "formulas = 'abc' must be a list of formulas"),
    (lambda own: export([], "book"), ValueError, "a book needs at least one formula"),
    (lambda own: _with_shorthand(own, own.gain.symbol).expression, ValueError,
     "the shorthand gain is an argument too; give it another symbol"),
    (lambda own: _giving(own, sp.gamma(own.gain.symbol))(sigma=1, gain=2), TypeError,
     "no numeric printer for gamma: gamma(gain). Formulas may hold arithmetic, powers, Piecewise, Abs,"),
    (lambda own: testing.accuracy(_giving(own, sp.gamma(own.gain.symbol)), {"sigma": 1.0, "gain": 2.0}), TypeError,
     "no numeric printer for gamma"),
    (lambda own: own.linear_error.prove("3*sigma**2"), ProofError, "3*sigma**2 is not the result of mine.linear_error"),
    (lambda own: _checked(own, lambda before, now: []).prove(), ProofError, "its check returned nothing to compare"),
    (lambda own: _checked(own, lambda before, now: iter(())).prove(), ProofError, "nothing to compare"),
    (lambda own: _checked(own, lambda before, now: now).prove(), ProofError, "(it is "),
    (lambda own: _checked(own, lambda before, now: False).prove(), ProofError, "step 2 fails"),
    (lambda own: _checked(own, lambda before, now: [1 / 0]).prove(), ProofError, "division by zero"),
    (lambda own: _checked(own, lambda before: []).prove(), TypeError, "the check of step 2, "),
    (lambda own: _checked(own, lambda before, now: None).prove(), TypeError, "return what must vanish or hold"),
    (lambda own: testing.arguments("x"), TypeError, "'x' is not a formula; give one"),
    (lambda own: list(testing.mutants("x")), TypeError, "'x' is not a formula"),
    (lambda own: testing.accuracy(own.linear_error, 7), TypeError, "point = 7 must be a dictionary"),
    (lambda own: testing.assert_matches(own.linear_error, abs, {"sigma": 1, "gain": 1}), TypeError, "one dictionary"),
    (lambda own: linear.dilated(None), TypeError, "dilation = None must be a Dilation"),
    (_stranger, ValueError, "take domain.symbols['sigma']"),
    (lambda own: catalogue() | Catalogue([replace(own.linear_error, name="limited_samples.skip")]), ValueError, "two"),
]


@pytest.mark.parametrize(("make", "error", "told"), REFUSED, ids=[told for _, _, told in REFUSED])
def test_what_is_refused(own: ModuleType, make: Callable[[ModuleType], object], error: type[Exception],
                         told: str) -> None:
    with pytest.raises(error, match=re.escape(told)):
        make(own)


@pytest.mark.parametrize(("module", "told"), [
    ("nowhere", "no such module in"), ("nowhere.deep", "no such module in"),
    ("./own_formula", "must be the name of a module"), ("own_formula.py", "must be the name of a module"),
    ("json", "json.CATALOGUE must be a Catalogue, not NoneType"),
])
def test_a_module_without_a_catalogue_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], module: str, told: str
) -> None:
    assert main(["--catalogue", module, "list"]) == 2
    out, err = capsys.readouterr()
    assert not out and told in err and err.count("\n") == 1
