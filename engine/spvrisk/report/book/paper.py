"""How a sheet is printed on A4 across: how small, and at which rows a page begins.

A spreadsheet that fits a sheet to the width of a page breaks it wherever the page ends, through charts too; so the
scale is given, and the breaks with it.
"""

from collections.abc import Iterator
from itertools import pairwise

from spvrisk.report.book.sheet import Sheet

ACROSS, HIGH = 0.5, 0.6
"""Margins at the sides, and above and below, in inches."""

_WIDTH, _HEIGHT = 72.0 * 0.91 * (297.0 / 25.4 - 2.0 * ACROSS), 72.0 * 0.97 * (210.0 / 25.4 - 2.0 * HIGH)
"""Of what is printed on, in points: a little less than there is, since programs differ in how wide a column is."""

_LEAST, _WELL = 0.52, 0.68
"""Scales below which few can read it, so that a wider sheet takes several pages beside each other; and at which all
can, and two charts have room on a page."""


def scale_of(sheet: Sheet, width: float) -> float:
    """Give how large a sheet is printed, at most as large as it is.

    Parameters
    ----------
    sheet
        What is printed.
    width
        Of its columns, in points.
    """
    across = _WIDTH / width
    down = _HEIGHT / sum(map(sheet.height, range(sheet.row)))
    if across < _LEAST:
        across = _WELL
    return min(across, _WELL if sheet.charts else 1.0, down if down >= _WELL else 1.0)


def page_begins(sheet: Sheet, scale: float) -> list[int]:
    """Give the rows at which a page begins after the first, through nothing that is kept together.

    Parameters
    ----------
    sheet
        What is printed.
    scale
        As from `scale_of`.
    """
    repeated, used = sheet.height(sheet.repeated), 0.0
    room, begins = _HEIGHT / scale, list[int]()
    for rows in _together(sheet, room - repeated):
        tall = sum(map(sheet.height, rows))
        if used + tall > room:
            begins.append(rows[0])
            used = repeated
        used += tall
    return begins


def _together(sheet: Sheet, room: float) -> Iterator[range]:
    """Rows that stay on one page; what is too tall for any is broken anywhere."""
    firsts = [row for row in range(sheet.row) if row not in sheet.tied]
    for first, last in pairwise([*firsts, sheet.row]):
        rows = range(first, last)
        if sum(map(sheet.height, rows)) > room:
            yield from (range(row, row + 1) for row in rows)
        else:
            yield rows
