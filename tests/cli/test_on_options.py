"""Options that say on what a command computes, as the API takes it."""

import click
import pytest
from click.testing import CliRunner

import spvrisk
from spvrisk.cli import main
from spvrisk.cli.options import on_options, threads_option

THERE = "tcp://127.0.0.1:1"


@pytest.mark.parametrize(
    ("words", "on"),
    [
        ([], spvrisk.Threads()),
        (["--workers", "2"], spvrisk.Threads(2)),
        (["--processes", "4", "--workers", "2"], spvrisk.Processes(4, 2)),
        (["--scheduler", THERE], spvrisk.Cluster(THERE)),
        (["--scheduler", THERE, "--workers", "2"], spvrisk.Cluster(THERE, None, 2)),
        (["--cluster", "local", "--workers", "4"], spvrisk.Cluster("local", None, 4)),
    ],
)
def test_on_options__are_one_argument(words, on):
    given = []
    command = click.command()(on_options(lambda on: given.append(on)))
    assert CliRunner().invoke(command, words, catch_exceptions=False).exit_code == 0 and given == [on]


def test_threads_option__is_that_argument():
    given = []
    command = click.command()(threads_option(lambda on: given.append(on)))
    for words in ([], ["--workers", "2e0"]):
        assert CliRunner().invoke(command, words, catch_exceptions=False).exit_code == 0
    assert given == [spvrisk.Threads(), spvrisk.Threads(2)]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--processes", "2", "--cluster", "local"], "--cluster: cannot be combined with --processes, got local"),
        (["--cluster", "local", "--scheduler", THERE], "--cluster: cannot be combined with --scheduler, got local"),
        (["--workers", "5000"], "'--workers': 5000 is not in the range 1<=x<=4096"),
        (["--scheduler", ""], "--scheduler: must be the address of a dask scheduler that answers"),
    ],
)
def test_command__what_is_wrong_is_told_of_the_option(words, says, tmp_path):
    starter = str(tmp_path / "study.yaml")
    spvrisk.init(starter)
    done = CliRunner().invoke(main, ["run", starter, "--paths", "64", "--out", str(tmp_path / "r.h5"), *words])
    assert done.exit_code == 2 and says in done.stderr and not (tmp_path / "r.h5").exists()
