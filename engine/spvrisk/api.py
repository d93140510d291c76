"""Python's way in: `load` a study, `run` it, `open` its result; the command line does nothing else."""

import io
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from spvrisk import config
from spvrisk.errors import Problem

if TYPE_CHECKING:
    import xarray

    from spvrisk.runner.execute import Progress


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
        """What is allowed but looks like a slip."""
        from spvrisk.plan.warnings import warnings_of

        return warnings_of(self.loaded)

    @property
    def digest(self) -> str:
        """SHA-256 of the resolved study, which results of its own paths and seed carry as ``config_sha256``."""
        return self.loaded.digest

    def __repr__(self) -> str:
        return f"<Study {self.config.study.title.en!r}, {len(self.config.projects)} projects>"


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
        from spvrisk.dataset.read import attributes_of, open_result

        self._source: Path | bytes = source if isinstance(source, bytes) else Path(source)
        self.path = None if isinstance(self._source, bytes) else self._source
        read = attributes_of(self._source) if isinstance(self._source, bytes) else open_result(self._source).attributes
        self.attributes: dict[str, Any] = read
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

    def close(self) -> None:
        """Close the file; `summary` and `timeline` can still be read."""
        for dataset in self._opened:
            dataset.close()
        self._opened.clear()

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

    def _group(self, name: str) -> "xarray.Dataset":
        import xarray  # loaded when labels are wanted: it takes half a second

        from spvrisk.dataset.opening import sound

        if isinstance(self._source, bytes):
            return _with_names(xarray.open_dataset(io.BytesIO(self._source), group=name, engine="h5netcdf"))
        with sound(self._source):
            locking = {"locking": "best-effort"}
            return _with_names(xarray.open_dataset(self._source, group=name, engine="h5netcdf", driver_kwds=locking))


def _with_names(dataset: "xarray.Dataset") -> "xarray.Dataset":
    """Put names in the place of the codes of coordinates."""
    names = {
        key: (key, coordinate.attrs["flag_meanings"].split(), {"long_name": coordinate.attrs["long_name"]})
        for key, coordinate in dataset.coords.items()
        if coordinate.dims == (key,) and "flag_meanings" in coordinate.attrs
    }
    return dataset.assign_coords(names)


def load(path: str | os.PathLike[str], overrides: Sequence[str] | Mapping[str, Any] = ()) -> Study:
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
    return Study(config.load(path, overrides))


def run(
    study: Study,
    paths: int | None = None,
    seed: int | None = None,
    out: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    overwrite: bool = False,
    progress: "Progress | None" = None,
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
    from spvrisk.runner.run import run_in_memory, run_study, settings_of

    settings = settings_of(study.loaded, paths, seed, workers)
    if out is None:
        return Results(run_in_memory(study.loaded, settings, progress))
    return Results(run_study(study.loaded, out, settings, overwrite, progress))


def open(path: str | os.PathLike[str]) -> Results:
    """Open a result file.

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
