"""What every part of the config language is built from: strict models, ranges and the problems that they raise."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Any, TypeGuard, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from spvrisk.catalogue import phrase
from spvrisk.config.reading.numerals import hundredth, multiple
from spvrisk.errors import Problem

Key = str | int
"""One step of a path into a study: a key or the position in a list."""

Path = tuple[Key, ...]

T = TypeVar("T")

SUM_TOLERANCE = 1e-9
"""How far from 1 probabilities, shares and weights may add up."""

MOST_DIGITS = 300
"""Of a whole number; longer ones are read as infinite."""


def refusal(*problems: Problem) -> PydanticCustomError:
    """Wrap problems so that a pydantic validator can raise them, each with its own path."""
    text = "; ".join(f"{problem.path} {problem.rule}".strip() for problem in problems)
    return PydanticCustomError("problems", "{text}", {"text": text, "problems": problems})


def inner_problems(error: ValidationError) -> list[Problem]:
    """Problems inside a pydantic error that was raised by `refusal`.

    Parameters
    ----------
    error
        What pydantic raised; problems that it found by itself are left out.
    """
    return [problem for item in error.errors() for problem in item.get("ctx", {}).get("problems", ())]


def shown(value: object) -> str:
    """Show a value as a message does: as the user wrote it, collections only by their kind.

    Parameters
    ----------
    value
        Of any type that YAML gives.
    """
    match value:
        case None:
            return phrase("nothing")
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.12g}"
        case int() if abs(value) >= 10**MOST_DIGITS:
            return phrase("a whole number of more than {} digits", MOST_DIGITS)
        case int() | date():
            return str(value)
        case str():
            return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'
        case Mapping() | BaseModel():
            return phrase("a mapping")
        case list() | tuple():
            return phrase("a list")
    return type(value).__name__


def _exact(number: float) -> str:
    """A number in few digits, all of them where these would be another one: the largest seed has twenty."""
    short = f"{number:g}"
    return short if float(short) == number else str(number)


class Model(BaseModel):
    """Base of all config models: unknown keys, infinities and silent conversions are refused; values stay put."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, validate_default=True)


def keys_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Fields of a model by the key that a study file uses for them.

    Parameters
    ----------
    model
        A model's class.
    """
    return {field.alias or name: field for name, field in model.model_fields.items()}


@dataclass(frozen=True)
class NameOf:
    """Marks a value, or the keys of a mapping, as names of what the study has elsewhere.

    Attributes
    ----------
    section
        Where: a key of the study.
    """

    section: str


FactorName = Annotated[str, NameOf("factors")]


def names_in(part: Any, section: str) -> Iterator[str]:
    """All names of what is in a section that a part of a study uses.

    Parameters
    ----------
    part
        A model, or what a field of one holds.
    section
        As in `NameOf`.
    """
    if isinstance(part, Model):
        for key, marked in _fields_of(type(part), NameOf(section)):
            value = getattr(part, key)
            if not marked:
                yield from names_in(value, section)
            elif value is not None:
                yield from [value] if isinstance(value, str) else value
    elif isinstance(part, (dict, list, tuple)):
        for value in part.values() if isinstance(part, dict) else part:
            yield from names_in(value, section)


@cache
def _fields_of(model: type[Model], mark: NameOf) -> tuple[tuple[str, bool], ...]:
    """Fields of a model, and whether each is marked, by itself or inside its type."""
    fields = model.model_fields.items()
    return tuple((key, mark in field.metadata or _is_marked(field.annotation, mark)) for key, field in fields)


def _is_marked(hint: Any, mark: NameOf) -> bool:
    return mark in getattr(hint, "__metadata__", ()) or any(_is_marked(inner, mark) for inner in get_args(hint))


def is_model(kind: object) -> TypeGuard[type[Model]]:
    """Whether a type is one of the models.

    Parameters
    ----------
    kind
        A type, or whatever else an annotation holds.
    """
    return isinstance(kind, type) and derives(kind, Model)


def derives(kind: type, of: type) -> bool:
    """Whether a class is another or is derived from it; what `issubclass` says, without its detour over abstract ones.

    Parameters
    ----------
    kind, of
        Classes.
    """
    return of in kind.__mro__


def choices(annotation: Any) -> list[Any]:
    """Models, mappings and lists that an annotation allows.

    Parameters
    ----------
    annotation
        Type of a model's field, unions included.
    """
    origin = getattr(annotation, "__origin__", None)
    if is_model(annotation) or origin in (dict, tuple):
        return [annotation]
    return [choice for part in get_args(annotation) for choice in choices(part)]


@dataclass(frozen=True)
class Within:
    """Range of a number; an annotation, so that the message names both ends and the JSON Schema has them.

    Attributes
    ----------
    low, high
        Ends, None for no end.
    open_low, open_high
        Whether the end itself is refused.
    per_cent_from
        Above this a number that should be at most 1 is taken for a percentage. A share of 1.2 is rather a
        typing error, or 120 %; a rate of 1.2 a year is 1.2 %.
    """

    low: float | None = None
    high: float | None = None
    open_low: bool = False
    open_high: bool = False
    per_cent_from: float = 2.0

    @property
    def rule(self) -> str:
        """The range in words."""
        return phrase("must lie in {}" if self._has_both_ends else "must be {}", self._ends())

    def holds(self, value: float) -> bool:
        """Whether a value lies in the range.

        Parameters
        ----------
        value
            In the unit of the key.
        """
        low_ok = self.low is None or (value > self.low if self.open_low else value >= self.low)
        high_ok = self.high is None or (value < self.high if self.open_high else value <= self.high)
        return low_ok and high_ok

    def remedy(self, value: float) -> str:
        """What to write instead: a percentage is what is usually meant where the range ends at 1.

        Parameters
        ----------
        value
            One outside the range.
        """
        if self.high == 1 and self.per_cent_from < abs(value) <= 100 and self.holds(value / 100):
            return phrase("write {} for {} %", hundredth(value), multiple(value, "1"))
        return phrase("write a number in {}" if self._has_both_ends else "write a number {}", self._ends())

    @property
    def _has_both_ends(self) -> bool:
        return self.low is not None and self.high is not None

    def _ends(self) -> str:
        low, high = (None if end is None else _exact(end) for end in (self.low, self.high))
        if high is None:
            return phrase("above {}" if self.open_low else "at least {}", low)
        if low is None:
            return phrase("below {}" if self.open_high else "at most {}", high)
        return f"{'(' if self.open_low else '['}{low}, {high}{')' if self.open_high else ']'}"

    def problem(self, at: Path, value: float) -> Problem:
        """Describe a value outside the range.

        Parameters
        ----------
        at
            Path of the value.
        value
            One outside the range.
        """
        return Problem.at(at, self.rule, shown(value), self.remedy(value))

    def checked(self, value: float) -> float:
        """Return the value, or raise the problem.

        Parameters
        ----------
        value
            In the unit of the key.

        Raises
        ------
        PydanticCustomError
            The value lies outside the range.
        """
        if not self.holds(value):
            raise refusal(self.problem((), value))
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        out = handler(schema)
        if self.low is not None:
            out["exclusiveMinimum" if self.open_low else "minimum"] = self.low
        if self.high is not None:
            out["exclusiveMaximum" if self.open_high else "maximum"] = self.high
        return out


@dataclass(frozen=True)
class Matching:
    """Form of a text; an annotation like `Within`."""

    pattern: str
    rule: str
    remedy: str

    def checked(self, value: str) -> str:
        """Return the text, or raise the problem.

        Parameters
        ----------
        value
            The text.

        Raises
        ------
        PydanticCustomError
            It has not the form.
        """
        if not re.fullmatch(self.pattern, value):
            raise refusal(Problem.at((), self.rule, shown(value), self.remedy))
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^{self.pattern}$"}


def _iso(value: object) -> object:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value) if len(value) == 10 else value
        except ValueError:
            return value
    return value


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _near(value: date) -> date:
    if not 1900 <= value.year <= 2300:
        raise refusal(Problem.at((), "must lie between the years 1900 and 2300", shown(value), "check the year"))
    return value


Date = Annotated[date, AfterValidator(_near), BeforeValidator(_iso)]
Share = Annotated[float, Within(0, 1)]
Chance = Annotated[float, Within(0, 1, per_cent_from=10)]
"""One of several probabilities or weights: 2 beside 1 are odds and no percentages."""
Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number, however it is written: 20000, 2e4 or 20000.0."""
Rate = Annotated[float, Within(-1, 1, per_cent_from=1)]
Correlated = Annotated[float, Within(-1, 1, per_cent_from=10)]
Together = Annotated[float, Within(0, 1, per_cent_from=10)]
"""Correlations, of any sign and not: 1.6 is a typing error and no percentage."""
Positive = Annotated[float, Within(0, open_low=True)]
NonNegative = Annotated[float, Within(0)]
Years = Annotated[float, Within(0, 200, open_low=True)]
Name = Annotated[
    str,
    Matching("[A-Za-z][A-Za-z0-9_]*", "a name is letters, digits and _, and begins with a letter", "rename it"),
]
Currency = Annotated[str, Matching("[A-Z]{3}", "must be an ISO 4217 code", "write three capital letters, e.g. USD")]
Lax = Strict(False)
"""Lets a list stand for a tuple; what is in it stays strict."""


@dataclass(frozen=True)
class AddingUp:
    """A mapping of numbers (`what`, e.g. probabilities) that must add up to 1; where allowed, it may be empty."""

    what: str
    or_empty: bool = False

    def checked(self, value: dict[str, float]) -> dict[str, float]:
        """Return the mapping, or raise the problem.

        Parameters
        ----------
        value
            Numbers by name.

        Raises
        ------
        PydanticCustomError
            They do not add up to 1.
        """
        problems = sum_problems((), self.what, list(value.values()))
        if problems and (value or not self.or_empty):
            raise refusal(*problems)
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.checked, handler(source))


def sum_problems(at: Path, what: str, numbers: list[float]) -> list[Problem]:
    """Problems of numbers that must add up to 1 within `SUM_TOLERANCE`.

    Parameters
    ----------
    at
        Path of the numbers.
    what
        What they are, for the message.
    numbers
        All of them.
    """
    total = sum(numbers)
    if abs(total - 1) <= SUM_TOLERANCE:
        return []
    hint = phrase("change them by {:.12g} in all", 1 - total)
    if total > 1.5:
        hint = "write them as parts of 1, not per cent" if abs(total - 100) <= 1 else "divide each by their sum"
    return [Problem.at(at, phrase("{} must add up to 1", what), phrase("a sum of {}", shown(float(total))), hint)]


def distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    """Return the values, or raise the problem of those that are there twice.

    Parameters
    ----------
    values
        In the order of the study.

    Raises
    ------
    PydanticCustomError
        With a problem for each value that is there before.
    """
    first = {value: i for i, value in reversed(list(enumerate(values)))}
    twice = [i for i, value in enumerate(values) if first[value] != i]
    if twice:
        raise refusal(*(Problem.at((i,), "is listed twice", shown(values[i]), "leave one out") for i in twice))
    return values


class Title(Model):
    """A title by language."""

    en: str = Field(description="in English")
    ja: str | None = Field(default=None, description="in Japanese")
