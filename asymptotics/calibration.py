"""Statistical comparison of measured numbers with expected ones, calibrated on both sides.

A randomised test can fail by chance, and it can pass because it could not have seen an error. Every
verdict here therefore states two numbers: the rate of false failures it was given, split over all
the comparisons made (Bonferroni), and the minimum detectable discrepancy (MDD), the smallest true
difference that the comparison would have flagged with probability ``power``. The habit follows
TensorFlow Probability's `statistical_testing`; the quantiles here are Student's.

What is assumed: the runs are independent and their mean is near enough to normal for a Student
quantile. For heavy-tailed runs (kurtosis well above 3, few runs, false-failure rates like 1e-9) the
true rate of false failures is larger than stated: take more runs, or compare laws with
`compare_laws`, whose bound needs no assumption about the law.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import e, isfinite, isinf, log, sqrt
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float64]

FALSE_FAILURE = 1e-6
POWER = 0.99
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a comparison of means found; all arrays have one common shape (0-d for a single number).

    A comparison passes where |estimate - expected| <= threshold * stderr + bias + rounding.
    ``detectable`` is the MDD (absolute) at ``power``; ``scale`` is what it is held against.
    """

    estimate: FloatArray
    expected: FloatArray
    stderr: FloatArray
    threshold: FloatArray
    detectable: FloatArray
    scale: FloatArray
    bias: FloatArray
    rounding: FloatArray
    false_failure: float
    power: float
    comparisons: int

    @property
    def difference(self) -> FloatArray:
        return np.asarray(self.estimate - self.expected)

    @property
    def z(self) -> FloatArray:
        """difference / stderr; where the runs do not vary: 0 within rounding, else +-inf."""
        exact = np.abs(self.difference) <= self.rounding
        still = np.where(exact, 0.0, np.copysign(np.inf, self.difference))
        varies = self.stderr > 0
        return np.where(varies, self.difference / np.where(varies, self.stderr, 1.0), still)

    @property
    def passed_each(self) -> NDArray[np.bool_]:
        allowed = self.threshold * self.stderr + self.bias + self.rounding
        return np.asarray(np.abs(self.difference) <= allowed)

    @property
    def passed(self) -> bool:
        return bool(self.passed_each.all())

    @property
    def relative(self) -> FloatArray:
        """MDD / scale; 0 where both vanish, inf where only the scale does."""
        zero = self.scale == 0
        with_zero = np.where(self.detectable == 0, 0.0, np.inf)
        return np.where(zero, with_zero, self.detectable / np.where(zero, 1.0, self.scale))

    @property
    def resolution(self) -> float:
        """The worst relative MDD over all comparisons."""
        return float(self.relative.max())

    def __str__(self) -> str:
        lines = [
            f"{'passed' if self.passed else 'FAILED'}: {self.estimate.size} comparison(s), "
            f"false-failure rate {self.false_failure:g} split over {self.comparisons}, "
            f"MDD at power {self.power:g}"
        ]
        flat = [np.ravel(part) for part in (self.estimate, self.expected, self.stderr, self.z,
                                            self.threshold, self.detectable, self.relative)]
        order = list(range(self.estimate.size))
        if self.estimate.size > 12:
            # The interesting ones: furthest out in units of their own threshold.
            order = list(np.argsort(-np.abs(flat[3]) / flat[4], kind="stable")[:12])
            lines.append("  the 12 furthest out:")
        for i in order:
            where = np.unravel_index(i, self.estimate.shape) if self.estimate.ndim else ()
            label = "[" + ", ".join(str(int(j)) for j in where) + "] " if where else ""
            lines.append(
                f"  {label}estimate {flat[0][i]:.6g}, expected {flat[1][i]:.6g}, "
                f"stderr {flat[2][i]:.2g}, z {flat[3][i]:+.2f} (threshold {flat[4][i]:.2f}), "
                f"MDD {flat[5][i]:.2g} ({100 * flat[6][i]:.2g} %)"
            )
        return "\n".join(lines)


@dataclass(frozen=True)
class LawVerdict:
    """What a Kolmogorov-Smirnov comparison found; distances are sup |F - G|, between 0 and 1."""

    distance: float
    threshold: float
    detectable: float
    false_failure: float
    power: float
    comparisons: int

    @property
    def passed(self) -> bool:
        return self.distance <= self.threshold

    @property
    def resolution(self) -> float:
        """The MDD itself: a distance between laws has no other scale than 1."""
        return self.detectable

    def __str__(self) -> str:
        return (
            f"{'passed' if self.passed else 'FAILED'}: distance {self.distance:.4g} (threshold "
            f"{self.threshold:.4g}), false-failure rate {self.false_failure:g} split over "
            f"{self.comparisons}, MDD {self.detectable:.4g} at power {self.power:g}"
        )


def compare_mean(
    samples: ArrayLike, expected: ArrayLike, *, axis: int = 0, false_failure: float = FALSE_FAILURE,
    comparisons: int = 1, bias: ArrayLike = 0.0, power: float = POWER,
    scale: ArrayLike | None = None,
) -> Verdict:
    """Is the mean of independent runs (along ``axis``) the expected one? Vectorised over the other
    axes.

    ``comparisons`` counts calls that share the false-failure rate; the entries of this call are
    counted on top. ``bias`` (absolute) is a systematic difference known to be there, e.g. O(1/d) at
    finite d. ``scale`` is what the MDD is held against, |expected| by default: state it where
    expected is 0. Raises ValueError for fewer than 2 runs, values that are not finite, or shapes
    that do not fit.
    """
    values = np.moveaxis(_finite("samples", samples, least_dimension=1), axis, 0)
    count = values.shape[0]
    if count < 2:
        raise ValueError(f"samples holds {count} run(s) along axis {axis}; it must be >= 2")
    estimate = np.asarray(values.mean(axis=0))
    stderr = np.asarray(values.std(axis=0, ddof=1)) / sqrt(count)
    return judge(
        estimate, expected, stderr, dof=count - 1, false_failure=false_failure,
        comparisons=comparisons, bias=bias, power=power, scale=scale,
    )


def judge(
    estimate: ArrayLike, expected: ArrayLike, stderr: ArrayLike, *, dof: ArrayLike,
    false_failure: float = FALSE_FAILURE, comparisons: int = 1, bias: ArrayLike = 0.0,
    power: float = POWER, scale: ArrayLike | None = None, rounding: float = ROUNDING,
) -> Verdict:
    """The same from summaries: estimates, their standard errors, and the degrees of freedom behind
    them.

    ``dof`` may be inf where the standard error is known. ``rounding`` is what the floating-point
    arithmetic of the measurement may cost, relative to max(|estimate|, |expected|).
    """
    measured = _finite("estimate", estimate)
    shape = measured.shape
    theory = _like("expected", expected, shape)
    error, offset = _like("stderr", stderr, shape), _like("bias", bias, shape)
    size = np.abs(theory) if scale is None else _like("scale", scale, shape)
    small = _finite("rounding", rounding)
    for name, value in (("stderr", error), ("bias", offset), ("scale", size), ("rounding", small)):
        if value.min() < 0:
            raise ValueError(f"{name} = {value.min()} must be >= 0")
    freedom = np.broadcast_to(np.asarray(dof, dtype=np.float64), shape)
    if not (freedom > 0).all():
        raise ValueError(f"dof = {freedom.min()} must be > 0 (inf where stderr is known)")
    total = _share(false_failure, comparisons, measured.size, power)
    threshold, noncentrality = np.empty(shape), np.empty(shape)
    for value in np.unique(freedom):
        at = freedom == value
        threshold[at] = quantile(false_failure / total, float(value))
        noncentrality[at] = _noncentrality(false_failure / total, float(value), power)
    slack = rounding * np.maximum(np.abs(measured), np.abs(theory))
    return Verdict(
        measured, theory, error, threshold, noncentrality * error + offset + slack, size, offset,
        slack, false_failure, power, total,
    )


def compare_two_samples(
    first: ArrayLike, second: ArrayLike, *, axis: int = 0, false_failure: float = FALSE_FAILURE,
    comparisons: int = 1, bias: ArrayLike = 0.0, power: float = POWER,
    scale: ArrayLike | None = None,
) -> Verdict:
    """Have two independent sets of runs (along ``axis``) the same mean? Welch's test, vectorised.

    ``estimate`` is the mean of the first, ``expected`` that of the second; other arguments as in
    `compare_mean`.
    """
    means, variances, freedoms = [], [], []
    for name, given in (("first", first), ("second", second)):
        values = np.moveaxis(_finite(name, given, least_dimension=1), axis, 0)
        if values.shape[0] < 2:
            raise ValueError(f"{name} holds {values.shape[0]} run(s); a standard error needs >= 2")
        means.append(np.asarray(values.mean(axis=0)))
        variances.append(np.asarray(values.var(axis=0, ddof=1)) / values.shape[0])
        freedoms.append(values.shape[0] - 1)
    if means[0].shape != means[1].shape:
        raise ValueError(f"first has entries of shape {means[0].shape}, second of {means[1].shape}")
    both = variances[0] + variances[1]
    spread = variances[0] ** 2 / freedoms[0] + variances[1] ** 2 / freedoms[1]
    # Where nothing varies, any degree of freedom gives the same verdict: only rounding is left.
    dof = np.where(spread > 0, both**2 / np.where(spread > 0, spread, 1.0), min(freedoms))
    # Rounded down: a little too careful, and few different quantiles where there are many entries.
    dof = np.floor(dof)
    return judge(
        means[0], means[1], np.sqrt(both), dof=dof, false_failure=false_failure,
        comparisons=comparisons, bias=bias, power=power, scale=scale,
    )


def compare_laws(
    sample: ArrayLike, other: ArrayLike | Callable[[FloatArray], ArrayLike], *,
    false_failure: float = FALSE_FAILURE, comparisons: int = 1, power: float = POWER,
) -> LawVerdict:
    """Does a sample (1-d, independent) follow the law of another, or a given distribution function?

    The thresholds hold for every sample size and every law: Massart's constant in the
    Dvoretzky-Kiefer-Wolfowitz inequality for one sample, 2 exp(-2 m x^2); for two of equal size Wei
    and Dudley's e exp(-m x^2) (Statist. Probab. Lett. 82, 2012); else one sample's bound for each.
    """
    total = _share(false_failure, comparisons, 1, power)
    rate, miss = false_failure / total, 1.0 - power
    values = np.sort(_vector("sample", sample))
    if callable(other):
        law = _finite("other(sample)", other(values), least_dimension=1)
        if law.shape != values.shape or law.min() < 0 or law.max() > 1:
            raise ValueError("other(sample) must give one probability in [0, 1] for each value")
        steps = np.arange(values.size + 1) / values.size
        distance = max(float(np.abs(law - steps[1:]).max()), float(np.abs(law - steps[:-1]).max()))
        threshold = _massart(rate, values.size)
        slack = _massart(miss, values.size)
    else:
        rest = np.sort(_vector("other", other))
        places = np.concatenate([values, rest])
        first = np.searchsorted(values, places, side="right") / values.size
        second = np.searchsorted(rest, places, side="right") / rest.size
        distance = float(np.abs(first - second).max())
        slack = _massart(miss / 2, values.size) + _massart(miss / 2, rest.size)
        if values.size == rest.size:
            threshold = sqrt(log(e / rate) / values.size)
        else:
            threshold = _massart(rate / 2, values.size) + _massart(rate / 2, rest.size)
    return LawVerdict(distance, threshold, threshold + slack, false_failure, power, total)


@dataclass(frozen=True)
class Slope:
    """The exponent of a power law y ~ x^value, its standard error and confidence interval [low,
    high].
    """

    value: float
    stderr: float
    dof: float
    low: float
    high: float
    confidence: float

    def compare(
        self, expected: float, *, false_failure: float = FALSE_FAILURE, comparisons: int = 1,
        power: float = POWER,
    ) -> Verdict:
        return judge(
            self.value, expected, self.stderr, dof=self.dof, false_failure=false_failure,
            comparisons=comparisons, power=power,
        )


def slope(
    x: ArrayLike, y: ArrayLike, *, stderr: ArrayLike | None = None, confidence: float = 0.95
) -> Slope:
    """Weighted least squares of log y on log x (both 1-d, > 0).

    ``stderr`` holds the standard errors of y: points are weighted by y/stderr, the interval is
    normal. Without it all points weigh the same and the scatter about the line gives a Student
    interval, which needs at least 3 points.
    """
    abscissa, ordinate = _vector("x", x), _vector("y", y)
    if abscissa.shape != ordinate.shape or np.unique(abscissa).size < 2:
        raise ValueError("x and y must be equally long, with at least two different x")
    if abscissa.min() <= 0 or ordinate.min() <= 0:
        raise ValueError("x and y must be > 0: the regression is on their logarithms")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence = {confidence} must lie in (0, 1)")
    relative = np.ones_like(ordinate)
    if stderr is not None:
        relative = _like("stderr", stderr, ordinate.shape) / ordinate
        if relative.min() <= 0:
            raise ValueError("stderr must be > 0")
    u, v, weight = np.log(abscissa), np.log(ordinate), relative**-2
    centred = u - (weight @ u) / weight.sum()
    curvature = weight @ centred**2
    value = float((weight * centred) @ v / curvature)
    error, dof = 1.0 / sqrt(curvature), float("inf")
    if stderr is None:
        dof = ordinate.size - 2.0
        if dof < 1:
            raise ValueError("without stderr a confidence interval needs at least 3 points")
        residual = v - v.mean() - value * centred
        error *= sqrt(residual @ residual / dof)
    half = quantile(1.0 - confidence, dof) * error
    return Slope(value, error, dof, value - half, value + half, confidence)


def assert_agrees(verdict: Verdict | LawVerdict, *, within: float = 0.10) -> None:
    """Raise AssertionError, with the verdict, if it failed or could not have seen an error of
    ``within``.

    A comparison whose MDD exceeds ``within`` of the quantity proves nothing, so it fails as well.
    """
    if not (isfinite(within) and within > 0):
        raise ValueError(f"within = {within} must be finite and > 0")
    if not verdict.passed:
        raise AssertionError(str(verdict))
    if not verdict.resolution <= within:
        raise AssertionError(
            f"the comparison could not see a discrepancy of {100 * within:g} %: its worst relative "
            f"MDD is {100 * verdict.resolution:.3g} % (take more runs, or state scale where "
            f"expected is 0)\n"
            f"{verdict}"
        )


@lru_cache(maxsize=256)
def quantile(two_sided_rate: float, dof: float) -> float:
    """The z that |Student t| exceeds at this rate; the normal one for dof = inf."""
    from scipy import stats

    law = stats.norm if isinf(dof) else stats.t(dof)
    return float(law.isf(two_sided_rate / 2.0))


@lru_cache(maxsize=256)
def _noncentrality(rate: float, dof: float, power: float) -> float:
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


def _massart(rate: float, count: int) -> float:
    return sqrt(log(2.0 / rate) / (2.0 * count))


def _share(false_failure: float, comparisons: int, entries: int, power: float) -> int:
    for name, value in (("false_failure", false_failure), ("power", power)):
        if not (isinstance(value, float) and 0.0 < value < 1.0):
            raise ValueError(f"{name} = {value!r} must be a float in (0, 1)")
    if isinstance(comparisons, bool) or not isinstance(comparisons, int) or comparisons < 1:
        raise ValueError(f"comparisons = {comparisons!r} must be an integer >= 1")
    return comparisons * max(entries, 1)


def _finite(name: str, value: ArrayLike, least_dimension: int = 0) -> FloatArray:
    try:
        array: Any = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise TypeError(f"{name} must be an array of real numbers: {problem}") from None
    if array.ndim < least_dimension or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}; it must not be empty")
    bad = ~np.isfinite(array)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"{name} is {array[bad][0]} at index {where}; it must be finite")
    return np.asarray(array)


def _like(name: str, value: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    array = _finite(name, value)
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise ValueError(f"{name} has shape {array.shape}, which does not fit {shape}") from None


def _vector(name: str, value: ArrayLike) -> FloatArray:
    array = _finite(name, value, least_dimension=1)
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; it must be 1-d")
    return array
