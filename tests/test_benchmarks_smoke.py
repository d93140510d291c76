"""Benchmarks run, at a size that says nothing about speed, so that they cannot rot."""

import subprocess
import sys
from pathlib import Path

import numpy as np
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


@pytest.fixture
def benchmarks(monkeypatch):
    """The folder of the benchmarks, from which its files import one another."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["events.deal_2029.outcome=terminated", "events.s122_expiry.outcome=s122_again"],
        ["projects.smr.construction.budget_basis=real", "agreement.funding.commitment=60000"],
    ],
)
def test_numpy_engine__agrees_with_the_kernel_path_by_path(benchmarks, overrides):
    """On the same draws both versions come to the same numbers."""
    from agreement import differences
    from side_by_side import LEFT_OUT, STUDY, compiled

    found = differences(*compiled(STUDY, [*LEFT_OUT, *overrides]), seed=7, n=512)
    assert max(found.values()) <= 1e-9, {key: value for key, value in found.items() if value > 1e-9}


def test_numpy_engine__refuses_what_it_does_not_know(benchmarks):
    from numpy_engine import NumpyEngine
    from side_by_side import LEFT_OUT, STUDY, compiled

    with pytest.raises(ValueError, match="not: splits other than periodic"):
        NumpyEngine(*compiled(STUDY, [*LEFT_OUT, "agreement.split.mode=cumulative"]))


@pytest.mark.parametrize("tuned", [False, True])
def test_numpy_engine__agrees_with_the_kernel_on_the_whole(benchmarks, tuned):
    """On draws of its own a yardstick does the same work: means within 5 standard errors of their difference."""
    from numpy_engine import NumpyEngine
    from side_by_side import LEFT_OUT, STUDY, compiled
    from spvrisk.runner.simulate import Settings, simulate

    plan, labels = compiled(STUDY, LEFT_OUT)
    n = 4096
    sums, store = simulate(plan, labels, Settings(n, 5, 1, 1))
    other = NumpyEngine(plan, labels, tuned=tuned).run(n, np.random.default_rng(6))
    compared = 0
    for s, key in enumerate(labels.series):
        ours, theirs = store.values[s], other.series[key]
        ours, theirs = ours[np.isfinite(ours)], theirs[np.isfinite(theirs)]
        assert abs(ours.size - theirs.size) <= 5 * np.sqrt(n), key
        compared += 1
        if min(ours.size, theirs.size) < 30:  # hardly ever on any path
            continue
        error = np.sqrt(ours.var() / max(ours.size, 1) + theirs.var() / max(theirs.size, 1))
        assert abs(ours.mean() - theirs.mean()) <= 5 * error + 1e-9 * abs(ours.mean()), key
    occupancy = sums.occupancy / n
    np.testing.assert_allclose(occupancy, other.occupancy / n, atol=5 * 0.5 * np.sqrt(2 / n))
    assert compared == len(labels.series)
