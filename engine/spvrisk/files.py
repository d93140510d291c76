"""Everything that touches the file system's finer points."""

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spvrisk.errors import InputError, Problem


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a name in the same folder to write to, which takes the place of `path` when the block ends well.

    Whoever opens `path` sees the old file or the whole new one, also after a crash. If the block raises, the
    new file is removed and the old one stays.

    Parameters
    ----------
    path
        The file to appear, or to be replaced.

    Yields
    ------
    Path
        The name to write to; the file must be closed within the block.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        _sync(temporary, os.O_RDWR)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":
        _sync(target.parent, os.O_RDONLY)


def atomic_write(path: str | os.PathLike[str], content: str | bytes, overwrite: bool = False) -> None:
    """Write a whole file, or nothing.

    Parameters
    ----------
    path
        The file to appear; its folder must be there.
    content
        Bytes, or a text that is written as UTF-8.
    overwrite
        Whether it may take the place of a file.

    Raises
    ------
    InputError
        If the file is there already or cannot be written.
    """
    target = Path(path)
    if target.exists() and not overwrite:
        raise InputError(Problem(str(target), "", "is there already", "", "name another file, or add --overwrite"))
    if target.is_dir():
        raise InputError(Problem(str(target), "", "must be a file", "a folder", "name a file in it"))
    try:
        with replacing(target) as temporary:
            temporary.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        remedy = "check that the folder is there and may be written to"
        raise InputError(Problem(str(target), "", f"cannot be written: {reason}", "", remedy)) from error


def cached_text(folder: str, key: str, make: Callable[[], str]) -> str:
    """Text that takes long to make, kept in the user's cache folder; made each time where that cannot be written to.

    Parameters
    ----------
    folder
        Name within our cache folder.
    key
        All that the text depends on, versions included.
    make
        Makes the text.
    """
    path = cache_root() / folder / f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.txt"
    with suppress(OSError, UnicodeError):
        return path.read_text(encoding="utf-8")
    text = make()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return text


def cache_root() -> Path:
    """Our folder among the user's caches; it need not be there yet."""
    if sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "spvrisk"


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
