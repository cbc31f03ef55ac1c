"""A formula for a terminal: what `python -m asymptotics show` prints."""

from __future__ import annotations

import os
import shutil
import sys
from textwrap import fill

from asymptotics.formula import Formula
from asymptotics.latex import formula_text
from asymptotics.wording import title, unicode_text


def formula_page(formula: Formula, *, width: int | None = None, colour: bool | None = None) -> str:
    """Title, statement, formula, arguments, conditions, regime, source.

    ``width``: columns that prose is wrapped at, by default the terminal's (100 at most). ``colour``: bold and dim type,
    by default where standard output is a terminal and NO_COLOR is not set.
    """
    columns = min(shutil.get_terminal_size((100, 24)).columns, 100) if width is None else width
    styled = (sys.stdout.isatty() and "NO_COLOR" not in os.environ) if colour is None else colour

    def strong(text: str) -> str:
        return f"\033[1m{text}\033[0m" if styled else text

    def soft(text: str) -> str:
        return f"\033[2m{text}\033[0m" if styled else text

    def prose(text: str, indent: str = "  ") -> str:
        shown = unicode_text(text)
        return fill(shown, columns, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)

    names = max(len(entry.name) for entry in formula.domain.entries)
    ranges = max(len(entry.range) for entry in formula.domain.entries)
    arguments = []
    for entry in formula.domain.entries:
        default = "" if entry.default is None else f" (default {entry.default})"
        lead = f"  {entry.name:<{names}}  {entry.range:<{ranges}}  "
        told = prose(entry.meaning + default, " " * len(lead)).lstrip()
        arguments.append(f"  {strong(f'{entry.name:<{names}}')}  {soft(f'{entry.range:<{ranges}}')}  {told}")
    needs = [f"  {each.text}\n{prose(each.reason, '    ')}" for each in formula.domain.relations]
    parts = [
        f"{strong(title(formula))}  {soft(formula.name)}", prose(formula.statement, ""), "", formula_text(formula), "",
        strong("Arguments"), *arguments, *(["", strong("Needs"), *needs] if needs else []),
        "", strong("Regime"), prose(formula.regime), "", strong("Source"), prose(str(formula.source)),
    ]
    return "\n".join(parts)
