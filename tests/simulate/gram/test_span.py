"""Coordinates of data sets in their own span: measured ones keep inner products, drawn ones have their law."""

from typing import Any

import numpy as np
import pytest
import torch

from asymptotics.calibration import assert_agrees, compare_laws, compare_two_samples
from simulate import Mixture, Samples
from simulate.gram import Span, draw_span
from simulate.seeds import child, normal

MIXTURE = Mixture(d=40, sigma=1.3, radius=0.6)


def _rows(span: Span) -> torch.Tensor:
    """mu, s x1, s x0, w: (seeds, vectors, m)."""
    mean = span.mean.expand(span.seeds, 1, -1)
    return torch.cat([mean, span.data, span.noise.flatten(1, 2), span.weight[:, None]], dim=1)


def _vectors(samples: Samples, weight: torch.Tensor) -> torch.Tensor:
    signed = samples.pair_labels[..., None] * samples.noise
    data = samples.labels[:, None] * samples.data
    return torch.cat([samples.mean[None], data, signed.flatten(0, 1), weight[None]])


@pytest.mark.parametrize("d", [4, 9, 40])
def test_measured_coordinates_keep_inner_products(d: int) -> None:
    """Also where the vectors are more than the dimensions."""
    mixture = Mixture(d=d, sigma=1.3, radius=0.6)
    sets = [mixture.sample(n=3, draws=2, seed=child(1, k)) for k in range(2)]
    weights = [normal(child(2, k), (d,)) for k in range(2)]
    span = Span.of(sets, weights)
    assert span.weight.shape == (2, min(d, 11))
    assert (span.n, span.draws, span.pairs, span.seeds) == (3, 2, 6, 2)
    for k in range(2):
        rows, whole = _rows(span)[k], _vectors(sets[k], weights[k])
        torch.testing.assert_close(rows @ rows.T, whole @ whole.T, rtol=1e-12, atol=1e-11)


@pytest.mark.parametrize("d", [1, 2, 5, 8, 60])
def test_drawn_coordinates_have_the_law_of_gaussian_vectors(d: int) -> None:
    """The whole Gram matrix: means of its entries, of their products, and the law of one length and one product."""
    runs, kind = 20_000, {"n": 2, "draws": 2, "sigma": 0.8, "radius": 1.2}
    drawn = _rows(draw_span(d=d, seeds=runs, seed=3, **kind))  # type: ignore[arg-type]
    unit = normal(4, (runs, 7, d))
    mean = torch.full((runs, 1, d), 1.2, dtype=torch.float64)
    direct = torch.cat([mean, mean + 0.8 * unit[:, :2], unit[:, 2:]], dim=1)
    tables = []
    for rows in (drawn, direct):
        gram = (rows @ rows.transpose(1, 2)).numpy() / d
        i, j = np.triu_indices(8)
        flat = gram[:, i, j]
        tables.append(np.concatenate([flat, flat**2, flat[:, 1:] * flat[:, :-1]], axis=1))
    scale = np.sqrt((tables[1] ** 2).mean(axis=0))
    assert_agrees(compare_two_samples(*tables, scale=scale, comparisons=2))
    for i, j in ((1, 1), (3, 4)):
        laws = [(rows[:, i] * rows[:, j]).sum(dim=1).numpy() for rows in (drawn, direct)]
        assert_agrees(compare_laws(*laws, comparisons=4))


def test_more_seeds_continue_fewer() -> None:
    few, many = (draw_span(n=3, d=1000, sigma=1.0, seeds=seeds, seed=5) for seeds in (2, 5))
    assert torch.equal(few.data, many.data[:2]) and torch.equal(few.weight, many.weight[:2])


def test_the_dimension_costs_nothing() -> None:
    span = draw_span(n=3, d=10**12, sigma=1.0, seeds=2, seed=5, dtype=torch.float32)
    assert span.weight.shape == (2, 8) and span.weight.dtype == torch.float32
    assert torch.allclose(span.noise.square().sum(dim=-1) / 10**12, torch.ones(2, 3, 1), atol=1e-4)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"d": 0}, "d = 0 must be >= 1"), ({"n": 1}, "infimum"), ({"draws": 0}, "draws = 0 must be >= 1"),
        ({"sigma": -1.0}, "sigma = -1.0 must be > 0"), ({"seeds": 0}, "seeds = 0 must be >= 1"),
    ],
)
def test_bad_kinds(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        draw_span(**{"n": 2, "d": 10, "sigma": 1.0, "seeds": 1, "seed": 0, **change})


def test_too_many_for_the_memory() -> None:
    with pytest.raises(MemoryError, match="d does not matter"):
        draw_span(n=10**6, d=10**9, sigma=1.0, seeds=100, seed=0)


def test_data_sets_that_do_not_go_together() -> None:
    one, other = MIXTURE.sample(n=2, seed=0), MIXTURE.sample(n=3, seed=0)
    weight = normal(0, (40,))
    with pytest.raises(ValueError, match="different mixtures, n or draws"):
        Span.of([one, other], [weight, weight])
    with pytest.raises(ValueError, match="1 data sets with 0 weights"):
        Span.of([one], [])
    with pytest.raises(ValueError, match=r"weights has shape \(3,\)"):
        Span.of([one], [weight[:3]])
    span = Span.of([one], [weight])
    with pytest.raises(ValueError, match="has at most d"):
        Span(d=3, sigma=1.3, radius=0.6, data=span.data, noise=span.noise, weight=span.weight)
