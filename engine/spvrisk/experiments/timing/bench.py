"""A benchmark of a study on the machine at hand, in about the time that it is given: the whole story in a page."""

import math
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from spvrisk.catalogue import phrase
from spvrisk.config import Loaded
from spvrisk.errors import RunError
from spvrisk.experiments.need import memory_budget
from spvrisk.experiments.timing.found import Bench, Cold, Measured, Result
from spvrisk.experiments.timing.machine import load, machine
from spvrisk.experiments.timing.processes import command, peak_of_run
from spvrisk.experiments.timing.subjects import START_PATHS, ByThreads, KernelByStages, ResultOfRun, Starts
from spvrisk.experiments.timing.turns import Found, Subject, column, in_turn, spread
from spvrisk.files import cache_variables
from spvrisk.kernel import cache
from spvrisk.plan.compile import Compiled, compile_study
from spvrisk.plan.digest import plan_sha256
from spvrisk.runner.execute import Announce, Progress, make_ready
from spvrisk.runner.proof import Proof, prepare, proved
from spvrisk.runner.shard import processors

KERNEL, THREADS, RESULT, START, PEAK = "kernel", "threads", "result", "start", "peak"
"""What is measured, by name."""

SHARES = {KERNEL: 0.3, THREADS: 0.25, RESULT: 0.2, START: 0.25}
"""Parts of the time."""

_PEAK_SHARE, _MARGIN = 0.15, 1.5
"""Part of the time that the process whose memory is taken may last, and how much longer than it should it may take."""

_SHORT = 0.02
"""Part of the time that a turn may take and be repeated only to see what turns take."""

_TURNS = 5
"""Turns of statistics and writing for which their part of the time should suffice."""

_T = TypeVar("_T", KernelByStages, ByThreads, ResultOfRun, Starts)


def bench(
    loaded: Loaded,
    seconds: int,
    cold: bool = False,
    progress: Progress = lambda _: None,
    announce: Announce = lambda _: None,
) -> Bench:
    """Time a study on this machine.

    Parameters
    ----------
    loaded
        The study; its ``run.workers`` is the most threads that are tried, all processors where it says none.
    seconds
        How long, about; what has to be compiled first comes on top, and so does a cold start.
    cold
        Whether the command is started with nothing kept, too.
    progress
        Told of whole seconds that have gone by.
    announce
        Told of each stage.

    Raises
    ------
    InputError
        What only planning finds out, with its place.
    RunError
        No machine code of the kernel is right, or a process that was to be timed failed.
    """
    announce("planning")
    with loaded.places.filled_in():
        done = compile_study(loaded.study)
    before = load()  # of what ran before this
    make_ready(done.plan, announce)
    watch = _Watch(progress)
    about = machine(prepare().target, before)
    announce("proving the kernel's machine code")
    proof = _proof()
    with TemporaryDirectory(prefix="spvrisk-bench-", ignore_cleanup_errors=True) as folder:
        announce("getting ready")
        work = _Work(loaded, done, Path(folder), seconds, watch)
        announce("measuring in turn")
        found = work.in_turn()
        result = work.result(found)
        if cold:
            announce("starting with nothing kept, which compiles everything: about a minute")
        started = work.cold_start() if cold else None
    return Bench(
        machine=about,
        study=_measured(done, work.kernel.funded),
        proof=proof,
        result=result,
        start_paths=START_PATHS,
        cold=started,
        left_out=work.left_out,
        seconds=watch.elapsed(),
        **work.figures(found),
    )


def _measured(done: Compiled, funded: float) -> Measured:
    plan, labels = done.plan, done.labels
    return Measured(
        title=labels.title["en"],
        plan_sha256=plan_sha256(plan),
        projects=plan.projects.size,
        factors=plan.factors.size,
        steps=int(plan.study[0]["steps"]),
        series=len(labels.series),
        funded=funded,
    )


def _proof() -> Proof:
    """Prove the machine code that this process uses, in another that loads it."""
    proof = prepare()
    if cache.is_kept(proof.target):
        proof = proved(proof.target)
    if not proof.stamp.usable:
        raise RunError(
            phrase("the kernel's code for {} computes wrong numbers: {}", proof.target.name, proof.stamp.detail)
        )
    return proof


def _cost(subject: _T, seconds: float) -> float:
    """Seconds of a turn, of which the first, that loads what all others need, does not count if it is short."""
    for _ in range(2):
        began = time.perf_counter()
        subject.turn()
        took = time.perf_counter() - began
        if took > _SHORT * seconds:
            break
    return took


class _Watch:
    """Tells of whole seconds as they go by."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._began, self._told = progress, time.perf_counter(), 0

    def elapsed(self) -> float:
        """Seconds so far."""
        return time.perf_counter() - self._began

    def tell(self) -> None:
        """Tell of the seconds since the last call."""
        now = int(self.elapsed())
        self._progress(now - self._told)
        self._told = now


class _Work:
    """A benchmark at work: its subjects, made ready, and what there was no time for."""

    def __init__(self, loaded: Loaded, done: Compiled, folder: Path, seconds: int, watch: _Watch) -> None:
        self._loaded, self._folder, self._seconds, self._watch = loaded, folder, seconds, watch
        self._subjects, self.left_out = dict[str, Subject](), dict[str, int]()
        run = loaded.study.run
        most = run.workers or processors()
        self.kernel = self._ready(KERNEL, KernelByStages(done, seconds))
        self.by_threads = self._ready(THREADS, ByThreads(done, most, self.kernel.us, seconds, memory_budget(run)))
        self._result = self._ready(RESULT, ResultOfRun(loaded, folder, SHARES[RESULT] * seconds / _TURNS))
        self._ready(START, Starts(loaded, folder))

    def _ready(self, name: str, subject: _T) -> _T:
        """Have a subject take turns that are not counted."""
        self._subjects[name] = Subject(name, SHARES[name], subject.turn, _cost(subject, self._seconds))
        self._watch.tell()
        return subject

    def in_turn(self) -> Found:
        """Measure what there is time for."""
        # the kernel in any case
        for name, subject in list(self._subjects.items())[1:]:
            if (needed := subject.seconds_needed()) > self._seconds:
                self._leave_out(name, needed)
        subjects = [subject for name, subject in self._subjects.items() if name not in self.left_out]
        needed = self._peak_seconds() / _PEAK_SHARE
        if needed > self._seconds or RESULT in self.left_out:
            self._leave_out(PEAK, needed)
        later = 0.0 if PEAK in self.left_out else self._peak_seconds()
        return in_turn(subjects, self._seconds - self._watch.elapsed() - later, self._watch.tell)

    def _leave_out(self, name: str, seconds: float) -> None:
        self.left_out[name] = math.ceil(seconds)

    def _peak_seconds(self) -> float:
        """About how long the process lasts whose memory is taken: a start, the paths, what is made of them."""
        once = self._subjects[START].cost + self._subjects[RESULT].cost
        return _MARGIN * (once + 1e-6 * self.kernel.us * self._result.paths)

    def result(self, found: Found) -> Result | None:
        """Sum up statistics and writing, with the memory that they take, if there was time."""
        if RESULT in self.left_out:
            return None
        result = self._result.result(found[RESULT])
        if PEAK in self.left_out:
            return result
        file, out = self._loaded.files[0].resolve(), self._folder / "peak.h5"
        return result._replace(peak=peak_of_run(file, self._loaded.overrides, result.paths, out))

    def figures(self, found: Found) -> dict[str, Any]:
        """Sum up what was measured in turn, by the fields of `Bench`."""
        waited = (spread(column(found[name], "waited")).median for name in (KERNEL, THREADS) if name in found)
        return {
            "stages": self.kernel.stages(found[KERNEL]),
            "threads": self.by_threads.threads(found[THREADS]) if THREADS in found else (),
            "start": spread(column(found[START], "start")) if START in found else None,
            "waited": max(waited),
        }

    def cold_start(self) -> Cold:
        """Start the command where nothing is kept."""
        folder = self._folder / "cold"
        ended = command(Starts(self._loaded, self._folder).words, cache_variables(folder))
        return Cold(ended.seconds, ended.processor_seconds)
