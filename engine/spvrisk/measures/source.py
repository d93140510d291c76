"""Where statistics come from: all values of every series, or sketches of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from threading import local

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.facts import Facts, OfPaths, OfSketches
from spvrisk.aggregate.lots import Sketched
from spvrisk.aggregate.passes import AllPaths, OfPasses, batches
from spvrisk.aggregate.sets import Column, Sets, Words
from spvrisk.aggregate.sketch import Worst
from spvrisk.plan.names import Labels
from spvrisk.plan.outputs import NPV, WHOLE

Float = NDArray[np.float64]
Int = NDArray[np.int64]

OnWorst = Callable[[int], list[Float]]
"""From the number of a series to its values on the portfolio's worst paths of some sets, the worst first."""


class Source(ABC):
    """What is known of every series over all paths, which are set 0, and over those of each condition.

    Attributes
    ----------
    n_paths
        Of each set, ``(set,)`` int64.
    """

    n_paths: Int

    @abstractmethod
    def facts(self, s: int) -> Facts:
        """Give what is known of a series; they hold until the calling thread asks for the next one.

        Parameters
        ----------
        s
            Number of the series.
        """

    @abstractmethod
    def on_worst(self, sizes: Int) -> Iterator[tuple[range, OnWorst]]:
        """Give what other series are on the portfolio's worst paths, for some sets after the others.

        Parameters
        ----------
        sizes
            How many paths of each set, ``(set,)``; there are fewer where no more are known.
        """


class PathSource(Source):
    """All values of every series.

    Parameters
    ----------
    column
        From the number of a series, in the order of ``labels.series``, to its values ``(path,)``; NaN is undefined.
    sets
        The sets.
    labels
        Names of the series.
    """

    def __init__(self, column: Column, sets: Sets, labels: Labels) -> None:
        self._column, self._sets, self.n_paths = column, sets, sets.n_paths
        self._portfolio = labels.series.index(WHOLE)
        self._of_thread = local()

    def facts(self, s: int) -> OfPaths:
        """Give what is known of a series.

        Parameters
        ----------
        s
            As of `Source.facts`.
        """
        return OfPaths(self._values(s), self._sets, self._room())

    def on_worst(self, sizes: Int) -> Iterator[tuple[range, OnWorst]]:
        """Give what other series are on the portfolio's worst paths, for all sets at once.

        Parameters
        ----------
        sizes
            As of `Source.on_worst`.
        """
        worst = self.facts(self._portfolio).worst_paths(sizes)

        def values(s: int) -> list[Float]:
            column = self._values(s)
            return [column[paths] for paths in worst]

        yield range(sizes.size), values

    def _values(self, s: int) -> Float:
        """Values of a series as compiled code takes them, in one piece."""
        return np.require(self._column(s), np.float64, ["C", "W"])

    def _room(self) -> Words:
        """Where this thread puts the paths of a series in order, one series after the other."""
        if not hasattr(self._of_thread, "room"):
            self._of_thread.room = np.empty((2, int(self.n_paths[0])), np.uint64)
        return self._of_thread.room  # type: ignore[no-any-return]


class PassSource(Source):
    """All values of every series, in passes over lots of paths.

    Parameters
    ----------
    lots
        All paths, and the sets that they are in.
    labels
        Names of the series.
    """

    def __init__(self, lots: AllPaths, labels: Labels) -> None:
        self._lots, self.n_paths, self._portfolio = lots, lots.n_paths, labels.series.index(WHOLE)

    def facts(self, s: int) -> OfPasses:
        """Give what is known of a series.

        Parameters
        ----------
        s
            As of `Source.facts`.
        """
        return OfPasses(self._lots, s)

    def on_worst(self, sizes: Int) -> Iterator[tuple[range, OnWorst]]:
        """Give what other series are on the portfolio's worst paths, for as many sets as may be held at a time.

        Parameters
        ----------
        sizes
            As of `Source.on_worst`.
        """
        portfolio = self.facts(self._portfolio)
        for sets in batches(sizes):
            yield sets, partial(self._on_paths, portfolio.worst_paths(sizes, sets))

    def _on_paths(self, worst: Sequence[NDArray[np.int32]], s: int) -> list[Float]:
        """Values of a series on the paths of each set."""
        found = [np.empty(paths.size) for paths in worst]
        for lot in self._lots:
            column = self._lots.values(s, lot)
            for into, paths in zip(found, worst, strict=True):
                here = np.flatnonzero((paths >= lot.start) & (paths < lot.stop))
                into[here] = column[paths[here] - lot.start]
        return found


class SketchSource(Source):
    """Sketches of every series.

    Parameters
    ----------
    sketched
        From the number of a series to its sketches.
    worst
        The portfolio's worst paths, and the projects' net present values on them.
    n_paths
        Of all.
    labels
        Names of the series.
    """

    def __init__(self, sketched: Callable[[int], Sketched], worst: Worst, n_paths: int, labels: Labels) -> None:
        self._sketched, self._worst = sketched, worst
        self.n_paths = np.append(n_paths, sketched(0).n_paths)
        projects = [(unit, NPV) for unit in labels.projects]
        self._rows = {labels.series.index(key): row for row, key in enumerate(projects)}

    def facts(self, s: int) -> OfSketches:
        """Give what is known of a series.

        Parameters
        ----------
        s
            As of `Source.facts`.
        """
        found = self._sketched(s)
        return OfSketches(found.whole, found.given, found.moments())

    def on_worst(self, sizes: Int) -> Iterator[tuple[range, OnWorst]]:
        """Give what projects are on the portfolio's worst paths, of which those of all paths are known.

        Parameters
        ----------
        sizes
            As of `Source.on_worst`.
        """

        def values(s: int) -> list[Float]:
            return [self._worst.others[self._rows[s], : sizes[0]], *[np.empty(0)] * (sizes.size - 1)]

        yield range(sizes.size), values
