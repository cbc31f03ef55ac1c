"""The one door from expressions to callables.

One printer writes one Python source; a backend is only the table of functions that the source calls.
Constants stay integers or ratios of integers, so nothing is rounded before the backend's own arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, ClassVar

import sympy as sp
from sympy.printing.precedence import PRECEDENCE, precedence
from sympy.printing.printer import Printer

from asymptotics import special

BACKENDS = ("numpy", "torch", "mpmath")
Definition = tuple[sp.Symbol, sp.Expr]


WEIGHTS = ("t", "alpha", "beta", "dalpha", "dbeta")
"""Arguments that a curve runs over, more often than over the others."""


class SourcePrinter(Printer):
    """Expressions to Python source; functions are looked up in the backend's table as ``_name``."""

    printmethod = "_source"
    FUNCTIONS: ClassVar[dict[Any, str]] = {sp.exp: "exp", sp.log: "log", sp.sin: "sin", sp.cos: "cos", sp.tanh: "tanh",
                 sp.sqrt: "sqrt", sp.Abs: "abs", special.log_defect: "log_defect"}

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

    def _print_ArgMin(self, expression: special.ArgMin) -> str:
        cubic = ", ".join(self._print(c) for c in expression.coefficients)
        name, objective = expression.variable.name, self._print(expression.objective)
        return f"_minimising_root(({cubic},), lambda {name}: {objective})"

    def _print_Function(self, expression: sp.Function) -> str:
        name = self.FUNCTIONS.get(expression.func)
        if name is None:
            return self.emptyPrinter(expression)
        return f"_{name}({', '.join(self._print(a) for a in expression.args)})"

    _print_exp = _print_Function
    _print_log = _print_Function

    def emptyPrinter(self, expression: Any) -> str:
        raise TypeError(f"no numeric printer for {type(expression).__name__}: {expression}")


def _numpy_table() -> dict[str, Any]:
    import numpy as np

    return {
        "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "tanh": np.tanh,
        "sqrt": np.sqrt, "abs": np.abs, "square": np.square, "pi": lambda: math.pi, "ratio": lambda p, q: p / q,
        "log_defect": lambda x: special.log_defect_array(np, x),
        "minimising_root": lambda c, f: special.minimising_root(np, c, f),
    }


def _mpmath_table() -> dict[str, Any]:
    import mpmath

    names = ("exp", "log", "sin", "cos", "tanh", "sqrt")
    return {name: getattr(mpmath, name) for name in names} | {
        "abs": abs, "square": lambda x: x * x, "pi": lambda: +mpmath.pi, "ratio": lambda p, q: mpmath.mpf(p) / q,
        "log_defect": special.log_defect_mp, "minimising_root": special.minimising_root_mp,
    }


def _torch_table() -> dict[str, Any]:
    import torch

    def either(name: str) -> Callable[[Any], Any]:
        tensor, scalar = getattr(torch, name), getattr(math, name, abs)
        return lambda x: tensor(x) if isinstance(x, torch.Tensor) else scalar(x)

    def root(c: tuple[Any, ...], objective: Callable[[Any], Any]) -> Any:
        fixed = [torch.as_tensor(ci).detach() for ci in c]
        x = special.minimising_root(torch, fixed, lambda x: objective(x).detach()).detach()
        slope = (3 * c[3] * x + 2 * c[2]) * x + c[1]
        value = ((c[3] * x + c[2]) * x + c[1]) * x + c[0]
        inside = x > 0
        newton = x - value / torch.where(inside, slope, torch.ones_like(slope))
        return torch.where(inside, newton, torch.zeros_like(newton))

    names = ("exp", "log", "sin", "cos", "tanh", "sqrt", "abs")
    return {name: either(name) for name in names} | {
        "square": lambda x: x * x, "pi": lambda: math.pi, "ratio": lambda p, q: p / q,
        "log_defect": lambda x: special.log_defect_array(torch, x), "minimising_root": root,
    }


@cache
def _table(backend: str) -> Mapping[str, Any]:
    makers = {"numpy": _numpy_table, "torch": _torch_table, "mpmath": _mpmath_table}
    if backend not in makers:
        raise ValueError(f"backend = {backend!r} must be one of {', '.join(BACKENDS)}")
    try:
        return {f"_{name}": value for name, value in makers[backend]().items()}
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            f"the {backend!r} backend needs {missing.name}; install flow-asymptotics[{missing.name}]"
        ) from missing


def _numpy_prepare(values: dict[str, Any]) -> tuple[dict[str, Any], Callable[[Any], Any]]:
    import numpy as np

    arrays = {name: np.asarray(value, dtype=np.float64)[()] for name, value in values.items()}
    shape = np.broadcast(*arrays.values()).shape if arrays else ()

    def finish(value: Any) -> Any:
        value = np.float64(value) if np.ndim(value) == 0 else value
        return value if np.shape(value) == shape else np.broadcast_to(value, shape).copy()

    return arrays, finish


PIECE = 8192
"""Entries evaluated at a time on long arrays: the temporaries of a piece stay in the processor's cache."""


def _pieces(arrays: dict[str, Any]) -> tuple[int, ...]:
    """The common shape, if the arrays are long and each is a number or fills it; else nothing."""
    shapes = {array.shape for array in arrays.values() if array.ndim}
    if len(shapes) != 1:
        return ()
    (shape,) = shapes
    return tuple(shape) if math.prod(shape) > 2 * PIECE else ()


def _in_pieces(
    function: Callable[..., Any], arrays: dict[str, Any], shape: tuple[int, ...], results: int
) -> list[Any]:
    """The function on flat pieces of its arrays, each written into whole results."""
    import numpy as np

    flat = {name: array.reshape(-1) if array.ndim else array for name, array in arrays.items()}
    whole = [np.empty(math.prod(shape)) for _ in range(results)]
    for start in range(0, math.prod(shape), PIECE):
        part = slice(start, start + PIECE)
        values = function(**{name: array[part] if array.ndim else array for name, array in flat.items()})
        for result, value in zip(whole, values, strict=True):
            result[part] = value
    return [result.reshape(shape) for result in whole]


def _mpmath_prepare(values: dict[str, Any]) -> tuple[dict[str, Any], Callable[[Any], Any]]:
    import mpmath

    return {name: mpmath.mpmathify(value) for name, value in values.items()}, mpmath.mpf


def _torch_prepare(values: dict[str, Any]) -> tuple[dict[str, Any], Callable[[Any], Any]]:
    """Python numbers join the tensors' dtype and device (float64 on the CPU when there is none)."""
    import torch

    given = [v for v in values.values() if isinstance(v, torch.Tensor)]
    floats = [v for v in given if v.is_floating_point()]
    dtype = torch.float64 if not floats else floats[0].dtype
    for v in floats:
        dtype = torch.promote_types(dtype, v.dtype)
    device = given[0].device if given else None
    tensors = {
        name: v.to(dtype) if isinstance(v, torch.Tensor)
        else torch.tensor(float(v), dtype=dtype, device=device)
        for name, v in values.items()
    }
    shape = torch.broadcast_shapes(*(v.shape for v in tensors.values()))  # type: ignore[no-untyped-call]
    reference = next(iter(tensors.values()))

    def finish(value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            value = torch.full((), float(value), dtype=dtype, device=reference.device)
        return value if value.shape == shape else value.expand(shape)

    return tensors, finish


_PREPARE = {"numpy": _numpy_prepare, "mpmath": _mpmath_prepare, "torch": _torch_prepare}


def source(
    expressions: Mapping[str, sp.Expr], arguments: Iterable[str], where: Iterable[Definition] = ()
) -> str:
    """The Python source of a function of ``arguments`` that returns the tuple of ``expressions``.

    Shorthands in ``where`` become local variables; common subexpressions are computed once.
    """
    definitions = list(where)
    bodies = [value for _, value in definitions] + list(expressions.values())
    bound = [node.variable for body in bodies for node in body.atoms(special.ArgMin)]
    shared, reduced = sp.cse(
        bodies, symbols=sp.numbered_symbols("_x"), order="none", ignore=bound
    )
    pending = list(zip((symbol for symbol, _ in definitions), reduced, strict=False))
    lines = _in_order(shared + pending, {*arguments})
    printer, body = SourcePrinter(WEIGHTS), []
    for symbol, value in lines:
        body.append(f"    {symbol.name} = {printer.doprint(value)}")
        if not printer.long.isdisjoint(s.name for s in value.free_symbols):
            printer.long.add(symbol.name)
    results = ", ".join(printer.doprint(value) for value in reduced[len(definitions):])
    return "\n".join([f"def function({', '.join(arguments)}):", *body, f"    return ({results},)"])


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


@cache
def _build(text: str, backend: str) -> Callable[..., Any]:
    space = dict(_table(backend))
    exec(compile(text, f"<asymptotics {backend}>", "exec"), space)
    function: Callable[..., Any] = space["function"]
    return function


def compile_expressions(
    expressions: Mapping[str, sp.Expr],
    arguments: tuple[str, ...],
    where: Iterable[Definition] = (),
    backend: str = "numpy",
    defaults: Mapping[str, float] | None = None,
) -> Callable[..., dict[str, Any]]:
    """A keyword callable of ``arguments`` returning a mapping name -> value. It validates nothing.

    numpy: float64, broadcasts over array arguments. torch: differentiable, dtype and device of the
    tensors given. mpmath: the working precision in force at the call.
    """
    _table(backend)
    function = _build(source(expressions, arguments, where), backend)
    prepare, names, filled = _PREPARE[backend], tuple(expressions), dict(defaults or {})

    def compiled(**values: Any) -> dict[str, Any]:
        ready, finish = prepare({**filled, **values})
        if backend == "numpy" and (pieces := _pieces(ready)):
            return dict(zip(names, _in_pieces(function, ready, pieces, len(names)), strict=True))
        return dict(zip(names, map(finish, function(**ready)), strict=True))

    compiled.__doc__ = f"Keyword callable of ({', '.join(arguments)}) on {backend}; no validation."
    return compiled
