"""Runs that are broken off at any stage, gone on with, and extended: the content is that of a run from the start."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import pytest

import spvrisk
from spvrisk.config import load
from spvrisk.dataset.place import Place, claimed, run_folder
from spvrisk.errors import InputError, RunError
from spvrisk.experiments.kept import Manner
from spvrisk.experiments.run import run_study
from spvrisk.experiments.task import planned, settings_of
from spvrisk.plan.shared import LEAF
from spvrisk.runner.folder import FolderLedger, finish
from spvrisk.runner.job import Job

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
PATHS = 3 * LEAF + 77
ANEW = Manner()


@pytest.fixture(scope="module")
def loaded():
    return load(STARTER)


def run(loaded, out, paths=PATHS, manner=ANEW, seed=None, **told):
    settings = settings_of(loaded, paths, seed).model_copy(update={"workers": 1, "leaves_per_shard": 1})
    return content(run_study(loaded, out, settings, manner, **told))


def content(file):
    with h5py.File(file) as result:
        return result.attrs["content_sha256"]


@pytest.fixture(scope="module")
def expected(loaded, tmp_path_factory):
    return run(loaded, tmp_path_factory.mktemp("whole") / "r.h5")


def at(stage, error=KeyboardInterrupt):
    """An announcement that ends the run."""

    def announce(what):
        if what.startswith(stage):
            raise error

    return announce


def after(paths, error=KeyboardInterrupt):
    """Progress that ends the run when so many paths are done."""
    done = []

    def progress(n):
        done.append(n)
        if sum(done) >= paths:
            raise error

    return progress


STOPS = {
    "while paths are drawn": lambda: {"progress": after(2 * LEAF + 5)},
    "before statistics": lambda: {"announce": at("summarising")},
    "before writing": lambda: {"announce": at("writing")},
    "before publishing": lambda: {"announce": at("publishing")},
}


@pytest.mark.parametrize("keep", [False, True], ids=["in memory", "on disk"])
@pytest.mark.parametrize("stop", STOPS)
def test_interrupted__shards_are_kept_and_gone_on_with(loaded, expected, stop, keep, tmp_path):
    out = tmp_path / "r.h5"
    with pytest.raises(KeyboardInterrupt) as caught:
        run(loaded, out, manner=Manner(keep=keep), **STOPS[stop]())
    done = 2 if stop == "while paths are drawn" else 4
    assert f"{done} of 4 shards are kept in {tmp_path}/r.h5.run: the same command with --resume" in str(
        caught.value.__notes__
    )
    assert not out.exists() and len(list(tmp_path.glob("r.h5.run/*.shard"))) == done
    with pytest.raises(InputError, match=rf"holds {done} of 4 shards of this run, which was broken off; add --resume"):
        run(loaded, out)
    told, said = [], []
    assert run(loaded, out, manner=Manner(resume=True), progress=told.append, announce=said.append) == expected
    there, left = min(done * LEAF, PATHS), PATHS - min(done * LEAF, PATHS)
    assert told[0] == there and sum(told[1:]) == left
    assert f"going on with {done} of 4 shards" in said
    assert os.listdir(tmp_path) == ["r.h5"]


def test_interrupted__after_publishing_nothing_is_kept(loaded, expected, tmp_path, monkeypatch):
    whole = Place.publish

    def publish(place, overwrite):
        whole(place, overwrite)
        raise KeyboardInterrupt

    monkeypatch.setattr(Place, "publish", publish)
    with pytest.raises(KeyboardInterrupt) as caught:
        run(loaded, tmp_path / "r.h5")
    assert caught.value.__notes__ == [f"The result is written: {tmp_path / 'r.h5'}."]
    assert os.listdir(tmp_path) == ["r.h5"] and content(tmp_path / "r.h5") == expected


def test_interrupted__before_anything_is_done_nothing_is_left(loaded, tmp_path):
    with pytest.raises(KeyboardInterrupt) as caught:
        run(loaded, tmp_path / "r.h5", progress=after(1))
    assert caught.value.__notes__ == ["Nothing was done yet."] and os.listdir(tmp_path) == []
    run(loaded, tmp_path / "r.h5", manner=Manner(resume=True))


def test_resume_auto__goes_on_unasked(loaded, expected, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(loaded, tmp_path / "r.h5", announce=at("summarising"))
    assert run(load(STARTER, ["run.resume=auto"]), tmp_path / "r.h5") == expected


def test_resume__a_finished_run_is_left_as_it_is(loaded, expected, tmp_path):
    out = tmp_path / "r.h5"
    run(loaded, out)
    before = out.stat()
    assert run(loaded, out, manner=Manner(resume=True)) == expected
    assert out.stat() == before


def test_resume__another_study_is_refused_with_the_difference(loaded, tmp_path):
    out = tmp_path / "r.h5"
    with pytest.raises(KeyboardInterrupt):
        run(loaded, out, announce=at("summarising"))
    seed = loaded.study.run.seed
    with pytest.raises(InputError, match=rf"r.h5.run: holds shards of another study .*: seed {seed} and 9\)"):
        run(loaded, out, seed=9, manner=Manner(resume=True))
    other = load(STARTER, ["projects.port.budget=401"])
    with pytest.raises(InputError, match=r"there and here: projects.port.budget 400.0 and 401.0"):
        run(other, out, manner=Manner(resume=True, overwrite=True))
    assert len(list(tmp_path.glob("r.h5.run/*.shard"))) == 4


@pytest.mark.parametrize("keep", [False, True], ids=["anew", "kept shards"])
def test_extended__is_a_run_from_the_start(loaded, expected, keep, tmp_path):
    out, told, said = tmp_path / "r.h5", [], []
    run(loaded, out, 2 * LEAF + 5, Manner(keep=keep))
    assert run(loaded, out, progress=told.append, announce=said.append) == expected
    if keep:
        assert told[0] == 2 * LEAF and "going on with 2 of 4 shards" in said
    else:
        assert "extending 8,197 paths to 12,365: all are computed anew, since shards were not kept (--keep)" in said
    assert os.listdir(tmp_path) == ["r.h5"]


def test_extended__the_old_result_stays_until_the_new_one_is_whole(loaded, tmp_path):
    out = tmp_path / "r.h5"
    old = run(loaded, out, LEAF)
    with pytest.raises(KeyboardInterrupt):
        run(loaded, out, announce=at("publishing"))
    assert content(out) == old
    told = []
    run(loaded, out, progress=told.append)
    assert told[0] == PATHS


HELD = f"file exists, and holds {PATHS:,} paths of this run already, got .*r.h5; `spvrisk summary .*r.h5` shows them"


@pytest.mark.parametrize(
    ("paths", "seed", "says"),
    [(PATHS, None, HELD), (LEAF, None, HELD), (2 * PATHS, 5, "file exists, got .*r.h5; name another file")],
    ids=["as many", "fewer", "other seed"],
)
def test_existing__is_refused_where_it_would_not_be_extended(loaded, paths, seed, says, tmp_path):
    run(loaded, tmp_path / "r.h5")
    with pytest.raises(InputError, match=says):
        run(loaded, tmp_path / "r.h5", paths, seed=seed)


def notes(error):
    """What the command says besides: notes of an error and of its causes."""
    return "" if error is None else " ".join(getattr(error, "__notes__", ())) + notes(error.__cause__)


LESS = {
    "output.paths=[npv_funder]": "/paths/",
    'output.quantiles=["0.5"]': "quantile 0.05, quantile 0.95",
    'output.risk_levels=["0.9", "0.95"]': "risk level 0.99",
}


@pytest.mark.parametrize("change", LESS)
def test_extended__not_by_one_that_keeps_less(loaded, change, tmp_path):
    run(loaded, tmp_path / "r.h5", LEAF)
    for manner in (ANEW, Manner(resume=True)):
        with pytest.raises(
            InputError, match=rf"file exists, and holds what the longer one would not: .*{LESS[change]}"
        ):
            run(load(STARTER, [change]), tmp_path / "r.h5", manner=manner)
    run(load(STARTER, [change]), tmp_path / "r.h5", manner=Manner(overwrite=True))


MORE = 'output.quantiles=["0.05", "0.5", "0.95", "0.999"]'


@pytest.mark.parametrize("paths", [LEAF, PATHS], ids=["more paths", "as many"])
def test_extended__by_one_that_keeps_more(loaded, paths, tmp_path):
    out, other, said = tmp_path / "r.h5", load(STARTER, [MORE]), []
    run(loaded, out, paths)
    found = run(other, out, announce=said.append)
    begun = f"extending {paths:,} paths to {PATHS:,}, with quantile 0.999: all are computed anew"
    assert any(line.startswith(begun) for line in said)
    assert found == run(other, tmp_path / "anew.h5")


def test_resume__a_finished_run_that_keeps_more_is_left_as_it_is(loaded, tmp_path):
    out = tmp_path / "r.h5"
    found = run(load(STARTER, [MORE]), out)
    assert run(loaded, out, manner=Manner(resume=True)) == found
    with pytest.raises(InputError, match="file exists"):
        run(loaded, out)


@pytest.mark.parametrize("where", ["paths/npv_funder", "provenance/plan"])
def test_resume__a_finished_run_that_is_damaged_is_refused(loaded, expected, where, tmp_path):
    """Damage that opening the file does not find."""
    out, said = tmp_path / "r.h5", []
    run(loaded, out)
    assert run(loaded, out, manner=Manner(resume=True), announce=said.append) == expected
    assert said[-1] == "finished already: tables, values by path and plan match their digests"
    with h5py.File(out, "r+") as file:
        values = file[where][...]
        file[where][...] = values[::-1]
    with pytest.raises(InputError, match=r"r.h5: is finished, but damaged: .*remove it, and run the command again"):
        run(loaded, out, manner=Manner(resume=True))


def killed_before_tidying(loaded, out, monkeypatch, paths=PATHS):
    """Leave what a run of shards on the disk leaves that is killed once its result is published."""
    with monkeypatch.context() as patch:
        patch.setattr(FolderLedger, "discard", lambda _: None)
        patch.setattr("spvrisk.experiments.need.has_shards", lambda _: True)  # so that it goes on with those
        found = run(loaded, out, paths)
    assert len(list(run_folder(out).glob("*.shard"))) == -(-paths // LEAF)
    return found


NEXT = {
    "resumed": (PATHS, Manner(resume=True), None),
    "told that it exists": (PATHS, ANEW, "file exists"),
    "extended": (2 * PATHS, ANEW, None),
    "with another seed": (PATHS, Manner(overwrite=True), None),
}


@pytest.mark.parametrize("case", NEXT)
def test_finished__what_a_killed_run_left_is_swept_by_the_next_command(loaded, case, tmp_path, monkeypatch):
    out, (paths, manner, refused) = tmp_path / "r.h5", NEXT[case]
    killed_before_tidying(loaded, out, monkeypatch)
    seed = 9 if case == "with another seed" else None
    if refused:
        with pytest.raises(InputError, match=refused):
            run(loaded, out, paths, manner, seed)
    else:
        run(loaded, out, paths, manner, seed)
    assert os.listdir(tmp_path) == ["r.h5"]


def test_finished__shards_that_are_to_stay_or_of_another_content_are_not_swept(loaded, tmp_path, monkeypatch):
    out = tmp_path / "r.h5"
    killed_before_tidying(loaded, out, monkeypatch, LEAF)
    out.unlink()
    run(loaded, out, LEAF, Manner(keep=True, resume=True))
    with pytest.raises(InputError, match="file exists"):
        run(loaded, out, LEAF)
    assert len(list(run_folder(out).glob("*.shard"))) == 1
    finish(run_folder(out), "0" * 64)
    with pytest.raises(InputError, match="file exists"):
        run(loaded, out, LEAF)
    assert len(list(run_folder(out).glob("*.shard"))) == 1


def test_extended__what_has_taken_its_place_meanwhile_stays(loaded, tmp_path):
    out = tmp_path / "r.h5"
    run(loaded, out, LEAF)

    def replaced(stage):
        if stage == "summarising":
            out.write_text("mine", encoding="utf-8")

    with pytest.raises(InputError, match="must be a result of spvrisk to be replaced"):
        run(loaded, out, announce=replaced)
    assert out.read_text(encoding="utf-8") == "mine"


def test_kept__in_the_place_of_a_job_without_shards(loaded, tmp_path):
    out = tmp_path / "r.h5"
    FolderLedger(run_folder(out), planned(loaded, settings_of(loaded, PATHS, 5)).job)
    with pytest.raises(KeyboardInterrupt) as caught:
        run(loaded, out, announce=at("writing"))
    assert "4 of 4 shards are kept" in notes(caught.value)


def test_kept__no_more_than_the_disk_budget(tmp_path):
    tight = load(STARTER, ["run.disk_mib=0"])
    with pytest.raises(KeyboardInterrupt) as caught:
        run(tight, tmp_path / "r.h5", announce=at("writing"))
    assert "What was done is not kept: shards would take more than run.disk_mib" in notes(caught.value)
    assert os.listdir(tmp_path) == []


def test_kept__where_the_folder_cannot_be_written(loaded, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FolderLedger, "__init__", full)
    with pytest.raises(KeyboardInterrupt) as caught:
        run(loaded, tmp_path / "r.h5", announce=at("writing"))
    assert "could not all be kept" in notes(caught.value)


def test_resume__another_plan_is_not_run(loaded, tmp_path):
    out = tmp_path / "r.h5"
    with pytest.raises(KeyboardInterrupt):
        run(loaded, out, manner=Manner(keep=True), announce=at("writing"))
    file = run_folder(out) / "job.json"
    job = Job.from_bytes(file.read_bytes())
    file.write_bytes(replace(job, plan=job.plan._replace(constants=job.plan.constants * 1.5)).to_bytes())
    with pytest.raises(InputError, match="job.json: must hold the plan of its study"):
        run(loaded, out, manner=Manner(resume=True))


def test_claimed__links_in_the_folder_are_not_followed(loaded, tmp_path):
    out, victim = tmp_path / "r.h5", tmp_path / "victim"
    for name in ("lock", "result.part"):
        victim.write_text("mine", encoding="utf-8")
        run_folder(out).mkdir(exist_ok=True)
        (run_folder(out) / name).symlink_to(victim)
        if name == "lock":
            with pytest.raises(RunError, match="cannot be written"):
                run(loaded, out)
        else:
            run(loaded, out)
        assert victim.read_text(encoding="utf-8") == "mine"
        if (run_folder(out) / name).is_symlink():
            (run_folder(out) / name).unlink()
    (tmp_path / "r.h5").unlink()
    run_folder(out).mkdir(exist_ok=True)
    (run_folder(out) / "lock").symlink_to(tmp_path / "nowhere" / "x")
    with pytest.raises(RunError, match="cannot be written"):
        run(loaded, out)


FAILURES = {
    MemoryError(): "the machine has not enough memory; run fewer paths",
    RunError("nothing goes"): "nothing goes",
}


@pytest.mark.parametrize("error", FAILURES, ids=["memory", "run"])
def test_failed__shards_are_kept(loaded, expected, error, tmp_path, monkeypatch):
    def fails(*_):
        raise error

    with monkeypatch.context() as patch, pytest.raises(RunError, match=FAILURES[error]) as caught:
        patch.setattr("spvrisk.experiments.run.timeline", fails)
        run(loaded, tmp_path / "r.h5")
    assert "4 of 4 shards are kept" in notes(caught.value)
    assert run(loaded, tmp_path / "r.h5", manner=Manner(resume=True)) == expected


OWN = [OSError(28, "the caller's own"), MemoryError("the caller's own"), ZeroDivisionError("the caller's own")]


@pytest.mark.parametrize("error", OWN, ids=["disk", "memory", "other"])
@pytest.mark.parametrize("how", ["progress", "writing", "publishing"])
def test_failed__what_a_caller_raises_is_passed_on_and_shards_are_kept(loaded, expected, error, how, tmp_path):
    told = {"progress": after(2 * LEAF + 5, error)} if how == "progress" else {"announce": at(how, error)}
    with pytest.raises(type(error), match="the caller's own") as caught:
        run(loaded, tmp_path / "r.h5", **told)
    assert caught.value is error and "shards are kept" in error.__notes__.pop()
    assert run(loaded, tmp_path / "r.h5", manner=Manner(resume=True)) == expected


def test_kept__what_else_is_in_the_folder_stays(loaded, tmp_path):
    out = tmp_path / "r.h5"
    run_folder(out).mkdir()
    (run_folder(out) / "mine.txt").write_text("mine", encoding="utf-8")
    run(loaded, out, manner=Manner(keep=True))
    run(loaded, out, 2 * PATHS)
    assert [file.name for file in run_folder(out).iterdir()] == ["mine.txt"]


def test_kept__a_job_without_shards_makes_room_for_another(loaded, tmp_path):
    out = tmp_path / "r.h5"
    FolderLedger(run_folder(out), planned(loaded, settings_of(loaded, PATHS, 5)).job)
    assert (run_folder(out) / "job.json").exists()
    run(loaded, out, manner=Manner(keep=True, resume=True), seed=77)


HOLD = """
import sys, time
from pathlib import Path
from spvrisk.dataset.place import claimed
with claimed(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_claimed__a_second_run_is_refused_at_once_and_the_lock_goes_with_its_process(loaded, tmp_path):
    out = tmp_path / "r.h5"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(out)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(
            InputError, match=rf"argument out: another run is writing it, got .*r.h5 by process {holder.pid} on "
        ):
            run(loaded, out)
        holder.kill()
        holder.wait()
    assert sorted(file.name for file in run_folder(out).iterdir()) == ["lock", "result.part"]
    run(loaded, out)
    assert os.listdir(tmp_path) == ["r.h5"]


def test_claimed__long_names_and_links(loaded, tmp_path):
    longest = tmp_path / ("r" * 252 + ".h5")
    assert len(run_folder(longest).name) == 36
    target, link = tmp_path / "there" / "r.h5", tmp_path / "link.h5"
    target.parent.mkdir()
    link.symlink_to(target)
    with claimed(link) as place:
        assert place.target == target and place.folder == target.parent / "r.h5.run"
    run(loaded, link)
    assert link.is_symlink() and os.listdir(target.parent) == ["r.h5"]


def test_claimed__a_folder_that_cannot_be_written_to_is_told(loaded, tmp_path):
    (tmp_path / "r.h5.run").write_text("a file", encoding="utf-8")
    with pytest.raises(RunError, match=r"r.h5.run: cannot be written: "):
        run(loaded, tmp_path / "r.h5")


def test_disk_full__while_shards_are_written(loaded, tmp_path, monkeypatch):
    """What is done stays; the error says what the disk lacks."""
    put, calls = FolderLedger.put, []

    def full(ledger, k, shard):
        calls.append(k)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        put(ledger, k, shard)

    monkeypatch.setattr(FolderLedger, "put", full)
    with pytest.raises(RunError, match=r"r.h5.run: cannot be written: no space left on device; check") as caught:
        run(loaded, tmp_path / "r.h5", manner=Manner(keep=True))
    assert "2 of 4 shards are kept" in notes(caught.value)


def test_estimate__counts_the_disk_where_shards_go_there(loaded, tmp_path, monkeypatch):
    """A kernel of 1 ms and a disk of 1 MB/s: 64 series take 0.5 ms a path beside it on one thread."""
    monkeypatch.setattr("spvrisk.experiments.run.seconds_per_path", lambda _: 1e-3)
    monkeypatch.setattr("spvrisk.experiments.run.seconds_per_byte", lambda _: 1e-6)
    said = []
    for name, keep in (("memory.h5", False), ("disk.h5", True)):
        run(loaded, tmp_path / name, manner=Manner(keep=keep), announce=said.append)
    found = [line.split(", ")[0] for line in said if " paths take about " in line]
    assert found == ["12,365 paths take about 0:00:13", "12,365 paths take about 0:00:19"]
