"""How Sphinx builds these pages: `make docs`. Formulas, notation and sources are written from the catalogue."""

from __future__ import annotations

import html
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from docutils.nodes import SkipNode
from sphinx.ext.napoleon import Config, NumpyDocstring

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from asymptotics import catalogue  # noqa: E402
from asymptotics.arguments import ARGUMENTS  # noqa: E402
from asymptotics.pages import about, derivation_block, formula_block, mathml, sentence  # noqa: E402
from asymptotics.sentences import title, topic_title  # noqa: E402

project = "flow-asymptotics"
author = "The flow-asymptotics authors"
release = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
html_theme = "furo"
html_show_copyright = False
html_title = "flow-asymptotics"
html_math_renderer = "mathml"
html_static_path = ["static"]
html_css_files = ["formulas.css"]
html_show_sphinx = False
exclude_patterns = ["built"]
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "none"
GENERATED = HERE / "generated"


def setup(app: Any) -> None:
    app.add_html_math_renderer("mathml", inline_renderers=(_inline, None), block_renderers=(_display, None))
    app.connect("builder-inited", _generate)
    app.connect("autodoc-process-docstring", _as_rst)


def _inline(writer: Any, node: Any) -> None:
    writer.body.append(mathml(node.astext()))
    raise SkipNode


def _display(writer: Any, node: Any) -> None:
    writer.body.append(f'<div class="formula">{mathml(node.astext(), display=True)}</div>')
    raise SkipNode


# -- pages from the catalogue ---------------------------------------------------------------------------


def _generate(_: Any) -> None:
    GENERATED.mkdir(exist_ok=True)
    rooms = list(dict.fromkeys(name.split(".")[0] for name in catalogue()))
    pages = {room: _room(room) for room in rooms} | {"notation": _notation(), "sources": _sources()}
    for name, text in pages.items():
        path = GENERATED / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _raw(text: str) -> str:
    return f"```{{raw}} html\n{text}\n```\n"


def _room(room: str) -> str:
    parts = [f"# {topic_title(room)}\n"]
    for formula in catalogue().values():
        if formula.name.split(".")[0] != room:
            continue
        parts += [
            f"({formula.name})=\n## {title(formula.name)}\n", f"`{formula.name}`\n",
            _raw(
                f"<p>{sentence(formula.statement)}</p>{formula_block(formula)}{about(formula)}"
                f"{derivation_block(formula.prove())}"
            ),
        ]
    return "\n".join(parts)


def _notation() -> str:
    rows = "".join(
        f"<tr><td>{mathml(each.letter)}</td><td><code>{each.name}</code></td><td>{html.escape(each.range)}</td>"
        f"<td>{sentence(each.meaning)}</td></tr>" for each in ARGUMENTS.values()
    )
    table = f"<table><tr><th></th><th>in Python</th><th>range</th><th>meaning</th></tr>{rows}</table>"
    return f"# Notation\n\nThe arguments of all formulas, calls, command lines and data sets.\n\n{_raw(table)}"


def _sources() -> str:
    rows = "".join(
        f'<tr><td><code>{each.name}</code></td><td>{"the authors" if each.source.status == "paper" else "here"}</td>'
        f"<td>{sentence(each.source.place)}</td>"
        f"<td>{sentence(each.source.notation)}</td></tr>" for each in catalogue().values()
    )
    head = "<tr><th>formula</th><th>stated by</th><th>how</th><th>what differs</th></tr>"
    table = f'<div class="wide"><table>{head}{rows}</table></div>'
    return f"# Each formula's source\n\n{_raw(table)}"


# -- docstrings -----------------------------------------------------------------------------------------


def _as_rst(_: Any, __: str, ___: str, ____: Any, _____: Any, lines: list[str]) -> None:
    """Docstrings are plain text: their aligned lists become lists, and marks that mean themselves are escaped.

    Sections with underlined titles are NumPy's, which napoleon reads.
    """
    first = next((k - 1 for k, line in enumerate(lines) if re.fullmatch(r"-{3,}", line)), len(lines))
    sections = NumpyDocstring([_escaped(line) for line in lines[first:]], Config(napoleon_use_rtype=False)).lines()
    text: list[str] = []
    literal = listed = False
    for line in lines[:first]:
        if line.startswith("    ") and line.strip() and not literal and not listed:  # an example without its two colons
            text += ["::", ""]
            literal = True
        if literal and (line.startswith("    ") or not line.strip()):
            text.append(line)
            continue
        item = re.match(r"(``[^`]+``|\w[\w.]*(?:, \w+)*)\s{2,}(\S.*)", line)
        if item:
            text += ["", f"- **{item[1].strip('`')}**: {_escaped(item[2])}"]
        elif listed and line.startswith(" "):
            text.append(f"  {_escaped(line.strip())}")
        else:
            text += ["", _escaped(line)] if listed and line.strip() else [_escaped(line)]
        listed = bool(item) or (listed and line.startswith(" "))
        literal = line.rstrip().endswith("::")
    lines[:] = [*text, "", *sections]


def _escaped(line: str) -> str:
    pieces = re.split(r"(``.*?``|`[^`]*`)", line)
    return "".join(
        piece if index % 2 else re.sub(r"([|*]|(?<=\w)_(?!\w))", r"\\\1", piece) for index, piece in enumerate(pieces)
    )
