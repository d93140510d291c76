"""Drivers: which inputs make a measure what it is."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spvrisk.api.arguments import called, on_what, texts, whole
from spvrisk.api.results import Results, opened
from spvrisk.api.studies import Study, given_study
from spvrisk.errors import argument
from spvrisk.runner.on import THREADS, On

if TYPE_CHECKING:
    from spvrisk.experiments.inputs_by_path import InputsByPath
    from spvrisk.experiments.planned import Planned
    from spvrisk.experiments.redraws import PlannedRedraws, Redraws
    from spvrisk.runner.execute import Announce, Progress

DRIVEN = ("npv_funder:mean", "npv_funder:es@0.99")
"""Measures whose drivers are sought where none is named."""


def is_result(name: str) -> bool:
    """Whether a file holds results, and no study; whatever it is called.

    Parameters
    ----------
    name
        Of the file.
    """
    from spvrisk.config.reading.files import is_hdf5

    return is_hdf5(Path(name))


def drivers(
    result: Results | str | os.PathLike[str],
    of: Sequence[str] = DRIVEN,
    *,
    on: On = THREADS,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> "InputsByPath":
    """Find what the inputs that a result keeps by path tell of measures; nothing is drawn again but what it lacks.

    Parameters
    ----------
    result
        Opened, or as a file; its study keeps inputs (``output.paths``).
    of
        Measures as ``npv_funder:es@0.99``; of a shortfall, a value at risk or a quantile what decides whether a path
        is in the tail is told, of a mean or a standard deviation what makes the quantity vary.
    on, progress, announce
        As of `curve`: quantities that the result does not keep are found by replaying its paths.

    Returns
    -------
    InputsByPath
        With a row for each input, outcome and final state: first-order indices, rank correlations, and what the input
        is in the tail, with errors.

    Raises
    ------
    InputError
        The result keeps no inputs, or a measure is none of it or cannot be decomposed.
    RunError
        The replay differs from what the result holds.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=4000) as results:
    ...     found = spvrisk.drivers(results, ["npv_funder:mean"])
    >>> best = max(found.rows, key=lambda row: row.told[0].first.value)
    >>> best.unit, best.name, best.telling[0]
    ('gas_plant', 'cost_multiple', True)
    """
    from spvrisk.experiments.inputs_by_path import inputs_by_path
    from spvrisk.experiments.planned import measures_of

    tables, where = opened("result", result).tables(), on_what("on", on)
    measures = measures_of([(each, argument("of")) for each in texts("of", of)], (), tables.labels)
    with tables.held():
        return inputs_by_path(tables, measures, where, called("progress", progress), called("announce", announce))


def plan_redraws(
    study: Study,
    of: Sequence[str] = DRIVEN,
    groups: Sequence[str] = (),
    paths: int | None = None,
    seed: int | None = None,
) -> "PlannedRedraws":
    """Plan to draw groups of a study's random streams anew, one after the other.

    Parameters
    ----------
    study
        As from `load`.
    of
        As of `drivers`.
    groups
        ``NAME=PATTERN[,PATTERN...]`` of streams, as ``costs=*/cost``; none: each cause, ruling, regime, factor,
        offtaker and project.
    paths, seed
        Of each run, instead of the study's; there are two more runs than groups.

    Raises
    ------
    InputError
        A group or a measure cannot be used.
    """
    from spvrisk.experiments.redraws import planned_redraws

    loaded, size, start = given_study(study).loaded, *_settings(paths, seed)
    return planned_redraws(loaded, texts("of", of), texts("groups", groups), size, start)


def redraws(
    planned: "PlannedRedraws",
    *,
    on: On = THREADS,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> "Redraws":
    """Find what groups of random streams have of measures, by drawing one after the other anew.

    Parameters
    ----------
    planned
        As from `plan_redraws`.
    on, progress, announce
        As of `run`.

    Returns
    -------
    Redraws
        With the first-order and the total index of each group for each measure, with errors.

    Raises
    ------
    InputError
        The quantity of a measure is undefined on some paths, or infinite where its size matters.
    RunError
        A run failed.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> planned = spvrisk.plan_redraws(study, ["npv_funder:mean"], ["costs=*/cost"], paths=4000)
    >>> (row,) = spvrisk.redraws(planned).rows
    >>> 0.1 < row.first[0].value < row.total[0].value < 1.0
    True
    """
    from spvrisk.experiments.redraws import run_redraws

    return run_redraws(planned, on_what("on", on), called("progress", progress), called("announce", announce))


def plan_known(
    study: Study,
    inputs: Sequence[str],
    of: Sequence[str] = DRIVEN,
    paths: int | None = None,
    seed: int | None = None,
) -> "Planned":
    """Plan what it would change to know inputs, to be run by `scenarios`: each is fixed at its mean.

    Parameters
    ----------
    study
        As from `load`.
    inputs
        Paths of laws, such as ``projects.*.operation.contract.price``; what a ``*`` leads to is fixed together.
    of
        Any measures.
    paths, seed
        Of each run, instead of the study's.

    Raises
    ------
    InputError
        A path leads to no law, or to one without a mean, or a measure is none of the study's.
    """
    from spvrisk.experiments.known import planned_known

    loaded, size, start = given_study(study).loaded, *_settings(paths, seed)
    return planned_known(loaded, texts("inputs", inputs), texts("of", of), size, start)


def _settings(paths: int | None, seed: int | None) -> tuple[int | None, int | None]:
    return None if paths is None else whole("paths", paths), None if seed is None else whole("seed", seed)
