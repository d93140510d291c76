"""Mutants of the kernel's clauses: does the comparison with the reference notice a fault in each?

A mutant is one small change of the source, made in the syntax tree: a sign flipped, min for max, a term or a factor
dropped, a comparison turned round. It is judged in a fresh copy of the package by the comparison with the reference,
in a process of its own.
"""

import ast
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import spvrisk

TESTS = Path(__file__).resolve().parent
PACKAGE = Path(spvrisk.__file__).parent
FILES = ("clock", "construction", "factors", "irr", "operation", "results", "split", "tables", "run", "philox")
JUDGE = "test_reference_agreement.py"
SECONDS = 300
"""A mutant that takes longer than this hangs, and counts as killed."""

_SIGNS: dict[type[ast.operator], type[ast.operator]] = {ast.Add: ast.Sub, ast.Sub: ast.Add}
_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.Gt,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}


class Mutant(NamedTuple):
    """A change of one file of the kernel."""

    file: str
    function: str
    line: int
    change: str
    source: str

    def __str__(self) -> str:
        return f"{self.file}.py:{self.line} {self.function}: {self.change}"


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Every mutant of one node: what it does, and the node in its place."""
    if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
        yield "sign flipped", ast.BinOp(node.left, _SIGNS[type(node.op)](), node.right)
        yield "term dropped", node.left
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield "factor dropped", node.left
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("min", "max"):
        other = "max" if node.func.id == "min" else "min"
        yield f"{node.func.id} became {other}", ast.Call(ast.Name(other, ast.Load()), node.args, node.keywords)
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _TURNED:
        yield "comparison turned", ast.Compare(node.left, [_TURNED[type(node.ops[0])]()], node.comparators)


class _Replace(ast.NodeTransformer):
    def __init__(self, target: ast.AST, put: ast.AST) -> None:
        self.target, self.put = target, put

    def visit(self, node: ast.AST) -> ast.AST:
        return self.put if node is self.target else super().generic_visit(node)


def mutants_of(file: str) -> list[Mutant]:
    """All mutants of the clauses of one file; index arithmetic is left alone, whose faults read other memory."""
    text = (PACKAGE / "kernel" / f"{file}.py").read_text(encoding="utf-8")
    out = []
    for number, (function, kind, line) in enumerate(_sites(ast.parse(text))):
        tree = ast.parse(text)
        target, change, put = list(_candidates(tree))[number][1:]
        mutated = ast.unparse(ast.fix_missing_locations(_Replace(target, put).visit(tree)))
        assert change == kind
        out.append(Mutant(file, function, line, change, mutated))
    return out


def _candidates(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef, ast.AST, str, ast.AST]]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            indices = _index_nodes(function)
            for node in ast.walk(function):
                if id(node) not in indices:
                    for change, put in _changes(node):
                        yield function, node, change, put


def _index_nodes(function: ast.FunctionDef) -> set[int]:
    slices = [node.slice for node in ast.walk(function) if isinstance(node, ast.Subscript)]
    return {id(inner) for part in slices for inner in ast.walk(part)}


def _sites(tree: ast.Module) -> list[tuple[str, str, int]]:
    return [(function.name, change, node.lineno) for function, node, change, _ in _candidates(tree)]


def sample(count: int, seed: int) -> list[Mutant]:
    """Mutants spread over the files, the same for the same seed."""
    random_ = random.Random(seed)
    by_file = {file: mutants_of(file) for file in FILES}
    files = [FILES[i % len(FILES)] for i in range(count)]
    return [random_.choice(by_file[file]) for file in files]


def survives(mutant: Mutant, folder: Path, only: str = "") -> bool:
    """Whether the comparison with the reference passes on a copy of the package with this change.

    Parameters
    ----------
    mutant
        The change.
    folder
        An empty folder for the copy.
    only
        Expression that chooses tests of the comparison; all if empty.
    """
    copy = folder / "spvrisk"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "kernel" / f"{mutant.file}.py").write_text(mutant.source, encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(folder / "cache")}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", str(TESTS / JUDGE), "-k", only]
    try:
        done = subprocess.run(command, env=env, cwd=TESTS.parent, capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return False
    if done.returncode in (2, 4, 5):  # pytest was used wrongly; a mutant's own end is 1, or a signal
        raise RuntimeError(done.stdout.decode() + done.stderr.decode())
    return done.returncode == 0
