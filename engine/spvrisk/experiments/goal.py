"""The value of an input that brings a measure to a target: a root, found on the same draws for every value."""

import re
from collections.abc import Callable
from dataclasses import replace
from math import inf, isfinite, isnan, nan
from typing import NamedTuple

from spvrisk.catalogue import phrase
from spvrisk.config import Loaded
from spvrisk.config.reading.nodes import Place
from spvrisk.config.reading.source import parse
from spvrisk.config.scenarios import Change, variant
from spvrisk.config.study.run import Run
from spvrisk.errors import InputError, Problem, argument
from spvrisk.experiments.task import job_of, series_executor, settings_of, threads_of
from spvrisk.measures.named import Measure, measure_of, number_of
from spvrisk.measures.sample import Figure, Sample
from spvrisk.measures.tail_size import TailSize
from spvrisk.plan.names import Labels
from spvrisk.runner.execute import Announce, Progress, SeriesExecutor, make_ready, series_of_many
from spvrisk.runner.job import Job
from spvrisk.runner.on import THREADS, On

UNKNOWN = "x"

MOST_STEPS = 40
"""Evaluations after which the bracket is told as it is."""

_CLOSE = 0.1
"""Of its standard error, within which a measure is at its target."""

_NARROW = 1e-6
"""Of the interval, below which a bracket is a point."""

_SIDE = 3.0
"""Standard errors by which the measure is to move where its slope is taken."""


class Wanted(NamedTuple):
    """What is sought.

    Attributes
    ----------
    find
        Path and value, with ``x`` where the number belongs: ``agreement.split.spread=x``, or
        ``projects.smr.operation.contract.price={times: x}``.
    measure, target
        What is to be reached by which measure.
    low, high
        Where `x` may lie.
    """

    find: str
    measure: Measure
    target: float
    low: float
    high: float


class Tried(NamedTuple):
    """A value that was tried, and the measure there with its standard error; what it rests on, if a shortfall."""

    x: float
    value: float
    error: float
    tail: TailSize | None


class Goal(NamedTuple):
    """What was found.

    Attributes
    ----------
    wanted
        What was sought.
    x, error
        The value, and its standard error, from that of the measure by its slope; NaN where there is none.
    slope
        Of the measure, per unit of `x`, from paired runs on both sides.
    tried
        All values, in the order of `x`.
    paths, seed
        Of each run.
    labels
        Of the study.
    """

    wanted: Wanted
    x: float
    error: float
    slope: float
    tried: tuple[Tried, ...]
    paths: int
    seed: int
    labels: Labels

    @property
    def found(self) -> bool:
        """Whether there is such a value."""
        return isfinite(self.x)

    @property
    def tails(self) -> list[tuple[str, TailSize | None]]:
        """What the measure rests on at each value, where it is an expected shortfall."""
        return [(f"x = {tried.x:.6g}", tried.tail) for tried in self.tried]

    def __repr__(self) -> str:
        what = f"x = {self.x:.6g} ± {self.error:.2g}" if self.found else "no such value"
        return f"<Goal {self.wanted.find}: {what}>"


def wanted_of(find: str, so_that: str, between: tuple[float, float], labels: Labels) -> Wanted:
    """Read what is sought.

    Parameters
    ----------
    find, so_that
        ``PATH=x`` and ``measure=number``.
    between
        Ends of the interval.
    labels
        Of the study.

    Raises
    ------
    InputError
        One of them cannot be read.
    """
    path, equals, value = find.partition("=")
    if not (path.strip() and equals and re.search(rf"\b{UNKNOWN}\b", value)):
        remedy = phrase("write e.g. agreement.split.spread=x, or projects.smr.operation.contract.price={{times: x}}")
        raise InputError(Problem(argument("find"), "", "must be a path and a value with an x in it", find, remedy))
    measure, equals, text = so_that.rpartition("=")
    target = number_of(text)
    if not (equals and isfinite(target)):
        raise InputError(
            Problem(
                argument("so_that"), "", "must be a measure and a number", so_that, 'write e.g. "npv_funder:mean=0"'
            )
        )
    low, high = between
    if not (isfinite(low) and isfinite(high) and low < high):
        got, remedy = f"{low:g} {high:g}", "write e.g. 0 2"
        raise InputError(Problem(argument("between"), "", "must be two numbers in order", got, remedy))
    return Wanted(find, measure_of(measure, labels, argument("so_that")), target, low, high)


def seek(
    base: Loaded,
    wanted: Wanted,
    paths: int | None,
    seed: int | None,
    on: On = THREADS,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> Goal:
    """Find a value of an input that brings a measure to its target.

    Parameters
    ----------
    base
        The study.
    wanted
        As from `wanted_of`.
    paths, seed
        Of each run; None: the study's.
    on
        What computes.
    progress, announce
        Told of paths done, and of stages.

    Raises
    ------
    InputError
        The study cannot have a value that is tried.
    """
    settings = settings_of(base, paths, seed)
    # a mistake is answered without waiting for the kernel
    first, *_ = (_job(base, wanted.find, x, settings) for x in (wanted.low, wanted.high))
    make_ready(first.plan, announce)
    announce("running")
    executor = series_executor(on, threads_of(on, settings.workers), announce)
    tried: dict[float, Tried] = {}

    def gap(x: float) -> float:
        if x not in tried:
            figure = _measured(wanted.measure, _job(base, wanted.find, x, settings), executor, progress)
            tried[x] = Tried(x, figure.value, figure.error, figure.tail)
            announce(phrase("x = {:.6g} gives {:,.6g}", x, figure.value))
            if isnan(figure.value):
                rule = phrase("is undefined where x is {:g}", x)
                raise InputError(Problem(argument("so_that"), "", rule, wanted.measure.text, "measure another"))
        return tried[x].value - wanted.target

    x = _root(gap, lambda x: tried[x].error, wanted.low, wanted.high)
    slope = _slope(gap, tried[x].error, x, wanted) if isfinite(x) else nan
    error = tried[x].error / abs(slope) if isfinite(x) and slope else nan
    ordered = tuple(sorted(tried.values()))
    return Goal(wanted, x, error, slope, ordered, settings.paths, settings.seed, first.labels)


def _job(base: Loaded, find: str, x: float, settings: Run) -> Job:
    """What is run of a study whose input has a value."""
    loaded = variant(base, phrase("scenario {} = {:g}", UNKNOWN, x), [_change(find, x)])
    with loaded.places.filled_in():
        return replace(job_of(loaded.study, settings), leaves_per_shard=1, inputs=())


def _change(find: str, x: float) -> Change:
    """The change that gives an input its value."""
    path, _, template = find.partition("=")
    text = re.sub(rf"\b{UNKNOWN}\b", repr(x), template)
    node, problems = parse(text, argument("find"), Place(argument("find")))
    if node is None or problems:
        raise InputError(problems)
    return Change(path.strip(), node)


def _measured(measure: Measure, job: Job, executor: SeriesExecutor, progress: Progress) -> Figure:
    """A measure of a run."""
    numbers = [job.labels.series.index(series) for series in measure.needs]
    ((_, values),) = series_of_many([(job, numbers)], executor, progress)
    return measure.figure(*map(Sample, values))


def _root(gap: Callable[[float], float], error: Callable[[float], float], low: float, high: float) -> float:
    """Where a gap closes: regula falsi in the Illinois form, until it is lost in the error; NaN if it does not.

    References
    ----------
    Dowell, M. and Jarratt, P. (1971). A modified regula falsi method for computing the root of an equation. BIT 11.
    """
    a, b = low, high
    at_a, at_b = gap(a), gap(b)
    for x, at_x in ((a, at_a), (b, at_b)):
        if at_x == 0.0:
            return x
    if not at_a * at_b < 0.0:
        return nan
    x = b
    for _ in range(MOST_STEPS):
        x = b - at_b * (b - a) / (at_b - at_a)
        at_x = gap(x)
        if abs(at_x) <= _CLOSE * error(x) or abs(b - a) <= _NARROW * (high - low):
            break
        if at_x * at_b < 0.0:
            a, at_a = b, at_b
        else:
            at_a *= 0.5
        b, at_b = x, at_x
    return x


def _slope(gap: Callable[[float], float], error: float, x: float, wanted: Wanted) -> float:
    """Slope of a measure at a value, by runs on both sides that are far enough to be told apart."""
    across = abs(gap(wanted.high) - gap(wanted.low)) / (wanted.high - wanted.low)
    reach = _SIDE * error / across if across else inf
    step = min(max(reach, _NARROW * (wanted.high - wanted.low)), 0.25 * (wanted.high - wanted.low))
    low, high = max(x - step, wanted.low), min(x + step, wanted.high)
    return (gap(high) - gap(low)) / (high - low)
