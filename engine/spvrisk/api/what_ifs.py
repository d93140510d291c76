"""What-ifs: changes of a study beside it, on the same draws."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spvrisk.api.arguments import called, file_name, on_what, text, texts, two_numbers, whole, wrong
from spvrisk.api.runs import manner_of
from spvrisk.api.studies import Overrides, Study, given_study
from spvrisk.runner.on import THREADS, On

if TYPE_CHECKING:
    from spvrisk.experiments.goal import Goal
    from spvrisk.experiments.planned import Planned
    from spvrisk.experiments.scenarios import Scenarios
    from spvrisk.runner.execute import Announce, Progress


def plan_scenarios(
    path: str | os.PathLike[str],
    overrides: Overrides = (),
    paths: int | None = None,
    seed: int | None = None,
    of: Sequence[str] = (),
) -> "Planned":
    """Read a file of scenarios and plan them all: whatever is wrong with one of them is told before anything is run.

    Parameters
    ----------
    path
        YAML file of the scenarios.
    overrides
        Changes of their base, as of `load`.
    paths, seed
        Of each run, instead of what the file and its base say.
    of
        Measures as ``npv_funder:es@0.99``, instead of those of the file.

    Raises
    ------
    InputError
        With every problem of every scenario, named.
    """
    from spvrisk.experiments.planned import planned_scenarios

    paths = None if paths is None else whole("paths", paths)
    seed = None if seed is None else whole("seed", seed)
    return planned_scenarios(Path(file_name("path", path)), overrides, paths, seed, texts("of", of))


def plan_stresses(
    study: Study,
    only: Sequence[str] = (),
    paths: int | None = None,
    seed: int | None = None,
    of: Sequence[str] = (),
) -> "Planned":
    """Plan the stresses that a study names, to be run by `scenarios`: each beside the study, on the same draws.

    Parameters
    ----------
    study
        As from `load`.
    only
        Names of the stresses that are wanted; none: all.
    paths, seed
        Of each run, instead of the study's.
    of
        Measures as ``npv_funder:es@0.99``; none: the funder's mean and expected shortfall, and what the insurer, or
        else the host, has.

    Raises
    ------
    InputError
        The study names no stresses, or not these; or with every problem of every stress, named.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> found = spvrisk.scenarios(spvrisk.plan_stresses(study, ["gas_x2"], paths=500))
    >>> [each.scenario.name for each in found.outcomes], found.outcomes[1].changes[0].value < 0
    (['base', 'gas_x2'], True)
    """
    from spvrisk.experiments.stress import planned_stresses

    paths = None if paths is None else whole("paths", paths)
    seed = None if seed is None else whole("seed", seed)
    return planned_stresses(given_study(study).loaded, texts("only", only), paths, seed, texts("of", of))


def scenarios(
    planned: "Planned",
    *,
    on: On = THREADS,
    save_table: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    out: str | os.PathLike[str] | None = None,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> "Scenarios":
    """Run scenarios on the same draws and measure each of them, and what it changes against the base.

    One that fails does not stop the others: it has no figures, and says why in ``failed``.

    Parameters
    ----------
    planned
        As from `plan_scenarios` or `plan_stresses`.
    on
        What computes, as of `run`; the runs fill it together.
    save_table
        File that the table is written to: ``.csv``, ``.parquet`` or ``.xlsx``.
    overwrite
        Whether it is replaced where it is such a table, and `out` where it is such a dataset.
    out
        Dataset to be written, along ``scenario`` and ``measure``. What scenarios need is kept beside it in
        ``<out>.run`` as soon as they are done, so that another call goes on and computes only what is new; a dataset
        that loses nothing by it is replaced.
    progress, announce
        As of `run`.

    Returns
    -------
    Scenarios
        With what came of each in ``outcomes``; ``to_xarray()`` makes a dataset of them. A notebook shows tables.

    Raises
    ------
    InputError
        An argument or a file cannot be used; nothing was run.
    RunError
        A file cannot be written, or no machine code of the kernel is right.
    KeyboardInterrupt
        It was interrupted; its notes say what is kept.

    Examples
    --------
    >>> import tempfile
    >>> from importlib.resources import files
    >>> from pathlib import Path
    >>> import spvrisk
    >>> text = files("spvrisk").joinpath("data", "starter.yaml").read_text(encoding="utf-8")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "starter.yaml").write_text(text, encoding="utf-8")
    ...     file = Path(folder, "dearer.yaml")
    ...     _ = file.write_text("{base: starter.yaml, scenarios: {dearer: {projects.port.budget: {times: 1.2}}}}")
    ...     found = spvrisk.scenarios(spvrisk.plan_scenarios(file, paths=500, of=["port/cost:mean"]))
    >>> [(each.scenario.name, each.changes is None) for each in found.outcomes]
    [('base', True), ('dearer', False)]
    """
    from spvrisk.experiments.planned import Planned
    from spvrisk.experiments.scenarios import keep_scenarios, run_scenarios
    from spvrisk.exports.scenarios import check_table, save_scenarios
    from spvrisk.report.notebook import ScenariosShown

    if not isinstance(planned, Planned):
        raise wrong("planned", "must be planned scenarios", planned, "plan them first: spvrisk.plan_scenarios(path)")
    manner = manner_of(overwrite, False, False, on)
    if save_table is not None:
        check_table(file_name("save_table", save_table), overwrite)
        if out is not None and os.path.realpath(save_table) == os.path.realpath(file_name("out", out)):
            raise wrong("save_table", "must be another file than the dataset", save_table, "name two files")
    told = called("progress", progress), called("announce", announce)
    if out is None:
        found = run_scenarios(planned, manner.on, *told)
    else:
        found = keep_scenarios(planned, Path(file_name("out", out)), manner, *told)
    if save_table is not None:
        save_scenarios(found, file_name("save_table", save_table), overwrite)
    return ScenariosShown(*found)


def goal(
    study: Study,
    find: str,
    so_that: str,
    between: tuple[float, float],
    *,
    paths: int | None = None,
    seed: int | None = None,
    on: On = THREADS,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> "Goal":
    """Find the value of an input that brings a measure to a target, on the same draws for every value.

    Parameters
    ----------
    study
        As from `load`.
    find
        Path and value, with ``x`` where the number belongs: ``agreement.split.spread=x``, or
        ``projects.port.budget={times: x}``.
    so_that
        Measure and target: ``npv_funder:mean=0``.
    between
        Ends of the interval in which `x` is sought.
    paths, seed
        Of each run; None: the study's.
    on, progress, announce
        As of `run`; processes, and workers of a local cluster, are started anew for each value.

    Returns
    -------
    Goal
        With ``x`` and its standard error, NaN where there is no such value, and all values that were tried. A notebook
        shows it as a sentence and a table.

    Raises
    ------
    InputError
        An argument cannot be read, or the study cannot have a value that is tried.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> found = spvrisk.goal(study, "projects.*.budget={times: x}", "npv_funder:mean=0", (0.5, 1.5), paths=500)
    >>> found.found, 0.5 < found.x < 1.5, found.error > 0
    (True, True, True)
    """
    from spvrisk.experiments.goal import seek, wanted_of
    from spvrisk.plan.compile import compile_study
    from spvrisk.report.notebook import GoalShown

    loaded = given_study(study).loaded
    ends, labels = two_numbers("between", between), compile_study(loaded.study).labels
    wanted = wanted_of(text("find", find), text("so_that", so_that), ends, labels)
    told = called("progress", progress), called("announce", announce)
    return GoalShown(*seek(loaded, wanted, paths, seed, on_what("on", on), *told))
