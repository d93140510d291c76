"""Whether a result is what was written, and what its study and this machine give again."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk._version import NUMBERS_VERSION
from spvrisk.dataset.paths import as_stored, path_series
from spvrisk.dataset.read import Result
from spvrisk.dataset.scenarios import held, lacking, metadata_sound
from spvrisk.dataset.soundness import content_of_file, missing_variables
from spvrisk.errors import InputError, Problem, RunError
from spvrisk.experiments.trace import study_of
from spvrisk.plan.compile import compile_study
from spvrisk.plan.digest import same_form
from spvrisk.runner.execute import Announce, Progress, make_ready
from spvrisk.runner.job import Job
from spvrisk.runner.shard import Shard, run_shard

_DIGESTS = {True: "match their digest", False: "are not those of their digest"}

TOLERANCE = 1e-9
"""Relative difference that is allowed where the plan is compiled anew."""


class Check(NamedTuple):
    """One thing that was looked at.

    Attributes
    ----------
    name
        What.
    found
        What was found, in words.
    sound
        Whether it is as it should be; None if it cannot be said.
    """

    name: str
    found: str
    sound: bool | None


class Verified(NamedTuple):
    """What was found of a result, or of a dataset of scenarios.

    Attributes
    ----------
    place
        Where it is, in words.
    checks
        What was looked at.
    """

    place: str
    checks: tuple[Check, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return all(check.sound is not False for check in self.checks)


def verified(
    result: Result, rerun: int = 0, progress: Progress = lambda _: None, announce: Announce = lambda _: None
) -> Verified:
    """Check a result's structure, digests and completeness, and compute some of its paths once more.

    Its tables and what it says of itself were checked when it was opened: a file where they are damaged is refused.

    Parameters
    ----------
    result
        The result.
    rerun
        Leaves of 4096 paths that are computed once more, from the plan that is kept with it.
    progress
        Told of paths done.
    announce
        Told of each stage.
    """
    announce("reading the whole file")
    checks = [
        Check("tables and attributes", "match their digests", True),
        _complete(missing_variables(result)),
        _content(result.source, result.attributes["content_sha256"]),
        _plan(result),
    ]
    if rerun:
        checks.append(_rerun(result, rerun, progress, announce))
    return Verified(result.place, tuple(checks))


def verified_scenarios(file: Path, announce: Announce = lambda _: None) -> Verified:
    """Check the structure, the digests and the completeness of a dataset of scenarios.

    Parameters
    ----------
    file
        The dataset.
    announce
        Told of each stage.

    Raises
    ------
    InputError
        It cannot be read, or what it says of itself cannot be.
    """
    announce("reading the whole file")
    there, sound = held(file), metadata_sound(file)
    about = "have no digest: written before there was one" if sound is None else _DIGESTS[sound]
    return Verified(
        there.place,
        (
            Check("attributes and texts", about, sound),
            _complete(lacking(file)),
            _content(file, there.attributes["content_sha256"]),
        ),
    )


def _digest(name: str, found: str, held: object) -> Check:
    right = found == held
    return Check(name, "matches its digest" if right else "is not that of its digest", right)


def _complete(missing: Sequence[str]) -> Check:
    shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
    return Check("variables", f"lacks or has otherwise: {shown}" if missing else "are all there", not missing)


def _content(source: Path | bytes, digest: str) -> Check:
    try:
        return _digest("content", content_of_file(source), digest)
    except InputError as error:
        return Check("content", str(error), False)


def _plan(result: Result) -> Check:
    try:
        result.plan()
    except InputError as error:
        damaged = "damaged" in str(error)
        return Check("plan", "is damaged" if damaged else "is of another version's layout", False if damaged else None)
    return Check("plan", "matches plan_sha256", True)


def _rerun(result: Result, leaves: int, progress: Progress, announce: Announce) -> Check:
    """Compute a sample of leaves once more."""
    name, version = "paths computed once more", result.attributes["numbers_version"]
    if version != NUMBERS_VERSION:
        return Check(name, f"cannot be: of numbers version {version}, not {NUMBERS_VERSION}", None)
    try:
        job, tolerance = _job(result)
    except InputError as error:
        return Check(name, str(error), False)
    make_ready(job.plan, announce)
    announce("running")
    numbers = _sample(len(job.shards), leaves, result.attributes["content_sha256"])
    for k in numbers:
        try:
            shard = run_shard(job, k, progress)
        except RunError as error:
            return Check(name, str(error), False)
        if wrong := next(_differences(result, job, k, shard, tolerance), ""):
            return Check(name, wrong, False)
    within = (
        "to the bit" if not tolerance else f"within {tolerance:g}, from the study, since its plan has another layout"
    )
    paths = sum(len(job.paths_of(k)) for k in numbers)
    return Check(name, f"{paths:,} of {result.n_paths:,} are the same {within}", True)


def _job(result: Result) -> tuple[Job, float]:
    """What the result was computed from, and the tolerance that it asks for."""
    seed, n_paths = int(result.attributes["seed"]), result.n_paths
    plan, labels, _ = compile_study(study_of(result))
    try:
        kept = result.plan()
    except InputError:
        return Job(plan, labels, "", seed, n_paths, 1, inputs=result.input_names), TOLERANCE
    if not same_form(kept, plan):  # the kernel goes where a plan sends it, and the file may come from anybody
        raise InputError(
            Problem(result.place, "/provenance/plan", "must be the plan of its study", "", "do not trust it")
        )
    return Job(kept, labels, "", seed, n_paths, 1, inputs=result.input_names), 0.0


def _sample(shards: int, wanted: int, content: str) -> list[int]:
    """Numbers of the first and the last shard, and of others at random, the same for the same result."""
    ends = list(dict.fromkeys((0, shards - 1)))[:wanted]
    others = random.Random(content).sample(range(1, max(shards - 1, 1)), min(max(wanted - 2, 0), max(shards - 2, 0)))
    return sorted({*ends, *others})


def _differences(result: Result, job: Job, k: int, shard: Shard, tolerance: float) -> Iterator[str]:
    """Say where the file holds other values than were computed."""
    paths = job.paths_of(k)

    def other(here: NDArray[Any], column: NDArray[Any], what: str) -> Iterator[str]:
        same = np.isclose(here, column, rtol=tolerance, atol=0.0, equal_nan=True)
        if not same.all():
            i = int(np.argmin(same))
            yield f"path {paths[i]:,}: {what} is {here[i]}, stored {column[i]}"

    number = {series: s for s, series in enumerate(job.labels.series)}
    for name in result.path_names:
        stored = result.paths(name, paths.start, paths.stop).reshape(len(paths), -1)
        for column, series in zip(stored.T, path_series(name, result.labels), strict=True):
            yield from other(as_stored(shard.values[number[series]], column.dtype), column, " ".join(series))
    computed = iter(shard.inputs)
    for name in result.input_names:
        for column in result.inputs(name, paths.start, paths.stop).T:
            yield from other(next(computed), column, name)
