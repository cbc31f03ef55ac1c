"""Sweeps: what comes back, that it depends on nothing else, and every fault done for real."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from sweep_points import DRIVER, calls, logged, plain

import simulate
from simulate import PointsFailed, Store, WorkerEnded, average, load, sweep, workers
from simulate.__main__ import main
from simulate.durable import Damaged, read_arrays, write_arrays
from simulate.identity import digest
from simulate.sweep import point_key

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
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
    assert settings["measure"] == {"function": "sweep_points:plain"}


def test_a_point_is_the_same_on_any_grid() -> None:
    """Its seed derives from the point: not from its place, nor from what else is swept."""
    whole = sweep(plain, GRID, **HERE_ONLY)
    part = sweep(plain, {"y": [2], "x": [4.5, 0.2]}, **{**HERE_ONLY, "seeds": 2})
    chosen = whole.sel(x=[4.5, 0.2], y=[2], seed=[0, 1]).transpose(*part["curve"].dims)
    assert np.array_equal(part["curve"], chosen["curve"])
    assert np.array_equal(part["total"], chosen["total"].transpose(*part["total"].dims))
    assert not np.array_equal(whole["total"], sweep(plain, GRID, **{**HERE_ONLY, "seed": 6})["total"])


@pytest.mark.parametrize("count", [2, 8])
def test_any_number_of_workers_gives_the_same_bits(count: int, tmp_path: Path) -> None:
    expected = sweep(plain, GRID, **HERE_ONLY)
    with workers(count) as executor:
        found = sweep(plain, GRID, executor=executor, store=Store(tmp_path, chunk=5), **QUIET)
    assert found.drop_attrs().identical(expected.drop_attrs())
    again = sweep(plain, GRID, store=Store(tmp_path, resume=True), **HERE_ONLY)
    assert again.identical(found)


def _settings(folder: Path, **changed: Any) -> dict[str, Any]:
    own = {name: changed.pop(name) for name in ("wait", "size", "kill", "fail") if name in changed}
    return {
        "x": [1.0, 2.0, 3.0, 4.0, 5.0], "fixed": {"folder": str(folder), **own}, "workers": 1,
        "store": str(folder / "store"), "out": str(folder / "out.nc"), **changed,
    }


def _run(settings: dict[str, Any]) -> xr.Dataset:
    """The driver's sweep, in this process."""
    alone = {"workers": 1} if settings["workers"] == 1 else {}
    with workers(settings["workers"]) as executor:
        return sweep(
            logged, {"x": settings["x"]}, seeds=2, seed=3, fixed=settings["fixed"], executor=executor, progress=False,
            store=Store(settings["store"], resume=True, chunk=settings.get("chunk", 1)), dims={"curve": ["part"]},
            **alone,
        )


def _start(folder: Path, settings: dict[str, Any], *before: str) -> subprocess.Popen[str]:
    script = folder / "driver.py"
    script.write_text(DRIVER)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}"}
    command = [*before, sys.executable, str(script), json.dumps(settings)]
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)


def _chunks(settings: dict[str, Any]) -> list[Path]:
    return sorted(Path(settings["store"]).glob("chunk-*.bin"))


def _expected(settings: dict[str, Any]) -> np.ndarray:
    return np.stack([[
        np.random.default_rng(np.random.SeedSequence(3, spawn_key=(*point_key({"x": x}), k)))
        .standard_normal(settings["fixed"].get("size", 3)) * x for k in range(2)
    ] for x in settings["x"]])


def _complete(settings: dict[str, Any], before: int) -> None:
    """Resume: the right values, and none of what was kept is computed again."""
    folder = Path(settings["fixed"]["folder"])
    done = len(calls(folder))
    found = _run({**settings, "workers": 1})
    np.testing.assert_array_equal(found["curve"], _expected(settings))
    again = calls(folder)[done:]
    assert len(again) == 10 - before and len(set(again)) == len(again)
    assert not list(Path(settings["store"]).glob(".*.part"))


def test_a_worker_is_killed(tmp_path: Path) -> None:
    settings = _settings(tmp_path, kill=3.0, workers=2, wait=0.02)
    with pytest.raises(WorkerEnded, match=r"of 10 points are kept in .*store: run again with resume"):
        _run(settings)
    kept = len(_chunks(settings))
    assert 0 < kept < 10
    _complete(settings, kept)


def test_the_driver_is_killed(tmp_path: Path) -> None:
    settings = _settings(tmp_path, wait=0.5, workers=2)
    with _start(tmp_path, settings) as driver:
        _until(lambda: len(_chunks(settings)) >= 3)
        driver.kill()
    _until(lambda: _quiet(tmp_path))
    kept = len(_chunks(settings))
    assert 3 <= kept < 10
    _complete(_settings(tmp_path, wait=0.5), kept)


def _quiet(folder: Path) -> bool:
    """Orphaned workers have finished what they were at."""
    before = len(calls(folder))
    time.sleep(1.2)
    return len(calls(folder)) == before


def _until(happened: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


def test_interrupted(tmp_path: Path) -> None:
    settings = _settings(tmp_path, wait=0.5)
    with _start(tmp_path, settings) as driver:
        _until(lambda: len(_chunks(settings)) >= 2)
        driver.send_signal(signal.SIGINT)
        driver.wait(30)
        assert driver.returncode != 0 and driver.stderr is not None and "KeyboardInterrupt" in driver.stderr.read()
    _complete(settings, len(_chunks(settings)))


def test_the_disk_is_full(tmp_path: Path) -> None:
    """No file may grow beyond 40 000 bytes: the manifest fits, a chunk of 100 000 does not."""
    settings = _settings(tmp_path, size=12_500)
    limit = [sys.executable, str(HERE / "sweep_points.py"), "40000"]
    with _start(tmp_path, settings, *limit) as driver:
        assert driver.wait(60) != 0 and driver.stderr is not None and "File too large" in driver.stderr.read()
    assert not _chunks(settings)
    _complete(settings, 0)


def test_two_processes_on_one_store(tmp_path: Path) -> None:
    settings = _settings(tmp_path, wait=0.05)
    running = [_start(tmp_path, {**settings, "out": str(tmp_path / f"{k}.nc")}) for k in range(2)]
    for driver in running:
        with driver:
            assert driver.wait(60) == 0, driver.stderr and driver.stderr.read()
    one, two = (load(tmp_path / f"{k}.nc") for k in range(2))
    assert one.drop_attrs().identical(two.drop_attrs())
    np.testing.assert_array_equal(one["curve"], _expected(settings))
    _complete(settings, 10)


def test_a_point_raises(tmp_path: Path) -> None:
    settings = _settings(tmp_path, fail=3.0, workers=2, chunk=3)
    with pytest.raises(PointsFailed, match=r"1 of 10 points failed.*\n  x = 3.0, run = .: ArithmeticError: x = 3.0"):
        _run(settings)
    _complete(settings, 9)


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


def test_chunks_of_another_store_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        sweep(plain, {"x": [1.0 if name == "a" else 2.0]}, store=tmp_path / name, **HERE_ONLY)
    (tmp_path / "b" / "chunk-000000.bin").write_bytes((tmp_path / "a" / "chunk-000000.bin").read_bytes())
    with pytest.raises(ValueError, match="is of another store"):
        sweep(plain, {"x": [2.0]}, store=Store(tmp_path / "b", resume=True), **HERE_ONLY)
    (tmp_path / "a" / "manifest.json").unlink()
    with pytest.raises(ValueError, match="holds chunks without a manifest"):
        sweep(plain, {"x": [10.0]}, store=tmp_path / "a", **HERE_ONLY)


def test_a_chunk_is_not_replaced_by_less(tmp_path: Path) -> None:
    """Of two processes on one store, the one in which a point failed keeps what the other has."""
    store = Store(tmp_path, resume=True, chunk=2)
    one, two = store.open([1, 2]), store.open([1, 2])
    one.write(0, {0: {"y": np.array(1.0)}, 1: {"y": np.array(2.0)}})
    two.write(0, {0: {"y": np.array(1.0)}})
    assert sorted(store.open([1, 2]).read(0)) == [0, 1]


def test_by_default_there_is_a_process_a_core() -> None:
    found = sweep(plain, {"x": [1.0, 2.0]}, **QUIET)
    assert found.identical(sweep(plain, {"x": [1.0, 2.0]}, **HERE_ONLY))
    with workers(2) as executor, pytest.raises(ValueError, match="workers = 2 does not go with an executor"):
        sweep(plain, {"x": [1.0]}, executor=executor, workers=2)


@pytest.mark.parametrize("harm", ["cut", "changed", "foreign", "empty"])
def test_a_damaged_chunk_is_computed_again(tmp_path: Path, harm: str) -> None:
    settings = _settings(tmp_path, chunk=4)
    _run(settings)
    path = _chunks(settings)[1]
    content = path.read_bytes()
    worse = {"cut": content[:-7], "changed": content[:-9] + b"x" + content[-8:], "foreign": b"PK", "empty": b""}[harm]
    path.write_bytes(worse)
    with pytest.warns(UserWarning, match="its points are computed again"):
        _complete(settings, 6)


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    arrays = {"a|b": np.arange(3.0), "none": np.zeros((0, 2)), "scalar": np.array(2)}
    write_arrays(tmp_path / "f", arrays, {"k": 1})
    found, about = read_arrays(tmp_path / "f")
    assert about == {"k": 1} and found.keys() == arrays.keys()
    assert all(np.array_equal(found[k], v) and found[k].dtype == v.dtype for k, v in arrays.items())
    (tmp_path / "g").write_bytes(b"something")
    with pytest.raises(Damaged):
        read_arrays(tmp_path / "g")


@pytest.mark.parametrize(("change", "words"), [
    ({"x": [1.0, 2.0]}, r"other points \(10 of them, here 4\)"), ({"wait": 0.001}, r"fixed.wait = None, here 0.001"),
    ({"x": [1.0, 2.0, 3.0, 4.0, 5.000000000000001]}, "their own settings differ"),
])
def test_a_store_of_another_sweep_is_refused(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    """To the last bit."""
    _run(_settings(tmp_path))
    with pytest.raises(ValueError, match=words):
        _run(_settings(tmp_path, **change))
    sweep(plain, GRID, store=tmp_path / "plain", **HERE_ONLY)
    with pytest.raises(FileExistsError, match="go on with resume=True"):
        sweep(plain, GRID, store=tmp_path / "plain", **HERE_ONLY)


@pytest.mark.parametrize(("entry", "value", "words"), [
    ("versions", {"numpy": "0.1"}, "computed with other versions"), ("commit", "abc", "computed at commit abc"),
    ("difference", "abc", "with changes abc"), ("chunk", 0, "is not one"),
    ("format", 0, "format 0"), ("identity", None, "other points"),
])
def test_a_store_of_another_version_is_refused(tmp_path: Path, entry: str, value: Any, words: str) -> None:
    settings = _settings(tmp_path)
    _run(settings)
    path = Path(settings["store"]) / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, entry: value}))
    with pytest.raises(ValueError, match=words):
        _run(settings)
    if entry in ("commit", "difference"):
        store = Store(settings["store"], resume=True, any_commit=True)
        more: dict[str, Any] = {"progress": False, "store": store, "workers": 1}
        sweep(logged, {"x": settings["x"]}, seeds=2, seed=3, fixed=settings["fixed"], **more)
    path.write_text("{")
    with pytest.raises(ValueError, match="is not one of this project"):
        _run(settings)


@pytest.mark.parametrize(("change", "error", "words"), [
    ({"grid": {"x": []}}, ValueError, "is empty"), ({"grid": {"x": [1, 1]}}, ValueError, "twice"),
    ({"grid": {"x": "abc"}}, TypeError, "must be a sequence"), ({"grid": {"x": [[1]]}}, TypeError, "numbers or text"),
    ({"grid": {"x": [1, "1"]}}, TypeError, "of one type"), ({"grid": {"x": [True, 2]}}, TypeError, "of one type"),
    ({"grid": {"x": [2**63]}}, ValueError, "below 2"), ({"grid": {"x": np.array(3)}}, TypeError, "a sequence"),
    ({"dims": {"none": ["t"]}}, ValueError, "no such variable"), ({"dims": {"curve": "t"}}, ValueError, "must name 1"),
    ({"coordinates": {"x": [7]}}, ValueError, "is an axis"), ({"fixed": {"o": object()}}, TypeError, "no identity"),
   
    ({"grid": {"seed": [1]}}, ValueError, "the name of the seed"), ({"grid": 3}, TypeError, "mappings"),
    ({"fixed": {"x": 1}}, ValueError, "which is fixed"), ({"seeds": 0}, ValueError, "seeds = 0"),
    ({"measure": 3}, TypeError, "must be a function"), ({"dims": {"curve": []}}, ValueError, "must name 1 dim"),
    ({"measure": lambda seed, x: {}}, TypeError, "no identity"), ({"executor": 2}, TypeError, "executor"),
    ({"store": 3}, TypeError, "folder must be a path"), ({"store": __file__}, NotADirectoryError, "is a file"),
    ({"workers": 0}, ValueError, "workers = 0"),
])
def test_bad_input(change: dict[str, Any], error: type[Exception], words: str) -> None:
    given: dict[str, Any] = {"measure": plain, "grid": {"x": [1.0]}, "progress": False, **change}
    given |= {} if "executor" in given or "workers" in given else {"workers": 1}
    with pytest.raises(error, match=words):
        sweep(given.pop("measure"), given.pop("grid"), **given)


def _bad(seed: np.random.SeedSequence, *, what: str, x: int) -> Any:
    return {
        "nan": {"y": np.nan}, "text": {"y": "a"}, "list": [1.0], "shape": {"y": np.zeros(x)}, "taken": {"x": 1},
        "masked": {"y": np.ma.masked_array([1, 2], [True, False])}, "kinds": {"y": 1 if x == 1 else 0.5},
    }[what]


@pytest.mark.parametrize(("what", "words"), [
    ("nan", "not finite"), ("text", "must be numbers"), ("list", "must return a mapping"), ("shape", "same names"),
    ("masked", "masked array"), ("taken", "the name 'x', which is taken"), ("kinds", "same names, shapes and kinds"),
])
def test_bad_results(what: str, words: str) -> None:
    with pytest.raises((PointsFailed, ValueError), match=words):
        sweep(_bad, {"x": [1, 2]}, fixed={"what": what}, progress=False, workers=1)


def test_digests_know_the_last_bit() -> None:
    values: list[Any] = [
        0.1, 0.1 + 2**-56, 1, 1.0, True, "1", None, (1, 2), {"a": 1}, {"a": 1.0}, np.float32(0.1), np.arange(2),
        np.arange(2.0), np.arange(2).reshape(1, 2), np.random.SeedSequence(1),
        np.random.SeedSequence(1, spawn_key=(1,)),
        plain, partial(plain, y=1), partial(plain, y=2), float("inf"), Store("a"), Store("b"), {1: 2}, Path("a"),
    ]
    assert len({digest(value) for value in values}) == len(values)
    assert digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1}) and digest([1]) == digest((1,))
    with pytest.raises(TypeError, match="no identity"):
        digest(object())


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Dask cluster: a scheduler and two workers, processes of their own on loopback."""
    pytest.importorskip("distributed", reason="the extra cluster is not installed")
    folder = tmp_path_factory.mktemp("dask")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}"}
    known = folder / "scheduler.json"
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    options: dict[str, Any] = {"env": environment, "cwd": folder, **silent}
    commands = [
        ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(known)],
        *([["worker", "--scheduler-file", str(known), "--nthreads", "1", "--no-dashboard", "--no-nanny"]] * 2),
    ]
    running = [subprocess.Popen([sys.executable, "-m", "dask", *command], **options) for command in commands]
    try:
        _until(known.exists)
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
    (["denoiser", "n=2", "--scheduler", "tcp://127.0.0.1:1", "--workers", "7"], "does not go with --scheduler"),
    (["denoiser", "n=2", "--steps", "7"], "--steps does not go with denoiser"), (["denoizer"], "did you mean"),
    (["sweep_points:plain", "x=1", "--times", "7"], "--times does not go with"),
    (["denoiser", "n=2", "--times", "0"], "times = 0"),
    (["denoiser", "n=2", "--schedule", "linaer"], "linear"), (["denoiser", "n=2", "--seeds", "1", "--runs"], "--runs"),
])
def test_bad_commands(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", *arguments, "--quiet", "--out", str(tmp_path / "x.nc")]) == 2
    problem = capsys.readouterr().err
    assert words in problem and problem.count("\n") == 1


def test_a_log_has_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Not a terminal: no carriage returns; name, how far, rate and time left."""
    sweep(plain, {"x": [1.0, 2.0]}, seeds=2, name="told", workers=1)
    said = capsys.readouterr().err
    assert "\r" not in said and "told: 100% 4/4" in said and "point/s" in said
