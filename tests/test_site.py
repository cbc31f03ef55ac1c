"""The site of docs/ builds without a warning, has every formula, and needs no network for its mathematics."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import simulate
from asymptotics import catalogue
from asymptotics.symbols import ARGUMENTS

ROOT = Path(__file__).parent.parent
PACKAGES = {path.parent.name for path in (ROOT / "simulate").glob("*/__init__.py")} - {"commands"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make docs` builds it."""
    pytest.importorskip("sphinx", reason="Sphinx is not installed (extra docs)")
    built = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-b", "html", "docs", str(built)], cwd=ROOT,
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return built


@pytest.mark.slow
def test_every_formula_and_argument_is_on_a_page(site: Path) -> None:
    for room in {name.split(".")[0] for name in catalogue()}:
        page = (site / "generated" / f"{room}.html").read_text(encoding="utf-8")
        for name in catalogue():
            assert (f">{name}<" in page) == name.startswith(f"{room}.")
        assert "<math" in page and "(proved)" in page and "not executed" not in page
    notation = (site / "generated" / "notation.html").read_text(encoding="utf-8")
    assert all(f"<code>{name}</code>" in notation for name in ARGUMENTS)
    sources = (site / "generated" / "sources.html").read_text(encoding="utf-8")
    assert sources.count("<td>the authors</td>") == sum(f.source.status == "paper" for f in catalogue().values())


@pytest.mark.slow
def test_every_page_is_linked_and_no_script_comes_from_elsewhere(site: Path) -> None:
    index = (site / "index.html").read_text(encoding="utf-8")
    pages = [path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")]
    for page in pages:
        assert (site / page).exists()
        assert page.name == "index.html" or f'href="{page.as_posix()}"' in index
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r'<(?:script|img|link)[^>]*(?:src|href)="(?:https?:)?//', text), page


@pytest.mark.slow
def test_the_reference_has_the_public_names(site: Path) -> None:
    text = (site / "reference" / "asymptotics.html").read_text(encoding="utf-8")
    for name in ("asymptotics.Formula", "asymptotics.argument", "asymptotics.Domain", "asymptotics.plotting.plot",
                 "asymptotics.testing.arguments", "asymptotics.schedule.Interpolant"):
        assert f'id="{name}"' in text, name
    simulated = (site / "reference" / "simulate.html").read_text(encoding="utf-8")
    packages = [simulate, *(getattr(simulate, name) for name in dir(simulate) if name in PACKAGES)]
    assert len(packages) == len(PACKAGES) + 1
    missing = [
        name for package in packages for name, value in vars(package).items()
        if not name.startswith("_") and callable(value) and getattr(value, "__module__", "").startswith("simulate.")
        and not any(f'id="{each.__name__}.{name}"' in simulated for each in (package, simulate.runs))
    ]
    assert missing == []
