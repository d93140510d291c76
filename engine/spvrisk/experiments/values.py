"""Values of series on all paths of a result: as it keeps them, else by replaying its paths on the plan in it."""

from collections.abc import Sequence

import numpy as np

from spvrisk.dataset.paths import as_stored
from spvrisk.dataset.read import Result
from spvrisk.errors import RunError
from spvrisk.experiments.trace import tracer_of
from spvrisk.plan.arrays import Floats
from spvrisk.runner.execute import Announce

Series = tuple[str, str]
"""Unit and quantity, as in `Labels.series`."""


def values_by_path(result: Result, wanted: Sequence[Series], announce: Announce) -> dict[Series, Floats]:
    """Give numbers on all paths.

    Parameters
    ----------
    result
        The result.
    wanted
        Series of numbers: no states or outcomes.
    announce
        Called with a word where paths are replayed, which takes as long as drawing them.

    Returns
    -------
    dict
        By series its values, ``(path,)`` float64 in the quantity's unit; NaN undefined, infinite never.

    Raises
    ------
    InputError
        The file is damaged; or what is wanted is not kept, and the plan is of another version.
    RunError
        The replay differs from what the result holds.
    """
    found = {series: result.series(*series).astype(np.float64) for series in wanted if series in result.kept}
    missing = [series for series in dict.fromkeys(wanted) if series not in found]
    return {**found, **_replayed(result, missing, announce)} if missing else found


def inputs_by_path(result: Result, name: str, announce: Announce) -> dict[str, Floats]:
    """Give an input on all paths.

    Parameters
    ----------
    result
        The result.
    name
        Of an input that its study has.
    announce
        As of `values_by_path`.

    Returns
    -------
    dict
        By project, factor or offtaker its values, ``(path,)`` float64.

    Raises
    ------
    InputError, RunError
        As of `values_by_path`.
    """
    if name in result.input_names:
        values = result.inputs(name).T
    else:
        announce("replaying")
        values = tracer_of(result).inputs_of_first(name, result.n_paths)
    return dict(zip(result.labels.columns(name), values.astype(np.float64), strict=True))


def _replayed(result: Result, missing: Sequence[Series], announce: Announce) -> dict[Series, Floats]:
    """Values that are not kept, from a replay that gives one that is kept as it stands in the file."""
    announce("replaying")
    kept = next(iter(result.kept), None)
    series = [*missing, *([kept] if kept else [])]
    values = tracer_of(result).values_of_first(series, result.n_paths)
    if kept:
        check_replay(result, kept, values[-1])
    return dict(zip(missing, values, strict=False))


def check_replay(result: Result, kept: Series, values: Floats) -> None:
    """Refuse a replay that does not give what the result holds.

    Parameters
    ----------
    result
        The result.
    kept
        A series that it keeps.
    values
        Replayed ones of the first paths, ``(path,)``.

    Raises
    ------
    RunError
        A value differs: the result comes from another version, or from a machine that computes otherwise.
    """
    stored = result.series(*kept)[: values.size]
    if not np.array_equal(as_stored(values, stored.dtype), stored, equal_nan=stored.dtype.kind == "f"):
        rule = "the replay differs from the result: another version, or a machine that computes differently"
        raise RunError(f"{result.place}: {rule}: {' '.join(kept)}")
