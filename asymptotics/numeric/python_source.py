"""From expressions to the source of a function: one printer for all backends; a language is a few methods of it.

Constants stay integers or ratios of integers, so nothing is rounded before the backend's own arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import sympy as sp
from sympy.printing.precedence import PRECEDENCE, precedence
from sympy.printing.printer import Printer

from asymptotics.functions import (
    ArgMin,
    BoundVariable,
    GaussianMean,
    Root,
    beta_below,
    beta_density,
    beta_moment,
    cospi,
    in_half_turns,
    log_defect,
    normal_below,
    sinpi,
    spelled,
)

Definition = tuple[sp.Symbol, sp.Expr]


WEIGHTS = ("t", "alpha", "beta", "dalpha", "dbeta")
"""Arguments that a curve runs over, more often than over the others."""
COUNTS = {"n", "draws"}
"""Arguments from 1 on: what is left of their product after the first is small where they are."""


class SourcePrinter(Printer):
    """Expressions to Python source; functions are looked up in the backend's table as ``_name``."""

    printmethod = "_source"
    FUNCTIONS: ClassVar[dict[Any, str]] = {
        sp.exp: "exp", sp.log: "log", sp.sin: "sin", sp.cos: "cos", sp.sqrt: "sqrt", sp.Abs: "abs",
        sp.tanh: "tanh", sp.sinh: "sinh", sp.cosh: "cosh", sp.sech: "sech", sp.atanh: "atanh", sp.acosh: "acosh",
        sp.asinh: "asinh", sp.erf: "erf", sp.erfc: "erfc", sp.sign: "sign", sp.Min: "min", sp.Max: "max",
        log_defect: "log_defect", normal_below: "normal_below", cospi: "cospi",
        sinpi: "sinpi", sp.Heaviside: "heaviside", beta_below: "beta_below",
        beta_density: "beta_density", beta_moment: "beta_moment",
    }

    def __init__(self, long: Iterable[str] = ()) -> None:
        super().__init__()
        self.long = set(long)
        """Names that usually hold long arrays: factors without them are multiplied first, as numbers."""

    def _wrap(self, expression: sp.Expr, level: int) -> str:
        text = self._print(expression)
        return f"({text})" if precedence(expression) < level else text

    def _print_Symbol(self, expression: sp.Symbol) -> str:
        return expression.name

    def _print_Integer(self, expression: sp.Integer) -> str:
        return str(expression.p)

    def _print_Rational(self, expression: sp.Rational) -> str:
        return f"_ratio({expression.p}, {expression.q})"

    def _print_Pi(self, expression: sp.Expr) -> str:
        return "_pi()"

    def _print_Exp1(self, expression: sp.Expr) -> str:
        return "_exp(1)"

    def _print_Add(self, expression: sp.Add) -> str:
        text = ""
        for term in expression.args:
            negative = term.could_extract_minus_sign()
            piece = self._wrap(-term if negative else term, PRECEDENCE["Mul"])
            text += (" - " if negative else " + ") + piece if text else ("-" if negative else "") + piece
        return text

    def _print_Mul(self, expression: sp.Mul) -> str:
        over, under = [], []
        for factor in expression.args:
            if isinstance(factor, sp.Rational):
                over += [sp.Integer(factor.p)] if factor.p != 1 else []
                under += [sp.Integer(factor.q)] if factor.q != 1 else []
            elif isinstance(factor, sp.Pow) and factor.exp.is_Rational and factor.exp < 0:
                under.append(1 / factor)
            else:
                over.append(factor)
        over.sort(key=lambda factor: not self.long.isdisjoint(s.name for s in factor.free_symbols))
        top = "*".join(self._wrap(f, PRECEDENCE["Mul"] + 1) for f in over) or "1"
        if not under:
            return top
        bottom = "*".join(self._wrap(f, PRECEDENCE["Mul"] + 1) for f in under)
        return f"{top}/({bottom})" if len(under) > 1 else f"{top}/{bottom}"

    def _print_Pow(self, expression: sp.Pow) -> str:
        base, exponent = expression.as_base_exp()
        if exponent.is_Rational and exponent < 0:
            return f"1/({self._print(1 / expression)})"
        if base is sp.S.Exp1:
            return f"_exp({self._print(exponent)})"
        text = self._wrap(base, PRECEDENCE["Atom"])
        if exponent == 4 and base.is_Symbol:
            return f"_square({text}*{text})"
        if exponent.is_Integer and exponent <= 3 and base.is_Symbol:
            return "(" + "*".join([text] * int(exponent)) + ")"
        if exponent.is_Rational and exponent.q == 2:
            whole = int(exponent.p // 2)
            root = f"_sqrt({self._print(base)})"
            return root if whole == 0 else f"({text}**{whole}*{root})"
        return f"{text}**{self._wrap(exponent, PRECEDENCE['Atom'])}"

    def _print_ArgMin(self, expression: ArgMin) -> str:
        cubic = [self._print(c) for c in expression.coefficients]
        name, objective = expression.variable.name, self._print(expression.objective)
        return f"_minimising_root({self._tuple(cubic)}, {self._lambda(name, objective)})"

    def _print_GaussianMean(self, expression: GaussianMean) -> str:
        hints = ", ".join(self._print(hint) for hint in expression.hints)
        return f"_gaussian_mean({self._function(expression, expression.integrand)}, {hints})"

    def _print_Root(self, expression: Root) -> str:
        both = ", ".join(self._function(expression, body) for body in (expression.equation, expression.slope))
        ends = ", ".join(self._print(end) for end in (expression.low, expression.high))
        return f"_root({expression.variable.name!r}, {both}, {ends})"

    def _function(self, node: BoundVariable, body: sp.Expr) -> str:
        return self._lambda(node.variable.name, self._print(body))

    def _lambda(self, name: str, body: str) -> str:
        return f"lambda {name}: {body}" if name else f"lambda: {body}"

    def _tuple(self, parts: Sequence[str]) -> str:
        return f"({', '.join(parts)},)"

    def _print_Piecewise(self, expression: sp.Piecewise) -> str:
        """Each branch is a function, so that it is computed only where an entry needs it."""
        if expression.args[-1].cond != sp.true:
            raise TypeError(f"the last branch of a Piecewise must hold always (condition True): {expression}")
        cases = (
            self._tuple([self._print(part.cond), self._lambda("", self._print(part.expr))]) for part in expression.args
        )
        return f"_piecewise({', '.join(cases)})"

    def _print_Relational(self, expression: sp.core.relational.Relational) -> str:
        left, right = (f"({self._print(side)})" for side in (expression.lhs, expression.rhs))
        return f"({left} {expression.rel_op} {right})"

    def _print_And(self, expression: sp.And) -> str:
        return "(" + " & ".join(self._print(part) for part in expression.args) + ")"

    def _print_Or(self, expression: sp.Or) -> str:
        return "(" + " | ".join(self._print(part) for part in expression.args) + ")"

    def _print_BooleanTrue(self, expression: sp.Basic) -> str:
        return "True"

    def _print_Function(self, expression: sp.Function) -> str:
        name = self.FUNCTIONS.get(expression.func)
        if name is None:
            return self.emptyPrinter(expression)
        arguments = expression.args
        if expression.func is sp.Heaviside:
            x, at_zero = expression.args
            if at_zero != sp.S.Half:  # the functions are 1/2 there
                return self._print(sp.Piecewise((0, x < 0), (1, x > 0), (at_zero, True)))
            arguments = (x,)
        return f"_{name}({', '.join(self._print(a) for a in arguments)})"

    _print_exp = _print_Function
    _print_log = _print_Function
    _print_Min = _print_Function
    _print_Max = _print_Function

    def emptyPrinter(self, expression: Any) -> str:
        known = sorted({each.__name__ for each in self.FUNCTIONS})
        raise TypeError(
            f"no numeric printer for {type(expression).__name__}: {expression}. Formulas may hold arithmetic, powers, "
            f"Piecewise, {', '.join(known)}, and asymptotics' own GaussianMean and Root"
        )

    def function_source(
        self, arguments: Sequence[str], lines: Sequence[tuple[str, str]], results: Sequence[str]
    ) -> str:
        """A function that assigns ``lines`` and returns the tuple of ``results``."""
        body = [f"    {name} = {text}" for name, text in lines]
        return "\n".join([f"def function({', '.join(arguments)}):", *body, f"    return ({', '.join(results)},)"])


def ready(expression: Any) -> Any:
    """The expression as it is printed: names spelled out, cosines and sines in half turns."""
    return in_half_turns(spelled(expression))


def source(
    expressions: Mapping[str, sp.Expr], arguments: Iterable[str], where: Iterable[Definition] = (),
    printer: SourcePrinter | None = None,
) -> str:
    """The source of a function of ``arguments`` that returns the tuple of ``expressions``, by default in Python.

    Shorthands in ``where`` become local variables; common subexpressions are computed once.
    """
    arguments = tuple(arguments)
    definitions, given = _counts_first(list(where), list(expressions.values()))
    bodies = [value for _, value in definitions] + given
    bound = {node.variable for body in bodies for node in body.atoms(BoundVariable)}
    bodies, alone, within = _branches_aside(bodies, bound)
    shared, reduced = sp.cse(
        bodies, symbols=sp.numbered_symbols("_x"), order="none", ignore=bound
    )
    shared = [(symbol, _swapped(value, within)) for symbol, value in shared] + alone
    reduced = [_swapped(value, within) for value in reduced]
    pending = list(zip((symbol for symbol, _ in definitions), reduced, strict=False))
    lines = _in_order(shared + pending, {*arguments})
    printer, body = printer or SourcePrinter(WEIGHTS), []
    for symbol, value in lines:
        body.append((symbol.name, printer.doprint(value)))
        if not printer.long.isdisjoint(s.name for s in value.free_symbols):
            printer.long.add(symbol.name)
    return printer.function_source(arguments, body, [printer.doprint(value) for value in reduced[len(definitions):]])


def _counts_first(
    definitions: list[Definition], expressions: list[sp.Expr]
) -> tuple[list[Definition], list[sp.Expr]]:
    """In n draws + ridge - 1 the 1 is taken from n draws first, and once for all: there it is exact where it matters.

    Otherwise n draws - 1 and n draws + ridge - 1 would round apart, and their ratio with them.
    """
    left: dict[sp.Expr, sp.Symbol] = {}
    moved: dict[sp.Expr, sp.Expr] = {}
    bodies = [value for _, value in definitions] + expressions
    for total in sorted({each for body in bodies for each in body.atoms(sp.Add)}, key=sp.default_sort_key):
        one, rest = total.as_coeff_Add()
        counts = [term for term in rest.args if {s.name for s in term.free_symbols} <= COUNTS]
        if rest.is_Add and one.is_Integer and one < 0 and 0 < len(counts) < len(rest.args):
            whole = sp.Add(one, *counts)
            symbol = left.setdefault(whole, sp.Symbol(f"_left{len(left)}"))
            moved |= {total: total - whole + symbol, whole: symbol}
    changed = [body if body.has(ArgMin) else body.xreplace(moved) for body in bodies]
    names = [symbol for symbol, _ in definitions]
    before = [(symbol, whole) for whole, symbol in left.items()]
    return before + list(zip(names, changed, strict=False)), changed[len(names):]


def _branches_aside(
    bodies: list[sp.Expr], bound: set[sp.Symbol]
) -> tuple[list[sp.Expr], list[Definition], dict[sp.Basic, sp.Basic]]:
    """Symbols in the place of every Piecewise, so that what only one branch needs is not computed for all.

    They come back as definitions, or, where a bound variable is inside, as a table to swap in again; there the
    symbol is a function of that variable.
    """
    found = sorted({node for body in bodies for node in body.atoms(sp.Piecewise)}, key=sp.default_sort_key)
    names: dict[sp.Basic, sp.Basic] = {}
    for node in found:
        inside = sorted(node.free_symbols & bound, key=str)
        name = f"_case{len(names)}"
        names[node] = sp.Function(name)(*inside) if inside else sp.Symbol(name, real=True)
    changed = [_swapped(body, names) for body in bodies]
    used = {name: node for node, name in names.items() if any(body.has(name) for body in changed)}
    within = {name: node for name, node in used.items() if not name.is_Symbol}
    return changed, [(name, node) for name, node in used.items() if name.is_Symbol], within


def _swapped(body: sp.Basic, table: Mapping[sp.Basic, sp.Basic]) -> Any:
    """The body with nodes exchanged, also those that contain a bound variable (xreplace leaves them alone)."""
    if body in table:
        return table[body]
    return body.func(*(_swapped(arg, table) for arg in body.args)) if table and body.args else body


def _in_order(lines: list[Definition], known: set[str]) -> list[Definition]:
    """Sort assignments so that each uses only names assigned before it."""
    ordered: list[Definition] = []
    waiting = list(lines)
    names = {symbol.name for symbol, _ in lines}
    while waiting:
        ready = [
            line for line in waiting
            if not ({s.name for s in line[1].free_symbols} & names) - known
        ]
        if not ready:
            raise ValueError(f"circular definitions: {[symbol.name for symbol, _ in waiting]}")
        ordered += ready
        known |= {symbol.name for symbol, _ in ready}
        waiting = [line for line in waiting if line not in ready]
    return ordered
