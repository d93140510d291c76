"""Series of many jobs: whole, whoever computes them; a job that fails leaves the others."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from distributed import LocalCluster

import spvrisk
from spvrisk.config import load
from spvrisk.errors import RunError
from spvrisk.experiments.task import job_of
from spvrisk.plan.shared import LEAF
from spvrisk.runner import remote
from spvrisk.runner.cluster import series_in_cluster
from spvrisk.runner.execute import make_ready, series_in_threads, series_of_each, series_of_many
from spvrisk.runner.job import jobs_bytes, jobs_of
from spvrisk.runner.ledger import MemoryLedger
from spvrisk.runner.processes import series_in_processes
from spvrisk.runner.shard import run_series, run_shard

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
SERIES = [3, 0]


@pytest.fixture(scope="module")
def wanted():
    made = []
    for budget in (400, 500):
        study = load(STARTER, {"projects.port.budget": budget, "run.paths": 2 * LEAF + 77, "run.seed": 5}).study
        made.append((replace(job_of(study, study.run), leaves_per_shard=1, inputs=()), SERIES))
    make_ready(made[0][0].plan)
    return made


@pytest.fixture(scope="module")
def expected(wanted):
    """Of whole shards, which a ledger joins."""
    found = {}
    for i, (job, series) in enumerate(wanted):
        ledger = MemoryLedger(job)
        for k in job.shards:
            ledger.put(k, run_shard(job, k))
        found[i] = ledger.block(series, range(job.paths))
    return found


@pytest.fixture(scope="module")
def here():
    options = {"processes": False, "dashboard_address": "127.0.0.1:0", "silence_logs": logging.CRITICAL}
    with LocalCluster(n_workers=2, threads_per_worker=1, memory_limit=0, **options) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(params=["threads", "processes", "cluster"])
def executor(request, here):
    made = {
        "threads": lambda: series_in_threads(2),
        "processes": lambda: series_in_processes(2),
        "cluster": lambda: series_in_cluster(here, 1),
    }
    return made[request.param]()


def test_series__are_those_of_whole_shards(wanted, expected, executor):
    told = []
    found = dict(series_of_each(wanted, executor, told.append))
    assert sum(told) == sum(job.paths for job, _ in wanted)
    for i, values in expected.items():
        np.testing.assert_array_equal(found[i], values)


def test_series__jobs_travel_as_bytes(wanted):
    again = jobs_of(jobs_bytes(wanted))
    assert [(job.id, job.plan_sha256, job.paths, series) for job, series in again] == [
        (job.id, job.plan_sha256, job.paths, series) for job, series in wanted
    ]


def test_series__of_a_job_that_fails_nothing_more_is_asked(wanted):
    asked = []

    def failing(wanted, pieces):
        for i, k in pieces:
            asked.append((i, k))
            yield (i, k), RunError("broken") if i == 0 else np.zeros((2, len(wanted[i][0].paths_of(k))))

    (first, why), (second, values) = series_of_each(wanted, failing)
    assert (first, str(why), second, values.shape) == (0, "broken", 1, (2, 2 * LEAF + 77))
    assert asked == [(0, 0), (1, 0), (1, 1), (1, 2)]
    with pytest.raises(RunError, match="broken"):
        raise why


def test_series__what_fails_on_a_cluster_is_asked_for_again_and_then_given_up(wanted, expected, here, monkeypatch):
    asked = []

    def failing(job, k, series):
        asked.append(job.id)
        if job.id == wanted[0][0].id and (k or asked.count(job.id) < 3):
            raise OSError("no such disk")
        return run_series(job, k, series)

    monkeypatch.setattr(remote, "run_series", failing)
    found = dict(series_of_each(wanted, series_in_cluster(here, 1)))
    assert "failed 4 times on the cluster, at last with: no such disk" in str(found[0])
    np.testing.assert_array_equal(found[1], expected[1])


def test_series__many_end_with_the_first_that_fails(wanted, monkeypatch):
    from spvrisk.runner import execute

    def broken(*_):
        raise LookupError("nothing there")

    monkeypatch.setattr(execute, "run_series", broken)
    with pytest.raises(RunError, match="LookupError: nothing there"):
        list(series_of_many(wanted, series_in_threads(1)))
