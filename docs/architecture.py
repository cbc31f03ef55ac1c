"""The floors of the packages, from the ground up, and their picture: ``python docs/architecture.py`` draws it.

A file imports from lower floors, from its own folder, and from nothing else; `tests/test_layout.py` holds every kind of
import to that. An entry is a folder or a file at the top of its package, with what it is for.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

Floor = dict[str, str]

ASYMPTOTICS: list[Floor] = [
    {"proof": "the kernel: what is decided holds"},
    {
        "extras.py": "what is installed", "sentences.py": "words as type", "coerce.py": "values to numbers",
        "command_line.py": "parser, exit codes", "functions": "means, roots, minima",
        "calibration": "verdicts",
    },
    {
        "arguments.py": "arguments and their ranges", "parse": "users' expressions",
        "algebra": "time limits, shorthands",
        "expansion": "series and limits",
        "numeric": "expressions to numpy, mpmath, torch", "figures.py": "matplotlib axes in our style",
    },
    {"symbols.py": "the alphabet"},
    {"domain.py": "where a formula holds", "latex.py": "the one printer", "schedule": "interpolants and dilations"},
    {"derivation.py": "steps and proofs"},
    {"formula": "what a result states; what one does with it"},
    {
        "limited_samples": "arXiv:2310.03575", "pages": "terminal and web markup",
        "testing": "hypothesis strategies, mutants",
    },
    {"mixture.py": "the exact field, derived"},
    {"phases": "arXiv:2412.07972", "balance": "arXiv:2306.00684"},
    {"collection.py": "the catalogue: all formulas"},
    {"plotting": "curves beside measurements", "explorer": "one HTML page of all formulas"},
    {"export": "LaTeX, JSON, the book"},
    {"__main__.py": "python -m asymptotics"},
]

SIMULATE: list[Floor] = [
    {"checks.py": "argument checks", "estimate.py": "a number and its error", "memory.py": "how much is free"},
    {"seeds.py": "every seed", "path.py": "points on a schedule", "comparison.py": "data against theory"},
    {"mixture.py": "the data", "runs": "executors, stores, checkpoints, sweeps"},
    {"flow": "velocities, solvers, the exact field"},
    {"autoencoder": "the denoiser, exactly solved"},
    {"training": "recipes, one or many networks"},
    {"gram": "exact laws at any dimension", "sampler": "chains, proposals, weights of modes"},
    {"energy": "energy-based models", "untied": "the network of the phases", "uturn": "there and back"},
    {"images": "data, classifiers, shares", "curves": "curves over many seeds"},
    {"features": "study of real images", "balance": "study of modes"},
    {"commands": "options and tables"},
    {"__main__.py": "python -m simulate"},
]

DERIVATIONS: list[Floor] = [
    {"reporting": "events, pages, the report"},
    {"stories": "one script a result"},
    {"__main__.py": "python -m derivations"},
]

PACKAGES = {"asymptotics": ASYMPTOTICS, "simulate": SIMULATE, "derivations": DERIVATIONS}
"""Each package imports from those before it. simulate asks asymptotics for numbers, never for expressions."""

_WIDTH, _GAP, _ROW, _LEFT, _RIGHT = 1180, 8, 44, 136, 16
_STYLE = """
    .package { fill: #f2f5f4; stroke: #5b6472; } .box { fill: #ffffff; stroke: #c3c9d1; }
    text { fill: #1d2430; } .name { font-weight: 600; font-size: 13px; } .title { font-weight: 650; font-size: 16px; }
    .soft { fill: #5b6472; font-size: 11.5px; } svg { background: #fdfdfb; }
"""


def _package(title: str, floors: list[Floor], top: int) -> tuple[list[str], int]:
    """Draw one package with its highest floor first; return the elements and the height."""
    height = len(floors) * _ROW + 2 * _GAP
    lines = [
        f'<rect class="package" x="{_GAP}" y="{top}" width="{_WIDTH - 2 * _GAP}" height="{height}" rx="8"/>',
        f'<text class="title" x="{2 * _GAP}" y="{top + 28}">{title}</text>',
    ]
    for row, floor in enumerate(reversed(floors)):
        y = top + _GAP + row * _ROW
        width = (_WIDTH - _LEFT - _RIGHT - (len(floor) - 1) * _GAP) / len(floor)
        for place, (name, purpose) in enumerate(floor.items()):
            x = _LEFT + place * (width + _GAP)
            short = f"{name}/" if (Path(__file__).parents[1] / title / name).is_dir() else name
            lines += [
                f'<rect class="box" x="{x:.0f}" y="{y + 2}" width="{width:.0f}" height="{_ROW - 6}" rx="4"/>',
                f'<text class="name" x="{x + 8:.0f}" y="{y + 18}">{escape(short)}</text>',
                f'<text class="soft" x="{x + 8:.0f}" y="{y + 33}">{escape(purpose)}</text>',
            ]
    return lines, height


def picture() -> str:
    """Return the floors as SVG: the packages above each other, each importing only downwards."""
    lines = [
        f'<text class="soft" x="{2 * _GAP}" y="20">Imports point downwards: a file imports from lower boxes and from '
        "its own folder. Names are folders, or files where a package has them at its top.</text>"
    ]
    top = _GAP + 24
    for title, floors in reversed(PACKAGES.items()):
        drawn, height = _package(title, floors, top)
        lines += drawn
        top += height + 2 * _GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" font-family="system-ui, sans-serif">\n'
        f"  <title>Floors of the packages: imports point downwards</title>\n  <style>{_STYLE}  </style>\n"
    )
    return head + "\n".join(f"  {line}" for line in lines) + "\n</svg>\n"


if __name__ == "__main__":
    (Path(__file__).parent / "architecture.svg").write_text(picture(), encoding="utf-8")
