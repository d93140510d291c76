"""What large runs take of memory and disk beside what they were estimated to need (`make campaign`). Minutes: 2."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import spvrisk
from large import table_study
from peaks import check_need, peak_and_need
from spvrisk.experiments.need import MIB

MAIN = Path(__file__).resolve().parents[2] / "configs" / "japan_us_2026.yaml"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc")


@pytest.mark.parametrize("keep", ["", "keep"], ids=["memory", "disk"])
@pytest.mark.parametrize("paths", [1000, 150_000])
def test_need__no_run_takes_more_nor_much_less(paths, keep, tmp_path):
    check_need(MAIN, paths, keep, tmp_path)


BEYOND = """
import json, sys, threading, time
from pathlib import Path
from spvrisk.config import load
from spvrisk.experiments.kept import Manner
from spvrisk.experiments.need import MIB, memory_budget, most_kept, need_with, workspace_of
from spvrisk.experiments.run import run_study
from spvrisk.experiments.task import planned, settings_of
from spvrisk.experiments.timing.machine import peak_bytes
study, out, paths, disk = sys.argv[1:]
loaded, sizes = load(study), [0]

def look():
    while True:
        folder = Path(out + ".run")
        try:
            sizes.append(sum(file.stat().st_size for file in folder.iterdir() if file.name != "result.part"))
        except OSError:
            pass
        time.sleep(0.02)

run = {"leaves_per_shard": 1, "disk_mib": int(disk)}
settings = settings_of(loaded, int(paths), None).model_copy(update={"workers": 2, **run})
threading.Thread(target=look, daemon=True).start()
run_study(loaded, out, settings, Manner(keep=True))
task = planned(loaded, settings)
keeping = most_kept(task.job, loaded.study.output, task.path_names, memory_budget(settings), int(disk) * MIB)
need = need_with(task.job, keeping, 2, workspace_of(task.job))
print(json.dumps([peak_bytes(), max(sizes), need.from_disk, need.disk]))
"""


def test_need__beyond_the_disk_no_run_takes_more(tmp_path):
    spvrisk.warmup()
    words = [str(MAIN), str(tmp_path / "r.h5"), "150000", "345"]
    done = subprocess.run([sys.executable, "-c", BEYOND, *words], check=True, capture_output=True, text=True)
    peak, held, memory, disk = json.loads(done.stdout)
    assert 0.5 * memory <= peak <= memory, (peak / MIB, memory / MIB)
    assert 0.5 * disk <= held <= disk <= 345 * MIB, (held / MIB, disk / MIB)


def test_need__no_processes_take_more(tmp_path):
    words = [str(MAIN), str(tmp_path / "r.h5"), "150000", "keep", "2"]
    peak, in_memory, from_disk, _ = peak_and_need(words, tmp_path)
    assert 0.5 * from_disk <= peak <= from_disk <= in_memory, (peak / MIB, from_disk / MIB)


def test_need__of_three_hundred_projects(tmp_path):
    """Series and workspaces grow with the projects: a shard of them takes 0.7 GiB."""
    study = table_study(tmp_path, 300)
    peak, in_memory, *_ = peak_and_need([str(study), str(tmp_path / "r.h5"), "5000", "", ""], tmp_path)
    assert 0.6 * in_memory <= peak <= in_memory, (peak / MIB, in_memory / MIB)
