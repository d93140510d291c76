"""Open a result's file, and say in the user's terms why that does not go: the system, the wrong file, or damage."""

import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from pathlib import Path
from typing import Any, Literal, TypeVar

import h5py
import numpy as np

from spvrisk.catalogue import phrase
from spvrisk.errors import InputError, Problem
from spvrisk.files import Kind, is_irregular

_T = TypeVar("_T")

_HELD = frozenset({errno.EAGAIN, errno.EWOULDBLOCK})
"""A lock that is another program's."""

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, 524})
"""A file system without locks, as some network drives are; 524 is Linux's, and has no name in Python."""

_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})

_OF_DAMAGE = frozenset({None, errno.EINVAL, errno.EOVERFLOW})
"""What the system answers where a damaged file leads to places that it does not have: no fault of the system."""

# ValueError: also bytes that are no UTF-8, and texts that are no JSON
_BROKEN = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)
"""What reading a damaged file ends in."""

_OF_HDF5 = frozenset({"CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST"})

_UNLOCK = "HDF5_USE_FILE_LOCKING=FALSE"


def place_of(source: Path | bytes) -> str:
    """Where a file is, in words.

    Parameters
    ----------
    source
        Path of the file, or the bytes of one.
    """
    return phrase("in memory") if isinstance(source, bytes) else str(source)


@contextmanager
def opened(source: Path | bytes) -> Iterator[h5py.File]:
    """Open an HDF5 file, or the bytes of one, to read; whatever is wrong with it is told as an `InputError`.

    Parameters
    ----------
    source
        Path of the file, or the bytes of one.
    """
    file = opened_file(source)
    with sound(source), file:
        yield file


def opened_file(source: Path | bytes) -> h5py.File:
    """Open an HDF5 file, or the bytes of one, to read; whoever calls closes it.

    Parameters
    ----------
    source
        Path of the file, or the bytes of one.

    Raises
    ------
    InputError
        There is no such file, the system withholds it, or it is no HDF5 file.
    """
    if isinstance(source, bytes):
        with sound(source):
            return h5py.File(io.BytesIO(source))
    _check_there(source)
    try:
        return _file(source)
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(_refused_by_system(str(source), error) or _unreadable(source, error)) from error


def _file(path: Path) -> h5py.File:
    return locked_where_possible(lambda locking: h5py.File(path, "r", locking=locking))


def locked_where_possible(opener: Callable[[Literal["best-effort", False]], _T]) -> _T:
    """Open an HDF5 file with a lock, and without one on a file system that has none, as some network drives are.

    A result appears by its name when it is whole, so that none is read while it is written. HDF5's best effort knows of
    one of the numbers by which file systems say that they have no locks.

    Parameters
    ----------
    opener
        Opens the file; called with what HDF5 is to do about locks.

    Raises
    ------
    OSError
        As from the opener.
    """
    try:
        return opener("best-effort")
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return opener(False)


@contextmanager
def sound(source: Path | bytes) -> Iterator[None]:
    """Tell as an `InputError` what reading a damaged file, or one that the system withholds, ends in.

    Parameters
    ----------
    source
        As of `opened`; named in the message.

    Raises
    ------
    InputError
        What is done inside the ``with`` block failed because of the file.
    """
    try:
        yield
    except _BROKEN as error:
        place = place_of(source)
        damaged = Problem(place, "", phrase("the result is damaged: {}", _damage(error)), "", "run the study again")
        raise InputError(_refused_by_system(place, error) or damaged) from error


def _damage(error: Exception) -> str:
    """What is wrong with a file, in words for people: Python's own speak of types."""
    match error:
        case KeyError() if error.args and isinstance(error.args[0], str):
            return phrase("a part is missing ({})", error.args[0])
        case AttributeError() | IndexError() | TypeError() | ArithmeticError() | UnicodeError() | JSONDecodeError():
            return phrase("a part is missing, or is not what it should be")
    return str(error)


def plain(value: Any) -> Any:
    """Attribute values without HDF5's ways: text, Python numbers, arrays.

    Parameters
    ----------
    value
        As h5py gives it.
    """
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray) and value.size == 1:
        return value.reshape(()).item()
    return value.item() if isinstance(value, np.generic) else value


def attributes_of(target: h5py.Group | h5py.Dataset) -> dict[str, Any]:
    """Attributes by name, but for those by which HDF5 ties dimensions to variables.

    Parameters
    ----------
    target
        A file, a group or a variable.
    """
    return {name: plain(target.attrs[name]) for name in target.attrs if name not in _OF_HDF5 and name[:2] != "_N"}


def is_result(file: h5py.File) -> bool:
    """Tell whether a file is a result of ours, of whatever version.

    Parameters
    ----------
    file
        Opened to read.
    """
    source = file.attrs.get("source", b"")
    return (source.decode("utf-8", "replace") if isinstance(source, bytes) else str(source)).startswith("spvrisk")


def _is_result_file(path: Path) -> bool:
    """Tell whether a file is a result; one that is damaged is not known for one.

    Raises
    ------
    InputError
        If the system withholds it.
    """
    try:
        with _file(path) as file:
            return is_result(file)
    except _BROKEN as error:
        withheld = _refused_by_system(str(path), error)
        if withheld is not None:
            raise InputError(withheld) from error
        return False


RESULT = Kind(phrase("a result of spvrisk"), _is_result_file)


def _check_there(path: Path) -> None:
    try:
        folder, there, irregular = path.is_dir(), path.is_file(), is_irregular(path)
    except OSError as error:  # a folder on the way that may not be looked into, a name that is too long
        raise InputError(
            _refused_by_system(str(path), error) or Problem(str(path), "", "there is no such file")
        ) from error
    if folder:
        raise InputError(Problem(str(path), "", "is a folder, not a result", "", "name the file in it"))
    if irregular:
        raise InputError(Problem(str(path), "", "is not a regular file", "", "name a result"))
    if not there:
        raise InputError(Problem(str(path), "", "there is no such file"))


def _refused_by_system(place: str, error: Exception) -> Problem | None:
    """What the system said, and what helps; None where the file is to blame."""
    number = error.errno if isinstance(error, OSError) else None
    lock = "unable to lock file" in str(error)
    if number in _OF_DAMAGE and not lock:
        return None
    if number in _HELD or lock:
        remedy = phrase("close it there, or wait; if nothing is writing to it, set {}", _UNLOCK)
        rule: str = phrase("another program has the file open")
    elif number in _FORBIDDEN:
        rule = phrase("no permission to read the file")
        remedy = "ask its owner for read permission; if another program has it open, close it there"
    else:
        rule = phrase("the system cannot read the file")
        remedy = "solve that and try again: the file itself may be intact"
    if number is not None:
        rule = phrase("{} (errno {}: {})", rule, number, os.strerror(number).lower())
    return Problem(place, "", rule, "", remedy)


def _unreadable(path: Path, error: Exception) -> Problem:
    if path.suffix in (".yaml", ".yml"):
        remedy = phrase("run it with `spvrisk run {}`, and name the file that it writes", path)
        return Problem(str(path), "", "is a study, not a result", "", remedy)
    rule = "the file is cut short" if "truncated" in str(error) else "is not an HDF5 file that can be read"
    return Problem(str(path), "", rule, "", "run the study again")
