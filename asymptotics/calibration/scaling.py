"""The slope of an error against a size, with its confidence interval."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from asymptotics.calibration.inputs import like, vector
from asymptotics.calibration.means import Verdict, judge
from asymptotics.calibration.quantiles import FALSE_FAILURE, POWER, quantile


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
    abscissa, ordinate = vector("x", x), vector("y", y)
    if abscissa.shape != ordinate.shape or np.unique(abscissa).size < 2:
        raise ValueError("x and y must be equally long, with at least two different x")
    if abscissa.min() <= 0 or ordinate.min() <= 0:
        raise ValueError("x and y must be > 0: the regression is on their logarithms")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence = {confidence} must lie in (0, 1)")
    relative = np.ones_like(ordinate)
    if stderr is not None:
        relative = like("stderr", stderr, ordinate.shape) / ordinate
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
