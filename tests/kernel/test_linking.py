"""Parts that stay as they are lowered, and entry points that link them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import spvrisk

PROGRAM = """
import numpy as np
from numba import njit
from spvrisk.kernel import linking
from spvrisk.kernel.linking import address_of, call_at, entry_point, part
from spvrisk.kernel.maths import clause, entry, fused, stage

{before}

@part
def twice(x):
    return 2.0 * x

@part
def sum_of_doubles(x, y):
    return twice(x) + twice(y)

@entry_point("float64(float64, float64)")
def of_statistics(x, y):
    return sum_of_doubles(x, y) / 4.0

@fused
def square(x):
    return x * x

@clause
def sum_of_squares(w):
    total = 0.0
    for x in w:
        total += square(x)
    return total

@entry
def of_the_kernel(x, y):
    return sum_of_squares((x, y))

@stage
def put_sum_of_squares(w, out):
    out[0] = sum_of_squares(w)

@entry
def in_stages(address, w, out):
    call_at(address, (w, out))
    return out[0]

{after}
"""
VALUES = "print(of_statistics(3.0, 5.0), of_the_kernel(3.0, 4.0))"
HITS = "print(*(sum(f.stats.cache_hits.values()) for f in (of_statistics, of_the_kernel)))"
LIBRARIES = "print(*(type(f.overloads[f.signatures[0]].library).__name__ for f in (sum_of_doubles, of_statistics)))"
IN_STAGES = """
w, out = np.array([3.0, 4.0]), np.zeros(1)
address = address_of(put_sum_of_squares, (w, out))
print(in_stages(address, w, out), sum(put_sum_of_squares.stats.cache_hits.values()))
"""
FAILING_STAGE = """
@stage
def beyond(w, out):
    out[0] = w[w.size + 1]

try:
    in_stages(address_of(beyond, (w, out)), w, out)
except IndexError as error:
    print(error)
"""
COMPILED_CALLER = """
@njit
def caller(x, y):
    return {name}(x, y)

try:
    caller(3.0, 4.0)
except AssertionError as error:
    print(error)
"""


@pytest.fixture
def run(tmp_path):
    """Run the program in a new process, with the same folder of machine code each time."""
    file = tmp_path / "program.py"
    env = {key: value for key, value in os.environ.items() if not key.startswith("NUMBA_")}
    env |= {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(Path(spvrisk.__file__).parents[1])}

    def execute(*after, before=""):
        text = PROGRAM.format(before=before, after="\n".join(after))
        if not file.exists() or file.read_text(encoding="utf-8") != text:  # its age is part of the code's name
            file.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, str(file)], env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return execute


def test_entry_point__links_parts_of_parts_and_is_kept(run):
    assert run(VALUES, HITS) == ["4.0 25.0", "0 0"]
    assert run(VALUES, HITS) == ["4.0 25.0", "1 1"]


def test_parts__are_not_made_machine_code(run):
    assert run(VALUES, LIBRARIES) == ["4.0 25.0", "_Part _EntryPoint"]


@pytest.mark.parametrize("name", ["of_statistics", "of_the_kernel"])
def test_entry_point__is_not_called_from_compiled_code(run, name):
    """What is kept of it has no code to link: neither fresh nor loaded is it ever called by mistake."""
    caller = COMPILED_CALLER.format(name=name)
    for _ in ("fresh", "loaded"):
        values, told = run(VALUES, caller)
        assert values == "4.0 25.0" and "an entry point is called from Python alone" in told


def test_unknown_version_of_numba__compiles_as_numba_does(run):
    before = "linking.KNOWN = (0, 1), (0, 2)"
    assert run(VALUES, LIBRARIES, before=before) == ["4.0 25.0", "JITCodeLibrary JITCodeLibrary"]
    assert run(VALUES, HITS, before=before) == ["4.0 25.0", "0 0"]


@pytest.mark.parametrize("before", ["", "linking.KNOWN = (0, 1), (0, 2)"])
def test_stage__is_called_by_its_address_and_is_kept(run, before):
    assert run(IN_STAGES, before=before) == ["25.0 0"]
    assert run(IN_STAGES, before=before) == ["25.0 1"]


def test_stage__its_errors_reach_the_caller(run):
    before = "import numba; numba.config.BOUNDSCHECK = 1"
    assert run(IN_STAGES, FAILING_STAGE, before=before)[1] == "index is out of bounds"
