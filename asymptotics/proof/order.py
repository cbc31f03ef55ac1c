"""Signs of polynomials on a region, decided by z3's procedure for real closed fields.

Every symbol and generator is a real variable there, with the facts that are known of it: its sign, its relation, the
ends it lies between. Facts that are not polynomial are left out. The set that z3 looks at therefore contains the
region, and what it finds impossible there is impossible on the region. The converse is no statement: a point that z3
finds need not belong to the region.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from asymptotics.proof.field import Field, Polynomial
from asymptotics.proof.region import Sign

MOST_TERMS, HIGHEST_DEGREE = 30, 10
"""Beyond these z3 is not asked: it may think for minutes, and does not count that as work."""
MILLISECONDS = 3000
"""Where its own count of work fails."""
WORK = 500_000
"""z3's own measure of work, so that answers do not depend on the machine."""
_OPPOSITE: dict[Sign, Sign] = {"> 0": "<= 0", ">= 0": "< 0", "< 0": ">= 0", "<= 0": "> 0", "= 0": ""}


class Order:
    """What is known of the variables of a field, and the signs that follow.

    ``seen`` returns signs (-1, 0, 1) that a polynomial has at some points, to save work: no answer rests on it.
    """

    def __init__(self, field: Field, seen: Callable[[Polynomial], set[int]]) -> None:
        self.field, self.seen = field, seen
        self._facts: list[tuple[frozenset[int], tuple[tuple[Polynomial, Sign], ...]]] = []
        self._solver: _Solver | None = None
        self._signs: dict[str, Sign] = {}
        self._learned: dict[str, Sign] = {}
        self._low: dict[int, tuple[Any, bool]] = {}
        self._high: dict[int, tuple[Any, bool]] = {}

    def assume(self, *alternatives: tuple[Polynomial, Sign]) -> None:
        """Take it as known that one of these polynomials has the sign beside it."""
        depends = self.field.depends(*(polynomial for polynomial, _ in alternatives))
        self._facts.append((depends, alternatives))
        self._signs.clear()
        if len(alternatives) == 1:
            self._bound(*alternatives[0])

    def _bound(self, polynomial: Polynomial, sign: Sign) -> None:
        """Note the end of a variable's range, and whether it is left out, where the fact is one."""
        used = [k for k, degree in enumerate(polynomial.degrees()) if degree > 0]
        if len(used) != 1 or polynomial.degrees()[used[0]] != 1 or sign == "= 0":
            return
        parts = {k: part.leading_coefficient() for k, part in self.field.coefficients(polynomial, used[0]).items()}
        end, rises = -parts.get(0, 0) / parts[1], parts[1] > 0
        below = rises == (sign[0] == ">")
        ends, strict = (self._low if below else self._high), len(sign) == 3
        before = ends.get(used[0])
        if before is None or (end > before[0] if below else end < before[0]) or (end == before[0] and strict):
            ends[used[0]] = (end, strict)

    def sign(self, polynomial: Polynomial) -> Sign:
        """Return the strongest sign that the polynomial is shown to have on the region, "" for none."""
        if polynomial.is_constant():
            value = polynomial.leading_coefficient() if polynomial != 0 else 0
            return "= 0" if value == 0 else "> 0" if value > 0 else "< 0"
        key = str(polynomial)
        if key not in self._signs:
            self._signs[key] = self._learned.get(key) or self._decided(polynomial)
        return self._signs[key]

    def learn(self, polynomial: Polynomial) -> None:
        """Take it as known that the polynomial is >= 0.

        Where all of its factors but one are never 0 and have a sign, that one has theirs.
        """
        content, factors = polynomial.factor()
        positive, unknown = content > 0, []
        for factor, multiplicity in factors:
            sign = self.sign(factor)
            positive ^= sign == "< 0" and multiplicity % 2 == 1
            unknown += [(factor, multiplicity)] if sign not in ("> 0", "< 0") else []
        if len(unknown) == 1 and unknown[0][1] % 2:
            self._learned[str(unknown[0][0])] = ">= 0" if positive else "<= 0"
            self._signs.clear()

    def _decided(self, polynomial: Polynomial) -> Sign:
        """The sign of the product of the factors, or where one of them has none, of the whole."""
        content, factors = polynomial.factor()
        negative, strict = content < 0, True
        for factor, multiplicity in factors:
            whole = len(factors) == 1 and multiplicity == 1
            sign = self._of_factor(factor) if whole else self.sign(factor)
            if sign == "= 0":
                return "= 0"
            strict &= sign in ("> 0", "< 0") or (multiplicity % 2 == 0 and self.holds(factor**2, "> 0"))
            if multiplicity % 2 == 0:
                continue
            if not sign:
                return "" if whole else self._of_factor(polynomial)
            negative ^= sign in ("< 0", "<= 0")
        return ("< 0" if strict else "<= 0") if negative else ("> 0" if strict else ">= 0")

    def _of_factor(self, polynomial: Polynomial) -> Sign:
        """What the coefficients or z3 show; what points contradict is not tried."""
        seen = self.seen(polynomial)
        above = -1 not in seen and (self._by_coefficients(polynomial) or self.holds(polynomial, ">= 0"))
        below = 1 not in seen and (self._by_coefficients(-polynomial) or self.holds(polynomial, "<= 0"))
        if above and below:
            return "= 0"
        if not above and not below:
            return ""
        size = polynomial if above else -polynomial
        strict = 0 not in seen and (
            (self._by_coefficients(size) and self._strict(size))
            or (not self._is_root(size) and self.holds(size, "> 0")))
        return (">" if above else "<") + (" 0" if strict else "= 0")  # type: ignore[return-value]

    def _is_root(self, polynomial: Polynomial) -> bool:
        """Whether it is a root alone: whether that is > 0 was noted when it was made."""
        return any(each.kind == "root" and polynomial == self.field.variables[k]
                   for k, each in enumerate(self.field.generators))

    def _by_coefficients(self, polynomial: Polynomial) -> bool:
        """Whether it is a sum of terms >= 0, once each variable is written as its least value plus e >= 0.

        One with both ends, a <= v < b, is (a + b e)/(1 + e); the denominators, which are positive, are left out. A
        variable without a least value may have even powers.
        """
        terms = self._from_ends(polynomial).to_dict().items()
        return all(coefficient > 0 and all(exponent % 2 == 0 or k in self._low for k, exponent in enumerate(exponents))
                   for exponents, coefficient in terms)

    def _strict(self, polynomial: Polynomial) -> bool:
        """Of a polynomial that is >= 0 by its coefficients: whether one of its terms never vanishes."""
        return any(all(not exponent or (k in self._low and self._low[k][1]) for k, exponent in enumerate(exponents))
                   for exponents in self._from_ends(polynomial).to_dict())

    def _from_ends(self, polynomial: Polynomial) -> Polynomial:
        field = self.field
        for k, degree in enumerate(polynomial.degrees()):
            low, high = (ends.get(k, (None, True))[0] for ends in (self._low, self._high))
            if high is not None and not self._high[k][1]:
                high = None
            if not degree or low is None or (low == 0 and high is None):
                continue
            e = field.variables[k]
            above, below = (low + e, field.one) if high is None else (low + high * e, 1 + e)
            parts = field.coefficients(polynomial, k).items()
            polynomial = sum((part * above**power * below ** (degree - power) for power, part in parts),
                             field.context.constant(0))
        return polynomial

    def holds(self, polynomial: Polynomial, sign: Sign) -> bool:
        """Whether the polynomial is shown to have this sign on the region."""
        if len(polynomial.to_dict()) > MOST_TERMS or polynomial.total_degree() > HIGHEST_DEGREE:
            return False
        if sign == "= 0":
            return self.holds(polynomial, ">= 0") and self.holds(polynomial, "<= 0")
        return self._impossible([(polynomial, _OPPOSITE[sign])], self.field.depends(polynomial))

    def is_empty(self) -> bool:
        """Whether the region is shown to hold no point."""
        every = frozenset(range(len(self.field.generators)))
        return self._impossible([], every)

    def _impossible(self, claim: list[tuple[Polynomial, Sign]], depends: frozenset[int]) -> bool:
        """Whether no point has the ``claim`` and the facts of its variables, and of the symbols tied to them."""
        if self._solver is None:
            self._solver = _Solver()
        symbols = {k for k, each in enumerate(self.field.generators) if each.kind == "symbol"}
        facts = [fact for variables, fact in self._facts
                 if variables & depends and (variables <= depends or variables <= symbols)]
        return self._solver.refutes([*facts, *((each,) for each in claim)])


class _Solver:
    """z3, with a context of its own, so that threads do not meet in it."""

    def __init__(self) -> None:
        import z3

        self._z3: Any = z3
        self._context = z3.Context()
        self._variables: dict[int, Any] = {}

    def refutes(self, facts: Sequence[Sequence[tuple[Polynomial, Sign]]]) -> bool:
        """Whether no real numbers satisfy one of the alternatives of each fact."""
        solver = self._z3.Tactic("qfnra-nlsat", ctx=self._context).solver()
        solver.set("rlimit", WORK)
        solver.set("timeout", MILLISECONDS)
        for alternatives in facts:
            parts = [self._compared(polynomial, sign) for polynomial, sign in alternatives]
            solver.add(parts[0] if len(parts) == 1 else self._z3.Or(*parts))
        return bool(solver.check() == self._z3.unsat)

    def _compared(self, polynomial: Polynomial, sign: Sign) -> Any:
        value = self._translated(polynomial)
        return {"> 0": value > 0, ">= 0": value >= 0, "< 0": value < 0, "<= 0": value <= 0, "= 0": value == 0}[sign]

    def _translated(self, polynomial: Polynomial) -> Any:
        total: Any = self._z3.RealVal(0, self._context)
        for exponents, coefficient in polynomial.to_dict().items():
            term: Any = self._z3.RealVal(str(coefficient), self._context)
            for k, exponent in enumerate(exponents):
                for _ in range(int(exponent)):
                    term = term * self._variable(k)
            total = total + term
        return total

    def _variable(self, k: int) -> Any:
        if k not in self._variables:
            self._variables[k] = self._z3.Real(f"v{k}", self._context)
        return self._variables[k]
