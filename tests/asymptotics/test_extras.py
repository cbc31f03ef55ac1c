"""What an installation lacks is told at once, with the extra that brings it; every such extra is a true one."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import asymptotics
from asymptotics.extras import installed, require_installed, version

ROOT = Path(__file__).parents[2]
ROOMS = ("asymptotics", "simulate", "derivations")
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]


def _brings(extra: str) -> set[str]:
    """The packages of an extra, and of those that it names."""
    found = set()
    for line in EXTRAS[extra]:
        name, of_ours = re.match(r"([\w-]+)(?:\[(.*)\])?", line).groups()  # type: ignore[union-attr]
        found |= set().union(*map(_brings, of_ours.split(","))) if name == "flow-asymptotics" else {name}
    return found


def _calls() -> Iterator[tuple[str, list[str], str]]:
    """Where `require_installed` is called, with which packages, naming which extra."""
    for path in (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Call) and getattr(node.func, "id", "").strip("_") == "require_installed"
            if isinstance(node, ast.Call) and named:
                (keyword,) = node.keywords
                yield (str(path.relative_to(ROOT)), [ast.literal_eval(each) for each in node.args[1:]],
                       ast.literal_eval(keyword.value))


def test_every_extra_that_is_named_brings_what_is_missing() -> None:
    calls = list(_calls())
    assert len(calls) > 10
    for path, packages, extra in calls:
        assert packages and set(packages) <= _brings(extra), path


def test_packages_are_known_by_the_name_they_are_installed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    assert installed("scikit-learn") and installed("numpy") and not installed("no-such-package")
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert not installed("scikit-learn")


def test_all_that_is_missing_is_told() -> None:
    require_installed("nothing needs", "numpy", extra="simulate")
    with pytest.raises(ModuleNotFoundError, match=r"^pages need aa, bb; install flow-asymptotics\[pages\]$"):
        require_installed("pages need", "aa", "numpy", "bb", extra="pages")


@pytest.mark.parametrize(("module", "package", "told"), [
    ("simulate", "torch", r"simulate needs torch; install flow-asymptotics[simulate]"),
    ("derivations", "matplotlib", r"derivations need matplotlib; install flow-asymptotics[report]"),
    ("asymptotics.testing", "hypothesis", r"asymptotics.testing needs hypothesis; install flow-asymptotics[testing]"),
])
def test_rooms_say_what_they_need(monkeypatch: pytest.MonkeyPatch, module: str, package: str, told: str) -> None:
    for name in [name for name in sys.modules if name == module or name.startswith(f"{module}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModuleNotFoundError, match=re.escape(told)):
        import_module(module)


def test_the_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert version() == stated == asymptotics.__version__ and version("no-such-package") is None
    for room in ROOMS:
        with pytest.raises(SystemExit, match=r"^0$"):
            import_module(f"{room}.__main__").main(["--version"])
        assert capsys.readouterr().out == f"flow-asymptotics {stated}\n"
