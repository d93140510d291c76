"""Laws multiplied by a number, or with a number added: what experiments make of a study's laws."""

from collections.abc import Callable
from typing import Any

from spvrisk.config.laws.families import FAMILIES
from spvrisk.config.laws.law import Law
from spvrisk.config.laws.parameters import LOCATION, SCALE

Change = Callable[[float], float]


class NotOfTheFamilyError(Exception):
    """A changed law is none that its family has."""


def written(law: Law) -> Any:
    """A law as a study writes it.

    Parameters
    ----------
    law
        Any.

    Examples
    --------
    >>> written(Law.model_validate({"normal": {"mean": 1, "sd": 2}}))
    {'normal': {'mean': 1.0, 'sd': 2.0}}
    """
    return _written(law, law.parameters, law.interval)


def times(law: Law, factor: float) -> Any:
    """The law of a multiple of the quantity, as a study writes it.

    Parameters
    ----------
    law
        Of the quantity.
    factor
        Above 0.

    Raises
    ------
    NotOfTheFamilyError
        The family has no such law: a number of events, say, has no multiples.
    """

    def grown(value: float) -> float:
        return value * factor

    return _changed(law, grown, grown)


def plus(law: Law, number: float) -> Any:
    """The law of the quantity plus a number, as a study writes it.

    Parameters
    ----------
    law
        Of the quantity.
    number
        Of either sign.

    Raises
    ------
    NotOfTheFamilyError
        The family has no such law, as log-normal laws do not move.
    """
    return _changed(law, lambda value: value + number, lambda value: value)


def _changed(law: Law, location: Change, scale: Change) -> Any:
    """A law with its locations and its scales changed."""
    family, low, high = FAMILIES[law.family], *law.interval
    interval = location(low), location(high)
    if law.family == "fixed":
        return _written(law, {"value": location(law.parameters["value"])}, interval)
    if law.family == "mixture":
        parts = [_changed(part, location, scale) for part in law.parameters["laws"]]
        return _written(law, {**law.parameters, "laws": parts}, interval)
    if law.family == "scipy":
        args = dict(law.parameters["args"])
        args |= {"loc": location(args.get("loc", 0.0)), "scale": scale(args.get("scale", 1.0))}
        return _written(law, {**law.parameters, "args": args}, interval)
    if (scale(1.0) == 1.0 and not family.moves) or not any(p.role for p in family.parameters.values()):
        raise NotOfTheFamilyError(law.family)
    changes = {LOCATION: location, SCALE: scale}
    out = {}
    for key, value in law.parameters.items():
        change = changes.get(family.parameters[key].role)
        many = isinstance(value, tuple)
        out[key] = value if change is None else [change(x) for x in value] if many else change(value)
    return _written(law, out, interval)


def _written(law: Law, parameters: dict[str, Any], interval: tuple[float, float]) -> Any:
    body: Any = {key: list(value) if isinstance(value, tuple) else value for key, value in parameters.items()}
    if law.family == "fixed":
        body = body["value"]
    elif law.family == "mixture":
        laws = [written(part) if isinstance(part, Law) else part for part in body["laws"]]
        body = [{"weight": weight, "law": part} for weight, part in zip(body["weights"], laws, strict=True)]
    elif law.family == "empirical":
        body = {"values": body["values"]}  # those of a file's column may have been changed
    if law.truncate is None:
        return body if law.family == "fixed" else {law.family: body}
    return {law.family: body, "truncate": list(interval)}
