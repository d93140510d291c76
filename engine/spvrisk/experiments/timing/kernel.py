"""What is timed: the kernel alone, without the sums and the store of a run, and the whole engine with them."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from spvrisk.plan.arrays import Floats
from spvrisk.plan.compile import Compiled
from spvrisk.plan.shared import LEAF
from spvrisk.runner.execute import execute
from spvrisk.runner.job import Job
from spvrisk.runner.ledger import MemoryLedger

SEED = 20260331
"""Seed of paths that are timed."""

_APART = 24
"""Bits of a thread's path numbers."""


class Took(NamedTuple):
    """What a call took, summed over its threads.

    Attributes
    ----------
    seconds
        By the clock on the wall.
    processor_seconds
        Of a processor's time.
    """

    seconds: float
    processor_seconds: float

    @property
    def waited(self) -> float:
        """Time on the wall against processor time: 1 where every thread had a processor all the time."""
        return self.seconds / self.processor_seconds if self.processor_seconds > 0.0 else 1.0


class Kernel:
    """The kernel on a compiled study, leaves of paths over threads.

    Its machine code must have been made ready, or it is compiled by the first call.

    Parameters
    ----------
    done
        What is run.
    threads
        Threads, each with a workspace of its own.
    """

    def __init__(self, done: Compiled, threads: int = 1) -> None:
        # loaded after all else, as the engine loads it: what comes first decides for which vectors it is compiled
        from spvrisk.kernel import run as kernel

        self._kernel, self._plan, self._stopped = kernel, done.plan, threading.Event()
        self._places = [
            (*kernel.make_work(done.plan), kernel.make_leaf(done.plan, len(done.labels.series), False))
            for _ in range(threads)
        ]

    @property
    def lanes(self) -> int:
        """Paths that are run at once."""
        return int(self._kernel.LANES)

    @property
    def values(self) -> Floats:
        """What the first thread left of its latest leaf, ``(series, path)`` float64 in the quantities' units."""
        return self._places[0][2].values

    def __call__(self, n: int, at_most: int = LEAF, threads: int | None = None) -> Took:
        """Run paths.

        Parameters
        ----------
        n
            How many; with several threads a multiple of their number.
        at_most
            Of them in one call of the machine code, which nothing can interrupt: up to a leaf.
        threads
            How many of the threads; None = all.
        """
        threads = threads or len(self._places)
        if threads == 1:
            return self._share(0, n, at_most)
        with ThreadPoolExecutor(threads) as pool:
            shares = [pool.submit(self._share, i, n // threads, at_most) for i in range(threads)]
            try:
                return Took(*map(sum, zip(*(share.result() for share in shares), strict=True)))
            except BaseException:  # Ctrl-C: the pool waits for its threads
                self._stopped.set()
                raise

    def _share(self, i: int, n: int, at_most: int) -> Took:
        """Run `n` paths in thread `i`."""
        at, work, leaf = self._places[i]
        began, used = time.perf_counter(), time.thread_time()
        for first in range(0, n, at_most):
            if self._stopped.is_set():
                break
            numbers = (np.uint64(x) for x in ((i << _APART) + first, 0, min(at_most, n - first)))
            self._kernel.run_paths(self._plan, at, work, leaf, np.uint64(SEED), *numbers)
        return Took(time.perf_counter() - began, time.thread_time() - used)


def whole_engine(done: Compiled, workers: int, seed: int = SEED) -> Callable[[int], MemoryLedger]:
    """Return the whole engine as a function of a number of paths: kernel, sums, and the ledger of all paths.

    Parameters
    ----------
    done
        What is run, leaf by leaf.
    workers
        Threads.
    seed
        Of the paths.
    """

    def run(n: int) -> MemoryLedger:
        ledger = MemoryLedger(Job(done.plan, done.labels, "", seed, n, 1))
        execute(ledger, workers)
        return ledger

    return run
