"""Side flows: what the funder receives beside its share of a project's cash."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from spvrisk.config.base import Model, Within, refusal, shown
from spvrisk.config.clock import AttributeRef, StatesOfLayers
from spvrisk.config.reading.numerals import number_remedy
from spvrisk.errors import Problem


def _number_or_mapping(value: object) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number or isinstance(value, Mapping | AttributeRef):
        return value
    remedy = number_remedy(value, "write e.g. 0.05 or {layer: .., attribute: ..}")
    raise refusal(Problem.at((), "must be a number or an attribute of a layer", shown(value), remedy))


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
        description="what it is in proportion to: a project's spend or its output; of the whole scheme: time"
    )
    rate: FlowRate = Field(
        description="share of spend, study currency per unit of output, or money units a year; or {layer, attribute}"
    )
    while_: StatesOfLayers = Field(
        default={}, alias="while", description="states in one of which each named layer must be; none: always"
    )
