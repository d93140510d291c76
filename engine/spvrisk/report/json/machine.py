"""What was found of this machine, its code and its speed, as plain JSON values."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spvrisk.experiments.timing.found import Bench
    from spvrisk.experiments.timing.turns import Spread
    from spvrisk.runner.proof import Proof

SELFTEST_SCHEMA = "spvrisk.selftest/1"
BENCH_SCHEMA = "spvrisk.bench/1"
"""Formats; a number rises when a reader of the former would misread it."""


def proofs_json(proofs: "Iterable[Proof]") -> dict[str, Any]:
    """Give the outcomes of self-tests.

    Parameters
    ----------
    proofs
        As from `spvrisk.selftest`.
    """
    return {"schema": SELFTEST_SCHEMA, "targets": [_proof_json(proof) for proof in proofs]}


def _proof_json(proof: "Proof") -> dict[str, Any]:
    return {
        "target": proof.target.name,
        "features": proof.target.features,
        "outcome": proof.stamp.outcome,
        "detail": proof.stamp.detail,
        "compile_seconds": proof.compile_seconds,
        "test_seconds": proof.test_seconds,
    }


def bench_json(found: "Bench") -> dict[str, Any]:
    """Give a benchmark.

    Keys end with their unit: ``us`` and ``ns`` are of a path and of what ``of`` names, bytes and seconds in whole
    words. What was measured in turns has ``median, low, high`` (quartiles) and ``turns``; what was not is null.
    """
    about, result, cold = found.machine, found.result, found.cold
    return {
        "schema": BENCH_SCHEMA,
        "machine": {
            "processor": about.processor,
            "processors": about.processors,
            "usable": about.usable,
            "target": about.target.name,
            "features": about.target.features,
            "vector_bits": about.vector_bits,
            "versions": about.versions,
            "load": about.load,
        },
        "study": found.study._asdict(),
        "self_test": _proof_json(found.proof),
        "kernel": {
            stage.name: {"us": _spread_json(stage.us), "ns": stage.ns, "of": stage.unit or None}
            for stage in found.stages
        },
        "threads": [
            {
                "threads": each.threads,
                "kernel_us": _spread_json(each.kernel_us),
                "kernel_gain": _spread_json(each.kernel_gain),
                "engine_us": _spread_json(each.engine_us),
                "engine_gain": _spread_json(each.engine_gain),
            }
            for each in found.threads
        ],
        "result": result
        and {
            "paths": result.paths,
            "statistics_seconds": _spread_json(result.statistics),
            "writing_seconds": _spread_json(result.writing),
            "file_bytes": result.size,
            "peak_bytes": result.peak,
        },
        "start": {
            "paths": found.start_paths,
            "seconds": found.start and _spread_json(found.start),
            "cold": cold and cold._asdict(),
        },
        "waited": found.waited,
        "busy": found.busy,
        "unsteady": found.unsteady,
        "left_out": {name: {"from_seconds": seconds} for name, seconds in found.left_out.items()},
        "seconds": found.seconds,
    }


def _spread_json(found: "Spread") -> dict[str, float]:
    return found._asdict()
