"""The command line: what each command prints, its exit codes, and one clear line on bad input."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import mpmath
import pytest
from helpers.formulas import SCALAR

from asymptotics import catalogue
from asymptotics.__main__ import main
from asymptotics.pages import formula_line, formula_page
from asymptotics.sentences import unicode_text

NAME = "limited_samples.mean_error"
POINT = ["n=8", "sigma=1.5", "ridge=0.1"]
Capture = pytest.CaptureFixture[str]


def run(capsys: Capture, *argv: str) -> str:
    """Standard output of a command that succeeds and says nothing on stderr."""
    assert main(list(argv)) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def cold(*argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "asymptotics", *argv], capture_output=True, text=True, timeout=120,
        env={**os.environ, **environment}, check=False,
    )


def point_of(name: str) -> list[str]:
    values = {"alpha": "0.5", "beta": "0.25", "dalpha": "-1", "dbeta": "1", "n": "8", "sigma": "1.5",
              "ridge": "0.1", "draws": "2", "radius": "0.75",
              "spread_data": "1.5", "spread_noise": "0.75", "spread_cross": "0.25",
              "d": "37", "p": "0.7", "kappa": "1.75", "s": "1.25",
              "learning_rate": "0.4", "jump_rate": "0.6", "chains": "100", "q": "0.55",
              "scale": "1.25", "tau": "1.5", "step": "0.25", "separation": "9",
              "n_plus": "7", "n_minus": "3", "ridge_u": "0.25", "ridge_w": "0.5"}
    return [f"{argument}={values[argument]}" for argument in catalogue()[name].arguments]


def test_list_names_every_formula_in_order(capsys: Capture) -> None:
    lines = run(capsys, "list").splitlines()
    assert [line.split()[0] for line in lines] == list(catalogue())
    for formula, line in zip(catalogue().values(), lines, strict=True):
        assert unicode_text(formula.statement) in line


@pytest.mark.parametrize("name", list(catalogue()))
def test_show_tells_all_about_a_formula(capsys: Capture, name: str) -> None:
    out = run(capsys, "show", name)
    formula = catalogue()[name]
    for part in (formula.statement, formula.regime, str(formula.source)):
        assert unicode_text(part) in " ".join(out.split())
    for entry in formula.domain.entries:
        assert entry.range in out and unicode_text(entry.meaning) in " ".join(out.split())
    for relation in formula.domain.relations:
        assert relation.text in " ".join(out.split())


def test_eval_prints_the_value(capsys: Capture) -> None:
    assert float(run(capsys, "eval", NAME, *POINT)) == catalogue()[NAME](n=8, sigma=1.5, ridge=0.1)


def test_eval_with_many_digits_is_exact_in_its_input(capsys: Capture) -> None:
    text = run(capsys, "eval", NAME, *POINT, "--dps", "40").strip()
    with mpmath.workdps(45):
        wanted = catalogue()[NAME].evaluate(n=8, sigma="1.5", ridge="0.1", dps=45)
        assert abs(mpmath.mpf(text) - wanted) <= mpmath.mpf(10) ** -39 * wanted
    assert len(text.replace(".", "").lstrip("0")) == 40


def test_json_is_one_object(capsys: Capture) -> None:
    record = json.loads(run(capsys, "eval", NAME, *POINT, "--json"))
    assert record == {"name": NAME, "value": float(catalogue()[NAME](n=8, sigma=1.5, ridge=0.1))}
    record = json.loads(run(capsys, "eval", NAME, *POINT, "--json", "--dps", "30"))
    assert record["name"] == NAME and isinstance(record["value"], str) and len(record["value"]) >= 30


@pytest.mark.parametrize(("text", "wanted"), [
    ("n=2,4,8", [2, 4, 8]), ("n=2:8:4", [2, 4, 6, 8]), ("n=2:8:lin3", [2, 5, 8]),
    ("n=2:1024:log10", [2**k for k in range(1, 11)]),
])
def test_a_sweep_prints_a_table(capsys: Capture, text: str, wanted: list[float]) -> None:
    head, *rows = run(capsys, "eval", NAME, text, "sigma=1.5", "ridge=0.1").splitlines()
    assert head.split() == ["n", "mean_error"]
    assert [float(row.split()[0]) for row in rows] == pytest.approx(wanted, rel=1e-11)
    for row in rows:
        n, value = map(float, row.split())
        assert value == pytest.approx(float(catalogue()[NAME](n=n, sigma=1.5, ridge=0.1)), rel=1e-11)


def test_two_sweeps_print_their_grid(capsys: Capture) -> None:
    head, *rows = run(capsys, "eval", NAME, "n=2,4", "sigma=1.5", "ridge=0,1,2").splitlines()
    assert head.split() == ["n", "ridge", "mean_error"]
    assert [tuple(row.split()[:2]) for row in rows] == [(n, r) for n in "24" for r in "012"]


def test_a_swept_json_has_its_arguments(capsys: Capture) -> None:
    record = json.loads(run(capsys, "eval", NAME, "n=2,4", "sigma=1.5", "ridge=0.1", "--json"))
    assert len(record["value"]) == 2 and record["arguments"] == {"n": ["2", "4"]}


def test_latex_is_the_formula_s(capsys: Capture) -> None:
    assert run(capsys, "latex", NAME).strip() == catalogue()[NAME].latex()


def test_prove_prints_steps_and_kinds(capsys: Capture) -> None:
    out = run(capsys, "prove", NAME)
    derivation = catalogue()[NAME].prove()
    assert derivation.summary in out and "(proved)" in out
    for number, step in enumerate(derivation.steps, 1):
        assert f"{number}. [{step.label}]" in out


def test_prove_all_has_a_line_for_each(capsys: Capture) -> None:
    *lines, last = run(capsys, "prove", "--all").splitlines()
    assert [line.split()[0] for line in lines] == list(catalogue())
    assert all("(proved)" in line for line in lines) and str(len(catalogue())) in last


def test_a_failed_proof_exits_1(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    from asymptotics import ProofError
    from asymptotics.formula import Formula

    def refuse(self: Formula, *_: object, **__: object) -> None:
        raise ProofError("step 3 fails: a claim")

    monkeypatch.setattr(Formula, "prove", refuse)
    assert main(["prove", NAME]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err == "proof failed: step 3 fails: a claim\n"


def test_an_interrupt_exits_130(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    from asymptotics.formula import Formula

    def interrupt(self: Formula, *_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Formula, "latex", interrupt)
    assert main(["latex", NAME]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_export_names_what_it_wrote(capsys: Capture, tmp_path: Path) -> None:
    written = run(capsys, "export", str(tmp_path / "new" / "folder")).split()
    assert sorted(Path(path).name for path in written) == ["formulas.tex", "macros.tex", "references.bib"]
    assert all(Path(path).stat().st_size > 1000 for path in written)
    book = (tmp_path / "new" / "folder" / "formulas.tex").read_text(encoding="utf-8")
    figures = re.findall(r"includegraphics\{(.*?)\}", book)
    assert len(figures) > 50 and all((tmp_path / "new" / "folder" / name).stat().st_size > 1000 for name in figures)


BAD: list[tuple[list[str], str]] = [
    ([], "COMMAND"), (["frobnicate"], "frobnicate"), (["show"], "name"), (["eval"], "name"),
    (["eval", NAME, *POINT, "--dps", "many"], "many"), (["eval", NAME, *POINT, "--wrong"], "--wrong"),
    (["eval", NAME, *POINT, "--dps", "0"], "1 <= dps"), (["eval", NAME, *POINT, "--dps", "-3"], "1 <= dps"),
    (["eval", "limited_samples.mean_eror", *POINT], "limited_samples.mean_error"),
    (["show", "mean_error"], "limited_samples.mean_error"), (["latex", "skp"], "skp"), (["prove", "skp"], "skp"),
    (["prove"], "--all"), (["prove", NAME, "--all"], "--all"),
    (["eval", NAME], "n, sigma, ridge"), (["eval", NAME, "n=8", "sigma=1.5"], "ridge"),
    (["eval", NAME, *POINT, "lambda=1"], "lambda"), (["eval", NAME, *POINT, "n=3"], "n"),
    (["eval", NAME, "8", "1.5"], "NAME=VALUE"), (["eval", NAME, "n=", "sigma=1"], "NAME=VALUE"),
    (["eval", NAME, "=8"], "NAME=VALUE"),
    (["eval", NAME, "n=eight", "sigma=1.5", "ridge=0.1"], "eight"),
    (["eval", NAME, "n=1/0", "sigma=1.5", "ridge=0.1"], "1/0"),
    (["eval", NAME, "n=0.5", "sigma=1.5", "ridge=0.1"], "n >= 1"),
    (["eval", NAME, "n=8", "sigma=-1.5", "ridge=0.1"], "sigma > 0"),
    (["eval", NAME, "n=8", "sigma=0", "ridge=0.1"], "sigma > 0"),
    (["eval", NAME, "n=8", "sigma=1.5", "ridge=-1"], "ridge >= 0"),
    (["eval", NAME, "n=8", "sigma=1.5", "ridge=nan"], "ridge"),
    (["eval", NAME, "n=inf", "sigma=1.5", "ridge=0.1"], "n"),
    (["eval", NAME, "n=1", "sigma=1.5", "ridge=0.1"], "n*draws > 1"),
    (["eval", NAME, "n=8", "sigma=1e400", "ridge=0.1"], "float64"),
    (["eval", NAME, "n=8", "sigma=1e200", "ridge=0.1"], "float64"),
    (["eval", NAME, "n=2,,4", "sigma=1.5", "ridge=0.1"], "n=2,,4"),
    (["eval", NAME, "n=8:2:4", "sigma=1.5", "ridge=0.1"], "LOW < HIGH"),
    (["eval", NAME, "n=2:8:1", "sigma=1.5", "ridge=0.1"], "2 points"),
    (["eval", NAME, "n=2:8:log", "sigma=1.5", "ridge=0.1"], "n"),
    (["eval", NAME, "n=0:8:log3", "sigma=1.5", "ridge=0.1"], "LOW > 0"),
    (["eval", NAME, "n=a:8:3", "sigma=1.5", "ridge=0.1"], "n=a:8:3"),
    (["eval", NAME, "n=1:inf:3", "sigma=1.5", "ridge=0.1"], "LOW < HIGH"),
    (["eval", NAME, "n=nan:8:3", "sigma=1.5", "ridge=0.1"], "LOW < HIGH"),
    (["eval", NAME, "n=2,0", "sigma=1.5", "ridge=0.1", "--json"], "n >= 1"),
    (["export"], "directory"),
]


@pytest.mark.parametrize(("argv", "says"), BAD, ids=lambda x: " ".join(x) if isinstance(x, list) else "")
def test_bad_input_is_one_line_and_exit_2(capsys: Capture, argv: list[str], says: str) -> None:
    try:
        code = main(argv)
    except SystemExit as stop:
        code = stop.code  # type: ignore[assignment]
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert err.startswith("error: ") and err.count("\n") == 1 and err.endswith("\n"), err
    assert says in err


def test_export_into_a_file_is_refused(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    assert main(["export", str(tmp_path / "taken")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def check_cold(name: str) -> None:
    done = cold("eval", name, *point_of(name))
    assert (done.returncode, done.stderr) == (0, "")
    point = {k: float(v) for k, _, v in (pair.partition("=") for pair in point_of(name))}
    assert float(done.stdout) == float(catalogue()[name](**point))


@pytest.mark.parametrize("name", [NAME, "limited_samples.best_ridge"])
def test_a_cold_start_evaluates(name: str) -> None:
    check_cold(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [formula.name for formula in SCALAR])
def test_a_cold_start_evaluates_every_name(name: str) -> None:
    check_cold(name)


def test_a_cold_error_has_no_traceback() -> None:
    done = cold("eval", NAME, "n=0", "sigma=1", "ridge=1")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr


@pytest.mark.parametrize("argv", [["list"], ["latex", NAME]], ids=" ".join)
def test_a_reader_that_leaves_early_is_no_error(argv: list[str]) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run([sys.executable, "-m", "asymptotics", *argv], stdout=writer, text=True,
                              stderr=subprocess.PIPE, timeout=60, env=environment, check=False)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_latex_is_the_same_in_every_process() -> None:
    """Whatever the hash seed: sets of symbols have no order of their own."""
    code = "import asymptotics\nfor f in asymptotics.catalogue().values(): print(f.latex())"
    texts = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True,
                       env={**os.environ, "PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "4242")
    }
    assert len(texts) == 1 and len(texts.pop().splitlines()) == len(catalogue())


@pytest.mark.parametrize(("name", "told"), [
    ("mean_error", "closest: limited_samples.mean_error, limited_samples.mean_error.fluctuation, "),
    ("limited_samples.mean_eror", "closest: limited_samples.mean_error, "),
    ("kramers", "closest: balance.jump_rate_kramers"),
    ("zzzz", "no formula named 'zzzz' (`python -m asymptotics list` has all)"),
])
def test_names_that_are_not_there_point_to_those_that_are(capsys: Capture, name: str, told: str) -> None:
    assert main(["show", name]) == 2
    assert told in capsys.readouterr().err


def test_the_explorer_is_a_file(capsys: Capture, tmp_path: Path) -> None:
    assert main(["explore", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"error: {tmp_path} is a folder; name a file in it, such as {tmp_path / 'explorer.html'}\n"
    )


@pytest.mark.parametrize("width", [40, 80, 100])
def test_lines_fit_the_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for formula in catalogue().values():
        listed = formula_line(formula, 47, width=width)
        assert max(map(len, listed.splitlines())) <= width or " " not in listed.splitlines()[0]
        assert " ".join(listed.split()) == f"{formula.name} {unicode_text(formula.statement)}"
        if width >= 80:
            assert max(map(len, formula_page(formula, width=width, colour=False).splitlines())) <= width, formula.name
    lines = str(catalogue()[NAME].derivation).splitlines()
    assert all(len(line) <= width for line in lines if re.match(r"\d+\. |   \S", line))


def test_formulas_in_the_weights_point_to_schedules(capsys: Capture) -> None:
    shown = " ".join(run(capsys, "show", "limited_samples.skip").split())
    assert "f.on(asymptotics.schedule.linear) is the formula in t" in shown
    assert "schedule.linear" not in run(capsys, "show", NAME)


def test_the_explorer_says_what_was_proved(capsys: Capture, tmp_path: Path) -> None:
    run(capsys, "explore", str(tmp_path / "page.html"))
    assert "(not executed)" in (tmp_path / "page.html").read_text(encoding="utf-8")
    run(capsys, "explore", str(tmp_path / "page.html"), "--prove")
    assert "(not executed)" not in (tmp_path / "page.html").read_text(encoding="utf-8")
