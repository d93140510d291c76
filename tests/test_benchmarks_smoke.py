"""Benchmarks run, at a size that says nothing about speed, so that they cannot rot."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.mark.parametrize(
    ("script", "arguments", "word"),
    [
        ("side_by_side.py", ["--quick", "--paths", "512"], "NumPy / kernel"),
        ("kernel_form.py", ["--paths", "512", "--rounds", "1"], "us"),
    ],
)
def test_benchmark__runs(script, arguments, word):
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert word in done.stdout
