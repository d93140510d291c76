"""No modules import one another in a circle: not in the engine, the benchmarks or the helpers of the tests."""

import ast
from collections.abc import Container, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def modules_under(folder: Path) -> dict[str, Path]:
    """Modules by the name under which they are imported when `folder` is on the path."""
    found = {}
    for file in folder.rglob("*.py"):
        parts = file.relative_to(folder).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imported_by(tree: ast.AST, modules: Container[str]) -> Iterator[str]:
    """Which of the modules a module imports, wherever in it; those for type checkers alone do not count."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports here are absolute"
            for alias in node.names:  # a module of the package, or else what the package itself has
                inner = f"{node.module}.{alias.name}"
                yield from (name for name in [inner if inner in modules else node.module] if name in modules)
        elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield from imported_by(node, modules)


def import_graph(folder: Path) -> dict[str, set[str]]:
    """What each module of a folder imports of the others there."""
    modules = modules_under(folder)
    return {
        name: set(imported_by(ast.parse(file.read_text(encoding="utf-8")), modules)) for name, file in modules.items()
    }


def circle_in(folder: Path) -> list[str] | None:
    """A circle of modules, each imported by the next, if there is one."""
    try:
        TopologicalSorter(import_graph(folder)).prepare()
    except CycleError as error:
        return error.args[1]
    return None


@pytest.mark.parametrize("folder", ["engine", "benchmarks", "tests"])
def test_imports__have_no_circle(folder):
    assert len(import_graph(ROOT / folder)) > 10
    assert any(import_graph(ROOT / folder).values())
    assert circle_in(ROOT / folder) is None


@pytest.mark.parametrize("inside", ["", "def later():\n    "])
def test_circle_in__finds_a_circle_of_functions_too(tmp_path, inside):
    (tmp_path / "one.py").write_text("import two\n")
    (tmp_path / "two.py").write_text("from pack import three\n")
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").touch()
    (tmp_path / "pack" / "three.py").write_text(f"{inside}import one\n")
    assert set(circle_in(tmp_path)) == {"one", "two", "pack.three"}
