"""Where compiled code is kept, and when it may be used again.

numba keys its cache by the file of the function that is called, not by those of the functions that it calls in turn:
after an edit of a clause, a new process would go on with the old machine code. The folder is therefore named by a
digest of every kernel source, of the compiler's versions and switches, and of the lane count.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import llvmlite
import numba

from spvrisk.files import cache_root, sweep
from spvrisk.plan.names import LANES

_config: Any = numba.config  # its names are made at run time


def _base() -> Path:
    """Folder for all compiled code: ``NUMBA_CACHE_DIR``, else the user's cache folder."""
    if given := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(given) / "spvrisk"
    return cache_root() / "kernel"


def _key() -> str:
    """Digest of all that the machine code depends on, apart from the processor (numba sees to that)."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for source in sorted([*here.glob("*.py"), *(here.parent / "plan" / name for name in ("arrays.py", "names.py"))]):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    # the lane count that kernel.lanes will take: importing it here would fix it too early
    lanes = os.environ.get("SPVRISK_LANES", LANES)
    switches = (numba.__version__, llvmlite.__version__, _config.BOUNDSCHECK, _config.OPT, lanes)
    digest.update(repr(tuple(map(str, switches))).encode())
    return digest.hexdigest()[:20]


def is_compiled() -> bool:
    """Whether machine code of the kernel's entry point lies ready."""
    return any((_base() / _key()).glob("**/run.run_paths-*.nbi"))


@contextlib.contextmanager
def cache_folder() -> Iterator[Path]:
    """Let functions that are decorated inside keep their machine code in our folder.

    Other code's setting is left alone.
    """
    folder = _base() / _key()
    with contextlib.suppress(OSError):  # a read-only home: numba falls back to compiling in every process
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        sweep(folder.parent, folder)
    before = _config.CACHE_DIR
    _config.CACHE_DIR = str(folder) if os.access(folder, os.W_OK) else before
    try:
        yield folder
    finally:
        _config.CACHE_DIR = before
