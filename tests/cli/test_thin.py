"""The command line does nothing that the library cannot."""

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import spvrisk
from spvrisk import api
from spvrisk.cli import COMMANDS

OF_THE_LIBRARY = ("spvrisk.api", "spvrisk.catalogue", "spvrisk.errors", "spvrisk.report", "spvrisk.views")
OF_THE_COMMANDS = (
    "spvrisk.cli.language",
    "spvrisk.cli.log",
    "spvrisk.cli.options",
    "spvrisk.cli.output",
    "spvrisk.cli.progress",
    "spvrisk.cli.what_if",
)

CALLS = {
    "plan": "overview",
    "summary": "open",
    "scenarios": "plan_scenarios",
    "stress": "plan_stresses",
    "report": "save_report",
}
"""Function of the API that a command calls, where that has another name."""


def imports_of(module: object) -> Iterator[str]:
    """What a module imports, wherever in it; what is for type checkers alone does not count."""
    tree = ast.parse(inspect.getsource(module))
    tree.body = [
        node for node in tree.body if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = [alias.name for alias in node.names]
            yield from (f"spvrisk.{part}" for part in parts) if node.module == "spvrisk" else [str(node.module)]


@pytest.mark.parametrize("name", [*COMMANDS, "what_if"])
def test_command__imports_the_api_the_dresses_and_click_alone(name: str) -> None:
    found = set(imports_of(import_module(f"spvrisk.cli.{name}")))
    assert "spvrisk.api" in found
    strange = {
        module
        for module in found
        if module.split(".")[0] not in ("click", *sys.stdlib_module_names)
        and not any(module == known or module.startswith(f"{known}.") for known in (*OF_THE_LIBRARY, *OF_THE_COMMANDS))
    }
    assert not strange


@pytest.mark.parametrize("name", COMMANDS)
def test_command__has_its_function_and_calls_it(name: str) -> None:
    call = CALLS.get(name, name)
    assert callable(getattr(api, call)) and call in spvrisk.__all__
    assert f"api.{call}(" in inspect.getsource(import_module(f"spvrisk.cli.{name}"))


def test_package__offers_all_of_the_api_lazily() -> None:
    assert set(api.__all__) == set(spvrisk.__all__) - {"InputError", "RunError", "__version__"}
    code = "import sys, spvrisk; print([m for m in sys.modules if m.startswith('spvrisk.') or m in ('numpy', 'rich')])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "['spvrisk._version', 'spvrisk.catalogue', 'spvrisk.errors']"


@pytest.mark.parametrize("name", sorted(set(spvrisk.__all__) - {"__version__"}))
def test_package__a_name_is_that_of_the_api(name: str) -> None:
    """No package of the engine, nor room of the API, which Python binds to its name once it is imported, hides one."""
    for folder in (Path(spvrisk.__file__).parent, Path(api.__file__).parent):
        assert not (folder / name).exists() and not (folder / f"{name}.py").exists()
