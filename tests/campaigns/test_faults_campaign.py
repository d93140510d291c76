"""Calls of the system that a run makes fail one by one, and each of its larger allocations (budget: 8 minutes).

After SQLite's tests: the n-th call fails, n = 1, 2, ... until a run passes. Every run that fails says so in a sentence,
leaves no half-written file and loses nothing: it is gone on with, and the content is that of a run from the start.
What was found is kept in ``docs/validation/faults.md``.
"""

import errno
import io
import os
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest

import spvrisk
from spvrisk.config import load
from spvrisk.dataset.place import run_folder
from spvrisk.errors import InputError, RunError
from spvrisk.experiments.kept import Manner
from spvrisk.experiments.run import run_study
from spvrisk.experiments.task import settings_of
from spvrisk.plan.shared import LEAF

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
PATHS = 2 * LEAF + 77
PAGE = Path(__file__).resolve().parents[2] / "docs" / "validation" / "faults.md"
EACH, STRIDE = 40, 41
"""Of each kind, calls up to which every one fails, and every so manieth beyond: HDF5 writes a thousand small pieces."""

OF_SYSTEM = ("open", "write", "fsync", "replace", "link", "unlink", "truncate", "mkdir", "posix_fallocate", "rmdir")
QUIET = {"unlink", "rmdir"}
"""Calls that tidy up: a run may pass without them."""


class Faults:
    """Counts calls that concern a folder, and has one of them fail."""

    def __init__(self, folder, fails):
        self.folder, self.fails, self.calls, self.failed = str(folder), fails, [], ""

    def concerns(self, what):
        if isinstance(what, int):
            try:
                what = os.readlink(f"/proc/self/fd/{what}")
            except OSError:
                return False
        return str(what).startswith(self.folder)

    def call(self, name, what):
        if self.concerns(what):
            self.calls.append(name)
            if len(self.calls) == self.fails:
                self.failed = name
                raise OSError(errno.EIO, "Input/output error")


class Watched:
    """A file whose writes are counted."""

    def __init__(self, file, path, faults):
        self._file, self._path, self._faults = file, path, faults

    def __getattr__(self, name):
        if name in ("write", "writelines", "truncate"):
            self._faults.call(name, self._path)
        return getattr(self._file, name)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._file.close()

    def __iter__(self):
        return iter(self._file)


@contextmanager
def faults(folder, fails, monkeypatch):
    found = Faults(folder, fails)
    with monkeypatch.context() as patch:
        for name in OF_SYSTEM:
            whole = getattr(os, name)

            def failing(what, *rest, name=name, whole=whole, **options):
                found.call(name, what)
                return whole(what, *rest, **options)

            patch.setattr(os, name, failing)
        whole_open = io.open

        def opened(path, *rest, **options):
            found.call("open", path)
            file = whole_open(path, *rest, **options)
            return Watched(file, path, found) if found.concerns(path) and file.writable() else file

        patch.setattr(io, "open", opened)
        yield found


def run(loaded, out, **manner):
    settings = settings_of(loaded, PATHS, None).model_copy(update={"workers": 1, "leaves_per_shard": 1})
    run_study(loaded, out, settings, Manner(**manner))
    with h5py.File(out) as result:
        return result.attrs["content_sha256"]


@pytest.fixture(scope="module")
def loaded():
    return load(STARTER)


@pytest.fixture(scope="module")
def expected(loaded, tmp_path_factory):
    return run(loaded, tmp_path_factory.mktemp("whole") / "r.h5")


def numbers(calls):
    """Of the calls that are to fail."""
    met: Counter[str] = Counter()
    for n, name in enumerate(calls, 1):
        met[name] += 1
        if met[name] <= EACH or met[name] % STRIDE == 0:
            yield n


@pytest.fixture(scope="module")
def report():
    """Lines of the page, written at the end."""
    lines: dict[str, str] = {}
    yield lines
    if len(lines) == 3:
        head = (
            "# Calls that fail\n\nMade by `make campaign` (tests/campaigns/test_faults_campaign.py): "
            f"the starter study, {PATHS:,} paths in 3 shards on one thread. The n-th call of the system on the run's "
            f"folder fails with an input/output error: of each kind of call the first {EACH} one by one, and every "
            f"{STRIDE}th of the others. A run that fails says so in a sentence and leaves no half-written file; gone "
            "on with, each came to the content of a run from the start.\n"
        )
        PAGE.write_text("\n".join([head, *lines.values()]) + "\n", encoding="utf-8")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="/proc")
@pytest.mark.parametrize("keep", [False, True], ids=["in memory", "on disk"])
def test_system__each_call_fails_once(loaded, expected, keep, tmp_path, monkeypatch, report):
    failed: Counter[str] = Counter()
    passes = 0
    with faults(tmp_path, 0, monkeypatch) as found:
        run(loaded, tmp_path / "r.h5", keep=keep)
    for n in numbers(found.calls):
        folder = tmp_path / str(n)
        folder.mkdir()
        out = folder / "r.h5"
        with faults(folder, n, monkeypatch) as found:
            try:
                assert run(loaded, out, keep=keep) == expected
                passed = True
            except (RunError, InputError) as error:
                passed = False
                said = str(error)
        failed[found.failed] += 1
        passes += passed
        if passed:
            assert found.failed in {*QUIET, "link", "mkdir", "posix_fallocate", "open", "write"}, (
                n,
                found.failed,
            )  # also the journal
        else:
            assert "Traceback" not in said and len(said.splitlines()) <= 2, said
            assert not out.exists() or found.failed in ("open", "fsync", *QUIET), (n, found.failed)
        left = {file.suffix for file in run_folder(out).iterdir()} if run_folder(out).exists() else set()
        assert left <= {".shard", ".json", ".jsonl"} or found.failed in QUIET, (n, found.failed, left)
        assert run(loaded, out, resume=True) == expected
    assert min(failed[name] for name in ("fsync", "open", "write", "unlink")) > 0 and not failed[""]
    kinds = ", ".join(f"{name} {n}" for name, n in sorted(failed.items()))
    report[str(keep)] = (
        f"- **Shards {'on the disk' if keep else 'in memory'}**: {failed.total()} calls failed in turn ({kinds}); "
        f"{failed.total() - passes} runs failed with a sentence, {passes} could do without the call."
    )


ROOM = 1 << 14
"""Bytes from which an allocation counts."""


def test_memory__each_larger_allocation_fails_once(loaded, expected, tmp_path, monkeypatch, report):
    whole, n = np.empty, 0
    while True:
        n += 1
        out, count = tmp_path / f"{n}.h5", [0]

        def empty(shape, dtype=float, *rest, **options):
            if np.prod(shape, dtype=float) * np.dtype(dtype).itemsize >= ROOM:
                count[0] += 1  # noqa: B023
                if count[0] == n:  # noqa: B023
                    raise MemoryError
            return whole(shape, dtype, *rest, **options)

        with monkeypatch.context() as patch:
            patch.setattr(np, "empty", empty)
            try:
                assert run(loaded, out) == expected
            except RunError as error:
                assert "the machine has not enough memory" in str(error) and not out.exists()
        if count[0] < n:
            break
        assert run(loaded, out, resume=True) == expected
    assert n > 10
    report["memory"] = (
        f"- **Memory**: each of the {n - 1} allocations of {ROOM:,} bytes or more by `numpy.empty` failed in turn; "
        "all runs said that memory does not suffice, and went on to the same content."
    )
