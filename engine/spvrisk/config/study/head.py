"""Head of a study: its money, its calendar, and the parties."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from spvrisk.catalogue import phrase
from spvrisk.config.base import Currency, Date, FactorName, Model, Path, Title, Within, Years, refusal, shown
from spvrisk.config.study.parts import Parts, known, sound
from spvrisk.errors import Problem, suggestion


def _no_boolean(value: object) -> object:
    """Refuse true where 1 is allowed: they are equal in Python."""
    if isinstance(value, bool):
        raise refusal(Problem.at((), "must be one of 1, 2, 4, 12", shown(value), "take one of them"))
    return value


StepsPerYear = Annotated[Literal[1, 2, 4, 12], BeforeValidator(_no_boolean)]


class StudyHead(Model):
    """What the study is about, its money and its calendar."""

    title: Title
    currency: Currency = Field(description="ISO 4217 code of the study's money")
    money_unit: Annotated[float, Within(1e-6, 1e12)] = Field(
        description="currency units in one unit of money, e.g. 1000000"
    )
    value_date: Date = Field(description="date to which flows are discounted; start of step 0")
    horizon_years: Years = Field(description="years from the value date; a whole number of steps")
    steps_per_year: StepsPerYear = Field(default=4, description="number of time steps in a year")

    @model_validator(mode="after")
    def _whole_steps(self) -> "StudyHead":
        steps = self.horizon_years * self.steps_per_year
        if abs(steps - round(steps)) > 1e-9 or round(steps) < 1:
            rule = phrase("must be a whole number of steps of 1/{} year", self.steps_per_year)
            raise refusal(Problem.at(("horizon_years",), rule, shown(self.horizon_years), "round it to whole steps"))
        return self

    @property
    def steps(self) -> int:
        """Number of steps."""
        return round(self.horizon_years * self.steps_per_year)


class Discount(Model):
    """Zero curves on which a party discounts."""

    study: str = Field(description="curve for flows in the study's money")
    local: str | None = Field(default=None, description="curve for flows in the party's own money")


class Party(Model):
    """A party of the agreement."""

    title: Title
    currency: Currency = Field(description="ISO 4217 code of the party's money")
    discount: Discount
    fx: FactorName | None = Field(
        default=None, description="factor: units of the party's money per unit of study money"
    )


def checks(parts: Parts) -> Iterator[Problem]:
    """Problems of the parties, their money and their curves."""
    found, head = parts.named(Party), parts.one(StudyHead)
    for name in ("funder", "host"):
        if found and name not in found:
            yield Problem.at(
                ("parties",), phrase("needs the party {}", name), ", ".join(found), phrase("add {}: {{..}}", name)
            )
    for name, party in sound(found):
        at: Path = ("parties", name)
        if name not in ("funder", "host"):
            yield Problem.at(at, "is not a party", "", suggestion(name, ("funder", "host")))
        yield from known((*at, "discount", "study"), party.discount.study, parts.names("curves"), phrase("a curve"))
        if party.discount.local is not None:
            yield from known((*at, "discount", "local"), party.discount.local, parts.names("curves"), phrase("a curve"))
        if party.fx is not None:
            yield from known((*at, "fx"), party.fx, parts.names("factors"), phrase("a factor"))
        if head is not None:
            yield from _party_money(at, party, head.currency)
    yield from _fx_once(found)


def _party_money(at: Path, party: Party, currency: str) -> Iterator[Problem]:
    own = party.currency == currency
    for key, value, path in (
        ("discount.local", party.discount.local, (*at, "discount", "local")),
        ("fx", party.fx, (*at, "fx")),
    ):
        if own and value is not None:
            yield Problem.at(path, "is only for a party with its own currency", party.currency, "remove it")
        if not own and value is None:
            rule = phrase("a party whose money ({}) is not the study's ({}) needs {}", party.currency, currency, key)
            yield Problem.at(at, rule, "", phrase("add {}", key))


def _fx_once(parties: Mapping[str, Party | None]) -> Iterator[Problem]:
    owner: dict[str, str] = {}
    for name, party in sound(parties):
        if party.fx is not None and owner.setdefault(party.fx, name) != name:
            rule = phrase("is already the fx of {}", owner[party.fx])
            yield Problem.at(("parties", name, "fx"), rule, party.fx, "give each party a factor of its own")
