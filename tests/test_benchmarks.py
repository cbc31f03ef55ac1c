"""What a benchmark prints; how fast anything is, no test asks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.measure import Result

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
