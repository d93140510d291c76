"""Warnings about laws, wherever a study has them: unusual means, truncations that leave nearly nothing."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel

from spvrisk.catalogue import phrase
from spvrisk.config.base import Key, Path, keys_of
from spvrisk.config.laws.law import Law
from spvrisk.config.laws.ranges import Measure
from spvrisk.errors import Problem

LITTLE_KEPT = 1e-3
"""Probability below which a truncation leaves nothing but an outer tail."""


class Usual(NamedTuple):
    """Means that are usual for a law, and what leads back to them.

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


def unusual(at: Path, law: Law | None, usual: Usual, measure: Measure, unit: str = "") -> Iterator[Problem]:
    """Problem of a law whose mean is not a usual one.

    Parameters
    ----------
    at
        Path of the law.
    law
        None where the study has none.
    usual
        Between which numbers means usually lie.
    measure
        Gives mean and kept probability of a law, or None where they are not known.
    unit
        Of the numbers, with a space before it, for the message.
    """
    found = measure(law) if law is not None else None
    if found is None:
        return
    if found.mean > usual.high:
        yield Problem.at(at, phrase("has a mean above {:g}{}", usual.high, unit), f"{found.mean:.6g}", usual.remedy)
    elif found.mean < usual.low:
        yield Problem.at(at, phrase("has a mean below {:g}{}", usual.low, unit), f"{found.mean:.6g}", usual.remedy)


def truncations(study: BaseModel, measure: Measure) -> Iterator[Problem]:
    """Truncations to where the law hardly ever lies.

    Parameters
    ----------
    study
        The study, or a part of it.
    measure
        As of `unusual`.
    """
    for at, law in _laws_in((), study):
        found = measure(law) if law.truncate is not None else None
        if found is not None and found.kept < LITTLE_KEPT:
            rule, got = phrase("leaves next to nothing of the law"), phrase("a probability of {:.3g}", found.kept)
            yield Problem.at((*at, "truncate"), rule, got, phrase("check the unit of its ends, and of the law"))


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
