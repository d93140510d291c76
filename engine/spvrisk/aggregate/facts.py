"""What is known of a series over several sets of paths: from all its values, or from sketches of them.

Values are told by two ends between which they lie. From all values the ends are the same.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.moments import Moments
from spvrisk.aggregate.sets import Order, Sets, Words, order_of
from spvrisk.aggregate.sketch import Sketch

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Ends = tuple[Float, Float]
"""Lower and upper ends of values."""


class Facts(ABC):
    """What is known of a series over all paths, which are set 0, and over those of each condition."""

    @abstractmethod
    def moments(self) -> Moments:
        """Moments over each set but the first, of which those of the run are known: ``(., set)``."""

    @abstractmethod
    def below_zero(self) -> Int:
        """How many values of each set are negative, ``(set,)`` int64."""

    @abstractmethod
    def equal_to(self, code: int) -> Int:
        """How many values of each set are a code, ``(set,)`` int64.

        Parameters
        ----------
        code
            Of a state or an outcome.
        """

    @abstractmethod
    def at_ranks(self, ranks: Int) -> Ends:
        """Values at ranks within each set, ``(set, rank)`` float64; NaN where there is no such one.

        Parameters
        ----------
        ranks
            From 1, in any order, ``(set, rank)``.
        """

    @abstractmethod
    def worst(self, sizes: Int) -> Iterator[Ends]:
        """The lowest finite values of each set in ascending order, ``(size,)`` float64 each, set after set.

        Parameters
        ----------
        sizes
            How many of each set, ``(set,)``; at most as many as it has.
        """


class OfPaths(Facts):
    """What all values of a series say.

    Parameters
    ----------
    values
        Of each path, ``(path,)`` float64; NaN is undefined.
    sets
        The sets.
    room
        As of `spvrisk.aggregate.sets.order_of`.
    """

    def __init__(self, values: Float, sets: Sets, room: Words | None = None) -> None:
        self._values, self._sets, self._room = values, sets, room

    def moments(self) -> Moments:
        """Moments over each set but the first; see `Facts.moments`."""
        return self._sets.moments(self._values)

    def below_zero(self) -> Int:
        """How many values of each set are negative, ``(set,)`` int64."""
        return self._sets.count(self._values < 0.0)

    def equal_to(self, code: int) -> Int:
        """How many values of each set are a code, ``(set,)`` int64.

        Parameters
        ----------
        code
            As of `Facts.equal_to`.
        """
        return self._sets.count(self._values == code)

    def at_ranks(self, ranks: Int) -> Ends:
        """Values at ranks within each set.

        Parameters
        ----------
        ranks
            As of `Facts.at_ranks`.
        """
        found = self._sets.at_ranks(self._order, ranks)
        return found, found

    def worst(self, sizes: Int) -> Iterator[Ends]:
        """The lowest finite values of each set.

        Parameters
        ----------
        sizes
            As of `Facts.worst`.
        """
        for paths in self.worst_paths(sizes):
            values = self._values[paths]
            yield values, values

    def worst_paths(self, sizes: Int) -> list[Int]:
        """Numbers of the paths of the lowest finite values of each set, ``(size,)`` int64 each; equal ones by number.

        Parameters
        ----------
        sizes
            As of `Facts.worst`.
        """
        return self._sets.first(self._order.without_lowest(), sizes)

    @cached_property
    def _order(self) -> Order:
        return order_of(self._values, self._room)


class OfSketches(Facts):
    """What sketches of a series say.

    Parameters
    ----------
    whole
        Of all paths.
    given
        Of the paths of each condition.
    moments
        Over each condition, ``(., condition)``.
    """

    def __init__(self, whole: Sketch, given: Sketch, moments: Moments) -> None:
        self._parts, self._moments = (whole, given), moments

    def moments(self) -> Moments:
        """Moments over each set but the first; see `Facts.moments`."""
        counts, central = self._moments
        return Moments(np.pad(counts, ((0, 0), (1, 0))), np.pad(central, ((0, 0), (1, 0))))

    def below_zero(self) -> Int:
        """How many values of each set are negative, ``(set,)`` int64."""
        return np.concatenate([part.below_zero() for part in self._parts])

    def equal_to(self, code: int) -> Int:
        """How many values of each set are a code, ``(set,)`` int64: whole numbers have bins of their own.

        Parameters
        ----------
        code
            As of `Facts.equal_to`.
        """
        return np.concatenate([part.equal_to(code) for part in self._parts])

    def at_ranks(self, ranks: Int) -> Ends:
        """Values at ranks within each set.

        Parameters
        ----------
        ranks
            As of `Facts.at_ranks`.
        """
        found = [part.at_ranks(i, ranks[s]) for s, (part, i) in enumerate(self._sets())]
        low, high = (np.stack(ends) for ends in zip(*found, strict=True))
        return low, high

    def worst(self, sizes: Int) -> Iterator[Ends]:
        """The lowest finite values of each set.

        Parameters
        ----------
        sizes
            As of `Facts.worst`.
        """
        for size, (part, i) in zip(sizes.tolist(), self._sets(), strict=True):
            yield part.first(i, size)

    def _sets(self) -> list[tuple[Sketch, int]]:
        """Of each set its sketch, and its number there."""
        return [(part, i) for part in self._parts for i in range(part.counts.shape[0])]
