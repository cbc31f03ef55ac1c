"""Text of users: read from its syntax tree, exactly, within bounds, and never evaluated."""

import math
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given, strategies as st

import asymptotics
from asymptotics import limited_samples as theory
from asymptotics.domain import Domain, Relation
from asymptotics.parse import FUNCTIONS, LARGEST_EXPONENT, LONGEST_TEXT, Text, read
from asymptotics.schedule import Dilation, Interpolant
from asymptotics.symbols import n, sigma, t

HOSTILE = [
    "open(chr(112)+chr(119)+chr(110),chr(119))", "1\n+__import__(chr(111)+chr(115)).getpid()", "__import__('os')",
    "().__class__", "(1).real", "n.name", "n.subs(n, 2)", "exec('1')", "eval('1')", "print(1)", "lambda: n",
    "[n for n in (1, 2)]", "[1]", "{1}", "{n: 1}", "(1, 2)", "n if n else 1", "(n := 3)", "f'{n}'", "'n'", "b'n'",
    "n and sigma", "not n", "n < sigma", "n[0]", "n // 2", "n % 2", "~n", "n @ n", "n ^ 2", "n | 2", "n & 2", "n << 9",
    "1j", "True", "None", "...", "n!", "2n", "n;n", "import os", "x", "sqrt(n, 2)", "sqrt()", "exp(n=1)", "exp(*[1])",
    "factorial(10**6)", "Symbol(n)", "S(1)", "Function(n)", "Integral(n, n)", "Piecewise(n)", "Piecewise((n, n))",
    "Piecewise((n, 1))",
    "Piecewise((n, n < sigma < 2))", "Piecewise((n, open(n) < 1))", "Piecewise([n, True])", "Piecewise()", "Float(1)",
    "9**9**9", "9**9**9**9", "2^3^4^5", "n**201", "n**-201", "(n + sigma + 1)**999**2", "2**n*2**(10**9 - n)",
    "2**(n/n*10**9)", "exp(log(2)*10**9)", "(exp(log(2)*900)**900)**900", "((2**n)**(900/n))**900",
    "10**1000*10**1000*10**1000*10**1000*10**1000", "1e5000", "1e-5000", "1e999999999999", "1" * 5000,
    "(" * 150 + "n" + "+1)" * 150, "(" * 5000 + "n", "-" * 3000 + "n", "n" + "+n" * (LONGEST_TEXT // 2), "n" * 10**6,
    "(n + sigma + 1)*" * 40 + "1", "1/0", "1/(n - n)", "log(0)", "sqrt(-1)", "log(-1)", "acosh(1/2)", "", " ", "()",
    "n -", "n\x00", "n # + 1\n+ 2", "Max(" + ", ".join(f"sin(n + {k})" for k in range(60)) + ")",
]

BEYOND_SYMPY = ["asin(sin(10**200))", "acos(cos(10**200))*n", "atan(tan(10**200))"]

UNDEFINED = [
    "1/0", "1/(n - n)", "log(0)", "sqrt(-1)", "log(-1)", "acosh(1/2)", "2**n*2**(10**9 - n)", "2**(n/n*10**9)", "x",
    "exp(log(2)*10**9)", "(exp(log(2)*900)**900)**900", "((2**n)**(900/n))**900",
    "10**1000*10**1000*10**1000*10**1000*10**1000",
]
"""What is arithmetic, of another argument, or without a value where it is computed: relations and bounds, which are
computed in numbers of bounded size, take these."""


DOORS: dict[str, Callable[[str], object]] = {
    "prove": lambda text: theory.mean_error.prove(text),
    "limit": lambda text: theory.mean_error.limit("n", text),
    "series": lambda text: theory.mean_error.series("n", at=text, order=2),
    "schedule": lambda text: Interpolant(text, "t"),
    "interval": lambda text: Interpolant("1 - t", "t", end=text),
    "dilation": lambda text: Dilation(text),
    "points": lambda text: Dilation.through((0, 0), (text, Fraction(1, 2)), (1, 1)),
    "relation": lambda text: Relation(f"n > {text}", "because"),
    "bound": lambda text: Relation("n > 1", "because", bound=text),
    "argument": lambda text: asymptotics.argument("bounded", "b", "a bounded one", low=text, usual=(2.0, 3.0)),
}


@pytest.mark.parametrize("text", BEYOND_SYMPY)
def test_what_sympy_fails_to_compute_is_refused_with_words(text: str) -> None:
    with pytest.raises(ValueError, match="what sympy cannot compute"):
        theory.mean_error.prove(text)


@pytest.mark.parametrize("door", DOORS)
def test_text_that_is_no_arithmetic_is_refused_everywhere_at_once(door: str) -> None:
    """Within a second, by an error of at most 300 characters that is about the text."""
    assert theory.mean_error.expression  # derived before time is counted
    of_numbers = door in ("relation", "bound")
    for text in HOSTILE:
        if (of_numbers and text in UNDEFINED) or (door, text) in (("bound", ""), ("argument", "1e-5000")):
            continue
        began = time.perf_counter()
        with pytest.raises((ValueError, TypeError)) as caught:
            DOORS[door](text)
        assert time.perf_counter() - began < 1, text
        assert not isinstance(caught.value, asymptotics.ProofError) and len(str(caught.value)) <= 300, caught.value


def test_every_door_reads_what_is_right() -> None:
    for door, text in (("limit", "oo"), ("series", "oo"), ("schedule", "1 - t"), ("interval", "1"), ("dilation", "t"),
                       ("points", "1/3"), ("relation", "2*n - sqrt(4)"), ("bound", "4/2"), ("argument", "1.5")):
        DOORS[door](text)


@pytest.mark.parametrize(("text", "value"), [
    ("0.1", Fraction(1, 10)), ("1e-3", Fraction(1, 1000)), ("2.00000001", Fraction(200000001, 10**8)),
    ("1_000", Fraction(1000)), (".5", Fraction(1, 2)), ("0.14285714", Fraction(14285714, 10**8)),
    ("1 - 0.999999999", Fraction(1, 10**9)), ("1/3", Fraction(1, 3)), ("2**-2", Fraction(1, 4)),
    ("-(+2)", Fraction(-2)),
])
def test_a_decimal_is_the_fraction_that_it_spells(text: str, value: Fraction) -> None:
    assert read(text, where="text") == sp.Rational(value.numerator, value.denominator)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_the_fraction_that_it_is_stored_as(value: float) -> None:
    exact = Fraction(value)
    wanted = sp.Rational(exact.numerator, exact.denominator)
    assert read(value, where="value") == wanted
    assert read(sp.Float(value) * sigma, sigma, where="value") == wanted * sigma


def test_no_number_is_rounded_on_its_way_to_a_proof() -> None:
    series = theory.mean_error.limit("draws", 1).series("n", order=2)
    with pytest.raises(asymptotics.ProofError):
        series.prove("2.00000001*sigma**2/n")
    assert series.prove("2*sigma**2/n").executed
    assert Interpolant("1 - 0.999999999*t", "t").alpha == 1 - sp.Rational(999999999, 10**9) * t
    assert float(Interpolant("cos(t)", "sin(t)", end=math.pi / 2).end) == math.pi / 2


def test_matrices_and_truths_are_no_expressions() -> None:
    for other in (sp.Matrix([1]), [1], None, True, object(), sp.true, n < 1):
        with pytest.raises(TypeError):
            read(other, n, where="value")  # type: ignore[arg-type]


def _trees() -> st.SearchStrategy[sp.Expr]:
    leaves = st.one_of(st.sampled_from([n, sigma]), st.fractions(max_denominator=50).map(
        lambda f: sp.Rational(f.numerator, f.denominator)))

    def grow(inner: st.SearchStrategy[sp.Expr]) -> st.SearchStrategy[sp.Expr]:
        one = ("exp", "tanh", "erf", "atan", "cosh", "sin", "normal_below", "Abs")
        return st.one_of(
            st.tuples(inner, inner).map(lambda pair: pair[0] + pair[1]),
            st.tuples(inner, inner).map(lambda pair: pair[0] * pair[1]),
            st.tuples(inner, st.integers(1, 3)).map(lambda pair: pair[0] ** pair[1]),
            st.tuples(st.sampled_from(one), inner).map(lambda pair: FUNCTIONS[pair[0]](pair[1])),
            inner.map(lambda e: sp.sqrt(1 + e**2)), inner.map(lambda e: 1 / (2 + e**2)),
        )

    return st.recursive(leaves, grow, max_leaves=6)


@given(_trees())
def test_what_sympy_writes_is_read_back(expression: sp.Expr) -> None:
    assume(all(abs(number) <= LARGEST_EXPONENT for power in expression.atoms(sp.Pow, sp.exp)
               for number in power.as_base_exp()[1].atoms(sp.Rational)))
    again = read(str(expression), n, sigma, where="text")
    point = {n: sp.Rational(7, 3), sigma: sp.Rational(5, 4)}
    gap = abs(complex(sp.N((again - expression).subs(point), 30)))
    assert again == expression or gap <= 1e-20 * (1 + abs(complex(sp.N(expression.subs(point), 30))))


def test_the_catalogue_reads_its_own_text() -> None:
    """Of formulas without means, roots, minimisers and branches, which have no text."""
    count = 0
    for formula in asymptotics.catalogue().values():
        text = str(formula.short)
        if any(word in text for word in ("E_z[", "root_", "least_point", "argmin", "Piecewise")):
            continue
        symbols = [entry.symbol for entry in formula.domain.entries] + [symbol for symbol, _ in formula.where]
        assert sp.simplify(read(text, *symbols, where="text") - formula.short) == 0, formula.name
        count += 1
    assert count > 60


def test_relations_are_exact_for_fractions_and_decimals() -> None:
    relation = Relation("sigma >= 0.1", "small")
    assert relation.holds({"sigma": Fraction("0.1")}) and relation.holds({"sigma": np.float64(0.1)})
    assert not relation.holds({"sigma": Fraction("0.0999999999999999999999999")})
    third = Relation("sigma > 1/3", "small")
    assert not third.holds({"sigma": Fraction(1, 3)}) and third.holds({"sigma": Fraction(10**30 // 3 + 1, 10**30)})
    domain = Domain(("sigma",), (Relation("abs(sigma - 2) < 1 or sigma > 5", "apart"),))
    first, second = domain.alternatives(domain.relations[0])
    assert first == (sp.Abs(sigma - 2) < 1) and second == (sigma > 5)


def test_branches_are_read() -> None:
    text = "Piecewise((n/2, n <= 1/2), (sigma, True))"
    assert read(text, n, sigma, where="text") == sp.Piecewise((n / 2, n <= sp.Rational(1, 2)), (sigma, True))


def test_names_are_listed_in_their_order() -> None:
    assert Text("sigma*log(n) + n", "text").names == ("sigma", "n")
    assert Text("(n\n + sigma)", "text").names == ("n", "sigma")
    assert LARGEST_EXPONENT == 200
