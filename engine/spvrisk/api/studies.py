"""A study: loaded, checked, looked at before a path is drawn."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from spvrisk import config
from spvrisk.api.arguments import file_name, wrong
from spvrisk.api.results import Results
from spvrisk.errors import InputError, Problem

if TYPE_CHECKING:
    from spvrisk.config.register import Register
    from spvrisk.experiments.overview import Overview

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


def given_study(study: Study) -> Study:
    """The argument ``study``, if it is one.

    Raises
    ------
    InputError
        It is something else.
    """
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

    return overview(given_study(study).loaded)


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
