"""Size and machinery of a run."""

from typing import Annotated, Literal

from pydantic import Field

from spvrisk.config.base import Model, Whole, Within

MOST_PATHS = 2**31 - 1
"""Paths that a result can number, in 32 bits."""


class Run(Model):
    """Size and machinery of a run.

    Only `paths` and `seed` change any number, as long as memory or disk have room for all values; beyond that, the
    budgets decide how near quantiles and the like are to theirs.
    """

    paths: Annotated[Whole, Within(1, MOST_PATHS)] = Field(default=100_000, description="number of paths")
    seed: Annotated[Whole, Within(0, 2**64 - 1)] = Field(default=20260331, description="seed, 64 bits")
    leaves_per_shard: Annotated[Whole, Within(1, 4096)] = Field(
        default=4, description="number of leaves of 4096 paths in a shard"
    )
    workers: Annotated[Whole, Within(1, 4096)] | None = Field(
        default=None, description="number of threads; null: all cores"
    )
    memory_mib: Annotated[Whole, Within(64)] | None = Field(
        default=None, description="memory limit of a run, MiB; null: half of what the machine gives"
    )
    disk_mib: Annotated[Whole, Within(0)] | None = Field(
        default=None,
        description="disk that shards may take while a run lasts, MiB; null: what is free but for a tenth. Beyond it, "
        "statistics are approximate within bounds that are told",
    )
    resume: Literal["ask", "auto"] = Field(
        default="ask", description="whether a run that was broken off is gone on with, or --resume is asked for"
    )
