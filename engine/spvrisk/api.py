"""Python's way in: `load` a study, `run` it, `open` its result; the command line does nothing that is not here."""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from spvrisk import config
from spvrisk.arguments import file_name, text, whole, wrong
from spvrisk.errors import InputError, Problem, suggestion
from spvrisk.tools import init, schema, selftest, warmup

if TYPE_CHECKING:
    import xarray

    from spvrisk.dataset.read import Result
    from spvrisk.experiments.overview import Overview
    from spvrisk.experiments.traced import Traced
    from spvrisk.measures.comparison import Comparison
    from spvrisk.runner.execute import Announce, Progress
    from spvrisk.views.figures import Figures

__all__ = [
    "Checked",
    "Results",
    "Study",
    "compare",
    "init",
    "load",
    "open",
    "overview",
    "run",
    "schema",
    "selftest",
    "trace",
    "validate",
    "warmup",
]

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


class Results:
    """A result file, or one in memory; use it in a ``with`` block, or `close` it.

    Names of projects, states and outcomes are the labels of the datasets' coordinates (in the file they are codes).

    Parameters
    ----------
    source
        The file, or the bytes of one.

    Attributes
    ----------
    path
        The file; None of a result in memory.
    attributes
        Of the file: ``paths``, ``seed`` (decimal text), ``numbers_version``, ``content_sha256`` and others.
    """

    def __init__(self, source: str | os.PathLike[str] | bytes) -> None:
        from spvrisk.dataset.read import open_result

        self._source: Path | bytes = source if isinstance(source, bytes) else Path(file_name("path", source))
        self._tables = open_result(self._source)
        self.path = None if isinstance(self._source, bytes) else self._source
        self.attributes: dict[str, Any] = self._tables.attributes
        self._opened: list[xarray.Dataset] = []

    @cached_property
    def summary(self) -> "xarray.Dataset":
        """Statistics of all quantities with their Monte Carlo errors, by unit: projects, pipelines, the portfolio."""
        return self._whole("summary")

    @cached_property
    def timeline(self) -> "xarray.Dataset":
        """Means by step over all paths, occupancy of states, fan quantiles."""
        return self._whole("timeline")

    @cached_property
    def paths(self) -> "xarray.Dataset":
        """Values by path, read from the file only as far as they are asked for."""
        dataset = self._group("paths")
        self._opened.append(dataset)
        return dataset

    @cached_property
    def conditional(self) -> "xarray.Dataset":
        """The statistics by outcome of each event and by final state of each regime; empty without these."""
        import xarray

        return self._whole("conditional") if self.tables().conditional.names else xarray.Dataset()

    def tables(self, given: str | None = None) -> "Result":
        """Give labels and statistics in memory, from which views are made.

        Parameters
        ----------
        given
            A condition as ``ruling=upheld``: the statistics are then those of the paths on which it came out.

        Raises
        ------
        InputError
            There is no such condition, or no path that meets it.
        """
        from spvrisk.measures.given import narrowed

        return self._tables if given is None else narrowed(self._tables, text("given", given))

    def view(self, name: str, given: str | None = None, **choices: Any) -> "Figures":
        """Give some of the figures: a title, columns, rows of numbers with their errors, and sentences.

        ``print`` shows them as the commands do.

        Parameters
        ----------
        name
            Of a view, such as ``headline``, ``value``, ``status`` or ``regimes``.
        given
            As of `tables`.
        choices
            What the view leaves open: ``level="0.99"`` of ``loss``.

        Raises
        ------
        InputError
            There is no such view or condition.

        Examples
        --------
        >>> from importlib.resources import files
        >>> import spvrisk
        >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
        >>> with spvrisk.run(study, paths=500) as results:
        ...     table = results.view("value")
        >>> [row.name for row in table.rows], table.unit
        (['portfolio', 'gas_plant', 'port', 'in EUR million'], 'USD million')
        """
        from spvrisk.report.printed import Printed
        from spvrisk.views.registry import VIEWS

        known = [name for name, view in VIEWS.items() if view.of == "result"]
        if text("name", name) not in known:
            raise wrong("name", "must be a view of a result", name, suggestion(name, known))
        return Printed(*VIEWS[name].figures(self.tables(given), **choices))

    def close(self) -> None:
        """Close the file; what is read of it later opens it again, until it is closed once more."""
        for dataset in self._opened:
            dataset.close()
        self._opened.clear()
        self.__dict__.pop("paths", None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        place = "in memory" if self.path is None else repr(str(self.path))
        return f"<Results {place}, {self.attributes['paths']} paths>"

    def _whole(self, name: str) -> "xarray.Dataset":
        """A group that is read whole."""
        with self._group(name) as dataset:
            return dataset.load()

    def _repr_html_(self) -> str:
        from spvrisk.report.html import table

        return table(self.view("headline"))

    def _group(self, name: str) -> "xarray.Dataset":
        from spvrisk.dataset.labelled import labelled  # loaded when labels are wanted: xarray takes half a second

        return labelled(self._source, name)


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


def run(
    study: Study,
    paths: int | None = None,
    seed: int | None = None,
    out: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    overwrite: bool = False,
    progress: "Progress | None" = None,
    announce: "Announce" = lambda _: None,
) -> Results:
    """Run a study and open its result.

    Parameters
    ----------
    study
        As from `load`.
    paths, seed, workers
        Instead of what the study says under ``run``. Only the first two change a number.
    out
        Result file. If it is left out, the result stays in memory.
    overwrite
        Whether an existing result is replaced; a file that the study is read from never is.
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
    from spvrisk.experiments.run import run_in_memory, run_study, settings_of

    loaded = _study(study).loaded
    settings = settings_of(loaded, paths, seed, workers)
    if out is None:
        return Results(run_in_memory(loaded, settings, progress, announce))
    return Results(run_study(loaded, file_name("out", out), settings, overwrite, progress, announce))


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
    return compared([_opened("results", result).tables() for result in results], strict)


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
    return traced(_opened("result", result).tables(), number, rank, text("by", by))


def _opened(name: str, result: Results | str | os.PathLike[str]) -> Results:
    return result if isinstance(result, Results) else Results(file_name(name, result))
