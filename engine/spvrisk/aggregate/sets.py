"""All paths, and the paths of each condition: what a series says over all these sets at once.

The values of a series are put in order once. Counts, moments and order statistics of every set follow from one walk
over the paths, or over that order, each (`spvrisk.kernel.conditions`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spvrisk.aggregate.moments import Moments
from spvrisk.plan.shared import SLOTS

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Words = NDArray[np.uint64]
Places = NDArray[np.uint16]
Codes = NDArray[np.int16]

Column = Callable[[int], Float]
"""From the number of a series to its values ``(path,)``."""

Block = Callable[[Sequence[int], range], Float]
"""From numbers of series and of consecutive paths to values ``(series, path)``."""


_NONE: Mapping[str, Codes] = MappingProxyType({})


def codes_of(values: Float) -> Codes:
    """Give the codes of a quantity that tells of conditions; -1 is where it is undefined.

    Parameters
    ----------
    values
        Of the quantity, ``(path,)``; NaN is undefined.

    Returns
    -------
    ndarray
        ``(path,)`` int16.
    """
    return np.nan_to_num(values, nan=-1.0).astype(np.int16)


def _compiled() -> Any:
    # loaded here: the kernel's target is chosen when its first function is decorated
    from spvrisk.kernel import conditions

    return conditions


class Condition(NamedTuple):
    """A set of paths: those with one outcome of an event, or one final state of a regime.

    Attributes
    ----------
    name
        Quantity and value, such as ``outcome_ruling.struck_down``; ``undefined`` where the event does not take place.
    quantity
        Scheme quantity that tells.
    code
        Its value; -1 for undefined.
    """

    name: str
    quantity: str
    code: int

    def meets(self, codes: Mapping[str, Codes]) -> NDArray[np.bool_]:
        """Which paths meet it, ``(path,)`` bool.

        Parameters
        ----------
        codes
            Of each quantity; see `codes_of`.
        """
        met: NDArray[np.bool_] = codes[self.quantity] == self.code
        return met


class Order(NamedTuple):
    """The paths of a series in ascending order of its values: -0 is 0, NaN is last, equal ones go by number.

    Attributes
    ----------
    values
        Of each path, ``(path,)``.
    numbers
        Of the paths in this order, ``(path,)``; made in the `room` of `order_of`, they hold until it is used again.
    """

    values: Float
    numbers: Words

    def at(self, places: Int) -> Float:
        """Values at places of the order, ``(place,)`` float64.

        Parameters
        ----------
        places
            Counted from 0.
        """
        return self.values[self.paths(places)]

    def paths(self, places: Int | slice) -> Int:
        """Numbers of the paths at places of the order, ``(place,)`` int64.

        Parameters
        ----------
        places
            Counted from 0.
        """
        return self.numbers[places].astype(np.int64)

    def without_lowest(self) -> "Order":
        """The order after the paths of minus infinity."""
        return self._replace(numbers=self.numbers[np.count_nonzero(self.values == -np.inf) :])


def order_of(values: Float, room: Words | None = None) -> Order:
    """Put the paths of a series in order.

    Parameters
    ----------
    values
        Of each path, ``(path,)``.
    room
        What the order is made in, and then stands in, ``(2, path)``: new memory takes the system as long to give as
        two passes of the sort. None = of its own.
    """
    from spvrisk.kernel.order import sort_paths

    numbers, work = np.empty((2, values.size), np.uint64) if room is None else room
    if not sort_paths(values, numbers, work):  # values so near to each other that their upper bits are the same
        numbers = np.argsort(values, kind="stable").astype(np.uint64)
    return Order(values, numbers)


class Slots(NamedTuple):
    """Conditions packed in one word of each path.

    Attributes
    ----------
    words
        What each path meets, ``(path,)``.
    conditions
        Number of the condition that a code in a slot stands for, ``(slot, 8)``; -1 is none.
    places, ends
        Paths in the order of each slot's conditions, chunk by chunk, as `spvrisk.kernel.conditions.sort_by_condition`
        says.
    """

    words: Words
    conditions: Int
    places: Places
    ends: Places


class Sets:
    """All paths as set 0, then those of each condition.

    Parameters
    ----------
    n_paths
        Of all.
    conditions
        The conditions; those of one quantity are disjoint, and come one after the other.
    codes
        Of each quantity that tells of conditions; see `codes_of`.
    """

    def __init__(self, n_paths: int, conditions: Sequence[Condition] = (), codes: Mapping[str, Codes] = _NONE) -> None:
        self.n_paths = np.array([n_paths, *[0] * len(conditions)], np.int64)
        self._packed = list(self._pack(conditions, codes))

    def count(self, flags: NDArray[np.bool_]) -> Int:
        """How many paths of each set are flagged, ``(set,)`` int64.

        Parameters
        ----------
        flags
            Of each path, ``(path,)``.
        """
        out = np.zeros(self.n_paths.size, np.int64)
        for slots in self._packed:
            _compiled().count_flagged(flags, slots.words, slots.conditions, out[1:])
        out[0] = np.count_nonzero(flags)
        return out

    def moments(self, values: Float) -> Moments:
        """Moments of a series over each set but the first, of which those of the run are known: ``(., set)``.

        Parameters
        ----------
        values
            Of each path, ``(path,)``; NaN is undefined.
        """
        counts = np.zeros((self.n_paths.size, 3), np.int64)
        central = np.zeros((self.n_paths.size, 4))
        for slots in self._packed:
            _compiled().moments_of_conditions(
                values, slots.places, slots.ends, slots.conditions, counts[1:], central[1:]
            )
        return Moments(counts.T, central.T)

    def at_ranks(self, order: Order, ranks: Int) -> Float:
        """Values at ranks within each set, ``(set, rank)`` float64; NaN where there is no such one.

        Parameters
        ----------
        order
            Of the series.
        ranks
            From 1, in any order, ``(set, rank)``.
        """
        rising = np.argsort(ranks, axis=1)
        wanted, found = np.take_along_axis(ranks, rising, axis=1), np.full(ranks.shape, np.nan)
        for slots in self._packed if ranks.size else ():
            _compiled().values_at_ranks(*order, slots.words, slots.conditions, wanted[1:], found[1:])
        there = (wanted[0] >= 1) & (wanted[0] <= order.numbers.size)
        found[0, there] = order.at(wanted[0, there] - 1)
        out = np.empty(ranks.shape)
        np.put_along_axis(out, rising, found, axis=1)
        return out

    def first(self, order: Order, sizes: Int) -> list[Int]:
        """Numbers of the paths of each set that come first in an order, ``(size,)`` int64 each.

        Parameters
        ----------
        order
            Of a series.
        sizes
            How many of each set, ``(set,)``.
        """
        ends = np.concatenate([[0], np.cumsum(sizes[1:])])
        paths = np.empty(ends[-1], np.int64)
        for slots in self._packed:
            _compiled().first_of_conditions(order.numbers, slots.words, slots.conditions, ends, paths)
        return [order.paths(slice(sizes[0])), *np.split(paths, ends[1:-1])][: sizes.size]

    def _pack(self, conditions: Sequence[Condition], codes: Mapping[str, Codes]) -> Iterator[Slots]:
        """Pack what each path meets, and count who meets what."""
        if not conditions:
            return
        slots = list(_slots(conditions, _compiled().IN_SLOT))
        for first in range(0, len(slots), SLOTS):
            here = slots[first : first + SLOTS]
            words, numbers = np.zeros(self.n_paths[0], np.uint64), np.full((len(here), 8), -1, np.int64)
            for s, members in enumerate(here):
                numbers[s, : len(members)] = members
                field = np.full(words.size, _compiled().IN_SLOT, np.uint8)
                for k, number in enumerate(members):
                    meets = conditions[number].meets(codes)
                    np.putmask(field, meets, np.uint8(k))
                    self.n_paths[1 + number] = np.count_nonzero(meets)
                words |= field.astype(np.uint64) << np.uint64(3 * s + 3)
            places = np.empty((len(here), words.size), np.uint16)
            ends = np.empty((-(-words.size // _compiled().CHUNK), len(here), _compiled().IN_SLOT), np.uint16)
            _compiled().sort_by_condition(words, places, ends)
            yield Slots(words, numbers, places, ends)


def _slots(conditions: Sequence[Condition], most: int) -> Iterator[list[int]]:
    """Numbers of conditions that share a slot: of one quantity, and no more than there is room for."""
    members: list[int] = []
    for number, condition in enumerate(conditions):
        if members and (len(members) == most or condition.quantity != conditions[members[0]].quantity):
            yield members
            members = []
        members.append(number)
    yield members
