"""A job of a few shards, the last of them short, and these shards: `SHARDS` whole ones, as the test module says."""

from pathlib import Path

import pytest

import spvrisk
from spvrisk.config import load_study
from spvrisk.experiments.task import job_of
from spvrisk.plan.shared import LEAF
from spvrisk.runner.execute import make_ready
from spvrisk.runner.shard import run_shard

STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"


@pytest.fixture(scope="module")
def job(request):
    """Job of the starter study, a leaf a shard."""
    study, paths = load_study(STARTER), request.module.SHARDS * LEAF + 77
    made = job_of(study, study.run.model_copy(update={"paths": paths, "seed": 5, "leaves_per_shard": 1}))
    make_ready(made.plan)
    return made


@pytest.fixture(scope="module")
def made(job):
    """All shards, made one after the other."""
    return [run_shard(job, k) for k in job.shards]
