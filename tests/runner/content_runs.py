"""Digests of what a run leaves, here or in a process of its own, which may have a package of another lane count."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py

import spvrisk
from spvrisk.config import load
from spvrisk.experiments.run import run_study
from spvrisk.experiments.task import settings_of
from spvrisk.plan.shared import LEAF

STUDY = Path(__file__).resolve().parents[1] / "data" / "every_clause.yaml"
PATHS = 3 * LEAF + 77
PACKAGE = Path(spvrisk.__file__).parent

PROGRAM = """
import sys
import spvrisk
from spvrisk.config import load
from spvrisk.experiments.run import run_study
from spvrisk.experiments.task import settings_of
study, out, paths, package, shard, workers, *overrides = sys.argv[1:]
assert spvrisk.__file__.startswith(package)
loaded = load(study, overrides)
settings = settings_of(loaded, int(paths), None)
run_study(loaded, out, settings.model_copy(update={"workers": int(workers), "leaves_per_shard": int(shard)}))
"""


def digest_of(file):
    with h5py.File(file) as result:
        return result.attrs["content_sha256"]


def run_here(folder, workers, shard, paths=PATHS, study=STUDY, overrides=()):
    loaded = load(study, overrides)
    settings = settings_of(loaded, paths, None).model_copy(update={"workers": workers, "leaves_per_shard": shard})
    return digest_of(run_study(loaded, folder / f"{workers}_{shard}.h5", settings))


def package_of(folder, lanes):
    """Copy the package, with another number of paths side by side."""
    package = folder / "spvrisk"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    source = package / "kernel" / "lanes.py"
    text = source.read_text(encoding="utf-8")
    assert "\nLANES = 64\n" in text
    source.write_text(text.replace("\nLANES = 64\n", f"\nLANES = {lanes}\n"), encoding="utf-8")
    return package


def run_there(folder, shard, workers, paths=PATHS, study=STUDY, overrides=(), package=PACKAGE, **variables):
    """Run in a process of its own, with another package or other variables."""
    out = folder / "there.h5"
    arguments = [str(x) for x in (study, out, paths, package, shard, workers, *overrides)]
    env = {**os.environ, "PYTHONPATH": str(package.parent), **variables}
    subprocess.run([sys.executable, "-c", PROGRAM, *arguments], check=True, env=env)
    return digest_of(out)
