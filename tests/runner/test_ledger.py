"""Jobs, shards and ledgers: any order, any maker, once or twice, and what a killed or damaged folder still holds."""

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

import spvrisk
from in_memory import simulate
from spvrisk.config import load_study
from spvrisk.errors import InputError, RunError
from spvrisk.experiments.task import job_of
from spvrisk.plan.shared import LEAF
from spvrisk.runner import shard as shards
from spvrisk.runner.execute import execute, make_ready
from spvrisk.runner.folder import FolderLedger, seconds_per_byte
from spvrisk.runner.job import Job, study_text
from spvrisk.runner.ledger import MemoryLedger
from spvrisk.runner.shard import run_shard, seconds_per_path
from spvrisk.runner.stored import shard_bytes, shard_of

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
SHARDS = 3
PATHS = SHARDS * LEAF + 77


def bits(ledger):
    """All that a ledger says, as bytes."""
    columns = [ledger.column(s) for s in range(len(ledger.job.labels.series))]
    sums = ledger.sums()
    return [x.tobytes() for x in (*columns, *ledger.fans(), *sums.moments, *sums[1:])]


def filled(ledger, made, order):
    for k in order:
        ledger.put(k, made[k])
    return bits(ledger)


@pytest.fixture(scope="module")
def expected(job, made):
    return filled(MemoryLedger(job), made, job.shards)


def test_inputs__are_kept_beside_the_series(job, made, tmp_path):
    rows = np.concatenate([shard.inputs for shard in made], axis=1)
    assert rows.dtype == np.float32 and rows.shape == (len(job.input_rows), PATHS) and len(job.input_rows) > 1
    for ledger in (MemoryLedger(job), FolderLedger(tmp_path / "run", job)):
        filled(ledger, made, job.shards)
        some = range(LEAF - 5, 2 * LEAF + 9)
        np.testing.assert_array_equal(ledger.inputs([1, 0], some), rows[[1, 0], some.start : some.stop])


def test_inputs__shards_without_those_that_are_asked_for_are_missing(job, made, tmp_path):
    ledger = FolderLedger(tmp_path / "run", job)
    filled(ledger, made, job.shards)
    fewer = replace(job, inputs=job.inputs[:1])
    assert fewer.id == job.id
    assert FolderLedger(tmp_path / "run", fewer).missing() == list(job.shards)
    assert FolderLedger(tmp_path / "run", job).missing() == []


# --- jobs ---


def of(study, **run):
    return job_of(study, study.run.model_copy(update={"paths": 10, **run}))


def test_job_id__is_of_what_is_asked_for():
    base, study = of(load_study(STARTER)).id, load_study(STARTER)
    budgets = {"memory_mib": 77, "workers": 3, "leaves_per_shard": 9}
    assert of(study, paths=999, **budgets).id == base
    assert of(load_study(STARTER, ["run.memory_mib=77", 'output.quantiles=["0.5"]']), seed=study.run.seed).id == base
    assert of(study, seed=study.run.seed + 1).id != base
    assert of(load_study(STARTER, ["projects.port.budget=401"])).id != base
    assert replace(of(study), sampling="other").id != base


def test_job_id__by_numbers_version(monkeypatch):
    base = of(load_study(STARTER)).id
    monkeypatch.setattr("spvrisk.runner.job.NUMBERS_VERSION", 99)
    assert of(load_study(STARTER)).id != base


def test_study_text__is_not_of_the_plan(job):
    """Plans of two processors may differ in last digits: what was asked for is the same."""
    other = replace(job, plan=job.plan._replace(constants=job.plan.constants * (1 + 2**-52)))
    assert other.id == job.id and other.plan_sha256 != job.plan_sha256
    assert study_text(load_study(STARTER)) == job.study


def test_job__comes_back_from_bytes_and_pickle(job):
    for other in (Job.from_bytes(job.to_bytes()), pickle.loads(pickle.dumps(job))):
        assert (other.id, other.plan_sha256, other.labels) == (job.id, job.plan_sha256, job.labels)
        assert (other.paths, other.leaves_per_shard) == (PATHS, 1)
    assert b"spvrisk.runner.job" in pickle.dumps(job) and b"lambda" not in pickle.dumps(job)


EDITS = [
    {"seed": 6},
    {"study": "0" * 64},
    {"plan": "AA"},
    {"labels": 3},
    {"numbers_version": 1},
    {"paths": 5},
    {"leaves_per_shard": 2},
    {"sampling": "other"},
    {"sha256": "0" * 64},
    {"more": 1},
]


@pytest.mark.parametrize("edit", EDITS, ids=str)
def test_job__damaged_bytes_are_refused(job, edit):
    edited = json.dumps({**json.loads(job.to_bytes()), **edit}).encode()
    for data in (edited, b"[]", b"", b"\xff", job.to_bytes()[:-100]):
        with pytest.raises(ValueError, match="job"):
            Job.from_bytes(data)


def test_job__labels_that_were_changed_are_refused(job):
    """Rows of a series would be read as another's."""
    found = json.loads(job.to_bytes())
    found["labels"]["projects"].reverse()
    with pytest.raises(ValueError, match="the job is not that of its digests"):
        Job.from_bytes(json.dumps(found).encode())


@pytest.mark.parametrize("leaves", [0, -1, 1.5, "1", None, True])
def test_job__leaves_of_a_shard_are_a_positive_number(job, leaves):
    with pytest.raises(ValueError, match="leaves_per_shard must be a positive whole number"):
        replace(job, leaves_per_shard=leaves)


def test_job__shards_are_whole_leaves_and_cover_all_paths(job):
    for leaves in (1, 2, 3, 4, 50):
        each = replace(job, leaves_per_shard=leaves)
        paths = [each.paths_of(k) for k in each.shards]
        assert [x for part in paths for x in part] == list(range(PATHS))
        assert all(part.start % LEAF == 0 for part in paths)


# --- shards ---


def data_of(shard, job, k):
    return b"".join(shard_bytes(shard, job, k))


def test_shard__again_is_the_same_bits(job, made):
    assert data_of(run_shard(job, 1), job, 1) == data_of(made[1], job, 1)


def test_shard__in_another_process_is_the_same_bits(job, made):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=make_ready, initargs=(job.plan,)) as pool:
        assert data_of(pool.submit(run_shard, job, 1).result(), job, 1) == data_of(made[1], job, 1)


def test_shard__comes_back_from_bytes(job, made):
    last = job.shards[-1]
    data = data_of(made[last], job, last)
    back = shard_of(data, job, last)
    assert data_of(back, job, last) == data and back.values.shape == (64, 77)


def test_shard__damaged_or_foreign_bytes_are_refused(job, made):
    data = data_of(made[1], job, 1)
    middle = len(data) // 2
    flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    for wrong in (flipped, data[:-1], data + b"0", data[:50], b"", b"[]\n", b"\xff\n"):
        with pytest.raises(ValueError, match="no shard 1"):
            shard_of(wrong, job, 1)
    other_plan = job.plan._replace(constants=job.plan.constants + 1.0)
    for other, k in ((replace(job, seed=6), 1), (replace(job, plan=other_plan), 1), (job, 0)):
        with pytest.raises(ValueError, match="no shard"):
            shard_of(data, other, k)


HEADS = [
    {"nodes": []},
    {"nodes": [[0, 7]]},
    {"nodes": [["0", 1]]},
    {"nodes": 3},
    {"parts": []},
    {"parts": [["<i8", [64, 77], 0]]},
    {"more": 1},
    {"checksum": 0},
]


@pytest.mark.parametrize("edit", HEADS, ids=str)
def test_shard__a_damaged_head_is_refused(job, made, edit):
    head, _, payload = data_of(made[1], job, 1).partition(b"\n")
    edited = json.dumps({**json.loads(head), **edit}).encode()
    with pytest.raises(ValueError, match="no shard 1"):
        shard_of(edited + b"\n" + payload, job, 1)


def test_shard__a_thread_keeps_its_workspace(job, made, monkeypatch):
    laid_out = []
    whole = shards._Workspace.__init__
    monkeypatch.setattr(shards._Workspace, "__init__", lambda *a: (laid_out.append(1), whole(*a))[1])
    monkeypatch.setattr(shards, "_here", threading.local())
    run_shard(job, 3)
    run_shard(pickle.loads(pickle.dumps(job)), 3)
    assert len(laid_out) == 1
    run_shard(replace(job, plan=job.plan._replace(constants=job.plan.constants.copy() + 1e-12)), 3)
    assert len(laid_out) == 2


def test_shard__what_advance_raises_ends_it(job):
    class StopError(Exception):
        pass

    done = []

    def advance(n):
        done.append(n)
        if len(done) == 2:
            raise StopError

    with pytest.raises(StopError):
        run_shard(replace(job, leaves_per_shard=3), 0, advance)
    assert len(done) == 2 and sum(done) < 3 * LEAF


def test_shard__calls_of_the_kernel_are_short(job):
    """A call is a tenth of a second long; other programs may stretch a few of them."""
    ends = [time.perf_counter()]
    run_shard(replace(job, leaves_per_shard=4), 0, lambda _: ends.append(time.perf_counter()))
    assert np.median(np.diff(ends)) < 0.25


def test_seconds_per_path__are_those_of_a_shard(job):
    """The median of some, since other programs may hold up one; the first calls, which are dear, do not count."""
    began = time.perf_counter()
    run_shard(replace(job, leaves_per_shard=4, paths=4 * LEAF), 0)
    expected = (time.perf_counter() - began) / (4 * LEAF)
    assert 0.3 < np.median([seconds_per_path(job) for _ in range(5)]) / expected < 3


# --- ledgers ---


def kinds(tmp_path):
    return [MemoryLedger, lambda job: FolderLedger(tmp_path / "ledger", job)]


@pytest.mark.parametrize("kind", [0, 1], ids=["memory", "folder"])
@pytest.mark.parametrize("order", [(3, 0, 2, 1), (0, 0, 1, 2, 1, 3, 3)], ids=["any order", "twice"])
def test_ledger__any_order_and_twice(job, made, expected, kind, order, tmp_path):
    ledger = kinds(tmp_path)[kind](job)
    assert ledger.missing() == [0, 1, 2, 3]
    ledger.put(order[0], made[order[0]])
    assert ledger.missing() == sorted({0, 1, 2, 3} - {order[0]})
    assert filled(ledger, made, order) == expected
    assert ledger.missing() == []


@pytest.mark.parametrize("leaves", [2, 3, 16])
def test_ledger__same_for_any_size_of_shard(job, expected, leaves):
    assert bits(simulate(job.plan, job.labels, PATHS, 5, 2, leaves)) == expected


def test_ledger__incomplete_sums_are_refused(job, made):
    ledger = MemoryLedger(job)
    ledger.put(1, made[1])
    with pytest.raises(ValueError, match="missing"):
        ledger.sums()


def test_execute__computes_what_is_missing_alone(job, made, expected, tmp_path):
    ledger, told = FolderLedger(tmp_path, job), []
    ledger.put(2, made[2])
    execute(ledger, 2, told.append)
    assert told[0] == LEAF and sum(told) == PATHS and bits(ledger) == expected


@pytest.mark.parametrize("workers", [1, 2])
def test_execute__a_failure_ends_it(job, workers):
    def fail(_):
        raise OSError("told too much")

    ledger = MemoryLedger(job)
    with pytest.raises(OSError, match="told too much"):
        execute(ledger, workers, fail)
    assert len(ledger.missing()) == 4


# --- folders ---


def test_folder__times_the_disk_and_leaves_nothing(tmp_path):
    assert 1e-12 < seconds_per_byte(tmp_path) < 1e-6 and not list(tmp_path.iterdir())


def test_folder__a_new_process_finds_its_shards(job, made, expected, tmp_path):
    FolderLedger(tmp_path, job).put(1, made[1])
    again = FolderLedger(tmp_path, job)
    assert again.missing() == [0, 2, 3]
    assert filled(again, made, again.missing()) == expected


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other shard"])
def test_folder__a_damaged_shard_does_not_count_and_is_made_again(job, made, expected, damage, tmp_path):
    ledger = FolderLedger(tmp_path, job)
    for k in job.shards:
        ledger.put(k, made[k])
    first, second = sorted(tmp_path.glob("*.shard"))[:2]
    data = second.read_bytes()
    wrong = {"cut": data[:-9], "empty": b"", "other shard": first.read_bytes()}
    second.write_bytes(wrong.get(damage, data[:5000] + b"x" + data[5001:]))
    again = FolderLedger(tmp_path, job)
    assert again.missing() == [1]
    again.put(1, made[1])
    assert bits(FolderLedger(tmp_path, job)) == expected


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_folder__a_shard_damaged_after_its_check_is_told(job, made, damage, tmp_path):
    ledger = FolderLedger(tmp_path, job)
    for k in job.shards:
        ledger.put(k, made[k])
    assert ledger.missing() == []
    file = sorted(tmp_path.glob("*.shard"))[1]
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:30_000])
    else:
        file.unlink()
    for read in (lambda: ledger.column(3), ledger.sums, lambda: list(ledger.fans())):
        with pytest.raises(RunError, match=rf"{file.name}: the shard was damaged or removed during the run"):
            read()
    assert ledger.missing() == [1]


def test_folder__extending_a_job_finds_it(job, made, tmp_path):
    """Whole shards count for more paths, a last short one does not."""
    ledger = FolderLedger(tmp_path, job)
    for k in job.shards:
        ledger.put(k, made[k])
    more = FolderLedger(tmp_path, replace(job, paths=4 * LEAF + 5))
    assert more.missing() == [3, 4]
    assert FolderLedger(tmp_path, job).missing() == []


def test_folder__goes_on_with_its_own_plan(job, made, tmp_path):
    """Another machine's plan may differ in last digits: shards of both would not go together."""
    FolderLedger(tmp_path, job).put(0, made[0])
    elsewhere = replace(job, plan=job.plan._replace(constants=job.plan.constants * (1 + 2**-52)), leaves_per_shard=2)
    ledger = FolderLedger(tmp_path, elsewhere)
    assert ledger.job.plan_sha256 == job.plan_sha256 and ledger.missing() == [1, 2, 3]


def test_folder__of_another_job_is_refused(job, tmp_path):
    FolderLedger(tmp_path, job)
    with pytest.raises(InputError, match=r"holds shards of another study or seed \(there and here: seed 5 and 6\)"):
        FolderLedger(tmp_path, replace(job, seed=6))
    (tmp_path / "job.json").write_bytes(b"{}")
    with pytest.raises(InputError, match="job.json: must hold the job"):
        FolderLedger(tmp_path, job)


def test_folder__sweeps_what_killed_processes_left(job, tmp_path):
    old, new = tmp_path / ".a.shard.0.tmp", tmp_path / ".b.shard.0.tmp"
    for file in (old, new):
        file.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    FolderLedger(tmp_path, job)
    assert not old.exists() and new.exists()


FILL = """
import sys
from pathlib import Path
from spvrisk.runner.execute import execute
from spvrisk.runner.job import Job
from spvrisk.runner.folder import FolderLedger
folder = Path(sys.argv[1])
job = Job.from_bytes((folder / "asked").read_bytes())
execute(FolderLedger(folder, job), 1, lambda _: print("paths", flush=True))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
def test_folder__killed_in_between_keeps_whole_shards(job, expected, tmp_path):
    (tmp_path / "asked").write_bytes(job.to_bytes())
    process = subprocess.Popen([sys.executable, "-c", FILL, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for _ in process.stdout:
            if len(list(tmp_path.glob("*.shard"))) >= 2:
                break
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    ledger = FolderLedger(tmp_path, job)
    assert len(ledger.missing()) in (1, 2)
    execute(ledger, 2)
    assert bits(ledger) == expected
