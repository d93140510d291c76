"""The card of a benchmark: machine, proof, kernel by stages, threads, and what is done once a run."""

from spvrisk.experiments.timing.found import Bench, Stage
from spvrisk.experiments.timing.turns import Spread
from spvrisk.plan.digest import SHOWN_DIGITS
from spvrisk.views.figures import Column, Figures, Note, Range, Row, said
from spvrisk.views.info import facts
from spvrisk.views.words import counted

_MB = 1e6
_LEFT_OUT = {
    "threads": "threads",
    "result": "statistics and writing of a result",
    "start": "the start of the command",
    "peak": "peak memory",
}


def bench(found: Bench) -> list[Figures]:
    """Give the card."""
    views = (machine, kernel, threads, once)
    return [figures for view in views if (figures := view(found)).rows or figures.notes]


def machine(found: Bench) -> Figures:
    """What was timed, on what, and whether its machine code is right."""
    about, study, proof = found.machine, found.study, found.proof
    bits = "" if about.vector_bits is None else f", {about.vector_bits}-bit vectors"
    tested = "" if proof.test_seconds is None else f" in {proof.test_seconds:.2f} s"
    sizes = [counted(study.projects, "project"), counted(study.factors, "factor"), counted(study.steps, "step")]
    return facts(
        {
            "study": f"{study.title}",
            "size": f"{', '.join(sizes)}, {study.series} series",
            "plan": study.plan_sha256[:SHOWN_DIGITS],
            "engine": f"spvrisk {about.versions['spvrisk']}, numbers version {about.versions['numbers']}",
            "processor": f"{about.processor}, {_processors(found)}",
            "machine code": f"for {about.target.name}{bits}",
            "self-test": f"{proof.stamp.outcome}, {proof.stamp.detail}{tested}",
            "built with": ", ".join(
                f"{name} {about.versions[key]}"
                for key, name in (("python", "Python"), ("numpy", "NumPy"), ("numba", "numba"), ("llvm", "LLVM"))
            ),
        },
        "Benchmark of spvrisk",
    )


def _processors(found: Bench) -> str:
    about = found.machine
    some = counted(about.processors, "processor")
    if about.usable != about.processors:
        some = f"{about.usable} of {some} may be used"
    return some if about.load is None else f"{some}, load {about.load:.1f} beforehand"


def kernel(found: Bench) -> Figures:
    """What a path takes the kernel on one thread, by stages."""
    rows = tuple(
        Row(stage.name, (stage.us.median, _quartiles(stage.us), _each(stage)), apart=stage is found.stages[-1])
        for stage in found.stages
    )
    columns = (Column("median"), Column("quartiles"), Column("that is", text=True))
    text = (
        "Processor time, {:turn}. A stage is the difference between runs, in turn, with it and without: selection is "
        "all that is drawn and decided once a path, projects are their steps."
    )
    notes = (said(text, found.stages[-1].us.turns), *_disturbance(found))
    return Figures("Kernel on one thread, us a path", columns, rows, notes)


def _each(stage: Stage) -> Note | None:
    return None if stage.ns is None else said("{:,.1f ns} a " + stage.unit, stage.ns)


def _disturbance(found: Bench) -> tuple[Note, ...]:
    told, figures = [], []
    if found.busy:
        told.append("threads waited for a processor for {:.0%} of their time, so that times on the wall are too long")
        figures.append(1.0 - 1.0 / found.waited)
    if found.unsteady:
        told.append("the quartiles of a path are {:.0%} apart")
        figures.append(found.stages[-1].us.relative)
    if not told:
        return ()
    text = f"The machine did other work meanwhile: {', and '.join(told)}. Run again when it does not."
    return (said(text, *figures),)


def threads(found: Bench) -> Figures:
    """What a path takes on one thread, on two, ..., on all: the kernel alone, and the whole engine."""
    kernels = [_on_threads("kernel", each.threads, each.kernel_us, each.kernel_gain) for each in found.threads]
    engines = [_on_threads("whole engine", each.threads, each.engine_us, each.engine_gain) for each in found.threads]
    columns = (
        Column("median"),
        Column("quartiles"),
        Column("speed-up", ".2f x"),
        Column("paths a second", ",.0f"),
    )
    text = (
        "Time on the wall, {:turn}; the speed-up is the median of those of each turn. "
        "The engine is the kernel with the sums of a run and the store of all values."
    )
    notes = tuple(said(text, each.engine_us.turns) for each in found.threads[:1])
    return Figures("By threads, us a path", columns, (*kernels, *engines), notes)


def _on_threads(head: str, count: int, us: Spread, gain: Spread) -> Row:
    return Row(counted(count, "thread"), (us.median, _quartiles(us), gain.median, 1e6 / us.median), head)


def once(found: Bench) -> Figures:
    """What is done once a run: statistics, the file, the start; and memory."""
    rows = (*_result(found), *_starts(found))
    columns = (Column("median"), Column("quartiles"), Column("turns", "d")) if rows else ()
    return Figures("Once a run, seconds" if rows else "", columns, rows, (*_more(found), *_missing(found)))


def _seconds(name: str, found: Spread) -> Row:
    return Row(name, (found.median, _quartiles(found), found.turns))


def _result(found: Bench) -> tuple[Row, ...]:
    result = found.result
    if result is None:
        return ()
    return (
        _seconds(f"statistics of {counted(result.paths, 'path')}", result.statistics),
        _seconds(f"writing their result, {result.size / _MB:,.1f} MB", result.writing),
    )


def _starts(found: Bench) -> tuple[Row, ...]:
    name, rows = f"{counted(found.start_paths, 'path')} by the command", []
    if found.start is not None:
        rows.append(_seconds(name, found.start))
    if found.cold is not None:
        rows.append(Row(f"{name}, nothing kept", (found.cold.seconds, None, 1)))
    return tuple(rows)


def _more(found: Bench) -> tuple[Note, ...]:
    """Memory, and what a cold start takes of the processors."""
    notes = []
    if found.cold is not None and found.cold.processor_seconds is not None:
        notes.append(said("With nothing kept: {:,.1f s} of processor time.", found.cold.processor_seconds))
    if found.result is not None and found.result.peak is not None:
        text = "Peak memory of a process that runs {:path} and writes the result: {:,.0f MB}."
        notes.append(said(text, found.result.paths, found.result.peak / _MB))
    return tuple(notes)


def _missing(found: Bench) -> tuple[Note, ...]:
    """What was not measured, and how it would be."""
    notes = [
        said("Left out for want of time: {} (from --seconds {} on).", _LEFT_OUT[name], str(seconds))
        for name, seconds in found.left_out.items()
    ]
    if found.cold is None:
        notes.append(said("Not taken: a start with nothing kept, which compiles for about a minute (--cold)."))
    return tuple(notes)


def _quartiles(found: Spread) -> Range:
    return Range(found.low, found.high)
