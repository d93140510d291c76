"""Figures in words of the current language: a number with as many digits as its error allows."""

import math
from datetime import date
from string import Formatter
from typing import Any

from spvrisk.catalogue import WRITTEN, Chosen, counted, current, in_language, is_thing, translated
from spvrisk.errors import harmless
from spvrisk.views.figures import TITLE, Amount, Cell, Estimate, Named, Near, Note, Range, Rate, Share, Text
from spvrisk.views.words import sums_of

NONE = "-"
"""Stands for an undefined number."""

_NO_BOUND = "n/a"
"""Stands for an undefined error or end of a range: beside a number a dash reads as a minus."""

_SUMS = {"en": (1e3, 1e6, 1e9, 1e12), "ja": (1e4, 1e8, 1e12)}
"""Units in which sentences of a language tell sums of money."""

_NOTHING = 1e-9
"""Below it a number is taken for the rounding error of 0."""


class _Sentence(Formatter):
    """Fills the figures of a note in, with something in the place of the spaces inside numbers."""

    def __init__(self, space: str) -> None:
        self._space = space

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Note):
            return sentence(value, self._space)
        found = shown(value, format_spec)
        return found if isinstance(value, str | Named) else found.replace(" ", self._space)


def sentence(note: Note, space: str = " ") -> str:
    """Give a note in words.

    Parameters
    ----------
    note
        The note.
    space
        What stands for spaces between a number and its error or unit, such as one that is not to be broken.
    """
    return harmless(_Sentence(space).vformat(translated(note.text), note.figures, {}))


def headed(text: Text, space: str = " ") -> str:
    """Give what stands above figures: of a thing of the study its title.

    Parameters
    ----------
    text, space
        As of `worded`.
    """
    return title_of(text) or worded(text, space)


def worded(text: Text, space: str = " ") -> str:
    """Give what figures are called; nothing that a terminal obeys is in it.

    Parameters
    ----------
    text
        Title, head or name.
    space
        As of `sentence`.
    """
    return sentence(text, space) if isinstance(text, Note) else shown(text)


def title_of(text: Text) -> str:
    """Give the title of a thing of the study, in English where the current language has none; empty where it has none.

    Parameters
    ----------
    text
        What figures are called.
    """
    if not isinstance(text, Named):
        return ""
    titles = dict(text.titles)
    title = titles.get(current()) or titles.get(WRITTEN, "")
    return harmless(title) if title != text.name else ""


def english(text: Text) -> str:
    """Give what programs read, whatever the current language.

    Parameters
    ----------
    text
        Title, head, name or sentence.
    """
    with Chosen(WRITTEN):
        return worded(text)


def shown(cell: Cell, form: str = "") -> str:
    """Give a figure in words, plain numbers in the form of their column.

    Parameters
    ----------
    cell
        What stands in a table's cell, or in a sentence.
    form
        As `spvrisk.views.figures.Column` has it; it matters to plain numbers, and its sign to those with an error.

    Examples
    --------
    >>> shown(Estimate(12.3456, 0.0234)), shown(Rate(0.05, 0.01), "+"), shown(Range(1.0, 2.5)), shown(None)
    ('12.346 ± 0.023', '+5.0 ± 1.0 %', '1.000 to 2.500', '-')
    >>> shown(1234.5), shown(1234.5, ",.1f x"), shown(0.123, ".0%"), shown(2000, "path")
    ('1,234', '1,234.5 x', '12 %', '2,000 paths')
    """
    match cell:
        case None:
            return NONE
        case str():
            return harmless(in_language(cell))
        case Note():
            return sentence(cell)
        case Named():
            return (form == TITLE and title_of(cell)) or harmless(cell.name)
        case date():
            return translated("{year}-{month:02d}-{day:02d}").format(year=cell.year, month=cell.month, day=cell.day)
        case Near():
            return translated("≈ {}").format(shown(cell.cell, form))
        case Estimate():
            return _sign(cell.value, form) + with_error(_number(cell.value), _number(cell.error))
        case Amount():
            return _money(cell, form)
        case Rate():
            return _percent(_sign(cell.value, form) + with_error(_number(cell.value), _number(cell.error), 100.0))
        case Share():
            return with_interval(*map(_number, cell))
        case Range():
            return NONE if cell == (None, None) else translated("{} to {}").format(*map(_bound, cell))
        case _:
            return _formed(cell, form)


def _money(cell: Amount, form: str) -> str:
    """An amount in the unit that fits its size, with the unit's name."""
    size = max(abs(_number(cell.value)), abs(_number(cell.error)))
    unit = max((unit for unit in _SUMS[current()] if unit <= size), default=1.0)
    value, scale = _number(cell.value), 1.0 / unit
    number = plain(value, scale) if cell.error is None else with_error(value, cell.error, scale)
    return translated("{0} {1}").format(_sign(cell.value, form) + number, sentence(sums_of(cell.currency, unit)))


def _formed(value: float, form: str) -> str:
    """A plain number by a format specification and a unit, or counted."""
    if not form:
        return plain(value)
    specification, _, unit = form.partition(" ")
    if is_thing(specification):
        return counted(int(value), form)
    if specification.endswith("%"):
        return _percent(f"{value:{specification}}".removesuffix("%"))
    return translated(f"{{}} {unit}").format(f"{value:{specification}}") if unit else f"{value:{specification}}"


def _percent(number: str) -> str:
    return translated("{} %").format(number)


def _bound(end: float | None) -> str:
    """An end of a range."""
    return translated(_NO_BOUND) if end is None else plain(end)


def _sign(value: float | None, form: str) -> str:
    return "+" if form == "+" and value is not None and value > 0 else ""


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def with_error(value: float, error: float, scale: float = 1.0) -> str:
    """Give a number and its standard error, to the second digit of the error, and three decimals at most.

    Parameters
    ----------
    value
        Number in its own unit.
    error
        Standard error in the same unit.
    scale
        By which both are multiplied, 100 for per cent.

    Examples
    --------
    >>> with_error(41525.1, 274.9), with_error(12.3456, 0.0234), with_error(0.5, 0.0), with_error(-30.0, 1200.0)
    ('41,530 ± 270', '12.346 ± 0.023', '0.500', '0 ± 1,200')
    """
    value, error = value * scale, error * scale
    if not math.isfinite(value):
        return plain(value)
    if not math.isfinite(error):
        return f"{plain(value)} ± {translated(_NO_BOUND)}"
    if error <= _NOTHING:
        return plain(value)
    digits = _digits(error)
    places = max(0, digits)
    # 0.0 is added since what is rounded to nothing from below would keep its sign
    return f"{round(value, digits) + 0.0:,.{places}f} ± {round(error, digits):,.{places}f}"


def _digits(error: float) -> int:
    """Decimals to the second digit of an error, negative of those before the point."""
    return min(3, 1 - math.floor(math.log10(error)))


def decimals_of_error(error: float, value: float) -> int:
    """Give the decimals with which a number is written that has an error, as `with_error` does.

    Parameters
    ----------
    error, value
        In the same unit.
    """
    return max(0, _digits(error)) if _NOTHING < error < math.inf else decimals(value)


def with_interval(share: float, low: float, high: float) -> str:
    """Give a probability in per cent with its 95 % interval, to the digit of the interval's half width.

    Parameters
    ----------
    share
        In [0, 1].
    low, high
        Ends of its interval.

    Examples
    --------
    >>> with_interval(0.92583, 0.92419, 0.92745), with_interval(1.0, 0.99997, 1.0)
    ('92.6 % (92.4-92.7)', '100 % (99.997-100)')
    """
    if math.isnan(share):
        return NONE
    places = decimals_of_interval(low, high)
    point, *ends = (f"{100 * x:.{0 if x in (0.0, 1.0) else places}f}" for x in (share, low, high))
    return translated("{} % ({}-{})").format(point, *ends)


def decimals_of_interval(low: float, high: float) -> int:
    """Give the decimals with which a probability is written in per cent, as `with_interval` does.

    Parameters
    ----------
    low, high
        Ends of its interval, in [0, 1].
    """
    return min(9, max(0, -math.floor(math.log10(50.0 * (high - low)))))


def plain(value: float, scale: float = 1.0) -> str:
    """Give a number without an error: four digits or all of its whole part.

    Parameters
    ----------
    value
        Number in its own unit.
    scale
        By which it is multiplied.
    """
    value = value * scale
    if math.isnan(value):
        return NONE
    if math.isinf(value):
        return translated("never") if value > 0 else "-inf"
    if abs(value) < _NOTHING:
        return "0"
    return f"{value:,.{decimals(value)}f}"


def decimals(value: float) -> int:
    """Give the decimals with which a number is written that has no error, as `plain` does.

    Parameters
    ----------
    value
        Of any size.
    """
    if not _NOTHING <= abs(value) < math.inf:
        return 0
    return min(3, max(0, 3 - math.floor(math.log10(abs(value)))))
