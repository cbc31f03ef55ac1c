"""Pages of the documentation as programs."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def python_blocks(page: str) -> list[str]:
    """The Python of a page, block by block."""
    return re.findall(r"```python\n(.*?)```", page, re.DOTALL)


def program(block: str) -> str:
    """The block as a script; values with a stated result in a comment are asserted to be it."""
    lines = ["import matplotlib", "matplotlib.use('Agg')"]
    for line in block.splitlines():
        stated = re.match(r"(\S.*\S)\s+# (\d+\.\d{6,})", line)
        lines.append(f"assert abs({stated[1]} - {stated[2]}) < 1e-15" if stated else line)
    return "\n".join(lines)
