"""Size and machinery of a run."""

from typing import Annotated

from pydantic import Field

from spvrisk.config.base import Model, Whole, Within


class Run(Model):
    """Size and machinery of a run; only `paths` and `seed` change any number."""

    paths: Annotated[Whole, Within(1, 10**12)] = Field(default=100_000, description="number of paths")
    seed: Annotated[Whole, Within(0, 2**64 - 1)] = Field(default=20260331, description="seed, 64 bits")
    leaves_per_shard: Annotated[Whole, Within(1, 4096)] = Field(
        default=4, description="number of leaves of 4096 paths in a shard"
    )
    workers: Annotated[Whole, Within(1, 4096)] | None = Field(
        default=None, description="number of threads; null: all cores"
    )
    memory_mib: Annotated[Whole, Within(64)] = Field(default=1024, description="memory limit of a run, MiB")
