"""Streams of random words: one per quantity, numbered by a digest of its name."""

import hashlib
from collections.abc import Sequence
from fnmatch import fnmatchcase

from spvrisk.catalogue import phrase
from spvrisk.errors import InputError, Problem


def stream_of(name: str) -> int:
    """Number of a stream: the first four bytes, little-endian, of the BLAKE2s-256 digest of its name.

    Parameters
    ----------
    name
        As in the table of streams of ``docs/model.md``.
    """
    return int.from_bytes(hashlib.blake2s(name.encode(), digest_size=32).digest()[:4], "little")


REDRAWN = "#1"
"""Ends the name of a stream that stands for another, whose draws are thereby made anew."""


class Streams:
    """Hands out stream numbers and refuses two names with one number.

    Parameters
    ----------
    redrawn
        Patterns, as ``project/*/cost``: what has such a name is drawn from a stream of its own instead, and nothing
        else moves.
    """

    def __init__(self, redrawn: Sequence[str] = ()) -> None:
        self._names: dict[int, str] = {}
        self._redrawn = redrawn

    def __call__(self, name: str, path: str = "") -> int:
        """Return the stream of a name.

        Parameters
        ----------
        name
            Of what is drawn.
        path
            Dotted path of the part of the study that draws it.

        Raises
        ------
        InputError
            Another name has the same number: draws would be shared.
        """
        if any(fnmatchcase(name, pattern) for pattern in self._redrawn):
            name += REDRAWN
        number = stream_of(name)
        other = self._names.setdefault(number, name)
        if other != name:
            rule = phrase("draws from the random stream {}, which has the number of {}", name, other)
            raise InputError(Problem("", path, rule, str(number), "rename one of the two"))
        return number

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all streams that were asked for."""
        return tuple(self._names.values())
