"""Quantiles and rates: Student thresholds, the noncentral t behind a power, and shares of a rate."""

from __future__ import annotations

from functools import lru_cache
from math import isinf, log, sqrt

import numpy as np

FALSE_FAILURE = 1e-6
POWER = 0.99
ROUNDING = 1e-12


@lru_cache(maxsize=256)
def quantile(two_sided_rate: float, dof: float) -> float:
    """The z that |Student t| exceeds at this rate; the normal one for dof = inf."""
    from scipy import stats

    law = stats.norm if isinf(dof) else stats.t(dof)
    return float(law.isf(two_sided_rate / 2.0))


@lru_cache(maxsize=256)
def noncentrality(rate: float, dof: float, power: float) -> float:
    """The true discrepancy, in units of the true standard error, that is flagged with this power.

    The power of a t test is E[Phi(shift - threshold s)], s = sqrt(chi2_dof / dof): an integral over
    the quantile of s, done by Gauss-Legendre on the side of rejection only (the other is
    negligible).
    """
    from scipy import optimize, stats

    threshold = quantile(rate, dof)
    if isinf(dof):
        return threshold + float(stats.norm.isf(1.0 - power))
    node, weight = np.polynomial.legendre.leggauss(400)
    spread = np.sqrt(stats.chi2(dof).ppf((node + 1.0) / 2.0) / dof)

    def missing(shift: float) -> float:
        return float(weight @ stats.norm.cdf(shift - threshold * spread)) / 2.0 - power

    return float(optimize.brentq(missing, 0.0, threshold * float(spread.max()) + 40.0))


def massart(rate: float, count: int) -> float:
    return sqrt(log(2.0 / rate) / (2.0 * count))


def share(false_failure: float, comparisons: int, entries: int, power: float) -> int:
    for name, value in (("false_failure", false_failure), ("power", power)):
        if not (isinstance(value, float) and 0.0 < value < 1.0):
            raise ValueError(f"{name} = {value!r} must be a float in (0, 1)")
    if isinstance(comparisons, bool) or not isinstance(comparisons, int) or comparisons < 1:
        raise ValueError(f"comparisons = {comparisons!r} must be an integer >= 1")
    return comparisons * max(entries, 1)
