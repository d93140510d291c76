"""What is run: a plan and its names, a seed, a number of paths and a way of sampling; cut into shards of whole leaves.

A job is data alone, so that it may be handed to any thread, process or machine.
"""

import base64
import hashlib
import json
import lzma
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from spvrisk._version import NUMBERS_VERSION
from spvrisk.catalogue import joined, phrase
from spvrisk.config import Study
from spvrisk.config.changes import changes
from spvrisk.config.study.run import ALIGNED
from spvrisk.plan.arrays import Plan
from spvrisk.plan.digest import pack_plan, plan_sha256, unpack_plan
from spvrisk.plan.inputs import BY_NAME as INPUTS
from spvrisk.plan.inputs import kernel_row
from spvrisk.plan.names import Labels
from spvrisk.plan.shared import LEAF

_SHOWN_CHANGES = 5

_ALIKE = [{"id": lzma.FILTER_LZMA2, "preset": 1, "dict_size": 1 << 23}]
"""Compression that finds what is the same in jobs of up to 8 MB one after the other."""


def study_text(study: Study) -> str:
    """What is simulated, as JSON: the resolved study without ``run``, and without what is kept of a run."""
    return study.model_dump_json(by_alias=True, exclude={"run", "output"})


@dataclass(frozen=True, eq=False)
class Job:
    """All that a shard of paths is computed from.

    Attributes
    ----------
    plan, labels
        A compiled study.
    study
        The study as JSON; see `study_text`.
    seed
        Of all draws.
    paths
        Their number. A job of more paths has the same shards and some more.
    leaves_per_shard
        Leaves of 4096 paths that are computed in one go.
    sampling
        How paths are drawn: ``plain``, each by itself.
    inputs
        Those that are kept by path, see `spvrisk.plan.inputs`; which does not make another job.
    first
        Number of the first path among the draws, a multiple of `ALIGNED`. All else numbers the paths of a job from 0.
    """

    plan: Plan
    labels: Labels
    study: str
    seed: int
    paths: int
    leaves_per_shard: int = 4
    sampling: str = "plain"
    inputs: tuple[str, ...] = ()
    first: int = 0

    def __post_init__(self) -> None:
        if type(self.leaves_per_shard) is not int or self.leaves_per_shard < 1:
            raise ValueError("leaves_per_shard must be a positive whole number")
        if type(self.first) is not int or self.first < 0 or self.first % ALIGNED:
            raise ValueError(f"first must be a multiple of {ALIGNED}")

    @cached_property
    def id(self) -> str:
        """What is asked for, whoever compiles it: the digest of study, seed, sampling and numbers version.

        Of a job that does not begin with the first path, that too.
        """
        begins = [self.first] if self.first else []
        return _digest([self.study, self.seed, self.sampling, NUMBERS_VERSION, *begins])

    @cached_property
    def plan_sha256(self) -> str:
        """Digest of the plan: the same gives the same bits anywhere, but another machine may plan other last digits."""
        return plan_sha256(self.plan)

    @cached_property
    def input_rows(self) -> tuple[int, ...]:
        """Rows of the kernel's inputs that are kept, by input and column."""
        return tuple(self._input_row(name, column) for name in self.inputs for column in self.labels.columns(name))

    def number(self, unit: str, name: str) -> int:
        """Number of something that there is by path: series in the order of `Labels.series`, then the kernel's inputs.

        Parameters
        ----------
        unit, name
            Unit and quantity of a series; or an input's project, factor or offtaker, and its name.
        """
        if name in INPUTS:
            return len(self.labels.series) + self._input_row(name, unit)
        return self.labels.series.index((unit, name))

    def _input_row(self, name: str, column: str) -> int:
        labels = self.labels
        return kernel_row(name, labels.columns(name).index(column), len(labels.announced), len(labels.factors))

    @property
    def shards(self) -> range:
        """Numbers of the shards."""
        return range(-(-self.paths // (self.leaves_per_shard * LEAF)))

    @property
    def steps(self) -> int:
        """Steps of the plan."""
        return int(self.plan.study[0]["steps"])

    def paths_of(self, k: int) -> range:
        """Paths of a shard.

        Parameters
        ----------
        k
            Number of the shard.
        """
        size = self.leaves_per_shard * LEAF
        return range(k * size, min((k + 1) * size, self.paths))

    def is_whole(self, k: int) -> bool:
        """Whether a shard has all its leaves, so that it is the same in a job of more paths.

        Parameters
        ----------
        k
            Number of the shard.
        """
        return len(self.paths_of(k)) == self.leaves_per_shard * LEAF

    def difference(self, other: "Job") -> str:
        """How another job differs from this one, in words; an empty text where it is the same.

        Parameters
        ----------
        other
            The other job.
        """
        found = [(key, getattr(self, key), getattr(other, key)) for key in ("seed", "sampling", "first")]
        found = [item for item in found if item[1] != item[2]]
        found += changes(json.loads(self.study), json.loads(other.study))
        if not found and self.study != other.study:
            return phrase("titles")
        shown = [phrase("{} {!r} and {!r}", path, first, second) for path, first, second in found[:_SHOWN_CHANGES]]
        more = [phrase("and {} more", len(found) - len(shown))] if len(found) > len(shown) else []
        return joined(shown + more, "{}, {}") if shown else ""

    def to_bytes(self, level: int = -1) -> bytes:
        """Give the job as JSON in UTF-8, with a digest of all that it says.

        Parameters
        ----------
        level
            How much the plan is compressed, as of zlib; 0: not at all.
        """
        plan = base64.b64encode(zlib.compress(pack_plan(self.plan), level)).decode("ascii")
        shown = {"id": self.id, "plan_sha256": self.plan_sha256, "numbers_version": NUMBERS_VERSION}
        keys = ("study", "seed", "paths", "leaves_per_shard", "sampling", "inputs", "first")
        said = {key: getattr(self, key) for key in keys}
        whole = {**shown, **said, "labels": self.labels._asdict(), "plan": plan}
        return json.dumps({**whole, "sha256": _digest(whole)}, indent=1).encode("utf-8")

    @classmethod
    def from_bytes(cls, data: bytes) -> "Job":
        """Give the job whose bytes these are.

        Parameters
        ----------
        data
            As from `to_bytes`.

        Raises
        ------
        ValueError
            They are no job, one that was changed, or that of another version.
        """
        try:
            found = json.loads(data)
            sound = found.pop("sha256") == _digest(found)
            shown = [found.pop(key) for key in ("id", "plan_sha256", "numbers_version")]
            plan = unpack_plan(zlib.decompress(base64.b64decode(found.pop("plan"), validate=True)))
            labels = Labels(**{key: _tuples(value) for key, value in found.pop("labels").items()})
            job = cls(plan, labels, **{key: _tuples(value) for key, value in found.items()})
        except (AttributeError, KeyError, TypeError, ValueError, zlib.error) as error:
            raise ValueError("no job") from error
        if not sound or shown != [job.id, job.plan_sha256, NUMBERS_VERSION]:
            raise ValueError("the job is not that of its digests")
        return job


Wanted = tuple[Job, Sequence[int]]
"""A job, and the numbers of the series, or inputs, that are wanted of it, as of `Job.number`."""


def jobs_bytes(wanted: Sequence[Wanted]) -> bytes:
    """Give jobs, and the numbers of the series that are wanted of each, as JSON, compressed as one.

    Plans of variants differ in a few numbers: together 75 of the main study's take 1.1 MB in place of 26.

    Parameters
    ----------
    wanted
        Jobs and numbers.
    """
    said = json.dumps([[job.to_bytes(level=0).decode("utf-8"), list(series)] for job, series in wanted])
    return lzma.compress(said.encode("utf-8"), filters=_ALIKE)


def jobs_of(data: bytes) -> list[Wanted]:
    """Give the jobs and the numbers of series whose bytes these are.

    Parameters
    ----------
    data
        As from `jobs_bytes`.

    Raises
    ------
    ValueError
        They are none; see `Job.from_bytes`.
    LZMAError
        They are not compressed as they should be.
    """
    return [(Job.from_bytes(job.encode("utf-8")), series) for job, series in json.loads(lzma.decompress(data))]


def _digest(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _tuples(value: Any) -> Any:
    """A value of JSON with tuples in the place of its lists."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
