"""The files that a result or a dataset of scenarios was made from, given back."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

from spvrisk.dataset.read import Result
from spvrisk.dataset.scenarios import held
from spvrisk.errors import InputError, Problem
from spvrisk.folders import write_folder


class Restored(NamedTuple):
    """Files that a result, or a dataset of scenarios, was made from.

    Attributes
    ----------
    study
        The study's own file, or that of the scenarios; what it reads lies beside it.
    overrides
        Changes that the run made.
    paths, seed
        Of the run, or of each.
    measures
        Of the scenarios; none of a result.
    verb
        Command of spvrisk that runs it.
    only
        Stresses that it runs of those that the study names.
    """

    study: Path
    overrides: tuple[str, ...]
    paths: int
    seed: int
    measures: tuple[str, ...] = ()
    verb: str = "run"
    only: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """Command that runs it again."""
        changes = [word for override in self.overrides for word in ("--set", override)]
        size = ["--paths", str(self.paths), "--seed", str(self.seed)]
        measures = [word for measure in self.measures for word in ("--of", measure)]
        only = [word for name in self.only for word in ("--only", name)]
        return shlex.join(["spvrisk", self.verb, str(self.study), *only, *size, *measures, *changes])


def restored(result: Result, folder: Path) -> Restored:
    """Write the files that a result was made from.

    Parameters
    ----------
    result
        The result.
    folder
        Where to: new, or empty.

    Raises
    ------
    InputError
        The folder is neither, or cannot be written to, or the result names files outside of it.
    """
    sources = result.provenance["sources"]
    _give_back(sources, result.place, folder)
    own = folder / next(iter(sources))
    return Restored(own, tuple(result.provenance["overrides"]), result.n_paths, int(result.attributes["seed"]))


def restored_scenarios(file: Path, folder: Path) -> Restored:
    """Write the files that a dataset of scenarios was made from.

    Parameters
    ----------
    file
        The dataset.
    folder
        As of `restored`.

    Raises
    ------
    InputError
        As of `restored`; or the dataset cannot be read.
    """
    there = held(file)
    _give_back(there.origin.sources, str(file), folder)
    own, verb = folder / there.origin.file, there.origin.command
    only = there.scenarios[1:] if verb == "stress" else ()
    return Restored(own, there.origin.overrides, there.paths, there.seed, there.measures, verb, only)


def _give_back(sources: Mapping[str, str], place: str, folder: Path) -> None:
    """Write all files to a folder, or none where one of them cannot be."""
    for name in sources:
        _check_inside(place, name)
    write_folder(folder, {name: _encoded(name, text, place) for name, text in sources.items()})


def _encoded(name: str, text: str, place: str) -> bytes:
    """Content of a file; refused where no file can have such a name or content."""
    try:
        os.fsencode(name)
        return text.encode("utf-8", "surrogateescape")
    except UnicodeError as error:
        rule = "names a file that there cannot be"
        raise InputError(Problem(place, "/provenance/sources_json", rule, name, "do not trust it")) from error


def _check_inside(place: str, name: str) -> None:
    """Refuse a name that leads elsewhere: a result may come from anybody."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or PureWindowsPath(name).anchor or "\\" in name or "\0" in name:
        rule = "names a file outside of the folder that its study was in"
        raise InputError(Problem(place, "/provenance/sources_json", rule, name, "do not trust it"))
