"""The format of everything that the kernel interpolates, and the book in which tables are shared."""

import hashlib
from collections.abc import Callable, Hashable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy
from llvmlite import binding
from numpy.typing import NDArray
from scipy import special

from spvrisk.config.laws import Law
from spvrisk.errors import InputError, Problem
from spvrisk.files import cache_root, cached_bytes, sweep
from spvrisk.plan import laws
from spvrisk.plan.arrays import Constants
from spvrisk.plan.cubics import Array, Segment, fit
from spvrisk.plan.distributions import Affine, LawError
from spvrisk.plan.families import beta_density


class Tables(NamedTuple):
    """All tables of a study as flat arrays.

    A look-up at z takes the law's last segment with lower abscissa <= z (the first if there is none), then::

        x = (z - lower) * per_unit
        cell = clip(floor(x), 0, last)
        s = clip(x - cell, 0, 1)
        value = location + scale * (c0 + s (c1 + s (c2 + s c3)))

    Attributes
    ----------
    law
        ``(law, 2)`` int64: first segment, number of segments (with increasing lower abscissae).
    affine
        ``(law, 2)``: location and scale.
    segment
        ``(segment, 4)``: lower abscissa, cells per unit of abscissa, index of the last cell within the segment,
        first row of `coefficient`.
    coefficient
        ``(cell, 4)``: c0, c1, c2, c3. An atom is a segment of one cell with c1 = c2 = c3 = 0.
    """

    law: NDArray[np.int64]
    affine: Array
    segment: Array
    coefficient: Array


_SOURCES = (
    "copula.py",
    "cubics.py",
    "distributions.py",
    "elementary.py",
    "families.py",
    "laws.py",
    "mixtures.py",
    "reference_class.py",
    "scipy_laws.py",
    "tables.py",
)


@cache
def _folder() -> str:
    """Folder of the tables that this version makes on this kind of processor, beside those of others."""
    digest = hashlib.sha256(f"{np.__version__} {scipy.__version__} {binding.get_host_cpu_name()}".encode())
    for name in _SOURCES:
        digest.update((Path(__file__).parent / name).read_bytes())
    folder = f"tables/{digest.hexdigest()[:20]}"
    sweep(cache_root() / "tables", cache_root() / folder)
    return folder


def kept_segments(key: Hashable, build: Callable[[], list[Segment]]) -> list[Segment]:
    """Segments of a curve from the user's cache; a study needs dozens of tables, and each takes milliseconds to fit.

    The key's text tells all that a curve depends on but the code, of which the folder's name is a digest.

    Parameters
    ----------
    key
        All that the curve depends on but the code.
    build
        Makes the segments where the cache has none.
    """

    def made() -> bytes:
        segments = build()
        head = np.array([[s.lower, s.upper, len(s.coefficient)] for s in segments])
        cells = [segment.coefficient.tobytes() for segment in segments]
        return b"".join([np.int64(len(segments)).tobytes(), head.tobytes(), *cells])

    data = cached_bytes(_folder(), repr(key), made)
    count = int(np.frombuffer(data, np.int64, 1)[0])
    head = np.frombuffer(data, np.float64, 3 * count, 8).reshape(count, 3)
    cells = np.frombuffer(data, np.float64, offset=8 + 24 * count).reshape(-1, 4)
    parts = np.split(cells, np.cumsum(head[:, 2].astype(int))[:-1])
    return [Segment(float(lower), float(upper), part) for (lower, upper, _), part in zip(head, parts, strict=True)]


class Offset:
    """Where a table will lie among the constants: records take it for a number, which it is once the book is there."""

    def __init__(self) -> None:
        self.value: int | None = None

    def __index__(self) -> int:
        if self.value is None:
            raise ValueError("the tables are not among the constants yet")
        return self.value


class TableBook:
    """Collects the tables of a study; laws that are equal but for location and scale share one."""

    def __init__(self) -> None:
        self._offsets: list[Offset] = []
        self._ids: dict[tuple[float, float, Hashable], int] = {}
        self._tables: dict[Hashable, list[Segment]] = {}
        self._laws: list[Affine | None] = []

    def add(self, law: Law) -> int:
        """Put a law into the book and return its id: the row of `Tables.law`, the same for an equal law.

        Raises
        ------
        LawError
            If there is no such law, or no table can hold it.
        """
        made = laws.distribution(law)
        index = self.add_table(made.base, lambda: laws.quantile_segments(made.base), made.location, made.scale)
        self._laws[index] = made
        return index

    def add_table(
        self, key: Hashable, build: Callable[[], list[Segment]], location: float = 0.0, scale: float = 1.0
    ) -> int:
        """Put any curve into the book.

        Parameters
        ----------
        key
            All that the curve depends on but the code; an equal one has the same table.
        build
            Makes its segments unless the key has a table already.
        location, scale
            Of what the kernel reads from the table: location + scale times the curve.
        """
        if key not in self._tables:
            self._tables[key] = kept_segments(key, build)
        index = self._ids.setdefault((location, scale, key), len(self._ids))
        if index == len(self._laws):
            self._laws.append(None)
            self._offsets.append(Offset())
        return index

    def offset(self, index: int) -> Offset:
        """Offset that a table of the book will have.

        Parameters
        ----------
        index
            As from `add` or `add_table`.
        """
        return self._offsets[index]

    def fill(self, constants: Constants) -> None:
        """Put all tables among the constants."""
        tables = self.tables()
        cubics = constants.add(tables.coefficient)
        for offset, (first, count), affine in zip(self._offsets, tables.law, tables.affine, strict=True):
            segments = tables.segment[first : first + count].copy()
            segments[:, 3] = cubics + 4.0 * segments[:, 3]
            offset.value = constants.add([count, *affine, *segments.ravel()])

    def report(self, index: int) -> laws.LawReport:
        """Compare a law of the book with its table.

        Parameters
        ----------
        index
            As from `add`.

        Raises
        ------
        ValueError
            The table is that of another curve.
        """
        law = self._laws[index]
        if law is None:
            raise ValueError(f"table {index} is not a law")
        return laws.report(law, self._tables[law.base])

    def tables(self) -> Tables:
        """Pack everything added so far."""
        starts: dict[Hashable, tuple[int, int]] = {}
        rows: list[tuple[float, float, int, int]] = []
        first_row = 0
        for key, segments in self._tables.items():
            starts[key] = (len(rows), len(segments))
            for lower, upper, coefficient in segments:
                rows.append((lower, len(coefficient) / (upper - lower), len(coefficient) - 1, first_row))
                first_row += len(coefficient)
        cells = [segment.coefficient for segments in self._tables.values() for segment in segments]
        return Tables(
            np.array([starts[key] for _, _, key in self._ids], dtype=np.int64).reshape(-1, 2),
            np.array([(location, scale) for location, scale, _ in self._ids], dtype=np.float64).reshape(-1, 2),
            np.array(rows, dtype=np.float64).reshape(-1, 4),
            np.concatenate(cells) if cells else np.zeros((0, 4)),
        )


NO_LAW = -1
"""In the place of an offset where there is no law."""


def law_offset(book: TableBook, law: Law | None, path: str) -> Offset | int:
    """Put a law into the book and return its offset, -1 for none.

    Parameters
    ----------
    book
        Takes the law's table.
    law
        None where the study has none.
    path
        Where the study has it, for messages.

    Raises
    ------
    InputError
        If there is no such law, or no table can hold it.
    """
    if law is None:
        return NO_LAW
    try:
        return book.offset(book.add(law))
    except LawError as error:
        raise InputError(Problem("", path, error.rule, error.value, error.remedy)) from None


class _SpendCurve(NamedTuple):
    a: float
    b: float

    def value(self, x: Array) -> Array:
        return np.asarray(special.betainc(self.a, self.b, x))

    def slope(self, x: Array, value: Array) -> Array:
        with np.errstate(divide="ignore"):
            return beta_density(self.a, self.b, x)

    def check(self, x: Array, exact: Array, approximate: Array) -> Array:
        return np.abs(approximate - exact) / 1e-11


def spend_curve_table(book: TableBook, a: float, b: float) -> int:
    """Put a spend curve into the book: cumulative spend over progress in [0, 1].

    The error is at most 1e-11 (for a or b below 1, up to progress 1e-9 from the end with the infinite slope).

    Parameters
    ----------
    book
        Takes the table.
    a, b
        Exponents of the beta law whose cdf it is.
    """
    curve = _SpendCurve(a, b)
    return book.add_table(("spend curve", a, b), lambda: fit(curve, curve.check, 0.0, 1.0, least_width=1e-9))
