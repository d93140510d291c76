"""All states, scores, flows and balances of all steps of a path, as CSV."""

import csv
import io
import os
from pathlib import Path
from typing import Any

from spvrisk.catalogue import phrase
from spvrisk.dataset.write import check_output
from spvrisk.experiments.step_rows import STEP_ROWS
from spvrisk.experiments.trace import Trace
from spvrisk.files import Kind, atomic_write

_FIRST_COLUMNS = b"project,step,date,"


def _is_steps(path: Path) -> bool:
    with path.open("rb") as file:
        return file.readline().startswith(_FIRST_COLUMNS)


STEPS = Kind(phrase("a table of steps that trace wrote"), _is_steps)


def check_steps(out: str | os.PathLike[str], overwrite: bool, result: str | os.PathLike[str]) -> None:
    """Refuse a file that cannot be written, before a path is replayed.

    Parameters
    ----------
    out
        The file.
    overwrite
        Whether an existing table of steps may be replaced.
    result
        File that the trace is of, which is never replaced.

    Raises
    ------
    InputError
        It exists, is of another kind, or is the result itself.
    """
    check_output(out, overwrite, STEPS, reads=[Path(result)])


def write_steps(trace: Trace, out: str | os.PathLike[str], overwrite: bool, result: str | os.PathLike[str]) -> None:
    """Write all columns of all steps as CSV.

    Parameters
    ----------
    trace
        The path.
    out, overwrite, result
        As of `check_steps`.

    Raises
    ------
    InputError
        See `check_steps`.
    """
    header, rows = _table(trace)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    atomic_write(out, text.getvalue(), overwrite, kind=STEPS, reads=[Path(result)])


def _table(trace: Trace) -> tuple[list[str], list[list[Any]]]:
    """Header and rows of all steps: one row for each project and step."""
    labels = trace.labels
    states = [f"state_{regime}" for regime in trace.states]
    header = ["project", "step", "date", *STEP_ROWS, *(f"factor_{name}" for name in labels.factors), *states]
    rows = [
        [
            name,
            t,
            end,
            *(_exact(x) for x in trace.steps[p, :, t]),
            *(_exact(x) for x in trace.factors[t]),
            *(of_regime[t] for of_regime in trace.states.values()),
        ]
        for p, name in enumerate(trace.sites)
        for t, end in enumerate(labels.step_ends)
    ]
    return header, rows


def _exact(value: float) -> str:
    """All digits, so that nothing is lost."""
    return repr(float(value))
