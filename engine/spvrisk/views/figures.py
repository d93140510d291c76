"""Figures: what a view gives, as plain data that terminal, JSON, HTML and spreadsheet only dress."""

from datetime import date
from math import isnan
from typing import Literal, NamedTuple

from spvrisk.dataset.tables import SummaryTable
from spvrisk.measures.intervals import error_of_interval


class Estimate(NamedTuple):
    """A number with its standard error; None for what is undefined, inf for what never comes."""

    value: float | None
    error: float | None


class Amount(NamedTuple):
    """An amount of money with its standard error, which sentences tell in a unit that fits its size and the language.

    Attributes
    ----------
    value, error
        In the currency itself; None for what is undefined, or not told.
    currency
        Its name.
    """

    value: float | None
    error: float | None
    currency: "Text"


class Rate(NamedTuple):
    """A part of something with its standard error, as a fraction: dresses show it in per cent."""

    value: float | None
    error: float | None


class Share(NamedTuple):
    """A probability with its 95 % interval."""

    value: float | None
    low: float | None
    high: float | None


class Range(NamedTuple):
    """Two ends."""

    low: float | None
    high: float | None


class Note(NamedTuple):
    """A text of ours, from a word to a sentence, which dresses show in the language of the reader.

    Attributes
    ----------
    text
        In English as the catalogue has it, with braces where its figures belong, as of `str.format`; what they hold is
        a `Column.form`, a word for things that are counted, or `TITLE`.
    figures
        Its figures.
    indent
        Columns by which it is set in.
    """

    text: str
    figures: "tuple[Cell, ...]" = ()
    indent: int = 0


class Near(NamedTuple):
    """A figure that is not exact.

    Attributes
    ----------
    cell
        The figure.
    bound
        The most by which it may be off, apart from Monte Carlo error.
    """

    cell: "Estimate | float"
    bound: float


TITLE = "title"
"""In a note's braces: what stands there is called by its title."""


class Named(NamedTuple):
    """A thing of the study, which dresses may call by its title in the language of the reader.

    Attributes
    ----------
    name
        In config and result.
    titles
        ``(language, title)``; where a language is missing English stands in, and for that the name.
    """

    name: str
    titles: tuple[tuple[str, str], ...] = ()


Text = Note | Named | str
"""What figures are called: a note is ours and is translated; all else stays as the study or its file has it."""

Cell = Estimate | Amount | Rate | Share | Range | Near | date | float | Text | None


class Column(NamedTuple):
    """A column.

    Attributes
    ----------
    head
        What stands above it.
    form
        How plain numbers are written: a format specification of Python, then a space and a unit if there is one;
        ``"+"`` alone gives estimates their sign. Empty for the house's own way, four digits.
    text
        Whether it holds words.
    """

    head: Text
    form: str = ""
    text: bool = False


class Row(NamedTuple):
    """A row.

    Attributes
    ----------
    name
        Of what its figures are.
    cells
        One for each column.
    head
        Of the group of rows that it belongs to.
    apart
        Whether it is a total, or another that stands apart from the rows beside it.
    """

    name: Text
    cells: tuple[Cell, ...] = ()
    head: Text = ""
    apart: bool = False


class Figures(NamedTuple):
    """What a view gives.

    Attributes
    ----------
    title
        Complete, with the unit where there is one.
    columns, rows
        The table; none where all is said in words.
    notes
        Sentences that belong to it.
    unit
        Of the amounts of money, for programs.
    shape
        ``table`` of figures; ``list`` of what was given, whose cells are never broken; ``facts`` without heads;
        ``record``, the same of a file, with a margin.
    names
        Head of the rows' names where the heads of their groups stand beside them; else these stand above.
    """

    title: Text
    columns: tuple[Column, ...] = ()
    rows: tuple[Row, ...] = ()
    notes: tuple[Note, ...] = ()
    unit: str = ""
    shape: Literal["table", "list", "facts", "record"] = "table"
    names: Text = ""


def said(text: str, *figures: Cell) -> Note:
    """Give a text with its figures.

    Parameters
    ----------
    text, figures
        As of `Note`.
    """
    return Note(text, figures)


def heads(*texts: str | Note) -> tuple[Column, ...]:
    """Give columns of figures.

    Parameters
    ----------
    texts
        What stands above each, as the text of a `Note`.
    """
    return tuple(Column(Note(text) if isinstance(text, str) else text) for text in texts)


def defined(value: float) -> float | None:
    """Give a number as plain data, None where it is undefined.

    Parameters
    ----------
    value
        NaN where it is undefined.
    """
    return None if isnan(value) else float(value)


def near(cell: Estimate | float | None, bound: float) -> Cell:
    """Mark a figure that is not exact.

    Parameters
    ----------
    cell
        The figure.
    bound
        The most by which it may be off; 0 or NaN where it is exact or undefined.
    """
    return Near(cell, float(bound)) if cell is not None and bound > 0.0 else cell


def mean_of(table: SummaryTable, s: int) -> Estimate:
    """Mean of a series.

    Parameters
    ----------
    table
        Statistics of a result.
    s
        Number of the series.
    """
    return Estimate(defined(table.mean[s]), defined(table.mean_se[s]))


def rate_of(table: SummaryTable, s: int) -> Rate:
    """Mean of a series of fractions.

    Parameters
    ----------
    table, s
        As of `mean_of`.
    """
    return Rate(*mean_of(table, s))


def error_of_quantile(table: SummaryTable, s: int, q: int) -> float:
    """Standard error of a quantile, from its 95 % interval.

    Parameters
    ----------
    table, s
        As of `mean_of`.
    q
        Number of the quantile.
    """
    return error_of_interval(float(table.quantile_low[s, q]), float(table.quantile_high[s, q]))


def share_of(value: float, low: float, high: float) -> Share:
    """Give a probability with its interval.

    Parameters
    ----------
    value, low, high
        The probability and the ends of its 95 % interval; NaN where undefined.
    """
    return Share(defined(value), defined(low), defined(high))


def probability_of(table: SummaryTable, s: int) -> Share:
    """Mean of a series of what is 0 or 1.

    Parameters
    ----------
    table, s
        As of `mean_of`.
    """
    return share_of(table.mean[s], table.mean_low[s], table.mean_high[s])
