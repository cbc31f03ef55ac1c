"""Digits computed independently of this project, and which of them belong to formulas still to come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asymptotics import catalogue, limited_samples
from asymptotics.schedule import NAMED
from asymptotics.testing import assert_close

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "values.json").read_text(encoding="utf-8"))
SCALARS: list[dict[str, Any]] = REFERENCE["scalars"]
LATER = {
    "phases": "the room phases/ is not built yet",
    "fluctuation": "fluctuations come with the exact finite-d laws",
}


def reason(name: str) -> str | None:
    """Why a reference value has no formula yet, or None."""
    return next((why for part, why in LATER.items() if part in name.split(".")), None)


HERE = [entry for entry in SCALARS if entry["name"] in catalogue()]
ABSENT = [entry for entry in SCALARS if entry["name"] not in catalogue()]


def test_what_has_no_formula_yet_is_known() -> None:
    for entry in ABSENT:
        why = reason(entry["name"])
        assert why is not None, f"{entry['name']} is neither in the catalogue nor announced for later"
        print(f"not tested: {entry['name']}: {why}")
    assert len(HERE) >= 49 and len(HERE) + len(ABSENT) == len(SCALARS)


def argument_text(entry: dict[str, Any]) -> str:
    return entry["name"] + "(" + ",".join(f"{k}={v}" for k, v in entry["arguments"].items()) + ")"


@pytest.mark.parametrize("entry", HERE, ids=argument_text)
def test_reference_digits(entry: dict[str, Any]) -> None:
    formula = catalogue()[entry["name"]]
    assert_close(formula(**entry["arguments"]), entry["value"], rtol=entry["rtol"], what=entry["name"])
    exact = formula.evaluate(dps=30, **{k: str(v) for k, v in entry["arguments"].items()})
    assert_close(float(exact), entry["value"], rtol=entry["rtol"], what=entry["name"])


@pytest.mark.parametrize("entry", REFERENCE["euler"], ids=lambda e: f"{e['schedule']}-{e['steps']}")
def test_reference_digits_of_euler(entry: dict[str, Any]) -> None:
    law = {k: entry[k] for k in ("n", "sigma", "ridge")}
    grid = np.linspace(0, 1, entry["steps"] + 1)
    path = limited_samples.euler(NAMED[entry["schedule"]], grid, **law)
    for name in ("flow_mean", "flow_noise", "flow_sample", "flow_variance"):
        assert_close(getattr(path, name)[-1], entry[name], rtol=1e-12, what=name)
    assert_close(path.mean_error, entry["mean_error"], rtol=1e-12, what="mean_error")
