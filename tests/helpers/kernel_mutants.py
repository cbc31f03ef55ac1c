"""How well the kernel's own tests know it: small errors put into it, one at a time, and whether the tests notice.

python tests/helpers/kernel_mutants.py --count 300 --seed 0

Each mutant runs in a process of its own on the tests of `asymptotics.proof`; what survives is printed with its line to
be looked at: it is equivalent (a bound on work, a hint that no answer rests on), or a test is missing. Ten seconds
for each mutant that survives, and two for each that does not; this is no part of the tests.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
KERNEL = ROOT / "asymptotics" / "proof"
SECONDS = 120
_COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}
_OPERATED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
             ast.Mod: ast.FloorDiv, ast.BitXor: ast.BitOr, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}
_SIGNS = {"> 0": ">= 0", ">= 0": "> 0", "< 0": "<= 0", "<= 0": "< 0", "= 0": ">= 0"}


def changes(tree: ast.Module) -> Iterator[tuple[int, ast.Module]]:
    """Every mutant of a module: the line, and the tree with one node changed."""
    types = {id(part) for node in ast.walk(tree) for name in ("annotation", "returns")
             if getattr(node, name, None) is not None for part in ast.walk(getattr(node, name))}
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in types:
            continue
        for change in _changes_of(node):
            mutant = copy.deepcopy(tree)
            place = next(each for k, each in enumerate(ast.walk(mutant)) if k == number)
            change(place)
            yield getattr(node, "lineno", 0), ast.fix_missing_locations(mutant)


def _changes_of(node: ast.AST) -> Iterator[object]:
    if isinstance(node, ast.Compare):
        for k, operator in enumerate(node.ops):
            if type(operator) in _COMPARED:
                new = _COMPARED[type(operator)]
                yield lambda each, k=k, new=new: each.ops.__setitem__(k, new())
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _OPERATED:
        operation = _OPERATED[type(node.op)]
        yield lambda each: setattr(each, "op", operation())
    if isinstance(node, ast.BoolOp):
        yield lambda each: setattr(each, "op", ast.Or() if isinstance(each.op, ast.And) else ast.And())
    if isinstance(node, ast.If | ast.IfExp):
        yield lambda each: setattr(each, "test", ast.UnaryOp(ast.Not(), each.test))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield lambda each: setattr(each, "op", ast.UAdd())
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield lambda each: setattr(each, "value", not each.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield lambda each: setattr(each, "value", each.value + 1)
    elif isinstance(node, ast.Constant) and node.value in _SIGNS:
        yield lambda each: setattr(each, "value", _SIGNS[each.value])
    if isinstance(node, ast.Name) and node.id in ("any", "all", "min", "max"):
        other = {"any": "all", "all": "any", "min": "max", "max": "min"}[node.id]
        yield lambda each: setattr(each, "id", other)


def survives(file: Path, source: str) -> bool:
    """Whether the kernel's tests pass with another text in the place of one of its files."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sitecustomize.py").write_text(
            "import importlib.machinery as m\n"
            f"name, text = {f'asymptotics.proof.{file.stem}'!r}, {source!r}\n"
            "code = m.SourceFileLoader.get_code\n"
            "m.SourceFileLoader.get_code = lambda self, fullname: compile(text, self.path, 'exec') "
            "if fullname == name else code(self, fullname)\n")
        environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "tests/asymptotics/proof"]
        try:
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    every = [(file, line, mutant) for file in sorted(KERNEL.glob("*.py"))
             for line, mutant in changes(ast.parse(file.read_text(encoding="utf-8")))]
    chosen = random.Random(options.seed).sample(every, min(options.count, len(every)))
    left = 0
    for number, (file, line, mutant) in enumerate(chosen, 1):
        if survives(file, ast.unparse(mutant)):
            left += 1
            before = ast.unparse(ast.parse(file.read_text(encoding="utf-8"))).splitlines()
            after = ast.unparse(mutant).splitlines()
            changed = [f"{old.strip()}  ->  {new.strip()}"
                       for old, new in zip(before, after, strict=False) if old != new]
            print(f"{number}: survives {file.name}:{line}  {changed[0] if changed else ''}", flush=True)
    print(f"{len(chosen)} of {len(every)} mutants, {len(chosen) - left} killed ({1 - left / len(chosen):.1%})")


if __name__ == "__main__":
    main()
