"""The README and the pages of docs/ are true: their Python runs, numbers are right, names exist, commands work."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from helpers.pages import ROOT, program, python_blocks

import asymptotics
from asymptotics.symbols import ARGUMENTS

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [TEXT, *(page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").glob("*.md")))]
BLOCKS = [block for page in PAGES for block in python_blocks(page)]


def test_there_are_blocks_and_stated_numbers() -> None:
    assert len(BLOCKS) >= 4
    assert sum(program(block).count("assert abs(") for block in BLOCKS) >= 1


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0][:40])
def test_python_blocks_run(block: str, tmp_path: Path) -> None:
    script = tmp_path / "block.py"
    script.write_text(program(block))
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stderr


def test_names_exist() -> None:
    for name in re.findall(r"limited_samples\.([a-z_]+)", TEXT):
        assert f"limited_samples.{name}" in asymptotics.catalogue()
    table = re.findall(r"^\| [^|]+ \| (`[^|]+`) \|", TEXT, re.MULTILINE)
    known = set(ARGUMENTS) | {name.rsplit(".", 1)[-1] for name in asymptotics.catalogue()}
    mentioned = {name for cell in table for name in re.findall(r"`(\w+)`", cell)}
    assert mentioned
    assert mentioned <= known


def test_files_exist() -> None:
    for path in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / path).exists()
    for page in PAGES[1:]:
        for path in re.findall(r"\]\(([^)#]+)\)", page):
            assert (ROOT / "docs" / path).exists()


def test_the_guide_for_contributors_points_to_what_exists() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\(([^)#]+)\)", guide)
    for path in re.findall(r"\]\(([^)#]+)\)", guide):
        assert (ROOT / path).exists()


def test_the_version_is_said_the_same_everywhere() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", TEXT)) <= targets | {"it"}
