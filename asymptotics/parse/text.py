"""Texts that were read and checked: expressions and inequalities, and what they are in sympy or in numbers."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NoReturn

import sympy as sp

from asymptotics.coerce import shorten
from asymptotics.parse.syntax import (
    COMPARISONS,
    CONSTANTS,
    FUNCTIONS,
    LARGEST_EXPONENT,
    LONGEST_TEXT,
    MOST_ARGUMENTS,
    MOST_BITS,
    MOST_DIGITS,
    OPERATIONS,
    REMEDY,
    branches_of,
    count_terms,
    exact_number,
    require_shallow,
    syntax_tree,
)


@dataclass(frozen=True)
class Text:
    """Arithmetic that a user wrote, checked when it is made; ``where`` says in messages whose text it is.

    Raises TypeError for what does not read as an expression, ValueError for anything in it but arithmetic and for what
    is longer, deeper or larger than the bounds above.
    """

    source: str
    where: str

    def __post_init__(self) -> None:
        if len(self.source) > LONGEST_TEXT:
            raise ValueError(f"{self.where}: a text of {len(self.source)} characters; at most {LONGEST_TEXT} are read")
        require_shallow(self.tree, self)
        count_terms(self.tree, self)

    @property
    def tree(self) -> ast.expr:
        tree = syntax_tree(self.source)
        if tree is None:
            raise TypeError(f"{self.where}: {shorten(self.source)} does not read as arithmetic; {REMEDY}")
        return tree

    @property
    def names(self) -> tuple[str, ...]:
        """The names that it uses, functions left out, in the order of the text."""
        called = {id(node.func) for node in ast.walk(self.tree) if isinstance(node, ast.Call)}
        used = [node for node in ast.walk(self.tree) if isinstance(node, ast.Name) and id(node) not in called]
        return tuple(dict.fromkeys(node.id for node in sorted(used, key=lambda node: (node.lineno, node.col_offset))))

    @property
    def is_rational(self) -> bool:
        """Whether it is a fraction where its names are: no functions but Piecewise, no constants, whole exponents."""
        exponents = [node.right for node in ast.walk(self.tree)
                     if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)]
        signed = [each.operand if isinstance(each, ast.UnaryOp) else each for each in exponents]
        whole = all(isinstance(each, ast.Constant) and isinstance(each.value, int) for each in signed)
        return whole and set(self.functions) <= {"Piecewise"} and set(self.names).isdisjoint(CONSTANTS)

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions that it applies."""
        calls = [node.func for node in ast.walk(self.tree) if isinstance(node, ast.Call)]
        return tuple(dict.fromkeys(function.id for function in calls if isinstance(function, ast.Name)))

    def require_functions(self, allowed: Collection[str]) -> None:
        """ValueError if it applies a function that is not ``allowed``."""
        for name in self.functions:
            if name not in allowed:
                known = ", ".join(sorted(allowed))
                if len(known) > 100:
                    known = "sqrt, exp, log, tanh, erf and others (asymptotics.parse.FUNCTIONS)"
                self.refuse(f"uses {shorten(name, 30)}; the functions here are {known}")

    def expression(self, names: Mapping[str, sp.Expr]) -> sp.Expr:
        """The expression in sympy, with what ``names`` and `CONSTANTS` hold for each name."""
        self.require_functions(FUNCTIONS)
        return _Expression(self, {**CONSTANTS, **names}, FUNCTIONS).value(self.tree)

    def compute(self, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]],
                number: Callable[[Fraction], Any]) -> Any:
        """The value at ``values``: arrays, floats or fractions, whatever ``number`` and ``functions`` return."""
        return _Reading(self, values, functions, number).value(self.tree)

    def refuse(self, problem: str) -> NoReturn:
        raise ValueError(f"{self.where}: {shorten(self.source)} {problem}") from None


@dataclass(frozen=True)
class Comparison:
    """One inequality between two texts, such as ``n*draws > 1``."""

    left: Text
    right: Text
    compare: Callable[[Any, Any], Any]

    @classmethod
    def read(cls, source: str, where: str) -> Comparison:
        """ValueError unless ``source`` is arithmetic on both sides of one of <, <=, > and >=."""
        whole = source.strip()
        if len(whole) > LONGEST_TEXT:
            raise ValueError(f"{where}: a text of {len(whole)} characters; at most {LONGEST_TEXT} are read")
        tree = syntax_tree(whole)
        if tree is None:
            raise ValueError(f"{where} does not read as inequalities joined by 'or'")
        if not (isinstance(tree, ast.Compare) and len(tree.ops) == 1 and type(tree.ops[0]) in COMPARISONS):
            raise ValueError(f"{where}: {shorten(whole)} is not one inequality (<, <=, >, >=)")
        sides = (ast.get_source_segment(whole, side) or "" for side in (tree.left, tree.comparators[0]))
        left, right = (Text(side, where) for side in sides)
        return cls(left, right, COMPARISONS[type(tree.ops[0])])

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.left.names + self.right.names))

    def expression(self, names: Mapping[str, sp.Expr]) -> sp.Basic:
        """The inequality in sympy."""
        found: sp.Basic = self.compare(self.left.expression(names), self.right.expression(names))
        return found

    def compute(self, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]],
                number: Callable[[Fraction], Any]) -> Any:
        """Whether it holds at ``values``, elementwise."""
        return self.compare(self.left.compute(values, functions, number), self.right.compute(values, functions, number))


@dataclass(frozen=True)
class _Reading:
    """The walk of a syntax tree: what numbers, names and functions are is the caller's."""

    text: Text
    names: Mapping[str, Any]
    functions: Mapping[str, Callable[..., Any]]
    number: Callable[[Fraction], Any] = sp.Rational

    def value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant():
                try:
                    return self.number(exact_number(node, self.text))
                except OverflowError:
                    self.text.refuse("has a number beyond float64")
            case ast.Name():
                return self.name(node.id)
            case ast.UnaryOp(op=ast.USub()):
                return -self.value(node.operand)
            case ast.UnaryOp(op=ast.UAdd()):
                return self.value(node.operand)
            case ast.BinOp(op=ast.Pow()):
                return self.power(self.value(node.left), self.value(node.right))
            case ast.BinOp():
                return self.combine(OPERATIONS[type(node.op)], self.value(node.left), self.value(node.right))
            case ast.Call(func=ast.Name(id="Piecewise")):
                return self.piecewise([(pair.elts[0], pair.elts[1]) for pair in branches_of(node, self.text)])
            case ast.Call(func=ast.Name(id=name)):
                return self.call(name, [self.value(argument) for argument in node.args])
        raise AssertionError(node)  # Text has refused everything else

    def name(self, name: str) -> Any:
        if name not in self.names:
            known = ", ".join(key for key in self.names if key not in CONSTANTS) or "numbers only"
            raise ValueError(f"{self.text.where}: unknown symbol {shorten(name, 30)} in {shorten(self.text.source)}; "
                             f"it may contain {known if len(known) < 120 else known[:117] + '...'}")
        return self.names[name]

    def power(self, base: Any, exponent: Any) -> Any:
        if isinstance(exponent, Fraction) and abs(exponent) > LARGEST_EXPONENT:
            self.text.refuse(f"has an exponent beyond {LARGEST_EXPONENT}")
        return base**exponent

    def combine(self, operation: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
        return operation(left, right)

    def call(self, name: str, arguments: list[Any]) -> Any:
        return self.functions[name](*arguments)

    def piecewise(self, branches: list[tuple[ast.expr, ast.expr]]) -> Any:
        conditions = [self.condition(condition) for _, condition in branches]
        return self.functions["Piecewise"](
            *((self.value(value), condition) for (value, _), condition in zip(branches, conditions, strict=True))
        )

    def condition(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Compare):
            return COMPARISONS[type(node.ops[0])](self.value(node.left), self.value(node.comparators[0]))
        return sp.true


class _Expression(_Reading):
    """The walk that makes a sympy expression, whose numbers stay small after each operation.

    Sympy computes powers of numbers at once, also those that come about by its own simplification (``2**n*2**(k-n)``).
    An exponent's numbers are at most `LARGEST_EXPONENT`, so that one operation lengthens numbers by at most that factor
    before the next check.
    """

    def power(self, base: Any, exponent: Any) -> Any:
        self._require_small(exponent)
        return self._checked(base**exponent)

    def combine(self, operation: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
        return self._checked(operation(left, right))

    def call(self, name: str, arguments: list[Any]) -> Any:
        if name == "exp":
            self._require_small(*arguments)
        if len(arguments) > MOST_ARGUMENTS:
            self.text.refuse(f"gives {name} {len(arguments)} arguments; at most {MOST_ARGUMENTS} are read")
        try:
            found = super().call(name, arguments)
        except (AttributeError, ArithmeticError, NotImplementedError, RecursionError, TypeError, ValueError) as error:
            self.text.refuse(f"has {name} of what sympy cannot compute ({shorten(error, 60)})")
        return self._checked(found)

    def _require_small(self, *exponents: Any) -> None:
        for exponent in exponents:
            if any(abs(number) > LARGEST_EXPONENT for number in exponent.atoms(sp.Rational)):
                self.text.refuse(f"has an exponent beyond {LARGEST_EXPONENT}")

    def _checked(self, value: Any) -> Any:
        if not isinstance(value, sp.Expr):
            self.text.refuse("is not a scalar expression")
        if any(max(abs(number.p), number.q).bit_length() > MOST_BITS for number in value.atoms(sp.Rational)):
            self.text.refuse(f"has numbers of more than {MOST_DIGITS} digits")
        if value.has(sp.zoo, sp.nan):
            self.text.refuse("divides by 0 or is undefined")
        if value.has(sp.I):
            self.text.refuse("is not real")
        return value
