"""Values by path of a result: as it keeps them, else by replaying its paths on the plan in it."""

from collections.abc import Sequence

import numpy as np

from spvrisk.catalogue import phrase
from spvrisk.dataset.paths import as_stored
from spvrisk.dataset.read import Result
from spvrisk.errors import RunError
from spvrisk.experiments.task import series_executor, threads_of
from spvrisk.experiments.trace import compiled_of, study_of
from spvrisk.plan.arrays import Floats
from spvrisk.runner.execute import Announce, Progress, make_ready, series_of_many
from spvrisk.runner.job import Job
from spvrisk.runner.on import THREADS, On

Series = tuple[str, str]
"""Unit and quantity, as in `Labels.series`; or an input's project, factor or offtaker, and its name."""


def values_by_path(
    result: Result,
    wanted: Sequence[Series],
    on: On = THREADS,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> dict[Series, Floats]:
    """Give numbers on all paths.

    Parameters
    ----------
    result
        The result.
    wanted
        Series of numbers, and inputs; of states and outcomes their codes.
    on
        What replays paths.
    progress, announce
        Told of paths done and of stages where paths are replayed, which takes as long as drawing them.

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
    found = {
        **_kept(result, wanted),
        **{series: result.replayed[series] for series in wanted if series in result.replayed},
    }
    missing = [series for series in dict.fromkeys(wanted) if series not in found]
    if missing:
        replayed = _replayed(result, missing, on, progress, announce)
        result.replayed.update(replayed)
        found |= replayed
    return found


def _kept(result: Result, wanted: Sequence[Series]) -> dict[Series, Floats]:
    """What the result holds of it."""
    kept = result.kept
    found = {series: result.series(*series).astype(np.float64) for series in wanted if series in kept}
    for name in {name for _, name in wanted}.intersection(result.input_names):
        values = zip(result.labels.columns(name), result.inputs(name).T, strict=True)
        found |= {(column, name): each.astype(np.float64) for column, each in values if (column, name) in wanted}
    return found


def _replayed(
    result: Result, missing: Sequence[Series], on: On, progress: Progress, announce: Announce
) -> dict[Series, Floats]:
    """Values that are not kept, from a replay that gives one that is kept as it stands in the file."""
    announce("replaying")
    kept = next(iter(result.kept), None)
    compiled = compiled_of(result, study_of(result))
    job = Job(compiled.plan, compiled.labels, "", int(result.attributes["seed"]), result.n_paths, leaves_per_shard=1)
    series = [*missing, *([kept] if kept else [])]
    make_ready(job.plan, announce)
    announce("running")
    executor = series_executor(on, threads_of(on), announce)
    ((_, values),) = series_of_many([(job, [job.number(*each) for each in series])], executor, progress)
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
        text = "{}: the replay differs from the result: another version, or a machine that computes differently: {}"
        raise RunError(phrase(text, result.place, " ".join(kept)))
