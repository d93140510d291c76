"""How the kernel is written: short argument lists, short functions and files, one source of draws."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import spvrisk

KERNEL = sorted((Path(spvrisk.__file__).parent / "kernel").glob("*.py"))
TREES = {file.stem: ast.parse(file.read_text(encoding="utf-8")) for file in KERNEL}
MOST_ARGUMENTS, MOST_LINES, MOST_LINES_OF_FILE = 8, 50, 450
GENERATOR = {"philox", "scores"}


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                yield f"{module}.{node.name}", node


def kernel_modules_in(tree: ast.Module) -> Iterator[str]:
    """Names of the kernel's modules that a file imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "spvrisk.kernel":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("spvrisk.kernel."):
            yield str(node.module).split(".")[2]


def test_functions__are_short_and_take_few_arguments():
    found = list(functions())
    assert len(found) > 200
    assert [name for name, node in found if len(node.args.args) > MOST_ARGUMENTS] == []
    assert not [name for name, node in found if (node.end_lineno or 0) - node.lineno >= MOST_LINES]


@pytest.mark.parametrize("file", KERNEL, ids=lambda file: file.stem)
def test_files__are_short(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= MOST_LINES_OF_FILE


def test_generator__is_known_to_the_source_of_draws_alone():
    users = {module for module, tree in TREES.items() if GENERATOR & set(kernel_modules_in(tree))}
    assert users == {"draws"}


def test_rows__come_in_their_namespace():
    """``R.COST``: no list of row names is imported."""
    imported = {
        f"{module}: {alias.name}"
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "spvrisk.kernel.rows"
        for alias in node.names
        if alias.name.isupper()
    }
    assert not imported
