"""Drivers by redraw: the same paths once more, with groups of streams drawn anew one after the other.

From a run as it is, one in which all streams are drawn anew, and one for each group in which it alone is, follow the
share of a variance that the group explains by itself and the share in which it has a part
(`spvrisk.measures.sensitivity`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import NamedTuple

from spvrisk.catalogue import phrase
from spvrisk.config import Loaded
from spvrisk.errors import InputError, Problem, argument
from spvrisk.experiments.planned import measures_of
from spvrisk.experiments.task import job_of, series_executor, settings_of, threads_of
from spvrisk.measures.drivers import Decomposed, decomposed
from spvrisk.measures.named import Measure
from spvrisk.measures.sensitivity import Index, by_redraw
from spvrisk.plan.arrays import Floats
from spvrisk.plan.compile import compile_study
from spvrisk.plan.names import Labels
from spvrisk.plan.streams import REDRAWN, Streams
from spvrisk.runner.execute import Announce, Progress, make_ready, series_of_many
from spvrisk.runner.job import Job
from spvrisk.runner.on import THREADS, On


class Group(NamedTuple):
    """Streams that are drawn anew together.

    Attributes
    ----------
    name
        Of the group.
    kind
        ``group`` of the causes that all projects share, ``ruling``, ``regime``, ``factor``, ``offtaker`` or ``project``
        of all streams of one of these; ``own`` of what a caller names.
    patterns
        Of names of streams, as ``project/*/cost``.
    """

    name: str
    kind: str
    patterns: tuple[str, ...]


_CAUSES = {
    "factors": ("factor/*", "factors/*"),
    "overruns": ("construction/*/cost", "project/*/cost", "project/*/uplift"),
    "delays": ("construction/*/delay", "project/*/delay", "project/*/start_delay", "project/*/slip"),
    "rulings and elections": ("event/*", "regime/*"),
    "offtakers": ("offtaker/*",),
    "contracts": ("project/*/contract", "project/*/subscription"),
    "availability": ("project/*/availability", "project/*/volume", "project/*/shortfall"),
    "decisions": (
        *("project/*/go_ahead", "project/*/size", "project/*/funding", "project/*/trigger", "project/*/threshold"),
        *("project/*/consult", "project/*/consult_days", "project/*/salvage", "scheme/take_up"),
    ),
    "terms": ("project/*/spread", "project/*/fee", "project/*/fee_years", "stack/policy_share"),
    "the insurer's book": ("insurer/book",),
    "arrivals": ("pipeline/*",),
}
"""Groups by cause: together they are all that is drawn."""


def groups_of(streams: Sequence[str], labels: Labels) -> list[Group]:
    """Groups that a study has: by cause, then each ruling, regime, factor, offtaker and project.

    Parameters
    ----------
    streams
        Names of all that it draws.
    labels
        Of the study.
    """
    found = [Group(name, "group", patterns) for name, patterns in _CAUSES.items()]
    found += [Group(name, "ruling", (f"event/{name}/*",)) for name, _ in labels.events]
    found += [Group(name, "regime", (f"regime/{name}/*",)) for name, _ in labels.regimes]
    found += [Group(name, "factor", (f"factor/{name}", f"factor/{name}/*")) for name in labels.factors]
    found += [Group(name, "offtaker", (f"offtaker/{name}/*",)) for name in labels.offtakers]
    found += [Group(name, "project", (f"project/{name}/*", f"pipeline/{name}/*")) for name in labels.projects]
    return [group for group in found if any(matched(group.patterns, streams))]


def matched(patterns: Sequence[str], streams: Sequence[str]) -> Iterator[str]:
    """Streams that patterns name.

    Parameters
    ----------
    patterns
        As of `Group`.
    streams
        Names of all that a study draws.
    """
    return (name for name in streams if any(fnmatchcase(name, pattern) for pattern in patterns))


def group_named(text: str, streams: Sequence[str]) -> Group:
    """Read a group as a user writes it: ``NAME=PATTERN[,PATTERN...]``.

    Parameters
    ----------
    text
        As written.
    streams
        Names of all that the study draws.

    Raises
    ------
    InputError
        It cannot be read, or a pattern names no stream.
    """
    name, _, rest = (part.strip() for part in text.partition("="))
    patterns = tuple(part.strip() for part in rest.split(",") if part.strip())
    if not (name and patterns):
        remedy = "write e.g. steel_and_labour=factor/steel,factor/labour"
        raise InputError(Problem(argument("groups"), "", "must be a name and patterns of streams", text, remedy))
    for pattern in patterns:
        if not any(matched([pattern], streams)):
            remedy = phrase("names are such as {}", ", ".join(streams[:3]))
            raise InputError(Problem(argument("groups"), "", "must name a stream of the study", pattern, remedy))
    return Group(name, "own", patterns)


class Redrawn(NamedTuple):
    """What a group of streams has of what varies.

    Attributes
    ----------
    group
        Which.
    first, total
        Of each measure: the share of the variance that goes when the group is known, and the share that stays as long
        as it alone is unknown.
    """

    group: Group
    first: tuple[Index, ...]
    total: tuple[Index, ...]


class Redraws(NamedTuple):
    """Drivers by redraw.

    Attributes
    ----------
    labels
        Of the study.
    decomposed
        What is decomposed of each measure.
    rows
        Groups, in the order in which they were asked for.
    paths, seed
        Of each run.
    """

    labels: Labels
    decomposed: tuple[Decomposed, ...]
    rows: tuple[Redrawn, ...]
    paths: int
    seed: int

    def __repr__(self) -> str:
        return f"<Redraws: {len(self.rows)} groups, {len(self.decomposed)} measures, {self.paths:,} paths>"


class PlannedRedraws(NamedTuple):
    """Redraws that can be run.

    Attributes
    ----------
    jobs
        The study as it is, with all its streams drawn anew, and with each of the groups.
    groups
        What is drawn anew in turn.
    measures
        Whose drivers are sought.
    workers
        Threads that the study asks for; None: one for each processor.
    """

    jobs: tuple[Job, ...]
    groups: tuple[Group, ...]
    measures: tuple[Measure, ...]
    workers: int | None

    @property
    def paths(self) -> int:
        """Of all runs together."""
        return sum(job.paths for job in self.jobs)


def redrawn_job(loaded: Loaded, job: Job, patterns: Sequence[str]) -> Job:
    """Give a job of the same study whose streams of these names are drawn anew.

    Parameters
    ----------
    loaded, job
        The study, and its job.
    patterns
        As of `Group`.
    """
    plan = compile_study(loaded.study, Streams(patterns)).plan
    return replace(job, plan=plan, sampling=" ".join((job.sampling, *(f"{pattern}{REDRAWN}" for pattern in patterns))))


def streams_of(loaded: Loaded) -> tuple[str, ...]:
    """Names of all that a study draws.

    Parameters
    ----------
    loaded
        The study.
    """
    streams = Streams()
    compile_study(loaded.study, streams)
    return streams.names


def planned_redraws(
    loaded: Loaded,
    of: Sequence[str],
    groups: Sequence[str] = (),
    paths: int | None = None,
    seed: int | None = None,
) -> PlannedRedraws:
    """Plan redraws of a study.

    Parameters
    ----------
    loaded
        The study.
    of
        Measures whose drivers are sought.
    groups
        As of `group_named`; none: `groups_of`.
    paths, seed
        Of each run; None: the study's.

    Raises
    ------
    InputError
        The study cannot be compiled, or a measure or a group is none.
    """
    with loaded.places.filled_in():
        job = replace(job_of(loaded.study, settings_of(loaded, paths, seed)), leaves_per_shard=1, inputs=())
    measures = measures_of([(text, argument("of")) for text in of], (), job.labels)
    streams = streams_of(loaded)
    chosen = [group_named(text, streams) for text in groups] or groups_of(streams, job.labels)
    anew = (redrawn_job(loaded, job, patterns) for patterns in (("*",), *(group.patterns for group in chosen)))
    return PlannedRedraws((job, *anew), tuple(chosen), measures, loaded.study.run.workers)


def run_redraws(
    planned: PlannedRedraws,
    on: On = THREADS,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> Redraws:
    """Run a study with groups of its streams drawn anew in turn, and say what each has of what varies.

    Parameters
    ----------
    planned
        As from `planned_redraws`.
    on
        What computes.
    progress, announce
        Told of paths done, and of stages.

    Raises
    ------
    InputError
        A measure cannot be decomposed, see `decomposed`.
    RunError
        A run failed.
    """
    job, measures = planned.jobs[0], planned.measures
    numbers = [job.number(*measure.series) for measure in measures]
    make_ready(job.plan, announce)
    announce("running")
    executor = series_executor(on, threads_of(on, planned.workers), announce)
    found, both = tuple[Decomposed, ...](), list[list[Floats]]()
    rows, waiting = dict[int, Redrawn](), dict[int, Floats]()
    for i, values in series_of_many([(each, numbers) for each in planned.jobs], executor, progress):
        waiting[i] = values
        if not both and {_AS_IT_IS, _ALL_ANEW} <= waiting.keys():
            found = tuple(decomposed(*each) for each in zip(measures, waiting[_AS_IT_IS], strict=True))
            both = [_of(found, waiting.pop(k)) for k in (_AS_IT_IS, _ALL_ANEW)]
        if both:
            rows |= {k: _redrawn(planned.groups[k - 2], both, _of(found, own)) for k, own in waiting.items()}
            waiting.clear()
    return Redraws(job.labels, found, tuple(rows[k] for k in sorted(rows)), job.paths, job.seed)


_AS_IT_IS, _ALL_ANEW = 0, 1
"""Numbers of the first two jobs, which all others are held against."""


def _of(found: Sequence[Decomposed], values: Floats) -> list[Floats]:
    """What is decomposed of each measure."""
    return [each.of(row) for each, row in zip(found, values, strict=True)]


def _redrawn(group: Group, both: list[list[Floats]], own: list[Floats]) -> Redrawn:
    """What a group has of each measure, beside runs as the study is and all drawn anew."""
    first, total = zip(*(by_redraw(*three) for three in zip(*both, own, strict=True)), strict=True)
    return Redrawn(group, first, total)
