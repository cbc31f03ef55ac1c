"""Formulas for a terminal: what `python -m asymptotics list` and `show` print."""

from __future__ import annotations

import os
import sys

from asymptotics.formula import Formula
from asymptotics.formula.printing import formula_text, labelled_facts
from asymptotics.sentences import columns, paragraph, title, unicode_text


def formula_line(formula: Formula, name_width: int, *, width: int | None = None) -> str:
    """The name and the statement, beside each other; on one line, or within ``width`` columns.

    Where these are too few for both, the statement stands below the name.
    """
    shown, lead = unicode_text(formula.statement), f"{formula.name:<{name_width}}  "
    if width is None:
        return lead + shown
    if width - len(lead) >= 40:
        return paragraph(shown, lead, " " * len(lead), width)
    return f"{formula.name}\n{paragraph(shown, '  ', '  ', width)}"


def formula_page(formula: Formula, *, width: int | None = None, colour: bool | None = None) -> str:
    """Title, statement, formula, arguments, conditions, regime, source.

    ``width``: columns that prose is wrapped at, by default the terminal's (100 at most). ``colour``: bold and dim type,
    by default where standard output is a terminal and NO_COLOR is not set.
    """
    wide = columns() if width is None else width
    styled = (sys.stdout.isatty() and "NO_COLOR" not in os.environ) if colour is None else colour

    def strong(text: str) -> str:
        return f"\033[1m{text}\033[0m" if styled else text

    def soft(text: str) -> str:
        return f"\033[2m{text}\033[0m" if styled else text

    def prose(text: str, indent: str = "  ") -> str:
        return paragraph(unicode_text(text), indent, indent, wide)

    names = max(len(entry.name) for entry in formula.domain.entries)
    ranges = max(len(entry.range) for entry in formula.domain.entries)
    arguments = []
    for entry in formula.domain.entries:
        default = "" if entry.default is None else f" (default {entry.default})"
        lead = f"  {entry.name:<{names}}  {entry.range:<{ranges}}  "
        told = prose(entry.meaning + default, " " * len(lead)).lstrip()
        arguments.append(f"  {strong(f'{entry.name:<{names}}')}  {soft(f'{entry.range:<{ranges}}')}  {told}")
    relations = formula.domain.relations
    needs = [f"{paragraph(each.text, '  ', '      ', wide)}\n{prose(each.reason, '    ')}" for each in relations]
    schedule = prose("alpha and beta are the weights of a schedule, any one: "
                     "f.on(asymptotics.schedule.linear) is the formula in t.")
    weights = {"alpha", "beta"} <= set(formula.arguments)
    parts = [
        f"{strong(title(formula.name))}  {soft(formula.name)}", prose(formula.statement, ""), "",
        formula_text(formula, wide), "",
        strong("Arguments"), *arguments, *(["", strong("Needs"), *needs] if needs else []),
        *(["", strong("Schedule"), schedule] if weights else []),
        *(line for label, text in labelled_facts(formula)[1:] for line in ("", strong(label), prose(text))),
    ]
    return "\n".join(parts)
