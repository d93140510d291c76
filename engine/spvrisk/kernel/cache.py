"""Where machine code is kept, for which target, and what its self-test said.

numba keys its cache by the file of the function that is called, not by those of the functions that it calls in turn:
after an edit of a clause, a new process would go on with the old machine code. The folder is therefore named by a
digest of every kernel source, of the compiler's versions and switches, and of the target.

To ask for the target (`settled`), as every module of compiled code does when it is imported, sets numba's target, and
`kernel.linking` an option of LLVM, for all that numba compiles in the process afterwards.

Files of machine code are sealed with a digest: numba would unpickle, and run, whatever bytes stand there.

Each folder holds the machine code of one target and, once its self-test has run (`spvrisk.runner.proof`), a stamp
with the outcome. The first target of the ladder whose code has not been refused is the one of this process.
"""

import contextlib
import hashlib
import json
import os
import pickle
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import llvmlite
import numba
from numba.core import caching

from spvrisk.files import cache_root, replacing, sweep
from spvrisk.kernel.target import Target, ladder, switches, use
from spvrisk.plan.inputs import INPUTS
from spvrisk.plan.outputs import layout_of_rows

PASSED, REFUSED, CANNOT_RUN, NOT_PROVEN = _OUTCOMES = "passed", "refused", "cannot run here", "not proven"

SHIPPED = PLANS, DIGESTS = "self_test_plans.xz", "self_test.json"
"""Files of the package's data that the self-test reads."""

ASKED = "SPVRISK_SELF_TEST_TARGET"
"""Environment variable by which a process is told the target that it is to prove."""

_STAMP = "self-test.json"
_SEAL = "sha256"
_SEAL_BYTES = 32
_config: Any = numba.config  # its names are made at run time
_caching: Any = caching


class _SealedFiles(_caching.IndexDataCacheFile):  # type: ignore[misc]
    """numba's files of a function, index and code, each begun by a digest of its name and of what follows.

    What is damaged raises a ValueError before it is unpickled.
    """

    def _load_index(self) -> dict[Any, str]:
        try:
            version, stamp, overloads = pickle.loads(_unsealed(self._index_path))
        except FileNotFoundError:
            return {}
        found: dict[Any, str] = overloads
        return found if (version, stamp) == (self._version, self._source_stamp) else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._save_sealed(self._index_path, (self._version, self._source_stamp, overloads))

    def _load_data(self, name: str) -> Any:
        return pickle.loads(_unsealed(self._data_path(name)))

    def _save_data(self, name: str, data: Any) -> None:
        self._save_sealed(self._data_path(name), data)

    def _save_sealed(self, path: str, content: Any) -> None:
        data = self._dump(content)
        with self._open_for_write(path) as file:
            file.write(_seal(path, data) + data)


def _seal(path: str, data: bytes) -> bytes:
    return hashlib.new(_SEAL, Path(path).name.encode() + b"\0" + data).digest()


def _unsealed(path: str) -> bytes:
    content = Path(path).read_bytes()
    seal, data = content[:_SEAL_BYTES], content[_SEAL_BYTES:]
    if seal != _seal(path, data):
        raise ValueError(f"{path} is damaged")
    return data


class Stamp(NamedTuple):
    """What the self-test of a target's machine code said.

    Attributes
    ----------
    outcome
        `PASSED`, `REFUSED`, `CANNOT_RUN` (the machine does not know its instructions) or `NOT_PROVEN` (the sources are
        not those that the shipped digests were made with).
    detail
        What differed, or why nothing could be proved.
    shipped
        Digest of the plans and digests that it was tested by.
    """

    outcome: str
    detail: str = ""
    shipped: str = ""

    @property
    def usable(self) -> bool:
        """Whether the code may be run."""
        return self.outcome in (PASSED, NOT_PROVEN)


@cache
def shipped_digest() -> str:
    """Digest of what ships for the self-test: once that is other, an earlier stamp says nothing."""
    data = files("spvrisk").joinpath("data")
    return hashlib.sha256(b"".join(data.joinpath(name).read_bytes() for name in SHIPPED)).hexdigest()


@cache
def sources_digest() -> str:
    """Digest of every source that the machine code, or the layout of a plan, depends on."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    compiled = (source for source in here.glob("*.py") if source.name != Path(__file__).name)
    for source in sorted([*compiled, *(here.parent / "plan" / name for name in ("arrays.py", "shared.py"))]):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    # not the tables' text, which says more than code depends on
    digest.update((layout_of_rows() + repr([each.name for each in INPUTS])).encode())
    return digest.hexdigest()


def folder_of(target: Target) -> Path:
    """Folder of a target's machine code; it need not be there yet."""
    # not the target's name, which is for people
    made_for = (target.cpu, target.features, target.vectorise)
    compiler = (numba.__version__, llvmlite.__version__, *sorted(switches().items()), made_for, _SEAL)
    key = hashlib.sha256((sources_digest() + repr(compiler)).encode()).hexdigest()
    return _base() / key[:20]


def stamp_of(target: Target) -> Stamp | None:
    """What the self-test of a target's code said; None if it has not run, or by what does not ship any more."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        stamp = Stamp(**json.loads((folder_of(target) / _STAMP).read_text(encoding="utf-8")))
        if stamp.outcome in _OUTCOMES and stamp.shipped == shipped_digest():
            return stamp
    return None


def discard() -> None:
    """Throw this process' target's code away, which cannot be loaded."""
    shutil.rmtree(folder_of(settled()), ignore_errors=True)


def put_stamp(target: Target, stamp: Stamp) -> None:
    """Keep what a self-test said, where it can be kept; code that may not be run is thrown away."""
    folder = folder_of(target)
    if not stamp.usable:
        shutil.rmtree(folder, ignore_errors=True)
    if is_kept(target):
        # another process may sweep the folder meanwhile: then it has not been proved
        with contextlib.suppress(OSError), replacing(folder / _STAMP) as temporary:
            told = stamp._replace(shipped=shipped_digest())
            temporary.write_text(json.dumps(told._asdict()), encoding="utf-8")


def chosen() -> Target | None:
    """The first target whose code may be run or has not been tried; None if there is none."""
    return next((target for target in ladder() if (stamp := stamp_of(target)) is None or stamp.usable), None)


@cache
def settled() -> Target:
    """The target of this process, fixed when it is first asked for: before the kernel's first decorator.

    That which another process has named in the environment (see `asked`), else the first that may be used.
    """
    target = asked() or chosen() or ladder()[-1]
    use(target)
    return target


def asked() -> Target | None:
    """The target that this process was started to prove, whatever stamps there are; None in all others."""
    text = os.environ.get(ASKED)
    return None if text is None else Target(*json.loads(text))


def is_kept(target: Target) -> bool:
    """Whether machine code can be handed from process to process."""
    folder = folder_of(target)
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return os.access(folder, os.W_OK)


@contextlib.contextmanager
def cache_folder() -> Iterator[Path]:
    """Let functions that are decorated inside keep their machine code in our folder, sealed.

    Where that cannot be written to, in one of this process alone: numba's own choice, beside the sources, would serve
    old code after an edit. Other code's setting is left alone.
    """
    target = settled()
    folder, kept = folder_of(target), is_kept(target)
    if kept:
        os.utime(folder)
        sweep(folder.parent, folder)
    before = _config.CACHE_DIR, _caching.IndexDataCacheFile
    _config.CACHE_DIR = str(folder) if kept else _folder_of_process().name
    _caching.IndexDataCacheFile = _SealedFiles
    try:
        yield folder
    finally:
        _config.CACHE_DIR, _caching.IndexDataCacheFile = before


@cache
def _folder_of_process() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="spvrisk-kernel-")


def _base() -> Path:
    """Folder for all compiled code: ``NUMBA_CACHE_DIR``, else the user's cache folder."""
    if given := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(given) / "spvrisk"
    return cache_root() / "kernel"
