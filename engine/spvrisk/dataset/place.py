"""The place of a result: its file, and beside it a folder for all that is not finished.

``<out>.run`` is there while a run lasts, and after one that was broken off: with a lock that tells whose it is, the
file that is being written, and the shards that are kept. One rename makes the file the result.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from spvrisk.catalogue import phrase
from spvrisk.errors import InputError, Problem, RunError, argument
from spvrisk.files import Held, holding, publish, remove

_LOCK, _PART = "lock", "result.part"

_CANNOT_GIVE = frozenset({errno.EINVAL, errno.ENODEV, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
"""What file systems answer that give no room beforehand."""


class Place(NamedTuple):
    """Where a run writes.

    Attributes
    ----------
    target
        The result file.
    folder
        What is not finished.
    """

    target: Path
    folder: Path

    @property
    def part(self) -> Path:
        """The result while it is being written."""
        return self.folder / _PART

    def check_space(self, need: int) -> None:
        """Refuse a disk that is too full, and take the room where the file system gives it.

        Parameters
        ----------
        need
            Bytes of the result.

        Raises
        ------
        RunError
            With what there is, and what would help.
        """
        if hasattr(os, "posix_fallocate") and self.free() >= need:
            with self.part.open("r+b") as file:
                try:
                    os.posix_fallocate(file.fileno(), 0, need)
                except OSError as error:
                    if error.errno not in _CANNOT_GIVE:
                        raise self.cannot_be_written(error) from error
            return
        if (have := self.free()) < need:
            room = phrase("the disk has {:,.1f} MB free, and the result needs {:,.1f} MB", have / 1e6, need / 1e6)
            raise RunError(
                phrase("{}: {}; free some space, name another folder, or keep fewer output.paths", self.target, room)
            )

    def cannot_be_written(self, error: OSError) -> RunError:
        """What is told of the system's refusal.

        Parameters
        ----------
        error
            What it said.
        """
        reason = (error.strerror or str(error)).lower()
        text = "{}: cannot be written: {}; check the rights and the space on the disk"
        return RunError(phrase(text, self.folder, reason))

    @contextmanager
    def failures_told(self) -> Iterator[None]:
        """Tell in words where the system refuses to write.

        Raises
        ------
        RunError
            With what would help.
        """
        try:
            yield
        except OSError as error:
            raise self.cannot_be_written(error) from error

    def free(self) -> int:
        """Bytes that are free on the disk."""
        return shutil.disk_usage(self.folder).free

    def publish(self, overwrite: bool) -> None:
        """Make the file that was written the result.

        Parameters
        ----------
        overwrite
            Whether it may take the place of a file.

        Raises
        ------
        FileExistsError
            There is such a file, and it may not be replaced.
        """
        publish(self.part, self.target, overwrite)


def run_folder(target: Path) -> Path:
    """Folder of what is not finished of a result.

    Parameters
    ----------
    target
        The result file; of a link, the file that it leads to.
    """
    real = Path(os.path.realpath(target))
    name = f"{real.name}.run"
    if len(os.fsencode(name)) > 255:  # the longest that file systems take
        name = f"{hashlib.sha256(os.fsencode(real.name)).hexdigest()[:32]}.run"
    return real.with_name(name)


@contextmanager
def claimed(target: Path) -> Iterator[Place]:
    """Hold the place of a result against other runs.

    Parameters
    ----------
    target
        The result file.

    Yields
    ------
    Place
        With an empty file to be written. What the block leaves in the folder stays, but for that file; an empty folder
        goes.

    Raises
    ------
    InputError
        Another run holds it.
    RunError
        The system makes no folder or file there.
    """
    place = Place(Path(os.path.realpath(target)), run_folder(target))
    try:
        with ExitStack() as stack:
            try:
                stack.enter_context(holding(place.folder / _LOCK))
                stack.callback(remove, place.part)
                remove(place.part)
                place.part.open("xb").close()
            except Held as held:
                rule, remedy = "another run is writing it", "wait for it, or name another file"
                raise InputError(Problem(argument("out"), "", rule, phrase("{} by {}", target, held), remedy)) from held
            except OSError as error:
                raise place.cannot_be_written(error) from error
            yield place
    finally:
        with suppress(OSError):  # shards are in it, or it is another run's
            place.folder.rmdir()
