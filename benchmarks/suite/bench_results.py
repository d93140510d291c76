"""What is made of the paths of a run: memory that it takes, measures, the result file."""

from pathlib import Path

import spvrisk
from suite import engine
from suite.sizes import SIZE


class Memory:
    """Peak memory of a process that runs a study, values of all paths kept."""

    timeout = 600

    def setup(self) -> None:
        engine.compile_elsewhere()

    def peakmem_run(self) -> None:
        engine.simulated(SIZE.paths)


class Measures:
    """Summary and conditional statistics of a run."""

    number, warmup_time, timeout = 1, 0.0, 600

    def setup(self) -> None:
        self.run = engine.simulated(SIZE.paths)
        engine.measured(engine.simulated(engine.A_FEW))  # what it loads and compiles is not timed

    def time_measures(self) -> None:
        engine.measured(self.run)


class ResultFile:
    """Write a result, and open one and read its summary."""

    number, warmup_time, timeout = 1, 0.0, 600

    def setup(self) -> None:
        self.file = Path(engine.folder().name) / "result.h5"
        engine.write(SIZE.paths, self.file)
        self.time_open()  # what it loads is not timed

    def time_write(self) -> None:
        engine.write(SIZE.paths, self.file)

    def time_open(self) -> None:
        with spvrisk.open(self.file) as results:
            results.summary.load()
