"""The assert of a randomised test: it must agree, and it must have been able to see an error."""

from __future__ import annotations

from math import isfinite

from asymptotics.calibration.laws import LawVerdict
from asymptotics.calibration.means import Verdict


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
