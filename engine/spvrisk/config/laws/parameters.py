"""Parameters of laws as a study writes them: numbers, lists, texts."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from spvrisk.catalogue import phrase
from spvrisk.config.base import Path, shown
from spvrisk.config.reading.numerals import number_remedy
from spvrisk.errors import Problem

LARGEST = 1e100
"""Bound of a law's parameters, so that no square of them overflows."""


class RefusedError(Exception):
    """What a study says is no law."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems


class Kind(NamedTuple):
    """A kind of values.

    Attributes
    ----------
    read
        Returns a value as models keep it, or raises `RefusedError`; the first argument is the value's path in the law.
    schema
        JSON Schema of the values.
    """

    read: Callable[[Path, object], Any]
    schema: Mapping[str, Any]


LOCATION, SCALE = "location", "scale"
"""What a parameter is to its law: a value of the quantity, or a distance between values."""


class Parameter(NamedTuple):
    """A parameter of a family.

    Attributes
    ----------
    meaning
        What it is, with its unit.
    kind
        Of its values.
    role
        `LOCATION` or `SCALE`: both grow with the quantity, and the first moves with it; empty: it does neither.
    """

    meaning: str
    kind: Kind
    role: str = ""


def number(at: Path, value: object) -> float:
    """Return a number of a law, or refuse it.

    Parameters
    ----------
    at
        Path of the number in the law.
    value
        What the file has there.

    Raises
    ------
    RefusedError
        It is no finite number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        remedy = number_remedy(value, "write a plain number")
        raise RefusedError(Problem.at(at, "must be a number", shown(value), remedy))
    if not abs(value) <= LARGEST:
        rule = phrase("must be a finite number, at most {:g} in size", LARGEST)
        raise RefusedError(Problem.at(at, rule, shown(value), "write a smaller number"))
    return float(value)


def _numbers(at: Path, value: object) -> tuple[float, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise RefusedError(Problem.at(at, "must be a list of numbers", shown(value), "write e.g. [1, 2, 3]"))
    return tuple(number((*at, i), item) for i, item in enumerate(value))


def _pair(at: Path, value: object) -> tuple[float, float]:
    numbers = _numbers(at, value)
    if len(numbers) != 2:
        raise RefusedError(
            Problem.at(at, "must be two numbers", phrase("{} of them", len(numbers)), "write [low, high]")
        )
    return numbers[0], numbers[1]


def _text(at: Path, value: object) -> str:
    if not isinstance(value, str):
        raise RefusedError(Problem.at(at, "must be text", shown(value), "put it in quotes"))
    return value


def _by_name(at: Path, value: object) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise RefusedError(Problem.at(at, "must be a mapping", shown(value), phrase("write e.g. {{c: 0.2, scale: 3}}")))
    return {str(name): number((*at, str(name)), item) for name, item in value.items()}


NUMBER = Kind(number, {"type": "number"})
NUMBERS = Kind(_numbers, {"type": "array", "items": {"type": "number"}})
PAIR = Kind(_pair, {"type": "array", "items": {"type": "number"}})
TEXT = Kind(_text, {"type": "string"})
BY_NAME = Kind(_by_name, {"type": "object"})
