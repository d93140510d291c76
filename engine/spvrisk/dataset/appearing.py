"""A file of a table or a picture, which appears whole or not at all."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from spvrisk.catalogue import phrase
from spvrisk.dataset.write import check_output
from spvrisk.errors import InputError, Problem, RunError, argument
from spvrisk.files import Kind, replacing


@contextmanager
def appearing(
    out: str | os.PathLike[str],
    overwrite: bool,
    kind: Kind,
    reads: Iterable[str | os.PathLike[str]] = (),
    named: str = "out",
) -> Iterator[Path]:
    """Give an empty file to write to, which takes the place of `out` when the block ends well.

    Parameters
    ----------
    out, overwrite, kind, reads, named
        As of `spvrisk.dataset.write.check_output`.

    Raises
    ------
    InputError
        The file may not be written.
    RunError
        Writing failed.
    """
    try:
        with replacing(check_output(out, overwrite, kind, reads, named), overwrite) as temporary:
            yield temporary
    except FileExistsError as error:
        raise InputError(Problem(argument(named), "", "file exists", str(out), "name another file")) from error
    except OSError as error:
        reason = error.strerror or error
        raise RunError(phrase("{}: cannot be written: {}; check the space on the disk", out, reason)) from error
