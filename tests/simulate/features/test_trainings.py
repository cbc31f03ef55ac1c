"""Means, ratios and clocks over seeds: intervals that cover, tests against brute force."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, strategies as st

from asymptotics.schedule import variance_preserving
from simulate.features import fitted_clocks, homogeneity, mean_interval, ratio_interval


def test_intervals_cover() -> None:
    """Of 4 000 experiments of 8 correlated pairs, 90 % intervals hold the true mean and ratio: within 5 standard errors
    of a share (.024: 6e-7 together), and what a law that is not quite normal leaves (.01)."""
    generator = np.random.default_rng(7)
    common, own = generator.standard_normal((4000, 8)), generator.standard_normal((2, 4000, 8))
    one, two = 3.0 + 0.4 * common + 0.3 * own[0], 2.0 + 0.25 * common + 0.2 * own[1]
    ratios = np.array([ratio_interval(x, y, confidence=0.9) for x, y in zip(one, two, strict=True)])
    means = np.array([mean_interval(x - y, confidence=0.9) for x, y in zip(one, two, strict=True)])
    assert np.isfinite(ratios).mean() > 0.99
    for found, truth in ((ratios, 1.5), (means, 1.0)):
        covered = ((found[:, 1] <= truth) & (truth <= found[:, 2])).mean()
        assert abs(covered - 0.9) < 0.034


@given(st.lists(st.tuples(st.floats(0, 4), st.floats(0, 4)), min_size=3, max_size=6))
def test_the_ratio_s_interval_is_that_of_its_test(pairs: list[tuple[float, float]]) -> None:
    """Brute force: r is inside exactly where Student's test does not tell the mean of x - r y from 0."""
    from scipy.stats import t

    x, y = np.array(pairs).T
    if y.std() < 1e-3 or x.std() < 1e-3 or y.mean() < 1e-3:
        return
    ratio, low, high = ratio_interval(x, y)
    assert ratio == pytest.approx(x.mean() / y.mean())
    reach = t.isf(0.025, len(x) - 1)

    def told(r: float) -> float:
        gap = x - r * y
        return float(abs(gap.mean()) - reach * gap.std(ddof=1) / len(x) ** 0.5)

    for r in np.geomspace(1e-2, 1e3, 60):
        if abs(told(r)) > 1e-9 * (1 + r) and (np.isfinite(high) or r < ratio):
            assert (low <= r <= high) == (told(r) < 0) or (low == 0.0 and not np.isfinite(high))


def test_equal_values_agree() -> None:
    """The chance is uniform where errors are true, by Kolmogorov and Smirnov at 1e-6, and tiny where they are not."""
    from scipy.stats import kstest

    errors = np.array([0.1, 0.2, 0.3, 0.1])
    drawn = 2.0 + errors * np.random.default_rng(8).standard_normal((2000, 4))
    found = np.array([homogeneity(each, errors) for each in drawn])
    assert kstest(found[:, 2], "uniform").pvalue > 1e-6
    # The stated error of the mean: within 5 standard errors of a spread of 2000.
    assert found[:, 0].std() == pytest.approx(found[0, 1], rel=5 / (2 * 2000) ** 0.5)
    assert homogeneity([0.0, 1.0], [0.1, 0.1])[2] < 1e-6 and homogeneity(0.3, 0.1) == pytest.approx((0.3, 0.1, 1.0))
    for bad in (([1.0], [0.0]), ([1.0, 2.0], [1.0]), ([np.nan], [1.0])):
        with pytest.raises(ValueError, match="stderr"):
            homogeneity(*bad)


def test_clocks_are_fitted_seed_by_seed() -> None:
    """Curves of the theory with a clock, with noise: K and p in intervals of 1 - 1e-6, no misfit."""
    from asymptotics import phases

    times = np.linspace(0.1, 0.9, 9)
    alpha, beta = variance_preserving.mix(times)
    clock = 2.5 * beta / alpha
    plus, minus = (each(p=0.75, s=clock) for each in (phases.uturn_sde_plus, phases.uturn_sde_minus))
    exact = np.stack([plus, minus], axis=1)
    error = np.sqrt(exact * (1 - exact) / 500 + 1e-5)
    share = exact + error * np.random.default_rng(9).standard_normal((3, 9, 2))
    share = np.clip(share, 0.0, 1.0)
    study = xr.Dataset(
        {name: (("seed", "t", "start", "label"), np.stack([value, other], axis=-1)) for name, value, other in (
            ("fraction", share, 1 - share), ("fraction_stderr", *[np.broadcast_to(error, share.shape)] * 2),
        )},
        {
            "t": times, "start": ["4", "9"], "label": [4, 9], "seed": range(3), "alpha": ("t", alpha),
            "beta": ("t", beta),
        },
    )
    found = fitted_clocks(study, confidence=1 - 1e-6)
    assert ((found["rate_low"] < 2.5) & (found["rate_high"] > 2.5) & (found["p_low"] < 0.75)).all()
    assert (found["p_high"] > 0.75).all() and ((found["misfit"] > 0.1) & (found["misfit"] < 4)).all()
    with pytest.raises(ValueError, match="curves are of two classes; the study has 1"):
        fitted_clocks(study.isel(label=[0]))
