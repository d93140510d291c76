"""Warnings about laws: means of another size than those that are usual, truncations that leave nearly nothing."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel

from spvrisk.config.base import Key, keys_of
from spvrisk.config.draft import Path
from spvrisk.config.laws import Law, Measure
from spvrisk.config.study import Study
from spvrisk.errors import Problem

LONG_SLIP = 250.0
LONG_DELAY = 10.0
LITTLE_KEPT = 1e-3
"""Probability below which a truncation leaves nothing but an outer tail."""


class Usual(NamedTuple):
    """Means that are usual for a law, and the slip that leads out of them.

    Attributes
    ----------
    low, high
        Ends of the usual means.
    remedy
        What to write instead.
    """

    low: float
    high: float
    remedy: str


_COST = "it is a multiple of the cost: for 20 % more write 1.2"
MULTIPLES = {
    "overrun": Usual(0.7, 5.0, _COST),
    "uplift": Usual(0.7, 5.0, _COST),
    "duration": Usual(0.5, 2.5, "it is a multiple of the planned duration, no time: for 20 % longer write 1.2"),
}
"""Multiples of the plan: none is a rise (0.2 for 20 %), a percentage (120) or a number of months or years."""
THRESHOLD = Usual(0.7, math.inf, "it is a multiple of the budget: for 60 % more write 1.6")
"""A threshold that is never reached is a way of having reviews for the sake of subscriptions only."""


def times(study: Study, measure: Measure) -> Iterator[Problem]:
    """Delays in another unit than business days or years."""
    slip = Usual(0.0, LONG_SLIP, "check the unit: it is in business days")
    yield from unusual(("agreement", "funding", "slip"), study.agreement.funding.slip, slip, measure, " business days")
    delay = Usual(0.0, LONG_DELAY, "check the unit: it is in years")
    for at, site in study.sites():
        found = site.construction.start_delay
        yield from unusual((*at, "construction", "start_delay"), found, delay, measure, " years")


def multiples(study: Study, measure: Measure) -> Iterator[Problem]:
    """Multiples that were written as rises, percentages or times."""
    for site_at, site in study.sites():
        at, found = (*site_at, "construction"), site.construction
        for key, usual in MULTIPLES.items():
            yield from unusual((*at, key), getattr(found, key), usual, measure)
        if found.review is not None:
            yield from unusual((*at, "review", "threshold"), found.review.threshold, THRESHOLD, measure)


def unusual(at: Path, law: Law | None, usual: Usual, measure: Measure, unit: str = "") -> Iterator[Problem]:
    """Problem of a law whose mean is not a usual one."""
    found = measure(law) if law is not None else None
    if found is None:
        return
    if found.mean > usual.high:
        yield Problem.at(at, f"has a mean above {usual.high:g}{unit}", f"{found.mean:.6g}", usual.remedy)
    elif found.mean < usual.low:
        yield Problem.at(at, f"has a mean below {usual.low:g}{unit}", f"{found.mean:.6g}", usual.remedy)


def truncations(study: Study, measure: Measure) -> Iterator[Problem]:
    """Truncations to where the law hardly ever lies."""
    for at, law in _laws_in((), study):
        found = measure(law) if law.truncate is not None else None
        if found is not None and found.kept < LITTLE_KEPT:
            rule, got = "leaves next to nothing of the law", f"a probability of {found.kept:.3g}"
            yield Problem.at((*at, "truncate"), rule, got, "check the unit of its ends, and of the law")


def _laws_in(at: Path, part: Any) -> Iterator[tuple[Path, Law]]:
    """All laws of a part of a study, those of mixtures among them."""
    items: list[tuple[Key, Any]] = []
    match part:
        case Law():
            yield at, part
            for i, law in enumerate(part.parameters.get("laws", ())):
                yield from _laws_in((*at, "mixture", i, "law"), law)
        case BaseModel():
            names = zip(keys_of(type(part)), type(part).model_fields, strict=True)
            items = [(key, getattr(part, name)) for key, name in names]
        case dict():
            items = list(part.items())
        case tuple():
            items = list(enumerate(part))
    for key, item in items:
        yield from _laws_in((*at, key), item)
