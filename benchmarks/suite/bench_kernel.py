"""What a path of the main study takes: the kernel by stages and as a whole, and the whole engine."""

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
    """What clock, factors and projects cost the kernel on one thread.

    Differences between runs, in turn, of plans that lack the later stages.

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
