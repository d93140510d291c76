"""Shards computed by workers of dask: the same as by threads, whoever comes, goes, differs or damages them."""

import json
import logging
import os
import platform
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import h5py
import pytest
from distributed import LocalCluster

import spvrisk
from dask_nodes import scheduler, workers
from spvrisk.config import load_study
from spvrisk.errors import InputError, RunError
from spvrisk.experiments.task import job_of
from spvrisk.plan.shared import LEAF
from spvrisk.report.words import english
from spvrisk.runner import cluster as module
from spvrisk.runner import remote
from spvrisk.runner.cluster import in_cluster
from spvrisk.runner.execute import compute, in_threads, make_ready
from spvrisk.runner.folder import FolderLedger
from spvrisk.runner.ledger import MemoryLedger

IN_THIS_PROCESS = {
    "threads_per_worker": 1,
    "processes": False,
    "dashboard_address": "127.0.0.1:0",
    "silence_logs": logging.CRITICAL,
    "memory_limit": 0,
}

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"

UNCERTAIN = """
include: [starter.yaml]
uncertain: {budget: {law: {uniform: {min: 0.8, max: 1.4}}, moves: {projects.port.budget: {times: x}}}}
run: {paths: 64, uncertainty: {outer: 8, inner: 64}}
"""


@pytest.fixture(scope="module")
def job():
    study = load_study(STARTER)
    made = job_of(study, study.run.model_copy(update={"paths": 9 * LEAF + 77, "seed": 5, "leaves_per_shard": 1}))
    make_ready(made.plan)
    return made


@pytest.fixture(scope="module")
def expected(job):
    ledger = MemoryLedger(job)
    compute(ledger, in_threads(1))
    return values(ledger)


@pytest.fixture(scope="module")
def here():
    """Address of a cluster in this process, whose workers can be made to behave badly."""
    with LocalCluster(n_workers=2, **IN_THIS_PROCESS) as cluster:
        yield cluster


def values(ledger):
    return ledger.block(range(len(ledger.job.labels.series)), range(ledger.job.paths)).tobytes()


@pytest.mark.parametrize("where", ["memory", "folder", "folder that is not shared"])
def test_cluster__computes_the_same_as_threads(job, expected, here, where, tmp_path, monkeypatch):
    ledger = MemoryLedger(job) if where == "memory" else FolderLedger(tmp_path, job)
    if "not" in where:
        monkeypatch.setattr(remote, "sees", lambda sign: False)
    told, machines = [], []
    compute(ledger, in_cluster(here.scheduler_address, 1, machines.extend), told.append)
    assert values(ledger) == expected and sum(told) == job.paths and ledger.missing() == []
    assert sum(machine.shards for machine in machines) == len(job.shards)
    assert {machine.version for machine in machines} == {spvrisk.__version__}
    assert not list(tmp_path.glob(".cluster*"))


def test_cluster__a_worker_of_another_version_is_refused_by_both_names(job, here, monkeypatch):
    monkeypatch.setattr(module, "identity", lambda: "spvrisk 99.1, numbers version 99")
    with (
        pytest.warns(RuntimeWarning, match="is refused"),
        pytest.raises(RunError, match=rf"it has spvrisk {spvrisk.__version__}.* this run spvrisk 99\.1"),
    ):
        compute(MemoryLedger(job), in_cluster(here.scheduler_address, 1))


def test_cluster__a_worker_that_knows_no_greeting_is_refused(job, here, monkeypatch):
    def greet(*_):
        raise ImportError("cannot import name 'greet'")

    monkeypatch.setattr(module, "greet", greet)
    with (
        pytest.warns(RuntimeWarning, match="is refused"),
        pytest.raises(RunError, match=rf"it has spvrisk {spvrisk.__version__}, this run spvrisk"),
    ):
        compute(MemoryLedger(job), in_cluster(here.scheduler_address, 1))


def test_cluster__others_go_on_without_a_refused_one(job, expected, here, monkeypatch):
    calls, honest = [], remote.make_ready

    def ready(plan):
        calls.append(plan)
        if len(calls) == 1:
            raise RunError("its machine code is wrong")
        honest(plan)

    monkeypatch.setattr(remote, "make_ready", ready)
    ledger, machines = MemoryLedger(job), []
    with pytest.warns(RuntimeWarning, match="is refused: its machine code is wrong"):
        compute(ledger, in_cluster(here.scheduler_address, 1, machines.extend))
    assert values(ledger) == expected and len(machines) == 1


def test_cluster__a_worker_whose_machine_code_is_wrong_is_refused(job, monkeypatch):
    def refused(_):
        raise RunError("the kernel's machine code computes wrong numbers on this machine")

    monkeypatch.setattr(remote, "make_ready", refused)
    assert "wrong numbers" in remote.greet("nowhere", remote.identity(), job.to_bytes())["refused"]
    assert "no job" in remote.greet("nowhere", remote.identity(), b"{}")["refused"]


@pytest.mark.parametrize("harm", ["damaged", "of another shard", "cut short"])
def test_cluster__what_is_no_shard_is_asked_for_again(job, expected, here, harm, monkeypatch):
    calls, honest = [], remote.shard_bytes

    def shard_bytes(shard, job, k):
        calls.append(k)
        data = b"".join(honest(shard, job, (k + 1) % 9 if harm == "of another shard" else k))
        harmed = {"damaged": data[:-9] + b"?" + data[-8:], "cut short": data[:-1]}.get(harm, data)
        return [harmed if calls.count(k) == 1 else b"".join(honest(shard, job, k))]

    monkeypatch.setattr(remote, "shard_bytes", shard_bytes)
    ledger = MemoryLedger(job)
    compute(ledger, in_cluster(here.scheduler_address, 1))
    assert values(ledger) == expected and len(calls) == 2 * len(job.shards)


def test_cluster__what_is_not_in_the_folder_comes_as_a_message(job, expected, here, tmp_path, monkeypatch):
    """A folder that one machine sees late, or that fails it, is no reason to fail."""
    calls, honest = [], FolderLedger.put

    def put(ledger, k, shard):
        calls.append(k)
        if calls.count(k) > 1:
            honest(ledger, k, shard)
        elif k % 2:
            raise OSError("stale file handle")

    monkeypatch.setattr(FolderLedger, "put", put)
    ledger = FolderLedger(tmp_path, job)
    compute(ledger, in_cluster(here.scheduler_address, 1))
    assert values(ledger) == expected and sorted(calls) == sorted([*job.shards, *job.shards])


def test_cluster__what_fails_is_asked_for_again_but_not_for_ever(job, expected, here, monkeypatch):
    calls, honest, most = [], remote.run_shard, [3]

    def run_shard(job, k):
        calls.append(k)
        if calls.count(k) <= most[0]:
            raise RuntimeError("no luck")
        return honest(job, k)

    monkeypatch.setattr(remote, "run_shard", run_shard)
    ledger = MemoryLedger(job)
    compute(ledger, in_cluster(here.scheduler_address, 1))
    assert values(ledger) == expected
    calls.clear()
    most[0] = 4
    with pytest.raises(RunError, match="failed 4 times on the cluster, at last with: no luck"):
        compute(MemoryLedger(job), in_cluster(here.scheduler_address, 1))


def test_cluster__a_worker_that_has_forgotten_the_run_is_told_again(job, expected, here, monkeypatch):
    calls, honest = [], remote.run_shard

    def run_shard(job, k):
        calls.append(k)
        if len(calls) == 5:
            remote._here.clear()
        return honest(job, k)

    monkeypatch.setattr(remote, "run_shard", run_shard)
    ledger = MemoryLedger(job)
    compute(ledger, in_cluster(here.scheduler_address, 1))
    assert values(ledger) == expected and set(calls) == set(job.shards)


def test_cluster__a_slow_worker_does_not_hold_the_end(job, expected, here, monkeypatch):
    go, slow, honest = threading.Event(), [], remote.run_shard

    def run_shard(job, k):
        if not slow:
            slow.append(k)
            go.wait(60)
        return honest(job, k)

    monkeypatch.setattr(remote, "run_shard", run_shard)
    ledger, began = MemoryLedger(job), time.monotonic()
    compute(ledger, in_cluster(here.scheduler_address, 1))
    seconds = time.monotonic() - began
    go.set()
    assert values(ledger) == expected and seconds < 30


def test_cluster__waits_for_workers_and_uses_those_that_come_later(job, expected):
    said, ledger, machines = [], MemoryLedger(job), []
    with LocalCluster(n_workers=0, **IN_THIS_PROCESS) as cluster:

        def announce(text):
            said.append(text)
            if text == "waiting for workers":
                cluster.scale(1)

        compute(ledger, in_cluster(cluster.scheduler_address, 1, machines.extend, announce))
    assert said == ["waiting for workers", "running"] and values(ledger) == expected and len(machines) == 1


def test_cluster__what_is_asked_for_is_taken_back_when_it_is_closed(job, here):
    many, tasks = replace(job, paths=4000 * LEAF), here.scheduler.tasks
    shards = in_cluster(here.scheduler_address, 1)(MemoryLedger(many), many.shards, lambda _: None)
    next(shards)
    assert 0 < len(tasks) <= 6
    shards.close()
    for _ in range(100):
        if not tasks:
            break
        time.sleep(0.05)
    assert not tasks


def test_cluster__without_the_package_is_refused(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"distributed.*pip install 'spvrisk\[cluster\]'"):
        spvrisk.run(spvrisk.load(STARTER), paths=300, out="never.h5", on=spvrisk.Cluster("local"))


def test_cluster__is_not_imported_by_those_who_do_not_use_it():
    code = "import sys, spvrisk.experiments.run; print('distributed' in sys.modules, 'dask' in sys.modules)"
    assert os.popen(f'"{sys.executable}" -c "{code}"').read().split() == ["False", "False"]


def test_scheduler__one_that_does_not_answer_is_refused(job, monkeypatch):
    monkeypatch.setattr(module, "_CONNECT_SECONDS", 0.3)
    for address in ("tcp://127.0.0.1:1", "nonsense://x", ""):
        with pytest.raises(InputError, match="argument address: must be the address of a dask scheduler"):
            compute(MemoryLedger(job), in_cluster(address, 1))


@pytest.mark.skipif(sys.platform != "linux", reason="signals of POSIX")
def test_killed__a_worker_is_done_without_and_a_scheduler_ends_the_run(job, tmp_path):
    """What was done is kept, and gone on with."""
    long = replace(job, paths=100 * LEAF + 77)
    with scheduler(tmp_path) as chief, workers(chief.address, 2) as (first, second):
        ledger, done = FolderLedger(tmp_path / "run", long), []

        def progress(n):
            done.append(n)
            if len(done) == 10:
                first.send_signal(signal.SIGKILL)
            if len(done) == 30:
                chief.process.send_signal(signal.SIGKILL)

        with pytest.raises(RunError, match="the scheduler of the cluster has ended"):
            compute(ledger, in_cluster(chief.address, 1), progress)
        assert second.poll() is None
    there = FolderLedger(tmp_path / "run", long)
    assert 30 <= len(long.shards) - len(there.missing()) < len(long.shards)
    compute(there, in_threads(2))
    whole = MemoryLedger(long)
    compute(whole, in_threads(2))
    assert values(there) == values(whole)


def read_machines(file):
    with h5py.File(file) as found:
        return json.loads(bytes(found["provenance/machines_json"][...]))


def test_local_cluster__is_named_in_the_result_and_leaves_nothing(tmp_path):
    study = spvrisk.load(STARTER)
    on = spvrisk.Cluster("local", 2)
    with spvrisk.run(study, paths=3 * LEAF, out=tmp_path / "c.h5", on=on, keep=True) as found:
        digest, (machine,) = found.attributes["content_sha256"], read_machines(tmp_path / "c.h5")
    assert machine["shards"] == 1 and machine["threads"] == 1 and machine["host"] == platform.node()
    with spvrisk.open(tmp_path / "c.h5") as found:
        (row,) = (row for row in found.view("info").rows if english(row.name) == "computed by")
        assert english(row.cells[0]).startswith(f"{platform.node()} 1 shard, machine code for ")
    with spvrisk.run(study, paths=3 * LEAF) as expected:
        assert expected.attributes["content_sha256"] == digest
    journal = (tmp_path / "c.h5.run" / "journal.jsonl").read_text(encoding="utf-8")
    assert f'"pid": {os.getpid()}' not in journal


def test_outer_runs__are_the_same_in_a_cluster_as_in_threads(tmp_path):
    (tmp_path / "starter.yaml").write_text(STARTER.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "study.yaml").write_text(UNCERTAIN, encoding="utf-8")
    study = spvrisk.load(tmp_path / "study.yaml")
    with spvrisk.run(study, on=spvrisk.Threads(1)) as found:
        expected = found.attributes["content_sha256"]
        assert found.uncertainty.sizes["outer"] == 8
    with spvrisk.run(study, on=spvrisk.Cluster("local", 2)) as found:
        assert found.attributes["content_sha256"] == expected
