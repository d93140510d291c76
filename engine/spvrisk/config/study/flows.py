"""Side flows: what the funder receives in addition to its share of a project's cash."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from spvrisk.catalogue import phrase
from spvrisk.config.base import Model, Within, refusal, shown
from spvrisk.config.laws import Measure
from spvrisk.config.reading.numerals import number_remedy, per_cent_remedy
from spvrisk.config.study.clock import AttributeRef, StatesOfRegimes, in_states, known_attribute
from spvrisk.config.study.parts import Parts, sound
from spvrisk.errors import Problem

if TYPE_CHECKING:
    from spvrisk.config.study.root import Study


def _number_or_mapping(value: object) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number or isinstance(value, Mapping | AttributeRef):
        return value
    remedy = number_remedy(value, phrase("write e.g. 0.05 or {{regime: .., attribute: ..}}"))
    raise refusal(Problem.at((), "must be a number or an attribute of a regime", shown(value), remedy))


def _kind(value: object) -> str:
    return "AttributeRef" if isinstance(value, Mapping | AttributeRef) else "number"


FlowRate = Annotated[
    Annotated[float, Within(-1e12, 1e12), Tag("number")] | Annotated[AttributeRef, Tag("AttributeRef")],
    Discriminator(_kind),
    BeforeValidator(_number_or_mapping),
]


class SideFlow(Model):
    """A flow to the funder outside the SPV, in proportion to something."""

    base: Literal["spend", "output", "time"] = Field(
        description="what it is proportional to: spend or output of a project; for the whole scheme: time"
    )
    rate: FlowRate = Field(
        description="share of spend, study currency per unit of output, or money units a year; or {regime, attribute}"
    )
    while_: StatesOfRegimes = Field(
        default={},
        alias="while",
        description="for each named regime, the states in one of which it must be; none: always",
    )


def checks(parts: Parts) -> Iterator[Problem]:
    """Problems of what side flows are in proportion to, and of what they name."""
    for at, flow in sound(parts.placed(SideFlow)):
        of_scheme = at[0] == "side_flows"
        allowed = ("time",) if of_scheme else ("spend", "output")
        if flow.base not in allowed:
            of_project = "a side flow of a project has base spend or output"
            rule = "a side flow of the whole scheme has base time" if of_scheme else of_project
            to_study = "move it to the side_flows of the study"
            remedy = to_study if flow.base == "time" else "move it to the side_flows of a project"
            yield Problem.at((*at, "base"), rule, flow.base, remedy)
        if isinstance(flow.rate, AttributeRef):
            yield from known_attribute((*at, "rate"), flow.rate, parts)
        yield from in_states((*at, "while"), flow.while_, parts)


def warnings(study: "Study", measure: Measure) -> Iterator[Problem]:
    """Warnings about side flows."""
    for at, site in study.sites():
        for name, flow in site.side_flows.items():
            if flow.base == "spend" and isinstance(flow.rate, float) and abs(flow.rate) > 1:
                remedy = per_cent_remedy(flow.rate)
                yield Problem.at(
                    (*at, "side_flows", name, "rate"), phrase("is more than the whole spend"), shown(flow.rate), remedy
                )
