"""Figures as what a sheet holds: numbers as numbers, their errors and intervals in columns of their own."""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import NamedTuple

from spvrisk.report.words import decimals, decimals_of_error, decimals_of_interval, shown
from spvrisk.views.figures import Amount, Cell, Column, Estimate, Named, Near, Note, Range, Rate, Share, said

_FORM = re.compile(r"\+?(?P<apart>,?)(?:\.(?P<digits>\d+))?(?P<kind>[a-z%]?)(?: (?P<unit>.+))?")
"""Of `spvrisk.views.figures.Column.form`: what sheets can say too."""

_ALONE = re.compile(r"\{(?::(?P<form>[^}]*))?\}")
"""A sentence that is one figure."""

_PARTS = {"value": "{}", "error": "{} ±", "low": "{}, from", "high": "{}, to"}
"""Columns that a column of figures may become, and what stands above each."""

GENERAL = "General"
"""Format of a number that is shown as it is."""


class Number(NamedTuple):
    """A number, and how a sheet shows it."""

    value: float
    format: str = GENERAL


Content = Number | str | None
"""What a cell of a sheet holds."""

Words = Callable[[Cell], str]
"""Gives a text in the language of the reader."""


class Series(NamedTuple):
    """A column of a sheet.

    Attributes
    ----------
    head
        What stands above it.
    cells
        One for each row.
    text
        Whether it holds words.
    """

    head: str
    cells: tuple[Content, ...]
    text: bool = False


def spread(column: Column, cells: Iterable[Cell], words: Words) -> Iterator[Series]:
    """Give a column of figures as columns of a sheet: as many as its figures have parts.

    Parameters
    ----------
    column, cells
        Of a view.
    words
        Gives texts.
    """
    rows = [_parts(cell, column.form, words) for cell in cells]
    used = [part for part in _PARTS if any(part in row for row in rows)] or ["value"]
    for part in used:
        head = words(said(_PARTS[part], column.head)) if column.head or len(used) > 1 else ""
        yield Series(head.strip(), tuple(row.get(part) for row in rows), column.text)


def _parts(cell: Cell, form: str, words: Words) -> dict[str, Content]:
    """What there is of a figure, by the names of `_PARTS`."""
    match cell:
        case None:
            return {}
        case Note(text, (figure,)) if alone := _ALONE.fullmatch(text):
            return _parts(figure, alone["form"] or form, words)
        case str() | Note() | Named():
            return {"value": words(cell)}
        case Near():
            found = _parts(cell.cell, form, words)
            return {part: _near(content) for part, content in found.items()}
        case Estimate(value, error) | Rate(value, error):
            part = isinstance(cell, Rate)
            shape = shape_of(decimals_of_error((error or 0.0) * (100.0 if part else 1.0), value or 0.0), part)
            return _known(value=_number(value, _signed(shape, form)), error=_number(error, shape))
        case Share(value, low, high):
            known = low is not None and high is not None and high > low
            shape = shape_of(decimals_of_interval(low or 0.0, high or 0.0) if known else 0, True)
            certain = value in (0.0, 1.0)
            return _known(
                value=_number(value, shape_of(0, True) if certain else shape),
                low=_number(low, shape),
                high=_number(high, shape),
            )
        case Range(low, high):
            return _known(low=_number(low, _plain(low)), high=_number(high, _plain(high)))
        case date() | Amount():
            return _known(value=shown(cell))
        case _:
            return _known(value=_number(cell, _of_form(form, cell)))


def _known(**parts: Content) -> dict[str, Content]:
    return {part: content for part, content in parts.items() if content is not None}


def _number(value: float | None, shape: str) -> Content:
    """A number; sheets have none that is infinite."""
    if value is None or math.isnan(value):
        return None
    return shown(value) if math.isinf(value) else Number(float(value), shape)


def _near(content: Content) -> Content:
    return content._replace(format=f'"≈ "{content.format}') if isinstance(content, Number) else content


def shape_of(digits: int, percent: bool = False) -> str:
    """Give the format of numbers with some decimals.

    Parameters
    ----------
    digits
        Behind the point.
    percent
        Whether they are fractions that are shown in per cent.
    """
    behind = f".{'0' * digits}" if digits else ""
    return f"0{behind}%" if percent else f"#,##0{behind}"


def _plain(value: float | None) -> str:
    return shape_of(decimals(value or 0.0))


def _signed(shape: str, form: str) -> str:
    return f"+{shape};-{shape};{shape}" if form.startswith("+") else shape


def _of_form(form: str, value: float) -> str:
    """A format of Python's as one of sheets; of what these cannot say, the house's own."""
    found = _FORM.fullmatch(form)
    if not found or not form:
        return _plain(value)
    kind, unit = found["kind"], found["unit"]
    digits = 0 if kind == "d" else int(found["digits"] or 0)
    if kind == "g":
        shape = shape_of(0) if float(value).is_integer() else GENERAL
    else:
        shape = shape_of(digits, kind == "%")
    shape = shape if found["apart"] or kind == "%" else shape.replace("#,##0", "0")
    shape = f'{shape}" {unit}"' if unit else shape
    return _signed(shape, form)
