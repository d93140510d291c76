"""Digests of what a run leaves, here or in a process of its own, which may have another lane count."""

import os
import subprocess
import sys
from pathlib import Path

import h5py

from spvrisk.config import load
from spvrisk.kernel.lanes import LANES
from spvrisk.plan.names import LEAF
from spvrisk.runner.run import run_study, settings_of

STUDY = Path(__file__).resolve().parents[1] / "data" / "every_clause.yaml"
PATHS = 3 * LEAF + 77

PROGRAM = """
import sys
from spvrisk.config import load
from spvrisk.runner.run import run_study, settings_of
study, out, lanes, shard, workers, *overrides = sys.argv[1:]
loaded = load(study, overrides)
settings = settings_of(loaded, {paths}, None, int(workers))
run_study(loaded, out, settings._replace(lanes=int(lanes), leaves_per_shard=int(shard)))
from spvrisk.kernel.lanes import LANES
assert LANES == int(lanes)
"""


def digest_of(file):
    with h5py.File(file) as result:
        return result.attrs["content_sha256"]


def run_here(folder, workers, shard, paths=PATHS, study=STUDY, overrides=()):
    loaded = load(study, overrides)
    settings = settings_of(loaded, paths, None, workers)._replace(lanes=LANES, leaves_per_shard=shard)
    return digest_of(run_study(loaded, folder / f"{workers}_{shard}.h5", settings))


def run_there(folder, lanes, shard, workers, paths=PATHS, study=STUDY, overrides=(), **variables):
    """Run in a process of its own, which may load the kernel with another lane count, or have other variables."""
    out = folder / f"lanes_{lanes}.h5"
    env = {key: value for key, value in os.environ.items() if key != "SPVRISK_LANES"} | variables
    program = PROGRAM.format(paths=paths)
    arguments = [str(x) for x in (study, out, lanes, shard, workers, *overrides)]
    subprocess.run([sys.executable, "-c", program, *arguments], check=True, env=env)
    return digest_of(out)
