"""Everything that touches the file system's finer points."""

import errno
import hashlib
import os
import platform
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from spvrisk.catalogue import phrase
from spvrisk.errors import InputError, Problem

_SWEEP_AFTER_DAYS = 30

_LOCK_TRIES = 100
"""How often a lock is tried for whose holders go meanwhile."""

_LOCKED_BYTE = 1 << 20
"""Where Windows locks: behind what is in the file, which others may read."""

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL})
"""What file systems without locks answer."""


class Kind(NamedTuple):
    """What a command writes, and how a file of its own making is known: only such a one is replaced."""

    name: str
    """As in ``must be <name> to be replaced``."""
    known: Callable[[Path], bool]
    """Whether a file is of this kind."""
    other: str = phrase("another file")
    """What a file is that is not known."""


@contextmanager
def replacing(path: str | os.PathLike[str], overwrite: bool = True) -> Iterator[Path]:
    """Give an empty file in the same folder to write to, which takes the place of `path` when the block ends well.

    Whoever opens `path` sees the old file or the whole new one, also after a crash. If the block raises, the
    new file is removed and the old one stays. Of a symbolic link, the file that it leads to is replaced.

    Parameters
    ----------
    path
        The file to appear, or to be replaced.
    overwrite
        Whether it may take the place of a file, be it one that has appeared during the block.

    Yields
    ------
    Path
        The file to write to; it must be closed within the block.

    Raises
    ------
    FileExistsError
        If there is such a file and it may not be replaced.
    """
    target = Path(os.path.realpath(path))
    # short, and not the target's name with more to it: that may be as long as the file system allows
    temporary = target.with_name(f".spvrisk-{secrets.token_hex(8)}.tmp")
    # not tempfile.mkstemp: its files can be read by their owner alone, whatever the umask
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield temporary
        publish(temporary, target, overwrite)
    finally:
        temporary.unlink(missing_ok=True)


def publish(written: Path, target: Path, overwrite: bool) -> None:
    """Bring a file to the disk, and rename it.

    Parameters
    ----------
    written
        The file, closed.
    target
        Its new name, on the same disk.
    overwrite
        Whether it may take the place of a file.

    Raises
    ------
    FileExistsError
        If there is such a file and it may not be replaced.
    """
    _sync(written, os.O_RDWR)
    (os.replace if overwrite else _rename_to_new)(written, target)
    remove(written)  # where a link was made
    if os.name == "posix":
        _sync(target.parent, os.O_RDONLY)


def remove(path: Path) -> None:
    """Remove a file that nobody needs any more; what keeps it there is no reason to fail.

    Parameters
    ----------
    path
        The file; it need not be there.
    """
    with suppress(OSError):
        path.unlink()


class Held(Exception):  # noqa: N818 - a state, not a mistake
    """A lock is another process's; says whose."""


@contextmanager
def holding(path: Path) -> Iterator[None]:
    """Hold a lock, which goes with this process, however that ends.

    Parameters
    ----------
    path
        The lock's file, which tells who holds it; it is made for it with its folder, and goes with it.

    Raises
    ------
    Held
        Another process holds it.
    """
    descriptor = _lock(path)
    try:
        os.truncate(descriptor, 0)
        os.write(descriptor, phrase("process {} on {}", os.getpid(), platform.node()).encode())
        yield
    finally:
        if sys.platform == "win32":  # no file is removed while it is open
            os.close(descriptor)
            remove(path)
        else:  # gone before it is given back: whoever waits for it sees that it is no longer the one
            remove(path)
            os.close(descriptor)


def _lock(path: Path) -> int:
    """Open a lock's file and lock it."""
    flags = os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)
    for left in reversed(range(_LOCK_TRIES)):
        try:
            path.parent.mkdir(exist_ok=True)
            descriptor = os.open(path, flags, 0o666)
        except FileNotFoundError:  # whoever held it may just have removed the folder
            if not left:
                raise
            continue
        try:
            _lock_file(descriptor)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), path.stat()):
                    return descriptor
        except BlockingIOError:
            holder = os.read(descriptor, 1000).decode(errors="replace") or "another process"
            os.close(descriptor)
            raise Held(holder) from None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise Held("processes that come and go")


def _lock_file(descriptor: int) -> None:
    """Lock an open file; a file system without locks lets everyone in.

    Raises
    ------
    BlockingIOError
        Another process has it.
    """
    if sys.platform == "win32":
        import msvcrt

        try:
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError from error
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise


def is_irregular(path: str | os.PathLike[str]) -> bool:
    """Tell whether something is there that is no regular file: a folder, a device, a pipe, a circle of links.

    Parameters
    ----------
    path
        Where to look; links are followed.
    """
    there = os.path.exists(path) or os.path.lexists(os.path.realpath(path))
    return there and not os.path.isfile(path)


class NotPlainError(Exception):
    """What is to be read is no regular file, or too large."""


def read_plain(path: str | os.PathLike[str], most: int) -> bytes:
    """Content of a regular file; anything else is refused at once: on a pipe without a writer one would wait for ever.

    Parameters
    ----------
    path
        The file; links are followed.
    most
        Bytes that it may have.

    Raises
    ------
    NotPlainError
        It is a device, a pipe or a socket, or has more bytes.
    IsADirectoryError
        It is a folder.
    OSError
        It cannot be read.
    """
    if os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(os.stat(path).st_mode):  # before it is opened, which some devices take for a command
        raise NotPlainError
    # without waiting: something else may have taken its place since
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotPlainError
        content = file.read(most + 1)  # a file may also grow
    if len(content) > most:
        raise NotPlainError
    return content


def name_refused(path: str | os.PathLike[str]) -> str | None:
    """Why the file system cannot have a file of this name, in words; None where it can.

    Names that are too long, or have characters that it does not take: it says so as soon as it looks for such a file.

    Parameters
    ----------
    path
        The name; no such file need be there.
    """
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return None


def check_not_read(target: str | os.PathLike[str], reads: Iterable[str | os.PathLike[str]]) -> None:
    """Refuse a file that the command reads, by whatever name or link it is reached.

    Parameters
    ----------
    target
        File that is to be written; it need not be there yet.
    reads
        Files that the command reads; those that are not there are passed over.

    Raises
    ------
    InputError
        If the target is one of them.
    """
    for source in reads:
        with suppress(OSError):  # one of them is not there
            if os.path.samefile(target, source):
                rule = "must not be a file that the command reads"
                raise InputError(Problem(os.fspath(target), "", rule, os.fspath(source), "name another file"))


def check_kind(target: str | os.PathLike[str], kind: Kind) -> None:
    """Refuse to replace a file that is not as spvrisk writes it; an empty one holds nothing that could be lost.

    Parameters
    ----------
    target
        File that is there already.
    kind
        What it must be.

    Raises
    ------
    InputError
        If it is of another kind, or the system withholds it.
    """
    if os.path.getsize(target) and not kind.known(Path(target)):
        rule, remedy = phrase("must be {} to be replaced", kind.name), "name another file, or remove this one first"
        raise InputError(Problem(os.fspath(target), "", rule, kind.other, remedy))


def atomic_write(
    path: str | os.PathLike[str],
    content: str | bytes,
    overwrite: bool = False,
    *,
    kind: Kind,
    reads: Iterable[str | os.PathLike[str]] = (),
) -> None:
    """Write a whole file, or nothing.

    Parameters
    ----------
    path
        The file to appear; its folder must be there.
    content
        Bytes, or a text that is written as UTF-8.
    overwrite
        Whether it may take the place of a file of its kind.
    kind
        What is written.
    reads
        Files that the command reads.

    Raises
    ------
    InputError
        If the file exists already, may not be replaced, or cannot be written.
    """
    target = Path(path)
    there = Problem(str(target), "", "exists already", "", "name another file, or add --overwrite")
    if os.path.isdir(target):
        raise InputError(Problem(str(target), "", "must be a file", phrase("a folder"), "name a file in it"))
    if is_irregular(target):
        raise InputError(
            Problem(str(target), "", "must be a regular file", phrase("a device or the like"), "name another")
        )
    if reason := name_refused(target):
        raise InputError(
            Problem(str(target), "", phrase("cannot be the name of a file: {}", reason), "", "choose another name")
        )
    try:
        if os.path.exists(target):
            check_not_read(target, reads)
            if not overwrite:
                raise InputError(there)
            check_kind(target, kind)
        with replacing(target, overwrite) as temporary:
            temporary.write_bytes(content.encode() if isinstance(content, str) else content)
    except FileExistsError as error:
        raise InputError(there) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        remedy = "check that the folder exists and is writable"
        raise InputError(Problem(str(target), "", phrase("cannot be written: {}", reason), "", remedy)) from error


def cached_text(folder: str, key: str, make: Callable[[], str]) -> str:
    """Text that takes long to make; see `cached_bytes`.

    Parameters
    ----------
    folder, key
        As of `cached_bytes`.
    make
        Makes the text where the cache has none.
    """
    return cached_bytes(folder, key, lambda: make().encode()).decode()


def cached_bytes(folder: str, key: str, make: Callable[[], bytes]) -> bytes:
    """Bytes that take long to make, kept in the user's cache folder; made each time where that cannot be written to.

    Parameters
    ----------
    folder
        Name within our cache folder.
    key
        All that the bytes depend on, versions included.
    make
        Makes the bytes.
    """
    path = cache_root() / folder / hashlib.sha256(key.encode()).hexdigest()[:32]
    with suppress(OSError):
        data, digest = path.read_bytes(), 32
        if hashlib.sha256(data[digest:]).digest() == data[:digest]:
            return data[digest:]
    data = make()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_bytes(hashlib.sha256(data).digest() + data)
    return data


def sweep(base: Path, keep: Path) -> None:
    """Remove what lies beside `keep` in a folder of caches and that nobody has used for a month.

    Parameters
    ----------
    base
        The folder of caches.
    keep
        File or folder in it that stays, whatever its age.
    """
    limit = time.time() - _SWEEP_AFTER_DAYS * 86400
    with suppress(OSError):
        for item in base.iterdir():
            if item != keep and item.stat().st_mtime < limit:
                shutil.rmtree(item, ignore_errors=True) if item.is_dir() else item.unlink(missing_ok=True)


def cache_root() -> Path:
    """Our folder among the user's caches; it need not be there yet."""
    if sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "spvrisk"


def cache_variables(folder: Path) -> dict[str, str]:
    """Environment variables by which another process has what it keeps in a folder, machine code above all.

    Parameters
    ----------
    folder
        It need not be there yet. On macOS only machine code goes there.
    """
    return dict.fromkeys(("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"), str(folder))


def _rename_to_new(source: Path, target: Path) -> None:
    """Rename a file unless there is one of that name."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # no links in this file system
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        source.rename(target)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
