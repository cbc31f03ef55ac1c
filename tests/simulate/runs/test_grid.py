"""Sweeps: what comes back, that it depends on nothing else, where it runs, and the command."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.sweep_points import plain, until

import simulate
from simulate.__main__ import main
from simulate.runs import PointsFailed, Store, average, load, sweep, workers
from simulate.runs.grid import point_key

TESTS = Path(__file__).parents[2]
ROOT = TESTS.parent
GRID = {"x": [0.1, 0.2, 3.0, 4.5], "y": [1, 2]}
QUIET: dict[str, Any] = {"seeds": 3, "seed": 5, "progress": False}
HERE_ONLY: dict[str, Any] = {**QUIET, "workers": 1}


def test_the_values_are_those_of_the_function() -> None:
    found = sweep(plain, GRID, dims={"curve": ["part"]}, coordinates={"part": [1, 2, 3]}, **HERE_ONLY)
    assert dict(found.sizes) == {"x": 4, "y": 2, "seed": 3, "part": 3}
    key = point_key({"x": 3.0, "y": 2})
    one = plain(np.random.SeedSequence(5, spawn_key=(*key, 1)), x=3.0, y=2)
    assert float(found["total"].sel(x=3.0, y=2, seed=1)) == one["total"]
    assert np.array_equal(found["curve"].sel(x=3.0, y=2, seed=1), np.asarray(one["curve"]))
    mean = average(found, keep_runs=True)
    assert np.allclose(mean["total_stderr"], found["total"].std("seed", ddof=1) / 3**0.5)
    assert np.array_equal(mean["total_runs"], found["total"]) and int(mean["seeds"]) == 3
    settings = json.loads(found.attrs["provenance"])["settings"]
    assert settings["measure"] == {"function": "helpers.sweep_points:plain"}


def test_a_point_is_the_same_on_any_grid() -> None:
    """Its seed derives from the point: not from its place, nor from what else is swept."""
    whole = sweep(plain, GRID, **HERE_ONLY)
    part = sweep(plain, {"y": [2], "x": [4.5, 0.2]}, **{**HERE_ONLY, "seeds": 2})
    chosen = whole.sel(x=[4.5, 0.2], y=[2], seed=[0, 1]).transpose(*part["curve"].dims)
    assert np.array_equal(part["curve"], chosen["curve"])
    assert np.array_equal(part["total"], chosen["total"].transpose(*part["total"].dims))
    assert not np.array_equal(whole["total"], sweep(plain, GRID, **{**HERE_ONLY, "seed": 6})["total"])


def test_a_value_is_the_same_beside_any_other() -> None:
    """1 and 2 beside 2.5 are floats on the axis, and have the seeds that they had as integers."""
    one, two = (sweep(plain, {"x": axis}, **HERE_ONLY) for axis in ([1, 2], [1, 2, 2.5]))
    assert np.array_equal(one["curve"], two["curve"].sel(x=[1.0, 2.0]))


def test_integers_among_numbers_are_numbers() -> None:
    found = sweep(_sometimes, {"x": [1, 2]}, progress=False, workers=1)
    assert found["y"].values[:, 0].tolist() == [0.0, 0.5]


def _sometimes(seed: np.random.SeedSequence, *, x: int) -> dict[str, float]:
    return {"y": 0 if x == 1 else 0.5}


def test_averages_take_no_name_twice() -> None:
    found = sweep(plain, {"x": [1.0]}, **HERE_ONLY)
    with pytest.raises(ValueError, match="holds 'total_stderr', a name that the averages need"):
        average(found.assign(total_stderr=found["total"]))
    with pytest.raises(ValueError, match="holds 'seeds'"):
        average(found.rename(total="seeds"))
    with pytest.raises(TypeError, match="dataset must be"):
        average(5)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [2, 8])
def test_any_number_of_workers_gives_the_same_bits(count: int, tmp_path: Path) -> None:
    expected = sweep(plain, GRID, **HERE_ONLY)
    with workers(count) as executor:
        found = sweep(plain, GRID, executor=executor, store=Store(tmp_path, chunk=5), **QUIET)
    assert found.drop_attrs().identical(expected.drop_attrs())
    again = sweep(plain, GRID, store=Store(tmp_path, resume=True), **HERE_ONLY)
    assert again.identical(found)


def test_all_points_are_tried_without_a_store() -> None:
    with pytest.raises(PointsFailed, match="2 of 8 points failed") as caught:
        sweep(_picky, {"x": [1.0, 2.0, 3.0, 4.0]}, seeds=2, progress=False, workers=1)
    assert sorted(caught.value.failures) == [2, 3] and len(caught.value.results) == 6
    assert "_picky" in caught.value.failures[2].trace


def _picky(seed: np.random.SeedSequence, *, x: float) -> dict[str, float]:
    if x == 2.0:
        raise SystemExit("two") if seed.spawn_key[-1] else ZeroDivisionError("two")
    return {"y": x}


_BUFFER = np.zeros(2)


def _reused(seed: np.random.SeedSequence, *, x: int, options: dict[str, int]) -> dict[str, Any]:
    """Ill-behaved: fills one array again and again, and counts in its settings."""
    _BUFFER[:] = x
    options["calls"] = options.get("calls", 0) + 1
    return {"y": _BUFFER, "calls": options["calls"]}


def test_calls_do_not_reach_each_other(tmp_path: Path) -> None:
    given: dict[str, Any] = {"fixed": {"options": {}}, "progress": False, "workers": 1}
    found = sweep(_reused, {"x": [1, 2, 3]}, store=Store(tmp_path, chunk=3), **given)
    assert found["y"].values[:, 0, 0].tolist() == [1, 2, 3] and (found["calls"] == 1).all()
    assert sweep(_reused, {"x": [1, 2, 3]}, store=Store(tmp_path, resume=True), **given).identical(found)


class _Scaled:
    def __init__(self, factor: float) -> None:
        self.factor = factor

    def measure(self, seed: np.random.SeedSequence, *, x: float) -> dict[str, float]:
        return {"y": self.factor * x}


def test_a_method_is_not_its_name_alone() -> None:
    with pytest.raises(TypeError, match="_Scaled has no identity"):
        sweep(_Scaled(2.0).measure, {"x": [1.0]}, progress=False, workers=1)


def test_integers_among_floats_are_floats() -> None:
    """The value 1.0 of an axis has one seed, however the axis was written."""
    one, two = (sweep(plain, {"x": axis}, **HERE_ONLY) for axis in ([1, 2.5], np.array([1, 2.5])))
    assert one.identical(two)


def test_by_default_there_is_a_process_a_core() -> None:
    found = sweep(plain, {"x": [1.0, 2.0]}, **QUIET)
    assert found.identical(sweep(plain, {"x": [1.0, 2.0]}, **HERE_ONLY))
    with workers(2) as executor, pytest.raises(ValueError, match="workers = 2 does not go with an executor"):
        sweep(plain, {"x": [1.0]}, executor=executor, workers=2)


@pytest.mark.parametrize(("change", "error", "words"), [
    ({"grid": {"x": []}}, ValueError, "is empty"), ({"grid": {"x": [1, 1]}}, ValueError, "twice"),
    ({"grid": {"x": "abc"}}, TypeError, "must be a sequence"), ({"grid": {"x": [[1]]}}, TypeError, "numbers or text"),
    ({"grid": {"x": [1, "1"]}}, TypeError, "of one type"), ({"grid": {"x": [True, 2]}}, TypeError, "of one type"),
    ({"grid": {"x": [2**63]}}, ValueError, "below 2"), ({"grid": {"x": np.array(3)}}, TypeError, "a sequence"),
    ({"dims": {"none": ["t"]}}, ValueError, "no such variable"), ({"dims": {"curve": "t"}}, ValueError, "must name 1"),
    ({"coordinates": {"x": [7]}}, ValueError, "is an axis"), ({"fixed": {"o": object()}}, TypeError, "no identity"),
   
    ({"grid": {"seed": [1]}}, ValueError, "hold the name 'seed'"), ({"grid": 3}, TypeError, "mappings"),
    ({"grid": {"a/b": [1]}}, ValueError, "hold the name 'a/b'"), ({"grid": {1: [1]}}, ValueError, "hold the name 1"),
    ({"fixed": {"seed": 1}}, ValueError, "hold the name 'seed'"), ({"grid": {"x": [float("nan")]}}, ValueError, "NaN"),
    ({"grid": {"x": [10**400, 1.5]}}, ValueError, "below 2"),
    ({"fixed": {"x": 1}}, ValueError, "which is fixed"), ({"seeds": 0}, ValueError, "seeds = 0"),
    ({"measure": 3}, TypeError, "must be a function"), ({"dims": {"curve": []}}, ValueError, "must name 1 dim"),
    ({"measure": lambda seed, x: {}}, TypeError, "no identity"), ({"executor": 2}, TypeError, "executor"),
    ({"store": 3}, TypeError, "folder must be a path"), ({"store": __file__}, NotADirectoryError, "is a file"),
    ({"workers": 0}, ValueError, "workers = 0"), ({"stroe": 3}, TypeError, "unexpected keyword argument 'stroe'"),
])
def test_bad_input(change: dict[str, Any], error: type[Exception], words: str) -> None:
    given: dict[str, Any] = {"measure": plain, "grid": {"x": [1.0]}, "progress": False, **change}
    given |= {} if "executor" in given or "workers" in given else {"workers": 1}
    with pytest.raises(error, match=words):
        sweep(given.pop("measure"), given.pop("grid"), **given)


def _bad(seed: np.random.SeedSequence, *, what: str, x: int) -> Any:
    return {
        "nan": {"y": np.nan}, "text": {"y": "a"}, "list": [1.0], "shape": {"y": np.zeros(x)}, "taken": {"x": 1},
        "masked": {"y": np.ma.masked_array([1, 2], [True, False])}, "kinds": {"y": True if x == 1 else 0.5},
        "nothing": {},
    }[what]


@pytest.mark.parametrize(("what", "words"), [
    ("nan", "not finite"), ("text", "must be numbers"), ("list", "must return a mapping"), ("shape", "same names"),
    ("masked", "masked array"), ("taken", "the name 'x', which is taken"), ("kinds", "same names, shapes and kinds"),
    ("nothing", "must return a mapping"),
])
def test_bad_results(what: str, words: str) -> None:
    with pytest.raises((PointsFailed, ValueError), match=words):
        sweep(_bad, {"x": [1, 2]}, fixed={"what": what}, progress=False, workers=1)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Dask cluster: a scheduler and two workers, processes of their own on loopback."""
    pytest.importorskip("distributed", reason="the extra cluster is not installed")
    folder = tmp_path_factory.mktemp("dask")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{TESTS}"}
    known = folder / "scheduler.json"
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    options: dict[str, Any] = {"env": environment, "cwd": folder, **silent}
    commands = [
        ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(known)],
        *([["worker", "--scheduler-file", str(known), "--nthreads", "1", "--no-dashboard", "--no-nanny"]] * 2),
    ]
    running = [subprocess.Popen([sys.executable, "-m", "dask", *command], **options) for command in commands]
    try:
        until(known.exists)
        yield json.loads(known.read_text())["address"]
    finally:
        for each in running:
            each.kill()
        for each in running:
            each.wait(30)


def test_a_dask_cluster_gives_the_same_bits(scheduler: str, tmp_path: Path) -> None:
    with simulate.cluster(scheduler) as executor:
        found = sweep(plain, GRID, executor=executor, store=Store(tmp_path, chunk=4), **QUIET)
    assert found.drop_attrs().identical(sweep(plain, GRID, **HERE_ONLY).drop_attrs())


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An experiment on a grid, kept, resumed; comparable with the theory."""
    first, second = tmp_path / "a.nc", tmp_path / "b.nc"
    common = ["n=2,4", "ridge=0.1:1:log2", "d=300", "--times", "3", "--seeds", "3", "--quiet", "--workers", "1"]
    common += ["--store", str(tmp_path / "s")]
    assert main(["sweep", "denoiser", *common, "--out", str(first)]) == 0
    assert main(["sweep", "denoiser", *common, "--out", str(second)]) == 2
    assert "--resume" in capsys.readouterr().err
    assert main(["sweep", "denoiser", *common, "--out", str(second), "--resume"]) == 0
    one, two = load(first), load(second)
    assert one.identical(two) and dict(one.sizes) == {"n": 2, "ridge": 2, "t": 3}
    from asymptotics import limited_samples

    assert simulate.compare(one, limited_samples.skip)["zscore"].sizes == {"n": 2, "ridge": 2, "t": 3}
    failing = ["sweep", "generation", "n=1,2", "d=50", "--seeds", "2", "--quiet", "--workers", "1"]
    failing += ["--out", str(tmp_path / "c.nc")]
    assert main(failing) == 1
    assert "2 of 4 points failed:\n  n = 1" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "words"), [
    (["denoiser"], "needs n"), (["denoiser", "n=2", "x=3"], "has no setting 'x'"), (["nothing"], "module:function"),
    (["os:nothing"], "cannot be imported"), (["denoiser", "n=2", "--resume"], "--resume goes with --store"),
    (["denoiser", "n=2", "--scheduler", ""], "address = '' must be that of a Dask scheduler"),
    (["sweep_broken:f", "x=1"], "cannot be imported: SyntaxError"), ([".mine:f", "x=1"], "module:function"),
    (["denoiser", "n=2", "--scheduler", "tcp://127.0.0.1:1", "--workers", "7"], "does not go with --scheduler"),
    (["denoiser", "n=2", "--steps", "7"], "--steps does not go with denoiser"), (["denoizer"], "did you mean"),
    (["helpers.sweep_points:plain", "x=1", "--times", "7"], "--times does not go with"),
    (["denoiser", "n=2", "--times", "0"], "times = 0"),
    (["denoiser", "n=2", "--schedule", "linaer"], "linear"), (["denoiser", "n=2", "--seeds", "1", "--runs"], "--runs"),
])
def test_bad_commands(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "sweep_broken.py").write_text("def f(:")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(["sweep", *arguments, "--quiet", "--out", str(tmp_path / "x.nc")]) == 2
    problem = capsys.readouterr().err
    assert words in problem and problem.count("\n") == 1


def test_where_to_write_is_looked_at_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for out, words in ((tmp_path, "is a folder: name a file"), (Path("/proc/none/a.nc"), "its folder cannot be made")):
        assert main(["sweep", "denoiser", "n=2", "d=10000000", "--seeds", "9", "--quiet", "--out", str(out)]) == 2
        assert words in capsys.readouterr().err


def test_a_log_has_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Not a terminal: no carriage returns; name, how far, rate and time left."""
    sweep(plain, {"x": [1.0, 2.0]}, seeds=2, name="told", workers=1)
    said = capsys.readouterr().err
    assert "\r" not in said and "told: 100% 4/4" in said and "point/s" in said
