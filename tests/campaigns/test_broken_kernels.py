"""Kernels with a fault, compiled for good: each run fails by itself. A kernel takes a minute and a half to be made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import spvrisk

STUDY = Path(__file__).resolve().parents[2] / "configs" / "japan_us_2026.yaml"
ROWS = "an attribute of states is worth what they last times their values"


@pytest.fixture
def run_broken(tmp_path):
    """Run the main study with one line of a kernel's file changed."""
    shutil.copytree(Path(spvrisk.__file__).parent, tmp_path / "spvrisk", ignore=shutil.ignore_patterns("__pycache__"))

    def run(file, line, instead, **switches):
        source = tmp_path / "spvrisk" / "kernel" / file
        text = source.read_text(encoding="utf-8")
        assert text.count(f"\n{line}\n") == 1
        source.write_text(text.replace(f"\n{line}\n", f"\n{instead}\n"), encoding="utf-8")
        env = {key: value for key, value in os.environ.items() if not key.startswith(("NUMBA_", "SPVRISK_"))}
        env |= {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "cache"), **switches}
        out = tmp_path / "r.h5"
        command = [sys.executable, "-m", "spvrisk", "run", str(STUDY), "--paths", "500", "--out", str(out)]
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8")
        assert not out.exists() and Path(f"{out}.failed.h5").exists() == (done.returncode == 1)
        return done.returncode, done.stderr

    return run


def test_kernel__time_in_a_state_not_taken_out_of_its_last_step(run_broken):
    line = "    w[row + t * L + world.lane] -= value * (t + 1.0 - last)"
    code, told = run_broken("regimes.py", line, "    pass")
    assert code == 1 and ROWS in told


def test_kernel__host_that_has_what_tier_one_leaves(run_broken):
    code, told = run_broken(
        "split.py", "    return tier, funder, cash - funder", "    return tier, funder, cash - tier"
    )
    assert code == 1 and "funder and host have the available cash" in told
