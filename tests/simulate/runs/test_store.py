"""Stores: every fault done for real; nothing lost, nothing mixed, and the next run resumes."""

import importlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial, wraps
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from helpers.processes import allow_interrupts
from helpers.sweep_points import DRIVER, calls, deadly, logged, pids, plain, until

from simulate.runs import (
    NOT_IDENTIFYING,
    Damaged,
    PointsFailed,
    Store,
    WorkerEnded,
    checkpoint,
    digest,
    load,
    read_arrays,
    save,
    sweep,
    workers,
)
from simulate.runs.durable import write_arrays
from simulate.runs.grid import point_key

TESTS = Path(__file__).parents[2]
ROOT = TESTS.parent
GRID = {"x": [0.1, 0.2, 3.0, 4.5], "y": [1, 2]}
QUIET: dict[str, Any] = {"seeds": 3, "seed": 5, "progress": False}
HERE_ONLY: dict[str, Any] = {**QUIET, "workers": 1}


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
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{TESTS}"}
    command = [*before, sys.executable, str(script), json.dumps(settings)]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=allow_interrupts
    )


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
    """Others take its work; nothing else is computed twice but what was under way."""
    settings = _settings(tmp_path, kill=3.0, workers=2, wait=0.02)
    np.testing.assert_array_equal(_run(settings)["curve"], _expected(settings))
    done = calls(tmp_path)
    assert len(set(done)) == 10 and 11 <= len(done) <= 13
    _complete(settings, 10)


@pytest.mark.parametrize("chunk", [1, 4])
def test_a_point_that_ends_its_worker_every_time(chunk: int, tmp_path: Path) -> None:
    """It is found, named and left; all others are finished and kept."""
    grid = {"x": [float(k) for k in range(8)]}
    told = r"1 of 8 points failed.*\n  x = 3.0, run = 0: WorkerEnded: its worker process was ended \(killed"
    with workers(2) as executor, pytest.raises(PointsFailed, match=told):
        sweep(deadly, grid, executor=executor, progress=False, store=Store(tmp_path, chunk=chunk))
    kept = Store(tmp_path, resume=True)
    with pytest.raises(PointsFailed) as caught, workers(2) as executor:
        sweep(deadly, grid, executor=executor, progress=False, store=kept)
    assert sorted(caught.value.results) == [0, 1, 2, 4, 5, 6, 7]


def test_another_executor_says_that_a_worker_ended(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as executor, pytest.raises(
        WorkerEnded, match=r"a worker process was ended .* 0 of 1 points are kept in .*: run again with resume"
    ):
        sweep(deadly, {"x": [3.0]}, executor=executor, progress=False, store=tmp_path)


def test_workers_that_cannot_start(tmp_path: Path) -> None:
    """A script without a guard."""
    (tmp_path / "script.py").write_text(
        "from helpers.sweep_points import plain\nfrom simulate import sweep\n"
        "sweep(plain, {'x': [1.0, 2.0]}, workers=2, progress=False)\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{TESTS}"}
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120,
        check=False,
    )
    assert done.returncode == 1 and "worker processes cannot start: a script needs `if __name__" in done.stderr


def test_the_driver_is_killed(tmp_path: Path) -> None:
    settings = _settings(tmp_path, wait=0.5, workers=2)
    with _start(tmp_path, settings) as driver:
        until(lambda: len(_chunks(settings)) >= 3)
        driver.kill()
    until(lambda: _quiet(tmp_path))
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids(tmp_path)))  # Its workers ended with it.
    kept = len(_chunks(settings))
    assert 3 <= kept < 10
    half_written = list(Path(settings["store"]).glob(".*.part"))
    assert len(half_written) <= 1  # Where the driver was killed while it wrote.
    for part in half_written:
        os.utime(part, (0.0, 0.0))
    _complete(_settings(tmp_path, wait=0.5), kept)


def _quiet(folder: Path) -> bool:
    """Orphaned workers have finished what they were at."""
    before = len(calls(folder))
    time.sleep(1.2)
    return len(calls(folder)) == before


def test_interrupted(tmp_path: Path) -> None:
    settings = _settings(tmp_path, wait=0.5)
    with _start(tmp_path, settings) as driver:
        until(lambda: len(_chunks(settings)) >= 2)
        driver.send_signal(signal.SIGINT)
        driver.wait(30)
        assert driver.returncode != 0 and driver.stderr is not None and "KeyboardInterrupt" in driver.stderr.read()
    _complete(settings, len(_chunks(settings)))


@pytest.mark.parametrize("after", [0.1, 1.0])
def test_interrupted_while_workers_start(after: float, tmp_path: Path) -> None:
    """As Ctrl-C in a terminal does, which reaches all of them: one word about it."""
    script = (
        "from pathlib import Path\nfrom helpers.sweep_points import logged\n"
        "from simulate import Store, sweep, workers\n"
        "if __name__ == '__main__':\n    Path('ready').touch()\n    with workers(2) as executor:\n"
        "        sweep(logged, {'x': [1.0, 2.0, 4.0]}, seeds=20, fixed={'folder': '.', 'wait': 0.2},\n"
        "              executor=executor, progress=False, store=Store('store'))\n"
    )
    (tmp_path / "script.py").write_text(script)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{TESTS}"}
    with subprocess.Popen(
        [sys.executable, "script.py"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=allow_interrupts,
    ) as driver:
        until((tmp_path / "ready").exists)
        time.sleep(after)
        os.killpg(driver.pid, signal.SIGINT)
        _, said = driver.communicate(timeout=60)
    assert driver.returncode != 0 and said.count("\nKeyboardInterrupt") == 1 and "spawn_main" not in said, said


def test_the_disk_is_full(tmp_path: Path) -> None:
    """No file may grow beyond 40 000 bytes: the manifest fits, a chunk of 100 000 does not."""
    settings = _settings(tmp_path, size=12_500)
    limit = [sys.executable, str(TESTS / "helpers" / "sweep_points.py"), "40000"]
    with _start(tmp_path, settings, *limit) as driver:
        assert driver.wait(60) != 0 and driver.stderr is not None and "File too large" in driver.stderr.read()
    assert not _chunks(settings)
    _complete(settings, 0)


def test_a_data_set_for_which_there_is_no_room(tmp_path: Path) -> None:
    """One word about it, nothing half-written; by itself HDF5 would end the process."""
    script = (
        "import resource\nimport numpy as np\nimport xarray as xr\nfrom simulate import save\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
        "save(xr.Dataset({'a': ('x', np.arange(9999.0))}), 'a.nc')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
        check=False,
    )
    assert done.returncode == 1 and done.stderr.rstrip().endswith("File too large: nothing was written to: 'a.nc'")
    assert not list(tmp_path.iterdir())


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


@pytest.mark.parametrize("what", ["store", "checkpoint", "data set"])
def test_what_killed_writers_left_is_removed_once_it_is_old(what: str, tmp_path: Path) -> None:
    """A fresh one may be another process's at work; one of another file is not ours."""
    own = "chunk-000001.bin" if what == "store" else "a[1].bin"
    old, fresh, other = (tmp_path / f".{name}.part" for name in (f"{own}.0", f"{own}.1", "b.bin.0"))
    for part in (old, fresh, other):
        part.write_bytes(b"half")
    for part in (old, other):
        os.utime(part, (0.0, 0.0))
    if what == "store":
        sweep(plain, GRID, store=Store(tmp_path), **HERE_ONLY)
    elif what == "checkpoint":
        checkpoint.open_checkpoint(tmp_path / own, lambda: "fingerprint")
    else:
        save(xr.Dataset(), tmp_path / own)
    assert not old.exists() and fresh.exists()
    assert other.exists() != (what == "store")


def test_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    arrays = {"a|b": np.arange(3.0), "none": np.zeros((0, 2)), "scalar": np.array(2), "none.npy": np.ones(1)}
    arrays |= {"about": np.zeros(2), "0": np.ones(3), "äß/": np.arange(2)}
    write_arrays(tmp_path / "f", arrays, {"k": 1})
    found, about = read_arrays(tmp_path / "f")
    assert about == {"k": 1} and found.keys() == arrays.keys()
    assert all(np.array_equal(found[k], v) and found[k].dtype == v.dtype for k, v in arrays.items())
    (tmp_path / "g").write_bytes(b"something")
    with pytest.raises(Damaged):
        read_arrays(tmp_path / "g")


@pytest.mark.parametrize(("change", "words"), [
    ({"x": [1.0, 2.0]}, r"other points \(10 of them, here 4\)"), ({"wait": 0.001}, r"fixed.wait = None, here 0.001"),
    ({"x": [1.0, 2.0, 3.0, 4.0, 5.000000000000001]}, r"point 8 has point.x = 5.0, here 5.000000000000001"),
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


def test_digests_know_the_last_bit() -> None:
    values: list[Any] = [
        0.1, 0.1 + 2**-56, 1, 1.0, True, "1", None, (1, 2), {"a": 1}, {"a": 1.0}, np.float32(0.1), np.arange(2),
        np.arange(2.0), np.arange(2).reshape(1, 2), np.random.SeedSequence(1),
        np.random.SeedSequence(1, spawn_key=(1,)),
        plain, partial(plain, y=1), partial(plain, y=2), float("inf"), Store("a"), Store("b"), {1: 2}, Path("a"),
    ]
    assert len({digest(value) for value in values}) == len(values)
    assert digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1}) and digest([1]) == digest((1,))
    for value in (object(), _made(2.0), lambda: 0, _Callable()):
        with pytest.raises(TypeError, match="no identity"):
            digest(value)
    assert digest(_Hidden(1.0)) != digest(_Hidden(2.0))
    assert digest(_Moved(1.0, "here")) == digest(_Moved(1.0, "there")) != digest(_Moved(2.0, "here"))


def _made(factor: float) -> Any:
    @wraps(plain)
    def scaled(seed: np.random.SeedSequence, *, x: float) -> dict[str, float]:
        return {"y": factor * x}

    return scaled


class _Callable:
    def __call__(self) -> None: ...


@dataclass(frozen=True)
class _Hidden:
    value: float = field(compare=False)


@dataclass(frozen=True)
class _Moved:
    value: float
    place: str = field(metadata=NOT_IDENTIFYING)


def test_a_function_with_another_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And taken where one says that what was computed is right still."""
    monkeypatch.syspath_prepend(str(tmp_path))
    source = tmp_path / "mended.py"
    text = "def measure(seed, *, x):\n    if x == 2.0:\n        raise ValueError('not yet')\n    return {'y': x}\n"
    source.write_text(text)
    module = importlib.import_module("mended")
    grid, here = {"x": [1.0, 2.0]}, {"progress": False, "workers": 1}
    with pytest.raises(PointsFailed, match="1 of 2 points failed"):
        sweep(module.measure, grid, store=tmp_path / "s", **here)
    source.write_text(text.replace("== 2.0", "== 9.0"))
    os.utime(source, (0.0, 0.0))
    module = importlib.reload(module)
    with pytest.raises(ValueError, match=r"another text of the file .* any_commit=True \(--any-commit\) if"):
        sweep(module.measure, grid, store=Store(tmp_path / "s", resume=True), **here)
    found = sweep(module.measure, grid, store=Store(tmp_path / "s", resume=True, any_commit=True), **here)
    assert found["y"].values[:, 0].tolist() == [1.0, 2.0]
