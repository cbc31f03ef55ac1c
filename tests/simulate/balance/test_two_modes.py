"""Weights of modes in training, simulated as log odds beside chains that jump, against the linear theory of them.

LIMIT standard errors are allowed: a false failure with probability 2e-9 for each number; what is LIMIT + 5 standard
errors off is seen with probability 1 - 3e-7.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from asymptotics import balance
from simulate.balance import two_mode_curves

LIMIT = 6.0


@pytest.mark.parametrize("jump", [0.9, 0.3, 0.05])
def test_weights_in_training_scatter_as_predicted(jump: float) -> None:
    """Of 4000 runs, long after the start: to 1.1 % (one standard error) and 1 % for the linear theory."""
    curves = two_mode_curves(
        p=0.8, learning_rate=0.05, jump_rate=[jump], chains=256, iterations=1500, runs=4000, seed=1
    )
    last = curves["weight"].isel(iteration=-1)
    theory = float(balance.weight_std(p=0.8, learning_rate=0.05, jump_rate=jump, chains=256))
    assert abs(float(last.std()) / theory - 1) < LIMIT / 8000**0.5 + 0.01
    assert abs(float(last.mean()) - 0.8) < LIMIT * theory / 4000**0.5 + 20 * theory**2


def test_training_oscillates_below_the_critical_jump_rate() -> None:
    """The mean over many chains passes through balance below it, and never above."""
    critical = float(balance.critical_jump_rate(p=0.7, learning_rate=0.2))
    curves = two_mode_curves(
        p=0.7, learning_rate=0.2, jump_rate=[0.25 * critical, 1.3 * critical], chains=10**8, iterations=300, runs=1,
        seed=2, start=0.72, chains_start=0.72,
    )
    below, above = (curves["weight"].isel(jump_rate=k, run=0) - 0.7 for k in (0, 1))
    assert float(below.min()) < -0.002 and float(above.min()) > -0.0001


def test_what_is_recorded_does_not_change_what_happens() -> None:
    every, some = (
        two_mode_curves(p=0.8, learning_rate=0.05, jump_rate=[0.1], chains=20, iterations=25, runs=3, seed=5,
                       record_every=step)
        for step in (1, 10)
    )
    assert list(some["iteration"].values) == [0, 10, 20, 25]
    for name in ("weight", "share"):
        np.testing.assert_array_equal(some[name], every[name].sel(iteration=some["iteration"]))


def test_without_jumps_nothing_balances() -> None:
    curves = two_mode_curves(
        p=0.8, learning_rate=0.05, jump_rate=[0.0], chains=256, iterations=2000, runs=50, seed=3,
    )
    drift = curves["share"].isel(iteration=0, jump_rate=0) - 0.8
    final = curves["weight"].isel(iteration=-1, jump_rate=0)
    wanted = 1 / (1 + np.exp(-(np.log(4) - 0.05 * 2000 * drift)))
    np.testing.assert_allclose(final, wanted, rtol=1e-9)
    assert float(abs(final - 0.8).max()) > 0.2


CASES: list[tuple[dict[str, Any], str]] = [
    ({"jump_rate": 0.1}, "list of one rate"),
    ({"jump_rate": []}, "list of one rate"),
    ({"record_every": 0}, "record_every"),
    ({"p": 1.0}, "p = 1.0 is not allowed: 0 < p < 1"),
    ({"jump_rate": [1.2]}, "jump_rate = 1.2 must be <= 1"),
]


@pytest.mark.parametrize(("changed", "told"), CASES)
def test_bad_input(changed: dict[str, Any], told: str) -> None:
    right = {"p": 0.5, "learning_rate": 0.1, "jump_rate": [0.1], "chains": 5, "iterations": 3, "runs": 2, "seed": 1}
    with pytest.raises(ValueError, match=told):
        two_mode_curves(**{**right, **changed})
