"""Everything that touches the file system's finer points."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
