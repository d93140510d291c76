"""The register of assumptions: values with their source, and how sure they are."""

from datetime import date
from typing import Any

from spvrisk.config.reading.grounds import CONFIDENCES
from spvrisk.config.register import SETTINGS, Assumption, Register
from spvrisk.views.figures import Column, Figures, Note, Row
from spvrisk.views.words import counted

_HEAD = 3
"""Keys of a path, at most, that head a group of values."""

_CHANGED = "changed"


def assumptions(found: Register) -> Figures:
    """Give all values that say what they rest on, by section, and how many there are.

    Parameters
    ----------
    found
        As from `spvrisk.assumptions`.
    """
    columns = (Column("value", text=True), Column("confidence", text=True), Column("source", text=True))
    rows = tuple(map(_row, found.assumptions))
    shape = Figures(f"Assumptions of {found.title}", columns if rows else (), rows)
    return shape._replace(notes=(_counts(found), *_marks(found)))


def _row(each: Assumption) -> Row:
    *above, key = each.path.split(".")
    head, inner = above[:_HEAD], above[_HEAD:]
    value = f"{written(each.value)} {'' if each.unit == '1' else each.unit}".strip()
    confidence = _CHANGED if each.changed else each.confidence
    return Row(".".join((*inner, key)), (value, confidence, _source(each)), ".".join(head))


def _source(each: Assumption) -> str:
    if not each.changed:
        return each.source
    before = ", ".join(part for part in (each.source, each.confidence) if part)
    return f"{each.changed}; before: {before}" if before else each.changed


def _counts(found: Register) -> Note:
    counts = [f"{found.count(name)} {name}" for name in CONFIDENCES]
    changed = [f"{found.changed} {_CHANGED}"] if found.changed else []
    return Note(f"{', '.join(counts + changed)}; {counted(len(found.without_source), 'number')} without a source.")


def _marks(found: Register) -> list[Note]:
    """What the words mean that stand in the table."""
    if not found.assumptions:
        return [Note("Write {{value: 0.12, source: FT 2026-03-19, confidence: checked}} in place of 0.12.")]
    meanings = "; ".join(f"{name}: {meaning}" for name, meaning in CONFIDENCES.items())
    return [Note(f"{meanings[0].upper()}{meanings[1:]}. {', '.join(sorted(SETTINGS))} are settings and not counted.")]


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
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,.12g}"
    return _flow(value)


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
