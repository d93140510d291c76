"""What the machine is, and processes that are timed."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

import spvrisk
from spvrisk.experiments.timing import processes
from spvrisk.experiments.timing.machine import load, machine, peak_bytes, processor_name, vector_bits
from spvrisk.files import cache_root, cache_variables
from spvrisk.kernel.target import FOREIGN, Target, native

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
ON_X86 = native().features.find("sse2") > 0


def test_machine__tells_what_figures_depend_on():
    found = machine(native(), load())
    assert found.processor and 1 <= found.usable <= found.processors
    assert found.versions["spvrisk"] == spvrisk.__version__ and found.versions["llvm"].count(".") == 2
    assert found.vector_bits in (128, 256, 512)


def test_processor_name__of_a_system_that_tells_it_elsewhere(tmp_path):
    (tmp_path / "cpuinfo").write_text("vendor_id : X\nmodel name\t: Model: 5\nmodel name\t: Other\n", encoding="utf-8")
    assert processor_name(tmp_path / "cpuinfo") == "Model: 5"
    assert processor_name(tmp_path / "none")


@pytest.mark.skipif(not ON_X86, reason="targets of x86")
def test_vector_bits__by_target():
    found = {target.name: vector_bits(target) for target in FOREIGN}
    assert (found["x86-64-v2"], found["haswell"], found["znver4"]) == (128, 256, 512)
    assert vector_bits(Target("generic", "generic", "")) == 128


def test_peak__grows_with_what_a_process_holds():
    """A process that starts another does not count for it."""
    code = "import sys; from spvrisk.experiments.timing.machine import peak_bytes; x = b'1' * {}; print(peak_bytes())"
    held = b"1" * 300_000_000
    few, many = (
        int(subprocess.run([sys.executable, "-c", code.format(n)], capture_output=True, check=True).stdout)
        for n in (1, 200_000_000)
    )
    assert 180e6 < many - few < 220e6
    if sys.platform == "linux":
        assert few < 300e6 and len(held) < (peak_bytes() or 0)


def test_command__is_run_and_timed():
    ended = processes.command(["--version"])
    assert ended.out == f"spvrisk {spvrisk.__version__}\n" and 0.0 < ended.seconds
    assert ended.processor_seconds is None or ended.processor_seconds > 0.0


def test_command__needs_no_path_and_takes_nothing_from_the_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    (tmp_path / "numpy.py").write_text("raise SystemExit('the wrong numpy')", encoding="utf-8")
    processes.command(["validate", str(STARTER)])


def test_command__that_fails_says_why():
    with pytest.raises(spvrisk.RunError, match="that was to be timed failed: nowhere.yaml: cannot be read: no such fi"):
        processes.command(["validate", "nowhere.yaml"])


def test_process__is_ended_with_what_it_does(monkeypatch):
    """An exception while it runs leaves no process."""

    def interrupted(self, *_, **__):
        started.append(self)
        raise KeyboardInterrupt

    started: list[subprocess.Popen] = []
    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    began = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        processes.command(["run", str(STARTER), "--paths", "100000000"])
    assert started[0].poll() is not None and time.perf_counter() - began < 2.0


def test_peak_of_run__of_a_process_that_runs_the_study(tmp_path):
    peak = processes.peak_of_run(STARTER, ["run.seed=5"], 500, tmp_path / "a.h5")
    assert peak is None or 5e7 < peak < 5e9
    with spvrisk.open(tmp_path / "a.h5") as results:
        assert (results.attributes["paths"], results.attributes["seed"]) == (500, "5")


@pytest.mark.skipif(sys.platform == "darwin", reason="folders of the user's library")
def test_cache_variables__move_all_that_is_kept(tmp_path, monkeypatch):
    for name, value in cache_variables(tmp_path / "cold").items():
        monkeypatch.setenv(name, value)
    assert cache_root() == tmp_path / "cold" / "spvrisk"
