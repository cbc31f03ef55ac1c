"""Which formulas are derived from which, read off their derivations: one continues another whose steps are its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from asymptotics.derivation import Derivation
from asymptotics.formula import Formula


def builds_on(formula: Formula, others: Iterable[Formula]) -> tuple[Formula, ...]:
    """Those of ``others`` that the formula's derivation contains whole, without those that they build on themselves.

    A fluctuation or a bias builds on the formula that it is of.
    """
    candidates = [each for each in others if each.name != formula.name]
    steps = {each.name: _steps(each) for each in (formula, *candidates)}
    inside = [each for each in candidates if steps[each.name] < steps[formula.name]]
    nearest = [each for each in inside if not any(steps[each.name] < steps[other.name] for other in inside)]
    base = [each for each in candidates if formula.name.rpartition(".")[0] == each.name]
    return tuple(dict.fromkeys([*base, *nearest]))


def _steps(formula: Formula) -> frozenset[int]:
    return frozenset(map(id, formula.derivation.steps))


def shared_steps(derivation: Derivation, earlier: Mapping[str, Derivation]) -> tuple[int, str]:
    """How many leading steps the derivation has in common with one of ``earlier``, at most, and the name of that."""
    best, owner = 0, ""
    for name, other in earlier.items():
        common = 0
        for mine, theirs in zip(derivation.steps, other.steps, strict=False):
            if mine is not theirs:
                break
            common += 1
        if common > best:
            best, owner = common, name
    return best, owner
