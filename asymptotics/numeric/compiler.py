"""From expressions to callables, for every backend.

One printer writes one Python source (`asymptotics.numeric.python_source`); a backend is only the table of
functions that the source calls (`asymptotics.numeric.backends`).
"""

from __future__ import annotations

import keyword
import math
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import sympy as sp

from asymptotics.functions import FUNCTIONS, BoundVariable
from asymptotics.numeric.backends import BACKENDS as BACKENDS, table
from asymptotics.numeric.python_source import Definition, ready, source


def _numpy_prepare(values: dict[str, Any]) -> tuple[dict[str, Any], Callable[[Any], Any]]:
    import numpy as np

    arrays = {name: np.asarray(value, dtype=np.float64)[()] for name, value in values.items()}
    shape = np.broadcast(*arrays.values()).shape if arrays else ()

    def finish(value: Any) -> Any:
        value = np.float64(value) if np.ndim(value) == 0 else value
        return value if np.shape(value) == shape else np.broadcast_to(value, shape).copy()

    return arrays, finish


PIECE = 16384
"""Entries evaluated at a time on long arrays: the temporaries of a piece stay in the processor's cache."""


def _pieces(arrays: dict[str, Any], costly: bool) -> tuple[int, ...]:
    """The common shape, if the arrays are long and each is a number or fills it; else nothing.

    Where an entry is ``costly`` (a mean, a root, a beta law: hundreds of evaluations) the arrays need not fill it.
    """
    import numpy as np

    shapes = {array.shape for array in arrays.values() if array.ndim}
    if not shapes or (len(shapes) > 1 and not costly):
        return ()
    shape = np.broadcast_shapes(*shapes)
    return shape if math.prod(shape) > 2 * PIECE else ()


def _in_pieces(
    function: Callable[..., Any], arrays: dict[str, Any], shape: tuple[int, ...], results: int
) -> list[Any]:
    """The function on flat pieces of its arrays, each written into whole results.

    These are rows of one block: a large one comes in large pages, and first touching fresh small ones costs as much
    as the arithmetic.
    """
    import numpy as np

    flat = {
        name: array if not array.ndim else array.reshape(-1) if array.shape == shape
        else np.broadcast_to(array, shape).flat for name, array in arrays.items()
    }
    whole = np.empty((results, math.prod(shape)))
    for start in range(0, math.prod(shape), PIECE):
        part = slice(start, start + PIECE)
        values = function(**{name: array[part] if arrays[name].ndim else array for name, array in flat.items()})
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
        value = value.to(dtype)
        return value if value.shape == shape else value.expand(shape)

    return tensors, finish


_PREPARE = {"numpy": _numpy_prepare, "mpmath": _mpmath_prepare, "torch": _torch_prepare}


@cache
def _build(text: str, backend: str) -> Callable[..., Any]:
    space = dict(table(backend))
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
    table(backend)
    where = tuple(where)
    letters = {symbol: sp.Symbol(f"shorthand_{k}", **symbol.assumptions0) for k, (symbol, _) in enumerate(where)
               if not symbol.name.isidentifier() or keyword.iskeyword(symbol.name)}
    expressions = {name: ready(body.xreplace(letters)) for name, body in expressions.items()}
    where = [(letters.get(symbol, symbol), ready(meaning.xreplace(letters))) for symbol, meaning in where]
    function = _build(source(expressions, arguments, where), backend)
    prepare, names, filled = _PREPARE[backend], tuple(expressions), dict(defaults or {})
    bodies = (*expressions.values(), *(meaning for _, meaning in where))
    costly = any(body.has(BoundVariable, *FUNCTIONS) for body in bodies)

    def compiled(**values: Any) -> dict[str, Any]:
        given, finish = prepare({**filled, **values})
        if backend == "numpy" and (pieces := _pieces(given, costly)):
            return dict(zip(names, _in_pieces(function, given, pieces, len(names)), strict=True))
        return dict(zip(names, map(finish, function(**given)), strict=True))

    compiled.__doc__ = f"Keyword callable of ({', '.join(arguments)}) on {backend}; no validation."
    return compiled
