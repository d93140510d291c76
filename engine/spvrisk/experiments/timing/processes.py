"""Processes that are timed, or whose memory is: what a user starts, without a shell."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from spvrisk import config
from spvrisk.catalogue import phrase
from spvrisk.errors import RunError
from spvrisk.experiments.kept import Manner
from spvrisk.experiments.run import run_study
from spvrisk.experiments.task import settings_of
from spvrisk.experiments.timing.machine import peak_bytes

_PACKAGE = str(Path(__file__).resolve().parents[3])
_COMMAND = "from spvrisk.cli import main; main()"
_MEMORY = "from spvrisk.experiments.timing.processes import main; main()"

_PATIENCE = 1.0
"""Seconds that a process has to end when it is told to: it stops what it has started itself, and clears away."""


class Ended(NamedTuple):
    """A process that has done its work.

    Attributes
    ----------
    seconds
        From its start to its end.
    processor_seconds
        What it and those that it started took of the processors; None where the system does not tell.
    out
        What it wrote to stdout.
    """

    seconds: float
    processor_seconds: float | None
    out: str


def command(words: Sequence[str], variables: Mapping[str, str] | None = None) -> Ended:
    """Run the command ``spvrisk`` in a process of its own.

    Parameters
    ----------
    words
        What follows its name.
    variables
        Of the environment, beside those that there are.

    Raises
    ------
    RunError
        It failed.
    """
    return _ended(_COMMAND, words, variables or {})


def peak_of_run(file: Path, overrides: Sequence[str], paths: int, out: Path) -> int | None:
    """Most memory that a process has when it runs a study and writes the result, in bytes; None if it is unknown.

    Parameters
    ----------
    file, overrides
        The study.
    paths
        Their number.
    out
        The result file.

    Raises
    ------
    RunError
        It failed.
    """
    found = json.loads(_ended(_MEMORY, [str(file), json.dumps(list(overrides)), str(paths), str(out)], {}).out)
    return None if found is None else int(found)


def main() -> None:
    """Run the study of the command line, as `peak_of_run` asks for it, and print the peak of memory."""
    file, overrides, paths, out = sys.argv[1:]
    loaded = config.load(file, json.loads(overrides))
    run_study(loaded, out, settings_of(loaded, int(paths), None), Manner(overwrite=True))
    print(json.dumps(peak_bytes()))


def _ended(program: str, words: Sequence[str], variables: Mapping[str, str]) -> Ended:
    """Run a program of ours to its end."""
    # not from the user's folder, whose files may have the names of modules
    line = [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {_PACKAGE!r}); {program}", *words]
    env = {**os.environ, **variables, "PYTHONIOENCODING": "utf-8"}
    began, before = time.perf_counter(), _processor_seconds()
    with subprocess.Popen(
        line,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            out, errors = process.communicate()
        except BaseException:  # Ctrl-C above all
            _stop(process)
            raise
    seconds, after = time.perf_counter() - began, _processor_seconds()
    if process.returncode:
        reason = errors.strip().splitlines()[-1:] or [f"it ended with {process.returncode}"]
        raise RunError(phrase("a process that was to be timed failed: {}", reason[0]))
    return Ended(seconds, None if before is None or after is None else after - before, out)


def _stop(process: "subprocess.Popen[str]") -> None:
    """End a process, and let it end what it has started."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE)
    process.kill()
    process.wait()


def _processor_seconds() -> float | None:
    """What the processes that this one has waited for took of the processors, and so on down; None if unknown."""
    try:
        import resource
    except ImportError:
        return None
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
