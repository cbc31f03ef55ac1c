"""Tables as text, for terminals."""

from __future__ import annotations

from collections.abc import Sequence


def table_lines(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """In columns."""
    widths = [max(len(row[k]) for row in (header, *rows)) for k in range(len(header))]
    return ["  ".join(each.ljust(width) for each, width in zip(row, widths, strict=True)).rstrip()
            for row in (header, *rows)]
