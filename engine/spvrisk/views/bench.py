"""The card of a benchmark: machine, proof, kernel by stages, threads, and what is done once a run."""

from spvrisk.experiments.timing.found import Bench, Stage
from spvrisk.experiments.timing.turns import Spread
from spvrisk.plan.digest import SHOWN_DIGITS
from spvrisk.runner.proof import Proof
from spvrisk.views.figures import Cell, Column, Figures, Note, Range, Row, heads, said
from spvrisk.views.info import fact, facts
from spvrisk.views.selftest import detail_of, outcome_named
from spvrisk.views.words import joined

_MB = 1e6
_LEFT_OUT = {
    "threads": "threads",
    "result": "statistics and writing of a result",
    "start": "the start of the command",
    "peak": "peak memory",
}
_STAGES = {
    "selection": "selection",
    "clock": "clock",
    "factors": "factors",
    "projects": "projects",
    "stack": "stack",
    "pool": "pool",
    "whole": "whole",
}
_EACH = {
    "project": "{:,.1f ns} a project",
    "factor and step": "{:,.1f ns} a factor and step",
    "funded project and step": "{:,.1f ns} a funded project and step",
}


def bench(found: Bench) -> list[Figures]:
    """Give the card."""
    views = (machine, kernel, threads, once)
    return [figures for view in views if (figures := view(found)).rows or figures.notes]


def machine(found: Bench) -> Figures:
    """What was timed, on what, and whether its machine code is right."""
    about, study, proof = found.machine, found.study, found.proof
    size = "{:project}, {:factor}, {:step}, {:d} series"
    engine = (f"spvrisk {about.versions['spvrisk']}", about.versions["numbers"])
    tools = (("python", "Python"), ("numpy", "NumPy"), ("numba", "numba"), ("llvm", "LLVM"))
    rows = (
        fact("study", study.title),
        fact("size", said(size, study.projects, study.factors, study.steps, study.series)),
        fact("plan", study.plan_sha256[:SHOWN_DIGITS]),
        fact("engine", said("{}, numbers version {}", *engine)),
        fact("processor", said("{}, {}", about.processor, _processors(found))),
        fact("machine code", _code(about.target.name, about.vector_bits)),
        fact("self-test", _test(proof)),
        fact("built with", ", ".join(f"{name} {about.versions[key]}" for key, name in tools)),
    )
    return facts(rows, Note("Benchmark of spvrisk"))


def _code(target: str, bits: int | None) -> Note:
    return said("for {}", target) if bits is None else said("for {}, {:d}-bit vectors", target, bits)


def _test(proof: Proof) -> Note:
    outcome = (outcome_named(proof.stamp.outcome), detail_of(proof))
    if proof.test_seconds is None:
        return said("{}, {}", *outcome)
    return said("{}, {} in {:.2f s}", *outcome, proof.test_seconds)


def _processors(found: Bench) -> Note:
    about = found.machine
    some = said("{:processor}", about.processors)
    if about.usable != about.processors:
        some = said("{:d} of {:processor} may be used", about.usable, about.processors)
    return some if about.load is None else said("{}, load {:.1f} beforehand", some, about.load)


def kernel(found: Bench) -> Figures:
    """What a path takes the kernel on one thread, by stages."""
    rows = tuple(
        Row(
            Note(_STAGES[stage.name]),
            (stage.us.median, _quartiles(stage.us), _each(stage)),
            apart=stage is found.stages[-1],
        )
        for stage in found.stages
    )
    columns = (*heads("median", "quartiles"), Column(Note("that is"), text=True))
    text = (
        "Processor time, {:turn}. A stage is the difference between runs, in turn, with it and without: selection is "
        "all that is drawn and decided once a path, projects are their steps."
    )
    notes = (said(text, found.stages[-1].us.turns), *_disturbance(found))
    return Figures(Note("Kernel on one thread, us a path"), columns, rows, notes)


def _each(stage: Stage) -> Note | None:
    return None if stage.ns is None else said(_EACH[stage.unit], stage.ns)


def _disturbance(found: Bench) -> tuple[Note, ...]:
    told = list[Cell]()
    if found.busy:
        text = "threads waited for a processor for {:.0%} of their time, so that times on the wall are too long"
        told.append(said(text, 1.0 - 1.0 / found.waited))
    if found.unsteady:
        told.append(said("the quartiles of a path are {:.0%} apart", found.stages[-1].us.relative))
    if not told:
        return ()
    text = "The machine did other work meanwhile: {}. Run again when it does not."
    return (said(text, joined(told, "{}, and {}")),)


def threads(found: Bench) -> Figures:
    """What a path takes on one thread, on two, ..., on all: the kernel alone, and the whole engine."""
    kernels = [_on_threads(Note("kernel"), each.threads, each.kernel_us, each.kernel_gain) for each in found.threads]
    engines = [
        _on_threads(Note("whole engine"), each.threads, each.engine_us, each.engine_gain) for each in found.threads
    ]
    speeds = (Column(Note("speed-up"), ".2f x"), Column(Note("paths a second"), ",.0f"))
    text = (
        "Time on the wall, {:turn}; the speed-up is the median of those of each turn. "
        "The engine is the kernel with the sums of a run and the store of all values."
    )
    notes = tuple(said(text, each.engine_us.turns) for each in found.threads[:1])
    columns = (*heads("median", "quartiles"), *speeds)
    return Figures(Note("By threads, us a path"), columns, (*kernels, *engines), notes)


def _on_threads(head: Note, count: int, us: Spread, gain: Spread) -> Row:
    return Row(said("{:thread}", count), (us.median, _quartiles(us), gain.median, 1e6 / us.median), head)


def once(found: Bench) -> Figures:
    """What is done once a run: statistics, the file, the start; and memory."""
    rows = (*_result(found), *_starts(found))
    columns = (*heads("median", "quartiles"), Column(Note("turns"), "d")) if rows else ()
    title = Note("Once a run, seconds") if rows else ""
    return Figures(title, columns, rows, (*_more(found), *_missing(found)))


def _seconds(name: Note, found: Spread) -> Row:
    return Row(name, (found.median, _quartiles(found), found.turns))


def _result(found: Bench) -> tuple[Row, ...]:
    result = found.result
    if result is None:
        return ()
    return (
        _seconds(said("statistics of {:path}", result.paths), result.statistics),
        _seconds(said("writing their result, {:,.1f MB}", result.size / _MB), result.writing),
    )


def _starts(found: Bench) -> tuple[Row, ...]:
    name, rows = said("{:path} by the command", found.start_paths), []
    if found.start is not None:
        rows.append(_seconds(name, found.start))
    if found.cold is not None:
        rows.append(Row(said("{}, nothing kept", name), (found.cold.seconds, None, 1)))
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
        said("Left out for want of time: {} (from --seconds {} on).", Note(_LEFT_OUT[name]), str(seconds))
        for name, seconds in found.left_out.items()
    ]
    if found.cold is None:
        notes.append(said("Not taken: a start with nothing kept, which compiles for about a minute (--cold)."))
    return tuple(notes)


def _quartiles(found: Spread) -> Range:
    return Range(found.low, found.high)
