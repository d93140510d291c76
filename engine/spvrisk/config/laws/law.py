"""A law of a random quantity as a study writes it."""

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from spvrisk.catalogue import joined, phrase
from spvrisk.config.base import Lax, Model, inner_problems, refusal, shown, sum_problems
from spvrisk.config.laws.families import FAMILIES, WEIGHT, Family, Parameters
from spvrisk.config.laws.parameters import RefusedError, number
from spvrisk.config.reading.numerals import number_remedy
from spvrisk.errors import Problem, suggestion


class Law(Model):
    """Law of a quantity drawn at random.

    In a file: a plain number, or a mapping with one family, e.g. ``{lognormal: {mean: 1.2, sd: 0.25}}``, and optionally
    ``truncate: [low, high]``, where `null` (or `-.inf`, `.inf`) is no end.

    Attributes
    ----------
    family
        One of `FAMILIES`.
    parameters
        By name, defaults filled in: floats; tuples of floats for ``values``, ``probabilities`` and ``body``; texts for
        ``csv``, ``column`` and ``name``; ``args`` a mapping; ``value`` for ``fixed``; ``weights`` (floats) and ``laws``
        for ``mixture``.
    truncate
        Ends of the interval to which the law is conditioned, None for no end.
    """

    family: str
    parameters: dict[str, Any]
    truncate: Annotated[tuple[float | None, float | None], Lax] | None = Field(default=None)

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, data: object) -> object:
        if isinstance(data, Mapping) and set(data) >= {"family", "parameters"}:
            return {**data, "parameters": {key: _restored(key, value) for key, value in data["parameters"].items()}}
        try:
            return _read(data)
        except RefusedError as error:
            raise refusal(*error.problems) from None

    def bounds(self) -> tuple[float, float]:
        """Ends of the law's support; infinite where unknown."""
        (low, high), (least, most) = FAMILIES[self.family].support(self.parameters), self.interval
        return max(low, least), min(high, most)

    @property
    def interval(self) -> tuple[float, float]:
        """Ends to which the law is truncated, infinite where it is not."""
        return _ends(self.truncate or (None, None))

    def atom_at_zero(self) -> bool:
        """Whether 0 may come out with a positive probability, for a law with no values below 0."""
        if self.family == "mixture":
            return any(law.atom_at_zero() for law in self.parameters["laws"])
        return self.bounds()[0] == 0 and not FAMILIES[self.family].open_at_zero

    def plain_mean(self) -> float | None:
        """The mean where it is plain arithmetic; the others need their tables, which a later floor makes."""
        return None if self.truncate else FAMILIES[self.family].mean(self.parameters)


def fixed(value: float) -> Law:
    """Law of a known value.

    Parameters
    ----------
    value
        What the law always gives.

    Examples
    --------
    >>> fixed(2.0).bounds()
    (2.0, 2.0)
    """
    return Law.model_validate(value)


def _restored(key: str, value: Any) -> Any:
    """Parameters as they were before the study went through JSON, which has no tuples and no laws."""
    if key == "laws":
        return tuple(Law.model_validate(law) for law in value)
    return tuple(value) if isinstance(value, list) else value


def _read(data: object) -> dict[str, Any]:
    """Turn what a file says into `family`, `parameters` and `truncate`."""
    if not isinstance(data, Mapping):
        if isinstance(data, str) or data is None or isinstance(data, list | tuple):
            rule = "must be a law (distribution): a number, or a mapping with one family"
            remedy = number_remedy(data, phrase("write e.g. {{normal: {{mean: 1, sd: 0.1}}}}"))
            raise RefusedError(Problem.at((), rule, shown(data), remedy))
        return {"family": "fixed", "parameters": {"value": number((), data)}}
    family = _family(data)
    parameters = _parameters(family, data[family])
    if "truncate" not in data:
        return {"family": family, "parameters": parameters}
    ends = _truncation(data["truncate"])
    low, high = _ends(ends)
    if family == "fixed" and not low <= parameters["value"] <= high:
        value = shown(parameters["value"])
        raise RefusedError(Problem.at(("truncate",), "leaves nothing of a fixed value", value, "leave truncate out"))
    return {"family": family, "parameters": parameters, "truncate": ends}


def _family(data: Mapping[str, Any]) -> str:
    unknown = [key for key in data if key not in FAMILIES and key != "truncate"]
    if unknown:
        allowed = [*FAMILIES, "truncate"]
        raise RefusedError(
            *(Problem.at((key,), "is not a family of laws", "", suggestion(key, allowed)) for key in unknown)
        )
    families = [key for key in data if key != "truncate"]
    if not families:
        raise RefusedError(
            Problem.at((), "a law needs a family", phrase("none"), phrase("allowed: {}", ", ".join(FAMILIES)))
        )
    if len(families) > 1:
        remedy = phrase("keep one; to replace an included law write {}: null beside the new one", families[0])
        raise RefusedError(Problem.at((families[1],), "a law has exactly one family", ", ".join(families), remedy))
    return families[0]


_Ends = tuple[float | None, float | None]


def _ends(truncate: _Ends) -> tuple[float, float]:
    low, high = truncate
    return -math.inf if low is None else low, math.inf if high is None else high


def _truncation(value: object) -> _Ends:
    if not isinstance(value, list | tuple) or len(value) != 2:
        got = phrase("{} of them", len(value)) if isinstance(value, list | tuple) else shown(value)
        raise RefusedError(Problem.at(("truncate",), "must be two ends", got, "write [low, high], null for no end"))
    low, high = _ends((_end(0, value[0]), _end(1, value[1])))
    if not low < high:
        raise RefusedError(
            Problem.at(
                ("truncate",), "must be [low, high] with low < high", f"[{low:g}, {high:g}]", "put them in order"
            )
        )
    if math.isinf(low) and math.isinf(high):
        raise RefusedError(
            Problem.at(("truncate",), "cuts nothing off", phrase("no end"), "give an end, or leave truncate out")
        )
    return None if math.isinf(low) else low, None if math.isinf(high) else high


def _end(at: int, value: object) -> float | None:
    if value is None or (isinstance(value, float) and math.isinf(value)):
        return value
    if isinstance(value, str):
        raise RefusedError(
            Problem.at(("truncate", at), "must be a number", shown(value), "write null or .inf for no end")
        )
    return number(("truncate", at), value)


def _parameters(family: str, body: object) -> Parameters:
    if family == "fixed":
        return {"value": number((family,), body)}
    return _mixture(body) if family == "mixture" else _by_key(family, FAMILIES[family], body)


def _by_key(name: str, family: Family, body: object) -> Parameters:
    """Parameters of a family that a study gives as a mapping."""
    if not isinstance(body, Mapping):
        usual = ", ".join(f"{key}: .." for key in family.forms[0])
        raise RefusedError(Problem.at((name,), "must be a mapping", shown(body), phrase("write {{{}}}", usual)))
    _check_keys(name, family, body)
    known = family.parameters
    values = {key: known[key].kind.read((name, key), value) for key, value in body.items()}
    parameters = {**family.defaults, **values}
    for check in family.checks:
        problems = [problem.under((name,)) for problem in check(parameters)]
        if problems:
            raise RefusedError(*problems)
    return parameters


def _check_keys(name: str, family: Family, body: Mapping[str, Any]) -> None:
    unknown = [key for key in body if key not in family.parameters]
    if unknown:
        problems = (
            Problem.at((name, key), phrase("is not a key of {}", name), "", suggestion(key, family.parameters))
            for key in unknown
        )
        raise RefusedError(*problems)
    given = [key for key in body if key not in family.defaults]
    whole = [form for form in family.forms if set(form) <= set(given)]
    # a column read from its file has all three keys
    extra = name != "empirical" and whole and set(given) != set(whole[0])
    if not whole or extra:
        sets = joined(("{" + ", ".join(form) + "}" for form in family.forms), "{} or {}")
        raise RefusedError(
            Problem.at(
                (name,), phrase("needs the keys {}", sets), "{" + ", ".join(given) + "}", "give one whole set of them"
            )
        )


MOST_PARTS = 200
"""Laws in a mixture, those of mixtures in it counted one by one: the work of its table grows with their square."""


def _mixture(body: object) -> Parameters:
    if not isinstance(body, list | tuple) or not body:
        remedy = phrase("write [{{weight: 0.25, law: 0}}, {{weight: 0.75, law: {{..}}}}]")
        raise RefusedError(Problem.at(("mixture",), "must be a list of weighted laws", shown(body), remedy))
    problems: list[Problem] = []
    weights: list[float] = []
    laws: list[Law] = []
    for i, item in enumerate(body):
        if not isinstance(item, Mapping) or set(item) != {"weight", "law"}:
            problems.append(Problem.at(("mixture", i), "must have the keys weight and law", shown(item), "give both"))
            continue
        try:
            weights.append(number(("mixture", i, "weight"), item["weight"]))
            laws.append(Law.model_validate(item["law"]))
        except RefusedError as error:
            problems += error.problems
        except ValidationError as error:
            problems += [problem.under(("mixture", i, "law")) for problem in inner_problems(error)]
    problems += [WEIGHT.problem(("mixture", i, "weight"), w) for i, w in enumerate(weights) if not WEIGHT.holds(w)]
    problems = problems or sum_problems(("mixture",), phrase("weights"), weights)
    count = sum(map(_parts_of, laws))
    if count > MOST_PARTS:
        remedy = "leave out those of little weight, or give their values as an empirical law"
        problems.append(
            Problem.at(("mixture",), phrase("must have at most {} laws in all", MOST_PARTS), str(count), remedy)
        )
    if problems:
        raise RefusedError(*problems)
    return {"weights": tuple(weights), "laws": tuple(laws)}


def _parts_of(law: Law) -> int:
    """Laws of which a law consists."""
    return sum(map(_parts_of, law.parameters["laws"])) if law.family == "mixture" else 1
