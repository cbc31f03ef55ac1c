"""The one printer of formulas and derivations, as LaTeX and as text for a terminal.

Factors and terms come in the order a theorist would write them, the same in every run: sample numbers,
ridge, time weights, lengths, shorthands; positive terms before negative ones, constants last.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.pretty.pretty import PrettyPrinter
from sympy.printing.pretty.stringpict import prettyForm, stringPict

from asymptotics import symbols
from asymptotics.functions import ArgMin, LeastPoint, beta_below, log_defect
from asymptotics.sentences import plain

if TYPE_CHECKING:
    pass


_FIRST = (
    symbols.n, symbols.n_plus, symbols.n_minus, symbols.p, symbols.draws, symbols.ridge, symbols.ridge_u,
    symbols.ridge_w, symbols.alpha, symbols.beta, symbols.dalpha, symbols.dbeta,
    symbols.A, symbols.B, symbols.radius, symbols.sigma, symbols.variance, symbols.N, symbols.Delta,
)
_RANK = {symbol: rank for rank, symbol in enumerate(_FIRST)}


def _rank(symbol: sp.Basic) -> tuple[float, str]:
    return _RANK.get(symbol, 50), str(symbol)


def _key(expression: sp.Expr) -> tuple[Any, ...]:
    """Sort key of a factor or a term: numbers, then by the symbols it contains, then by its text."""
    ranks = sorted(_rank(symbol) for symbol in expression.free_symbols)
    powers = expression.as_powers_dict() if expression.is_Mul or expression.is_Pow else {}
    falling = [-powers.get(s, 0) if powers.get(s, 0).is_number else 0 for s in _FIRST if s in powers][:1]
    return (not ranks, isinstance(expression, sp.Add), ranks[:1], falling, ranks, sp.default_sort_key(expression))


class _Printer(LatexPrinter):
    """LaTeX with this project's letters and order."""

    def __init__(self) -> None:
        super().__init__({"ln_notation": True, "inv_trig_style": "full"})

    def _print_Symbol(self, expression: sp.Symbol, style: str = "plain") -> str:
        """Names that are words upright: set as letters they would read as a product. (Letters print themselves.)"""
        text: str = super()._print_Symbol(expression, style)
        text = text.replace("_{plus}", "_+").replace("_{minus}", "_-")
        return re.sub(r"(?<![\\A-Za-z])[A-Za-z]{2,}(?![A-Za-z])", lambda word: rf"\mathrm{{{word[0]}}}", text)

    def _as_ordered_terms(self, expression: sp.Expr, order: Any = None) -> list[sp.Expr]:
        terms = sorted(sp.Add.make_args(expression), key=_key)
        positive = [term for term in terms if not term.could_extract_minus_sign()]
        return terms if not positive or terms[0] is positive[0] else [
            positive[0], *(term for term in terms if term is not positive[0])
        ]

    def _print_Mul(self, expression: sp.Mul) -> str:
        rest, inside = _roots_apart(expression)
        coefficient, rest = rest.as_coeff_Mul()
        sign = "- " if coefficient < 0 else ""
        top, bottom = sp.fraction(rest, exact=True)
        coefficient = abs(coefficient)
        over = self._product(coefficient.p, top, beside=inside is not None)
        under = self._product(coefficient.q, bottom)
        if inside is not None:
            root = rf"\sqrt{{{self._print(inside)}}}"
            over = root if over == "1" else f"{over} {root}"
        return sign + (over if under == "1" else rf"\frac{{{over}}}{{{under}}}")

    def _product(self, number: int, expression: sp.Expr, *, beside: bool = False) -> str:
        """A number and an expression; ``beside`` tells that another factor will be written next to them."""
        factors = sorted((f for f in sp.Mul.make_args(expression) if f != 1), key=_key)
        parts = [str(number)] if number != 1 or not factors else []
        alone = len(factors) == 1 and not parts and not beside
        for factor in factors:
            text = self._print(factor)
            wrap = isinstance(factor, sp.Add | sp.Piecewise | ArgMin | log_defect) and not alone
            dot = r"\cdot " if parts and text[:1].isdigit() else ""  # 5 2^x reads as 52^x
            parts.append(rf"\left({text}\right)" if wrap else dot + text)
        return " ".join(parts)

    def _print_Pow(self, expression: sp.Pow) -> str:
        base, exponent = expression.as_base_exp()
        if base == symbols.variance and exponent.is_Rational and exponent > 0:
            power = 2 * exponent
            return r"\hat\sigma" if power == 1 else rf"\hat\sigma^{{{power}}}"
        if exponent.is_Rational and exponent < 0:
            return rf"\frac{{1}}{{{self._print(1 / expression)}}}"
        text: str = super()._print_Pow(expression)
        return text

    def _print_Tuple(self, expression: sp.Tuple) -> str:
        return r"\left(" + r",\; ".join(self._print(item) for item in expression) + r"\right)"


def _roots_apart(product: sp.Expr) -> tuple[sp.Expr, sp.Expr | None]:
    """The product without its square roots, where there are several, and the product of what is under them."""
    factors = sp.Mul.make_args(product)
    roots = [f for f in factors if f.is_Pow and (abs(f.exp) == sp.S.Half or (f.base.is_number and (2 * f.exp).is_odd))]
    if len(roots) < 2:
        return product, None
    return sp.Mul(*(f for f in factors if f not in roots)), sp.Mul(*(f**2 for f in roots))


@cache
def latex(expression: Any) -> str:
    """LaTeX of an expression in the project's letters and order (math mode, no delimiters)."""
    text: str = _Printer().doprint(expression)
    return text


WIDE = 64
"""Rough number of printed marks that fit on a line of the document."""
INLINE = 40
"""The number above which mathematics in a paragraph gets a line of its own."""


def is_wide(expression: Any, room: int = WIDE) -> bool:
    """Whether the expression does not fit on a line of the document."""
    return _marks(latex(expression)) > room


def display(left: str, expression: Any) -> str:
    """A displayed equation that breaks a long sum, tuple or slope over lines."""
    head = f"{left} = " if left else ""
    lines = broken(expression)
    if len(lines) == 1:
        return f"\\[ {head}{lines[0]} \\]"
    body = " \\\\\n  &".join(lines)
    return f"\\[\\begin{{aligned}}\n  {head}&{body}\n\\end{{aligned}}\\]"


def broken(expression: Any) -> list[str]:
    """The expression on as many lines as it needs; only cases, sums and tuples are broken."""
    if isinstance(expression, sp.Piecewise) and is_wide(expression):
        return [line for piece in expression.args for line in _case(piece)]
    if not is_wide(expression) or not isinstance(expression, sp.Add | sp.Tuple):
        return [latex(expression)]
    lines = [""]
    for piece in _pieces(expression):
        if lines[-1] and _marks(lines[-1] + piece) > WIDE:
            lines.append("")
        lines[-1] += piece
    return lines


def _case(piece: Any) -> list[str]:
    """One case of a Piecewise, its condition first."""
    head = r"\text{otherwise: }" if piece.cond == sp.true else rf"\text{{for }} {latex(piece.cond)}\text{{: }}"
    lines = broken(piece.expr)
    return [head + lines[0], *lines[1:]]


def _pieces(expression: sp.Add | sp.Tuple) -> list[str]:
    if isinstance(expression, sp.Tuple):
        texts = [latex(item) for item in expression]
        return [r"\bigl(" + texts[0] + ",", *(rf"\; {t}," for t in texts[1:-1]), rf"\; {texts[-1]}\bigr)"]
    pieces: list[str] = []
    for term in _Printer()._as_ordered_terms(expression):
        text = latex(term)
        pieces.append(text if not pieces or text.startswith("-") else f" + {text}")
    return pieces


def _marks(text: str) -> int:
    """How many marks LaTeX text shows, about: a command counts one, braces nothing."""
    for over, under in re.findall(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", text):
        shorter = min(over, under, key=len)
        text = text.replace(shorter, "", 1) if shorter else text
    return len(re.sub(r"\\left|\\right|[{}\s^_]", "", re.sub(r"\\[a-zA-Z]+", "x", text)))


_GREEK = {"xi": "ξ", "eta": "η", "mu": "μ"}


def pretty(expression: Any) -> str:
    """The expression in two dimensions for a terminal."""
    if isinstance(expression, ArgMin):
        return "argmin over λ ≥ 0 of\n" + pretty(expression.objective)
    if isinstance(expression, LeastPoint):
        first, *others = map(pretty, expression.unknowns)
        return f"argmin over {', '.join([first + ' ≥ 0', *others])} of\n" + pretty(expression.objective)
    text: str = _form(expression).render(wrap_line=False)
    return text


def _form(expression: Any) -> prettyForm:
    """The block of characters, which knows its line of writing."""
    shown = expression.replace(log_defect, lambda x: x - sp.log(1 + x))
    shown = shown.xreplace({s: sp.Symbol(spoken(s)) for s in shown.free_symbols})
    shown = shown.replace(beta_below, lambda a, x: sp.Function("I")(x, a, a))
    return PrettyPrinter({"use_unicode": True, "wrap_line": False})._print(shown)


def equation(left: str, expression: Any) -> str:
    """``left = expression`` in two dimensions, on one line of writing."""
    if isinstance(expression, ArgMin | LeastPoint):
        first, *lines = pretty(expression).splitlines()
        return "\n".join([f"{left} = {first}", *(" " * len(f"{left} = ") + line for line in lines)])
    both = stringPict.next(prettyForm(f"{left} = "), _form(expression))
    text: str = prettyForm(*both).render(wrap_line=False)
    return text


def spoken(symbol: sp.Symbol) -> str:
    """What a terminal shows of a symbol: its letter, or its name with Greek for Greek."""
    letter = getattr(symbol, "letter", "")
    return plain(letter).strip() if letter else "_".join(_GREEK.get(part, part) for part in symbol.name.split("_"))


def indent(text: str) -> str:
    return "\n".join("      " + line for line in text.splitlines())
