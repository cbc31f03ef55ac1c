"""The exported document (formulas.tex) and the macros (macros.tex) to cite formulas from a paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from asymptotics.derivation import Derivation
from asymptotics.formula import Formula
from asymptotics.latex import (
    INLINE,
    broken,
    derivation_latex,
    display,
    domain_latex,
    formula_latex,
    is_wide,
    latex,
    meanings,
    title,
    where_latex,
)

PREAMBLE = r"""\documentclass[11pt,a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern}
\usepackage{amsmath,amssymb}
\usepackage[margin=25mm]{geometry}
\usepackage{microtype}
\emergencystretch=3em
\input{macros}
\begin{document}
\noindent{\LARGE\bfseries Formulas of flow-asymptotics\par}
"""


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
    for formula in formulas:
        name = macro_name(formula)
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


def document(formulas: Iterable[Formula], done: Mapping[str, Derivation] = MappingProxyType({})) -> str:
    """The whole document: for each formula its statement, form, assumptions, derivation and source.

    Every derivation is executed, but for those in ``done``, by name, that have been.
    """
    sections: dict[str, list[str]] = {}
    printed: dict[str, Derivation] = {}
    for formula in formulas:
        derivation = done.get(formula.name)
        if derivation is None or not derivation.executed:
            derivation = formula.prove()
        sections.setdefault(formula.name.split(".")[0], []).append(_entry(formula, derivation, printed))
        printed[formula.name] = derivation
    body = "".join(
        f"\\section{{{_text(room.replace('_', ' ').capitalize())}}}\n" + "\n".join(entries)
        for room, entries in sections.items()
    )
    return PREAMBLE + body + "\\end{document}\n"


def _shared(derivation: Derivation, printed: dict[str, Derivation]) -> tuple[int, str]:
    """How many leading steps an earlier formula's derivation has in common, and that formula's name."""
    best, owner = 0, ""
    for name, earlier in printed.items():
        common = 0
        for mine, theirs in zip(derivation.steps, earlier.steps, strict=False):
            if mine is not theirs:
                break
            common += 1
        if common > best:
            best, owner = common, name
    return best, owner


def _entry(formula: Formula, derivation: Derivation, printed: dict[str, Derivation]) -> str:
    where = _where(formula)
    conditions = ", ".join(f"${condition}$" for condition in domain_latex(formula.domain))
    shared, owner = _shared(derivation, printed)
    recall = f" Steps 1 to {shared} are those of \\texttt{{{_text(owner)}}}." if shared else ""
    return (
        f"\\subsection{{{_text(title(formula))}}}\n"
        f"\\noindent\\texttt{{{_text(formula.name)}}}\\quad {_text(formula.statement)}\n"
        f"{display(formula.letter, formula.short)}\n{where}"
        f"\\paragraph{{Holds for}} {conditions}. {_text(formula.regime)}.\n"
        f"\\paragraph{{Source}} {_text(str(formula.source))}.\n"
        f"\\paragraph{{Derivation}} {_text(derivation.summary)}.{recall}\n"
        f"{derivation_latex(derivation, first=shared + 1)}\n"
    )


def _where(formula: Formula) -> str:
    """The meaning of the shorthands: short ones in the text, long ones displayed."""
    short = [(s, m) for s, m in formula.where if not is_wide(m, INLINE)]
    named = [f"{latex(symbol)} = {latex(meaning)}" for symbol, meaning in short]
    inline = ", ".join(f"${each}$" for each in named + meanings(formula))
    long = "".join(display(latex(symbol), m) + "\n" for symbol, m in formula.where if is_wide(m, INLINE))
    return (f"where {inline}" + (", and\n" + long if long else ".") + "\n\n") if formula.where else ""


_ESCAPES = {
    "\\": r"\textbackslash{}", "_": r"\_\allowbreak{}", "&": r"\&", "%": r"\%", "#": r"\#", "$": r"\$",
    "^": r"\^{}", "~": r"\textasciitilde{}", "<": r"\ensuremath{<}", ">": r"\ensuremath{>}",
    "|": r"\ensuremath{|}", "{": r"\{", "}": r"\}",
}


def _text(text: str) -> str:
    """Plain text for LaTeX: ->, >= and <= as signs, everything special escaped."""
    escaped = "".join(_ESCAPES.get(character, character) for character in text)
    for ascii_sign, sign in ((r"-\ensuremath{>}", r"\to"), (r"\ensuremath{>}=", r"\ge"),
                             (r"\ensuremath{<}=", r"\le")):
        escaped = escaped.replace(ascii_sign, rf"\ensuremath{{{sign}}}")
    return escaped


def export(
    formulas: Iterable[Formula], directory: Path, done: Mapping[str, Derivation] = MappingProxyType({})
) -> list[Path]:
    """Write formulas.tex and macros.tex into ``directory`` (created if missing); returns the paths.

    ``done`` as in `document`.
    """
    chosen = list(formulas)
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in (("macros.tex", macros(chosen)), ("formulas.tex", document(chosen, done))):
        path = directory / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


