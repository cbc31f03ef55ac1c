"""The exported document and macros compile with a real TeX engine: nothing overfull, undefined or warned of."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from asymptotics import Formula, catalogue, limited_samples
from asymptotics.export import export, macro_name, macros
from asymptotics.schedule import linear

ENGINE = shutil.which("pdflatex")
needs_tex = pytest.mark.skipif(
    ENGINE is None,
    reason="pdflatex is not installed (Debian: texlive-latex-recommended texlive-fonts-recommended lmodern)",
)


def compiled(folder: Path, name: str) -> str:
    """The log of the second run; errors stop the engine."""
    assert ENGINE is not None
    for _ in range(2):
        done = subprocess.run(
            [ENGINE, "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"], cwd=folder, timeout=120,
            capture_output=True, text=True, errors="replace", check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:]
    assert (folder / f"{name}.pdf").stat().st_size > 1000
    return (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


def complaints(log: str) -> list[str]:
    return [
        line for line in log.splitlines()
        if re.search(r"^!|Overfull|[Uu]ndefined|Warning:|Missing character", line)
    ]


def paper(formulas: list[Formula]) -> str:
    """A small paper that uses every macro."""
    text = macros(formulas)
    defined = re.findall(r"\\newcommand\{(\\\w+)\}", text)
    lines = [
        r"\documentclass{article}", r"\usepackage{amsmath}", r"\usepackage[landscape,margin=10mm,a2paper]{geometry}",
        r"\input{macros}", r"\begin{document}",
    ]
    lines += [f"\\[ {macro} \\]" for macro in defined]
    return "\n".join([*lines, r"\end{document}", ""])


def test_each_formula_has_a_macro_of_its_own() -> None:
    formulas = list(catalogue().values())
    text = macros(formulas)
    names = re.findall(r"\\newcommand\{(\\\w+)\}", text)
    assert len(set(names)) == len(names)
    assert [macro_name(f) for f in formulas] == [name for name in names if not name.endswith("Where")]
    assert all(re.fullmatch(r"\\[A-Za-z]+", name) for name in names)


@needs_tex
def test_the_document_compiles_clean(tmp_path: Path) -> None:
    export(catalogue().values(), tmp_path)
    assert complaints(compiled(tmp_path, "formulas")) == []


@needs_tex
def test_a_paper_with_every_macro_compiles_clean(tmp_path: Path) -> None:
    formulas = list(catalogue().values())
    (tmp_path / "macros.tex").write_text(macros(formulas), encoding="utf-8")
    (tmp_path / "paper.tex").write_text(paper(formulas), encoding="utf-8")
    assert complaints(compiled(tmp_path, "paper")) == []


@needs_tex
def test_derived_formulas_compile_too(tmp_path: Path) -> None:
    f = limited_samples.mean_error
    derived = [f.diff("sigma"), f.limit("ridge", 0), f.series("n", order=2), limited_samples.skip.on(linear)]
    export(derived, tmp_path)
    assert complaints(compiled(tmp_path, "formulas")) == []


@needs_tex
def test_complaints_are_seen(tmp_path: Path) -> None:
    (tmp_path / "bad.tex").write_text(
        "\\documentclass{article}\\begin{document}\\hbox to 1cm{a long line that does not fit}\\ref{nowhere}"
        "\\end{document}", encoding="utf-8")
    found = complaints(compiled(tmp_path, "bad"))
    assert any("Overfull" in line for line in found) and any("undefined" in line for line in found)
