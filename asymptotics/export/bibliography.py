"""The works that the formulas come from, for bibliographies."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Reference:
    """A work: ``identifier`` is what sources name it by, ``key`` what TeX cites it by; authors as Family, Given."""

    key: str
    identifier: str
    authors: tuple[str, ...]
    title: str
    year: int

    def bibtex(self) -> str:
        """The entry; braces keep the title's capitals."""
        fields = {
            "author": " and ".join(self.authors), "title": f"{{{self.title}}}", "year": str(self.year),
            "note": self.identifier, "url": f"https://arxiv.org/abs/{self.identifier.removeprefix('arXiv:')}",
        }
        body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
        return f"@misc{{{self.key},\n{body}\n}}\n"


REFERENCES: tuple[Reference, ...] = (
    Reference(
        "cui2023", "arXiv:2310.03575",
        ("Cui, Hugo", "Krzakala, Florent", "Vanden-Eijnden, Eric", "Zdeborová, Lenka"),
        "Analysis of learning a flow-based generative model from limited sample complexity", 2023,
    ),
    Reference(
        "aranguri2024", "arXiv:2412.07972", ("Aranguri, Santiago", "Insulla, Francesco"),
        "Phase-aware Training Schedule Simplifies Learning in Flow-Based Generative Models", 2024,
    ),
    Reference(
        "grenioux2023", "arXiv:2306.00684", ("Grenioux, Louis", "Moulines, Éric", "Gabrié, Marylou"),
        "Balanced Training of Energy-Based Models with Adaptive Flow Sampling", 2023,
    ),
    Reference(
        "biroli2024", "arXiv:2402.18491",
        ("Biroli, Giulio", "Bonnaire, Tony", "de Bortoli, Valentin", "Mézard, Marc"),
        "Dynamical Regimes of Diffusion Models", 2024,
    ),
)


def cited(text: str) -> tuple[Reference, ...]:
    """The works whose identifiers stand in a text."""
    return tuple(each for each in REFERENCES if re.search(rf"{re.escape(each.identifier)}(?!\d)", text))


def with_citations(text: str) -> str:
    r"""The text with the identifiers of known works as LaTeX's \cite."""
    for each in cited(text):
        text = re.sub(rf"{re.escape(each.identifier)}(?!\d)", rf"\\cite{{{each.key}}}", text)
    return text


def bibtex(references: Iterable[Reference]) -> str:
    """A BibTeX file."""
    return "\n".join(each.bibtex() for each in references)
