"""A whole benchmark in a moment, of the starter study."""

import tempfile
from importlib.resources import files

import pytest

import spvrisk
from spvrisk.experiments.timing import bench as module
from spvrisk.experiments.timing import subjects
from spvrisk.experiments.timing.found import Cold
from spvrisk.experiments.timing.processes import Ended
from spvrisk.experiments.timing.subjects import ByThreads, KernelByStages, ResultOfRun
from spvrisk.kernel.cache import REFUSED, Stamp
from spvrisk.plan.compile import compile_study

STARTER = files("spvrisk") / "data" / "starter.yaml"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where what the benchmark writes is."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def started(monkeypatch):
    """Commands that were started, which take no time."""
    found = []

    def command(words, variables=None):
        found.append((words, variables))
        return Ended(0.25, 0.5, "")

    for each in (module, subjects):
        monkeypatch.setattr(each, "command", command)
    monkeypatch.setattr(module, "peak_of_run", lambda *_: 300_000_000)
    return found


def test_bench__measures_all_and_leaves_nothing(folder, started):
    study, gone = spvrisk.load(STARTER, {"run.workers": 2}), []
    found = spvrisk.bench(study, seconds=5, progress=gone.append)
    assert list(folder.iterdir()) == []
    assert [stage.name for stage in found.stages] == ["selection", "clock", "factors", "projects", "whole"]
    whole = found.stages[-1]
    assert sum(stage.us.median for stage in found.stages[:-1]) == pytest.approx(whole.us.median, rel=0.3)
    assert whole.us.turns >= 3 and whole.us.low <= whole.us.median <= whole.us.high
    assert whole.ns == pytest.approx(1e3 * whole.us.median / (found.study.funded * found.study.steps))
    assert (found.study.projects, found.study.factors, found.study.steps) == (2, 6, 160)
    assert 1.9 < found.study.funded <= 2.0
    assert [each.threads for each in found.threads] == [1, 2]
    assert set(found.threads[0].kernel_gain[:3]) == {1.0}
    assert found.start is not None and found.start.median == 0.25
    assert found.proof.stamp.outcome in ("passed", "not proven")
    assert found.waited > 0.9 and found.seconds > 0.0 and sum(gone) <= found.seconds
    assert found.cold is None
    words, variables = started[0]
    assert variables is None and words[:3] == ("run", str(STARTER), "--paths=1000")
    assert words[-2:] == ("--set", "run.workers=2")


def test_bench__time_for_everything(folder, started, monkeypatch):
    monkeypatch.setattr(module, "in_turn", lambda subjects, *_: {s.name: [s.turn(), s.turn()] for s in subjects})
    monkeypatch.setattr(subjects, "RESULT_PATHS", (1000, 2000))
    found = spvrisk.bench(seconds=30, cold=True, overrides=["run.paths=7"])
    assert found.left_out == {} and found.result is not None
    assert found.result.peak == 300_000_000 and found.result.size > 100_000
    assert found.cold == Cold(0.25, 0.5)
    (*_, (words, variables)) = started
    assert words[0] == "run" and words[-2:] == ("--set", "run.paths=7")
    assert set(variables) >= {"NUMBA_CACHE_DIR", "XDG_CACHE_HOME"}
    assert all(value.startswith(str(folder)) for value in variables.values())
    assert list(folder.iterdir()) == []


def test_bench__leaves_out_what_there_is_no_time_for(folder, started, monkeypatch):
    monkeypatch.setattr(module, "_cost", lambda *_: 9.0)
    found = spvrisk.bench(seconds=5)
    assert found.start is None and found.result is None and found.threads == ()
    assert found.left_out == {"threads": 54, "result": 68, "start": 54, "peak": found.left_out["peak"]}
    assert found.stages[-1].us.turns >= 3


def test_bench__is_refused_where_the_code_is_wrong(folder, monkeypatch):
    refused = lambda target: module.prepare()._replace(stamp=Stamp(REFUSED, "3 of 9 series differ"))  # noqa: E731
    monkeypatch.setattr(module, "proved", refused)
    with pytest.raises(spvrisk.RunError, match="computes wrong numbers: 3 of 9 series differ"):
        spvrisk.bench(seconds=5)


def test_bench__interrupted_leaves_nothing(folder, monkeypatch):
    def interrupted(*_):
        assert len(list(folder.iterdir())) == 1
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "in_turn", interrupted)
    with pytest.raises(KeyboardInterrupt):
        spvrisk.bench(seconds=5)
    assert list(folder.iterdir()) == []


@pytest.fixture(scope="module")
def loaded():
    return spvrisk.load(STARTER).loaded


@pytest.fixture(scope="module")
def done(loaded):
    return compile_study(loaded.study)


def test_by_threads__no_more_than_there_is_room_for(done):
    assert ByThreads(done, 8, 5.0, 1, 1 << 40)._counts == [1, 2, 4, 8]
    assert ByThreads(done, 8, 5.0, 1, 1)._counts == [1]


def test_by_threads__compares_within_a_turn(done):
    threads = ByThreads(done, 2, 5.0, 1, 1 << 40)
    turns = [
        {"kernel 1": 8.0, "engine 1": 10.0, "kernel 2": 4.0, "engine 2": 8.0},
        {"kernel 1": 80.0, "engine 1": 100.0, "kernel 2": 40.0, "engine 2": 80.0},
    ]
    one, two = threads.threads(turns)
    assert (one.kernel_gain.median, two.kernel_gain.median, two.engine_gain.median) == (1.0, 2.0, 1.25)
    assert two.engine_us.median == 44.0


def test_kernel__calls_are_short_enough_to_be_interrupted(done, monkeypatch):
    monkeypatch.setattr(subjects, "_first_us", lambda kernel: 200.0)
    kernel = KernelByStages(done, 60)
    assert kernel._at_most == 448 and kernel._at_most * 200e-6 <= 0.1
    assert kernel._paths == 1216
    monkeypatch.setattr(subjects, "_first_us", lambda kernel: 1e5)
    assert (KernelByStages(done, 60)._at_most, KernelByStages(done, 60)._paths) == (64, 64)


def test_result__has_as_many_paths_as_a_turn_allows(loaded, tmp_path):
    assert ResultOfRun(loaded, tmp_path, 1e-6).paths == 1000
    assert ResultOfRun(loaded.changed(["run.memory_mib=370"]), tmp_path, 1e6).paths == 10_000


WRONG = {
    "seconds 0": (dict(seconds=0), r"argument seconds: must lie in \[5, 3600\], got 0"),
    "seconds x": (dict(seconds="x"), 'argument seconds: must be a whole number, got "x"'),
    "cold no": (dict(cold="no"), 'argument cold: must be True or False, got "no"'),
    "a file": (dict(study="a.yaml"), 'argument study: must be a study, got "a.yaml"; load it first'),
    "overrides": (
        dict(study=spvrisk.load(STARTER), overrides=["run.paths=5"]),
        "argument overrides: changes the starter study alone, got list; give it to load",
    ),
    "wrong override": (dict(overrides=["run.paths=-5"]), "--set 1 run.paths: must lie in"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_bench__wrong_arguments_are_told(kind):
    given, said = WRONG[kind]
    with pytest.raises(spvrisk.InputError, match=said):
        spvrisk.bench(**given)
