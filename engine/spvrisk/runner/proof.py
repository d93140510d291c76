"""The self-test: machine code must prove itself right on this machine before its first use.

A compiler may make wrong code for one processor out of sources that are right for all others, without a word. So the
package ships the plans of a few studies that have, together, every clause on, and a digest of each series of values
that their first paths must give: the same for every processor. Code is compiled and proved in a process of its own
for each target, which leaves the code and a stamp with the outcome in the cache; `prepare` looks at the stamp alone
where there is one.

The digests change with `numbers_version` alone. Plans and digests are made by ``make self-test``.
"""

import functools
import hashlib
import io
import json
import lzma
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk._version import NUMBERS_VERSION, __version__
from spvrisk.aggregate.exact import exact_sum
from spvrisk.aggregate.moments import leaf_moments
from spvrisk.aggregate.sets import Condition, Sets, codes_of, order_of
from spvrisk.catalogue import phrase
from spvrisk.errors import RunError
from spvrisk.kernel import cache
from spvrisk.kernel.cache import CANNOT_RUN, NOT_PROVEN, PASSED, REFUSED, Stamp
from spvrisk.kernel.target import FIRST, Target, fixed_by_others, ladder
from spvrisk.plan.arrays import Plan
from spvrisk.plan.digest import pack_plan, unpack_plan
from spvrisk.runner.shard import compiled_here, leaf_sums, load, processors, whole

PATHS = 300
"""Paths of each plan: the last block of lanes is not full."""

SEED = 20260331
_MARK = "self-test: "
_LEAST_WAIT = 30.0
"""Seconds for which a process that compiles beside this one is waited for in any case."""

Float = NDArray[np.float64]

FAILED = "failed"
"""Outcome where a self-test ended without one: nothing is known of the code, and no stamp is kept."""

Digests = dict[str, dict[str, str]]
"""Digest of each series by its name, for each plan."""


_CRASHES = {-getattr(signal, name) for name in ("SIGSEGV", "SIGBUS", "SIGABRT") if hasattr(signal, name)} | {0xC0000005}
_UNKNOWN_INSTRUCTION = {-getattr(signal, "SIGILL", 4), 0xC000001D}
"""How processes end whose machine code is no good; the last of each are Windows' codes."""


class Proof(NamedTuple):
    """What a self-test said of a target's code.

    Attributes
    ----------
    target
        What the code is for.
    stamp
        The outcome.
    compile_seconds, test_seconds
        Time until the code was there, and of the test itself; None where a stamp was found.
    """

    target: Target
    stamp: Stamp
    compile_seconds: float | None = None
    test_seconds: float | None = None

    @property
    def refused(self) -> bool:
        """Whether the code is wrong."""
        return self.stamp.outcome == REFUSED

    @property
    def failed(self) -> bool:
        """Whether the self-test could not be done."""
        return self.stamp.outcome == FAILED


_ready: Proof | None = None
"""Of the code that this process uses, once it is known."""


def prepare(announce: Callable[[str], None] = lambda _: None) -> Proof:
    """Have machine code ready that has proved right on this machine; compile and prove it if there is none.

    Parameters
    ----------
    announce
        Told in a few words what is being done.

    Returns
    -------
    Proof
        Of the target that this process will use.

    Warns
    -----
    RuntimeWarning
        The code for this machine was refused, and a safer target's is used.

    Raises
    ------
    RunError
        No target's code is right, or compiling failed.
    """
    global _ready
    if _ready is None:
        _ready = _prepared(announce)
    return _ready


def at_hand() -> bool:
    """Whether machine code that may be run is on file, so that nothing need be compiled."""
    for target in ladder():
        stamp = cache.stamp_of(target) if cache.is_kept(target) else None
        if stamp is None or stamp.usable:
            return stamp is not None
    return False


def _prepared(announce: Callable[[str], None]) -> Proof:
    """Go down the ladder to the first target whose code may be run."""
    outcomes: list[Proof] = []
    for target in ladder():
        stamp = cache.stamp_of(target) if cache.is_kept(target) else None
        if stamp is None:
            text = "compiling the kernel for {} and proving it, {}: about a minute"
            announce(phrase(text, target.name, _how_often(target)))
            # code that cannot be kept is compiled here, where it is used
            stamp = (proved(target) if cache.is_kept(target) else prove_here()).stamp
        outcomes.append(Proof(target, stamp))
        if stamp.usable:
            return _settled(outcomes)
        if not cache.is_kept(target):
            break
    raise RunError(_nothing_right(outcomes))


def _how_often(target: Target) -> str:
    if cache.is_kept(target):
        return phrase("once")
    return phrase("in every process, since {} cannot be written to", str(cache.folder_of(target)))


def confirm() -> None:
    """Prove what this process has compiled itself although a stamp spoke for it.

    The compiler keeps machine code by the place and the age of its sources: another installation, or sources that were
    written anew, share the stamp but not the code; and code that could not be loaded is made again.

    Raises
    ------
    RunError
        It is wrong.
    """
    if not compiled_here() or prove_here.cache_info().currsize:
        return
    target, stamp = cache.settled(), judged()
    cache.put_stamp(target, stamp)
    if not stamp.usable:
        raise RunError(_nothing_right([Proof(target, stamp)]))


def proved(target: Target) -> Proof:
    """Compile a target's code, if there is none, and prove it, in a process of its own.

    Raises
    ------
    RunError
        The process ended without an outcome.
    """
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8", "errors": "replace"}
    with _process(target, "main()", **pipes) as child:
        out, errors = child.communicate()
    line = next((line for line in out.splitlines() if line.startswith(_MARK)), None)
    if line is None:
        if child.returncode in _CRASHES | _UNKNOWN_INSTRUCTION:
            return _ended(target, child.returncode)
        reason = errors.strip().splitlines()[-1:] or [f"the process ended with {child.returncode}"]
        raise RunError(phrase("compiling the kernel for {} failed: {}", target.name, reason[0]))
    told = json.loads(line.removeprefix(_MARK))
    if told["target"] != list(target):
        raise RunError(phrase("the self-test for {} ran {} instead", target.name, told["target"][0]))
    stamp = Stamp(told["outcome"], told["detail"])
    cache.put_stamp(target, stamp)
    return Proof(target, stamp, told["compile_seconds"], told["test_seconds"])


@contextmanager
def _process(target: Target, call: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process that makes its code for a target and calls something of this module; it does not outlive the block."""
    env = {**os.environ, **target.environment(), cache.ASKED: json.dumps(target), "PYTHONIOENCODING": "utf-8"}
    package = str(Path(__file__).resolve().parents[2])
    # not from the user's folder, whose files may have the names of modules
    program = f"import sys; sys.path.insert(0, {package!r}); from spvrisk.runner import proof; proof.{call}"
    command = [sys.executable, "-P", "-c", program]
    with _alive() as alive, subprocess.Popen(command, env=env, stdin=alive, **options) as child:
        try:
            yield child
        except BaseException:  # Ctrl-C above all: no compiler is left running
            child.kill()
            raise


@contextmanager
def _another_compiles(target: Target, stage: str) -> Iterator[None]:
    """Have another process compile a stage of the kernel during the block, where there is a processor for it.

    Should it fail, or take three times as long as the block, the code is compiled by who wants it.
    """
    if not cache.is_kept(target) or processors() == 1:
        yield
        return
    nothing: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    began = time.perf_counter()
    with _process(target, f"compile_stage({stage!r})", **nothing) as child:
        yield
        try:
            child.wait(max(_LEAST_WAIT, 2.0 * (time.perf_counter() - began)))
        except subprocess.TimeoutExpired:
            child.kill()


def compile_stage(stage: str) -> None:
    """Compile a stage of the kernel for the target that the environment names.

    Parameters
    ----------
    stage
        Field of `spvrisk.kernel.run.Stages`.
    """
    _end_with_parent()
    from spvrisk.kernel.run import compile_stages

    _, plan, _ = next(shipped_plans())
    compile_stages(plan, stage)


def tried(target: Target) -> Proof:
    """What `proved` finds; that it failed is an outcome too."""
    try:
        return proved(target)
    except RunError as error:
        return Proof(target, Stamp(FAILED, str(error)))


@contextmanager
def _alive() -> Iterator[int]:
    """The end of a pipe for a child to read, on which nothing comes, until it is closed: by the block or our death."""
    end, ours = os.pipe()
    try:
        yield end
    finally:
        os.close(end)
        os.close(ours)


def _end_with_parent() -> None:
    """End this process when the one that started it is no more; see `_alive`."""

    def wait() -> None:
        os.read(0, 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _ended(target: Target, code: int) -> Proof:
    """A process whose machine code ended it."""
    if code in _UNKNOWN_INSTRUCTION:
        stamp = Stamp(CANNOT_RUN, "it has instructions that this machine lacks")
    else:
        stamp = Stamp(REFUSED, f"its code ended the process ({code})")
    cache.put_stamp(target, stamp)
    return Proof(target, stamp)


@functools.cache
def prove_here() -> Proof:
    """Prove the code of this process' own target, once, which is compiled first if need be; the stamp is kept.

    Where there is nothing to prove it by, it is compiled when it is used.
    """
    target = cache.settled()
    began = time.perf_counter()
    if (unproven := _unproven()) is not None:
        cache.put_stamp(target, unproven)
        return Proof(target, unproven)
    _, plan, _ = next(shipped_plans())
    whole(lambda: _made(target, plan))
    load(plan)
    compiled = time.perf_counter()
    stamp = judged()
    cache.put_stamp(target, stamp)
    return Proof(target, stamp, compiled - began, time.perf_counter() - compiled)


def _made(target: Target, plan: Plan) -> None:
    """Have code on file, made by two processes."""
    from spvrisk.kernel.run import compile_stages

    with _another_compiles(target, "world"):
        compile_stages(plan, "projects")
        list(_statistics(np.zeros((1, PATHS))))


def digests(plans: Iterator[tuple[str, Plan, list[str]]]) -> Digests:
    """Digests of all that the kernel leaves of the first paths of plans, given with their series' names.

    Parameters
    ----------
    plans
        Name, plan and series, as from `shipped_plans`.
    """
    return {name: dict(_digests_of(plan, series)) for name, plan, series in plans}


def shipped_plans() -> Iterator[tuple[str, Plan, list[str]]]:
    """Plans of the self-test by name, with the names of their series."""
    with np.load(io.BytesIO(lzma.decompress(_shipped(cache.PLANS))), allow_pickle=False) as arrays:
        for name in arrays["plans"].tolist():
            # records as a compiled study has them: numba compiles anew for any other layout
            yield name, unpack_plan(arrays[f"{name}/plan"].tobytes()), arrays[f"{name}/series"].tolist()


def packed_plans(plans: list[tuple[str, Plan, list[str]]]) -> bytes:
    """Plans as they are shipped.

    Parameters
    ----------
    plans
        Name, plan and series, as from `shipped_plans`.
    """
    arrays: dict[str, Any] = {"plans": np.array([name for name, _, _ in plans])}
    for name, plan, series in plans:
        arrays[f"{name}/plan"] = np.frombuffer(pack_plan(plan), np.uint8)
        arrays[f"{name}/series"] = np.array(series)
    file = io.BytesIO()
    np.savez(file, **arrays)
    return lzma.compress(file.getvalue(), preset=9 | lzma.PRESET_EXTREME)


def _settled(outcomes: list[Proof]) -> Proof:
    """Fix the target of this process, that of the last outcome, and warn if it is not the first choice."""
    first, last = outcomes[0], outcomes[-1]
    if cache.settled() != last.target:
        refused = (
            "the kernel's code for {} is refused: "
            "this process has loaded the kernel for another target; start a new one"
        )
        raise RunError(phrase(refused, cache.settled().name))
    if last is not first:
        text = phrase(
            "the kernel's code for {} computes wrong numbers on this machine ({})",
            first.target.name,
            first.stamp.detail,
        )
        said = phrase(
            "{} and is not used; the code for {}, which passed the self-test, is used instead", text, last.target.name
        )
        warnings.warn(said, RuntimeWarning, stacklevel=4)
    return last


def _nothing_right(outcomes: list[Proof]) -> str:
    tried = "; ".join(f"{proof.target.name}: {proof.stamp.detail}" for proof in outcomes)
    if made := fixed_by_others():
        rule = phrase("other code in this process made numba compile for {} before spvrisk was used", made.cpu)
        return phrase(
            "{}, and the kernel's code for that target computes wrong numbers on this machine ({}): {}",
            rule,
            tried,
            FIRST,
        )
    report = phrase(
        "please report this with your processor, spvrisk {} and the output of `spvrisk selftest`", __version__
    )
    return phrase("the kernel's machine code computes wrong numbers on this machine ({}); {}", tried, report)


def judged() -> Stamp:
    """Judge the code of this process by the digests that ship."""
    if (unproven := _unproven()) is not None:
        return unproven
    expected = json.loads(_shipped(cache.DIGESTS))["digests"]
    wrong = differing(digests(shipped_plans()), expected)
    total = sum(map(len, expected.values()))
    if wrong:
        return Stamp(REFUSED, f"{len(wrong)} of {total} series differ, for example {wrong[0]}")
    return Stamp(PASSED, f"{total} series")


def _unproven() -> Stamp | None:
    """Why the digests that ship say nothing of this code, not even whether their plans can be read; None if they do."""
    expected = json.loads(_shipped(cache.DIGESTS))
    if expected["sources"] != cache.sources_digest():
        return Stamp(NOT_PROVEN, "the kernel's sources are not the released ones")
    if expected["numbers_version"] != NUMBERS_VERSION:
        return Stamp(NOT_PROVEN, f"the reference digests are for numbers version {expected['numbers_version']}")
    return None


def differing(found: Digests, expected: Digests) -> list[str]:
    """Names of the series, as ``plan: series``, whose digests are not as expected.

    Parameters
    ----------
    found, expected
        Digests by plan and series.
    """
    return [
        f"{plan}: {series}"
        for plan, all_series in expected.items()
        for series, digest in all_series.items()
        if found[plan].get(series) != digest
    ]


def _digests_of(plan: Plan, series: list[str]) -> Iterator[tuple[str, str]]:
    from spvrisk.kernel.run import make_leaf, make_work, run_paths

    at, work = make_work(plan)
    leaf = make_leaf(plan, len(series), True)
    half = 256
    for first, n in ((0, half), (half, PATHS - half)):
        run_paths(plan, at, work, leaf, np.uint64(SEED), np.uint64(first), np.uint64(first), np.uint64(n))
    values = leaf.values[:, :PATHS]
    moments = leaf_moments(values).central
    for name, row, central in zip(series, values, moments.T, strict=True):
        yield name, _digest(row, central)
    timeline, occupancy, step_means = leaf_sums(plan, leaf)
    for unit, rows in enumerate(timeline):
        for row, flows in enumerate(rows):
            yield f"timeline {unit} {row}", _digest(flows)
    for state, shares in enumerate(occupancy):
        yield f"occupancy {state}", _digest(shares)
    for number, row in enumerate(step_means):
        yield f"step mean {number}", _digest(row)
    for fan, flows in enumerate(leaf.fans[:, :, :PATHS]):
        yield f"fan {fan}", _digest(flows.astype(np.float64))
    for i, row in enumerate(leaf.inputs[:, :PATHS]):
        yield f"input {i}", _digest(row.astype(np.float64))
    yield "statistics", _digest(*_statistics(values))
    yield "exact sums", _digest(np.array([exact_sum(row[np.isfinite(row)]) for row in values]))


def _statistics(values: Float) -> Iterator[Float]:
    """Moments, ranks and the worst paths of series ``(series, path)`` over all paths and over made-up conditions."""
    numbers = (np.arange(PATHS) % 5).astype(np.float64)
    sets = Sets(PATHS, [Condition(str(code), "number", code) for code in range(4)], {"number": codes_of(numbers)})
    for row in values:
        own = row.copy()
        order, few = order_of(own), np.full(5, 10, np.int64)
        yield sets.moments(own).central
        yield sets.at_ranks(order, np.tile(np.arange(1, 60, 7), (5, 1)))
        yield np.concatenate([sets.count(own < 0.0), *sets.first(order, few)]).astype(np.float64)


def _digest(*arrays: Float) -> str:
    """Sixteen hexadecimal digits: NaN as one pattern, -0 as +0."""
    digest = hashlib.sha256()
    for array in arrays:
        plain = np.where(np.isnan(array), np.nan, array + 0.0)
        digest.update(np.ascontiguousarray(plain, "<f8").tobytes())
    return digest.hexdigest()[:16]


def _shipped(name: str) -> bytes:
    return files("spvrisk").joinpath("data", name).read_bytes()


def main() -> None:
    """Prove the target that the environment names, and say the outcome in one line."""
    _end_with_parent()
    proof = prove_here()
    print(_MARK + json.dumps({**proof._asdict(), **proof.stamp._asdict()}))
