"""The command line, as a user meets it."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from helpers.idx import write_idx
from helpers.processes import allow_interrupts

from simulate.__main__ import main
from simulate.runs import load

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--d", "60", "--n", "2,3", "--seeds", "2", "--quiet"]


def shell(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "simulate", *arguments], cwd=ROOT, capture_output=True, text=True,
        timeout=120, check=False,
    )


def test_two_workers_write_what_one_does(tmp_path: Path) -> None:
    """In a process of its own, and with two spawned workers below it."""
    out = tmp_path / "new" / "two.nc"
    done = shell("denoiser", *SMALL, "--times", "3", "--workers", "2", "--out", str(out))
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, str(out), "")
    assert main(["denoiser", *SMALL, "--times", "3", "--out", str(tmp_path / "one.nc")]) == 0
    xr.testing.assert_identical(load(out), load(tmp_path / "one.nc"))
    assert load(out).t.values.tolist() == [0.25, 0.5, 0.75]


def test_generation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "g.nc"
    arguments = ["--steps", "4", "--schedule", "trigonometric", "--runs", "--out", str(out)]
    assert main(["generation", *SMALL, *arguments]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    assert load(out).mean_error_runs.dims == ("n", "seed")


def test_curves_from_the_exact_law(tmp_path: Path) -> None:
    far = ["--d", "100000000", "--n", "2,3", "--seeds", "3", "--out"]
    for kind in (["denoiser", "--labels"], ["generation"]):
        out = tmp_path / f"{kind[0]}.nc"
        assert main([*kind, "--reduced", *far, str(out)]) == 0
        assert load(out).attrs["method"].startswith("exact law")
    assert "label_flips" in load(tmp_path / "denoiser.nc")


def test_weights(tmp_path: Path) -> None:
    out = tmp_path / "w.nc"
    arguments = ["--steps", "20", "--count", "500", "--quiet", "--out", str(out)]
    assert main(["weights", "--d", "100,100000", "--methods", "euler,heun", *arguments]) == 0
    found = load(out).generated_weight.sel(scheme="euler")
    assert abs(float(found.sel(d=100_000, grid="dilated")) - 0.8) < 0.1 and float(found.sel(d=100_000)[1]) > 0.99
    trained = ["--n", "6", "--d", "40", "--iterations", "5", "--seeds", "3"]
    assert main(["weights", *trained, *arguments]) == 0
    assert load(out).generated_weight.dims == ("d", "grid", "scheme", "seed") and load(out).sizes["seed"] == 3


def test_uturns(tmp_path: Path) -> None:
    out = tmp_path / "u.nc"
    arguments = ["--clocks", ".5:1.5:2", "--steps", "40", "--clones", "2", "--count", "300", "--quiet"]
    arguments += ["--out", str(out)]
    assert main(["uturn", "--radius", "0.8", *arguments]) == 0
    found = load(out)
    assert found.s.values == pytest.approx([0.5, 1.5]) and {"uturn_sde_plus", "clone_probability"} <= set(found)


DIGITS = ["uturn", "--data", "digits", "--budgets", "4,8", "--batch", "8", "--turns", "4", "--clones", "2"]
DIGITS += ["--turn-steps", "3", "--steps", "4", "--count", "40", "--workers", "1", "--quiet"]


def test_real_digits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the command to the table; what a store keeps is taken up, and not by other settings."""
    out, kept = tmp_path / "u.nc", ["--store", str(tmp_path / "store"), "--out", str(tmp_path / "u.nc")]
    assert main([*DIGITS, "--trainings", "uniform,weighted", "--seeds", "2", *kept]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("accuracy of the classifier") and said[1].startswith("seed 0: curves part at ")
    assert said[-1] == str(out)
    found = load(out)
    assert found["training"].values.tolist() == ["uniform", "weighted"] and found.sizes["seed"] == 2
    assert main([*DIGITS, "--trainings", "uniform,weighted", "--seeds", "2", "--resume", *kept]) == 0
    assert load(out).drop_attrs().identical(found.drop_attrs())
    assert main([*DIGITS, "--seeds", "2", "--rate", ".1", "--resume", *kept]) == 2
    assert "store" in capsys.readouterr().err


def test_all_digits_on_another_schedule(tmp_path: Path) -> None:
    out = tmp_path / "u.nc"
    more = ["--classes", "all", "--schedule", "linear", "--predicts", "velocity", "--seed", "3", "--out", str(out)]
    assert main([*DIGITS, *more]) == 0
    assert load(out).sizes["label"] == 10 and float(load(out)["t"][0]) < float(load(out)["t"][-1])


def test_a_folder_like_mnist_s(tmp_path: Path) -> None:
    """Images of 28 x 28 from IDX files through the same command."""
    generator = np.random.default_rng(1)
    labels = np.repeat([3, 8], 20).astype(np.uint8)
    pictures = generator.integers(0, 60, (40, 28, 28)) + 190 * (np.arange(28) < 3 * labels[:, None])[:, None]
    (tmp_path / "mnist").mkdir()
    write_idx(tmp_path / "mnist" / "train-images-idx3-ubyte", pictures.astype(np.uint8))
    write_idx(tmp_path / "mnist" / "train-labels-idx1-ubyte", labels)
    out = tmp_path / "u.nc"
    given = [*DIGITS, "--classes", "3,8", "--budgets", "2", "--out", str(out)]
    given[given.index("digits")] = str(tmp_path / "mnist")
    assert main(given) == 0
    assert load(out)["picture"].shape[-2:] == (28, 28)


@pytest.mark.parametrize(("arguments", "words"), [
    (["--data", "digits", "--d", "5"], "--d does not go with --data digits"),
    (["--turns", "5"], "--turns does not go with --data mixture"),
    (["--data", "nowhere"], "nowhere is not a folder: give the one that holds MNIST's IDX files"),
    (["--data", "digits", "--classes", "1"], "give two classes or more"),
    (["--data", "digits", "--classes", "1,11"], "no image has the label 11"),
    (["--data", "digits", "--weights", ".5"], "must be as many as --classes [0, 1]"),
    (["--data", "digits", "--device", "abacus"], "--device abacus cannot be used"),
    (["--data", "digits", "--trainings", "uniform,right"], "trainings = 'right' must be one of"),
    (["--data", "digits", "--schedule", "linear"], "leaves the velocity open at the noise end t = 0"),
])
def test_bad_input_to_uturns_is_one_line(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["uturn", *arguments, "--quiet", "--out", str(tmp_path / "x.nc")]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1 and not (tmp_path / "x.nc").exists()


@pytest.mark.parametrize(("arguments", "words"), [
    (["weights", "--steps", "1"], "steps = 1 must be >= 2"), (["weights", "--repeats", "3"], "--repeats goes with --n"),
    (["weights", "--kappa", "20", "--d", "100"], "kappa = 20.0 is not allowed: 0 < kappa < |mu| = 10"),
    (["weights", "--p", "1"], "p = 1.0"),
    (["weights", "--n", "10", "--d", "12"], "d = 12 must be >= n + 5 = 15"),
    (["uturn", "--clocks", "200"], "s_max = radius*sqrt(d)/sigma = 100)"),
    (["uturn", "--method", "leapfrog"], "method = 'leapfrog'"),
    (["uturn", "--kappa", "0"], "kappa"),
])
def test_bad_input_to_phases_is_one_line(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--quiet", "--out", str(tmp_path / "x.nc")]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1 and not (tmp_path / "x.nc").exists()


def test_learning(tmp_path: Path) -> None:
    out = tmp_path / "l.nc"
    arguments = ["--times", "2", "--iterations", "30", "--batch", "2", "--record-every", "15", "--out", str(out)]
    assert main(["learning", *SMALL, *arguments]) == 0
    assert load(out).overlap_mean.dims == ("n", "t", "iteration")
    assert load(out).iteration.values.tolist() == [0, 15, 30]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["denoiser", "--reduced", "--trainer", "adam", "--out", "x.nc"], "--trainer adam does not go with --reduced"),
        (["denoiser", "--reduced", "--activation", "tanh", "--out", "x.nc"], "--activation tanh does not go with"),
        (["generation", "--reduced", "--steps", "9", "--out", "x.nc"], "--steps 9 does not go with --reduced"),
        (["generation", "--reduced", "--workers", "2", "--out", "x.nc"], "--workers 2 does not go with --reduced"),
        (["denoiser", "--labels", "--out", "x.nc"], "--labels goes with --reduced"),
        (["learning", "--batch", "9", "--out", "x.nc"], "batch = 9 must be <= n * draws = 2"),
        (["learning", "--step", "1.5", "--out", "x.nc"], "step = 1.5 must be <= 1"),
        (["learning", "--trainer", "adam", "--out", "x.nc"], "unrecognized arguments"),
        (["denoiser", "--sigma", "0", "--out", "x.nc"], "sigma = 0.0 must be > 0"),
        (["denoiser", "--n", "2,b", "--out", "x.nc"], "must be whole numbers, e.g. 1,2,4"),
        (["denoiser", "--n", "1", "--out", "x.nc"], "not attained"),
        (["denoiser", "--d", "1.5", "--out", "x.nc"], "invalid int value"),
        (["denoiser", "--ridge", "nan", "--out", "x.nc"], "ridge = nan must be finite"),
        (["denoiser", "--schedule", "linaer", "--out", "x.nc"], "did you mean 'linear'"),
        (["denoiser", "--trainer", "adm", "--out", "x.nc"], "did you mean 'adam'"),
        (["denoiser", "--times", "0", "--out", "x.nc"], "times = 0 must be >= 1"),
        (["denoiser", "--workers", "0", "--out", "x.nc"], "workers = 0 must be >= 1"),
        (["denoiser", "--schedule", "ornstein_uhlenbeck", "--out", "x.nc"], "no finite interval"),
        (["generation", "--schedule", "square_root", "--out", "x.nc"], "diverges at t = 0"),
        (["generation", "--method", "rk", "--out", "x.nc"], "method = 'rk' must be one of"),
        (["generation", "--times", "3", "--out", "x.nc"], "unrecognized arguments"),
        (["generation"], "required: --out"),
        (["denoiser", "--sigma", "1e-200", "--out", "x.nc"], "sigma = 1e-200 must be >= 1e-06"),
        (["denoiser", "--trainer", "adam", "--sigma", "1e20", "--out", "x.nc"], "sigma = 1e+20 must be <= 1e+06"),
        (["generation", "--sigma", "1e200", "--out", "x.nc"], "sigma = 1e+200 must be <= 1e+06"),
        (["denoiser", "--radius", "1e7", "--out", "x.nc"], "radius = 10000000.0 must be <= 1e+06"),
        (["denoiser", "--ridge", "1e300", "--out", "x.nc"], "ridge = 1e+300 must be <= 1e+12"),
        (["generation", "--d", "100000000000", "--out", "x.nc"], "d = 100000000000 with n = 8 and draws = 1 needs"),
        (["denoiser", "--d", "1" + "0" * 30, "--out", "x.nc"], "take a smaller d"),
        (["denoiser", "--n", "1" + "0" * 30, "--out", "x.nc"], "draws = 1 needs about"),
        (["denoiser", "--draws", "1" + "0" * 12, "--out", "x.nc"], "take a smaller d"),
        (["denoiser", "--seeds", "1" + "0" * 12, "--out", "x.nc"], "seeds = 1000000000000 must be <= 1000000"),
        (["generation", "--steps", "1" + "0" * 12, "--out", "x.nc"], "steps = 1000000000000 must be <= 1000000"),
        (["denoiser", "--times", "1" + "0" * 12, "--out", "x.nc"], "times = 1000000000000 must be <= 1000000"),
        (["denoiser", *SMALL, "--out", "/dev/null/x.nc"], "/dev/null"),
        (["dance"], "invalid choice: 'dance'"),
        ([], "required: kind"),
    ],
)
def test_bad_input_is_one_line_and_code_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        # argparse leaves by itself, everything else returns its code.
        sys.exit(main(arguments))
    output = capsys.readouterr()
    assert left.value.code == 2 and output.out == ""
    assert words in output.err and output.err.count("\n") == 1


def test_trainings_that_did_not_converge_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """240 = 6000 steps of 0.04 is as far as Adam can carry a weight; at sigma = 1e6 it has further to go."""
    out = tmp_path / "far.nc"
    arguments = ["--sigma", "1e6", "--n", "2", "--d", "10", "--times", "1", "--trainer", "adam", "--out", str(out)]
    assert main(["denoiser", *SMALL, *arguments]) == 0
    output = capsys.readouterr()
    assert "simulate: 1 of the trainings did not converge" in output.err and output.err.count("\n") == 1
    assert load(out).unconverged.values.tolist() == [[1.0]]


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        (FloatingPointError("training diverged"), "simulate: training diverged"),
        (MemoryError(), "simulate: out of memory"),
        (BrokenExecutor("a worker died"), "simulate: out of memory"),
        (RuntimeError("[enforce fail] can't allocate memory: you tried"), "simulate: out of memory"),
    ],
)
def test_what_fails_during_a_run_is_one_line_too(
    raised: Exception, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(given: object) -> None:
        raise raised

    monkeypatch.setattr("simulate.commands.curves.run", fail)
    assert main(["denoiser", "--out", "x.nc"]) == 2
    output = capsys.readouterr()
    assert words in output.err and output.err.count("\n") == 1


def test_an_error_of_the_program_itself_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(given: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("simulate.commands.curves.run", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        main(["denoiser", "--out", "x.nc"])


def test_an_interrupt_ends_with_130_and_writes_nothing(tmp_path: Path) -> None:
    command = ["denoiser", "--d", "2000", "--n", "8", "--seeds", "5000", "--out", str(tmp_path / "x.nc")]
    with subprocess.Popen(
        [sys.executable, "-m", "simulate", *command], cwd=ROOT, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        preexec_fn=allow_interrupts,
    ) as running:
        assert running.stderr is not None
        assert running.stderr.read(10), "the progress bar should have said what runs"
        time.sleep(0.2)
        running.send_signal(signal.SIGINT)
        rest = running.stderr.read()
        assert running.wait(timeout=60) == 130
    assert rest.splitlines()[-1] == "simulate: interrupted, nothing written"
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []
