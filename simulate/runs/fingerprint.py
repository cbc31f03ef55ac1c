"""What settings are, exactly: plain values that are equal for equal settings only, and digests of them.

Floats go in with all their digits (the shortest text that reads back as the same float), arrays by a digest of their
bytes, objects by their type and fields, functions by where they are defined.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Any

import numpy as np
import torch


def digest(*values: Any) -> str:
    """64 hexadecimal digits: equal for equal canonical values, and for nothing else."""
    return hashlib.sha256(text(list(values)).encode()).hexdigest()


def text(value: Any) -> str:
    """The canonical value as one line of JSON."""
    return json.dumps(canonical(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


NOT_IDENTIFYING: Mapping[str, bool] = MappingProxyType({"identifying": False})
"""Mark a field of a dataclass as no part of its fingerprint: ``field(metadata=NOT_IDENTIFYING)``."""


def canonical(value: Any) -> Any:
    """``value`` as what JSON knows; TypeError where it has no identity of its own (a lambda, an open file)."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | np.integer | np.bool_):
        return value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float | np.floating):
        return _real(value)
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {"type": _place(type(value)), "fields": {k: canonical(getattr(value, k)) for k in value._fields}}
    if isinstance(value, list | tuple | range):
        return [canonical(each) for each in value]
    if isinstance(value, np.random.SeedSequence):
        return {"seed": [canonical(value.entropy), *map(int, value.spawn_key)], "pool_size": value.pool_size}
    if isinstance(value, np.ndarray | torch.Tensor):
        return _array(value)
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value) if field.metadata.get("identifying", True)]
        own = {name: canonical(getattr(value, name)) for name in names}
        return {"type": _place(type(value)), "fields": own}
    return _other(value)


def require_storable(**values: Any) -> None:
    """Raise TypeError, with its name, for a value that a store could not recognise in a later run."""
    for name, value in values.items():
        try:
            canonical(value)
        except TypeError as problem:
            raise TypeError(f"{name} cannot be known again by a store: {problem}") from None


def _real(value: Any) -> Any:
    if not isinstance(value, float):  # Of numpy, shorter or longer.
        return {value.dtype.name: str(value)}
    number = float(value)
    return number if np.isfinite(number) else {"float": repr(number)}


def _mapping(value: Mapping[Any, Any]) -> Any:
    if all(isinstance(name, str) for name in value):
        return {"map": {name: canonical(each) for name, each in value.items()}}
    pairs = [[canonical(name), canonical(each)] for name, each in value.items()]
    return {"pairs": sorted(pairs, key=lambda pair: json.dumps(pair[0], sort_keys=True))}


def _array(value: np.ndarray | torch.Tensor) -> Any:
    if isinstance(value, torch.Tensor) and value.dtype == torch.bfloat16:
        return {"bfloat16": canonical(value.float())}  # numpy has none; float32 holds it exactly.
    array = value.numpy(force=True) if isinstance(value, torch.Tensor) else value
    if array.dtype.hasobject:
        raise TypeError("an array of objects has no identity; use numbers")
    bytes_ = np.ascontiguousarray(array)
    return {
        "array": hashlib.sha256(bytes_.tobytes()).hexdigest(), "dtype": str(array.dtype), "shape": list(array.shape),
        "kind": "tensor" if isinstance(value, torch.Tensor) else "array",
    }


def _other(value: Any) -> Any:
    if isinstance(value, functools.partial):
        return {
            "partial": canonical(value.func), "args": canonical(value.args), "keywords": canonical(value.keywords),
        }
    if isinstance(value, torch.nn.Module):
        return _network(value)
    if isinstance(value, torch.distributions.Distribution):
        own = {k: canonical(v) for k, v in vars(value).items()}
        return {"distribution": _place(type(value)), "own": own}
    if isinstance(value, torch.dtype | torch.device):
        return {"torch": str(value)}
    if isinstance(value, PurePath):
        return {"path": str(value)}
    if any(base.__module__.split(".")[0] == "sympy" for base in type(value).__mro__):
        # Exact expressions of a schedule, whose symbols may be of a class of our own: their text says all.
        return {"expression": str(value)}
    if inspect.ismethod(value):
        return {"method": value.__name__, "of": canonical(value.__self__)}
    if callable(value) and hasattr(value, "__qualname__"):
        place = _place(value)
        if not _is_found(value):
            raise TypeError(
                f"{place} has no identity that another process could know: define it with def or class in a module, "
                "and give it its settings as arguments (or functools.partial)"
            )
        return {"function": place}
    raise TypeError(
        f"{type(value).__name__} has no identity here: use numbers, text, arrays, sequences, mappings, dataclasses "
        "or functions of a module"
    )


def _network(value: torch.nn.Module) -> Any:
    """Its modules with their settings and, outside torch, the text of their files; parameters and buffers."""
    modules = {}
    for name, each in value.named_modules():
        own = {k: canonical(v) for k, v in vars(each).items() if not k.startswith("_")}
        kind = type(each)
        text = "" if kind.__module__.split(".")[0] == "torch" else source_digest(kind)
        modules[name] = {"type": _place(kind), "own": own, "text": text}
    parameters = {name: [each.requires_grad, canonical(each)] for name, each in value.named_parameters()}
    return {"modules": modules, "parameters": parameters, "buffers": canonical(dict(value.named_buffers()))}


def source_digest(function: Any) -> str:
    """Of the file that a function is defined in, or of its code where there is none: another text is another function.
    """
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(getattr(function, "__func__", function))
    try:
        return hashlib.sha256(Path(inspect.getsourcefile(function) or "").read_bytes()).hexdigest()
    except (TypeError, OSError):
        code = getattr(function, "__code__", None)
        known = (_place(function),) if code is None else (code.co_code, code.co_consts, code.co_names)
        return hashlib.sha256(repr(known).encode()).hexdigest()


def _place(thing: Any) -> str:
    if not hasattr(thing, "__qualname__"):
        raise TypeError(f"{type(thing).__name__} has no identity here: use a function of a module")
    return f"{thing.__module__}:{thing.__qualname__}"


def _is_found(thing: Any) -> bool:
    """Whether it lies where its name says: a function made in a call has values that its name does not tell."""
    found: Any = sys.modules.get(thing.__module__)
    for part in thing.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is thing
