"""Benchmarks that take long to start, run at a size that says nothing about speed (`make campaign`). Minutes: 1."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def test_kernel_form__runs():
    command = [sys.executable, str(BENCHMARKS / "kernel_form.py"), "--paths", "512", "--rounds", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "us" in done.stdout


def test_memory__writes_a_page_and_a_picture(tmp_path):
    starter = BENCHMARKS.parent / "engine" / "spvrisk" / "data" / "starter.yaml"
    words = ["--study", str(starter), "--paths", "1000", "20000", "--to", str(tmp_path)]
    command = [sys.executable, str(BENCHMARKS / "memory.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "memory.md").read_text(encoding="utf-8")
    assert "| 20,000 | " in page and "in memory 20,000 paths take" in page.lower()
    assert ElementTree.parse(tmp_path / "memory.svg").getroot().tag.endswith("svg")
