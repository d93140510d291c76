"""Shards taken up in sketches: the same in any order, whoever makes them, broken off or extended; near what all say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import spvrisk
from spvrisk.aggregate.facts import OfPaths
from spvrisk.aggregate.sets import Sets, codes_of
from spvrisk.aggregate.sketch import Resolution
from spvrisk.dataset.variables import conditions
from spvrisk.errors import RunError
from spvrisk.measures.source import SketchSource
from spvrisk.plan.shared import LEAF
from spvrisk.runner.execute import compute, in_threads
from spvrisk.runner.folder import SKETCHES, FolderLedger
from spvrisk.runner.ledger import MemoryLedger
from spvrisk.runner.processes import in_processes
from spvrisk.runner.shard import run_shard
from spvrisk.runner.sketches import Keeping
from spvrisk.runner.taken_up import SketchLedger

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
SHARDS = 7
PATHS = SHARDS * LEAF + 77
KEPT = (3, 5)


@pytest.fixture(scope="module")
def keeping(job):
    number = {key: s for s, key in enumerate(job.labels.series)}
    whole = tuple(Resolution(7, 2000 if name.startswith("npv") else 30, 30) for _, name in job.labels.series)
    projects = tuple(number[unit, "npv_funder"] for unit in job.labels.projects)
    given = conditions(job.labels)
    return Keeping(KEPT, given, whole, Resolution(7, 64, 64), number["portfolio", "npv_funder"], projects, 2000, 3)


@pytest.fixture(scope="module")
def everything(job, made):
    ledger = MemoryLedger(job)
    for k in job.shards:
        ledger.put(k, made[k])
    return ledger


def filled(ledger, made, order):
    for k in order:
        ledger.put(k, made[k])
        ledger.settle()
    return ledger


def bits(ledger):
    """All that a ledger says, as bytes."""
    found = [ledger.sketched(s) for s in range(len(ledger.job.labels.series))]
    sketches = [x.tobytes() for each in found for x in (*each.whole, *each.given, *each.moments())]
    sums, rows = ledger.sums(), [ledger.column(s) for s in ledger.keeping.series]
    return [*sketches, *(x.tobytes() for x in (*ledger.worst(), *rows, *ledger.fans(), *sums.moments, *sums[1:]))]


@pytest.fixture(scope="module")
def expected(job, made, keeping, tmp_path_factory):
    return bits(filled(SketchLedger(tmp_path_factory.mktemp("whole"), job, keeping), made, job.shards))


@pytest.mark.parametrize("order", [(7, 6, 5, 4, 3, 2, 1, 0), (7, 2, 0, 4, 6, 1, 3, 5), (3, 4, 5, 0, 1, 2, 7, 6)])
@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_sketches__are_the_same_in_any_order(job, made, keeping, expected, order, at_once, tmp_path):
    ledger = filled(SketchLedger(tmp_path, job, keeping._replace(at_once=at_once)), made, order)
    assert bits(ledger) == expected and ledger.missing() == []


@pytest.mark.parametrize("executor", [in_threads(2), in_processes(2)], ids=["threads", "processes"])
def test_sketches__are_the_same_by_whomever(job, keeping, expected, executor, tmp_path):
    ledger = SketchLedger(tmp_path, job, keeping)
    compute(ledger, executor)
    assert bits(ledger) == expected


def test_shards__that_are_taken_up_are_cut_down(job, made, keeping, tmp_path):
    ledger = filled(SketchLedger(tmp_path, job, keeping), made, job.shards)
    # of eight, two times three; the last one is short
    assert ledger.missing() == [] and FolderLedger(tmp_path, job).missing() == [0, 1, 2, 3, 4, 5]
    cut, whole = (min(file.stat().st_size for file in tmp_path.glob(name)) for name in ("*08192.shard", "*28672.shard"))
    assert whole - cut > made[0].values.nbytes * (len(job.labels.series) - len(KEPT)) // len(job.labels.series)
    with pytest.raises(RunError, match="taken up in sketches"):
        ledger.shard(0)


def test_moments_and_ranks__are_those_of_all_values(everything, made, job, keeping, tmp_path):
    ledger = filled(SketchLedger(tmp_path, job, keeping), made, job.shards)
    series, given = job.labels.series, keeping.conditions
    names = {name: s for s, (_, name) in enumerate(series)}
    codes = {c.quantity: codes_of(everything.column(names[c.quantity])) for c in given}
    sets = Sets(PATHS, given, codes)
    source = SketchSource(ledger.sketched, ledger.worst(), PATHS, job.labels)
    assert source.n_paths.tolist() == sets.n_paths.tolist()
    for s in range(len(series)):
        values = everything.column(s)
        exact, near = OfPaths(values, sets), source.facts(s)
        (counts, central), (near_counts, near_central) = exact.moments(), near.moments()
        assert (counts[:, 1:] == near_counts[:, 1:]).all()
        scale = np.abs(values[np.isfinite(values)]).max(initial=1.0) ** np.arange(1, 5) * PATHS
        assert (np.abs(central - near_central)[:, 1:] <= 1e-12 * scale[:, None]).all()
        assert (exact.below_zero() == near.below_zero()).all()
        defined = counts[0] + counts[1]
        defined[0] = np.count_nonzero(~np.isnan(values))
        ranks = np.maximum(np.ceil(defined[:, None] * np.array([0.01, 0.3, 0.5, 0.99, 1.0])), 1).astype(np.int64)
        (found, _), (low, high) = exact.at_ranks(ranks), near.at_ranks(ranks)
        there = defined > 0
        assert (low[there] <= found[there]).all() and (found[there] <= high[there]).all()
        assert ledger.lowest(s) == everything.lowest(s) or np.isnan(everything.lowest(s))
    worst = everything.column(keeping.portfolio).argsort(kind="stable")[:2000]
    assert ledger.worst().paths.tolist() == worst.tolist()


def test_resumed__a_process_that_was_killed_costs_no_shard(job, made, keeping, expected, tmp_path):
    """Whatever is on the disk at some moment is gone on with."""
    filled(SketchLedger(tmp_path, job, keeping), made, [5, 1, 3, 0])
    ledger = SketchLedger(tmp_path, job, keeping)
    assert ledger.missing() == [2, 4, 6, 7]
    assert bits(filled(ledger, made, ledger.missing())) == expected


def test_resumed__before_shards_were_cut_down(job, made, keeping, expected, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(SketchLedger, "_cut", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            filled(SketchLedger(tmp_path, job, keeping), made, [0, 1, 2])
    ledger = SketchLedger(tmp_path, job, keeping)
    assert ledger.missing() == [3, 4, 5, 6, 7]
    assert bits(filled(ledger, made, ledger.missing())) == expected


def test_resumed__while_sketches_were_written(job, made, keeping, expected, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("spvrisk.runner.sketches._write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            filled(SketchLedger(tmp_path, job, keeping), made, [0, 1, 2])
    assert not (tmp_path / SKETCHES).exists()
    ledger = SketchLedger(tmp_path, job, keeping)
    assert ledger.missing() == [3, 4, 5, 6, 7]
    assert bits(filled(ledger, made, ledger.missing())) == expected


def test_extended__goes_on_from_fewer_paths(job, made, keeping, expected, tmp_path):
    fewer = replace(job, paths=4 * LEAF + 9)
    short = filled(SketchLedger(tmp_path, fewer, keeping), [run_shard(fewer, k) for k in fewer.shards], fewer.shards)
    assert short.missing() == []
    ledger = SketchLedger(tmp_path, job, keeping)
    assert ledger.missing() == [4, 5, 6, 7]
    assert bits(filled(ledger, made, ledger.missing())) == expected


def test_fewer_paths__cannot_be_had_of_sketches_of_more(job, made, keeping, tmp_path):
    filled(SketchLedger(tmp_path, job, keeping), made, job.shards)
    fewer = replace(job, paths=2 * LEAF + 9)
    assert SketchLedger(tmp_path, fewer, keeping).missing() == [0, 1, 2]


def test_another_keeping__starts_anew(job, made, keeping, expected, tmp_path):
    filled(SketchLedger(tmp_path, job, keeping._replace(worst=100)), made, job.shards)
    ledger = SketchLedger(tmp_path, job, keeping)
    assert ledger.missing() == [0, 1, 2, 3, 4, 5]
    assert bits(filled(ledger, made, ledger.missing())) == expected


def test_other_rows__are_computed_again_and_not_taken_up_twice(job, made, keeping, expected, tmp_path):
    filled(SketchLedger(tmp_path, job, keeping._replace(series=(3, 6))), made, job.shards)
    ledger = SketchLedger(tmp_path, job, keeping)
    assert ledger.missing() == [0, 1, 2, 3, 4, 5]
    assert bits(filled(ledger, made, ledger.missing())) == expected


def test_damaged__sketches_are_told_or_made_anew(job, made, keeping, expected, tmp_path):
    ledger, file = filled(SketchLedger(tmp_path, job, keeping), made, job.shards), tmp_path / SKETCHES
    data = file.read_bytes()
    file.write_bytes(data[:1] + bytes([data[1] ^ 1]) + data[2:])
    with pytest.raises(RunError, match="the sketches were damaged or removed during the run"):
        ledger.sketched(0)
    for wrong in (data[:-1], data[:-20] + b"0" * 20, b"", b"\xff" * 30):
        file.write_bytes(wrong)
        assert SketchLedger(tmp_path, job, keeping).missing() == [0, 1, 2, 3, 4, 5]
    ledger = SketchLedger(tmp_path, job, keeping)
    assert bits(filled(ledger, made, ledger.missing())) == expected


def test_damaged__rows_of_a_shard_are_computed_again(job, made, keeping, expected, tmp_path):
    filled(SketchLedger(tmp_path, job, keeping), made, job.shards)
    file = sorted(tmp_path.glob("*.shard"))[2]
    file.write_bytes(file.read_bytes()[:-1])
    ledger = SketchLedger(tmp_path, job, keeping)
    assert ledger.missing() == [2]
    assert bits(filled(ledger, made, [2])) == expected


def test_discard__leaves_nothing(job, made, keeping, tmp_path):
    filled(SketchLedger(tmp_path, job, keeping), made, job.shards).discard()
    assert list(tmp_path.iterdir()) == []
