"""Machine code proves itself right before its first use; what does not is thrown away."""

import functools
import json
import os
import pickle
import select
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from llvmlite import binding

import spvrisk
from spvrisk.config import load_study
from spvrisk.errors import RunError
from spvrisk.kernel import cache
from spvrisk.kernel.cache import CANNOT_RUN, NOT_PROVEN, PASSED, REFUSED, Stamp
from spvrisk.kernel.target import FOREIGN, Target, ladder, native
from spvrisk.plan.compile import compile_study
from spvrisk.runner import proof, shard

FOREIGN_NAME = "znver5" if binding.get_host_cpu_features().get("avx512vbmi2") else "x86-64-v3"
ON_X86 = binding.get_process_triple().startswith("x86_64")

FRESH = """
import json
from spvrisk.kernel.run import ENTRY_POINTS
from spvrisk.runner import proof, shard
proof.processors = lambda: 1
stamp = proof.prove_here().stamp
texts = [text for function in shard._entry_points() for text in function.inspect_llvm().values()]
kernel = [text for function in ENTRY_POINTS for text in function.inspect_llvm().values()]
def count(what, of):
    return sum(text.count(what) for text in of)
counts = {"marks": count("LVerDomain", texts), "loops": count("vector.body", kernel)}
print(json.dumps({"stamp": stamp, **counts, "stores": count("store <8 x double>", kernel)}))
"""
"""Compiles, and counts in the optimised code the vectoriser's marks, also in statistics; in the kernel alone its loops
and the stores of values."""


def environment(folder, target: Target, package=None):
    env = {key: value for key, value in os.environ.items() if not key.startswith("NUMBA_")}
    root = package or Path(spvrisk.__file__).parents[1]
    return {**env, **target.environment(), "NUMBA_CACHE_DIR": str(folder), "PYTHONPATH": str(root)}


@pytest.fixture
def stamps(monkeypatch, tmp_path):
    """A cache of its own, with a ladder of three targets of which none has been tried."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    rungs = tuple(Target(name, name, "") for name in ("own", "safe", "safest"))
    for module in (cache, proof):
        monkeypatch.setattr(module, "ladder", lambda: rungs)
    monkeypatch.setattr(proof, "_ready", None)
    monkeypatch.setattr(cache, "settled", lambda: cache.chosen() or rungs[-1])
    return rungs


def outcomes(monkeypatch, **by_name):
    """Let each target's proof come out so."""
    tried = []

    def proved(target):
        tried.append(target.name)
        stamp = Stamp(by_name[target.name], "a detail")
        cache.put_stamp(target, stamp)
        return proof.Proof(target, stamp)

    monkeypatch.setattr(proof, "proved", proved)
    return tried


def test_prepare__code_that_passes_is_not_tried_again(stamps, monkeypatch, recwarn):
    tried, told = outcomes(monkeypatch, own=PASSED), []
    assert proof.prepare(told.append).target.name == "own"
    assert proof.prepare(told.append).stamp.outcome == PASSED
    assert tried == ["own"] and len(told) == 1 and not recwarn.list


def test_prepare__falls_back_and_names_both(stamps, monkeypatch):
    tried = outcomes(monkeypatch, own=REFUSED, safe=CANNOT_RUN, safest=PASSED)
    for _ in range(2):
        monkeypatch.setattr(proof, "_ready", None)
        with pytest.warns(RuntimeWarning, match=r"own computes wrong numbers .*safest"):
            assert proof.prepare().target.name == "safest"
    assert tried == ["own", "safe", "safest"]


def test_prepare__nothing_right(stamps, monkeypatch):
    outcomes(monkeypatch, own=REFUSED, safe=REFUSED, safest=REFUSED)
    with pytest.raises(spvrisk.RunError, match=r"own: a detail; safe: .*report"):
        proof.prepare()


def test_prepare__sources_of_ones_own_are_run(stamps, monkeypatch):
    outcomes(monkeypatch, own=NOT_PROVEN)
    assert proof.prepare().stamp.outcome == NOT_PROVEN


def test_stamp__refused_code_is_thrown_away(stamps):
    folder = cache.folder_of(stamps[0])
    folder.mkdir(parents=True)
    (folder / "code.nbc").write_bytes(b"wrong")
    cache.put_stamp(stamps[0], Stamp(REFUSED, "x"))
    assert [item.name for item in folder.iterdir()] == ["self-test.json"]
    assert cache.stamp_of(stamps[0])[:2] == (REFUSED, "x") and cache.chosen() == stamps[1]


def test_stamp__half_written_is_none(stamps):
    folder = cache.folder_of(stamps[0])
    folder.mkdir(parents=True)
    (folder / "self-test.json").write_text('{"outcome": "pas', encoding="utf-8")
    assert cache.stamp_of(stamps[0]) is None


CHILD = """
import sys
from spvrisk.kernel import cache
print(cache.settled().name, cache.folder_of(cache.settled()).name)
"""


@pytest.mark.parametrize("target", ladder(), ids=lambda target: target.name)
def test_asked__a_process_proves_what_it_was_asked_to_in_the_folder_where_it_is_looked_for(target, tmp_path):
    """Whatever stamps there are: here that target has been refused."""
    env = {**os.environ, **target.environment(), cache.ASKED: json.dumps(target), "NUMBA_CACHE_DIR": str(tmp_path)}
    here = {"NUMBA_CACHE_DIR": str(tmp_path)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(*next(iter(here.items())))
        cache.put_stamp(target, Stamp(REFUSED, "x"))
        folder = cache.folder_of(target).name
    done = subprocess.run([sys.executable, "-c", CHILD], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{target.name} {folder}"


def test_prepare__ends_where_refusals_are_not_kept(stamps, monkeypatch):
    tried = []
    monkeypatch.setattr(proof, "proved", lambda t: tried.append(t.name) or proof.Proof(t, Stamp(REFUSED, "x")))
    with pytest.raises(spvrisk.RunError, match="own: x; safe: x; safest: x"):
        proof.prepare()
    assert tried == ["own", "safe", "safest"]


@pytest.mark.parametrize("name", ["ILL", "SEGV", "ABRT"])
def test_proved__code_that_ends_its_process_is_not_used(stamps, monkeypatch, name):
    shell = Path(os.environ["NUMBA_CACHE_DIR"]) / "dies"
    shell.write_text(f"#!/bin/sh\nkill -{name} $$\n", encoding="utf-8")
    shell.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(shell))
    assert not proof.proved(stamps[0]).stamp.usable and cache.chosen() == stamps[1]


PARENT = """
import subprocess, sys
from spvrisk.kernel.target import native
from spvrisk.runner import proof

class Told(subprocess.Popen):
    def __init__(self, *arguments, **more):
        super().__init__(*arguments, pass_fds=[int(sys.argv[1])], **more)
        print("child started", flush=True)

subprocess.Popen = Told
proof.proved(native())
"""
"""Compiles in a child, which has the pipe that is handed down."""


@pytest.mark.skipif(os.name != "posix", reason="signals, and pipes that are handed down by their number")
@pytest.mark.parametrize("seconds", [0.0, 6.0])
def test_proved__child_ends_with_its_parent(seconds, tmp_path):
    """At once or in the middle of compiling; the pipe is at its end when both are gone."""
    end, ours = os.pipe()
    env = environment(tmp_path, native())
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(ours)], env=env, pass_fds=[ours], stdout=subprocess.PIPE
    ) as parent:
        os.close(ours)
        assert parent.stdout.readline() == b"child started\n"
        assert select.select([end], [], [], seconds)[0] == []
        parent.terminate()
    assert select.select([end], [], [], 20.0)[0] == [end] and os.read(end, 1) == b""
    os.close(end)


SWITCHES = {
    "SLP_VECTORIZE": 1,
    "DISABLE_INTEL_SVML": 1,
    "LLVM_REFPRUNE_PASS": 0,
    "LLVM_REFPRUNE_FLAGS": "per_bb",
    "EXTEND_VARIABLE_LIFETIMES": 1,
    "DEBUGINFO_DEFAULT": 1,
    "BOUNDSCHECK": 1,
}


@pytest.mark.parametrize("name", SWITCHES)
def test_folder__by_switches(name, monkeypatch):
    target, folder = FOREIGN[0], cache.folder_of(FOREIGN[0])
    given = target.environment()
    monkeypatch.setattr(numba.config, name, SWITCHES[name])
    assert cache.folder_of(target) != folder
    other = target.environment()
    assert {key: str(SWITCHES[name]) for key in other if other[key] != given[key]} == dict(
        other.items() - given.items()
    )


@pytest.mark.parametrize("switch", ["NUMBA_SLP_VECTORIZE=1", "NUMBA_OPT=1", "NUMBA_LLVM_REFPRUNE_FLAGS=per_bb"])
def test_asked__a_process_has_the_switches_of_the_one_that_asks(switch, tmp_path, monkeypatch):
    """Of whatever origin: here they are given to a process by its environment, which hands them on."""
    monkeypatch.setenv(*switch.split("="))
    program = f"""
import json, os, subprocess, sys
from spvrisk.kernel import cache
from spvrisk.kernel.target import native
env = {{**os.environ, **native().environment(), cache.ASKED: json.dumps(native())}}
print(cache.folder_of(native()).name, subprocess.check_output([sys.executable, "-c", {CHILD!r}], env=env, text=True))
"""
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    mine, _, theirs = subprocess.check_output([sys.executable, "-c", program], env=env, text=True).split()
    assert mine == theirs


@pytest.mark.parametrize(
    "command", [["run", "study.yaml", "--paths", "64"], ["selftest"], ["warmup"]], ids=lambda c: c[0]
)
def test_disabled_jit__is_told(command, tmp_path):
    (tmp_path / "study.yaml").write_bytes((Path(spvrisk.__file__).parent / "data" / "starter.yaml").read_bytes())
    env = {**environment(tmp_path, native()), "NUMBA_DISABLE_JIT": "1"}
    program = [sys.executable, "-m", "spvrisk", *command]
    done = subprocess.run(program, env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "NUMBA_DISABLE_JIT forbids it: unset it, and start anew" in done.stderr


OTHERS_FIRST = """
import numba
import spvrisk
from spvrisk.kernel import cache
numba.njit(lambda x: x + 1)(1)
try:
    cache.settled()
except spvrisk.RunError as error:
    print(error)
"""


def test_settled__other_code_has_fixed_another_target(tmp_path):
    target = Target("another", "x86-64-v2" if ON_X86 else "generic", "")
    env = {**os.environ, cache.ASKED: json.dumps(target), "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", OTHERS_FIRST], env=env, capture_output=True, text=True, check=True)
    assert "other code of this process has had numba compile for" in done.stdout
    assert "cannot be compiled for another: call spvrisk.warmup() before anything else" in done.stdout


def test_prepare__code_for_the_target_of_others_is_refused(stamps, monkeypatch):
    monkeypatch.setattr(proof, "ladder", lambda: stamps[:1])
    monkeypatch.setattr(proof, "fixed_by_others", lambda: stamps[0])
    outcomes(monkeypatch, own=REFUSED)
    said = r"numba compile for own before spvrisk was used.* \(own: a detail\): call spvrisk.warmup\(\) before"
    with pytest.raises(spvrisk.RunError, match=said):
        proof.prepare()


def test_folder__by_target():
    folders = {cache.folder_of(target) for target in (*FOREIGN, FOREIGN[0]._replace(vectorise=False))}
    assert len(folders) == len(FOREIGN) + 1


def test_proved__code_that_the_machine_does_not_know(stamps, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(spvrisk.RunError, match="compiling the kernel for own failed"):
        proof.proved(stamps[0])
    shell = Path(os.environ["NUMBA_CACHE_DIR"]) / "dies"
    shell.write_text("#!/bin/sh\nkill -ILL $$\n", encoding="utf-8")
    shell.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(shell))
    assert proof.proved(stamps[0]).stamp.outcome == CANNOT_RUN == cache.stamp_of(stamps[0]).outcome


@pytest.mark.parametrize(("processors", "lines"), [(1, []), (2, ["compile_stage('world')"])])
def test_stage__is_compiled_by_another_process_where_there_is_a_processor(
    stamps, monkeypatch, tmp_path, processors, lines
):
    """Should that process fail, whoever wants the code compiles it: nothing is raised."""
    shell, told = tmp_path / "fails", tmp_path / "told"
    shell.write_text(f'#!/bin/sh\necho "$3" >> {told}\nexit 1\n', encoding="utf-8")
    shell.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(shell))
    monkeypatch.setattr(proof, "processors", lambda: processors)
    with proof._another_compiles(stamps[0], "world"):
        pass
    said = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    assert [line.split("proof.")[-1] for line in said] == lines


def test_proof__is_of_the_code_that_runs_use():
    """One signature of each entry point: that of shipped plans is that of compiled studies."""
    from spvrisk.config import load
    from spvrisk.kernel.run import ENTRY_POINTS, make_leaf, make_work, run_paths
    from spvrisk.plan.compile import compile_study

    none = np.uint64(0)
    _, shipped, series = next(proof.shipped_plans())
    compiled = compile_study(load(Path(spvrisk.__file__).parent / "data" / "starter.yaml").study)
    for plan, n in ((shipped, len(series)), (compiled.plan, len(compiled.labels.series))):
        at, work = make_work(plan)
        run_paths(plan, at, work, make_leaf(plan, n, False), none, none, none, none)
    assert [len(code.signatures) for code in ENTRY_POINTS] == [1, 1, 1]
    with pytest.raises(spvrisk.RunError, match="not of the types"):
        run_paths(plan._replace(constants=plan.constants[::2]), at, work, make_leaf(plan, n, False), *[none] * 4)


def test_shipped__is_up_to_date():
    """What ships belongs to these sources: ``make self-test`` renews it."""
    expected = json.loads(proof._shipped("self_test.json"))
    assert expected["sources"] == cache.sources_digest()
    assert proof.differing(proof.digests(proof.shipped_plans()), expected["digests"]) == []


def test_shipped_plans__are_of_the_types_of_those_that_are_run():
    """Else the code that is proved is not the code that is used, and both are compiled."""
    plan = compile_study(load_study(Path(spvrisk.__file__).parent / "data" / "starter.yaml")).plan
    types = [numba.typeof(array) for array in plan]
    for _, shipped, _ in proof.shipped_plans():
        assert [numba.typeof(array) for array in shipped] == types


def test_differing__one_value_in_its_last_digit():
    expected = json.loads(proof._shipped("self_test.json"))["digests"]
    row = np.arange(8.0)
    moved = np.where(row == 3.0, np.nextafter(3.0, 4.0), row)
    assert proof._digest(row) != proof._digest(moved)
    assert proof._digest(np.array([-0.0, np.nan])) == proof._digest(np.array([0.0, -np.nan]))
    found = {plan: dict(series) for plan, series in expected.items()}
    found["everything"]["portfolio/npv_funder"] = "0" * 16
    assert proof.differing(found, expected) == ["everything: portfolio/npv_funder"]


def test_ladder__from_the_machine_to_the_safest():
    names = [target.name for target in ladder()]
    assert len(set(names)) == len(names) >= 1
    if len(names) > 1:
        assert ladder()[-1].vectorise is False


@pytest.mark.skipif(not ON_X86, reason="targets of x86-64")
def test_foreign_target__fresh_code_is_right_and_carries_no_marks(tmp_path):
    """znver5 is where loops over rows were once miscompiled; the marks that did it are counted in the code itself."""
    target = next(target for target in FOREIGN if target.name == FOREIGN_NAME)
    env = environment(tmp_path, target)
    done = subprocess.run([sys.executable, "-c", FRESH], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert told["stamp"][0] == PASSED and told["marks"] == told["loops"] == 0 and told["stores"] > 1000


def test_edited_kernel__not_proven(tmp_path):
    """A source tree of one's own is run, and says that it is not the released one."""
    package = tmp_path / "spvrisk"
    shutil.copytree(Path(spvrisk.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    rows = package / "kernel" / "rows.py"
    rows.write_text(rows.read_text(encoding="utf-8") + "\n# an edit\n", encoding="utf-8")
    program = "from spvrisk.runner.proof import judged; print(judged())"
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert NOT_PROVEN in done.stdout


@pytest.mark.parametrize(
    "error", [EOFError("Ran out of input"), pickle.UnpicklingError("truncated"), ValueError("bad")]
)
def test_load__code_that_cannot_be_loaded_is_thrown_away_and_made_anew(monkeypatch, error):
    calls, thrown, told = [], [], []

    def load(plan):
        calls.append(plan)
        if len(calls) == 1:
            raise error

    monkeypatch.setattr(shard, "_load", load)
    monkeypatch.setattr(cache, "discard", lambda: thrown.append(True))
    shard.load("a plan", told.append)
    assert (calls, thrown, len(told)) == (["a plan", "a plan"], [True], 1)
    assert told[0].startswith("compiling the kernel anew")


@pytest.mark.parametrize("outcome", [PASSED, REFUSED])
def test_confirm__proves_what_was_compiled_here_although_a_stamp_spoke_for_it(monkeypatch, outcome):
    kept = []
    monkeypatch.setattr(proof, "prove_here", functools.cache(lambda: None))
    monkeypatch.setattr(proof, "judged", lambda: Stamp(outcome, "of this code"))
    monkeypatch.setattr(cache, "put_stamp", lambda target, stamp: kept.append(stamp.outcome))
    monkeypatch.setattr(proof, "compiled_here", lambda: False)
    proof.confirm()
    assert kept == []
    monkeypatch.setattr(proof, "compiled_here", lambda: True)
    if outcome == PASSED:
        proof.confirm()
    else:
        with pytest.raises(RunError, match="of this code"):
            proof.confirm()
    assert kept == [outcome]


@pytest.mark.parametrize(
    "text",
    ['{"outcome": "weird"}', '{"outcome": ["passed"]}', '{"outcome": "passed", "shipped": "of another release"}'],
)
def test_stamp__that_says_nothing_is_none(tmp_path, monkeypatch, text):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    target = cache.settled()
    cache.put_stamp(target, Stamp(PASSED))
    assert cache.stamp_of(target).outcome == PASSED
    (cache.folder_of(target) / "self-test.json").write_text(text, encoding="utf-8")
    assert cache.stamp_of(target) is None


def test_run_paths__first_called_by_several_threads(tmp_path):
    """Only one of them has the code made or loaded."""
    program = """
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from spvrisk.kernel import run
from spvrisk.runner import proof

_, plan, series = next(proof.shipped_plans())

def values(_):
    at, work = run.make_work(plan)
    leaf = run.make_leaf(plan, len(series), False)
    run.run_paths(plan, at, work, leaf, *(np.uint64(x) for x in (1, 0, 0, 64)))
    return leaf.values.tobytes()

with ThreadPoolExecutor(4) as pool:
    print(len(set(pool.map(values, range(4)))))
"""
    env = {**os.environ, "PYTHONPATH": str(Path(spvrisk.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
    assert done.stdout == "1\n", done.stderr


def test_prove_here__damaged_code_is_made_anew(tmp_path):
    """Also where no stamp says that there ever was better code: one stage is cut to nothing."""
    made = cache.folder_of(cache.settled())
    there = tmp_path / "spvrisk" / made.name
    shutil.copytree(made, there)
    (there / "self-test.json").unlink(missing_ok=True)
    damaged = list(there.rglob("run.simulate_projects*.nbc"))  # of each installation that shares the folder
    assert damaged
    for file in damaged:
        file.write_bytes(b"")
    program = """
from spvrisk.runner import proof, shard
made = []
def making(target, plan):
    made.append(True)
    from spvrisk.kernel.run import compile_stages
    if len(made) == 1:
        compile_stages(plan, "projects")
proof._made, proof.load = making, lambda plan: None
proof.judged = lambda: proof.Stamp("passed")
proof.prove_here()
print(len(made))
"""
    env = environment(tmp_path, cache.settled()) | {"NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
    assert done.stdout == "2\n" and not any(file.exists() for file in damaged), done.stderr
