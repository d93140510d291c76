"""Public docstrings say what a caller must know, by rules that a machine can read.

Public is a class, a function of a module or a method, none of whose names begins with an underscore, in
`engine/spvrisk` outside `kernel/` (whose lanes and rows have conventions of their own) and `cli/` (whose commands are
documented by their help).

- Parameters: a section names each of them, besides `self` and `cls`. It may be missing where each is annotated by
  another class of the package, for that has a docstring. What `__init__` takes is named in the docstring of its class.
- Arrays: where the annotation of what is returned names an array, the docstring gives shape and type, as in ``(path,)``
  float64.
- Errors: a section Raises names each class of errors that the body raises itself. What has been caught and is raised
  again does not count, nor does an AssertionError, which is an error of ours.

A method without a docstring is described where a base class declares it.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ENGINE = Path(__file__).resolve().parents[1] / "engine"
APART = ("kernel", "cli")
TYPES = {"float64", "float32", "int16", "int32", "int64", "uint64", "bool", "dtype"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Public(NamedTuple):
    """A public function, and the docstring that speaks for it: its own, or its class's where it is `__init__`."""

    where: str
    function: Function
    docstring: str


class Names(NamedTuple):
    """What names mean, wherever in the package they are used."""

    classes: dict[str, ast.ClassDef]
    arrays: set[str]
    makers: dict[str, str]  # of errors: function to class

    @classmethod
    def of(cls, trees: list[ast.Module]) -> "Names":
        nodes = [node for tree in trees for node in ast.walk(tree)]
        arrays = {
            target.id
            for node in nodes
            if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("NDArray[")
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        makers = {
            node.name: ast.unparse(node.returns)
            for node in nodes
            if isinstance(node, Function) and node.returns and ast.unparse(node.returns).endswith("Error")
        }
        return cls({node.name: node for node in nodes if isinstance(node, ast.ClassDef)}, {"NDArray", *arrays}, makers)


@cache
def trees() -> dict[Path, ast.Module]:
    files = sorted((ENGINE / "spvrisk").rglob("*.py"))
    return {file.relative_to(ENGINE): ast.parse(file.read_text(encoding="utf-8")) for file in files}


@cache
def names() -> Names:
    return Names.of(list(trees().values()))


def declared_above(node: ast.Module | ast.ClassDef, method: str) -> bool:
    """Whether a base class of a class, itself of the package, has a method of this name."""
    bases = [ast.unparse(base).split("[")[0].split(".")[-1] for base in getattr(node, "bases", [])]
    above = [names().classes[base] for base in bases if base in names().classes]
    return any(
        declared_above(base, method) or any(getattr(part, "name", "") == method for part in base.body) for base in above
    )


def public_in(node: ast.Module | ast.ClassDef, file: Path) -> Iterator[Public]:
    for part in node.body:
        if isinstance(part, ast.ClassDef) and not part.name.startswith("_"):
            yield from public_in(part, file)
        elif isinstance(part, Function) and (part.name == "__init__" or not part.name.startswith("_")):
            docstring = ast.get_docstring(node if part.name == "__init__" else part) or ""
            if docstring or not declared_above(node, part.name):
                yield Public(f"{file}:{part.lineno} {part.name}", part, docstring)


def section(docstring: str, title: str) -> str:
    """The text under a title of numpydoc, without what is indented below its entries."""
    found = re.search(rf"^{title}\n-+\n(.*?)(?=\n\n\S[^\n]*\n-{{3,}}|\Z)", docstring, re.DOTALL | re.MULTILINE)
    return "\n".join(line for line in found[1].splitlines() if line[:1].strip()) if found else ""


def named(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def parameters_of(function: Function) -> dict[str, str]:
    """Annotations of the parameters by their names."""
    given = function.args
    every = [*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg]
    return {
        parameter.arg: ast.unparse(parameter.annotation).strip("'") if parameter.annotation else ""
        for parameter in every
        if parameter and parameter.arg not in ("self", "cls")
    }


def unnamed_parameters(public: Public) -> set[str]:
    parameters = parameters_of(public.function)
    kinds = {kind.split(".")[-1] for kind in parameters.values()}
    if len(kinds) == len(parameters) and kinds <= set(names().classes):
        return set()
    return set(parameters) - named(section(public.docstring, "Parameters"))


def arrays_are_bare(public: Public) -> bool:
    returns = ast.unparse(public.function.returns) if public.function.returns else ""
    said = "``(" in public.docstring and named(public.docstring) & TYPES
    return bool(named(returns) & names().arrays) and not said


def own(node: ast.AST) -> Iterator[ast.AST]:
    """What is in a function itself, not in functions inside it."""
    for part in ast.iter_child_nodes(node):
        yield part
        if not isinstance(part, Function | ast.Lambda):
            yield from own(part)


def unnamed_errors(public: Public) -> set[str]:
    made = [node.exc for node in own(public.function) if isinstance(node, ast.Raise)]
    called = {ast.unparse(error.func).split(".")[-1] for error in made if isinstance(error, ast.Call)}
    raised = {names().makers.get(name, name) for name in called} - {"AssertionError"}
    return raised - named(section(public.docstring, "Raises"))


def offences(public: Public) -> Iterator[str]:
    if missing := unnamed_parameters(public):
        yield f"{public.where}: Parameters: {', '.join(sorted(missing))}"
    if arrays_are_bare(public):
        yield f"{public.where}: shape and type of what it returns"
    if missing := unnamed_errors(public):
        yield f"{public.where}: Raises: {', '.join(sorted(missing))}"


def offences_of(file: Path) -> list[str]:
    return [offence for public in public_in(trees()[file], file) for offence in offences(public)]


def test_docstrings__say_what_a_caller_must_know():
    files = [file for file in trees() if file.parts[1] not in APART]
    assert len(files) > 100
    found = [offence for file in files for offence in offences_of(file)]
    assert not found, f"{len(found)} are missing:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("function", "missing"),
    [
        ("def f(a: int): 'F.'", "Parameters: a"),
        ("def f(a: int, *b: int, **c: int): 'F.'", "Parameters: a, b, c"),
        ("def f(result: Result): 'F.'", ""),
        ("def f(result: 'Result', study: config.Study): 'F.'", ""),
        ("def f(one: Result, other: Result): 'F.'", "Parameters: one, other"),
        ("def f() -> tuple[Floats, int]: 'F.'", "shape and type of what it returns"),
        ("def f() -> Floats: 'F, ``(path,)``.'", "shape and type of what it returns"),
        ("def f() -> Floats: 'F, ``(path,)`` float64.'", ""),
        ("def f():\n 'F.'\n raise InputError(1)", "Raises: InputError"),
        ("def f():\n 'F.'\n raise wrong(1) from None", "Raises: InputError"),
        ("def f():\n 'F.'\n raise", ""),
        ("def f():\n 'F.'\n def g(): raise InputError(1)", ""),
        ("def f():\n 'F.\\n\\nRaises\\n------\\nInputError\\n    Why.'\n raise InputError(1)", ""),
        ("def f(a: int, b: int): 'F.\\n\\nParameters\\n----------\\na\\n    As b.'", "Parameters: b"),
        ("def f(a: int, b: int): 'F.\\n\\nParameters\\n----------\\na, b\\n    Both.'", ""),
    ],
)
def test_offences__by_rule(function, missing):
    (public,) = public_in(ast.parse(function), Path("x.py"))
    assert [offence.removeprefix("x.py:1 f: ") for offence in offences(public)] == ([missing] if missing else [])
