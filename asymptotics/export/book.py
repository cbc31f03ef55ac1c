"""The book of formulas: for each its statement, form, domain, source, relatives, a curve, and its derivation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from asymptotics.derivation import Derivation
from asymptotics.export.bibliography import Reference, cited, with_citations
from asymptotics.export.lineage import builds_on, shared_steps
from asymptotics.export.macros import macro_name
from asymptotics.formula import Formula
from asymptotics.formula.printing import labelled_facts, meanings
from asymptotics.latex import INLINE, display, is_wide, latex
from asymptotics.sentences import latex_text, latex_verbatim, title, topic_title

PREAMBLE = r"""\documentclass[11pt,a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern}
\usepackage{amsmath,amssymb}
\usepackage[margin=25mm]{geometry}
\usepackage{graphicx}
\usepackage{longtable}
\usepackage{microtype}
\usepackage[hidelinks]{hyperref}
\hypersetup{pdftitle={Formulas of flow-asymptotics}}
\emergencystretch=3em
\setcounter{tocdepth}{2}
\input{macros}
\begin{document}
\noindent{\LARGE\bfseries Formulas of flow-asymptotics\par}
\bigskip
\noindent Each result is stated, printed, and derived step by step. A step is \emph{exact} where computer algebra proves
it from the step before, \emph{numeric} where digits confirm it, \emph{asymptotic} where a limit is taken, and an
\emph{assumption} where it is none of these. All checks ran when this was written. Each formula is a macro of
\texttt{macros.tex}, to be pasted into a paper.

\tableofcontents
"""


def book(
    formulas: Iterable[Formula], done: Mapping[str, Derivation] = MappingProxyType({}),
    figures: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The whole document, which needs macros.tex and, where works are cited, references.bib beside it.

    Every derivation is executed, but for those in ``done``, by name, that have been. ``figures`` are files by the name
    of the formula.
    """
    chosen = list(formulas)
    sections: dict[str, list[str]] = {}
    printed: dict[str, Derivation] = {}
    relatives = {each.name: builds_on(each, chosen) for each in chosen}
    for formula in chosen:
        derivation = done.get(formula.name)
        if derivation is None or not derivation.executed:
            derivation = formula.prove()
        used_by = [each for each in chosen if formula in relatives[each.name]]
        parts = [
            _statement(formula), _relatives(relatives[formula.name], used_by), _figure(figures.get(formula.name)),
            _derivation(derivation, printed, chosen),
        ]
        sections.setdefault(formula.name.split(".")[0], []).append("".join(parts))
        printed[formula.name] = derivation
    body = "".join(
        f"\\section{{{latex_text(topic_title(room))}}}\n" + "\n".join(entries) for room, entries in sections.items()
    )
    closing = "\\bibliographystyle{plain}\n\\bibliography{references}\n" if references(chosen) else ""
    return f"{PREAMBLE}{_notation(chosen)}{body}{closing}\\end{{document}}\n"


def references(formulas: Iterable[Formula]) -> tuple[Reference, ...]:
    """The works that the formulas' sources name."""
    return cited(" ".join(str(each.source) for each in formulas))


def _label(formula: Formula) -> str:
    return f"f:{macro_name(formula)[1:]}"


def _see(formula: Formula) -> str:
    return f"{latex_verbatim(title(formula.name))} (\\S\\ref{{{_label(formula)}}})"


def _notation(formulas: Iterable[Formula]) -> str:
    """A table of the arguments: letter, name in Python, meaning, range."""
    entries = {entry.name: entry for each in formulas for entry in each.domain.entries}
    rows = "".join(
        f"${entry.letter}$ & \\texttt{{{latex_verbatim(entry.name)}}} & {latex_text(entry.meaning)} \\\\\n"
        for entry in entries.values()
    )
    return (
        "\\section{Notation}\n\\begin{longtable}{@{}llp{108mm}@{}}\n"
        f"letter & in Python & meaning \\\\\\hline\\endhead\n{rows}\\end{{longtable}}\n"
    )


def _statement(formula: Formula) -> str:
    (holds, conditions), (_, regime), (sourced, source) = labelled_facts(formula)
    return (
        f"\\subsection{{{latex_verbatim(title(formula.name))}}}\\label{{{_label(formula)}}}\n"
        f"\\noindent\\texttt{{{latex_verbatim(formula.name)}}}\\quad {latex_text(formula.statement)}\n"
        f"{display(formula.letter, formula.short)}\n{_where(formula)}"
        f"\\paragraph{{{holds}}} {conditions}. {_sentence(_begun(latex_text(regime)))}\n"
        f"\\paragraph{{{sourced}}} {_sentence(with_citations(latex_text(source)))}\n"
    )


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _begun(text: str) -> str:
    """A word at the beginning with a capital; a letter of mathematics, d say, as it is."""
    return text[0].upper() + text[1:] if text[:2].isalpha() else text


def _where(formula: Formula) -> str:
    """The meaning of the shorthands: short ones in the text, long ones displayed."""
    short = [(s, m) for s, m in formula.where if not is_wide(m, INLINE)]
    named = [f"{latex(symbol)} = {latex(meaning)}" for symbol, meaning in short]
    inline = ", ".join(f"${each}$" for each in named + meanings(formula))
    long = "".join(display(latex(symbol), m) + "\n" for symbol, m in formula.where if is_wide(m, INLINE))
    return (f"where {inline}" + (", and\n" + long if long else ".") + "\n\n") if formula.where else ""


def _relatives(above: Iterable[Formula], below: Iterable[Formula]) -> str:
    """What the formula builds on, and what builds on it."""
    said = [
        f"{heading} {named}." for heading, each in (("It builds on", above), ("Used by", below))
        if (named := ", ".join(map(_see, each)))
    ]
    return f"\\paragraph{{Relatives}} {' '.join(said)}\n" if said else ""


def _figure(file: str | None) -> str:
    if file is None:
        return ""
    return f"\\par\\medskip{{\\centering\\includegraphics{{{file}}}\\par}}\n"


def _derivation(derivation: Derivation, printed: Mapping[str, Derivation], formulas: Iterable[Formula]) -> str:
    shared, owner = shared_steps(derivation, printed)
    which = "Step 1 is that" if shared == 1 else f"Steps 1 to {shared} are those"
    recall = next((f" {which} of {_see(each)}." for each in formulas if each.name == owner), "")
    return (
        f"\\paragraph{{Derivation}} {derivation.summary}.{recall}\n"
        f"{derivation.latex(first=shared + 1)}\n"
    )
