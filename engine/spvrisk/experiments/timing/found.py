"""What a benchmark of a study on a machine finds."""

from typing import NamedTuple

from spvrisk.experiments.timing.machine import Machine
from spvrisk.experiments.timing.turns import Spread
from spvrisk.runner.proof import Proof

_BUSY, _UNSTEADY = 1.1, 0.1
"""Time on the wall against processor time, and distance of quartiles, from which the machine does other work."""


class Measured(NamedTuple):
    """The study that was timed.

    Attributes
    ----------
    title, plan_sha256
        Its name, and the digest of its plan: figures of the same plan may be compared.
    projects, factors, steps, series
        Its size: projects with the slots of pipelines, factors, steps, quantities of all units.
    funded
        Projects that a path funds, on average.
    """

    title: str
    plan_sha256: str
    projects: int
    factors: int
    steps: int
    series: int
    funded: float


class Stage(NamedTuple):
    """What a stage of the kernel takes on one thread.

    Attributes
    ----------
    name
        Of the stage, or `parts.WHOLE`.
    us
        Microseconds of processor time a path.
    each
        How many of a unit a path has.
    unit
        What that is; empty if there is none.
    """

    name: str
    us: Spread
    each: float
    unit: str

    @property
    def ns(self) -> float | None:
        """Nanoseconds for each of its unit; None where there is none."""
        return 1e3 * self.us.median / self.each if self.unit and self.each > 0.0 else None


class Threads(NamedTuple):
    """What a path takes on some threads, by the clock on the wall.

    Attributes
    ----------
    threads
        How many.
    kernel_us, engine_us
        Microseconds a path: of the kernel alone; with sums and the store of all values.
    kernel_gain, engine_gain
        How many times as many paths a second as on one thread.
    """

    threads: int
    kernel_us: Spread
    kernel_gain: Spread
    engine_us: Spread
    engine_gain: Spread


class Cold(NamedTuple):
    """A start with nothing kept, taken once.

    Attributes
    ----------
    seconds
        By the clock on the wall.
    processor_seconds
        Of all processors together; None where the system does not tell.
    """

    seconds: float
    processor_seconds: float | None


class Result(NamedTuple):
    """What is made of the paths of a run.

    Attributes
    ----------
    paths
        Their number.
    statistics
        Seconds for checks, summary, conditional statistics and timeline.
    writing
        Seconds for the result file.
    size
        Of the file, bytes.
    peak
        Most memory of a process that does all of it, bytes; None if it was not taken, or the system does not tell.
    """

    paths: int
    statistics: Spread
    writing: Spread
    size: int
    peak: int | None


class Bench(NamedTuple):
    """What a benchmark found.

    Attributes
    ----------
    machine, study
        What was timed, and on what.
    proof
        Of the kernel's machine code, made anew.
    stages
        Of the kernel on one thread, by difference; the whole of it comes last.
    threads
        Kernel and whole engine on one thread, on two, ..., on all; none if there was no time for them.
    result
        Statistics and the file of a run; None if there was no time for them.
    start
        Seconds of the command for a run of `start_paths` paths, everything compiled; None likewise.
    start_paths
        Paths of such a run.
    cold
        The same with nothing kept; None unless it was asked for.
    waited
        Time on the wall against processor time of the kernel, on one thread and on all: 1 where nothing else ran.
    left_out
        What there was no time for, by name: seconds from which on it is measured.
    seconds
        That the benchmark took, without what it compiled first.
    """

    machine: Machine
    study: Measured
    proof: Proof
    stages: tuple[Stage, ...]
    threads: tuple[Threads, ...]
    result: Result | None
    start: Spread | None
    start_paths: int
    cold: Cold | None
    waited: float
    left_out: dict[str, int]
    seconds: float

    @property
    def busy(self) -> bool:
        """Whether the machine did other work meanwhile, so that times on the wall are too high."""
        return self.waited > _BUSY

    @property
    def unsteady(self) -> bool:
        """Whether the turns of the kernel differ by more than they do where nothing else runs."""
        return self.stages[-1].us.relative > _UNSTEADY

    def __repr__(self) -> str:
        us = self.stages[-1].us.median
        return f"<Bench {self.study.title!r}, {us:.1f} us a path on one thread of {self.machine.processor}>"
