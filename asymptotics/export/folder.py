"""The exported folder: the book, its macros, curves and references; and its PDF, where TeX is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from pathlib import Path
from types import MappingProxyType

from asymptotics.derivation import Derivation
from asymptotics.export.bibliography import bibtex
from asymptotics.export.book import book, references
from asymptotics.export.macros import macro_name, macros
from asymptotics.extras import installed
from asymptotics.formula import Catalogue, Formula, Formulas

BOOK = "formulas"
CURVES = "curves"
TYPESETTING = "typesetting"
"""The folder of what TeX writes besides the PDF."""


def export(
    formulas: Formulas, directory: Path | str, done: Mapping[str, Derivation] = MappingProxyType({}), *,
    figures: bool | None = None, executor: Executor | None = None,
) -> list[Path]:
    """Write the book's sources into ``directory`` (created if missing); returns the paths of its texts.

    formulas.tex, macros.tex, references.bib where works are cited, and curves in curves/. ``done``:
    derivations that have been executed, by name. ``figures``: whether curves are drawn, by default if matplotlib is
    installed; on the processes of ``executor`` if given.
    """
    chosen, directory = list(Catalogue(formulas).values()), Path(directory)
    if not chosen:
        raise ValueError("a book needs at least one formula")
    if directory.is_file():
        raise NotADirectoryError(f"{directory} is a file; name a folder for the book")
    directory.mkdir(parents=True, exist_ok=True)
    drawn = installed("matplotlib") if figures is None else figures
    files = _curves(chosen) if drawn else {}
    curves = _begin(chosen, directory, files, executor)
    texts = {"macros.tex": macros(chosen), f"{BOOK}.tex": book(chosen, done, files)}
    if works := references(chosen):
        texts["references.bib"] = bibtex(works)
    written = []
    for name, text in texts.items():
        path = directory / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    list(curves)
    return written


def _curves(formulas: list[Formula]) -> dict[str, str]:
    """The file of each formula's curve. Fluctuations have none: they are the bands about what they are of."""
    names = {each.name for each in formulas}
    return {
        each.name: f"{CURVES}/{macro_name(each)[1:]}.pdf" for each in formulas
        if each.name.rpartition(".")[0] not in names
    }


def _begin(
    formulas: list[Formula], directory: Path, files: Mapping[str, str], executor: Executor | None
) -> Iterator[None]:
    """Start drawing the curves; they are there once what comes back is used up."""
    if not files:
        return iter(())
    from asymptotics.plotting import save_curves, typical_curves

    (directory / CURVES).mkdir(exist_ok=True)
    drawn = [each for each in formulas if each.name in files]
    curves = [typical_curves(each) for each in drawn]  # here, where the formulas have been derived
    paths = [directory / files[each.name] for each in drawn]
    return (map if executor is None else executor.map)(save_curves, curves, paths)


class TypesettingFailed(RuntimeError):
    """TeX stopped; the text is its first complaint."""


def typeset(directory: Path | str) -> Path:
    """The PDF of the book in ``directory``, by pdflatex and bibtex, whose other files go to typesetting/ there.

    FileNotFoundError where they are not installed; TypesettingFailed with TeX's own words where it stops.
    """
    directory = Path(directory)
    if missing := without_tex():
        raise FileNotFoundError(missing)
    (directory / TYPESETTING).mkdir(exist_ok=True)
    latex = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"-output-directory={TYPESETTING}",
             f"{BOOK}.tex"]
    bibtex = ["bibtex", f"{TYPESETTING}/{BOOK}"]
    cites = (directory / "references.bib").exists()
    for command in (latex, bibtex, latex, latex) if cites else (latex, latex, latex):
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            complaint = re.search(r"^!.*(?:\n.*){0,3}", done.stdout, re.MULTILINE)
            raise TypesettingFailed(f"{command[0]}: {complaint[0] if complaint else done.stdout[-500:]}")
    return (directory / TYPESETTING / f"{BOOK}.pdf").replace(directory / f"{BOOK}.pdf")


def without_tex() -> str:
    """Which program for typesetting is not installed, in words; nothing if all are."""
    missing = [program for program in ("pdflatex", "bibtex") if shutil.which(program) is None]
    packages = "texlive-latex-recommended texlive-fonts-recommended lmodern"
    return f"{' and '.join(missing)} not installed (Debian: {packages})" if missing else ""
