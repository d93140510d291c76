"""A run whose sums contradict each other: its result is kept aside, and the user is told what to report."""

import os
import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numba
from llvmlite import binding

from spvrisk._version import NUMBERS_VERSION, __version__
from spvrisk.aggregate.invariants import Violation
from spvrisk.catalogue import joined, phrase
from spvrisk.dataset.write import PACKAGES
from spvrisk.errors import RunError

_config: Any = numba.config  # its names are made at run time

_KEPT_LETTERS = 60
"""Of a name: with four bytes each they leave room for more within the 255 of most file systems."""


def kept_aside(target: Path) -> Path:
    """Where the result of a failed run is kept: never under the name that was asked for.

    Parameters
    ----------
    target
        The result file that was asked for.
    """
    return target.with_name(f"{target.name[:_KEPT_LETTERS]}.failed.h5")


def failure(
    violations: Sequence[Violation], aside: Path | None = None, write: Callable[[Path], object] = lambda _: None
) -> RunError:
    """Keep the result of a run that breaks invariants aside; return the error that tells of it.

    Parameters
    ----------
    violations
        What it breaks.
    aside
        Where its result goes; None where it is not to be kept.
    write
        Writes the result to a path.
    """
    lines: list[str] = [
        phrase("sums of the run contradict each other, so its figures are wrong; no result was written")
    ]
    lines += [f"  {violation}" for violation in violations]
    lines.append(phrase("{}Please report these lines, the study and its seed with: {}", _kept(aside, write), machine()))
    return RunError(joined(lines, "{}\n{}"))


def _kept(aside: Path | None, write: Callable[[Path], object]) -> str:
    if aside is None:
        return ""
    try:
        write(aside)
    except Exception as error:  # wrong figures may break anything; that the run is wrong must be told all the same
        return phrase("The figures could not be kept in {} ({}). ", aside, str(error) or type(error).__name__)
    return phrase("The figures are kept in {} for investigation only, not for use. ", aside)


def machine() -> str:
    """What machine code depends on: versions, and the processor that it was made for."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    chosen = {name: value for name, value in sorted(os.environ.items()) if name.startswith(("NUMBA_", "SPVRISK_"))}
    switches = "".join(f", {name}={value}" for name, value in chosen.items())
    target = f"target {_config.CPU_NAME or binding.get_host_cpu_name()} ({binding.get_process_triple()})"
    python = f"Python {platform.python_version()}"
    return f"spvrisk {__version__} (numbers_version {NUMBERS_VERSION}), {target}, {python}, {packages}{switches}"
