"""The kernel on the main study, one thread: a path as a whole, and by stages."""

import statistics
import time

from suite import engine
from suite.sizes import SIZE


def _microseconds(kernel: engine.Kernel) -> float:
    """Processor time of a path."""
    begin = time.thread_time()
    kernel(SIZE.kernel_paths)
    return 1e6 * (time.thread_time() - begin) / SIZE.kernel_paths


class Stages:
    """What clock, factors and projects cost: differences between runs in turn of plans that lack the later ones.

    Sums and rates of return of the portfolio count with the clock, fundings with the projects.
    """

    params = ["clock", "factors", "projects", "whole"]
    param_names = ["stage"]
    unit = "us per path"

    def setup(self, stage: str) -> None:
        done = engine.compiled()
        self.kernels = [engine.Kernel(part) for part in (engine.clock_alone(done), engine.without_projects(done), done)]
        engine.warm_up()

    def track_stage(self, stage: str) -> float:
        rounds = [[_microseconds(kernel) for kernel in self.kernels] for _ in range(SIZE.rounds)]
        found = [
            {"clock": clock, "factors": bare - clock, "projects": whole - bare, "whole": whole}[stage]
            for clock, bare, whole in rounds
        ]
        return statistics.median(found)


class WholePath:
    """A path through the kernel, and through the whole engine with its sums and its store."""

    number, warmup_time = 1, 0.0
    timeout = 600

    def setup(self) -> None:
        done = engine.compiled()
        self.kernel, self.engine = engine.Kernel(done), engine.whole_engine(done, workers=1)
        engine.warm_up()

    def time_kernel(self) -> None:
        self.kernel(SIZE.kernel_paths)

    def time_engine(self) -> None:
        self.engine(SIZE.kernel_paths)

    def track_engine_path(self) -> float:
        begin = time.perf_counter()
        self.engine(SIZE.kernel_paths)
        return 1e6 * (time.perf_counter() - begin) / SIZE.kernel_paths

    track_engine_path.unit = "us per path"
