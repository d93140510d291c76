"""Python's way in: `load` a study, `run` it, `open` its result; the command line does nothing that is not here."""

import os
from collections.abc import Mapping, Sequence
from importlib.resources import as_file
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from spvrisk import config
from spvrisk.arguments import (
    called,
    file_name,
    language_of,
    level,
    on_what,
    text,
    texts,
    two_numbers,
    whole,
    within,
    wrong,
    yes_or_no,
)
from spvrisk.arguments import levels as probabilities
from spvrisk.catalogue import phrase
from spvrisk.config.reading.values import plain_if_any
from spvrisk.errors import InputError, Problem, argument
from spvrisk.results import Results
from spvrisk.runner.on import THREADS, Cluster, On, Processes, Threads
from spvrisk.tools import init, language, schema, selftest, starter, warmup

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spvrisk.config.register import Register
    from spvrisk.dataset.read import Result
    from spvrisk.dataset.scenarios import Combined
    from spvrisk.experiments.cash import Cash
    from spvrisk.experiments.confidence import Confidences
    from spvrisk.experiments.exceeded import Curve
    from spvrisk.experiments.goal import Goal
    from spvrisk.experiments.kept import Manner
    from spvrisk.experiments.obligors import Obligors
    from spvrisk.experiments.overview import Overview
    from spvrisk.experiments.planned import Planned
    from spvrisk.experiments.precision import Look, Precise, Target
    from spvrisk.experiments.restore import Restored
    from spvrisk.experiments.scenarios import Scenarios
    from spvrisk.experiments.timing.found import Bench
    from spvrisk.experiments.traced import Traced
    from spvrisk.experiments.verify import Verified
    from spvrisk.measures.against import Against
    from spvrisk.measures.comparison import Comparison
    from spvrisk.measures.tail import Tail
    from spvrisk.runner.execute import Announce, Progress
    from spvrisk.views.figures import Figures

__all__ = [
    "Checked",
    "Cluster",
    "On",
    "Processes",
    "Results",
    "Study",
    "Threads",
    "assumptions",
    "bench",
    "cash",
    "compare",
    "confidence",
    "curve",
    "compare_table",
    "export",
    "goal",
    "info",
    "init",
    "language",
    "load",
    "needed",
    "obligors",
    "open",
    "overview",
    "restore",
    "plan_scenarios",
    "plan_stresses",
    "plot",
    "run",
    "run_until",
    "save_report",
    "save_table",
    "scenarios",
    "schema",
    "selftest",
    "tail",
    "trace",
    "validate",
    "verify",
    "warmup",
]

REPLAYED = 2000
"""Paths whose flows `cash` replays."""

Overrides = Sequence[str] | Mapping[str, Any]


class Study(NamedTuple):
    """A checked study with all that a run keeps of it.

    Attributes
    ----------
    loaded
        The study with its texts, overrides and the places of its parts.
    """

    loaded: config.Loaded

    @property
    def config(self) -> config.Study:
        """The study's parts as models, defaults filled in: ``study.config.projects["smr"].budget``."""
        return self.loaded.study

    @property
    def warnings(self) -> list[Problem]:
        """What is allowed but probably not meant."""
        from spvrisk.plan.warnings import warnings_of

        return warnings_of(self.loaded)

    @property
    def digest(self) -> str:
        """SHA-256 of the resolved study, which results of its own paths and seed carry as ``config_sha256``."""
        return self.loaded.digest

    def __repr__(self) -> str:
        return f"<Study {self.config.study.title.en!r}, {len(self.config.projects)} projects>"


class Checked(NamedTuple):
    """What `validate` found.

    Attributes
    ----------
    study
        The study; None if there are errors in it.
    errors
        What must be mended.
    warnings
        What is allowed but is probably not meant.
    """

    study: Study | None
    errors: list[Problem]
    warnings: list[Problem]


def _study(study: Study) -> Study:
    """The argument of that name, if it is one."""
    if not isinstance(study, Study):
        raise wrong("study", "must be a study", study, "load it first: spvrisk.load(path)")
    return study


def load(path: str | os.PathLike[str], overrides: Overrides = ()) -> Study:
    """Load and check a study.

    Parameters
    ----------
    path
        YAML file of the study.
    overrides
        Changes as ``path=value``, or a mapping of paths to values such as ``{"run.paths": 500}``; applied in
        order, after includes and tables.

    Raises
    ------
    InputError
        With every problem found.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml", ["run.paths=500"])
    >>> study
    <Study 'Starter study: a gas plant and a port', 2 projects>
    >>> study.config.run.paths, study.config.projects["port"].budget
    (500, 400.0)
    """
    return Study(config.load(file_name("path", path), overrides))


def validate(path: str | os.PathLike[str], overrides: Overrides = ()) -> Checked:
    """Check a study as far as that goes without a run: what `load` finds, and what only planning sees.

    Parameters
    ----------
    path, overrides
        As of `load`.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> found = spvrisk.validate(files("spvrisk") / "data" / "starter.yaml", {"run.paths": 0})
    >>> found.study, [problem.path for problem in found.errors]
    (None, ['run.paths'])
    """
    from spvrisk.experiments.overview import checked

    try:
        study = load(path, overrides)
        return Checked(study, [], checked(study.loaded))
    except InputError as error:
        return Checked(None, list(error.problems), [])


def overview(study: Study) -> "Overview":
    """Give what a study comes to before a path is drawn: dates, laws, correlations, memory.

    It is what the command ``plan`` shows; `spvrisk.plan` is the package that compiles studies.

    Raises
    ------
    InputError
        What only planning finds out, with its place.
    """
    from spvrisk.experiments.overview import overview

    return overview(_study(study).loaded)


def assumptions(of: Study | Results | str | os.PathLike[str]) -> "Register":
    """Give what the numbers of a study rest on: each value that says its source and confidence.

    Parameters
    ----------
    of
        A study as from `load`, or its file; or a result, opened or as a file: the study that it was made from.

    Returns
    -------
    Register
        In ``assumptions`` values by path with ``value, unit, source, confidence, changed, place``; in
        ``without_source`` paths of the numbers that have none.

    Raises
    ------
    InputError
        The study or the result cannot be used.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> budget = 'projects.port.budget={value: 420, source: "offer of the builder", confidence: checked}'
    >>> found = spvrisk.assumptions(spvrisk.load(files("spvrisk") / "data" / "starter.yaml", [budget]))
    >>> found.assumptions[-1].value, found.assumptions[-1].unit, found.assumptions[-1].source
    (420, 'USD million', 'offer of the builder')
    """
    from spvrisk.config.reading.files import is_hdf5
    from spvrisk.config.register import register

    if not isinstance(of, Study | Results):
        name = file_name("of", of)
        of = Results(name) if is_hdf5(Path(name)) else load(name)
    if isinstance(of, Study):
        return register(of.loaded)
    # loaded here: a study has no use for results
    from spvrisk.experiments.assumptions import assumptions_of

    return assumptions_of(of.tables())


def run(
    study: Study,
    paths: int | None = None,
    seed: int | None = None,
    out: str | os.PathLike[str] | None = None,
    *,
    on: On = THREADS,
    overwrite: bool = False,
    resume: bool = False,
    keep: bool = False,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> Results:
    """Run a study and open its result.

    Where `out` holds fewer paths of the same study and seed, it is extended: the result is what a run of that size
    from the start would be.

    Parameters
    ----------
    study
        As from `load`.
    paths, seed
        Instead of what the study says under ``run``.
    out
        Result file. If it is left out, the result stays in memory.
    on
        What computes the shards: ``spvrisk.Threads(2)``, ``spvrisk.Processes(4)``, or ``spvrisk.Cluster(address)`` of a
        dask scheduler, ``spvrisk.Cluster("local", workers=4)``. It changes no number. A script that starts processes or
        a local cluster must do so under ``if __name__ == "__main__":``.
    overwrite
        Whether an existing result is replaced; a file that the study is read from never is.
    resume
        Whether a run that was broken off is gone on with, and one that is finished is opened as it is.
    keep
        Whether the shards are kept beside the result, so that extending it computes only what is new.
    progress
        Called with the number of paths done since the last call, from any thread.
    announce
        Called with a word for each stage.

    Raises
    ------
    InputError
        The study, a number or the output cannot be used; nothing was written.
    RunError
        Writing failed, or the sums of the run contradict each other.
    KeyboardInterrupt
        The run was interrupted; its notes say what is kept, and how to go on.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results:
    ...     npv = results.summary.npv_funder_mean
    ...     total = float(npv.sel(unit=["gas_plant", "port"]).sum() - npv.sel(unit="portfolio"))
    ...     values = results.paths.npv_funder.sel(project="port")[:100].load()
    >>> f"{abs(total):.6f}", values.shape
    ('0.000000', (100,))
    """
    # loaded here: `load` alone has no use for the engine
    from spvrisk.experiments.run import run_in_memory, run_study
    from spvrisk.experiments.task import settings_of

    loaded = _study(study).loaded
    settings = settings_of(loaded, paths, seed)
    progress, announce = called("progress", progress), called("announce", announce)
    manner = _manner(overwrite, resume, keep, on)
    if out is None:
        if resume or keep:
            raise wrong("out", "must be a file where shards are kept or gone on with", out, "name a result file")
        return Results(run_in_memory(loaded, settings, manner.on, progress, announce))
    written = run_study(loaded, file_name("out", out), settings, manner, progress, announce)
    try:
        return Results(written)
    except KeyboardInterrupt as error:
        error.add_note(phrase("The result is written: {}.", written))
        raise


def run_until(
    study: Study,
    precision: Sequence[str],
    out: str | os.PathLike[str],
    *,
    max_paths: int = 10_000_000,
    paths: int | None = None,
    seed: int | None = None,
    on: On = THREADS,
    overwrite: bool = False,
    resume: bool = False,
    keep: bool = False,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> "Precise":
    """Run a study until measures are known well enough.

    The result is that of a run of as many paths from the start: it is extended from look to look. The first look is at
    the result that is there already where that is gone on with.

    Parameters
    ----------
    study, out, seed, on, overwrite, resume, keep, announce
        As of `run`.
    progress
        As of `run`; where a look begins, it is called with so many less as the one before had told of.
    precision
        Measures with half of their 95 % intervals: ``npv_funder:es@0.99=1%``, or ``npv_funder:mean=200``.
    max_paths
        Paths after which it stops in any case.
    paths
        Of the first look; None: the study's, at least 65,536.

    Returns
    -------
    Precise
        With what was known look by look in ``looks``; ``reached`` says whether all of it is.

    Raises
    ------
    InputError
        As of `run`; or a measure cannot be read.
    RunError, KeyboardInterrupt
        As of `run`; calling it again with `resume` goes on.
    """
    from spvrisk.experiments.precision import run_until, targets_of
    from spvrisk.experiments.task import settings_of
    from spvrisk.plan.compile import compile_study

    loaded = _study(study).loaded
    settings = settings_of(loaded, paths, seed)
    targets = targets_of(texts("precision", precision), compile_study(loaded.study).labels, argument("precision"))
    if not targets:
        raise wrong("precision", "must name a measure", phrase("nothing"), 'give e.g. ["npv_funder:es@0.99=1%"]')
    manner = _manner(overwrite, resume, keep, on)
    most = within("max_paths", max_paths, 1, 2**31 - 1)
    told = called("progress", progress), called("announce", announce)
    return run_until(loaded, Path(file_name("out", out)), settings, targets, most, manner, *told)


def needed(
    study: Study, precision: Sequence[str], announce: "Announce" = lambda _: None
) -> "tuple[tuple[Target, ...], Look, float]":
    """Foresee how many paths it takes to know measures so well, from a pilot of 16,384.

    Parameters
    ----------
    study
        As from `load`.
    precision
        As of `run_until`.
    announce
        As of `run`.

    Returns
    -------
    targets, look, seconds
        What is wanted; what the pilot tells, with the paths that are ``needed``; how long these take here.

    Raises
    ------
    InputError
        A measure cannot be read.
    """
    from spvrisk.experiments.precision import needed, targets_of
    from spvrisk.experiments.task import settings_of
    from spvrisk.plan.compile import compile_study

    loaded = _study(study).loaded
    targets = targets_of(texts("precision", precision), compile_study(loaded.study).labels, argument("precision"))
    look, seconds = needed(loaded, settings_of(loaded, None, None), targets, called("announce", announce))
    return targets, look, seconds


def _manner(overwrite: Any, resume: Any, keep: Any, on: Any) -> "Manner":
    """How a caller wants a study run, checked."""
    from spvrisk.experiments.kept import Manner

    chosen = {"overwrite": overwrite, "resume": resume, "keep": keep}
    checked = {name: yes_or_no(name, value) for name, value in chosen.items()}
    return Manner(**checked, on=on_what("on", on))


def _told(on: Any, progress: Any, announce: Any) -> "tuple[Any, Progress, Announce]":
    """What computes, and what is told of it, checked."""
    return on_what("on", on), called("progress", progress), called("announce", announce)


def _levels(name: str, value: Any, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """Probabilities, each once; others where the argument is left out."""
    from spvrisk.measures.named import levels_of

    return otherwise if value is None else levels_of(probabilities(name, value), argument(name))


def open(path: str | os.PathLike[str]) -> Results:
    """Open a result file.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    InputError
        There is no such file, the system withholds it, it is cut short, no result, or of another version.

    Examples
    --------
    >>> import tempfile
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     spvrisk.run(study, paths=500, seed=7, out=f"{folder}/starter.h5").close()
    ...     with spvrisk.open(f"{folder}/starter.h5") as results:
    ...         print(results.attributes["seed"], dict(results.paths.sizes))
    7 {'path': 500, 'project': 2}
    """
    return Results(path)


def compare(*results: Results | str | os.PathLike[str], strict: bool = False) -> "Comparison":
    """Set results beside the first of them: figures, differences with paired errors, what differs in the studies.

    Parameters
    ----------
    results
        Two or more, opened or as files.
    strict
        Whether to read them whole and refuse one whose content is not that of its ``content_sha256``; without it the
        digests are trusted.

    Returns
    -------
    Comparison
        With a verdict on every two results in ``pairs``; ``agrees`` is what ``spvrisk compare --strict`` asks for.

    Raises
    ------
    InputError
        They are fewer, cannot be read, are not in the same money, or, if `strict`, damaged.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as short, spvrisk.run(study, paths=600) as long:
    ...     found = spvrisk.compare(short, long, strict=True)
    >>> found.agrees, found.pairs[0].paths
    (True, 500)
    """
    from spvrisk.measures.comparison import compared

    for result in results:
        if isinstance(result, list | tuple):
            raise wrong("results", "must be a result", result, "give results one by one: compare(first, second)")
    return compared([_opened("results", result).tables() for result in results], yes_or_no("strict", strict))


def compare_table(result: Results | str | os.PathLike[str], table: str | os.PathLike[str]) -> "Against":
    """Hold a result against a table of reference values: another engine's, or a closed form's.

    Parameters
    ----------
    result
        Opened, or as a file.
    table
        CSV file with a row for each measure: the columns ``measure`` (``npv_funder:es@0.99``) and ``value``, and as far
        as they are known ``standard_error``, ``tolerance`` (in the measure's unit, or as ``1%`` of the value; without
        one, 3 standard errors of the difference) and ``measured_in``.

    Returns
    -------
    Against
        With difference and verdict row by row in ``checks``; ``agrees`` says whether all rows are inside.

    Raises
    ------
    InputError
        The result or the table cannot be read: with every row that is wrong, by its line.

    Examples
    --------
    >>> import tempfile
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results, tempfile.TemporaryDirectory() as folder:
    ...     spvrisk.save_table(results, f"{folder}/table.csv", ["npv_funder:mean", "port/cost:quantile@0.5"])
    ...     found = spvrisk.compare_table(results, f"{folder}/table.csv")
    >>> found.agrees, [check.difference for check in found.checks]
    (True, [0.0, 0.0])
    """
    from spvrisk.exports.reference import read_references
    from spvrisk.measures.against import held_against

    tables, file = _opened("result", result).tables(), file_name("table", table)
    return held_against(tables, Path(file).name, read_references(file, tables.labels))


def save_table(
    result: Results | str | os.PathLike[str],
    out: str | os.PathLike[str],
    of: Sequence[str] = (),
    overwrite: bool = False,
) -> None:
    """Write figures of a result as a table of reference values, which `compare_table` reads.

    Parameters
    ----------
    result
        Opened, or as a file.
    out
        CSV file to appear.
    of
        Measures as ``npv_funder:es@0.99``; none: the portfolio's, every project's, and the shares of all outcomes.
    overwrite
        Whether a table that was written so before is replaced.

    Raises
    ------
    InputError
        The result or a measure cannot be read, or the file may not be written.
    RunError
        Writing failed.
    """
    from spvrisk.exports.reference import save_references

    tables = _opened("result", result).tables()
    save_references(tables, file_name("out", out), texts("of", of), yes_or_no("overwrite", overwrite))


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
    return planned_stresses(_study(study).loaded, texts("only", only), paths, seed, texts("of", of))


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
        With what came of each in ``outcomes``; ``to_xarray()`` makes a dataset of them.

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

    if not isinstance(planned, Planned):
        raise wrong("planned", "must be planned scenarios", planned, "plan them first: spvrisk.plan_scenarios(path)")
    manner = _manner(overwrite, False, False, on)
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
    return found


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
        With ``x`` and its standard error, NaN where there is no such value, and all values that were tried.

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

    loaded = _study(study).loaded
    ends, labels = two_numbers("between", between), compile_study(loaded.study).labels
    wanted = wanted_of(text("find", find), text("so_that", so_that), ends, labels)
    told = called("progress", progress), called("announce", announce)
    return seek(loaded, wanted, paths, seed, on_what("on", on), *told)


def tail(
    result: Results | str | os.PathLike[str],
    of: str = "npv_funder",
    worst: float = 0.01,
    side: str | None = None,
    announce: "Announce" = lambda _: None,
) -> "Tail":
    """Find what the worst paths of a result have in common against the others: a reverse stress.

    Parameters
    ----------
    result
        Opened, or as a file.
    of
        ``[unit/]quantity`` by which paths are the worst: any number, ``npv_funder``, ``smr/cost``, ``payback_years``.
    worst
        Share of the paths on which it is defined, in (0, 0.5]; at least 20 paths.
    side
        Which end is bad, ``low`` or ``high``; None where that is clear: of values and returns the low one, of costs,
        delays, losses and times the high one.
    announce
        Called with a word where what the result does not keep is found by replaying its paths.

    Returns
    -------
    Tail
        With inputs, outcomes, final states and flags in ``marks``, the largest standardised shift of the mean first,
        and projects in ``parts``; ``telling`` of a mark is whether it differs by more than chance, all taken together.

    Raises
    ------
    InputError
        The result cannot be read, there is no such quantity, no side is bad, or the worst paths are too few.
    RunError
        The replay differs from what the result holds.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=2000) as results:
    ...     found = spvrisk.tail(results, worst=0.05)
    >>> found.n_worst, found.marks[0].telling, f"{sum(part.share for part in found.parts):.6f}"
    (100, True, '1.000000')
    """
    from spvrisk.experiments.worst import worst_paths

    share, end = plain_if_any(worst), None if side is None else text("side", side)
    if isinstance(share, bool) or not isinstance(share, int | float):
        raise wrong("worst", "must be a number", worst, "write e.g. 0.01 for 1 %")
    tables = _opened("result", result).tables()
    return worst_paths(tables, text("of", of), float(share), end, called("announce", announce))


def curve(
    result: Results | str | os.PathLike[str],
    of: str = "npv_funder",
    levels: Sequence[str | float] | None = None,
    *,
    on: On = THREADS,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> "Curve":
    """Give the exceedance curve of a quantity: of a net present value that of the loss.

    Parameters
    ----------
    result
        Opened, or as a file.
    of
        ``npv_funder``, ``smr/cost``.
    levels
        Probabilities of exceeding, digits or numbers; 0.5 to 0.004 if left out.
    on, progress, announce
        As of `run`, where what the result does not keep is found by replaying its paths.

    Returns
    -------
    Curve
        With a point for each probability in ``points``: the value, its 95 % interval, the mean beyond.

    Raises
    ------
    InputError
        The result, the quantity or a level cannot be used.
    RunError
        The replay differs from what the result holds.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results:
    ...     found = spvrisk.curve(results, "port/npv_funder", levels=[0.5, 0.05])
    >>> [point.one_in for point in found.points], found.of_loss
    ([2.0, 20.0], True)
    """
    from spvrisk.experiments.exceeded import DEFAULT_LEVELS, curve

    read = _levels("levels", levels, DEFAULT_LEVELS)
    return curve(_opened("result", result).tables(), text("of", of), read, *_told(on, progress, announce))


def confidence(
    result: Results | str | os.PathLike[str],
    project: str | None = None,
    levels: Sequence[str | float] | None = None,
    joint: str | float = "0.7",
    completed_only: bool = False,
    *,
    on: On = THREADS,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> "Confidences":
    """Give percentiles of cost and completion by project, and joint confidence of the two (JCL).

    Parameters
    ----------
    result
        Opened, or as a file.
    project
        An announced one; all if left out.
    levels
        Of the percentiles and the grid, digits or numbers; P50, P70, P80, P90 if left out.
    joint
        Probability that the pairs of the frontier hold.
    completed_only
        Whether percentiles leave out paths on which a project is never completed; else these count as never.
    on, progress, announce
        As of `curve`.

    Returns
    -------
    Confidences
        By project in ``projects``: ``cost, delay`` by level, ``joint`` for budget and plan, ``grid``, ``frontier``.

    Raises
    ------
    InputError
        The result, the project or a level cannot be used.
    RunError
        The replay differs from what the result holds.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results:
    ...     (port,) = spvrisk.confidence(results, "port").projects
    >>> port.funded, [each.level for each in port.cost], port.joint.value <= port.on_time.value
    (500, ['0.5', '0.7', '0.8', '0.9'], True)
    """
    from spvrisk.experiments.confidence import DEFAULT_LEVELS, confidence

    read = _levels("levels", levels, DEFAULT_LEVELS)
    (level_joint,) = _levels("joint", [joint], ())
    name, only = None if project is None else text("project", project), yes_or_no("completed_only", completed_only)
    told = _told(on, progress, announce)
    return confidence(_opened("result", result).tables(), name, read, level_joint, only, *told)


def obligors(
    result: Results | str | os.PathLike[str],
    of: str = "npv_funder",
    failures: Sequence[str] = (),
    *,
    on: On = THREADS,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> "Obligors":
    """Give the expected loss by obligor: offtakers, outcomes that are failures, projects as borrowers.

    Parameters
    ----------
    result
        Opened, or as a file.
    of
        What is lost by offtakers and failures: ``npv_funder``, ``pv_host``, ``npv_policy_bank``, ``npv_banks`` or
        ``insurer_net``.
    failures
        Outcomes of events and final states of regimes that are taken for a default, as ``deal_2029=terminated``.
    on, progress, announce
        As of `curve`.

    Returns
    -------
    Obligors
        In ``found`` each obligor with its ``loss``: ``probability``, ``severity``, ``expected``, and their errors.

    Raises
    ------
    InputError
        The result or a name cannot be used.
    RunError
        The replay differs from what the result holds.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results:
    ...     (found,) = spvrisk.obligors(results, failures=["election=new_course"]).found
    >>> found.name, abs(found.loss.expected - found.loss.probability * found.loss.severity) < 1e-9
    ('election=new_course', True)
    """
    from spvrisk.experiments.obligors import obligors

    tables, named = _opened("result", result).tables(), texts("failures", failures)
    return obligors(tables, text("of", of), named, *_told(on, progress, announce))


def cash(
    result: Results | str | os.PathLike[str],
    levels: Sequence[str | float] | None = None,
    paths: int = REPLAYED,
    gross: bool = False,
    party: str | None = None,
    *,
    on: Threads = THREADS,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> "Cash":
    """Give the cash that each party needs by calendar year, from paths that are replayed.

    Parameters
    ----------
    result
        Opened, or as a file.
    levels
        Of the needs, digits or numbers; 0.5, 0.95, 0.99 if left out.
    paths
        How many of the result's paths, the first, are replayed at most: some milliseconds each.
    gross
        Whether needs are payments alone; else receipts of the same year are taken off, down to nothing.
    party
        ``funder``, ``host``, and with a stack ``policy_bank``, ``banks``, ``insurer``; all if left out.
    on
        Threads that replay them, as ``spvrisk.Threads(2)``.
    progress, announce
        As of `run`.

    Returns
    -------
    Cash
        By party in ``parties``: the largest year, then year by year, with quantiles and their 95 % intervals.

    Raises
    ------
    InputError
        The result or an argument cannot be used.
    RunError
        The replay differs from what the result holds.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results:
    ...     found = spvrisk.cash(results, levels=[0.5, 0.95], paths=100)
    >>> list(found.parties), found.parties["funder"][1].year
    (['funder', 'host'], 2026)
    """
    from spvrisk.experiments.cash import DEFAULT_LEVELS, cash

    read = _levels("levels", levels, DEFAULT_LEVELS)
    tables, most, alone = _opened("result", result).tables(), whole("paths", paths), yes_or_no("gross", gross)
    if most < 1:
        raise wrong("paths", "must be at least 1", paths, "name how many paths to replay")
    if not isinstance(on, Threads):
        raise wrong("on", "must be Threads: flows are replayed in this process", on, "give e.g. spvrisk.Threads(2)")
    one = None if party is None else text("party", party)
    return cash(tables, read, most, alone, one, *_told(on, progress, announce))


def trace(
    result: Results | str | os.PathLike[str],
    path: int | None = None,
    rank: str | float | None = None,
    by: str = "npv_funder",
) -> "Traced":
    """Replay one path of a result, with everything that it goes through.

    Parameters
    ----------
    result
        Opened, or as a file.
    path
        Number of the path.
    rank
        In place of a number: 0.99, if neither is given, is the 99 % loss path.
    by
        Quantity of the rank: ``npv_funder``, ``smr.cost``, ...

    Raises
    ------
    InputError
        There is no such file, path or quantity.
    RunError
        The replay differs from what the result holds.
    """
    from spvrisk.experiments.traced import traced

    number = None if path is None else whole("path", path)
    return traced(_opened("result", result).tables(), number, level("rank", rank), text("by", by))


def export(
    result: Results | str | os.PathLike[str],
    out: str | os.PathLike[str],
    table: str | None = None,
    format: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write a table of a result for other programs, as ``docs/readers.md`` shows it.

    Parameters
    ----------
    result
        Opened, or as a file.
    out
        File to appear: ``.csv``, ``.parquet``, ``.xlsx`` or ``.nc``.
    table
        ``summary``, ``yearly``, ``timeline``, ``conditional``, ``paths`` or ``ylt``. None is the summary; in ``.xlsx``
        it is summary, yearly and conditional, a sheet each.
    format
        ``csv``, ``parquet``, ``xlsx`` or ``nc``, where the file's name does not end so.
    overwrite
        Whether a file that export wrote is replaced; the result never is.

    Raises
    ------
    InputError
        The result, a name or the file cannot be used, or a package that the format needs is missing.
    RunError
        Writing failed.

    Examples
    --------
    >>> import tempfile
    >>> from importlib.resources import files
    >>> from pathlib import Path
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with tempfile.TemporaryDirectory() as folder, spvrisk.run(study, paths=500) as results:
    ...     spvrisk.export(results, f"{folder}/losses.csv", table="ylt")
    ...     Path(folder, "losses.csv").read_text().splitlines()[0]
    'path,project,loss'
    """
    from spvrisk.exports.write import export_result

    if table is not None:
        text("table", table)
    if format is not None:
        text("format", format)
    target, replaced = file_name("out", out), yes_or_no("overwrite", overwrite)
    export_result(_opened("result", result).tables(), target, table, format, replaced)


def info(result: Results | str | os.PathLike[str]) -> "Figures":
    """Say what a result is, or a dataset of scenarios: what was run, by which version, when.

    ``print`` shows it as the command does.

    Parameters
    ----------
    result
        Opened, or as a file; or the file of a dataset that `scenarios` has written.

    Raises
    ------
    InputError
        The file cannot be read.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results:
    ...     found = spvrisk.info(results)
    >>> [(row.name.text, *row.cells) for row in found.rows if row.name.text in ("paths", "seed")]
    [('paths', '500'), ('seed', '1')]
    """
    from spvrisk.dataset.scenarios import held
    from spvrisk.report.printed import Printed
    from spvrisk.views.info import info_of_scenarios

    if dataset := _dataset(result):
        return Printed(*info_of_scenarios(held(dataset)))
    return _opened("result", result).view("info")


def plot(
    name: str,
    *results: "Results | Scenarios | str | os.PathLike[str]",
    out: str | os.PathLike[str] | None = None,
    lang: str | None = None,
    overwrite: bool = False,
    announce: "Announce" = lambda _: None,
    **choices: Any,
) -> "Figure":
    """Draw a picture whose title is the answer, as ``docs/plots.md`` shows them.

    Parameters
    ----------
    name
        ``distribution``, ``exceedance``, ``fan``, ``waterfall``, ``bearers``, ``convergence``, ``occupancy``,
        ``scurve``, ``jcl`` of a result; ``tornado``, ``scenarios`` of a dataset of scenarios, or of what `scenarios`
        returns; ``compare`` of several results.
    results
        Opened, or as files.
    out
        File to appear, if any: ``.png``, ``.svg`` or ``.pdf``.
    lang
        ``en`` or ``ja``; left out, the current `language`.
    overwrite
        Whether a picture that was written so is replaced.
    announce
        As of `curve`.
    choices
        What the picture leaves open: ``of``, ``project``, ``regime``, ``level``, ``joint``.

    Returns
    -------
    matplotlib.figure.Figure
        That pyplot knows nothing of; a notebook shows it.

    Raises
    ------
    InputError
        An argument or a file cannot be used, Matplotlib is missing, or a font with the language's letters.
    RunError
        Writing failed, or a replay differs from what the result holds.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results:
    ...     figure = spvrisk.plot("exceedance", results, of="port/npv_funder")
    >>> figure.axes[0].get_xlabel()
    'return period, outcomes'
    """
    from spvrisk.report.pictures.asked import check_drawable, drawn, picture_named, read_choices, save

    spoken = language_of("lang", lang)
    picture, target = picture_named(text("name", name)), None if out is None else file_name("out", out)
    read, replaced = read_choices(name, choices), yes_or_no("overwrite", overwrite)
    reads = [Path(each) for each in results if isinstance(each, str | os.PathLike)]
    check_drawable(target, replaced, reads)
    subjects = [_subject(picture.of, each) for each in results]
    figure = drawn(name, subjects, spoken, called("announce", announce), read)
    if target is not None:
        save(figure, target, replaced, reads)
    return figure


def _subject(kind: str, given: Any) -> "Result | Combined":
    """What a picture is of: the tables of a result, or a dataset of scenarios."""
    if kind != "scenarios":
        return _opened("results", given).tables()
    from spvrisk.dataset.scenarios import is_scenarios, read
    from spvrisk.experiments.scenarios import Scenarios

    if isinstance(given, Scenarios):
        return given.combined()
    if isinstance(given, Results) or not is_scenarios(path := Path(file_name("results", given))):
        rule, remedy = "must be a dataset of scenarios", "write one: spvrisk scenarios what_if.yaml --out what_if.h5"
        raise InputError(Problem(argument("results"), "", rule, str(given), remedy))
    return read(path)


def save_report(
    *results: "Results | Scenarios | str | os.PathLike[str]",
    out: str | os.PathLike[str],
    overwrite: bool = False,
    lang: str | None = None,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> None:
    """Write a report that a committee can read, with charts: one HTML page, or a workbook.

    Parameters
    ----------
    results
        Opened, or as files; also datasets of scenarios, or what `scenarios` returns. The first result is what the
        report is of; others, and scenarios, are set beside it.
    out
        File to appear: ``.html``, which needs no network, or ``.xlsx``, which needs the package XlsxWriter.
    overwrite
        Whether a report that was written before is replaced.
    lang
        Of its texts: ``en`` or ``ja``; left out, the current `language`.
    progress
        Called with 1 for each section or sheet that is done.
    announce
        Called with a word for each stage.

    Raises
    ------
    InputError
        A result or an argument cannot be used.
    RunError
        Writing failed.

    Examples
    --------
    >>> import tempfile
    >>> from importlib.resources import files
    >>> from pathlib import Path
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with tempfile.TemporaryDirectory() as folder, spvrisk.run(study, paths=500) as results:
    ...     spvrisk.save_report(results, out=f"{folder}/report.html")
    ...     Path(folder, "report.html").read_text(encoding="utf-8").splitlines()[0]
    '<!DOCTYPE html>'
    """
    from spvrisk.experiments.scenarios import Scenarios
    from spvrisk.report.write import write_report

    def subject(each: Any) -> "Result | Combined | Path":
        if isinstance(each, Results):
            return each.tables()
        return each.combined() if isinstance(each, Scenarios) else Path(file_name("results", each))

    target, replaced, spoken = file_name("out", out), yes_or_no("overwrite", overwrite), language_of("lang", lang)
    told = called("progress", progress), called("announce", announce)
    write_report([subject(each) for each in results], target, replaced, spoken, *told)


def restore(result: Results | str | os.PathLike[str], folder: str | os.PathLike[str]) -> "Restored":
    """Write the files that a result, or a dataset of scenarios, was made from.

    Parameters
    ----------
    result
        Opened, or as a file; or the file of a dataset that `scenarios` has written.
    folder
        Where to: new, or empty.

    Returns
    -------
    Restored
        With the file of the study, or of the scenarios, in ``study``, and the command to run it again in ``command``.

    Raises
    ------
    InputError
        The result cannot be read, or the folder cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results, tempfile.TemporaryDirectory() as folder:
    ...     again = spvrisk.load(spvrisk.restore(results, f"{folder}/again").study)
    >>> again.digest == study.digest
    True
    """
    from spvrisk.experiments.restore import restored, restored_scenarios

    into = Path(file_name("folder", folder))
    if dataset := _dataset(result):
        return restored_scenarios(dataset, into)
    return restored(_opened("result", result).tables(), into)


def verify(
    result: Results | str | os.PathLike[str],
    rerun: int = 0,
    progress: "Progress" = lambda _: None,
    announce: "Announce" = lambda _: None,
) -> "Verified":
    """Check whether a result, or a dataset of scenarios, is what was written: structure, digests, completeness.

    Parameters
    ----------
    result
        Opened, or as a file; or the file of a dataset that `scenarios` has written.
    rerun
        Leaves of 4096 paths that are computed once more, from the plan that is kept with it, and compared; a dataset
        keeps none.
    progress
        Called with the number of paths done since the last call.
    announce
        Called with a word for each stage.

    Returns
    -------
    Verified
        With what was looked at in ``checks``; ``sound`` says whether nothing is wrong.

    Raises
    ------
    InputError
        The file cannot be opened: what its tables or attributes say is not what was written; or paths of a dataset
        are to be computed once more.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results:
    ...     found = spvrisk.verify(results, rerun=1)
    >>> found.sound, found.checks[-1].found
    (True, '500 of 500 are the same to the bit')
    """
    from spvrisk.experiments.verify import verified, verified_scenarios

    leaves = within("rerun", rerun, 0, 10**9)
    if dataset := _dataset(result):
        if leaves:
            remedy = phrase("`spvrisk info {} --config DIR` tells how to make it again", dataset)
            raise wrong("rerun", "is for results of a run, not for a dataset of scenarios", leaves, remedy)
        return verified_scenarios(dataset, announce)
    return verified(_opened("result", result).tables(), leaves, progress, announce)


def bench(
    study: Study | None = None,
    seconds: int = 60,
    cold: bool = False,
    overrides: Overrides = (),
    progress: "Progress | None" = None,
    announce: "Announce" = lambda _: None,
) -> "Bench":
    """Measure how long paths of a study take on this machine.

    Timed in turn are the kernel by stages, the whole engine by threads, statistics and the file of a result, and the
    command, started for a short run. Nothing else should run meanwhile.

    Parameters
    ----------
    study
        As from `load`; its file must still be there, for the command. None is the starter study.
    seconds
        How long to measure, about; 5 to 3600. What has to be compiled first comes on top.
    cold
        Whether the command is also started with nothing kept, which takes about a minute more.
    overrides
        Changes of the starter study.
    progress
        Called with the number of whole seconds since the last call.
    announce
        Called with a word for each stage.

    Returns
    -------
    Bench
        Medians of turns with their quartiles; `spvrisk.views.bench` makes the card of it.

    Raises
    ------
    InputError
        The study or an argument cannot be used.
    RunError
        No machine code of the kernel is right, or a process that was to be timed failed.
    """
    from spvrisk.experiments.timing.bench import bench

    lasts, compiles = within("seconds", seconds, 5, 3600), yes_or_no("cold", cold)
    told, announce = called("progress", progress or (lambda _: None)), called("announce", announce)
    if study is not None:
        if overrides:
            raise wrong("overrides", "changes the starter study alone", overrides, "give it to load")
        return bench(_study(study).loaded, lasts, compiles, told, announce)
    with as_file(starter()) as file:
        return bench(config.load(file, overrides), lasts, compiles, told, announce)


def _dataset(result: Results | str | os.PathLike[str]) -> Path | None:
    """The file of a dataset of scenarios, where that is given in the place of a result."""
    from spvrisk.dataset.scenarios import is_scenarios

    file = None if isinstance(result, Results) else Path(file_name("result", result))
    return file if file is not None and is_scenarios(file) else None


def _opened(name: str, result: Results | str | os.PathLike[str]) -> Results:
    return result if isinstance(result, Results) else Results(file_name(name, result))
