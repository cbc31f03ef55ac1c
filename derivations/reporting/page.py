"""The index page: every story with its formulas (MathML), figures, tables and checks. No network needed.

One renderer: an event of a story becomes a piece of HTML here and nowhere else.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from asymptotics.pages import derivation_block, facts, formula_block, prose, sentence
from asymptotics.sentences import title
from derivations.reporting.events import Checked, Consequence, Drawn, Event, Proved, Said, Tabled
from derivations.reporting.teller import Story

STYLE = """
:root { --ink:#1d2430; --soft:#5b6472; --paper:#fdfdfb; --line:#dfe2e6; --good:#2f7d4f; --bad:#b3261e;
  --card:#f5f6f4; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --ink:#e6e8ec; --soft:#a2aab6; --paper:#16181c; --line:#343a43;
  --good:#6cc48f; --bad:#f08a80; --card:#1f2329; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.2rem 5rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { margin: 3rem 0 .6rem; font-size: 1.3rem; }
h3 { margin: 1.8rem 0 .3rem; font-size: 1.02rem; }
a { color: inherit; } .soft, figcaption, caption { color: var(--soft); font-size: .92rem; }
nav ol { columns: 2; padding-left: 1.2rem; } @media (max-width: 40rem) { nav ol { columns: 1; } }
.formula { overflow-x: auto; padding: .7rem 1rem; background: var(--card); border-radius: .5rem; margin: .5rem 0; }
.formula math { font-size: 1.12rem; } .where { margin: .3rem 0 0; font-size: .95rem; }
.where math { margin-right: 1.2rem; }
details { margin: .4rem 0 .8rem; } summary { cursor: pointer; color: var(--soft); }
.step { overflow-x: auto; padding: .2rem 0 .4rem 1rem; border-left: 2px solid var(--line); margin: .6rem 0; }
.kind { font-size: .78rem; padding: 0 .45rem; border: 1px solid var(--line); border-radius: 1rem; }
table { border-collapse: collapse; margin: .8rem 0; display: block; overflow-x: auto; }
caption { text-align: left; padding-bottom: .3rem; } td, th { padding: .18rem .8rem .18rem 0; text-align: right; }
th { border-bottom: 1px solid var(--line); font-weight: 600; }
figure { margin: 1.2rem 0; } figure img { width: 100%; background: #fff; border-radius: .4rem; }
ul.checks { list-style: none; padding: 0; } .good::before { content: "\\2713  "; color: var(--good); }
.bad::before { content: "\\2717  "; color: var(--bad); } .bad { color: var(--bad); }
code { font-size: .88em; background: var(--card); padding: .05rem .3rem; border-radius: .25rem; }
"""


def _proved(event: Proved) -> str:
    formula = event.formula
    at = ", ".join(f"{name}={value:g}" for name, value in event.point.items())
    holds, _, source = facts(formula)
    return (
        f'<h3 id="{formula.name}">{html.escape(title(formula.name))} '
        f'<a class="soft" href="explorer.html#{formula.name}">explore</a></h3>'
        f"<p>{sentence(formula.statement)}</p>{formula_block(formula)}"
        f'<p class="soft"><code>{formula.name}({at})</code> = {event.value:.12g}<br>'
        f"{source} {holds}</p>{derivation_block(event.derivation)}"
    )


def _consequence(event: Consequence) -> str:
    return f"<p>{html.escape(event.formula.statement)}</p>{formula_block(event.formula)}"


def _table(event: Tabled) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in event.header)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in event.rows
    )
    return f"<table><caption>{prose(event.caption)}</caption><tr>{head}</tr>{body}</table>"


def _figure(event: Drawn) -> str:
    words = re.sub(r"[$\\]", "", event.caption)
    return (
        f'<figure><img src="figures/{event.name}.svg" alt="{html.escape(words, quote=True)}">'
        f"<figcaption>{prose(event.caption)}</figcaption></figure>"
    )


def render(event: Event) -> str:
    """One event as HTML; checks are gathered by `_story`."""
    if isinstance(event, Said):
        return f"<p>{prose(event.text)}</p>"
    if isinstance(event, Proved):
        return _proved(event)
    if isinstance(event, Consequence):
        return _consequence(event)
    if isinstance(event, Tabled):
        return _table(event)
    if isinstance(event, Drawn):
        return _figure(event)
    return ""


def _story(story: Story, events: Sequence[Event]) -> str:
    checks = "".join(
        f'<li class="{"good" if e.holds else "bad"}">{prose(e.claim)} '
        f'<span class="soft">({html.escape(e.detail)})</span></li>'
        for e in events if isinstance(e, Checked)
    )
    body = "".join(map(render, events))
    return (
        f'<section id="{story.name}"><h2>{html.escape(story.title)}</h2>{body}'
        f'<ul class="checks">{checks}</ul></section>'
    )


def page(title: str, told: Sequence[tuple[Story, Sequence[Event]]], footer: str, *, book: str = "") -> str:
    """The whole page; ``book``: the file of the book's PDF, if there is one."""
    failed = sum(isinstance(e, Checked) and not e.holds for _, events in told for e in events)
    held = sum(isinstance(e, Checked) and e.holds for _, events in told for e in events)
    links = "".join(f'<li><a href="#{s.name}">{html.escape(s.title)}</a></li>' for s, _ in told)
    pdf = f'<a href="{book}">{book}</a>, from ' if book else ""
    verdict = f"{held} checks hold" + (f", {failed} FAIL" if failed else ", none fails")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f'<body><h1>{html.escape(title)}</h1><p class="soft">{verdict}. Formulas are printed from the objects '
        f'that were proved and evaluated. <a href="explorer.html">Explore them with sliders</a>; '
        f'the book is {pdf}<a href="formulas.tex">formulas.tex</a>, with <a href="macros.tex">macros.tex</a> to '
        f'cite by; <a href="data/">data</a>.</p><nav><ol>{links}</ol></nav>'
        + "".join(_story(story, events) for story, events in told)
        + f'<p class="soft">{html.escape(footer)}</p></body></html>'
    )
