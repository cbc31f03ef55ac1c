"""Checks of arguments: every error names the argument, its value and what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from math import isfinite
from numbers import Integral, Real

import numpy as np
import torch

from asymptotics.coerce import choice as choice

# Beyond this the square of a length, added to another, is lost in the rounding of float64.
SMALLEST_LENGTH, LARGEST_LENGTH = 1e-6, 1e6
# Beyond this nothing of the data is left in a weight of order n draws / ridge.
LARGEST_RIDGE = 1e12


def integer(name: str, value: object, *, least: int, most: int | None = None) -> int:
    """``value`` as int. TypeError unless an integer (bool is none), ValueError if out of range."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral):
        raise TypeError(f"{name} = {value!r} must be an integer")
    number = int(value)
    if number < least:
        raise ValueError(f"{name} = {value} must be >= {least}")
    if most is not None and number > most:
        raise ValueError(f"{name} = {value} must be <= {most}")
    return number


def real(
    name: str, value: object, *, least: float | None = None, above: float | None = None,
    most: float | None = None,
) -> float:
    """``value`` as float. TypeError unless a real number, ValueError if not finite or out of range.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise TypeError(f"{name} = {value!r} must be a real number")
    number = float(value)
    if not isfinite(number):
        raise ValueError(f"{name} = {value} must be finite")
    if least is not None and number < least:
        raise ValueError(f"{name} = {value} must be >= {least:g}")
    if above is not None and number <= above:
        raise ValueError(f"{name} = {value} must be > {above:g}")
    if most is not None and number > most:
        raise ValueError(f"{name} = {value} must be <= {most:g}")
    return number


def length(name: str, value: object) -> float:
    """``value`` as float: a length > 0 whose square float64 can add to that of a standard normal."""
    number = real(name, value, above=0.0)
    if not SMALLEST_LENGTH <= number <= LARGEST_LENGTH:
        side = f">= {SMALLEST_LENGTH:g}" if number < 1.0 else f"<= {LARGEST_LENGTH:g}"
        raise ValueError(f"{name} = {value} must be {side}: its square would drown in rounding")
    return number


def penalty(ridge: object, name: str = "ridge") -> float:
    """Return the weight of a penalty as float; ValueError unless it lies in [0, LARGEST_RIDGE]."""
    return real(name, ridge, least=0.0, most=LARGEST_RIDGE)


def flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name} = {value!r} must be True or False")
    return value


def tensor(name: str, value: object, shape: tuple[int | None, ...]) -> torch.Tensor:
    """``value`` if it is a floating tensor of this shape (None: any size) without NaN or infinity.
    """
    if not isinstance(value, torch.Tensor) or not value.is_floating_point():
        kind = value.dtype if isinstance(value, torch.Tensor) else type(value).__name__
        raise TypeError(f"{name} must be a floating-point torch tensor, not {kind}")
    fits = value.dim() == len(shape) and all(
        want is None or size == want for size, want in zip(value.shape, shape, strict=True)
    )
    if not fits:
        wanted = "(" + ", ".join("any" if want is None else str(want) for want in shape) + ")"
        raise ValueError(f"{name} has shape {tuple(value.shape)}; it must be {wanted}")
    if not bool(torch.isfinite(value).all()):
        raise ValueError(f"{name} holds values that are not finite")
    return value


def same_kind(reference: torch.Tensor, **others: torch.Tensor) -> None:
    """TypeError unless all tensors have the dtype and device of ``reference``."""
    for name, other in others.items():
        if other.dtype != reference.dtype or other.device != reference.device:
            raise TypeError(
                f"{name} is {other.dtype} on {other.device}, expected {reference.dtype} on "
                f"{reference.device}; convert it with .to(...)"
            )


def keywords(function: str, options: Mapping[str, object], known: type) -> None:
    """Raise the TypeError that Python would, where ``**options`` of a function are not those of a TypedDict.

    Parameters
    ----------
    function
        Name of the function, for the message.
    options
        The keywords that it was called with.
    known
        The TypedDict that says which there are and which of them are required.
    """
    for name in options:
        if name not in known.__annotations__:
            close = get_close_matches(name, known.__annotations__, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}{hint}")
    # Annotations are text here, in which Python itself does not look for Required.
    required = [name for name, kind in known.__annotations__.items() if "'Required[" in repr(kind)]
    if missing := [name for name in required if name not in options]:
        *first, last = map(repr, missing)
        names = f"{', '.join(first)}{',' if len(first) > 1 else ''} and {last}" if first else last
        kind = f"required keyword-only argument{'s' if first else ''}"
        raise TypeError(f"{function}() missing {len(missing)} {kind}: {names}")
