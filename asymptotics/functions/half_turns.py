"""Sine and cosine of multiples of pi, exact where they vanish."""

from __future__ import annotations

import math
from typing import Any

import sympy as sp


class cospi(sp.Function):
    """cos(pi x), for numerics alone: exactly 0 at 1/2 and relatively accurate near it."""

    nargs = 1


class sinpi(sp.Function):
    """sin(pi x), for numerics alone: exactly 0 at 1 and relatively accurate near it."""

    nargs = 1


def in_half_turns(expression: Any) -> Any:
    """cos and sin of multiples of pi as `cospi` and `sinpi`: pi in floating point would leave 6e-17 of a zero."""
    for plain, ours in ((sp.cos, cospi), (sp.sin, sinpi)):
        expression = expression.replace(
            lambda node, plain=plain: isinstance(node, plain) and bool(node.free_symbols)
            and not (node.args[0] / sp.pi).has(sp.pi),
            lambda node, ours=ours: ours(node.args[0] / sp.pi),
        )
    return expression


def cospi_array(xp: Any, x: Any) -> Any:
    """cos(pi x) in numpy or torch (``xp``)."""
    turn = abs(x - 2 * xp.round(x / 2))
    near = xp.sin(math.pi * (0.5 - turn))
    ends = xp.where(turn < 0.5, xp.cos(math.pi * turn), -xp.cos(math.pi * (1 - turn)))
    return xp.where(abs(turn - 0.5) < 0.25, near, ends)


def sinpi_array(xp: Any, x: Any) -> Any:
    """sin(pi x) in numpy or torch (``xp``)."""
    turn = x - 2 * xp.round(x / 2)
    turn = xp.where(turn > 0.5, 1 - turn, xp.where(turn < -0.5, -1 - turn, turn))
    side = xp.where(turn < 0, turn * 0 - 1, turn * 0 + 1)
    return xp.where(abs(turn) < 0.25, xp.sin(math.pi * turn), side * xp.cos(math.pi * (0.5 - abs(turn))))
