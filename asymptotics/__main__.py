"""The command line: list, show, eval, latex, prove, export, explore.

``--catalogue MODULE`` adds the formulas of a catalogue of one's own to those of this package.

Exit codes: 0; 1 when a proof fails; 2 and one clear line on bad input; 130 when interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

from asymptotics import collection
from asymptotics.command_line import Failures, Parser, exit_code, grid, import_users_module, table_lines
from asymptotics.derivation import ProofError
from asymptotics.extras import installed, version_line
from asymptotics.formula import Catalogue, Formula

_FAILURES: Failures = (
    (ProofError, 1, "proof failed: {}".format),
    ((TypeError, ValueError, LookupError, ArithmeticError, RuntimeError, ImportError, OSError), 2, "error: {}".format),
    (KeyboardInterrupt, 130, "interrupted".format),
)


class _Parser(Parser):
    """The parser, whose complaints point to the help."""

    complaint = "error: {message} (see {prog} --help)"


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m asymptotics",
        description="Closed forms of the theory of generative models: derive, prove, evaluate, print.",
    )
    parser.add_argument("--version", action="version", version=version_line())
    parser.add_argument(
        "--catalogue", metavar="MODULE", help="also the formulas of a catalogue of yours, MODULE.CATALOGUE"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="all formulas, a line each")
    show = commands.add_parser("show", help="one formula: meaning, expression, arguments, source")
    show.add_argument("name")
    evaluate = commands.add_parser(
        "eval", help="numbers: eval NAME n=8 sigma=1.5 ridge=0.1; n=2,4,8 or n=2:1024:log11 prints a table"
    )
    evaluate.add_argument("name")
    evaluate.add_argument("arguments", nargs="*", metavar="ARGUMENT=VALUE")
    evaluate.add_argument("--dps", type=int, help="significant digits (exact input, any precision)")
    evaluate.add_argument("--json", action="store_true", help="one JSON object")
    printed = commands.add_parser("latex", help="the formula in LaTeX, with its where-clause")
    printed.add_argument("name")
    prove = commands.add_parser("prove", help="execute a derivation and print its steps")
    prove.add_argument("name", nargs="?")
    prove.add_argument("--all", action="store_true", help="every formula, a line each")
    export = commands.add_parser("export", help="write the book of formulas: LaTeX, macros, curves, references")
    export.add_argument("directory", type=Path)
    export.add_argument("--pdf", action="store_true", help="typeset it too (pdflatex, bibtex)")
    explore = commands.add_parser("explore", help="write a page of all formulas with sliders, which needs no network")
    explore.add_argument("file", type=Path, help="such as explorer.html")
    explore.add_argument("--prove", action="store_true", help="execute every derivation before (half a minute)")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    return exit_code(partial(_run, _parser().parse_args(argv)), _FAILURES)


def _run(arguments: argparse.Namespace) -> int:
    try:
        _COMMANDS[arguments.command](arguments, _catalogue(arguments.catalogue))
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, head for one, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _catalogue(module: str | None) -> Catalogue:
    """This package's formulas, and those of the user's module."""
    if module is None:
        return collection.catalogue()
    if not all(part.isidentifier() for part in module.split(".")) or module.endswith(".py"):
        raise ValueError(f"--catalogue {module} must be the name of a module, as in import: mytheory, folder.mytheory")
    try:
        own = getattr(import_users_module(module), "CATALOGUE", None)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise ModuleNotFoundError(f"--catalogue {module}: no such module in {os.getcwd()}, nor installed") from None
    if not isinstance(own, Catalogue):
        raise TypeError(f"--catalogue {module}: {module}.CATALOGUE must be a Catalogue, not {type(own).__name__}")
    return collection.catalogue() | own


def _list(_: argparse.Namespace, known: Catalogue) -> None:
    from asymptotics.pages import formula_line
    from asymptotics.sentences import columns

    names, width = max(map(len, known)), columns() if sys.stdout.isatty() else None  # grep wants lines
    for formula in known.values():
        print(formula_line(formula, names, width=width))


def _show(arguments: argparse.Namespace, known: Catalogue) -> None:
    from asymptotics.pages import formula_page

    print(formula_page(known[arguments.name]))


def _value(formula: Formula, point: dict[str, str], dps: int | None) -> Any:
    """One value: a float, or text with ``dps`` digits; an object of them where a result has several."""
    if dps is None:
        formula.domain.complete(point, formula.name)
        return _plain(formula(**{name: _float(name, text) for name, text in point.items()}), float)
    import mpmath

    return _plain(formula.evaluate(dps=dps, **point), lambda x: mpmath.nstr(x, dps, strip_zeros=False))


def _plain(value: Any, number: Callable[[Any], Any]) -> Any:
    """What JSON can hold: infinities as text, "inf" and "-inf", which float() reads."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name), number) for field in fields(value)}
    if str(value) in ("True", "False"):  # of Python or of numpy
        return bool(value)
    if abs(value) == inf:
        return "inf" if value > 0 else "-inf"
    return number(value)


def _float(name: str, text: str) -> float:
    from asymptotics.coerce import as_fraction

    try:
        return float(as_fraction(name, text))
    except OverflowError:
        raise ValueError(f"{name} = {text} exceeds float64; use --dps") from None


def _eval(arguments: argparse.Namespace, known: Catalogue) -> None:
    formula = known[arguments.name]
    axes, points = grid(arguments.arguments)
    values = [_value(formula, point, arguments.dps) for point in points]
    swept = [name for name, axis in axes.items() if len(axis) > 1]
    if arguments.json:
        record: dict[str, Any] = {"name": formula.name, "value": values if swept else values[0]}
        if swept:
            record["arguments"] = {name: [point[name] for point in points] for name in swept}
        print(json.dumps(record))
    elif swept:
        _table(swept, points, values, formula.name.rsplit(".", 1)[-1])
    elif isinstance(values[0], dict):
        width = max(map(len, values[0]))
        for name, value in values[0].items():
            print(f"{name:<{width}}  {value}")
    else:
        print(values[0])


def _table(swept: list[str], points: list[dict[str, str]], values: list[Any], name: str) -> None:
    several = isinstance(values[0], dict)
    cells = [[str(x) for x in (value.values() if several else [value])] for value in values]
    head = [*swept, *(values[0] if several else [name])]
    rows = [[*(p[s] for s in swept), *v] for p, v in zip(points, cells, strict=True)]
    print("\n".join(table_lines(head, rows)))


def _latex(arguments: argparse.Namespace, known: Catalogue) -> None:
    print(known[arguments.name].latex())


def _prove(arguments: argparse.Namespace, known: Catalogue) -> None:
    if arguments.all == bool(arguments.name):
        raise ValueError("give either a NAME or --all")
    if arguments.name:
        print(known[arguments.name].prove())
        return
    width = max(map(len, known))
    for name, formula in known.items():
        print(f"{name:<{width}}  {formula.prove().summary}", flush=True)
    print(f"{len(known)} derivations executed; every exact step holds")


def _export(arguments: argparse.Namespace, known: Catalogue) -> None:
    from asymptotics.export import export, typeset

    for path in export(known.values(), arguments.directory):
        print(path)
    if not installed("matplotlib"):
        print("no curves: matplotlib is not installed (flow-asymptotics[notebook])", file=sys.stderr)
    if arguments.pdf:
        print(typeset(arguments.directory))


def _explore(arguments: argparse.Namespace, known: Catalogue) -> None:
    from asymptotics.explorer import write_explorer

    done = {name: formula.prove() for name, formula in known.items()} if arguments.prove else {}
    print(write_explorer(arguments.file, known.values(), done=done))


_COMMANDS = {
    "list": _list, "show": _show, "eval": _eval, "latex": _latex, "prove": _prove, "export": _export,
    "explore": _explore,
}


if __name__ == "__main__":
    sys.exit(main())
