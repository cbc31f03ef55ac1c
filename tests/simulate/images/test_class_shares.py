"""Shares of classes net of a classifier's confusion, with honest errors; the distance of two samples."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from scipy.optimize import minimize

from simulate.images import class_shares, corrected_shares, energy_distance, label_counts

RATES = np.array([[0.9, 0.07, 0.03], [0.05, 0.85, 0.1], [0.02, 0.08, 0.9]])
SHARES = np.array([0.6, 0.3, 0.1])


def test_exact_rates_give_exact_shares() -> None:
    found = corrected_shares(SHARES @ RATES * 10_000, RATES * 1000, classes=(3, 5, 8))
    np.testing.assert_allclose(found.shares, SHARES, rtol=1e-12)
    np.testing.assert_allclose(found.seen, SHARES @ RATES, rtol=1e-12)
    assert found.of(5).value == pytest.approx(0.3)


def test_errors_are_those_that_are_made() -> None:
    """2000 experiments with 300 generated points and 60 test images of each class: no bias beyond what ratios of few
    counts have, and the spread that is stated, within 6 of its own errors."""
    generator = np.random.default_rng(1)
    shares, stated = [], []
    for _ in range(2000):
        table = np.array([generator.multinomial(60, row) for row in RATES])
        found = corrected_shares(generator.multinomial(300, SHARES @ RATES), table)
        shares.append(found.shares)
        stated.append(found.stderr)
    made = np.std(shares, axis=0, ddof=1)
    assert (np.abs(np.mean(shares, axis=0) - SHARES) < 6 * made / 2000**0.5 + 0.01).all()
    ratio = np.mean(stated, axis=0) / made
    assert (np.abs(ratio - 1) < 6 / (2 * 2000) ** 0.5 + 0.1).all(), ratio


@settings(deadline=None, max_examples=60)
@given(counts=st.lists(st.integers(0, 30), min_size=3, max_size=3).filter(any))
def test_the_likeliest_shares(counts: list[int]) -> None:
    """Against a general optimiser, also at the edges, where the linear equations leave the simplex."""
    found = corrected_shares(counts, RATES * 1000)
    assert (found.shares >= 0).all() and found.shares.sum() == pytest.approx(1)

    def loss(free: np.ndarray) -> float:
        weights = np.exp(np.append(free, 0.0) - np.append(free, 0.0).max())
        return float(-np.asarray(counts) @ np.log(weights / weights.sum() @ RATES))

    best = min(minimize(loss, start, method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-9, "fatol": 1e-12}).fun
               for start in ([0.0, 0.0], [3.0, 0.0], [0.0, 3.0]))
    assert float(-np.asarray(counts) @ np.log(found.shares @ RATES)) <= best + 1e-6


def test_energy_distance() -> None:
    """Of one law it is 0 in the mean, within 6 standard errors of 300; of others it is that of their formula."""
    generator = np.random.default_rng(2)
    drawn = [[torch.from_numpy(generator.standard_normal((20, 1)) + shift) for shift in (0.0, 0.0, 1.0)]
             for _ in range(300)]
    same = np.array([energy_distance(one, two) for one, two, _ in drawn])
    far = np.array([energy_distance(one, two) for one, _, two in drawn])
    assert abs(same.mean()) < 6 * same.std() / 300**0.5
    # E|N(m, 2)| = 2/sqrt(pi) exp(-m^2/4) + m erf(m/2).
    def mean(m: float) -> float:
        from math import erf, exp, pi

        return 2 / pi**0.5 * exp(-(m**2) / 4) + m * erf(m / 2)

    assert abs(far.mean() - 2 * (mean(1.0) - mean(0.0))) < 6 * far.std() / 300**0.5


@pytest.mark.parametrize(("do", "error", "words"), [
    (lambda: corrected_shares([1, 2], RATES), ValueError, r"must be \(K,\) and \(K, K\)"),
    (lambda: corrected_shares([0, 0, 0], RATES), ValueError, "not all 0"),
    (lambda: corrected_shares([1, 1, 1], np.ones((3, 3))), ValueError, "does not tell the classes apart"),
    (lambda: corrected_shares([1, 1], [[1, 0], [0, 0]]), ValueError, "test images of every class"),
    (lambda: label_counts(torch.tensor([0.0]), [0]), TypeError, "must be an int64 tensor"),
    (lambda: label_counts(torch.tensor([7]), [0, 1]), ValueError, "label 7 is none of the classes"),
    (lambda: corrected_shares([1, 1], np.eye(2)).of(4), ValueError, "label = 4 is none"),
    (lambda: energy_distance(torch.zeros(1, 2), torch.zeros(3, 2)), ValueError, "two points or more"),
])
def test_bad_input(do: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        do()


def test_counting() -> None:
    assert label_counts(torch.tensor([3, 1, 3]), [1, 2, 3]).tolist() == [1, 0, 2]
    assert class_shares.corrected_shares([2, 2], np.eye(2)).shares.tolist() == [0.5, 0.5]
