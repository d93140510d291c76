"""Values that Python callers give, as a study file could say them: plain ones first, then their text in YAML."""

import json
import math
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from spvrisk.catalogue import phrase
from spvrisk.config.base import MOST_DIGITS, shown
from spvrisk.config.reading.source import MAX_DEPTH
from spvrisk.errors import InputError, Problem, dotted

Plain = None | bool | int | float | str | date | list["Plain"] | dict[str, "Plain"]


def plain(value: Any, path: tuple[str | int, ...] = ()) -> Plain:
    """A value with numbers, texts, dates, lists and mappings of Python alone.

    Tuples and arrays become lists; numbers and dates of NumPy, and times that begin a day, become those of Python.

    Parameters
    ----------
    value
        What was given.
    path
        Of the key that it was given for.

    Raises
    ------
    InputError
        It, or a part of it, is nothing that a study could say.
    """
    if len(path) > MAX_DEPTH:
        raise _refused(path[:1], phrase("one that nests too deep"), "check whether it holds itself")
    if value is None or isinstance(value, bool | float | str):
        return value
    if isinstance(value, int):
        if abs(value) >= 10**MOST_DIGITS:
            raise _refused(path, shown(value), "write a smaller one")
        return value
    if isinstance(value, date):
        return _day(value, path)
    if isinstance(value, Mapping):
        return {_key(key, path): plain(item, (*path, str(key))) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, (*path, i)) for i, item in enumerate(value)]
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return _of_numpy(value, path)
    raise _refused(path, _type(value))


def plain_if_any(value: Any) -> Any:
    """The plain value, or the same where a study could not say it: for checks that refuse it in their own words.

    Parameters
    ----------
    value
        Anything that a caller has given.
    """
    try:
        return plain(value)
    except InputError:
        return value


def yaml_text(value: Plain) -> str:
    """A plain value as YAML on one line; but for what is not finite or not seen that is JSON."""
    match value:
        case float() if not math.isfinite(value):
            return ".nan" if math.isnan(value) else f"{value:+}".replace("inf", ".inf")
        case dict():
            return "{" + ", ".join(f"{_quoted(key)}: {yaml_text(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(yaml_text, value)) + "]"
        case date():
            return _quoted(value.isoformat())
        case str():
            return _quoted(value)
    return json.dumps(value)


def _quoted(text: str) -> str:
    """A text in quotes, with escapes for what ends a line in YAML though not in JSON, and for what is not seen."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)


def _key(key: object, path: tuple[str | int, ...]) -> str:
    """A key of a mapping: in a file they are all texts."""
    found = plain(key, path)
    if isinstance(found, str):
        return found
    if isinstance(found, int | float | date) and not isinstance(found, bool):
        return str(found)
    raise _refused(path, phrase("a key of type {}", _type(key)), "give keys that are texts")


def _day(value: date, path: tuple[str | int, ...]) -> date:
    if not isinstance(value, datetime):
        return value
    if value != value or value.time() != time():  # not itself: pandas' "not a time"
        raise _refused(path, phrase("a {} that begins no day", _type(value)), "give its date")
    return value.date()


def _of_numpy(value: Any, path: tuple[str | int, ...]) -> Plain:
    """Numbers and arrays of NumPy, and of what looks like them."""
    kind, type_ = getattr(value.dtype, "kind", ""), phrase("{} of {}", _type(value), value.dtype)
    if getattr(value, "ndim", 0) and kind not in "biufU":  # dates, and objects of all kinds
        return [plain(item, (*path, i)) for i, item in enumerate(value)]
    if kind == "M":
        # in microseconds: in finer units NumPy gives numbers in the place of times
        found = value.astype("M8[us]").tolist()
        if found is None:
            raise _refused(path, phrase("{} that is no time", type_), "give a date")
    else:
        found = value.tolist()
    if hasattr(found, "dtype"):  # a number that Python has none for
        raise _refused(path, type_)
    return plain(found, path)


def _type(value: object) -> str:
    return type(value).__name__


def _refused(
    path: tuple[str | int, ...],
    what: str,
    remedy: str = "give numbers, texts, dates, None, lists and mappings of them",
) -> InputError:
    return InputError(Problem("overrides", dotted(path), "must be a value of a study", what, remedy))
