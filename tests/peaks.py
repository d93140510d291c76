"""What a run takes of memory and disk, in a process of its own, beside what it was estimated to need."""

import json
import subprocess
import sys

import spvrisk
from spvrisk.experiments.need import MIB

PROGRAM = """
import json, sys
from spvrisk.config import load
from spvrisk.experiments.kept import Manner
from spvrisk.experiments.need import need_of, workspace_of
from spvrisk.experiments.run import run_study
from spvrisk.experiments.task import planned, settings_of
from spvrisk.experiments.timing.machine import peak_bytes
from spvrisk.runner.on import THREADS, Processes
from resource import RUSAGE_CHILDREN, getrusage
if __name__ == "__main__":
    study, out, paths, keep, processes = sys.argv[1:]
    loaded, n = load(study), int(processes or 0)
    settings = settings_of(loaded, int(paths), None).model_copy(update={"workers": 2})
    run_study(loaded, out, settings, Manner(keep=keep == "keep", on=Processes(n) if n else THREADS))
    job = planned(loaded, settings).job
    peak = peak_bytes() + n * 1024 * getrusage(RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps([peak, *need_of(job, 2, workspace_of(job), n)]))
"""


def peak_and_need(words, folder):
    """Run a study in a process of its own, which may start others: a file, which they can read."""
    spvrisk.warmup()
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    line = [sys.executable, str(folder / "program.py"), *words]
    done = subprocess.run(line, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def check_need(study, paths, keep, folder):
    """A run on threads takes no more than its estimate, nor much less."""
    peak, in_memory, from_disk, disk = peak_and_need([str(study), str(folder / "r.h5"), str(paths), keep, ""], folder)
    need = from_disk if keep else in_memory
    assert 0.6 * need <= peak <= need, (peak / MIB, need / MIB)
    if keep:
        held = sum(file.stat().st_size for file in (folder / "r.h5.run").iterdir())
        assert 0.95 * disk <= held <= 1.02 * disk + MIB
