"""The register of assumptions: values with their source, and how sure they are."""

from datetime import date
from itertools import groupby
from typing import Any

from spvrisk.config.reading.grounds import CONFIDENCES
from spvrisk.config.register import SETTINGS, Assumption, Register
from spvrisk.views.figures import Column, Figures, Note, Row
from spvrisk.views.words import counted

_OF_ONE = ("projects", "pipelines")
"""Sections with a table for each of its parts."""

_CHANGED = "changed"


def page(found: Register) -> list[Figures]:
    """Give a narrow table for each section, and how many values there are of which confidence.

    Parameters
    ----------
    found
        As from `spvrisk.assumptions`.
    """
    columns = (Column("value", text=True), Column("confidence: source", text=True))
    tables = [
        Figures(".".join(section), columns, tuple(_narrow(each, len(section)) for each in group))
        for section, group in groupby(found.assumptions, _section)
    ]
    return [Figures(f"Assumptions of {found.title}"), *tables, Figures("", notes=(_counts(found), *_marks(found)))]


def assumptions(found: Register) -> Figures:
    """Give all values that say what they rest on, in one table, and how many there are of which confidence.

    Parameters
    ----------
    found
        As of `page`.
    """
    words = (Column(head, text=True) for head in ("unit", "confidence", "source", "place"))
    columns = (Column("value", ",.12g", text=True), *words)
    notes = (_counts(found), *_marks(found))
    return Figures(f"Assumptions of {found.title}", columns, tuple(map(_wide, found.assumptions)), notes)


def _section(each: Assumption) -> list[str]:
    """Keys of the table that a value stands in."""
    keys = each.path.split(".")
    return keys[:2] if keys[0] in _OF_ONE else keys[:1]


def _wide(each: Assumption) -> Row:
    value = each.value if _is_number(each.value) else written(each.value)
    cells = (value, each.unit, _confidence(each), _source(each), each.place)
    return Row(each.path, cells, each.path.split(".")[0])


def _narrow(each: Assumption, depth: int) -> Row:
    """A row whose name is short: the first keys after those of its table head a group."""
    *above, key = each.path.split(".")[depth:] or [""]
    heads = 1 if depth > 1 else 2
    value = f"{written(each.value)} {'' if each.unit == '1' else each.unit}".strip()
    said = ": ".join(part for part in (_confidence(each), _source(each)) if part)
    return Row(".".join((*above[heads:], key)), (value, said), ".".join(above[:heads]))


def _confidence(each: Assumption) -> str:
    return _CHANGED if each.changed else each.confidence


def _source(each: Assumption) -> str:
    if not each.changed:
        return each.source
    before = ": ".join(part for part in (each.confidence, each.source) if part)
    return f"by {each.changed}; before {before}" if before else f"by {each.changed}"


def _counts(found: Register) -> Note:
    counts = [f"{found.how_many(name)} {name}" for name in CONFIDENCES]
    changed = [f"{found.changed} {_CHANGED}"] if found.changed else []
    return Note(f"{', '.join(counts + changed)}; {counted(len(found.without_source), 'number')} without a source.")


def _marks(found: Register) -> list[Note]:
    """What the words mean that stand in the table."""
    if not found.assumptions:
        return [Note("Write {{value: 0.12, source: FT 2026-03-19, confidence: checked}} in place of 0.12.")]
    meanings = "; ".join(f"{name}: {meaning}" for name, meaning in CONFIDENCES.items())
    return [Note(f"{meanings[0].upper()}{meanings[1:]}. {', '.join(sorted(SETTINGS))} are settings and not counted.")]


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
