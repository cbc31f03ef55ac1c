"""Hypothesis profiles: "fast" repeats the same examples in every run; "slow" searches longer.

The slow tier is chosen by `-m slow`, or by HYPOTHESIS_PROFILE=slow.
"""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# Building a formula's expression on first use takes long beside one example; that is not a slow strategy.
_CALM = [HealthCheck.too_slow, HealthCheck.filter_too_much]
settings.register_profile(
    "fast", derandomize=True, deadline=None, max_examples=25, database=None, suppress_health_check=_CALM
)
settings.register_profile(
    "slow", derandomize=True, deadline=None, max_examples=300, database=None, suppress_health_check=_CALM
)


def pytest_configure(config: pytest.Config) -> None:
    slow = config.getoption("markexpr", "") == "slow"
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "slow" if slow else "fast"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Add up the expression mutants that the tests made, in whichever processes they ran."""
    counts = [
        value for reports in terminalreporter.stats.values() for report in reports
        for name, value in getattr(report, "user_properties", []) if name == "mutants" and report.when == "call"
    ]
    if counts:
        made, killed, same = (sum(column) for column in zip(*counts, strict=True))
        terminalreporter.write_line(
            f"expression mutants of {len(counts)} formulas: {made} made, {killed} killed by independent laws, "
            f"{same} equivalent, {made - killed - same} alive"
        )
