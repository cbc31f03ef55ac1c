"""The syntax that texts may use, and how large they may be: checked on the syntax tree before anything is computed."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import ceil, comb
from typing import Any, NoReturn, Protocol

import sympy as sp

from asymptotics.coerce import shorten
from asymptotics.functions import beta_below, divergence, entropy, log_defect, normal_below, weighted_entropy

LONGEST_TEXT = 20_000
DEEPEST = 100
LARGEST_EXPONENT = 200
MOST_TERMS = 10_000_000
MOST_DIGITS = 400
MOST_ARGUMENTS = 12
"""Of Min and Max, which sympy compares one by one."""
MOST_BITS = int(MOST_DIGITS * 3.33)

REMEDY = "write an expression such as 1 - t**2"

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": sp.sqrt, "exp": sp.exp, "log": sp.log, "ln": sp.log, "abs": sp.Abs, "Abs": sp.Abs,
    "Min": sp.Min, "Max": sp.Max, "min": sp.Min, "max": sp.Max, "erf": sp.erf, "erfc": sp.erfc,
    "sin": sp.sin, "cos": sp.cos, "tan": sp.tan, "asin": sp.asin, "acos": sp.acos, "atan": sp.atan,
    "sinh": sp.sinh, "cosh": sp.cosh, "tanh": sp.tanh, "sech": sp.sech, "coth": sp.coth, "csch": sp.csch,
    "asinh": sp.asinh, "acosh": sp.acosh, "atanh": sp.atanh, "log_defect": log_defect, "normal_below": normal_below,
    "beta_below": beta_below, "Piecewise": sp.Piecewise, "entropy": entropy, "weighted_entropy": weighted_entropy,
    "divergence": divergence,
}
"""What an expression may apply."""
CONSTANTS: dict[str, Any] = {"pi": sp.pi, "E": sp.E, "oo": sp.oo}
_COUNTS = {"Min": None, "Max": None, "min": None, "max": None, "beta_below": 2, "divergence": 2}
"""How many arguments a function takes where it is not one; None for any number."""
OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}



@lru_cache(1024)
def syntax_tree(source: str) -> ast.expr | None:
    """The syntax tree of an expression, None where Python has none (or finds it too deep)."""
    try:
        return ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class Refusing(Protocol):
    """The text that a syntax tree is of: it words the errors."""

    @property
    def source(self) -> str: ...
    def refuse(self, problem: str) -> NoReturn: ...


def require_shallow(tree: ast.expr, text: Refusing) -> None:
    level = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        if not level:
            return
    text.refuse(f"is nested more than {DEEPEST} deep")


def count_terms(node: ast.expr, text: Refusing) -> int:
    """How many terms the expression has once multiplied out; anything that is not arithmetic is refused."""
    match node:
        case ast.Constant():
            exact_number(node, text)
            return 1
        case ast.Name():
            return 1
        case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            return count_terms(node.operand, text)
        case ast.BinOp(op=ast.Pow()):
            count = _power_terms(count_terms(node.left, text), node.right, text)
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            count = count_terms(node.left, text) + count_terms(node.right, text)
        case ast.BinOp(op=ast.Mult() | ast.Div()):
            count = count_terms(node.left, text) * count_terms(node.right, text)
        case ast.BinOp(op=ast.BitXor()):
            text.refuse("has ^, which is no power here; write **")
        case ast.Call(func=ast.Name(id="Piecewise"), keywords=[]):
            for branch in branches_of(node, text):
                count_terms(branch.elts[0], text)
                if isinstance(branch.elts[1], ast.Compare):
                    count_terms(branch.elts[1].left, text)
                    count_terms(branch.elts[1].comparators[0], text)
            return 1
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            takes = _COUNTS.get(name, 1)
            if not node.args or takes not in (None, len(node.args)):
                text.refuse(f"gives {shorten(name, 30)} {len(node.args)} arguments; it takes {takes or 'at least one'}")
            for argument in node.args:
                count_terms(argument, text)
            return 1
        case _:
            segment = ast.get_source_segment(text.source.strip(), node) or type(node).__name__
            text.refuse(f"has {shorten(segment, 40)}, which is not arithmetic; {REMEDY}")
    if count > MOST_TERMS:
        text.refuse(f"has more than {MOST_TERMS} terms when it is multiplied out")
    return count


def branches_of(node: ast.Call, text: Refusing) -> list[ast.Tuple]:
    """The pairs (value, condition) of a Piecewise, each condition one inequality or True."""
    pairs = [pair for pair in node.args if isinstance(pair, ast.Tuple) and len(pair.elts) == 2]
    if not pairs or len(pairs) < len(node.args) or not all(_is_condition(pair.elts[1]) for pair in pairs):
        text.refuse("has a Piecewise that is not made of pairs (value, condition), the condition an inequality or True")
    return pairs


def _is_condition(node: ast.expr) -> bool:
    if isinstance(node, ast.Compare):
        return len(node.ops) == 1 and type(node.ops[0]) in COMPARISONS
    return isinstance(node, ast.Constant) and node.value is True


def _power_terms(base: int, exponent: ast.expr, text: Refusing) -> int:
    """How many terms a power has: that of a sum of ``base`` terms, where the exponent is a number."""
    count_terms(exponent, text)
    size = _size(exponent, text)
    if size is None:
        return base
    if size > LARGEST_EXPONENT:
        text.refuse(f"has an exponent beyond {LARGEST_EXPONENT}")
    return comb(base + ceil(size) - 1, ceil(size)) if base > 1 else 1


def _size(node: ast.expr, text: Refusing) -> Fraction | None:
    """A bound of the absolute value of what holds numbers alone, None for anything else."""
    match node:
        case ast.Constant():
            return abs(exact_number(node, text))
        case ast.UnaryOp():
            return _size(node.operand, text)
        case ast.BinOp():
            left, right = _size(node.left, text), _size(node.right, text)
            if left is None or right is None:
                return None
            if isinstance(node.op, ast.Pow):
                return max(left, 1 / left if left else left) ** ceil(right)
            if isinstance(node.op, ast.Div):
                return left / right if right else None
            return left * right if isinstance(node.op, ast.Mult) else left + right
    return None


def exact_number(node: ast.Constant, text: Refusing) -> Fraction:
    """The fraction that a number spells: the text's own digits, not those of a float."""
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        text.refuse(f"has {shorten(node.value, 40)}, which is no number")
    if isinstance(node.value, int):
        return Fraction(node.value)
    digits = (ast.get_source_segment(text.source.strip(), node) or "").replace("_", "").lower()
    mantissa, _, exponent = digits.partition("e")
    if exponent and abs(int(exponent[:8])) > MOST_DIGITS:
        text.refuse(f"has an exponent beyond {MOST_DIGITS}")
    return Fraction(mantissa) * Fraction(10) ** int(exponent or 0)
