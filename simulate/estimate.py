"""A number with its standard error."""

from __future__ import annotations

from typing import NamedTuple


class Estimate(NamedTuple):
    """A Monte Carlo mean and its standard error."""

    value: float
    stderr: float
