"""Limits by continuity, where there is no series in powers: n^(-1/10) tends to 0, and with it what is made of it."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from asymptotics.expansion.expander import ANALYTIC, ENDS, Expander
from asymptotics.expansion.laurent import Fractional, Truncated
from asymptotics.functions import beta_below, normal_below
from asymptotics.proof import Defined

_CONTINUOUS = (*ANALYTIC, sp.Abs, sp.Min, sp.Max, sp.acosh)
"""Continuous wherever they have real values."""
_ENDS: dict[type, tuple[sp.Expr | None, sp.Expr | None]] = {
    **ENDS, sp.exp: (sp.S.Zero, sp.oo), sp.atan: (-sp.pi / 2, sp.pi / 2), sp.Abs: (sp.oo, sp.oo),
    sp.sinh: (-sp.oo, sp.oo), sp.cosh: (sp.oo, sp.oo), sp.asinh: (-sp.oo, sp.oo), sp.acosh: (None, sp.oo),
}
"""What functions tend to where their argument tends to minus and to plus infinity."""


class Indeterminate(ValueError):
    """The limits of the parts do not determine that of the whole."""


def limit(node: sp.Expr, expander: Expander) -> sp.Expr:
    """Return the limit as y -> 0+, which may be infinite; ValueError where the rules do not give it.

    A part has the limit that its series has, or that which its own parts determine. What has roots is tried by parts
    first: a root is continuous where it has no series, at 0.
    """
    ways = (_of_parts, _of_series) if has_root(node) else (_of_series, _of_parts)
    try:
        with expander.conditions.apart() as own:
            found = ways[0](node, expander)
    except (Truncated, Fractional):
        raise
    except ValueError:
        return ways[1](node, expander)
    for relation in own:
        expander.conditions.need(relation)
    return found


def has_root(node: sp.Expr) -> bool:
    """Whether there are powers in an expression that are fractions."""
    return any(power.exp.is_Rational and not power.exp.is_Integer for power in node.atoms(sp.Pow))


def _of_parts(node: sp.Expr, expander: Expander) -> sp.Expr:
    if isinstance(node, Defined) and not isinstance(node, normal_below):
        return limit(node.definition, expander)
    if not isinstance(node, (sp.Add, sp.Mul, sp.Pow, sp.log, beta_below, *_CONTINUOUS)):
        raise Indeterminate(f"no rule for the limit of {node.func.__name__}")
    found = _put_together(node, [limit(part, expander) for part in node.args], expander)
    if found is None:
        raise Indeterminate(f"the limits of its parts do not tell that of {node.func.__name__}")
    return found


def _of_series(node: sp.Expr, expander: Expander) -> sp.Expr:
    series = expander.series(node)
    if series.end > 0 and series.valuation >= 0:
        return series.coefficients[0] if series.valuation == 0 else sp.S.Zero
    if series.valuation < 0 and series.coefficients[0] != 0:
        return _infinite(expander.conditions.sign(series.leading))
    raise Truncated("the expansion cancels in all terms that were computed")


def _infinite(sign: sp.Expr) -> sp.Expr:
    if sign not in (1, -1):
        raise Indeterminate(f"whether a part tends to oo or to -oo depends on {sign}")
    return sign * sp.oo


def _put_together(node: sp.Expr, parts: list[sp.Expr], expander: Expander) -> sp.Expr | None:
    infinite = [part for part in parts if part in (sp.oo, -sp.oo)]
    if node.is_Add:
        return _sum(node.args, parts, infinite, expander)
    if node.is_Mul:
        return _product(parts, infinite, expander)
    if isinstance(node, sp.log):
        return sp.oo if infinite == [sp.oo] else _logarithm(parts[0], expander)
    if node.is_Pow and not isinstance(node, sp.exp):
        return _power(parts[0], parts[1], expander)
    if isinstance(node, beta_below):
        return _beta(parts[0], parts[1], infinite, expander)
    if isinstance(node, _CONTINUOUS) and not infinite:
        return node.func(*parts)
    ends = _ENDS.get(type(node))
    return None if ends is None else ends[int(parts[0] == sp.oo)]


def _sum(terms: Sequence[sp.Expr], parts: list[sp.Expr], infinite: list[sp.Expr], expander: Expander) -> sp.Expr | None:
    """Any power outgrows the logarithm of a power."""
    if not infinite:
        return sp.Add(*parts)
    if len(set(infinite)) == 1:
        return infinite[0]
    growing = [(term, part) for term, part in zip(terms, parts, strict=True) if part in (sp.oo, -sp.oo)]
    fast = [part for term, part in growing if _is_power(term, expander)]
    slow = [part for term, part in growing if _is_logarithm(term, expander)]
    return fast[0] if len(set(fast)) == 1 and len(fast) + len(slow) == len(growing) else None


def _is_power(term: sp.Expr, expander: Expander) -> bool:
    try:
        return bool(expander.series(term).valuation != 0)
    except ValueError:
        return False


def _is_logarithm(term: sp.Expr, expander: Expander) -> bool:
    function = term.as_coeff_Mul()[1]
    return isinstance(function, sp.log | sp.acosh | sp.asinh) and _is_power(function.args[0], expander)


def _product(parts: list[sp.Expr], infinite: list[sp.Expr], expander: Expander) -> sp.Expr | None:
    if not infinite:
        return sp.Mul(*parts)
    finite = [part for part in parts if part not in infinite]
    if any(part == 0 for part in finite):
        return None
    return _infinite(sp.Mul(*(1 if part == sp.oo else -1 for part in infinite), *map(expander.conditions.sign, finite)))


def _logarithm(part: sp.Expr, expander: Expander) -> sp.Expr:
    """Of an argument that is positive: where it tends to 0, the expression has values only if it is."""
    if part == 0:
        return -sp.oo
    expander.conditions.require_positive(part)
    return sp.log(part)


def _power(base: sp.Expr, exponent: sp.Expr, expander: Expander) -> sp.Expr | None:
    """Of a finite exponent that is not 0; a root has values only where its base is not negative."""
    if base == -sp.oo and exponent.is_even:
        base = sp.oo
    if exponent in (sp.oo, -sp.oo) or base == -sp.oo or exponent == 0:
        return None
    if base not in (sp.oo, 0):
        if not exponent.is_positive:
            (expander.conditions.require_nonzero if exponent.is_Integer else expander.conditions.require_positive)(base)
        return base**exponent
    whole = exponent.is_Integer and base == 0
    if whole and exponent < 0:
        return None
    grows = (_infinite(expander.conditions.sign(exponent)) == sp.oo) == (base == sp.oo)
    return sp.oo if grows else sp.S.Zero


def _beta(a: sp.Expr, x: sp.Expr, infinite: list[sp.Expr], expander: Expander) -> sp.Expr | None:
    """beta_below(a, x) is continuous in both for a > 0 and 0 <= x <= 1."""
    if infinite:
        return None
    expander.conditions.require_positive(a)
    return beta_below(a, x)
