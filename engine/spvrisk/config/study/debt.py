"""Senior debt of third parties, which a project serves before funder and host."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from spvrisk.catalogue import phrase
from spvrisk.config.base import FactorName, Model, Rate, Within, Years, shown
from spvrisk.config.laws import Measure
from spvrisk.config.study.factors import rate_factor
from spvrisk.config.study.parts import Parts, sound
from spvrisk.errors import Problem

if TYPE_CHECKING:
    from spvrisk.config.study.root import Study


class SeniorDebt(Model):
    """Senior debt of third parties, drawn with every spend and served before funder and host."""

    share: Annotated[float, Within(0, 1, open_high=True)] = Field(
        description="share of every spend that the lenders pay (gearing)"
    )
    reference_rate: FactorName = Field(description="factor (vasicek or deterministic) to which the margin is added")
    margin: Rate = Field(description="over the reference rate, 1/year: 0.02 for 2 %")
    tenor_years: Years = Field(description="years from completion over which the principal is repaid in equal parts")


def checks(parts: Parts) -> Iterator[Problem]:
    """Problems of reference rates."""
    for at, debt in sound(parts.placed(SeniorDebt)):
        yield from rate_factor((*at, "reference_rate"), debt.reference_rate, parts)


HIGH_GEARING = 0.9


def warnings(study: "Study", measure: Measure) -> Iterator[Problem]:
    """Warnings about the gearing, and about debt that outlasts the plant."""
    for site_at, site in study.sites():
        debt, life = site.operation.senior_debt, site.operation.life_years
        at = (*site_at, "operation", "senior_debt")
        if debt is not None and debt.share > HIGH_GEARING:
            rule, remedy = (
                phrase("is above {:g}: few lenders go that far", HIGH_GEARING),
                phrase("write e.g. 0.7 for 70 %"),
            )
            yield Problem.at((*at, "share"), rule, shown(debt.share), remedy)
        if debt is not None and debt.tenor_years > life:
            rule, remedy = (
                phrase("is longer than the life ({:g} years)", life),
                phrase("principal not due by then is lost to the lenders; check both"),
            )
            yield Problem.at((*at, "tenor_years"), rule, shown(debt.tenor_years), remedy)
