"""The layout: imports of every kind point downwards, folders and files stay small, and names say one thing each."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
MOST_FILES, MOST_LINES, MOST_PARAMETERS = 15, 400, 10
# What loads on first use, such as derivations and printers, is no part of a face; who needs it imports its file.
DEFERRED = {
    "asymptotics.limited_samples": {"denoiser", "finite", "flow", "generated", "velocity"},
    "asymptotics.formula": {"plots", "printing"},
}


def _architecture() -> ModuleType:
    spec = importlib.util.spec_from_file_location("architecture", ROOT / "docs" / "architecture.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ARCHITECTURE = _architecture()
PACKAGES: dict[str, list[dict[str, str]]] = ARCHITECTURE.PACKAGES
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_module(path): path for path in FILES}


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imports(path: Path) -> Iterator[tuple[int, str, str]]:
    """Every import of the project in a file, also inside functions and for type checkers: line, module, name."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            pairs = [(node.module or "", alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            pairs = [(alias.name, "") for alias in node.names]
        else:
            continue
        yield from ((node.lineno, module, name) for module, name in pairs if module.split(".")[0] in PACKAGES)


def _target(module: str, name: str) -> str:
    """The module that an import reads: a submodule where the name is one."""
    return f"{module}.{name}" if f"{module}.{name}" in MODULES else module


def _unit(module: str) -> tuple[str, str]:
    """Package and entry of its floors; the face of a package is above all of them."""
    package, *rest = module.split(".")
    if not rest:
        return package, ""
    if package == "derivations" and rest[0] not in ("reporting", "__main__"):
        return package, "stories"
    return package, rest[0] if (ROOT / package / rest[0]).is_dir() else f"{rest[0]}.py"


def _heights() -> dict[tuple[str, str], int]:
    heights = {}
    height = 0
    for package, floors in PACKAGES.items():
        for floor in floors:
            heights |= {(package, entry): height for entry in floor}
            height += 1
        heights[package, ""] = height
        height += 1
    return heights


HEIGHTS = _heights()


def test_every_file_has_its_floor_and_every_floor_its_files() -> None:
    assert {_unit(module) for module in MODULES} == set(HEIGHTS)


def test_the_picture_is_that_of_the_floors() -> None:
    assert (ROOT / "docs" / "architecture.svg").read_text(encoding="utf-8") == ARCHITECTURE.picture()


def test_imports_point_downwards() -> None:
    wrong = []
    for module, path in MODULES.items():
        for line, imported, name in _imports(path):
            above, below = _unit(module), _unit(_target(imported, name))
            if above != below and HEIGHTS[above] <= HEIGHTS[below]:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {imported}.{name}")
    assert not wrong, "\n".join(wrong)


def test_no_file_imports_itself_by_way_of_others() -> None:
    edges = {
        module: {_target(imported, name) for _, imported, name in _imports(path)} - {module}
        for module, path in MODULES.items()
    }
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " -> ".join((*way[way.index(module):], module))
        if module not in done:
            for imported in sorted(edges.get(module, ())):
                visit(imported, (*way, module))
            done.add(module)

    for module in edges:
        visit(module, ())


def test_across_folders_one_imports_the_face() -> None:
    """Files of the own folder and of enclosing folders are imported as files; another folder by its ``__init__``."""
    wrong = []
    for module, path in MODULES.items():
        own = module if path.name == "__init__.py" else module.rpartition(".")[0]
        for line, imported, name in _imports(path):
            target = _target(imported, name)
            is_face = MODULES.get(target, path).name == "__init__.py"
            folder = target if is_face else target.rpartition(".")[0]
            encloses = own == folder or own.startswith(f"{folder}.")
            top = "." not in folder
            exported = name in _face(imported) if imported in MODULES else False
            deferred = target.rpartition(".")[2] in DEFERRED.get(folder, ())
            if not (is_face or encloses or top or exported or deferred):
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {imported}.{name}")
    assert not wrong, "\n".join(wrong)


@cache
def _face(module: str) -> frozenset[str]:
    """The names that a folder exports."""
    path = MODULES[module]
    if path.name != "__init__.py":
        return frozenset()
    return frozenset(
        alias.asname or alias.name for node in _tree(path).body if isinstance(node, ast.ImportFrom)
        for alias in node.names
    )


def test_faces_only_export() -> None:
    """Docstring and imports; at the top of a package also what loads on first use, and what is not installed."""
    for path in FILES:
        if path.name == "__init__.py" and path.parent.parent != ROOT:
            for node in _tree(path).body:
                text = ast.unparse(node)
                if not isinstance(node, ast.ImportFrom):
                    is_docstring = node is _tree(path).body[0]
                    assert isinstance(node, ast.Expr) and (is_docstring or "require_installed" in text), path
                elif "require_installed" not in text:
                    assert all(alias.asname == alias.name for alias in node.names), f"{path}:{node.lineno} {text}"
                    assert (node.module or "").startswith(f"{_module(path)}") or path.parent.name == "plotting", path


def test_nothing_is_imported_by_its_name_as_text() -> None:
    """No import that the syntax tree does not show, but for names that users give and those of `Deferred`."""
    for path in FILES:
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
                assert not isinstance(node.args[0], ast.Constant), f"{path}:{node.lineno}"


def test_folders_and_files_are_small() -> None:
    stories = ROOT / "derivations"
    for folder in {path.parent for path in (*FILES, *TESTS)} - {stories}:
        count = len(list(folder.glob("*.py")))
        assert count <= MOST_FILES, f"{folder.relative_to(ROOT)} has {count} files"
    for path in (*FILES, *TESTS, *(ROOT / "benchmarks").glob("*.py")):
        lines = path.read_text(encoding="utf-8").count("\n")
        assert lines <= MOST_LINES, f"{path.relative_to(ROOT)} has {lines} lines"


def test_no_module_has_the_name_of_a_function_beside_it_or_of_the_standard_library() -> None:
    for module, path in MODULES.items():
        *_, name = module.split(".")
        folder = path.parent.parent if path.name == "__init__.py" else path.parent
        assert name in PACKAGES or name.startswith("__") or name not in sys.stdlib_module_names, module
        if folder == ROOT:
            continue
        assert name not in _functions(folder), f"{module} is hidden by a function of its folder"


@cache
def _functions(folder: Path) -> frozenset[str]:
    """Names that a folder's face exports from files, as functions, classes and values; its modules are none of them."""
    face = folder / "__init__.py"
    return frozenset(
        alias.asname or alias.name for node in _tree(face).body if isinstance(node, ast.ImportFrom)
        for alias in node.names if f"{node.module}.{alias.name}" not in MODULES
    )


def test_no_function_has_more_than_ten_parameters() -> None:
    wrong = []
    for path in FILES:
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                arguments = node.args
                names = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
                if len(set(names) - {"self", "cls"}) > MOST_PARAMETERS:
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {getattr(node, 'name', 'lambda')}")
    assert not wrong, "\n".join(wrong)


def test_a_sweep_of_ones_own_function_loads_no_science(tmp_path: Path) -> None:
    script = tmp_path / "own.py"
    script.write_text(
        "import sys\nfrom simulate import sweep\n"
        "def measure(seed, *, x):\n    return {'square': x * x}\n"
        "if __name__ == '__main__':\n"
        "    data = sweep(measure, {'x': [1.0, 2.0]}, seeds=2, workers=1, progress=False)\n"
        "    assert data['square'].mean('seed').values.tolist() == [1.0, 4.0]\n"
        "    print(*sorted(name for name in sys.modules if name.startswith('simulate.')))\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, script], cwd=ROOT, env=_environment(), capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    loaded = {name.split(".")[1] for name in done.stdout.split()}
    floors = [floor for floor in PACKAGES["simulate"] if "runs" in floor]
    below = PACKAGES["simulate"].index(floors[0]) + 1
    allowed = {entry.removesuffix(".py") for floor in PACKAGES["simulate"][:below] for entry in floor}
    assert "runs" in loaded and loaded <= allowed, sorted(loaded - allowed)


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_oracles_import_nothing_that_they_check() -> None:
    oracles = [path for path in TESTS if path.parent.name == "oracles"]
    assert len(oracles) > 5
    for path in oracles:
        modules = {
            alias.name for node in ast.walk(_tree(path)) if isinstance(node, ast.Import) for alias in node.names
        } | {node.module or "" for node in ast.walk(_tree(path)) if isinstance(node, ast.ImportFrom)}
        assert not {name.split(".")[0] for name in modules} & {*PACKAGES, "benchmarks", "helpers"}, path.name


@pytest.mark.parametrize("lower", ["asymptotics", "simulate"])
def test_floors_are_not_all_one(lower: str) -> None:
    """The tests above would hold of a single floor."""
    assert len(PACKAGES[lower]) > 9
    assert all(HEIGHTS[lower, entry] == HEIGHTS[lower, first] + row for row, (first, entry) in enumerate(
        (next(iter(PACKAGES[lower][0])), next(iter(floor))) for floor in PACKAGES[lower]))
    assert all(set(one).isdisjoint(two) for one, two in pairwise(PACKAGES[lower]))
