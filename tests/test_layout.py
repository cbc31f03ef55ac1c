"""The layout of the tests: oracles know nothing of what they check."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).parent
PACKAGES = ("asymptotics", "simulate", "derivations", "benchmarks")


def _imported(path: Path) -> set[str]:
    """The modules that a file imports anywhere, by their full names."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_oracles_import_nothing_that_they_check() -> None:
    oracles = sorted((TESTS / "oracles").glob("*.py"))
    assert len(oracles) > 5
    for path in oracles:
        imported = {name.split(".")[0] for name in _imported(path)}
        assert not imported & {*PACKAGES, "helpers"}, path.name
