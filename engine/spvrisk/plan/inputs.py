"""THE table of inputs: what is drawn once a path, and means of factors over it, from which drivers are found.

Each is defined on every path, whatever becomes of its project: the overrun of a project that is never funded, too.
Outcomes of events and final states are outputs of the scheme already (`spvrisk.plan.outputs`). Slots of pipelines have
no inputs. Kernel rows, variables of ``/inputs``, what is kept by path and the page on the result file are read off
this table.
"""

from collections.abc import Iterable
from typing import NamedTuple

PROJECT, FACTOR, OFFTAKER = "project", "factor", "offtaker"
"""What an input is of: each announced project, factor or offtaker."""


class Input(NamedTuple):
    """One input of a path.

    Attributes
    ----------
    name
        Of the input.
    kind
        As of an output; ``price`` is currency per unit of output, ``own`` the unit of its factor.
    meaning
        What it is, in one line.
    of
        `PROJECT`, `FACTOR` or `OFFTAKER`.
    laws
        Fields of a project's record: where no project has one of these laws there is no such input; empty: there
        always is.
    """

    name: str
    kind: str
    meaning: str
    of: str = PROJECT
    laws: tuple[str, ...] = ()


# fmt: off
OF_PROJECTS = (
    Input("cost_score", "ratio", "score of the cost overrun: standard normal, common and class parts included"),
    Input("delay_score", "ratio", "score of the duration: standard normal, correlated with the cost score"),
    Input(
        "contract_score", "ratio", "score of contracted and subscribed share: standard normal, correlated with costs",
        laws=("share_law", "subscription_law"),
    ),
    Input("cost_multiple", "ratio", "cost as drawn over the budget, uplift included and inflation left out"),
    Input("duration_multiple", "ratio", "duration as drawn over the planned one"),
    Input("start_delay", "years", "delay of the start of construction after funding", laws=("start_delay_law",)),
    Input(
        "cancellation_threshold", "ratio",
        "cost to come, as a review estimates it, over the budget beyond which it is cancelled",
        laws=("threshold_law",),
    ),
    Input("subscribed_share", "ratio", "share of output that buyers have subscribed", laws=("subscription_law",)),
    Input("salvage_share", "ratio", "share of sunk cost that a cancelled project fetches", laws=("salvage_law",)),
    Input("capacity_shortfall", "ratio", "share of capacity that is not reached", laws=("shortfall_law",)),
    Input("contract_price", "price", "contract price in money of the value date", laws=("price_law",)),
    Input("contracted_share", "ratio", "share of output under contract", laws=("share_law",)),
    Input("size", "ratio", "budget over the project's, before any cut; 0 without go-ahead"),
)

_OF_OTHERS = (
    Input(
        "construction_mean", "own", "factor's mean from the first planned start to the last planned completion",
        of=FACTOR,
    ),
    Input("operation_mean", "own", "factor's mean from the first planned completion to the horizon", of=FACTOR),
    Input("default_years", "years", "time of the offtaker's default after the value date", of=OFFTAKER),
)
# fmt: on

INPUTS = (*OF_PROJECTS, *_OF_OTHERS)
"""All inputs: those of projects in the order of the kernel's rows."""

BY_NAME = {each.name: each for each in INPUTS}

TELLING = (
    "operation_mean",
    "cost_multiple",
    "duration_multiple",
    "contract_price",
    "default_years",
    "contracted_share",
    "construction_mean",
    "capacity_shortfall",
)
"""Inputs that are kept where the study does not say, the most telling first, as long as there is room."""

ROOM = 100
"""Bytes a path for them."""

BYTES = 4
"""Of a value: float32."""


def telling(columns: dict[str, int]) -> tuple[str, ...]:
    """Inputs to keep where the study does not say: the most telling that fit in 100 bytes a path.

    Parameters
    ----------
    columns
        How many columns each input has that the study has.

    Returns
    -------
    tuple of str
        In the order of the table.
    """
    room, taken = ROOM, set()
    for name in TELLING:
        size = BYTES * columns.get(name, 0)
        if 0 < size <= room:
            room -= size
            taken.add(name)
    return tuple(each.name for each in INPUTS if each.name in taken)


def kernel_row(name: str, column: int, projects: int, factors: int) -> int:
    """Row of the kernel's inputs: by project all of it, then by factor two means, then the offtakers.

    Parameters
    ----------
    name
        Of the input.
    column
        Number of the project, factor or offtaker.
    projects, factors
        How many are announced, how many there are.
    """
    of_projects = [each.name for each in OF_PROJECTS]
    if name in of_projects:
        return column * len(of_projects) + of_projects.index(name)
    of_factors = [each.name for each in _OF_OTHERS if each.of == FACTOR]
    first = projects * len(of_projects)
    if name in of_factors:
        return first + column * len(of_factors) + of_factors.index(name)
    return first + factors * len(of_factors) + column


def rows(projects: int, factors: int, offtakers: int) -> int:
    """How many rows the kernel writes.

    Parameters
    ----------
    projects, factors, offtakers
        How many are announced, how many there are.
    """
    return kernel_row("default_years", offtakers, projects, factors)


def existing(of: dict[str, int], has_law: Iterable[str]) -> tuple[str, ...]:
    """Inputs that a study has, in the order of the table.

    Parameters
    ----------
    of
        How many projects are announced, factors and offtakers there are, by `PROJECT`, `FACTOR`, `OFFTAKER`.
    has_law
        Fields of laws that some announced project has.
    """
    drawn = set(has_law)
    return tuple(each.name for each in INPUTS if of[each.of] and (not each.laws or drawn.intersection(each.laws)))
