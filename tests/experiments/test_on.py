"""On what is computed: how many threads and processes of this machine that is."""

import pytest

from spvrisk.experiments import task
from spvrisk.experiments.task import helpers_of, threads_of
from spvrisk.runner.on import Cluster, Processes, Threads

THERE = "tcp://10.0.0.1:8786"


@pytest.fixture(autouse=True)
def three_processors(monkeypatch):
    monkeypatch.setattr(task, "processors", lambda: 3)


@pytest.mark.parametrize("kind", [Threads, Processes, Cluster])
def test_threads__of_the_caller_else_of_the_study_else_of_the_machine(kind):
    assert [threads_of(kind(threads=5), 2), threads_of(kind(), 2), threads_of(kind())] == [5, 2, 3]


@pytest.mark.parametrize(
    ("on", "helpers"),
    [
        (Threads(4), 0),
        (Processes(), 3),
        (Processes(7), 7),
        (Cluster(), 2),
        (Cluster("local", 5), 5),
        (Cluster(THERE, 5), 0),
    ],
)
def test_helpers__are_processes_of_this_machine(on, helpers):
    assert helpers_of(on, 2) == helpers
