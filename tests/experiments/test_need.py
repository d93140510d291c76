"""What a run needs: the estimate holds for real processes, and what does not fit is refused with a remedy that fits."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

import spvrisk
from peaks import check_need
from spvrisk.config import load
from spvrisk.config.study.run import Run
from spvrisk.dataset.place import claimed
from spvrisk.errors import InputError
from spvrisk.experiments import machine
from spvrisk.experiments.need import MIB, PROCESS, check_memory, ledger_for, memory_budget, need_of
from spvrisk.experiments.task import planned
from spvrisk.runner.folder import FolderLedger
from spvrisk.runner.ledger import MemoryLedger
from spvrisk.runner.taken_up import SketchLedger

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
MAIN = Path(__file__).resolve().parents[2] / "configs" / "japan_us_2026.yaml"


@pytest.fixture(scope="module")
def job():
    return planned(load(STARTER), Run(paths=50_000_000)).job


def task(paths, **budgets):
    return planned(load(STARTER), Run(paths=paths, workers=2, **budgets))


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@pytest.mark.parametrize(("study", "keep"), [(STARTER, ""), (MAIN, "keep")], ids=["memory", "disk"])
def test_need__no_run_takes_more_nor_much_less(study, keep, tmp_path):
    """Large runs, processes and what is beyond the disk are measured in the campaign of memory."""
    check_need(study, 1000, keep, tmp_path)


@pytest.mark.parametrize("memory_mib", [64, 400, 1024])
def test_check_memory__remedy_is_the_most_that_fits(job, memory_mib):
    with pytest.raises(InputError) as caught:
        check_memory(task(50_000_000, memory_mib=memory_mib), to_disk=False)
    (problem,) = caught.value.problems
    assert (problem.path, problem.value) == ("run.memory_mib", str(memory_mib))
    enough = int(problem.remedy.split("run.memory_mib to ")[1].split()[0])
    check_memory(task(50_000_000, memory_mib=enough), to_disk=False)
    with pytest.raises(InputError):
        check_memory(task(50_000_000, memory_mib=enough - 1), to_disk=False)
    if memory_mib < 256:
        assert "run.paths" not in problem.remedy  # not even one would do
        return
    most = int(problem.remedy.split("run.paths to ")[1].split()[0])
    fits, too_many = (need_of(replace(job, paths=n), 2).in_memory for n in (most, most + 1))
    assert fits <= memory_mib * MIB < too_many


def test_ledger_for__goes_to_disk_beyond_the_memory(tmp_path):
    roomy, tight = task(2_000_000, memory_mib=4000), task(2_000_000, memory_mib=700)
    with claimed(tmp_path / "r.h5") as place:
        assert isinstance(ledger_for(roomy, place), MemoryLedger)
        assert isinstance(ledger_for(roomy, place, keep=True), FolderLedger)
        assert isinstance(ledger_for(tight, place), FolderLedger)
        with pytest.raises(InputError, match=r"run.memory_mib: 50,000,000 paths"):
            ledger_for(task(50_000_000, memory_mib=400), place)
    with pytest.raises(InputError, match=r"run.memory_mib: 2,000,000 paths"):
        ledger_for(tight, None)


def test_ledger_for__keeps_sketches_beyond_disk_or_memory(tmp_path):
    with claimed(tmp_path / "r.h5") as place:
        beyond_disk = ledger_for(task(2_000_000, memory_mib=720, disk_mib=660), place)
        beyond_memory = ledger_for(task(200_000_000, memory_mib=720, disk_mib=150_000), place)
        assert isinstance(beyond_disk, SketchLedger) and isinstance(beyond_memory, SketchLedger)
        # 5 % of the paths, with the end of an interval
        assert beyond_disk.keeping.worst == 1 << 17 and beyond_memory.keeping.worst >= 1 << 17
        few = task(2_000_000, memory_mib=700, disk_mib=90)
        rule = r"what is kept of 2,000,000 paths must fit in .*: \d+ MiB for approximate statistics, 1252 MiB for exact"
        with pytest.raises(InputError, match=rule) as caught:
            ledger_for(few, place)
        (problem,) = caught.value.problems
        enough = int(problem.remedy.split("run.disk_mib to ")[1].split()[0])
        assert isinstance(ledger_for(task(2_000_000, memory_mib=700, disk_mib=enough), place), SketchLedger)
        with pytest.raises(InputError, match="run.disk_mib"):
            ledger_for(task(2_000_000, memory_mib=700, disk_mib=enough - 1), place)


def test_need__of_processes_counts_each():
    job = task(1000).job
    more = need_of(job, 2, MIB, 5).in_memory - need_of(job, 2, MIB, 4).in_memory
    assert more >= PROCESS + MIB + 8 * len(job.labels.series) * 1000


def test_memory_budget__follows_the_machine(monkeypatch):
    monkeypatch.setattr("spvrisk.experiments.need.memory_here", lambda: 3000 * MIB)
    assert memory_budget(Run()) == 1500 * MIB and memory_budget(Run(memory_mib=77)) == 77 * MIB


def test_budgets__change_no_digest():
    plain = load(STARTER)
    assert load(STARTER, ["run.memory_mib=99", "run.disk_mib=7", "run.resume=auto"]).digest == plain.digest


@pytest.mark.parametrize(
    ("own", "files", "limits"),
    [
        ("0::/a/b\n", {"a/b/memory.max": "max\n", "a/memory.max": "5000\n", "memory.max": "9000\n"}, [5000, 9000]),
        ("5:cpu:/x\n4:memory:/x\n", {"memory/x/memory.limit_in_bytes": "700\n"}, [700]),
        ("0::/\n", {}, []),
        ("nonsense", {}, []),
    ],
    ids=["v2", "v1", "none", "unreadable"],
)
def test_memory_of_groups__is_the_least_on_the_way_up(own, files, limits, tmp_path):
    (tmp_path / "own").write_text(own, encoding="utf-8")
    for name, text in files.items():
        file = tmp_path / "root" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="ascii")
    assert list(machine._of_groups(tmp_path / "root", tmp_path / "own")) == limits


def test_memory_here__is_no_more_than_is_installed():
    assert 1 << 28 < machine.memory_here() <= min(machine._installed())
