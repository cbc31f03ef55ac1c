"""Turning the values of a call into float64 arrays or exact fractions, and checking names."""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal
from fractions import Fraction
from numbers import Real
from typing import Any

import numpy as np
import sympy as sp


def as_float64(name: str, value: Any) -> np.ndarray:
    """One argument as a float64 array; TypeError for anything that is not real numbers."""
    if type(value).__module__.split(".")[0] == "torch":
        raise TypeError(f'{name} is a torch tensor; use formula.compile("torch") for tensors')
    if isinstance(value, bool | np.bool_ | str | bytes | complex) or value is None:
        raise TypeError(f"{name} = {value!r} must be a real number or an array of them")
    if isinstance(value, Real):
        try:
            return np.asarray(float(value))
        except OverflowError:
            raise ValueError(f"{name} = {value} exceeds float64; use evaluate()") from None
    _refuse_mixed(name, value)
    try:
        array = np.asarray(value)
    except ValueError:
        raise TypeError(f"{name} = {value!r} is not a rectangular array of numbers") from None
    if isinstance(value, np.ma.MaskedArray) or array.dtype.kind not in "iuf":
        remedy = f"; where all are numbers, give {name}.astype(float)" if array.dtype.kind == "O" else ""
        raise TypeError(
            f"{name} = {value!r} must be a real number or an array of them (dtype {array.dtype}){remedy}"
        )
    return array.astype(np.float64)


def as_number(name: str, value: Any) -> float:
    """One argument as a float; TypeError for an array."""
    array = as_float64(name, value)
    if array.ndim:
        raise TypeError(f"{name} = {value!r} must be a single number")
    return float(array)


def as_probability(name: str, value: Any) -> float:
    """One argument as a float strictly between 0 and 1."""
    number = as_number(name, value)
    if not 0 < number < 1:
        raise ValueError(f"{name} = {value} is not allowed: 0 < {name} < 1")
    return number


def as_positive(name: str, value: Any) -> float:
    """One argument as a finite float > 0."""
    number = as_number(name, value)
    if not 0 < number < float("inf"):
        raise ValueError(f"{name} = {value} is not allowed: {name} > 0, and finite")
    return number


def as_integer(name: str, value: Any, least: int, why: str = "") -> int:
    """One argument as an int >= ``least``; the error says ``why`` there is a least one."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} = {value!r} must be an integer >= {least}{why}")
    return int(value)


def _refuse_mixed(name: str, value: Any) -> None:
    """Lists are read by numpy, which would take True for 1 and a tensor for its value."""
    for item in value if isinstance(value, list | tuple) else ():
        if isinstance(item, list | tuple):
            _refuse_mixed(name, item)
        elif isinstance(item, bool | np.bool_) or type(item).__module__.split(".")[0] == "torch":
            raise TypeError(f"{name} = {value!r} must hold real numbers only, not {type(item).__name__}")


def as_fraction(name: str, value: Any) -> Fraction:
    """One argument exactly: int, Fraction, decimal or ratio as text, mpf, or a float as it is stored."""
    if isinstance(value, bool | np.bool_) or value is None:
        raise TypeError(f"{name} = {value!r} must be a number")
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        exponent = re.search(r"[eE]([+-]?\d+)\s*$", value)
        if exponent and abs(int(exponent[1][:8])) > 10_000:
            raise ValueError(f"{name} = {shorten(value)} is not allowed: its exponent is beyond 10000")
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError):
            if value.strip().lower().lstrip("+-") in ("nan", "inf", "infinity"):
                raise ValueError(f"{name} = {value} is not allowed: it must be finite") from None
            raise TypeError(f"{name} = {shorten(value)} does not read as a number") from None
    if hasattr(value, "_mpf_"):
        sign, mantissa, exponent, _ = value._mpf_
        if not mantissa and exponent:
            raise ValueError(f"{name} = {value} is not allowed: it must be finite")
        return Fraction(int(mantissa)) * Fraction(2) ** exponent * (-1) ** sign
    if isinstance(value, sp.Rational):
        return Fraction(int(value.p), int(value.q))
    if isinstance(value, int | float | Fraction | Decimal):
        try:
            return Fraction(value)
        except (ValueError, OverflowError):
            raise ValueError(f"{name} = {value} is not allowed: it must be finite") from None
    raise TypeError(f"{name} = {value!r} must be a single number (int, float, Fraction, text or mpf)")


def written(number: Any) -> str:
    """A fraction for people: as it is where it is short, else the digits of the nearest float."""
    return str(number) if len(str(number)) <= 12 else repr(float(number))


def shorten(text: object, longest: int = 60) -> str:
    """Quote a text for a message, cut where it is long."""
    whole = str(text)
    return repr(whole if len(whole) <= longest else whole[: longest - 3] + "...")


def choice(name: str, value: object, allowed: Collection[str]) -> str:
    """Return ``value`` if it is one of ``allowed``; else an error lists them and names the closest."""
    if not isinstance(value, str):
        raise TypeError(f"{name} = {value!r} must be one of {', '.join(sorted(allowed))}")
    if value not in allowed:
        from difflib import get_close_matches

        close = get_close_matches(value, allowed, n=3, cutoff=0.4)
        hint = f"; did you mean {' or '.join(repr(each) for each in close)}?" if close else ""
        raise ValueError(f"{name} = {value!r} must be one of {', '.join(sorted(allowed))}{hint}")
    return value
