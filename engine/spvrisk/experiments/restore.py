"""The files that a result was made from, given back."""

import shlex
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

from spvrisk.dataset.read import Result
from spvrisk.errors import InputError, Problem


class Restored(NamedTuple):
    """Files of a study that a result was made from.

    Attributes
    ----------
    study
        The study's own file; what it reads lies beside it.
    overrides
        Changes that the run made.
    paths, seed
        Of the run.
    """

    study: Path
    overrides: tuple[str, ...]
    paths: int
    seed: int

    @property
    def command(self) -> str:
        """Command that runs it again."""
        changes = [word for override in self.overrides for word in ("--set", override)]
        size = ["--paths", str(self.paths), "--seed", str(self.seed)]
        return shlex.join(["spvrisk", "run", str(self.study), *size, *changes])


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
    for name in sources:
        _check_inside(result, name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InputError(Problem(str(folder), "", "must be a new or an empty folder", "", "name another"))
        for name, text in sources.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(Problem(str(folder), "", f"cannot be written to: {reason}", "", "name another")) from error
    own = folder / next(iter(sources))
    return Restored(own, tuple(result.provenance["overrides"]), result.n_paths, int(result.attributes["seed"]))


def _check_inside(result: Result, name: str) -> None:
    """Refuse a name that leads elsewhere: a result may come from anybody."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or PureWindowsPath(name).anchor or "\\" in name or "\0" in name:
        rule = "names a file outside of the folder that its study was in"
        raise InputError(Problem(result.place, "/provenance/sources_json", rule, name, "do not trust it"))
