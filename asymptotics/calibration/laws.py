"""Two samples compared as laws, without assuming what they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import e, log, sqrt

import numpy as np
from numpy.typing import ArrayLike

from asymptotics.calibration.inputs import FloatArray, finite, vector
from asymptotics.calibration.quantiles import FALSE_FAILURE, POWER, massart, share


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


def compare_laws(
    sample: ArrayLike, other: ArrayLike | Callable[[FloatArray], ArrayLike], *,
    false_failure: float = FALSE_FAILURE, comparisons: int = 1, power: float = POWER,
) -> LawVerdict:
    """Does a sample (1-d, independent) follow the law of another, or a given distribution function?

    The thresholds hold for every sample size and every law: Massart's constant in the
    Dvoretzky-Kiefer-Wolfowitz inequality for one sample, 2 exp(-2 m x^2); for two of equal size Wei
    and Dudley's e exp(-m x^2) (Statist. Probab. Lett. 82, 2012); else one sample's bound for each.
    """
    total = share(false_failure, comparisons, 1, power)
    rate, miss = false_failure / total, 1.0 - power
    values = np.sort(vector("sample", sample))
    if callable(other):
        law = finite("other(sample)", other(values), least_dimension=1)
        if law.shape != values.shape or law.min() < 0 or law.max() > 1:
            raise ValueError("other(sample) must give one probability in [0, 1] for each value")
        steps = np.arange(values.size + 1) / values.size
        distance = max(float(np.abs(law - steps[1:]).max()), float(np.abs(law - steps[:-1]).max()))
        threshold = massart(rate, values.size)
        slack = massart(miss, values.size)
    else:
        rest = np.sort(vector("other", other))
        places = np.concatenate([values, rest])
        first = np.searchsorted(values, places, side="right") / values.size
        second = np.searchsorted(rest, places, side="right") / rest.size
        distance = float(np.abs(first - second).max())
        slack = massart(miss / 2, values.size) + massart(miss / 2, rest.size)
        if values.size == rest.size:
            threshold = sqrt(log(e / rate) / values.size)
        else:
            threshold = massart(rate / 2, values.size) + massart(rate / 2, rest.size)
    return LawVerdict(distance, threshold, threshold + slack, false_failure, power, total)
