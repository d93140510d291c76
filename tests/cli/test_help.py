"""The command itself: help, version, exit codes, what it imports."""

import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import spvrisk
from spvrisk.cli import COMMANDS, main
from spvrisk.errors import InputError, Problem, RunError

RUN = [sys.executable, "-m", "spvrisk"]


def test_help__lists_the_commands_in_the_order_of_work() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    places = [result.stdout.index(f"\n  {name} ") for name in COMMANDS]
    assert places == sorted(places)
    order = (
        "init",
        "schema",
        "validate",
        "plan",
        "assumptions",
        "warmup",
        "selftest",
        "run",
        "scenarios",
        "stress",
        "goal",
        "summary",
        "curve",
        "confidence",
        "obligors",
        "cash",
        "compare",
        "drivers",
        "tail",
        "trace",
        "plot",
        "report",
        "export",
        "verify",
        "info",
        "bench",
    )
    assert list(COMMANDS) == [name for name in order if name in COMMANDS]


@pytest.mark.parametrize("name", COMMANDS)
def test_help__of_each_command_ends_with_an_example(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert f"spvrisk {name}" in examples(name)[-1]


@pytest.mark.parametrize("name", COMMANDS)
def test_files__are_not_looked_at_by_click(name: str) -> None:
    """Its own words for a file that cannot be read come before ours, and name no remedy."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    found = [param.type for param in command.params if isinstance(param.type, click.Path)]
    assert not any(kind.exists or kind.readable or kind.writable for kind in found)


def examples(name: str) -> list[str]:
    """The last lines of a command's help, from its example on."""
    text = CliRunner().invoke(main, [name, "--help"]).stdout
    return [line.strip() for line in text[text.index("Example: ") + len("Example: ") :].splitlines()]


def test_examples__work_one_after_the_other_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [line for name in COMMANDS for line in examples(name)]
    # a line that is no command has been broken off the one before it
    assert [line for line in lines if not line.startswith("spvrisk ")] == []
    for line in lines:
        done = CliRunner().invoke(main, line.split()[1:])
        assert done.exit_code == 0, (line, done.output)


def test_help__imports_nothing_heavy_and_comes_at_once() -> None:
    code = (
        "import sys\nfrom spvrisk.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = ('pydantic', 'numpy', 'ruamel.yaml', 'numba', 'xarray', 'rich', 'matplotlib')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.splitlines()[-1] == "[]"
    starts = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([*RUN, "--help"], capture_output=True, check=True)
        starts.append(time.perf_counter() - start)
    assert min(starts) < 0.3


def test_version__is_that_of_the_package() -> None:
    out = subprocess.run([*RUN, "--version"], capture_output=True, text=True, check=True)
    assert out.stdout == f"spvrisk {spvrisk.__version__}\n"


@pytest.mark.parametrize("args", [["nonsense"], ["--nonsense"], ["validate"], ["validate", "a", "b"], []])
def test_usage__that_is_wrong_ends_with_code_2(args: list[str]) -> None:
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 2
    assert result.stdout == "" and "Usage: " in result.stderr


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (InputError(Problem("a.yaml:3", "x", "must be 1", "2", "write 1")), 2, "a.yaml:3 x: must be 1, got 2; write 1"),
        (RunError("the disk is full"), 1, "the disk is full"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.UsageError("no"), 2, "no"),
    ],
)
def test_error__becomes_a_line_and_an_exit_code(
    error: BaseException, code: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command("validate")
    def command() -> None:
        raise error

    monkeypatch.setattr(type(main), "get_command", lambda self, ctx, name: command)
    result = CliRunner().invoke(main, ["validate"])
    assert result.exit_code == code
    assert text in result.stderr and "Traceback" not in result.stderr


def test_pipe__that_is_closed_early_is_quiet(tmp_path: Path) -> None:
    process = subprocess.Popen([*RUN, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 1
    process.stderr.close()
