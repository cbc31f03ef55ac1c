"""Decisions that proofs rest on: is this identically zero, is it positive, and time limits for sympy."""

from __future__ import annotations

import gc
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import sympy as sp

from asymptotics.binder import Binder
from asymptotics.named import spelled
from asymptotics.special import log_defect

AGAIN = 0.01  # Seconds until a limit that struck where its exception would be lost tries again.


def _would_be_lost(frame: FrameType | None) -> bool:
    """Whether Python would print and forget an exception raised here: in a finaliser or the collector's callback."""
    callbacks = {getattr(callback, "__code__", None) for callback in gc.callbacks}
    while frame is not None:
        if frame.f_code in callbacks or frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False


@contextmanager
def time_limit(seconds: float, what: str) -> Iterator[None]:
    """Raise TimeoutError after ``seconds`` (on the main thread; elsewhere there is no limit to set)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_: int, frame: FrameType | None) -> None:
        if _would_be_lost(frame):
            signal.setitimer(signal.ITIMER_REAL, AGAIN)
            return
        raise TimeoutError(f"sympy did not finish {what} within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    outer, _ = signal.getitimer(signal.ITIMER_REAL)
    started = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, min(seconds, outer) if outer else seconds)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)
        left = max(outer - (time.monotonic() - started), 1e-3) if outer else 0.0
        signal.setitimer(signal.ITIMER_REAL, left)


def expand_where(expression: sp.Basic, where: Iterable[tuple[sp.Symbol, sp.Expr]]) -> Any:
    """Put the definitions of shorthands in; later definitions may use earlier ones."""
    for symbol, meaning in reversed(list(where)):
        expression = expression.xreplace({symbol: meaning})
    return expression


def _radicals_to_generators(expression: sp.Expr) -> tuple[sp.Expr, list[tuple[sp.Symbol, sp.Expr]]]:
    """Write each square root as a product of generators g with g^2 = an irreducible factor.

    Factors of a radicand are taken to be positive, as they are inside every domain of this project; the
    evaluation at exact points in `is_zero` would expose a branch that is not.
    """
    generators: dict[sp.Expr, sp.Symbol] = {}

    def root(radicand: sp.Expr) -> sp.Expr:
        top, bottom = sp.fraction(sp.cancel(sp.together(radicand)))
        return power(top, 1) * power(bottom, -1)

    def power(polynomial: sp.Expr, sign: int) -> sp.Expr:
        constant, factors = sp.factor_list(polynomial)
        product = sp.sqrt(constant) ** sign
        for factor, exponent in factors:
            if exponent % 2 and factor not in generators:
                generators[factor] = sp.Dummy("g", positive=True)
            whole = factor ** (exponent // 2)
            product *= (whole * generators[factor] if exponent % 2 else whole) ** sign
        return product

    def visit(node: sp.Expr) -> sp.Expr:
        if not node.args:
            return node
        node = node.func(*[visit(a) for a in node.args])
        if isinstance(node, sp.Pow) and node.exp.is_Rational and node.exp.q == 2 and node.free_symbols:
            return root(node.base) ** node.exp.p
        return node

    return visit(expression), [(symbol, factor) for factor, symbol in generators.items()]


def is_zero(expression: sp.Expr) -> bool:
    """Whether an algebraic expression (rational operations and square roots) vanishes identically.

    Numbers at random exact points refuse most falsehoods at once; what survives is decided exactly: each
    root becomes a generator g, and the numerator is reduced modulo g^2 - radicand. Functions such as the
    logarithm count as independent generators, one for each irreducible factor of their argument; so do means
    and roots.
    """
    expression = sp.sympify(expression)
    if expression.is_zero:
        return True
    expression = spelled(expression).replace(log_defect, lambda x: x - sp.log(1 + x))
    unknowns = sorted(expression.atoms(Binder), key=sp.default_sort_key)
    expression = expression.xreplace({node: sp.Symbol(f"_unknown{k}") for k, node in enumerate(unknowns)})
    if not _looks_zero(expression):
        return False
    expression = expression.replace(
        sp.log, lambda x: sp.expand_log(sp.log(sp.factor(sp.cancel(sp.together(x)))), force=True)
    )
    plain, relations = _radicals_to_generators(expression)
    numerator = sp.expand(sp.fraction(sp.together(plain))[0])
    for symbol, radicand in reversed(relations):
        top, bottom = sp.fraction(sp.together(radicand))
        numerator = sp.rem(numerator, bottom * symbol**2 - top, symbol)
        numerator = sp.expand(sp.fraction(sp.together(numerator))[0])
    return bool(sp.expand(numerator) == 0)


def _looks_zero(expression: sp.Expr) -> bool:
    """Evaluate at two fixed generic points; each symbol gets a prime-based value in its range."""
    free = sorted(expression.free_symbols, key=lambda s: s.name)
    for shift in (2, 9):
        point = {s: sp.Rational(sp.prime(shift + i), 5 + i) + 1 for i, s in enumerate(free)}
        value = sp.N(expression.xreplace(point), 40, maxn=400)
        if value.has(sp.nan, sp.zoo, sp.oo):
            continue
        scale = sum((abs(sp.N(a.xreplace(point), 15)) for a in sp.Add.make_args(expression)), sp.S.Zero)
        if abs(value) > sp.Float("1e-30") * (1 + scale):
            return False
    return True


def is_positive(expression: sp.Expr, gaps: dict[sp.Symbol, sp.Expr] | None = None) -> bool:
    """Whether a rational expression is positive for positive symbols, shown by its coefficients.

    ``gaps`` rewrites symbols in terms of positive ones first (n = 1 + e, say). Numerator and denominator
    must then have only positive coefficients: sufficient, not necessary, and exact.
    """
    shifted = sp.together(sp.sympify(expression).subs(gaps or {}, simultaneous=True))
    for part in sp.fraction(sp.cancel(shifted)):
        coefficients = sp.Poly(part, *sorted(part.free_symbols, key=lambda s: s.name)).coeffs() if (
            part.free_symbols) else [part]
        if not all(c.is_positive for c in coefficients):
            return False
    return True


def decided(expression: sp.Expr) -> sp.Expr:
    """The expression with the minimum and maximum of two resolved, where `is_positive` tells which is which."""
    def chosen(smaller: bool, first: sp.Expr, second: sp.Expr) -> sp.Expr | None:
        for one, other in ((first, second), (second, first)):
            gap = sp.factor(one - other)
            if gap == 0 or is_positive(gap):
                return other if smaller else one
        return None

    def visit(node: sp.Basic) -> sp.Basic:
        node = node.func(*map(visit, node.args)) if node.args else node
        if isinstance(node, sp.Min | sp.Max) and len(node.args) == 2:
            found = chosen(isinstance(node, sp.Min), *node.args)
            return node if found is None else found
        return node

    return visit(sp.sympify(expression))


def is_positive_somewhere(expression: sp.Expr) -> bool:
    """Positive at one generic point: enough for a function whose square is known and never 0, for its sign at
    one point is its sign everywhere."""
    symbols = sorted(expression.free_symbols, key=lambda s: s.name)
    point = {s: sp.Rational(5 + k, 2) for k, s in enumerate(symbols)}
    return expression.xreplace(point).is_positive is True
