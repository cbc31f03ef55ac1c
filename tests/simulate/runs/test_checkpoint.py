"""A training that was interrupted and taken up again is the uninterrupted one, bit for bit: every loop there is."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from simulate import Mixture, Point, untied
from simulate.gram import descend, draw_span
from simulate.runs import Checkpoint, read_arrays
from simulate.runs.durable import write_arrays
from simulate.training import AdamRecipe, GradientDescent, Job, StochasticGradientDescent, train, train_many
from simulate.untied import ClassData, UntiedAdam, UntiedSGD, UntiedSpan

ROOT = Path(__file__).parents[3]
MIXTURE = Mixture(d=30, sigma=1.2, radius=0.8, p=0.7)
VALUES = Point(0.6, 0.4)
Run = Callable[..., Any]


def _single(recipe: Any) -> Run:
    samples = MIXTURE.sample(n=5, seed=1)
    return lambda **more: train(samples, VALUES, recipe=recipe, ridge=0.3, activation="tanh", **{"seed": 3, **more})


def _many(recipe: Any, activation: str = "tanh") -> Run:
    jobs = [Job(samples=MIXTURE.sample(n=5, seed=k), values=VALUES, ridge=0.3 * k + 0.1, seed=k) for k in range(5)]
    return lambda seed=3, **more: train_many(jobs[: 2 + seed], recipe=recipe, activation=activation, together=5, **more)


def _span(seed: int = 3, **more: Any) -> Any:
    span = draw_span(n=4, d=500, sigma=1.2, radius=0.8, draws=1, seeds=3, seed=1)
    recipe = StochasticGradientDescent(iterations=60, record_every=10, batch=3)
    return descend(span, VALUES, recipe=recipe, ridge=0.3, seed=seed, **more)


def _untied(recipe: Any) -> Run:
    data = ClassData.draw(MIXTURE, n=5, seeds=2, seed=1)
    return lambda **more: untied.train(data, [VALUES], recipe=recipe, ridge_u=0.3, ridge_w=0.2, **{"seed": 3, **more})


def _reduced(recipe: Any) -> Run:
    span = UntiedSpan.draw(MIXTURE, n=5, seeds=2, seed=1)
    return lambda **more: untied.train_span(
        span, [VALUES], recipe=recipe, ridge_u=0.3, ridge_w=0.2, **{"seed": 3, **more}
    )


SHORT: dict[str, Any] = {"iterations": 60, "record_every": 10}
LOOPS: dict[str, Run] = {
    "Adam": _single(AdamRecipe(**SHORT)),
    "gradient descent": _single(GradientDescent(**SHORT, gradient_tolerance=None)),
    "mini-batches": _single(StochasticGradientDescent(**SHORT, batch=3)),
    "many, Adam": _many(AdamRecipe(**SHORT, loss_tolerance=0.02)),
    "many, gradient descent": _many(GradientDescent(**SHORT, gradient_tolerance=0.02)),
    "many, until labels would flip": _many(GradientDescent(iterations=60, record_every=5), "sign"),
    "many, mini-batches": _many(StochasticGradientDescent(**SHORT, batch=3, gradient_tolerance=0.2)),
    "span": _span,
    "untied SGD": _untied(UntiedSGD(**SHORT, batch=2, repeats=2)), "untied Adam": _untied(UntiedAdam(**SHORT)),
    "untied span": _reduced(UntiedSGD(**SHORT, batch=2, repeats=2)),
    "untied mean": _reduced(UntiedSGD(**SHORT, repeats=None)),
}


class _Killed(BaseException):
    pass


def _same(one: Any, two: Any) -> None:
    """All fields, to the bit."""
    if isinstance(one, list | tuple):
        assert len(one) == len(two)
        for a, b in zip(one, two, strict=True):
            _same(a, b)
    elif is_dataclass(one):
        for each in fields(one):
            _same(getattr(one, each.name), getattr(two, each.name))
    elif isinstance(one, torch.Tensor):
        assert torch.equal(one, two)
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, two)
    else:
        assert one == two


def _interrupted(run: Run, path: Path, writes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended right after a checkpoint was written, the ``writes``-th."""
    from simulate.runs import checkpoint

    whole, seen = write_arrays, []

    def write(*arguments: Any) -> None:
        whole(*arguments)
        seen.append(arguments)
        if len(seen) == writes:
            raise _Killed

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "write_arrays", write)
        with pytest.raises(_Killed):
            run(checkpoint=Checkpoint(path, seconds=0))


@pytest.mark.parametrize("name", LOOPS)
def test_it_goes_on_to_the_same_bits(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at its start, on the way and at its end; and twice."""
    run, whole = LOOPS[name], LOOPS[name]()
    for writes in ((1,), (3,), (2, 2)):
        path = tmp_path / "-".join(map(str, writes))
        for each in writes:
            _interrupted(run, path, each, monkeypatch)
        _same(run(checkpoint=path), whole)
        _same(run(checkpoint=path), whole)  # All done already.


@pytest.mark.parametrize("name", LOOPS)
def test_what_is_not_done_again(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken up, a loop writes only what is left; a finished one nothing."""
    from simulate.runs import checkpoint

    writes: list[Any] = []
    whole = write_arrays
    monkeypatch.setattr(checkpoint, "write_arrays", lambda *a: (writes.append(a), whole(*a)))
    LOOPS[name](checkpoint=Checkpoint(tmp_path / "whole", seconds=0))
    every = len(writes)
    assert every >= 3
    _interrupted(LOOPS[name], tmp_path / "half", 2, monkeypatch)
    writes.clear()
    LOOPS[name](checkpoint=Checkpoint(tmp_path / "half", seconds=0))
    assert len(writes) == every - 1 - (not name.startswith("untied"))  # Those begin with the record they were left at.


@pytest.mark.parametrize("name", LOOPS)
def test_another_training_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "c"
    LOOPS[name](checkpoint=path)
    with pytest.raises(ValueError, match=r"other data, settings or seed .*: take another path"):
        LOOPS[name](seed=2, checkpoint=path)


def test_another_commit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, path = LOOPS["Adam"], tmp_path / "c"
    whole = run(checkpoint=path)
    monkeypatch.setattr("simulate.runs.checkpoint.code", lambda: "abc with changes 012")
    with pytest.raises(ValueError, match=r"was written at commit .*, this is abc with changes 012"):
        run(checkpoint=path)
    _same(run(checkpoint=Checkpoint(path, any_commit=True)), whole)


def test_batches_stay_as_large_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine with another free memory too."""
    jobs = [Job(samples=MIXTURE.sample(n=5, seed=k), values=VALUES, ridge=0.3, seed=k) for k in range(5)]
    recipe = AdamRecipe(**SHORT)
    monkeypatch.setattr("simulate.training.many.BATCH", 2 * 300)
    whole = train_many(jobs, recipe=recipe, checkpoint=tmp_path / "c")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["c", "c.0000", "c.0001", "c.0002"]
    (tmp_path / "c.0001").unlink()
    monkeypatch.setattr("simulate.training.many.BATCH", 2**30)
    _same(train_many(jobs, recipe=recipe, checkpoint=tmp_path / "c"), whole)
    _same(train_many(jobs, recipe=recipe, checkpoint=tmp_path / "c", together=2), whole)
    with pytest.raises(ValueError, match=r"together = 5, but checkpoint .*c was begun with 2, "):
        train_many(jobs, recipe=recipe, checkpoint=tmp_path / "c", together=5)


@pytest.mark.parametrize("harm", ["cut", "lost"])
def test_batches_are_found_without_their_head(harm: str, tmp_path: Path) -> None:
    jobs = [Job(samples=MIXTURE.sample(n=5, seed=k), values=VALUES, ridge=k + 1, seed=k) for k in range(5)]
    path, recipe = tmp_path / "c", AdamRecipe(**SHORT)
    whole = train_many(jobs, recipe=recipe, together=2, checkpoint=path)
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:-3])
        with pytest.warns(UserWarning, match="training begins anew"):
            _same(train_many(jobs, recipe=recipe, checkpoint=path), whole)
    else:
        path.unlink()
        _same(train_many(jobs, recipe=recipe, checkpoint=path), whole)
    _same(train_many(jobs, recipe=recipe, checkpoint=path, together=2), whole)


def test_pieces_stay_as_large_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, whole = LOOPS["untied SGD"], LOOPS["untied SGD"]()
    _interrupted(run, tmp_path / "c", 3, monkeypatch)
    monkeypatch.setattr("simulate.untied.problem.free", lambda device: 1)
    _same(run(checkpoint=tmp_path / "c"), whole)


def test_two_trainings_on_one_path(tmp_path: Path) -> None:
    """The second's file is not replaced by the first's."""
    from simulate.runs import open_checkpoint

    place = Checkpoint(tmp_path / "c", seconds=0)
    one, two = (open_checkpoint(place, lambda name=name: name) for name in "ab")
    two.write(lambda: {"x": np.ones(1)})
    with pytest.raises(ValueError, match="is written by another training beside this"):
        one.write(lambda: {"x": np.zeros(1)})
    two.write(lambda: {"x": np.full(1, 2.0)})
    assert read_arrays(tmp_path / "c")[0]["x"] == 2.0
    with pytest.raises(IsADirectoryError, match="is a folder: name a file"):
        open_checkpoint(tmp_path, lambda: "a")


def test_a_damaged_file_is_not_used(tmp_path: Path) -> None:
    run = LOOPS["Adam"]
    whole = run(checkpoint=tmp_path / "c")
    (tmp_path / "c").write_bytes((tmp_path / "c").read_bytes()[:-3])
    with pytest.warns(UserWarning, match="training begins anew"):
        _same(run(checkpoint=tmp_path / "c"), whole)


def test_a_file_of_something_else_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("my notes")
    with pytest.raises(ValueError, match="not a file of arrays of this project: take another path"):
        LOOPS["Adam"](checkpoint=tmp_path / "c")
    assert (tmp_path / "c").read_text() == "my notes"


def test_what_diverged_is_not_kept(tmp_path: Path) -> None:
    span = draw_span(n=4, d=500, sigma=1.2, radius=0.8, draws=1, seeds=3, seed=1)
    recipe = StochasticGradientDescent(iterations=1, record_every=1, skip_start=1e200)
    for _ in range(3):
        with pytest.raises(FloatingPointError, match="diverged"):
            descend(span, VALUES, recipe=recipe, ridge=0.3, seed=1, checkpoint=Checkpoint(tmp_path / "c", seconds=0))


def test_it_is_written_when_it_is_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at every record: those are frequent."""
    from simulate.runs import checkpoint

    writes = []
    monkeypatch.setattr(checkpoint, "write_arrays", lambda *a: writes.append(a))
    LOOPS["Adam"](checkpoint=Checkpoint(tmp_path / "c", seconds=1e6))
    assert len(writes) == 1


def long_training(**more: Any) -> Any:
    return train(
        Mixture(d=300, sigma=1.2).sample(n=8, seed=1), VALUES, ridge=0.3, seed=3,
        recipe=AdamRecipe(iterations=4000, record_every=20), **more,
    )


SCRIPT = """
from simulate import Checkpoint
from test_checkpoint import long_training
long_training(checkpoint=Checkpoint("c", seconds=0))
"""


def test_killed_for_real(tmp_path: Path) -> None:
    """SIGKILL to a process that trains; its file is whole, and the network the uninterrupted one's."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}"}
    running = subprocess.Popen([sys.executable, "-c", SCRIPT], cwd=tmp_path, env=environment)
    end = time.monotonic() + 60
    while not (tmp_path / "c").exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    time.sleep(0.1)
    running.send_signal(signal.SIGKILL)
    running.wait(30)
    assert 0 <= read_arrays(tmp_path / "c")[0]["recorded"][-1] < 4000
    _same(long_training(checkpoint=tmp_path / "c"), long_training())


@pytest.mark.parametrize(("settings", "error", "words"), [
    ({"path": 3}, TypeError, "path must be a path"), ({"path": "c", "seconds": -1}, ValueError, "seconds = -1"),
])
def test_bad_input(settings: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Checkpoint(**settings)
