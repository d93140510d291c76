"""The register of assumptions: values with their source, and how sure they are."""

from datetime import date
from itertools import groupby
from typing import Any

from spvrisk.config.reading.grounds import CONFIDENCES
from spvrisk.config.register import SETTINGS, Assumption, Register
from spvrisk.views.figures import Cell, Column, Figures, Named, Note, Row, said
from spvrisk.views.words import joined

_OF_ONE = ("projects", "pipelines")
"""Sections with a table for each of its parts."""

_CHANGED = Note("changed")

_WORDS = {"checked": Note("checked"), "reported": Note("reported"), "judgement": Note("judgement")}
"""How sure a value is."""


def page(found: Register) -> list[Figures]:
    """Give a narrow table for each section, and how many values there are of which confidence.

    Parameters
    ----------
    found
        As from `spvrisk.assumptions`.
    """
    columns = (Column(Note("value"), text=True), Column(Note("confidence: source"), text=True))
    tables = [
        Figures(".".join(section), columns, tuple(_narrow(each, len(section)) for each in group))
        for section, group in groupby(found.assumptions, _section)
    ]
    return [Figures(_title(found)), *tables, Figures("", notes=(_counts(found), *_marks(found)))]


def assumptions(found: Register) -> Figures:
    """Give all values that say what they rest on, in one table, and how many there are of which confidence.

    Parameters
    ----------
    found
        As of `page`.
    """
    words = (Note("unit"), Note("confidence"), Note("source"), Note("place"))
    columns = (Column(Note("value"), ",.12g", text=True), *(Column(head, text=True) for head in words))
    notes = (_counts(found), *_marks(found))
    return Figures(_title(found), columns, tuple(map(_wide, found.assumptions)), notes)


def _title(found: Register) -> Note:
    return said("Assumptions of {:title}", Named(found.title, tuple(found.titles.items())))


def _section(each: Assumption) -> list[str]:
    """Keys of the table that a value stands in."""
    keys = each.path.split(".")
    return keys[:2] if keys[0] in _OF_ONE else keys[:1]


def _wide(each: Assumption) -> Row:
    value = each.value if _is_number(each.value) else written(each.value)
    cells = (value, each.unit, _confidence(each) or "", _source(each) or "", each.place)
    return Row(each.path, cells, each.path.split(".")[0])


def _narrow(each: Assumption, depth: int) -> Row:
    """A row whose name is short: the first keys after those of its table head a group."""
    *above, key = each.path.split(".")[depth:] or [""]
    heads = 1 if depth > 1 else 2
    value = f"{written(each.value)} {'' if each.unit == '1' else each.unit}".strip()
    word, source = _confidence(each), _source(each)
    cell = word if source is None else source if word is None else said("{}: {}", word, source)
    return Row(".".join((*above[heads:], key)), (value, cell or ""), ".".join(above[:heads]))


def _confidence(each: Assumption) -> Note | None:
    return _CHANGED if each.changed else _WORDS.get(each.confidence)


def _source(each: Assumption) -> Cell:
    """Source of a value; of one that was changed by what, and what it had before."""
    if not each.changed:
        return each.source or None
    before: list[Cell] = [cell for cell in (_WORDS.get(each.confidence), each.source or None) if cell is not None]
    if not before:
        return said("by {}", each.changed)
    return said("by {}; before {}", each.changed, said("{}: {}", *before) if before[1:] else before[0])


def _counts(found: Register) -> Note:
    counts: list[Cell] = [said("{:,d} {}", found.how_many(name), word) for name, word in _WORDS.items()]
    if found.changed:
        counts.append(said("{:,d} {}", found.changed, _CHANGED))
    return said("{}; {:number} without a source.", joined(counts), len(found.without_source))


def _marks(found: Register) -> list[Note]:
    """What the words mean that stand in the table."""
    if not found.assumptions:
        return [Note("Write {{value: 0.12, source: FT 2026-03-19, confidence: checked}} in place of 0.12.")]
    meanings = (said("{}: {}", _WORDS[name], meaning) for name, meaning in CONFIDENCES.items())
    settings = said("{} are settings and not counted.", ", ".join(sorted(SETTINGS)))
    return [said("{}.", joined(list(meanings), "{}; {}")), settings]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def written(value: Any) -> str:
    """A value as a study has it, on one line; a number alone with its thousands apart.

    Parameters
    ----------
    value
        Plain: numbers, texts, dates, lists and mappings.

    Examples
    --------
    >>> written(33300), written({"beta": {"mean": 0.75, "sd": 0.05}}), written([[0, 1.5], [10, 2000]]), written(None)
    ('33,300', '{beta: {mean: 0.75, sd: 0.05}}', '[[0, 1.5], [10, 2000]]', 'null')
    """
    return f"{value:,.12g}" if _is_number(value) else _flow(value)


def _flow(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_flow, value)) + "]"
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value:.12g}"
        case date():
            return value.isoformat()
    return str(value)
