"""Bits that flip in results and shards, and files that are cut short (budget: 6 minutes).

No damage may end the interpreter, and no figure that is given out may be another one: what is read is what was written,
or an error. The damaged files are read in processes of their own. What was found is kept in
``docs/validation/flips.md``.
"""

import json
import random
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

import spvrisk
from spvrisk.experiments.task import job_of
from spvrisk.plan.shared import LEAF
from spvrisk.runner.execute import make_ready
from spvrisk.runner.shard import run_shard
from spvrisk.runner.stored import shard_bytes, shard_of

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "validation" / "flips.md"
FLIPS, CUTS, BATCH, OF_SHARDS, SEED = 8_000, 500, 500, 1_500, 2026
READERS = 2
"""Processes that read at a time."""

READ = """
import json, sys
import numpy as np
from spvrisk.dataset.content import canonical_bytes
from spvrisk.dataset.read import open_result
from spvrisk.errors import InputError

def said(part):
    if isinstance(part, dict):
        return {name: said(array) for name, array in part.items()}
    # a NaN of another pattern, or -0, is no other figure
    return canonical_bytes(part) if isinstance(part, np.ndarray) else part

def figures(result):
    yield result.attributes, result.provenance, result.labels
    for table in (result.summary, result.timeline, *result.conditional.tables):
        yield [said(part) for part in table]
    for name in result.path_names:
        yield name, said(result.paths(name))

data = open(sys.argv[1], "rb").read()
right = [repr(x) for x in figures(open_result(data))]
outcomes = []
for line in sys.stdin:
    place, bit = json.loads(line)
    if bit is None:
        damaged = data[:place]
    else:
        damaged = data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1:]
    print("at", place, bit, file=sys.stderr, flush=True)
    told, wrong = "", 0
    try:
        for got, wanted in zip(figures(open_result(damaged)), right, strict=True):
            wrong += repr(got) != wanted
    except InputError as error:
        told = str(error)
    outcomes.append("WRONG" if wrong else "told" if told else "same")
print(json.dumps(outcomes))
"""


def damages(size):
    rng = random.Random(SEED)
    flips = [(rng.randrange(size), rng.randrange(8)) for _ in range(FLIPS)]
    return flips + [(rng.randrange(size), None) for _ in range(CUTS)]


@pytest.fixture(scope="module")
def report():
    """Lines of the page, written at the end."""
    lines: dict[str, str] = {}
    yield lines
    if len(lines) == 3:
        head = (
            "# Bits that flip\n\nMade by `make campaign` (tests/campaigns/test_flips_campaign.py), of the starter "
            "study. What is read of a damaged file is what was written, or an error.\n"
        )
        PAGE.write_text("\n".join([head, *lines.values()]) + "\n", encoding="utf-8")


def outcomes_of(out, batch):
    """What reading a result ends in, for each damage of it."""
    lines = "".join(json.dumps(damage) + "\n" for damage in batch)
    done = subprocess.run(
        [sys.executable, "-c", READ, str(out)], input=lines, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_result__damage_is_told_or_changes_no_figure(tmp_path, report):
    out = tmp_path / "r.h5"
    spvrisk.run(spvrisk.load(STARTER), paths=3000, out=out).close()
    size = out.stat().st_size
    every = damages(size)
    batches = [every[first : first + BATCH] for first in range(0, len(every), BATCH)]
    with ThreadPoolExecutor(READERS) as pool:
        outcomes = [outcome for each in pool.map(partial(outcomes_of, out), batches) for outcome in each]
    wrong = [damage for damage, outcome in zip(every, outcomes, strict=True) if outcome == "WRONG"]
    assert not wrong, wrong
    found = Counter(outcomes)
    assert found["told"] > FLIPS / 2
    report["results"] = (
        f"- **A result** of 3,000 paths ({size:,} bytes): of {FLIPS:,} flipped bits and {CUTS:,} cuts "
        f"{found['told']:,} were told, {found['same']:,} changed no figure (they met room that nothing lies in, and "
        "what HDF5 does not read), "
        "none gave another figure, none ended the interpreter."
    )


@pytest.mark.parametrize("paths", [LEAF, 77])
def test_shard__damage_is_always_told(paths, report):
    study = spvrisk.load(STARTER).config
    job = job_of(study, study.run.model_copy(update={"paths": paths, "leaves_per_shard": 1}))
    make_ready(job.plan)
    data, rng, same = b"".join(shard_bytes(run_shard(job, 0), job, 0)), random.Random(SEED), 0
    for _ in range(OF_SHARDS):
        place, cut = rng.randrange(len(data)), rng.random() < 0.1
        damaged = (
            data[:place] if cut else data[:place] + bytes([data[place] ^ (1 << rng.randrange(8))]) + data[place + 1 :]
        )
        try:
            again = b"".join(shard_bytes(shard_of(damaged, job, 0), job, 0))
        except ValueError:
            continue
        assert again == data, place  # a blank of JSON
        same += 1
    report[f"shards of {paths}"] = (
        f"- **A shard** of {paths:,} paths ({len(data):,} bytes): of {OF_SHARDS:,} flipped bits and cuts "
        f"{OF_SHARDS - same:,} were told, {same:,} gave the same shard."
    )
