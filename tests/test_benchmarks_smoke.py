"""Benchmarks run, at a size that says nothing about speed, so that they cannot rot; long ones in the campaign."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
KINDS = ("time_", "track_", "peakmem_")
"""What asv takes for a benchmark, as far as the suite has it."""


@pytest.mark.parametrize(
    ("script", "arguments", "word"),
    [
        ("side_by_side.py", ["--quick", "--paths", "512"], "NumPy / kernel"),
        ("agreement.py", ["--paths", "64"], "npv_funder"),
        ("what_ifs.py", ["--paths", "64", "--rounds", "1"], "processor time"),
        ("outer_runs.py", ["--outer", "2", "--rounds", "1"], "processor time"),
    ],
)
def test_benchmark__runs(script, arguments, word):
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert word in done.stdout


@pytest.fixture
def benchmarks(monkeypatch):
    """The folder of the benchmarks, from which its files import one another."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def suite_benchmarks():
    """Module, class and function of each benchmark that asv would find; nothing is loaded to see them."""
    for file in sorted((BENCHMARKS / "suite").glob("bench_*.py")):
        for owner in ast.parse(file.read_text(encoding="utf-8")).body:
            for item in getattr(owner, "body", ()):
                if isinstance(item, ast.FunctionDef) and item.name.startswith(KINDS):
                    yield file.stem, owner.name, item.name


@pytest.fixture
def tiny(benchmarks, monkeypatch):
    """Sizes at which each benchmark takes a moment."""
    from suite import sizes

    for name, value in {"paths": 256, "kernel_paths": 64, "command_paths": 64, "rounds": 1, "cold": False}.items():
        monkeypatch.setattr(sizes.SIZE, name, value)


@pytest.mark.parametrize(("module", "owner", "name"), list(suite_benchmarks()))
def test_suite_benchmark__runs_once(tiny, module, owner, name):
    kind = getattr(importlib.import_module(f"suite.{module}"), owner)
    for arguments in [(value,) for value in getattr(kind, "params", ())] or [()]:
        benchmark = kind()
        getattr(benchmark, "setup", lambda *_: None)(*arguments)
        result = getattr(benchmark, name)(*arguments)
        assert result is None or name.startswith("track_") and np.isfinite(result)


def test_suite__covers_what_it_is_meant_to():
    """The list of subjects: a benchmark that is no longer found is missed."""
    assert {name for _, _, name in suite_benchmarks()} == {
        *("track_stage", "track_path"),
        *("time_help", "time_version", "time_short_run", "track_cold"),
        *("peakmem_run", "time_measures", "time_write", "time_open"),
    }


@pytest.mark.parametrize("module", ["numpy_engine", "numpy_draws", "frozen_plan", "kernel_form"])
def test_frozen_benchmark__needs_nothing_of_the_engine(module):
    """What was frozen cannot break with the engine, since it imports none of it."""
    code = f"import sys, {module}; print([name for name in sys.modules if name.split('.')[0] == 'spvrisk'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=BENCHMARKS, capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "[]", done.stderr


def test_freeze__yields_what_the_numpy_versions_read(benchmarks, tmp_path):
    from freeze import freeze
    from frozen_plan import load
    from numpy_engine import NumpyEngine

    freeze(tmp_path / "plan.npz")
    NumpyEngine(load(tmp_path / "plan.npz"))


def test_numpy_engine__agrees_with_the_kernel_path_by_path(benchmarks):
    """On the same draws both versions come to the same numbers."""
    from agreement import differences

    found = differences(seed=7, n=2048)
    assert max(found.values()) <= 1e-9, {key: value for key, value in found.items() if value > 1e-9}


def test_numpy_engine__refuses_what_it_does_not_know(benchmarks):
    import frozen_plan
    from numpy_engine import NumpyEngine

    plan = frozen_plan.load()
    plan.study["mode"] = 1
    with pytest.raises(ValueError, match="not: splits other than periodic"):
        NumpyEngine(plan)


@pytest.mark.parametrize("tuned", [False, True])
def test_numpy_engine__agrees_with_the_kernel_on_the_whole(benchmarks, tuned):
    """On draws of its own a yardstick does the same work: means within 5 standard errors of their difference."""
    import frozen_plan
    from numpy_engine import NumpyEngine
    from suite.engine import compiled, whole_engine

    done, n = compiled(frozen_plan.STUDY), 4096
    ledger = whole_engine(done, workers=1, seed=5)(n)
    other = NumpyEngine(frozen_plan.load(), tuned=tuned).run(n, np.random.default_rng(6))
    for key, theirs in other.series.items():
        ours = ledger.column(done.labels.series.index(key))
        ours, theirs = ours[np.isfinite(ours)], theirs[np.isfinite(theirs)]
        assert abs(ours.size - theirs.size) <= 5 * np.sqrt(n), key
        if min(ours.size, theirs.size) < 30:  # hardly ever on any path
            continue
        error = np.sqrt(ours.var() / max(ours.size, 1) + theirs.var() / max(theirs.size, 1))
        assert abs(ours.mean() - theirs.mean()) <= 5 * error + 1e-9 * abs(ours.mean()), key
    occupancy = ledger.sums().occupancy / n
    np.testing.assert_allclose(occupancy, other.occupancy / n, atol=5 * 0.5 * np.sqrt(2 / n))
