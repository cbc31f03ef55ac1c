"""Macros to cite formulas from a paper: one for each formula, and one for the meaning of its shorthands."""

from __future__ import annotations

import re
from collections.abc import Iterable

from asymptotics.formula import Formula
from asymptotics.formula.printing import formula_latex, meanings, where_latex
from asymptotics.latex import broken, is_wide, latex


def macro_name(formula: Formula) -> str:
    """The macro of a formula: \\LimitedSamplesMeanError for limited_samples.mean_error (letters only)."""
    words = re.findall(r"[A-Za-z]+|[0-9]|[-/*]", formula.name)
    return "\\" + "".join(_SPOKEN.get(word, word.capitalize()) for word in words)


_SPOKEN = dict(zip("0123456789-/*", (
    "Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Minus", "Over", "Times",
), strict=True)) | {"oo": "Infinity"}
"""How macro names, which are letters only, say the rest of a derived formula's name."""


def macros(formulas: Iterable[Formula]) -> str:
    """A macro for each formula (its equation) and, where it has shorthands, one for their meanings."""
    lines = ["% One macro a formula, for use in math mode; ...Where lists its shorthands. Needs amsmath."]
    taken: dict[str, str] = {}
    for formula in formulas:
        name = macro_name(formula)
        if taken.setdefault(name, formula.name) != formula.name:
            raise ValueError(f"{taken[name]} and {formula.name} would be one macro, {name}; rename one")
        lines.append(f"\\newcommand{{{name}}}{{{formula_latex(formula, where=False)}}}")
        if formula.where:
            lines.append(f"\\newcommand{{{name}Where}}{{{_meanings(formula)}}}")
    return "\n".join(lines) + "\n"


def _meanings(formula: Formula) -> str:
    """The shorthands on one line, or one below the other where a meaning is long."""
    if not any(is_wide(meaning) for _, meaning in formula.where):
        return ",\\quad ".join(where_latex(formula))
    rows = []
    for symbol, meaning in formula.where:
        first, *others = broken(meaning)
        rows += [f"{latex(symbol)} &= {first}", *(f"&\\quad {line}" for line in others)]
    rows += [text.replace("=", "&=", 1) for text in meanings(formula)]
    return "\\begin{aligned}" + r" \\ ".join(rows) + "\\end{aligned}"
