"""Plans have the same bits whatever the processor: NumPy's loops for newer ones are turned off in child processes."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from plan_digests import STUDIES

from processors import features
from spvrisk.config import load
from spvrisk.plan.compile import compile_study
from spvrisk.plan.digest import plan_sha256

FOLDER = Path(__file__).parent
AVX512 = [name for name in features() if name.startswith("AVX512") or name == "X86_V4"]


def child(folder: Path, off: list[str], **variables: str) -> dict[str, Any]:
    """What `plan_digests` prints without some features; nothing is taken from a cache."""
    caches = {name: str(folder / "cache") for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME")}
    path = os.pathsep.join([*map(str, (FOLDER, FOLDER.parent)), os.environ.get("PYTHONPATH", "")])
    changed = {**caches, "PYTHONPATH": path, "NPY_DISABLE_CPU_FEATURES": " ".join(off), **variables}
    command = [sys.executable, str(FOLDER / "plan_digests.py")]
    done = subprocess.run(command, env={**os.environ, **changed}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert not set(off) & set(found["features"])
    return found


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found = child(tmp_path_factory.mktemp("here"), [])
    assert found["features"] == features()
    return found


def told_apart(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Names of what differs; laws of scipy.stats may, whose functions are NumPy's."""
    assert len(one["digests"]) == len(other["digests"]) >= 60
    names = (name for name, digest in one["digests"].items() if other["digests"][name] != digest)
    return [name for name in names if not name.startswith("law scipy_")]


@pytest.mark.skipif(not AVX512, reason="NumPy uses no AVX-512 here")
def test_plan__the_same_without_avx512(here: dict[str, Any], tmp_path: Path) -> None:
    assert told_apart(here, child(tmp_path, AVX512)) == []


@pytest.mark.skipif(not features(), reason="NumPy uses nothing here that it could do without")
def test_plan__the_same_on_the_oldest_processor(here: dict[str, Any], tmp_path: Path) -> None:
    """No loops but the baseline's, and the matrix products of a processor of 2004."""
    oldest = {"OPENBLAS_CORETYPE": "Prescott"} if platform.machine() in ("x86_64", "AMD64") else {}
    assert told_apart(here, child(tmp_path, features(), **oldest)) == []


def test_plan__the_same_in_this_process_from_the_cache(here: dict[str, Any]) -> None:
    for path in STUDIES[-4:]:
        assert plan_sha256(compile_study(load(path).study).plan) == here["digests"][path.stem]
