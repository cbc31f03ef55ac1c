"""The page itself: data, functions, style and script in one file."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from asymptotics import phases
from asymptotics.derivation import Derivation
from asymptotics.explorer.entry import Experiment, argument_data, formula_data, rounded
from asymptotics.explorer.javascript import condition, function, prints, runtime
from asymptotics.formula import Catalogue, Formula, Formulas
from asymptotics.sentences import topic_title
from asymptotics.symbols import ARGUMENTS

HEADING = "Formulas of flow-asymptotics"
SCRIPTS = ("page.js", "text.js", "state.js", "view.js", "curve.js", "events.js")
"""What runs in the page, in order, after the formulas and the entries."""


def explorer_page(
    formulas: Formulas, experiments: Iterable[Experiment] = (), *, heading: str = HEADING,
    done: Mapping[str, Derivation] = MappingProxyType({}),
) -> str:
    """One HTML page that needs no network: each formula, its curve under sliders, its derivation, what to copy.

    ``experiments`` are drawn over the curves of the formulas they measured. ``done``: derivations that have been
    executed, by name. Formulas with several values that bring no script are shown without a curve, and say so.
    ValueError without a formula, or where an experiment measures one that is not there.
    """
    chosen = list(Catalogue(formulas).values())
    if not chosen:
        raise ValueError("an explorer needs at least one formula")
    names = [each.name for each in chosen]
    measured = list(experiments)
    for each in measured:
        if each.name not in names:
            raise ValueError(f"an experiment measures {each.name}, which is not among the formulas")
    entries = [formula_data(each, names, done.get(each.name, each.derivation)) for each in chosen]
    script = "\n".join([
        runtime(), _functions(chosen), _support(),
        f"const heading = {_json(heading)};",
        f"const alphabet = {_json({name: argument_data(each) for name, each in ARGUMENTS.items()})};",
        f"const topics = {_json(_topics(entries))};",
        f"const entries = {_json(entries)};", _relations(chosen),
        f"const experiments = {_json([_experiment(each) for each in measured])};",
        *map(_file, SCRIPTS),
    ])
    text = _file("page.html")
    for name, value in (("HEADING", html.escape(heading)), ("STYLE", _file("page.css")), ("SCRIPT", script)):
        text = text.replace(f"<!--{name}-->", value)
    return text


def write_explorer(
    path: Path | str, formulas: Formulas, experiments: Iterable[Experiment] = (), **more: Any
) -> Path:
    """The page as a file; its folder is made if missing."""
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name a file in it, such as {path / 'explorer.html'}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(explorer_page(formulas, experiments, **more), encoding="utf-8")
    return path


def _file(name: str) -> str:
    return files("asymptotics.explorer").joinpath(name).read_text(encoding="utf-8")


def _json(value: Any) -> str:
    # A script ends where "</script" stands, also inside a string.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")


def _functions(formulas: Iterable[Formula]) -> str:
    lines = [f"{_json(each.name)}: {function(each)}" for each in formulas if prints(each)]
    return "const formulas = {\n" + ",\n".join(lines) + "\n};"


def _support() -> str:
    """What the axis of time needs: the clock, and the linear schedule dilated."""
    parts = {"clock": phases.speciation, "dilated": phases.dilated_time, "slope": phases.dilated_time.diff("beta")}
    return "const support = {\n" + ",\n".join(f"{name}: {function(each)}" for name, each in parts.items()) + "\n};"


def _relations(formulas: Iterable[Formula]) -> str:
    lines = []
    for each in formulas:
        parts = [
            f"{{text: {_json(it.text)}, reason: {_json(it.reason)}, holds: {condition(each.domain, it)}}}"
            for it in each.domain.relations
        ]
        lines.append(f"[{', '.join(parts)}]")
    return "[\n" + ",\n".join(lines) + "\n].forEach((found, k) => { entries[k].relations = found; });"


def _topics(entries: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    names = dict.fromkeys(entry["topic"] for entry in entries)
    return [[name, topic_title(name)] for name in names]


def _experiment(each: Experiment) -> dict[str, Any]:
    rows = [[rounded(number) for number in row] for row in each.rows]
    return {
        "name": each.name, "title": each.title, "x": each.x, "settings": dict(each.settings), "rows": rows, "d": each.d,
    }
