"""The exported document and macros compile with a real TeX engine: nothing overfull, undefined or warned of."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from asymptotics import catalogue, limited_samples
from asymptotics.export import TypesettingFailed, export, typeset
from asymptotics.export.bibliography import REFERENCES
from asymptotics.export.folder import TYPESETTING
from asymptotics.export.macros import macro_name, macros
from asymptotics.formula import Formula, Source
from asymptotics.schedule import linear

ENGINE = shutil.which("pdflatex")
needs_tex = pytest.mark.skipif(
    ENGINE is None,
    reason="pdflatex is not installed (Debian: texlive-latex-recommended texlive-fonts-recommended lmodern)",
)


def book_of(formulas: list[Formula], folder: Path) -> list[str]:
    """What TeX and BibTeX complain of in the book of the formulas."""
    export(formulas, folder)
    assert typeset(folder).stat().st_size > 1000
    logs = [
        (folder / TYPESETTING / name).read_text(encoding="utf-8", errors="replace")
        for name in ("formulas.log", "formulas.blg") if (folder / TYPESETTING / name).exists()
    ]
    return [line for log in logs for line in complaints(log)]


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
        if re.search(r"^!|Overfull|[Uu]ndefined|Warning|Missing character|Rerun", line)
        and not line.startswith("Package: ")  # the names of packages, rerunfilecheck among them
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
    assert book_of(list(catalogue().values()), tmp_path) == []
    book = (tmp_path / "formulas.tex").read_text(encoding="utf-8")
    labels, seen = set(re.findall(r"\\label\{(.*?)\}", book)), set(re.findall(r"\\ref\{(.*?)\}", book))
    assert len(labels) == len(catalogue()) and seen <= labels and len(seen) > 30
    assert all(each.key in (tmp_path / TYPESETTING / "formulas.bbl").read_text(encoding="utf-8") for each in REFERENCES)


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
    assert book_of(derived, tmp_path) == []


@needs_tex
def test_a_book_without_known_works_has_no_bibliography(tmp_path: Path) -> None:
    own = replace(limited_samples.skip, name="mine.skip", source=Source("mine", "page 1", "project"))
    assert book_of([own], tmp_path) == [] and not (tmp_path / "references.bib").exists()


@needs_tex
def test_what_tex_says_is_told(tmp_path: Path) -> None:
    export([limited_samples.skip], tmp_path, figures=False)
    text = (tmp_path / "formulas.tex").read_text(encoding="utf-8")
    (tmp_path / "formulas.tex").write_text(text.replace(r"\section{Notation}", r"\nowhere"), encoding="utf-8")
    with pytest.raises(TypesettingFailed, match="Undefined control sequence"):
        typeset(tmp_path)


def test_without_tex_the_programs_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match="pdflatex and bibtex not installed"):
        typeset(tmp_path)


@needs_tex
def test_complaints_are_seen(tmp_path: Path) -> None:
    (tmp_path / "bad.tex").write_text(
        "\\documentclass{article}\\begin{document}\\hbox to 1cm{a long line that does not fit}\\ref{nowhere}"
        "\\end{document}", encoding="utf-8")
    found = complaints(compiled(tmp_path, "bad"))
    assert any("Overfull" in line for line in found) and any("undefined" in line for line in found)
