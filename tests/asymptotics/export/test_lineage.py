"""Which formula is derived from which, and the works that they come from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from asymptotics import catalogue, limited_samples, phases
from asymptotics.export.bibliography import REFERENCES, Reference, bibtex, cited, with_citations
from asymptotics.export.lineage import builds_on, shared_steps
from asymptotics.formula import Formula

EVERY = list(catalogue().values())


def names(formula: Formula) -> set[str]:
    return {each.name for each in builds_on(formula, EVERY)}


def test_a_formula_builds_on_those_that_its_derivation_contains() -> None:
    assert names(limited_samples.skip) == set()
    assert names(limited_samples.overlap_mean) == {"limited_samples.skip"}
    assert names(limited_samples.mean_error) == {"limited_samples.flow_noise"}  # the nearest, not all above it
    assert names(phases.second_mean_error) == {"limited_samples.mean_error"}
    assert names(limited_samples.mean_error.fluctuation) == {
        "limited_samples.mean_error", "limited_samples.finite_variance",
    }


def test_nothing_builds_on_itself_or_in_a_circle() -> None:
    above = {formula.name: names(formula) for formula in EVERY}

    def ancestors(name: str, path: tuple[str, ...] = ()) -> set[str]:
        assert name not in path
        return above[name].union(*(ancestors(each, (*path, name)) for each in above[name]))

    for name in above:
        assert name not in ancestors(name)


def test_only_what_is_asked_about_is_named() -> None:
    assert builds_on(limited_samples.mean_error, [limited_samples.skip]) == (limited_samples.skip,)
    assert builds_on(limited_samples.mean_error, [limited_samples.bayes_error]) == ()


def test_shared_steps_are_the_longest_common_beginning() -> None:
    earlier = {each.name: each.derivation for each in (limited_samples.skip, limited_samples.overlap_mean)}
    assert shared_steps(limited_samples.velocity_mean.derivation, earlier) == (7, "limited_samples.overlap_mean")
    assert shared_steps(phases.dilated_time.derivation, earlier) == (0, "")


def test_every_paper_of_the_catalogue_is_a_known_work() -> None:
    for formula in EVERY:
        assert formula.source.paper in {each.identifier for each in REFERENCES}
        assert "arXiv" not in with_citations(str(formula.source))


def test_citations_stand_for_identifiers() -> None:
    assert with_citations("arXiv:2310.03575, ansatz") == r"\cite{cui2023}, ansatz"
    assert with_citations("arXiv:2310.035751") == "arXiv:2310.035751" and cited("mine, page 1") == ()
    assert [each.key for each in cited("arXiv:2306.00684 and arXiv:2310.03575")] == ["cui2023", "grenioux2023"]


def test_bibtex_entries_have_what_they_need() -> None:
    text = bibtex(REFERENCES)
    assert len(re.findall(r"^@misc\{", text, re.MULTILINE)) == len(REFERENCES) == len({each.key for each in REFERENCES})
    for field in ("author", "title", "year", "note"):
        assert text.count(f"\n  {field} = {{") == len(REFERENCES)
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize("reference", REFERENCES[:3], ids=lambda each: each.key)
def test_the_file_for_citing_this_software_names_the_same_works(reference: Reference) -> None:
    text = (Path(__file__).parents[3] / "CITATION.cff").read_text(encoding="utf-8")
    assert reference.identifier in text and reference.title in text
    for author in reference.authors:
        assert f"family-names: {author.split(', ')[0]}," in text
