"""Machine code that is kept must never be older than its sources, nor miss the checks that were asked for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import spvrisk

# a kernel in little: an entry in one file that calls clauses of others, kept in the kernel's cache
LITTLE = """
from spvrisk.kernel.maths import entry
from spvrisk.kernel.split import tiers
from spvrisk.kernel.whole_rows import largest

@entry
def pay(cash, due, first, second):
    return tiers(cash, due, first, second)[1]

@entry
def peek(w, row):
    return largest(w, row)
"""

PAY = """
from spvrisk.kernel.little import pay
print(pay(10.0, 2.0, 0.5, 0.1), sum(pay.stats.cache_hits.values()))
"""

PEEK = """
import numpy as np
from spvrisk.kernel.little import peek
whole = np.arange(64.0 * 1024)
print(peek(whole[:{length}], np.uint64(1000)) > 0, sum(peek.stats.cache_hits.values()))
"""


@pytest.fixture
def run(tmp_path):
    """Run a program in a new process on a copy of the package, always with the same cache folder."""
    source = Path(spvrisk.__file__).parent
    shutil.copytree(source, tmp_path / "spvrisk", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "spvrisk" / "kernel" / "little.py").write_text(LITTLE, encoding="utf-8")

    def execute(program, **switches):
        env = {key: value for key, value in os.environ.items() if not key.startswith("NUMBA_")}
        env.update(PYTHONPATH=str(tmp_path), NUMBA_CACHE_DIR=str(tmp_path / "cache"), **switches)
        done = subprocess.run(
            [sys.executable, "-c", program], env=env, capture_output=True, text=True, encoding="utf-8"
        )
        return done.stdout.split(), done.stderr

    execute.package = tmp_path / "spvrisk"
    return execute


def test_cache__sees_the_edit_of_a_called_clause(run):
    """Due 2 of cash 10: funder 2 + 0.1 (10 - 4) = 2.6; with the second tier doubled 3.2."""
    assert run(PAY)[0] == ["2.6", "0"]
    assert run(PAY)[0] == ["2.6", "1"]  # the second process finds the machine code of the first
    split = run.package / "kernel" / "split.py"
    text = split.read_text(encoding="utf-8")
    edited = text.replace("+ second * larger(", "+ 2.0 * second * larger(")
    assert edited != text
    split.write_text(edited, encoding="utf-8")
    assert run(PAY)[0] == ["3.2", "0"]


def test_cache__bounds_are_checked_after_a_warm_run_and_not_in_the_reverse(run):
    inside, beyond = PEEK.format(length=2000), PEEK.format(length=100)
    assert run(inside)[0] == ["True", "0"]
    out, errors = run(beyond, NUMBA_BOUNDSCHECK="1")
    assert not out and "IndexError" in errors
    assert run(beyond)[0] == ["True", "1"]  # checked code is not served to users, who read on (here into our own array)


HEALED = """
from spvrisk.kernel.little import pay
from spvrisk.runner.shard import whole
told = []
whole(lambda: pay(10.0, 2.0, 0.5, 0.1), told.append)
print(pay(10.0, 2.0, 0.5, 0.1), len(told))
"""


def damages(content):
    """Of code and of its index, from the first byte to the last: where nothing but a digest tells, too."""
    noise = bytes(range(100, 164))
    for at in (0, len(content) // 4, len(content) // 2, 3 * len(content) // 4, len(content) - 64):
        yield content[:at] + noise + content[at + 64 :]
    yield content[: len(content) // 2]
    yield content[:-1]
    yield b""
    yield content[:20] + bytes([content[20] ^ 1]) + content[21:]


@pytest.mark.parametrize("ending", ["nbc", "nbi"])
def test_cache__damaged_files_are_known_before_they_are_unpickled(run, ending, tmp_path):
    assert run(PAY)[0] == ["2.6", "0"]
    (file,) = tmp_path.glob(f"cache/**/little.pay*.{ending}")
    content = file.read_bytes()
    for damaged in damages(content):
        file.write_bytes(damaged)
        out, errors = run(PAY)
        assert not out and errors.splitlines()[-1] == f"ValueError: {file} is damaged"
    file.write_bytes(content)
    assert run(PAY)[0] == ["2.6", "1"]


def test_cache__code_of_another_function_is_not_taken(run, tmp_path):
    run(PAY)
    run(PEEK.format(length=2000))
    (pay,), (peek,) = (list(tmp_path.glob(f"cache/**/little.{name}*.nbc")) for name in ("pay", "peek"))
    pay.write_bytes(peek.read_bytes())
    assert "is damaged" in run(PAY)[1]


def test_cache__damaged_code_is_made_anew(run, tmp_path):
    run(PAY)
    (file,) = tmp_path.glob("cache/**/little.pay*.nbc")
    content = file.read_bytes()
    middle = len(content) // 2
    file.write_bytes(content[:middle] + bytes(64) + content[middle + 64 :])
    assert run(HEALED)[0] == ["2.6", "1"]
    assert run(HEALED)[0] == ["2.6", "0"]


def test_cache__other_code_keeps_its_own_files():
    from numba.core import caching

    import spvrisk.kernel.maths

    assert spvrisk.kernel.maths.entry and caching.IndexDataCacheFile.__module__ == "numba.core.caching"
