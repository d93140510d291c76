"""Size and machinery of a run."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from spvrisk.catalogue import phrase
from spvrisk.config.base import Model, Whole, Within, refusal
from spvrisk.errors import Problem

MOST_PATHS = 2**31 - 1
"""Paths that a result can number, in 32 bits."""

ALIGNED = 64
"""Numbers at which paths of a job may begin are multiples of it: so many the kernel computes side by side."""


def _aligned(paths: int) -> int:
    if paths % ALIGNED:
        near = max(round(paths / ALIGNED), 1) * ALIGNED
        rule = phrase("must be a multiple of {:d}, which are the paths that are computed side by side", ALIGNED)
        raise refusal(Problem.at((), rule, str(paths), phrase("write {}", str(near))))
    return paths


class Uncertainty(Model):
    """Runs of the study at values that are drawn for its uncertain inputs."""

    outer: Annotated[Whole, Within(2, 100_000)] = Field(
        default=200, description="number of runs, each at values of its own of the uncertain inputs"
    )
    inner: Annotated[Whole, AfterValidator(_aligned), Within(ALIGNED, 2**24)] = Field(
        default=4096, description="number of paths of each of these runs, a multiple of 64"
    )


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
    uncertainty: Uncertainty | None = Field(
        default=None,
        description="runs of the study at drawn values of its uncertain inputs, besides its own; null: none",
    )

    @property
    def outer_paths(self) -> int:
        """Paths of all outer runs together."""
        return self.uncertainty.outer * self.uncertainty.inner if self.uncertainty is not None else 0
