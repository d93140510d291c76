"""Whether a result is what was written, and what its study and this machine give again."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk._version import NUMBERS_VERSION
from spvrisk.catalogue import phrase
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
        Check(phrase("tables and attributes"), phrase("match their digests"), True),
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
    return Check(name, phrase("matches its digest") if right else phrase("is not that of its digest"), right)


def _complete(missing: Sequence[str]) -> Check:
    if not missing:
        return Check(phrase("variables"), phrase("are all there"), True)
    shown = ", ".join(missing[:5])
    if len(missing) > 5:
        shown = phrase("{} and {:d} more", shown, len(missing) - 5)
    return Check(phrase("variables"), phrase("lacks or has otherwise: {}", shown), False)


def _content(source: Path | bytes, digest: str) -> Check:
    try:
        return _digest(phrase("content"), content_of_file(source), digest)
    except InputError as error:
        return Check(phrase("content"), str(error), False)


def _plan(result: Result) -> Check:
    try:
        result.plan()
    except InputError as error:
        if "damaged" in str(error):
            return Check(phrase("plan"), phrase("is damaged"), False)
        return Check(phrase("plan"), phrase("is of another version's layout"), None)
    return Check(phrase("plan"), phrase("matches {}", "plan_sha256"), True)


def _rerun(result: Result, leaves: int, progress: Progress, announce: Announce) -> Check:
    """Compute a sample of leaves once more."""
    name, version = phrase("paths computed once more"), result.attributes["numbers_version"]
    if version != NUMBERS_VERSION:
        text = "cannot be: of numbers version {}, not {}"
        return Check(name, phrase(text, str(version), str(NUMBERS_VERSION)), None)
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
    counts = sum(len(job.paths_of(k)) for k in numbers), result.n_paths
    if not tolerance:
        return Check(name, phrase("{:,} of {:,} are the same to the bit", *counts), True)
    text = "{:,} of {:,} are the same within {:g}, from the study, since its plan has another layout"
    return Check(name, phrase(text, *counts, tolerance), True)


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
            yield phrase("path {:,}: {} is {}, stored {}", paths[i], what, f"{here[i]}", f"{column[i]}")

    number = {series: s for s, series in enumerate(job.labels.series)}
    for name in result.path_names:
        stored = result.paths(name, paths.start, paths.stop).reshape(len(paths), -1)
        for column, series in zip(stored.T, path_series(name, result.labels), strict=True):
            yield from other(as_stored(shard.values[number[series]], column.dtype), column, " ".join(series))
    computed = iter(shard.inputs)
    for name in result.input_names:
        for column in result.inputs(name, paths.start, paths.stop).T:
            yield from other(next(computed), column, name)
