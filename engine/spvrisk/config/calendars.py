"""Days that are no business days: calendars by code, further categories of a country's holidays, days of one's own."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from spvrisk.catalogue import phrase
from spvrisk.config.base import Date, Lax, Model, distinct, refusal, shown
from spvrisk.errors import Problem

_REMEDY = phrase("write a code, {{country: JP, category: bank}} or {{dates: [2028-12-29]}}")


class ClosedDays(Model):
    """Days that a calendar's code alone does not give: those of a category beside the public holidays, or listed ones.

    In a file `country` with `category`, or `dates`.
    """

    country: str | None = Field(default=None, description="code as the `holidays` package has it; with `category`")
    category: str | None = Field(
        default=None,
        description="holidays of the country that count besides the public ones, as the `holidays` package calls them: "
        "bank for the days on which its banks are closed",
    )
    dates: Annotated[tuple[Date, ...], Lax, AfterValidator(distinct)] | None = Field(
        default=None, description="a list of dates of your own"
    )

    @model_validator(mode="after")
    def _one_form(self) -> "ClosedDays":
        given = [key for key in type(self).model_fields if getattr(self, key) is not None]
        if given not in (["country", "category"], ["dates"]):
            rule = "must have country and category, or dates"
            raise refusal(Problem.at((), rule, ", ".join(given) or phrase("none"), _REMEDY))
        if self.dates == ():
            raise refusal(
                Problem.at(("dates",), "needs a date", phrase("an empty list"), "write the days, or leave it out")
            )
        return self

    def __str__(self) -> str:
        if self.dates is not None:
            return f"{len(self.dates)} listed {'day' if len(self.dates) == 1 else 'days'}"
        return f"{self.country} + {self.category}"


def _code_or_mapping(value: object) -> object:
    if isinstance(value, str | Mapping | ClosedDays):
        return value
    raise refusal(Problem.at((), "must be a calendar's code, or a mapping", shown(value), _REMEDY))


def _kind(value: object) -> str:
    return "code" if isinstance(value, str) else "ClosedDays"


Calendar = Annotated[
    Annotated[str, Tag("code")] | Annotated[ClosedDays, Tag("ClosedDays")],
    Discriminator(_kind),
    BeforeValidator(_code_or_mapping),
]
Calendars = Annotated[tuple[Calendar, ...], Lax, AfterValidator(distinct)]
