"""Means against expected values, and the means of two samples against each other."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from asymptotics.calibration.inputs import FloatArray, finite, like
from asymptotics.calibration.quantiles import FALSE_FAILURE, POWER, ROUNDING, noncentrality, quantile, share


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

    @property
    def _summary(self) -> str:
        return (
            f"{'passed' if self.passed else 'FAILED'}: {self.estimate.size} comparison(s), "
            f"false-failure rate {self.false_failure:g} split over {self.comparisons}, "
            f"MDD at power {self.power:g}"
        )

    def _rows(self) -> list[tuple[str, ...]]:
        """Of each comparison, or of the `SHOWN` furthest out in units of their own threshold: its index, estimate,
        expected, stderr, z, threshold, MDD, and that relative, as text."""
        flat = [np.ravel(part) for part in (self.estimate, self.expected, self.stderr, self.z,
                                            self.threshold, self.detectable, self.relative)]
        order = list(range(self.estimate.size))
        if self.estimate.size > SHOWN:
            order = list(np.argsort(-np.abs(flat[3]) / flat[4], kind="stable")[:SHOWN])
        rows: list[tuple[str, ...]] = []
        for i in order:
            where = np.unravel_index(i, self.estimate.shape) if self.estimate.ndim else ()
            label = "[" + ", ".join(str(int(j)) for j in where) + "]" if where else ""
            rows.append((
                label, f"{flat[0][i]:.6g}", f"{flat[1][i]:.6g}", f"{flat[2][i]:.2g}", f"{flat[3][i]:+.2f}",
                f"{flat[4][i]:.2f}", f"{flat[5][i]:.2g}", f"{100 * flat[6][i]:.2g} %",
            ))
        return rows

    def __str__(self) -> str:
        lines = [self._summary] + ([f"  the {SHOWN} furthest out:"] if self.estimate.size > SHOWN else [])
        for label, estimate, expected, stderr, z, threshold, detectable, relative in self._rows():
            lines.append(
                f"  {label and label + ' '}estimate {estimate}, expected {expected}, stderr {stderr}, z {z} "
                f"(threshold {threshold}), MDD {detectable} ({relative})"
            )
        return "\n".join(lines)

    def _repr_markdown_(self) -> str:
        head = ("", "estimate", "expected", "stderr", "z", "threshold", "MDD", "relative")
        said = f"; the {SHOWN} furthest out:" if self.estimate.size > SHOWN else ""
        lines = [f"**{self._summary}**{said}", "", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
        return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in self._rows())])


SHOWN = 12
"""How many comparisons of a verdict are printed."""


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
    values = np.moveaxis(finite("samples", samples, least_dimension=1), axis, 0)
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
    measured = finite("estimate", estimate)
    shape = measured.shape
    theory = like("expected", expected, shape)
    error, offset = like("stderr", stderr, shape), like("bias", bias, shape)
    size = np.abs(theory) if scale is None else like("scale", scale, shape)
    small = finite("rounding", rounding)
    for name, value in (("stderr", error), ("bias", offset), ("scale", size), ("rounding", small)):
        if value.min() < 0:
            raise ValueError(f"{name} = {value.min()} must be >= 0")
    freedom = np.broadcast_to(np.asarray(dof, dtype=np.float64), shape)
    if not (freedom > 0).all():
        raise ValueError(f"dof = {freedom.min()} must be > 0 (inf where stderr is known)")
    total = share(false_failure, comparisons, measured.size, power)
    threshold, reach = np.empty(shape), np.empty(shape)
    for value in np.unique(freedom):
        at = freedom == value
        threshold[at] = quantile(false_failure / total, float(value))
        reach[at] = noncentrality(false_failure / total, float(value), power)
    slack = rounding * np.maximum(np.abs(measured), np.abs(theory))
    return Verdict(
        measured, theory, error, threshold, reach * error + offset + slack, size, offset,
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
        values = np.moveaxis(finite(name, given, least_dimension=1), axis, 0)
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
