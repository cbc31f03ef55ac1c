"""The comparison itself: how often it fails by chance, and what it sees, on data whose truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from asymptotics.calibration import (
    Slope,
    assert_agrees,
    compare_laws,
    compare_mean,
    compare_two_samples,
    judge,
    quantile,
    slope,
)

REPEATS = 4000
RATE = 0.04


def counted(events: int, trials: int, rate: float) -> bool:
    """Could this many events come from trials at this rate? Exact binomial, false-failure rate 1e-7."""
    return bool(stats.binomtest(events, trials, rate).pvalue > 1e-7)


def at_most(events: int, trials: int, rate: float) -> bool:
    return bool(stats.binomtest(events, trials, rate, alternative="greater").pvalue > 1e-7)


def normals(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(np.random.SeedSequence(seed)).standard_normal(shape)


@pytest.mark.parametrize("runs", [3, 8, 50])
def test_true_means_fail_at_the_stated_rate(runs: int) -> None:
    data = 1.7 + 0.3 * normals(runs, runs, REPEATS)
    failed = sum(
        not compare_mean(data[:, k], 1.7, false_failure=RATE).passed for k in range(REPEATS)
    )
    assert counted(failed, REPEATS, RATE), failed


def test_the_rate_is_split_over_entries_and_calls() -> None:
    """Of blocks of 5 entries compared in 2 calls, at most the stated share has any failure."""
    data = normals(1, 6, REPEATS, 2, 5)
    failed = sum(
        not all(
            compare_mean(data[:, k, call], np.zeros(5), false_failure=RATE, comparisons=2).passed
            for call in range(2)
        )
        for k in range(REPEATS)
    )
    # Independent entries: 1 - (1 - RATE/10)^10, a little below RATE.
    assert counted(failed, REPEATS, 1 - (1 - RATE / 10) ** 10), failed


@pytest.mark.parametrize("runs", [4, 20])
@pytest.mark.parametrize("power", [0.5, 0.9])
def test_a_discrepancy_of_the_stated_size_is_seen_with_the_stated_power(runs: int, power: float) -> None:
    """Shift the truth by the MDD for the true standard error: the share flagged is the power."""
    one = judge(0.0, 0.0, 1.0 / runs**0.5, dof=runs - 1, false_failure=RATE, power=power, scale=1.0)
    data = float(one.detectable) + normals(10 * runs, runs, REPEATS)
    seen = sum(
        not compare_mean(data[:, k], 0.0, false_failure=RATE, scale=1.0).passed for k in range(REPEATS)
    )
    assert counted(seen, REPEATS, power), seen


@pytest.mark.parametrize("dof", [3.0, 30.0])
def test_the_detectable_discrepancy_is_that_of_the_noncentral_t(dof: float) -> None:
    verdict = judge(0.0, 0.0, 1.0, dof=dof, false_failure=1e-3, power=0.9, scale=1.0)
    flagged = stats.nct(dof, float(verdict.detectable)).sf(float(verdict.threshold))
    assert flagged == pytest.approx(0.9, abs=1e-4)


def test_known_errors_use_the_normal_quantile() -> None:
    verdict = judge(1.0, 0.0, 1.0, dof=np.inf, false_failure=1e-6, power=0.99)
    assert float(verdict.threshold) == pytest.approx(stats.norm.isf(5e-7), rel=1e-12)
    assert float(verdict.detectable) == pytest.approx(stats.norm.isf(5e-7) + stats.norm.isf(0.01), abs=1e-9)
    assert quantile(1e-6, 1e7) == pytest.approx(quantile(1e-6, np.inf), rel=1e-5)


def test_two_samples_fail_at_the_stated_rate_even_with_unequal_spread() -> None:
    first, second = normals(2, 12, REPEATS), 3.0 * normals(3, 30, REPEATS)
    failed = sum(
        not compare_two_samples(first[:, k], second[:, k], false_failure=RATE, scale=1.0).passed
        for k in range(REPEATS)
    )
    assert counted(failed, REPEATS, RATE), failed
    verdict = compare_two_samples(first, second)
    t, _ = stats.ttest_ind(first, second, equal_var=False)
    assert np.allclose(verdict.z, t, rtol=1e-12)


def test_laws_fail_no_more_often_than_stated_and_see_what_they_say() -> None:
    sample, same = normals(4, 2000, 200), normals(5, 2000, 200)
    rate = 0.2
    one = [compare_laws(sample[k], stats.norm.cdf, false_failure=rate) for k in range(2000)]
    two = [compare_laws(sample[k], same[k], false_failure=rate) for k in range(2000)]
    odd = [compare_laws(sample[k], same[k, :150], false_failure=rate) for k in range(2000)]
    for verdicts in (one, two, odd):
        assert at_most(sum(not each.passed for each in verdicts), 2000, rate)
    # A shift moves the distribution function by 2 Phi(shift / 2) - 1 at most.
    for verdicts, other in ((one, None), (two, same)):
        shift = 2 * stats.norm.isf((1 - verdicts[0].detectable) / 2)
        missed = sum(
            compare_laws(
                sample[k] + shift, stats.norm.cdf if other is None else other[k], false_failure=rate
            ).passed
            for k in range(2000)
        )
        assert at_most(missed, 2000, 1 - verdicts[0].power), missed


def test_the_distance_between_laws_is_scipys() -> None:
    sample, other = normals(6, 50), 0.3 + normals(7, 70)
    for mine, theirs in (
        (compare_laws(sample, other), stats.ks_2samp(sample, other)),
        (compare_laws(sample, stats.norm.cdf), stats.ks_1samp(sample, stats.norm.cdf)),
        (compare_laws([0.0, 0.0, 1.0], [0.0, 1.0, 1.0]), stats.ks_2samp([0, 0, 1], [0, 1, 1])),
    ):
        assert mine.distance == pytest.approx(theirs.statistic, abs=1e-12)


def test_the_interval_of_a_slope_covers_at_its_confidence() -> None:
    x = np.array([1e2, 1e3, 1e4, 1e5])
    relative = np.array([0.01, 0.02, 0.02, 0.05])
    noise = normals(8, REPEATS, 4)
    known = unknown = 0
    for row in noise:
        line = slope(x, x**-0.5 * np.exp(relative * row), stderr=relative * x**-0.5, confidence=0.9)
        known += line.low <= -0.5 <= line.high
        line = slope(x, x**-0.5 * np.exp(0.02 * row), confidence=0.9)
        unknown += line.low <= -0.5 <= line.high
    assert counted(unknown, REPEATS, 0.9), unknown
    assert counted(known, REPEATS, 0.9), known


@settings(max_examples=50, deadline=None)
@given(power=st.floats(-3, 3), factor=st.floats(0.01, 100), count=st.integers(3, 8))
def test_a_power_law_has_its_exponent(power: float, factor: float, count: int) -> None:
    x = np.geomspace(1, 1e4, count)
    assert slope(x, factor * x**power).value == pytest.approx(power, abs=1e-10)
    weighted = slope(x, factor * x**power, stderr=factor * x**power * np.linspace(0.1, 0.3, count))
    assert weighted.value == pytest.approx(power, abs=1e-10) and weighted.dof == np.inf


def test_a_slope_is_compared_like_a_mean() -> None:
    line = Slope(-0.48, 0.01, np.inf, -0.5, -0.46, 0.95)
    assert line.compare(-0.5).passed and not line.compare(-0.6).passed


def test_a_comparison_that_could_not_see_an_error_is_a_failure() -> None:
    data = 1.0 + 0.5 * normals(9, 6)
    verdict = compare_mean(data, 1.0)
    assert verdict.passed
    with pytest.raises(AssertionError, match="could not see a discrepancy of 10 %"):
        assert_agrees(verdict)
    sharp = compare_mean(1.0 + 0.01 * normals(9, 60), 1.0)
    assert_agrees(sharp)
    print(sharp)
    with pytest.raises(AssertionError, match="FAILED: 1 comparison"):
        assert_agrees(compare_mean(1.0 + 0.01 * normals(9, 60), 1.1))
    # Relative to an expected 0 nothing is sharp, unless its scale is stated.
    with pytest.raises(AssertionError, match="state scale where expected is 0"):
        assert_agrees(compare_mean(0.01 * normals(9, 60), 0.0))
    assert_agrees(compare_mean(0.01 * normals(9, 60), 0.0, scale=1.0))


def test_bias_is_allowed_and_counted_against_what_is_seen() -> None:
    data = 1.05 + 0.01 * normals(10, 60)
    assert not compare_mean(data, 1.0).passed
    verdict = compare_mean(data, 1.0, bias=0.06)
    assert verdict.passed
    assert float(verdict.detectable) == pytest.approx(float(compare_mean(data, 1.0).detectable) + 0.06)


def test_runs_that_do_not_vary_have_no_undefined_score() -> None:
    verdict = compare_mean(np.ones((5, 3)), [1.0, 1.0 + 1e-14, 2.0])
    assert verdict.passed_each.tolist() == [True, True, False]
    assert verdict.z.tolist() == [0.0, 0.0, -np.inf]
    assert compare_mean(np.zeros((5, 1)), [0.0]).resolution == 0.0
    assert compare_two_samples(np.ones(4), np.ones(5)).passed


def test_a_long_verdict_prints_the_furthest() -> None:
    data = normals(11, 40, 30)
    text = str(compare_mean(data, np.r_[np.zeros(29), 9.0], scale=1.0))
    assert text.startswith("FAILED: 30 comparison(s)") and "[29] estimate" in text.splitlines()[2]
    assert len(text.splitlines()) == 14


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: compare_mean([1.0], 1.0), ValueError, "1 run"),
        (lambda: compare_mean([], 1.0), ValueError, "must not be empty"),
        (lambda: compare_mean([1.0, np.nan], 1.0), ValueError, r"samples is nan at index \(1,\)"),
        (lambda: compare_mean(["a", "b"], 1.0), TypeError, "samples must be an array of real"),
        (lambda: compare_mean([1.0, 2.0], [1.0, 2.0]), ValueError, "expected has shape"),
        (lambda: compare_mean([1.0, 2.0], np.inf), ValueError, "expected is inf"),
        (lambda: compare_mean([1.0, 2.0], 1.0, false_failure=0.0), ValueError, "false_failure = 0.0"),
        (lambda: compare_mean([1.0, 2.0], 1.0, power=1.0), ValueError, "power = 1.0"),
        (lambda: compare_mean([1.0, 2.0], 1.0, comparisons=0), ValueError, "comparisons = 0"),
        (lambda: compare_mean([1.0, 2.0], 1.0, bias=-1.0), ValueError, "bias = -1.0 must be >= 0"),
        (lambda: judge(1.0, 1.0, -1.0, dof=1), ValueError, "stderr = -1.0 must be >= 0"),
        (lambda: judge(1.0, 1.0, 1.0, dof=0), ValueError, "dof = 0.0 must be > 0"),
        (lambda: compare_two_samples([1.0], [1.0, 2.0]), ValueError, "first holds 1 run"),
        (lambda: compare_two_samples(np.ones((2, 2)), np.ones((2, 3))), ValueError, "entries of shape"),
        (lambda: compare_laws(np.ones((2, 2)), [1.0]), ValueError, "it must be 1-d"),
        (lambda: compare_laws([1.0], lambda x: x + 5), ValueError, "one probability"),
        (lambda: slope([1.0, 1.0], [1.0, 2.0]), ValueError, "two different x"),
        (lambda: slope([1.0, -1.0], [1.0, 2.0]), ValueError, "must be > 0"),
        (lambda: slope([1.0, 2.0], [1.0, 2.0]), ValueError, "at least 3 points"),
        (lambda: slope([1.0, 2.0], [1.0, 2.0], stderr=0.0), ValueError, "stderr must be > 0"),
        (lambda: slope([1.0, 2.0], [1.0, 2.0], confidence=1.0), ValueError, "confidence = 1.0"),
        (lambda: assert_agrees(compare_mean([1.0, 2.0], 1.0), within=0.0), ValueError, "within = 0.0"),
    ],
)
def test_bad_arguments(call: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()  # type: ignore[operator]
