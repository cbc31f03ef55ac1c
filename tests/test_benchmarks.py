"""What a benchmark prints; how fast anything is, no test asks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import xarray as xr

from benchmarks.balance_case import two_mode_bars
from benchmarks.measure import Result
from simulate import balance
from simulate.balance import BalancePlan
from simulate.energy import EnergyRecipe, two_modes

ROOT = Path(__file__).resolve().parents[1]


def test_a_bar_holds_on_its_own_side() -> None:
    assert Result("fast", 3.0, 3.0, True, 1.0, 3.0).holds and not Result("fast", 2.9, 3.0, True, 1.0, 2.9).holds
    assert Result("flat", 1.2, 1.2, False, 1.2, 1.0).holds and not Result("flat", 1.3, 1.2, False, 1.3, 1.0).holds
    assert "DOES NOT HOLD" in str(Result("flat", 1.3, 1.2, False, 1.3, 1.0, {"work": 3.0}))


def test_an_unknown_name_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "nothing"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "invalid choice: 'nothing'" in done.stderr


@pytest.mark.parametrize(("given", "words"), [
    (["evaluate", "--seeds", "2"], "--seeds and --store go with balance"),
    (["balance", "--resume"], "--resume goes with --store DIR"),
    (["balance", "--seeds", "0"], "seeds = 0 must be >= 1"),
])
def test_options_that_do_not_go_together(given: list[str], words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *given], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr


def test_bars_of_the_balance_are_of_the_worst_seed() -> None:
    """A study with known numbers: every bar holds, and each one fails when one seed is moved beyond it."""
    recipe = EnergyRecipe(iterations=20, chains=16, batch=16, prefit=5, record_every=5)
    plan = BalancePlan(recipe=recipe, n=300, widths=(8,), transforms=2, hidden=(8,), count=300, chains=6, moves=16)
    study = balance.run_study(two_modes(2), plan=plan, seeds=2, progress=False)
    good = study.copy(deep=True)
    flow, pcd = {"training": "flow"}, {"training": "pcd"}
    for name, value, other in (
        ("error", 0.009, 0.1), ("divergence", 0.009, 3.0), ("acceptance", 0.81, 0.9), ("rhat", 1.009, 3.0),
    ):
        good[name].loc[flow], good[name].loc[pcd] = value, other
    good["path"].loc[pcd] = xr.full_like(good["path"].loc[pcd], 0.5)
    good["stepped"].loc[pcd], good["variance"][:] = 0.75, 1.05
    found = two_mode_bars("d = 2, weight 0.8", good)
    assert all(each.holds for each in found) and len(found) == 7
    for name in ("error", "divergence", "acceptance", "rhat", "variance"):  # A seed that could not be measured.
        lost = good.copy(deep=True)
        lost[name].loc[{**flow, "seed": 1}] = float("nan")
        assert sum(not each.holds for each in two_mode_bars("d = 2, weight 0.8", lost)) == 1, name
    worse = {
        "error": (flow, 0.011), "divergence": (flow, 0.011), "acceptance": (flow, 0.79), "rhat": (flow, 1.02),
        "variance": (flow, 1.2),
    }
    for name, (where, value) in worse.items():
        bad = good.copy(deep=True)
        bad[name].loc[{**where, "seed": 1}] = value
        assert sum(not each.holds for each in two_mode_bars("d = 2, weight 0.8", bad)) == 1, name
    for name, value in (("variance", 1.2), ("stepped", 0.4), ("stepped", 0.9), ("variance", float("nan"))):
        torn = good.copy(deep=True)
        torn[name].loc[{**pcd, "seed": 1}] = value
        assert all(each.holds for each in two_mode_bars("d = 2, weight 0.8", torn))
        # What is wrong with weights in a seed whose local steps are not sound says nothing of jumps.
        torn["error"].loc[{**pcd, "seed": 0}] = 0.01
        torn["path"].loc[{**pcd, "seed": 0}] = torn["data_weight"].sel(seed=0).values
        assert [each.holds for each in two_mode_bars("d = 2, weight 0.8", torn)].count(False) == 1
        torn[name].loc[{**pcd, "seed": 0}] = value
        assert [each.holds for each in two_mode_bars("d = 2, weight 0.8", torn)].count(False) == 2
    right = good.copy(deep=True)
    right["error"].loc[pcd] = 0.01
    right["path"].loc[pcd] = right["data_weight"].values[:, None]
    assert [each.holds for each in two_mode_bars("d = 2, weight 0.8", right)].count(False) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["evaluate", "exact_law", "figure", "phases", "sweep", "batched_training"])
def test_one_object_a_line(name: str) -> None:
    """Keys, and that the exit code follows the bars."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", name, "--json"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert records and all(each["name"].startswith(name) for each in records)
    for each in records:
        assert {"name", "ratio", "bar", "holds", "ours", "peer", "notes"} <= set(each)
        assert each["holds"] is ((each["ratio"] >= each["bar"]) if each["at_least"] else (each["ratio"] <= each["bar"]))
    assert done.returncode == (0 if all(each["holds"] for each in records) else 1)
