"""The source distribution and the wheel: what is in them, and that they work where nothing else is installed.

The slow tests make virtual environments and let pip find the dependencies, as a user does; the lock file bounds them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from helpers.pages import ROOT, program, python_blocks

from asymptotics import catalogue

ROOMS = ("asymptotics", "simulate", "derivations")


def _run(command: list[str | Path], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Without the paths of this checkout."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, check=False, timeout=900)


def _succeed(command: list[str | Path], cwd: Path) -> str:
    done = _run(command, cwd)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def _build(source: Path, into: Path, target: str) -> Path:
    _succeed([sys.executable, "-m", "hatchling", "build", "-t", target, "-d", into], source)
    (built,) = into.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return built


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(ROOT, tmp_path_factory.mktemp("sdist"), "sdist")


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """From the source distribution, not from the checkout."""
    unpacked = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, filter="data")
    (source,) = unpacked.iterdir()
    return _build(source, tmp_path_factory.mktemp("wheel"), "wheel")


def _files_of_rooms() -> set[str]:
    return {
        path.relative_to(ROOT).as_posix() for room in ROOMS for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_has_every_file_of_the_rooms_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = archive.read(next(n for n in archive.namelist() if n.endswith("METADATA"))).decode()
    assert names == _files_of_rooms()
    assert {"asymptotics/figures.mplstyle", "asymptotics/explorer/page.js", "asymptotics/py.typed"} <= names
    assert "License-File: LICENSE" in metadata and "Requires-Python: >=3.11" in metadata


def test_the_source_distribution_has_what_make_needs(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    assert {"Makefile", "requirements.lock", "pyproject.toml", "README.md", "CHANGELOG.md", "CITATION.cff", "LICENSE",
            "docs/tutorial.md", "tests/test_packaging.py", "benchmarks/__main__.py"} <= names


def _environment(directory: Path, requirement: str) -> Path:
    """The Python of an empty environment in which the requirement is installed, and where nothing is of ours."""
    _succeed([sys.executable, "-m", "venv", "env"], directory)
    python = directory / "env" / "bin" / "python"
    lock = ROOT / "requirements.lock"
    _succeed([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-c", lock, requirement], directory)
    (directory / "work").mkdir()
    found = _succeed([python, "-c", "import asymptotics; print(asymptotics.__file__)"], directory / "work").strip()
    assert Path(found).is_relative_to(directory)
    return python


@pytest.mark.slow
def test_the_wheel_works_without_torch(wheel: Path, tmp_path: Path) -> None:
    python, work = _environment(tmp_path, str(wheel)), tmp_path / "work"

    def ours(*arguments: str) -> str:
        return _succeed([python, "-m", "asymptotics", *arguments], work)

    listed = ours("list")
    assert all(f"{name} " in listed for name in catalogue())
    assert re.fullmatch(r"flow-asymptotics \d+\.\d+\.\d+", ours("--version").strip())
    assert ours("eval", "limited_samples.mean_error", "n=8", "sigma=1.5", "ridge=0.1").strip() == "0.5505666218006101"
    assert "every exact step holds" in ours("prove", "--all")
    assert "Mean error" in ours("show", "limited_samples.mean_error")
    ours("export", "book")
    assert sorted(path.name for path in (work / "book").iterdir()) == ["formulas.tex", "macros.tex", "references.bib"]
    missing = [
        ("import simulate", "simulate needs torch, xarray, h5netcdf, h5py, tqdm", "simulate"),
        ("import derivations", "derivations need torch, ", "report"),
        ("import asymptotics.testing", "asymptotics.testing needs hypothesis", "testing"),
        ("import asymptotics as a; a.limited_samples.skip.plot('n', alpha=.5, beta=.5, sigma=1, ridge=1)",
         "plots need matplotlib", "notebook"),
        ("import asymptotics as a; a.limited_samples.skip.dataset(n=8, alpha=.5, beta=.5, sigma=1, ridge=1)",
         "data sets need xarray", "notebook"),
        ("import asymptotics as a; a.limited_samples.skip.compile('torch')", "the 'torch' backend needs torch",
         "torch"),
    ]
    for code, told, extra in missing:
        done = _run([python, "-c", code], work)
        last = done.stderr.strip().splitlines()[-1]
        assert done.returncode == 1 and told in last and last.endswith(f"; install flow-asymptotics[{extra}]"), last
    refused = _run([python, "-m", "asymptotics", "explore", "page.html"], work)
    assert refused.returncode == 2
    assert refused.stderr == "error: pages need latex2mathml; install flow-asymptotics[pages]\n"


@pytest.mark.slow
def test_the_tutorial_can_be_followed_from_the_source_distribution(sdist: Path, tmp_path: Path) -> None:
    """Word for word: what it says to install, each of its programs, each of its commands."""
    tutorial = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    (extras,) = re.findall(r"pip install \"flow-asymptotics\[(.*?)\]\"", tutorial)
    python, work = _environment(tmp_path, f"{sdist}[{extras}]"), tmp_path / "work"
    blocks = python_blocks(tutorial)
    assert len(blocks) >= 5
    for number, block in enumerate(blocks):
        (work / f"block_{number}.py").write_text(program(block), encoding="utf-8")
        _succeed([python, f"block_{number}.py"], work)
    assert (work / "first_curve.png").stat().st_size > 5000
    commands = re.findall(r"`python (-m asymptotics [^`]*)`", tutorial)
    assert len(commands) >= 3
    for command in commands:
        if "--pdf" not in command:  # TeX is not of the package
            _succeed([python, *command.split()], work)
    assert "limited_samples.mean_error" in (work / "formulas.html").read_text(encoding="utf-8")
