"""A made-up benchmark, for tests of what is shown of one."""

from spvrisk.experiments.timing.found import Bench, Cold, Measured, Result, Stage, Threads
from spvrisk.experiments.timing.machine import Machine
from spvrisk.experiments.timing.turns import Spread
from spvrisk.kernel.cache import PASSED, Stamp
from spvrisk.kernel.target import Target
from spvrisk.runner.proof import Proof

TARGET = Target("znver4", "znver4", "+avx2")
VERSIONS = {
    "spvrisk": "0.1.0",
    "numbers": "4",
    "python": "3.11.7",
    "numba": "0.68.1",
    "llvmlite": "0.50.0",
    "llvm": "22.1.0",
    "numpy": "2.4.6",
}


def around(median: float, turns: int = 9) -> Spread:
    return Spread(median, 0.99 * median, 1.01 * median, turns)


def make_bench(**changes) -> Bench:
    """A benchmark with all that there may be, on a machine that did nothing else."""
    found = Bench(
        machine=Machine("A processor", 4, 8, TARGET, 512, VERSIONS, 0.25),
        study=Measured("A made-up study", "0123456789abcdef" * 4, 3, 5, 160, 64, 2.5),
        proof=Proof(TARGET, Stamp(PASSED, "1474 series"), 0.4, 0.125),
        stages=(
            Stage("selection", around(1.5), 3.0, "project"),
            Stage("clock", around(2.25), 0.0, ""),
            Stage("factors", around(8.0), 800.0, "factor and step"),
            Stage("projects", around(20.0), 400.0, "funded project and step"),
            Stage("whole", around(32.0), 400.0, "funded project and step"),
        ),
        threads=(
            Threads(1, around(32.5, 5), around(1.0, 5), around(40.0, 5), around(1.0, 5)),
            Threads(4, around(8.5, 5), around(3.82, 5), around(12.5, 5), around(3.2, 5)),
        ),
        result=Result(100_000, around(1.25), around(0.5), 17_300_000, 771_000_000),
        start=around(1.375, 7),
        start_paths=1000,
        cold=Cold(61.5, 84.25),
        waited=1.01,
        left_out={},
        seconds=59.5,
    )
    return found._replace(**changes)
