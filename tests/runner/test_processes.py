"""Shards computed by processes: the same as by threads, and nothing of them is left, however they end."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import spvrisk
from spvrisk.config import load_study
from spvrisk.errors import RunError
from spvrisk.experiments.task import job_of
from spvrisk.plan.shared import LEAF
from spvrisk.runner.execute import compute, in_threads, make_ready
from spvrisk.runner.folder import FolderLedger
from spvrisk.runner.ledger import MemoryLedger
from spvrisk.runner.processes import in_processes

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"


@pytest.fixture(scope="module")
def job():
    study = load_study(STARTER)
    made = job_of(study, study.run.model_copy(update={"paths": 3 * LEAF + 77, "seed": 5, "leaves_per_shard": 1}))
    make_ready(made.plan)
    return made


def values(ledger):
    return ledger.block(range(len(ledger.job.labels.series)), range(ledger.job.paths)).tobytes()


@pytest.mark.parametrize("in_folder", [False, True], ids=["memory", "folder"])
def test_processes__compute_the_same_as_threads(job, in_folder, tmp_path):
    ledger, told = FolderLedger(tmp_path, job) if in_folder else MemoryLedger(job), []
    compute(ledger, in_processes(2), told.append)
    expected = MemoryLedger(job)
    compute(expected, in_threads(1))
    assert values(ledger) == values(expected) and sum(told) == job.paths and ledger.missing() == []


def test_processes__are_stopped_within_a_shard(job, tmp_path):
    long = replace(job, paths=400 * LEAF, leaves_per_shard=100)

    def interrupted(_):
        raise KeyboardInterrupt

    began = time.perf_counter()
    shards = in_processes(2)(MemoryLedger(replace(long, leaves_per_shard=1)), range(400), interrupted)
    with pytest.raises(KeyboardInterrupt):
        next(shards)
    assert time.perf_counter() - began < 30


KILLED = """
import os, sys
from pathlib import Path
from spvrisk.config import load_study
from spvrisk.experiments.task import job_of
from spvrisk.runner.ledger import MemoryLedger
from spvrisk.runner.processes import in_processes
if __name__ == "__main__":
    study = load_study(sys.argv[1])
    job = job_of(study, study.run.model_copy(update={"paths": 10_000_000}))
    shards = in_processes(2)(MemoryLedger(job), job.shards, lambda _: None)
    next(shards)
    print(*(int(line) for line in os.popen(f"pgrep -P {os.getpid()}").read().split()), flush=True)
    next(shards)
    while True:
        next(shards)
"""


def children(tmp_path):
    (tmp_path / "go.py").write_text(KILLED, encoding="utf-8")
    line = [sys.executable, str(tmp_path / "go.py"), str(STARTER)]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, [int(word) for word in process.stdout.readline().split()]


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_processes__go_with_the_one_that_asked_for_them(tmp_path):
    process, pids = children(tmp_path)
    assert len(pids) >= 2
    process.send_signal(signal.SIGKILL)
    process.wait()
    for _ in range(100):
        if all(map(gone, pids)):
            break
        time.sleep(0.1)
    assert all(map(gone, pids))
    process.stdout.close()
    process.stderr.close()


@pytest.mark.skipif(sys.platform != "linux", reason="signals of POSIX")
def test_processes__one_that_dies_is_told(job):
    shards = in_processes(1)(MemoryLedger(replace(job, paths=400 * LEAF)), range(400), lambda _: None)
    next(shards)
    me = os.getpid()
    for line in os.popen(f"pgrep -P {me} -f spawn_main").read().split():
        os.kill(int(line), signal.SIGKILL)
    with pytest.raises(RunError, match="a worker's process ended before its shard was done"):
        for _ in shards:
            pass
