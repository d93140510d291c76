"""What the tests themselves may import: no test module, and nothing of the engine where the reference is."""

import ast
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
REFERENCE = sorted(TESTS.glob("reference/*.py"))
APART = sorted([*REFERENCE, *TESTS.glob("every_clause/*.py"), *TESTS.glob("paper_*.py"), TESTS / "each_venture.py"])
"""The reference, its tests, and all that these share: written apart from the engine."""
ORACLE = [file for file in REFERENCE if not file.name.startswith(("test_", "conftest"))]


def name_of(file: Path) -> Path:
    return file.relative_to(TESTS)


def imports_of(file: Path) -> Iterator[str]:
    """Return the modules that a file imports, dotted."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(file)}: say where `{ast.unparse(node)}` is from"
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def roots_of(file: Path) -> set[str]:
    return {module.split(".")[0] for module in imports_of(file)}


def test_imports__nothing_of_a_test_module():
    found = {
        f"{name_of(file)}: {module}"
        for file in TESTS.rglob("*.py")
        for module in imports_of(file)
        if any(part.startswith("test_") for part in module.split("."))
    }
    assert not found, "what two test modules share belongs in a module of its own"


def test_reference__knows_no_study_and_no_engine():
    allowed = {"reference", "numpy", "scipy", "holidays", *sys.stdlib_module_names}
    assert len(ORACLE) > 15
    assert not {(str(name_of(file)), root) for file in ORACLE for root in roots_of(file) - allowed}


def test_reference__what_its_tests_share_knows_no_engine():
    assert len(APART) > len(ORACLE)
    known = {file.stem for file in TESTS.glob("*.py")} - {file.stem for file in APART}
    assert not {(str(name_of(file)), root) for file in APART for root in roots_of(file) & {"spvrisk", *known}}


@pytest.mark.parametrize("package", ["reference", "every_clause"])
def test_imports__go_one_way(package):
    files = {f"{package}.{file.stem}".removesuffix(".__init__"): file for file in TESTS.glob(f"{package}/*.py")}
    TopologicalSorter({module: set(imports_of(file)) & set(files) for module, file in files.items()}).prepare()
