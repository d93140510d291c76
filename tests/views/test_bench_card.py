"""The card of a benchmark, as text and as JSON."""

import json

import pytest

from made_bench import around, make_bench
from spvrisk.experiments.timing.found import Stage
from spvrisk.report.json import bench_json
from spvrisk.report.text import written
from spvrisk.views.bench import bench


def card(**changes):
    return written(bench(make_bench(**changes)))


@pytest.mark.parametrize(
    "line",
    [
        "study         A made-up study",
        "size          3 projects, 5 factors, 160 steps, 64 series",
        "plan          0123456789ab",
        "engine        spvrisk 0.1.0, numbers version 4",
        "processor     A processor, 4 of 8 processors may be used, load 0.2 beforehand",
        "machine code  for znver4, 512-bit vectors",
        "self-test     passed, 1474 series in 0.12 s",
        "built with    Python 3.11.7, NumPy 2.4.6, numba 0.68.1, LLVM 22.1.0",
        "Kernel on one thread, us a path",
        "selection     1.500  1.485 to 1.515  500.0 ns a project",
        "clock         2.250  2.228 to 2.272  -",
        "whole         32.00  31.68 to 32.32  80.0 ns a funded project and step",
        "By threads, us a path",
        "Peak memory of a process that runs 100,000 paths and writes the result: 771 MB.",
        "With nothing kept: 84.2 s of processor time.",
    ],
)
def test_card__has_the_line(line):
    assert line in card().splitlines()


def words(text):
    return [line.split() for line in text.splitlines()]


def test_card__rows_of_threads_and_of_what_is_done_once():
    found = words(card())
    kernel, engine = found.index(["kernel"]), found.index(["whole", "engine"])
    assert found[kernel + 1 : kernel + 3] == [
        "1 thread 32.50 32.17 to 32.83 1.00 x 30,769".split(),
        "4 threads 8.500 8.415 to 8.585 3.82 x 117,647".split(),
    ]
    assert found[engine + 2] == "4 threads 12.50 12.38 to 12.62 3.20 x 80,000".split()
    assert "statistics of 100,000 paths 1.250 1.238 to 1.262 9".split() in found
    assert "writing their result, 17.3 MB 0.500 0.495 to 0.505 9".split() in found
    assert "1,000 paths by the command 1.375 1.361 to 1.389 7".split() in found
    assert "1,000 paths by the command, nothing kept 61.50 - 1".split() in found


def test_card__says_that_the_machine_was_at_other_work():
    assert "Run again" not in card()
    busy = " ".join(card(waited=2.0).split())
    said = "The machine did other work meanwhile: threads waited for a processor for 50 % of their time, so that times"
    assert f"{said} on the wall are too long. Run again when it does not." in busy
    unsteady = Stage("whole", around(32.0)._replace(high=38.0), 400.0, "funded project and step")
    text = " ".join(card(stages=(unsteady,)).split())
    assert "meanwhile: the quartiles of a path are 20 % apart. Run again when it does not." in text
    both = " ".join(card(stages=(unsteady,), waited=2.0).split())
    assert "too long, and the quartiles of a path are 20 % apart. Run again" in both


def test_card__says_what_is_missing():
    text = card(result=None, start=None, cold=None, threads=(), left_out={"threads": 9, "start": 12, "result": 30})
    for name, seconds in (("threads", 9), ("the start of the command", 12), ("statistics and writing of a result", 30)):
        assert f"Left out for want of time: {name} (from --seconds {seconds} on)." in text
    assert "compiles for about a minute (--cold)" in text
    assert "By threads" not in text and "Peak memory" not in text and "None" not in text


def test_card__of_a_machine_that_tells_little():
    found = make_bench()
    about = found.machine._replace(load=None, vector_bits=None, usable=8)
    text = card(machine=about, proof=found.proof._replace(test_seconds=None))
    assert "processor     A processor, 8 processors\n" in text and "machine code  for znver4\n" in text
    assert "self-test     passed, 1474 series\n" in text


def test_json__says_the_same():
    found = json.loads(json.dumps(bench_json(make_bench()), allow_nan=False))
    assert found["schema"] == "spvrisk.bench/1"
    assert found["machine"]["processor"] == "A processor" and found["machine"]["vector_bits"] == 512
    assert found["machine"]["versions"]["numbers"] == "4" and found["machine"]["target"] == "znver4"
    assert found["study"]["plan_sha256"] == "0123456789abcdef" * 4
    assert found["self_test"]["outcome"] == "passed" and found["self_test"]["test_seconds"] == 0.125
    whole = {"us": around(32.0)._asdict(), "ns": 80.0, "of": "funded project and step"}
    assert found["kernel"]["whole"] == whole and found["kernel"]["clock"]["ns"] is None
    assert [each["threads"] for each in found["threads"]] == [1, 4]
    assert found["threads"][1]["engine_gain"]["median"] == 3.2
    assert found["result"]["peak_bytes"] == 771_000_000 and found["result"]["statistics_seconds"]["median"] == 1.25
    assert found["start"] == {
        "paths": 1000,
        "seconds": around(1.375, 7)._asdict(),
        "cold": {"seconds": 61.5, "processor_seconds": 84.25},
    }
    assert (found["busy"], found["unsteady"], found["left_out"]) == (False, False, {})


def test_json__of_what_was_left_out():
    found = bench_json(make_bench(result=None, start=None, cold=None, threads=(), left_out={"start": 12}))
    assert found["result"] is None and found["start"] == {"paths": 1000, "seconds": None, "cold": None}
    assert found["threads"] == [] and found["left_out"] == {"start": {"from_seconds": 12}}


def test_repr__is_short():
    assert repr(make_bench()) == "<Bench 'A made-up study', 32.0 us a path on one thread of A processor>"
