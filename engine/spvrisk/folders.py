"""A new folder of files."""

from collections.abc import Mapping
from pathlib import Path

from spvrisk.catalogue import phrase
from spvrisk.errors import InputError, Problem


def write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files to a folder, which is made with those inside that they need.

    Parameters
    ----------
    folder
        New, or empty.
    contents
        Of the files, by their path in the folder.

    Raises
    ------
    InputError
        The folder is neither, or cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InputError(Problem(str(folder), "", "must be a new or an empty folder", "", "name another"))
        for name, content in contents.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(
            Problem(str(folder), "", phrase("cannot be written to: {}", reason), "", "name another")
        ) from error
