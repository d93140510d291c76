"""The assumptions of a result, from the files of its study that it keeps."""

from pathlib import Path
from tempfile import TemporaryDirectory

from spvrisk.catalogue import phrase
from spvrisk.config import load
from spvrisk.config.register import Register, register
from spvrisk.dataset.read import Result
from spvrisk.errors import InputError
from spvrisk.experiments.restore import restored


def assumptions_of(result: Result) -> Register:
    """Give the register of the study that a result was made from, with the changes of its run.

    Parameters
    ----------
    result
        The result.

    Raises
    ------
    InputError
        Its files are no study any more, or lie outside of its folder.
    """
    with TemporaryDirectory() as folder:
        again = restored(result, Path(folder) / "study")
        try:
            return register(load(again.study, again.overrides))
        except InputError as error:
            where = phrase("files kept in {}", result.place)
            raise InputError([each._replace(place=f"{where}: {each.place}") for each in error.problems]) from None
