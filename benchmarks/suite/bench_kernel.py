"""What a path of the main study takes: the kernel by stages and as a whole, and the whole engine."""

import statistics
import time

from suite import engine
from suite.sizes import SIZE


def _microseconds(kernel: engine.Kernel) -> float:
    """Processor time of a path."""
    return 1e6 * kernel(SIZE.kernel_paths).processor_seconds / SIZE.kernel_paths


class Stages:
    """What its stages cost the kernel on one thread: differences between runs, in turn, of plans that lack later ones.

    `spvrisk.experiments.timing.parts` says what they are.
    """

    params = ["selection", "clock", "factors", "projects", "stack", "whole"]
    param_names = ["stage"]
    unit = "us per path"

    def setup(self, stage: str) -> None:
        self.kernels = engine.stages()
        assert [*self.kernels, "whole"] == self.params
        engine.warm_up()

    def track_stage(self, stage: str) -> float:
        found = []
        for _ in range(SIZE.rounds):
            us = {name: _microseconds(kernel) for name, kernel in self.kernels.items()}
            found.append(engine.by_difference(us)[stage])
        return statistics.median(found)


class WholePath:
    """A path through the whole engine with its sums and its store, on one thread and on two, on the wall."""

    params = [1, 2]
    param_names = ["threads"]
    unit = "us per path"

    def setup(self, threads: int) -> None:
        self.engine = engine.whole_engine(engine.compiled(), threads)
        self.engine(engine.A_FEW)

    def track_path(self, threads: int) -> float:
        found = []
        for _ in range(SIZE.rounds):
            begin = time.perf_counter()
            self.engine(SIZE.kernel_paths)
            found.append(1e6 * (time.perf_counter() - begin) / SIZE.kernel_paths)
        return statistics.median(found)
