"""A result, of a file or in memory: labelled arrays of its groups, and its views."""

import os
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from spvrisk.api.arguments import check_choices, file_name, language_of, level, text, texts, wrong
from spvrisk.errors import suggestion

if TYPE_CHECKING:
    import pandas
    import xarray
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from spvrisk.dataset.read import Result
    from spvrisk.views.figures import Figures


class Results:
    """A result file, or one in memory; use it in a ``with`` block, or `close` it.

    Statistics are in memory. Values by path and the plan are read from the file when they are asked for; if another
    result has taken the file's place by then, that is an `InputError`.

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
        from spvrisk.dataset.labelled import (
            labelled_tables,  # loaded when labels are wanted: xarray takes half a second
        )
        from spvrisk.dataset.layout import summary_variables

        return labelled_tables("summary", summary_variables(self._tables.summary, self._tables.labels))

    @cached_property
    def timeline(self) -> "xarray.Dataset":
        """Means by step over all paths, occupancy of states, fan quantiles."""
        from spvrisk.dataset.labelled import labelled_tables
        from spvrisk.dataset.layout import timeline_variables

        return labelled_tables("timeline", timeline_variables(self._tables.timeline, self._tables.labels))

    @cached_property
    def inputs(self) -> "xarray.Dataset":
        """Inputs by path, from which drivers are found: draws of projects and offtakers, means of factors.

        Read from the file only as far as they are asked for; empty where the run kept none.
        """
        import xarray

        from spvrisk.dataset.labelled import labelled_paths

        if not self.tables().input_names:
            return xarray.Dataset()
        self._tables.check_same()
        dataset = labelled_paths(self._source, "inputs")
        self._opened.append(dataset)
        return dataset

    @cached_property
    def uncertainty(self) -> "xarray.Dataset":
        """Outer runs at drawn values of the uncertain inputs, and their measures; empty where there were none."""
        from spvrisk.dataset.labelled import labelled_tables
        from spvrisk.dataset.uncertainty import uncertainty_variables

        tables = self._tables
        return labelled_tables("uncertainty", uncertainty_variables(tables.uncertainty, tables.labels))

    @cached_property
    def conditional(self) -> "xarray.Dataset":
        """The statistics by outcome of each event and by final state of each regime; empty without these."""
        from spvrisk.dataset.labelled import labelled_tables
        from spvrisk.dataset.layout import conditional_variables

        return labelled_tables("conditional", conditional_variables(self._tables.conditional, self._tables.labels))

    @cached_property
    def paths(self) -> "xarray.Dataset":
        """Values by path, read from the file only as far as they are asked for."""
        from spvrisk.dataset.labelled import labelled_paths

        self._tables.check_same()
        dataset = labelled_paths(self._source)
        self._opened.append(dataset)
        return dataset

    def values(self, quantity: str, unit: str | None = None) -> "NDArray[Any]":
        """Read one series by path, without labels: nothing else is read, and xarray is not loaded.

        Parameters
        ----------
        quantity
            Such as ``npv_funder``; one that the study keeps by path.
        unit
            A project, a pipeline, ``portfolio`` or ``scheme``; left out, the scheme for its own quantities and the
            portfolio for all others.

        Returns
        -------
        ndarray
            ``(path,)``, in the unit and of the dtype of `paths`: float64 for net present values, float32 for other
            numbers (NaN undefined, infinite never), int8 for states and outcomes (-1 undefined), int32 for counts.

        Raises
        ------
        InputError
            The result does not keep it, or the file is damaged.

        Examples
        --------
        >>> from importlib.resources import files
        >>> import spvrisk
        >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
        >>> with spvrisk.run(study, paths=500) as results:
        ...     npv = results.values("npv_funder", "port")
        >>> npv.shape, npv.dtype
        ((500,), dtype('float64'))
        """
        quantity = text("quantity", quantity)
        if unit is None:
            unit = "scheme" if quantity in self._tables.labels.scheme else "portfolio"
        return self._tables.series(text("unit", unit), quantity)

    def to_frame(
        self,
        table: str = "summary",
        unit: str | Iterable[str] | None = None,
        quantity: str | Iterable[str] | None = None,
    ) -> "pandas.DataFrame":
        """Give a table as a data frame of pandas with a row for each number.

        Parameters
        ----------
        table
            ``summary``, ``conditional``, ``timeline`` or ``paths``.
        unit, quantity
            Names, one or several, of which rows are wanted; all where left out.

        Returns
        -------
        pandas.DataFrame
            Columns ``unit, quantity, state, statistic, probability, value, standard_error, low, high, measured_in``:
            ``probability`` is that of a quantile or the level of a risk measure, ``low`` and ``high`` are the ends of
            the 95 % interval, NaN where there is none. ``conditional`` has ``condition`` before them; ``timeline``
            has ``date``, the step's end, before them, and no errors; ``paths`` has ``path, unit, quantity, state,
            value, measured_in``.

        Raises
        ------
        InputError
            There is no such table, unit or quantity.

        Examples
        --------
        >>> from importlib.resources import files
        >>> import spvrisk
        >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
        >>> with spvrisk.run(study, paths=500) as results:
        ...     table = results.to_frame("summary", unit="portfolio", quantity="npv_funder")
        >>> table.loc[table.statistic == "mean", "measured_in"].item()
        'USD million'
        """
        from spvrisk.exports.frame import FRAMES, Chosen, frame

        if text("table", table) not in FRAMES:
            raise wrong("table", "must be a table that can be a frame", table, suggestion(table, FRAMES))
        return frame(self._tables, table, Chosen(_names("unit", unit), _names("quantity", quantity)))

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
            There is no such view, condition or choice.

        Examples
        --------
        >>> from importlib.resources import files
        >>> import spvrisk
        >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
        >>> with spvrisk.run(study, paths=500) as results:
        ...     table = results.view("value")
        >>> [type(cell).__name__ for cell in table.rows[0].cells], table.unit
        (['Estimate', 'Estimate', 'float', 'float', 'float', 'Share'], 'USD million')
        """
        from spvrisk.report.printed import Printed
        from spvrisk.views.registry import VIEWS

        known = [name for name, view in VIEWS.items() if view.of == "result"]
        if text("name", name) not in known:
            raise wrong("name", "must be a view of a result", name, suggestion(name, known))
        figures = VIEWS[name].figures
        check_choices(name, figures, choices)
        read = {key: level(key, value) if key == "level" else value for key, value in choices.items()}
        tables = self.tables(given)
        with tables.held():
            return Printed(*figures(tables, **read))

    @property
    def plot(self) -> "Plots":
        """Pictures, a method for each: ``results.plot.fan()``."""
        return Plots(self)

    def close(self) -> None:
        """Close the file; what is read of it later opens it again, until it is closed once more."""
        for dataset in self._opened:
            dataset.close()
        self._opened.clear()
        for name in ("paths", "inputs"):
            self.__dict__.pop(name, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        place = "in memory" if self.path is None else repr(str(self.path))
        return f"<Results {place}, {self.attributes['paths']} paths>"

    def _repr_html_(self) -> str:
        from spvrisk.report.html import table

        return table(self.view("headline"))


class Plots:
    """Pictures of a result, by their names as `spvrisk.plot` has them; each gives a figure of Matplotlib.

    Arguments are `lang` and what the picture leaves open; those of ``compare`` are the other results first.

    Parameters
    ----------
    results
        What they are of.

    Examples
    --------
    >>> from importlib.resources import files
    >>> import spvrisk
    >>> study = spvrisk.load(files("spvrisk") / "data" / "starter.yaml")
    >>> with spvrisk.run(study, paths=500) as results:
    ...     figure = results.plot.scurve(project="port")
    >>> len(figure.axes), "fan" in dir(results.plot)
    (2, True)
    """

    def __init__(self, results: Results) -> None:
        self._results = results

    def __getattr__(self, name: str) -> "Callable[..., Figure]":
        if name.startswith("_") or name not in dir(self):
            raise AttributeError(f"no picture {name!r} of a result; there are {', '.join(self.__dir__())}")
        return partial(self._drawn, name)

    def __dir__(self) -> list[str]:
        from spvrisk.charts.registry import CHARTS

        return [name for name, picture in CHARTS.items() if picture.of != "scenarios"]

    def _drawn(self, name: str, *others: Results, lang: str | None = None, **choices: Any) -> "Figure":
        from spvrisk.report.pictures.asked import check_drawable, drawn, read_choices

        read = read_choices(name, choices)
        spoken = language_of("lang", lang)
        check_drawable()
        return drawn(name, [each.tables() for each in (self._results, *others)], spoken, lambda _: None, read)


def _names(name: str, value: str | Iterable[str] | None) -> tuple[str, ...] | None:
    """One name or several; None: all."""
    return None if value is None else tuple(texts(name, value))


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


def opened(name: str, result: Results | str | os.PathLike[str]) -> Results:
    """A result that is given as it is opened, or as a file.

    Parameters
    ----------
    name
        Of the argument, for the message.
    result
        What was given.
    """
    return result if isinstance(result, Results) else Results(file_name(name, result))
